"""FLP902: a whole file, listing or set of files is loaded, and then looped over once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.effects import effects
from flake8_flowperf.source.files import (
    AllLines,
    all_lines,
    changes_files,
    file_names_in,
    is_listing,
    may_read_lines,
    only_looks,
    rewrites,
    whole_read,
)
from flake8_flowperf.source.glance import GAP, Glance
from flake8_flowperf.source.iteration import Consumption, consumption
from flake8_flowperf.source.names import Kind, Variable

_CALL = re.compile(r"[\s\\]*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
_SPLIT = re.compile(
    r"(?:[\s\\)]|#[^\n]*\n)*\.[\s\\]*split(?:lines\b|" + GAP + r"[bBuU]?[\"']{1,3}[\\\n])"
)  # fmt: skip
_LISTED = re.compile(r"list(?<!\wlist)[\s\\]*\(")
_LOADING = ("read", "readlines", "read_text", "read_bytes", "glob", "rglob", "iglob", "iterdir", "scandir")
_LISTING = re.compile("glob|iterdir|scandir")
_REDUCING = frozenset({"builtins.all", "builtins.any", "builtins.max", "builtins.min", "builtins.next", "builtins.sum"})


@dataclass(frozen=True)
class Loaded:
    """Something that is loaded as a whole for one pass.

    *value* loads it: the ``readlines()`` or ``splitlines()`` call (with its facts in *lines*), the ``list()`` around a
    listing, or the list comprehension that reads one file after another.  *assignment* binds it, and *load* is the one
    place that reads it, when it is bound.  *taken* is the pass, *between* what runs between the two.
    """

    value: ast.Call | ast.ListComp
    lines: AllLines | None
    assignment: ast.Assign | ast.AnnAssign | None
    load: ast.Name | None
    taken: Consumption
    between: tuple[ast.stmt, ...] = ()

    @property
    def what(self) -> str:
        """What is loaded: "lines", "listing" or "contents"."""
        if self.lines is not None:
            return "lines"
        return "contents" if isinstance(self.value, ast.ListComp) else "listing"


class LoadEverythingThenIterate(Rule[Loaded]):
    """A file, a listing or the contents of many files are loaded whole, and then looped over once.

    ## What it does
    Finds loops over `path.read_text().splitlines()`, `file.read().split("\\n")` and their like; names that hold
    `file.readlines()`, such lines, `list(path.rglob(...))` or `[path.read_text() for path in paths]` and are read by
    exactly one loop at the same depth. A list that is indexed, counted, tested, sliced, returned or read twice is left
    alone, and so is one whose files are written, renamed or removed before the loop is over.

    ## Why is this bad
    All contents are in memory at once, though the loop needs one at a time: a data set larger than memory cannot be
    processed, and memory that was just taken from the system is slow (guide, section 9).

    ## Bad
    ```python
    from pathlib import Path


    def process_all_files(directory: Path) -> None:
        files = list(directory.rglob("*.txt"))
        contents = [f.read_text() for f in files]

        for content in contents:
            process(content)


    def process(content: str) -> None:
        print(len(content))
    ```

    ## Good
    ```python
    from pathlib import Path


    def process_all_files(directory: Path) -> None:
        files = directory.rglob("*.txt")
        contents = (f.read_text() for f in files)

        for content in contents:
            process(content)


    def process(content: str) -> None:
        print(len(content))
    ```

    ## Fix safety
    Always unsafe. `[...]` becomes a generator expression, the `list()` around a listing goes, and the lines of an open
    file are taken from the file itself, their newlines stripped where the text was split. A file that cannot be read or
    decoded then raises in the middle of the loop instead of before it, when part of the work is done; files that the
    loop changes are seen changed. `splitlines()` also splits at form feeds and other separators, where a file splits at
    newlines only, and `split("\\n")` gives one last empty item. Errors are not swallowed: the guide's
    `except Exception: continue` is for the author to decide. There is no fix where the file would have to be opened, or
    the loop moved, into a `with` statement, where the list is annotated, and where a name that it is made from is bound
    anew before the loop is over.

    ## Evidence
    Evidence item 9: what is saved is memory, and time where the files are large. Iterating over the lines of a file
    instead of reading it whole takes longer. On 3.10 and 3.11 `rglob` itself keeps every path that it has given, so
    that dropping the list around it saves memory from 3.12 on only.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | contents of files, 1 kB a file | **generator expression** | 0.90 | 0.90 | 0.91 | 0.93 | pays |
    | its memory at the peak | **generator expression** | 0.32 of it | 0.32 of it | 0.027 of it | 0.029 of it |  |
    | contents of files, 1 kB a file | generator function | 0.86 | 0.93 | 0.90 | 0.88 | pays |
    | its memory at the peak | generator function | 0.32 of it | 0.32 of it | 0.025 of it | 0.029 of it |  |
    | contents of files, 20 kB a file | **generator expression** | 1.34 | 1.37 | 1.34 | 1.35 | pays |
    | its memory at the peak | **generator expression** | 0.026 of it | 0.025 of it | 0.0047 of it | 0.0047 of it |  |
    | contents of files, 20 kB a file | generator function | 1.33 | 1.36 | 1.34 | 1.39 | pays |
    | its memory at the peak | generator function | 0.025 of it | 0.025 of it | 0.0047 of it | 0.0047 of it |  |
    | contents of files, 1,000 kB a file | **generator expression** | 3.8 | 3.7 | 3.3 | 3.6 | pays |
    | its memory at the peak | **generator expression** | 0.05 of it | 0.05 of it | 0.049 of it | 0.049 of it |  |
    | contents of files, 1,000 kB a file | generator function | 3.8 | 3.7 | 3.3 | 3.7 | pays |
    | its memory at the peak | generator function | 0.05 of it | 0.05 of it | 0.049 of it | 0.049 of it |  |
    | lines of a file, 1,000 lines | **for line in f** | 0.52 | 0.71 | 0.63 | 0.60 | pays |
    | its memory at the peak | **for line in f** | 0.23 of it | 0.23 of it | 0.25 of it | 0.25 of it |  |
    | lines of a file, 50,000 lines | **for line in f** | 0.92 | 1.01 | 0.81 | 0.81 | pays |
    | its memory at the peak | **for line in f** | 0.0048 of it | 0.0048 of it | 0.0053 of it | 0.0052 of it |  |

    ## Options
    None.
    """

    code = "FLP902"
    name = "load-everything-then-iterate"
    gain = "1.34-1.37× for 1,000 files of 20 kB, memory 0.0047-0.026×"
    looked_for = _LOADING
    words = ("readlines", ".read(", "read_text", "read_bytes", "glob(", "iterdir", "scandir")
    nodes = (ast.ListComp,)
    calls = (".readlines", ".splitlines", ".split", "builtins.list")

    def may_fire(self, glance: Glance) -> bool:
        """Whether lines are read, a text that is read is split, a listing made a list, or files read in a list."""
        if glance.fact(may_read_lines):
            return True
        for name in ("read", "read_text", "read_bytes"):
            for start in glance.names(name):
                call = _CALL.match(glance.text, start + len(name))
                if call is not None and (
                    _SPLIT.match(glance.text, call.end()) or glance.is_comprehended(start, call.end())
                ):
                    return True
        return glance.has(("glob", "iterdir", "scandir")) and any(
            _LISTING.search(glance.text, match.end(), glance.bracket_end(match.end()))
            for match in _LISTED.finditer(glance.text)
        )

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[Loaded]]:
        """Yield a finding when what *node* loads is looped over once."""
        assert isinstance(node, ast.Call | ast.ListComp)
        lines = all_lines(source, node) if isinstance(node, ast.Call) else None
        if lines is None and not _loads_listing(source, node) and not _loads_contents(source, node):
            return
        found = _directly_taken(source, node, lines) or _bound(source, node, lines)
        if found is not None:
            yield self.finding(node, source, _message(found), found)


def _message(found: Loaded) -> str:
    if found.load is not None:
        name = found.load.id if len(found.load.id) <= 30 else f"{found.load.id[:27]}..."
        match found.what:
            case "lines":
                return f"{name!r} holds all lines of a file for one pass; iterate over the open file"
            case "listing":
                return f"{name!r} holds a whole listing for one pass; drop the list()"
        return f"{name!r} holds the contents of all files for one loop; use a generator expression"
    if found.what == "contents":
        return "all files are read before the loop sees the first; use a generator expression"
    return "the whole file is loaded to loop over its lines; iterate over the open file"


def _loads_listing(source: SourceFile, node: ast.Call | ast.ListComp) -> bool:
    match node:
        case ast.Call(func=function, args=[listing], keywords=[]):
            return source.names.qualified_name(function) == "builtins.list" and is_listing(source, listing)
    return False


def _loads_contents(source: SourceFile, node: ast.Call | ast.ListComp) -> bool:
    match node:
        case ast.ListComp(elt=ast.Tuple(elts=items)):
            return any(_is_content(source, item) for item in items)
        case ast.ListComp(elt=element):
            return _is_content(source, element)
    return False


def _is_content(source: SourceFile, node: ast.expr) -> bool:
    """Whether *node* reads a file, maybe with a method of the text called on it."""
    match node:
        case ast.Call(func=ast.Attribute(value=text, attr="strip" | "rstrip" | "lstrip" | "decode" | "splitlines")):
            return whole_read(source, text) is not None
    return whole_read(source, node) is not None


def _directly_taken(source: SourceFile, node: ast.Call | ast.ListComp, lines: AllLines | None) -> Loaded | None:
    """What is loaded right where it is looped over.  ``for line in f.readlines()`` is FLP901's, as are listings."""
    taken = consumption(source, node)
    if taken is None or (lines is not None and lines.whole is None):
        return None
    if lines is None and (isinstance(node, ast.Call) or taken.loop is None or taken.by not in ("for", "enumerate")):
        return None
    if lines is not None and not _drops_lines(source, taken):
        return None
    if changes_files(source, taken.bodies) or _uses_handle(lines, taken.bodies):
        return None
    return Loaded(node, lines, None, None, taken)


