"""FLP902: a generator expression, the listing itself, or the open file takes the place of what is loaded whole."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterable

from flake8_flowperf.fixing.slices import CannotSlice, expression_slice, source_of, statement_slice
from flake8_flowperf.fixing.unwrap import replaced
from flake8_flowperf.model import Edit, Finding, Fix, NoFix, Safety
from flake8_flowperf.rules.flp902_load_everything_then_iterate import Loaded
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.tree import walk

_LATE = "a file that cannot be read raises in the middle of the loop"
_LATE_LISTING = "the listing is made while the loop runs"
_LATE_LINES = "bytes that cannot be decoded raise in the middle of the loop"
_OTHER_LINES = f"lines end at newlines only, and {_LATE_LINES}"


def fix(finding: Finding[Loaded], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:  # noqa: ARG001
    """Load bit by bit what one pass reads; NoFix where statements would have to move."""
    facts = finding.facts
    if isinstance(facts.assignment, ast.AnnAssign):
        return NoFix("the name is annotated as what is loaded")
    match facts.what:
        case "lines":
            return _lines(facts, source)
        case "contents":
            return _contents(facts, source)
    assert isinstance(facts.value, ast.Call)
    return _unless_rebound(facts, source) or _unsafe(
        [replaced(source, facts.value, facts.value.args[0])], _LATE_LISTING
    )


def _unsafe(edits: Iterable[Edit], why: str) -> Fix:
    return Fix(tuple(edits), Safety.UNSAFE, why)


def _contents(facts: Loaded, source: SourceFile) -> Fix | NoFix:
    if any(isinstance(node, ast.Await) for node in walk(facts.value)):
        return NoFix("the files are read by await")
    if _leaves_with(facts, source):
        return NoFix("the loop would have to move into the with statement")
    expression_slice(source, facts.value)
    start, end = source.text.span(facts.value)
    return _unless_rebound(facts, source) or _unsafe([Edit(start, start + 1, "("), Edit(end - 1, end, ")")], _LATE)


def _lines(facts: Loaded, source: SourceFile) -> Fix | NoFix:
    """The open file itself, where it is open: ``for line in file``."""
    lines = facts.lines
    assert lines is not None
    file = lines.file
    if file is None or file.variable is None:
        return NoFix("the file would have to be opened in a with statement around the loop")
    if _leaves_with(facts, source):
        return NoFix("the loop would have to move into the with statement")
    if facts.between:
        return NoFix("other statements stand between the lines and their loop")
    reader = lines.whole.call if lines.whole is not None else lines.call
    assert isinstance(reader.func, ast.Attribute)
    handle = source_of(source, reader.func.value)
    replacement = _without_ends(facts, source, handle)
    if replacement is None:
        return NoFix("whether the lines are text or bytes is not known")
    why = _OTHER_LINES if lines.whole is not None else _LATE_LINES
    if facts.assignment is None or facts.load is None:
        return _unsafe([replaced(source, facts.value, reader.func.value, replacement)], why)
    removed = _removed(source, facts.assignment)
    if facts.taken.by == "len":
        assert isinstance(facts.taken.place, ast.Call)
        if any("sum" in scope.variables for scope in source.names.scopes.values()):
            return NoFix("the name 'sum' is taken")
        count = replaced(source, facts.taken.place, facts.load, f"sum(1 for _ in {replacement})")
        return _unsafe([removed, count], why)
    return _unsafe([removed, replaced(source, facts.load, facts.load, replacement)], why)


def _without_ends(facts: Loaded, source: SourceFile, handle: str) -> str | None:
    """The iterable that gives the lines of *handle* as the loaded ones were, without their newlines where these were.

    None where it takes to know whether they are text.
    """
    lines = facts.lines
    assert lines is not None
    if lines.keeps_ends:
        return handle
    if lines.is_binary is None:
        return None
    match lines.call.func:
        case ast.Attribute(attr="split"):
            ends = '"\\n"'
        case _:
            ends = '"\\r\\n"' if lines.is_binary else '"\\n"'
    name = source.names.fresh_name("line", "text_line") if not _may_use_line(facts) else "line"
    return f"({name}.rstrip({'b' if lines.is_binary else ''}{ends}) for {name} in {handle})"


def _may_use_line(facts: Loaded) -> bool:
    """Whether the loop itself calls an item ``line``; a generator expression keeps a name of its own apart."""
    return isinstance(facts.taken.target, ast.Name) and facts.taken.target.id == "line"


def _removed(source: SourceFile, statement: ast.stmt) -> Edit:
    """The edit that takes the whole lines of *statement*; raises CannotSlice where a comment would go with them."""
    piece = statement_slice(source, statement)
    code_end = source.text.span(statement)[1]
    if "#" in source.text.text[code_end : piece.end]:
        raise CannotSlice("a comment stands beside the statement that would go")
    return Edit(piece.start, piece.end, "")


def _leaves_with(facts: Loaded, source: SourceFile) -> bool:
    """Whether the pass stands outside a ``with`` statement in which everything is loaded."""
    if facts.assignment is None:
        return False
    around = set(source.tree.ancestors(facts.taken.place))
    return any(isinstance(node, ast.With) and node not in around for node in source.tree.ancestors(facts.assignment))


def _unless_rebound(facts: Loaded, source: SourceFile) -> NoFix | None:
    """NoFix when a name that the loading reads gets another value before the pass is over."""
    read = {source.names.variable(node) for node in walk(facts.value) if isinstance(node, ast.Name)} - {None}
    later = (*facts.between, *facts.taken.bodies, *([facts.taken.target] if facts.taken.target is not None else ()))
    for top in later:
        for node in walk(top):
            if not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Load):
                continue
            if source.names.variable(node) in read:
                return NoFix(f"{node.id!r} is bound anew before the loop is over")
    return None
