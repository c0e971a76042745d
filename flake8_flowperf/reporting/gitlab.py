"""A Code Quality report for GitLab; the places are those of the files as they were read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence

from flake8_flowperf.fixing.results import FileResult
from flake8_flowperf.reporting import paths, text


def document(results: Sequence[FileResult], *, dry: bool) -> str:
    """The report; what the run has put right is "info", what is left "minor", a file that failed "major"."""
    return json.dumps(list(_issues(results, dry)), indent=2)


def _issues(results: Sequence[FileResult], dry: bool) -> Iterator[dict[str, object]]:
    for result in results:
        seen = Counter[str]()
        for entry in result.found:
            seen[key := f"{entry.code} {entry.message}"] += 1
            severity = "info" if entry.done and not dry else "minor"
            described = f"{entry.message} [{text.verdict(entry, dry=dry)}]"
            yield _issue(result, entry.code, described, entry.line, severity, f"{key} {seen[key]}")
        if result.problem is not None:
            message, line = result.problem.message, result.problem.line or 1
            yield _issue(result, "flowperf-fix", message, line, "major", message)


def _issue(result: FileResult, name: str, description: str, line: int, severity: str, key: str) -> dict[str, object]:
    path = paths.relative(result.path)
    return {
        "description": description,
        "check_name": name,
        "fingerprint": fingerprint(path, key),
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }


def fingerprint(path: str, key: str) -> str:
    """A digest that stays when lines above move; *key* tells the findings of one file apart."""
    return hashlib.sha256(f"{path}\0{key}".encode("utf-8", "surrogateescape")).hexdigest()
