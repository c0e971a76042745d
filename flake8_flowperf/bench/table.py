"""What was measured, as tables for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flake8_flowperf import registry
from flake8_flowperf.bench.model import Verdict
from flake8_flowperf.bench.results import Report, Row

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 120
"""Columns of what is not printed to a terminal."""

ROOMY = 100
"""Columns from which on there is room for wider gaps, and for where a verdict comes from."""

_STYLES = {Verdict.PAYS.value: "green", Verdict.DOES_NOT_PAY.value: "red", Verdict.SAFETY.value: "cyan"}


def show(report: Report) -> None:
    """Print all that was measured, and the verdict on each rule."""
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=WIDTH, no_color=True, highlight=False)
    with console.capture() as captured:
        _details(report, console)
        console.print()
        console.print(_rules(report, console))
    for line in captured.get().splitlines():
        print(line.rstrip())
    print(
        f"{report.implementation} {report.python}, {report.cores} cores of {report.processor}, {report.system}, "
        f"{report.date}; medians of {report.rounds} interleaved rounds, the spread is from quartile to quartile."
    )
    print("* the form of the guide, or of the rule's fix; the verdict on a rule is that on it in the first case.")
    for text, codes in _by_reason(report).items():
        print(f"not measured: {', '.join(codes)}: {text}")


def _details(report: Report, console: Console) -> None:
    """A heading for each rule, a line for each case, and below it its forms, all in the same columns."""
    from rich.markup import escape
    from rich.padding import Padding

    console.print(_row(console, ("form", "time", "gain", "spread", "verdict"), style="bold"))
    last: Row | None = None
    for row in report.rows:
        if last is None or last.code != row.code:
            console.print(f"\n[bold]{row.code} {registry.rules()[row.code].name}[/]")
        if last is None or (last.code, last.case, last.size) != (row.code, row.case, row.size):
            case = f"{row.case}, {row.size:,} {row.unit}; {row.before}: {duration(row.before_ns)}"
            console.print(Padding(escape(case), (0, 0, 0, 1)), highlight=False)
        form = f"  {escape(row.form)}{' *' if row.is_guide else ''}"
        spread = f"{times(row.low)[:-1]}-{times(row.high)[:-1]}"
        console.print(_row(console, (form, duration(row.after_ns), times(row.gain), spread, _told(row.verdict))))
        if row.before_peak is not None:
            peaks = f"{memory(row.before_peak)} → {memory(row.after_peak or 0)}"
            console.print(Padding(f"memory at the peak: {peaks}", (0, 0, 0, 4)), highlight=False)
        last = row


def _row(console: Console, cells: tuple[str, ...], style: str = "") -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 3 if console.width >= ROOMY else 1, 0, 0))
    for number, (cell, width) in enumerate(zip(cells, (33, 8, 6, 11, 17), strict=True)):
        right = 0 < number < len(cells) - 1
        table.add_column(cell, width=width, justify="right" if right else "left", overflow="fold", style=style)
    table.add_row(*cells)
    return table


def _rules(report: Report, console: Console) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    is_roomy = console.width >= ROOMY
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("rule", "name", "verdict", "gain"):
        table.add_column(name, no_wrap=True, justify="right" if name == "gain" else "left")
    if is_roomy:
        table.add_column("where", overflow="fold")
    for code, row in report.heads().items():
        where = escape(f"{row.form}: {row.case}, {row.size:,} {row.unit}")
        cells = code, registry.rules()[code].name, _told(row.verdict), times(row.gain)
        table.add_row(*cells, *([where] if is_roomy else []))
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
