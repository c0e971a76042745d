"""The lists and dicts that classes and modules hold: where each is made, grown, shrunk, read and handed on.

Computed once for a file, in one walk: an attribute belongs to the class of the ``self`` it is reached through,
together with the classes of the file that inherit from each other; what is reached through another object may belong
to any class that has an attribute of that name.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.names import Kind, Variable
from flake8_flowperf.source.tree import walk


class Form(enum.Enum):
    """What kind of container a creation makes, empty."""

    LIST = "list"
    DEQUE = "deque"
    BOUNDED = "deque with maxlen"
    DICT = "dict"


class Act(enum.Enum):
    """What one reference does with its container."""

    APPEND = "append"
    GROW = "extend, insert, +=, update"
    SET_ITEM = "x[key] = value"
    SHRINK = "pop, clear, del, slice assignment"
    STORE = "another value is stored"
    RESTORE = "a saved state is put back"
    LEN = "len(x)"
    GUARD = "len(x) compared with a limit"
    ITEM = "x[0], x[-1]"
    INDEX = "x[i], x.index"
    SLICE = "x[a:b]"
    COPY = "x.copy()"
    TRUTH = "if x"
    MEMBER = "y in x"
    ITERATE = "for y in x"
    CONSUME = "list(x), sorted(x)"
    LAZY = "enumerate(x), map(f, x)"
    SERIALISE = "json.dumps(x)"
    TEXT = "f-string"
    RETURN = "return x"
    DISPLAY = "{'k': x}"
    COMPARE = "x == y"
    SORT = "x.sort()"
    CONCATENATE = "x + y"
    CHECK = "isinstance(x, ...)"
    READ = "get, keys, values, items, count"
    ALIAS = "y = x, f = x.pop"
    ESCAPE = "an argument of other code"


@dataclass(frozen=True)
class Creation:
    """One place that makes the container, empty.

    *value* is the expression that makes it, inside ``field(default_factory=...)`` the factory; *function* is the
    method that holds the statement, None for a class body or module.
    """

    statement: ast.Assign | ast.AnnAssign
    value: ast.expr
    form: Form
    function: ast.FunctionDef | None
    owner: ast.ClassDef | None
    field_of: str | None = None
    """the qualified name of the call whose factory makes it ("dataclasses.field"); "" where a base class that the file
    does not show may make fields of what the class body holds, as pydantic does"""


@dataclass(frozen=True)
class Use:
    """One reference: the name or attribute, what is done with it, and the node that does it."""

    act: Act
    reference: ast.Attribute | ast.Name
    node: ast.AST
    is_certain: bool = True
    """False when it is reached through an object whose class is not known"""


@dataclass(eq=False)
class Container:
    """A name of the module or an attribute of a family of classes, and all that the file does with it."""

    name: str
    classes: tuple[ast.ClassDef, ...]
    """empty for a module's name"""
    creations: list[Creation] = field(default_factory=list)
    declarations: list[ast.AnnAssign] = field(default_factory=list)
    """``name: T`` without a value"""
    uses: list[Use] = field(default_factory=list)
    is_reached_by_text: bool = False
    """whether getattr, setattr or __dict__ name it"""

    @property
    def has_fields_of_a_framework(self) -> bool:
        """Whether a class has annotated values and a base that the file does not show: it may be a pydantic model."""
        return _may_make_fields(self.classes)

    def of(self, *acts: Act) -> Iterator[Use]:
        """The uses of these kinds."""
        return (use for use in self.uses if use.act in acts)


_PLAIN_BASES = frozenset({"object", "ABC", "Generic", "Protocol"})
INITIALISERS = frozenset({"__init__", "__post_init__", "__attrs_post_init__", "__new__", "model_post_init"})
_GROWING = frozenset({"extend", "extendleft", "insert", "appendleft", "add", "update", "setdefault"})
_SHRINKING = frozenset({"pop", "popleft", "popitem", "clear", "remove", "discard", "__delitem__", "move_to_end"})
_READING = frozenset({"get", "keys", "values", "items", "count"})
_CONSUMING = frozenset(
    f"builtins.{name}"
    for name in ("list", "tuple", "set", "frozenset", "sorted", "sum", "min", "max", "any", "all", "bool")
) | {"collections.Counter", "itertools.islice", "statistics.mean", "statistics.median"}
_LAZY = frozenset(f"builtins.{name}" for name in ("enumerate", "zip", "map", "filter", "reversed", "iter")) | {
    "itertools.chain"
}
_SERIALISING = frozenset(
    {"json.dumps", "json.dump", "pickle.dumps", "pickle.dump", "copy.copy", "copy.deepcopy", "builtins.print",
     "builtins.str", "builtins.repr", "pprint.pprint", "pprint.pformat", "yaml.dump", "yaml.safe_dump"}
)  # fmt: skip
_BY_TEXT = frozenset({"getattr", "setattr", "delattr"})
_FACTORIES = {"list": Form.LIST, "dict": Form.DICT, "deque": Form.DEQUE}
_FIELDS = frozenset({"field", "Field", "PrivateAttr", "ib", "attrib"})
_RESTORING = ("load", "restore", "setstate", "deserial", "unpickle", "resume", "rehydrate", "from_dict", "from_json")


