"""Where connections are thrown away: requests and clients in loops, and in what is called again and again.

That is category RQ: what one client could send over the connections that it keeps goes over a new one each time.  What
only tries again, remembers its result, or uses a client of its caller's choice is left out.
"""

from __future__ import annotations

import ast
import enum
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.hosts import names_in_authority
from flake8_flowperf.source.http import (
    ClientUse,
    Form,
    HttpCall,
    client_use,
    http_calls,
    request_url,
)
from flake8_flowperf.source.loops import enclosing_loops
from flake8_flowperf.source.names import Kind
from flake8_flowperf.source.repetition import KEEPING_CALLS, changes_in, is_called_in_loop, repeating_loop
from flake8_flowperf.source.tree import Comprehension, Function, Loop, walk, walk_scope

USER_BOUND = frozenset({"auth", "cookies", "cookie_jar", "cert", "proxies", "proxy", "headers"})
"""Arguments that can say on whose behalf, or through whom, a request is sent."""

_ONCE = frozenset(
    {"__init__", "__post_init__", "__new__", "__del__", "__enter__", "__exit__", "__aenter__", "__aexit__"}
)
_CLIENT_WORDS = ("session", "client", "opener")
_LOGIN = re.compile(r"log_?in|sign_?in|passw(?:or)?d", re.IGNORECASE)
_PATH_WORDS = ("url", "uri", "path", "endpoint", "route", "resource", "href", "link")


@dataclass(frozen=True)
class LoopedRequest:
    """A request, or a client that is made, in a loop that repeats it; *use* says how the client is used."""

    call: HttpCall
    loop: Loop | Comprehension
    use: ClientUse | None


class Reason(enum.Enum):
    """Why a function is taken to open its connections again and again."""

    CALLED_IN_LOOP = "the function is called in a loop of the file"
    CLIENT_PER_CALL = "a method makes a client for one request"
    CLIENT_CLASS = "several methods send requests to a URL of their object"
    HELPER = "the function sends whatever request it is asked for"
    SAME_URL = "functions that are called with one URL send a request each"


@dataclass(frozen=True)
class PerCallRequest:
    """A request, or a client that is made, with a new connection in every call of *function*.

    *owner* is the class that *function* is a method of, *use* says how the client is used.
    """

    call: HttpCall
    reason: Reason
    function: Function
    owner: ast.ClassDef | None
    use: ClientUse | None


def requests_in_loops(source: SourceFile) -> dict[ast.Call, LoopedRequest]:
    """The requests and clients of the file that a loop opens anew in every turn."""
    found = {}
    for call in source.fact(http_calls).values():
        host = names_in_authority(source, call.url) if not call.makes_client else ()
        loop = repeating_loop(source, call.node, host)
        if loop is None or _has_alternative(source, call.node):
            continue
        use = client_use(source, call) if call.makes_client else None
        if use is None or _is_wasted_in(source, use, loop):
            found[call.node] = LoopedRequest(call, loop, use)
    return found


def requests_per_call(source: SourceFile) -> dict[ast.Call, PerCallRequest]:
    """The requests and clients that functions of the file open anew in every call; none in loops."""
    candidates = [*_candidates(source)]
    found: dict[ast.Call, PerCallRequest] = {}
    for reason, chosen in (
        (Reason.CALLED_IN_LOOP, _called_in_loops(source, candidates)),
        (Reason.CLIENT_PER_CALL, _clients_of_methods(source, candidates)),
        (Reason.CLIENT_CLASS, _requests_of_classes(source, candidates)),
        (Reason.HELPER, _helpers(source, candidates)),
        (Reason.SAME_URL, _same_url(source, candidates)),
    ):
        for item in chosen:
            found.setdefault(item.call.node, PerCallRequest(item.call, reason, item.function, item.owner, item.use))
    return found


@dataclass(frozen=True)
class _Candidate:
    call: HttpCall
    function: Function
    owner: ast.ClassDef | None
    use: ClientUse | None

    @property
    def requests(self) -> list[tuple[ast.Call, ast.expr | None]]:
        """The requests that are sent, with their URLs."""
        if self.use is None:
            return [(self.call.node, self.call.url)]
        return [
            (request, request_url(request, request.func.attr))
            for request in self.use.requests
            if isinstance(request.func, ast.Attribute)
        ]


def _in_functions(source: SourceFile) -> list[_Candidate]:
    """All requests and clients of the file's functions, but for those in loops that repeat them."""
    in_loops = source.fact(requests_in_loops)
    found = []
    for call in source.fact(http_calls).values():
        function = source.tree.function(call.node)
        if call.node not in in_loops and isinstance(function, Function):
            use = client_use(source, call) if call.makes_client else None
            found.append(_Candidate(call, function, _class_of(source, function), use))
    return found


