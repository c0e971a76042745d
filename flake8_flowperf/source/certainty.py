"""Code that cannot raise, given that the items of a loop are text: a small part of Python, but what most loops hold."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.names import Kind, Variable
from flake8_flowperf.source.tree import walk

_TEXT = frozenset({"str", "bytes"})
_SAME_TEXT = frozenset({"capitalize", "expandtabs", "lower", "lstrip", "rstrip", "strip", "swapcase", "title", "upper"})
_SAME_TEXT_WITH_ONE = frozenset({"lstrip", "rstrip", "strip", "removeprefix", "removesuffix"})
_TRUTH = frozenset({"isalnum", "isalpha", "isascii", "isdigit", "islower", "isspace", "istitle", "isupper"})
_ANYTHING = "anything"
_HASHABLE = frozenset({"str", "bytes", "int", "bool"})
_CONTAINERS = {"builtins.list": "list", "builtins.dict": "dict", "builtins.set": "set", "collections.deque": "list"}


class Certainty:
    """Tells of the code that a loop runs whether it can raise.

    *nodes* is that code, *known* the sort of each variable that the loop binds: "str" or "bytes" for lines of a file.
    """

    def __init__(self, source: SourceFile, nodes: Iterable[ast.AST], known: Mapping[Variable, str]) -> None:
        self.source = source
        self.nodes = tuple(nodes)
        self.known = dict(known)
        inside = {node for top in self.nodes for node in walk(top)}
        for variable, sort in known.items():
            rebound = [binding for binding in variable.bindings if binding.node in inside]
            if not all(binding.kind is Kind.ASSIGNMENT and self._gives(binding.value, sort) for binding in rebound):
                self.known[variable] = _ANYTHING

    def _gives(self, value: ast.expr | None, sort: str) -> bool:
        return value is not None and self.sort(value) == sort

    @property
    def never_raises(self) -> bool:
        """Whether the code (statements, expressions, further clauses of a comprehension) cannot raise."""
        return self._are_certain(self.nodes)

    def _are_certain(self, nodes: Iterable[ast.AST]) -> bool:
        return all(self._is_certain(node) for node in nodes)

    def _is_certain(self, node: ast.AST) -> bool:
        match node:
            case ast.Pass() | ast.Continue():
                return True
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr=method), args=[item], keywords=[])):
                return self._growth(owner, method, item)
            case ast.Expr(value=value):
                return self.sort(value) is not None
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                return self._assignment(target, value)
            case ast.AugAssign(target=ast.Name() as target, op=ast.Add(), value=value):
                sort = self._of_variable(target)
                return sort is not None and sort != _ANYTHING and _same(sort, self.sort(value))
            case ast.If(test=test, body=body, orelse=orelse):
                return self._has_truth(test) and self._are_certain([*body, *orelse])
            case ast.comprehension():
                return self._clause(node)
            case ast.expr():
                return self.sort(node) is not None
        return False

    def _growth(self, owner: ast.expr, method: str, item: ast.expr) -> bool:
        container, sort = self.sort(owner), self.sort(item)
        match method:
            case "append":
                return container is not None and container.startswith("list") and sort is not None
            case "extend":
                return container is not None and container.startswith("list") and _is_list(sort)
            case "add":
                return container == "set" and sort in _HASHABLE
        return False

    def _assignment(self, target: ast.expr, value: ast.expr) -> bool:
        match target:
            case ast.Name():
                return self.sort(value) is not None
            case ast.Subscript(value=owner, slice=key):
                return self.sort(owner) == "dict" and self.sort(key) in _HASHABLE and self.sort(value) is not None
        return False

    def _clause(self, clause: ast.comprehension) -> bool:
        """A further ``for`` clause, over a list of text or the characters of a text."""
        sort = self.sort(clause.iter)
        if sort not in ("list[str]", "list[bytes]", "str") or not isinstance(clause.target, ast.Name):
            return False
        variable = self.source.names.variable(clause.target)
        if clause.is_async or variable is None or len(variable.bindings) != 1:
            return False
        self.known[variable] = sort.removeprefix("list[").removesuffix("]")
        return all(map(self._has_truth, clause.ifs))

    def _has_truth(self, node: ast.expr) -> bool:
        """Whether *node* can be evaluated and tested: bool() of an object of somebody else's may raise."""
        return self.sort(node) not in (None, _ANYTHING)

    def sort(self, node: ast.expr) -> str | None:
        """What sort of value *node* gives, None when evaluating it may raise."""
        match node:
            case ast.Constant(value=value):
                return type(value).__name__ if isinstance(value, (str, bytes, int)) else _ANYTHING
            case ast.Name():
                return self._of_variable(node)
            case ast.JoinedStr(values=values):
                plain = all(isinstance(value, ast.Constant) or self._is_plain_hole(value) for value in values)
                return "str" if plain else None
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                one, other = self.sort(left), self.sort(right)
                return one if one in (*_TEXT, "int") and one == other else None
            case ast.BoolOp(values=[*tested, last]):
                sorts = {self.sort(value) for value in (*tested, last)}
                if None in sorts or not all(map(self._has_truth, tested)):
                    return None
                return sorts.pop() if len(sorts) == 1 else _ANYTHING
            case ast.Tuple(elts=values):
                return None if None in {self.sort(value) for value in values} else _ANYTHING
            case ast.List(elts=values):
                sorts = {self.sort(value) for value in values}
                return None if None in sorts else f"list[{sorts.pop()}]" if len(sorts) == 1 else "list"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return "bool" if self._has_truth(operand) else None
            case ast.Compare(left=left, ops=operators, comparators=comparators):
                operands = [left, *comparators]
                pairs = zip(operands, operators, comparators, strict=False)
                return "bool" if all(self._comparison(*pair) for pair in pairs) else None
            case ast.IfExp(test=test, body=body, orelse=orelse):
                sorts = {self.sort(part) for part in (body, orelse)}
                if not self._has_truth(test) or None in sorts:
                    return None
                return sorts.pop() if len(sorts) == 1 else _ANYTHING
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                bounds_are_constant = all(part is None or _is_constant_number(part) for part in (lower, upper))
                sort = self.sort(value)
                return sort if sort in _TEXT and bounds_are_constant else None
            case ast.ListComp(elt=element, generators=generators):
                return "list" if self._are_certain(generators) and self.sort(element) is not None else None
            case ast.Call():
                return self._call(node)
        return None

    def _is_plain_hole(self, node: ast.expr) -> bool:
        match node:
            case ast.FormattedValue(value=value, format_spec=None):
                return self.sort(value) in (*_HASHABLE,)
        return False

    def _comparison(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> bool:
        one, other = self.sort(left), self.sort(right)
        if one is None or other is None:
            return False
        match operator:
            case ast.Is() | ast.IsNot():
                return True
            case ast.Eq() | ast.NotEq():
                return _ANYTHING not in (one, other)
            case ast.In() | ast.NotIn():
                if isinstance(right, (ast.Tuple, ast.List)):
                    return one in _HASHABLE and all(isinstance(item, ast.Constant) for item in right.elts)
                return (one in _TEXT and one == other) or (one in _HASHABLE and other in ("set", "dict"))
            case _:
                return one == other and one in (*_TEXT, "int")

    def _of_variable(self, name: ast.Name) -> str | None:
        variable = self.source.names.variable(name)
        if variable is None:
            return None
        if variable not in self.known:
            self.known[variable] = _ANYTHING  # what a name that is bound in terms of itself is taken for meanwhile
            self.known[variable] = self._of_bindings(variable)
        return self.known[variable] if self._is_bound(variable, name) else None

    def _of_bindings(self, variable: Variable) -> str:
        added = [binding.value for binding in variable.bindings if binding.kind is Kind.AUGMENTED]
        sorts = {
            self._of_binding(binding.kind, binding.value)
            for binding in variable.bindings
            if binding.kind is not Kind.AUGMENTED
        }
        sort = sorts.pop() if len(sorts) == 1 else _ANYTHING
        return sort if all(value is not None and _same(sort, self.sort(value)) for value in added) else _ANYTHING

    def _of_binding(self, kind: Kind, value: ast.expr | None) -> str:
        if kind is not Kind.ASSIGNMENT or value is None:
            return _ANYTHING
        match value:
            case ast.Dict():
                return "dict"
            case ast.Set() | ast.SetComp():
                return "set"
            case ast.List() | ast.ListComp():
                return "list"
            case ast.Call(func=function) if (name := self.source.names.qualified_name(function)) in _CONTAINERS:
                return _CONTAINERS[name]
        return self.sort(value) or _ANYTHING

    def _is_bound(self, variable: Variable, name: ast.Name) -> bool:
        """Whether *variable* certainly has a value where *name* reads it."""
        if any(binding.kind is Kind.DELETED for binding in variable.bindings):
            return False
        tree = self.source.tree
        around = [name, *tree.ancestors(name)]
        for binding in variable.bindings:
            if binding.kind is Kind.PARAMETER:
                return True
            holder = tree.parent(binding.node)
            if isinstance(holder, ast.comprehension):
                holder = tree.parent(holder)
            if holder in around:
                return True  # the target of a loop or comprehension around it
            if binding.kind is not Kind.ASSIGNMENT or not isinstance(holder, (ast.Assign, ast.AnnAssign)):
                continue
            block = tree.block(holder)
            later = block[block.index(holder) + 1 :]
            if any(statement in around for statement in later):
                return True
        return False

    def _call(self, node: ast.Call) -> str | None:
        sorts = [self.sort(argument) for argument in node.args]
        if node.keywords or None in sorts:
            return None
        match self.source.names.qualified_name(node.func), sorts:
            case "builtins.len", [str(sort)] if sort != _ANYTHING and sort not in ("int", "bool"):
                return "int"
            case (("builtins.str" | "builtins.repr"), [str(sort)]) if sort in ("str", "int", "bool"):
                return "str"
        match node.func:
            case ast.Attribute(value=owner, attr=method):
                kind = self.sort(owner)
                return self._method(kind, method, sorts, node.args) if kind is not None and kind in _TEXT else None
        return None

    def _method(self, sort: str, method: str, sorts: list[str | None], arguments: list[ast.expr]) -> str | None:
        match sorts:
            case []:
                if method in _SAME_TEXT or (method == "casefold" and sort == "str"):
                    return sort
                if method in _TRUTH:
                    return "bool"
                return f"list[{sort}]" if method in ("split", "rsplit", "splitlines") else None
            case [str(only)]:
                if method in ("startswith", "endswith"):
                    return "bool" if only == sort or _is_tuple_of(arguments[0], sort) else None
                if only != sort:
                    return None
                if method in _SAME_TEXT_WITH_ONE:
                    return sort
                if method in ("split", "rsplit") and _is_filled(arguments[0]):
                    return f"list[{sort}]"
                return "int" if method in ("count", "find", "rfind") else None
            case [str(one), "int"] if one == sort and method in ("split", "rsplit") and _is_filled(arguments[0]):
                return f"list[{sort}]"
            case [str(one), str(other)] if one == other == sort and method == "replace":
                return sort
        return None


def _same(one: str, other: str | None) -> bool:
    return one == other or (_is_list(one) and _is_list(other))


def _is_list(sort: str | None) -> bool:
    return sort is not None and sort.startswith("list")


def _is_filled(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and bool(node.value)


def _is_tuple_of(node: ast.expr, sort: str) -> bool:
    return isinstance(node, ast.Tuple) and all(
        isinstance(item, ast.Constant) and type(item.value).__name__ == sort for item in node.elts
    )


def _is_constant_number(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=int()) | ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int())):
            return True
    return False
