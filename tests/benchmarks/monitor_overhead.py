"""What a silent call of a timed function costs: ``python -m tests.benchmarks.monitor_overhead [--json]``.

An empty function is called bare, timed by the monitor, and timed by the decorator that the guide's section 6 uses,
all interleaved in one process.  Printed is the fastest of the rounds in nanoseconds per call, the bare call taken off,
and the ratio of the guide's to ours.  No test asserts a time: the figures are those of this machine and minute.
"""

from __future__ import annotations

import argparse
import functools
import json
import platform
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from flake8_flowperf.monitor import timing_decorator

ROUNDS, CALLS = 60, 5_000

_lock = threading.Lock()
_stats: dict[str, dict[str, float]] = defaultdict(lambda: {"calls": 0, "total": 0.0, "min": float("inf"), "max": 0.0})


def in_the_guide_s_way(threshold_ms: float) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that does what the guide's does: one lock, one dictionary by function name, times in floats."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            value = function(*args, **kwargs)
            took = (time.perf_counter() - began) * 1000
            with _lock:
                entry = _stats[function.__name__]
                entry["calls"] += 1
                entry["total"] += took
                entry["min"] = min(entry["min"], took)
                entry["max"] = max(entry["max"], took)
            if took >= threshold_ms:
                raise AssertionError("the call was not silent")
            return value

        return wrapper

    return decorate


def empty(value: int) -> int:
    return value


def measure() -> dict[str, float]:
    """Nanoseconds per call: ``bare``, and what ``monitor`` and ``guide`` add to it; ``ratio`` is guide by monitor."""
    forms = {
        "bare": empty,
        "monitor": timing_decorator(threshold_ms=10_000.0)(empty),
        "guide": in_the_guide_s_way(threshold_ms=10_000.0)(empty),
    }
    times: dict[str, list[float]] = {name: [] for name in forms}
    names = list(forms)
    for turn in range(ROUNDS):
        for name in names[turn % 3 :] + names[: turn % 3]:
            function = forms[name]
            start = time.perf_counter_ns()
            for _ in range(CALLS):
                function(1)
            times[name].append((time.perf_counter_ns() - start) / CALLS)
    bare, monitor, guide = (min(times[name]) for name in forms)
    return {"bare": bare, "monitor": monitor - bare, "guide": guide - bare, "ratio": (guide - bare) / (monitor - bare)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    result = measure()
    if parser.parse_args().json:
        print(json.dumps({"python": platform.python_version(), **result}))
        return
    print(f"CPython {platform.python_version()}: an empty call takes {result['bare']:.0f} ns")
    print(f"timed by flake8_flowperf.monitor  +{result['monitor']:.0f} ns")
    print(f"timed in the guide's way          +{result['guide']:.0f} ns")
    print(f"ratio                             {result['ratio']:.2f}")


if __name__ == "__main__":
    main()
