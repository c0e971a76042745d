"""Many files at once: worker processes, each with a fixer of its own, where there is enough for them to do."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import connection

from flake8_flowperf import cache as caches
from flake8_flowperf.changed_lines import ChangedLines
from flake8_flowperf.config import jobs
from flake8_flowperf.fixing.fixer import FileResult, Fixer

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
    clean = cache.clean(paths) if cache is not None else frozenset()
    key = cache.key if cache is not None else None
    try:
        with closing(_worked(settings, [path for path in paths if path not in clean], changed, key)) as working:
            for path in paths:
                result = FileResult(path) if path in clean else next(working)
                if cache is not None and result.digest:
                    cache.add(result.digest)
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
        for path in paths:
            yield fixer.fix(path)
        return
    with ProcessPoolExecutor(workers, initializer=_start, initargs=(settings, changed, key)) as pool:
        yield from pool.map(_fix, paths, chunksize=_CHUNK)


def _start(settings: argparse.Namespace, changed: ChangedLines | None, key: bytes | None) -> None:
    global _fixer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and lets us finish the file at hand
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _fixer = Fixer(settings, changed, key)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


def _fix(path: str) -> FileResult:
    assert _fixer is not None
    return _fixer.fix(path)
