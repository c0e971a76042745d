"""Whether what an expression is computed from can change while a stretch of code runs.

Only reads that are known to leave an object alone count as harmless: an object that is handed to unknown code, or whose
unknown method is called, may change.  What a name of the object's contents is bound to is followed.
"""

from __future__ import annotations

import ast
import enum
import weakref
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.names import Binding, Variable
from flake8_flowperf.source.pure import CONTENT_BUILTINS, CONTENT_METHODS, READING_METHODS, Input, is_harmless_call
from flake8_flowperf.source.tree import Comprehension, Loop, walk

_SETUP_METHODS = frozenset({"__init__", "__new__", "__post_init__", "__attrs_post_init__"})
_SUSPENSIONS = (ast.Await, ast.Yield, ast.YieldFrom, ast.AsyncFor, ast.AsyncWith)


class Region:
    """The nodes that run, each with everything below it."""

    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        self.nodes = tuple(nodes)
        self._members = frozenset(self.nodes)

    @property
    def lines(self) -> tuple[int, int] | None:
        """The first and last line of a region of statements; expressions in f-strings do not know theirs."""
        statements = [node for node in self.nodes if isinstance(node, ast.stmt)]
        if not statements or len(statements) < len(self.nodes):
            return None
        return min(node.lineno for node in statements), max(node.end_lineno or node.lineno for node in statements)

    def holds(self, node: ast.AST, source: SourceFile) -> bool:
        """Whether *node* is below one of the nodes."""
        return node in self._members or any(ancestor in self._members for ancestor in source.tree.ancestors(node))


class _Use(enum.Enum):
    READ = enum.auto()
    MAY_CHANGE = enum.auto()


def _turn(loop: Loop | Comprehension) -> Region:
    match loop:
        case ast.For() | ast.AsyncFor():
            return Region((loop.target, *loop.body))
        case ast.While():
            return Region((loop.test, *loop.body))
        case ast.DictComp():
            nodes: list[ast.AST] = [loop.key, loop.value]
        case _:
            nodes = [loop.elt]
    for position, generator in enumerate(loop.generators):
        nodes += [generator.target, *generator.ifs, *([generator.iter] if position else [])]
    return Region(nodes)


@dataclass(frozen=True)
class _Effects:
    """What the code of a region may do to things that it does not name."""

    attributes: frozenset[str]
    calls_unknown: bool
    suspends: bool


