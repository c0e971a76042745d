"""flowperf-bench: what it prints and refuses, how it judges, and that the documents say what it has stored.

No test here asserts a time: what is fast is for flowperf-bench to say, on the machine where it is asked.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from flake8_flowperf import registry
from flake8_flowperf.bench import cli, measure, plot, results, server, suite, table, worker
from flake8_flowperf.bench.model import Case, Form, Measured, NotHere, Point, Skipped, Timing, Verdict
from flake8_flowperf.bench.verdict import judge, verdicts
from tests import measured
from tests.support import command, heed_interrupts, unmeasured, wait_for

CASES = suite.cases()
CHEAP = "FLP302", "FLP201"


@pytest.mark.parametrize("code", registry.rules())
def test_every_rule_has_one_main_case(code: str) -> None:
    own = [case for case in CASES if case.code == code]
    assert [case.is_main for case in own] == [True] + [False] * (len(own) - 1)
    assert own[0].headline
    assert len({case.label for case in own}) == len(own)


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.code} {case.label}") for case in CASES])
def test_forms_give_the_same(case: Case) -> None:
    assert case.judged_at in case.sizes
    assert list(case.sizes) == sorted(set(case.sizes))
    with ExitStack() as stack:
        try:
            forms = case.build(case.sizes[0], stack)
        except NotHere as missing:
            pytest.skip(str(missing))
        assert case.guide in list(forms)[1:]
        suite.compare(case, forms)


def test_forms_that_differ_are_not_compared() -> None:
    forms: dict[str, Form] = {"before": lambda: 1, "after": lambda: 2}
    case = Case("FLP999", "numbers", lambda *_: forms, guide="after", sizes=(1,), unit="number")
    with pytest.raises(suite.WrongResult, match="FLP999, numbers: 'after' does not give what 'before' gives"):
        suite.outcome(case, 1, measure.QUICK)
    lenient = replace(case, same=lambda *_: True)
    assert isinstance(suite.outcome(lenient, 1, measure.QUICK), Measured)


def test_a_case_has_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    (case, *_) = (case for case in CASES if case.code == "FLP302")
    monkeypatch.setattr(suite, "outcome", None)  # not here
    (outcome,) = suite.run([(case, case.sizes[0])], measure.QUICK)
    assert isinstance(outcome, Measured)
    assert (outcome.case, outcome.size) == (case, case.sizes[0])
    assert [timing.form for timing in outcome.timings][1:] == ["index from a counter"]


def test_what_a_process_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it tells of a case that is measured, cannot be, or whose forms differ, comes out of the call that asks."""

    def missing(*_: object) -> dict[str, Form]:
        raise NotHere("there is no program 'x'")

    def differing(*_: object) -> dict[str, Form]:
        return {"before": lambda: 1, "after": lambda: 2}

    base = Case("FLP999", "numbers", lambda *_: {}, guide="after", sizes=(1,), unit="number", has_memory=True)
    cases = [
        replace(base, build=lambda *_: {"before": lambda: 1, "after": lambda: 1}),
        replace(base, label="missing", build=missing),
        replace(base, label="differing", build=differing),
    ]
    monkeypatch.setattr(suite, "cases", lambda: tuple(cases))
    monkeypatch.setattr(worker, "_ask", lambda task: json.loads(json.dumps(worker.answer(task))))
    measured_one = worker.measured(cases[0], 1, measure.QUICK)
    assert isinstance(measured_one, Measured)
    assert measured_one.timings[1].peak is not None
    assert worker.measured(cases[1], 1, measure.QUICK) == Skipped(cases[1], 1, "there is no program 'x'")
    with pytest.raises(suite.WrongResult, match="FLP999, differing: 'after' does not give what 'before' gives"):
        worker.measured(cases[2], 1, measure.QUICK)


def test_a_process_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    (case, *_) = (case for case in CASES if case.code == "FLP302")
    monkeypatch.setattr(suite, "chosen", lambda *_, **__: [(replace(case, label="gone"), 1)])
    assert cli.main(["FLP302"]) == 2
    last = capfd.readouterr().err.splitlines()[-1]
    assert last == "flowperf-bench: error: FLP302, gone: the process that measures ended with 1"


def test_what_cannot_be_measured_here_is_told() -> None:
    def build(*_: object) -> dict[str, Form]:
        raise NotHere("there is no program 'x'")

    case = Case("FLP999", "programs", build, guide="after", sizes=(1,), unit="call")
    outcome = suite.outcome(case, 1, measure.QUICK)
    assert outcome == Skipped(case, 1, "there is no program 'x'")
    (skipped,) = results.report([outcome], measure.QUICK).skipped
    assert skipped == {"code": "FLP999", "case": "programs", "size": "1 call", "reason": "there is no program 'x'"}


