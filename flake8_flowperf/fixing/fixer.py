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
from typing import TYPE_CHECKING, Any

from flake8_flowperf import noqa
from flake8_flowperf.cache import digest, stamp
from flake8_flowperf.changed_lines import ChangedLines
from flake8_flowperf.config import Suppressions, selected_rules
from flake8_flowperf.fixing import files
from flake8_flowperf.fixing.results import Entry, FileResult, Problem
from flake8_flowperf.lint import Linter
from flake8_flowperf.model import Finding, Safety
from flake8_flowperf.source import SourceFile

if TYPE_CHECKING:
    from flake8_flowperf.fixing.loop import Judgement, Keep, Outcome


@dataclass(frozen=True)
class _Work:
    """The new text of a file, and what is told of it."""

    text: str
    found: tuple[Entry, ...] = ()
    left: tuple[Entry, ...] = ()
    fixed: tuple[tuple[str, int], ...] = ()
    cold: int = 0
    unseen: int = 0


class Fixer:
    """Fixes one file after the other as the settings ask; raises nothing that a file could be the cause of.

    Findings that do not stand on *changed* lines are left out, if these are given.  With a *cache_key* the results of
    files that hold what they held before carry the digest that the cache knows them by.
    """

    def __init__(
        self, settings: argparse.Namespace, changed: ChangedLines | None = None, cache_key: bytes | None = None
    ) -> None:
        self._settings = settings
        self._cache_key = cache_key
        self._changed = changed
        self._linter = Linter(selected_rules(settings), settings)
        self._suppressions = Suppressions(settings)

    def fix(self, path: str) -> FileResult:
        """Read, fix and, if the settings allow, write the file *path*; ``-`` is standard input."""
        settings = self._settings
        is_input = path == "-"
        name: str = settings.stdin_display_name if is_input else path
        data = new = b""
        told = stamp(path) if self._cache_key is not None and not is_input else ""
        try:
            data = new = sys.stdin.buffer.read() if is_input else files.read(path)
            text, encoding = files.decode(data)
            work = self._work(text, name, path)
            if work.text != text:
                new = files.encode(work.text, encoding, text, data)
                if not (is_input or settings.check or settings.diff):
                    files.replace(path, data, new)
        except Exception as error:
            if _caused_by(error, KeyboardInterrupt):
                raise KeyboardInterrupt from error
            return FileResult(name, problem=_problem(error), after=data)
        is_as_before = not is_input and (settings.check or settings.diff or new == data)
        known = digest(self._cache_key, path, data) if self._cache_key is not None and is_as_before else ""
        before, after = (data, new) if is_input or settings.diff else (b"", b"")
        return FileResult(
            name,
            new != data,
            work.found,
            work.left,
            work.fixed,
            cold=work.cold,
            unseen=work.unseen,
            before=before,
            after=after,
            digest=known,
            stamp=told,
        )

    def _work(self, text: str, name: str, path: str) -> _Work:
        """What is to become of *text*, which the file *path* holds."""
        linter = self._linter
        if not linter.relevant(text, name) or self._suppressions.skips_file(text, name) or linter.clears(text, name):
            return _Work(text)
        keep = self._keep(text, name, path)

        def reported(candidate: str) -> list[Finding[Any]]:
            source = SourceFile(candidate, _parse(candidate, name), name)
            return keep(source, self._linter.examine(source, self._linter.heat(source)).reported)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a SyntaxWarning for "\d" is the compiler's to give
            source = SourceFile(text, _parse(text, name), name)
            examined = self._linter.examine(source, self._linter.heat(source))
            findings, cold, unseen = (
                keep(source, group) if group else [] for group in (examined.reported, examined.cold, examined.unseen)
            )
            nothing = _Work(text, cold=len(cold), unseen=len(unseen))
            if not findings:
                return nothing
            if self._settings.add_noqa:
                lines = self._suppressions.noqa_lines(text, name)
                return _silenced(noqa.silence(text, findings, lines, reported), nothing)
            from flake8_flowperf.fixing.loop import fix_source  # imports libcst, which takes longer than most files

            unsafe = self._settings.unsafe_fixes
            outcome = fix_source(source, self._linter, unsafe=unsafe, keep=keep)
        fixed = Counter(item.code for item in outcome.applied)
        left = tuple(_entry(item) for item in outcome.left)
        return replace(
            nothing,
            text=outcome.text,
            found=tuple(_found(outcome, unsafe)),
            left=left,
            fixed=tuple(sorted(fixed.items())),
        )

    def _keep(self, text: str, name: str, path: str) -> Keep:
        """What the configuration, the comments and the changed lines let through."""
        suppressed = self._suppressions.keep(name)
        if self._changed is None:
            return suppressed
        changed = self._changed.keep(path, text)
        return lambda source, findings: changed(source, suppressed(source, findings))


def _silenced(result: noqa.Silenced, nothing: _Work) -> _Work:
    def entry(finding: Finding[Any], **more: Any) -> Entry:
        return Entry(finding.code, finding.line, finding.column + 1, finding.message, None, **more)

    silenced = [entry(finding, reason="", silenced=True) for finding in result.silenced]
    refused = [entry(finding, reason=noqa.REFUSED, silenced=False) for finding in result.refused]
    found = sorted([*silenced, *refused], key=lambda item: (item.line, item.column, item.code))
    return replace(nothing, text=result.text, found=tuple(found), left=tuple(refused))


def _parse(text: str, name: str) -> ast.Module:
    try:
        return ast.parse(text, name)
    except SyntaxError as error:
        raise files.FileError(f"does not parse: {error.msg}", error.lineno) from error
    except ValueError as error:
        raise files.FileError(f"does not parse: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise files.FileError("does not parse: it is nested too deeply") from error


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Whether *error* is one of *kind*, or came while one was handled.

    libcst's metadata clean up after an error without a look at how far they got, and a KeyError then hides it.
    """
    while error is not None and not isinstance(error, kind):
        error = error.__context__
    return error is not None


def _problem(error: Exception) -> Problem:
    if isinstance(error, files.FileError):
        return Problem(str(error), error.line)
    if _caused_by(error, RecursionError):
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
    return Entry(finding.code, finding.line, finding.column + 1, finding.message, item.safety, item.reason)
