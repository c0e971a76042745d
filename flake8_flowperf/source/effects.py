"""What running a piece of code does to anything but its own variables, as far as that can be seen."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.files import opened_file
from flake8_flowperf.source.names import Kind, ScopeKind, Variable
from flake8_flowperf.source.tree import walk_scope

_PURE_BUILTINS = """
    abs all any ascii bin bool bytearray bytes callable chr complex dict divmod enumerate float format frozenset
    hash hex id int isinstance issubclass len list max min oct ord pow range repr reversed round set slice sorted
    str sum tuple type zip
"""
_PURE_FUNCTIONS = """
    ast.literal_eval collections.Counter collections.OrderedDict collections.defaultdict collections.deque
    datetime.date datetime.datetime datetime.timedelta datetime.date.fromisoformat datetime.datetime.fromisoformat
    datetime.datetime.fromtimestamp datetime.datetime.strptime decimal.Decimal fnmatch.fnmatch fnmatch.fnmatchcase
    fnmatch.translate fractions.Fraction html.escape html.unescape json.dumps json.loads os.environ.get os.fsdecode
    os.fsencode os.fspath os.getenv os.path.basename os.path.commonprefix os.path.dirname os.path.exists
    os.path.getmtime os.path.getsize os.path.isabs os.path.isdir os.path.isfile os.path.islink os.path.join
    os.path.normcase os.path.normpath os.path.relpath os.path.split os.path.splitext os.stat pathlib.Path
    pathlib.PurePath pathlib.PurePosixPath shlex.quote shlex.split textwrap.dedent textwrap.indent
    types.SimpleNamespace uuid.UUID
"""
_PURE_NAMES = frozenset({*_PURE_FUNCTIONS.split(), *(f"builtins.{name}" for name in _PURE_BUILTINS.split())})
_PURE_MODULES = tuple(
    f"{name}."
    for name in ("base64", "binascii", "math", "operator", "re", "string", "struct", "unicodedata", "urllib.parse")
)
_PURE_METHODS = """
    capitalize casefold center copy count decode encode endswith expandtabs find format format_map fullmatch get group
    groupdict groups index isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace
    istitle isupper items join keys ljust lower lstrip partition removeprefix removesuffix rfind rindex rjust rpartition
    rsplit rstrip split splitlines startswith strip swapcase title translate upper values zfill
