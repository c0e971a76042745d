"""FLP101: every file is listed, and a test on its name throws most of them away."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from flake8_flowperf.model import Finding, Option, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.name_tests import NameTest, conjuncts, merged, name_test
from flake8_flowperf.source.names import Kind
from flake8_flowperf.source.tree import Comprehension, walk, walk_scope

SCAN: Option[str] = Option(
    "--flowperf-scan",
    "per-suffix",
    "how the fix of FLP101 scans for several suffixes: one rglob per suffix, or one os.walk pass",
    choices=("per-suffix", "walk"),
)

_LOOPED = re.compile(r"(?s:.*)(?:\bin\b|\bfilter\b)")
_CALLED = re.compile(r"[\s\\]*\(")
_RENAMED = re.compile(r"\w+[\s\\]+as\b")
_LONGEST_BASE = 400
_LISTINGS = ("glob", "rglob", "iglob", "iterdir")
_TESTS = ("suffix", "startswith", "endswith", "match")
_FARTHEST = 2000
"""characters between a listing and the test of a name"""
_MAGIC = re.compile(r"[*?\[\]]")
_PLAIN_SUFFIX = re.compile(r"\.[^.*?\[\]/\\]+")
_PURE_TESTS = frozenset({"is_file", "is_dir", "is_symlink", "exists"})
_STABLE_METHODS = frozenset({"resolve", "absolute", "expanduser", "joinpath"})


@dataclass(frozen=True)
class Condition:
    """A condition on the file, and the operands of it that the narrower listing makes needless.

    *holder* is the ``if`` statement, the lambda or the ``for`` clause that it belongs to, or the generator expression
    in any() that yields it.
    """

    holder: ast.If | ast.Lambda | ast.comprehension | ast.GeneratorExp
    root: ast.expr
    drop: tuple[ast.expr, ...]
    is_guard: bool = False


@dataclass(frozen=True)
class Scan:
    """A broad listing and the tests that narrow it.

    The narrow pattern is ``before + value + after`` for each of *values*; *choice* is the expression that lists them.
    *place* is the loop, comprehension or filter() call that consumes *listing*, *problem* why there is no fix,
    *caution* why the fix is not safe.
    """

    listing: ast.Call
    method: str
    place: ast.For | Comprehension | ast.Call
    generator: ast.comprehension | None
    wrapper: ast.Call | None
    variable: str
    conditions: tuple[Condition, ...]
    before: str
    values: tuple[str, ...]
    after: str
    hole: str
    choice: ast.expr | None
    base: ast.expr | None
    is_recursive: bool
    problem: str
    caution: str

    @property
    def pattern(self) -> str:
        """The pattern of the narrow listing, with the name of the hole in braces where there are several values."""
        value = self.values[0] if len(self.values) == 1 else f"{{{self.hole}}}"
        return self.before + value + self.after


class BroadFileScan(Rule[Scan]):
    """Everything in a folder is listed only to keep the files with certain names.

    ## What it does
    Finds `rglob("*")`, `glob("**/*")`, `glob("*")`, `iterdir()` of pathlib and `glob.glob("**/*")` whose entries are
    filtered at once by a literal test on the name: `.suffix ==`, `.suffix in`, `.name.endswith()`,
    `.name.startswith()`, `fnmatch`, `.match()` - as the only `if` of a loop, as a guard with `continue`, in a
    comprehension or in `filter()`. A pattern that can be narrowed further counts too. `os.walk`, `os.listdir` and
    `os.scandir` are left alone: they are faster than any glob.

    ## Why is this bad
    Every entry becomes a Path object before its name is looked at. The directory scan can throw it away for less.

    ## Bad
    ```python
    from pathlib import Path


    def sources(base_dir: Path) -> list[Path]:
        found = []
        for file_path in base_dir.rglob("*"):
            if file_path.suffix == ".py":
                found.append(file_path)
        return found
    ```

    ## Good
    ```python
    from pathlib import Path


    def sources(base_dir: Path) -> list[Path]:
        found = []
        for file_path in base_dir.rglob("?*.py"):
            found.append(file_path)
        return found
    ```

    ## Fix safety
    Safe for one literal suffix, prefix or name ending: the same entries come in the same order (`?*.py` is exact where
    `*.py` would add a file that is named just `.py`). On Windows a glob ignores case and the test does not. Unsafe for
    `iterdir()` (a missing folder raises, a glob yields nothing), for `fnmatch`, `match` and regular expressions, where
    the loop variable is used after the loop, and where a call that may have effects stands before the test. Several
    suffixes are unsafe: the files come grouped by suffix, and files that the body creates can be seen by a later pass.
    `os.walk` lists files only, gives another order and keeps a file that is named just `.py`. There is no fix where a
    loop over several suffixes stops early, where two of them match the same file, or where the folder is computed
    anew by a call.

    ## Evidence
    Evidence item 1: each rglob scans all directories again, so that one per suffix gains the less the more suffixes
    there are, and is *slower* than one scan from two to four suffixes on, by Python and tree. One os.walk pass
    gains at any number of suffixes.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | one suffix, 1,000 files | **one rglob per suffix** | 2.2 | 2.3 | 1.81 | 3.3 | pays |
    | one suffix, 1,000 files | one os.walk pass | 2.8 | 3.2 | 3.1 | 5.3 | pays |
    | one suffix, 10,000 files | **one rglob per suffix** | 2.4 | 2.3 | 1.77 | 3.0 | pays |
    | one suffix, 10,000 files | one os.walk pass | 2.6 | 3.2 | 3.0 | 4.5 | pays |
    | two suffixes, 1,000 files | **one rglob per suffix** | 1.28 | 1.15 | 0.94 | 1.56 | pays on 3.10, 3.13 |
    | two suffixes, 1,000 files | one os.walk pass | 2.9 | 3.0 | 3.1 | 4.6 | pays |
    | two suffixes, 10,000 files | **one rglob per suffix** | 1.29 | 1.30 | 0.86 | 1.61 | pays on 3.10, 3.11, 3.13 |
    | two suffixes, 10,000 files | one os.walk pass | 2.8 | 3.2 | 2.9 | 4.5 | pays |
    | three suffixes, the guide's example, 1,000 files | **one rglob per suffix** | 0.91 | 0.76 | 0.60 | 1.02 | does not pay here |
    | three suffixes, the guide's example, 1,000 files | one os.walk pass | 3.2 | 3.0 | 3.0 | 4.7 | pays |
    | three suffixes, the guide's example, 10,000 files | **one rglob per suffix** | 0.91 | 0.77 | 0.64 | 1.08 | does not pay here |
    | three suffixes, the guide's example, 10,000 files | one os.walk pass | 3.0 | 2.8 | 3.0 | 4.6 | pays |
    | five suffixes, 1,000 files | **one rglob per suffix** | 0.51 | 0.48 | 0.38 | 0.61 | does not pay here |
    | five suffixes, 1,000 files | one os.walk pass | 2.8 | 2.9 | 3.1 | 4.5 | pays |
    | five suffixes, 10,000 files | **one rglob per suffix** | 0.54 | 0.55 | 0.39 | 0.77 | does not pay here |
    | five suffixes, 10,000 files | one os.walk pass | 2.9 | 3.2 | 2.9 | 4.7 | pays |

    ## Options
    `--flowperf-scan=per-suffix|walk` (default `per-suffix`, the guide's form): how the fix scans for several suffixes.
    """

    code = "FLP101"
    name = "broad-file-scan"
    gain = "1.81-3.3× for one suffix"
    looked_for = _LISTINGS
    words = ("glob", "iterdir")
    calls = (".rglob", ".glob", ".iterdir", "glob.glob", "glob.iglob")
    options = (SCAN,)

    def may_fire(self, glance: Glance) -> bool:
        """Whether a listing is called, and not only something global, in a loop that tests names not far from there."""
        text = glance.text
        return glance.has(_TESTS) and any(
            _RENAMED.match(text, start)
            or (
                _CALLED.match(text, start + len(name))
                and _may_be_iterated(text[max(0, start - _LONGEST_BASE) : start])
                and any(text.find(test, max(0, start - _FARTHEST), start + _FARTHEST) >= 0 for test in _TESTS)
            )
            for name in _LISTINGS
            for start in glance.names(name)
        )

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[Scan]]:
        """Yield a finding when the listing *node* is consumed by a loop that tests the names."""
        assert isinstance(node, ast.Call)
        listing = _listing(node, source)
        if listing is None:
            return
        scan = _scan(node, listing, source)
        if scan is not None:
            yield self.finding(node, source, self._message(scan), scan)

    def _message(self, scan: Scan) -> str:
        old = scan.method
        match scan.listing.args:
            case [ast.Constant(value=pattern)]:
                old += f"({pattern!r})"
            case arguments:
                old += "(...)" if arguments else "()"
        tested = ", ".join(repr(value) for value in scan.values[:3]) + (", ..." if len(scan.values) > 3 else "")
        new = "rglob" if scan.method == "rglob" else "glob"
        pattern = scan.pattern
        if scan.listing.args and not isinstance(scan.listing.args[0], ast.Constant):
            pattern = pattern.rpartition("/")[2]
        advice = f"{new}({pattern!r})"
        if len(scan.values) > 1:
            advice = f"{advice} per {scan.hole}" if SCAN.of(self.settings) == "per-suffix" else "one os.walk pass"
        elif scan.problem:
            advice = "a narrower pattern"
        for text in (
            f"{old} lists all entries to keep {tested}; use {advice}",
            f"{old} lists all entries; use {advice}",
        ):
            if len(text) < 100:
                return text
        return f"{old} lists all entries only to test their names; use a narrower pattern"


def _may_be_iterated(before: str) -> bool:
    """Whether what stands behind *before* may be what a loop or filter() takes: no statement begins in between."""
    taker = _LOOPED.match(before)
    if taker is None:
        return False
    line, newline, _ = before[taker.end() :].partition("\n")
    return not newline or "(" in line or "\\" in line or "[" in line or not line.strip()


@dataclass(frozen=True)
class _Listing:
    method: str
    base: ast.expr | None
    folder: str
    """the part of the pattern up to the last slash"""
    head: str
    tail: str
    """what stands before and after the only ``*`` of the last part"""
    is_recursive: bool


def _listing(node: ast.Call, source: SourceFile) -> _Listing | None:
    function = source.names.qualified_name(node.func)
    if function in ("glob.glob", "glob.iglob"):
        literal = last_literal(node.args[0], source) if node.args else None
        if literal is None or len(node.args) != 1:
            return None
        return _split("glob.glob", None, literal, False)
    if not isinstance(node.func, ast.Attribute) or node.keywords:
        return None
    method, base = node.func.attr, node.func.value
    root = source.names.qualified_name(base)
    if root is not None and root.partition(".")[0] in ("builtins", "glob", "zipfile"):
        return None
    if method == "iterdir":
        broad = not node.args and not _is_traversable(base, source)
        return _Listing("iterdir", base, "", "", "", False) if broad else None
    pattern = _constant(node.args[0]) if len(node.args) == 1 else None
    return _split(method, base, pattern, method == "rglob") if pattern is not None else None


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def last_literal(node: ast.expr, source: SourceFile) -> str | None:
    """The constant last part of a path: of a string, f-string, ``+`` or os.path.join.

    Without a slash the text could be a part of a name that starts with an interpolated value.
    """
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=[*_, ast.Constant(value=str(text))]) if "/" in text:
            return text
        case ast.BinOp(op=ast.Add(), right=ast.Constant(value=str(text))) if "/" in text:
            return text
        case ast.Call(func=function, args=[_, *_, ast.Constant(value=str(text))], keywords=[]):
            if source.names.qualified_name(function) == "os.path.join":
                return text if text.startswith("*") and "/" not in text.replace("**/", "") else None
    return None


def _split(method: str, base: ast.expr | None, pattern: str, is_recursive: bool) -> _Listing | None:
    folder, slash, last = pattern.rpartition("/")
    if last.count("*") != 1 or _MAGIC.search(last.replace("*", "")):
        return None
    head, _, tail = last.partition("*")
    return _Listing(method, base, folder + slash, head, tail, is_recursive or "**" in folder)


def _is_traversable(base: ast.expr, source: SourceFile) -> bool:
    """Whether *base* is known to be an importlib.resources Traversable or a zipfile.Path: they have no glob."""
    for _ in range(8):
        match base:
            case ast.Call(func=function):
                name = source.names.qualified_name(function) or ""
                if name.startswith(("importlib.resources.", "importlib_resources.", "zipfile.")):
                    return True
                base = function
            case ast.Attribute(value=value) | ast.BinOp(left=value, op=ast.Div()):
                base = value
            case ast.Name():
                variable = source.names.variable(base)
                if variable is None or len(variable.bindings) != 1:
                    return False
                binding = variable.bindings[0]
                if isinstance(binding.node, ast.arg):
                    annotation = binding.node.annotation
                    return annotation is not None and ast.unparse(annotation).endswith("Traversable")
                if binding.value is None:
                    return False
                base = binding.value
            case _:
                return False
    return False


def _scan(node: ast.Call, listing: _Listing, source: SourceFile) -> Scan | None:
    wrapper: ast.Call | None = None
    inner: ast.expr = node
    parent = source.tree.parent(node)
    if isinstance(parent, ast.Call) and parent.args and parent.args[0] is node:
        function = source.names.qualified_name(parent.func)
        if function in ("builtins.sorted", "builtins.list", "builtins.tuple", "builtins.set"):
            wrapper = inner = parent
            parent = source.tree.parent(parent)
    generator: ast.comprehension | None = None
    match parent:
        case ast.For(target=ast.Name(id=variable), iter=iterable, orelse=[]) if iterable is inner:
            place: ast.For | Comprehension | ast.Call = parent
            conditions = _loop_conditions(parent)
        case ast.comprehension(target=ast.Name(id=variable), iter=iterable, is_async=0) if iterable is inner:
            generator = parent
            owner = source.tree.parent(parent)
            assert isinstance(owner, Comprehension)
            place = owner
            conditions = [Condition(parent, test, ()) for test in parent.ifs]
            if isinstance(owner, ast.GeneratorExp) and _is_in_any(owner, source):
                conditions.append(Condition(owner, owner.elt, ()))
        case ast.Call(
            func=ast.Name(id="filter"),
            args=[ast.Lambda(args=ast.arguments(args=[ast.arg(arg=variable)])) as function_node, iterable],
            keywords=[],
        ) if iterable is inner and source.names.qualified_name(parent.func) == "builtins.filter":
            place = parent
            conditions = [Condition(function_node, function_node.body, ())]
        case _:
            return None
    return _narrowed(node, listing, place, generator, wrapper, variable, conditions, source)


def _is_in_any(node: ast.GeneratorExp, source: SourceFile) -> bool:
    match source.tree.parent(node):
        case ast.Call(func=function, args=[_]):
            return source.names.qualified_name(function) == "builtins.any"
    return False


def _loop_conditions(loop: ast.For) -> list[Condition]:
    """The leading guards of a loop, and the ``if`` that is all the rest of it."""
    found = []
    for position, statement in enumerate(loop.body):
        match statement:
            case ast.If(test=test, body=[ast.Continue()], orelse=[]):
                found.append(Condition(statement, test, (), is_guard=True))
            case ast.If(test=test, orelse=[]) if position == len(loop.body) - 1:
                found.append(Condition(statement, test, ()))
            case _:
                break
    return found


def _narrowed(
    node: ast.Call,
    listing: _Listing,
    place: ast.For | Comprehension | ast.Call,
    generator: ast.comprehension | None,
    wrapper: ast.Call | None,
    variable: str,
    conditions: list[Condition],
    source: SourceFile,
) -> Scan | None:
    is_path = listing.method != "glob.glob"
    tests: list[tuple[int, ast.expr, NameTest]] = []
    impure_before: set[int] = set()
    has_effects = False
    for index, condition in enumerate(conditions):
        for unit, expression, negated in conjuncts(condition.root, negated=condition.is_guard):
            test = name_test(expression, variable, source, negated=negated, is_path=is_path)
            if isinstance(condition.holder, ast.GeneratorExp) and unit is not condition.root:
                continue  # a part of what any() looks at
            if test is not None and (not listing.tail or test.kind == "start"):
                if has_effects:
                    impure_before.add(id(test))
                tests.append((index, unit, test))
            elif test is None and not _is_pure(expression, variable):
                has_effects = True
    chosen = merged([test for _, _, test in tests])
    chosen = _without_overlap(chosen, listing)
    if not chosen or (len(chosen[0].values) > 1 and not listing.is_recursive):
        return None
    dropped = {id(test) for test in chosen}
    kept = tuple(
        Condition(
            condition.holder,
            condition.root,
            tuple(unit for index, unit, test in tests if index == position and id(test) in dropped),
            condition.is_guard,
        )
        for position, condition in enumerate(conditions)
    )
    before, values, after = _pattern(listing, chosen)
    several = chosen[0] if len(values) > 1 else None
    return Scan(
        listing=node,
        method=listing.method,
        place=place,
        generator=generator,
        wrapper=wrapper,
        variable=variable,
        conditions=kept,
        before=before,
        values=values,
        after=after,
        hole=chosen[0].hole,
        choice=several.choice if several is not None else None,
        base=listing.base,
        is_recursive=listing.is_recursive,
        problem=_problem(chosen, place, listing, source),
        caution=_caution(chosen, place, listing, variable, bool(dropped & impure_before), source),
    )


def _is_pure(expression: ast.expr, variable: str) -> bool:
    """Whether evaluating *expression* for more files than needed cannot be noticed."""
    for node in walk_scope(expression):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), args=[]):
                if name != variable or method not in _PURE_TESTS:
                    return False
            case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id=name)), attr=method)):
                if name != variable or method not in ("endswith", "startswith"):
                    return False
            case ast.Call() | ast.Await() | ast.NamedExpr() | ast.Yield() | ast.YieldFrom():
                return False
    return True


def _without_overlap(chosen: list[NameTest], listing: _Listing) -> list[NameTest]:
    """Leave out a test that the pattern has already, and a prefix that could overlap with the ending."""
    end = next((value for test in chosen if test.kind != "start" for value in test.values), listing.tail)
    kept = []
    for test in chosen:
        if test.kind == "start":
            overlaps = any(_overlaps(value, end) for value in test.values)
            widens = any(not value.startswith(listing.head) or value == listing.head for value in test.values)
            if overlaps or widens:
                continue
        elif (test.kind == "pattern" and listing.head) or (
            listing.head and any(_overlaps(listing.head, value) for value in test.values)
        ):
            continue
        kept.append(test)
    return kept


def _overlaps(start: str, end: str) -> bool:
    return any(start.endswith(end[:length]) for length in range(1, min(len(start), len(end)) + 1))


def _pattern(listing: _Listing, chosen: list[NameTest]) -> tuple[str, tuple[str, ...], str]:
    """What stands before the values in the new pattern, the values, and what stands after."""
    start = next((test for test in chosen if test.kind == "start"), None)
    end = next((test for test in chosen if test.kind != "start"), None)
    head = start.values[0] if start is not None and len(start.values) == 1 else listing.head
    if end is None:
        assert start is not None
        return listing.folder, start.values, f"*{listing.tail}"
    if end.kind == "pattern":
        return listing.folder, end.values, ""
    one_more = "?" if end.kind == "suffix" and not head else ""
    return f"{listing.folder}{head}{one_more}*", end.values, ""


def _problem(
    chosen: list[NameTest], place: ast.For | Comprehension | ast.Call, listing: _Listing, source: SourceFile
) -> str:
    """Why there is no fix, "" when there is one."""
    for test in chosen:
        if test.is_string_membership:
            return "the right side of 'in' is a string, not a tuple: the test also holds for parts of it"
        for value in test.values:
            if test.kind != "pattern" and _MAGIC.search(value):
                return f"{value!r} means something else in a glob pattern"
            if test.kind == "suffix" and not value.startswith("."):
                return f"{value!r} has no dot, so that the test never holds"
            if test.kind == "suffix" and not _PLAIN_SUFFIX.fullmatch(value):
                return f"{value!r} is never a suffix, so that the test never holds"
    values = chosen[0].values
    if len(values) == 1:
        return ""
    for value in values:
        for other in values:
            matches_both = value.endswith(other) if chosen[0].kind == "end" else value.startswith(other)
            if matches_both and value != other and chosen[0].kind != "suffix":
                return f"a file that matches {value!r} also matches {other!r} and would come twice"
    if _stops_early(place, source):
        return "the loop can stop early, and which file comes first would change"
    if listing.base is not None and not _is_stable(listing.base, source):
        return "the folder is computed by a call that would run once for each suffix"
    if listing.base is not None and _rebinds_base(place, listing.base):
        return "the loop rebinds the folder that it lists"
    return ""


def _stops_early(place: ast.For | Comprehension | ast.Call, source: SourceFile) -> bool:
    if not isinstance(place, ast.For):
        parent = source.tree.parent(place)
        return isinstance(parent, ast.Call) and source.names.qualified_name(parent.func) in (
            "builtins.next",
            "itertools.islice",
        )
    todo: list[tuple[ast.AST, bool]] = [(statement, True) for statement in place.body]
    while todo:
        node, own = todo.pop()
        if isinstance(node, ast.Return) or (isinstance(node, ast.Break) and own):
            return True
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        inner = own and not isinstance(node, (ast.For, ast.AsyncFor, ast.While))
        todo.extend((child, inner) for child in ast.iter_child_nodes(node))
    return False


def _is_stable(base: ast.expr, source: SourceFile) -> bool:
    """Whether evaluating *base* again gives the same folder and does nothing else."""
    for node in walk(base):
        match node:
            case ast.Name() | ast.Constant() | ast.Attribute() | ast.BinOp(op=ast.Div()):
                pass
            case ast.Call(func=ast.Attribute(attr=method), keywords=[]) if method in _STABLE_METHODS:
                pass
            case ast.Call(func=function, keywords=[]):
                if source.names.qualified_name(function) not in ("pathlib.Path", "builtins.str", "os.path.join"):
                    return False
            case _:
                return False
    return True


def _rebinds_base(place: ast.AST, base: ast.expr) -> bool:
    names = {node.id for node in ast.walk(base) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(base) if isinstance(node, ast.Attribute)}
    for node in ast.walk(place):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if name in names:
                return True
            case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()) if name in attributes:
                return True
    return False


def _caution(
    chosen: list[NameTest],
    place: ast.For | Comprehension | ast.Call,
    listing: _Listing,
    variable: str,
    has_effects: bool,
    source: SourceFile,
) -> str:
    """Why the fix is not safe, "" when it is."""
    if len(chosen[0].values) > 1:
        return f"the files come grouped by {chosen[0].hole}"
    if listing.method == "iterdir":
        return "a missing folder raises in iterdir() and yields nothing in glob()"
    if chosen[0].kind == "pattern":
        return "the pattern is matched by glob instead"
    if has_effects:
        return "a call before the test on the name would run for fewer files"
    if isinstance(place, ast.For) and _is_used_outside(place, source):
        return f"{variable!r} is used outside the loop and would hold another file"
    return ""


def _is_used_outside(loop: ast.For, source: SourceFile) -> bool:
    """Whether the loop variable may be read when the loop is over: after it, or by a function made in it."""
    assert isinstance(loop.target, ast.Name)
    variable = source.names.variable(loop.target)
    assert variable is not None
    if any(binding.kind is Kind.DELETED for binding in variable.bindings):
        return True
    function = source.tree.function(loop)
    return any(
        source.tree.function(load) is not function or not _is_in_loop_over(load, variable.name, source)
        for load in variable.loads
    )


def _is_in_loop_over(node: ast.AST, name: str, source: SourceFile) -> bool:
    child = node
    for ancestor in source.tree.ancestors(node):
        match ancestor:
            case ast.For(target=ast.Name(id=target), body=body) if target == name and child in body:
                return True
        child = ancestor
    return False
