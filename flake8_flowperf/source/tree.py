"""Where a node stands: its parents, statement, loops and function."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
FunctionNode: TypeAlias = Function | ast.Lambda
Definition: TypeAlias = Function | ast.ClassDef
Loop: TypeAlias = ast.For | ast.AsyncFor | ast.While
N = TypeVar("N", bound=ast.AST)
Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

_LEAVES = frozenset(
    cls
    for base in (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
    for cls in (base, *base.__subclasses__())
)
_WITHOUT_NODES = frozenset(
    "arg attr conversion ctx id is_async kind kwd_attrs level module name names op ops rest simple tag type_comment "
    "type_ignores".split()
)


class _ChildFields(dict[type[Any], tuple[str, ...]]):
    """The fields of a node type that can hold nodes which rules care for, in source order as far as ast has it."""

    def __missing__(self, cls: type[Any]) -> tuple[str, ...]:
        if cls in _LEAVES or cls is ast.Constant:
            fields: tuple[str, ...] = ()
        elif cls in (ast.Import, ast.ImportFrom):
            fields = ("names",)
        elif cls.__name__ == "TypeAlias":
            fields = cls._fields
        else:
            fields = tuple(field for field in getattr(cls, "_fields", ()) if field not in _WITHOUT_NODES)
        self[cls] = fields
        return fields


class _LastFieldFirst(dict[type[Any], tuple[str, ...]]):
    def __missing__(self, cls: type[Any]) -> tuple[str, ...]:
        fields = self[cls] = CHILD_FIELDS[cls][::-1]
        return fields


CHILD_FIELDS = _ChildFields()
_LAST_FIELD_FIRST = _LastFieldFirst()
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The child nodes of *node*; contexts and operators, which are shared singletons, are left out."""
    for field in CHILD_FIELDS[node.__class__]:
        value = getattr(node, field, None)
        if value.__class__ is list:
            for item in value:
                if isinstance(item, ast.AST):
                    yield item
        elif isinstance(value, ast.AST):
            yield value


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """*node* and everything below it, parents before children, in source order as far as ast has it.

    Unlike ast.walk it is depth first; unlike a NodeVisitor it does not recurse.
    """
    todo = [node]
    while todo:
        current = todo.pop()
        yield current
        todo.extend(reversed([*children(current)]))


def walk_scope(node: ast.AST) -> Iterator[ast.AST]:
    """Like walk(), but what stands in nested functions, lambdas and classes is left out (the node itself is given)."""
    todo = [node]
    while todo:
        current = todo.pop()
        yield current
        if current is node or not isinstance(current, _SCOPES):
            todo.extend(reversed([*children(current)]))


class Tree:
    """The nodes of a module by their type, and their parents.

    *names* are the name nodes by their identifiers, in no particular order.
    """

    def __init__(self, module: ast.Module) -> None:
        self.module = module
        self._parents: dict[ast.AST, ast.AST] = {}
        self._places: dict[ast.stmt, tuple[list[ast.stmt], int]] = {}
        self._by_type: defaultdict[type[ast.AST], list[Any]] = defaultdict(list)
        # Most nodes are names and constants: they have nothing below them, and no rule asks for them by type.
        parents, by_type = self._parents, self._by_type
        names: defaultdict[str, list[ast.Name]] = defaultdict(list)
        self.names: Mapping[str, list[ast.Name]] = names
        todo: list[ast.AST] = [module]
        while todo:
            node = todo.pop()
            cls = node.__class__
            by_type[cls].append(node)
            for field in _LAST_FIELD_FIRST[cls]:
                value: Any = getattr(node, field, None)
                kind: type[Any] = value.__class__
                if kind is list:
                    for child in reversed(value):
                        kind = child.__class__
                        if kind is ast.Name:
                            parents[child] = node
                            names[child.id].append(child)
                        elif kind is ast.Constant:
                            parents[child] = node
                        elif child is not None:  # the key of ``{**more}``, the default that a parameter does not have
                            parents[child] = node
                            todo.append(child)
                elif kind is ast.Name:
                    parents[value] = node
                    names[value.id].append(value)
                elif kind is ast.Constant:
                    parents[value] = node
                elif value is not None:
                    parents[value] = node
                    todo.append(value)

    def of(self, kind: type[N]) -> list[N]:
        """The nodes of exactly this type but ast.Name and ast.Constant, in source order as far as ast has it."""
        return self._by_type.get(kind, [])

    @cached_property
    def attributes(self) -> Mapping[str, list[ast.Attribute]]:
        """The attribute nodes by their last names, in source order as far as ast has it."""
        found: dict[str, list[ast.Attribute]] = {}
        for node in self.of(ast.Attribute):
            found.setdefault(node.attr, []).append(node)
        return found

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node that *node* is a child of, None for the module."""
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The parent of *node*, its parent, and so on up to the module."""
        current = self._parents.get(node)
        while current is not None:
            yield current
            current = self._parents.get(current)

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that *node* is or stands in."""
        for candidate in (node, *self.ancestors(node)):
            if isinstance(candidate, ast.stmt):
                return candidate
        raise ValueError("the node stands in no statement")

    def function(self, node: ast.AST) -> FunctionNode | None:
        """The innermost function or lambda whose body holds *node*, decorators and defaults left out."""
        child = node
        for ancestor in self.ancestors(node):
            if isinstance(ancestor, ast.Lambda) and child is ancestor.body:
                return ancestor
            if isinstance(ancestor, (ast.FunctionDef, ast.AsyncFunctionDef)) and isinstance(child, ast.stmt):
                return ancestor
            child = ancestor
        return None

    def enclosing_class(self, node: ast.AST) -> ast.ClassDef | None:
        """The innermost class that *node* stands in, through functions."""
        return next((ancestor for ancestor in self.ancestors(node) if isinstance(ancestor, ast.ClassDef)), None)

    def loop(self, node: ast.AST) -> Loop | Comprehension | None:
        """The innermost loop or comprehension of the same function that runs *node* again and again.

        What is evaluated once (a for's iterable, a comprehension's first iterable, an else block) is not in the loop.
        """
        child = node
        for ancestor in self.ancestors(node):
            match ancestor:
                case ast.For() | ast.AsyncFor() if child is not ancestor.iter and child not in ancestor.orelse:
                    return ancestor
                case ast.While() if child not in ancestor.orelse:
                    return ancestor
                case ast.comprehension():
                    owner = self._parents[ancestor]
                    assert isinstance(owner, Comprehension)
                    if ancestor is not owner.generators[0] or child is not ancestor.iter:
                        return owner
                    child = owner
                    continue
                case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() if child is ancestor.elt:
                    return ancestor
                case ast.DictComp() if child in (ancestor.key, ancestor.value):
                    return ancestor
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                    return None
            child = ancestor
        return None

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The list of statements that *statement* is an item of."""
        return self._place(statement)[0]

    def position(self, statement: ast.stmt) -> int:
        """Where *statement* stands in its block()."""
        return self._place(statement)[1]

    def _place(self, statement: ast.stmt) -> tuple[list[ast.stmt], int]:
        if statement not in self._places:
            parent = self._parents[statement]
            for field in ("body", "orelse", "finalbody"):
                block = getattr(parent, field, None)
                if isinstance(block, list):
                    self._places.update((item, (block, position)) for position, item in enumerate(block))
            if statement not in self._places:
                raise ValueError("the statement stands in no block")
        return self._places[statement]
