"""The statement or expression that a fix changes, cut out of its file for libcst and put back.

libcst takes 300 ms for what a large file holds and 0.3 ms for one statement, and what is not cut out cannot be
changed by mistake.  A slice is refused (CannotSlice) unless ast reads it as the node it was cut for and libcst gives
it back unchanged: libcst is not lossless for CR-only newlines or form feeds in an indentation, ast positions inside
f-strings are wrong before Python 3.12, and very deep expressions overflow both.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from flake8_flowperf.model import Edit
from flake8_flowperf.source import SourceFile

N = TypeVar("N", bound=cst.CSTNode)

_HEADER = "if 1:"


class CannotSlice(Exception):
    """The node cannot be cut out; the message is a reason that a user can read."""


@dataclass(frozen=True)
class Slice:
    """A piece of a file as a libcst module, and the way from ast nodes to the libcst nodes in it."""

    source: SourceFile
    start: int
    end: int
    module: cst.Module
    first_line: int
    """the line of the file that the module's first line (after the header) is"""
    header_lines: int
    first_column_shift: int
    """what a column of the first line loses in the module"""

    @cached_property
    def _positions(self) -> dict[tuple[int, int, int, int], list[cst.CSTNode]]:
        wrapper = MetadataWrapper(self.module, unsafe_skip_copy=True)
        positions: dict[tuple[int, int, int, int], list[cst.CSTNode]] = {}
        for node, where in wrapper.resolve(PositionProvider).items():
            assert isinstance(where, CodeRange)
            key = (where.start.line, where.start.column, where.end.line, where.end.column)
            positions.setdefault(key, []).append(node)
        return positions

    def _place(self, line: int, utf8_column: int) -> tuple[int, int]:
        column = self.source.text.column(line, utf8_column)
        if line == self.first_line:
            column -= self.first_column_shift
        return line - self.first_line + 1 + self.header_lines, column

    def find(self, node: ast.expr | ast.stmt, kind: type[N]) -> N:
        """The libcst node of type *kind* that stands where the ast node *node* does.

        Raises CannotSlice when there is none.  Parentheses belong to a libcst node but not to its position; for
        a tuple or generator expression, whose ast position includes them, they are looked through.
        """
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._place(node.lineno, node.col_offset)
        end = self._place(node.end_lineno, node.end_col_offset)
        for candidate in self._positions.get((*start, *end), ()):
            if isinstance(candidate, kind):
                return candidate
        if isinstance(node, (ast.Tuple, ast.GeneratorExp)):
            inside = [
                (where, candidate)
                for where, candidates in self._positions.items()
                if where[:2] >= start and where[2:] <= end
                for candidate in candidates
                if isinstance(candidate, kind)
            ]
            if inside:
                return min(inside, key=lambda item: (item[0][:2], [-place for place in item[0][2:]]))[1]
        raise CannotSlice("the expression could not be found again in its statement")


@dataclass(frozen=True)
class ExpressionSlice(Slice):
    """An expression, in parentheses that the slice added."""

    node: ast.expr

    @property
    def tree(self) -> cst.BaseExpression:
        """The expression as libcst reads it, with the added parentheses."""
        statement = self.module.body[0]
        assert isinstance(statement, cst.SimpleStatementLine)
        expression = statement.body[0]
        assert isinstance(expression, cst.Expr)
        return expression.value

    def edit(self, new: cst.BaseExpression) -> Edit:
        """The edit that puts *new*, made from ``tree``, in the place of the expression."""
        code = self.module.code_for_node(new)
        if new.lpar and new.lpar[0] is self.tree.lpar[0]:
            code = code[1:-1]
        if self._shares_parentheses_with_call and not isinstance(new, cst.GeneratorExp):
            code = f"({code})"
        return Edit(self.start, self.end, code)

    @property
    def has_parentheses(self) -> bool:
        """Whether a tuple begins and ends with parentheses of its own, not with those of its items."""
        return len(self.tree.lpar) > 1

    @property
    def _shares_parentheses_with_call(self) -> bool:
        match self.source.tree.parent(self.node):
            case ast.Call(args=[only], keywords=[]) as call if only is self.node:
                return isinstance(only, ast.GeneratorExp) and self.source.text.span(call)[1] == self.end
        return False


