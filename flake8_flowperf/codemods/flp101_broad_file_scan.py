"""FLP101: narrow the pattern of the listing and drop the tests that it makes needless."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Sequence

import libcst as cst

from flake8_flowperf.fixing.imports import reference
from flake8_flowperf.fixing.slices import (
    CannotSlice,
    ExpressionSlice,
    StatementSlice,
    expression_slice,
    source_of,
    statement_slice,
)
from flake8_flowperf.model import Finding, Fix, Import, NoFix, Safety
from flake8_flowperf.rules.flp101_broad_file_scan import SCAN, Condition, Scan
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.tree import Comprehension

_CONSUMERS = frozenset(
    f"builtins.{name}" for name in ("all", "any", "dict", "list", "max", "min", "next", "set", "sorted", "sum", "tuple")
)


def fix(finding: Finding[Scan], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:
    """One narrower listing for one value; one listing per value, or an os.walk pass, for several."""
    scan = finding.facts
    if scan.problem:
        return NoFix(scan.problem)
    rewrite = _Rewrite(scan, source, settings)
    match scan.place:
        case ast.For():
            return rewrite.loop(scan.place)
        case ast.Call():
            return rewrite.filter(scan.place)
        case _:
            return rewrite.comprehension(scan.place)


class _Rewrite:
    """The rewrite of one scan."""

    def __init__(self, scan: Scan, source: SourceFile, settings: argparse.Namespace) -> None:
        self.scan = scan
        self.source = source
        self.imports: tuple[Import, ...] = ()
        self.several = len(scan.values) > 1
        self.walks = self.several and scan.method == "rglob" and SCAN.of(settings) == "walk"
        self.hole = source.names.fresh_name(scan.hole, f"file_{scan.hole}") if self.several else ""
        self.quote = _quote(scan, source)

    def _fix(self, piece: ExpressionSlice | StatementSlice, new: object) -> Fix:
        if isinstance(piece, StatementSlice):
            assert isinstance(new, list)
            edit = piece.edit(new)
        else:
            assert isinstance(new, cst.BaseExpression)
            edit = piece.edit(new)
        why = "os.walk lists files only, in an order of its own" if self.walks else self.scan.caution
        return Fix((edit,), Safety.UNSAFE if why else Safety.SAFE, why, self.imports)

    def _name(self, qualified_name: str) -> str:
        text, imports = reference(self.source, self.scan.listing, qualified_name)
        self.imports += imports
        return text

    def _is_builtin(self, name: str) -> bool:
        return not self.source.names.is_used_anywhere(name) or (
            self.source.names.module_scope.lookup(name) is None
            and not any(name in scope.variables and scope.variables[name].bindings
                        for scope in self.source.names.scopes.values())
        )  # fmt: skip

    # the new listing

    def _pattern(self) -> str:
        """The new pattern as code: a string for one value, an f-string for several."""
        scan = self.scan
        if not self.several:
            return f"{self.quote}{scan.pattern}{self.quote}"
        before, after = (text.replace("{", "{{").replace("}", "}}") for text in (scan.before, scan.after))
        return f"f{self.quote}{before}{{{self.hole}}}{after}{self.quote}"

    def _listing(self, piece: ExpressionSlice | StatementSlice) -> cst.Call:
        """The narrow listing, for one value or inside a loop over the values."""
        call = piece.find(self.scan.listing, cst.Call)
        if self.scan.method == "iterdir":
            assert isinstance(call.func, cst.Attribute)
            return call.with_changes(
                func=call.func.with_changes(attr=cst.Name("glob")),
                args=[cst.Arg(cst.parse_expression(self._pattern()))],
            )
        argument = call.args[0]
        return call.with_changes(args=[argument.with_changes(value=self._with_ending(argument.value)), *call.args[1:]])

    def _with_ending(self, pattern: cst.BaseExpression) -> cst.BaseExpression:
        """The pattern argument with its end narrowed; glob.glob's may be an f-string, a sum or an os.path.join."""
        match pattern:
            case cst.BinaryOperation(right=right):
                return pattern.with_changes(right=self._with_ending(right))
            case cst.Call(args=[*others, last]):
                return pattern.with_changes(args=[*others, last.with_changes(value=self._with_ending(last.value))])
            case cst.FormattedString(parts=[*others, cst.FormattedStringText(value=text) as last]) if not self.several:
                folder = text.rpartition("/")[0] + "/"
                return pattern.with_changes(parts=[*others, last.with_changes(value=folder + self._last_part())])
            case cst.SimpleString() if not self.several:
                folder, slash, _ = pattern.raw_value.rpartition("/")
                quoted = f"{pattern.prefix}{pattern.quote}{folder}{slash}{self._last_part()}{pattern.quote}"
                return pattern.with_changes(value=quoted)
            case cst.SimpleString() if "\\" not in pattern.raw_value:
                return cst.parse_expression(self._pattern())
        raise CannotSlice("the pattern is not written as one string")

    def _last_part(self) -> str:
        return self.scan.pattern.rpartition("/")[2]

    def _choice(self) -> str:
        """The expression that the loop over several values iterates over."""
        choice = self.scan.choice
        if isinstance(choice, ast.Name):
            variable = self.source.names.variable(choice)
            value = variable.only_value if variable is not None else None
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(self.scan.values):
                return choice.id
        if isinstance(choice, ast.Tuple) and len(choice.elts) == len(self.scan.values):
            text = source_of(self.source, choice)
            return text if text.startswith("(") else f"({text})"
        return "(" + ", ".join(f"{self.quote}{value}{self.quote}" for value in self.scan.values) + ")"

    def _chained(self, piece: ExpressionSlice | StatementSlice) -> cst.BaseExpression:
        chain = self._name("itertools.chain")
        listing = piece.module.code_for_node(self._listing(piece))
        return cst.parse_expression(f"{chain}.from_iterable({listing} for {self.hole} in {self._choice()})")

    def _one_iterable(self, piece: ExpressionSlice | StatementSlice) -> cst.BaseExpression:
        """The narrow listing as one iterable, in the sorted() or list() that stood around the broad one."""
        listing = self._chained(piece) if self.several else self._listing(piece)
        if self.scan.wrapper is None:
            return listing
        wrapper = piece.find(self.scan.wrapper, cst.Call)
        return wrapper.with_changes(args=[wrapper.args[0].with_changes(value=listing), *wrapper.args[1:]])

    # loops

    def loop(self, loop: ast.For) -> Fix:
        piece = statement_slice(self.source, loop)
        tree = piece.tree
        assert isinstance(tree, cst.For)
        body = self._loop_body(piece, tree)
        if self.walks and self.scan.wrapper is None:
            return self._fix(piece, [self._walk_loop(tree, body)])
        if self.several and self.scan.wrapper is None:
            inner = tree.with_changes(iter=self._listing(piece), body=body, leading_lines=[])
            outer = cst.parse_statement(f"for {self.hole} in {self._choice()}:\n    pass\n")
            assert isinstance(outer, cst.For)
            return self._fix(
                piece,
                [
                    outer.with_changes(
                        body=cst.IndentedBlock([inner], indent=self._indent(body)), leading_lines=tree.leading_lines
                    )
                ],
            )
        return self._fix(piece, [tree.with_changes(iter=self._one_iterable(piece), body=body)])

    def _indent(self, body: cst.BaseSuite) -> str | None:
        """The indentation of the block that the code has already, so that a new one is indented alike."""
        text = self.source.text
        indentations = (text.indentation(number) for number in range(1, text.line_of(len(text.text))))
        own = body.indent if isinstance(body, cst.IndentedBlock) else None
        return own or next(filter(None, indentations), "    ")

    def _walk_loop(self, tree: cst.For, body: cst.BaseSuite) -> cst.For:
        os_walk, path = self._name("os.walk"), self._name("pathlib.Path")
        names = self.source.names
        folder, files, file = names.fresh_name("dirpath"), names.fresh_name("filenames"), names.fresh_name("filename")
        assert self.scan.base is not None
        test = self._ending_test(file)
        outer = cst.parse_statement(
            f"for {folder}, _, {files} in {os_walk}({source_of(self.source, self.scan.base)}):\n"
            f"    for {file} in {files}:\n"
            f"        if {test}:\n"
            f"            {self.scan.variable} = {path}({folder}, {file})\n"
        )
        assert isinstance(outer, cst.For)
        indent = self._indent(body)
        inner = cst.ensure_type(outer.body.body[0], cst.For)
        condition = cst.ensure_type(inner.body.body[0], cst.If)
        statements = [*condition.body.body, *_statements(body)]
        footer = body.footer if isinstance(body, cst.IndentedBlock) else ()
        condition = condition.with_changes(body=cst.IndentedBlock(statements, indent=indent, footer=footer))
        inner = inner.with_changes(body=cst.IndentedBlock([condition], indent=indent))
        return outer.with_changes(body=cst.IndentedBlock([inner], indent=indent), leading_lines=tree.leading_lines)

    def _ending_test(self, file: str) -> str:
        choice = self._choice()
        variable = self.source.names.variable(self.scan.choice) if isinstance(self.scan.choice, ast.Name) else None
        if variable is not None and isinstance(variable.only_value, ast.List):
            choice = f"tuple({choice})"
        method = "startswith" if self.scan.hole == "prefix" else "endswith"
        return f"{file}.{method}({choice})"

    def _loop_body(self, piece: StatementSlice, tree: cst.For) -> cst.BaseSuite:
        body = tree.body
        assert isinstance(body, (cst.IndentedBlock, cst.SimpleStatementSuite))
        if isinstance(body, cst.SimpleStatementSuite):
            raise CannotSlice("the loop stands on one line")
        statements: list[cst.BaseStatement] = []
        footer: Sequence[cst.EmptyLine] = body.footer
        kept_lines: list[cst.EmptyLine] = []
        by_holder = {
            piece.find(item.holder, cst.If): item for item in self.scan.conditions if isinstance(item.holder, ast.If)
        }
        for statement in body.body:
            assert isinstance(statement, cst.BaseStatement)
            item = by_holder.get(statement) if isinstance(statement, cst.If) else None
            if item is None or not item.drop:
                statements.append(_with_lines(statement, kept_lines))
                kept_lines = []
                continue
            assert isinstance(statement, cst.If)
            test = self._test(piece, item)
            if test is not None:
                statements.append(_with_lines(statement.with_changes(test=test), kept_lines))
                kept_lines = []
                continue
            kept_lines += [*_comment_lines(statement.leading_lines), *_header_comment(statement.body)]
            if item.is_guard:
                kept_lines += _block_comments(statement.body)
                continue
            inner = _statements(statement.body)
            statements += [_with_lines(inner[0], kept_lines), *inner[1:]]
            kept_lines = []
            if isinstance(statement.body, cst.IndentedBlock):
                footer = [*statement.body.footer, *footer]
        if not statements:
            raise CannotSlice("nothing would be left of the loop's body")
        if kept_lines:
            footer = [*kept_lines, *footer]
        return body.with_changes(body=statements, footer=footer)

    def _test(self, piece: ExpressionSlice | StatementSlice, item: Condition) -> cst.BaseExpression | None:
        """The condition without the operands to drop, None when nothing is left of it."""
        root = piece.find(item.root, cst.BaseExpression)
        dropped = [piece.find(unit, cst.BaseExpression) for unit in item.drop]
        return _without(root, dropped)

    # expressions

    def filter(self, call: ast.Call) -> Fix:
        piece = expression_slice(self.source, call)
        (condition,) = self.scan.conditions
        test = self._test(piece, condition)
        iterable = self._one_iterable(piece)
        if test is None:
            if not self._is_consumed(call):
                raise CannotSlice("filter() without a test would change the type of the value")
            return self._fix(piece, iterable)
        tree = piece.find(call, cst.Call)
        function = cst.ensure_type(tree.args[0].value, cst.Lambda)
        return self._fix(
            piece,
            tree.with_changes(
                args=[tree.args[0].with_changes(value=function.with_changes(body=test)),
                      tree.args[1].with_changes(value=iterable)]
            ),
        )  # fmt: skip

    def _is_consumed(self, node: ast.expr) -> bool:
        """Whether *node* is only iterated over, so that any iterator does in its place."""
        match self.source.tree.parent(node):
            case ast.Call(func=function, args=[first, *_]) if first is node:
                return self.source.names.qualified_name(function) in _CONSUMERS
            case ast.For(iter=iterable) | ast.comprehension(iter=iterable):
                return iterable is node
        return False

    def comprehension(self, node: Comprehension) -> Fix:
        piece = expression_slice(self.source, node)
        tree = piece.find(node, cst.BaseComp)
        assert isinstance(tree, (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp))
        generator = self.scan.generator
        assert generator is not None
        if self._is_test_itself(node):
            tree = cst.ensure_type(tree, cst.GeneratorExp).with_changes(elt=cst.Name(self.scan.variable))
        position = node.generators.index(generator)
        clauses = _clauses(tree.for_in)
        clause = clauses[position]
        ifs = list(clause.ifs)
        for index, item in reversed([*enumerate(self.scan.conditions)]):
            if item.drop and item.holder is generator:
                test = self._test(piece, item)
                if test is None:
                    del ifs[index]
                else:
                    ifs[index] = ifs[index].with_changes(test=test)
        if not ifs and not self.walks and (plain := self._plain(node, piece)) is not None:
            return self._fix(piece, plain)
        if self.several and self.scan.wrapper is None:
            new = self._several_clauses(piece, clause.with_changes(ifs=ifs))
        else:
            new = [clause.with_changes(iter=self._one_iterable(piece), ifs=ifs)]
        clauses[position : position + 1] = new
        chained: cst.CompFor | None = None
        for each in reversed(clauses):
            chained = each.with_changes(inner_for_in=chained)
        return self._fix(piece, tree.with_changes(for_in=chained))

    def _plain(self, node: Comprehension, piece: ExpressionSlice) -> cst.BaseExpression | None:
        """The listing itself for a comprehension that has become ``[p for p in listing]``."""
        if self.several and not isinstance(node, ast.GeneratorExp):
            return None
        match node:
            case ast.ListComp(elt=ast.Name(id=name), generators=[_]) if name == self.scan.variable and self._is_builtin(
                "list"
            ):
                return self._call("list", self._one_iterable(piece))
            case ast.SetComp(elt=ast.Name(id=name), generators=[_]) if name == self.scan.variable and self._is_builtin(
                "set"
            ):
                return self._call("set", self._one_iterable(piece))
            case ast.GeneratorExp(generators=[_]) if self._yields_variable(node):
                wrapped = self.scan.wrapper is not None and self._is_next(node)
                return (
                    self._one_iterable(piece) if not self.several and self._is_consumed(node) and not wrapped else None
                )
        return None

    def _yields_variable(self, node: ast.GeneratorExp) -> bool:
        return self._is_test_itself(node) or (isinstance(node.elt, ast.Name) and node.elt.id == self.scan.variable)

    def _is_test_itself(self, node: Comprehension) -> bool:
        """Whether *node* yields the test that goes away, for any() to look at."""
        return any(item.holder is node and item.drop for item in self.scan.conditions)

    def _call(self, function: str, argument: cst.BaseExpression) -> cst.BaseExpression:
        wrapper = self.scan.wrapper
        if function == "list" and wrapper is not None and ast.unparse(wrapper.func) in ("list", "sorted"):
            return argument
        return cst.Call(cst.Name(function), [cst.Arg(argument)])

    def _is_next(self, node: ast.expr) -> bool:
        match self.source.tree.parent(node):
            case ast.Call(func=function):
                return self.source.names.qualified_name(function) == "builtins.next"
        return False

    def _several_clauses(self, piece: ExpressionSlice, clause: cst.CompFor) -> list[cst.CompFor]:
        if not self.walks:
            outer = clause.with_changes(
                target=cst.Name(self.hole), iter=cst.parse_expression(self._choice()), ifs=[], inner_for_in=None
            )
            inner = clause.with_changes(iter=self._listing(piece), whitespace_before=_blank(clause))
            return [outer, inner]
        os_walk, path = self._name("os.walk"), self._name("pathlib.Path")
        names = self.source.names
        folder, files, file = names.fresh_name("dirpath"), names.fresh_name("filenames"), names.fresh_name("filename")
        assert self.scan.base is not None
        text = (
            f"[0 for {folder}, _, {files} in {os_walk}({source_of(self.source, self.scan.base)})"
            f" for {file} in {files} if {self._ending_test(file)}"
            f" for {self.scan.variable} in [{path}({folder}, {file})]]"
        )
        first, second, third = _clauses(cst.ensure_type(cst.parse_expression(text), cst.ListComp).for_in)
        blank = _blank(clause)
        return [
            first.with_changes(whitespace_before=clause.whitespace_before),
            second.with_changes(whitespace_before=blank),
            third.with_changes(whitespace_before=blank, ifs=clause.ifs),
        ]


