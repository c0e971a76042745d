"""Arguments of a call: one more of them, or one less, with the layout and the comments of the others kept."""

from __future__ import annotations

import ast
import re

from flake8_flowperf.fixing.slices import CannotSlice, expression_slice
from flake8_flowperf.model import Edit
from flake8_flowperf.source import SourceFile

_AFTER_LAST = re.compile(r"(?P<close>[\s)]*?)(?P<comma>[ \t]*,)?(?P<comment>[ \t]*#[^\r\n]*)?\s*")
_COMMENT = re.compile(r"#[^\r\n]*")
_BREAK = re.compile(r"[\r\n]\s*$")


def argument_start(source: SourceFile, call: ast.Call, position: int) -> int:
    """The offset at which a positional argument that is not the first starts, with its parentheses."""
    before, start = source.text.span(call.args[position - 1])[1], source.text.span(call.args[position])[0]
    between = _COMMENT.sub(lambda match: " " * len(match.group()), source.text.text[before:start])
    behind_comma = between[between.rindex(",") + 1 :]
    return start - len(behind_comma.lstrip())


def appended(source: SourceFile, call: ast.Call, argument: str) -> tuple[Edit, ...]:
    """The edits that add *argument* behind the last one, on a line of its own where that stands so.

    Raises CannotSlice for a call without arguments, and where comments stand between the last one and the parenthesis.
    """
    expression_slice(source, call)
    text = source.text.text
    spans = [*map(source.text.span, call.args), *map(source.text.span, call.keywords)]
    if not spans:
        raise CannotSlice("the call has no arguments")
    start, end = max(spans)
    closing = source.text.span(call)[1] - 1
    match = _AFTER_LAST.fullmatch(text, end, closing)
    if match is None or (match["comment"] is not None and _BREAK.search(match["close"]) is not None):
        raise CannotSlice("a comment stands behind the last argument")
    end = match.end("close")
    line_start = source.text.line_start(source.text.line_of(start))
    own_line = not text[line_start:start].strip() and source.text.line_of(start) > call.lineno
    before = source.text.newline + text[line_start:start] if own_line else " "
    if match["comma"] is None and match["comment"] is None:
        return (Edit(end, end, f",{before}{argument}"),)
    if match["comment"] is None:
        after_comma = match.end("comma")
        return (Edit(after_comma, after_comma, f"{before}{argument},"),)
    if not own_line:
        raise CannotSlice("a comment stands behind the last argument")
    behind = match.end("comment")
    if match["comma"] is not None:
        return (Edit(behind, behind, f"{before}{argument},"),)
    return Edit(end, end, ","), Edit(behind, behind, f"{before}{argument}")
