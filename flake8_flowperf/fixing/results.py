"""What became of files, as it is reported and remembered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flake8_flowperf.model import Safety


@dataclass(frozen=True)
class Entry:
    """A finding as it is reported; *line* and *column* count from 1.

    *safety* is that of its fix, None when it has none; *reason* says why the fix is unsafe, or why there is none.
    *silenced* is None unless a comment was to silence it, and False when none can.
    """

    code: str
    line: int
    column: int
    message: str
    safety: Safety | None
    reason: str
    fixed: bool = False
    silenced: bool | None = None

    def fields(self) -> Iterator[Any]:
        """What of_fields() takes, for JSON; nothing is kept of comments that silence."""
        yield from (self.code, self.line, self.column, self.message)
        yield self.safety.value if self.safety is not None else None
        yield from (self.reason, self.fixed)

    @classmethod
    def of_fields(
        cls, code: str, line: int, column: int, message: str, safety: str | None, reason: str, fixed: bool
    ) -> Entry:
        """The entry that has these fields()."""
        return cls(code, line, column, message, Safety(safety) if safety is not None else None, reason, fixed)

    @property
    def done(self) -> bool:
        """Whether nothing is left to do about it."""
        return self.fixed or bool(self.silenced)


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
    *fixed* counts the fixes that were made by code.  *cold* and *unseen* count the findings that are left out because
    a profile says that their function is not hot, or did not see the file.  *before* and *after* are given only to
    those who show them: for standard input and with --diff.  *digest* and *stamp* are what the cache knows the file by,
    as it was read; empty where it is another one now, or is not to be known.
    """

    path: str
    changed: bool = False
    found: tuple[Entry, ...] = ()
    left: tuple[Entry, ...] = ()
    fixed: tuple[tuple[str, int], ...] = ()
    problem: Problem | None = None
    cold: int = 0
    unseen: int = 0
    before: bytes = b""
    after: bytes = b""
    digest: str = ""
    stamp: str = ""

    def fields(self) -> list[Any]:
        """What of_fields() makes a result of again, for JSON; empty for a file in which nothing was found."""
        if not self.found:
            return []
        entries = [[list(entry.fields()) for entry in group] for group in (self.found, self.left)]
        return [self.changed, *entries, self.fixed]

    @classmethod
    def of_fields(cls, path: str, fields: list[Any]) -> FileResult:
        """The result of the file *path* that has these fields()."""
        if not fields:
            return cls(path)
        changed, found, left, fixed = fields
        return cls(path, changed, _entries(found), _entries(left), tuple((code, count) for code, count in fixed))


def _entries(group: list[list[Any]]) -> tuple[Entry, ...]:
    return tuple(Entry.of_fields(*fields) for fields in group)
