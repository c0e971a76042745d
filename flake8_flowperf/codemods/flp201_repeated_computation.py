"""FLP201: the value is computed once and kept in a name."""

from __future__ import annotations

import argparse
import ast

from flake8_flowperf.fixing.indent import moved_text
from flake8_flowperf.fixing.slices import expression_slice, statement_slice
from flake8_flowperf.fixing.unwrap import in_one_piece
from flake8_flowperf.model import Edit, Finding, Fix, NoFix, Safety
from flake8_flowperf.rules.flp201_repeated_computation import Repetition
from flake8_flowperf.source import SourceFile


def fix(finding: Finding[Repetition], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:  # noqa: ARG001
    """Move the assignment above the loop, or bind the value there, or use the name that has it."""
    facts = finding.facts
    if facts.problem:
        return NoFix(facts.problem)
    if facts.moved is not None and facts.place is not None:
        edits = _moved(facts.moved, facts.place, source)
    else:
        edits = [_replaced(unit, facts.name, source) for unit in (facts.unit, facts.also) if unit is not None]
        if facts.place is not None:
            edits.append(_bound(facts, facts.place, source))
    return Fix(tuple(edits), Safety.UNSAFE if facts.caution else Safety.SAFE, facts.caution)


def _replaced(unit: ast.expr, name: str, source: SourceFile) -> Edit:
    piece = expression_slice(source, unit)
    return Edit(piece.start, piece.end, name)


def _bound(facts: Repetition, place: ast.stmt, source: SourceFile) -> Edit:
    """A line above *place* that binds the value."""
    start = source.text.line_start(place.lineno)
    indent = source.text.text[start : source.text.span(place)[0]]
    code = in_one_piece(source, facts.also or facts.unit, place)
    return Edit(start, start, f"{indent}{facts.name} = {code}{source.text.newline}")


def _moved(assignment: ast.Assign, place: ast.stmt, source: SourceFile) -> list[Edit]:
    """The lines of *assignment* taken from the loop and put above it."""
    piece = statement_slice(source, assignment)
    start = source.text.line_start(place.lineno)
    indent = source.text.text[start : source.text.span(place)[0]]
    code = moved_text(source, assignment, place)
    return [Edit(start, start, f"{indent}{code}{source.text.newline}"), Edit(piece.start, piece.end, "")]
