"""FLP802: a client that the module, or the object, keeps."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from dataclasses import dataclass

from flake8_flowperf.codemods.http_clients import (
    Obstacle,
    check_movable,
    check_request,
    is_imported_locally,
    library_name,
    mentions,
    module_name,
    moved_up,
    replace_loads,
    request_edits,
    shared_client,
    unmake,
)
from flake8_flowperf.fixing.imports import reference
from flake8_flowperf.model import Edit, Finding, Fix, Import, NoFix, Safety
from flake8_flowperf.rules.flp802_client_per_call import RETRIES
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.connections import PerCallRequest, varies_per_call
from flake8_flowperf.source.http import (
    HTTPX_CLIENT,
    SENDING_METHODS,
    SESSION,
    URLLIB3_POOL,
    ClientType,
    HttpCall,
    http_calls,
    spelled,
)
from flake8_flowperf.source.tree import walk

_WHY = "cookies and connections are kept from one call to the next, and shared by all callers and threads"
_WHY_OBJECT = "cookies and connections are kept from one call to the next, if __init__ has run"
_FORKING = ("multiprocessing", "concurrent.futures.ProcessPoolExecutor", "os.fork")
_PLAIN_BASES = frozenset({"builtins.object", "abc.ABC"})
_STATE_METHODS = frozenset(
    {"__slots__", "__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__"}
    | {"__setattr__", "__getattribute__", "__getattr__"}
)


def fix(finding: Finding[PerCallRequest], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:
    """Send the request through a client that the module or the object keeps."""
    facts = finding.facts
    client = facts.call.client
    try:
        if client is None:
            raise Obstacle("urllib cannot keep a connection open; requests, httpx or urllib3 can")
        if client.is_async:
            raise Obstacle("an async client belongs to one event loop and must be closed there")
        _check(source, facts)
        library = library_name(facts.call)
        if library is None or is_imported_locally(source, library):
            raise Obstacle("the library is imported only when the function runs")
        retries = RETRIES.of(settings)
        if facts.owner is not None:
            keeper = _on_object(source, facts, facts.owner, client, retries)
            why = _WHY_OBJECT
        else:
            keeper = _on_module(source, facts, client, retries)
            why = _WHY
        if facts.use is None:
            why += f"; a test that replaces {spelled(source, facts.call)}() no longer reaches the code"
        return Fix((*keeper.edits, *_uses(source, facts, keeper.name)), Safety.UNSAFE, why, keeper.imports)
    except Obstacle as obstacle:
        return NoFix(str(obstacle))


@dataclass(frozen=True)
class _Keeper:
    """How the kept client is written where it is used, and the edits and imports that make it."""

    name: str
    edits: tuple[Edit, ...] = ()
    imports: tuple[Import, ...] = ()


def _check(source: SourceFile, facts: PerCallRequest) -> None:
    def varies(value: ast.expr) -> bool:
        return mentions(value, lambda name: varies_per_call(source, name, facts.function))

    def is_local(value: ast.expr) -> bool:
        return mentions(value, lambda name: _is_local(source, name))

    if facts.use is None:
        check_request(facts.call, varies)
    else:
        check_movable(facts.use, is_local)


def _is_local(source: SourceFile, name: ast.Name) -> bool:
    """Whether *name* means something that only the function knows, other than its object."""
    variable = source.names.variable(name)
    return variable is not None and variable.scope is not source.names.module_scope and name.id != "self"


def _uses(source: SourceFile, facts: PerCallRequest, name: str) -> list[Edit]:
    if facts.use is None:
        return request_edits(source, facts.call, name)
    if facts.use.variable is None:
        return [Edit(*source.text.span(facts.call.node), name)]
    return [*unmake(source, facts.use), *replace_loads(source, facts.use, name)]


def _made(
    source: SourceFile, place: ast.stmt, call: HttpCall, client: ClientType, retries: int
) -> tuple[str, tuple[Import, ...]]:
    """The expression that makes the client at *place*, and the imports that it takes."""
    if call.makes_client and (call.node.args or call.node.keywords):
        return moved_up(source, call, place), ()
    constructor, imports = reference(source, place, client.constructor)
    arguments = ""
    if client is HTTPX_CLIENT and retries:
        transport, more = reference(source, place, "httpx.HTTPTransport")
        arguments, imports = f"transport={transport}(retries={retries})", (*imports, *more)
    elif client is URLLIB3_POOL:
        arguments = "num_pools=10, maxsize=20"
    return f"{constructor}({arguments})", imports


def _on_module(source: SourceFile, facts: PerCallRequest, client: ClientType, retries: int) -> _Keeper:
    there = shared_client(source, facts.call.node, client)
    if there is not None and not (facts.use is not None and facts.call.node.keywords):
        return _Keeper(there)
    if source.tree.enclosing_class(facts.function) is not None:
        raise Obstacle("the function is nested in a method")
    if _forks(source):
        raise Obstacle("the module starts processes, which would share the client's connections")
    name = module_name(source, client)
    made, imports = _made(source, source.module.body[0], facts.call, client, retries)
    lines = [f"{name} = {made}"]
    if client is SESSION:
        lines += _adapter(source, name, retries)
        imports = (*imports, *_adapter_imports(retries))
    place = _above_definitions(source, library_name(facts.call))
    text, newline = source.text.text, source.text.newline
    before = newline if text[place - 1] in "\r\n" else newline * 2
    after = "" if text[place : place + 1] in ("\r", "\n", "") else newline
    return _Keeper(name, (Edit(place, place, before + newline.join(lines) + newline + after),), imports)


def _adapter(source: SourceFile, name: str, retries: int) -> list[str]:
    """The statements that give a session the pool of guide section 8."""
    adapter = source.names.fresh_name("adapter", "http_adapter")
    if not retries:
        lines = [f"{adapter} = HTTPAdapter(pool_connections=10, pool_maxsize=20)"]
    else:
        retry = source.names.fresh_name("retry", "connect_retry")
        lines = [
            f"{retry} = Retry(connect={retries}, backoff_factor=0.5)",
            f"{adapter} = HTTPAdapter(max_retries={retry}, pool_connections=10, pool_maxsize=20)",
        ]
    return [*lines, *(f'{name}.mount("{scheme}://", {adapter})' for scheme in ("http", "https"))]


def _adapter_imports(retries: int) -> Iterator[Import]:
    yield Import("requests.adapters", "HTTPAdapter")
    if retries:
        yield Import("urllib3.util.retry", "Retry")


def _forks(source: SourceFile) -> bool:
    imported = source.names.is_imported(*_FORKING)
    return imported or any(node.attr in ("fork", "ProcessPoolExecutor") for node in source.tree.of(ast.Attribute))


def _above_definitions(source: SourceFile, library: ast.Name | None) -> int:
    """The offset below the last statement above the module's first function or class; the library is imported there."""
    above: list[ast.stmt] = []
    for statement in source.module.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            break
        above.append(statement)
    variable = source.names.variable(library) if library is not None else None
    imported = [binding.node for binding in variable.bindings] if variable is not None else []
    if not imported or not all(source.tree.statement(node) in above for node in imported):
        raise Obstacle("the library is not imported above the first definition")
    return source.text.line_start((above[-1].end_lineno or above[-1].lineno) + 1)


