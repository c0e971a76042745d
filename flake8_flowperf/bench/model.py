"""The nouns of the benchmark: cases and their forms, and what was measured of them."""

from __future__ import annotations

import enum
import operator
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeAlias

Form: TypeAlias = Callable[[], object]
Forms: TypeAlias = Mapping[str, Form]
"""The ways to do one thing, by name; the first is the one that the rule reports."""


class Point(enum.Enum):
    """What a rewrite is for."""

    TIME = "time"
    MEMORY = "memory"
    SAFETY = "safety"


class Verdict(enum.Enum):
    """What the measurement says of a rewrite."""

    PAYS = "pays"
    DOES_NOT_PAY = "does not pay here"
    SAFETY = "safety"


class NotHere(Exception):
    """A case that cannot be measured on this machine; the message says what is missing."""


@dataclass(frozen=True)
class Case:
    """One thing that a rule is about, done in several ways.

    *build* makes the forms for one of the *sizes*, counted in *unit*; what it opens is closed by the stack.  *guide* is
    the form that the guide shows, or else the rule's fix writes.  *realistic* is the size at which the case is judged,
    the last one by default.  Of each rule one case is the *main* one: its verdict is the rule's.  *headline* says
    in a few words what it measures.  One run of a form is *per* of what is timed.  All forms must give what the first
    one gives, as told by *same*; *compared* says how that is told where the results are not simply equal.
    """

    code: str
    label: str
    build: Callable[[int, ExitStack], Forms]
    guide: str
    sizes: tuple[int, ...]
    unit: str
    realistic: int | None = None
    point: Point = Point.TIME
    is_main: bool = False
    headline: str = ""
    per: int = 1
    has_memory: bool = False
    same: Callable[[object, object], bool] = operator.eq
    compared: str = "equal results"

    @property
    def judged_at(self) -> int:
        """The size that counts for the verdict."""
        return self.sizes[-1] if self.realistic is None else self.realistic


@dataclass(frozen=True)
class Timing:
    """One form at one size: nanoseconds a run, and how many times as fast as the first form it is.

    *gain* is the median over the rounds, *low* and *high* are the quartiles; *peak* is the memory that a run takes, in
    bytes, where that was asked for.
    """

    form: str
    ns: float
    gain: float
    low: float
    high: float
    peak: int | None = None


@dataclass(frozen=True)
class Measured:
    """What was measured of a case at one size; the first timing is that of the form the rule reports."""

    case: Case
    size: int
    timings: tuple[Timing, ...]


@dataclass(frozen=True)
class Skipped:
    """A case at one size that was not measured, and why."""

    case: Case
    size: int
    reason: str


Outcome: TypeAlias = Measured | Skipped
