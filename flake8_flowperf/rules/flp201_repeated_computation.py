"""FLP201: the same value is computed again."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.calls import calls_named, calls_that_may_be
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.loops import Way, enclosing_loops, is_retry, runs_few_times, way_to
from flake8_flowperf.source.names import Kind, Variable
from flake8_flowperf.source.order import between, evaluated
from flake8_flowperf.source.pure import (
    COMPUTATIONS,
    COMPUTING_NAMES,
    DIGEST_METHODS,
    READING_METHODS,
    Computation,
    Input,
    Result,
    computation,
    inputs,
)
from flake8_flowperf.source.repeated_calls import computation_places, may_repeat
from flake8_flowperf.source.stability import Region, Stability
from flake8_flowperf.source.tree import Comprehension, Function, FunctionNode, Loop, walk
from flake8_flowperf.source.values import kind_of_value

_FUNCTIONS = {
    last: frozenset(name.partition(".")[0] for name in COMPUTATIONS if name.rpartition(".")[2] == last)
    for last in sorted({name.rpartition(".")[2] for name in COMPUTATIONS})
}
_LOOKED_BACK = 3
"""with how many earlier places a call is compared; a file may hold the same call a thousand times"""
_SHOWN = 40


@dataclass(frozen=True)
class Repetition:
    """A value that is computed again, and how it can be had once.

    *unit* is the expression to be replaced by *name*.  A new name is bound above *place*; *place* is None when
    *name* has the value already.  *also* is the first computation of the value, where that is to use the name too.
    *moved* is the assignment of *unit* that can be moved as a whole.  *problem* says why there is no fix, *caution*
    why the fix is not safe.
    """

    unit: ast.expr
    name: str
    place: ast.stmt | None
    also: ast.expr | None
    moved: ast.Assign | None
    message: str
    problem: str
    caution: str


class RepeatedComputation(Rule[Repetition]):
    """The same value is computed again, in a loop or further down.

    ## What it does
    Finds calls that only compute something from their arguments (`hashlib` digests, `json.dumps` and `loads`,
    `pickle`, `re.compile`, `base64`, ...) whose arguments cannot change between two of them: in a loop that never
    binds, changes or hands out what they depend on, or twice in straight-line code. A pattern that a function gets from
    its caller and compiles anew for every item counts too. Results that are changed, kept or handed on are left alone,
    and so are branches that exclude each other, retries, loops of a few fixed items, calls in `return` and `raise`,
    and tests.

    ## Why is this bad
    Hashing, serialising and parsing cost microseconds to milliseconds each time, for a value that is known already.

    ## Bad
    ```python
    import hashlib


    def names(folder: str, workers: list[int]) -> list[str]:
        found = []
        for worker in workers:
            digest = hashlib.sha256(folder.encode()).hexdigest()
            found.append(f"{digest}-{worker}")
        return found
    ```

    ## Good
    ```python
    import hashlib


    def names(folder: str, workers: list[int]) -> list[str]:
        found = []
        digest = hashlib.sha256(folder.encode()).hexdigest()
        for worker in workers:
            found.append(f"{digest}-{worker}")
        return found
    ```

    ## Fix safety
    Safe where the call cannot fail (a constant computation, which is tried out) or where it certainly runs first
    anyway, and where a name that has the value is used again. Else unsafe: above the loop the call runs, and may raise,
    also when no turn of the loop gets that far; values that can be changed are shared by all turns. No fix where a
    condition or a handler in the loop guards the call.

    ## Evidence
    Evidence items 2 and 11: what is saved is the call itself. `re.compile` of a constant pattern is a lookup in the
    module's cache of 512 patterns: nothing for long texts, much for a loop that uses 600 patterns.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | re.compile of a constant, 10 lines | **re.compile before it** | 2.3 | 2.4 | 2.1 | 2.0 | pays |
    | re.compile of a constant, 1,000 lines | **re.compile before it** | 2.5 | 2.2 | 2.2 | 2.2 | pays |
    | digest of 9 kB of JSON, 10 turns | **one digest before the loop** | 9.6 | 10.0 | 10.0 | 9.8 | pays |

    ## Options
    None.
    """

    code = "FLP201"
    name = "repeated-computation"
    gain = "2.2-2.5× for `re.compile` a line"
    in_tests = False
    modules = frozenset().union(*_FUNCTIONS.values())
    calls = tuple(COMPUTATIONS)

    def may_fire(self, glance: Glance) -> bool:
        """Whether one of the functions is called in a loop, twice, or with a pattern that comes from elsewhere."""
        return may_repeat(glance, _FUNCTIONS)

    def places(self, glance: Glance) -> Iterable[int] | None:
        """Where one of the functions stands, and where a function is called that compiles what it is given."""
        return computation_places(glance, _FUNCTIONS)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[Repetition]]:
        """Yield the finding that stands at the call *node*, if any."""
        assert isinstance(node, ast.Call)
        if (repetition := source.fact(_repetitions).get(node)) is not None:
            yield self.finding(node, source, repetition.message, repetition)


@dataclass(frozen=True)
class _Site:
    """One computation: its call, the largest expression that only depends on it, and what it depends on.

    *hoist* is the outermost loop that it does not change in, when that is worth a finding; *place* is the statement
    that the value would be bound above.
    """

    call: ast.Call
    unit: ast.expr
    computation: Computation
    inputs: tuple[Input, ...]
    function: FunctionNode | None
    hoist: Loop | Comprehension | None
    place: ast.stmt


@dataclass
class _Group:
    """The computations of one value, the first of which comes before all others."""

    first: _Site
    others: list[_Site]


def _repetitions(source: SourceFile) -> dict[ast.Call, Repetition]:
    """The findings of the file by the call that they stand at."""
    calls = calls_that_may_be(source, COMPUTING_NAMES.__contains__)
    sites = _outermost(source, [site for node in calls if (site := _site(source, node)) is not None])
    found: dict[ast.Call, Repetition] = {}
    taken: dict[FunctionNode | None, set[str]] = {}
    for group in _groups(source, sites):
        if group.first.hoist is not None or group.others:
            found.update(_of_group(source, group, taken.setdefault(group.first.function, set())))
    for site in sites:
        if site.call not in found and (repetition := _per_call(source, site)) is not None:
            found[site.call] = repetition
    return found


def _site(source: SourceFile, node: ast.Call) -> _Site | None:
    if not (node.args or node.keywords):
        return None
    known = computation(source, node)
    unit = _unit(source, node, known) if known is not None else None
    if known is None or unit is None:
        return None
    needed = inputs(source, unit)
    if needed is None:
        return None
    hoist = _hoist(source, unit, known, needed)
    place = source.tree.statement(hoist if hoist is not None else unit)
    return _Site(node, unit, known, tuple(needed), source.tree.function(unit), hoist, place)


def _unit(source: SourceFile, call: ast.Call, known: Computation) -> ast.expr | None:
    """The call with what is done to its result at once: ``.hexdigest()[:8]``; None when a result cannot be shared."""
    unit: ast.expr = call
    if known.result is Result.DIGEST:
        digest = _method_call(source, unit, DIGEST_METHODS)
        if digest is None:
            return None
        unit = digest
    if known.result is Result.OBJECT or known.word in ("pattern", "value"):
        return unit
    while True:
        parent = source.tree.parent(unit)
        method = _method_call(source, unit, READING_METHODS)
        if method is not None:
            unit = method
        elif isinstance(parent, ast.Subscript) and parent.value is unit and _is_constant(parent.slice):
            unit = parent
        else:
            return unit


def _method_call(source: SourceFile, node: ast.expr, names: frozenset[str]) -> ast.Call | None:
    """The call of one of the methods *names* of *node*, with constant arguments."""
    attribute = source.tree.parent(node)
    if not isinstance(attribute, ast.Attribute) or attribute.attr not in names:
        return None
    call = source.tree.parent(attribute)
    if not isinstance(call, ast.Call) or call.func is not attribute:
        return None
    return call if all(_is_constant(item) for item in (*call.args, *(key.value for key in call.keywords))) else None


def _is_constant(node: ast.expr) -> bool:
    return all(isinstance(item, (ast.Constant, ast.Slice, ast.UnaryOp)) for item in walk(node))


def _outermost(source: SourceFile, sites: list[_Site]) -> list[_Site]:
    """Without those that are part of another one which is a finding by its loop."""
    hoisted = {site.unit for site in sites if site.hoist is not None}
    return [site for site in sites if not any(node in hoisted for node in source.tree.ancestors(site.unit))]


def _hoist(source: SourceFile, unit: ast.expr, known: Computation, needed: list[Input]) -> Loop | Comprehension | None:
    """The outermost loop in which *unit* never changes, if it is worth a word in one of them."""
    stability = source.fact(Stability)
    found: Loop | Comprehension | None = None
    worth = False
    for loop in enclosing_loops(source, unit):
        turn = stability.turn(loop)
        if stability.may_change(needed, turn):
            break
        if known.result is Result.OBJECT and not stability.reads_only(unit, turn):
            break
        found = loop
        worth = worth or _is_worth(source, unit, loop, is_constant=not needed)
    return found if worth else None


def _is_worth(source: SourceFile, unit: ast.expr, loop: Loop | Comprehension, *, is_constant: bool) -> bool:
    """Whether *loop* computes *unit* in many of its turns."""
    way = way_to(source, unit, loop)
    statement = source.tree.statement(unit)
    if isinstance(statement, (ast.Return, ast.Raise)) and not isinstance(loop, Comprehension):
        return False
    if way.leaves or way.is_in_handler or _is_kept(statement, way):
        return False
    if not is_constant:
        if isinstance(loop, ast.While) and way.is_conditional:
            return False  # a loop that waits for messages may come by that branch once
        if any(not _only_leaves(handler) for item in way.tries for handler in item.handlers):
            return False  # that the value cannot be had is an outcome that the loop works with
    return not runs_few_times(source, loop) and not is_retry(loop)


def _is_kept(statement: ast.stmt, way: Way) -> bool:
    """Whether the statement keeps the value where one of the conditions looks for it: it is computed once."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    kept = {ast.dump(_root(target)).replace("Store", "Load") for target in targets}
    return any(ast.dump(_root(node)) in kept for test in way.tests for node in walk(test) if isinstance(node, ast.expr))


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node