def _on_object(
    source: SourceFile, facts: PerCallRequest, owner: ast.ClassDef, client: ClientType, retries: int
) -> _Keeper:
    arguments = [*facts.function.args.posonlyargs, *facts.function.args.args]
    if not arguments or arguments[0].arg != "self" or "staticmethod" in _names_of(facts.function.decorator_list):
        raise Obstacle(f"{facts.function.name}() has no object that could keep a client")
    making = _init(owner)
    there = _client_of(source, making, client) if making is not None else None
    if there is not None and not (facts.use is not None and facts.call.node.keywords):
        return _Keeper(f"self.{there}")
    if making is None:
        raise Obstacle("the class has no __init__ of its own")
    _check_class(source, owner)
    place, indentation = _place_in(source, making)
    name = _fresh_attribute(source, client)
    made, imports = _made(source, making.body[0], facts.call, client, retries)
    lines = [f"self.{name} = {made}"]
    if client is SESSION and retries:
        adapter = source.names.fresh_name("adapter", "http_adapter")
        lines.append(f"{adapter} = HTTPAdapter(max_retries=Retry(connect={retries}, backoff_factor=0.5))")
        lines += [f'self.{name}.mount("{scheme}://", {adapter})' for scheme in ("http", "https")]
        imports = (*imports, *_adapter_imports(retries))
    text, newline = source.text.text, source.text.newline
    code = newline.join(indentation + line for line in lines)
    code = code + newline if text[place - 1] in "\r\n" else newline + code
    return _Keeper(f"self.{name}", (Edit(place, place, code),), imports)


