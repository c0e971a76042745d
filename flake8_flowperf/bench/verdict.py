"""Judges what was measured.

- A rewrite that is for *time* pays when it gains at least MARGIN, and more than its spread: gain - 1 is not less than
  0.15, and greater than twice the distance from the median of the rounds down to their lower quartile.  (The way up
  does not count: a round in which something else slowed the old form down says nothing against the new one.)  On the
  machine of the stored results forms that do the same differ by up to the margin from run to run, so
  that less is no difference.
- A rewrite that is for *memory* pays when the peak is at most 1 / MEMORY_FACTOR of what it was, or when it gains time.
- A rewrite that is for *safety* (a process that cannot hang, a shell that cannot be tricked, a list that cannot grow
  for ever) is judged by that; what it gains or costs is told beside.

A form is judged at each size by itself.  The verdict on a case is the one on the form that the guide shows, at the
size that the case calls realistic; the verdict on a rule is the one on its main case.
"""

from __future__ import annotations

from flake8_flowperf.bench.model import Measured, Point, Timing, Verdict

MARGIN = 0.15
"""The least gain that is one."""

MEMORY_FACTOR = 2.0
"""How many times smaller the peak must be."""


def judge(point: Point, before: Timing, after: Timing) -> Verdict:
    """The verdict on the form *after* of something that is done for *point*."""
    if point is Point.SAFETY:
        return Verdict.SAFETY
    if gains_time(after) or (point is Point.MEMORY and saves_memory(before, after)):
        return Verdict.PAYS
    return Verdict.DOES_NOT_PAY


def gains_time(after: Timing) -> bool:
    """Whether a form is faster by more than chance."""
    return after.gain >= 1 + MARGIN and 2 * after.low > 1 + after.gain  # that is, gain - 1 > 2 * (gain - low)


def saves_memory(before: Timing, after: Timing) -> bool:
    """Whether a form takes so much less memory that it matters."""
    return before.peak is not None and after.peak is not None and before.peak >= MEMORY_FACTOR * after.peak


def verdicts(measured: Measured) -> dict[str, Verdict]:
    """The verdict on each form but the first."""
    before, *others = measured.timings
    return {after.form: judge(measured.case.point, before, after) for after in others}
