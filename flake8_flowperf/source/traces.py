"""Which containers of a file are traces and caches without a bound, and which entries take their index from len().

The signals are those that told hand-labelled sites apart: the name, what is done with the container anywhere in the
file, and whether its owner lives long.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from flake8_flowperf.source.containers import (
    INITIALISERS,
    Act,
    Container,
    Form,
    Use,
    called_name,
    containers_called,
    is_restoring,
)
from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.glance import ANNOTATION, GAP, LONGEST_GAP, Glance, word_start
from flake8_flowperf.source.tree import walk

TRACE_STEMS = (
    "log", "trace", "history", "histories", "event", "record", "metric", "telemetry", "audit", "decision", "snapshot",
    "sent", "journal",
)  # fmt: skip


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NOUN = {word for stem in TRACE_STEMS for word in (stem, f"{stem}s")}
_BODY = frozenset({"entries", "items", "list", "data", "points", "lines", "steps", "trail"})
_NOT_A_TRACE = _set(
    "warning warnings error errors message messages result results callback callbacks handler handlers hook hooks "
    "listener listeners plugin plugins option options stack pending queue queued buffer buffered todo batch expected "
    "file files path paths name names type types"
)
_SHORT_LIVED = _set(
    "visitor transformer parser printer writer result results error exception warning report builder validator "
    "collector runner case context request response args namespace message builder "
    "formatter lexer tokenizer reader loader importer exporter migration command"
)
_PRETENDING = _set("test tests mock fake stub dummy")
_LONG_LIVED = _set(
    "agent app application assistant backend bot broker bus cache client connection controller coordinator daemon "
    "dispatcher engine environment gateway handler kernel logger manager memory monitor node orchestrator pool "
    "recorder registry scheduler server service session simulator supervisor system tracer tracker worker"
)
GROWTH_WORDS = ("append", "extend", "insert", "+=")
"""what must stand behind a name in a text for a list to grow"""
_CACHE_STEMS = ("cache", "Cache", "CACHE", "memo", "Memo", "MEMO")
_CACHE_WORDS = frozenset({"cache", "caches", "memo"})
_MEASURED = re.compile(r"len\b[\s\\(]*(?:\w+[\s\\]*\.[\s\\]*)*(\w+)[\s\\]*\)")
"""the last name in a ``len(self.name)``"""
_ASSIGNED = re.compile(rf"(?<![=!<>])={GAP}\Z")
_APPEND = re.compile(r"append\w*[\s\\]*\(")
_ITEM = re.compile(r"\w*\s*\[")
_NEW = re.compile(rf"[\s\\)]*{ANNOTATION}=(?!=)[\s\\(]*(?:\{{(?:\s|#[^\n]*\n)*\}}|[\w.]+[\s\\]*\()")
"""what stands behind a name that gets an empty dict, or what a call makes"""
_SET = re.compile(r"[\s\\]*(?:[\])]*[\s\\]*(?:[-+*/|&^%@<>]{0,2}=(?!=)|in\b)|,[^\n=]*=(?!=)|:)")
"""what may stand behind an item that is set: alone, with others, by an operator, by a loop or by a ``with``"""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_FREE_KEY = _set(
    "path file filename directory dir folder url uri query sql text prompt input request body question message "
    "sentence key cache content user token search term string args kwargs hash digest"
)
_ENUM_KEY = _set("code type cls class schema scheme locale lang language kind offset level attr field")

_ALWAYS_BOUNDED = (Act.SHRINK, Act.STORE, Act.GUARD, Act.MEMBER, Act.ALIAS)
_USED_UP = (Act.ITERATE, Act.CONSUME, Act.LAZY, Act.SORT, Act.CONCATENATE, Act.INDEX, Act.ESCAPE, Act.CHECK,
            Act.SET_ITEM)  # fmt: skip


@dataclass(frozen=True)
class LengthIndex:
    """An entry that is appended with ``len()`` of its own list inside: the append call, and the ``len(x)`` calls.

    *assigned* is the statement before it when the length is taken there (``index = len(x)``).
    """

    container: Container
    append: ast.Call
    lengths: tuple[ast.Call, ...]


def words(name: str) -> list[str]:
    """The words of a snake_case or CamelCase name, in lower case."""
    return [word.lower() for word in _WORD.findall(name)]


def unbounded_traces(source: SourceFile) -> list[Container]:
    """The lists that look like a trace and only ever grow."""
    return [item for item in source.fact(_candidates) if _is_unbounded_trace(source, item)]


def unbounded_caches(source: SourceFile) -> list[Container]:
    """The dicts that look like a cache with free keys and only ever grow."""
    return [item for item in containers_called(source, is_cache_name) if _is_unbounded_cache(source, item)]


def length_indexes(source: SourceFile) -> list[LengthIndex]:
    """The entries of unbounded traces, and of deques with a maxlen, that are numbered by the length of the list."""
    traces = source.fact(unbounded_traces)
    if not traces and "maxlen" not in source.text.text and "deque" not in source.text.text:
        return []
    return [
        LengthIndex(container, use.node, lengths)
        for container in source.fact(_candidates)
        if container in traces or _is_bounded(container)
        for use in container.of(Act.APPEND)
        if isinstance(use.node, ast.Call) and (lengths := tuple(_lengths(source, container, use)))
    ]


def _candidates(source: SourceFile) -> list[Container]:
    """The containers that have the name of a trace, or whose length is taken."""
    measured = frozenset(_MEASURED.findall(source.text.text))
    return containers_called(source, lambda name: name in measured or is_trace_name(name))


def may_hold_trace(glance: Glance) -> bool:
    """Whether something in a text grows that has the name of a trace.

    Most files hold no such name, and need no look at their classes.
    """
    return any(is_trace_name(name) for name in glance.fact(_grown))


def trace_places(glance: Glance) -> list[int]:
    """Where what grows and has the name of a trace stands."""
    return [place for name in glance.fact(_grown) if is_trace_name(name) for place in glance.names(name)]


def may_number_entries(glance: Glance) -> bool:
    """Whether what is appended to something is perhaps numbered by its length, and it may be a trace or a deque."""
    return glance.has(("len",)) and bool(glance.fact(_numbered))


def numbered_places(glance: Glance) -> list[int]:
    """Where what is appended to stands if its length may number what is appended."""
    return [place for name in glance.fact(_numbered) for place in glance.names(name)]


def may_hold_cache(glance: Glance) -> bool:
    """Whether an item of something is perhaps set that has the name of a cache."""
    text = glance.text
    judged = set()
    for place in glance.fact(cache_places):
        item = _ITEM.match(text, place)
        close = glance.bracket_end(item.end()) if item is not None else 0
        if item is not None and (close == len(text) or _SET.match(text, close)):
            name = text[word_start(text, place) : item.end() - 1].rstrip()
            if name not in judged and any(_NEW.match(text, start + len(name)) for start in glance.names(name)):
                return True
            judged.add(name)
    return False


def cache_places(glance: Glance) -> list[int]:
    """Where a name that is perhaps a cache's stands."""
    text = glance.text
    found = []
    for stem in _CACHE_STEMS:
        place = text.find(stem)
        while place >= 0:
            found.append(place)
            place = text.find(stem, place + len(stem))
    return found


