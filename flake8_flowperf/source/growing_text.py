"""Whether a text may make a str or bytes longer in a loop, by its lines alone: most files never get past this."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator

from flake8_flowperf.source.glance import ANNOTATION, MODULE, Glance, Header, word_start
from flake8_flowperf.source.growth import BYTES_FUNCTIONS, BYTES_METHODS, CONVERSIONS, TEXT_FUNCTIONS, TEXT_METHODS

_NUMBER = re.compile(r"\+=\s*(?:\d[\d_.]*|len\([^()\n]*\))[ \t]*(?:#|;|\r|\n|\Z)")
_MOST = 200
"""statements that are judged; each may take a look at the whole text"""
_LONGEST_VALUE = 500
_LONGEST_STATEMENT = 4000
_FUNCTIONS = sorted(name.rpartition(".")[2] for name in TEXT_FUNCTIONS | BYTES_FUNCTIONS)
_ADDED_TO = re.compile(r"[\])\"']*(?:[\s\\)]|#[^\n]*\n)*\+")
_ASSIGNMENT = re.compile(rf"[\s\\\])\"']*{ANNOTATION}\+?=(?!=)")
_SET = re.compile(r"[ \t]*(\+)?=(?!=)([^\n]*)")
_OWNERS = {
    "": re.compile(r"(?:^|[^.\s])[ \t]*\Z"),
    "self.": re.compile(r"(?<![\w.])self\.\Z"),
    "cls.": re.compile(r"(?<![\w.])cls\.\Z"),
}
"""what stands before a name that is no part of a longer one"""
_HARD_TO_TELL = re.compile(r"[\"'#]|\b(?:lambda|for|def|class|import|as|global|nonlocal)\b")
"""where what stands behind it in a line may be text, or another variable of the same name"""
_GOES_ON = "+-*/%|&^~@<>=,.([{\\"
_MAKING_BYTES = "|".join(sorted({*BYTES_METHODS, "bytes", "read", "to_bytes"}))
_MAKING_TEXT = "|".join([*_FUNCTIONS, *sorted({*TEXT_METHODS, *CONVERSIONS})])
_OF_BYTES = re.compile(rf"\b[rR]?[bB][rR]?[\"']|\b(?:{_MAKING_BYTES})\b[\s\\)]*\(")
_OF_TEXT = re.compile(rf"[\"']|\b(?:{_MAKING_TEXT})\b")
_FIRST_TERM = re.compile(r"[\s\\(]*[\w.\s\\]*(?:\[|\Z)")
_LATER_TERM = re.compile(r"\+(?:[\s\\(]|#[^\n]*\n)*[\w.\s\\]*(?:\[[^+]*)?\Z")
_ENDS = re.compile(r"[\])\"']*[\s\\)]*(?:[#;\r\n]|\Z)")
_STARTS_WITH_STRING = re.compile(r"[\s\\(]*\w{0,2}[\"']")
_INNER_FOR = re.compile(r"\S[ \t]+for\b")
_F_STRING = re.compile(r"""\b(?:[fF][rR]?|[rR][fF])["']""")


class Evidence(enum.Enum):
    """What a text shows of the values of a name."""

    NONE = "none of them is a str or bytes"
    OF_TEXT = "none of them is bytes"
    OF_BYTES = "one of them may be bytes"


def may_grow(glance: Glance) -> bool:
    """Whether a statement of a text perhaps makes a str or bytes longer in a loop, in a way that copies it."""
    text = glance.text
    done = judged = 0
    for start, end in glance.loops():
        place = text.find("=", max(start, done), end)
        while place >= 0:
            is_augmented = text[place - 1] == "+"
            if is_augmented:
                may = not _NUMBER.match(text, place - 1)
            elif text[place + 1 : place + 2] == "=":
                place += 1
                may = False
            else:
                may = _may_add(text, place)
            if may and glance.is_in_loop(place):
                judged += 1
                if judged > _MOST or _may_copy(glance, place - is_augmented, is_augmented):
                    return True
            place = text.find("=", place + 1, end)
        done = max(done, end)
    return False


def _may_add(text: str, place: int) -> bool:
    """Whether what is assigned to at the ``=`` at *place* is perhaps a term of the value, or a field of an f-string."""
    end = text.find("\n", place)
    value = text[place + 1 : end] if end > 0 else text[place + 1 :]
    if value.count("(") != value.count(")") or value.rstrip().endswith(("\\", "[", "{", '"""', "'''")):
        value = text[place + 1 : place + _LONGEST_VALUE]
    if "+" not in value and "{" not in value:
        return False
    start, end = _target(text, place)
    if start == end:
        return False
    name = text[start:end]
    is_f_string = _STARTS_WITH_STRING.match(value) is not None and _F_STRING.search(value) is not None
    start = value.find(name)
    while start >= 0:
        before, end = value[:start], start + len(name)
        if (
            (_FIRST_TERM.match(before) and _ADDED_TO.match(value, end))
            or (_LATER_TERM.search(before) and _ENDS.match(value, end))
            or (is_f_string and "{" in before)
        ):
            return True
        start = value.find(name, end)
    return False


