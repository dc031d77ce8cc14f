"""Config trees at random, with overrides that fit them more or less."""

import re
from pathlib import Path
from random import Random
from typing import TypeAlias

Tree: TypeAlias = dict[str, str]
"""The texts of the files, by their paths."""

_OPTIONS = {"a": "xyz", "b": "xy", "a/c": "xyz", "b/d/e": "xy", "exp": "xz"}
"""The options that a group has, in every tree in which it is."""
_KEYS = ["k", "m", "n", "deep", "c", "w"]
_SCALARS = [
    "1", "2", "0.5", "text", "null", "true", "[]", "{}", "[1, 2]", "'3'", "${k}", "???", "1e-3", "x y", "[{k: 1}]",
    "{k: 1, m: {n: 2}}", "${a.k}", "yes", "0x10", "-1", "''", '"é"', "${oc.env:HOME}",
]  # fmt: skip
_PLAIN = ["1", "2", "0.5", "text", "true", "[1, 2]", "{k: 1}", "'3'"]
_PACKAGES = ["p", "p.q", "_global_", "_here_", "_group_", "_group_.p", "_here_.p", "_global_.p", "a", "_name_"]
_HEADERS = ["_global_", "p", "p.q", "_group_", "a", "_global_.p", "_group_.k", "_name_"]


def write_tree(random: Random, *, plain: bool = False) -> Tree:
    """Return a tree with a primary config `config.yaml`.

    Args:
        random: Where chance comes from.
        plain: Leave out what a plan of experiments must refuse: open values, interpolations of what is not there.
    """
    odd = 0.0 if plain else random.choice([0.0, 0.0, 0.1, 0.3])
    groups = random.sample(list(_OPTIONS), random.randint(1, len(_OPTIONS)))
    tree = {f"{group}/{option}.yaml": "" for group in groups for option in _OPTIONS[group]}
    for path in tree:
        tree[path] = _write_file(random, path, groups, odd, plain=plain)
    tree["config.yaml"] = _write_file(random, "config.yaml", groups, odd, plain=plain)
    return tree


def write_overrides(random: Random, tree: Tree) -> list[str]:
    """Return a few overrides on a tree."""
    return [_write_override(random, tree) for _ in range(random.choice([0, 1, 1, 2, 2, 3]))]


def write_sweep(random: Random, tree: Tree) -> list[str]:
    """Return a few overrides on a tree, most of them with several values, and each key once."""
    found: dict[str, str] = {}
    for _ in range(random.randint(1, 4)):
        key, values = _draw_sweep(random, tree)
        found.setdefault(key.lstrip("+"), f"{key}={values}")
    return list(found.values())


def _draw_sweep(random: Random, tree: Tree) -> tuple[str, str]:
    kind = random.random()
    if kind < 0.4:
        group = random.choice(_list_groups(tree))
        sign = "" if f"- {group}:" in tree["config.yaml"] else "+"
        return sign + group, random.choice(["x,y", "glob(*)", "x", "y,x", "choice(x,y)", "glob([x,z])", "x,y,z"])
    values = ["1,2", "choice(a,b)", "range(3)", "[1],[2,3]", "{q:1},{q:2}", "sort(3,1,2)", "range(1,0.5,-0.25)", "7"]
    values += ["int(1.5,2.5)", "'a b','c,d'", "null,true", "true,false,1", "str(choice(a,b))", "1e-3,1.0"]
    return f"++{random.choice(['v', 'u.v', 'k', 'm', 'p.k'])}", random.choice(values)


def _list_groups(tree: Tree) -> list[str]:
    return sorted({path.rpartition("/")[0] for path in tree} - {""})


def _write_file(random: Random, path: str, groups: list[str], odd: float, *, plain: bool) -> str:
    folder = path.rpartition("/")[0]
    lines = [f"# @package {random.choice(_HEADERS)}"] if folder and random.random() < 0.2 else []
    below = any(group.startswith(f"{folder}/") for group in groups)
    if random.random() < ((0.5 if below else 0.1) if folder else 0.95):
        entries = _write_defaults(random, folder, groups, odd)
        lines += ["defaults:", *(f"  - {entry}" for entry in entries)] if entries else ["defaults: []"]
    for key in random.sample(_KEYS, random.randint(0, 3)):
        value = random.choice(_PLAIN if plain else _SCALARS)
        lines.append(f"{key}: {value}")
    return "\n".join(lines) + "\n"


def _write_defaults(random: Random, folder: str, groups: list[str], odd: float) -> list[str]:
    inner = [group.removeprefix(f"{folder}/") for group in groups if group.startswith(f"{folder}/")]
    near = inner if folder and inner else [f"/{group}" for group in groups] if folder else groups
    chosen = random.sample(near, min(len(near), random.choice([1, 1, 2, 3] if not folder else [1, 1, 2])))
    entries = [_write_entry(random, group, near, odd) for group in chosen]
    if random.random() < 0.6:
        entries.insert(random.choice([0, len(entries), random.randint(0, len(entries))]), "_self_")
    if random.random() < 0.15:
        target = random.choice(chosen).lstrip("/")
        entries.append(f"override /{target}: {random.choice(['x', 'y', 'x', 'null', '[x, y]'])}")
    return entries


