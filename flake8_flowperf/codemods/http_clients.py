"""What the codemods of FLP801 and FLP802 share: requests rewritten to go through a client, and clients moved."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from flake8_flowperf.fixing.arguments import argument_start
from flake8_flowperf.fixing.indent import dedented, head_removal, moved_text, unit
from flake8_flowperf.fixing.slices import CannotSlice
from flake8_flowperf.model import Edit
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.connections import requests_per_call
from flake8_flowperf.source.http import (
    SESSION,
    URLLIB3_POOL,
    ClientType,
    ClientUse,
    Form,
    HttpCall,
    client_use,
    http_calls,
)
from flake8_flowperf.source.names import Variable
from flake8_flowperf.source.tree import walk

_OF_THE_CLIENT = {
    "httpx.Client": frozenset({"verify", "cert", "proxy", "proxies", "trust_env", "cookies", "transport"}),
    "aiohttp.ClientSession": frozenset({"connector", "version", "loop"}),
}
"""Arguments of a library's functions that its clients take when they are made, not with a request."""
_IDENTITY = frozenset({"auth", "cookies", "cert", "proxies", "proxy"})
_IDENTITY_HEADERS = frozenset({"authorization", "cookie", "x-api-key", "proxy-authorization"})


class Obstacle(Exception):
    """The rewrite would not be right; the message is a reason that a user can read."""


def check_request(call: HttpCall, varies: Callable[[ast.expr], bool]) -> None:
    """Raise Obstacle when the request cannot go through a client that other requests share.

    *varies* says whether an expression can have another value for the next request.
    """
    assert call.client is not None
    if any(isinstance(argument, ast.Starred) for argument in call.node.args):
        raise Obstacle("the arguments of the request are not written out")
    of_the_client = _OF_THE_CLIENT.get(call.client.constructor, frozenset())
    for keyword in call.node.keywords:
        if keyword.arg in of_the_client:
            raise Obstacle(f"`{keyword.arg}=` belongs to the client, not to a request")
        if keyword.arg is None and of_the_client:
            raise Obstacle("the arguments of the request are not written out")
        if keyword.arg in _IDENTITY and varies(keyword.value):
            raise Obstacle(f"`{keyword.arg}=` changes from request to request, and a client keeps cookies")
        if keyword.arg == "headers" and any(map(varies, _identities(keyword.value))):
            raise Obstacle("the credentials change from request to request, and a client keeps cookies")


def _identities(headers: ast.expr) -> Iterator[ast.expr]:
    if isinstance(headers, ast.Dict):
        for key, value in zip(headers.keys, headers.values, strict=True):
            if isinstance(key, ast.Constant) and str(key.value).lower() in _IDENTITY_HEADERS:
                yield value


def request_edits(source: SourceFile, call: HttpCall, client: str) -> list[Edit]:
    """The edits that send the request through *client*: ``requests.get(url, q)`` → ``client.get(url, params=q)``."""
    edits = [Edit(*source.text.span(call.node.func), f"{client}.{call.method}")]
    if call.client is SESSION and call.method == "get" and len(call.node.args) > 1:
        start = argument_start(source, call.node, 1)  # Session.get takes the parameters by keyword only
        edits.append(Edit(start, start, "params="))
    return edits


def library_name(call: HttpCall) -> ast.Name | None:
    """The name that the called function is reached by: ``requests`` of ``requests.get``."""
    node = call.node.func
    while isinstance(node, ast.Attribute):
        node = node.value
    return node if isinstance(node, ast.Name) else None


def is_imported_locally(source: SourceFile, name: ast.Name) -> bool:
    """Whether *name* is bound in a function, not in the module."""
    variable = source.names.variable(name)
    return variable is not None and variable.scope is not source.names.module_scope


def check_import(source: SourceFile, name: ast.Name, statement: ast.stmt) -> None:
    """Raise Obstacle unless *name*, bound in a function, is surely imported before *statement*."""
    variable = source.names.variable(name)
    around = {*source.tree.ancestors(statement)}
    for binding in variable.bindings if variable is not None else ():
        imported = source.tree.statement(binding.node)
        if source.tree.parent(imported) not in around or imported.lineno >= statement.lineno:
            raise Obstacle(f"{name.id!r} is not imported yet above the loop")


def moved_up(source: SourceFile, call: HttpCall, statement: ast.stmt) -> str:
    """The text of the call that makes a client, for a place at the indentation of *statement*."""
    name = library_name(call)
    if name is not None and is_imported_locally(source, name):
        check_import(source, name, statement)
    return moved_text(source, call.node, statement)


def replace_loads(source: SourceFile, use: ClientUse, client: str) -> list[Edit]:
    """The edits that name *client* wherever the client of *use* is named."""
    assert use.variable is not None
    return [Edit(*source.text.span(load), client) for load in use.variable.loads if load.id != client]


def check_movable(use: ClientUse, varies: Callable[[ast.expr], bool]) -> None:
    """Raise Obstacle when the client cannot be made earlier than it is, or not outlive its place."""
    if use.settings:
        raise Obstacle("the client is set up after it is made")
    if use.call.has_unknown_arguments:
        raise Obstacle("the arguments of the client are not written out")
    if any(varies(keyword.value) for keyword in use.call.node.keywords) or any(map(varies, use.call.node.args)):
        raise Obstacle("the arguments of the client change from one time to the next")
    if use.variable is not None and len(use.variable.bindings) > 1:
        raise Obstacle(f"{use.variable.name!r} is bound more than once")


