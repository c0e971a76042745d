"""What runs again and again for one item after another, and what is only tried again until it works."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.http import tests_status, tests_success
from flake8_flowperf.source.loops import enclosing_loops
from flake8_flowperf.source.names import ScopeKind
from flake8_flowperf.source.tree import Comprehension, Function, Loop, walk, walk_scope

_RETRY_WORD = re.compile(r"attempt|retr(?:y|ies)|(?:^|_)(?:try|tries)(?:_|$)", re.IGNORECASE)
_HOST = re.compile(r"\w+://([^/?#]+)")
_MAPPING_CALLS = frozenset({"map", "imap", "imap_unordered", "map_async", "starmap", "starmap_async"})
KEEPING_CALLS = frozenset(
    {"append", "appendleft", "add", "insert", "extend", "put", "put_nowait", "setdefault", "push"}
)
"""methods of collections that keep what they are given"""
_REDIRECTS = frozenset({301, 302, 303, 307, 308, "Location", "location"})
_MAX_DEPTH = 30


def repeating_loop(source: SourceFile, node: ast.expr, host: Collection[ast.Name] = ()) -> Loop | Comprehension | None:
    """The outermost loop that sends the request *node* for one item after another.

    A loop does not count that only tries until the request works, waits for a server to come up, or visits literal
    URLs of different hosts.  None when each loop also changes a name that the *host* is made from.
    """
    outermost = None
    is_same_host = False
    for loop in enclosing_loops(source, node):
        if not tries_again(source, node, loop) and not _visits_different_hosts(source, loop):
            outermost = loop
            is_same_host = is_same_host or not any(changes_in(source, name, loop) for name in host)
    return outermost if is_same_host else None


def changes_in(source: SourceFile, name: ast.Name, loop: ast.AST) -> bool:
    """Whether *loop* gives the variable *name* another value in each turn."""
    variable = source.names.variable(name)
    return variable is not None and any(loop in source.tree.ancestors(item.node) for item in variable.bindings)


def tries_again(source: SourceFile, node: ast.expr, loop: Loop | Comprehension) -> bool:
    """Whether *loop* repeats the request *node* only until it works.

    So it is when the loop ends as soon as the request has succeeded; when it ends at a good status of the response
    and swallows the request's exceptions, or only counts; and when it counts attempts and can end early.  A loop that
    follows redirects counts as one too: each takes the same request to another place.
    """
    match loop:
        case ast.While() if any(part is node for part in walk(loop.test)):
            return tests_status(loop.test)
        case ast.While() if _follows_redirects(loop):
            return True
        case ast.For() | ast.AsyncFor() | ast.While():
            if _leaves_after(source, node, loop):
                return True
            ends = [statement for statement in walk_scope(loop) if isinstance(statement, (ast.Break, ast.Return))]
            if _counts_attempts(loop):
                return bool(ends)
            if any(_follows_good_status(source, end, loop) for end in ends):
                return _swallows_exceptions(source, node, loop) or _only_counts(source, loop)
    return False


def _follows_redirects(loop: ast.While) -> bool:
    """``while response.status_code in (301, 302):``, ``while "Location" in response.headers:``."""
    return any(isinstance(part, ast.Constant) and part.value in _REDIRECTS for part in walk(loop.test))


def is_called_in_loop(source: SourceFile, function: Function) -> bool:
    """Whether a loop of the file calls a function of the file for one item after another.

    A function that is handed to ``map`` or, in a loop, to a thread, task or executor counts as called.
    """
    return any(_runs_repeatedly(source, reference) for reference in _references(source, function))


def _references(source: SourceFile, function: Function) -> Iterator[ast.expr]:
    """Where *function* is certainly meant: by its only name, or as a method of ``self`` or ``cls``."""
    variable = source.names.variable_bound_by(function)
    if len(variable.bindings) == 1 and variable.scope.kind is not ScopeKind.CLASS:
        yield from variable.loads
    owner = source.tree.parent(function)
    if isinstance(owner, ast.ClassDef) and source.fact(_methods)[owner, function.name] is function:
        for node in source.tree.attributes.get(function.name, ()):
            match node.value:
                case ast.Name(id="self" | "cls") if source.tree.enclosing_class(node) is owner:
                    yield node


def _methods(source: SourceFile) -> dict[tuple[ast.ClassDef, str], Function]:
    """The methods of the file's classes by their names, of several with one name the last."""
    return {
        (owner, item.name): item
        for owner in source.tree.of(ast.ClassDef)
        for item in owner.body
        if isinstance(item, Function)
    }


def _runs_repeatedly(source: SourceFile, reference: ast.expr) -> bool:
    """Whether a loop calls the function that *reference* means, or a mapping or executor does."""
    call = source.tree.parent(reference)
    if isinstance(call, ast.keyword):
        call = source.tree.parent(call)
    if not isinstance(call, ast.Call):
        return False
    if call.func is not reference:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
        if name in _MAPPING_CALLS:
            return True
        if name in KEEPING_CALLS:
            return False
    return repeating_loop(source, call) is not None


