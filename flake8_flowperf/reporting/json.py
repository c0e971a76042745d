"""All findings and problems as one JSON document; lines and columns count from 1."""

from __future__ import annotations

import json
from collections.abc import Sequence

from flake8_flowperf.fixing.results import Entry, FileResult
from flake8_flowperf.reporting import text


def document(results: Sequence[FileResult], *, dry: bool) -> str:
    """The document; ``found`` has places in the files as they were read, ``left`` in the new texts.

    ``left_out`` counts what ``--flowperf-profile`` keeps out of both.
    """
    files = [
        {
            "path": result.path,
            "changed": result.changed,
            "found": [_entry(entry) for entry in result.found],
            "left": [_entry(entry) for entry in result.left],
            "left_out": {"not_hot": result.cold, "not_profiled": result.unseen},
            "problem": text.problem(result) if result.problem is not None else None,
        }
        for result in results
        if result.found or result.left or result.cold or result.unseen or result.problem is not None
    ]
    return json.dumps({"version": 1, "dry_run": dry, "files": files}, indent=2)


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "code": entry.code,
        "line": entry.line,
        "column": entry.column,
        "message": entry.message,
        "safety": entry.safety.value if entry.safety is not None else None,
        "reason": entry.reason,
        "fixed": entry.fixed,
        "silenced": entry.silenced,
    }
