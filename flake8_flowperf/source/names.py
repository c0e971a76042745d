"""Scopes, bindings and qualified names of one file.

The binder is flow-insensitive and careful: a name that may be anything else resolves to nothing, because a missed
finding is better than a false one.  It follows the scoping rules of the Python reference ("Naming and binding").
"""

from __future__ import annotations

import ast
import builtins
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from flake8_flowperf.source.tree import CHILD_FIELDS, Comprehension, children


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


@dataclass(eq=False)
class Binding:
    """One place where a name gets, changes or loses its value.

    *node* is what binds: the ast.Name, ast.arg, ast.alias, definition, handler or pattern.  *path* is the qualified
    name of what an import binds.  *fallback* marks what an ``except ImportError`` branch binds.
    """

    kind: Kind
    node: ast.AST
    value: ast.expr | None = None
    path: str | None = None
    fallback: bool = False


@dataclass(eq=False)
class Variable:
    """A name in the scope that owns it."""

    name: str
    scope: Scope
    bindings: list[Binding] = field(default_factory=list)
    loads: list[ast.Name] = field(default_factory=list)

    @property
    def only_value(self) -> ast.expr | None:
        """The value, when a single plain assignment is all that ever binds the variable."""
        if len(self.bindings) == 1 and self.bindings[0].kind is Kind.ASSIGNMENT:
            return self.bindings[0].value
        return None


@dataclass(eq=False)
class Scope:
    """A module, class, function, lambda, comprehension or list of type parameters."""

    kind: ScopeKind
    node: ast.AST
    parent: Scope | None
    variables: dict[str, Variable] = field(default_factory=dict)
    elsewhere: dict[str, Scope] = field(default_factory=dict)
    """names declared global or nonlocal, with the scope that owns them"""
    has_star_import: bool = False

    def variable(self, name: str) -> Variable:
        """The scope's own variable *name*, made when it is not there."""
        owner = self.elsewhere.get(name, self)
        found = owner.variables.get(name)
        if found is None:
            found = owner.variables[name] = Variable(name, owner)
        return found

    def enclosing_functions(self) -> Iterator[Scope]:
        """The scopes around this one that its code can see: all but classes."""
        scope = self.parent
        while scope is not None:
            if scope.kind is not ScopeKind.CLASS:
                yield scope
            scope = scope.parent

    def lookup(self, name: str) -> Variable | None:
        """The variable that *name* means in this scope, None for builtins and unknown names."""
        own = self.elsewhere.get(name, self).variables.get(name)
        if own is not None and own.bindings:
            return own
        for scope in self.enclosing_functions():
            variable = scope.elsewhere.get(name, scope).variables.get(name)
            if variable is not None and variable.bindings:
                return variable
        return None


_Todo: TypeAlias = list[tuple[ast.AST, Scope, bool]]
_BINDING = frozenset(
    (
        *(ast.Name, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.NamedExpr),
        *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Import, ast.ImportFrom),
        *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.AsyncFor, ast.withitem, ast.ExceptHandler),
        *(ast.Global, ast.Nonlocal, ast.MatchAs, ast.MatchStar, ast.MatchMapping),
    )
)
"""the types of the nodes that bind a name or open a scope"""
_BUILTINS = frozenset(dir(builtins))
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


