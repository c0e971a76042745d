"""Finds the cases and runs them."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack

from flake8_flowperf.bench import cases as cases_package
from flake8_flowperf.bench.measure import Effort, race
from flake8_flowperf.bench.model import Case, Forms, Measured, NotHere, Outcome, Skipped


class WrongResult(Exception):
    """Two forms of a case that do not do the same thing: there is nothing to compare."""


@functools.cache
def cases() -> tuple[Case, ...]:
    """All cases in the order of their codes, the main one of each rule first."""
    names = sorted(info.name for info in pkgutil.iter_modules(cases_package.__path__))
    modules = [importlib.import_module(f"{cases_package.__name__}.{name}") for name in names]
    found = [case for module in modules for case in getattr(module, "CASES", ())]
    return tuple(sorted(found, key=lambda case: (case.code, not case.is_main)))


def chosen(codes: Collection[str], *, quick: bool = False) -> list[tuple[Case, int]]:
    """The cases of the rules *codes*, each with its sizes; a quick run takes the smallest one only."""
    sizes = [(case, case.sizes[:1] if quick else case.sizes) for case in cases() if case.code in codes]
    return [(case, size) for case, several in sizes for size in several]


def run(steps: Sequence[tuple[Case, int]], effort: Effort) -> Iterator[Outcome]:
    """Measure *steps*, one after the other, each in a process of its own.

    Raises WrongResult when the forms of a case do not give the same.
    """
    from flake8_flowperf.bench import worker

    for case, size in steps:
        yield worker.measured(case, size, effort)


def outcome(case: Case, size: int, effort: Effort) -> Outcome:
    """Measure *case* at one size in this process."""
    with ExitStack() as stack:
        try:
            forms = case.build(size, stack)
        except NotHere as missing:
            return Skipped(case, size, str(missing))
        compare(case, forms)
        return Measured(case, size, race(forms, effort, memory=case.has_memory, per=case.per))


def compare(case: Case, forms: Forms) -> None:
    """Run each form once; raises WrongResult when one of them gives something else than the first."""
    first, *others = forms
    wanted = forms[first]()
    for name in others:
        if not case.same(wanted, forms[name]()):
            raise WrongResult(f"{case.code}, {case.label}: {name!r} does not give what {first!r} gives")
