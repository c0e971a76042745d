"""The HTTP requests of a file and the clients that it makes, by the libraries' names (guide 8, evidence item 8)."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from dataclasses import dataclass

from flake8_flowperf.source.calls import calls_that_may_be
from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.names import Kind, Variable
from flake8_flowperf.source.tree import walk


@dataclass(frozen=True)
class ClientType:
    """A class whose instances keep connections open; *variable* is what the field calls such an instance."""

    constructor: str
    variable: str
    is_async: bool = False


SESSION = ClientType("requests.Session", "session")
HTTPX_CLIENT = ClientType("httpx.Client", "client")
HTTPX_ASYNC_CLIENT = ClientType("httpx.AsyncClient", "client", is_async=True)
AIOHTTP_SESSION = ClientType("aiohttp.ClientSession", "session", is_async=True)
URLLIB3_POOL = ClientType("urllib3.PoolManager", "http")

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_URLOPEN = ("urllib.request.urlopen", "urllib2.urlopen", "six.moves.urllib.request.urlopen")

REQUESTS: dict[str, ClientType | None] = {
    **{f"requests.{method}": SESSION for method in _METHODS},
    **{f"requests.api.{method}": SESSION for method in _METHODS},
    **{f"httpx.{method}": HTTPX_CLIENT for method in (*_METHODS, "stream")},
    "aiohttp.request": AIOHTTP_SESSION,
    **dict.fromkeys(_URLOPEN, None),
}
"""The functions that open a connection for one request, and the client that would keep it; urllib has none.

