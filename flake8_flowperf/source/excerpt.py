"""A file without most of its functions, for a look that is quicker than one at the whole file."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable

from flake8_flowperf.source.glance import dedent

_DEFINITION = re.compile(r"^([ \t\f]*)(?:async[ \t]+)?def[ \t]+\w+", re.MULTILINE)
_HEADER_TOKEN = re.compile(r"""[\[({]|[\])}]|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\#[^\n]*|:""")
_END_OF_HEADER = re.compile(r"[ \t]*(?:#[^\n]*)?\n")
_QUOTES = ('"""', "'''")
_LEAST = 0.25
"""the share of a file that has to be left out for the excerpt to be worth its making"""


def excerpt(text: str, places: Iterable[int]) -> str | None:
    """*text* with no more than the names of the functions in which none of the offsets *places* lies.

    Everything keeps its line.  None when that is not much shorter.  Where the text alone misleads about the end of a
    function, what is given back does not parse.
    """
    wanted = sorted(places)
    parts: list[str] = []
    done = saved = 0
    definition = _DEFINITION.search(text)
    while definition is not None:
        start = definition.start()
        body = _body(text, definition.end())
        if body is None:
            definition = _DEFINITION.search(text, definition.end())
            continue
        after = dedent(len(definition[1])).search(text, body)
        end = after.start() if after is not None else len(text)
        first = bisect_left(wanted, start)
        name = definition.end()
        is_wanted = first < len(wanted) and wanted[first] < end
        if not is_wanted and not _cuts_string(text, name, body) and not _cuts_string(text, body, end):
            parts += (text[done:name], "(): pass", "\n" * text.count("\n", name, end))
            saved += end - body
            done = end
        definition = _DEFINITION.search(text, end)
    if saved <= _LEAST * len(text):
        return None
    return "".join((*parts, text[done:]))


def _body(text: str, place: int) -> int | None:
    """Where the header ends in which *place* lies; None when the body stands in the same line."""
    depth = 0
    for token in _HEADER_TOKEN.finditer(text, place):
        match token[0]:
            case "[" | "(" | "{":
                depth += 1
            case "]" | ")" | "}":
                depth -= 1
            case ":" if not depth:
                return token.end() if _END_OF_HEADER.match(text, token.end()) else None
    return None


def _cuts_string(text: str, start: int, end: int) -> bool:
    """Whether a string of several lines perhaps begins or ends between *start* and *end*, and not both."""
    return any(text.count(quotes, start, end) % 2 for quotes in _QUOTES)
