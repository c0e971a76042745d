"""Names that a fix needs: reuse what the file imports, add what it lacks, remove what a fix left unused."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable

import libcst as cst

from flake8_flowperf.fixing.slices import CannotSlice, statement_slice
from flake8_flowperf.model import Edit, Import
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.names import Scope


class CannotImport(Exception):
    """The name cannot be had at that place; the message is a reason that a user can read."""


def reference(source: SourceFile, node: ast.AST, qualified_name: str) -> tuple[str, tuple[Import, ...]]:
    """How to write *qualified_name* ("subprocess.run") at *node*, and the imports that this takes.

    An import that the file has at module level is reused, under the name that it has there.  Raises CannotImport when
    the name is bound to something else where *node* stands.
    """
    module, _, name = qualified_name.rpartition(".")
    scope = _scope_at(source, node)
    for variable in source.names.module_scope.variables.values():
        paths = {binding.path for binding in variable.bindings}
        if len(paths) != 1 or not _is_unconditional(source, variable.bindings[0].node):
            continue
        if scope.lookup(variable.name) is not variable:
            continue
        if not paths <= {qualified_name, module}:
            continue
        if isinstance(node, ast.expr) and _runs_before(source, node, variable.bindings[0].node):
            raise CannotImport(f"{variable.name!r} is imported further down")
        return variable.name if paths == {qualified_name} else f"{variable.name}.{name}", ()
    wanted = Import(module or qualified_name)
    require(source, node, wanted)
    return qualified_name, (wanted,)


def _runs_before(source: SourceFile, node: ast.expr, imported: ast.AST) -> bool:
    """Whether *node* runs while the module is loaded, before the import of the name *imported*."""
    return isinstance(imported, ast.alias) and source.tree.function(node) is None and node.lineno < imported.lineno


def require(source: SourceFile, node: ast.AST, wanted: Import) -> None:
    """Check that *wanted* can be imported at module level and means that at *node*; raises CannotImport."""
    variable = _scope_at(source, node).lookup(wanted.bound_name)
    if variable is None and not source.names.module_scope.has_star_import:
        return
    if (
        variable is not None
        and variable.scope is source.names.module_scope
        and all(binding.path == wanted.qualified_name for binding in variable.bindings)
    ):
        if missing(source, [wanted]):
            raise CannotImport(f"{wanted.bound_name!r} is imported under a condition only")
        return
    raise CannotImport(f"the name {wanted.bound_name!r} may mean something else here")


def missing(source: SourceFile, wanted: Iterable[Import]) -> list[Import]:
    """Those of *wanted* that the file does not import at module level for sure, each once."""
    found = []
    for item in sorted(set(wanted)):
        variable = source.names.module_scope.variables.get(item.bound_name)
        bindings = variable.bindings if variable is not None else []
        if not any(
            binding.path == item.qualified_name and _is_unconditional(source, binding.node) for binding in bindings
        ):
            found.append(item)
    return found


def insertion(source: SourceFile, wanted: Iterable[Import], first_use: int) -> list[Edit]:
    """The edits that add *wanted*, each import once, above the offset *first_use*.

    An import goes among its like where the file sorts its imports as isort does, else after the last import of the
    leading ones; never above the docstring or ``__future__``, nor into a block.
    """
    by_place: dict[int, list[Import]] = {}
    for item in missing(source, wanted):
        by_place.setdefault(_place(source, item, first_use), []).append(item)
    return [_edit(source, place, items, first_use) for place, items in by_place.items()]


def _edit(source: SourceFile, place: int, items: list[Import], first_use: int) -> Edit:
    text, newline = source.text.text, source.text.newline
    lines = newline.join(item.statement() for item in sorted(items, key=lambda item: (item.name is not None, item)))
    before = newline if place and text[place - 1] not in "\r\n" else ""
    leading = _leading_imports(source, first_use)
    if leading:
        own_group = _same_group(source, leading, place, items[0])
        after = newline if own_group == "above" else ""
        return Edit(place, place, f"{before}{newline if own_group == 'below' else ''}{lines}{newline}{after}")
    following = next((statement for statement in source.module.body if _start(source, statement) >= place), None)
    blank = 2 if isinstance(following, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) else 1
    if text[place : place + 1] in ("\r", "\n"):
        blank = 0
    docstring = newline if place and following is not source.module.body[0] else ""
    return Edit(place, place, f"{before}{docstring}{lines}{newline}{newline * blank if following else ''}")


def _same_group(source: SourceFile, leading: list[ast.Import | ast.ImportFrom], place: int, item: Import) -> str:
    """Where an empty line must separate the new import from its neighbours: "above" one, "below" one, or ""."""
    above = [statement for statement in leading if _start(source, statement) < place]
    if above and isinstance(above[-1], ast.ImportFrom) and above[-1].module == "__future__":
        is_apart = place > 0 and not source.text.line(source.text.line_of(place) - 1).strip()
        return "" if is_apart else "below"
    below = [statement for statement in leading if _start(source, statement) >= place]
    if not above and below and _is_standard(item.module) and not _is_standard(_module(below[0])):
        return "above"
    return ""


def _place(source: SourceFile, item: Import, first_use: int) -> int:
    leading = _leading_imports(source, first_use)
    if not leading:
        return _top(source, first_use)
    key = _sort_key(item.name is not None, item.module)
    standard = [statement for statement in leading if _is_standard(_module(statement))]
    keys = [_sort_key(isinstance(statement, ast.ImportFrom), _module(statement)) for statement in standard]
    if standard and keys == sorted(keys) and _is_standard(item.module):
        smaller = [statement for statement, other in zip(standard, keys, strict=True) if other < key]
        if smaller:
            return _below(source, smaller[-1])
        if not source.text.line(standard[0].lineno - 1 or 1).lstrip().startswith("#"):
            return source.text.line_start(standard[0].lineno)
    first = leading[0]
    has_comment = first.lineno > 1 and source.text.line(first.lineno - 1).lstrip().startswith("#")
    if not standard and not has_comment and _is_standard(item.module) and _module(first) != "__future__":
        return source.text.line_start(first.lineno)
    return _below(source, leading[-1])


def _sort_key(is_from: bool, module: str) -> tuple[bool, str]:
    return is_from, module.lower()


def _module(statement: ast.Import | ast.ImportFrom) -> str:
    if isinstance(statement, ast.Import):
        return statement.names[0].name
    return "." * statement.level + (statement.module or "")


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names and module != "__future__"


def _start(source: SourceFile, statement: ast.stmt) -> int:
    lines = [statement.lineno, *(item.lineno for item in getattr(statement, "decorator_list", ()))]
    return source.text.line_start(min(lines))


def _below(source: SourceFile, statement: ast.stmt) -> int:
    """The start of the line after *statement* and whatever shares its last line."""
    end = statement.end_lineno or statement.lineno
    for other in source.module.body:
        if other.lineno <= end:
            end = max(end, other.end_lineno or end)
    return source.text.line_start(end + 1)


def _leading_imports(source: SourceFile, first_use: int) -> list[ast.Import | ast.ImportFrom]:
    """The top-level imports before the first definition and before the statement that needs the name."""
    found: list[ast.Import | ast.ImportFrom] = []
    for statement in source.module.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            break
        if source.text.span(statement)[1] > first_use:
            break
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            found.append(statement)
    return found


def _top(source: SourceFile, first_use: int) -> int:
    """Below the docstring, above the first statement; the comments at the head of the file stay there."""
    body = source.module.body
    match body:
        case [ast.Expr(value=ast.Constant(value=str())) as docstring, *_]:
            return min(_below(source, docstring), source.text.line_start(source.text.line_of(first_use)))
        case [first, *_]:
            return _start(source, first)
    return 0


def _scope_at(source: SourceFile, node: ast.AST) -> Scope:
    for candidate in (node, *source.tree.ancestors(node)):
        scope = source.names.scopes.get(candidate)
        if scope is not None:
            return scope
    return source.names.module_scope


def _is_unconditional(source: SourceFile, alias: ast.AST) -> bool:
    statement = source.tree.parent(alias)
    return isinstance(statement, (ast.Import, ast.ImportFrom)) and statement in source.module.body


class CannotRemove(Exception):
    """The import of *name* cannot be removed; the message is a reason that a user can read."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the import of {name!r} would be left unused and cannot be removed")


