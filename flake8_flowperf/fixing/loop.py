"""Findings to text: plan fixes, apply those that do not overlap, pass the gates, again until nothing applies."""

from __future__ import annotations

import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst

from flake8_flowperf.fixing import f_strings, gates, imports
from flake8_flowperf.fixing.gates import GateFailure
from flake8_flowperf.fixing.slices import CannotSlice
from flake8_flowperf.lint import Linter
from flake8_flowperf.model import Edit, Finding, Fix, NoFix, Safety
from flake8_flowperf.profiles.matching import FileHeat
from flake8_flowperf.registry import codemods
from flake8_flowperf.source import SourceFile

MAX_ROUNDS = 10

Keep = Callable[[SourceFile, list[Finding[Any]]], list[Finding[Any]]]


@dataclass(frozen=True)
class Applied:
    """A fix that is in the new text; *line* and *column* count in the text that its round began with."""

    code: str
    line: int
    column: int
    message: str
    safety: Safety


@dataclass(frozen=True)
class Judgement:
    """A finding and what can be done about it.

    *safety* is that of its fix, None when it has none; *reason* says why the fix is unsafe, or why there is none.
    """

    finding: Finding[Any]
    reason: str
    safety: Safety | None


@dataclass(frozen=True)
class Outcome:
    """What became of one text: the findings that it had, the fixes that were made, and the findings of the new text."""

    text: str
    found: tuple[Judgement, ...] = ()
    applied: tuple[Applied, ...] = ()
    left: tuple[Judgement, ...] = ()


@dataclass(frozen=True)
class _Plan:
    finding: Finding[Any]
    fix: Fix


@dataclass(frozen=True)
class _Round:
    """The findings of one text: those to be fixed, and those that stay."""

    source: SourceFile
    heat: FileHeat | None
    findings: list[Finding[Any]]
    plans: list[_Plan]
    left: list[Judgement]


def fix_source(source: SourceFile, linter: Linter, *, unsafe: bool, keep: Keep) -> Outcome:
    """Fix what *linter* finds in *source*, safe fixes only or unsafe ones too, until nothing more applies.

    *keep* gets a file and its findings and returns those that the configuration lets through.  Raises GateFailure for a
    fix that is not what it says.
    """
    applied: list[Applied] = []
    current = _look(source, linter.heat(source), linter, unsafe, keep)
    found = [*current.left, *(Judgement(item.finding, item.fix.why, item.fix.safety) for item in current.plans)]
    for _ in range(MAX_ROUNDS):
        if not current.plans:
            break
        current, done = _advance(current, linter, unsafe, keep)
        applied.extend(done)
    unsettled = f"not settled after {MAX_ROUNDS} rounds"
    left = [*current.left, *(Judgement(item.finding, unsettled, item.fix.safety) for item in current.plans)]
    return Outcome(current.source.text.text, tuple(_sorted(found)), tuple(applied), tuple(_sorted(left)))


def _sorted(items: list[Judgement]) -> list[Judgement]:
    return sorted(items, key=lambda item: (item.finding.line, item.finding.column, item.finding.code))


def plan(finding: Finding[Any], source: SourceFile, linter: Linter) -> Fix | NoFix:
    """The fix of one finding, or why it has none."""
    codemod = codemods().get(finding.code)
    if codemod is None:
        return NoFix("this rule has no automatic fix")
    try:
        fix = codemod(finding, source, linter.settings)
        if isinstance(fix, Fix):
            for wanted in fix.imports:
                imports.require(source, finding.node, wanted)
            if _loses_comment(fix.edits, source):
                return NoFix("a comment would be lost")
            if f_strings.need_new_python(fix.edits, source):
                return NoFix("Python before 3.12 could not read the new code inside its f-string")
    except (CannotSlice, imports.CannotImport) as refusal:
        return NoFix(str(refusal))
    except cst.CSTValidationError:
        return NoFix("a keyword stands here without a blank beside it")
    return fix


def _look(source: SourceFile, heat: FileHeat | None, linter: Linter, unsafe: bool, keep: Keep) -> _Round:
    findings = linter.examine(source, heat).reported
    kept = keep(source, findings) if findings else []
    plans: list[_Plan] = []
    left: list[Judgement] = []
    for finding in kept:
        fix = plan(finding, source, linter)
        if isinstance(fix, NoFix):
            left.append(Judgement(finding, fix.reason, None))
        elif fix.safety is Safety.UNSAFE and not unsafe:
            left.append(Judgement(finding, fix.why or "behaviour may change", Safety.UNSAFE))
        else:
            plans.append(_Plan(finding, fix))
    return _Round(source, heat, findings, plans, left)


def _advance(current: _Round, linter: Linter, unsafe: bool, keep: Keep) -> tuple[_Round, list[Applied]]:
    """Apply one round of fixes; the round that follows from the new text, and what was applied."""
    plans, left = current.plans, current.left
    while plans:
        chosen = _without_overlap(plans)
        try:
            fixed = _apply(current.source, chosen)
            break
        except imports.CannotRemove as refusal:
            blamed = [item for item in chosen if _touches_name(item.fix, refusal.name, current.source)]
            if not blamed:
                raise GateFailure([item.finding.code for item in chosen], str(refusal)) from refusal
            left = [*left, *(Judgement(item.finding, str(refusal), None) for item in blamed)]
            plans = [item for item in plans if item not in blamed]
    else:
        return _Round(current.source, current.heat, current.findings, [], left), []
    codes = [item.finding.code for item in chosen]
    following = _look(fixed, current.heat, linter, unsafe, keep)
    if new := gates.new_name_messages(current.source, fixed):
        raise GateFailure(codes, f"{next(iter(new)).kind} {next(iter(new)).name!r} appeared")
    revealed = frozenset[str]().union(*(item.fix.reveals for item in chosen))
    gates.check_findings(current.findings, following.findings, codes, revealed)
    fixable = Counter(item.finding.code for item in following.plans if item.finding.code not in revealed)
    fixable -= Counter(item.finding.code for item in current.left)  # may have a fix now that the code around is another
    if fixable.total() >= len(current.plans):
        raise GateFailure(codes, "the number of fixable findings did not fall")
    return following, [
        Applied(item.finding.code, item.finding.line, item.finding.column, item.finding.message, item.fix.safety)
        for item in chosen
    ]