def _grown(glance: Glance) -> set[str]:
    """The names of what grows."""
    return glance.fact(_appended).union(*(_names_before(word, glance.text) for word in GROWTH_WORDS[1:]))


def _appended(glance: Glance) -> set[str]:
    """The names of what is appended to."""
    return set(_names_before(GROWTH_WORDS[0], glance.text))


def _numbered(glance: Glance) -> set[str]:
    """The names of traces and perhaps deques that are appended to, and whose length is taken for what is appended."""
    text = glance.text
    measured = glance.fact(_appended).intersection(_MEASURED.findall(text))
    if not glance.has(("deque",)):
        measured = set(filter(is_trace_name, measured))
    if not measured:
        return measured
    found = {
        length[1]
        for length in _MEASURED.finditer(text)
        if length[1] in measured and _ASSIGNED.search(text, max(0, length.start() - LONGEST_GAP), length.start())
    }
    for append in _APPEND.finditer(text):
        name = _name_before(text, append.start())
        if name in measured and name not in found:
            added = _MEASURED.finditer(text, append.end(), glance.bracket_end(append.end()))
            if any(length[1] == name for length in added):
                found.add(name)
    return found


def _names_before(word: str, text: str) -> Iterator[str]:
    """The names before each *word*."""
    place = text.find(word)
    while place >= 0:
        if name := _name_before(text, place, "." if word != "+=" else ""):
            yield name
        place = text.find(word, place + len(word))


