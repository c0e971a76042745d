"""What a run has measured, as rows that are told apart by rule, case, size and form; written as JSON and read again.

``stored()`` is what the command said on the Pythons that the documents speak of.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from importlib.resources import files
from typing import Any

from flake8_flowperf import registry
from flake8_flowperf.bench import machine, measure
from flake8_flowperf.bench.measure import Effort
from flake8_flowperf.bench.model import Measured, Outcome, Point, Verdict
from flake8_flowperf.bench.verdict import verdicts

FORMAT = "flake8_flowperf.bench/1"


@dataclass(frozen=True)
class Row:
    """One form of a case at one size against the form that the rule reports.

    Times are nanoseconds, memory is bytes.  The verdict counts for the rule when *is_guide* (this is the form that the
    guide shows), *is_judged* (this is the realistic size) and *is_main* (this is the case that the rule is known by).
    """

    code: str
    case: str
    size: int
    unit: str
    before: str
    form: str
    point: str
    headline: str
    compared: str
    is_guide: bool
    is_judged: bool
    is_main: bool
    before_ns: float
    after_ns: float
    gain: float
    low: float
    high: float
    before_peak: int | None
    after_peak: int | None
    verdict: str


@dataclass(frozen=True)
class Report:
    """A whole run: when and where, how, what was measured, and what was not (case and reason)."""

    date: str
    python: str
    implementation: str
    processor: str
    cores: int
    system: str
    packages: dict[str, str]
    method: str
    rounds: int
    milliseconds: float
    rows: tuple[Row, ...]
    skipped: tuple[dict[str, str], ...]

    @property
    def version(self) -> str:
        """The Python version without the last part."""
        return self.python.rpartition(".")[0]

    def heads(self) -> dict[str, Row]:
        """The rows with the verdict on each rule, by code; after a quick run maybe not of the realistic size."""
        found: dict[str, Row] = {}
        for row in self.rows:
            if row.is_guide and row.is_main and (row.is_judged or row.code not in found):
                found[row.code] = row
        return found

    def document(self) -> str:
        """The report as JSON."""
        rules = {
            code: {"name": registry.rules()[code].name, "verdict": row.verdict, "gain": row.gain}
            for code, row in self.heads().items()
        }
        return json.dumps({"format": FORMAT, "rules": rules, **asdict(self)}, indent=1, ensure_ascii=False)


def report(outcomes: Iterable[Outcome], effort: Effort) -> Report:
    """What has come of a run."""
    rows: list[Row] = []
    skipped: list[dict[str, str]] = []
    for outcome in outcomes:
        if isinstance(outcome, Measured):
            rows += _rows(outcome)
        else:
            case = outcome.case
            size = f"{outcome.size} {case.unit}"
            skipped.append({"code": case.code, "case": case.label, "size": size, "reason": outcome.reason})
    return Report(
        date=datetime.now(timezone.utc).date().isoformat(),
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        processor=machine.processor(),
        cores=machine.cores(),
        system=machine.system(),
        packages=machine.packages(),
        method=" ".join((measure.__doc__ or "").split()),
        rounds=effort.rounds,
        milliseconds=effort.milliseconds,
        rows=tuple(rows),
        skipped=tuple(skipped),
    )


def _rows(outcome: Measured) -> list[Row]:
    case = outcome.case
    before, *others = outcome.timings
    told = verdicts(outcome)
    return [
        Row(
            code=case.code,
            case=case.label,
            size=outcome.size,
            unit=case.unit,
            before=before.form,
            form=after.form,
            point=case.point.value,
            headline=case.headline,
            compared=case.compared,
            is_guide=after.form == case.guide,
            is_judged=outcome.size == case.judged_at,
            is_main=case.is_main,
            before_ns=round(before.ns, 1),
            after_ns=round(after.ns, 1),
            gain=_rounded(after.gain),
            low=_rounded(after.low),
            high=_rounded(after.high),
            before_peak=before.peak,
            after_peak=after.peak,
            verdict=told[after.form].value,
        )
        for after in others
    ]


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def read(text: str) -> Report:
    """The report that *text* is; raises ValueError when it is something else."""
    data: dict[str, Any] = json.loads(text)
    if data.pop("format", None) != FORMAT:
        raise ValueError(f"not a report of the format {FORMAT}")
    del data["rules"]
    return Report(**{**data, "rows": tuple(Row(**row) for row in data["rows"]), "skipped": tuple(data["skipped"])})


def stored() -> list[Report]:
    """The reports that the documents are made from, oldest Python first."""
    folder = files("flake8_flowperf.bench") / "results"
    found = [read(item.read_text("utf-8")) for item in folder.iterdir() if item.name.endswith(".json")]  # noqa: FLP102
    return sorted(found, key=lambda one: [int(part) for part in one.version.split(".")])


def times(gains: Sequence[float]) -> str:
    """Gains in words: "2.1×", or "0.96-2.1×" from the least to the greatest."""
    least, greatest = number(min(gains)), number(max(gains))
    return f"{least}×" if least == greatest else f"{least}-{greatest}×"


def number(value: float) -> str:
    """*value* with as many digits as mean something: two, and at least one behind the point below ten."""
    if value >= 100:
        return f"{float(f'{value:.2g}'):,.0f}"
    if value >= 10:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 1.95 else f"{value:.2f}" if value >= 0.095 else f"{value:.2g}"


def summary(rows: Sequence[Row]) -> str:
    """What a rule gains, in a few words, from the rows that it is known by, one for each Python."""
    first = rows[0]
    text = f"{times([row.gain for row in rows])} {first.headline}"
    if first.point == Point.SAFETY.value:
        text = f"a {Verdict.SAFETY.value} rule; {text}"
    peaks = [row.after_peak / row.before_peak for row in rows if row.before_peak and row.after_peak is not None]
    if peaks:
        text += f", memory {times(peaks)}"
    return text
