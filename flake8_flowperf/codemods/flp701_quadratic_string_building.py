"""FLP701: the parts are collected in a list, and joined after the loop."""

from __future__ import annotations

import argparse
import ast
import re

import libcst as cst

from flake8_flowperf.fixing.indent import last_line
from flake8_flowperf.fixing.slices import expression_slice, source_of
from flake8_flowperf.model import Edit, Finding, Fix, NoFix, Safety
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.growth import Growing, Growth, Side, growth_of, is_local
from flake8_flowperf.source.tree import walk, walk_scope

_SEES_LOCALS = frozenset({"locals", "vars", "eval", "exec", "dir"})
_PLAIN = (ast.Constant, ast.Name, ast.Attribute, ast.JoinedStr)
_ATOMS = (ast.Constant, ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.JoinedStr)


def fix(finding: Finding[Growing], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:  # noqa: ARG001
    """Turn every growth in the loop into an append to a list that is joined below the loop."""
    facts = finding.facts
    if problem := _problem(facts, source):
        return NoFix(problem)
    name = _name_of_list(facts, source)
    loop, target = facts.loop, source.text.segment(facts.growth.target)
    newline = source.text.newline
    start = source.text.line_start(loop.lineno)
    indent = source.text.text[start : source.text.span(loop)[0]]
    appends = [_append(growth, name, source) for growth in facts.growths]
    if any(edit is None for edit in appends):
        return NoFix("the f-string cannot be taken apart")
    caution = _caution(facts, source)
    first = _first_value(facts, name, source) if not _is_guarded(facts, source) else None
    if first is None:
        first = Edit(start, start, f"{indent}{name} = [{target}]{newline}")
    parts = f"reversed({name})" if facts.growth.side is Side.START else name
    joined = f'{indent}{target} = {"b" if facts.is_bytes else ""}"".join({parts})'
    end = source.text.line_start(last_line(source, loop) + 1)
    ends_line = source.text.text[:end].endswith(("\n", "\r"))
    last = Edit(end, end, joined + newline if ends_line else newline + joined)
    edits = (first, *(edit for edit in appends if edit is not None), last)
    return Fix(edits, Safety.UNSAFE if caution else Safety.SAFE, caution)


def _problem(facts: Growing, source: SourceFile) -> str:
    """Why the parts cannot be collected in a list; empty when they can."""
    sides = {growth.side for growth in facts.growths}
    if Side.BOTH in sides or len(sides) > 1:
        return "the text grows at both ends"
    if facts.loop.orelse:
        return "the loop has an else"
    target = facts.growth.target
    nodes = [*walk_scope(facts.loop)]
    if not isinstance(target, ast.Name):
        stored = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
        if any(isinstance(node, ast.Name) and node.id in stored for node in walk(target)):
            return "another item grows in each turn"
        if any(not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Constant)) for node in walk(target)):
            return "what grows is computed in each turn"
    if not _is_own(facts, source) and any(isinstance(node, ast.Return) for node in nodes):
        return "the loop returns before the parts could be joined"
    function = source.tree.function(facts.loop)
    if function is None and source.tree.enclosing_class(facts.loop) is not None:
        return "a new name in a class body would be an attribute"
    for node in walk_scope(function if function is not None else source.module):
        match node:
            case ast.Call(func=ast.Name(id=called)) if called in _SEES_LOCALS and function is not None:
                return f"{called}() may look at the variables"
    if any(not _stands_alone(growth.statement, source) for growth in facts.growths):
        return "the statement shares its line with other code"
    if Side.START in sides and any(scope.variables.get("reversed") for scope in source.names.scopes.values()):
        return "reversed means something else here"
    return ""


def _stands_alone(statement: ast.stmt, source: SourceFile) -> bool:
    """Whether nothing but a comment follows on the line, so that the text of the statement can be replaced."""
    end = source.text.span(statement)[1]
    rest = source.text.text[end : source.text.line_start((statement.end_lineno or 0) + 1)].strip()
    return not rest or rest.startswith("#")


def _is_own(facts: Growing, source: SourceFile) -> bool:
    target = facts.growth.target
    return isinstance(target, ast.Name) and is_local(source, target)


def _is_guarded(facts: Growing, source: SourceFile) -> bool:
    """Whether code around the loop may go on after an exception in it."""
    function = source.tree.function(facts.loop)
    for ancestor in source.tree.ancestors(facts.loop):
        if ancestor is function:
            break
        if isinstance(ancestor, (ast.With, ast.AsyncWith)) or type(ancestor).__name__ in ("Try", "TryStar"):
            return True
    return False


