"""One file from its path to its result, with nothing in between that could not run in a process of its own."""

from __future__ import annotations

import argparse
import ast
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flake8_flowperf.config import Suppressions, selected_rules
from flake8_flowperf.fixing import files
from flake8_flowperf.lint import Linter
from flake8_flowperf.model import Safety

if TYPE_CHECKING:
    from flake8_flowperf.fixing.loop import Judgement, Outcome


@dataclass(frozen=True)
class Entry:
    """A finding as it is reported; *line* and *column* count from 1.

    *safety* is that of its fix, None when it has none; *reason* says why the fix is unsafe, or why there is none.
    """

    code: str
    line: int
    column: int
    message: str
    safety: Safety | None
    reason: str
    fixed: bool


@dataclass(frozen=True)
class Problem:
    """Why a file was left as it was, in one line; *traceback* is there when the fault is ours."""

    message: str
    line: int | None = None
    traceback: str = ""


@dataclass(frozen=True)
class FileResult:
    """What became of one file, or would with --check and --diff.

    *found* are the findings of the file as it was read, *left* those of the new text, each with its own positions;
    *fixed* counts the fixes that were made by code.  *before* and *after* are given only to those who show them: for
    standard input and with --diff.
    """

    path: str
    changed: bool = False
    found: tuple[Entry, ...] = ()
    left: tuple[Entry, ...] = ()
    fixed: tuple[tuple[str, int], ...] = ()
    problem: Problem | None = None
    before: bytes = b""
    after: bytes = b""


class Fixer:
    """Fixes one file after the other as the settings ask; raises nothing that a file could be the cause of."""

    def __init__(self, settings: argparse.Namespace) -> None:
        self._settings = settings
        self._linter = Linter(selected_rules(settings), settings)
        self._suppressions = Suppressions(settings)

    def fix(self, path: str) -> FileResult:
        """Read, fix and, if the settings allow, write the file *path*; ``-`` is standard input."""
        settings = self._settings
        is_input = path == "-"
        name: str = settings.stdin_display_name if is_input else path
        data = new = b""
        try:
            data = new = sys.stdin.buffer.read() if is_input else files.read(path)
            text, encoding = files.decode(data)
            outcome = self._outcome(text, name)
            if outcome is not None and outcome.text != text:
                new = files.encode(outcome.text, encoding, text, data)
                if not (is_input or settings.check or settings.diff):
                    files.replace(path, data, new)
        except Exception as error:
            return FileResult(name, problem=_problem(error), after=data)
        shown = (data, new) if is_input or settings.diff else (b"", b"")
        if outcome is None:
            return FileResult(name, before=shown[0], after=shown[1])
        return FileResult(
            name,
            new != data,
            tuple(_found(outcome, settings.unsafe_fixes)),
            tuple(_entry(item) for item in outcome.left),
            tuple(sorted(Counter(item.code for item in outcome.applied).items())),
            before=shown[0],
            after=shown[1],
        )

    def _outcome(self, text: str, name: str) -> Outcome | None:
        """What the loop makes of *text*; None when there is nothing for it to do."""
        if not self._linter.relevant(text) or self._suppressions.skips_file(text, name):
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a SyntaxWarning for "\d" is the compiler's to give
            keep = self._suppressions.keep(name)
            if not keep(text, self._linter.lint(text, _parse(text, name), name)):
                return None
            from flake8_flowperf.fixing.loop import fix_text  # imports libcst, which takes longer than most files

            return fix_text(text, name, self._linter, unsafe=self._settings.unsafe_fixes, keep=keep)


def _parse(text: str, name: str) -> ast.Module:
    try:
        return ast.parse(text, name)
    except SyntaxError as error:
        raise files.FileError(f"does not parse: {error.msg}", error.lineno) from error
    except ValueError as error:
        raise files.FileError(f"does not parse: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise files.FileError("does not parse: it is nested too deeply") from error


def _problem(error: Exception) -> Problem:
    match error:
        case files.FileError():
            return Problem(str(error), error.line)
        case RecursionError():
            return Problem("cannot be fixed: it is nested too deeply")
    from flake8_flowperf.fixing.gates import GateFailure  # imports pyflakes

    what = str(error) if isinstance(error, GateFailure) else f"{type(error).__name__}: {error}"
    return Problem(f"internal error, the file was left as it was: {what}", None, traceback.format_exc())


def _found(outcome: Outcome, unsafe: bool) -> Iterator[Entry]:
    """The findings of the text that came in, with what became of each.

    A fix that was promised for a finding may have been withdrawn later; its reason then stands among those left.
    """
    told = Counter((item.finding.code, item.finding.message, item.reason) for item in outcome.found)
    withdrawn: dict[tuple[str, str], list[str]] = {}
    for left in outcome.left:
        key = (left.finding.code, left.finding.message, left.reason)
        told[key] -= 1
        if told[key] < 0:
            withdrawn.setdefault(key[:2], []).append(left.reason)
    for item in outcome.found:
        reasons = withdrawn.get((item.finding.code, item.finding.message))
        if item.safety is None or (item.safety is Safety.UNSAFE and not unsafe):
            yield _entry(item)
        elif reasons:
            yield replace(_entry(item), safety=None, reason=reasons.pop())
        else:
            yield replace(_entry(item), fixed=True)


def _entry(item: Judgement) -> Entry:
    finding = item.finding
    return Entry(finding.code, finding.line, finding.column + 1, finding.message, item.safety, item.reason, fixed=False)
