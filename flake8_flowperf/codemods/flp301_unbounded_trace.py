"""FLP301: the trace becomes a deque with a limit, and every use of it in the file copes with that."""

from __future__ import annotations

import argparse
import ast
import re

from flake8_flowperf.codemods.flp302_trace_index_from_len import counter_edits
from flake8_flowperf.fixing import imports
from flake8_flowperf.fixing.slices import CannotSlice, expression_slice, source_of, statement_slice
from flake8_flowperf.model import Edit, Finding, Fix, Import, NoFix, Safety
from flake8_flowperf.rules.flp301_unbounded_trace import MAX_TRACE_SIZE
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.containers import Act, Container, Creation, Use
from flake8_flowperf.source.names import ScopeKind
from flake8_flowperf.source.tree import walk

_DEQUE = Import("collections", "deque")
_REASONS = {
    Act.SORT: "it is sorted in place",
    Act.CONCATENATE: "it is concatenated",
    Act.INDEX: "its entries are looked up by position",
    Act.SET_ITEM: "its entries are replaced by position",
    Act.ESCAPE: "it is handed to code that cannot be seen",
    Act.CHECK: "its type is tested",
    Act.ALIAS: "it is held under another name",
}
_WRAPPED = frozenset({Act.SLICE, Act.RETURN, Act.COMPARE, Act.DISPLAY, Act.SERIALISE, Act.TEXT, Act.LAZY})
_LISTS = frozenset({"builtins.list", "typing.List"})
_GENERAL = frozenset(
    f"{module}.{name}"
    for module in ("typing", "collections.abc")
    for name in ("Any", "Sequence", "MutableSequence", "Iterable", "Collection", "Reversible")
)
_CHANGING = frozenset({"append", "extend", "insert", "pop", "clear", "remove", "sort", "reverse"})
_WRAPPERS = frozenset({"typing.ClassVar", "typing.Final", "typing.Optional"})


class _Refused(Exception):
    """The trace cannot be bounded; the message is the reason."""


