"""Diffs, findings that were left, problems, the summary and the statistics, for people to read."""

from __future__ import annotations

import difflib
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator

from flake8_flowperf.fixing.results import Entry, FileResult
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
    for entry in (entry for entry in result.found if not entry.done) if dry else result.left:
        text = _on_one_line(f"{entry.code} {entry.message} [{verdict(entry, dry=dry)}]")
        yield f"{_shown(result.path)}:{entry.line}:{entry.column}: {text}"


def verdict(entry: Entry, *, dry: bool) -> str:
    """What became of a finding, or would without *dry*, and why."""
    would = "would be " if dry else ""
    match entry:
        case Entry(silenced=True):
            return f"{would}silenced"
        case Entry(silenced=False):
            return f"cannot be silenced: {entry.reason}"
        case Entry(fixed=True, safety=Safety.UNSAFE):
            return f"{would}fixed; {entry.reason}"
        case Entry(fixed=True):
            return f"{would}fixed"
        case Entry(safety=Safety.UNSAFE):
            return f"only with --unsafe-fixes: {entry.reason}"
    return f"no fix: {entry.reason}"


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
    fixed, silenced = Counter[str](), Counter[str]()
    changed = unsafe = without = refused = problems = cold = unseen = 0
    for result in results:
        changed += result.changed
        fixed.update(dict(result.fixed))
        silenced.update(entry.code for entry in result.found if entry.silenced)
        unsafe += sum(entry.safety is Safety.UNSAFE for entry in result.left)
        without += sum(entry.safety is None and entry.silenced is None for entry in result.left)
        refused += sum(entry.silenced is False for entry in result.left)
        problems += result.problem is not None
        cold += result.cold
        unseen += result.unseen
    would = "would be " if dry else ""
    if silenced or refused:
        done = f"{_count(silenced.total(), 'finding')} {would}silenced{_by_code(silenced)}"
    else:
        done = f"{_count(fixed.total(), 'fix', 'fixes')} {would}applied{_by_code(fixed)}"
    parts = [
        f"{_count(changed, 'file')} {would}changed, {done}",
        f"{unsafe} more with --unsafe-fixes" if unsafe else "",
        f"{_count(without, 'finding')} without a fix" if without else "",
        f"{_count(refused, 'finding')} cannot be silenced" if refused else "",
        f"{_count(cold, 'finding')} left out in functions that are not hot" if cold else "",
        f"{_count(unseen, 'finding')} left out in files that no profile saw" if unseen else "",
        f"{_count(problems, 'file')} could not be processed" if problems else "",
    ]
    return "; ".join(filter(None, parts))


def _by_code(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{code}: {count}' for code, count in sorted(counts.items()))})" if counts else ""


def _count(number: int, singular: str, plural: str = "") -> str:
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def statistics(results: Iterable[FileResult]) -> str:
    """A table: for each code how many findings there were, and what became of them.  Empty without a finding."""
    rows: dict[str, Counter[str]] = {}
    for result in results:
        for code, count in result.fixed:
            rows.setdefault(code, Counter())["fixed"] += count
        for entry in result.found:
            rows.setdefault(entry.code, Counter()).update(["found", *(["silenced"] if entry.silenced else [])])
        for entry in result.left:
            what = "unsafe" if entry.safety is Safety.UNSAFE else "no fix" if entry.silenced is None else "refused"
            rows.setdefault(entry.code, Counter())[what] += 1
    columns = [
        name
        for name in ("found", "fixed", "silenced", "unsafe", "no fix", "refused")
        if any(row[name] for row in rows.values())
    ]
    lines = [["code", *columns], *([code, *(str(rows[code][name]) for name in columns)] for code in sorted(rows))]
    return "\n".join(" ".join(f"{cell:>8}" for cell in line) for line in lines) if rows else ""
