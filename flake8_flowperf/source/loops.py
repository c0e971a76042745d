"""How often a loop runs, and on what conditions a node in it does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.tree import Comprehension, Loop, walk_scope

FEW = 8
"""a loop over so many fixed items is not worth a word"""
_RETRY = re.compile(r"attempt|retr(y|ies)|\btries\b|_tries", re.IGNORECASE)
_LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def enclosing_loops(source: SourceFile, node: ast.AST) -> Iterator[Loop | Comprehension]:
    """The loops and comprehensions of the same function that run *node* again and again, the innermost first."""
    loop = source.tree.loop(node)
    while loop is not None:
        yield loop
        loop = source.tree.loop(loop)


def runs_few_times(source: SourceFile, loop: Loop | Comprehension) -> bool:
    """Whether *loop* goes over a literal of at most FEW items, or over a constant range of as many."""
    match loop:
        case ast.While():
            return False
        case ast.For() | ast.AsyncFor():
            count = _fixed_count(source, loop.iter)
        case _:
            counts = [_fixed_count(source, generator.iter) for generator in loop.generators]
            count = 1
            for item in counts:
                count = None if item is None or count is None else item * count
    return count is not None and count <= FEW


def _fixed_count(source: SourceFile, node: ast.expr, depth: int = 0) -> int | None:
    """How many items *node* has, when the code says it."""
    if depth > 4:
        return None
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return len(items) if not any(isinstance(item, ast.Starred) for item in items) else None
        case ast.Dict(keys=keys):
            return len(keys) if None not in keys else None
        case ast.Constant(value=str() | bytes() as text):
            return len(text)
        case ast.Name():
            variable = source.names.variable(node)
            value = variable.only_value if variable is not None else None
            grows = variable is not None and any(_is_receiver(source, load) for load in variable.loads)
            return _fixed_count(source, value, depth + 1) if value is not None and not grows else None
        case ast.Call(func=ast.Attribute(value=owner, attr="items" | "keys" | "values"), args=[]):
            return _fixed_count(source, owner, depth + 1)
        case ast.Call(func=function, args=[first, *rest]):
            match source.names.qualified_name(function):
                case "builtins.range":
                    return _range_count([first, *rest])
                case (
                    "builtins.enumerate" | "builtins.reversed" | "builtins.sorted" | "builtins.list" | "builtins.tuple"
                ):
                    return _fixed_count(source, first, depth + 1)
                case "builtins.zip":
                    counts = [_fixed_count(source, item, depth + 1) for item in (first, *rest)]
                    return min((count for count in counts if count is not None), default=None)
    return None


def _range_count(arguments: list[ast.expr]) -> int | None:
    values = [item.value for item in arguments if isinstance(item, ast.Constant) and isinstance(item.value, int)]
    if len(values) < len(arguments) or len(values) > 2:
        return None
    return max(0, values[-1] - (values[0] if len(values) == 2 else 0))


def _is_receiver(source: SourceFile, load: ast.Name) -> bool:
    """Whether a list is a name that a method is called on or that is stored into; it may grow there."""
    match source.tree.parent(load):
        case ast.Attribute(attr=attr):
            return attr not in ("items", "keys", "values", "index", "count", "get")
        case ast.Subscript(ctx=ast.Load()):
            return False
        case ast.Subscript() | ast.AugAssign():
            return True
    return False


def is_retry(loop: Loop | Comprehension) -> bool:
    """Whether *loop* tries one thing until it succeeds, or waits between its turns."""
    if isinstance(loop, Comprehension):
        return False
    headers = (loop.test,) if isinstance(loop, ast.While) else (loop.target, loop.iter)
    for node in (node for part in (*headers, *loop.body) for node in walk_scope(part)):
        match node:
            case ast.Call(func=ast.Attribute(attr="sleep") | ast.Name(id="sleep")):
                return True
            case ast.AugAssign(target=ast.Name(id=name)) if _RETRY.search(name):
                return True
    names = (node.id for part in headers for node in walk_scope(part) if isinstance(node, ast.Name))
    return any(_RETRY.search(name) for name in names)


@dataclass(frozen=True)
class Way:
    """What stands between a node and something around it.

    *tests* are the conditions that the node runs on, those that let earlier statements leave among them; *tries* are
    the try statements whose body it is in.
    """

    is_conditional: bool
    tests: tuple[ast.expr, ...]
    tries: tuple[ast.Try, ...]
    is_in_handler: bool
    leaves: bool
    """whether the code there, once it has run, leaves what is around"""


def way_to(source: SourceFile, node: ast.AST, around: ast.AST) -> Way:
    """The way from *around* down to *node*."""
    tests: list[ast.expr] = []
    tries: list[ast.Try] = []
    is_conditional = is_in_handler = False
    child = node
    for parent in source.tree.ancestors(node):
        is_between = parent is not around
        match parent:
            case ast.If() | ast.While() | ast.IfExp() if child is not parent.test and is_between:
                tests.append(parent.test)
                is_conditional = True
            case ast.BoolOp() if child is not parent.values[0]:
                tests += parent.values[: _index(parent.values, child)]
                is_conditional = True
            case ast.For() | ast.AsyncFor() if child is not parent.iter and is_between:
                is_conditional = True
            case ast.comprehension() if child in parent.ifs[1:]:
                tests += parent.ifs[: _index(parent.ifs, child)]
                is_conditional = True
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp() if child not in parent.generators:
                conditions = [condition for generator in parent.generators for condition in generator.ifs]
                tests += conditions
                is_conditional = is_conditional or bool(conditions) or is_between
            case ast.ExceptHandler() if child is not parent.type:
                is_in_handler = True
            case ast.Match() if child is not parent.subject:
                tests.append(parent.subject)
                is_conditional = True
            case ast.Try() if child in parent.body and parent.handlers:
                tries.append(parent)
            case ast.Lambda():
                is_conditional = True
        if isinstance(child, ast.stmt):
            tests += _guards(source.tree.block(child)[: source.tree.position(child)])
        if not is_between:
            break
        child = parent
    return Way(is_conditional, tuple(tests), tuple(tries), is_in_handler, leaves(source, node, around))


def leaves(source: SourceFile, node: ast.AST, around: ast.AST) -> bool:
    """Whether the code at *node*, once it has run, leaves *around*, which is a loop or function around it."""
    breaks = False
    known = source.fact(_endings)
    child = node
    for parent in source.tree.ancestors(node):
        if isinstance(child, ast.stmt):
            block = source.tree.block(child)
            if block[0] not in known:
                known[block[0]] = _ending(block)
            returns, has_break = known[block[0]]
            if returns:
                return True
            breaks = breaks or has_break
            if isinstance(parent, (ast.For, ast.AsyncFor, ast.While)) and block is parent.body and parent is not around:
                breaks = False
        if parent is around:
            break
        child = parent
    return breaks


def _endings(_: SourceFile) -> dict[ast.stmt, tuple[bool, bool]]:
    return {}


def _ending(block: list[ast.stmt]) -> tuple[bool, bool]:
    """Whether a block returns or raises, and whether it breaks."""
    returns = any(isinstance(statement, (ast.Return, ast.Raise)) for statement in block)
    return returns, any(isinstance(statement, ast.Break) for statement in block)


def _index(nodes: list[ast.expr], node: ast.AST) -> int:
    return next(position for position, item in enumerate(nodes) if item is node)


def _guards(statements: list[ast.stmt]) -> Iterator[ast.expr]:
    """The conditions on which one of *statements* leaves."""
    for statement in statements:
        match statement:
            case ast.If(test=test, body=[*_, last]) if isinstance(last, _LEAVING):
                yield test
            case ast.Assert(test=test):
                yield test
