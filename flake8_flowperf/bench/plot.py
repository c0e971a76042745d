"""A bar chart of the gains by rule; matplotlib, an extra, is imported when it is drawn only."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from flake8_flowperf import registry
from flake8_flowperf.bench.model import Verdict
from flake8_flowperf.bench.results import Report, Row, number
from flake8_flowperf.bench.table import times
from flake8_flowperf.config import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")

_COLOURS = {Verdict.PAYS.value: "#2a9d57", Verdict.DOES_NOT_PAY.value: "#c8452f", Verdict.SAFETY.value: "#3b7dd8"}
_OTHERS = "#b9bec4"
_LEAST = 0.005


def check(path: Path) -> None:
    """Raise ConfigError, before anything is measured, when no chart can be written to *path*."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"--plot: {path.name!r} must end in {' or '.join(SUFFIXES)}")
    if importlib.util.find_spec("matplotlib") is None:
        raise ConfigError("--plot needs matplotlib: pip install flake8-flowperf[plot]")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"--plot: there is no folder {str(path.parent)!r}")


def draw(report: Report, path: Path) -> None:
    """Write the chart of *report* to *path*."""
    chart(report).savefig(path, dpi=150, bbox_inches="tight", metadata={"Date": None} if path.suffix == ".svg" else {})


def chart(report: Report) -> Figure:
    """For each rule the forms of its main case: the guide's in the colour of its verdict, others in grey."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
    from matplotlib.ticker import FuncFormatter, NullLocator

    heads = report.heads()
    bars: list[tuple[float, Row]] = []
    ticks: list[float] = []
    place = 0.0
    for head in heads.values():
        forms = [row for row in report.rows if (row.code, row.case, row.size) == (head.code, head.case, head.size)]
        forms.sort(key=lambda row: not row.is_guide)
        ticks.append(place + (len(forms) - 1) / 2)
        for row in forms:
            bars.append((place, row))
            place += 1
        place += 0.7
    figure = Figure(figsize=(11, 1.6 + 0.27 * place))
    axes = figure.add_subplot()
    for position, row in bars:
        gain = max(row.gain, _LEAST)
        colour = _COLOURS[row.verdict] if row.is_guide else _OTHERS
        axes.barh(position, gain - 1, left=1, height=0.82, color=colour, zorder=2)
        axes.plot([max(row.low, _LEAST), max(row.high, _LEAST)], [position] * 2, color="#333333", linewidth=1, zorder=3)
        end = max(1.0, row.high)
        note = f"{times(row.gain)}  {row.form}"
        if row.before_peak and row.after_peak is not None:
            note += f", memory {number(row.after_peak / row.before_peak)}×"
        axes.annotate(
            note, (end, position), (5, 0), textcoords="offset points", va="center", fontsize=7.5, color="#222222"
        )
    gains = [row.high for _, row in bars] or [1.0]
    axes.set_xscale("log")
    axes.set_xlim(max(_LEAST, min([0.8, *(row.low for _, row in bars)]) / 1.3), max(2.0, *gains) * 12)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}×"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.axvline(1, color="#333333", linewidth=1, zorder=3)
    axes.grid(axis="x", color="#e4e6e8", zorder=0)
    labels = [
        f"{registry.rules()[code].name}  {code}\n{head.case}, {head.size:,} {head.unit}" for code, head in heads.items()
    ]
    axes.set_yticks(ticks, labels, fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(place - 0.5, -1)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel("times as fast as what the rule reports; the dark line goes from quartile to quartile", fontsize=8)
    axes.set_title(
        f"flowperf-bench, {report.implementation} {report.python}, {report.date}\n"
        f"{report.cores} cores of {report.processor}, {report.system}",
        fontsize=9,
        loc="left",
    )
    keys = [Patch(color=colour, label=verdict) for verdict, colour in _COLOURS.items()]
    keys.append(Patch(color=_OTHERS, label="another form"))
    axes.legend(handles=keys, fontsize=8, loc="lower right", framealpha=1)
    return figure
