"""Times forms against each other.

The forms of a case run interleaved in one process, which is the case's own, in an order that rotates from round to
round, so that whatever else the machine does meets all of them alike.  Each round gives one ratio for each form (time
of the first form by its own); the gain is the median of these ratios and its spread the distance between their
quartiles.  How often a form is run in a round is found beforehand, so that a round takes about the same time for each.
The garbage collector stays on, as in the programs that the rules are about, and collects once before the rounds.
Memory is what tracemalloc sees at its peak in one run, above what was there before it.
"""

from __future__ import annotations

import gc
import statistics
import tracemalloc
from dataclasses import dataclass
from time import perf_counter_ns

from flake8_flowperf.bench.model import Form, Forms, Timing


@dataclass(frozen=True)
class Effort:
    """How long is measured: the number of rounds, and milliseconds for each form in a round."""

    rounds: int
    milliseconds: float


FULL = Effort(rounds=9, milliseconds=20)
QUICK = Effort(rounds=3, milliseconds=2)


def race(forms: Forms, effort: Effort, *, memory: bool = False, per: int = 1) -> tuple[Timing, ...]:
    """Time all *forms*, each run of which is *per* of what is timed; with *memory*, also see how much each takes."""
    names = list(forms)
    repeats = {name: _repeats(form, effort.milliseconds * 1e6) for name, form in forms.items()}
    times: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    for number in range(effort.rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            times[name].append(_run(forms[name], repeats[name]) / repeats[name] / per)
    peaks = {name: _peak(form) if memory else None for name, form in forms.items()}
    return tuple(_timing(name, times[names[0]], times[name], peaks[name]) for name in names)


def _timing(name: str, before: list[float], after: list[float], peak: int | None) -> Timing:
    ratios = [old / new for old, new in zip(before, after, strict=True)]
    low, gain, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return Timing(name, statistics.median(after), gain, low, high, peak)


def _run(form: Form, times: int) -> int:
    turns = range(times)
    begun = perf_counter_ns()
    for _ in turns:
        form()
    return max(1, perf_counter_ns() - begun)


def _repeats(form: Form, target: float) -> int:
    """How often *form* must run to take *target* nanoseconds."""
    times = 1
    while (taken := _run(form, times)) < target / 5:
        times *= 4
    return max(1, int(times * target / taken))


def _peak(form: Form) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        form()
        return max(0, tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
