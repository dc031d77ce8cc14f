"""Constants of a source file: what an expression of texts and paths comes to, worked out without running anything."""

import ast
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "os.path.join": os.path.join,
    "os.path.dirname": os.path.dirname,
    "os.path.abspath": os.path.abspath,
    "os.path.realpath": os.path.realpath,
    "os.path.normpath": os.path.normpath,
    "os.fspath": os.fspath,
    "pathlib.Path": Path,
    "str": str,
}
_ATTRIBUTES = frozenset({"parent", "parents", "name", "stem"})
_METHODS = frozenset({"resolve", "absolute", "joinpath", "as_posix", "with_name"})


class Constants:
    """Works out expressions of one module; names that it gives to something else have no value."""

    def __init__(self, tree: ast.Module, file: Path) -> None:
        self._file = file
        self._assigned: dict[str, ast.expr | None] = {}
        self._imported: dict[str, str] = {}
        for node in tree.body:
            self._note(node)

    def _note(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import):
            self._imported |= {
                each.asname or each.name.split(".")[0]: each.name if each.asname else "" for each in node.names
            }
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            self._imported |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):  # what is assigned twice depends on when one asks
                    self._assigned[target.id] = None if target.id in self._assigned else node.value

    def evaluate(self, node: ast.expr | None) -> Any:
        """Return the value of an expression.

        Raises:
            ValueError: It has none that can be told without running the module.
        """
        match node:
            case ast.Constant():
                value: Any = node.value
            case ast.Name(id="__file__"):
                value = os.path.abspath(self._file)
            case ast.Name() if self._assigned.get(node.id) is not None:
                value = self.evaluate(self._assigned[node.id])
            case ast.BinOp(op=ast.Add() | ast.Div()):
                value = self._combine(node)
            case ast.Subscript():
                value = self.evaluate(node.value)[self.evaluate(node.slice)]
            case ast.Attribute() if node.attr in _ATTRIBUTES:
                value = getattr(self.evaluate(node.value), node.attr)
            case ast.Call(keywords=[]):
                value = self._call(node)
            case ast.JoinedStr():
                value = "".join(str(self.evaluate(each)) for each in node.values)
            case ast.FormattedValue(format_spec=None):
                value = self.evaluate(node.value)
            case _:
                raise ValueError(node)
        return value

    def _combine(self, node: ast.BinOp) -> Any:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        return left + right if isinstance(node.op, ast.Add) else left / right

    def _call(self, node: ast.Call) -> Any:
        arguments = [self.evaluate(each) for each in node.args]
        function = _FUNCTIONS.get(self._name(node.func))
        if function is not None:
            return function(*arguments)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            return getattr(self.evaluate(node.func.value), node.func.attr)(*arguments)
        raise ValueError(node)

    def _name(self, called: ast.expr) -> str:
        """Return the whole name of a function, by what the module imports."""
        first, *rest = ast.unparse(called).split(".") if isinstance(called, ast.Name | ast.Attribute) else [""]
        if first in self._assigned or (first not in self._imported and first != "str"):
            return ""
        return ".".join([self._imported.get(first) or first, *rest])
