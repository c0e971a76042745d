"""Statements moved into or out of a block: the indentation of their lines, with the inside of strings left alone."""

from __future__ import annotations

import ast
from collections.abc import Container

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from flake8_flowperf.fixing.slices import (
    CannotSlice,
    ExpressionSlice,
    StatementSlice,
    expression_slice,
    source_of,
    statement_slice,
)
from flake8_flowperf.model import Edit
from flake8_flowperf.source import SourceFile


def unit(source: SourceFile, statement: ast.stmt) -> str:
    """What a block below *statement* is indented by: as its own body is, else as the first block of the file."""
    for candidate in (statement, *source.module.body):
        body = getattr(candidate, "body", None)
        if isinstance(body, list) and body and body[0].lineno > candidate.lineno:
            outer = source.text.indentation(candidate.lineno)
            inner = source.text.indentation(_first_line(body[0]))
            if inner.startswith(outer) and inner != outer:
                return inner[len(outer) :]
    return "    "


def indented(source: SourceFile, statement: ast.stmt, by: str, *, keep: Container[int] = ()) -> list[Edit]:
    """The edits that move *statement* one block deeper; lines in *keep* stay.

    Raises CannotSlice for a statement that shares a line with another, or whose indentation mixes tabs and blanks.
    """
    piece = statement_slice(source, statement)
    _check_uniform(source, piece, by)
    return [
        Edit(start, start, by)
        for line in _code_lines(source, piece)
        if line not in keep
        for start in (source.text.line_start(line),)
    ]


def dedented(source: SourceFile, owner: ast.With | ast.AsyncWith, by: str) -> list[Edit]:
    """The edits that move the body of *owner* out of it and remove its head.

    Raises CannotSlice when the body does not stand on lines of its own, indented by *by*.
    """
    return [
        head_removal(source, owner),
        *(
            Edit(start, start + len(by), "")
            for line in body_lines(source, owner, by)
            for start in (source.text.line_start(line),)
        ),
    ]


def head_removal(source: SourceFile, owner: ast.With | ast.AsyncWith) -> Edit:
    """The edit that removes the lines from the start of *owner* to the colon, and no comment below it."""
    context = owner.items[-1].optional_vars or owner.items[-1].context_expr
    line = context.end_lineno or context.lineno
    while line < _first_line(owner.body[0]) - 1 and source.text.line(line + 1).strip() in ("):", ")", ",):"):
        line += 1
    return Edit(source.text.line_start(owner.lineno), source.text.line_start(line + 1), "")


def body_lines(source: SourceFile, owner: ast.With | ast.AsyncWith, by: str) -> list[int]:
    """The lines of the body of *owner* that are neither empty nor begin inside a string.

    Raises CannotSlice when the body does not stand on lines of its own, indented by *by*.
    """
    piece = statement_slice(source, owner)
    _check_uniform(source, piece, by)
    text = source.text
    head_end = text.line_of(head_removal(source, owner).end)
    indentation = text.indentation(owner.lineno)
    if owner.body[0].lineno < head_end or text.indentation(_first_line(owner.body[0])) != indentation + by:
        raise CannotSlice("the body of the with statement is not on lines of its own")
    return [
        line for line in _code_lines(source, piece) if line >= head_end and text.line(line).startswith(indentation + by)
    ]


def moved_text(source: SourceFile, node: ast.expr | ast.stmt, place: ast.expr | ast.stmt) -> str:
    """The text of *node* for the line that *place* starts in: the lines below its first one move along with it.

    Lines that begin inside a string stay.  All stay where one of them stands further left than the first.
    """
    text, start = source.text, source.text.span(node)[0]
    segment = text.segment(node)
    old, new = text.indentation(node.lineno), text.indentation(place.lineno)
    if isinstance(node, ast.expr) and (written := source_of(source, node)) != segment:
        return written
    end = start + len(segment)
    if old == new or text.line_of(end) == node.lineno:
        return segment
    piece = expression_slice(source, node) if isinstance(node, ast.expr) else statement_slice(source, node)
    inside = _lines_inside_strings(piece)
    lines = [text.text[start : text.line_start(node.lineno + 1)]]
    for number in range(node.lineno + 1, text.line_of(end) + 1):
        line = text.text[text.line_start(number) : min(end, text.line_start(number + 1))]
        if number not in inside and line.strip():
            if not line.startswith(old):
                return segment
            line = new + line[len(old) :]
        lines.append(line)
    return "".join(lines)


def _check_uniform(source: SourceFile, piece: StatementSlice, by: str) -> None:
    if set(source.text.indentation(piece.first_line)) - set(by):
        raise CannotSlice("the indentation mixes tabs and blanks")


def _code_lines(source: SourceFile, piece: StatementSlice) -> list[int]:
    """The lines of a statement, with the comments that end its body, that are not empty nor begin inside a string."""
    text = source.text
    last = last_line(source, piece.node)
    inside = _lines_inside_strings(piece)
    return [line for line in range(piece.first_line, last + 1) if line not in inside and text.line(line).strip()]


def last_line(source: SourceFile, statement: ast.stmt) -> int:
    """The last line of a statement, with the comments below it that stand in its block."""
    text = source.text
    last = number = statement.end_lineno or statement.lineno
    indentation = text.indentation(statement.lineno)
    total = text.line_of(len(text.text))
    while number < total:
        number += 1
        line, blanks = text.line(number).strip(), text.indentation(number)
        if line.startswith("#") and blanks.startswith(indentation) and blanks != indentation:
            last = number
        elif line:
            break
    return last


def _lines_inside_strings(piece: ExpressionSlice | StatementSlice) -> set[int]:
    lines: set[int] = set()
    wrapper = MetadataWrapper(piece.module, unsafe_skip_copy=True)
    shift = piece.first_line - 1 - piece.header_lines
    for node, where in wrapper.resolve(PositionProvider).items():
        if isinstance(node, (cst.SimpleString, cst.FormattedString)):
            assert isinstance(where, CodeRange)
            lines.update(range(where.start.line + 1 + shift, where.end.line + 1 + shift))
    return lines


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(item.lineno for item in decorators)])