def _candidates(source: SourceFile) -> Iterator[_Candidate]:
    """Those that open a connection for one request and could leave that to a client."""
    for item in _in_functions(source):
        if _has_alternative(source, item.call.node) or _is_remembered(source, item.call.node, item.function):
            continue
        if item.use is None or _is_for_one_request(source, item.use, item.function):
            yield item


def _called_in_loops(source: SourceFile, candidates: list[_Candidate]) -> Iterator[_Candidate]:
    return (
        item
        for item in candidates
        if is_called_in_loop(source, item.function) and not _calls_different_hosts(source, item)
    )


def _clients_of_methods(source: SourceFile, candidates: list[_Candidate]) -> Iterator[_Candidate]:
    for item in candidates:
        if item.use is None or item.owner is None or not _is_called_often(item.function):
            continue
        if not _only_tries_again(source, item):
            yield item


def _requests_of_classes(source: SourceFile, candidates: list[_Candidate]) -> Iterator[_Candidate]:
    own = [
        item
        for item in _in_functions(source)
        if item.owner is not None
        and item.call.client is not None
        and _is_called_often(item.function)
        and not _is_remembered(source, item.call.node, item.function)
        and not _only_tries_again(source, item)
        and (item.use is None or _sends_once(source, item.use))
        and any(_is_on_self(source, url) for _, url in item.requests)
    ]
    counts = Counter(item.owner for item in own)
    wanted = {item.call.node for item in candidates}
    return (item for item in own if counts[item.owner] > 1 and item.call.node in wanted)


def _helpers(source: SourceFile, candidates: list[_Candidate]) -> Iterator[_Candidate]:
    counts = Counter(item.function for item in candidates)
    for item in candidates:
        function = item.function
        if item.call.client is None or function not in source.module.body or function.decorator_list:
            continue
        if counts[function] > 1 or not _is_thin(function) or not _reads_json(source, function):
            continue
        if _calls_different_hosts(source, item):
            continue
        if any(url is not None and _is_given(source, url, function) for _, url in item.requests):
            yield item


def _same_url(source: SourceFile, candidates: list[_Candidate]) -> Iterator[_Candidate]:
    calls: dict[tuple[ast.AST | None, str], list[tuple[ast.Call, _Candidate]]] = {}
    for item in candidates:
        if item.call.client is None or item.function not in source.module.body or _only_tries_again(source, item):
            continue
        for _, url in item.requests:
            parameter = _base_parameter(source, url, item.function) if url is not None else None
            for call in _calls_of(source, item.function) if parameter is not None else ():
                argument = _argument(call, item.function, parameter or "")
                if argument is not None and not isinstance(argument, ast.Constant):
                    key = (source.tree.function(call), ast.dump(argument))
                    calls.setdefault(key, []).append((call, item))
    for together in calls.values():
        for (one, item), (other, another) in combinations(together, 2):
            if item.function is not another.function and not _are_exclusive(source, one, other):
                yield from (item, another)


def _calls_different_hosts(source: SourceFile, item: _Candidate) -> bool:
    """Whether the caller says which host a request goes to, so that a kept connection may serve none of the others."""
    return item.use is None and any(
        varies_per_call(source, name, item.function) for name in names_in_authority(source, item.call.url)
    )


def _calls_of(source: SourceFile, function: Function) -> Iterator[ast.Call]:
    """The calls of a function of the module by its name."""
    variable = source.names.variable_bound_by(function)
    for load in variable.loads if len(variable.bindings) == 1 else ():
        call = source.tree.parent(load)
        if isinstance(call, ast.Call) and call.func is load:
            yield call


def _only_tries_again(source: SourceFile, item: _Candidate) -> bool:
    """Whether the request stands in a loop; one that repeats it for item after item is reported as such."""
    return next(enclosing_loops(source, item.call.node), None) is not None


