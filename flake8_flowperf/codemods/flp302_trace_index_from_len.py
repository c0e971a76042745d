"""FLP302: the index is taken from a counter that the list's owner keeps."""

from __future__ import annotations

import argparse
import ast

from flake8_flowperf.fixing.slices import expression_slice, statement_slice
from flake8_flowperf.model import Edit, Finding, Fix, NoFix, Safety
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.containers import Act, Container, containers
from flake8_flowperf.source.traces import LengthIndex, length_indexes

WHY = "the index goes on counting, and counts only what is appended here"


def fix(finding: Finding[LengthIndex], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:
    """Make the counter beside the list, read it for the index and count after each append."""
    del settings
    edits = counter_edits(source, finding.facts.container)
    return edits if isinstance(edits, NoFix) else Fix(edits, Safety.UNSAFE, WHY)


def counter_edits(source: SourceFile, container: Container) -> tuple[Edit, ...] | NoFix:
    """The edits that put a counter in the place of every length that numbers an entry; none when there are none."""
    indexes = [item for item in source.fact(length_indexes) if item.container is container]
    if not indexes:
        return ()
    refusal = _refusal(container)
    if refusal is not None:
        return NoFix(refusal)
    creation = container.creations[0]
    assert creation.function is not None
    counter = _counter_name(source, container)
    edits = []
    for length in {length for item in indexes for length in item.lengths}:
        expression_slice(source, length)
        match length.args[0]:
            case ast.Attribute(value=ast.Name(id=receiver)):
                start, end = source.text.span(length)
                edits.append(Edit(start, end, f"{receiver}.{counter}"))
            case _:
                return NoFix("the list is not reached through self")
    for use in container.of(Act.APPEND):
        statement = source.tree.statement(use.reference)
        if not (isinstance(statement, ast.Expr) and statement.value is use.node):
            return NoFix("an append stands inside another expression")
        assert isinstance(use.reference, ast.Attribute)
        if not isinstance(use.reference.value, ast.Name):
            return NoFix("the list is not reached through self")
        edits.append(below(source, statement, f"{use.reference.value.id}.{counter} += 1"))
    receiver = creation.function.args.args[0].arg
    edits.append(below(source, creation.statement, f"{receiver}.{counter} = 0"))
    return tuple(sorted(edits))


def below(source: SourceFile, statement: ast.stmt, code: str) -> Edit:
    """The edit that adds *code* as a line below *statement*, which must not share its lines (CannotSlice)."""
    piece = statement_slice(source, statement)
    newline = source.text.newline
    line = f"{source.text.indentation(statement.lineno)}{code}"
    at_end = piece.end == len(source.text.text) and not source.text.text.endswith(("\n", "\r"))
    return Edit(piece.end, piece.end, f"{newline}{line}" if at_end else f"{line}{newline}")


def _refusal(container: Container) -> str | None:
    if len(container.creations) != 1 or container.creations[0].function is None:
        return "the counter has no place: the list is not made once, in __init__"
    if not container.creations[0].function.args.args:
        return "the counter has no place: the list is not made once, in __init__"
    if any(container.of(Act.GROW)):
        return "entries are added by more than append"
    if any(container.of(Act.SHRINK, Act.STORE, Act.RESTORE, Act.ALIAS)):
        return "the list is also replaced or shortened"
    if any(not use.is_certain for use in container.of(Act.APPEND)):
        return "entries are also added from outside the class"
    if any(
        getattr(item, "id", getattr(item, "attr", "")) == "__slots__"
        for owner in container.classes
        for statement in owner.body
        if isinstance(statement, ast.Assign)
        for item in statement.targets
    ):
        return "the class has __slots__"
    return None


def _counter_name(source: SourceFile, container: Container) -> str:
    """``_NAME_counter``, with a number when the file has such an attribute."""
    stem = container.name.strip("_")
    twins = [item for item in source.fact(containers) if item.name.strip("_") == stem and item.name != container.name]
    name = f"_{stem}_entry_counter" if twins and container.name.startswith("_") else f"_{stem}_counter"
    candidate, number = name, 2
    while candidate in source.text.text:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