def _name_before(text: str, place: int, between: str = ".") -> str:
    """The name that stands before *place*, with *between* in between; "" when none does."""
    end = _rstrip(text, place)
    if not text.endswith(between, 0, end):
        return ""
    end = _rstrip(text, end - len(between))
    return text[word_start(text, end) : end]


def _rstrip(text: str, end: int) -> int:
    """The end of what stands before *end*, blanks and newlines left out."""
    while end and (text[end - 1].isspace() or text[end - 1] == "\\"):
        end -= 1
    return end


def is_trace_name(name: str) -> bool:
    """Whether a name says that what it holds is a log of what happened."""
    parts = words(name)
    if not parts or not _NOT_A_TRACE.isdisjoint(parts):
        return False
    return parts[-1] in _NOUN or (parts[-1] in _BODY and not _NOUN.isdisjoint(parts))


def is_cache_name(name: str) -> bool:
    """Whether a name says that what it holds are answers that were asked for before; ``cache_nodes`` are no cache."""
    parts = words(name)
    return "cached" in parts or any(
        part in _CACHE_WORDS and following in ("", "by", "for", "of")
        for part, following in zip(parts, [*parts[1:], ""], strict=False)
    )


def _is_bounded(container: Container) -> bool:
    return bool(container.creations) and all(item.form is Form.BOUNDED for item in container.creations)


def _is_unbounded_trace(source: SourceFile, container: Container) -> bool:
    if not is_trace_name(container.name) or container.is_reached_by_text:
        return False
    if any(creation.form not in (Form.LIST, Form.DEQUE) for creation in container.creations):
        return False
    if any(not use.is_certain for use in container.of(Act.RESTORE)):
        return False
    if any(source.tree.function(owner) is not None for owner in container.classes):
        return False  # the class lives no longer than a call
    if any(container.of(*_ALWAYS_BOUNDED)) or not _grows(source, container, (Act.APPEND, Act.GROW)):
        return False
    if any(_is_short_lived(name) for name in _owner_names(container)):
        return False
    return _lives_long(container) or not any(_is_used_up(source, use) for use in container.uses)


def _grows(source: SourceFile, container: Container, acts: tuple[Act, ...]) -> bool:
    """Whether code that can run again and again adds to the container; a list that is filled with a saved state is not
    meant, but a cache may well be filled by what loads."""
    for use in container.of(*acts):
        function = source.tree.function(use.reference)
        if not use.is_certain or function is None or getattr(function, "name", "") in INITIALISERS:
            continue
        if use.act is Act.SET_ITEM or not is_restoring(function):
            return True
    return False


def _is_short_lived(class_name: str) -> bool:
    """Whether a class, by its name, is made for one run, one item or a test."""
    parts = words(class_name)
    return bool(parts) and (parts[-1] in _SHORT_LIVED or not _PRETENDING.isdisjoint(parts))


def _owner_names(container: Container) -> Iterator[str]:
    for owner in container.classes:
        yield owner.name
        yield from (name for base in owner.bases if (name := called_name(base)))


def _lives_long(container: Container) -> bool:
    """Whether the owner is, by its name, a server or the like, or the list belongs to the class itself."""
    owners = [creation.owner for creation in container.creations if creation.owner is not None]
    if any(creation.function is None and creation.field_of is None and creation.owner is not None
           for creation in container.creations):  # fmt: skip
        return not any(_is_data_class(owner) for owner in owners)
    return any((words(owner.name) or [""])[-1] in _LONG_LIVED for owner in owners)


