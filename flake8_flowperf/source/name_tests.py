"""Literal tests of a file's name: what ``p.suffix == ".py"`` and its many spellings let through."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from flake8_flowperf.source.file import SourceFile

_REGEX = re.compile(r"\^?((?:[\w\- ]|\\\.)*)\.\*((?:[\w\- ]|\\\.)*)(\$|\\Z)?")


@dataclass(frozen=True)
class NameTest:
    """A condition on the name of the file *variable*.

    *kind* is "suffix" (``.suffix ==`` or ``in``), "end", "start" or "pattern" (a whole glob pattern).  *choice* is the
    expression that lists the *values* where there can be several.
    """

    kind: str
    values: tuple[str, ...]
    node: ast.expr
    choice: ast.expr | None = None
    is_string_membership: bool = False

    @property
    def hole(self) -> str:
        """What one of several values is called in code."""
        return "prefix" if self.kind == "start" else "suffix"


def conjuncts(condition: ast.expr, *, negated: bool) -> Iterator[tuple[ast.expr, ast.expr, bool]]:
    """The parts that must all hold for *condition* (its opposite, when *negated*) to hold, by De Morgan.

    Yields the operand that can be dropped on its own, the test in it, and whether the test is negated.
    """
    todo = [(condition, condition, negated)]
    while todo:
        unit, expression, opposite = todo.pop()
        match expression:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                todo.append((unit, operand, not opposite))
            case ast.BoolOp(op=ast.And(), values=values) if not opposite:
                todo.extend((value, value, False) for value in reversed(values))
            case ast.BoolOp(op=ast.Or(), values=values) if opposite:
                todo.extend((value, value, True) for value in reversed(values))
            case _:
                yield unit, expression, opposite


def name_test(
    expression: ast.expr, variable: str, source: SourceFile, *, negated: bool, is_path: bool
) -> NameTest | None:
    """The positive literal test of *variable*'s name that *expression* (its opposite, when *negated*) is, if any.

    *is_path* tells a pathlib path from a string that glob.glob gave.
    """
    match expression:
        case ast.BoolOp(op=ast.Or(), values=values) if not negated:
            return _union(expression, [name_test(v, variable, source, negated=False, is_path=is_path) for v in values])
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]) if not negated:
            return _suffix_equals(expression, left, right, variable) if is_path else None
        case ast.Compare(left=left, ops=[ast.NotEq()], comparators=[right]) if negated:
            return _suffix_equals(expression, left, right, variable) if is_path else None
        case ast.Compare(left=left, ops=[ast.In()], comparators=[right]) if not negated and is_path:
            return _suffix_in(expression, left, right, variable, source)
        case ast.Compare(left=left, ops=[ast.NotIn()], comparators=[right]) if negated and is_path:
            return _suffix_in(expression, left, right, variable, source)
        case ast.Call() if not negated:
            return _call(expression, variable, source, is_path=is_path)
    return None


def _union(node: ast.expr, tests: list[NameTest | None]) -> NameTest | None:
    found = [test for test in tests if test is not None]
    kinds = {test.kind for test in found}
    if len(found) < len(tests) or len(kinds) != 1 or kinds == {"pattern"}:
        return None
    if any(test.is_string_membership for test in found):
        return None
    values = tuple(dict.fromkeys(value for test in found for value in test.values))
    return NameTest(kinds.pop(), values, node)


def _is_attribute(node: ast.expr, variable: str, attribute: str) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=attr):
            return name == variable and attr == attribute
    return False


def _suffix_equals(node: ast.expr, left: ast.expr, right: ast.expr, variable: str) -> NameTest | None:
    for subject, value in ((left, right), (right, left)):
        match value:
            case ast.Constant(value=str(suffix)) if suffix and _is_attribute(subject, variable, "suffix"):
                return NameTest("suffix", (suffix,), node)
    return None


def _suffix_in(node: ast.expr, left: ast.expr, right: ast.expr, variable: str, source: SourceFile) -> NameTest | None:
    if not _is_attribute(left, variable, "suffix"):
        return None
    match right:
        case ast.Constant(value=str(text)):
            return NameTest("suffix", (text,), node, is_string_membership=True)
    values = string_values(right, source)
    if values is None or "" in values:
        return None
    return NameTest("suffix", values, node, right)


def string_values(node: ast.expr, source: SourceFile) -> tuple[str, ...] | None:
    """The strings of a display, or of a name that one assignment binds to a display; each once, in order."""
    if isinstance(node, ast.Name):
        variable = source.names.variable(node)
        value = variable.only_value if variable is not None else None
        if (
            variable is None
            or value is None
            or (isinstance(value, ast.List) and not _is_only_read(variable.loads, source))
        ):
            return None
        node = value
    match node:
        case ast.Call(
            func=ast.Name(id="frozenset"), args=[ast.Tuple() | ast.List() | ast.Set() as display], keywords=[]
        ):
            node = display
    match node:
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements) if elements:
            values = [item.value for item in elements if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            return tuple(dict.fromkeys(values)) if len(values) == len(elements) else None
    return None


def _is_only_read(loads: list[ast.Name], source: SourceFile) -> bool:
    return all(isinstance(source.tree.parent(load), (ast.Compare, ast.For, ast.comprehension)) for load in loads)


def _call(node: ast.Call, variable: str, source: SourceFile, *, is_path: bool) -> NameTest | None:
    if node.keywords:
        return None
    match node:
        case ast.Call(func=ast.Attribute(value=subject, attr="endswith" | "startswith" as method), args=[argument]):
            kind = "end" if method == "endswith" else "start"
            return _affix(node, subject, kind, argument, variable, source, is_path=is_path)
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=name), attr="match"), args=[ast.Constant(value=str(pattern))]
        ):
            if name == variable and is_path and _is_one_part(pattern):
                return NameTest("pattern", (pattern,), node)
        case ast.Call(func=function, args=[subject, ast.Constant(value=str(pattern))]):
            is_fnmatch = source.names.qualified_name(function) in ("fnmatch.fnmatch", "fnmatch.fnmatchcase")
            if is_fnmatch and _is_name(subject, variable, source, is_path) and _is_one_part(pattern):
                return NameTest("pattern", (pattern,), node)
        case ast.Call(func=function, args=[ast.Constant(value=str(regex)), subject]):
            if _is_name(subject, variable, source, is_path):
                return _regex(node, source.names.qualified_name(function), regex)
    return None


def _is_one_part(pattern: str) -> bool:
    return bool(pattern) and "/" not in pattern and "**" not in pattern


def _affix(
    node: ast.Call,
    subject: ast.expr,
    kind: str,
    argument: ast.expr,
    variable: str,
    source: SourceFile,
    *,
    is_path: bool,
) -> NameTest | None:
    match argument:
        case ast.Constant(value=str(text)):
            values: tuple[str, ...] | None = (text,)
        case _:
            values = string_values(argument, source)
    if not values or not all(value and "/" not in value and "\\" not in value for value in values):
        return None
    if _is_name(subject, variable, source, is_path):
        allowed = True
    elif kind == "end":
        allowed = _is_whole_path(subject, variable, is_path)
    else:  # the stem starts as the name does, up to the first dot
        allowed = is_path and _is_attribute(subject, variable, "stem") and not any("." in value for value in values)
    return NameTest(kind, values, node, None if isinstance(argument, ast.Constant) else argument) if allowed else None


def _is_name(node: ast.expr, variable: str, source: SourceFile, is_path: bool) -> bool:
    if is_path:
        return _is_attribute(node, variable, "name")
    match node:
        case ast.Call(func=function, args=[ast.Name(id=name)], keywords=[]):
            return name == variable and source.names.qualified_name(function) == "os.path.basename"
    return False


def _is_whole_path(node: ast.expr, variable: str, is_path: bool) -> bool:
    match node:
        case ast.Name(id=name):
            return name == variable and not is_path
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)], keywords=[]):
            return name == variable
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="as_posix"), args=[], keywords=[]):
            return name == variable and is_path
    return False


def _regex(node: ast.Call, function: str | None, regex: str) -> NameTest | None:
    match = _REGEX.fullmatch(regex)
    if match is None or function not in ("re.match", "re.fullmatch"):
        return None
    start, end = (part.replace("\\.", ".") for part in match.group(1, 2))
    if (not start and not end) or (function == "re.match" and end and not match.group(3)):
        return None
    return NameTest("pattern", (f"{start}*{end}",), node)


def merged(tests: list[NameTest]) -> list[NameTest]:
    """At most one test of each end of the name, or a single pattern; the first ones win."""
    chosen: dict[str, NameTest] = {}
    for test in tests:
        place = "start" if test.kind == "start" else "end"
        if test.kind == "pattern" and not chosen:
            return [test]
        if test.kind != "pattern":
            chosen.setdefault(place, test)
    several = [test for test in chosen.values() if len(test.values) > 1]
    if several and len(chosen) > 1:
        return several[:1]
    return [*chosen.values()]
