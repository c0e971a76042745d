"""FLP901: the list is dropped, or what counts or joins it takes the items themselves."""

from __future__ import annotations

import argparse
import ast

from flake8_flowperf.fixing.indent import moved_text
from flake8_flowperf.fixing.slices import source_of
from flake8_flowperf.fixing.unwrap import in_one_piece, replaced
from flake8_flowperf.model import Edit, Finding, Fix, NoFix, Safety
from flake8_flowperf.rules.flp901_needless_materialisation import Materialisation
from flake8_flowperf.source import SourceFile


def fix(finding: Finding[Materialisation], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:  # noqa: ARG001
    """Write the iterable itself; ``sum(1 for _ in f)`` for a count of lines, ``f.read()`` for lines that are joined."""
    facts = finding.facts
    if facts.by == "len" and any("sum" in scope.variables for scope in source.names.scopes.values()):
        return NoFix("the name 'sum' is taken")
    safety = Safety.UNSAFE if facts.caution else Safety.SAFE
    return Fix((_edit(facts, source),), safety, facts.caution)


def _edit(facts: Materialisation, source: SourceFile) -> Edit:
    iterable = facts.iterable
    if facts.consumer is not None:
        if facts.by == "len":
            return replaced(
                source, facts.consumer, iterable, f"sum(1 for _ in {in_one_piece(source, iterable, facts.consumer)})"
            )
        if facts.joins_back:
            return replaced(source, facts.consumer, iterable, f"{source_of(source, iterable)}.read()")
        if isinstance(iterable, ast.GeneratorExp) and _is_alone(source, facts.call, facts.consumer):
            return replaced(source, facts.call, iterable, moved_text(source, iterable, facts.call)[1:-1])
    return replaced(source, facts.call, iterable)


def _is_alone(source: SourceFile, argument: ast.expr, call: ast.Call) -> bool:
    """Whether nothing, not even a comma or a line's end, stands between *argument* and the parentheses of *call*."""
    (start, end), (first, last) = source.text.span(call), source.text.span(argument)
    before = source.text.text[start:first]
    return before.rstrip(" \t").endswith("(") and source.text.text[last:end].strip(" \t") == ")"
