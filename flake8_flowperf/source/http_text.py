"""Whether a text may open connections again and again, by its lines alone: most files never get past this."""

from __future__ import annotations

import re

from flake8_flowperf.source.glance import CALL, GAP, MODULE, Glance
from flake8_flowperf.source.http import CLIENTS, REQUESTS

_PARTS = [name.split(".") for name in (*REQUESTS, *CLIENTS)]
_FUNCTIONS = {
    module: frozenset[str]().union(*(parts for first, *parts in _PARTS if first == module))
    for module in {first for first, *_ in _PARTS}
}
"""the other parts of their names by the first one"""
_SENDING = frozenset(name.rpartition(".")[2] for name in REQUESTS)
_METHOD = re.compile(rf"[ \t]*(?:async\s+)?def\s+\w+(?:\[[^\n]*\])?{GAP}self\b")
_DEF = re.compile(r"\bdef[\s\\]+\Z")
_MOST = 50
"""functions that are judged before their file is parsed; each takes a look at the whole text"""
_READS_JSON = re.compile(r"\b(?:json|loads)[\s\\]*\(")


def may_call_http(glance: Glance) -> bool:
    """Whether a text perhaps sends a request of its own or makes a client."""
    return glance.fact(possible_http_calls) != []


def possible_http_calls(glance: Glance) -> list[tuple[int, int]] | None:
    """Where a text perhaps does so; see Glance.calls()."""
    return glance.calls(_FUNCTIONS)


def http_places(glance: Glance) -> list[int] | None:
    """Where a text perhaps does so, and where functions that do are named; None when that cannot be told."""
    uses = glance.uses(_FUNCTIONS)
    if uses is None:
        return None
    functions = {glance.function_name(place) for place in uses}
    if None in functions:
        return None
    return [*uses, *(place for name in functions if name for place in glance.names(name))]


def may_connect_in_loops(glance: Glance) -> bool:
    """Whether a loop of a text perhaps sends a request of its own or makes a client."""
    calls = glance.fact(possible_http_calls)
    return calls is None or any(glance.is_repeated(start, glance.bracket_end(opened + 1)) for start, opened in calls)


def may_connect_per_call(glance: Glance) -> bool:
    """Whether a function of a text perhaps does so for one of the reasons of connections.Reason."""
    text = glance.text
    calls = glance.fact(possible_http_calls)
    if calls is None:
        return True
    functions: set[int] = set()
    in_methods: list[str] = []
    for start, opened in calls:
        function = glance.function(start)
        if function is None:
            return True
        if function != MODULE:
            functions.add(function)
            if _METHOD.match(text, function):
                in_methods.append(text[start:opened])
    helpers = [function for function in functions if text[function] not in " \t"]
    if len(in_methods) > 1 or len(helpers) > 1:
        return True
    if any(map(_may_make_client, in_methods)) or any(_may_read_json(glance, function) for function in helpers):
        return True
    names = {glance.function_name(start) for start, _ in calls} - {""}
    return len(names) > _MOST or any(_may_run_repeatedly(glance, name) for name in names)


def _may_read_json(glance: Glance, function: int) -> bool:
    """Whether the function that begins at *function* perhaps takes something for JSON."""
    is_read = _READS_JSON.search(glance.text, function, glance.definition_end(function)) is not None
    return is_read or glance.other_names("loads") != set()


def _may_run_repeatedly(glance: Glance, name: str | None) -> bool:
    """Whether a function *name* is perhaps called in a loop, or handed to something that calls it."""
    text = glance.text
    if not name:
        return True
    for start in glance.names(name):
        if _DEF.search(text, glance.line_start(start), start):
            continue
        call = CALL.match(text, start + len(name))
        if call is None or glance.is_repeated(start, glance.bracket_end(call.end())):
            return True
    return False


def _may_make_client(called: str) -> bool:
    """Whether what is *called*, as a text spells it, is not certainly one of the functions that send a request."""
    return re.split(r"\W+", called.rstrip(" \t\r\n\\)"))[-1] not in _SENDING