def _caution(facts: Growing, source: SourceFile) -> str:
    """Why the fix is not safe; empty when it is."""
    target = facts.growth.target
    if not isinstance(target, ast.Name) or not _is_own(facts, source):
        what = source.text.segment(target)
        return f"others see {what} after the loop only, and without the new parts when the loop raises"
    if _is_guarded(facts, source):
        return "code around the loop may go on after an exception, with the text as it was before the loop"
    if facts.is_bytes:
        return "what is not bytes is noticed at the join only"
    variable = source.names.variable(target)
    for binding in variable.bindings if variable is not None else ():
        growth = growth_of(source.tree.statement(binding.node))
        values = growth.parts if growth is not None and growth.target is binding.node else (binding.value,)
        if not all(value is not None and _is_text(source, value) for value in values):
            return "what is not a str is noticed at the join only"
    return ""


def _is_text(source: SourceFile, node: ast.expr, depth: int = 0) -> bool:
    """Whether an expression certainly is a str: a literal, an f-string, str(), or made of such."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(op=ast.Mod()):
            return isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
        case ast.BinOp(op=ast.Add()) if depth < 20:
            return _is_text(source, node.left, depth + 1) and _is_text(source, node.right, depth + 1)
        case ast.IfExp() if depth < 20:
            return _is_text(source, node.body, depth + 1) and _is_text(source, node.orelse, depth + 1)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="join" | "format")):
            return True
        case ast.Call(func=function):
            return source.names.qualified_name(function) in ("builtins.str", "builtins.repr")
    return False


def _append(growth: Growth, name: str, source: SourceFile) -> Edit | None:
    if growth.embeds:
        code = _without_target(growth, source)
        if code is None:
            return None
    elif len(growth.parts) == 1:
        code = source_of(source, growth.parts[0])
    else:
        parts = [(source_of(source, part), isinstance(part, _ATOMS)) for part in growth.parts]
        code = " + ".join(text if is_atom and "\n" not in text else f"({text})" for text, is_atom in parts)
    return Edit(*source.text.span(growth.statement), f"{name}.append({code})")


def _without_target(growth: Growth, source: SourceFile) -> str | None:
    """The f-string without the text that it embeds; None when it is written in several pieces."""
    piece = expression_slice(source, growth.parts[0])
    string = piece.tree
    if not isinstance(string, cst.FormattedString):
        return None
    parts = string.parts[1:] if growth.side is Side.END else string.parts[:-1]
    start = string.start
    if not any(isinstance(part, cst.FormattedStringExpression) for part in parts):
        if any(
            isinstance(part, cst.FormattedStringText) and ("{" in part.value or "}" in part.value) for part in parts
        ):
            return None
        start = re.sub("[fF]", "", start, count=1)
        return start + "".join(piece.module.code_for_node(part) for part in parts) + string.end
    return start + "".join(piece.module.code_for_node(part) for part in parts) + string.end


def _first_value(facts: Growing, name: str, source: SourceFile) -> Edit | None:
    """The assignment right above the loop, made one of the list; None when there is none to be used."""
    block = source.tree.block(facts.loop)
    position = block.index(facts.loop)
    before = block[position - 1] if position else None
    match before, facts.growth.target:
        case ast.Assign(targets=[ast.Name(id=one) as target], value=value), ast.Name(id=other) if one == other:
            pass
        case _:
            return None
    if not _is_own(facts, source) or growth_of(before) is not None or not isinstance(value, _PLAIN):
        return None
    text, (start, end) = source.text.text, source.text.span(before)
    value_start, value_end = source.text.span(value)
    if value_end != end or text[source.text.span(target)[1] : value_start].strip() != "=":
        return None
    is_empty = isinstance(value, ast.Constant) and not value.value
    return Edit(start, end, f"{name} = [{'' if is_empty else text[value_start:value_end]}]")


def _name_of_list(facts: Growing, source: SourceFile) -> str:
    """A name that the function does not use, and that no other fix of the same round gives to anything there."""
    target = facts.growth.target
    function = source.tree.function(facts.loop)
    named = next((node for node in walk(target) if isinstance(node, (ast.Name, ast.Attribute))), None)
    word = named.id if isinstance(named, ast.Name) else named.attr if named is not None else ""
    candidate = f"{word.strip('_').lower() or 'text'}_parts"
    if function is None:
        candidate = f"_{candidate}"
    used = _names_in(function if function is not None else source.module)
    given = source.fact(_given_names)
    owner = (facts.loop, ast.dump(target))
    number = 1
    name = candidate
    while name in used or given.setdefault((function, name), owner) != owner:
        number += 1
        name = f"{candidate}_{number}"
    return name


def _names_in(function: ast.AST) -> set[str]:
    """The names that the code of *function*, and of what is nested in it, uses in any way."""
    found: set[str] = set()
    for node in walk(function):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchMapping(rest=str(name)):
                found.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                found.update(names)
            case ast.alias(name=path, asname=alias):
                found.add(alias or path.partition(".")[0])
    return found


def _given_names(_: SourceFile) -> dict[tuple[ast.AST | None, str], tuple[ast.AST, str]]:
    return {}
