"""Arguments of a script: what it reads with argparse, or keeps in constants at its top; found without running it."""

import ast
import dataclasses
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mag.errors import UsageError

_FLAGS = {"store_true": False, "store_false": True}


@dataclasses.dataclass(frozen=True, slots=True)
class Argument:
    """One value that a script is given.

    Attributes:
        key: What it would be called in a config.
        default: Its value if nothing is said.
        option: What is typed before it; empty for a positional one, None where it cannot be put on a command line.
    """

    key: str
    default: Any
    option: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Arguments:
    """What a script is given, and where that stands in it.

    Attributes:
        known: Each value.
        name: The variable that holds them: that of `args = parser.parse_args()`, or of the dict; empty for constants.
        line: The line in which it is assigned.
        is_typed: Whether they come from the command line.
    """

    known: tuple[Argument, ...]
    name: str
    line: int
    is_typed: bool

    def write_command(self, file: str) -> str:
        """Return the command line that runs the script, with a placeholder for each value that can be typed."""
        words = [
            f"{each.option} {{{each.key}}}".strip()
            for each in sorted(self.known, key=lambda each: each.option != "")
            if each.option is not None
        ]
        return " ".join(["python", shlex.quote(file), *words])


def read_arguments(file: Path) -> Arguments:
    """Return what a script is given.

    Raises:
        UsageError: It cannot be read, or has neither argparse nor constants.
    """
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except OSError as error:
        raise UsageError(f"Cannot read {file}: {error.strerror}.") from None
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{file} is no Python that can be read: {error}.") from None
    found = _find_parser(tree) or _find_dict(tree) or _find_constants(tree)
    if not found:
        raise UsageError(
            f"{file} has neither add_argument(...) of argparse nor constants at its top, so that mag does not know "
            "what it takes: put @mag.main above its function of the config; `mag init` writes an example."
        )
    return found


def _find_parser(tree: ast.Module) -> Arguments | None:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    known = tuple(_read_call(node) for node in calls if _name(node) == "add_argument" and _read_flags(node))
    parsed = [
        (node.targets[0].id, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and _name(node.value) == "parse_args"
    ]
    name, line = parsed[0] if parsed else ("args", calls[0].lineno if calls else 1)
    return Arguments(known, name, line, is_typed=True) if known else None


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _read_flags(call: ast.Call) -> list[str]:
    return [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def _read_call(call: ast.Call) -> Argument:
    """Return what one `add_argument` says."""
    flags = _read_flags(call)
    said = dict(_read_keywords(call.keywords))
    option = max((flag for flag in flags if flag.startswith("-")), key=len, default="")
    key = str(said.get("dest") or option.lstrip("-").replace("-", "_") or flags[0])
    action = said.get("action")
    default = said.get("default", _FLAGS.get(str(action), "???" if not option or said.get("required") else None))
    can_be_typed = action in {None, "store"} and "nargs" not in said and default is not None
    return Argument(key, default, option if can_be_typed else None)


def _read_keywords(keywords: Iterable[ast.keyword]) -> Iterator[tuple[str, Any]]:
    for keyword in keywords:
        if keyword.arg and keyword.arg in {"dest", "default", "action", "required", "nargs"}:
            yield keyword.arg, _read_literal(keyword.value)


def _read_literal(node: ast.expr | None) -> Any:
    """Return the plain value that stands there; `???`, which a config has to fill, for what is computed."""
    try:
        value = ast.literal_eval(node) if node is not None else "???"
    except ValueError:
        return "???"
    return list(value) if isinstance(value, tuple | set) else value


def _find_dict(tree: ast.Module) -> Arguments | None:
    """Return the largest dict of plain values that the script assigns at its top."""
    found = [
        Arguments(tuple(Argument(key, item) for key, item in value.items()), name, line, is_typed=False)
        for name, value, line in _list_assigned(tree)
        if isinstance(value, dict) and len(value) > 1 and all(isinstance(key, str) for key in value)
    ]
    return max(found, key=lambda each: len(each.known), default=None)


def _find_constants(tree: ast.Module) -> Arguments | None:
    """Return the constants in capitals that the script assigns at its top."""
    found = [(name, value, line) for name, value, line in _list_assigned(tree) if name.isupper()]
    known = tuple(Argument(name.lower(), value) for name, value, _ in found)
    return Arguments(known, "", found[0][2], is_typed=False) if known else None


def _list_assigned(tree: ast.Module) -> Iterator[tuple[str, Any, int]]:
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(target, ast.Name):
            value = _read_literal(node.value)
            if value != "???":
                yield target.id, value, node.lineno
