"""What flowperf-fix prints: diffs, findings that were left, problems, the summary, and the same as JSON."""

from __future__ import annotations

import difflib
import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator

from flake8_flowperf.fixing.fixer import Entry, FileResult
from flake8_flowperf.model import Safety


def diff(result: FileResult) -> bytes:
    """The unified diff of one file, for ``git apply`` and ``patch -p1`` in this folder.

    It is bytes, newlines and characters as the file has them; a last line without a newline is marked.
    """
    old, new = (_lines(data) for data in (result.before, result.after))
    name = os.fsencode(os.path.relpath(result.path).replace(os.sep, "/"))
    if b" " in name:
        name += b"\t"  # tells patch where the name ends
    lines = difflib.diff_bytes(difflib.unified_diff, old, new, b"a/" + name, b"b/" + name, lineterm=b"\n")
    return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)


def _lines(data: bytes) -> list[bytes]:
    return io.BytesIO(data).readlines()


def problem(result: FileResult) -> str:
    """The line that says why a file was left as it was."""
    assert result.problem is not None
    line = f":{result.problem.line}" if result.problem.line else ""
    return f"{_shown(result.path)}{line}: {_on_one_line(result.problem.message)}"


def left(result: FileResult, *, dry: bool) -> Iterator[str]:
    """A line for each finding that is left, with the reason; in a *dry* run at its place in the file as it is."""
    for entry in (entry for entry in result.found if not entry.fixed) if dry else result.left:
        what = "only with --unsafe-fixes" if entry.safety is Safety.UNSAFE else "no fix"
        text = _on_one_line(f"{entry.code} {entry.message} [{what}: {entry.reason}]")
        yield f"{_shown(result.path)}:{entry.line}:{entry.column}: {text}"


def _shown(path: str) -> str:
    """A path on one line; the bytes of a name that is not in the file system's encoding stay as they are."""
    return "".join(
        character if character.isprintable() or "\udc80" <= character <= "\udcff" else ascii(character)[1:-1]
        for character in path
    )


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def summary(results: Iterable[FileResult], *, dry: bool) -> str:
    """One line: files changed, fixes by code, what --unsafe-fixes would add, and what has no fix."""
    changed, fixed, unsafe, without, problems = 0, Counter[str](), 0, 0, 0
    for result in results:
        changed += result.changed
        fixed.update(dict(result.fixed))
        unsafe += sum(entry.safety is Safety.UNSAFE for entry in result.left)
        without += sum(entry.safety is None for entry in result.left)
        problems += result.problem is not None
    by_code = f" ({', '.join(f'{code}: {count}' for code, count in sorted(fixed.items()))})" if fixed else ""
    would, total = "would be " if dry else "", fixed.total()
    parts = [
        f"{_count(changed, 'file')} {would}changed, {_count(total, 'fix', 'fixes')} {would}applied{by_code}",
        f"{unsafe} more with --unsafe-fixes" if unsafe else "",
        f"{_count(without, 'finding')} without a fix" if without else "",
        f"{_count(problems, 'file')} could not be processed" if problems else "",
    ]
    return "; ".join(filter(None, parts))


def _count(number: int, singular: str, plural: str = "") -> str:
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def as_json(results: Iterable[FileResult]) -> str:
    """All findings and problems as one JSON document; lines and columns count from 1."""
    files = [
        {
            "path": result.path,
            "changed": result.changed,
            "found": [_entry(entry) for entry in result.found],
            "left": [_entry(entry) for entry in result.left],
            "problem": problem(result) if result.problem is not None else None,
        }
        for result in results
        if result.found or result.left or result.problem is not None
    ]
    return json.dumps({"version": 1, "files": files}, indent=2)


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "code": entry.code,
        "line": entry.line,
        "column": entry.column,
        "message": entry.message,
        "safety": entry.safety.value if entry.safety is not None else None,
        "reason": entry.reason,
        "fixed": entry.fixed,
    }
