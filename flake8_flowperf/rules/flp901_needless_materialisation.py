"""FLP901: a list is made only to be iterated over, counted or copied once more."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.certainty import Certainty
from flake8_flowperf.source.effects import (
    Effects,
    dotted_path,
    effects,
    is_container_method,
    is_new_container,
    is_private,
    may_be_caught,
    may_share,
)
from flake8_flowperf.source.files import (
    AllLines,
    OpenFile,
    all_lines,
    file_names_in,
    is_listing,
    may_read_lines,
    only_looks,
    rewrites,
)
from flake8_flowperf.source.glance import LONGEST_GAP, Glance
from flake8_flowperf.source.iteration import Consumption, consumption, item_variable
from flake8_flowperf.source.names import Kind, ScopeKind, Variable
from flake8_flowperf.source.tree import walk
from flake8_flowperf.source.values import ValueKind, kind_of_value

_BEFORE = re.compile(r"(?:^|\W)(?:in[\s\\(]*|(?P<taker>sorted|set|frozenset|tuple|enumerate)[\s\\]*\([\s\\(]*)\Z")
_NAME = re.compile(r"[\s\\]*(?P<name>\w+)(?P<attributes>(?:[\s\\]*\.[\s\\]*\w+)*)[\s\\]*\)")
_ASSIGNED = re.compile(r"[\s\\]*(?::[^=\n]*)?=(?!=)([^\n]*)")
_DISPLAYED = frozenset("[({,\\")
_MADE = re.compile(r"list(?<!\wlist)[\s\\]*\(")
_MOST_LIKELY = ("sorted(list(", "set(list(", "tuple(list(")
_LINE_CONSUMERS = frozenset({"for", "comprehension", "enumerate", "map", "filter", "len", "join"})
_COPYING = frozenset({"builtins.sorted", "builtins.tuple", "builtins.set", "builtins.frozenset"})
_VIEWS = frozenset({"keys", "values", "items"})
_NEVER = frozenset({"sys.modules", "os.environ"})
_NAMESPACES = frozenset({"builtins.globals", "builtins.locals", "builtins.vars"})
_OWN_CONTAINERS = frozenset({"range", "sorted", "set", "frozenset", "list", "tuple", "dict"})
_CONCURRENT = frozenset(
    {"threading", "concurrent.futures", "multiprocessing.pool", "_thread", "asyncio", "trio", "anyio"}
)
_REMARK = re.compile(r"#.*\b(?:cop(?:y|ies)|mutat|chang|modif|snapshot|thread|size|iterat|remov)", re.IGNORECASE)
_MUTATORS = frozenset({"clear", "discard", "pop", "popitem", "popleft", "remove", "reverse", "rotate", "sort"})


@dataclass(frozen=True)
class Materialisation:
    """A list that nobody needs.

    *call* makes it, *iterable* gives the same items without it.  *by* is what takes the items: "for", "len", "join",
    "sorted", ...; *consumer* that call, where it is one.  *is_binary* is known for a file's lines.  *caution* says why
    doing without the list is not safe, "" when it is.
    """

    call: ast.Call
    iterable: ast.expr
    by: str
    consumer: ast.Call | None
    is_binary: bool | None
    caution: str

    @property
    def joins_back(self) -> bool:
        """Whether the lines of a file are joined by nothing, which gives what ``read()`` gives."""
        match self.consumer:
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=("" | b"") as nothing), attr="join")):
                return isinstance(nothing, bytes) is self.is_binary
        return False


class NeedlessMaterialisation(Rule[Materialisation]):
    """A list is made only to be iterated over, counted, sorted or copied once.

    ## What it does
    Finds `f.readlines()` that a loop, comprehension, `enumerate`, `map`, `filter`, `len` or `"".join` consumes on the
    spot; `sorted(list(x))`, `set(list(x))`, `tuple(list(x))`; and loops over `list(...)` of a range, a new container,
    a local literal, a dict view, `zip`, `enumerate` or a folder listing, when nothing in the loop can change what is
    copied. `readlines()` of anything but a file that the code opens itself is left alone, and so is a copy that may be
    needed: when the loop deletes, yields, awaits, changes the same object or calls code that cannot be seen.

    ## Why is this bad
    The list holds everything at once where one item at a time would do: memory grows with the file (guide, section 9).

    ## Bad
    ```python
    def settings(path: str) -> list[str]:
        found = []
        with open(path, encoding="utf-8") as file:
            for line in file.readlines():
                line = line.strip()
                if line and not line.startswith("#"):
                    found.append(line)
        return sorted(list(set(found)))
    ```

    ## Good
    ```python
    def settings(path: str) -> list[str]:
        found = []
        with open(path, encoding="utf-8") as file:
            for line in file:
                line = line.strip()
                if line and not line.startswith("#"):
                    found.append(line)
        return sorted(set(found))
    ```

    ## Fix safety
    Safe where laziness cannot be noticed. For a file: it is a plain one, the loop only computes and fills containers
    of its own function, and the file is not read on after an early end. If bytes can turn out to be undecodable after
    the first lines, the loop must also be unable to raise, to end early and to leave half of its work behind. For
    `list(...)`: what is copied is a new object, a range, or a container that only this function can reach and that the
    loop does not change. `sorted(list(x))` and `tuple(list(x))` are always safe, `set(list(x))` where `x` is no
    generator. Everything else that is reported is unsafe: a call in the loop could rewrite the file, a
    dict could change under the loop.

    ## Evidence
    Evidence item 11: what is saved is memory, and little time. `len(f.readlines())` counted by `sum(1 for _ in f)`
    saves memory, not time (0.8-0.9 times as fast for a list in memory).

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | readlines() in a loop, 1,000 lines | **for line in f** | 0.98 | 1.07 | 1.06 | 1.00 | pays |
    | its memory at the peak | **for line in f** | 0.25 of it | 0.25 of it | 0.27 of it | 0.27 of it |  |
    | readlines() in a loop, 50,000 lines | **for line in f** | 1.38 | 1.57 | 1.39 | 1.27 | pays |
    | its memory at the peak | **for line in f** | 0.0059 of it | 0.0059 of it | 0.0066 of it | 0.0065 of it |  |
    | list() in a loop, 1,000 items | **for x in d** | 1.11 | 1.16 | 1.05 | 0.98 | pays |
    | its memory at the peak | **for x in d** | 0.022 of it | 0.023 of it | 0.023 of it | 0.023 of it |  |
    | list() in a loop, 50,000 items | **for x in d** | 1.10 | 1.10 | 1.06 | 0.99 | pays |
    | its memory at the peak | **for x in d** | 0.0005 of it | 0.0005 of it | 0.0005 of it | 0.0005 of it |  |
    | list() in sorted(), 1,000 items | **sorted(x)** | 1.18 | 1.16 | 1.18 | 1.14 | pays on 3.10, 3.11, 3.12 |
    | its memory at the peak | **sorted(x)** | 0.50 of it | 0.50 of it | 0.50 of it | 0.50 of it |  |
    | list() in sorted(), 50,000 items | **sorted(x)** | 1.19 | 1.19 | 1.19 | 1.17 | pays |
    | its memory at the peak | **sorted(x)** | 0.50 of it | 0.50 of it | 0.50 of it | 0.50 of it |  |

    ## Options
    None.
    """

    code = "FLP901"
    name = "needless-materialisation"
    gain = "1.27-1.57× for 50,000 lines, memory 0.0059-0.0066×"
    words = ("readlines", "list")
    calls = (".readlines", "builtins.list")

    def may_fire(self, glance: Glance) -> bool:
        """Whether lines are read, or a list stands where any iterable could."""
        return glance.fact(may_read_lines) or next(_needless(glance), None) is not None

    def places(self, glance: Glance) -> Iterable[int] | None:
        """Where lines are read and lists made, and where a function may set what they are made of in another one.

        The whole file when an excerpt would most likely only show that it is needed.
        """
        if glance.has(_MOST_LIKELY):
            return None
        return [*glance.names("readlines"), *_needless(glance), *glance.names("global")]

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[Materialisation]]:
        """Yield a finding when the list that *node* makes is not needed."""
        assert isinstance(node, ast.Call)
        if isinstance(node.func, ast.Attribute):
            found = _of_lines(source, node)
        elif len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred):
            found = _of_copy(source, node) or _of_iterated_copy(source, node)
        else:
            found = None
        if found is not None:
            yield self.finding(node, source, _message(found), found)


def _needless(glance: Glance) -> Iterator[int]:
    """The offsets at which a list is made where any iterable could stand."""
    return (made.start() for made in _MADE.finditer(glance.text) if _may_be_needless(glance, made.start(), made.end()))


def _may_be_needless(glance: Glance, start: int, argument: int) -> bool:
    """Whether the ``list(`` at *start* may stand where what it copies could, be it behind ``in`` or in ``sorted(``.

    Behind ``in`` a plain name counts if it is bound to a display somewhere, and an attribute never does.
    """
    text = glance.text
    gap = text[max(0, start - LONGEST_GAP) : start]
    before = _BEFORE.search(gap)
    if before is None:
        above = gap.rstrip(" \t\f\r\n\\(")  # what stands above the line, if nothing does before it
        return len(above) < gap.rfind("\n") + 1 and "#" in above.rpartition("\n")[2]
    if before["taker"] is not None:
        return True
    copied = _NAME.match(text, argument)
    if copied is None:
        return not text.startswith(")", argument)
    if copied["attributes"]:
        return False
    known = glance.fact(_displayed_names)
    name = copied["name"]
    if name not in known:
        known[name] = any(_is_displayed(text, place, place + len(name)) for place in glance.names(name))
    return known[name]


def _displayed_names(_: Glance) -> dict[str, bool]:
    return {}


def _is_displayed(text: str, start: int, end: int) -> bool:
    """Whether the name from *start* to *end* is perhaps bound to a display there."""
    assigned = _ASSIGNED.match(text, end)
    return assigned is not None and not text.endswith(".", 0, start) and not _DISPLAYED.isdisjoint(assigned[1])


def _message(found: Materialisation) -> str:
    text = _short(found.iterable)
    match found.by:
        case "sorted" | "set" | "frozenset" | "tuple":
            return f"{found.by}() takes any iterable; drop the list() around '{text}'"
        case "len":
            return f"a list of all lines is made to be counted; use 'sum(1 for _ in {text})'"
        case "join" if found.joins_back:
            return f"all lines are read to be joined again; use '{text}.read()'"
    if found.call.func is not found.iterable and isinstance(found.call.func, ast.Attribute):
        return f"'{text}.readlines()' makes a list of all lines; iterate over '{text}' itself"
    return f"list() copies '{text}' only to iterate over it; drop it"


def _short(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 30 else f"{text[:27]}..."


# lines of a file


def _of_lines(source: SourceFile, node: ast.Call) -> Materialisation | None:
    lines = all_lines(source, node)
    taken = consumption(source, node)
    if lines is None or lines.file is None or taken is None or taken.by not in _LINE_CONSUMERS:
        return None
    if _uses_handle(source, lines.file, taken) or rewrites(source, lines.file, taken.bodies):
        return None
    assert isinstance(node.func, ast.Attribute)
    consumer = taken.place if taken.by in ("len", "join") and isinstance(taken.place, ast.Call) else None
    caution = _caution_of_lines(source, lines, taken)
    found = Materialisation(node, node.func.value, taken.by, consumer, lines.is_binary, caution)
    if found.joins_back and lines.file.can_fail and not caution:
        return replace(found, caution="the error for undecodable bytes would name another position")
    return found


def _uses_handle(source: SourceFile, file: OpenFile, taken: Consumption) -> bool:
    """Whether the loop does something with the file that it iterates over."""
    return any(not _only_asks(source, name) for name in file_names_in(file, (*taken.bodies, *taken.callbacks)))


def _only_asks(source: SourceFile, name: ast.Name) -> bool:
    match source.tree.parent(name):
        case ast.Attribute(attr=attr):
            return attr in ("name", "closed", "encoding", "mode")
    return False


def _caution_of_lines(source: SourceFile, lines: AllLines, taken: Consumption) -> str:
    file = lines.file
    assert file is not None
    if file.doubt:
        return file.doubt
    found = effects(source, taken.bodies, taken.callbacks)
    if found.suspends:
        return "the file may change while the loop is suspended"
    if found.opaque:
        return f"'{_short(_callee(found.opaque[0]))}()' may change the file while it is read"
    if any(not _is_private_name(source, owner, taken) for owner in found.grown):
        return "what the loop fills may be more than a list or a dict"
    stops = taken.stops_early or found.leaves
    certain = Certainty(source, taken.bodies, _known_lines(source, lines, taken)).never_raises and not taken.callbacks
    if _is_read_on(source, file, taken) and (stops or not certain):
        return "the file is read on where the loop ended"
    if not file.can_fail:
        return ""
    if stops:
        return "undecodable bytes behind the last line that is used would go unnoticed"
    if not certain:
        return "undecodable bytes further down would be met after an exception of the loop's own"
    if not _leaves_no_trace(source, found, taken):
        return "undecodable bytes further down would be met when the first lines are already handled"
    return ""


def _known_lines(source: SourceFile, lines: AllLines, taken: Consumption) -> dict[Variable, str]:
    variable = item_variable(source, taken)
    if variable is None or lines.is_binary is None:
        return {}
    return {variable: "bytes" if lines.is_binary else "str"}


def _callee(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _is_private_name(source: SourceFile, owner: ast.expr, taken: Consumption) -> bool:
    variable = source.names.variable(owner) if isinstance(owner, ast.Name) else None
    return variable is not None and is_private(source, variable, taken.place)


def _leaves_no_trace(source: SourceFile, found: Effects, taken: Consumption) -> bool:
    """Whether nothing that the loop did can be seen once an exception has left it."""
    if found.prints or found.rebinds or found.deleted or may_be_caught(source, taken.place):
        return False
    for owner in found.stored:
        variable = source.names.variable(owner) if isinstance(owner, ast.Name) else None
        if variable is None or not (is_private(source, variable, taken.place) or _is_local_value(variable)):
            return False
    return not any(_is_read_elsewhere(source, name) for name in _bound_names(taken.bodies))


def _is_local_value(variable: Variable) -> bool:
    """Whether the variable only ever holds numbers and texts, which ``+=`` does not change in place."""
    return all(
        binding.kind in (Kind.ASSIGNMENT, Kind.AUGMENTED) and isinstance(binding.value, ast.Constant | ast.JoinedStr)
        for binding in variable.bindings
    )


def _bound_names(nodes: Iterable[ast.AST]) -> Iterator[ast.Name]:
    for top in nodes:
        for node in walk(top):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node


def _is_read_elsewhere(source: SourceFile, name: ast.Name) -> bool:
    """Whether a nested function, or at module level any function, reads the variable."""
    variable = source.names.variable(name)
    return variable is not None and any(
        source.names.scope_of(load) is not variable.scope
        and source.names.scope_of(load).kind is not ScopeKind.COMPREHENSION
        for load in variable.loads
    )


def _is_read_on(source: SourceFile, file: OpenFile, taken: Consumption) -> bool:
    """Whether the file is used again once the items are taken, otherwise than to be closed."""
    if file.variable is None:
        return False
    statement = source.tree.statement(taken.place)
    outer = source.tree.loop(statement)
    if outer is not None and not (file.opening is not None and file.opening in set(walk(outer))):
        return True
    reach = [file.holder] if file.holder is not None else list(file.variable.loads)
    inside = set(walk(taken.place)) | set(walk(statement))
    start = (statement.lineno, statement.col_offset)
    return any(
        (load.lineno, load.col_offset) > start and load not in inside and not _is_closed(source, load)
        for top in reach
        for load in walk(top)
        if isinstance(load, ast.Name) and load in file.variable.loads
    )


def _is_closed(source: SourceFile, load: ast.Name) -> bool:
    match source.tree.parent(load):
        case ast.Attribute(attr="close" | "closed" | "name"):
            return True
    return False


# copies


def _of_copy(source: SourceFile, node: ast.Call) -> Materialisation | None:
    """The ``list(x)`` in ``sorted(list(x))``, ``set(list(x))`` and ``tuple(list(x))``."""
    consumer = source.tree.parent(node)
    if not isinstance(consumer, ast.Call) or consumer.args[:1] != [node]:
        return None
    name = source.names.qualified_name(consumer.func)
    if name not in _COPYING:
        return None
    (iterable,) = node.args
    by = name.rpartition(".")[2]
    caution = ""
    if by in ("set", "frozenset") and not _is_container(source, iterable):
        caution = "an item that cannot be hashed would be met before all items were made"
    elif not all(isinstance(keyword.value, ast.Name | ast.Lambda | ast.Constant) for keyword in consumer.keywords):
        caution = "the items would be made after the other arguments"
    return Materialisation(node, iterable, by, consumer, None, caution)


def _is_container(source: SourceFile, node: ast.expr) -> bool:
    """Whether *node* holds its items already, so that iterating over it runs no code of others."""
    if isinstance(node, ast.Name):
        variable = source.names.variable(node)
        values = [binding.value for binding in variable.bindings] if variable is not None else []
        return bool(values) and all(value is not None and _holds_items(source, value) for value in values)
    return _holds_items(source, node)


def _holds_items(source: SourceFile, node: ast.expr) -> bool:
    match node:
        case ast.Constant() | ast.Tuple():
            return True
        case ast.Call(func=ast.Attribute(attr=method), args=[]) if method in _VIEWS:
            return True
        case ast.Call(func=function):
            name = source.names.qualified_name(function) or ""
            if name.startswith("builtins.") and name.removeprefix("builtins.") in _OWN_CONTAINERS:
                return True
    return is_new_container(source, node)


def _of_iterated_copy(source: SourceFile, node: ast.Call) -> Materialisation | None:
    """The ``list(x)`` of a loop or comprehension that could iterate over ``x`` itself."""
    taken = consumption(source, node)
    if taken is None or taken.by not in ("for", "comprehension", "enumerate") or _has_remark(source, node):
        return None
    (iterable,) = node.args
    caution = _caution_of_copy(source, iterable, taken)
    if caution is None:
        return None
    return Materialisation(node, iterable, taken.by, None, None, caution)


def _has_remark(source: SourceFile, node: ast.Call) -> bool:
    """Whether a comment beside or above the copy says that it is made on purpose."""
    above = source.text.line(node.lineno - 1).strip() if node.lineno > 1 else ""
    remark = above if above.startswith("#") else ""
    return _REMARK.search(source.text.line(node.lineno)) is not None or _REMARK.search(remark) is not None


def _caution_of_copy(source: SourceFile, iterable: ast.expr, taken: Consumption) -> str | None:
    """Why it is not safe to iterate over *iterable* itself, "" when it is, None when it must not be said at all."""
    match iterable:
        case ast.List() | ast.Tuple() | ast.Set() | ast.ListComp() | ast.SetComp():
            return ""
        case ast.Name():
            return _caution_of_name(source, iterable, taken)
        case ast.Call(func=ast.Attribute(value=mapping, attr=method), args=[], keywords=[]) if method in _VIEWS:
            return _caution_of_view(source, mapping, method, taken)
        case ast.Call(func=ast.Attribute(value=text, attr="split" | "splitlines" | "rsplit")):
            return "" if kind_of_value(source, text) is ValueKind.TEXT else None
        case ast.Call(func=function, args=arguments):
            name = source.names.qualified_name(function) or ""
            if name.startswith("builtins.") and name.removeprefix("builtins.") in _OWN_CONTAINERS:
                return ""
            if name in ("os.listdir", "glob.glob"):
                return ""
            if name in ("builtins.zip", "builtins.enumerate", "builtins.reversed"):
                return _caution_of_wrapper(source, iterable, arguments, taken)
            if name in ("builtins.map", "builtins.filter", "re.finditer") or name.startswith("itertools."):
                return _caution_of_lazy(source, iterable, taken)
            if is_listing(source, iterable):
                return _caution_of_lazy(source, iterable, taken)
    return None


def _caution_of_name(source: SourceFile, name: ast.Name, taken: Consumption) -> str | None:
    """Of a name that is bound once, to a literal."""
    variable = source.names.variable(name)
    value = variable.only_value if variable is not None else None
    if variable is None or value is None:
        return None
    if isinstance(value, ast.Tuple):
        return ""
    if not isinstance(value, ast.List | ast.Set | ast.Dict | ast.ListComp | ast.SetComp | ast.DictComp):
        return None
    if _is_only_here(source, variable, taken):
        return "" if not _changes(source, variable, taken) else None
    return _caution_of_shared(source, [name], taken)


def _is_only_here(source: SourceFile, variable: Variable, taken: Consumption) -> bool:
    """Whether the variable holds a container that no code outside its function can reach while *taken* lasts."""
    return variable.scope.kind is ScopeKind.FUNCTION and is_private(source, variable, taken.place)


def _caution_of_view(source: SourceFile, mapping: ast.expr, method: str, taken: Consumption) -> str | None:
    name = source.names.qualified_name(mapping)
    if name in _NEVER or any(_is_namespace(source, node) for node in walk(mapping)):
        return None
    variable = source.names.variable(mapping) if isinstance(mapping, ast.Name) else None
    if variable is not None and _is_dict(source, variable) and _is_only_here(source, variable, taken):
        return "" if not _changes(source, variable, taken, _key(source, method, taken)) else None
    return _caution_of_shared(source, [mapping], taken)


def _is_namespace(source: SourceFile, node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr="__dict__"):
            return True
        case ast.Call(func=function):
            return source.names.qualified_name(function) in _NAMESPACES
    return False


def _is_dict(source: SourceFile, variable: Variable) -> bool:
    for binding in variable.bindings:
        match binding.value:
            case ast.Dict() | ast.DictComp():
                pass
            case ast.Call(func=function):
                name = source.names.qualified_name(function) or ""
                if name.rpartition(".")[2] not in ("dict", "defaultdict", "OrderedDict", "Counter"):
                    return False
            case _:
                return False
    return True


def _key(source: SourceFile, method: str, taken: Consumption) -> Variable | None:
    """The loop variable that holds a key, when the loop binds it nowhere else."""
    match method, taken.target:
        case "keys", ast.Name() as target:
            pass
        case "items", ast.Tuple(elts=[ast.Name() as target, _]):
            pass
        case _:
            return None
    variable = source.names.variable(target)
    bound = [name for name in _bound_names(taken.bodies) if source.names.variable(name) is variable]
    return variable if not bound else None


def _changes(source: SourceFile, variable: Variable, taken: Consumption, key: Variable | None = None) -> bool:
    """Whether the loop changes the container in *variable*; a new value for the *key* at hand does not count."""
    inside = {node for top in taken.bodies for node in walk(top)}
    if any(binding.node in inside for binding in variable.bindings):
        return True
    fills_gaps = any(_is_defaultdict(source, binding.value) for binding in variable.bindings)
    for load in variable.loads:
        if load not in inside:
            continue
        match source.tree.parent(load):
            case ast.Subscript(value=owner, ctx=context, slice=index) if owner is load:
                is_key = isinstance(index, ast.Name) and key is not None and source.names.variable(index) is key
                if isinstance(context, ast.Del) or (not is_key and (isinstance(context, ast.Store) or fills_gaps)):
                    return True
            case ast.Attribute(attr=method):
                if method in _MUTATORS or (is_container_method(method) and method not in ("get", *_VIEWS)):
                    return True
            case ast.AugAssign():
                return True
    return False


def _is_defaultdict(source: SourceFile, value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and source.names.qualified_name(value.func) == "collections.defaultdict"


def _caution_of_shared(source: SourceFile, copied: list[ast.expr], taken: Consumption) -> str | None:
    """Of what other code may hold too: the loop must not run any code that cannot be seen."""
    found = effects(source, taken.bodies, taken.callbacks)
    if found.suspends or found.deleted or any(not only_looks(source, node) for node in found.opaque):
        return None
    paths = [dotted_path(node) for node in copied]
    if not all(paths) or any(_is_shared(source, node) for node in copied):
        return None
    for owner in found.grown:
        if any(may_share(dotted_path(owner), path) for path in paths):
            return None
    for owner in found.stored:
        if any(dotted_path(owner) == path or dotted_path(owner).startswith(f"{path}.") for path in paths):
            return None
    if any(name.id == path for name in _bound_names(taken.bodies) for path in paths):
        return None
    return f"'{_short(copied[0])}' may be reached, and changed, through another name"


def _is_shared(source: SourceFile, node: ast.expr) -> bool:
    """Whether threads or tasks of the file may change what *node* reads while a loop runs."""
    root = node
    while isinstance(root, ast.Attribute | ast.Subscript):
        root = root.value
    if isinstance(root, ast.Name) and root is node:
        variable = source.names.variable(root)
        if variable is not None and variable.scope.kind is ScopeKind.FUNCTION:
            return False
    return source.names.is_imported(*_CONCURRENT)


def _caution_of_wrapper(
    source: SourceFile, iterable: ast.Call, arguments: list[ast.expr], taken: Consumption
) -> str | None:
    """Of zip(), enumerate() and reversed(), which read their arguments while the loop runs."""
    if source.names.qualified_name(iterable.func) != "builtins.zip":
        arguments = arguments[:1]
    variables = [source.names.variable(node) if isinstance(node, ast.Name) else None for node in arguments]
    if variables and all(item is not None and _is_only_here(source, item, taken) for item in variables):
        if any(item is not None and _changes(source, item, taken) for item in variables):
            return None
        return "" if not iterable.keywords else "the items are made while the loop runs"
    return _caution_of_lazy(source, iterable, taken)


def _caution_of_lazy(source: SourceFile, iterable: ast.Call, taken: Consumption) -> str | None:
    roots = [node for argument in iterable.args for node in walk(argument) if isinstance(node, ast.Name)]
    if isinstance(iterable.func, ast.Attribute):
        roots += [node for node in walk(iterable.func) if isinstance(node, ast.Name)]
    functions = [node for node in roots if (source.names.qualified_name(node) or "").startswith("builtins.")]
    copied: list[ast.expr] = [node for node in roots if node not in functions]
    if not copied:
        return "the items are made while the loop runs"
    caution = _caution_of_shared(source, copied, taken)
    return caution and "the items are made while the loop runs"