def _target(text: str, place: int) -> tuple[int, int]:
    """Where the last name of what is assigned to at *place* begins and ends."""
    end = place
    while end and text[end - 1] in " \t\r\n\\])\"'":
        end -= 1
    return word_start(text, end), end


def _may_copy(glance: Glance, place: int, is_augmented: bool) -> bool:
    """Whether what is assigned to at *place* is perhaps a str or bytes, and not a str that grows in place.

    If it is, what is assigned to some target of that name gives evidence of it.
    """
    text = glance.text
    start, end = _target(text, place)
    if start == end:
        return True
    name = text[start:end]
    before = text[glance.line_start(place) : start]
    if _is_used_in_loop(glance, place, name, before.strip()):
        return False
    if glance.fact(_renames_evidence):
        return True
    known = glance.fact(_evidence_by_name)
    if name not in known:
        known[name] = _evidence(glance, name)
    if known[name] is not Evidence.OF_TEXT:
        return known[name] is Evidence.OF_BYTES
    is_plain_name = not before.strip() and text[start:place].rstrip("\\ \t\r\n") == name
    return not (is_augmented and is_plain_name) or _may_be_shared(glance, place, name)


def _is_used_in_loop(glance: Glance, place: int, name: str, owner: str) -> bool:
    """Whether the loop around *place* certainly reads *owner* and *name*, or sets it anew.

    *owner* is "" or ``self.``; what is said of anything else holds for the item of one turn only.
    """
    text = glance.text
    header = next((start for kind, start in glance.headers(glance.line_start(place)) if kind is Header.LOOP), None)
    if header is None or owner not in _OWNERS:
        return False
    end = glance.block_end(header)
    if any(text.find(quotes, header, end) >= 0 for quotes in ('"""', "'''")):
        return False
    growing = -1
    """the line of a statement that adds to it"""
    for start in glance.names(name, header, end):
        line = glance.line_start(start)
        before = text[line:start]
        if line == growing or _HARD_TO_TELL.search(before) or not _OWNERS[owner].search(before):
            continue
        assigned = _SET.match(text, start + len(name))
        if assigned is not None:
            if before.strip() != owner:
                continue
            if assigned[1] or name in assigned[2]:
                growing = line
                continue
        if line == header or _is_whole_line(glance, line):
            return True
    return False


def _is_whole_line(glance: Glance, line: int) -> bool:
    """Whether a statement of a block begins with the line."""
    above = glance.text[max(0, line - _LONGEST_VALUE) : line].rstrip()[-1:]
    opener = next(glance.headers(line), None)
    return above not in _GOES_ON and opener is not None and opener[0] in (Header.LOOP, Header.OTHER)


def _renames_evidence(glance: Glance) -> bool:
    """Whether a function that makes a str or bytes gets another name."""
    return any(glance.is_renamed(start, start + len(name)) for name in _FUNCTIONS for start in glance.names(name))


def _evidence_by_name(_: Glance) -> dict[str, Evidence]:
    return {}


def _evidence(glance: Glance, name: str) -> Evidence:
    """What is assigned to names and attributes that are called *name*, or to their items."""
    text = glance.text
    found = Evidence.NONE
    for start in glance.names(name):
        assigned = _ASSIGNMENT.match(text, start + len(name))
        if assigned is not None:
            value = _value(text, assigned.end())
            if value is None or _OF_BYTES.search(value):
                return Evidence.OF_BYTES
            if _OF_TEXT.search(value):
                found = Evidence.OF_TEXT
    return found


def _value(text: str, start: int) -> str | None:
    """What is assigned there, and perhaps more; None when its end is not in sight."""
    end = text.find("\n", start)
    value = text[start:end] if end > 0 else text[start:]
    is_whole = "#" not in value and not value.rstrip().endswith("\\")
    if is_whole and all(value.count(left) == value.count(right) for left, right in ("()", "[]", "{}")):
        return value
    value = text[start : start + _LONGEST_STATEMENT]
    return value if start + len(value) == len(text) or "\n\n" in value else None


def _may_be_shared(glance: Glance, place: int, name: str) -> bool:
    """Whether the variable *name* that is set at *place* is perhaps seen by more than one scope."""
    function = glance.function(place)
    if function is None or function == MODULE:
        return True
    known = glance.fact(_shared)
    if (function, name) not in known:
        known[function, name] = any(_opens_scope(glance, function, name))
    return known[function, name]


def _shared(_: Glance) -> dict[tuple[int, str], bool]:
    return {}


def _opens_scope(glance: Glance, function: int, name: str) -> Iterator[bool]:
    """Whether places of *function* are such that another scope perhaps sees its variable *name* there."""
    text = glance.text
    body, end = text.find("\n", function), glance.definition_end(function)
    yield next(glance.names("class", body, end), None) is not None
    for word in ("global", "nonlocal", "def"):  # the body of a function may stand behind its head
        yield from (name in text[start : text.find("\n", start)] for start in glance.names(word, body, end))
    for start in glance.names("lambda", body, end):
        yield text.find(name, start, glance.bracket_end(start)) >= 0
    for start in glance.names(name, body, end):
        yield glance.function(start) != function or glance.is_comprehended(start, start + len(name))
        yield _INNER_FOR.search(text, glance.line_start(start), start) is not None