"""
_PURE_METHOD_NAMES = frozenset(_PURE_METHODS.split())
_PATTERN_METHODS = frozenset({"match", "search", "finditer", "findall", "sub", "subn"})
_GROWING_METHODS = frozenset({"append", "appendleft", "add", "extend", "extendleft", "insert", "update", "setdefault"})
_SHRINKING_METHODS = frozenset({"clear", "discard", "pop", "popitem", "popleft", "remove", "reverse", "rotate", "sort"})
_READING_METHODS = frozenset({"copy", "count", "get", "index", "items", "keys", "values"})
_TAKES_FUNCTION = frozenset({"builtins.map", "builtins.filter", "builtins.max", "builtins.min", "builtins.sorted"})
_LOGGERS = frozenset({"log", "logger", "logging", "_log", "_logger", "LOG", "LOGGER"})
_LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
_CONTAINERS = frozenset(
    {f"builtins.{name}" for name in ("bytearray", "dict", "list", "set", "sorted")}
    | {f"collections.{name}" for name in ("Counter", "OrderedDict", "defaultdict", "deque")}
)
_READING_BUILTINS = frozenset(
    f"builtins.{name}"
    for name in ("all", "any", "dict", "enumerate", "frozenset", "len", "list", "max", "min", "print", "repr", "set",
                 "sorted", "str", "sum", "tuple", "zip")
)  # fmt: skip


@dataclass
class Effects:
    """What a piece of code may do.

    *opaque* are calls of code that cannot be seen, and functions that are called back; *grown* are the receivers of
    ``append()`` and its like, *stored* what is stored into (``d`` of ``d[k] = v``, ``x`` of ``x.a = v``, ``n`` of
    ``n += 1``), *deleted* what something is deleted from.  *prints* tells of print() and loggers, *leaves* of a
    ``break`` out of the code or a ``return``, *suspends* of yield and await, *rebinds* of names that belong to another
    scope.
    """

    opaque: list[ast.expr] = field(default_factory=list)
    grown: list[ast.expr] = field(default_factory=list)
    stored: list[ast.expr] = field(default_factory=list)
    deleted: list[ast.expr] = field(default_factory=list)
    prints: bool = False
    leaves: bool = False
    suspends: bool = False
    rebinds: bool = False


def effects(source: SourceFile, nodes: Iterable[ast.AST], callbacks: Iterable[ast.expr] = ()) -> Effects:
    """The effects of running *nodes* and calling *callbacks*.

    Operators, attributes and the special methods behind them are taken to have none.
    """
    found = Effects()
    for node in nodes:
        _collect(source, node, found)
    for callback in callbacks:
        _call_back(source, callback, found)
    return found


def is_pure_call(source: SourceFile, call: ast.Call) -> bool:
    """Whether *call* only computes a value from its arguments, apart from what its arguments do."""
    name = source.names.qualified_name(call.func)
    if name is not None:
        if name in _PURE_NAMES or name.startswith(_PURE_MODULES):
            return True
        if name.startswith("builtins.") and name.endswith(("Error", "Exception", "Warning")):
            return True
    match call.func:
        case ast.Attribute(attr="replace"):
            return len(call.args) >= 2  # with one argument it renames a path
        case ast.Attribute(value=owner, attr=method):
            if method in _PATTERN_METHODS:
                return _is_pattern(source, owner)
            if name is not None and not name.startswith("builtins."):
                return False  # a function of a module that happens to have the name of a method
            return method in _PURE_METHOD_NAMES or (method in ("start", "end", "span") and _is_match(source, owner))
    return False


def is_private(source: SourceFile, variable: Variable, until: ast.AST) -> bool:
    """Whether *variable* holds a container that no other code can reach before the statement *until* is over.

    It is made by a display, comprehension or constructor in the same function, and until then only indexed, iterated,
    tested and asked by the methods of containers.
    """
    if variable.scope.kind not in (ScopeKind.FUNCTION, ScopeKind.MODULE):
        return False
    for binding in variable.bindings:
        match binding.kind, binding.node, binding.value:
            case Kind.ASSIGNMENT, ast.Name() as name, ast.expr() as value:
                if source.names.scope_of(name) is not variable.scope or not is_new_container(source, value):
                    return False
                if not _is_sole_target(source, name):
                    return False
            case Kind.AUGMENTED, ast.Name() as name, _ if source.names.scope_of(name) is variable.scope:
                pass
            case _:
                return False
    end = _end_of_outermost_loop(source, source.tree.statement(until))
    return not any(
        _is_nested(source, load, variable) or ((load.lineno, load.col_offset) < end and _escapes(source, load))
        for load in variable.loads
    )


def may_be_caught(source: SourceFile, node: ast.AST) -> bool:
    """Whether an exception raised at *node* may be handled, or let through a ``finally``, in the same function.

    A ``with`` counts unless all that it holds are files opened by a call.
    """
    child = node
    for ancestor in source.tree.ancestors(node):
        match ancestor:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                return False
            case ast.With(items=items):
                if not all(opened_file(source, item.context_expr) is not None for item in items):
                    return True
            case ast.AsyncWith():
                return True
            case ast.Try() if child in ancestor.body or child in ancestor.orelse or child in ancestor.handlers:
                return True
            case _ if type(ancestor).__name__ == "TryStar":
                return True
        child = ancestor
    return False


def _end_of_outermost_loop(source: SourceFile, statement: ast.stmt) -> tuple[int, int]:
    """Where *statement* or the outermost loop around it ends."""
    outermost: ast.stmt | ast.expr = statement
    while (loop := source.tree.loop(outermost)) is not None:
        outermost = loop
    return outermost.end_lineno or 0, outermost.end_col_offset or 0


def is_new_container(source: SourceFile, value: ast.expr) -> bool:
    """Whether *value* makes a container of its own: a display, a comprehension, ``dict()``, ``sorted(...)``."""
    match value:
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            return True
        case ast.Call(func=function):
            name = source.names.qualified_name(function)
            return name in _CONTAINERS
    return False


def is_container_method(name: str) -> bool:
    """Whether lists, sets, dicts or deques have a method *name* that hands out no reference to themselves."""
    return name in _GROWING_METHODS or name in _SHRINKING_METHODS or name in _READING_METHODS


def dotted_path(node: ast.expr) -> str:
    """The dotted name that *node* starts with: ``self.a`` of ``self.a``, ``self.a[0].b`` and ``self.a.get(k)``.

    Empty when it starts with anything else.
    """
    path: list[str] = []
    while True:
        match node:
            case ast.Name(id=name):
                return ".".join([name, *reversed(path)])
            case ast.Attribute(value=value, attr=attr):
                path.append(attr)
                node = value
            case ast.Call(func=ast.Attribute(value=value)) | ast.Subscript(value=value):
                path.clear()
                node = value
            case ast.Call(func=function):
                path.clear()
                node = function
            case _:
                return ""


def may_share(one: str, other: str) -> bool:
    """Whether one of two dotted names starts with the other, so that a change through one can be seen by the other."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _is_sole_target(source: SourceFile, name: ast.Name) -> bool:
    """Whether the statement that binds *name* gives the value no other name, and no other use as ``:=`` does."""
    match source.tree.parent(name):
        case ast.Assign(targets=[_]) | ast.AnnAssign():
            return True
    return False


def _is_nested(source: SourceFile, load: ast.Name, variable: Variable) -> bool:
    """Whether *load* stands in a function of its own, which may run at any time."""
    scope = source.names.scope_of(load)
    while scope is not variable.scope:
        if scope.kind is not ScopeKind.COMPREHENSION or isinstance(scope.node, ast.GeneratorExp):
            return True
        if scope.parent is None:
            return True
        scope = scope.parent
    return False


