"""A progress bar on the terminal, for runs that take longer than a person likes to wait without a word."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")

PATIENCE = 1.0
"""Seconds before the bar appears."""


class Bar:
    """Counts steps, and shows them on standard error once PATIENCE is over, if that is a terminal."""

    def __init__(self, total: int, *, shown: bool, title: str = "flowperf-fix", unit: str = "files") -> None:
        self._total = total
        self._title = title
        self._unit = unit
        self._shown = shown and sys.stderr.isatty()
        self._begun = time.monotonic()
        self._progress: Progress | None = None

    def count(self, steps: Iterable[T]) -> Iterator[T]:
        """Give *steps* through, one after the other."""
        try:
            for number, step in enumerate(steps, 1):
                if self._shown and time.monotonic() - self._begun > PATIENCE:
                    self._show(number)
                yield step
        finally:
            if self._progress is not None:
                self._progress.stop()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Take the bar away for as long as something else is printed."""
        if self._progress is None:
            yield
            return
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def _show(self, number: int) -> None:
        if self._progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = TextColumn(self._title), BarColumn(), MofNCompleteColumn(), TextColumn(self._unit)
            console = Console(stderr=True)
            self._progress = Progress(
                *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            self._progress.add_task("", total=self._total)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=number)
