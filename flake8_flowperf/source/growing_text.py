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
_ENDS_TARGET = re.compile(r"[\\ \t\r\n]*\+?=")
_HOLDS_TEXT = re.compile(r"[\"'#]")
_OPEN_ENDS = ("\\", "[", "{", '"""', "'''")
"""what a line ends with whose statement goes on, but for open parentheses"""
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
_ANYTHING = re.compile("")
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
    return next(_growing(glance), None) is not None


def growing_places(glance: Glance) -> list[int] | None:
    """Where such statements stand, and where what is a str or bytes there may be set; None when that is not known."""
    growing = list(_growing(glance))
    if any(start == end for start, end in growing):
        return None
    targets = {(glance.text[start:end], _is_plain(glance, start, end)) for start, end in growing}
    elsewhere = (place for name, is_plain in targets if not is_plain for place in glance.names(name))
    return [*(start for start, _ in growing), *elsewhere, *glance.names("global")]


def _growing(glance: Glance) -> Iterator[tuple[int, int]]:
    """Where the last name of what may grow begins and ends, in each statement that may make it grow.

    An empty range stands for what is not known: a target without a name, or more statements than can be judged.
    """
    text = glance.text
    done = judged = 0
    for start, end in glance.loops():
        for place in _assigning(text, max(start, done), end):
            is_augmented = text[place - 1] == "+"
            may = not _NUMBER.match(text, place - 1) if is_augmented else _may_add(text, place)
            if may and glance.is_in_loop(place):
                judged += 1
                if judged > _MOST:
                    yield place, place
                    return
                if _may_copy(glance, place - is_augmented, is_augmented):
                    yield _target(text, place - is_augmented)
        done = max(done, end)


def _assigning(text: str, start: int, end: int) -> Iterator[int]:
    """The offsets of ``=`` that may assign, be it as the end of ``+=``."""
    place = text.find("=", start, end)
    while place >= 0:
        if text.startswith("=", place + 1):
            place += 1
        elif text[place - 1] not in "!<>:":
            yield place
        place = text.find("=", place + 1, end)


def _may_add(text: str, place: int) -> bool:
    """Whether what is assigned to at the ``=`` at *place* is perhaps a term of the value, or a field of an f-string."""
    end = text.find("\n", place)
    value = text[place + 1 : end] if end > 0 else text[place + 1 :]
    opened, closed = value.count("("), value.count(")")
    if opened < closed and _HOLDS_TEXT.search(value) is None:
        return False  # the argument of a call
    if opened != closed or value.rstrip().endswith(_OPEN_ENDS):
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
    known = glance.fact(_evidence_by_name)
    if name not in known:
        known[name] = _evidence(glance, name)
    evidence = known[name]
    if evidence is Evidence.NONE or not is_augmented or not _is_plain(glance, start, end):
        return evidence is not Evidence.NONE
    if _may_be_shared(glance, place, name):
        return True
    return evidence is Evidence.OF_BYTES and _evidence_in_function(glance, place, name) is Evidence.OF_BYTES


def _is_plain(glance: Glance, start: int, end: int) -> bool:
    """Whether a target is certainly a name if its last one stands from *start* to *end*, alone in its line."""
    text = glance.text
    return not text[glance.line_start(start) : start].strip() and _ENDS_TARGET.match(text, end) is not None


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


def _other_names(glance: Glance) -> re.Pattern[str] | None:
    """A pattern for what else functions are called that make a str or bytes; None when they have no other names."""
    known = set(_FUNCTIONS)
    todo = list(_FUNCTIONS)
    while todo:
        others = glance.other_names(todo.pop())
        if others is None:
            return _ANYTHING
        todo += others - known
        known |= others
    others = known.difference(_FUNCTIONS)
    return re.compile(rf"\b(?:{'|'.join(sorted(others))})\b") if others else None


def _evidence_by_name(_: Glance) -> dict[str, Evidence]:
    return {}


def _evidence(glance: Glance, name: str, begin: int = 0, stop: int | None = None) -> Evidence:
    """What is assigned to names and attributes that are called *name*, or to their items."""
    text = glance.text
    other_names = glance.fact(_other_names)
    found = Evidence.NONE
    for start in glance.names(name, begin, stop):
        assigned = _ASSIGNMENT.match(text, start + len(name))
        if assigned is not None:
            value = _value(text, assigned.end())
            if value is None or _OF_BYTES.search(value) or (other_names is not None and other_names.search(value)):
                return Evidence.OF_BYTES
            if _OF_TEXT.search(value):
                found = Evidence.OF_TEXT
    return found


def _evidence_in_function(glance: Glance, place: int, name: str) -> Evidence:
    """What is assigned to a variable *name* that only the function around *place* sees."""
    function = glance.function(place)
    assert function is not None
    return _evidence(glance, name, function, glance.definition_end(function))


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
