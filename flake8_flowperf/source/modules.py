"""What a file and the functions in it are called, as far as its path and text say."""

from __future__ import annotations

import ast
import re

from flake8_flowperf.source.file import SourceFile


def module_names(source: SourceFile) -> tuple[str, ...]:
    """What the module may be called when it is imported, the shortest name first.

    Where the import path begins cannot be seen in a path: ``src/pkg/mod.py`` may be ``mod``, ``pkg.mod`` or
    ``src.pkg.mod``.  A folder whose name is no identifier ends the search.
    """
    *folders, file = re.split(r"[/\\]", source.filename)
    parts = [*folders, file.rpartition(".")[0] or file]
    if parts[-1] == "__init__":
        parts.pop()
    names: list[str] = []
    for part in reversed(parts):
        if not part.isidentifier():
            break
        names.append(f"{part}.{names[-1]}" if names else part)
    return tuple(names)


def qualified_name(source: SourceFile, definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    """The ``__qualname__`` that a definition gets, ``Class.method`` or ``function.<locals>.inner``."""
    parts = [definition.name]
    for ancestor in source.tree.ancestors(definition):
        match ancestor:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                parts += ["<locals>", ancestor.name]
            case ast.ClassDef():
                parts.append(ancestor.name)
    return ".".join(reversed(parts))