def _write_entry(random: Random, group: str, groups: list[str], odd: float) -> str:
    if random.random() < odd:
        return _write_odd_entry(random, group, groups)
    option = _choose_option(random, group)
    kind = random.random()
    if kind < 0.65:
        return f"{group}: {option}"
    if kind < 0.73:
        return f"{group}@{random.choice(_PACKAGES)}: {option}"
    if kind < 0.8:
        return f"{group}: {random.choice(['[x, y]', '[x]', '[]', '[y, x, z]'])}"
    reference = f"${{{random.choice(groups).lstrip('/')}}}"
    return random.choice(
        [
            f"optional {group}: {random.choice([option, 'nope'])}",
            f"{group}: {random.choice(['null', reference, '???'])}",
            f"{group}/{option}",
            f"{group}/{option}@{random.choice(_PACKAGES)}",
        ]
    )


def _write_odd_entry(random: Random, group: str, groups: list[str]) -> str:
    other = random.choice(groups)
    return random.choice(
        [
            f"/{group.lstrip('/')}: x",
            f"{group}: nope",
            f"override {group}: y",
            f"override {other}: y",
            f"override /{group.lstrip('/')}@p: y",
            f"{group}: ???",
            f"optional {group}@p: y",
            f"{group}: ${{{other.lstrip('/')}}}_x",
            f"{group}: ${{nope}}",
            f"{group}@: x",
            f"{group}: 1",
            f"{group}: x.yaml",
            f"{group}: {{x: y}}",
            "config",
            "_self_",
            f"{group}",
            f"{group}/nope",
            f"optional {group}/nope",
            f"{group}: [x, nope]",
            f"optional {group}: [x, nope]",
            f"{group}@p: [x, y]",
            f"{group}@_here_: x",
            f"{group}@_global_: [x, y]",
            f"'{group}': 'x'",
            "null",
        ]
    )


def _choose_option(random: Random, group: str) -> str:
    known = next(options for name, options in _OPTIONS.items() if f"/{name}".endswith(f"/{group.lstrip('/')}"))
    return random.choice(known)


def _write_override(random: Random, tree: Tree) -> str:
    kind = random.random()
    if kind < 0.15:
        return _write_odd_override(random, tree)
    chosen = re.findall(r"- (?:optional )?([\w/]+)(@[\w.]+)?:", tree["config.yaml"])
    if kind < 0.55:
        group = random.choice(_list_groups(tree))
        there = [f"{name}{package}" for name, package in chosen if name == group]
        if there:
            return f"{random.choice(there)}={_write_option(random, group)}"
        return f"+{group}{random.choice(['', '', '@p', '@_global_', '@a.q'])}={_write_option(random, group)}"
    if kind < 0.6 and chosen:
        return f"~{''.join(random.choice(chosen))}"
    keys = re.findall(r"^(\w+): ", tree["config.yaml"], re.MULTILINE)
    value = random.choice(["5", "2.5", "new", "null", "[3]", "{k: 9}", "true", "''", "'${w}'", "1"])
    if kind < 0.8 and keys:
        return random.choice([f"{random.choice(keys)}={value}", f"~{random.choice(keys)}"])
    return f"{random.choice(['+', '++'])}{random.choice(['new', 'a.new', 'p.q.new', 'k', 'a.k', 'new.er'])}={value}"


def _write_option(random: Random, group: str) -> str:
    option = _choose_option(random, group)
    return option if random.random() < 0.8 else random.choice(["null", f"[{option}]", "[]", "[x,y]"])


def _write_odd_override(random: Random, tree: Tree) -> str:
    group, key = random.choice(_list_groups(tree)), random.choice([*_KEYS, "a.k", "b.m", "p.k", "a.c.k", "deep.n"])
    option = random.choice(["x", "y", "z", "nope", "null", "[x,y]", "[]", "???", "1"])
    package = random.choice(["", "", "", "", "@p", "@p.q", "@_global_", "@"])
    value = random.choice(["5", "2.5", "new", "null", "[3]", "{k: 9}", "{new: 1}", "${m}", "true", "''", "???", "1"])
    kind = random.random()
    if kind < 0.45:
        return f"{random.choice(['', '', '', '+', '++'])}{group}{package}={option}"
    if kind < 0.55:
        return f"~{group}{package}{random.choice(['', '', '=x', '=y'])}"
    if kind < 0.65:
        return f"~{key}{random.choice(['', '', '=1', '=text'])}"
    return f"{random.choice(['', '', '+', '+', '++'])}{key}={value}"


def lay(tree: Tree, folder: str) -> None:
    """Write the files of a tree into a folder."""
    for name, text in tree.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
