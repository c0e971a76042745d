"""FLP901 and FLP902: lists that are made for one pass (guide section 9)."""

# what the rules report is what is measured here
# flake8: noqa: FLP102, FLP901, FLP902

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from flake8_flowperf.bench.cases.files import folder, texts
from flake8_flowperf.bench.model import Case, Forms, Point


def _lines(size: int, stack: ExitStack) -> Path:
    path = folder(stack) / "lines.txt"
    path.write_text("some line of text\n" * size, encoding="utf-8")
    return path


def _readlines(size: int, stack: ExitStack) -> Forms:
    path = _lines(size, stack)

    def loaded() -> int:
        total = 0
        with open(path, encoding="utf-8") as file:
            for line in file.readlines():
                total += len(line)
        return total

    def iterated() -> int:
        total = 0
        with open(path, encoding="utf-8") as file:
            for line in file:
                total += len(line)
        return total

    return {"for line in f.readlines()": loaded, "for line in f": iterated}


def _list_in_for(size: int, _: ExitStack) -> Forms:
    numbers = dict.fromkeys(range(size))

    def listed() -> int:
        total = 0
        for number in list(numbers.keys()):
            total += number
        return total

    def direct() -> int:
        total = 0
        for number in numbers:
            total += number
        return total

    return {"for x in list(d.keys())": listed, "for x in d": direct}


def _list_in_sorted(size: int, _: ExitStack) -> Forms:
    numbers = {number * 7919 % size for number in range(size)}
    return {"sorted(list(x))": lambda: sorted(list(numbers)), "sorted(x)": lambda: sorted(numbers)}  # noqa: C414


def _contents(kilobytes: int, stack: ExitStack) -> Forms:
    root = folder(stack)
    texts(root, {1: 1000, 20: 1000, 1000: 60}[kilobytes], kilobytes)

    def loaded() -> int:
        files = list(root.rglob("*.txt"))
        contents = [path.read_text(encoding="utf-8") for path in files]
        total = 0
        for content in contents:
            total += len(content)
        return total

    def generated() -> int:
        files = root.rglob("*.txt")
        contents = (path.read_text(encoding="utf-8") for path in files)
        total = 0
        for content in contents:
            total += len(content)
        return total

    def file_generator() -> Iterator[tuple[Path, str]]:
        for path in root.rglob("*.txt"):
            try:
                yield path, path.read_text(encoding="utf-8")
            except Exception:  # noqa: PERF203
                continue

    def from_function() -> int:
        total = 0
        for _, content in file_generator():
            total += len(content)
        return total

    return {"list of contents": loaded, "generator expression": generated, "generator function": from_function}


def _splitlines(size: int, stack: ExitStack) -> Forms:
    path = _lines(size, stack)

    def loaded() -> int:
        total = 0
        with open(path, encoding="utf-8") as file:
            for line in file.read().splitlines():
                total += len(line)
        return total

    def iterated() -> int:
        total = 0
        with open(path, encoding="utf-8") as file:
            for line in file:
                line = line.rstrip("\n")
                total += len(line)
        return total

    return {"f.read().splitlines()": loaded, "for line in f": iterated}


CASES = (
    Case(
        "FLP901",
        "readlines() in a loop",
        _readlines,
        guide="for line in f",
        sizes=(1000, 50_000),
        unit="lines",
        point=Point.MEMORY,
        is_main=True,
        headline="for 50,000 lines",
        has_memory=True,
    ),
    Case(
        "FLP901",
        "list() in a loop",
        _list_in_for,
        guide="for x in d",
        sizes=(1000, 50_000),
        unit="items",
        point=Point.MEMORY,
        has_memory=True,
    ),
    Case(
        "FLP901",
        "list() in sorted()",
        _list_in_sorted,
        guide="sorted(x)",
        sizes=(1000, 50_000),
        unit="items",
        point=Point.MEMORY,
        has_memory=True,
    ),
    Case(
        "FLP902",
        "contents of files",
        _contents,
        guide="generator expression",
        sizes=(1, 20, 1000),
        unit="kB a file",
        realistic=20,
        point=Point.MEMORY,
        is_main=True,
        headline="for 1,000 files of 20 kB",
        has_memory=True,
    ),
    Case(
        "FLP902",
        "lines of a file",
        _splitlines,
        guide="for line in f",
        sizes=(1000, 50_000),
        unit="lines",
        point=Point.MEMORY,
        has_memory=True,
    ),
)
