"""FLP301, FLP302 and FLP303: traces and caches that grow for ever (guide section 3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import ExitStack
from functools import lru_cache
from typing import Any

from flake8_flowperf.bench.model import Case, Forms, Point

LIMIT = 10_000


def _traces(size: int, _: ExitStack) -> Forms:
    def unbounded() -> list[dict[str, Any]]:
        trace: list[dict[str, Any]] = []
        for number in range(size):
            trace.append({"index": len(trace), "action": "a", "data": number})
        return trace

    def bounded() -> deque[dict[str, Any]]:
        trace: deque[dict[str, Any]] = deque(maxlen=LIMIT)
        counter = 0
        for number in range(size):
            trace.append({"index": counter, "action": "a", "data": number})
            counter += 1  # noqa: SIM113
        return trace

    def trimmed() -> list[dict[str, Any]]:
        trace: list[dict[str, Any]] = []
        for counter in range(size):
            trace.append({"index": counter, "action": "a", "data": counter})
            if len(trace) > 2 * LIMIT:
                del trace[:-LIMIT]
        return trace

    return {"list": unbounded, "deque(maxlen=10000)": bounded, "list trimmed in blocks": trimmed}


def _same_end(first: object, second: object) -> bool:
    assert isinstance(first, Iterable)
    assert isinstance(second, Iterable)
    return list(first)[-1000:] == list(second)[-1000:]


def _indexes(size: int, _: ExitStack) -> Forms:
    def from_len() -> list[int]:
        trace: deque[dict[str, int]] = deque(maxlen=1000)
        for number in range(size):
            trace.append({"index": len(trace), "data": number})
        return [entry["data"] for entry in trace]

    def counted() -> list[int]:
        trace: deque[dict[str, int]] = deque(maxlen=1000)
        counter = 0
        for number in range(size):
            trace.append({"index": counter, "data": number})
            counter += 1  # noqa: SIM113
        return [entry["data"] for entry in trace]

    return {"index from len()": from_len, "index from a counter": counted}


def _found(query: int) -> list[int]:
    return [query, query + 1]


def _caches(size: int, _: ExitStack) -> Forms:
    queries = [number * 7 % size for number in range(size)]

    def unbounded() -> int:
        cache: dict[int, list[int]] = {}
        total = 0
        for query in queries:
            if query not in cache:
                cache[query] = _found(query)
            total += len(cache[query])
        return total

    def bounded() -> int:
        find = lru_cache(maxsize=1024)(_found)
        total = 0
        for query in queries:
            total += len(find(query))
        return total

    return {"dict": unbounded, "lru_cache(maxsize=1024)": bounded}


CASES = (
    Case(
        "FLP301",
        "records of a trace",
        _traces,
        guide="deque(maxlen=10000)",
        sizes=(10_000, 200_000),
        unit="records",
        point=Point.SAFETY,
        is_main=True,
        headline="an append",
        has_memory=True,
        same=_same_end,
        compared="the last 1,000 records are equal",
    ),
    Case(
        "FLP302",
        "records of a bounded trace",
        _indexes,
        guide="index from a counter",
        sizes=(10_000,),
        unit="records",
        point=Point.SAFETY,
        is_main=True,
        headline="an append",
        compared="equal data; the index from len() is wrong once the trace is full",
    ),
    Case(
        "FLP303",
        "queries that do not come again",
        _caches,
        guide="lru_cache(maxsize=1024)",
        sizes=(1000, 100_000),
        unit="queries",
        point=Point.SAFETY,
        is_main=True,
        headline="a query",
        has_memory=True,
    ),
)
