"""Edits inside f-strings: Python before 3.12 allows neither their quotes nor backslashes, comments or newlines."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from flake8_flowperf.model import Edit
from flake8_flowperf.source import SourceFile

_NOT_ALLOWED = frozenset("\"'\\#\r\n")


def need_new_python(edits: Iterable[Edit], source: SourceFile) -> bool:
    """Whether an edit puts characters into an f-string that only Python 3.12 and later can be sure to read there."""
    spans = source.fact(_spans)
    return any(
        start < edit.start
        and edit.end < end
        and _NOT_ALLOWED & {*edit.text} - {*source.text.text[edit.start : edit.end]}
        for edit in edits
        for start, end in spans
    )


def _spans(source: SourceFile) -> list[tuple[int, int]]:
    """Where the f-strings stand; one inside another has no reliable position before Python 3.12."""
    outermost = (
        node
        for node in source.tree.of(ast.JoinedStr)
        if not any(isinstance(above, ast.JoinedStr) for above in source.tree.ancestors(node))
    )
    return [source.text.span(node) for node in outermost]