``urllib3.request`` is not among them: it sends through a pool that its module keeps.
"""

CLIENTS: dict[str, ClientType] = {
    "requests.Session": SESSION,
    "requests.session": SESSION,
    "requests.sessions.Session": SESSION,
    "httpx.Client": HTTPX_CLIENT,
    "httpx.AsyncClient": HTTPX_ASYNC_CLIENT,
    "aiohttp.ClientSession": AIOHTTP_SESSION,
    "urllib3.PoolManager": URLLIB3_POOL,
}

CALLS = tuple(spelling for name in (*REQUESTS, *CLIENTS) for spelling in (name, "." + name.rpartition(".")[2]))
"""What a rule listens to: the names, and methods of the same name, since a name may stand for either of two modules."""
HTTP_MODULES = frozenset(name.partition(".")[0] for name in (*REQUESTS, *CLIENTS))
_LAST_NAMES = frozenset(name.rpartition(".")[2] for name in (*REQUESTS, *CLIENTS))
HTTP_WORDS = tuple(
    sorted({name.rpartition(".")[2] if name in _URLOPEN else name.partition(".")[0] for name in (*REQUESTS, *CLIENTS)})
)
"""A file that imports none of the modules, or has none of the words, calls none of them."""

WITHOUT_DEFAULT_TIMEOUT = frozenset(name for name, client in REQUESTS.items() if client in (SESSION, None))
"""requests and urllib wait for ever unless told otherwise; httpx gives up after 5 s, aiohttp after 300 s."""

SENDING_METHODS = frozenset({*_METHODS, "stream", "send", "urlopen", "request_encode_url", "request_encode_body"})
_STATUS = frozenset({"ok", "status", "status_code", "is_success", "is_error", "raise_for_status", "getcode"})


@dataclass(frozen=True)
class HttpCall:
    """A call that sends one request over a connection of its own, or one that makes a client.

    *name* is the qualified name of what is called.  *client* is the type of the client that is made, or that would
    keep the request's connection; None for urllib.
    """

    node: ast.Call
    name: str
    client: ClientType | None
    makes_client: bool

    @property
    def method(self) -> str:
        """The last part of the name: what the same request is called on a client."""
        return self.name.rpartition(".")[2]

    @property
    def url(self) -> ast.expr | None:
        """The URL of a request; None when it cannot be told."""
        return request_url(self.node, self.method)

    @property
    def has_unknown_arguments(self) -> bool:
        """Whether ``*args`` or ``**kwargs`` are passed."""
        return any(isinstance(item, ast.Starred) for item in self.node.args) or any(
            keyword.arg is None for keyword in self.node.keywords
        )

    def keywords(self, names: frozenset[str]) -> Iterator[ast.keyword]:
        """The keyword arguments among *names*."""
        return (keyword for keyword in self.node.keywords if keyword.arg in names)


class Form(enum.Enum):
    """How a client reaches the code that uses it."""

    WITH = "with"
    """``with Client() as client:``"""
    ASSIGNED = "assigned"
    """``client = Client()``"""
    CHAINED = "chained"
    """``Client().get(url)``"""
    OTHER = "other"
    """returned, stored, passed on, chosen by ``or``, ..."""


@dataclass(frozen=True)
class ClientUse:
    """What becomes of a client after it is made.

    *statement* is the with or assignment that names it.  *requests* are the calls of its methods that send something,
    *closes* those of close(), *settings* other uses of its attributes, *escapes* all other loads of its name.
    """

    call: HttpCall
    form: Form
    statement: ast.With | ast.AsyncWith | ast.Assign | None = None
    variable: Variable | None = None
    requests: tuple[ast.Call, ...] = ()
    closes: tuple[ast.Call, ...] = ()
    settings: tuple[ast.Attribute, ...] = ()
    escapes: tuple[ast.Name, ...] = ()


def http_calls(source: SourceFile) -> dict[ast.Call, HttpCall]:
    """The calls of the file that send a request of their own or make a client, in source order."""
    found: dict[ast.Call, HttpCall] = {}
    for node in calls_that_may_be(source, _LAST_NAMES.__contains__):
        name = _name_in_library(source, node.func)
        if name in REQUESTS:
            found[node] = HttpCall(node, name, REQUESTS[name], makes_client=False)
        elif name in CLIENTS:
            found[node] = HttpCall(node, name, CLIENTS[name], makes_client=True)
    return found


def _name_in_library(source: SourceFile, function: ast.expr) -> str | None:
    """The qualified name of what is called.

    Of ``try: import drop_in as requests`` / ``except ImportError: import requests`` the one that is known here counts:
    the code is written for it.
    """
    name = source.names.qualified_name(function)
    if name in REQUESTS or name in CLIENTS:
        return name
    match function:
        case ast.Attribute(value=ast.Name() as module, attr=attr):
            variable = source.names.variable(module)
            for path in _alternatives(variable) if variable is not None else ():
                if f"{path}.{attr}" in REQUESTS or f"{path}.{attr}" in CLIENTS:
                    return f"{path}.{attr}"
    return None


def _alternatives(variable: Variable) -> list[str]:
    """The modules of which an ``except ImportError`` chooses one."""
    if variable.has_fallback:
        paths = [binding.path for binding in variable.bindings]
        return [path for path in paths if path is not None] if None not in paths else []
    return []


def client_use(source: SourceFile, call: HttpCall) -> ClientUse:
    """How the client that *call* makes is used."""
    parent = source.tree.parent(call.node)
    match parent:
        case ast.Attribute(attr=attr) if attr in SENDING_METHODS:
            request = source.tree.parent(parent)
            if isinstance(request, ast.Call) and request.func is parent:
                return ClientUse(call, Form.CHAINED, requests=(request,))
        case ast.withitem(optional_vars=ast.Name() as name):
            statement = source.tree.parent(parent)
            assert isinstance(statement, (ast.With, ast.AsyncWith))
            return _use_of_variable(source, call, Form.WITH, statement, name)
        case ast.Assign(targets=[ast.Name() as name]):
            return _use_of_variable(source, call, Form.ASSIGNED, parent, name)
    return ClientUse(call, Form.OTHER)


def _use_of_variable(
    source: SourceFile, call: HttpCall, form: Form, statement: ast.With | ast.AsyncWith | ast.Assign, name: ast.Name
) -> ClientUse:
    variable = source.names.scope_of(name).lookup(name.id)
    if variable is None or any(
        binding.node is not name and binding.kind is not Kind.DECLARED and not _makes_client(source, binding.value)
        for binding in variable.bindings
    ):
        return ClientUse(call, Form.OTHER)
    requests: list[ast.Call] = []
    closes: list[ast.Call] = []
    settings: list[ast.Attribute] = []
    escapes: list[ast.Name] = []
    several = len(variable.bindings) > 1
    for load in variable.loads:
        if several and not _reaches(source, statement, load):
            continue
        attribute = source.tree.parent(load)
        user = source.tree.parent(attribute) if attribute is not None else None
        match attribute:
            case ast.Attribute(attr=attr) if isinstance(user, ast.Call) and user.func is attribute:
                if attr in SENDING_METHODS:
                    requests.append(user)
                elif attr in ("close", "aclose"):
                    closes.append(user)
                else:
                    settings.append(attribute)
            case ast.Attribute():
                settings.append(attribute)
            case _:
                escapes.append(load)
    return ClientUse(call, form, statement, variable, tuple(requests), tuple(closes), tuple(settings), tuple(escapes))


def _makes_client(source: SourceFile, value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and source.names.qualified_name(value.func) in CLIENTS


def _reaches(source: SourceFile, statement: ast.stmt, load: ast.Name) -> bool:
    """Whether *load* may see what *statement* binds, as far as blocks tell."""
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        return any(ancestor is statement for ancestor in source.tree.ancestors(load))
    owner = source.tree.parent(statement)
    return load.lineno >= statement.lineno and any(ancestor is owner for ancestor in source.tree.ancestors(load))


def spelled(source: SourceFile, call: HttpCall) -> str:
    """The called name as the code writes it, for a message."""
    written = source.text.segment(call.node.func)
    return written if written.isprintable() and len(written) <= 24 else call.method


def request_url(call: ast.Call, method: str) -> ast.expr | None:
    """The URL that a call of *method* is given; None when it cannot be told."""
    for keyword in call.keywords:
        if keyword.arg == "url":
            return keyword.value
    position = 1 if method in ("request", "stream") else 0
    arguments = call.args[: position + 1]
    if len(arguments) <= position or any(isinstance(argument, ast.Starred) for argument in arguments):
        return None
    return arguments[position]


def tests_status(node: ast.expr) -> bool:
    """Whether an expression looks at the HTTP status of a response (and not at a job's ``status`` in words)."""
    parts = [*walk(node)]
    if any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in parts):
        return False
    return any(isinstance(part, ast.Attribute) and part.attr in _STATUS for part in parts)


def tests_success(node: ast.expr) -> bool:
    """Whether an expression is true for a good HTTP status: ``r.ok``, ``r.status_code == 200``, ``r.status < 400``."""
    match node:
        case ast.Attribute(attr="ok" | "is_success"):
            return True
        case ast.Compare(left=ast.Attribute(attr=attr), ops=[ast.Eq()], comparators=[ast.Constant(value=int(code))]):
            return attr in _STATUS and 200 <= code < 300
        case ast.Compare(left=ast.Attribute(attr=attr), ops=[ast.Eq()], comparators=[ast.Attribute(attr=code)]):
            return attr in _STATUS and code.lower() == "ok"
        case ast.Compare(left=ast.Attribute(attr=attr), ops=[ast.Lt() | ast.LtE()]):
            return attr in _STATUS
        case ast.BoolOp(op=ast.And()):
            return any(tests_success(value) for value in node.values)
    return False
