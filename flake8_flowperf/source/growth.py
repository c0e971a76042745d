"""Where a loop makes a text or bytes longer, and how much of that copies the whole of it in every turn.

CPython makes ``s += part`` longer in place only for a local str with a single reference; an attribute, item, global,
closure variable or bytes is copied, and so is a local in any other spelling (evidence item 7).
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.loops import enclosing_loops, leaves, runs_few_times
from flake8_flowperf.source.names import Kind, ScopeKind, Variable
from flake8_flowperf.source.tree import FunctionNode, Loop, walk

TEXT_METHODS = frozenset({"decode", "hexdigest", "isoformat", "strftime", "as_posix"})
BYTES_METHODS = frozenset({"encode", "recv", "tobytes", "to_bytes"})
TEXT_FUNCTIONS = frozenset({"builtins.str", "builtins.repr", "builtins.chr", "builtins.format", "json.dumps"})
BYTES_FUNCTIONS = frozenset({"builtins.bytes", "os.read"})
CONVERSIONS = {"to_bytes": "bytes", "to_text": "text", "to_unicode": "text", "to_str": "text"}
_UNKNOWN = (ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.BinOp, ast.BoolOp, ast.IfExp, ast.Await)
"""what may turn out to be a string; a display or comprehension does not"""
_MAX_DEPTH = 50
_ITEM = "[]"


class Side(enum.Enum):
    """The end that a text grows at."""

    END = "end"
    START = "start"
    BOTH = "both ends"


@dataclass(frozen=True)
class Growth:
    """A statement that makes what *target* holds longer at one *side*.

    *parts* are the expressions that are added, in the order of the text; for an f-string that embeds what it replaces,
    they are that f-string alone.
    """

    statement: ast.Assign | ast.AugAssign
    target: ast.Name | ast.Attribute | ast.Subscript
    side: Side
    parts: tuple[ast.expr, ...]

    @property
    def embeds(self) -> bool:
        """Whether it is an f-string that embeds the text."""
        return isinstance(self.statement, ast.Assign) and self.parts == (self.statement.value,)


@dataclass(frozen=True)
class Growing:
    """What grows in *loop*: the growth at hand, with all *growths* of the same target there.

    *is_bytes* tells bytes from str.
    """

    growth: Growth
    growths: tuple[Growth, ...]
    loop: Loop
    is_bytes: bool


def growth_of(node: ast.AST) -> Growth | None:
    """How the statement *node* makes its target longer, None when it does not."""
    match node:
        case ast.AugAssign(target=target, op=ast.Add(), value=value):
            return Growth(node, target, Side.END, (value,))
        case ast.Assign(
            value=(ast.BinOp() | ast.JoinedStr()) as value,
            targets=[(ast.Name() | ast.Attribute() | ast.Subscript()) as target],
        ):
            if isinstance(value, ast.JoinedStr):
                return _embedding(node, target, value)
            terms = _terms(value)
            places = [index for index, term in enumerate(terms) if _is_same(term, target)]
            if len(terms) < 2 or len(places) != 1:
                return None
            if places[0] == 0:
                return Growth(node, target, Side.END, tuple(terms[1:]))
            if places[0] == len(terms) - 1:
                return Growth(node, target, Side.START, tuple(terms[:-1]))
            return Growth(node, target, Side.BOTH, tuple(term for term in terms if term is not terms[places[0]]))
    return None


def _embedding(
    node: ast.Assign, target: ast.Name | ast.Attribute | ast.Subscript, value: ast.JoinedStr
) -> Growth | None:
    fields = [item for item in value.values if isinstance(item, ast.FormattedValue)]
    places = [item for item in fields if _is_same(item.value, target)]
    if len(places) != 1 or places[0].conversion not in (-1, ord("s")) or places[0].format_spec is not None:
        return None
    position = value.values.index(places[0])
    if len(value.values) == 1:
        return None
    side = {0: Side.END, len(value.values) - 1: Side.START}.get(position, Side.BOTH)
    return Growth(node, target, side, (value,))


def _terms(node: ast.expr) -> list[ast.expr]:
    """The terms of a sum, as far as it is one without parentheses."""
    terms: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        terms.append(node.right)
        node = node.left
    return [node, *reversed(terms)]


def _is_same(node: ast.expr, target: ast.expr) -> bool:
    """Whether *node* reads what *target* stores into."""
    while True:
        match node, target:
            case ast.Name(id=one), ast.Name(id=other):
                return one == other
            case ast.Attribute(attr=one), ast.Attribute(attr=other) if one == other:
                node, target = node.value, target.value
            case ast.Subscript(), ast.Subscript() if ast.dump(node.slice) == ast.dump(target.slice):
                node, target = node.value, target.value
            case _:
                return False


def growing(source: SourceFile, node: ast.Assign | ast.AugAssign) -> Growing | None:
    """What *node* makes longer in many turns of a loop; None when it is not certain to be a str or bytes that does.

    The target is set before the loop, only grows in it, and is not read there (labels, definition ST).
    """
    growth = growth_of(node)
    if growth is None:
        return None
    if isinstance(node, ast.AugAssign) and (_is_number(node.value) or isinstance(node.value, (ast.List, ast.Tuple))):
        return None
    if not isinstance(next(enclosing_loops(source, node), None), (ast.For, ast.AsyncFor, ast.While)):
        return None
    if not is_copied(source, growth, is_bytes=False) and not _is_bytes(source, growth, (growth,)):
        return None  # the rest of the loop cannot make it bytes
    loop: Loop | None = None
    growths: tuple[Growth, ...] = (growth,)
    for candidate in enclosing_loops(source, node):
        if not isinstance(candidate, (ast.For, ast.AsyncFor, ast.While)):
            break
        if _is_bound_by(source, growth.target, candidate):
            continue
        found = _only_grows(source, growth, candidate)
        if found is None:
            if loop is not None and not _is_set_before(growth.target, loop, candidate):
                return None  # it goes on growing in the loop around, which reads it
            break
        if loop is None and (runs_few_times(source, candidate) or leaves(source, node, candidate)):
            return None
        loop, growths = candidate, found
    if loop is None:
        return None
    is_bytes = _is_bytes(source, growth, growths)
    return Growing(growth, growths, loop, is_bytes) if is_bytes is not None else None


def _is_set_before(target: ast.expr, loop: Loop, around: Loop) -> bool:
    """Whether *around* sets the target anew before *loop* comes."""
    for statement in around.body:
        for node in walk(statement):
            if node is loop:
                return False
            targets = node.targets if isinstance(node, ast.Assign) and growth_of(node) is None else []
            if any(_is_same(item, target) for item in targets):
                return True
    return False


def _names(target: ast.expr) -> list[ast.Name]:
    return [node for node in walk(target) if isinstance(node, ast.Name)]


def _is_bound_by(source: SourceFile, target: ast.expr, loop: Loop) -> bool:
    """Whether *loop* itself says which item it is that grows, one after another, for a loop around it to repeat."""
    if isinstance(target, ast.Name) or isinstance(loop, ast.While):
        return False
    bound = {node.id for node in walk(loop.target) if isinstance(node, ast.Name)}
    return any(name.id in bound for name in _names(target)) and source.tree.loop(loop) is not None


def _only_grows(source: SourceFile, growth: Growth, loop: Loop) -> tuple[Growth, ...] | None:
    """All growths of the target in *loop*, None when anything else is done to it or with it there."""
    own = frozenset(
        inner.id for part in _own_targets(source, growth, loop) for inner in walk(part) if isinstance(inner, ast.Name)
    )
    known = source.fact(_known)
    key = (loop, ast.dump(growth.target), own)
    if key not in known.growths:
        if loop not in known.contents:
            known.contents[loop] = _contents(loop)
        known.growths[key] = _growths(source, growth.target, known.contents[loop], own)
    return known.growths[key]


def _growths(
    source: SourceFile, target: ast.Name | ast.Attribute | ast.Subscript, loop: _Contents, own: frozenset[str]
) -> tuple[Growth, ...] | None:
    """What _only_grows() gives for *target*; the names *own* are those of inner loops that say which item grows."""
    if not isinstance(target, ast.Name):
        rebound = {name.id for name in _names(target)} - own
        if not loop.bound.isdisjoint(rebound):
            return None
    same = [node for node in loop.reads.get(_last_name(target), ()) if _is_same(node, target)]
    if isinstance(target, ast.Subscript) and any(
        _is_same(node.value, target.value) and not _is_same(node, target)
        for node in loop.reads.get(_ITEM, ())
        if isinstance(node, ast.Subscript)
    ):
        return None  # another item, or perhaps the same one
    if any(isinstance(node, ast.Attribute) for node in walk(target)) and not all(
        _leaves_alone(source, call, target) for call in loop.calls
    ):
        return None
    found = [other for other in loop.growths.get(_last_name(target), ()) if _is_same(other.target, target)]
    embedded = sum(isinstance(other.statement, ast.Assign) for other in found)
    return tuple(found) if len(same) == len(found) + embedded else None


@dataclass
class _Contents:
    """The nodes of a loop that matter to what grows in it; all but calls by their last names."""

    growths: dict[str, list[Growth]] = field(default_factory=dict)
    reads: dict[str, list[ast.Name | ast.Attribute | ast.Subscript]] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    """the names that the loop binds or deletes"""
    calls: list[ast.Call] = field(default_factory=list)


def _contents(loop: Loop) -> _Contents:
    found = _Contents()
    for node in walk(loop):
        match node:
            case ast.Name() | ast.Attribute() | ast.Subscript():
                found.reads.setdefault(_last_name(node), []).append(node)
                if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                    found.bound.add(node.id)
            case ast.Call():
                found.calls.append(node)
            case ast.Assign() | ast.AugAssign() if (growth := growth_of(node)) is not None:
                found.growths.setdefault(_last_name(growth.target), []).append(growth)
    return found


def _last_name(node: ast.Name | ast.Attribute | ast.Subscript) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return f".{name}"
    return _ITEM


@dataclass
class _Known:
    """What was found out of loops and variables before; others of their growths ask again."""

    contents: dict[Loop, _Contents] = field(default_factory=dict)
    growths: dict[tuple[Loop, str, frozenset[str]], tuple[Growth, ...] | None] = field(default_factory=dict)
    kinds: dict[Variable | str, set[str] | None] = field(default_factory=dict)
    shared: dict[Variable, bool] = field(default_factory=dict)


def _known(_: SourceFile) -> _Known:
    return _Known()


def _own_targets(source: SourceFile, growth: Growth, loop: Loop) -> Iterator[ast.expr]:
    """The targets of the inner loops that say which item grows."""
    for inner in enclosing_loops(source, growth.statement):
        if inner is loop:
            return
        if isinstance(inner, (ast.For, ast.AsyncFor)) and _is_bound_by(source, growth.target, inner):
            yield inner.target


def _leaves_alone(source: SourceFile, call: ast.Call, target: ast.expr) -> bool:
    """Whether a call in the loop cannot see the attribute *target* by the object that it is one of."""
    roots = {name.id for name in _names(target)}
    handed = (*call.args, *(keyword.value for keyword in call.keywords))
    if any(isinstance(item, ast.Name) and item.id in roots for item in handed):
        return False
    match call.func:
        case ast.Attribute(value=ast.Name(id=root), attr=method) if root in roots:
            owner = source.tree.enclosing_class(call)
            if root not in ("self", "cls") or owner is None or not isinstance(target, ast.Attribute):
                return False
            for item in owner.body:
                if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)) and item.name == method:
                    return not any(_concerns(node, target.attr) for node in walk(item))
            return False
    return True


def _concerns(node: ast.AST, attribute: str) -> bool:
    """Whether a method reads the attribute, or calls others that might."""
    match node:
        case ast.Attribute(attr=attr) if attr == attribute:
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="self" | "cls"))):
            return True
        case ast.Name(id="self" | "cls"):
            return False
    return False


def _is_bytes(source: SourceFile, growth: Growth, growths: tuple[Growth, ...]) -> bool | None:
    """Whether what grows is bytes (True) or str (False); None when it may be anything else."""
    kinds = {kind for item in growths for part in item.parts if (kind := kind_of_part(source, part)) is not None}
    first = _first_kinds(source, growth.target)
    if first is None:
        return None
    kinds = kinds | first
    if len(kinds) != 1:
        return None
    is_bytes = kinds.pop() == "bytes"
    return None if is_bytes and not first and isinstance(growth.target, ast.Name) else is_bytes


def _first_kinds(source: SourceFile, target: ast.expr) -> set[str] | None:
    """What the target is set to elsewhere, as far as it is known; None when some of that is neither str nor bytes."""
    key = source.names.variable(target) if isinstance(target, ast.Name) else getattr(target, "attr", None)
    if key is None:
        return _kinds_set(source, target)
    known = source.fact(_known).kinds
    if key not in known:
        known[key] = _kinds_set(source, target)
    return known[key]


def _kinds_set(source: SourceFile, target: ast.expr) -> set[str] | None:
    values: list[ast.expr] = []
    match target:
        case ast.Name():
            variable = source.names.variable(target)
            for binding in variable.bindings if variable is not None else ():
                if binding.kind is Kind.ASSIGNMENT and binding.value is not None:
                    if growth_of(source.tree.statement(binding.node)) is None:
                        values.append(binding.value)
                elif binding.kind not in (Kind.AUGMENTED, Kind.PARAMETER, Kind.DECLARED):
                    return None
        case ast.Attribute(attr=attr):
            values = source.fact(_attribute_values).get(attr, [])
    kinds = set()
    for value in values:
        kind = kind_of_part(source, value)
        if kind is not None:
            kinds.add(kind)
        elif not isinstance(value, _UNKNOWN) or _is_number(value) or _makes_object(source, value, target):
            return None
    return kinds


def _makes_object(source: SourceFile, value: ast.expr, target: ast.expr) -> bool:
    """Whether an attribute is set to what a call gives, or a name to what a bytearray or class is called for."""
    if not isinstance(value, ast.Call):
        return False
    name = source.names.qualified_name(value.func) or str(getattr(value.func, "id", ""))
    return isinstance(target, ast.Attribute) or name == "builtins.bytearray" or name.rpartition(".")[2][:1].isupper()


def _is_number(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, (int, float, complex))


def _attribute_values(source: SourceFile) -> dict[str, list[ast.expr]]:
    """What attributes of each name are set to anywhere in the file."""
    found: dict[str, list[ast.expr]] = {}
    for node in walk(source.module):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Attribute) and growth_of(node) is None:
                        found.setdefault(target.attr, []).append(value)
            case ast.AnnAssign(target=ast.Attribute(attr=attr) | ast.Name(id=attr), value=ast.expr() as value):
                found.setdefault(attr, []).append(value)
    return found


def kind_of_part(source: SourceFile, node: ast.expr, depth: int = 0) -> str | None:
    """``"text"`` or ``"bytes"`` when an expression gives evidence of being one, None when it gives none."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return "text"
        case ast.Constant(value=bytes()):
            return "bytes"
        case ast.BinOp(op=ast.Add() | ast.Mod()) if depth < _MAX_DEPTH:
            left = kind_of_part(source, node.left, depth + 1)
            return left if left or isinstance(node.op, ast.Mod) else kind_of_part(source, node.right, depth + 1)
        case ast.IfExp() if depth < _MAX_DEPTH:
            return kind_of_part(source, node.body, depth + 1) or kind_of_part(source, node.orelse, depth + 1)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() | bytes() as text))):
            return "text" if isinstance(text, str) else "bytes"
        case ast.Call(func=function):
            name = source.names.qualified_name(function)
            last = str(getattr(function, "attr", None) or getattr(function, "id", ""))
            if name in TEXT_FUNCTIONS or (isinstance(function, ast.Attribute) and last in TEXT_METHODS):
                return "text"
            if name in BYTES_FUNCTIONS or (isinstance(function, ast.Attribute) and last in BYTES_METHODS):
                return "bytes"
            return CONVERSIONS.get(last)
    return None


def is_copied(source: SourceFile, growth: Growth, *, is_bytes: bool) -> bool:
    """Whether CPython copies the whole text for this growth; a plain local ``s += part`` is made longer in place."""
    if is_bytes or growth.side is not Side.END or growth.embeds or not isinstance(growth.target, ast.Name):
        return True
    has_three_terms = isinstance(growth.statement, ast.Assign) and len(growth.parts) > 1
    return has_three_terms or not is_local(source, growth.target)


def is_local(source: SourceFile, name: ast.Name) -> bool:
    """Whether *name* is a variable of its function that no other function or comprehension sees."""
    variable = source.names.variable(name)
    if variable is None or variable.scope.kind is not ScopeKind.FUNCTION:
        return False
    function: FunctionNode | None = source.tree.function(name)
    if variable.scope.node is not function:
        return False
    known = source.fact(_known).shared
    if variable not in known:
        known[variable] = _is_shared(source, variable, function)
    return not known[variable]


def _is_shared(source: SourceFile, variable: Variable, function: FunctionNode | None) -> bool:
    nodes = [*variable.loads, *(binding.node for binding in variable.bindings if binding.kind is not Kind.PARAMETER)]
    return any(source.tree.function(node) is not function for node in nodes)
