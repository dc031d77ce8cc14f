"""Override strings at random: all of the grammar, and near misses."""

from random import Random

_WORDS = [
    "a", "adam", "x_y", "1", "0", "-3", "+7", "1_000", "007", "1e3", "1.5", ".5", "-.5e-2", "3.", "1e", "inf", "-INF",
    "nan", "NaN", "null", "Null", "true", "FALSE", "yes", "None", "???", "1.2.3", "12:30", "a b", "a  b c", "1 2",
    "http://x.y/z?q", "c:\\x", "a\\,b", "\\[1\\]", "a\\ ", "\\\\", "\\=", "\\:", "a\\", "${a}", "${a.b}", "x${a}y",
    "${oc.env:HOME}", "${f:1,2}", "${a.0}", "a-b", "a/b", "/a/b", "50%", "*", "a|b", "@x", "$x", "$", "-", "a:b", ":",
    "0x1F", "1__0", "0_1", "1_", "_1", "--a", "e3", "i", "in", "1:2:3", "a@b", "a.b.c", "1 ", "null x", "true1",
]  # fmt: skip
_QUOTED = [
    "''", '""', "'a'", '"a"', "'a, b'", "'it\\'s'", '"a\\"b"', "'a\\\\'", "'a\\b'", '"it\'s"', "'1'", "'${a}'", "' '",
    "'[1]'", "'\\\\\\''", '"${a:${b}}"', "'null'", "'a=b'", "'#'", "'é'", '"日本"', "'\\t'", "'\\\\\\\\'",
]  # fmt: skip
_KEYS = ["a", "a.b", "a.0.b", "a/b", "a/b/c", "a-b", "$a", "_a", "a1.b_2", "a.b-c", "", "A", "a.$b", "hydra.x"]
_PACKAGES = ["", "@b", "@b.c", "@_global_", "@", "@_here_", "@b:c", "@$b", "@b/c"]
_OPERATIONS = ["", "", "", "+", "++", "~"]
_NUMBERS = ["0", "1", "2", "5", "-3", "0.5", "1e1", "0.1", "10", "1.0", "-1"]
_NOISE = [*"=,()[]{}:'\"\\$#&;<>!~^`+-.@/ \t%*?|ab10_", "é", "日", "\n", "🎉", "\u00a0", "${", "null", "choice("]
_BLANKS = ["", "", "", "", " ", "  ", "\t"]


def write_override(random: Random) -> str:
    """Return an override, or something like one."""
    text = random.choice(_OPERATIONS) + random.choice(_KEYS)
    text += random.choice(_PACKAGES) if random.random() < 0.3 else ""
    if not (text.startswith("~") and random.random() < 0.3):
        text += "=" + _write_value(random)
    while random.random() < 0.2:
        text = _mutate(random, text)
    return text


def _write_value(random: Random) -> str:
    kind = random.random()
    if kind < 0.3:
        return _pad(random, _write_element(random, 3))
    if kind < 0.5:
        return ",".join(_pad(random, _write_element(random, 2)) for _ in range(random.randint(1, 4)))
    return _pad(random, _write_sweep(random, 2)) if kind < 0.95 else random.choice(["", " ", ","])


def _write_element(random: Random, depth: int) -> str:
    kind = random.random()
    if kind < 0.45 or not depth:
        return random.choice(_WORDS)
    if kind < 0.6:
        return random.choice(_QUOTED)
    items = range(random.randint(0, 3))
    if kind < 0.75:
        return "[" + ",".join(_pad(random, _write_element(random, depth - 1)) for _ in items) + "]"
    if kind < 0.9:
        pairs = [f"{_write_key(random)}:{_pad(random, _write_element(random, depth - 1))}" for _ in items]
        return "{" + ",".join(pairs) + "}"
    return f"{random.choice(['int', 'float', 'str', 'bool'])}({_write_element(random, depth - 1)})"


def _write_key(random: Random) -> str:
    return _pad(random, random.choice([*_WORDS[:30], "'a'", "str(1)", "b", "c", "a\\:b"]))


def _write_sweep(random: Random, depth: int) -> str:
    elements = ",".join(_pad(random, _write_element(random, 1)) for _ in range(random.randint(1, 4)))
    numbers = ",".join(random.choice(_NUMBERS) for _ in range(random.randint(1, 4)))
    inner = _write_sweep(random, depth - 1) if depth else f"choice({numbers})"
    return random.choice(
        [
            f"choice({elements})",
            f"range({numbers})",
            f"range(start={random.choice(_NUMBERS)},stop={random.choice(_NUMBERS)})",
            f"range({random.choice(_NUMBERS)},step={random.choice(_NUMBERS)},stop={random.choice(_NUMBERS)})",
            f"interval({numbers})",
            f"interval(end={random.choice(_NUMBERS)},start={random.choice(_NUMBERS)})",
            f"glob({random.choice(['*', 'a*', '[a*,b]', 'a?'])})",
            f"glob(a*,exclude={random.choice(['b', '[b,c*]', '1'])})",
            f"sort({numbers})",
            f"sort({elements},reverse=true)",
            f"sort({inner}{random.choice(['', ',reverse=false', ',reverse=true'])})",
            f"shuffle({inner})",
            f"shuffle({elements})",
            f"tag(t1,{inner})",
            f"tag({inner})",
            f"tag(t1,t2,sweep={inner})",
            f"{random.choice(['int', 'float', 'str', 'bool'])}({inner})",
            f"{random.choice(['int', 'float', 'str', 'bool'])}({elements})",
            f"log({numbers})",
            f"{random.choice(['Choice', 'chioce', 'eval', 'lin'])}({elements})",
            f"sort([{numbers}])",
            f"[{inner}]",
        ]
    )


def _pad(random: Random, text: str) -> str:
    return random.choice(_BLANKS) + text + random.choice(_BLANKS)


def _mutate(random: Random, text: str) -> str:
    place: int = random.randint(0, len(text))
    noise: str = random.choice(_NOISE)
    cut = random.choice([0, 0, 1, 2])
    return text[:place] + random.choice([noise, noise, ""]) + text[place + cut :]
