"""Whether a text may call functions again and again, judged by its lines alone: most files never get past this."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flake8_flowperf.source.glance import Glance

_CALL = re.compile(r"[\s\\]*\(")
_LITERAL = re.compile(r"""[\s\\(]*(?:[rRbBuU]{0,2}(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\d+)\s*\)""")
_PATTERN_LITERAL = re.compile(r"[\s\\(]*(?:[rRbBuU]{0,2}[\"']|\d)")
_RENAMED = re.compile(r"[\s\\]+as\b")
_ASSIGNED = re.compile(r"(?<![=!<>])=[\s\\(]*[\w.]*\Z")
_FIRST_ARGUMENT = re.compile(r"[\s\\(]*([\w.]+)(?![\w.\"'])")


def may_repeat(glance: Glance, functions: Mapping[str, frozenset[str]]) -> bool:
    """Whether one of *functions* may be called in a loop or comprehension, or twice with the same arguments.

    *functions* are the last parts of the functions' names, each with the modules that have one.  A pattern that is
    compiled from anything but a literal counts as well: the function that does so may itself be called in a loop.
    """
    text = glance.text
    places: dict[tuple[str, str], list[int]] = {}
    for name, modules in functions.items():
        if modules.isdisjoint(glance.modules):
            continue
        for start in glance.names(name):
            end = start + len(name)
            before = text[glance.line_start(start) : start]
            if before.lstrip().startswith("#"):
                continue
            call = _CALL.match(text, end)
            if call is None:
                # "loads as parse", "parse = loads"; the calls have another name then
                if _RENAMED.match(text, end) or _ASSIGNED.search(before):
                    return True
                continue
            if glance.may_stay_the_same(start, glance.bracket_end(call.end())):
                return True
            if name == "compile" and not _PATTERN_LITERAL.match(text, end):
                return True
            if not _LITERAL.match(text, end):
                first = _FIRST_ARGUMENT.match(text, end)
                places.setdefault((name, first[1] if first else ""), []).append(start)
    return any(_share_function(glance, starts) for starts in places.values())


def _share_function(glance: Glance, starts: list[int]) -> bool:
    """Whether two of the places may stand in the same function."""
    if len(starts) < 2:
        return False
    functions = [glance.function(start) for start in starts]
    return None in functions or len(set(functions)) < len(functions)