def _quote(scan: Scan, source: SourceFile) -> str:
    """The quote that the code at hand uses, for a new string."""
    nodes: list[ast.expr] = [*scan.listing.args, *(unit for item in scan.conditions for unit in item.drop)]
    text = "".join(source.text.segment(node) for node in nodes)
    return "'" if "'" in text and '"' not in text else '"'


def _blank(clause: cst.CompFor) -> cst.BaseParenthesizableWhitespace:
    """What goes before a clause that follows *clause*: its own line where the comprehension has several."""
    before = clause.whitespace_before
    return (
        before
        if isinstance(before, cst.ParenthesizedWhitespace) and not before.first_line.comment
        else cst.SimpleWhitespace(" ")
    )


def _clauses(first: cst.CompFor) -> list[cst.CompFor]:
    found = [first]
    while found[-1].inner_for_in is not None:
        found.append(found[-1].inner_for_in)
    return [clause.with_changes(inner_for_in=None) for clause in found]


def _without(node: cst.BaseExpression, dropped: Sequence[cst.BaseExpression]) -> cst.BaseExpression | None:
    """*node* without the operands *dropped* of its ``and``, ``or`` and ``not``; None when nothing is left."""
    if any(node is other for other in dropped):
        return None
    match node:
        case cst.BooleanOperation(left=left, right=right):
            new_left, new_right = _without(left, dropped), _without(right, dropped)
            if new_left is None or new_right is None:
                kept = new_left or new_right
                return _in_parentheses_of(node, kept) if kept is not None else None
            return node.with_changes(left=new_left, right=new_right)
        case cst.UnaryOperation(operator=cst.Not(), expression=expression):
            inner = _without(expression, dropped)
            return node.with_changes(expression=inner) if inner is not None else None
    return node


