"""Who takes the items of an iterable one by one, and what runs between one item and the next."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.names import Variable
from flake8_flowperf.source.tree import Comprehension

_EXHAUSTING = frozenset(
    {f"builtins.{name}" for name in ("dict", "frozenset", "list", "max", "min", "set", "sorted", "sum", "tuple")}
    | {f"collections.{name}" for name in ("Counter", "OrderedDict", "deque")}
)
_STOPPING = frozenset({"builtins.all", "builtins.any", "builtins.next"})


@dataclass(frozen=True)
class Consumption:
    """The place that takes every item of an iterable, on the spot.

    *by* is what takes the iterable itself: "for", "comprehension", "enumerate", "map", "filter", "len", "join" or
    "call" (list, sorted, any, ...).  *place* is what drives the iteration; they differ in
    ``for n, line in enumerate(lines)``.  *bodies* is the code that runs between two items, *target* what an item is
    bound to where that is known.  *stops_early* tells of any(), all() and next(), and not of a loop's own exits.
    """

    by: str
    place: ast.For | Comprehension | ast.Call
    bodies: tuple[ast.AST, ...] = ()
    callbacks: tuple[ast.expr, ...] = ()
    """functions that are called between two items"""
    target: ast.expr | None = None
    stops_early: bool = False
    is_lazy_inside: bool = False
    """a generator expression, map or filter stands between the iterable and the place"""

    @property
    def loop(self) -> ast.For | None:
        """The ``for`` statement, when it is one that takes the items."""
        return self.place if isinstance(self.place, ast.For) else None


def consumption(source: SourceFile, node: ast.expr, depth: int = 0) -> Consumption | None:
    """Who takes the items of *node* where it stands; None when it is kept, handed on or used in another way."""
    parent = source.tree.parent(node)
    if depth > 5:
        return None
    match parent:
        case ast.For() if parent.iter is node:
            return Consumption("for", parent, tuple(parent.body), target=parent.target)
        case ast.comprehension(is_async=0) if parent.iter is node:
            return _by_comprehension(source, parent, depth)
        case ast.Call(keywords=keywords) if node in parent.args:
            return _by_call(source, node, parent, bool(keywords), depth)
    return None


def item_variable(source: SourceFile, found: Consumption) -> Variable | None:
    """The variable that holds an item and nothing else of the iteration, if there is one."""
    return source.names.variable(found.target) if isinstance(found.target, ast.Name) else None


def _by_comprehension(source: SourceFile, clause: ast.comprehension, depth: int) -> Consumption | None:
    owner = source.tree.parent(clause)
    assert isinstance(owner, Comprehension)
    results = (owner.key, owner.value) if isinstance(owner, ast.DictComp) else (owner.elt,)
    later = owner.generators[owner.generators.index(clause) + 1 :]
    bodies = (*clause.ifs, *later, *results)
    found = Consumption("comprehension", owner, bodies, target=clause.target)
    if not isinstance(owner, ast.GeneratorExp):
        return found
    outer = consumption(source, owner, depth + 1)
    if outer is None or outer.by == "len":
        return None
    return replace(
        found,
        place=outer.place,
        bodies=(*bodies, *outer.bodies),
        callbacks=outer.callbacks,
        stops_early=outer.stops_early,
        is_lazy_inside=True,
    )


def _by_call(source: SourceFile, node: ast.expr, call: ast.Call, has_keywords: bool, depth: int) -> Consumption | None:
    name = source.names.qualified_name(call.func)
    match name, call.args:
        case "builtins.enumerate", [first, *_] if first is node:
            outer = consumption(source, call, depth + 1)
            if outer is None:
                return None
            return replace(outer, by="enumerate", target=_second(outer.target))
        case (("builtins.map" | "builtins.filter"), [callback, only]) if only is node and not has_keywords:
            outer = consumption(source, call, depth + 1)
            if outer is None:
                return None
            kept = outer.target if name == "builtins.filter" else None
            by = name.rpartition(".")[2]
            callbacks = (callback, *outer.callbacks)
            return replace(outer, by=by, target=kept, callbacks=callbacks, is_lazy_inside=True)
        case "builtins.len", [_]:
            return Consumption("len", call)
        case str(), [first, *_] if first is node and (name in _EXHAUSTING or name in _STOPPING):
            callbacks = tuple(keyword.value for keyword in call.keywords if keyword.arg == "key")
            return Consumption("call", call, callbacks=callbacks, stops_early=name in _STOPPING)
    match call.func:
        case ast.Attribute(value=ast.Constant(value=str() | bytes()), attr="join") if len(call.args) == 1:
            return Consumption("join", call)
    return None


def _second(target: ast.expr | None) -> ast.expr | None:
    match target:
        case ast.Tuple(elts=[_, second]):
            return second
    return None
