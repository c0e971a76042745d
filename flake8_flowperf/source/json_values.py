"""What the code shows of a value that is to go through JSON: a deque, or something that JSON cannot hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_flowperf.source.copy_uses import root_name
from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.names import Kind
from flake8_flowperf.source.tree import walk

_DEQUES = frozenset({"collections.deque", "typing.Deque"})
_PLAIN_CALLS = frozenset(
    (*(f"builtins.{name}" for name in ("dict", "list", "str", "int", "float", "bool", "len", "sorted", "sum", "round")),
     *("json.loads", "json.load", "copy.deepcopy", "copy.copy", "collections.deque"))
)  # fmt: skip
_PLAIN_TYPES = frozenset(
    {"dict", "list", "str", "int", "float", "bool", "None", "Any", "object", "deque", "Dict", "List", "Optional",
     "Union", "Mapping", "MutableMapping", "Sequence", "MutableSequence", "Deque", "JSON"}
)  # fmt: skip
_FOREIGN_CALLS = frozenset({"set", "frozenset", "tuple", "defaultdict", "bytes", "bytearray"})


def is_deque(source: SourceFile, node: ast.expr) -> bool:
    """Whether the code binds *node*, a name or an attribute of self, to a deque, or says that it is one."""
    for value, annotation in _origins(source, node):
        if isinstance(value, ast.Call) and source.names.qualified_name(value.func) in _DEQUES:
            return True
        start = annotation.value if isinstance(annotation, ast.Subscript) else annotation
        if start is not None and source.names.qualified_name(start) in _DEQUES:
            return True
    return False


def why_not_json(source: SourceFile, node: ast.expr) -> str | None:
    """Why *node* does not survive a round trip through JSON, None when nothing speaks against it."""
    name = ast.unparse(node)
    if len(name) > 40:
        name = "a value"
    if _is_foreign(source, node):
        return f"{name} may hold what JSON cannot"
    if isinstance(node, ast.Subscript) and not _starts_at_parameter(source, node):
        return f"{name} may hold what JSON cannot"
    for value, annotation in _origins(source, node):
        if value is not None and _is_foreign(source, value):
            return f"{name} may hold what JSON cannot"
        if annotation is not None and not _is_plain_annotation(annotation):
            return f"{name} is annotated with what JSON cannot hold"
    return None


def _starts_at_parameter(source: SourceFile, node: ast.expr) -> bool:
    """Whether *node* is a part of what the caller gave, not of what the function has put together."""
    name = root_name(node)
    variable = source.names.variable(name) if name is not None else None
    return variable is not None and all(binding.kind is Kind.PARAMETER for binding in variable.bindings)


def _is_foreign(source: SourceFile, node: ast.expr) -> bool:
    match node:
        case ast.Set() | ast.SetComp() | ast.Tuple() | ast.GeneratorExp() | ast.Lambda():
            return True
        case ast.Constant(value=value):
            return isinstance(value, (bytes, complex)) or value is ...
        case ast.Dict(keys=keys):
            return any(isinstance(key, ast.Constant) and not isinstance(key.value, str) for key in keys)
        case ast.Call(func=function):
            qualified = source.names.qualified_name(function)
            if qualified in _PLAIN_CALLS:
                return False
            last = (qualified or ast.unparse(function)).rpartition(".")[2]
            return last.lstrip("_")[:1].isupper() or last in (
                "set",
                "frozenset",
                "tuple",
                "defaultdict",
                "bytes",
                "bytearray",
            )
    return False


def _origins(source: SourceFile, node: ast.expr) -> Iterator[tuple[ast.expr | None, ast.expr | None]]:
    """The values and annotations that the code gives *node*."""
    match node:
        case ast.Name():
            variable = source.names.variable(node)
            for binding in variable.bindings if variable is not None else ():
                if binding.kind is Kind.PARAMETER and isinstance(binding.node, ast.arg):
                    yield None, binding.node.annotation
                elif binding.kind is Kind.ASSIGNMENT:
                    parent = source.tree.parent(binding.node)
                    yield binding.value, parent.annotation if isinstance(parent, ast.AnnAssign) else None
        case ast.Attribute(value=ast.Name(id="self"), attr=attribute):
            owner = source.tree.enclosing_class(node)
            for inner in walk(owner) if owner is not None else ():
                match inner:
                    case ast.Assign(targets=targets, value=value):
                        if any(_is_attribute(target, attribute, inner in owner.body) for target in targets):  # type: ignore[union-attr]
                            yield from _with_parameter(source, value)
                    case ast.AnnAssign(target=target, annotation=annotation, value=value):
                        if _is_attribute(target, attribute, inner in owner.body):  # type: ignore[union-attr]
                            yield value, annotation


def _with_parameter(source: SourceFile, value: ast.expr) -> Iterator[tuple[ast.expr | None, ast.expr | None]]:
    """*value*, and the annotation of the parameter that it is."""
    yield value, None
    if isinstance(value, ast.Name):
        yield from _origins(source, value)


def _is_attribute(target: ast.expr, attribute: str, is_class_level: bool) -> bool:
    match target:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name == attribute
        case ast.Name(id=name):
            return is_class_level and name == attribute
    return False


def _is_plain_annotation(annotation: ast.expr) -> bool:
    """Whether the types that *annotation* names are those that JSON keeps; keys must be text."""
    todo = [annotation]
    while todo:
        node = todo.pop()
        match node:
            case ast.Constant(value=str() as text):
                try:
                    todo.append(ast.parse(text, mode="eval").body)
                except SyntaxError:
                    return False
            case ast.Constant(value=None):
                pass
            case ast.Name(id=name) | ast.Attribute(attr=name):
                if name not in _PLAIN_TYPES:
                    return False
            case ast.Subscript(value=value, slice=ast.Tuple(elts=[key, *others])) if _is_mapping(value):
                if ast.unparse(key) not in ("str", "Any"):
                    return False
                todo += [value, *others]
            case ast.Subscript(value=value, slice=ast.Tuple(elts=items)):
                todo += [value, *items]
            case ast.Subscript(value=value, slice=item):
                todo += [value, item]
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                todo += [left, right]
            case _:
                return False
    return True


def _is_mapping(node: ast.expr) -> bool:
    return ast.unparse(node).lower().endswith(("dict", "mapping"))
