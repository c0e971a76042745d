"""FLP101 and FLP102: finding files by their suffixes, and reading many of them (guide section 1)."""

from __future__ import annotations

import functools
import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from flake8_flowperf.bench.model import Case, Forms

SUFFIXES = (".py", ".md", ".txt", ".json", ".yml")
OTHERS = (".bin", ".o", ".png", "")


def folder(stack: ExitStack) -> Path:
    """A folder that is there until the case is over."""
    return Path(stack.enter_context(TemporaryDirectory(prefix="flowperf-bench-")))


def same_items(first: object, second: object) -> bool:
    """Whether two lists hold the same, in whatever order."""
    assert isinstance(first, list)
    assert isinstance(second, list)
    return sorted(first) == sorted(second)


def _tree(root: Path, size: int, suffixes: Sequence[str]) -> None:
    """*size* empty files in nested folders of ten; one in ten has one of the suffixes."""
    chance = random.Random(7)
    folders = ["top"]
    while len(folders) < max(2, size // 10):
        parent = chance.choice(folders[-40:])
        folders.append(f"{parent if parent.count('/') <= 12 else 'top'}/p{len(folders)}")
    for name in folders:
        (root / name).mkdir(parents=True, exist_ok=True)
    for number in range(size):
        suffix = chance.choice(suffixes if chance.random() < 0.1 else OTHERS)
        (root / folders[number % len(folders)] / f"file_{number}{suffix}").touch()


def _scan(count: int, size: int, stack: ExitStack) -> Forms:
    suffixes = SUFFIXES[:count]
    wanted = list(suffixes)
    (only, *_) = suffixes
    root = folder(stack)
    _tree(root, size, suffixes)

    def before() -> list[Path]:
        found = []
        for path in root.rglob("*"):
            if path.suffix in wanted:
                found.append(path)  # noqa: PERF401
        return found

    def before_one() -> list[Path]:
        found = []
        for path in root.rglob("*"):
            if path.suffix == only:
                found.append(path)  # noqa: PERF401
        return found

    def per_suffix() -> list[Path]:
        found = []
        for suffix in suffixes:
            for path in root.rglob(f"?*{suffix}"):
                found.append(path)  # noqa: PERF402
        return found

    def walk() -> list[Path]:
        found = []
        for directory, _, names in os.walk(root):
            for name in names:
                if name.endswith(suffixes):
                    found.append(Path(directory, name))  # noqa: PERF401
        return found

    return {
        'rglob("*") and a test': before_one if count == 1 else before,
        "one rglob per suffix": per_suffix,
        "one os.walk pass": walk,
    }


def _scan_case(count: int, label: str, *, is_main: bool = False) -> Case:
    return Case(
        "FLP101",
        label,
        functools.partial(_scan, count),
        guide="one rglob per suffix",
        sizes=(1000, 10_000),
        unit="files",
        realistic=1000,
        is_main=is_main,
        headline="for one suffix",
        same=same_items,
        compared="the same paths, in whatever order",
    )


def _read(path: Path) -> tuple[str, str] | None:
    try:
        return path.read_text(encoding="utf-8", errors="ignore"), str(path)
    except OSError:
        return None


def _read_late(path: Path) -> tuple[str, str] | None:
    time.sleep(0.002)
    return _read(path)


def texts(root: Path, count: int, kilobytes: int) -> list[Path]:
    """*count* text files of some kilobytes each, in ten folders."""
    line = "lorem ipsum dolor sit amet\n"
    text = (line * (kilobytes * 1000 // len(line) + 1))[: kilobytes * 1000]
    paths = [root / f"s{number % 10}" / f"f{number}.txt" for number in range(count)]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return paths


def _readers(paths: list[Path], read: Callable[[Path], tuple[str, str] | None]) -> Forms:
    def one_by_one() -> list[tuple[str, str]]:
        found = []
        for path in paths:
            content = read(path)
            if content is not None:
                found.append(content)
        return found

    def threads(workers: int) -> list[tuple[str, str]]:
        with ThreadPoolExecutor(max_workers=workers) as executor:
            return [content for content in executor.map(read, paths) if content is not None]

    return {
        "one by one": one_by_one,
        "4 threads": functools.partial(threads, 4),
        "16 threads": functools.partial(threads, 16),
    }


def _warm(kilobytes: int, stack: ExitStack) -> Forms:
    counts = {1: 500, 20: 200, 1000: 20}
    return _readers(texts(folder(stack), counts[kilobytes], kilobytes), _read)


def _late(count: int, stack: ExitStack) -> Forms:
    return _readers(texts(folder(stack), count, 1), _read_late)


CASES = (
    _scan_case(1, "one suffix", is_main=True),
    _scan_case(2, "two suffixes"),
    _scan_case(3, "three suffixes, the guide's example"),
    _scan_case(5, "five suffixes"),
    Case(
        "FLP102",
        "files in the page cache",
        _warm,
        guide="4 threads",
        sizes=(1, 20, 1000),
        unit="kB a file",
        realistic=20,
        is_main=True,
        headline="for files in the page cache",
    ),
    Case("FLP102", "2 ms of waiting in each read", _late, guide="4 threads", sizes=(50,), unit="files"),
)
