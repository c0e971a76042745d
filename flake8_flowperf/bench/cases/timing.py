"""FLP601: what a timing decorator costs (guide section 6)."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from flake8_flowperf.bench.model import Case, Forms
from flake8_flowperf.monitor import timing_decorator

CALLS = 200

_lock = threading.Lock()
_stats: defaultdict[str, dict[str, float]] = defaultdict(
    lambda: {"count": 0, "total_time": 0.0, "min_time": float("inf"), "max_time": 0.0}
)


def _guide_decorator(function: Callable[[int], int], threshold_ms: float = 1e9) -> Callable[[int], int]:
    """The decorator that the guide's repository has, with a threshold that nothing reaches."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> int:
        start = time.perf_counter()
        result = function(*args, **kwargs)
        elapsed_ms = (time.perf_counter() - start) * 1000
        with _lock:
            stats = _stats[function.__name__]
            stats["count"] += 1
            stats["total_time"] += elapsed_ms
            stats["min_time"] = min(stats["min_time"], elapsed_ms)
            stats["max_time"] = max(stats["max_time"], elapsed_ms)
        if elapsed_ms >= threshold_ms:
            logging.getLogger(function.__module__).info("%s took %.2fms", function.__name__, elapsed_ms)
        return result

    return wrapper


def _calls(turns: int, _: ExitStack) -> Forms:
    def work(number: int) -> int:
        total = number
        for turn in range(turns):
            total += turn * turn
        return total

    def times(function: Callable[[int], int]) -> int:
        total = 0
        for number in range(CALLS):
            total += function(number)
        return total

    return {
        "not timed": functools.partial(times, work),
        "the monitor's decorator": functools.partial(times, timing_decorator(threshold_ms=1e9)(work)),
        "the guide's decorator": functools.partial(times, _guide_decorator(work)),
    }


CASES = (
    Case(
        "FLP601",
        "a silent call",
        _calls,
        guide="the monitor's decorator",
        sizes=(0, 10, 1000),
        unit="turns in the function",
        realistic=0,
        is_main=True,
        headline="for an empty function: it costs",
        per=CALLS,
    ),
)