def _escapes(source: SourceFile, load: ast.Name) -> bool:
    """Whether the object that *load* reads may get another name there."""
    parent = source.tree.parent(load)
    match parent:
        case ast.Subscript(value=value) if value is load:
            return False
        case ast.Attribute(attr=method):
            call = source.tree.parent(parent)
            return not (isinstance(call, ast.Call) and call.func is parent and is_container_method(method))
        case ast.Compare() | ast.If() | ast.While() | ast.Assert() | ast.FormattedValue() | ast.AugAssign():
            return False
        case ast.UnaryOp(op=ast.Not()):
            return False
        case ast.For(iter=iterable) | ast.comprehension(iter=iterable):
            return iterable is not load
        case ast.Call(func=function) if function is not load:
            return source.names.qualified_name(function) not in _READING_BUILTINS
    return True


def _collect(source: SourceFile, top: ast.AST, found: Effects) -> None:
    for node in walk_scope(top):
        match node:
            case ast.Call():
                _call(source, node, found)
            case ast.Yield() | ast.YieldFrom() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
                found.suspends = True
            case ast.comprehension(is_async=1):
                found.suspends = True
            case ast.Return():
                found.leaves = True
            case ast.Break() if source.tree.loop(node) not in _loops_inside(source, node, top):
                found.leaves = True
            case ast.Delete(targets=targets):
                found.deleted += [
                    target.value for target in targets if isinstance(target, (ast.Subscript, ast.Attribute))
                ]
            case ast.Subscript(value=owner, ctx=ast.Store()) | ast.Attribute(value=owner, ctx=ast.Store()):
                found.stored.append(owner)
            case ast.AugAssign(target=ast.Name() as target):
                found.stored.append(target)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if source.names.scope_of(node).declares(name):
                found.rebinds = True


def _loops_inside(source: SourceFile, node: ast.AST, top: ast.AST) -> list[ast.AST]:
    """The loops around *node* up to *top*, it included."""
    loops: list[ast.AST] = []
    current = node
    while current is not top:
        parent = source.tree.parent(current)
        if parent is None:
            break
        current = parent
        if isinstance(current, (ast.For, ast.AsyncFor, ast.While)):
            loops.append(current)
    return loops


def _call(source: SourceFile, call: ast.Call, found: Effects) -> None:
    name = source.names.qualified_name(call.func)
    if name in _TAKES_FUNCTION:
        callbacks = [keyword.value for keyword in call.keywords if keyword.arg == "key"]
        if name in ("builtins.map", "builtins.filter"):
            callbacks += call.args[:1]
        for callback in callbacks:
            _call_back(source, callback, found)
        return
    if name == "builtins.print":
        found.prints = True
        if any(keyword.arg in ("file", None) for keyword in call.keywords):
            found.opaque.append(call)
        return
    match call.func:
        case ast.Attribute(value=owner, attr=method) if name is None or not name.startswith("builtins."):
            if method in _GROWING_METHODS:
                found.grown.append(owner)
                return
            if method in _LOG_METHODS and _is_logger(owner):
                found.prints = True
                return
    if not is_pure_call(source, call):
        found.opaque.append(call)


def _call_back(source: SourceFile, callback: ast.expr, found: Effects) -> None:
    match callback:
        case ast.Constant(value=None):
            return
        case ast.Lambda(body=body):
            _collect(source, body, found)
            return
        case ast.Attribute(value=ast.Name(id="str" | "bytes" as owner), attr=method) if method in _PURE_METHOD_NAMES:
            if source.names.qualified_name(callback.value) == f"builtins.{owner}":
                return
    name = source.names.qualified_name(callback)
    if name is not None and (name in _PURE_NAMES or name.startswith(_PURE_MODULES)):
        return
    found.opaque.append(callback)


def _is_logger(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _LOGGERS
    return False


def _is_match(source: SourceFile, node: ast.expr) -> bool:
    """Whether *node* is a name that only holds what a search with a regular expression gave."""
    variable = source.names.variable(node) if isinstance(node, ast.Name) else None
    if variable is None:
        return False
    return all(
        isinstance(binding.value, ast.Call)
        and isinstance(binding.value.func, ast.Attribute)
        and binding.value.func.attr in ("match", "search", "fullmatch", "finditer")
        and is_pure_call(source, binding.value)
        for binding in variable.bindings
    )


def _is_pattern(source: SourceFile, node: ast.expr) -> bool:
    """Whether *node* is a compiled regular expression: ``re.compile(...)`` or a name bound to it."""
    if isinstance(node, ast.Name):
        variable = source.names.variable(node)
        value = variable.only_value if variable is not None else None
        return isinstance(value, ast.Call) and source.names.qualified_name(value.func) == "re.compile"
    return isinstance(node, ast.Call) and source.names.qualified_name(node.func) == "re.compile"
