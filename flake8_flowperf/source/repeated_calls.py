"""Whether a text may call functions again and again, judged by its lines alone: most files never get past this."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from flake8_flowperf.source.glance import CALL, STRING, Glance, without_strings

_PATTERN_LITERAL = re.compile(rf"[\s\\(]*(?:{STRING}(?:[\s\\]|#[^\n]*\n)*)+[,)]", re.DOTALL)
_SPELLING = re.compile(r"#[^\n]*|\b[rRbBuUfF]{1,2}(?=[\"'])|[\s\\\"'(),]+")
"""what may differ between two spellings of the same arguments"""
_NOT_THE_FUNCTION = re.compile(r"\A\s*(?:#|>>>)|\bdef[\s\\]+\Z|(?<![\w.])(?:self|cls)\.(?:\w+\.)*\Z")
"""what stands before a name in a comment or an example, in a definition, and in what belongs to an object"""
_BY_OWN = re.compile(r"\b(?:self|cls)[\s\\]*\.\Z")
_DEF = re.compile(r"\bdef\Z")
_LONGEST_CALLER = 100
_MOST = 50
"""patterns that are judged; each takes a look at the whole text"""
_IDENTIFIER = re.compile(r"[^\W\d]\w*")


def may_repeat(glance: Glance, functions: Mapping[str, frozenset[str]]) -> bool:
    """Whether one of *functions* may be called in a loop or comprehension, or twice with the same arguments.

    *functions* are the last parts of the functions' names, each with the modules that have one.  A pattern that is
    compiled from anything but a literal counts as well, in a function that a loop may call.
    """
    text = glance.text
    patterns = 0
    places: dict[tuple[str, str], list[int]] = {}
    for name, modules in functions.items():
        if modules.isdisjoint(glance.modules):
            continue
        for start in glance.names(name):
            end = start + len(name)
            before = text[glance.line_start(start) : start]
            if _NOT_THE_FUNCTION.search(before):
                continue
            call = CALL.match(text, end)
            if call is None:
                if glance.is_renamed(start, end):
                    return True
                continue
            close = glance.bracket_end(call.end())
            if glance.may_stay_the_same(start, close):
                return True
            if name == "compile" and not _PATTERN_LITERAL.match(text, end):
                patterns += 1
                if patterns > _MOST or _may_be_called_in_loop(glance, start):
                    return True
            arguments = _SPELLING.sub("", text[end:close]) if close < len(text) else ""
            if close == len(text) or _IDENTIFIER.search(without_strings(text[end:close])):  # constants need a loop
                places.setdefault((name, arguments), []).append(start)
    return any(_share_function(glance, starts) for starts in places.values())


def computation_places(glance: Glance, functions: Mapping[str, frozenset[str]]) -> list[int] | None:
    """Where one of *functions* stands, and where functions are called that compile what they are given.

    None when that cannot be told, because one of them gets another name.
    """
    names = [name for name, modules in functions.items() if not modules.isdisjoint(glance.modules)]
    found = glance.places(*names)
    if found is None:
        return None
    for start in glance.names("compile") if "compile" in names else ():
        calls = _calls_of_function(glance, start)
        if calls is None:
            return None
        found += calls
    return found


def _may_be_called_in_loop(glance: Glance, place: int) -> bool:
    """Whether a loop or comprehension of the file perhaps calls the function around *place*."""
    calls = _calls_of_function(glance, place)
    return calls is None or any(
        glance.is_repeated(start, glance.bracket_end(glance.text.find("(", start) + 1)) for start in calls
    )


def _calls_of_function(glance: Glance, place: int) -> Iterator[int] | None:
    """Where the function around *place* is perhaps called in the file; None when it is not certain which it is."""
    name = glance.function_name(place)
    if not name:
        return None if name is None else iter(())
    return (start for start in glance.names(name) if _is_call(glance.text, start, len(name)))


def _is_call(text: str, start: int, length: int) -> bool:
    """Whether the name at *start* is called there, as itself or by way of ``self`` or ``cls``."""
    before = text[max(0, start - _LONGEST_CALLER) : start].rstrip(" \t\r\n\\")
    by_object = before.endswith(".") and not _BY_OWN.search(before)
    return not by_object and not _DEF.search(before) and CALL.match(text, start + length) is not None


def _share_function(glance: Glance, starts: list[int]) -> bool:
    """Whether two of the places may stand in the same function."""
    if len(starts) < 2:
        return False
    functions = [glance.function(start) for start in starts]
    return None in functions or len(set(functions)) < len(functions)
