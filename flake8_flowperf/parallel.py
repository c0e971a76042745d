"""Many files at once: worker processes, each with a fixer of its own, where there is enough for them to do."""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing import connection

from flake8_flowperf import cache as caches
from flake8_flowperf.changed_lines import ChangedLines
from flake8_flowperf.config import jobs
from flake8_flowperf.fixing.fixer import Fixer
from flake8_flowperf.fixing.results import FileResult

FILES_PER_WORKER = 50
"""Fewer do not pay for the start of a process."""
_MOST_WORKERS = 60  # Windows cannot wait for more
_CHUNK = 8

_fixer: Fixer | None = None


def results(
    settings: argparse.Namespace, paths: Sequence[str], changed: ChangedLines | None
) -> Generator[FileResult, None, None]:
    """What became of each of *paths*, in their order.

    Raises BrokenExecutor when a worker is killed; every file is then as it was or fixed.
    """
    cache = caches.of(settings)
    known = cache.results(paths) if cache is not None else {}
    key = cache.key if cache is not None else None
    try:
        with closing(_worked(settings, [path for path in paths if path not in known], changed, key)) as working:
            for path in paths:
                result = known.get(path)
                if result is None:
                    result = next(working)
                    if cache is not None:
                        cache.add(result)
                yield result
    finally:
        if cache is not None:
            cache.save()


def _worked(
    settings: argparse.Namespace, paths: Sequence[str], changed: ChangedLines | None, key: bytes | None
) -> Generator[FileResult, None, None]:
    workers = min(jobs(settings), len(paths) // FILES_PER_WORKER, _MOST_WORKERS)
    if workers < 2:
        fixer = Fixer(settings, changed, key)
        with _collecting_between_files():
            for path in paths:
                yield _fixed(fixer, path)
        return
    with ProcessPoolExecutor(workers, initializer=_start, initargs=(settings, changed, key)) as pool:
        yield from pool.map(_fix, paths, chunksize=_CHUNK)


@contextmanager
def _collecting_between_files() -> Iterator[None]:
    """Keep the garbage collector from going through a tree again and again while it is made.

    That takes a third of the time of a run, and finds nothing: what a file has made is let go when it is done.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _fixed(fixer: Fixer, path: str) -> FileResult:
    result = fixer.fix(path)
    gc.collect(0)
    return result


def _start(settings: argparse.Namespace, changed: ChangedLines | None, key: bytes | None) -> None:
    global _fixer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and lets us finish the file at hand
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _fixer = Fixer(settings, changed, key)
    gc.disable()  # for as long as the process lives, see _collecting_between_files


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


def _fix(path: str) -> FileResult:
    assert _fixer is not None
    return _fixed(_fixer, path)
