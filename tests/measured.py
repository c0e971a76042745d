"""The measured parts of the documents, made from the stored results of ``flowperf-bench``.

Nothing of them is edited by hand: the tables, the last paragraph of each rule's Evidence, and its ``gain``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

import flake8_flowperf
from flake8_flowperf import registry
from flake8_flowperf.bench import results
from flake8_flowperf.bench.model import Verdict
from flake8_flowperf.bench.results import Report, Row

RULES = Path(flake8_flowperf.__file__).parent / "rules"
START = "`flowperf-bench`, times as fast as before"
MISSING = "-"


@cache
def reports() -> tuple[Report, ...]:
    """The stored results, oldest Python first."""
    return tuple(results.stored())


@cache
def lines() -> MappingProxyType[tuple[str, str, int, str], dict[str, Row]]:
    """Rows of all Pythons that belong together: by rule, case, size and form, then by Python."""
    found: dict[tuple[str, str, int, str], dict[str, Row]] = {}
    for report in reports():
        for row in report.rows:
            found.setdefault((row.code, row.case, row.size, row.form), {})[report.version] = row
    return MappingProxyType(found)


def verdict(rows: dict[str, Row]) -> str:
    """The verdict, and on which Pythons it holds if not on all."""
    told = {version: row.verdict for version, row in rows.items()}
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    paying = [version for version, text in told.items() if text == Verdict.PAYS.value]
    return f"pays on {', '.join(paying)}"


def table(rows: Sequence[dict[str, Row]], *, with_code: bool) -> list[str]:
    """A table with a column for each Python; memory, where it was measured, has a line of its own."""
    versions = [report.version for report in reports()]
    names = [*(["rule"] if with_code else []), "case", "form", *versions, "verdict"]
    text = [f"| {' | '.join(names)} |", "|" + " --- |" * len(names)]
    for by_version in rows:
        row = next(iter(by_version.values()))
        form = f"**{row.form}**" if row.is_guide else row.form
        code = [row.code] if with_code else []
        case = f"{row.case}, {row.size:,} {row.unit}"
        gains = [results.number(by_version[name].gain) if name in by_version else MISSING for name in versions]
        text.append(f"| {' | '.join([*code, case, form, *gains, verdict(by_version)])} |")
        if row.before_peak is not None:
            peaks = [peak(by_version[name]) if name in by_version else MISSING for name in versions]
            text.append(f"| {' | '.join([*code, 'its memory at the peak', form, *peaks, ''])} |")
    return text


def peak(row: Row) -> str:
    """How many times the memory it takes."""
    assert row.before_peak is not None
    assert row.after_peak is not None
    return f"{results.number(row.after_peak / row.before_peak)} of it"


def method() -> str:
    """Where, when and how the stored results were made."""
    first = reports()[0]
    pythons = ", ".join(report.python for report in reports())
    dates = sorted({report.date for report in reports()})
    packages = ", ".join(f"{name} {version}" for name, version in sorted(first.packages.items()))
    return (
        f"Made on {' to '.join(dict.fromkeys((dates[0], dates[-1])))} by `flowperf-bench --json` with "
        f"{first.implementation} {pythons} and {packages}, on {first.cores} cores of {first.processor}, "
        f"{first.system}; medians of {first.rounds} interleaved rounds. More than 1 is faster, and the form of the "
        "guide, or else of the fix, is in bold."
    )


def readme_table() -> str:
    """How it was measured, and all cases at the size at which they are judged."""
    rows = [rows for rows in lines().values() if next(iter(rows.values())).is_judged]
    return "\n".join([method(), "", *table(rows, with_code=True)])


def evidence(code: str) -> str:
    """What was measured of a rule, at all sizes."""
    rows = [rows for key, rows in lines().items() if key[0] == code]
    dates = sorted({report.date for report in reports()})
    start = f"{START} on {reports()[0].implementation} {', '.join(report.version for report in reports())}"
    when = f"({' to '.join(dict.fromkeys((dates[0], dates[-1])))};"
    return "\n".join(
        [f"{start} {when}", "README, Measured, has machine and method):", "", *table(rows, with_code=False)]
    )


def gain(code: str) -> str:
    """What a rule gains in a few words."""
    return results.summary([report.heads()[code] for report in reports()])


def rule_file(code: str) -> Path:
    """The module of a rule."""
    (path,) = RULES.glob(f"{code.lower()}_*.py")
    return path


def updated_rule(code: str, text: str) -> str:
    """The module *text* of a rule with its measured parts made anew."""
    head, heading, rest = text.partition("\n    ## Evidence\n")
    prose, options, tail = rest.partition("\n    ## Options\n")
    assert heading
    assert options
    prose = prose.partition(f"    {START}")[0].strip()
    block = "".join(f"    {line}\n" if line else "\n" for line in evidence(code).splitlines())
    text = f"{head}{heading}{'    ' + prose + chr(10) + chr(10) if prose else ''}{block}{options}{tail}"
    text, count = re.subn(r'^    gain = ".*"$', lambda _: f'    gain = "{gain(code)}"', text, flags=re.MULTILINE)
    assert count == 1, f"{code} has no gain"
    return text


def write() -> None:
    """Bring all rules up to date that were measured; a new one is not yet."""
    for code in registry.rules():
        if all(code in report.heads() for report in reports()):
            path = rule_file(code)
            path.write_text(updated_rule(code, path.read_text("utf-8")), "utf-8")
