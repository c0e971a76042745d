"""Whether a text may call functions again and again, judged by its lines alone: most files never get past this."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LOOP = re.compile(r"(?:async\s+)?(?:for|while)\b|lambda\b")
_REPEATED = re.compile(r"\b(?:for|while|lambda)\b")
_BRACKET = re.compile(r"[\[({]")
_AHEAD = 500
"""characters behind a call in which the ``for`` of a comprehension is looked for"""
_LITERAL = re.compile(r"\s*\(\s*(?:[rRbBuU]{0,2}[\"']|\d)")
_INDENT = re.compile(r"[ \t\f]*")


def may_repeat(text: str, functions: Mapping[str, frozenset[str]], pattern: re.Pattern[str]) -> bool:
    """Whether one of *functions* stands in a loop or comprehension, or more than once, or takes more than a literal.

    *functions* are the last parts of the functions' names, each with the modules that have one, and *pattern* finds
    them.

    A call that takes a literal and stands alone, outside of all loops, cannot be a repetition; that is how the patterns
    of most files are compiled.
    """
    others = 0
    present: dict[str, bool] = {}
    for match in pattern.finditer(text):
        name = match[0]
        if name not in present:
            present[name] = any(module in text for module in functions[name])
        if not present[name]:
            continue
        start = text.rfind("\n", 0, match.start()) + 1
        before = text[start : match.start()]
        if before.lstrip().startswith("#") or _is_imported(before):
            continue
        if _REPEATED.search(before) or _in_loop(text, start):
            return True
        if _BRACKET.search(before) and _REPEATED.search(text, match.end(), match.end() + _AHEAD):
            return True
        if not _LITERAL.match(text, match.end()):
            others += 1
            if others > 1 or name == "compile":
                return True
    return False


def _is_imported(before: str) -> bool:
    return before.startswith(("import ", "from "))


def _in_loop(text: str, start: int) -> bool:
    """Whether a line above the one at *start*, and further left, opens a loop or a bracket."""
    width = len(_INDENT.match(text, start)[0])  # type: ignore[index]
    while width and start:
        end = start - 1
        start = text.rfind("\n", 0, end) + 1
        indent = _INDENT.match(text, start)[0]  # type: ignore[index]
        line = text[start + len(indent) : end].rstrip()
        if not line or line.startswith("#") or len(indent) >= width:
            continue
        if _LOOP.match(line) or line.endswith(("(", "[", "{", ",", "\\")):
            return True
        width = len(indent)
    return False
