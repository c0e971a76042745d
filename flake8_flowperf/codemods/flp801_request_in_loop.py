"""FLP801: one client in a with statement around the loop."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Container

from flake8_flowperf.codemods.http_clients import (
    Obstacle,
    check_import,
    check_movable,
    check_request,
    is_imported_locally,
    library_name,
    local_name,
    mentions,
    moved_up,
    request_edits,
    shared_client,
    unmake_in_place,
)
from flake8_flowperf.fixing.imports import reference
from flake8_flowperf.fixing.indent import body_lines, indented, unit
from flake8_flowperf.fixing.loop import apply_edits
from flake8_flowperf.model import Edit, Finding, Fix, Import, NoFix, Safety
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.connections import LoopedRequest
from flake8_flowperf.source.http import ClientType, ClientUse, Form, HttpCall, spelled
from flake8_flowperf.source.repetition import changes_in
from flake8_flowperf.source.tree import Comprehension, walk_scope

_WHY = "cookies and connections are kept from one request to the next"
_EAGER = frozenset(
    {"all", "any", "dict", "frozenset", "list", "max", "min", "set", "sorted", "sum", "tuple", "join", "gather"}
)


def fix(finding: Finding[LoopedRequest], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:  # noqa: ARG001
    """Send the request through a client that a with statement around the loop makes; or move the client there."""
    facts = finding.facts
    try:
        if facts.call.client is None:
            raise Obstacle("urllib cannot keep a connection open; requests, httpx or urllib3 can")
        statement = _statement(source, facts, facts.call.client)
        _check_ends_in_time(source, facts)
        if facts.use is not None:
            return _hoist(source, facts, facts.use, statement, facts.call.client)
        return _share(source, facts, statement, facts.call.client)
    except Obstacle as obstacle:
        return NoFix(str(obstacle))


def _why(source: SourceFile, facts: LoopedRequest) -> str:
    if facts.use is not None:
        return _WHY
    return f"{_WHY}, and a test that replaces {spelled(source, facts.call)}() no longer reaches the code"


def _statement(source: SourceFile, facts: LoopedRequest, client: ClientType) -> ast.stmt:
    """The statement that the with statement goes around."""
    loop = facts.loop
    function = source.tree.function(loop)
    if isinstance(function, ast.Lambda):
        raise Obstacle("a lambda cannot hold a with statement")
    if function is None and source.tree.enclosing_class(loop) is not None:
        raise Obstacle("the client would become an attribute of the class")
    if client.is_async and not isinstance(function, ast.AsyncFunctionDef):
        raise Obstacle("an async client can only be opened in an async function")
    if not isinstance(loop, Comprehension):
        return loop
    if isinstance(loop, ast.GeneratorExp) and not _is_consumed(source, loop):
        raise Obstacle("the generator sends its requests when the with statement has ended")
    statement = source.tree.statement(loop)
    if hasattr(statement, "body"):
        raise Obstacle("the comprehension stands in the head of a statement with a block")
    return statement


def _check_ends_in_time(source: SourceFile, facts: LoopedRequest) -> None:
    """Raise Obstacle when a request may still be under way, or not be sent yet, after the loop has ended."""
    client, use = facts.call.client, facts.use
    for ancestor in source.tree.ancestors(facts.call.node):
        if ancestor is facts.loop:
            break
        if isinstance(ancestor, ast.GeneratorExp) and not _is_consumed(source, ancestor):
            raise Obstacle("the generator sends its requests when the with statement has ended")
    closes_in_loop = use is not None and (use.form is Form.WITH or bool(use.closes))
    if closes_in_loop:
        return
    for request in use.requests if use is not None else (facts.call.node,):
        is_stream = isinstance(request.func, ast.Attribute) and request.func.attr == "stream"
        if is_stream and not isinstance(source.tree.parent(request), ast.withitem):
            raise Obstacle("the stream may be read when the loop has ended")
        if client is not None and client.is_async and not _is_awaited(source, request):
            raise Obstacle("the request is not awaited in the loop")


def _is_awaited(source: SourceFile, request: ast.Call) -> bool:
    parent = source.tree.parent(request)
    return isinstance(parent, ast.Await) or (
        isinstance(parent, ast.withitem) and isinstance(source.tree.parent(parent), ast.AsyncWith)
    )


def _is_consumed(source: SourceFile, generator: ast.GeneratorExp) -> bool:
    parent = source.tree.parent(generator)
    if isinstance(parent, ast.Starred):
        parent = source.tree.parent(parent)
    function = parent.func if isinstance(parent, ast.Call) else None
    return getattr(function, "attr", None) in _EAGER or getattr(function, "id", None) in _EAGER


def _share(source: SourceFile, facts: LoopedRequest, statement: ast.stmt, client: ClientType) -> Fix:
    check_request(facts.call, lambda value: mentions(value, lambda name: changes_in(source, name, facts.loop)))
    there = shared_client(source, statement, client)
    if there is not None:
        return Fix(tuple(request_edits(source, facts.call, there)), Safety.UNSAFE, _why(source, facts))
    name = local_name(source, statement, client)
    edits, imports = _wrapped(source, statement, facts.call, client, name)
    return Fix((*edits, *request_edits(source, facts.call, name)), Safety.UNSAFE, _why(source, facts), imports)


def _wrapped(
    source: SourceFile,
    statement: ast.stmt,
    call: HttpCall,
    client: ClientType,
    name: str,
    stays: Container[int] = (),
) -> tuple[list[Edit], tuple[Import, ...]]:
    """The edits that put *statement* into a with statement, and the imports; the lines in *stays* keep their place."""
    imports: tuple[Import, ...] = ()
    if call.makes_client:
        made = moved_up(source, call, statement)
    else:
        constructor, imports = _constructor(source, statement, call, client)
        made = f"{constructor}()"
    keyword = "async with" if client.is_async else "with"
    head = f"{keyword} {made} as {name}:{source.text.newline}"
    first, *rest = indented(source, statement, unit(source, statement), keep=stays)
    opening = source.text.indentation(statement.lineno) + head + first.text
    return [Edit(first.start, first.end, opening), *rest], imports


def _constructor(
    source: SourceFile, statement: ast.stmt, call: HttpCall, client: ClientType
) -> tuple[str, tuple[Import, ...]]:
    """How to write the class of the client at *statement*, and the imports that it takes."""
    module = library_name(call)
    if module is not None and is_imported_locally(source, module):
        check_import(source, module, statement)
        if isinstance(call.node.func, ast.Attribute):
            return f"{module.id}.{client.constructor.rpartition('.')[2]}", ()
    return reference(source, statement, client.constructor)


def _hoist(source: SourceFile, facts: LoopedRequest, use: ClientUse, statement: ast.stmt, client: ClientType) -> Fix:
    check_movable(use, lambda value: mentions(value, lambda name: changes_in(source, name, facts.loop)))
    if use.variable is not None:
        name = use.variable.name
        if not all(any(part is load for part in walk_scope(statement)) for load in use.variable.loads):
            raise Obstacle(f"{name!r} is used beyond the loop")
        making = unmake_in_place(source, use)
    else:
        name = local_name(source, statement, client)
        making = [Edit(*source.text.span(facts.call.node), name)]
    stays: list[int] = []
    if isinstance(use.statement, (ast.With, ast.AsyncWith)) and len(use.statement.items) == 1:
        stays = body_lines(source, use.statement, unit(source, statement))
    edits, imports = _wrapped(source, statement, facts.call, client, name, stays)
    edits = [edit for edit in edits if not any(gone.start <= edit.start < gone.end for gone in making)]
    return Fix((_merged(source, statement, [*edits, *making]),), Safety.UNSAFE, _why(source, facts), imports)


def _merged(source: SourceFile, statement: ast.stmt, edits: list[Edit]) -> Edit:
    """One edit of all of *statement* that does what *edits* do, so that no other fix is made between them."""
    text = source.text.text
    start = min(edit.start for edit in edits)
    end = max(source.text.span(statement)[1], *(edit.end for edit in edits))
    moved = [Edit(edit.start - start, edit.end - start, edit.text) for edit in edits]
    return Edit(start, end, apply_edits(text[start:end], moved))
