"""The layout of new code: a call that is too long for its line gets a line for each argument."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass

import libcst as cst

from flake8_flowperf.fixing.slices import ExpressionSlice
from flake8_flowperf.model import Edit


def fitted(piece: ExpressionSlice, new: cst.BaseExpression, settings: argparse.Namespace) -> Edit:
    """The edit that puts *new* in the place of *piece*, in several lines when the line would grow too long.

    Too long is what flake8's ``max_line_length`` says, and longer than the line was.  The arguments of the outermost
    call go to a line of their own, or to one each with a comma behind the last, as in the guide's section 5; a list
    that is still too long gets a line for each item.
    """
    edit = piece.edit(new)
    text = piece.source.text
    start = text.line_start(piece.first_line)
    end = text.line_start(text.line_of(piece.end) + 1)
    before, behind = text.text[start : piece.start], text.text[piece.end : end].rstrip("\r\n")
    limit = max(settings.max_line_length, _longest(text.text[start:end]))
    call = _outermost_call(new)
    if call is None or _has_lines(edit.text) or len(before + edit.text + behind) <= limit:
        return edit
    indent = before[: len(before) - len(before.lstrip())]
    step = "\t" if indent.startswith("\t") else "    "
    for depth in range(3):
        wrapped = _wrapped(call, _Lines(indent, step, text.newline), depth)
        edit = piece.edit(wrapped if call is new else cst.ensure_type(new.deep_replace(call, wrapped), type(new)))
        if _longest(edit.text.partition(text.newline)[2]) <= settings.max_line_length:
            break
    return edit


def _has_lines(text: str) -> bool:
    return "\n" in text or "\r" in text


def _longest(text: str) -> int:
    return max(map(len, re.split(r"\r\n?|\n", text)))


def _outermost_call(node: cst.BaseExpression) -> cst.Call | None:
    while isinstance(node, (cst.Attribute, cst.Subscript, cst.Await)):
        node = node.expression if isinstance(node, cst.Await) else node.value
    return node if isinstance(node, cst.Call) and node.args else None


@dataclass(frozen=True)
class _Lines:
    """Line breaks around what stands in brackets."""

    indent: str
    step: str
    newline: str

    @property
    def inside(self) -> cst.ParenthesizedWhitespace:
        return self._break(self.indent + self.step)

    @property
    def outside(self) -> cst.ParenthesizedWhitespace:
        return self._break(self.indent)

    @property
    def deeper(self) -> _Lines:
        return _Lines(self.indent + self.step, self.step, self.newline)

    def _break(self, indent: str) -> cst.ParenthesizedWhitespace:
        first = cst.TrailingWhitespace(newline=cst.Newline(value=self.newline))
        return cst.ParenthesizedWhitespace(first, indent=False, last_line=cst.SimpleWhitespace(indent))


def _wrapped(call: cst.Call, lines: _Lines, depth: int) -> cst.Call:
    """The arguments on one line of their own (depth 0), on one each (1), and so the items of a list among them (2)."""
    nothing = cst.SimpleWhitespace("")
    *others, last = [argument.with_changes(whitespace_after_arg=nothing) for argument in call.args]
    between = cst.SimpleWhitespace(" ") if depth == 0 else lines.inside
    arguments = [argument.with_changes(comma=cst.Comma(whitespace_after=between)) for argument in others]
    if depth == 0:
        arguments.append(last.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=lines.outside))
    else:
        arguments.append(last.with_changes(comma=cst.Comma(whitespace_after=lines.outside)))
    if depth == 2:
        arguments = [argument.with_changes(value=_spread(argument.value, lines.deeper)) for argument in arguments]
    return call.with_changes(whitespace_before_args=lines.inside, args=arguments)


def _spread(value: cst.BaseExpression, lines: _Lines) -> cst.BaseExpression:
    """A list with a line for each item; anything else as it is."""
    if not isinstance(value, cst.List) or not value.elements:
        return value
    *others, last = value.elements
    items = [item.with_changes(comma=cst.Comma(whitespace_after=lines.inside)) for item in others]
    items.append(last.with_changes(comma=cst.Comma(whitespace_after=lines.outside)))
    return value.with_changes(lbracket=value.lbracket.with_changes(whitespace_after=lines.inside), elements=items)
