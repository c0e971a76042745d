"""A call that is replaced by what it is given or called on: ``list(x)`` by ``x``, ``f.readlines()`` by ``f``."""

from __future__ import annotations

import ast

from flake8_flowperf.fixing.indent import moved_text
from flake8_flowperf.fixing.slices import CannotSlice, expression_slice
from flake8_flowperf.model import Edit
from flake8_flowperf.source import SourceFile


def replaced(source: SourceFile, node: ast.expr, kept: ast.expr, text: str | None = None) -> Edit:
    """The edit that puts *text* (the source of *kept*, in parentheses where it needs them) in the place of *node*.

    *kept* stands inside *node*.  Raises CannotSlice where a comment would be lost, and where positions are unreliable.
    """
    expression_slice(source, node)
    start, end = source.text.span(node)
    kept_start, kept_end = source.text.span(kept)
    around = source.text.text[start:kept_start] + source.text.text[kept_end:end]
    if "#" in around:
        raise CannotSlice("a comment stands in the code that would go")
    return Edit(start, end, text if text is not None else in_one_piece(source, kept, node))


def in_one_piece(source: SourceFile, node: ast.expr, place: ast.expr | ast.stmt) -> str:
    """The source of *node* for the line that *place* starts in, in parentheses when it needs them.

    It does when it spans lines without brackets of its own, and when it binds too loosely.
    """
    text = moved_text(source, node, place)
    if isinstance(node, ast.NamedExpr | ast.Yield | ast.YieldFrom | ast.Lambda | ast.IfExp):
        return f"({text})"
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return f"({text})"
    return text
