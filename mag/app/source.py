"""The source of an app, read without running it: which functions `@mag.main` or `@hydra.main` decorates, and how."""

import ast
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from mag.app.constants import Constants
from mag.app.decorator import PARAMETERS, refuse_argument
from mag.errors import UsageError
from mag.patterns import compile_lazily
from mag.settings import check_start_method

_IMPORT = compile_lazily(rb"^\s*(import|from)\s.*\b(mag|hydra)\b", re.MULTILINE)
_Definition = ast.FunctionDef | ast.AsyncFunctionDef
Family: TypeAlias = Literal["mag", "hydra"]
"""Whose `main` it is."""
_Configs: TypeAlias = tuple[str | None, str | None]
_HOMES: dict[str, Family] = {"mag": "mag", "hydra": "hydra"}
_FUNCTION_HOMES: dict[str, Family] = {**_HOMES, "hydra.main": "hydra"}


class Decorated(NamedTuple):
    """A function that is decorated with `@mag.main` or `@hydra.main`.

    Attributes:
        name: What its module calls it.
        line: Where it is.
        configs: Config path and name, as the decorator says them; None where they are computed.
        is_async: Whether it is an `async def`.
        is_typed: Whether it has schemas, or may have.
        family: Whose decorator it is.
        is_late: Whether the function fills what is missing.
        start_method: How experiments are started, if the decorator says so.
    """

    name: str
    line: int
    configs: _Configs | None
    is_async: bool = False
    is_typed: bool = False
    family: Family = "mag"
    is_late: bool = False
    start_method: str | None = None


class Source(NamedTuple):
    """What there is in a file.

    Attributes:
        decorated: The functions that are decorated so, by name.
        plain: The names of those that are not decorated at all.
        others: Other names that its top level gives to something, each with the line.
    """

    decorated: dict[str, Decorated]
    plain: frozenset[str]
    others: dict[str, int]


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
    found = _SourceReader(tree, definitions, file).read()
    plain = (node.name for node in definitions if not node.decorator_list)
    return Source({one.name: one for one in found}, frozenset(plain), dict(_list_names(tree)))


def seems_app(file: Path) -> bool:
    """Tell whether a file has the words that using `@mag.main` or `@hydra.main` takes."""
    try:
        content = file.read_bytes()
    except OSError:
        return False
    return b"main" in content and _IMPORT.search(content) is not None


def _list_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the names that are defined, imported or assigned outside of functions and classes."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, _Definition | ast.ClassDef):
            yield node.name, node.lineno
            continue
        if isinstance(node, ast.alias):
            yield node.asname or node.name, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        pending += ast.iter_child_nodes(node)