def _leaves_after(source: SourceFile, node: ast.expr, loop: Loop) -> bool:
    """Whether every path on from *node*, unless it raises, leaves *loop*."""
    tree = source.tree
    statement = tree.statement(node)
    if isinstance(statement, (ast.Return, ast.Raise)):
        return True
    while True:
        parent = tree.parent(statement)
        block = tree.block(statement)
        rest = block[tree.position(statement) + 1 :]
        if isinstance(parent, ast.Try) and block is parent.body:
            rest = [*rest, *parent.orelse]
        verdict = _leaves(rest, break_leaves=_innermost_loop(source, statement) is loop)
        if verdict is not None:
            return verdict
        while parent is not None and not isinstance(parent, ast.stmt):
            parent = tree.parent(parent)
        if parent is loop or parent is None:
            return False
        statement = parent


def _leaves(block: Sequence[ast.stmt], *, break_leaves: bool, depth: int = 0) -> bool | None:
    """Whether a block surely leaves the loop (True), may start its next turn (False), or runs on (None).

    ``if <bad status>: continue`` does not count: that is what becomes of a request that has not worked.
    """
    for statement in block:
        verdict = None
        match statement:
            case ast.Return() | ast.Raise():
                return True
            case ast.Break():
                return break_leaves
            case ast.Continue():
                return False
            case ast.If() if depth < _MAX_DEPTH:
                branches = [
                    _leaves(branch, break_leaves=break_leaves, depth=depth + 1)
                    for branch in (statement.body, statement.orelse)
                ]
                if branches == [True, True]:
                    return True
                if False in branches and not tests_status(statement.test):
                    return False
                if branches[0 if tests_success(statement.test) else 1] is False:
                    return False
            case ast.With() | ast.AsyncWith() if depth < _MAX_DEPTH:
                verdict = _leaves(statement.body, break_leaves=break_leaves, depth=depth + 1)
            case ast.Try() if depth < _MAX_DEPTH:
                rest = [*statement.body, *statement.orelse]
                verdict = _leaves(rest, break_leaves=break_leaves, depth=depth + 1)
        if verdict is not None:
            return verdict
    return None


def _innermost_loop(source: SourceFile, statement: ast.stmt) -> ast.AST | None:
    return next((loop for loop in enclosing_loops(source, statement) if isinstance(loop, ast.stmt)), None)


def _counts_attempts(loop: Loop) -> bool:
    """``for attempt in range(…)``, ``for _ in range(MAX_RETRIES)``: by the words that are used for it."""
    match loop:
        case ast.For(iter=ast.Call(func=ast.Name(id="range"), args=arguments)):
            return any(
                _RETRY_WORD.search(name) is not None for part in (loop.target, *arguments) for name in _words(part)
            )
    return False


def _words(node: ast.expr) -> Iterator[str]:
    for part in walk(node):
        match part:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name


def _only_counts(source: SourceFile, loop: Loop) -> bool:
    """``for _ in range(…)`` whose number the body does not use."""
    match loop:
        case ast.For(target=ast.Name() as target, iter=ast.Call(func=ast.Name(id="range"))):
            variable = source.names.scope_of(target).lookup(target.id)
            loads = variable.loads if variable is not None else []
            return not any(loop in source.tree.ancestors(load) for load in loads)
    return False


def _follows_good_status(source: SourceFile, end: ast.stmt, loop: Loop) -> bool:
    """Whether a break or return of *loop* is for a response with a good status."""
    child: ast.AST = end
    for ancestor in source.tree.ancestors(end):
        if ancestor is loop:
            return False
        if isinstance(ancestor, ast.If) and tests_status(ancestor.test):
            return (child in ancestor.body) is tests_success(ancestor.test)
        child = ancestor
    return False


def _swallows_exceptions(source: SourceFile, node: ast.expr, loop: Loop) -> bool:
    """Whether the request stands in a try of *loop* with a handler that goes on to the next turn."""
    child: ast.AST = node
    for ancestor in source.tree.ancestors(node):
        if ancestor is loop:
            return False
        handlers = ancestor.handlers if isinstance(ancestor, ast.Try) and child in ancestor.body else []
        if any(_leaves(handler.body, break_leaves=True) is not True for handler in handlers):
            return True
        child = ancestor
    return False


def _visits_different_hosts(source: SourceFile, loop: Loop | Comprehension) -> bool:
    """Whether *loop* goes over literal URLs no two of which are of one host."""
    iterable = loop.iter if isinstance(loop, (ast.For, ast.AsyncFor)) else None
    if isinstance(loop, Comprehension) and len(loop.generators) == 1:
        iterable = loop.generators[0].iter
    if isinstance(iterable, ast.Name):
        variable = source.names.variable(iterable)
        iterable = variable.only_value if variable is not None else None
    if not isinstance(iterable, (ast.List, ast.Tuple, ast.Set)):
        return False
    hosts = [
        match.group(1)
        for item in iterable.elts
        if isinstance(item, ast.Constant) and isinstance(item.value, str) and (match := _HOST.match(item.value))
    ]
    return len(hosts) == len(iterable.elts) and len(set(hosts)) == len(hosts)