def _is_called_often(function: Function) -> bool:
    """Whether a method can be called again and again on its object."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    return bool(arguments) and arguments[0].arg == "self" and function.name not in _ONCE


def _class_of(source: SourceFile, function: Function) -> ast.ClassDef | None:
    parent = source.tree.parent(function)
    return parent if isinstance(parent, ast.ClassDef) else None


def _is_wasted_in(source: SourceFile, use: ClientUse, loop: Loop | Comprehension) -> bool:
    """Whether a client that *loop* makes could as well be made once, before it."""
    if use.form is Form.OTHER or not (use.requests or use.escapes):
        return False
    if any(not _is_argument(source, name) for name in use.escapes) or _logs_in(use):
        return False
    if use.escapes and use.form is Form.ASSIGNED and not use.closes:
        return False  # what it is handed to may keep it: Api(session)
    if isinstance(loop, ast.While) and any(
        isinstance(part, (ast.For, ast.AsyncFor, ast.While)) for part in walk_scope(use.statement or loop.test)
    ):
        return False  # opened anew when the connection broke: a websocket, a stream of events
    return not any(changes_in(source, name, loop) for name in _settings(source, use))


def _is_for_one_request(source: SourceFile, use: ClientUse, function: Function) -> bool:
    """Whether a client of *function* sends one request, and is not made for one user of the function."""
    if use.form is Form.OTHER or use.escapes or use.call.has_unknown_arguments or not _sends_once(source, use):
        return False
    if any(setting.attr == "ws_connect" for setting in use.settings) or _logs_in(use):
        return False
    return not any(varies_per_call(source, name, function) for name in _settings(source, use))


def _sends_once(source: SourceFile, use: ClientUse) -> bool:
    """Whether a client sends one request, not one after another."""
    outside = {*enclosing_loops(source, use.call.node)}
    if any(loop not in outside for request in use.requests for loop in enclosing_loops(source, request)):
        return False
    pairs = combinations(use.requests, 2)
    return bool(use.requests) and all(_are_exclusive(source, one, other) for one, other in pairs)


def _settings(source: SourceFile, use: ClientUse) -> Iterator[ast.Name]:
    """The names in what a client is told about who sends its requests."""
    for keyword in use.call.keywords(USER_BOUND):
        yield from (part for part in walk(keyword.value) if isinstance(part, ast.Name))
    for attribute in use.settings:
        statement = source.tree.statement(attribute)
        if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr)):
            own = use.variable.loads if use.variable is not None else []
            yield from (part for part in walk(statement) if isinstance(part, ast.Name) and part not in own)


def _logs_in(use: ClientUse) -> bool:
    """Whether a client logs somebody in: what it then knows is for that user alone."""
    parts = (part for request in use.requests for part in walk(request))
    return any(_LOGIN.search(word) is not None for part in parts for word in _words(part))


def _words(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(word)) | ast.Name(id=word) | ast.Attribute(attr=word) | ast.keyword(arg=str(word)):
            yield word


def varies_per_call(source: SourceFile, name: ast.Name, function: Function, depth: int = 0) -> bool:
    """Whether *name* can have another value in each call of *function*."""
    variable = source.names.variable(name)
    if variable is None or variable.scope.node is not function or name.id in ("self", "cls"):
        return False
    value = variable.only_value
    if value is None or depth > 3:
        return True
    return any(varies_per_call(source, part, function, depth + 1) for part in walk(value) if isinstance(part, ast.Name))


def _is_argument(source: SourceFile, name: ast.Name) -> bool:
    """Whether *name* is handed to a call that does not keep it."""
    parent = source.tree.parent(name)
    if isinstance(parent, ast.keyword):
        parent = source.tree.parent(parent)
    if not isinstance(parent, ast.Call) or parent.func is name:
        return False
    return not (isinstance(parent.func, ast.Attribute) and parent.func.attr in KEEPING_CALLS)


def _are_exclusive(source: SourceFile, one: ast.AST, other: ast.AST) -> bool:
    """Whether two nodes stand in the two branches of one if."""
    below: dict[ast.AST, ast.AST] = {}
    child = one
    for ancestor in source.tree.ancestors(one):
        below[ancestor] = child
        child = ancestor
    child = other
    for ancestor in source.tree.ancestors(other):
        if ancestor in below:
            branches = [[part in block for part in (below[ancestor], child)] for block in _branches(ancestor)]
            return [True, False] in branches and [False, True] in branches
        child = ancestor
    return False


def _branches(node: ast.AST) -> list[list[ast.stmt]]:
    return [node.body, node.orelse] if isinstance(node, ast.If) else []


def _has_alternative(source: SourceFile, node: ast.Call) -> bool:
    """Whether the request or client is what is done when the caller gave no client."""
    child: ast.AST = node
    for ancestor in source.tree.ancestors(node):
        match ancestor:
            case ast.If(test=test) | ast.IfExp(test=test) if child is not test and _names_client(test):
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                return False
        child = ancestor
    return False


def _names_client(test: ast.expr) -> bool:
    for part in walk(test):
        match part:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name.lower().endswith(_CLIENT_WORDS):
                return True
    return False


def _is_remembered(source: SourceFile, node: ast.Call, function: Function) -> bool:
    """Whether the result is kept so that the request is sent once: in a cache decorator, attribute or global."""
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if "cache" in _last_name(called):
            return True
    around = [*source.tree.ancestors(node)]
    stored = {_last_name(target) for part in walk_scope(function) for target in _kept_targets(source, part)}
    for statement in walk_scope(function):
        if not isinstance(statement, ast.If):
            continue
        is_guard = statement in around or isinstance(statement.body[-1], ast.Return)
        if is_guard and any(_last_name(part) in stored for part in walk(statement.test)):
            return True
    return False


def _kept_targets(source: SourceFile, statement: ast.AST) -> Iterator[ast.expr]:
    """The attributes of self and the global names to which *statement* gives a computed value."""
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or isinstance(statement.value, ast.Constant):
        return
    for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
        match target:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                yield target
            case ast.Name():
                variable = source.names.scope_of(target).lookup(target.id)
                if variable is not None and variable.scope is source.names.module_scope:
                    yield target


def _last_name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_thin(function: Function) -> bool:
    """Whether a function does little but send its request: it has no loop and yields nothing."""
    return not any(
        isinstance(part, (ast.For, ast.AsyncFor, ast.While, ast.Yield, ast.YieldFrom)) for part in walk_scope(function)
    )


def _reads_json(source: SourceFile, function: Function) -> bool:
    """Whether a function takes what it gets for JSON, as callers of an API do."""
    return any(
        isinstance(part, ast.Call)
        and (_last_name(part.func) == "json" or source.names.qualified_name(part.func) == "json.loads")
        for part in walk_scope(function)
    )


def _origins(source: SourceFile, url: ast.expr, depth: int = 0) -> Iterator[ast.expr]:
    """What a URL begins with, through local names, methods of text and the functions of urllib.parse."""
    if depth > 6:
        return
    match url:
        case ast.Name():
            variable = source.names.variable(url)
            values = [item.value for item in variable.bindings if item.value is not None] if variable else []
            if not values:
                yield url
            for value in values:
                if not any(part is url for part in walk(value)):
                    yield from _origins(source, value, depth + 1)
        case ast.JoinedStr(values=[ast.FormattedValue(value=first), *_]):
            yield from _origins(source, first, depth + 1)
        case ast.BinOp(op=ast.Add()):
            yield from _origins(source, url.left, depth + 1)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="self"))):
            yield url.func
        case ast.Call(func=ast.Attribute(value=owner)) if source.names.qualified_name(url.func) is None:
            yield from _origins(source, owner, depth + 1)
        case ast.Call(args=[first, *_]):
            yield from _origins(source, first, depth + 1)
        case ast.Subscript(value=owner):
            yield from _origins(source, owner, depth + 1)
        case _:
            yield url


def _is_on_self(source: SourceFile, url: ast.expr | None) -> bool:
    """Whether a URL begins with what an object knows: ``self.url``, ``f"{self.base}/x"``, ``self.url_of(x)``."""
    return url is not None and any(
        isinstance(origin, ast.Attribute) and isinstance(origin.value, ast.Name) and origin.value.id == "self"
        for origin in _origins(source, url)
    )


def _base_parameter(source: SourceFile, url: ast.expr, function: Function) -> str | None:
    """The parameter of *function* that a URL begins with."""
    for origin in _origins(source, url):
        if isinstance(origin, ast.Name) and _is_parameter(source, origin, function):
            return origin.id
    return None


def _is_parameter(source: SourceFile, name: ast.Name, function: Function) -> bool:
    variable = source.names.variable(name)
    return variable is not None and any(
        item.kind is Kind.PARAMETER and variable.scope.node is function for item in variable.bindings
    )


def _is_given(source: SourceFile, url: ast.expr, function: Function, depth: int = 0) -> bool:
    """Whether the caller of *function* says which URL it is: all of it, or its path after a fixed base."""
    match url:
        case ast.Name():
            if _is_parameter(source, url, function):
                return depth == 0 or any(word in url.id.lower() for word in _PATH_WORDS)
            variable = source.names.variable(url)
            value = variable.only_value if variable is not None else None
            return value is not None and depth < 3 and _is_given(source, value, function, depth + 1)
        case ast.BinOp(op=ast.Add(), right=part) | ast.Call(args=[_, part]):
            return _is_given(source, part, function, depth + 1)
        case ast.JoinedStr(values=[*_, ast.FormattedValue(value=part)]):
            return _is_given(source, part, function, depth + 1)
    return False


def _argument(call: ast.Call, function: Function, parameter: str) -> ast.expr | None:
    """What *call* of *function* passes for *parameter*."""
    for keyword in call.keywords:
        if keyword.arg == parameter:
            return keyword.value
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    return dict(zip(names, call.args, strict=False)).get(parameter)
