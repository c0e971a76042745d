"""What a file and the functions in it are called, as far as its path and text say."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.tree import Definition, walk

Nameless: TypeAlias = ast.Lambda | ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp

_NAMES: dict[type[Nameless], str] = {
    ast.Lambda: "<lambda>",
    ast.GeneratorExp: "<genexpr>",
    ast.ListComp: "<listcomp>",
    ast.SetComp: "<setcomp>",
    ast.DictComp: "<dictcomp>",
}
"""What the interpreter calls them; from Python 3.12 on it runs most comprehensions as part of what is around them."""


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


def qualified_name(source: SourceFile, definition: Definition) -> str:
    """The ``__qualname__`` that a definition gets, ``Class.method`` or ``function.<locals>.inner``."""
    parts = [definition.name]
    for ancestor in source.tree.ancestors(definition):
        match ancestor:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                parts += ["<locals>", ancestor.name]
            case ast.ClassDef():
                parts.append(ancestor.name)
    return ".".join(reversed(parts))


@dataclass(frozen=True, eq=False)
class CodeBlock:
    """A module, class or function, as the interpreter names what it runs.

    *key* is its qualified name with the number of blocks of that name that stand before it; a lambda or comprehension
    has the key of the block that it stands in.  The lines go from the first decorator to the last statement.
    """

    node: ast.Module | Definition | Nameless
    name: str
    qualified_name: str
    key: tuple[str, int]
    first_line: int
    last_line: int


def code_blocks(source: SourceFile) -> list[CodeBlock]:
    """The module, and its classes and functions in their order."""
    found = [CodeBlock(source.module, "<module>", "<module>", ("<module>", 0), 1, 1)]
    seen = Counter[str]()
    for node in walk(source.module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = qualified_name(source, node)
            first = min(item.lineno for item in (node, *node.decorator_list))
            found.append(CodeBlock(node, node.name, name, (name, seen[name]), first, node.end_lineno or node.lineno))
            seen[name] += 1
    return found


def nameless_blocks(source: SourceFile) -> list[CodeBlock]:
    """The lambdas and comprehensions, whose time is that of the block that they stand in."""
    found = []
    for node_type, name in _NAMES.items():
        for node in source.tree.of(node_type):
            owner = block_of(source, node)
            full = f"{owner.qualified_name}.<locals>.{name}"
            found.append(CodeBlock(node, name, full, owner.key, node.lineno, node.end_lineno or node.lineno))
    return found


def block_of(source: SourceFile, node: ast.AST) -> CodeBlock:
    """The block that runs *node*; of a definition, which the finding is about then, its own one."""
    blocks = source.fact(_blocks_by_node)
    child = node
    if child in blocks:
        return blocks[child]
    for ancestor in source.tree.ancestors(node):
        # A decorator, default or base class is run by the block around the definition.
        if ancestor in blocks and child in ancestor.body:  # type: ignore[attr-defined]
            return blocks[ancestor]
        child = ancestor
    return blocks[source.module]


def _blocks_by_node(source: SourceFile) -> dict[ast.AST, CodeBlock]:
    return {block.node: block for block in source.fact(code_blocks)}
