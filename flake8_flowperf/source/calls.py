"""The calls of a file, by the last part of the name that is called."""

from __future__ import annotations

import ast
from collections.abc import Callable

from flake8_flowperf.source.file import SourceFile


def calls_named(source: SourceFile, name: str) -> list[ast.Call]:
    """The calls of functions and methods that are called *name*, in source order."""
    return [call for _, call in source.fact(_numbered).get(name, ())]


def calls_that_may_be(source: SourceFile, is_wanted: Callable[[str], bool]) -> list[ast.Call]:
    """The calls whose qualified name perhaps ends with a wanted one, in source order, told without looking it up.

    Those are the calls by such a name and by a name that is bound to something else's.
    """
    found: list[tuple[int, ast.Call]] = []
    for name, calls in source.fact(_numbered).items():
        if is_wanted(name):
            found += calls
        elif source.names.is_other_name(name):
            found += (item for item in calls if isinstance(item[1].func, ast.Name))
    return [call for _, call in sorted(found)]  # no two have the same number


def _numbered(source: SourceFile) -> dict[str, list[tuple[int, ast.Call]]]:
    """The calls by their names, each with its place among all calls."""
    found: dict[str, list[tuple[int, ast.Call]]] = {}
    for item in enumerate(source.tree.of(ast.Call)):
        function = item[1].func
        if isinstance(function, ast.Name):
            found.setdefault(function.id, []).append(item)
        elif isinstance(function, ast.Attribute):
            found.setdefault(function.attr, []).append(item)
    return found
