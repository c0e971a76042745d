"""SARIF 2.1.0 (OASIS, https://docs.oasis-open.org/sarif/sarif/v2.1.0/), as code scanning services read it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from flake8_flowperf import __version__, registry
from flake8_flowperf.fixing.results import FileResult
from flake8_flowperf.model import Rule
from flake8_flowperf.reporting import paths, text
from flake8_flowperf.reporting.gitlab import fingerprint

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def document(results: Sequence[FileResult], *, dry: bool) -> str:
    """A log of one run; the places are those of the files as they were read.

    What the run has put right is a "note", what is left a "warning"; files that failed are notifications of the
    invocation, which then was not successful.
    """
    rules = registry.rules()
    numbers = {code: number for number, code in enumerate(rules)}
    driver = {"name": "flowperf-fix", "semanticVersion": __version__, "rules": list(map(_rule, rules.values()))}
    problems = [_notification(result) for result in results if result.problem is not None]
    invocation = {"executionSuccessful": not problems, "toolExecutionNotifications": problems}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": [told for result in results for told in _results(result, numbers, dry)],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(rule: type[Rule[Any]]) -> dict[str, object]:
    documentation = rule.documentation()
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": documentation.partition("\n")[0]},
        "help": {"text": documentation, "markdown": documentation},
        "defaultConfiguration": {"enabled": rule.on_by_default, "level": "warning"},
    }


def _results(result: FileResult, numbers: dict[str, int], dry: bool) -> Iterator[dict[str, object]]:
    path, seen = paths.relative(result.path), Counter[str]()
    for entry in result.found:
        seen[key := f"{entry.code} {entry.message}"] += 1
        yield {
            "ruleId": entry.code,
            "ruleIndex": numbers[entry.code],
            "level": "note" if entry.done and not dry else "warning",
            "message": {"text": f"{entry.message} [{text.verdict(entry, dry=dry)}]"},
            "locations": [_location(result, {"startLine": entry.line, "startColumn": entry.column})],
            "partialFingerprints": {"flowperf/v1": fingerprint(path, f"{key} {seen[key]}")},
            "properties": {
                "safety": entry.safety.value if entry.safety is not None else "none",
                "reason": entry.reason,
                "fixed": entry.fixed and not dry,
                "silenced": bool(entry.silenced) and not dry,
            },
        }


def _notification(result: FileResult) -> dict[str, object]:
    assert result.problem is not None
    region = {"startLine": result.problem.line or 1}
    return {
        "level": "error",
        "message": {"text": result.problem.message},
        "locations": [_location(result, region)],
    }


def _location(result: FileResult, region: dict[str, int]) -> dict[str, object]:
    return {"physicalLocation": {"artifactLocation": {"uri": paths.uri(result.path)}, "region": region}}
