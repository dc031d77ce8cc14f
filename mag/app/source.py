"""The source of an app, read without running it: which functions are decorated with `@mag.main`, and with what."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mag.app.definition import PARAMETERS, refuse_argument
from mag.errors import UsageError
from mag.patterns import compile_lazily

_IMPORT = compile_lazily(rb"^\s*(import|from)\s.*\bmag\b", re.MULTILINE)
_HOMES = {"mag"}
_Definition = ast.FunctionDef | ast.AsyncFunctionDef


class Decorated(NamedTuple):
    """A function that is decorated with `@mag.main`.

    Attributes:
        name: What its module calls it.
        line: Where it is.
        configs: Config path and name, as the decorator says them; None where they are computed.
        is_async: Whether it is an `async def`.
        is_typed: Whether it has schemas, or may have.
    """

    name: str
    line: int
    configs: tuple[str | None, str | None] | None
    is_async: bool = False
    is_typed: bool = False


class Source(NamedTuple):
    """What there is in a file.

    Attributes:
        decorated: The functions that are decorated with `@mag.main`, by name.
        plain: The names of those that are not decorated at all.
    """

    decorated: dict[str, Decorated]
    plain: frozenset[str]


def read_source(file: Path) -> Source:
    """Return what there is in a file.

    Raises:
        UsageError: It cannot be read, is no Python, or gives `@mag.main` what that does not take.
    """
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        raise UsageError(f"{file}:{error.lineno}: {error.msg}.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"{file} is no Python: {error}.") from error
    except OSError as error:
        raise UsageError(f"Cannot read {file}: {error.strerror}.") from error
    definitions = [node for node in tree.body if isinstance(node, _Definition)]
    found = _Reader(tree, definitions, file).read()
    plain = (node.name for node in definitions if not node.decorator_list)
    return Source({one.name: one for one in found}, frozenset(plain))


def seems_app(file: Path) -> bool:
    """Tell whether there are words in a file without which it cannot use `@mag.main`."""
    try:
        content = file.read_bytes()
    except OSError:
        return False
    return b"main" in content and _IMPORT.search(content) is not None


class _Reader:
    """Reads what is decorated in a module."""

    def __init__(self, tree: ast.Module, definitions: list[_Definition], file: Path) -> None:
        self._tree = tree
        self._definitions = {node.name: node for node in definitions}
        self._file = file
        self._modules, self._functions = _read_imports(tree)

    def read(self) -> Iterator[Decorated]:
        """Yield the decorated functions, in order."""
        for node in self._tree.body:
            if isinstance(node, _Definition):
                for decorator in node.decorator_list:
                    if self._is_main(decorator) or (isinstance(decorator, ast.Call) and self._is_main(decorator.func)):
                        yield self._describe(node.name, decorator, node)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name):
                    yield from self._read_assigned(target.id, node.value)

    def _read_assigned(self, name: str, call: ast.Call) -> Iterator[Decorated]:
        """Yield what `name = mag.main(...)(function)`, or `name = mag.main(function)`, makes."""
        argument = call.args[0] if call.args else None
        node = self._definitions.get(argument.id) if isinstance(argument, ast.Name) else None
        made = isinstance(call.func, ast.Call) and self._is_main(call.func.func)
        if made or (node is not None and self._is_main(call.func)):
            yield self._describe(name, call.func, node)

    def _describe(self, name: str, decorator: ast.expr, node: _Definition | None) -> Decorated:
        configs = self._read_configs(decorator) if isinstance(decorator, ast.Call) else (None, "config")
        typed = isinstance(decorator, ast.Call) and _has_schema(decorator)
        return Decorated(name, decorator.lineno, configs, isinstance(node, ast.AsyncFunctionDef), typed)

    def _is_main(self, called: ast.expr) -> bool:
        """Tell whether an expression is mag's `main`, by what the module imports."""
        text = ast.unparse(called) if isinstance(called, ast.Attribute | ast.Name) else ""
        module, _, name = text.rpartition(".")
        return text in self._functions or (name == "main" and module in self._modules)

    def _read_configs(self, call: ast.Call) -> tuple[str | None, str | None] | None:
        given = dict(zip(PARAMETERS, call.args, strict=False))
        for keyword in call.keywords:
            if keyword.arg is None:  # **keywords
                return None
            if keyword.arg not in PARAMETERS:
                refuse_argument(keyword.arg, f"@mag.main in {self._file}:{call.lineno}")
            given[keyword.arg] = keyword.value
        try:
            values = {name: ast.literal_eval(given[name]) for name in PARAMETERS[:2] if name in given}
        except (ValueError, TypeError, SyntaxError, RecursionError):
            return None
        path, name = values.get("config_path"), values.get("config_name", "config")
        if not isinstance(path, str | None) or not isinstance(name, str | None):
            raise UsageError(f"{self._file}:{call.lineno}: config_path and config_name must be texts, or None.")
        return path, name


def _has_schema(call: ast.Call) -> bool:
    """Tell whether schemas are given, or may be in `**keywords`."""
    named = any(keyword.arg in {None, *PARAMETERS[3:]} for keyword in call.keywords)
    return named or len(call.args) > PARAMETERS.index("schema")


def _read_imports(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return by which names a module calls mag, and mag's `main`."""
    modules: set[str] = set()
    functions: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                modules |= {alias.asname} if alias.asname and alias.name in _HOMES else set()
                modules |= {alias.name, "mag"} if not alias.asname and alias.name.split(".")[0] == "mag" else set()
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module in _HOMES:
            functions |= {alias.asname or "main" for alias in node.names if alias.name in {"main", "*"}}
            modules |= {alias.asname or alias.name for alias in node.names if f"{node.module}.{alias.name}" in _HOMES}
    return modules, functions
