"""Annotations for GitHub Actions, as workflow commands, one a line.

An error is what makes the run fail, a notice what the run has put right, and a warning what is left.  The places are
those of the files as they were read, since that is what GitHub shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flake8_flowperf.fixing.results import FileResult
from flake8_flowperf.reporting import paths, text


def document(results: Sequence[FileResult], *, dry: bool) -> str:
    """The lines, without a newline behind the last."""
    return "\n".join(_commands(results, dry))


def _commands(results: Sequence[FileResult], dry: bool) -> Iterator[str]:
    for result in results:
        path = paths.relative(result.path)
        for entry in result.found:
            level = "warning" if not entry.done else "error" if dry else "notice"
            message = f"{entry.message} [{text.verdict(entry, dry=dry)}]"
            yield _command(level, message, file=path, line=entry.line, col=entry.column, title=entry.code)
        if result.problem is not None:
            line = result.problem.line or 1
            yield _command("error", result.problem.message, file=path, line=line, title="flowperf-fix")


def _command(level: str, message: str, **properties: object) -> str:
    told = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items())
    return f"::{level} {told}::{_escaped(message, '')}"


def _escaped(value: str, more: str) -> str:
    """*value* as a workflow command carries it: what would end it, or a part of it, by its number."""
    for character in f"%\r\n{more}":
        value = value.replace(character, f"%{ord(character):02X}")
    return value
