"""FLP402: the copy is dropped, made shallow, or made once around all items."""

from __future__ import annotations

import argparse
import ast

from flake8_flowperf.fixing.imports import reference
from flake8_flowperf.fixing.indent import moved_text
from flake8_flowperf.fixing.slices import expression_slice, source_of, statement_slice
from flake8_flowperf.model import Edit, Finding, Fix, NoFix, Safety
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.copies import InLoop, Invariant, OfCopy, PerItem, Plain, Rebound
from flake8_flowperf.source.tree import children

_SHARED = "objects that two items share are shared in the copies too"


def fix(finding: Finding[InLoop], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:
    """The smallest change that spares the copy."""
    call = finding.facts.call
    match finding.facts:
        case PerItem(loop=(ast.ListComp() | ast.DictComp()) as loop):
            return _whole(source, call, loop)
        case PerItem(loop=ast.For() as loop) as found:
            return _comprehension(source, found, loop, settings.max_line_length)
        case Invariant(branch=None):
            return _shallow(source, call)
        case Invariant():
            return NoFix("the copy has to move into the branch")
        case Plain(is_proved=is_proved):
            why = "" if is_proved else "what the code takes for text or a number may be an object, which is then shared"
            return _dropped(source, call, why)
        case OfCopy(can_drop=False):
            return NoFix("which of the two copies is needed is for a reader to say")
        case OfCopy(is_proved=is_proved):
            return _dropped(source, call, "" if is_proved else "what the first copy shares with its source is shared")
        case Rebound(is_proved=is_proved):
            return _dropped(source, call, "" if is_proved else "others who hold the old value share it with the copy")
    return NoFix("the loop has no form with one copy")


def _dropped(source: SourceFile, call: ast.Call, why: str) -> Fix | NoFix:
    """The argument in the place of the call; safe when there is nothing to say in *why*."""
    expression_slice(source, call)
    start, end = source.text.span(call)
    if "#" in _around_argument(source, call):
        return NoFix("a comment stands in the call")
    text = source_of(source, call.args[0])
    if _needs_parentheses(source, call):
        text = _in_those_of_the_call(source, call)
    return Fix((Edit(start, end, text),), Safety.UNSAFE if why else Safety.SAFE, why)


def _in_those_of_the_call(source: SourceFile, call: ast.Call) -> str:
    """The argument as it is laid out in the parentheses of *call*."""
    text, (start, end) = source.text.text, source.text.span(call.args[0])
    before = text[source.text.span(call.func)[1] : start]
    behind = text[end : source.text.span(call)[1]]
    return before.lstrip(") \t\\\r\n") + text[start:end] + behind.replace(",", "")


def _around_argument(source: SourceFile, call: ast.Call) -> str:
    (start, end), (first, last) = source.text.span(call), source.text.span(call.args[0])
    return source.text.text[start:first] + source.text.text[last:end]


def _needs_parentheses(source: SourceFile, call: ast.Call) -> bool:
    """Whether the argument would be read otherwise, or end at its line, without the parentheses of the call."""
    (argument,) = call.args
    if call.lineno != call.end_lineno:
        return True
    parent = source.tree.parent(call)
    match argument:
        case ast.Name() | ast.Attribute() | ast.Subscript() | ast.Call():
            return False
        case ast.Constant() | ast.JoinedStr():
            return isinstance(parent, (ast.Attribute, ast.BinOp, ast.Subscript, ast.Constant))
        case ast.NamedExpr() | ast.GeneratorExp() | ast.Tuple() | ast.Starred():
            return True
    return not isinstance(
        parent, (ast.Assign, ast.AnnAssign, ast.Return, ast.keyword, ast.Tuple, ast.List, ast.Dict, ast.Call)
    )


def _shallow(source: SourceFile, call: ast.Call) -> Fix:
    expression_slice(source, call)
    name, imports = reference(source, call, "copy.copy")
    start, end = source.text.span(call.func)
    return Fix((Edit(start, end, name),), Safety.UNSAFE, "values inside are shared with the source", imports)


def _whole(source: SourceFile, call: ast.Call, loop: ast.ListComp | ast.DictComp) -> Fix | NoFix:
    """``deepcopy([item for ...])``."""
    expression_slice(source, loop)
    if "#" in _around_argument(source, call):
        return NoFix("a comment stands in the call")
    name = source_of(source, call.func)
    start, end = source.text.span(loop)
    inner = Edit(*source.text.span(call), moved_text(source, call.args[0], call))
    return Fix((Edit(start, start, f"{name}("), inner, Edit(end, end, ")")), Safety.UNSAFE, _SHARED)


def _comprehension(source: SourceFile, found: PerItem, loop: ast.For, limit: int) -> Fix | NoFix:
    """``out = []`` and a loop that does nothing but fill it become ``out = deepcopy([...])``."""
    body: list[ast.stmt] = loop.body
    condition: ast.expr | None = None
    match body:
        case [ast.If(test=test, body=inner, orelse=[])]:
            condition, body = test, inner
    expected = [found.binding] if found.binding is not None else []
    if body[:-1] != expected or loop.orelse or loop.type_comment:
        return NoFix("the loop does more than fill its list")
    block = source.tree.block(loop)
    position = block.index(loop)
    result = source_of(source, found.result)
    match block[position - 1] if position else None:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.List(elts=[])) as before if name == result:
            pass
        case _:
            return NoFix("the list is not made just above the loop")
    statement_slice(source, before)
    statement_slice(source, loop)
    start, _ = source.text.span(before)
    _, end = source.text.span(loop)
    tail = source.text.text[end : source.text.line_start(source.text.line_of(end) + 1)]
    if "#" in source.text.text[start:end] + tail:
        return NoFix("a comment stands in the loop")
    targets = [node for node in _nodes(loop.target) if isinstance(node, ast.Name)]
    for target in targets:
        variable = source.names.variable(target)
        inside = {*_nodes(loop)}
        if variable is None or any(load not in inside for load in variable.loads) or len(variable.bindings) > 1:
            return NoFix("the loop's variable is used elsewhere too")
        if variable.scope is source.names.module_scope:
            return NoFix("the loop's variable is a name of the module")
    if any(isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)) for node in _nodes(loop)):
        return NoFix("the loop waits, yields or binds")
    item = source_of(source, found.call.args[0])
    clause = f"for {source_of(source, loop.target)} in {source_of(source, loop.iter)}"
    if condition is not None:
        clause += f" if {source_of(source, condition)}"
    text = f"{result} = {source_of(source, found.call.func)}([{item} {clause}])"
    if "\n" in text or before.col_offset + len(text) > limit:
        return NoFix("the comprehension would not fit its line")
    return Fix((Edit(start, end, text),), Safety.UNSAFE, _SHARED)


def _nodes(node: ast.AST) -> list[ast.AST]:
    found, todo = [], [node]
    while todo:
        current = todo.pop()
        found.append(current)
        todo.extend(children(current))
    return found