def _in_parentheses_of(node: cst.BooleanOperation, kept: cst.BaseExpression) -> cst.BaseExpression:
    if isinstance(kept, (cst.Call, cst.Attribute, cst.Name)):
        return kept
    return kept.with_changes(lpar=[*node.lpar, *kept.lpar], rpar=[*kept.rpar, *node.rpar])


def _statements(suite: cst.BaseSuite) -> list[cst.BaseStatement]:
    if isinstance(suite, cst.SimpleStatementSuite):
        return [cst.SimpleStatementLine(suite.body, trailing_whitespace=suite.trailing_whitespace)]
    return [statement for statement in suite.body if isinstance(statement, cst.BaseStatement)]


def _with_lines(statement: cst.BaseStatement, lines: Sequence[cst.EmptyLine]) -> cst.BaseStatement:
    if not lines:
        return statement
    leading = getattr(statement, "leading_lines", ())
    return statement.with_changes(leading_lines=[*lines, *leading])


def _comment_lines(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    return list(lines) if any(line.comment is not None for line in lines) else []


def _header_comment(suite: cst.BaseSuite) -> list[cst.EmptyLine]:
    """The comment behind the colon, as a line of its own."""
    header = suite.header if isinstance(suite, cst.IndentedBlock) else None
    return [cst.EmptyLine(comment=header.comment)] if header is not None and header.comment is not None else []


def _block_comments(suite: cst.BaseSuite) -> list[cst.EmptyLine]:
    """The comments in the block of a guard that goes away."""
    found: list[cst.EmptyLine] = []
    for statement in _statements(suite):
        found += _comment_lines(getattr(statement, "leading_lines", ()))
        trailing = getattr(statement, "trailing_whitespace", None)
        if trailing is not None and trailing.comment is not None:
            found.append(cst.EmptyLine(comment=trailing.comment))
    return [*found, *(suite.footer if isinstance(suite, cst.IndentedBlock) else ())]