def _only_leaves(handler: ast.ExceptHandler) -> bool:
    return all(
        isinstance(item, (ast.Pass, ast.Continue, ast.Break, ast.Return, ast.Raise, ast.Expr)) for item in handler.body
    )


def _groups(source: SourceFile, sites: Iterable[_Site]) -> list[_Group]:
    """The computations by value and place, in the order of the source."""
    groups: list[_Group] = []
    by_value: dict[tuple[FunctionNode | None, str], list[_Group]] = {}
    for site in sorted(sites, key=lambda site: (site.call.lineno, site.call.col_offset)):
        same = by_value.setdefault((site.function, ast.dump(site.unit)), [])
        for group in same[: -_LOOKED_BACK - 1 : -1]:
            if _joins(source, group.first, site):
                group.others.append(site)
                break
        else:
            if site.hoist is not None or _is_certain(source, site):
                same.append(_Group(site, []))
                groups.append(same[-1])
    return groups


def _joins(source: SourceFile, first: _Site, site: _Site) -> bool:
    """Whether *site* computes what *first* did on the way there."""
    if first.hoist is not None and first.place is site.place:
        return site.hoist is not None
    if not site.inputs or isinstance(site.place, ast.Raise):
        return False
    region = between(source, first.place, site.place)
    stability = source.fact(Stability)
    if region is None or stability.may_change(site.inputs, region):
        return False
    if site.computation.result is Result.OBJECT:
        around = Region(source.module.body if site.function is None else _body(site.function))
        return stability.reads_only(first.unit, around) and stability.reads_only(site.unit, around)
    return True