def containers(source: SourceFile) -> list[Container]:
    """The containers of a file, in the order of their first creation; use as ``source.fact(containers)``."""
    return containers_called(source, lambda _: True)


def containers_called(source: SourceFile, is_wanted: Callable[[str], bool]) -> list[Container]:
    """Those of the containers() whose names are wanted, for less time."""
    return _Collector(source, is_wanted).collect()


def _may_make_fields(classes: tuple[ast.ClassDef, ...]) -> bool:
    known = {owner.name for owner in classes} | _PLAIN_BASES
    return any(called_name(base) not in known for owner in classes for base in owner.bases) and any(
        isinstance(item, ast.AnnAssign) and not _is_class_variable(item) for owner in classes for item in owner.body
    )


def _is_class_variable(statement: ast.AnnAssign) -> bool:
    return any(
        isinstance(node, (ast.Name, ast.Attribute)) and called_name(node) == "ClassVar"
        for node in walk(statement.annotation)
    )


def called_name(node: ast.expr) -> str:
    """The last part of a name or dotted name, with what it is subscripted by left out; "" for anything else."""
    while isinstance(node, ast.Subscript):
        node = node.value
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def is_restoring(function: ast.AST | None) -> bool:
    """Whether a function, by its name, puts back a state that was saved."""
    name = getattr(function, "name", "").lower()
    return any(word in name for word in _RESTORING)


def _reached_by_text(source: SourceFile) -> set[str]:
    """What getattr, setattr or __dict__ name."""
    found: set[str] = set()
    for node in (*source.tree.of(ast.Call), *source.tree.of(ast.Subscript)):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[_, ast.Constant(value=str(text)), *_]) if name in _BY_TEXT:
                found.add(text)
            case ast.Subscript(value=ast.Attribute(attr="__dict__"), slice=ast.Constant(value=str(text))):
                found.add(text)
            case ast.Subscript(value=ast.Call(func=ast.Name(id="vars" | "globals")),
                               slice=ast.Constant(value=str(text))):  # fmt: skip
                found.add(text)
    return found


