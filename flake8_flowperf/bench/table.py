"""What was measured, as tables for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flake8_flowperf import registry
from flake8_flowperf.bench.model import Verdict
from flake8_flowperf.bench.results import Report, Row

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 190
"""Columns of what is not printed to a terminal."""

_STYLES = {Verdict.PAYS.value: "green", Verdict.DOES_NOT_PAY.value: "red", Verdict.SAFETY.value: "cyan"}


def show(report: Report) -> None:
    """Print all that was measured, and the verdict on each rule."""
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=WIDTH, no_color=True, highlight=False)
    with console.capture() as captured:
        console.print(_details(report))
        console.print(_rules(report))
    for line in captured.get().splitlines():
        print(line.rstrip())
    print(
        f"{report.implementation} {report.python}, {report.cores} cores of {report.processor}, {report.system}, "
        f"{report.date}; medians of {report.rounds} interleaved rounds, the spread is from quartile to quartile."
    )
    print("* the form of the guide, or of the rule's fix; the verdict on a rule is that on it in the first case.")
    for text, codes in _by_reason(report).items():
        print(f"not measured: {', '.join(codes)}: {text}")


def _details(report: Report) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("rule", "case", "form"):
        table.add_column(name, overflow="fold", no_wrap=name == "rule")
    for name in ("before", "after", "gain", "spread", "peak memory"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    last: Row | None = None
    for row in report.rows:
        if last is not None and last.code != row.code:
            table.add_section()
        is_new = last is None or (last.code, last.case, last.size) != (row.code, row.case, row.size)
        table.add_row(
            row.code if last is None or last.code != row.code else "",
            f"{row.case}, {row.size:,} {row.unit}" if is_new else "",
            f"{row.form}{' *' if row.is_guide else ''}",
            duration(row.before_ns),
            duration(row.after_ns),
            times(row.gain),
            f"{times(row.low)}-{times(row.high)}",
            "" if row.before_peak is None else f"{memory(row.before_peak)} → {memory(row.after_peak or 0)}",
            _told(row.verdict),
        )
        last = row
    return table


def _rules(report: Report) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("rule", "name", "verdict", "gain"):
        table.add_column(name, no_wrap=True, justify="right" if name == "gain" else "left")
    table.add_column("where", overflow="fold")
    for code, row in report.heads().items():
        where = f"{row.form}: {row.case}, {row.size:,} {row.unit}"
        table.add_row(code, registry.rules()[code].name, _told(row.verdict), times(row.gain), where)
    return table


def _told(verdict: str) -> str:
    return f"[{_STYLES[verdict]}]{verdict}[/]"


def _by_reason(report: Report) -> dict[str, Iterable[str]]:
    found: dict[str, dict[str, None]] = {}
    for item in report.skipped:
        found.setdefault(item["reason"], {})[f"{item['code']} ({item['case']})"] = None
    return {reason: list(names) for reason, names in found.items()}


def times(ratio: float) -> str:
    """A ratio with three digits."""
    return f"{ratio:,.0f}×" if ratio >= 100 else f"{ratio:.1f}×" if ratio >= 10 else f"{ratio:.2f}×"


def duration(ns: float) -> str:
    """A time in the unit that fits."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def memory(size: int) -> str:
    """A number of bytes in the unit that fits."""
    return f"{size / 1e6:.3g} MB" if size >= 1e5 else f"{size / 1e3:.3g} kB"
