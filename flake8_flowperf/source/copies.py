"""Deep copies that could be fewer: label definition DC, (a) to (e), and copies that go into a trace.

Each call of copy.deepcopy belongs to at most one redundancy; left alone are calls with a memo, tests, and __deepcopy__.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TypeAlias

from flake8_flowperf.source.calls import calls_that_may_be
from flake8_flowperf.source.copy_uses import (
    changes_only_top_level,
    is_fresh,
    is_loop_invariant,
    only_use,
    root_name,
    same,
    used_later,
    uses_in,
)
from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.names import Kind
from flake8_flowperf.source.tree import Comprehension, Loop, walk, walk_scope
from flake8_flowperf.source.values import ValueKind, kind_of_value

DEEPCOPY = "copy.deepcopy"

_TRACE = re.compile(
    r"(?:^|_)(?:logs?|traces?|history|histories|events?|records?|metrics?|telemetry|audits?|decisions?|journal)(?:$|_)"
)
_EXACT_FUNCTIONS = frozenset(f"builtins.{name}" for name in ("str", "repr", "len", "int", "float", "ord", "chr", "hex"))
_GIVING_AGAIN = frozenset({"itertools.repeat", "itertools.cycle", "itertools.product", "random.choices"})
_LEAVES = (ast.Break, ast.Return, ast.Raise)


@dataclass(frozen=True)
class Siblings:
    """Copies of different values in one statement (one item), or in statements that follow each other."""

    calls: tuple[ast.Call, ...]
    statements: tuple[ast.stmt, ...]


@dataclass(frozen=True)
class PerItem:
    """A copy for each item of what is looped over; *result* is the comprehension, or the list that a loop fills.

    *binding* is the statement that keeps the copy until it is appended, None when it is appended at once.
    """

    call: ast.Call
    loop: Loop | Comprehension
    result: ast.expr
    binding: ast.Assign | None = None


@dataclass(frozen=True)
class Invariant:
    """A copy of the same value in every turn of a loop, of which only the top level is changed, or which is only used
    in *branch*."""

    call: ast.Call
    branch: ast.If | None


@dataclass(frozen=True)
class Plain:
    """A copy of text or a number; *is_proved* is False where an annotation or one operand is all that tells so."""

    call: ast.Call
    is_proved: bool


@dataclass(frozen=True)
class OfCopy:
    """A copy of a value that is a copy itself; *origin* says where that was made, in words."""

    call: ast.Call
    origin: str
    can_drop: bool
    is_proved: bool = False


@dataclass(frozen=True)
class Rebound:
    """A copy whose source is bound to something else in the next statement."""

    call: ast.Call
    is_proved: bool


@dataclass(frozen=True)
class Recorded:
    """A copy in an entry that is appended to a trace; *is_parameter*: what is copied belongs to the caller."""

    call: ast.Call
    trace: ast.expr
    is_parameter: bool


InLoop: TypeAlias = PerItem | Invariant | Plain | OfCopy | Rebound
Redundancy: TypeAlias = Siblings | InLoop | Recorded


def redundant_copies(source: SourceFile) -> dict[ast.Call, Redundancy]:
    """The deep copies of the file that could be spared, by the (first) call."""
    return _Copies(source).found


def is_deepcopy(source: SourceFile, node: ast.AST | None) -> bool:
    """Whether *node* is a call of copy.deepcopy with a value and no memo."""
    match node:
        case ast.Call(func=function, args=[argument], keywords=[]) if not isinstance(argument, ast.Starred):
            return source.names.may_be(function, ("deepcopy",)) and source.names.qualified_name(function) == DEEPCOPY
    return False


class _Copies:
    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.tree = source.tree
        self.found: dict[ast.Call, Redundancy] = {}
        self._claimed: set[ast.Call] = set()
        calls = [
            node
            for node in calls_that_may_be(source, lambda name: name == "deepcopy")
            if is_deepcopy(source, node) and not self._is_hook(node)
        ]
        for sort in (self._plain, self._of_copy, self._siblings, self._rebound, self._recorded, self._in_loop):
            for call in calls:
                if call not in self._claimed and (redundancy := sort(call)) is not None:
                    self.found[call] = redundancy
                    self._claimed.add(call)
                    if isinstance(redundancy, Siblings):
                        self._claimed.update(redundancy.calls)

    def _is_hook(self, call: ast.Call) -> bool:
        """Whether the call makes a copy for copy.deepcopy itself, or for a test."""
        return any(
            isinstance(ancestor, (ast.FunctionDef, ast.AsyncFunctionDef))
            and (ancestor.name in ("__deepcopy__", "__copy__") or ancestor.name.startswith("test_"))
            for ancestor in self.tree.ancestors(call)
        )

    # (e)
    def _plain(self, call: ast.Call) -> Plain | None:
        if kind_of_value(self.source, call.args[0]) in (ValueKind.TEXT, ValueKind.NUMBER):
            return Plain(call, _is_exact(self.source, call.args[0]))
        return Plain(call, True) if _is_exact(self.source, call.args[0]) else None

    # (d)
    def _of_copy(self, call: ast.Call) -> OfCopy | None:
        (argument,) = call.args
        if is_deepcopy(self.source, argument):
            return OfCopy(call, "a call of deepcopy", can_drop=True)
        if is_fresh(self.source, argument):
            return OfCopy(call, "json.loads", can_drop=True, is_proved=True)
        if (callee := self._copying_callee(call)) is not None:
            return OfCopy(call, f"{callee}()", can_drop=False)
        if isinstance(argument, ast.Name) and (name := self._copying_property(argument)) is not None:
            return OfCopy(call, f"the property {name}", can_drop=False)
        if isinstance(argument, ast.Attribute) and (name := self._property_copies(argument)) is not None:
            return OfCopy(call, f"the property {name}", can_drop=True)
        return self._part_of_copy(call)

    def _part_of_copy(self, call: ast.Call) -> OfCopy | None:
        """*call* copies a part of a local copy that nothing reads as a whole after it."""
        name = root_name(call.args[0], through_calls=True)
        for _ in range(4):
            variable = self.source.names.variable(name) if name is not None else None
            if name is None or variable is None:
                return None
            function = self.tree.function(call)
            values = [binding for binding in variable.bindings if binding.kind is not Kind.PARAMETER]
            if function is None or variable.scope.node is not function or len(values) != 1:
                return None
            value = values[0].value
            if values[0].kind is not Kind.ASSIGNMENT or value is None:
                return None
            if is_deepcopy(self.source, value):
                before = self._precedes(value, call)
                if not before or self.tree.loop(call) is not None or used_later(self.source, variable, call):
                    return None
                return OfCopy(call, f"the copy {name.id}", can_drop=False)
            if len(variable.bindings) != 1:
                return None
            name = root_name(value, through_calls=True)
        return None

    def _precedes(self, value: ast.expr, call: ast.Call) -> bool:
        """Whether the statement of *value* certainly runs before *call*."""
        statement = self.tree.statement(value)
        block = self.tree.block(statement)
        around = {call, *self.tree.ancestors(call)}
        return any(later in around for later in block[block.index(statement) + 1 :])

    def _copying_callee(self, call: ast.Call) -> str | None:
        """The function of this module that *call* is an argument of, when it copies that parameter itself at once."""
        outer = self.tree.parent(call)
        match outer:
            case ast.Call(func=ast.Name() as name, args=arguments) if call in arguments:
                position = arguments.index(call)
            case _:
                return None
        variable = self.source.names.variable(name)
        if variable is None or len(variable.bindings) != 1 or any(isinstance(a, ast.Starred) for a in arguments):
            return None
        callee = variable.bindings[0].node
        if not isinstance(callee, ast.FunctionDef) or callee.decorator_list:
            return None
        if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in walk_scope(callee)):
            return None
        parameters = [*callee.args.posonlyargs, *callee.args.args]
        if position >= len(parameters):
            return None
        parameter = self.source.names.scopes[callee].variables[parameters[position].arg]
        for statement in callee.body:
            if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Return)) and is_deepcopy(
                self.source, statement.value
            ):
                assert isinstance(statement.value, ast.Call)
                (copied,) = statement.value.args
                if isinstance(copied, ast.Name) and self.source.names.variable(copied) is parameter:
                    return callee.name
        return None

    def _copying_property(self, name: ast.Name) -> str | None:
        """The property that gave *name* its value in one branch, when it returns a copy."""
        variable = self.source.names.variable(name)
        if variable is None or any(binding.kind is not Kind.ASSIGNMENT for binding in variable.bindings):
            return None
        names = [
            self._property_copies(binding.value)
            for binding in variable.bindings
            if isinstance(binding.value, ast.Attribute)
        ]
        return next((found for found in names if found is not None), None)

    def _property_copies(self, node: ast.Attribute) -> str | None:
        owner = self.tree.enclosing_class(node)
        if owner is None or not isinstance(node.value, ast.Name) or node.value.id != "self":
            return None
        for member in owner.body:
            if isinstance(member, ast.FunctionDef) and member.name == node.attr:
                returns = [inner for inner in walk_scope(member) if isinstance(inner, ast.Return)]
                is_property = [
                    self.source.names.qualified_name(item) == "builtins.property" for item in member.decorator_list
                ]
                if is_property == [True] and returns and all(is_deepcopy(self.source, r.value) for r in returns):
                    return f"self.{node.attr}"
        return None

    def _rebound(self, call: ast.Call) -> Rebound | None:
        """``old = deepcopy(new)`` before ``new = ...``."""
        statement = self.tree.statement(call)
        (argument,) = call.args
        if self.tree.parent(call) is not statement or not isinstance(statement, ast.Assign):
            return None
        if not isinstance(argument, (ast.Name, ast.Attribute)) or any(same(argument, t) for t in statement.targets):
            return None
        block = self.tree.block(statement)
        following = block[block.index(statement) + 1 :]
        match following:
            case [ast.Assign(targets=[target], value=value), *_] if same(target, argument):
                pass
            case _:
                return None
        root = root_name(argument)
        if root is None or any(isinstance(node, ast.Name) and node.id == root.id for node in walk(value)):
            return None
        return Rebound(call, self._is_own(argument, statement))

    def _is_own(self, argument: ast.expr, statement: ast.stmt) -> bool:
        """Whether nothing but the local name *argument* can reach its object before *statement*."""
        variable = self.source.names.variable(argument) if isinstance(argument, ast.Name) else None
        function = self.tree.function(statement)
        if variable is None or function is None or variable.scope.node is not function:
            return False
        if any(isinstance(ancestor, (ast.Try, *_loops())) for ancestor in self.tree.ancestors(statement)):
            return False
        block = self.tree.block(statement)
        earlier = block[: block.index(statement)]
        if not earlier or not isinstance(earlier[-1], ast.Assign) or block is not getattr(function, "body", None):
            return False
        value = earlier[-1].value
        fresh = is_fresh(self.source, value) or is_deepcopy(self.source, value)
        return fresh and len(earlier[-1].targets) == 1 and same(earlier[-1].targets[0], argument)

    # (a)
    def _siblings(self, call: ast.Call) -> Siblings | None:
        statement = self.tree.statement(call)
        if not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr)):
            return None
        together = [
            node
            for node in walk_scope(statement)
            if isinstance(node, ast.Call)
            and node not in self._claimed
            and is_deepcopy(self.source, node)
            and self._is_unconditional(node, statement)
        ]
        if call in together and len({ast.dump(item.args[0]) for item in together}) > 1:
            return Siblings(tuple(sorted(together, key=_position)), (statement,))
        return self._following(statement)

    def _following(self, statement: ast.stmt) -> Siblings | None:
        block = self.tree.block(statement)
        start = block.index(statement)
        run: list[tuple[ast.Assign, ast.Call]] = []
        for item in block[start:]:
            match item:
                case ast.Assign(targets=[target], value=ast.Call(args=[argument]) as copied) if (
                    is_deepcopy(self.source, copied) and copied not in self._claimed
                ):
                    pass
                case _:
                    break
            if not isinstance(argument, (ast.Attribute, ast.Subscript)) or isinstance(target, (ast.Tuple, ast.List)):
                break
            if run:
                first = run[0][1].args[0]
                assert isinstance(first, (ast.Attribute, ast.Subscript))
                earlier = [entry.targets[0] for entry, _ in run]
                if not same(first.value, argument.value) or type(first) is not type(argument):
                    break
                if any(same(argument, entry) or same(argument.value, entry) for entry in earlier):
                    break
                if any(same(argument, entry.args[0]) for _, entry in run):
                    break
            run.append((item, copied))
        if len(run) < 2:
            return None
        return Siblings(tuple(copied for _, copied in run), tuple(item for item, _ in run))

    def _is_unconditional(self, node: ast.AST, statement: ast.stmt) -> bool:
        child = node
        for ancestor in self.tree.ancestors(node):
            if ancestor is statement:
                return True
            match ancestor:
                case ast.IfExp() if child is not ancestor.test:
                    return False
                case ast.BoolOp() if child is not ancestor.values[0]:
                    return False
                case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                    return False
            child = ancestor
        return True

    # a trace
    def _recorded(self, call: ast.Call) -> Recorded | None:
        (argument,) = call.args
        function = self.tree.function(call)
        if not isinstance(argument, ast.Name) or not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return None
        entry: ast.AST = call
        while isinstance(parent := self.tree.parent(entry), (ast.Dict, ast.Tuple, ast.List)):
            entry = parent
        match parent:
            case ast.Call(func=ast.Attribute(value=trace, attr="append"), args=[only], keywords=[]) if only is entry:
                pass
            case _:
                return None
        name = trace.attr if isinstance(trace, ast.Attribute) else getattr(trace, "id", "")
        if entry is call or _TRACE.search(name.lower()) is None or not isinstance(trace, (ast.Attribute, ast.Name)):
            return None
        root = root_name(trace)
        owner = self.source.names.variable(root) if root is not None else None
        if owner is None or (isinstance(trace, ast.Name) and owner.scope is not self.source.names.module_scope):
            return None
        variable = self.source.names.variable(argument)
        if variable is None or variable.scope.node is not function or self.tree.loop(call) is not None:
            return None
        if used_later(self.source, variable, call):
            return None
        return Recorded(call, trace, any(binding.kind is Kind.PARAMETER for binding in variable.bindings))

    # (b) and (c)
    def _in_loop(self, call: ast.Call) -> PerItem | Invariant | None:
        loop = self.tree.loop(call)
        match loop:
            case ast.ListComp(elt=element) if element is call:
                return PerItem(call, loop, loop) if self._is_item(call, loop.generators) else None
            case ast.DictComp(value=element) if element is call:
                return PerItem(call, loop, loop) if self._is_item(call, loop.generators) else None
            case ast.For() | ast.While() | ast.AsyncFor():
                found = self._appended(call, loop) if isinstance(loop, ast.For) else None
                return found or self._invariant(call, loop)
        return None

    def _is_item(self, call: ast.Call, generators: list[ast.comprehension]) -> bool:
        """Whether *call* copies what the generators give, each object once as far as can be seen."""
        outer: set[str] = set()
        for generator in generators:
            is_the_same_again = outer and outer.isdisjoint(_names_in(generator.iter))
            if generator.is_async or is_the_same_again or self._gives_again(generator.iter):
                return False
            outer |= _names_in(generator.target)
        return self._depends_on(call.args[0], generators[-1].target)

    def _gives_again(self, iterable: ast.expr) -> bool:
        """Whether *iterable* gives the same objects several times, as ``items * 2`` does: their copies are as many."""
        if isinstance(iterable, ast.Name):
            variable = self.source.names.variable(iterable)
            iterable = (variable.only_value if variable is not None else None) or iterable
        for part in walk(iterable):
            match part:
                case ast.BinOp(op=ast.Mult()):
                    return True
                case ast.Call(func=function) if self.source.names.qualified_name(function) in _GIVING_AGAIN:
                    return True
        return False

    def _depends_on(self, node: ast.expr, target: ast.expr) -> bool:
        """Whether *node* is an item, or an attribute or item of one, that *target* takes."""
        name = root_name(node)
        return name is not None and name.id in _names_in(target)

    def _appended(self, call: ast.Call, loop: ast.For) -> PerItem | None:
        if not self._depends_on(call.args[0], loop.target) or self._gives_again(loop.iter):
            return None
        statement = self.tree.statement(call)
        block = self.tree.block(statement)
        appended: ast.expr = call
        binding = None
        if isinstance(statement, ast.Assign) and statement.value is call:
            following = block[block.index(statement) + 1 :]
            (target,) = statement.targets if len(statement.targets) == 1 else (None,)
            if not isinstance(target, ast.Name) or not following:
                return None
            use = only_use(self.source, target)
            if use is None:
                return None
            appended, binding, statement = use, statement, following[0]
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=result, attr="append"), args=[only], keywords=[])):
                if only is not appended:
                    return None
            case _:
                return None
        following = block[block.index(statement) + 1 :]
        if any(isinstance(item, _LEAVES) for item in following):
            return None
        root = root_name(result)
        if root is None or root.id in _names_in(loop.target):
            return None
        if len(uses_in(loop, result)) != 1 or self._is_rebound(loop, root.id):
            return None
        return PerItem(call, loop, result, binding)

    def _is_rebound(self, loop: Loop, name: str) -> bool:
        return any(
            isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load) for node in walk(loop)
        )

    def _invariant(self, call: ast.Call, loop: Loop) -> Invariant | None:
        statement = self.tree.statement(call)
        match statement:
            case ast.Assign(targets=[ast.Name() as copied]) | ast.AnnAssign(target=ast.Name() as copied):
                pass
            case _:
                return None
        block = self.tree.block(statement)
        if self.tree.parent(call) is not statement or not is_loop_invariant(self.source, call.args[0], loop):
            return None
        if block is not loop.body or any(isinstance(item, _LEAVES) for item in block):
            return None
        variable = self.source.names.variable(copied)
        if variable is None or len(variable.bindings) != 1:
            return None
        edits = changes_only_top_level(self.source, variable, loop)
        if edits is None:
            return None
        if not edits:
            return Invariant(call, None) if variable.loads else None
        branches = {self._branch(load, block) for load in edits}
        branch = branches.pop() if len(branches) == 1 else None
        return Invariant(call, branch) if branch is not None else None

    def _branch(self, load: ast.Name, block: list[ast.stmt]) -> ast.If | None:
        """The ``if`` of *block* in whose body *load* stands, when it has no other branch."""
        child: ast.AST = load
        for ancestor in self.tree.ancestors(load):
            if ancestor in block:
                return ancestor if isinstance(ancestor, ast.If) and child in ancestor.body else None
            child = ancestor
        return None


def _loops() -> tuple[type[ast.AST], ...]:
    return (ast.For, ast.AsyncFor, ast.While)


def _names_in(node: ast.AST) -> set[str]:
    return {part.id for part in walk(node) if isinstance(part, ast.Name)}


def _position(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _is_exact(source: SourceFile, node: ast.expr) -> bool:
    """Whether *node* certainly gives text, bytes, a number, None or a truth value."""
    match node:
        case ast.Constant() | ast.JoinedStr():
            return True
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return all(_is_exact(source, side) for side in (left, right))
        case ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod()):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="join" | "format")):
            return True
        case ast.Call(func=function):
            return source.names.qualified_name(function) in _EXACT_FUNCTIONS
    return False