def removal(source: SourceFile, description: str, line: int) -> Edit:
    """The edit that removes the import that pyflakes calls *description* from the statement at *line*.

    Raises CannotRemove when the statement has a comment, is all that its block holds, or shares its lines.
    """
    for alias in source.tree.of(ast.alias):
        statement = source.tree.parent(alias)
        assert isinstance(statement, (ast.Import, ast.ImportFrom))
        if statement.lineno == line and _description(statement, alias) == description:
            try:
                return _without(source, statement, statement.names.index(alias))
            except CannotSlice as error:
                raise CannotRemove(alias.asname or alias.name.partition(".")[0]) from error
    raise CannotRemove(description)


def _description(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """How pyflakes names an import in its messages."""
    name = alias.name
    if isinstance(statement, ast.ImportFrom):
        module = _module(statement)
        name = f"{module}{name}" if module.endswith(".") else f"{module}.{name}"
    return f"{name} as {alias.asname}" if alias.asname and alias.asname != alias.name else name


def _without(source: SourceFile, statement: ast.Import | ast.ImportFrom, position: int) -> Edit:
    piece = statement_slice(source, statement)
    if "#" in source.text.text[piece.start : piece.end] or "\\" in source.text.text[piece.start : piece.end]:
        raise CannotSlice("the import has a comment")
    if len(statement.names) == 1:
        if len(source.tree.block(statement)) == 1 and statement not in source.module.body:
            raise CannotSlice("the import is all that its block holds")
        return Edit(piece.start, piece.end, "")
    line = piece.tree
    assert isinstance(line, cst.SimpleStatementLine)
    small = line.body[0]
    assert isinstance(small, (cst.Import, cst.ImportFrom))
    assert not isinstance(small.names, cst.ImportStar)
    names = [alias for index, alias in enumerate(small.names) if index != position]
    if position == len(names):
        names[-1] = names[-1].with_changes(comma=small.names[-1].comma)
    return piece.edit([line.with_changes(body=[small.with_changes(names=names), *line.body[1:]])])