@pytest.mark.parametrize(
    ("point", "gain", "low", "high", "peaks", "verdict"),
    [
        (Point.TIME, 2.0, 1.9, 2.1, None, Verdict.PAYS),
        (Point.TIME, 1.15, 1.1, 1.2, None, Verdict.PAYS),
        (Point.TIME, 1.14, 1.14, 1.14, None, Verdict.DOES_NOT_PAY),  # less than the margin
        (Point.TIME, 1.5, 1.2, 1.6, None, Verdict.DOES_NOT_PAY),  # within the spread
        (Point.TIME, 2.0, 1.9, 9.9, None, Verdict.PAYS),  # the way up does not count
        (Point.TIME, 0.5, 0.4, 0.6, None, Verdict.DOES_NOT_PAY),
        (Point.TIME, 1.0, 1.0, 1.0, (1000, 1), Verdict.DOES_NOT_PAY),  # memory is not the point
        (Point.MEMORY, 1.0, 0.9, 1.1, (1000, 500), Verdict.PAYS),
        (Point.MEMORY, 1.0, 0.9, 1.1, (1000, 501), Verdict.DOES_NOT_PAY),
        (Point.MEMORY, 2.0, 1.9, 2.1, (1000, 999), Verdict.PAYS),
        (Point.MEMORY, 1.0, 0.9, 1.1, None, Verdict.DOES_NOT_PAY),
        (Point.SAFETY, 9.0, 8.9, 9.1, None, Verdict.SAFETY),
        (Point.SAFETY, 0.1, 0.1, 0.1, None, Verdict.SAFETY),
    ],
)
def test_verdict(
    point: Point, gain: float, low: float, high: float, peaks: tuple[int, int] | None, verdict: Verdict
) -> None:
    before, after = peaks or (None, None)
    old, new = Timing("old", 1.0, 1.0, 1.0, 1.0, before), Timing("new", 1.0, gain, low, high, after)
    assert judge(point, old, new) is verdict
    case = Case("FLP999", "x", lambda *_: {}, guide="new", sizes=(1,), unit="x", point=point)
    assert verdicts(Measured(case, 1, (old, new))) == {"new": verdict}


def test_race() -> None:
    calls = {"before": 0, "after": 0}

    def count(name: str) -> int:
        calls[name] += 1
        return calls[name]

    forms: dict[str, Form] = {name: lambda name=name: count(name) for name in calls}  # type: ignore[misc]
    before, after = measure.race(forms, measure.Effort(rounds=3, milliseconds=0.1), memory=True, per=2)
    assert (before.form, before.gain, before.low, before.high) == ("before", 1.0, 1.0, 1.0)
    assert after.form == "after"
    assert 0 < after.low <= after.gain <= after.high
    assert before.peak is not None
    assert min(calls.values()) >= 3


def test_memory_at_the_peak() -> None:
    forms: dict[str, Form] = {"much": lambda: bytearray(1_000_000) and None, "little": lambda: None}
    much, little = measure.race(forms, measure.Effort(rounds=1, milliseconds=0.1) and measure.QUICK, memory=True)
    assert 1_000_000 <= (much.peak or 0) < 1_010_000
    assert (little.peak or 0) < 10_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2131.4, "2,100"),
        (44.6, "45"),
        (9.96, "10.0"),
        (2.55, "2.5"),
        (1.087, "1.09"),
        (0.2585, "0.26"),
        (0.0075, "0.0075"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert results.number(value) == text


def test_units() -> None:
    assert [table.duration(value) for value in (2e9, 3.21e6, 4e3, 5.5)] == ["2 s", "3.21 ms", "4 µs", "5.5 ns"]
    assert [table.memory(value) for value in (2_000_000, 22_300, 200)] == ["2 MB", "22.3 kB", "0.2 kB"]
    assert [table.times(value) for value in (1234.5, 12.34, 1.234)] == ["1,234×", "12.3×", "1.23×"]


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--quick", "--json", *CHEAP]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    data = json.loads(out)
    assert set(data["rules"]) == set(CHEAP)
    assert data["rules"]["FLP302"] == {
        "name": "trace-index-from-len",
        "verdict": "safety",
        "gain": next(row["gain"] for row in data["rows"] if row["code"] == "FLP302"),
    }
    report = results.read(out)
    assert json.loads(report.document()) == data
    assert (report.version, report.rounds) == ("{}.{}".format(*sys.version_info[:2]), measure.QUICK.rounds)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", report.date)
    assert {row.verdict for row in report.rows} <= {verdict.value for verdict in Verdict}
    assert all(0 < row.low <= row.gain <= row.high for row in report.rows)


def test_reports_of_another_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="not a report"):
        results.read('{"format": "x"}')


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--quick", "flp302", "repeated-computation"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "\x1b" not in out
    lines = "FLP302 trace-index-from-len\n records of a bounded trace, 10,000 records; .*\n  index from a counter \\* .*× .* safety\n"
    assert re.search(lines, out)
    assert re.search(r"FLP201 +repeated-computation ", out)
    assert "medians of 3 interleaved rounds" in out


@pytest.mark.parametrize("width", [80, 99, 120, 200])
def test_table_fits_into_the_terminal(width: int) -> None:
    for report in measured.reports():
        file = io.StringIO()
        console = Console(file=file, width=width)
        table._details(report, console)
        console.print(table._rules(report, console))
        text = file.getvalue()
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text
        assert all(f"  {row.form}" in text for row in report.rows)
        assert all(f"{code} {rule.name}\n" in text for code, rule in registry.rules().items())