class Stability:
    """Answers for one file; get it by ``source.fact(Stability)``."""

    def __init__(self, source: SourceFile) -> None:
        self._source: SourceFile = weakref.proxy(source)  # which keeps this among its facts
        self._turns: dict[Loop | Comprehension, Region] = {}
        self._effects: dict[Region, _Effects] = {}
        self._binding_lines: dict[Variable, list[int]] = {}
        self._answers: dict[tuple[Variable, tuple[str, ...], bool, Region], bool] = {}

    def turn(self, loop: Loop | Comprehension) -> Region:
        """What runs in every turn of *loop*."""
        if loop not in self._turns:
            self._turns[loop] = _turn(loop)
        return self._turns[loop]

    def may_change(self, inputs: Iterable[Input], region: Region) -> bool:
        """Whether one of *inputs* may have another value, or other contents, after *region* has run."""
        return any(self._input_may_change(item, region) for item in inputs)

    def reads_only(self, node: ast.expr, region: Region) -> bool:
        """Whether *region* only ever reads the object that *node* evaluates to, and what is in it."""
        use, aliases = self._use(node, ())
        return use is _Use.READ and not self._any_changes(aliases, (), region)

    def _input_may_change(self, item: Input, region: Region) -> bool:
        variable = self._source.names.variable(item.name)
        if variable is None:
            return self._source.names.qualified_name(item.name) is None
        key = (variable, item.path, item.has_contents, region)
        if key not in self._answers:
            self._answers[key] = self._compute(variable, item, region)
        return self._answers[key]

    def _compute(self, variable: Variable, item: Input, region: Region) -> bool:
        if self._is_rebound(variable, region):
            return True
        if item.path and self._attribute_may_change(variable, item, region):
            return True
        return item.has_contents and self._any_changes([variable], item.path, region)

    def _is_rebound(self, variable: Variable, region: Region) -> bool:
        if any(self._is_inside(binding.node, region) for binding in self._near(variable, region)):
            return True
        if len(variable.bindings) < 2 or not self.effects(region).calls_unknown:
            return False
        here = self._source.tree.function(region.nodes[0])
        return any(self._source.tree.function(binding.node) is not here for binding in variable.bindings)

    def _near(self, variable: Variable, region: Region) -> list[Binding]:
        """The bindings of the variable that may stand in the region; a name may be bound a thousand times."""
        lines = region.lines
        if lines is None or self._source.tree.of(ast.NamedExpr):
            return variable.bindings
        if variable not in self._binding_lines:
            nodes: list[Any] = [binding.node for binding in variable.bindings]
            self._binding_lines[variable] = [node.lineno for node in nodes]
        known = self._binding_lines[variable]
        return variable.bindings[bisect_left(known, lines[0]) : bisect_right(known, lines[1])]

    def _attribute_may_change(self, variable: Variable, item: Input, region: Region) -> bool:
        effects = self.effects(region)
        if not effects.attributes.isdisjoint(item.path):
            return True
        if effects.suspends and item.has_contents:
            return True
        handed_out = any(
            self._use(load, item.path)[0] is _Use.MAY_CHANGE
            for load in variable.loads
            if self._is_inside(load, region) and not self._reaches(load, item.path)
        )
        return handed_out and (item.has_contents or not self._is_settled(item))

    def _reaches(self, load: ast.Name, path: tuple[str, ...]) -> bool:
        """Whether *load* is the start of the dotted name that *path* spells."""
        node: ast.AST | None = load
        for attribute in path:
            node = self._source.tree.parent(node) if node is not None else None
            if not isinstance(node, ast.Attribute) or node.attr != attribute or not isinstance(node.ctx, ast.Load):
                return False
        return True

    def _is_settled(self, item: Input) -> bool:
        """Whether the class around defines the attribute and nothing in the file sets it after __init__."""
        owner = self._source.tree.enclosing_class(item.name)
        if item.name.id not in ("self", "cls") or owner is None or len(item.path) != 1:
            return False
        (attribute,) = item.path
        defined = any(
            (isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == attribute)
            or (
                isinstance(node, (ast.Assign, ast.AnnAssign))
                and any(isinstance(name, ast.Name) and name.id == attribute for name in walk(node))
            )
            for node in owner.body
        )
        for node in self._attribute_stores(attribute):
            function = self._source.tree.function(node)
            if not isinstance(function, ast.FunctionDef) or function.name not in _SETUP_METHODS:
                return False
            defined = True
        return defined

    def _attribute_stores(self, attribute: str) -> list[ast.Attribute]:
        return [node for node in self._source.fact(_attribute_stores) if node.attr == attribute]

    def _any_changes(self, variables: Iterable[Variable], path: tuple[str, ...], region: Region) -> bool:
        """Whether *region* may change the object that *path* leads to from one of *variables*, or an alias of it."""
        here = self._source.tree.function(region.nodes[0])
        unknown = self.effects(region).calls_unknown
        todo = [(variable, path) for variable in variables]
        seen = set(todo)
        while todo:
            variable, path = todo.pop()
            found = [(alias, ()) for alias in self._origins(variable)] if not path else []
            for load in variable.loads:
                inside = self._is_inside(load, region)
                elsewhere = unknown and not inside and self._source.tree.function(load) is not here
                use, aliases = self._use(load, path)
                if use is _Use.MAY_CHANGE and (inside or (elsewhere and self._changes_plainly(load, path))):
                    return True
                found += [(alias, ()) for alias in aliases]
            todo += [item for item in found if item not in seen]
            seen.update(found)
        return False

    def _origins(self, variable: Variable) -> Iterator[Variable]:
        """The variables whose objects *variable* is bound to, or to a part of them."""
        for binding in variable.bindings:
            node = binding.value
            while isinstance(node, (ast.Attribute, ast.Subscript)):
                node = node.value
            if isinstance(node, ast.Name) and (origin := self._source.names.variable(node)) is not None:
                yield origin

    def _changes_plainly(self, load: ast.Name, path: tuple[str, ...]) -> bool:
        """Whether code outside of the region stores into the object, or calls one of its methods."""
        node: ast.AST = load
        while isinstance(parent := self._source.tree.parent(node), (ast.Attribute, ast.Subscript)):
            if parent.value is not node:
                return False
            node = parent
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            return True
        return isinstance(parent, ast.Call) and parent.func is node and self._use(load, path)[0] is _Use.MAY_CHANGE

    def _use(self, node: ast.expr, path: tuple[str, ...]) -> tuple[_Use, list[Variable]]:
        """What becomes of the object that *node* evaluates to, and the variables that are then bound to it.

        With a *path* it is about what the path leads to from there.
        """
        tree = self._source.tree
        current: ast.AST = node
        for attribute in path:
            parent = tree.parent(current)
            if not isinstance(parent, ast.Attribute):
                break
            if parent.attr != attribute:
                called = tree.parent(parent)
                is_method = isinstance(called, ast.Call) and called.func is parent
                return (_Use.MAY_CHANGE if is_method else _Use.READ), []
            current = parent
        aliases: list[Variable] = []
        while True:
            if isinstance(current, (ast.Attribute, ast.Subscript)) and not isinstance(current.ctx, ast.Load):
                return _Use.MAY_CHANGE, aliases
            parent = tree.parent(current)
            match parent:
                case ast.Attribute():
                    grandparent = tree.parent(parent)
                    if isinstance(grandparent, ast.Call) and grandparent.func is parent:
                        if parent.attr in READING_METHODS:
                            return _Use.READ, aliases
                        if parent.attr not in CONTENT_METHODS:
                            return _Use.MAY_CHANGE, aliases
                        parent = grandparent
                case ast.Subscript() if current is parent.slice:
                    return _Use.READ, aliases
                case ast.keyword():
                    current = parent
                    continue
                case ast.Call():
                    if current is parent.func or not is_harmless_call(self._source, parent):
                        return _Use.MAY_CHANGE, aliases
                    if not self._gives_contents(parent):
                        return _Use.READ, aliases
                case ast.Assign():
                    return self._bound(parent.targets, aliases)
                case ast.AnnAssign():
                    return self._bound([parent.target], aliases)
                case ast.NamedExpr():
                    aliases += self._targets([parent.target])
                case ast.For() | ast.AsyncFor():
                    return self._bound([parent.target], aliases)
                case ast.comprehension():
                    if current is not parent.iter:
                        return _Use.READ, aliases
                    return self._bound([parent.target], aliases)
                case ast.IfExp() if current is parent.test:
                    return _Use.READ, aliases
                case (
                    ast.Compare() | ast.UnaryOp() | ast.BinOp() | ast.FormattedValue() | ast.JoinedStr() | ast.Slice()
                    | ast.AugAssign() | ast.If() | ast.While() | ast.Assert() | ast.Expr() | ast.Return() | ast.Raise()
                ):  # fmt: skip
                    return _Use.READ, aliases
                case (
                    ast.Subscript() | ast.BoolOp() | ast.IfExp() | ast.Starred() | ast.List() | ast.Tuple() | ast.Set()
                    | ast.Dict() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp()
                ):  # fmt: skip
                    pass
                case _:
                    return _Use.MAY_CHANGE, aliases
            current = parent

    def _bound(self, targets: Iterable[ast.expr], aliases: list[Variable]) -> tuple[_Use, list[Variable]]:
        targets = [*targets]
        stored = any(isinstance(node, (ast.Attribute, ast.Subscript)) for target in targets for node in walk(target))
        return (_Use.MAY_CHANGE if stored else _Use.READ), [*aliases, *self._targets(targets)]

    def _targets(self, targets: Iterable[ast.expr]) -> Iterator[Variable]:
        for target in targets:
            for node in walk(target):
                if isinstance(node, ast.Name) and (variable := self._source.names.variable(node)) is not None:
                    yield variable

    def _gives_contents(self, node: ast.Call) -> bool:
        name = self._source.names.qualified_name(node.func) or ""
        return name.removeprefix("builtins.") in CONTENT_BUILTINS

    def effects(self, region: Region) -> _Effects:
        """What the code of *region* may do beyond the names in it."""
        if region not in self._effects:
            attributes: set[str] = set()
            unknown = suspends = False
            for node in (node for part in region.nodes for node in walk(part)):
                if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                    attributes.add(node.attr)
                elif isinstance(node, ast.Call):
                    reads = isinstance(node.func, ast.Attribute) and node.func.attr in CONTENT_METHODS
                    unknown = unknown or not (reads or is_harmless_call(self._source, node))
                elif isinstance(node, _SUSPENSIONS):
                    suspends = True
            self._effects[region] = _Effects(frozenset(attributes), unknown or suspends, suspends)
        return self._effects[region]

    def _is_inside(self, node: ast.AST, region: Region) -> bool:
        return region.holds(node, self._source)


def _attribute_stores(source: SourceFile) -> list[ast.Attribute]:
    """All stores into and deletions of attributes in the file."""
    return [node for node in source.tree.of(ast.Attribute) if not isinstance(node.ctx, ast.Load)]