def _body(function: FunctionNode) -> list[ast.AST]:
    return [function.body] if isinstance(function, ast.Lambda) else [*function.body]


def _is_certain(source: SourceFile, site: _Site) -> bool:
    """Whether the statement of a computation computes it whenever it runs."""
    parts = {*evaluated(site.place)}
    if not site.inputs or not any(node in parts for node in (site.unit, *source.tree.ancestors(site.unit))):
        return False
    return not isinstance(site.place, ast.While) and not way_to(source, site.unit, site.place).is_conditional


def _of_group(source: SourceFile, group: _Group, taken: set[str]) -> Iterator[tuple[ast.Call, Repetition]]:
    first = group.first
    bound = _bound_name(source, group)
    name = bound if bound is not None else _fresh_name(source, first, taken)
    taken.add(name)
    place = first.place if bound is None else None
    problem = _problem(source, group) if bound is None else ""
    also = first.unit if bound is None and first.hoist is None else None
    if first.hoist is not None:
        moved = _moved(source, group)
        caution = _caution(source, first)
        if moved is not None and not problem:
            name = moved.targets[0].id if isinstance(moved.targets[0], ast.Name) else name
        yield first.call, Repetition(first.unit, name, place, None, moved, _in_loop(first), problem, caution)
    for site in group.others:
        message = _in_loop(site) if site.hoist is not None else _again(site, bound)
        caution = _caution(source, site) if site.hoist is not None else _caution_again(source, site, bound)
        yield site.call, Repetition(site.unit, name, place, also, None, message, problem, caution)