def test_what_was_not_measured_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    (report, *_) = measured.reports()
    missing = ({"code": "FLP803", "case": "http", "size": "0 ms", "reason": "requests is not installed"},)
    table.show(replace(report, skipped=missing))
    out = capsys.readouterr().out
    assert "not measured: FLP803 (http): requests is not installed\n" in out
    assert "kB" in out
    assert "deque(maxlen=10000) *" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["FLP888"], r"there is no rule 'FLP888'; did you mean FLP\d+\?"),
        (["deepcopy-in-lop"], "there is no rule 'deepcopy-in-lop'; did you mean deepcopy-in-loop?"),
        (["zzz"], "there is no rule 'zzz'; flowperf-fix --list-rules lists them"),
        ([""], "there is no rule ''; flowperf-fix --list-rules lists them"),
        (["--plot", "x.pdf"], "--plot: 'x.pdf' must end in .png or .svg"),
        (["--plot", "nowhere/x.png"], "--plot: there is no folder 'nowhere'"),
        (["--slow"], "unrecognized arguments: --slow"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    expected = message if "\\d" in message else re.escape(message)
    assert re.fullmatch(f"flowperf-bench: error: {expected}\n", err)


def test_no_matplotlib(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(plot.importlib.util, "find_spec", lambda _: None)
    assert cli.main(["--plot", "x.png"]) == 2
    err = "flowperf-bench: error: --plot needs matplotlib: pip install flake8-flowperf[plot]\n"
    assert capsys.readouterr().err == err


@pytest.mark.parametrize("name", ["gains.png", "gains.svg"])
def test_plot(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib, an extra, is not installed")
    status, out, err = command("flowperf-bench", "--quick", "FLP302", "--plot", name, cwd=tmp_path)
    assert (status, err) == (0, b"")
    assert b"FLP302" in out
    start = (tmp_path / name).read_bytes()[:100]
    assert start.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")


def test_plot_shows_every_rule() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib, an extra, is not installed")
    (report, *_) = measured.reports()
    (axes,) = plot.chart(report).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert [re.findall(r"FLP\d+", label) for label in labels] == [[code] for code in registry.rules()]


def test_wrong_results_are_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*_: object) -> list[object]:
        raise suite.WrongResult("FLP302, x: 'a' does not give what 'b' gives")

    monkeypatch.setattr(suite, "run", run)
    assert cli.main(["FLP302"]) == 2
    assert capsys.readouterr().err == "flowperf-bench: error: FLP302, x: 'a' does not give what 'b' gives\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("code", ["FLP101", "FLP802"])
def test_interrupt(code: str, tmp_path: Path) -> None:
    """It says so in one line, and neither its files nor the process that measures are left."""
    pytest.importorskip("requests", reason="requests is not installed")
    process = subprocess.Popen(
        [sys.executable, "-m", "flake8_flowperf.bench", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**unmeasured(), "TMPDIR": str(tmp_path)},
        preexec_fn=heed_interrupts,
    )
    wait_for(lambda: any(tmp_path.glob("flowperf-bench-*")))
    time.sleep(1)  # into what it measures, on a machine that is quick enough
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)  # which waits for whoever holds the pipes
    assert (process.returncode, out, err) == (130, "", "flowperf-bench: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_server_of_a_benchmark_that_is_gone() -> None:
    """An interrupt while the server starts is told once, by the benchmark."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as nobody:
        run = subprocess.run(
            [sys.executable, "-I", server.__file__],
            stdin=subprocess.DEVNULL,
            stdout=nobody,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert (run.returncode, run.stderr) == (0, b"")


def test_requests_stay_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("requests", reason="requests is not installed")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    (case, *_) = (case for case in CASES if case.code == "FLP803")
    assert isinstance(suite.outcome(case, 0, measure.QUICK), Measured)
    assert os.environ["HTTP_PROXY"] == "http://127.0.0.1:9"


def test_stored_results() -> None:
    assert [report.version for report in measured.reports()] == ["3.10", "3.11", "3.12", "3.13"]
    known = {(case.code, case.label, size, case.unit, case.guide) for case in CASES for size in case.sizes}
    for report in measured.reports():
        assert report.rounds == measure.FULL.rounds
        assert not report.skipped
        assert set(report.heads()) == set(registry.rules())
        assert {(row.code, row.case, row.size, row.unit, row.form) for row in report.rows if row.is_guide} == known
        for row in report.rows:
            timing = Timing(row.form, row.after_ns, row.gain, row.low, row.high, row.after_peak)
            before = Timing(row.before, row.before_ns, 1.0, 1.0, 1.0, row.before_peak)
            assert judge(Point(row.point), before, timing).value == row.verdict


@pytest.mark.parametrize("code", registry.rules())
def test_rules_are_in_step_with_the_stored_results(code: str) -> None:
    text = measured.rule_file(code).read_text("utf-8")
    assert measured.updated_rule(code, text) == text, "run python -m tests.docs"
    assert registry.rules()[code].gain == measured.gain(code)
    assert max(len(line) for line in text.splitlines() if not line.startswith("    | ")) <= 120