class Names:
    """The scopes of a module, the variables in them, and what expressions are called in full."""

    def __init__(self, module: ast.Module) -> None:
        self.module_scope = Scope(ScopeKind.MODULE, module, None)
        self.scopes: dict[ast.AST, Scope] = {module: self.module_scope}
        """the scope that a node opens"""
        self._scope_of_name: dict[ast.Name, Scope] = {}
        self._hints: dict[ast.AST, tuple[Kind, ast.expr | None]] = {}
        self._bind([(module, self.module_scope, False)])
        for name, scope in self._scope_of_name.items():
            if isinstance(name.ctx, ast.Load) and (variable := scope.lookup(name.id)) is not None:
                variable.loads.append(name)

    def variable(self, name: ast.Name) -> Variable | None:
        """The variable that a name node means, None for builtins and unknown names."""
        scope = self._scope_of_name.get(name)
        return scope.lookup(name.id) if scope is not None else None

    def scope_of(self, name: ast.Name) -> Scope:
        """The scope in which a name node is evaluated."""
        return self._scope_of_name[name]

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

    def is_used_anywhere(self, name: str) -> bool:
        """Whether any scope binds *name*, or any code reads it."""
        return any(name in scope.variables for scope in self.scopes.values()) or any(
            node.id == name for node in self._scope_of_name
        )

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
    def _has_star_import(self) -> bool:
        return any(scope.has_star_import for scope in self.scopes.values())

    def _root(self, name: ast.Name, depth: int = 0) -> str | None:
        scope = self._scope_of_name.get(name)
        if scope is None:
            return None
        variable = scope.lookup(name.id)
        if variable is None:
            certain = name.id in _BUILTINS and not self._has_star_import
            return f"builtins.{name.id}" if certain else None
        if any(binding.kind is Kind.IMPORT for binding in variable.bindings):
            return _import_path(variable)
        value = variable.only_value
        if value is not None and depth < 3:
            parts: list[str] = []
            while isinstance(value, ast.Attribute):
                parts.append(value.attr)
                value = value.value
            if isinstance(value, ast.Name) and (root := self._root(value, depth + 1)) is not None:
                return ".".join((root, *reversed(parts)))
        return None

    def _bind(self, todo: _Todo) -> None:
        """Take down what the nodes of *todo* bind: all of one scope before what stands in the scopes that it opens."""
        while todo:
            outermost, scope, fallback = todo.pop()
            same_scope = [outermost]
            while same_scope:
                node = same_scope.pop()
                cls = node.__class__
                if cls is ast.Name and node.ctx.__class__ is ast.Load:  # type: ignore[attr-defined]
                    self._scope_of_name[node] = scope  # type: ignore[index]
                    continue
                if cls in _BINDING and self._binds(node, scope, fallback, todo):
                    continue
                inner: list[ast.AST] = []
                for name in CHILD_FIELDS[cls]:
                    value = getattr(node, name, None)
                    if value.__class__ is list:
                        inner += value
                    elif isinstance(value, ast.AST):
                        inner.append(value)
                inner.reverse()
                same_scope += inner

    def _binds(self, node: ast.AST, scope: Scope, fallback: bool, todo: _Todo) -> bool:
        """Take down what *node* binds; True when its children are done with, or in *todo* with their scope."""
        match node:
            case ast.Name():
                self._name(node, scope, fallback)
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self._function(node, scope, fallback, todo)
                return True
            case ast.ClassDef():
                self._class(node, scope, fallback, todo)
                return True
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node, scope, todo)
                return True
            case ast.Import() | ast.ImportFrom():
                self._import(node, scope, fallback)
                return True
            case ast.NamedExpr():
                self._hint(node.target, Kind.ASSIGNMENT, node.value)
                owner = scope
                while owner.kind is ScopeKind.COMPREHENSION and owner.parent is not None:
                    owner = owner.parent
                todo.append((node.value, scope, fallback))
                self._name(node.target, owner, fallback)
                return True
            case ast.Assign():
                for target in node.targets:
                    self._hint(target, Kind.ASSIGNMENT, node.value)
            case ast.AnnAssign():
                kind = Kind.ASSIGNMENT if node.value is not None else Kind.DECLARED
                self._hint(node.target, kind, node.value)
            case ast.AugAssign():
                self._hint(node.target, Kind.AUGMENTED, node.value)
            case ast.For() | ast.AsyncFor():
                self._hint(node.target, Kind.FOR, node.iter)
            case ast.withitem():
                if node.optional_vars is not None:
                    self._hint(node.optional_vars, Kind.WITH, node.context_expr)
            case ast.Global():
                for name in node.names:
                    scope.elsewhere[name] = self.module_scope
            case ast.Nonlocal():
                for name in node.names:
                    owners = (s for s in scope.enclosing_functions() if name in s.variables)
                    scope.elsewhere[name] = next(owners, self.module_scope)
            case ast.ExceptHandler():
                if node.name is not None:
                    scope.variable(node.name).bindings.append(Binding(Kind.EXCEPT, node, fallback=fallback))
                if not fallback and _catches_import_error(node):
                    todo.extend((child, scope, False) for child in filter(None, [node.type]))
                    self._bind([(statement, scope, True) for statement in reversed(node.body)])
                    return True
            case ast.MatchAs() | ast.MatchStar():
                if node.name is not None:
                    scope.variable(node.name).bindings.append(Binding(Kind.MATCH, node))
            case ast.MatchMapping():
                if node.rest is not None:
                    scope.variable(node.rest).bindings.append(Binding(Kind.MATCH, node))
        return False

    def _hint(self, target: ast.expr, kind: Kind, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            self._hints[target] = (kind, value)

    def _name(self, node: ast.Name, scope: Scope, fallback: bool) -> None:
        self._scope_of_name[node] = scope
        match node.ctx:
            case ast.Store():
                kind, value = self._hints.pop(node, (Kind.UNPACKED, None))
                scope.variable(node.id).bindings.append(Binding(kind, node, value, fallback=fallback))
            case ast.Del():
                scope.variable(node.id).bindings.append(Binding(Kind.DELETED, node, fallback=fallback))

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope, fallback: bool) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                path = alias.name if alias.asname else name
            elif alias.name == "*":
                scope.has_star_import = True
                continue
            else:
                name = alias.asname or alias.name
                path = f"{'.' * node.level}{node.module or ''}.{alias.name}"
            scope.variable(name).bindings.append(Binding(Kind.IMPORT, alias, path=path, fallback=fallback))

    def _parameters(self, arguments: ast.arguments, inner: Scope) -> None:
        for argument in _all_parameters(arguments):
            inner.variable(argument.arg).bindings.append(Binding(Kind.PARAMETER, argument))

    def _type_parameters(self, node: ast.AST, scope: Scope, todo: _Todo) -> Scope:
        parameters = getattr(node, "type_params", None)
        if not parameters:
            return scope
        inner = Scope(ScopeKind.TYPE_PARAMETERS, node, scope)
        for parameter in parameters:
            inner.variable(parameter.name).bindings.append(Binding(Kind.DEFINITION, parameter))
            todo.extend((child, inner, False) for child in children(parameter))
        return inner

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope, fallback: bool, todo: _Todo
    ) -> None:
        if not isinstance(node, ast.Lambda):
            scope.variable(node.name).bindings.append(Binding(Kind.DEFINITION, node, fallback=fallback))
        signature = self._type_parameters(node, scope, todo)
        inner = self.scopes[node] = Scope(ScopeKind.FUNCTION, node, signature)
        self._parameters(node.args, inner)
        body = node.body if isinstance(node.body, list) else [node.body]
        todo.extend((statement, inner, fallback) for statement in reversed(body))
        outside: list[ast.AST] = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        if not isinstance(node, ast.Lambda):
            outside += [*node.decorator_list, *filter(None, (node.returns,))]
            outside += [argument.annotation for argument in _all_parameters(node.args) if argument.annotation]
        todo.extend((child, signature, fallback) for child in reversed(outside))

    def _class(self, node: ast.ClassDef, scope: Scope, fallback: bool, todo: _Todo) -> None:
        scope.variable(node.name).bindings.append(Binding(Kind.DEFINITION, node, fallback=fallback))
        signature = self._type_parameters(node, scope, todo)
        inner = self.scopes[node] = Scope(ScopeKind.CLASS, node, signature)
        todo.extend((statement, inner, fallback) for statement in reversed(node.body))
        todo.extend((child, signature, fallback) for child in (*node.decorator_list, *node.bases, *node.keywords))

    def _comprehension(self, node: Comprehension, scope: Scope, todo: _Todo) -> None:
        inner = self.scopes[node] = Scope(ScopeKind.COMPREHENSION, node, scope)
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        todo.extend((result, inner, False) for result in results)
        for position, generator in enumerate(node.generators):
            self._hint(generator.target, Kind.FOR, generator.iter)
            todo.extend((child, inner, False) for child in (*generator.ifs, generator.target))
            todo.append((generator.iter, scope if position == 0 else inner, False))


def _all_parameters(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from arguments.posonlyargs
    yield from arguments.args
    yield from arguments.kwonlyargs
    yield from filter(None, (arguments.vararg, arguments.kwarg))


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(item, ast.Name) and item.id in _IMPORT_ERRORS for item in caught)


def _import_path(variable: Variable) -> str | None:
    primary = [binding for binding in variable.bindings if not binding.fallback]
    paths = {binding.path for binding in primary or variable.bindings}
    return paths.pop() if len(paths) == 1 else None