def _drops_lines(source: SourceFile, taken: Consumption) -> bool:
    """Whether the lines of a text are let go one by one: by a loop, or by any() and the like."""
    if taken.loop is not None:
        return taken.by in ("for", "enumerate", "comprehension")
    return isinstance(taken.place, ast.Call) and source.names.qualified_name(taken.place.func) in _REDUCING


def _uses_handle(lines: AllLines | None, nodes: Sequence[ast.AST]) -> bool:
    return lines is not None and lines.file is not None and any(file_names_in(lines.file, nodes))


def _bound(source: SourceFile, node: ast.Call | ast.ListComp, lines: AllLines | None) -> Loaded | None:
    """What is bound to a name that one pass reads, as often as it is bound."""
    assignment = source.tree.parent(node)
    match assignment:
        case ast.Assign(targets=[ast.Name() as target]) | ast.AnnAssign(target=ast.Name() as target):
            variable = source.names.variable(target)
        case _:
            return None
    load = _only_load(source, assignment, variable) if variable is not None else None
    taken = consumption(source, load) if load is not None else None
    if load is None or taken is None:
        return None
    last = source.tree.statement(taken.place)
    between = _between(source, assignment, last)
    if between is None or source.tree.loop(assignment) is not source.tree.loop(last):
        return None
    if _tries(source, assignment) != _tries(source, last) or last in _binders(source, variable):
        return None
    found = Loaded(node, lines, assignment, load, taken, tuple(between))
    return found if _is_one_pass(source, found, [*between, last]) else None