def fix(finding: Finding[Container], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:
    """Bound the trace in its whole class, or module, at once."""
    size = MAX_TRACE_SIZE.of(settings)
    counter = counter_edits(source, finding.facts)
    if isinstance(counter, NoFix):
        return counter
    try:
        rewrite = _Rewrite(source, finding.facts, size)
        edits = (*rewrite.edits(), *counter)
    except _Refused as refusal:
        return NoFix(str(refusal))
    why = f"only the last {size} entries are kept, what is returned is a copy, and code elsewhere meets a deque"
    return Fix(edits, Safety.UNSAFE, why, rewrite.imports, reveals=frozenset({"FLP901"}))


class _Rewrite:
    def __init__(self, source: SourceFile, trace: Container, size: int) -> None:
        self.source = source
        self.trace = trace
        self.size = size
        self.check()
        self.deque, self.imports = self._deque()
        self.constant = self._constant_name()

    def check(self) -> None:
        """Raise _Refused where the trace, as the file uses it, must stay a list."""
        for use in self.trace.uses:
            if use.act in _REASONS:
                raise _Refused(_REASONS[use.act])
            function = self.source.tree.function(use.reference)
            if use.act in (Act.ITERATE, Act.CONSUME, Act.LAZY) and "replay" in getattr(function, "name", ""):
                raise _Refused("it is replayed")
            if use.act is Act.GROW and isinstance(use.node, ast.Call):
                method = use.node.func
                if isinstance(method, ast.Attribute) and method.attr == "insert":
                    raise _Refused("entries are inserted, which a full deque refuses")
            if use.act is Act.SLICE and not _is_from_an_end(use.node):
                raise _Refused("its entries are looked up by position")
        if any("# type:" in self.source.text.line(item.statement.lineno) for item in self.trace.creations):
            raise _Refused("its type comment does not allow a deque")
        if self._is_changed_through_getter():
            raise _Refused("the list that a function returns is changed by its caller")
        if len({creation.owner for creation in self.trace.creations}) > 1:
            raise _Refused("it is made in more than one class")
        first = self.trace.creations[0]
        if first.field_of is not None and (first.field_of.startswith("pydantic.") or "." not in first.field_of):
            raise _Refused("the class makes its fields in a way of its own")
        if self.trace.has_fields_of_a_framework:
            raise _Refused("the class may be a model, whose fields its base class makes")
        if self.trace.classes and self._is_written_out_whole():
            raise _Refused("its owner is turned into a dict as a whole")
        for scope in self.source.names.scopes.values():
            if scope.kind is not ScopeKind.CLASS and "list" in scope.variables:
                raise _Refused("the name 'list' means something else here")

    def _is_changed_through_getter(self) -> bool:
        """Whether what a function returns, the list itself, is changed where the function is called."""
        getters = {getattr(self.source.tree.function(use.reference), "name", None) for use in self.trace.of(Act.RETURN)}
        for node in walk(self.source.module):
            if isinstance(node, ast.Attribute) and node.attr in _CHANGING:
                got = node.value.func if isinstance(node.value, ast.Call) else node.value
                if (getattr(got, "attr", None) or getattr(got, "id", None)) in getters - {None}:
                    return True
        return False

    def _is_written_out_whole(self) -> bool:
        for node in walk(self.source.module):
            match node:
                case ast.Attribute(attr="__dict__" | "asdict" | "astuple" | "model_dump"):
                    return True
                case ast.Call(func=ast.Name(id="vars" | "asdict" | "astuple")):
                    return True
        return False

    def _deque(self) -> tuple[str, tuple[Import, ...]]:
        """How deque is written at every place that needs it, and the import that this takes."""
        places: list[ast.AST] = [creation.value for creation in self.trace.creations]
        places += [use.reference for use in self.trace.of(Act.RESTORE)]
        known: set[str | None] = set()
        for place in places:
            try:
                name, wanted = imports.reference(self.source, place, "collections.deque")
            except imports.CannotImport:
                known.add(None)
                continue
            known.add(None if wanted else name)
        if len(known) == 1 and (name_there := known.pop()) is not None:
            return name_there, ()
        if "deque" in self.source.names.module_scope.variables:
            raise _Refused("the name 'deque' is not bound by a plain import of the module")
        for place in places:
            imports.require(self.source, place, _DEQUE)
        return "deque", (_DEQUE,)

    def _constant_name(self) -> str:
        """``MAX_NAME``; another when the file has that word."""
        name = f"MAX_{self.trace.name.strip('_').upper()}"
        candidate, number = name, 2
        while re.search(rf"\b{candidate}\b", self.source.text.text):
            candidate, number = f"{name}_SIZE" if number == 2 else f"{name}_{number}", number + 1
        return candidate

    def edits(self) -> tuple[Edit, ...]:
        """All edits, the counter's left out."""
        edits = [self._constant()]
        for creation in self.trace.creations:
            edits.append(self._creation(creation))
            if isinstance(creation.statement, ast.AnnAssign):
                edits += self._annotation(creation.statement.annotation)
        for declaration in self.trace.declarations:
            edits += self._annotation(declaration.annotation)
        for use in self.trace.uses:
            edits += self._use(use)
        return tuple(edits)

    def _constant(self) -> Edit:
        """The limit: first in the class body below the docstring, or above the statement that makes the list."""
        text, newline = self.source.text, self.source.text.newline
        owner = self.trace.creations[0].owner
        line = f"{self.constant} = {self.size}"
        if owner is None:
            statement = self.trace.creations[0].statement
            statement_slice(self.source, statement)
            number = statement.lineno
            while number > 1 and text.line(number - 1).startswith("#"):
                number -= 1
            start = text.line_start(number if number > 1 else statement.lineno)
            return Edit(start, start, f"{line}{newline}")
        first = owner.body[0]
        if first.lineno == owner.lineno or text.line(first.lineno)[: first.col_offset].strip():
            raise _Refused("the class stands on one line")
        line = f"{text.indentation(first.lineno)}{line}{newline}"
        limits = [item for item in owner.body[:-1] if _is_limit(item)]
        if limits:
            statement_slice(self.source, limits[-1])
            assert limits[-1].end_lineno is not None
            start = text.line_start(limits[-1].end_lineno + 1)
            return Edit(start, start, line)
        is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        if is_docstring:
            assert first.end_lineno is not None
            statement_slice(self.source, first)
            start = text.line_start(first.end_lineno + 1)
            if len(owner.body) == 1 or start == len(text.text):
                raise _Refused("the class has no body")
            following, before = owner.body[1], newline
        else:
            following, before = first, ""
            number = _first_line(first)
            while number - 1 > owner.lineno and text.line(number - 1).lstrip().startswith("#"):
                number -= 1
            start = text.line_start(number)
        is_blank = not text.line(text.line_of(start)).strip()
        opens_block = isinstance(following, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        after = newline if opens_block and not is_blank else ""
        return Edit(start, start, f"{before}{line}{after}")

    def _limit(self, creation: Creation) -> str:
        """The constant as it is written where the list is made."""
        owner, function = creation.owner, creation.function
        if owner is None:
            return self.constant
        if creation.field_of is not None:
            if owner not in self.source.module.body:
                raise _Refused("the class is not at the top level of the module")
            return f"{owner.name}.{self.constant}"
        if function is None:
            return self.constant
        return f"{_receiver(function)}.{self.constant}"

    def _creation(self, creation: Creation) -> Edit:
        expression_slice(self.source, creation.value)
        start, end = self.source.text.span(creation.value)
        if "#" in self.source.text.text[start:end]:
            raise _Refused("a comment would be lost")
        code = f"{self.deque}(maxlen={self._limit(creation)})"
        return Edit(start, end, f"lambda: {code}" if creation.field_of is not None else code)

    def _annotation(self, annotation: ast.expr) -> list[Edit]:
        """The edits that make ``list[T]`` ``deque[T]``; none where the annotation holds for both."""
        wrapped = annotation
        while isinstance(wrapped, ast.Subscript) and self._name(wrapped.value) in _WRAPPERS:
            wrapped = wrapped.slice
        if isinstance(wrapped, ast.Constant) and isinstance(wrapped.value, str):
            for spelling in ("list", "List", "typing.List"):
                if wrapped.value == spelling or wrapped.value.startswith(f"{spelling}["):
                    segment = source_of(self.source, wrapped)
                    start = self.source.text.span(wrapped)[0] + segment.index(spelling)
                    return [Edit(start, start + len(spelling), self.deque)]
            raise _Refused("its annotation does not allow a deque")
        named = wrapped.value if isinstance(wrapped, ast.Subscript) else wrapped
        name = self._name(named)
        if name in _GENERAL or name == "collections.deque":
            return []
        if name not in _LISTS:
            raise _Refused("its annotation does not allow a deque")
        expression_slice(self.source, annotation)
        start, end = self.source.text.span(named)
        return [Edit(start, end, self.deque)]

    def _name(self, node: ast.expr) -> str | None:
        return self.source.names.qualified_name(node)

    def _use(self, use: Use) -> list[Edit]:
        match use.act:
            case Act.COPY:
                assert isinstance(use.node, ast.Call)
                return self._replace(use.node, f"list({self._text(use.reference)})")
            case Act.RESTORE:
                return self._restore(use)
            case Act.SLICE if isinstance(use.node, ast.Subscript) and _takes_all(use.node):
                return self._replace(use.node, f"list({self._text(use.reference)})")
            case Act.ITERATE if self._may_grow_meanwhile(use.node):
                return self._replace(use.reference, f"list({self._text(use.reference)})")
            case act if act in _WRAPPED:
                return self._replace(use.reference, f"list({self._text(use.reference)})")
        return []

    def _restore(self, use: Use) -> list[Edit]:
        assert isinstance(use.node, ast.Assign)
        match use.reference:
            case ast.Attribute(value=ast.Name(id=receiver)):
                limit = f"{receiver}.{self.constant}"
            case _:
                limit = self.constant
        value = use.node.value
        return self._replace(value, f"{self.deque}({self._text(value)}, maxlen={limit})")

    def _text(self, node: ast.expr) -> str:
        return source_of(self.source, node)

    def _replace(self, node: ast.expr, code: str) -> list[Edit]:
        expression_slice(self.source, node)
        start, end = self.source.text.span(node)
        return [Edit(start, end, code)]

    def _may_grow_meanwhile(self, loop: ast.AST) -> bool:
        """Whether the loop runs other code, which may append: a deque, unlike a list, raises RuntimeError then."""
        if isinstance(loop, ast.comprehension):
            owner = self.source.tree.parent(loop)
            assert owner is not None
            return isinstance(owner, ast.GeneratorExp) or any(self._runs_code(node) for node in walk(owner))
        assert isinstance(loop, (ast.For, ast.AsyncFor))
        return any(self._runs_code(node) for statement in loop.body for node in walk(statement))

    def _runs_code(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            return not (self._name(node.func) or "").startswith("builtins.")
        return isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom))


def _is_from_an_end(node: ast.AST) -> bool:
    """Whether a slice takes the first or the last entries, or all: ``[-n:]``, ``[:10]``, ``[::-1]``."""
    assert isinstance(node, ast.Subscript)
    assert isinstance(node.slice, ast.Slice)
    for bound in (node.slice.lower, node.slice.upper):
        if not isinstance(bound, (ast.Constant, ast.UnaryOp, type(None))):
            return bound is node.slice.upper and node.slice.lower is None
    return True


def _takes_all(node: ast.Subscript) -> bool:
    match node.slice:
        case ast.Slice(lower=None, upper=None, step=None):
            return True
    return False


def _is_limit(statement: ast.stmt) -> bool:
    """Whether a statement of a class body is a limit like those that this fix writes."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int())):
            return name.startswith("MAX_")
    return False


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(item.lineno for item in decorators)])


def _receiver(function: ast.FunctionDef) -> str:
    arguments = [*function.args.posonlyargs, *function.args.args]
    if not arguments:
        raise CannotSlice("the method has no self")
    return arguments[0].arg
