"""What becomes of a copy and of what was copied: used again, changed at the top level only, freshly made."""

from __future__ import annotations

import ast

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.names import Variable
from flake8_flowperf.source.tree import Loop, walk

_TOP_LEVEL_METHODS = frozenset(
    {"update", "pop", "setdefault", "clear", "popitem", "append", "extend", "insert", "remove"}
)
_READING = frozenset(
    f"builtins.{name}" for name in ("len", "str", "repr", "bool", "print", "isinstance", "hash", "type")
)
_READING_FUNCTIONS = _READING | {"json.dumps", "pickle.dumps"}


def same(one: ast.expr, other: ast.expr) -> bool:
    """Whether two expressions read alike, whatever is done with them."""
    return ast.unparse(one) == ast.unparse(other)


def root_name(node: ast.expr | None, *, through_calls: bool = False) -> ast.Name | None:
    """The name that a chain of attributes and items starts at; *through_calls*: also of ``x.get(...)``."""
    while True:
        match node:
            case ast.Name():
                return node
            case ast.Attribute(value=value) | ast.Subscript(value=value):
                node = value
            case ast.Call(func=ast.Attribute(value=value, attr="get")) if through_calls:
                node = value
            case _:
                return None


def is_fresh(source: SourceFile, node: ast.expr) -> bool:
    """Whether *node* makes an object that nothing else can hold a part of: ``json.loads(text)``."""
    match node:
        case ast.Call(func=function, args=[argument], keywords=[]) if not isinstance(argument, ast.Starred):
            return source.names.qualified_name(function) == "json.loads"
    return False


def used_later(source: SourceFile, variable: Variable, node: ast.AST) -> bool:
    """Whether *variable* is read or bound in code that may run after *node* in the same function.

    What stands in another branch of an ``if`` does not run after it, nor does what follows a block that ends by
    leaving.  Loops around *node* and nested functions count as later.
    """
    tree = source.tree
    function = tree.function(node)
    others: list[ast.AST] = [*variable.loads, *(binding.node for binding in variable.bindings)]
    if any(tree.function(other) is not function for other in others if not isinstance(other, ast.arg)):
        return True
    if tree.loop(node) is not None:
        return True
    later: list[ast.AST] = []
    statement: ast.AST = tree.statement(node)
    if isinstance(statement, ast.stmt):
        position = (node.end_lineno or 0, node.end_col_offset or 0) if isinstance(node, ast.expr) else (0, 0)
        for other in others:
            if (
                isinstance(other, ast.expr)
                and other in {*walk(statement)}
                and ((other.lineno, other.col_offset) >= position)
            ):
                return True
    while isinstance(statement, ast.stmt) and statement is not function:
        block = tree.block(statement) if not isinstance(tree.parent(statement), ast.match_case) else [statement]
        rest = block[block.index(statement) + 1 :]
        later += rest
        if rest and isinstance(rest[-1], (ast.Return, ast.Raise)):
            break
        if isinstance(statement, (ast.Return, ast.Raise)):
            break
        parent = tree.parent(statement)
        if isinstance(parent, ast.Try):
            later += [*parent.handlers, *parent.orelse, *parent.finalbody]
        while parent is not None and not isinstance(parent, ast.stmt):
            parent = tree.parent(parent)
        if parent is None:
            break
        statement = parent
    reached = {inner for item in later for inner in walk(item)}
    return any(other in reached for other in others)


def uses_in(scope: ast.AST, expression: ast.expr) -> list[ast.expr]:
    """The expressions below *scope* that read like *expression*."""
    kind, text = type(expression), ast.unparse(expression)
    return [node for node in walk(scope) if isinstance(node, kind) and ast.unparse(node) == text]


def only_use(source: SourceFile, target: ast.Name) -> ast.Name | None:
    """The one place that reads what is bound at *target*, when nothing else binds or reads that name."""
    variable = source.names.variable(target)
    if variable is None or len(variable.bindings) != 1 or len(variable.loads) != 1:
        return None
    return variable.loads[0]


def is_loop_invariant(source: SourceFile, node: ast.expr, loop: Loop) -> bool:
    """Whether *node*, a name or a chain of attributes, is the same in every turn of *loop* as far as can be seen."""
    inner = node
    while isinstance(inner, ast.Attribute):
        inner = inner.value
    if not isinstance(inner, ast.Name):
        return False
    variable = source.names.variable(inner)
    if variable is None:
        return False
    inside = {*walk(loop)}
    if any(binding.node in inside for binding in variable.bindings):
        return False
    return not any(_changes(other, ast.unparse(node)) for other in inside)


def _changes(node: ast.AST, text: str) -> bool:
    """Whether *node* stores into what *text* spells or a part of it, or calls a method that changes that."""
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            changed = [ast.unparse(node), ast.unparse(node.value)]
        case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
            changed = [ast.unparse(value)]
        case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in _TOP_LEVEL_METHODS:
            changed = [ast.unparse(value)]
        case _:
            return False
    return any(item == text or item.startswith((f"{text}.", f"{text}[")) for item in changed)


def changes_only_top_level(source: SourceFile, variable: Variable, loop: Loop) -> list[ast.Name] | None:
    """The loads of *variable*, a copy, that hand it on; None when it is read outside of *loop* or changed deeper down.

    Stores into its items, methods like ``update`` and ``pop`` whose result is dropped, and functions that only read are
    the top level.
    """
    tree = source.tree
    inside = {*walk(loop)}
    handed_on: list[ast.Name] = []
    for load in variable.loads:
        if load not in inside or tree.function(load) is not tree.function(loop):
            return None
        parent = tree.parent(load)
        match parent:
            case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()) if value is load:
                if isinstance(tree.parent(parent), ast.AugAssign):
                    return None
            case ast.Attribute(attr=method):
                call = tree.parent(parent)
                plain = isinstance(call, ast.Call) and call.func is parent and method in _TOP_LEVEL_METHODS
                if not plain or not isinstance(tree.parent(call), ast.Expr):  # type: ignore[arg-type]
                    return None
            case ast.Compare() | ast.FormattedValue():
                pass
            case ast.Call(func=function) if load in parent.args and (
                source.names.qualified_name(function) in _READING_FUNCTIONS
            ):
                pass
            case ast.Subscript():
                return None
            case _:
                handed_on.append(load)
    return handed_on