def _init(owner: ast.ClassDef) -> ast.FunctionDef | None:
    found = [item for item in owner.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
    return found[0] if len(found) == 1 and not found[0].decorator_list else None


def _client_of(source: SourceFile, making: ast.FunctionDef, client: ClientType) -> str | None:
    """The attribute in which ``__init__`` keeps a client that nothing sets up for other requests."""
    owner = source.tree.parent(making)
    for call in source.fact(http_calls).values():
        match source.tree.parent(call.node):
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)]) as statement:
                if call.client is client and statement in making.body and not call.node.keywords and owner is not None:
                    used = [source.tree.parent(node) for node in walk(owner) if _is_own(node, name)]
                    if all(_only_sends(use) for use in used if use is not statement):
                        return name
    return None


def _is_own(node: ast.AST, name: str) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == name
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def _only_sends(use: ast.AST | None) -> bool:
    return isinstance(use, ast.Attribute) and (use.attr in SENDING_METHODS or use.attr == "mount")


def _check_class(source: SourceFile, owner: ast.ClassDef) -> None:
    """Raise Obstacle unless the objects of a class surely take a new attribute in ``__init__``, and keep it."""
    if owner.decorator_list:
        raise Obstacle("the class is decorated")
    for base in (*owner.bases, *(keyword.value for keyword in owner.keywords)):
        if source.names.qualified_name(base) not in _PLAIN_BASES:
            raise Obstacle(f"the class inherits from {ast.unparse(base)[:30]}, which may not take a new attribute")
    own = {item.name for item in owner.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))}
    special = _STATE_METHODS & (own | {name for item in owner.body if isinstance(item, ast.Assign)
                                       for name in _names_of(item.targets)})  # fmt: skip
    if special:
        raise Obstacle(f"the class defines {min(special)}")
    for node in walk(source.module):
        match node:
            case ast.ClassDef() if any(_is_class(source, base, owner) for base in node.bases):
                below = _init(node)
                if below is not None and not any(map(_is_super_init, below.body)):
                    raise Obstacle(f"{node.name} inherits from the class and does not call its __init__")
            case ast.Attribute(value=ast.Name(id="self"), attr="__dict__"):
                if source.tree.enclosing_class(node) is owner:
                    raise Obstacle("the class handles the attributes of its objects itself")


def _is_class(source: SourceFile, base: ast.expr, owner: ast.ClassDef) -> bool:
    variable = source.names.variable(base) if isinstance(base, ast.Name) else None
    return variable is not None and any(binding.node is owner for binding in variable.bindings)


def _is_super_init(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"))):
            return True
    return False


def _names_of(nodes: list[ast.expr]) -> set[str]:
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _place_in(source: SourceFile, making: ast.FunctionDef) -> tuple[int, str]:
    """Where in ``__init__`` the client is made, and the indentation: below the first attributes, before any call of
    a method that may need it."""
    if making.body[0].lineno == making.lineno:
        raise Obstacle("the body of __init__ is not on lines of its own")
    last = None
    for statement in making.body:
        if not _is_plain(statement):
            break
        last = statement
    text = source.text
    line = (last.end_lineno or last.lineno) + 1 if last is not None else making.body[0].lineno
    return text.line_start(line), text.indentation(making.body[0].lineno)


def _is_plain(statement: ast.stmt) -> bool:
    """Whether a statement of ``__init__`` sets an attribute and lets nothing else of the object run."""
    match statement:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"))], value=value):
            return _lets_nothing_run(value)
        case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id="self")), value=ast.expr() as value):
            return _lets_nothing_run(value)
    return _is_super_init(statement)


def _lets_nothing_run(value: ast.expr) -> bool:
    called = [part.func for part in walk(value) if isinstance(part, ast.Call)]
    handed = [
        argument
        for part in walk(value)
        if isinstance(part, ast.Call)
        for argument in (*part.args, *(keyword.value for keyword in part.keywords))
    ]
    return not any(
        isinstance(part, ast.Name) and part.id == "self" for function in (*called, *handed) for part in walk(function)
    )


def _fresh_attribute(source: SourceFile, client: ClientType) -> str:
    taken = {node.attr for node in source.tree.of(ast.Attribute)}
    candidates = (f"_{client.variable}", f"_http_{client.variable}", f"_kept_{client.variable}")
    for name in candidates:
        if name not in taken:
            return name
    raise Obstacle(f"the names {', '.join(candidates)} are taken")