def unmake(source: SourceFile, use: ClientUse) -> list[Edit]:
    """The edits that take away the place where the client is made and closed; its name stays."""
    match use.form, use.statement:
        case Form.WITH, ast.With() | ast.AsyncWith() as statement:
            if len(statement.items) > 1:
                return [_without_first_item(source, statement, use.call.node)]
            return dedented(source, statement, unit(source, statement))
        case Form.ASSIGNED, ast.Assign() as statement:
            return [_removal(source, item) for item in (statement, *_closing_statements(source, use))]
    return []


def unmake_in_place(source: SourceFile, use: ClientUse) -> list[Edit]:
    """Like unmake(), for a place that is moved one block deeper: what leaves a with statement stays where it is."""
    match use.form, use.statement:
        case Form.WITH, ast.With(items=[_]) | ast.AsyncWith(items=[_]) as statement:
            return [head_removal(source, statement)]
    return unmake(source, use)


def _closing_statements(source: SourceFile, use: ClientUse) -> Iterator[ast.stmt]:
    for close in use.closes:
        statement = source.tree.statement(close)
        value = statement.value if isinstance(statement, ast.Expr) else None
        if value is not close and not (isinstance(value, ast.Await) and value.value is close):
            raise Obstacle("the client is closed in the middle of an expression")
        yield statement


def _removal(source: SourceFile, statement: ast.stmt) -> Edit:
    """The edit that removes the lines of a statement."""
    if len(source.tree.block(statement)) == 1:
        raise Obstacle("a block would be left empty")
    text = source.text
    start, end = text.line_start(statement.lineno), text.line_start((statement.end_lineno or statement.lineno) + 1)
    if text.text[start:end].strip() != text.segment(statement):
        raise CannotSlice("the statement shares its line with other code")
    return Edit(start, end, "")


def _without_first_item(source: SourceFile, statement: ast.With | ast.AsyncWith, call: ast.Call) -> Edit:
    first, second = statement.items[:2]
    if first.context_expr is not call or first.optional_vars is None:
        raise Obstacle("the with statement opens other things first")
    start, end = source.text.span(call)[0], source.text.span(second.context_expr)[0]
    between = source.text.text[source.text.span(first.optional_vars)[1] : end]
    if between.strip() != ",":
        raise CannotSlice("the with statement is not written plainly")
    return Edit(start, end, "")


def shared_client(source: SourceFile, node: ast.AST, client: ClientType) -> str | None:
    """A client of that type that is there already: the module's, or that of a with statement around *node*.

    One that has been given headers, credentials or the like is for other requests; only adapters may be mounted.
    """
    at_module = nearest = None
    for call in source.fact(http_calls).values():
        if call.node is node or not call.makes_client or call.client is not client:
            continue
        if any(call.keywords(_IDENTITY | {"headers", "params"})):
            continue
        use = client_use(source, call)
        if use.variable is None or any(setting.attr != "mount" for setting in use.settings) or use.closes:
            continue
        if not _means(source, node, use.variable):
            continue
        runs_later = source.tree.function(node) is not None or source.tree.statement(node).lineno > call.node.lineno
        if use.form is Form.WITH and any(ancestor is use.statement for ancestor in source.tree.ancestors(node)):
            nearest = use.variable.name
        elif use.form is Form.ASSIGNED and use.statement in source.module.body and not use.escapes and runs_later:
            at_module = use.variable.name
    return nearest or at_module


def _means(source: SourceFile, node: ast.AST, variable: Variable) -> bool:
    """Whether the name of *variable* means it at *node*."""
    scope = source.names.module_scope
    for candidate in (node, *source.tree.ancestors(node)):
        if candidate in source.names.scopes:
            scope = source.names.scopes[candidate]
            break
    return scope.lookup(variable.name) is variable


def module_name(source: SourceFile, client: ClientType) -> str:
    """A name for a client that the module keeps."""
    return source.names.fresh_name(
        client.variable, "http_pool" if client is URLLIB3_POOL else f"http_{client.variable}"
    )


def local_name(source: SourceFile, statement: ast.stmt, client: ClientType) -> str:
    """A name for a client around *statement* that its function does not use.

    Nor does the module: the fix of FLP802 may take a name for it in the same round.
    """
    taken = {
        module_name(source, item.call.client)
        for item in source.fact(requests_per_call).values()
        if item.owner is None and item.call.client is not None and not item.call.client.is_async
    }
    function = source.tree.function(statement)
    candidates = [
        name for name in (client.variable, f"http_{client.variable}", f"loop_{client.variable}") if name not in taken
    ]
    if function is not None:
        used = {*_names_in(function)}
        candidates = [name for name in candidates if name not in used] or candidates
        if candidates[0] not in used:
            return candidates[0]
    return source.names.fresh_name(*candidates)


def _names_in(function: ast.AST) -> Iterator[str]:
    for part in walk(function):
        match part:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name.partition(".")[0]
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                yield from names
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name


def mentions(node: ast.expr, matches: Callable[[ast.Name], bool]) -> bool:
    """Whether an expression has a name that *matches*."""
    return any(isinstance(part, ast.Name) and matches(part) for part in walk(node))
