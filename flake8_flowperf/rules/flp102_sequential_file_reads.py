"""FLP102: many files are read one after another, and what they hold is only collected."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.effects import Effects, effects, is_new_container
from flake8_flowperf.source.files import (
    all_lines,
    calls_that_may_read,
    changes_files,
    is_listing,
    only_looks,
    opened_file,
    whole_read,
)
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.names import Variable
from flake8_flowperf.source.tree import walk

_ORDERING = frozenset({"builtins.sorted", "builtins.list", "builtins.set", "builtins.reversed", "builtins.enumerate"})
_NAME_LISTINGS = frozenset({"os.listdir", "glob.glob"})
_READING = ("open", "read_text", "read_bytes")
_OPENERS = frozenset({"builtins.open", "io.open"})
_LOADERS = frozenset({"json.load", "json.loads", "pickle.load", "pickle.loads", "tomllib.load", "tomllib.loads"})
_FILE_METHODS = frozenset({"close", "read", "readline", "readlines"})
_STORING = re.compile(r"_*(?:add|append|insert|put|set|store|update)(?:_\w+)?")
_WORKING = re.compile(r"pars|compil|process|run|exec|eval|check|print|log|write", re.IGNORECASE)
_STOPPING = (ast.Raise, ast.Assert, ast.Return, ast.Break, ast.For, ast.AsyncFor, ast.While)


class SequentialFileReads(Rule[None]):
    """Many files are read one after another, and what they hold is only collected.

    ## What it does
    Finds loops over paths (`glob`, `rglob`, `iterdir`, `listdir`, a name or attribute), and list and dict
    comprehensions, that open or read the path at hand and do nothing but collect: append, extend, add, update or assign
    by key, or by a method named so; a plain function may convert what was read, and a failed read be logged. A
    loop that prints, logs, writes, ends early, raises, awaits, holds another loop or calls unknown code is left
    alone; so are literal lists of files, and test code.

    Off by default: it pays only where each read waits. Switch it on with `--extend-select FLP102` for code that reads
    from a network file system.

    ## Why is this bad
    While one read waits for a slow disk or the network nothing else happens; threads let the waits overlap (guide,
    section 1).

    ## Bad
    ```python
    def contents(paths):
        found = []
        for path in paths:
            found.append(path.read_text(encoding="utf-8"))
        return found
    ```

    ## Good
    ```python
    from concurrent.futures import ThreadPoolExecutor


    def contents(paths):
        with ThreadPoolExecutor(max_workers=16) as executor:
            return list(executor.map(read, paths))


    def read(path):
        return path.read_text(encoding="utf-8")
    ```

    ## Fix safety
    No fix. `executor.map` keeps the order and raises what a read raised, but the files behind it have been read by
    then; what is bound to a thread (database connections, context variables, locks) does not follow, and all results
    are held at once. Unlike the guide's form this one drops no file that cannot be read or decoded.

    ## Evidence
    Evidence item 10: threads read files that are in the page cache more slowly, not 2-4 times faster as the guide
    has it. They pay where each read waits for a disk or a network.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | files in the page cache, 1 kB a file | **4 threads** | 0.15 | 0.21 | 0.26 | 0.22 | does not pay here |
    | files in the page cache, 1 kB a file | 16 threads | 0.13 | 0.16 | 0.18 | 0.14 | does not pay here |
    | files in the page cache, 20 kB a file | **4 threads** | 0.24 | 0.20 | 0.36 | 0.25 | does not pay here |
    | files in the page cache, 20 kB a file | 16 threads | 0.19 | 0.18 | 0.33 | 0.20 | does not pay here |
    | files in the page cache, 1,000 kB a file | **4 threads** | 0.81 | 0.76 | 0.85 | 0.83 | does not pay here |
    | files in the page cache, 1,000 kB a file | 16 threads | 0.73 | 0.71 | 0.73 | 0.71 | does not pay here |
    | 2 ms of waiting in each read, 50 files | **4 threads** | 3.7 | 3.7 | 3.7 | 3.7 | pays |
    | 2 ms of waiting in each read, 50 files | 16 threads | 7.3 | 7.8 | 7.6 | 8.0 | pays |

    ## Options
    None.
    """

    code = "FLP102"
    name = "sequential-file-reads"
    gain = "0.20-0.36× for files in the page cache"
    on_by_default = False
    looked_for = _READING
    words = ("open(", "read_text", "read_bytes")
    in_tests = False
    nodes = (ast.For, ast.ListComp, ast.DictComp)

    def may_fire(self, glance: Glance) -> bool:
        """Whether something is read in a loop."""
        return any(glance.is_repeated(start, start + len(name)) for name in _READING for start in glance.names(name))

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[None]]:
        """Yield a finding at a loop or comprehension that only reads files and collects."""
        if node not in source.fact(_reading_loops):
            return
        match node:
            case ast.For(target=target, iter=iterable, orelse=[]):
                bodies: Sequence[ast.AST] = node.body
            case ast.ListComp(generators=[ast.comprehension(is_async=0) as clause]):
                target, iterable, bodies = clause.target, clause.iter, [node.elt, *clause.ifs]
            case ast.DictComp(generators=[ast.comprehension(is_async=0) as clause]):
                target, iterable, bodies = clause.target, clause.iter, [node.key, node.value, *clause.ifs]
            case _:
                return
        if not _may_be_paths(source, iterable) or not _reads(source, target, bodies):
            return
        bodies = [part for body in bodies for part in _without_handlers(body)]
        found = effects(source, bodies)
        if not _only_reads(source, bodies, found) or (isinstance(node, ast.For) and not _collects(source, found)):
            return
        assert isinstance(node, ast.For | ast.ListComp | ast.DictComp)
        message = "files are read one by one; where reads are slow, use ThreadPoolExecutor and executor.map"
        yield self.finding(node, source, message, None)


def _reading_loops(source: SourceFile) -> frozenset[ast.AST]:
    """What the calls stand in that may open or read a file."""
    return frozenset(ancestor for call in calls_that_may_read(source) for ancestor in source.tree.ancestors(call))


def _may_be_paths(source: SourceFile, node: ast.expr) -> bool:
    """Whether *node* can be many paths: a folder listing, or a name or attribute that is no literal and no file."""
    match node:
        case ast.Call(func=function, args=[inner, *_]) if source.names.qualified_name(function) in _ORDERING:
            return _may_be_paths(source, inner)
        case ast.Call(func=function):
            return is_listing(source, node) or source.names.qualified_name(function) in _NAME_LISTINGS
        case ast.Name():
            variable = source.names.variable(node)
            return variable is not None and opened_file(source, node) is None and _varies(source, variable)
        case ast.Attribute():
            return opened_file(source, node) is None
    return False


def _varies(source: SourceFile, variable: Variable) -> bool:
    """Whether the variable may hold any number of paths, and not the lines of one file."""
    match variable.only_value:
        case ast.Constant() | ast.Tuple() | ast.Set() | ast.Dict():
            return False
        case ast.List(elts=items):
            return not items
        case ast.Call() as call:
            return all_lines(source, call) is None and source.names.qualified_name(call.func) != "builtins.range"
    return True


def _reads(source: SourceFile, target: ast.expr, bodies: Sequence[ast.AST]) -> bool:
    """Whether *bodies* read a file whose path is, or is made from, what *target* is bound to."""
    derived = {source.names.variable(node) for node in walk(target) if isinstance(node, ast.Name)}
    for top in bodies:
        for node in walk(top):
            match node:
                case ast.Assign(targets=[ast.Name() as name], value=value) if _mentions(source, value, derived):
                    derived.add(source.names.variable(name))
                case ast.Call() if (path := _path_of_read(source, node)) is not None:
                    if _mentions(source, path, derived):
                        return True
    return False


def _mentions(source: SourceFile, node: ast.expr, variables: set[Variable | None]) -> bool:
    return any(isinstance(part, ast.Name) and source.names.variable(part) in variables for part in walk(node))


def _path_of_read(source: SourceFile, call: ast.Call) -> ast.expr | None:
    """The path of the file that *call* opens for reading, or reads whole."""
    whole = whole_read(source, call)
    if whole is not None:
        return whole.path
    file = opened_file(source, call)
    if file is None or file.opening is not call:
        return None
    if source.names.qualified_name(call.func) in _OPENERS:
        return call.args[0] if call.args else None
    match call.func:
        case ast.Attribute(value=owner, attr="open") if not file.doubt and source.names.qualified_name(owner) is None:
            return owner
    return None


def _without_handlers(top: ast.AST) -> Iterator[ast.AST]:
    """*top* in the pieces that run when no read fails: the bodies of ``try`` statements, not their handlers."""
    todo = [top]
    while todo:
        node = todo.pop()
        match node:
            case ast.Try():
                todo.extend([*node.body, *node.orelse, *node.finalbody])
            case ast.With() if any(isinstance(part, ast.Try) for part in walk(node)):
                todo.extend([*(item.context_expr for item in node.items), *node.body])
            case ast.If() if any(isinstance(part, ast.Try) for part in walk(node)):
                todo.extend([node.test, *node.body, *node.orelse])
            case _:
                yield node


def _only_reads(source: SourceFile, bodies: Sequence[ast.AST], found: Effects) -> bool:
    if found.prints or found.leaves or found.suspends or found.deleted or found.rebinds:
        return False
    if any(isinstance(node, _STOPPING) for top in bodies for node in walk(top)) or changes_files(source, bodies):
        return False
    return all(_is_read(source, call) for call in found.opaque)


def _is_read(source: SourceFile, call: ast.expr) -> bool:
    match call:
        case ast.Call(func=function) if source.names.qualified_name(function) in _LOADERS:
            return True
        case ast.Call(func=ast.Attribute(value=owner, attr=method)) if method in _FILE_METHODS:
            return opened_file(source, owner) is not None
        case ast.Call(func=ast.Name(id=name), args=[read]) if _is_content(source, read):
            return _WORKING.search(name) is None
    return only_looks(source, call) or _is_storing(source, call)


def _is_storing(source: SourceFile, call: ast.expr) -> bool:
    """Whether *call* hands what was read to a method that keeps it, by its name."""
    match call:
        case ast.Call(func=ast.Attribute(attr=method), args=arguments) if _STORING.fullmatch(method):
            return any(_is_content(source, argument) for argument in arguments)
    return False


def _is_content(source: SourceFile, node: ast.expr) -> bool:
    return whole_read(source, node) is not None


def _collects(source: SourceFile, found: Effects) -> bool:
    """Whether the loop fills a container, and counts nothing."""
    for owner in found.stored:
        if isinstance(owner, ast.Name) and _is_augmented(source, owner) and not _is_own_list(source, owner):
            return False
    return bool(found.grown or found.stored) or any(_is_storing(source, call) for call in found.opaque)


def _is_augmented(source: SourceFile, node: ast.Name) -> bool:
    return isinstance(source.tree.parent(node), ast.AugAssign)


def _is_own_list(source: SourceFile, node: ast.Name) -> bool:
    variable = source.names.variable(node)
    values = [binding.value for binding in variable.bindings] if variable is not None else []
    return any(value is not None and is_new_container(source, value) for value in values)
