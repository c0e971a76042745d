"""FLP401, FLP402 and FLP403: deep copies (guide sections 3 and 4)."""

# what the rules report is what is measured here
# flake8: noqa: FLP402

from __future__ import annotations

import copy
import json
import pickle
import random
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

from flake8_flowperf.bench.model import Case, Forms


def _snapshots(state: dict[str, Any]) -> Forms:
    return {
        "deepcopy of each": lambda: {name: copy.deepcopy(value) for name, value in state.items()},
        "json": lambda: json.loads(json.dumps(state, ensure_ascii=False)),
        "pickle": lambda: pickle.loads(pickle.dumps(state, protocol=pickle.HIGHEST_PROTOCOL)),
        "single deepcopy": lambda: copy.deepcopy(state),
    }


def _trees(size: int, _: ExitStack) -> Forms:
    chance = random.Random(5)
    memory = [
        {"index": number, "action": f"act{number % 9}", "data": {"k": f"v{number}", "n": [1, 2], "f": chance.random()}}
        for number in range(size)
    ]
    registry = {
        f"e{number}": {"content": f"text {number}", "meta": {"a": 1, "b": [number, number + 1]}}
        for number in range(size)
    }
    points = {f"p{number}": number for number in range(size)}
    tools = {f"t{number}": {"f": "x", "m": "y"} for number in range(size)}
    return _snapshots({"memory": memory, "registry": registry, "points": points, "tools": tools})


def _floats(size: int, _: ExitStack) -> Forms:
    chance = random.Random(6)
    return _snapshots({name: [chance.random() for _ in range(size // 2)] for name in ("x", "y")})


def _strings(size: int, _: ExitStack) -> Forms:
    lines = [f"y{number}" + "z" * 10_000 for number in range(size)]
    return _snapshots({"names": lines[: size // 2], "texts": lines[size // 2 :]})


def _small(_: int, __: ExitStack) -> Forms:
    return _snapshots({"a": 1, "b": "x", "c": 2.0})


CONFIG = {"a": {"x": 1, "y": [1, 2]}, "b": "s"}


def _invariant(size: int, _: ExitStack) -> Forms:
    def in_loop() -> list[int]:
        found = []
        for number in range(size):
            settings: Any = copy.deepcopy(CONFIG)
            found.append(settings["a"]["x"] + number)
        return found

    def once() -> list[int]:
        found = []
        settings: Any = copy.deepcopy(CONFIG)
        for number in range(size):
            found.append(settings["a"]["x"] + number)  # noqa: PERF401
        return found

    return {"deepcopy in each turn": in_loop, "one copy before the loop": once}


def _items(size: int, _: ExitStack) -> Forms:
    jobs = [{"open": True, "number": number, "tags": ["a", "b"]} for number in range(size)]
    return {
        "deepcopy of each item": lambda: [copy.deepcopy(job) for job in jobs if job["open"]],
        "one deepcopy of the list": lambda: copy.deepcopy([job for job in jobs if job["open"]]),
    }


def _one_level(size: int, _: ExitStack) -> Forms:
    numbers = {str(number): number for number in range(size)}
    return {"deepcopy": lambda: copy.deepcopy(numbers), "dict()": lambda: dict(numbers)}


def _text(size: int, _: ExitStack) -> Forms:
    names = [f"name {number}" for number in range(size)]
    return {"deepcopy of a str": lambda: [copy.deepcopy(name) for name in names], "the str": lambda: list(names)}


DATA = {"k": list(range(20)), "s": {"a": 1, "b": [1, 2]}}


def _trace(size: int, _: ExitStack) -> Forms:
    def copied() -> list[dict[str, Any]]:
        trace = []
        for _ in range(size):
            trace.append({"action": "a", "data": copy.deepcopy(DATA)})  # noqa: PERF401
        return trace

    def referred() -> list[dict[str, Any]]:
        trace = []
        for _ in range(size):
            trace.append({"action": "a", "data": DATA})  # noqa: PERF401
        return trace

    def shallow() -> list[dict[str, Any]]:
        trace = []
        for _ in range(size):
            trace.append({"action": "a", "data": dict(DATA)})  # noqa: PERF401
        return trace

    return {"deepcopy(data)": copied, "data": referred, "dict(data)": shallow}


def _cases(rows: Iterable[tuple[str, Any, tuple[int, ...], str]]) -> Iterable[Case]:
    for number, (label, build, sizes, unit) in enumerate(rows):
        yield Case(
            "FLP401",
            label,
            build,
            guide="json",
            sizes=sizes,
            unit=unit,
            realistic=sizes[0],
            is_main=number == 0,
            headline="with json for trees of dicts and lists",
        )


CASES = (
    *_cases(
        [
            ("trees of dicts and lists", _trees, (100, 3000), "entries"),
            ("lists of floats", _floats, (10_000,), "numbers"),
            ("long strings", _strings, (100,), "strings of 10 kB"),
            ("a small dict", _small, (3,), "keys"),
        ]
    ),
    Case(
        "FLP402",
        "a copy that is the same in each turn",
        _invariant,
        guide="one copy before the loop",
        sizes=(10, 100),
        unit="turns",
        is_main=True,
        headline="for a copy that no turn changes",
    ),
    Case("FLP402", "a copy of each item", _items, guide="one deepcopy of the list", sizes=(10, 1000), unit="items"),
    Case("FLP402", "a copy of one level", _one_level, guide="dict()", sizes=(10, 1000), unit="numbers"),
    Case("FLP402", "a copy of a str", _text, guide="the str", sizes=(100,), unit="strings"),
    Case(
        "FLP403",
        "appends to a trace",
        _trace,
        guide="data",
        sizes=(10, 1000),
        unit="appends",
        is_main=True,
        headline="an append",
    ),
)
