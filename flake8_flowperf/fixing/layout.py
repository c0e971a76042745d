"""The layout of new code: a call that is too long for its line gets a line for each argument."""

from __future__ import annotations

import argparse

import libcst as cst

from flake8_flowperf.fixing.slices import ExpressionSlice
from flake8_flowperf.model import Edit


def fitted(piece: ExpressionSlice, new: cst.BaseExpression, settings: argparse.Namespace) -> Edit:
    """The edit that puts *new* in the place of *piece*, in several lines when the line would grow too long.

    Too long is what flake8's ``max_line_length`` says, and longer than the line was.  The arguments of the outermost
    call go to a line of their own, or to one each with a comma behind the last, as in the guide's section 5.
    """
    edit = piece.edit(new)
    text = piece.source.text
    start = text.line_start(piece.first_line)
    end = text.line_start(text.line_of(piece.end) + 1)
    before, behind = text.text[start : piece.start], text.text[piece.end : end].rstrip("\r\n")
    limit = max(settings.max_line_length, len(text.text[start:end].rstrip("\r\n")))
    call = _outermost_call(new)
    if call is None or "\n" in edit.text or "\r" in edit.text or len(before + edit.text + behind) <= limit:
        return edit
    indent = before[: len(before) - len(before.lstrip())]
    step = "\t" if indent.startswith("\t") else "    "
    for one_line in (True, False):
        wrapped = _wrapped(call, indent, step, text.newline, one_line)
        edit = piece.edit(wrapped if call is new else cst.ensure_type(new.deep_replace(call, wrapped), type(new)))
        if max(map(len, edit.text.split(text.newline)[1:-1])) <= settings.max_line_length:
            break
    return edit


def _outermost_call(node: cst.BaseExpression) -> cst.Call | None:
    while isinstance(node, (cst.Attribute, cst.Subscript, cst.Await)):
        node = node.expression if isinstance(node, cst.Await) else node.value
    return node if isinstance(node, cst.Call) and node.args else None


def _wrapped(call: cst.Call, indent: str, step: str, newline: str, one_line: bool) -> cst.Call:
    inside, outside = _line_break(indent + step, newline), _line_break(indent, newline)
    between = cst.SimpleWhitespace(" ") if one_line else inside
    nothing = cst.SimpleWhitespace("")
    *others, last = [argument.with_changes(whitespace_after_arg=nothing) for argument in call.args]
    arguments = [argument.with_changes(comma=cst.Comma(whitespace_after=between)) for argument in others]
    if one_line:
        arguments.append(last.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=outside))
    else:
        arguments.append(last.with_changes(comma=cst.Comma(whitespace_after=outside)))
    return call.with_changes(whitespace_before_args=inside, args=arguments)


def _line_break(indent: str, newline: str) -> cst.ParenthesizedWhitespace:
    first = cst.TrailingWhitespace(newline=cst.Newline(value=newline))
    return cst.ParenthesizedWhitespace(first, indent=False, last_line=cst.SimpleWhitespace(indent))