class _SourceReader:
    """Reads what is decorated in a module."""

    def __init__(self, tree: ast.Module, definitions: list[_Definition], file: Path) -> None:
        self._tree = tree
        self._definitions = {node.name: node for node in definitions}
        self._file = file
        self._modules, self._functions = _read_imports(tree)
        self._constants = Constants(tree, file)

    def read(self) -> Iterator[Decorated]:
        """Yield the decorated functions, in order."""
        for node in self._tree.body:
            if isinstance(node, _Definition):
                for decorator in node.decorator_list:
                    called = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if family := self._find_family(called):
                        yield self._describe(node.name, decorator, node, family)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name):
                    yield from self._read_assigned(target.id, node.value)

    def _read_assigned(self, name: str, call: ast.Call) -> Iterator[Decorated]:
        """Yield what `name = mag.main(...)(function)`, or `name = mag.main(function)`, makes."""
        argument = call.args[0] if call.args else None
        node = self._definitions.get(argument.id) if isinstance(argument, ast.Name) else None
        made = self._find_family(call.func.func) if isinstance(call.func, ast.Call) else None
        family = made or (self._find_family(call.func) if node is not None else None)
        if family:
            yield self._describe(name, call.func, node, family)

    def _describe(self, name: str, decorator: ast.expr, node: _Definition | None, family: Family) -> Decorated:
        call = decorator if isinstance(decorator, ast.Call) else None
        configs = self._read_configs(call, family) if call is not None else (None, "config")
        typed = call is not None and family == "mag" and _has_schema(call)
        is_async = isinstance(node, ast.AsyncFunctionDef)
        return Decorated(
            name, decorator.lineno, configs, is_async, typed, family, _is_late(call), self._read_start_method(call)
        )

    def _read_start_method(self, call: ast.Call | None) -> str | None:
        given = [keyword.value for keyword in call.keywords if keyword.arg == "start_method"] if call else []
        if not given:
            return None
        value = given[0].value if isinstance(given[0], ast.Constant) else ast.unparse(given[0])
        if value is not None:
            check_start_method(value, f"start_method={ast.unparse(given[0])} in {self._file}:{given[0].lineno}")
        return value  # type: ignore[return-value]  # one of two texts, as was checked

    def _find_family(self, called: ast.expr) -> Family | None:
        """Return which library's `main` an expression is, by what the module imports; None for neither."""
        text = ast.unparse(called) if isinstance(called, ast.Attribute | ast.Name) else ""
        module, _, name = text.rpartition(".")
        return self._functions.get(text) or (self._modules.get(module) if name == "main" else None)

    def _read_configs(self, call: ast.Call, family: Family) -> _Configs | None:
        given = dict(zip(PARAMETERS, call.args, strict=False))
        for keyword in call.keywords:
            if keyword.arg is None:  # **keywords
                return None
            if keyword.arg not in PARAMETERS and family == "mag":
                refuse_argument(keyword.arg, f"@mag.main in {self._file}:{call.lineno}")
            given[keyword.arg] = keyword.value
        needed = PARAMETERS[:2] if "config_path" in given or family == "mag" else PARAMETERS[:3]
        try:
            values = {name: self._constants.evaluate(given[name]) for name in needed if name in given}
        except Exception:  # noqa: BLE001 - whatever an expression raises, running the module would raise, too
            return None
        values = {name: os.fspath(value) if isinstance(value, Path) else value for name, value in values.items()}
        path = values.get("config_path", _default_path(values) if family == "hydra" else None)
        name = values.get("config_name", "config" if family == "mag" else None)
        if not isinstance(path, str | None) or not isinstance(name, str | None):
            raise UsageError(f"{self._file}:{call.lineno}: config_path and config_name must be texts, or None.")
        return path, name


def _default_path(values: Mapping[str, object]) -> str | None:
    """Return where Hydra looks for configs when its decorator does not say: beside the file, up to 1.1."""
    base = values.get("version_base", _find_base())
    parts = str(base).split(".")
    is_old = len(parts) > 1 and parts[0] == "1" and parts[1] in {"0", "1"}
    return "." if is_old else None


def _find_base() -> str | None:
    """Return the version whose rules the installed Hydra follows where no version base is said."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - start-up

    try:
        major, minor = (int(part) for part in version("hydra-core").split(".")[:2])
    except (PackageNotFoundError, ValueError):
        return "1.1"
    return "1.1" if (major, minor) < (1, 4) else None


def _has_schema(call: ast.Call) -> bool:
    """Tell whether schemas are given, or may be in `**keywords`."""
    named = any(keyword.arg in {None, "schema", "group_schemas"} for keyword in call.keywords)
    return named or len(call.args) > PARAMETERS.index("schema")


def _is_late(call: ast.Call | None) -> bool:
    given = {keyword.arg: keyword.value for keyword in call.keywords} if call is not None else {}
    value = given.get("missing")
    return isinstance(value, ast.Constant) and value.value == "late"


def _read_imports(tree: ast.Module) -> tuple[dict[str, Family], dict[str, Family]]:
    """Return by which names a module calls mag and Hydra, and the `main` of either."""
    modules: dict[str, Family] = {}
    functions: dict[str, Family] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                family = _HOMES.get(alias.name if alias.asname else alias.name.split(".")[0])
                if family:
                    modules[alias.asname or family] = family
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module in _FUNCTION_HOMES:
            names = (alias.asname or "main" for alias in node.names if alias.name in {"main", "*"})
            functions |= dict.fromkeys(names, _FUNCTION_HOMES[node.module])
    return modules, functions