def _apply(source: SourceFile, chosen: Sequence[_Plan]) -> SourceFile:
    """The file with the chosen fixes, the imports they need, and without those they left unused."""
    edits = sorted({edit for item in chosen for edit in item.fix.edits})
    wanted = [wanted for item in chosen for wanted in item.fix.imports]
    added = imports.insertion(source, wanted, edits[0].start) if wanted else []
    text = apply_edits(source.text.text, [*added, *edits])
    try:
        return _without_unused_imports(SourceFile.parse(text, source.filename), source)
    except (SyntaxError, ValueError) as error:
        codes = [item.finding.code for item in chosen]
        raise GateFailure(codes, f"the fixed text does not parse: {error}") from error


def _without_unused_imports(source: SourceFile, before: SourceFile) -> SourceFile:
    """*source* without the imports that it leaves unused and *before* did not."""
    for _ in range(MAX_ROUNDS):
        new = gates.new_name_messages(before, source)
        unused = [(message.name, lines[-1]) for message, lines in new.items() if message.kind == "UnusedImport"]
        if not unused:
            break
        text = apply_edits(source.text.text, [imports.removal(source, *unused[0])])
        source = SourceFile.parse(text, source.filename)
    return source


def _touches_name(fix: Fix, name: str, source: SourceFile) -> bool:
    text = source.text.text
    return any(name in text[edit.start : edit.end] and name not in edit.text for edit in fix.edits)


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """*text* with the edits applied; they must not overlap.  What is inserted at one place keeps its order.

    A blank is put where two tokens would become one: ``for line in(f).readlines()`` has none before its parenthesis.
    """
    parts: list[str] = []
    last, position = "", 0

    def add(part: str, seam: int) -> None:
        """Put *part* behind what is there, where the old text was cut at *seam*."""
        nonlocal last
        if part:
            if _grow_together(last, part[0]) and not _grow_together(text[seam - 1 : seam], text[seam : seam + 1]):
                parts.append(" ")
            parts.append(part)
            last = part[-1]

    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        assert edit.start >= position, "edits overlap"
        add(text[position : edit.start], position)
        add(edit.text, edit.start)
        position = edit.end
    add(text[position:], position)
    return "".join(parts)


def _grow_together(left: str, right: str) -> bool:
    """Whether two characters side by side are one token: of a name or number, or a brace that an f-string doubles."""
    return left == right == "{" or (bool(left and right) and f"_{left}{right}".isidentifier())


def _without_overlap(plans: Iterable[_Plan]) -> list[_Plan]:
    """The plans whose edits can be made together: an outer one wins, equal edits count once.

    What moves lines to the right waits for the next round when another plan adds lines there, for they would stay.
    """
    plans = [*plans]
    added = [edit.start for item in plans if not _moved_lines(item.fix) for edit in item.fix.edits if "\n" in edit.text]
    plans = [item for item in plans if not any(start in _moved_lines(item.fix) for start in added)]
    taken: set[Edit] = set()
    chosen: list[_Plan] = []
    for item in sorted(plans, key=lambda item: (min(item.fix.edits).start, -max(edit.end for edit in item.fix.edits))):
        new = [edit for edit in item.fix.edits if edit not in taken]
        if not any(_overlap(edit, other) for edit in new for other in taken):
            taken.update(new)
            chosen.append(item)
    return chosen


def _moved_lines(fix: Fix) -> range:
    """The offsets in which *fix* moves lines to the right."""
    blanks = [edit.start for edit in fix.edits if edit.start == edit.end and edit.text.strip(" \t") == ""]
    return range(min(blanks), max(blanks) + 1) if blanks else range(0)


def _overlap(one: Edit, other: Edit) -> bool:
    if one.start == one.end or other.start == other.end:
        return one.start <= other.end and other.start <= one.end
    return one.start < other.end and other.start < one.end


def _loses_comment(edits: Iterable[Edit], source: SourceFile) -> bool:
    """Whether the text that the edits replace has a comment that the new text has not."""
    text = source.text.text
    for edit in edits:
        if "#" in text[edit.start : edit.end]:
            lost = Counter(comment for offset, comment in source.fact(_comments) if edit.start <= offset < edit.end)
            if any(edit.text.count(comment) < count for comment, count in lost.items()):
                return True
    return False


def _comments(source: SourceFile) -> list[tuple[int, str]]:
    """The comments of the file with their offsets."""
    text = source.text
    lines = (text.line(number) for number in range(1, text.line_of(len(text.text)) + 1))
    tokens = tokenize.generate_tokens(lambda: next(lines, ""))
    return [
        (text.line_start(token.start[0]) + token.start[1], token.string)
        for token in tokens
        if token.type == tokenize.COMMENT
    ]