def _is_one_pass(source: SourceFile, found: Loaded, statements: list[ast.stmt]) -> bool:
    """Whether the pass could read bit by bit what is loaded whole, with *statements* run meanwhile."""
    taken = found.taken
    match found.what:
        case "lines":
            assert found.lines is not None
            if taken.by == "call" or (found.lines.whole is not None and not _drops_lines(source, taken)):
                return False
            if _uses_handle(found.lines, taken.bodies):
                return False
            file = found.lines.file
            return not changes_files(source, statements) and not (file and rewrites(source, file, statements))
        case "listing":
            if taken.by not in ("for", "comprehension", "enumerate") or changes_files(source, statements):
                return False
            opaque = effects(source, taken.bodies, taken.callbacks).opaque
            return all(only_looks(source, call) for call in opaque)
    return taken.loop is not None and taken.by in ("for", "enumerate") and not changes_files(source, statements)


def _only_load(source: SourceFile, assignment: ast.Assign | ast.AnnAssign, variable: Variable) -> ast.Name | None:
    """The one place that reads what *assignment* binds; None when there are more, or when it may be another value."""
    if any(binding.kind is not Kind.ASSIGNMENT for binding in variable.bindings):
        return None
    starts = sorted(statement.lineno for statement in _binders(source, variable))
    own = assignment.lineno
    later = next((line for line in starts if line > own), None)
    loads = [load for load in variable.loads if load.lineno > own and (later is None or load.lineno <= later)]
    if len(starts) == 1 and len(variable.loads) != 1:
        return None
    first = starts[0]
    if len(loads) != 1 or starts.count(own) != 1 or any(load.lineno <= first for load in variable.loads):
        return None
    (load,) = loads
    loop = source.tree.loop(assignment)
    if loop is not None and any(loop.lineno <= other.lineno <= own for other in variable.loads):
        return None  # the next turn reads it
    return load if source.tree.function(load) is source.tree.function(assignment) else None


def _binders(source: SourceFile, variable: Variable | None) -> list[ast.stmt]:
    return [source.tree.statement(binding.node) for binding in variable.bindings] if variable is not None else []


def _between(source: SourceFile, first: ast.stmt, last: ast.stmt) -> list[ast.stmt] | None:
    """The statements that run between *first* and *last*; None when *last* can be reached around *first*.

    A compound statement that holds *last* is one of them: what its head does (``with path.open("w")``) comes first.
    """
    around = [last, *source.tree.ancestors(last)]
    found: list[ast.stmt] = []
    statement = first
    while True:
        block = source.tree.block(statement)
        for later in block[block.index(statement) + 1 :]:
            if later is not last:
                found.append(later)
            if later in around:
                return found
        holder = source.tree.parent(statement)
        if not isinstance(holder, ast.With):
            return None
        statement = holder


def _tries(source: SourceFile, node: ast.AST) -> list[ast.AST]:
    """The ``try`` statements around *node*, each with the part of it that *node* stands in."""
    found: list[ast.AST] = []
    child = node
    for ancestor in source.tree.ancestors(node):
        if isinstance(ancestor, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            break
        if isinstance(ancestor, ast.Try):
            found.append(ancestor)
            if child not in ancestor.body:
                found.append(child)
        child = ancestor
    return found