@dataclass(frozen=True)
class StatementSlice(Slice):
    """A whole statement with its lines, from its indentation to its last newline."""

    node: ast.stmt

    @property
    def tree(self) -> cst.BaseStatement:
        """The statement as libcst reads it."""
        if not self.header_lines:
            return _statement(self.module.body)
        wrapper = self.module.body[0]
        assert isinstance(wrapper, cst.If)
        return _statement(wrapper.body.body)

    def edit(self, new: Sequence[cst.BaseStatement]) -> Edit:
        """The edit that puts the statements *new* in the place of the statement."""
        if not self.header_lines:
            return Edit(self.start, self.end, self.module.with_changes(body=new).code)
        wrapper = self.module.body[0]
        assert isinstance(wrapper, cst.If)
        changed = wrapper.with_changes(body=wrapper.body.with_changes(body=new))
        code = self.module.with_changes(body=[changed]).code
        return Edit(self.start, self.end, code[len(_HEADER + self.source.text.newline) :])


def _statement(body: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> cst.BaseStatement:
    statement = body[0]
    assert isinstance(statement, cst.BaseStatement)
    return statement


def expression_slice(source: SourceFile, node: ast.expr) -> ExpressionSlice:
    """Cut out an expression; raises CannotSlice."""
    start, end = source.text.span(node)
    code = f"({source.text.text[start:end]})"
    module = _parse(code, lambda: ast.parse(code, mode="eval").body, node)
    shift = source.text.column(node.lineno, node.col_offset) - 1
    return ExpressionSlice(source, start, end, module, node.lineno, 0, shift, node)


def statement_slice(source: SourceFile, node: ast.stmt) -> StatementSlice:
    """Cut out a statement with all its lines; raises CannotSlice, also for one that shares a line with another."""
    text = source.text
    assert node.end_lineno is not None
    first_line = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))])
    start, end = text.line_start(first_line), text.line_start(node.end_lineno + 1)
    before = text.text[start : text.offset(first_line, _first_column(node, first_line))]
    after = text.text[text.span(node)[1] : end].strip()
    if before.strip(" \t\f"):
        raise CannotSlice("the statement shares its line with other code")
    if after and not after.startswith("#"):
        raise CannotSlice("the statement shares its line with other code")
    lines = text.text[start:end]
    code = _HEADER + text.newline + lines if before else lines
    module = _parse(code, lambda: _parsed_statement(code, bool(before)), node)
    return StatementSlice(source, start, end, module, first_line, int(bool(before)), 0, node)


def _first_column(node: ast.stmt, first_line: int) -> int:
    if first_line == node.lineno:
        return node.col_offset
    decorators: Iterable[ast.expr] = getattr(node, "decorator_list", ())
    return min(item.col_offset for item in decorators if item.lineno == first_line) - 1


def _parsed_statement(code: str, indented: bool) -> ast.AST:
    body = ast.parse(code).body
    if indented:
        assert isinstance(body[0], ast.If)
        body = body[0].body
    if len(body) != 1:
        raise CannotSlice("the statement shares its lines with others")
    return body[0]


def _parse(code: str, parsed: object, node: ast.AST) -> cst.Module:
    assert callable(parsed)
    try:
        if ast.dump(parsed()) != ast.dump(node):
            raise CannotSlice("Python gives no reliable position for this code")
        module = cst.parse_module(code)
        if module.code != code:
            raise CannotSlice("libcst does not give this code back unchanged")
    except (SyntaxError, ValueError) as error:
        raise CannotSlice("Python gives no reliable position for this code") from error
    except cst.ParserSyntaxError as error:
        raise CannotSlice("libcst does not read this code") from error
    except RecursionError as error:
        raise CannotSlice("the code is nested too deeply") from error
    return module


def source_of(source: SourceFile, node: ast.expr) -> str:
    """The text of an expression, as written where its position can be relied on, else as ast would write it."""
    segment = source.text.segment(node)
    try:
        if ast.dump(ast.parse(f"({segment})", mode="eval").body) == ast.dump(node):
            return segment
    except (SyntaxError, ValueError):
        pass
    return ast.unparse(node)