class _Collector:
    def __init__(self, source: SourceFile, is_wanted: Callable[[str], bool]) -> None:
        self.source = source
        self.is_wanted = is_wanted
        self.attributes = source.tree.attributes
        self.classes = source.tree.of(ast.ClassDef)
        self.families: dict[ast.ClassDef, tuple[ast.ClassDef, ...]] = {}
        self.may_make_fields: dict[ast.ClassDef, bool] = {}
        """by the first class of a family"""
        self.found: dict[tuple[ast.ClassDef | None, str], Container] = {}

    def collect(self) -> list[Container]:
        self._unite()
        for owner in self.classes:
            self._class_level(owner)
        for name, references in self.attributes.items():
            for reference in references if self.is_wanted(name) else ():
                self._creation_through_self(reference)
        for container in self.found.values():
            self._attribute_uses(container)
        self._module_level()
        made = [container for container in self.found.values() if container.creations]
        for container in made:
            container.is_reached_by_text = container.name in self.source.fact(_reached_by_text)
        return sorted(made, key=lambda item: item.creations[0].statement.lineno)

    def _unite(self) -> None:
        """Group the classes that inherit from each other, by the names of their bases."""
        by_name = {owner.name: owner for owner in self.classes}
        neighbours: dict[ast.ClassDef, list[ast.ClassDef]] = {owner: [] for owner in self.classes}
        for owner in self.classes:
            for base in owner.bases:
                parent = by_name.get(called_name(base))
                if parent is not None and parent is not owner:
                    neighbours[owner].append(parent)
                    neighbours[parent].append(owner)
        for owner in self.classes:
            if owner in self.families:
                continue
            family, todo = {owner: None}, [owner]
            while todo:
                for other in neighbours[todo.pop()]:
                    if other not in family:
                        family[other] = None
                        todo.append(other)
            members = tuple(family)
            self.families.update(dict.fromkeys(members, members))

    def _container(self, owner: ast.ClassDef, name: str) -> Container:
        family = self.families[owner]
        key = (family[0], name)
        if key not in self.found:
            self.found[key] = Container(name, family)
        return self.found[key]

    def _class_level(self, owner: ast.ClassDef) -> None:
        for statement in owner.body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ) if self.is_wanted(name):
                    made = self._made(value)
                    if made is not None:
                        expression, form, call = made
                        if call is None and isinstance(statement, ast.AnnAssign) and self._is_field(owner, statement):
                            call = ""
                        creation = Creation(statement, expression, form, None, owner, call)
                        self._container(owner, name).creations.append(creation)
                case ast.AnnAssign(target=ast.Name(id=name), value=None) if self.is_wanted(name):
                    self._container(owner, name).declarations.append(statement)

    def _is_field(self, owner: ast.ClassDef, statement: ast.AnnAssign) -> bool:
        first = self.families[owner][0]
        if first not in self.may_make_fields:
            self.may_make_fields[first] = _may_make_fields(self.families[owner])
        return self.may_make_fields[first] and not _is_class_variable(statement)

    def _made(self, value: ast.expr) -> tuple[ast.expr, Form, str | None] | None:
        """The expression that makes a new empty container, its form, and the field function around it."""
        form = self._form(value)
        if form is not None:
            return value, form, None
        if not isinstance(value, ast.Call):
            return None
        call = self.source.names.qualified_name(value.func) or called_name(value.func)
        if call.rpartition(".")[2] not in _FIELDS:
            return None
        for keyword in value.keywords:
            match keyword:
                case ast.keyword(arg="default_factory" | "factory", value=ast.Lambda(body=body) as factory):
                    form = self._form(body)
                    return (factory, form, call) if form is not None else None
                case ast.keyword(arg="default_factory" | "factory", value=ast.Name(id=name) as factory):
                    return (factory, _FACTORIES[name], call) if name in _FACTORIES else None
        return None

    def _form(self, value: ast.expr) -> Form | None:
        match value:
            case ast.List(elts=[]):
                return Form.LIST
            case ast.Dict(keys=[]):
                return Form.DICT
            case ast.Call(func=function, args=args, keywords=keywords):
                name = self.source.names.qualified_name(function)
                if name == "builtins.list" and not args:
                    return Form.LIST
                if name in ("builtins.dict", "collections.OrderedDict") and not args and not keywords:
                    return Form.DICT
                if name == "collections.defaultdict":
                    return Form.DICT
                if name == "collections.deque":
                    is_bounded = len(args) > 1 or any(keyword.arg in ("maxlen", None) for keyword in keywords)
                    return Form.BOUNDED if is_bounded else Form.DEQUE if not args else None
        return None

    def _creation_through_self(self, reference: ast.Attribute) -> None:
        if not isinstance(reference.ctx, ast.Store):
            return
        owner = self._owner(reference.value)
        statement = self.source.tree.parent(reference)
        function = self.source.tree.function(reference)
        if owner is None or not isinstance(function, ast.FunctionDef) or function.name not in INITIALISERS:
            return
        match statement:
            case ast.Assign(targets=[_], value=value) | ast.AnnAssign(value=ast.expr() as value):
                made = self._made(value)
                if made is not None and made[2] is None:
                    creation = Creation(statement, value, made[1], function, owner)
                    self._container(owner, reference.attr).creations.append(creation)
            case ast.AnnAssign(value=None):
                self._container(owner, reference.attr).declarations.append(statement)

    def _owner(self, receiver: ast.expr) -> ast.ClassDef | None:
        """The class that *receiver* is an instance of, or is: self, cls, type(self), the class by name, super()."""
        match receiver:
            case ast.Attribute(value=ast.Name() as name, attr="__class__"):
                return self._owner_of_name(name)
            case ast.Call(func=ast.Name(id="type"), args=[ast.Name() as name]):
                return self._owner_of_name(name)
            case ast.Call(func=ast.Name(id="super")):
                return self.source.tree.enclosing_class(receiver)
            case ast.Name():
                return self._owner_of_name(receiver)
        return None

    def _owner_of_name(self, name: ast.Name) -> ast.ClassDef | None:
        variable = self.source.names.variable(name)
        if variable is None or len(variable.bindings) != 1:
            return None
        binding = variable.bindings[0]
        if isinstance(binding.node, ast.ClassDef):
            return binding.node
        function = variable.scope.node
        if binding.kind is not Kind.PARAMETER or not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return None
        arguments = [*function.args.posonlyargs, *function.args.args]
        if not arguments or arguments[0] is not binding.node:
            return None
        if any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in function.decorator_list):
            return None
        parent = self.source.tree.parent(function)
        while isinstance(parent, (ast.If, ast.Try, ast.With)):
            parent = self.source.tree.parent(parent)
        return parent if isinstance(parent, ast.ClassDef) else None

    def _attribute_uses(self, container: Container) -> None:
        made = {creation.statement for creation in container.creations} | set(container.declarations)
        for reference in self.attributes.get(container.name, ()):
            owner = self._owner(reference.value)
            if owner is not None and self.families[owner] is not container.classes:
                continue
            if isinstance(reference.ctx, ast.Store) and self.source.tree.parent(reference) in made:
                continue
            container.uses.append(self._use(reference, owner is not None))
        for owner in container.classes:
            variable = self.source.names.scope_of_class(owner).own(container.name)
            if variable is not None:
                self._name_uses(container, variable, made)

    def _module_level(self) -> None:
        for statement in self.source.module.body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name() as name], value=value)
                    | ast.AnnAssign(target=ast.Name() as name, value=ast.expr() as value)
                ) if self.is_wanted(name.id):
                    form = self._form(value)
                    if form is None or (None, name.id) in self.found:
                        continue
                    container = Container(name.id, ())
                    container.creations.append(Creation(statement, value, form, None, None))
                    self.found[None, name.id] = container
                    variable = self.source.names.variable(name)
                    assert variable is not None
                    self._name_uses(container, variable, {statement})

    def _name_uses(self, container: Container, variable: Variable, made: set[ast.Assign | ast.AnnAssign]) -> None:
        for binding in variable.bindings:
            if not isinstance(binding.node, ast.Name):
                container.uses.append(Use(Act.ALIAS, ast.Name(container.name, ast.Load()), binding.node))
            elif self.source.tree.parent(binding.node) not in made:
                container.uses.append(self._use(binding.node))
        container.uses.extend(self._use(name) for name in variable.loads)

    def _use(self, reference: ast.Attribute | ast.Name, is_certain: bool = True) -> Use:
        act, node = self._act(reference)
        return Use(act, reference, node, is_certain)

    def _act(self, reference: ast.Attribute | ast.Name) -> tuple[Act, ast.AST]:
        tree = self.source.tree
        child: ast.AST = reference
        node = tree.parent(reference)
        while isinstance(node, ast.IfExp) and child is not node.test:
            child, node = node, tree.parent(node)
        assert node is not None
        if isinstance(reference.ctx, ast.Del):
            return Act.SHRINK, node
        if isinstance(reference.ctx, ast.Store):
            if isinstance(node, ast.AugAssign):
                return Act.GROW if isinstance(node.op, ast.Add) else Act.SHRINK, node
            return self._store(reference, node), node
        match node:
            case ast.Attribute(attr=method):
                call = tree.parent(node)
                if isinstance(call, ast.Call) and call.func is node:
                    return self._method(method), call
                return Act.ALIAS, node
            case ast.Subscript(value=value) if value is child:
                return self._subscript(node), node
            case ast.Call() | ast.keyword():
                call = node if isinstance(node, ast.Call) else tree.parent(node)
                assert call is not None
                return self._argument(call, child), call
            case ast.For(iter=iterable) | ast.AsyncFor(iter=iterable) | ast.comprehension(iter=iterable):
                return (Act.ITERATE if iterable is child else Act.TRUTH), node
            case ast.Starred():
                return Act.CONSUME, node
            case ast.YieldFrom():
                return Act.LAZY, node
            case ast.Compare(ops=[ast.In() | ast.NotIn()], left=left):
                return (Act.MEMBER if left is not child else Act.ESCAPE), node
            case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
                return Act.TRUTH, node
            case ast.Compare():
                return Act.COMPARE, node
            case ast.UnaryOp(op=ast.Not()) | ast.If() | ast.While() | ast.IfExp() | ast.Assert():
                return Act.TRUTH, node
            case ast.BoolOp():
                return (Act.TRUTH if self._is_test(node) else Act.ALIAS), node
            case ast.Return() | ast.Yield() | ast.Lambda():
                return Act.RETURN, node
            case ast.FormattedValue():
                return Act.TEXT, node
            case ast.BinOp():
                return Act.CONCATENATE, node
            case ast.Expr():
                return Act.TRUTH, node
            case ast.Dict() | ast.List() | ast.Tuple():
                return (Act.DISPLAY if self._is_handed_over(node) else Act.ALIAS), node
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr():
                return Act.ALIAS, node
        return Act.ESCAPE, node

    def _store(self, reference: ast.Attribute | ast.Name, node: ast.AST) -> Act:
        """Whether a value that is stored is what was saved before, which had no bound either."""
        if (
            isinstance(node, ast.Assign)
            and node.targets == [reference]
            and is_restoring(self.source.tree.function(reference))
        ):
            match node.value:
                case ast.Subscript() | ast.Call(func=ast.Attribute(attr="get")):
                    return Act.RESTORE
        return Act.STORE

    def _is_test(self, node: ast.AST) -> bool:
        child, parent = node, self.source.tree.parent(node)
        while isinstance(parent, ast.BoolOp):
            child, parent = parent, self.source.tree.parent(parent)
        match parent:
            case ast.UnaryOp(op=ast.Not()) | ast.Assert():
                return True
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                return test is child
            case ast.comprehension(ifs=tests):
                return child in tests
        return False

    def _is_handed_over(self, display: ast.AST) -> bool:
        """Whether a display is returned, passed on or held in a local name, so that a copy in it would do."""
        parent = self.source.tree.parent(display)
        while isinstance(parent, (ast.Dict, ast.List, ast.Tuple, ast.keyword, ast.IfExp, ast.Starred)):
            display, parent = parent, self.source.tree.parent(parent)
        match parent:
            case ast.Return() | ast.Yield() | ast.Call() | ast.Lambda():
                return True
            case ast.Assign(targets=[ast.Name()]) | ast.AnnAssign(target=ast.Name()):
                return isinstance(display, ast.Dict)
        return False

    @staticmethod
    def _method(method: str) -> Act:
        if method == "append":
            return Act.APPEND
        if method in _GROWING:
            return Act.GROW
        if method in _SHRINKING:
            return Act.SHRINK
        if method in _READING:
            return Act.READ
        return {"copy": Act.COPY, "sort": Act.SORT, "reverse": Act.SORT, "rotate": Act.SORT, "index": Act.INDEX}.get(
            method, Act.ESCAPE
        )

    @staticmethod
    def _subscript(node: ast.Subscript) -> Act:
        is_slice = isinstance(node.slice, ast.Slice)
        match node.ctx:
            case ast.Del():
                return Act.SHRINK
            case ast.Store():
                return Act.SHRINK if is_slice else Act.SET_ITEM
        if is_slice:
            return Act.SLICE
        match node.slice:
            case ast.Constant(value=int()) | ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int())):
                return Act.ITEM
        return Act.INDEX

    def _argument(self, call: ast.AST, child: ast.AST) -> Act:
        assert isinstance(call, ast.Call)
        if call.func is child:
            return Act.ESCAPE
        name = self.source.names.qualified_name(call.func)
        if name == "builtins.len":
            return Act.GUARD if self._is_limit(call) else Act.LEN
        if name in _CONSUMING or (isinstance(call.func, ast.Attribute) and call.func.attr == "join"):
            return Act.CONSUME
        if name in _LAZY:
            return Act.LAZY
        if name in _SERIALISING:
            return Act.SERIALISE
        if name == "builtins.isinstance":
            return Act.CHECK
        return Act.ESCAPE

    def _is_limit(self, length: ast.Call) -> bool:
        """Whether a length is compared with more than 0 or 1, as a bound would be."""
        compare = self.source.tree.parent(length)
        if not isinstance(compare, ast.Compare):
            return False
        return not all(
            side is length or (isinstance(side, ast.Constant) and side.value in (0, 1))
            for side in (compare.left, *compare.comparators)
        )
