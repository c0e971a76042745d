"""FLP201 and FLP202: the same work done again, and checksums of JSON (guide section 2)."""

# what the rules report is what is measured here
# flake8: noqa: FLP201, FLP202

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import lru_cache, partial
from itertools import chain, cycle
from typing import Any

from flake8_flowperf.bench.model import Case, Forms


def _compiled(size: int, _: ExitStack) -> Forms:
    lines = [f"abc {number}-foo bar" for number in range(size)]

    def in_loop() -> int:
        found = 0
        for line in lines:
            pattern = re.compile(r"(\d+)-(\w+)")
            if pattern.search(line):
                found += 1
        return found

    def once() -> int:
        found = 0
        pattern = re.compile(r"(\d+)-(\w+)")
        for line in lines:
            if pattern.search(line):
                found += 1
        return found

    return {"re.compile in the loop": in_loop, "re.compile before it": once}


def _digests(size: int, _: ExitStack) -> Forms:
    settings = {"records": [_record(number) for number in range(80)]}

    def in_loop() -> list[str]:
        names = []
        for worker in range(size):
            digest = hashlib.sha256(json.dumps(settings).encode()).hexdigest()
            names.append(f"{digest}-{worker}")
        return names

    def once() -> list[str]:
        names = []
        digest = hashlib.sha256(json.dumps(settings).encode()).hexdigest()
        for worker in range(size):
            names.append(f"{digest}-{worker}")  # noqa: PERF401
        return names

    return {"a digest in each turn": in_loop, "one digest before the loop": once}


def _record(number: int) -> dict[str, Any]:
    chance = random.Random(number)
    position = {"x": chance.random(), "y": chance.random()}
    return {"id": number, "name": f"item {number}", "tags": ["a", f"t{number % 7}"], "pos": position, "ok": True}


def _plain(data: Any) -> str:
    text = json.dumps(data, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _make_hashable(obj: Any) -> Any:
    if isinstance(obj, dict):
        return tuple(sorted((key, _make_hashable(value)) for key, value in obj.items()))
    if isinstance(obj, list):
        return tuple(_make_hashable(item) for item in obj)
    return obj


@lru_cache(maxsize=256)
def _cached_checksum(hashable: Any) -> str:
    text = json.dumps(hashable, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _guide(data: Any) -> str:
    try:
        return _cached_checksum(_make_hashable(data))
    except TypeError:
        return _plain(data)


@lru_cache(maxsize=256)
def _digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _by_text(data: Any) -> str:
    return _digest_of(json.dumps(data, sort_keys=True))


class _Document:
    """An owner that keeps the digest of its data."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self._digest: str | None = None

    def checksum(self) -> str:
        if self._digest is None:
            self._digest = _plain(self.data)
        return self._digest


def _checksums(data: list[Any], *, kept: bool) -> Forms:
    """The forms for *data*; where they come again, they are equal, but read anew and no longer the same objects."""
    text = json.dumps(data)
    others = [json.loads(text) for _ in range(3)] if kept else [data]

    def of_all(checksum: Callable[[Any], str], turns: Iterator[list[Any]]) -> list[str]:
        return [checksum(item) for item in next(turns)]

    forms = {
        name: partial(of_all, checksum, chain([data], cycle(others)))
        for name, checksum in (
            ("json and sha256 each time", _plain),
            ("lru_cache over _make_hashable", _guide),
            ("lru_cache by the text", _by_text),
        )
    }
    documents = [_Document(item) for item in data]
    return {**forms, "kept with its owner": lambda: [item.checksum() for item in documents]} if kept else forms


def _data(records: int, number: int) -> dict[str, Any]:
    return {"v": number, "items": [_record(index) for index in range(records)]}


def _again(records: int, _: ExitStack) -> Forms:
    _cached_checksum.cache_clear()
    return _checksums([_data(records, number) for number in range(4)], kept=True)


def _never_again(records: int, _: ExitStack) -> Forms:
    _cached_checksum.cache_clear()
    return _checksums([_data(records, number) for number in range(300)], kept=False)


def _giant(kilobytes: int, _: ExitStack) -> Forms:
    _cached_checksum.cache_clear()
    return _checksums([{"v": 1, "text": "lorem ipsum " * (kilobytes * 1000 // 12)}], kept=True)


def _are_digests(first: object, second: object) -> bool:
    """Whether there is one SHA-256 for each: those of the guide's form differ from the others for any dict."""
    assert isinstance(first, list)
    assert isinstance(second, list)
    return [len(item) for item in first] == [len(item) for item in second]


def _case(
    label: str, build: Callable[[int, ExitStack], Forms], sizes: tuple[int, ...], unit: str, *, is_main: bool = False
) -> Case:
    return Case(
        "FLP202",
        label,
        build,
        guide="lru_cache over _make_hashable",
        sizes=sizes,
        unit=unit,
        is_main=is_main,
        headline="when all data come again",
        same=_are_digests,
        compared="as many digests; the guide's form gives other ones than json and sha256",
    )


CASES = (
    Case(
        "FLP201",
        "re.compile of a constant",
        _compiled,
        guide="re.compile before it",
        sizes=(10, 1000),
        unit="lines",
        is_main=True,
        headline="for `re.compile` a line",
    ),
    Case(
        "FLP201",
        "digest of 9 kB of JSON",
        _digests,
        guide="one digest before the loop",
        sizes=(10,),
        unit="turns",
    ),
    _case("the same data again", _again, (1, 80), "records", is_main=True),
    _case("data that never come again", _never_again, (1, 20), "records"),
    _case("one giant string again", _giant, (1000,), "kB"),
)
