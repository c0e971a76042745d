"""Scopes, bindings and qualified names of one file.

The binder is flow-insensitive and careful: a name that may be anything else resolves to nothing, because a missed
finding is better than a false one.  It follows the scoping rules of the Python reference ("Naming and binding").

Nothing is worked out before a rule asks for it: the file's identifiers are indexed once, and what an identifier means
in each scope is found out when the first of its names is looked up.
"""

from __future__ import annotations

import ast
import builtins
import enum
import weakref
from collections import defaultdict
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from flake8_flowperf.source.tree import Comprehension, Definition, Tree


class Kind(enum.Enum):
    """How a name is bound."""

    ASSIGNMENT = "assignment"
    """``name = value``, ``name: T = value``, ``(name := value)``; the binding has the value"""
    AUGMENTED = "augmented assignment"
    FOR = "loop target"
    """a single-name target of for or of a comprehension; the value is the iterable"""
    WITH = "with target"
    """a single-name target; the value is the context expression"""
    UNPACKED = "unpacked"
    PARAMETER = "parameter"
    IMPORT = "import"
    DEFINITION = "definition"
    EXCEPT = "except"
    MATCH = "match"
    DELETED = "deleted"
    DECLARED = "declared"
    """``name: T`` without a value"""


class ScopeKind(enum.Enum):
    """What opens a scope."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    COMPREHENSION = "comprehension"
    TYPE_PARAMETERS = "type parameters"


@dataclass(frozen=True, eq=False)
class Binding:
    """One place where a name gets, changes or loses its value.

    *node* is what binds: the ast.Name, ast.arg, ast.alias, definition, handler or pattern.  *path* is the qualified
    name of what an import binds.
    """

    kind: Kind
    node: ast.AST
    value: ast.expr | None = None
    path: str | None = None


class Variable:
    """A name in the scope that owns it; *bindings* are in the order of the text."""

    def __init__(self, name: str, scope: Scope, names: Names) -> None:
        self.name = name
        self.scope = scope
        self.bindings: list[Binding] = []
        self._names: Names = weakref.proxy(names)  # so that a file is let go as soon as nobody looks at it

    @property
    def loads(self) -> list[ast.Name]:
        """The names that read it, in the order of the text."""
        return self._names.loads_of(self)

    @property
    def only_value(self) -> ast.expr | None:
        """The value, when a single plain assignment is all that ever binds the variable."""
        if len(self.bindings) == 1 and self.bindings[0].kind is Kind.ASSIGNMENT:
            return self.bindings[0].value
        return None

    @property
    def has_fallback(self) -> bool:
        """Whether an ``except ImportError`` branch binds it, too."""
        return any(self._names.is_fallback(binding.node) for binding in self.bindings)


class Scope:
    """A module, class, function, lambda, comprehension or list of type parameters."""

    def __init__(self, kind: ScopeKind, node: ast.AST, parent: Scope | None, names: Names) -> None:
        self.kind = kind
        self.node = node
        self.parent = parent
        self._names: Names = weakref.proxy(names)

    @property
    def variables(self) -> dict[str, Variable]:
        """What the scope binds, by name."""
        return self._names.bound_in(self)

    def own(self, name: str) -> Variable | None:
        """The variable *name* if the scope binds it; takes less time than to list all of them."""
        return self._names.meanings(name).get(self)

    @property
    def has_star_import(self) -> bool:
        """Whether a ``from module import *`` stands in it."""
        return self in self._names.star_imports

    def declares(self, name: str) -> bool:
        """Whether *name* is declared global or nonlocal in it."""
        return self in self._names.owners(name)

    def enclosing_functions(self) -> Iterator[Scope]:
        """The scopes around this one that its code can see: all but classes."""
        scope = self.parent
        while scope is not None:
            if scope.kind is not ScopeKind.CLASS:
                yield scope
            scope = scope.parent

    def lookup(self, name: str) -> Variable | None:
        """The variable that *name* means in this scope, None for builtins and unknown names."""
        return self._names.lookup(name, self)


_OPENING = frozenset(
    (
        *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
        *(ast.comprehension, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    )
)
"""the types of the nodes whose children may be in another scope than they are themselves"""
_BUILTINS = frozenset(dir(builtins))
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


class Names:
    """The scopes of a module, the variables in them, and what expressions are called in full."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.module_scope = Scope(ScopeKind.MODULE, tree.module, None, self)
        self._scope_in: dict[tuple[ast.AST, ScopeKind], Scope] = {}
        """the scopes that nodes open; a definition with type parameters opens two"""
        self._scope_around: dict[ast.AST, Scope] = {tree.module: self.module_scope}
        """the scopes in which nodes are evaluated"""
        self._variables: dict[str, dict[Scope, Variable]] = {}
        self._owners: dict[str, dict[Scope, Scope]] = {}
        self._loads: dict[str, dict[Variable, list[ast.Name]]] = {}
        self._other_names: dict[str, bool] = {}

    @cached_property
    def scopes(self) -> dict[ast.AST, Scope]:
        """The scope that a node opens, lists of type parameters left out."""
        tree = self._tree
        functions = [*tree.of(ast.FunctionDef), *tree.of(ast.AsyncFunctionDef), *tree.of(ast.Lambda)]
        comprehensions = [
            *(*tree.of(ast.ListComp), *tree.of(ast.SetComp)),
            *(*tree.of(ast.DictComp), *tree.of(ast.GeneratorExp)),
        ]
        return {
            tree.module: self.module_scope,
            **{node: self._inside(node, ScopeKind.FUNCTION) for node in functions},
            **{node: self._inside(node, ScopeKind.CLASS) for node in tree.of(ast.ClassDef)},
            **{node: self._inside(node, ScopeKind.COMPREHENSION) for node in comprehensions},
        }

    def scope_of_class(self, node: ast.ClassDef) -> Scope:
        """The scope of a class body."""
        return self._inside(node, ScopeKind.CLASS)

    def variable(self, name: ast.Name) -> Variable | None:
        """The variable that a name node means, None for builtins and unknown names."""
        return self.lookup(name.id, self.scope_of(name)) if self._tree.parent(name) is not None else None

    def variable_bound_by(self, definition: Definition) -> Variable:
        """The variable that a definition binds."""
        variable = self.lookup(definition.name, self._around(definition))
        assert variable is not None
        return variable

    def scope_of(self, name: ast.Name) -> Scope:
        """The scope in which a name node is evaluated."""
        parent = self._tree.parent(name)
        scope = self._around(name)
        if isinstance(parent, ast.NamedExpr) and name is parent.target:
            while scope.kind is ScopeKind.COMPREHENSION and scope.parent is not None:
                scope = scope.parent
        return scope

    def qualified_name(self, node: ast.expr) -> str | None:
        """What a name or dotted name stands for: ``subprocess.run``, ``builtins.open``, ``.sibling.name`` for a
        relative import; None for anything that is not certain."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        root = self._root(node)
        return ".".join((root, *reversed(parts))) if root is not None else None

    def may_be(self, node: ast.expr, last_parts: Container[str]) -> bool:
        """Whether the qualified_name() of *node* perhaps ends with one of these, told without looking it up."""
        match node:
            case ast.Attribute(attr=name):
                return name in last_parts
            case ast.Name(id=name):
                return name in last_parts or self.is_other_name(name)
        return False

    def is_used_anywhere(self, name: str) -> bool:
        """Whether any scope binds *name*, or any code reads it."""
        return name in self._tree.names or name in self._sites

    def fresh_name(self, *candidates: str) -> str:
        """The first candidate that the file does not use; the last one gets a number when all are taken."""
        for candidate in candidates:
            if not self.is_used_anywhere(candidate):
                return candidate
        number = 2
        while self.is_used_anywhere(f"{candidates[-1]}_{number}"):
            number += 1
        return f"{candidates[-1]}_{number}"

    @cached_property
    def star_imports(self) -> frozenset[Scope]:
        """The scopes with a ``from module import *``."""
        return frozenset(self._around(alias) for alias in self._tree.of(ast.alias) if alias.name == "*")

    def is_imported(self, *names: str) -> bool:
        """Whether the file imports one of the modules or names *names*, or something below one, at any place."""
        wanted = tuple(f"{name}." for name in names)
        return any(
            f"{_path(alias, self._tree.parent(alias))}.".startswith(wanted) for alias in self._tree.of(ast.alias)
        )

    def lookup(self, name: str, scope: Scope) -> Variable | None:
        """The variable that *name* means in *scope*, None for builtins and unknown names."""
        variables = self.meanings(name)
        if not variables:
            return None
        owners = self._owners[name]
        found = variables.get(owners.get(scope, scope))
        if found is not None:
            return found
        for around in scope.enclosing_functions():
            found = variables.get(owners.get(around, around))
            if found is not None:
                return found
        return None

    def owners(self, name: str) -> dict[Scope, Scope]:
        """The scopes that declare *name* global or nonlocal, with the scopes that own it."""
        self.meanings(name)
        return self._owners[name]

    def loads_of(self, variable: Variable) -> list[ast.Name]:
        """The names that read *variable*, in the order of the text."""
        loads = self._loads.get(variable.name)
        if loads is None:
            loads = self._loads[variable.name] = {}
            for node in self._tree.names.get(variable.name, ()):
                if isinstance(node.ctx, ast.Load) and (found := self.lookup(node.id, self._around(node))) is not None:
                    loads.setdefault(found, []).append(node)
            for names in loads.values():
                names.sort(key=_start)
        return loads.setdefault(variable, [])

    def bound_in(self, scope: Scope) -> dict[str, Variable]:
        """What *scope* binds, by name."""
        return self._bound.get(scope, {})

    def is_fallback(self, node: ast.AST) -> bool:
        """Whether *node* stands in an ``except ImportError`` branch."""
        child = node
        for ancestor in self._tree.ancestors(node):
            if (
                isinstance(ancestor, ast.ExceptHandler)
                and child is not ancestor.type
                and _catches_import_error(ancestor)
            ):
                return True
            child = ancestor
        return False

    @cached_property
    def _bound(self) -> dict[Scope, dict[str, Variable]]:
        found: defaultdict[Scope, dict[str, Variable]] = defaultdict(dict)
        for name in dict.fromkeys((*self._sites, *self._tree.names)):
            for scope, variable in self.meanings(name).items():
                found[scope][name] = variable
        return found

    @cached_property
    def _sites(self) -> dict[str, list[tuple[ast.AST, Kind]]]:
        """What binds identifiers beside name nodes."""
        found: defaultdict[str, list[tuple[ast.AST, Kind]]] = defaultdict(list)
        of = self._tree.of
        for alias in of(ast.alias):
            found[_bound_name(alias, self._tree.parent(alias))].append((alias, Kind.IMPORT))
        definitions: list[Definition] = [*of(ast.FunctionDef), *of(ast.AsyncFunctionDef), *of(ast.ClassDef)]
        for definition in definitions:
            found[definition.name].append((definition, Kind.DEFINITION))
            for parameter in getattr(definition, "type_params", ()):
                found[parameter.name].append((parameter, Kind.DEFINITION))
        for argument in of(ast.arg):
            found[argument.arg].append((argument, Kind.PARAMETER))
        for handler in of(ast.ExceptHandler):
            if handler.name is not None:
                found[handler.name].append((handler, Kind.EXCEPT))
        patterns: list[ast.MatchAs | ast.MatchStar] = [*of(ast.MatchAs), *of(ast.MatchStar)]
        for pattern in patterns:
            if pattern.name is not None:
                found[pattern.name].append((pattern, Kind.MATCH))
        for mapping in of(ast.MatchMapping):
            if mapping.rest is not None:
                found[mapping.rest].append((mapping, Kind.MATCH))
        found.pop("*", None)
        return dict(found)

    @cached_property
    def _declarations(self) -> dict[str, list[ast.Global | ast.Nonlocal]]:
        found: defaultdict[str, list[ast.Global | ast.Nonlocal]] = defaultdict(list)
        statements: list[ast.Global | ast.Nonlocal] = [*self._tree.of(ast.Global), *self._tree.of(ast.Nonlocal)]
        for statement in statements:
            for name in statement.names:
                found[name].append(statement)
        return dict(found)

    def meanings(self, name: str) -> dict[Scope, Variable]:
        """The variables that are called *name*, by the scopes that own them."""
        variables = self._variables.get(name)
        if variables is not None:
            return variables
        variables = self._variables[name] = {}
        owners = self._owners[name] = {}
        places: list[tuple[Scope, Binding]] = [
            (self._bound_around(node, kind), self._binding(node, kind)) for node, kind in self._sites.get(name, ())
        ]
        bound = (node for node in self._tree.names.get(name, ()) if not isinstance(node.ctx, ast.Load))
        places += ((self.scope_of(node), self._binding_of_name(node)) for node in bound)
        places.sort(key=_position)
        declared = [(self._around(node), node) for node in self._declarations.get(name, ())]
        owners.update((scope, self.module_scope) for scope, node in declared if isinstance(node, ast.Global))
        inner = [scope for scope, node in declared if isinstance(node, ast.Nonlocal)]
        binding = {scope for scope, _ in places}.difference(owners, inner)
        for scope in inner:
            owners[scope] = next(
                (around for around in scope.enclosing_functions() if around in binding), self.module_scope
            )
        for scope, place in places:
            owner = owners.get(scope, scope)
            if owner not in variables:
                variables[owner] = Variable(name, owner, self)
            variables[owner].bindings.append(place)
        return variables

    def _bound_around(self, node: ast.AST, kind: Kind) -> Scope:
        """The scope in which *node*, which is no name, binds one."""
        if kind is not Kind.PARAMETER:
            return self._around(node)
        _, function = islice(self._tree.ancestors(node), 2)  # through the ast.arguments
        return self._inside(function, ScopeKind.FUNCTION)

    def _binding(self, node: ast.AST, kind: Kind) -> Binding:
        return Binding(kind, node, path=_path(node, self._tree.parent(node)) if isinstance(node, ast.alias) else None)

    def _binding_of_name(self, node: ast.Name) -> Binding:
        if isinstance(node.ctx, ast.Del):
            return Binding(Kind.DELETED, node)
        match self._tree.parent(node):
            case ast.Assign(value=value) | ast.NamedExpr(value=value):
                return Binding(Kind.ASSIGNMENT, node, value)
            case ast.AnnAssign(value=value):
                return Binding(Kind.ASSIGNMENT if value is not None else Kind.DECLARED, node, value)
            case ast.AugAssign(value=value):
                return Binding(Kind.AUGMENTED, node, value)
            case ast.For(iter=value) | ast.AsyncFor(iter=value) | ast.comprehension(iter=value):
                return Binding(Kind.FOR, node, value)
            case ast.withitem(context_expr=value):
                return Binding(Kind.WITH, node, value)
        return Binding(Kind.UNPACKED, node)

    def _root(self, name: ast.Name, depth: int = 0) -> str | None:
        if not (name.id in _BUILTINS or self.is_other_name(name.id) or name.id in self._imported):
            return None
        if self._tree.parent(name) is None:
            return None
        variable = self.lookup(name.id, self.scope_of(name))
        if variable is None:
            certain = name.id in _BUILTINS and not self.star_imports
            return f"builtins.{name.id}" if certain else None
        if any(binding.kind is Kind.IMPORT for binding in variable.bindings):
            return self._import_path(variable)
        value = variable.only_value
        if value is not None and depth < 3:
            parts: list[str] = []
            while isinstance(value, ast.Attribute):
                parts.append(value.attr)
                value = value.value
            if isinstance(value, ast.Name) and (root := self._root(value, depth + 1)) is not None:
                return ".".join((root, *reversed(parts)))
        return None

    def is_other_name(self, identifier: str) -> bool:
        """Whether a name *identifier* of the file is perhaps what something else is called there."""
        known = self._other_names.get(identifier)
        if known is None:
            known = self._other_names[identifier] = any(
                isinstance(node, ast.alias) and node.asname is not None for node, _ in self._sites.get(identifier, ())
            ) or any(self._is_alias(node) for node in self._tree.names.get(identifier, ()))
        return known

    @cached_property
    def _imported(self) -> frozenset[str]:
        """The names that imports bind."""
        return frozenset(_bound_name(alias, self._tree.parent(alias)) for alias in self._tree.of(ast.alias))

    def _is_alias(self, name: ast.Name) -> bool:
        """Whether *name* is bound here to what another name or dotted name stands for."""
        return isinstance(name.ctx, ast.Store) and isinstance(
            self._binding_of_name(name).value, (ast.Name, ast.Attribute)
        )

    def _import_path(self, variable: Variable) -> str | None:
        paths = {binding.path for binding in variable.bindings}
        if len(paths) > 1:
            paths = {binding.path for binding in variable.bindings if not self.is_fallback(binding.node)} or paths
        return paths.pop() if len(paths) == 1 else None

    def _inside(self, node: ast.AST, kind: ScopeKind) -> Scope:
        """The scope of this kind that *node* opens."""
        return self._scope_in.get((node, kind)) or self._opened(node, kind, self._around(node))

    def _around(self, node: ast.AST) -> Scope:
        """The scope in which *node* is evaluated; of a definition, the one in which its name is bound."""
        known, parent_of = self._scope_around, self._tree.parent
        entered: list[tuple[list[ast.AST], ast.AST, ScopeKind]] = []
        path: list[ast.AST] = []
        while (scope := known.get(node)) is None:
            path.append(node)
            parent = parent_of(node)
            assert parent is not None
            if parent.__class__ in _OPENING:
                owner, kind = _entered(parent, node, parent_of)
                if kind is not None:
                    entered.append((path, owner, kind))
                    path = []
                node = owner
            else:
                node = parent
        known.update(dict.fromkeys(path, scope))
        for inner, owner, kind in reversed(entered):
            scope = self._scope_in.get((owner, kind)) or self._opened(owner, kind, scope)
            known.update(dict.fromkeys(inner, scope))
        return scope

    def _opened(self, node: ast.AST, kind: ScopeKind, around: Scope) -> Scope:
        if kind is not ScopeKind.TYPE_PARAMETERS and getattr(node, "type_params", None):
            of_types = (node, ScopeKind.TYPE_PARAMETERS)
            around = self._scope_in.get(of_types) or self._opened(*of_types, around)
        scope = self._scope_in[node, kind] = Scope(kind, node, around, self)
        return scope


def _entered(
    parent: ast.AST, child: ast.AST, parent_of: Callable[[ast.AST], ast.AST | None]
) -> tuple[ast.AST, ScopeKind | None]:
    """The node whose scope *child* of *parent* is evaluated in or, with a kind, the one that opens that scope."""
    signature = ScopeKind.TYPE_PARAMETERS if getattr(parent, "type_params", None) else None
    match parent:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            is_outside = child is parent.args or child is parent.returns or child in parent.decorator_list
            return parent, signature if is_outside or _is_type_parameter(child, parent) else ScopeKind.FUNCTION
        case ast.Lambda():
            return parent, None if child is parent.args else ScopeKind.FUNCTION
        case ast.ClassDef():
            is_outside = child in parent.bases or child in parent.keywords or child in parent.decorator_list
            return parent, signature if is_outside or _is_type_parameter(child, parent) else ScopeKind.CLASS
        case ast.comprehension():
            owner = parent_of(parent)
            assert isinstance(owner, Comprehension)
            is_first = child is parent.iter and parent is owner.generators[0]
            return owner, None if is_first else ScopeKind.COMPREHENSION
    return parent, ScopeKind.COMPREHENSION


def _is_type_parameter(node: ast.AST, definition: ast.AST) -> bool:
    return node in getattr(definition, "type_params", ())


def _position(place: tuple[Scope, Binding]) -> tuple[int, int]:
    return _start(place[1].node)


def _start(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def _bound_name(alias: ast.alias, statement: ast.AST | None) -> str:
    if alias.asname is not None:
        return alias.asname
    return alias.name.partition(".")[0] if isinstance(statement, ast.Import) else alias.name


def _path(alias: ast.alias, statement: ast.AST | None) -> str:
    """The qualified name of what *alias* binds."""
    if isinstance(statement, ast.ImportFrom):
        return f"{'.' * statement.level}{statement.module or ''}.{alias.name}"
    return alias.name if alias.asname is not None else alias.name.partition(".")[0]


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(item, ast.Name) and item.id in _IMPORT_ERRORS for item in caught)