def _is_data_class(owner: ast.ClassDef) -> bool:
    names = [item.func if isinstance(item, ast.Call) else item for item in owner.decorator_list]
    return any(called_name(item) in ("dataclass", "define", "s", "attrs", "frozen", "mutable") for item in names)


def _is_used_up(source: SourceFile, use: Use) -> bool:
    """Whether a use looks like the end of a run that collected, rather than a look at what there is."""
    if use.act in _USED_UP:
        return True
    return use.act is Act.RETURN and not _is_getter(source, use)


def _is_getter(source: SourceFile, use: Use) -> bool:
    function = source.tree.function(use.reference)
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return True
    body = [item for item in function.body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))]
    while len(body) == 1 and isinstance(body[0], (ast.With, ast.AsyncWith)):
        body = body[0].body
    return len(body) == 1


def _lengths(source: SourceFile, container: Container, use: Use) -> Iterator[ast.Call]:
    """The ``len(x)`` that number the entry that *use* appends to ``x``."""
    assert isinstance(use.node, ast.Call)
    inside = {node for argument in use.node.args for node in walk(argument)}
    names = {
        variable
        for node in inside
        if isinstance(node, ast.Name)
        and (variable := source.names.variable(node)) is not None
        and _numbers_entry(source, node, use.node)
    }
    for length in container.of(Act.LEN):
        if length.node in inside:
            if _numbers_entry(source, length.node, use.node) and isinstance(length.node, ast.Call):
                yield length.node
            continue
        match source.tree.parent(length.node):
            case ast.Assign(targets=[ast.Name() as target]) as assignment:
                variable = source.names.variable(target)
                if variable in names and variable is not None and variable.only_value is length.node:
                    block = source.tree.block(assignment)
                    if source.tree.statement(use.node) in block and isinstance(length.node, ast.Call):
                        yield length.node


def _numbers_entry(source: SourceFile, node: ast.AST, append: ast.Call) -> bool:
    """Whether the value of *node* becomes a part of the appended entry as it is, or plus or minus a constant."""
    for ancestor in source.tree.ancestors(node):
        if ancestor is append:
            return True
        match ancestor:
            case ast.Call(func=function):
                name = source.names.qualified_name(function) or ""
                if name.startswith("builtins.") and name not in ("builtins.str", "builtins.dict", "builtins.repr"):
                    return False
            case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
                if not isinstance(left, ast.Constant) and not isinstance(right, ast.Constant):
                    return False
            case ast.Dict() | ast.Tuple() | ast.List() | ast.keyword() | ast.JoinedStr() | ast.FormattedValue():
                pass
            case _:
                return False
    return False


def _is_unbounded_cache(source: SourceFile, container: Container) -> bool:
    if not is_cache_name(container.name) or container.is_reached_by_text:
        return False
    if any(creation.form is not Form.DICT for creation in container.creations):
        return False
    if any(container.of(Act.SHRINK, Act.STORE, Act.GUARD, Act.ALIAS, Act.ESCAPE)):
        return False
    if not _grows(source, container, (Act.SET_ITEM,)):
        return False
    if any(_is_short_lived(owner.name) for owner in container.classes):
        return False
    return any(
        isinstance(use.node, ast.Subscript) and _is_free(source, use.node.slice) for use in container.of(Act.SET_ITEM)
    )


def _is_free(source: SourceFile, key: ast.expr) -> bool:
    """Whether a key can take ever new values: text that is put together, a path, a query, a request's parameter."""
    if isinstance(key, ast.Name):
        variable = source.names.variable(key)
        if variable is not None and isinstance(variable.only_value, (ast.JoinedStr, ast.BinOp)):
            return True
    match key:
        case ast.JoinedStr():
            return True
        case ast.Tuple(elts=elements):
            return any(_is_free(source, element) for element in elements)
        case ast.Call(func=function):
            if source.names.qualified_name(function) in ("builtins.str", "builtins.repr") and key.args:
                return _is_free(source, key.args[0])
            parts = words(called_name(function))
        case ast.Name(id=name) | ast.Attribute(attr=name):
            parts = words(name)
        case _:
            return False
    return bool(parts) and _ENUM_KEY.isdisjoint(parts) and not _FREE_KEY.isdisjoint(parts)
