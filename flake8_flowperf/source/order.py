"""What runs between two statements of which the first always runs before the second."""

from __future__ import annotations

import ast

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.stability import Region


def between(source: SourceFile, first: ast.stmt, second: ast.stmt) -> Region | None:
    """What may run after *first* was evaluated and before *second* is, what *first* binds included.

    None when *second* can run without *first*, or only after an error.  Of *second* itself only what it evaluates
    counts, not the names that it binds.
    """
    block = source.tree.block(first)
    chain = [second, *source.tree.ancestors(second)]
    place = next(
        (index for index, item in enumerate(chain) if isinstance(item, ast.stmt) and source.tree.block(item) is block),
        None,
    )
    if place is None:
        return None
    outer = chain[place]
    assert isinstance(outer, ast.stmt)
    start, end = source.tree.position(first), source.tree.position(outer)
    if end < start:
        return None
    nodes: list[ast.AST] = [*block[start:end]]
    for index in range(place, 0, -1):
        parent, child = chain[index], chain[index - 1]
        match parent:
            case ast.For() | ast.AsyncFor() | ast.While():
                return Region([*nodes, parent])
            case ast.If():
                nodes.append(parent.test)
            case ast.With() | ast.AsyncWith():
                nodes += parent.items
            case ast.Match():
                nodes.append(parent.subject)
            case ast.match_case():
                nodes += [parent.pattern, *([parent.guard] if parent.guard is not None else [])]
            case ast.Try():
                if child in parent.handlers:
                    return None
                if child in parent.orelse or child in parent.finalbody:
                    nodes += parent.body
                if child in parent.finalbody:
                    nodes += [*parent.handlers, *parent.orelse]
            case _:
                return None
        if isinstance(child, ast.stmt):
            nodes += _before(parent, child)
    return Region([*nodes, *evaluated(second)])


def _before(parent: ast.AST, child: ast.stmt) -> list[ast.stmt]:
    for field in ("body", "orelse", "finalbody"):
        block = getattr(parent, field, None)
        if isinstance(block, list) and child in block:
            return block[: block.index(child)]
    return []


def evaluated(statement: ast.stmt) -> list[ast.AST]:
    """The expressions that a statement evaluates itself: of a compound one its header, of an assignment its value."""
    match statement:
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            return [statement.value] if statement.value is not None else []
        case ast.If() | ast.While():
            return [statement.test]
        case ast.For() | ast.AsyncFor():
            return [statement.iter]
        case ast.With() | ast.AsyncWith():
            return [*statement.items]
        case ast.Match():
            return [statement.subject]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Try():
            return []
    return [statement]
