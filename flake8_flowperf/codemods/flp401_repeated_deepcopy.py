"""FLP401: one round trip, or one deepcopy, for several values."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from flake8_flowperf.fixing.imports import reference
from flake8_flowperf.fixing.indent import moved_text
from flake8_flowperf.fixing.layout import fitted
from flake8_flowperf.fixing.slices import CannotSlice, expression_slice, source_of, statement_slice
from flake8_flowperf.model import Edit, Finding, Fix, Import, NoFix, Safety
from flake8_flowperf.rules.flp401_repeated_deepcopy import FORM
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.copies import Siblings
from flake8_flowperf.source.json_values import is_deque, why_not_json
from flake8_flowperf.source.tree import walk

_WHY = {
    "json": "tuples become lists, keys become str, shared objects separate, and what JSON cannot hold raises",
    "pickle": "what pickle cannot hold raises, and objects that the values share are shared in the copies",
    "single": "objects that the values share are shared in the copies",
}


def fix(finding: Finding[Siblings], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:
    """Put the values into one display and copy that."""
    group = finding.facts
    form = FORM.of(settings)
    arguments = [call.args[0] for call in group.calls]
    if form == "json":
        for argument in arguments:
            if (reason := why_not_json(source, argument)) is not None:
                return NoFix(reason)
    if form != "json" and len({ast.dump(argument) for argument in arguments}) < len(arguments):
        return NoFix("a value is copied twice, and one copy of both would be shared")
    for call in group.calls:
        _check_comments(source, call)
    rewrite = _Rewrite(source, group, form, settings)
    if len(group.statements) > 1:
        return rewrite.statements()
    display = rewrite.display()
    return display if isinstance(display, NoFix) else rewrite.wrapped(display)


def _check_comments(source: SourceFile, call: ast.Call) -> None:
    expression_slice(source, call)
    (start, end), (first, last) = source.text.span(call), source.text.span(call.args[0])
    if "#" in source.text.text[start:first] or "#" in source.text.text[last:end]:
        raise CannotSlice("a comment stands in the call")


@dataclass
class _Rewrite:
    source: SourceFile
    group: Siblings
    form: str
    settings: argparse.Namespace
    imports: tuple[Import, ...] = ()

    def fix(self, edits: list[Edit]) -> Fix:
        return Fix(tuple(edits), Safety.UNSAFE, _WHY[self.form], self.imports)

    def name(self, qualified_name: str) -> str:
        text, imports = reference(self.source, self.group.statements[0], qualified_name)
        self.imports += imports
        return text

    def around(self) -> tuple[str, str]:
        """What stands before and behind the display."""
        match self.form:
            case "json":
                return f"{self.name('json.loads')}({self.name('json.dumps')}(", ", ensure_ascii=False))"
            case "pickle":
                return f"{self.name('pickle.loads')}({self.name('pickle.dumps')}(", ", protocol=5))"
        return f"{source_of(self.source, self.group.calls[0].func)}(", ")"

    def value(self, call: ast.Call) -> str:
        text = moved_text(self.source, call.args[0], call)
        if self.form == "json" and is_deque(self.source, call.args[0]):
            return f"list({text})"
        return f"({text})" if isinstance(call.args[0], ast.NamedExpr) else text

    def statements(self) -> Fix | NoFix:
        """Assignments that follow each other become one."""
        first, last = self.group.statements[0], self.group.statements[-1]
        for statement in self.group.statements:
            statement_slice(self.source, statement)
        start, _ = self.source.text.span(first)
        _, end = self.source.text.span(last)
        between = self.source.text.text[start : self.source.text.line_start(self.source.text.line_of(end) + 1)]
        if "#" in between:
            return NoFix("a comment stands between the copies")
        targets = []
        for statement in self.group.statements:
            assert isinstance(statement, ast.Assign)
            targets.append(source_of(self.source, statement.targets[0]))
        before, behind = self.around()
        left, right = ("[", "]") if self.form == "json" else ("(", ")")
        values = ", ".join(self.value(call) for call in self.group.calls)
        text = f"{', '.join(targets)} = {before}{left}{values}{right}{behind}"
        longest = max(map(len, map(self.source.text.line, range(first.lineno, (last.end_lineno or 0) + 1)))) - 1
        limit: int = max(self.settings.max_line_length, longest)
        if first.col_offset + len(text) > limit:
            step = "\t" if self.source.text.indentation(first.lineno).startswith("\t") else "    "
            indent = self.source.text.newline + self.source.text.indentation(first.lineno)
            lines = "".join(f"{indent}{step}{self.value(call)}," for call in self.group.calls)
            text = f"{', '.join(targets)} = {before}{left}{lines}{indent}{right}{behind}"
            if first.col_offset + len(text.partition(self.source.text.newline)[0]) > limit:
                return NoFix("the targets are too long for one line")
        return self.fix([Edit(start, end, text)])

    def display(self) -> ast.expr | NoFix:
        """The display that holds the copies and constants only."""
        calls = set(self.group.calls)
        tree = self.source.tree
        around: ast.AST | None = tree.parent(self.group.calls[0])
        while around is not None and not isinstance(around, ast.stmt) and not calls <= {*walk(around)}:
            around = tree.parent(around)
        if isinstance(around, ast.keyword):
            around = tree.parent(around)
        match around:
            case ast.Dict() | ast.List():
                pass
            case ast.Call(func=function, args=[], keywords=[_, *_]) if (
                self.source.names.qualified_name(function) == "builtins.dict"
            ):
                pass
            case ast.Tuple() if self.form != "json" or self._is_unpacked(around):
                pass
            case ast.Tuple():
                return NoFix("a tuple would become a list")
            case _:
                return NoFix("the copies are not the items of one display")
        for leaf in self._leaves(around):
            if leaf is None or (leaf not in calls and not isinstance(leaf, ast.Constant)):
                return NoFix("the display holds values that are not copied")
        if self.form == "json" and any(not self._is_text_keyed(node) for node in walk(around)):
            return NoFix("a key is no constant text")
        return around

    def _is_unpacked(self, node: ast.Tuple) -> bool:
        parent = self.source.tree.parent(node)
        return (
            isinstance(parent, ast.Assign)
            and len(parent.targets) == 1
            and isinstance(parent.targets[0], (ast.Tuple, ast.List))
        )

    def _leaves(self, node: ast.expr) -> Iterator[ast.expr | None]:
        todo: list[ast.expr | None] = [node]
        calls = set(self.group.calls)
        while todo:
            current = todo.pop()
            match current:
                case ast.Call() if current in calls:
                    yield current
                case ast.Dict(keys=keys, values=values):
                    todo += [*keys, *values]
                case ast.List(elts=items):
                    todo += items
                case ast.Tuple(elts=items) if current is node or self.form != "json":
                    todo += items
                case ast.Call(keywords=keywords) if current is node:
                    todo += [keyword.value if keyword.arg is not None else None for keyword in keywords]
                case _:
                    yield current

    def _is_text_keyed(self, node: ast.AST) -> bool:
        if not isinstance(node, ast.Dict) or any(node in {*walk(call)} for call in self.group.calls):
            return True
        return all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in node.keys)

    def wrapped(self, display: ast.expr) -> Fix | NoFix:
        """The display of the values, copied where it stands or where the next statement returns it."""
        piece = expression_slice(self.source, display)
        edits = [Edit(*self.source.text.span(call), self.value(call)) for call in self.group.calls]
        before, behind = self.around()
        returned = self._returned(display)
        if returned is not None:
            start, end = self.source.text.span(returned)
            return self.fix([*edits, Edit(start, start, before), Edit(end, end, behind)])
        start, end = self.source.text.span(display)
        if isinstance(display, ast.Tuple):
            left, right = ("[", "]") if self.form == "json" else ("(", ")")
            if piece.has_parentheses and self.form == "json":
                return self.fix([*edits, Edit(start, start + 1, before + left), Edit(end - 1, end, right + behind)])
            if not piece.has_parentheses:
                before, behind = before + left, right + behind
        edits = [*edits, Edit(start, start, before), Edit(end, end, behind)]
        return self.fix([self._in_lines(display, edits)] if display.lineno == display.end_lineno else edits)

    def _in_lines(self, display: ast.expr, edits: list[Edit]) -> Edit:
        """The *edits* of a display on one line as one, in several lines when that grows too long."""
        text, at = "", self.source.text.span(display)[0]
        for edit in sorted(edits):
            text += self.source.text.text[at : edit.start] + edit.text
            at = edit.end
        return fitted(expression_slice(self.source, display), cst.parse_expression(text), self.settings)

    def _returned(self, display: ast.expr) -> ast.Name | None:
        """The name that the statement binds to *display* and the next one returns, when nothing else uses it."""
        (statement,) = self.group.statements
        match statement:
            case ast.Assign(targets=[ast.Name() as target], value=value) if value is display:
                block = self.source.tree.block(statement)
                variable = self.source.names.variable(target)
                match block[block.index(statement) + 1 :]:
                    case [ast.Return(value=ast.Name() as name), *_] if (
                        variable is not None and variable.loads == [name] and len(variable.bindings) == 1
                    ):
                        return name
        return None