def _shown(site: _Site) -> str:
    text = " ".join(ast.unparse(site.call).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _in_loop(site: _Site) -> str:
    return f"{_shown(site)} is the same in every turn; compute it once, above the loop"


def _again(site: _Site, bound: str | None) -> str:
    known = f"use {bound}" if bound is not None and len(bound) < 20 else "keep it in a name"
    return f"{_shown(site)} was computed above, and nothing changed; {known}"


def _bound_name(source: SourceFile, group: _Group) -> str | None:
    """The name that has the value already, where all others stand."""
    first = group.first
    match first.place:
        case ast.Assign(targets=[ast.Name() as target], value=value) if value is first.unit and first.hoist is None:
            variable = source.names.variable(target)
        case _:
            return None
    if variable is None:
        return None
    regions = [between(source, first.place, site.place) for site in group.others]
    for binding in variable.bindings:
        if source.tree.function(binding.node) is not first.function:
            return None
        if binding.node is not target and any(r is None or r.holds(binding.node, source) for r in regions):
            return None
    return target.id


def _fresh_name(source: SourceFile, site: _Site, taken: set[str]) -> str:
    word = site.computation.word
    subject = _subject(source, site)
    match word:
        case "parsed":
            candidates = [f"parsed_{subject}"] if subject else [word]
        case "pattern":
            candidates = [word, f"{subject}_pattern" if subject not in ("", word) else "compiled_pattern"]
        case "json":
            candidates = [f"{subject}_json" if subject else "json_text"]
        case _:
            candidates = [f"{subject}_{word}"] if subject else [word]
    if source.tree.function(site.place) is None:
        candidates = [f"_{candidate}" for candidate in candidates]
    number = 2
    for candidate in candidates:
        if candidate not in taken and not source.names.is_used_anywhere(candidate):
            return candidate
    while (name := f"{candidates[-1]}_{number}") in taken or source.names.is_used_anywhere(name):
        number += 1
    return name


def _subject(source: SourceFile, site: _Site) -> str:
    """The word in the code that says what the value is of."""
    words: list[str] = []
    for node in walk(site.call.args[0] if site.call.args else site.call):
        match node:
            case ast.Constant(value=str(text)) if text.isidentifier() and isinstance(
                source.tree.parent(node), ast.Subscript
            ):
                words.append(text)
            case ast.Attribute(attr=attr) if attr not in READING_METHODS and source.names.qualified_name(node) is None:
                words.append(attr)
            case ast.Name(id=name) if source.names.qualified_name(node) is None:
                words.append(name)
    word = next((word for word in words if word not in ("self", "cls")), "")
    word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower().strip("_")
    return word if len(word) > 1 and word.isascii() else ""


def _problem(source: SourceFile, group: _Group) -> str:
    """Why the value cannot be bound above the place of the first computation."""
    first = group.first
    if isinstance(first.function, ast.Lambda):
        return "it stands in a lambda"
    if any(isinstance(site.function, ast.Lambda) for site in group.others):
        return "it stands in a lambda"
    around = source.tree.parent(first.place)
    while not isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)):
        assert around is not None
        around = source.tree.parent(around)
    if isinstance(around, ast.ClassDef):
        return "a new name in a class body would be an attribute"
    start = source.text.offset(first.place.lineno, first.place.col_offset)
    if source.text.text[source.text.line_start(first.place.lineno) : start].strip():
        return "the line does not begin with the statement"
    if source.text.text.startswith("elif", start):
        return "it would have to go above an elif"
    if isinstance(first.place, ast.While) and first.hoist is not first.place:
        return "the condition of a while is evaluated in every turn"
    if isinstance(first.place, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return "it stands in the head of a definition"
    return _danger(source, first) if first.hoist is not None else ""


def _danger(source: SourceFile, site: _Site) -> str:
    """What may break when the value is computed above the loop."""
    assert site.hoist is not None
    if not site.inputs:
        return ""
    way = way_to(source, site.unit, site.hoist)
    if way.tries:
        return "its errors are handled inside the loop"
    roots = {item.name.id for item in site.inputs}
    for test in way.tests:
        for node in walk(test):
            if isinstance(node, ast.Name) and node.id in roots:
                return f"a condition in the loop guards {node.id!r}"
    for item in site.inputs:
        variable = source.names.variable(item.name)
        if variable is not None and not _is_bound_before(source, variable, site):
            return f"{variable.name!r} may have no value above the loop"
    return ""


def _is_bound_before(source: SourceFile, variable: Variable, site: _Site) -> bool:
    for binding in variable.bindings:
        if binding.kind in (Kind.PARAMETER, Kind.IMPORT, Kind.DEFINITION):
            return True
        if source.tree.function(binding.node) is not site.function:
            return True
        statement = source.tree.statement(binding.node)
        if site.place in walk_bodies(statement) or between(source, statement, site.place) is not None:
            return True
    return False


def walk_bodies(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements in the body of a loop or with statement, which binds its targets before them."""
    if isinstance(statement, (ast.For, ast.AsyncFor, ast.With, ast.AsyncWith)):
        yield from (node for child in statement.body for node in walk(child) if isinstance(node, ast.stmt))


def _moved(source: SourceFile, group: _Group) -> ast.Assign | None:
    """The assignment of the value to a name of its own in the loop, when it can go above the loop as it is."""
    first = group.first
    statement = source.tree.statement(first.unit)
    match statement:
        case ast.Assign(targets=[ast.Name() as target], value=value) if value is first.unit and not group.others:
            variable = source.names.variable(target)
        case _:
            return None
    if variable is None or len(variable.bindings) != 1 or first.function is None or first.hoist is None:
        return None
    turn = source.fact(Stability).turn(first.hoist)
    if not all(turn.holds(load, source) for load in variable.loads):
        return None
    lines = [source.text.line(number) for number in range(statement.lineno, (statement.end_lineno or 0) + 1)]
    if any("#" in line for line in lines) or len(source.tree.block(statement)) == 1:
        return None
    return statement


def _caution(source: SourceFile, site: _Site) -> str:
    """Why computing the value above the loop is not safe; empty when it is."""
    assert site.hoist is not None
    if site.computation.result is Result.OBJECT:
        return "all turns then share one object"
    if _cannot_fail(source, site.unit) or _comes_first(source, site):
        return ""
    way = way_to(source, site.unit, site.hoist)
    if way.is_conditional:
        return "it is then computed, and may fail, where no turn gets that far"
    return "it is then computed, and may fail, before the loop and without a turn of it"


def _caution_again(source: SourceFile, site: _Site, bound: str | None) -> str:
    if site.computation.result is Result.OBJECT:
        return "both places then share one object"
    if bound is None:
        return "it is then computed, and may fail, before the rest of its statement"
    if not all(_is_plain(source, item) for item in site.inputs):
        return "the object could be changed in between where the code does not show it"
    return ""


def _is_plain(source: SourceFile, item: Input) -> bool:
    variable = source.names.variable(item.name)
    if variable is None or item.path or kind_of_value(source, item.name) is None:
        return False
    return all(source.tree.function(b.node) is source.tree.function(item.name) for b in variable.bindings)


def _comes_first(source: SourceFile, site: _Site) -> bool:
    """Whether the loop certainly runs and computes the value before anything else."""
    match site.hoist:
        case ast.While(test=ast.Constant(value=constant), body=[first, *_]) if constant:
            statement = first
        case ast.For(iter=ast.List(elts=[_, *_] as items) | ast.Tuple(elts=[_, *_] as items), body=[first, *_]):
            if not all(isinstance(item, ast.Constant) for item in items) or not isinstance(site.hoist.target, ast.Name):
                return False
            statement = first
        case _:
            return False
    match statement:
        case ast.Assign(targets=[ast.Name()], value=value) if value is site.unit:
            return all(_is_plain(source, item) for item in site.inputs)
    return False


_NO_VALUE = object()
_CALLABLE = {
    "re.compile": re.compile, "json.dumps": json.dumps, "textwrap.dedent": textwrap.dedent,
    "hashlib.sha1": hashlib.sha1, "hashlib.sha224": hashlib.sha224, "hashlib.sha256": hashlib.sha256,
    "hashlib.sha384": hashlib.sha384, "hashlib.sha512": hashlib.sha512,
}  # fmt: skip


def _cannot_fail(source: SourceFile, unit: ast.expr) -> bool:
    """Whether *unit* is a constant computation; it is tried out here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return _evaluate(source, unit) is not _NO_VALUE
        except Exception:  # whatever the user's constants make the function raise
            return False


def _evaluate(source: SourceFile, node: ast.expr) -> object:
    """The value of a constant expression, _NO_VALUE when it is none; raises what the code would raise."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name():
            return _evaluate_name(source, node)
        case ast.Attribute():
            name = source.names.qualified_name(node) or ""
            return getattr(re, name[3:], _NO_VALUE) if re.fullmatch(r"re\.[A-Z]+", name) else _NO_VALUE
        case ast.BinOp(op=ast.BitOr()) | ast.BinOp(op=ast.Add()):
            left, right = _evaluate(source, node.left), _evaluate(source, node.right)
            if left is _NO_VALUE or right is _NO_VALUE:
                return _NO_VALUE
            return left | right if isinstance(node.op, ast.BitOr) else left + right  # type: ignore[operator]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            values = [_evaluate(source, item) for item in items]
            return values if _NO_VALUE not in values else _NO_VALUE
        case ast.Subscript(value=value, slice=part) if _is_constant(part):
            return "" if _evaluate(source, value) is not _NO_VALUE and isinstance(part, ast.Slice) else _NO_VALUE
        case ast.Call(func=function, args=args, keywords=keywords):
            values = [_evaluate(source, item) for item in args]
            named = {key.arg or "": _evaluate(source, key.value) for key in keywords}
            if _NO_VALUE in values or _NO_VALUE in named.values() or "" in named:
                return _NO_VALUE
            known = _CALLABLE.get(source.names.qualified_name(function) or "")
            if known is not None:
                return known(*values, **named)  # type: ignore[operator]
            if isinstance(function, ast.Attribute) and function.attr in ("encode", "decode", *DIGEST_METHODS):
                owner = _evaluate(source, function.value)
                return getattr(owner, function.attr)(*values, **named) if owner is not _NO_VALUE else _NO_VALUE
    return _NO_VALUE


def _evaluate_name(source: SourceFile, node: ast.Name) -> object:
    name = source.names.qualified_name(node) or ""
    if re.fullmatch(r"re\.[A-Z]+", name):
        return getattr(re, name[3:], _NO_VALUE)
    variable = source.names.variable(node)
    value = variable.only_value if variable is not None else None
    if variable is None or not isinstance(value, ast.Constant):
        return _NO_VALUE
    statement = source.tree.statement(value)
    if source.tree.function(value) is source.tree.function(node):
        return value.value if between(source, statement, source.tree.statement(node)) is not None else _NO_VALUE
    return value.value if statement in source.module.body else _NO_VALUE


def _per_call(source: SourceFile, site: _Site) -> Repetition | None:
    """A pattern that the function gets from its callers and compiles anew, when one calls it for every item."""
    if site.computation.word != "pattern" or not isinstance(site.function, Function):
        return None
    positions = {_parameter(source, item) for item in site.inputs}
    if len(positions) != 1 or (parameter := positions.pop()) is None:
        return None
    if not any(_repeats(source, call, site.function, parameter) for call in _calls_of(source, site.function)):
        return None
    message = (
        f"{site.function.name}() compiles {parameter.arg!r} anew for every item of a loop; compile it in the caller"
    )
    problem = "the callers must hand over what is compiled"
    return Repetition(site.unit, "", None, None, None, message, problem, "")


def _parameter(source: SourceFile, item: Input) -> ast.arg | None:
    """The parameter that an input is, or is an item of."""
    variable = source.names.variable(item.name)
    if variable is None or item.path:
        return None
    found: set[ast.AST | None] = set()
    for binding in variable.bindings:
        owner: Variable | None = variable
        if binding.kind is Kind.FOR and isinstance(binding.value, ast.Name):
            owner = source.names.variable(binding.value)
        is_parameter = owner is not None and [one.kind for one in owner.bindings] == [Kind.PARAMETER]
        found.add(owner.bindings[0].node if owner is not None and is_parameter else None)
    parameter = found.pop() if len(found) == 1 else None
    return parameter if isinstance(parameter, ast.arg) else None


def _calls_of(source: SourceFile, function: Function) -> Iterator[ast.Call]:
    """The calls of a function of the module, or of a method by way of self."""
    owner = source.tree.parent(function)
    for call in calls_named(source, function.name):
        match call.func:
            case ast.Name() as name if not isinstance(owner, ast.ClassDef):
                variable = source.names.variable(name)
                if variable is not None and [binding.node for binding in variable.bindings] == [function]:
                    yield call
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                if owner is not None and source.tree.enclosing_class(call) is owner:
                    yield call


def _repeats(source: SourceFile, call: ast.Call, function: Function, parameter: ast.arg) -> bool:
    """Whether *call* stands in a loop that hands over the same *parameter* in every turn."""
    argument = _argument(source, call, function, parameter)
    if argument is None:
        return False
    names = [node for node in walk(argument) if isinstance(node, ast.Name)]
    if not all(isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.List, ast.Tuple))
               for node in walk(argument)):  # fmt: skip
        return False
    for loop in enclosing_loops(source, call):
        turn = source.fact(Stability).turn(loop)
        variables = [variable for name in names if (variable := source.names.variable(name)) is not None]
        if any(turn.holds(binding.node, source) for variable in variables for binding in variable.bindings):
            return False
        if not runs_few_times(source, loop) and not is_retry(loop) and not way_to(source, call, loop).leaves:
            return True
    return False


def _argument(source: SourceFile, call: ast.Call, function: Function, parameter: ast.arg) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == parameter.arg:
            return keyword.value
    positional = [*function.args.posonlyargs, *function.args.args]
    if parameter not in positional or any(isinstance(item, ast.Starred) for item in call.args):
        return None
    is_static = any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in function.decorator_list)
    shift = int(isinstance(source.tree.parent(function), ast.ClassDef) and not is_static)
    position = positional.index(parameter) - shift
    return call.args[position] if 0 <= position < len(call.args) else None
