"""Many files at once: worker processes, each with a fixer of its own, where there is enough for them to do."""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from itertools import takewhile
from multiprocessing import connection

from flake8_flowperf.cache import Cache
from flake8_flowperf.changed_lines import ChangedLines
from flake8_flowperf.config import jobs
from flake8_flowperf.fixing.fixer import Fixer
from flake8_flowperf.fixing.results import FileResult

FILES_PER_WORKER = 50
"""Fewer do not pay for the start of a process."""
_MOST_WORKERS = 60  # Windows cannot wait for more
_CHUNK = 16

_fixer: Fixer | None = None
_stopping = threading.Event()


def begin(
    settings: argparse.Namespace, paths: Iterable[str], changed: ChangedLines | None, cache: Cache | None
) -> tuple[int, Generator[FileResult, None, None]]:
    """Begin to work while *paths* are still being found: how many there are, and what became of each, in their order.

    Where the *cache* has the result of a file, it is not worked on.
    The results are to be closed.  They raise BrokenExecutor when a worker is killed; every file is then as it was or
    fixed.
    """
    pool = _Pool(settings, changed, cache.key if cache is not None else None)
    found: list[tuple[str, FileResult | None]] = []
    try:
        for path in paths:
            known = cache.result(path) if cache is not None else None
            found.append((path, known))
            if known is None:
                pool.add(path)
        pool.complete()
    except BaseException:
        pool.close()
        raise
    return len(found), _results(pool, cache, found)


def _results(
    pool: _Pool, cache: Cache | None, found: Iterable[tuple[str, FileResult | None]]
) -> Generator[FileResult, None, None]:
    try:
        with closing(pool), closing(pool.results()) as working:
            for _, result in found:
                if result is None:
                    result = next(working)
                    if cache is not None:
                        cache.add(result)
                yield result
    finally:
        if cache is not None:
            cache.save()


class _Pool:
    """Worker processes that begin as soon as there is enough for each of them to do; none where there is not."""

    def __init__(self, settings: argparse.Namespace, changed: ChangedLines | None, key: bytes | None) -> None:
        self._arguments = settings, changed, key
        self._jobs = min(jobs(settings), _MOST_WORKERS)
        self._waiting: list[str] = []
        self._executor: ProcessPoolExecutor | None = None
        self._stopped, self._stop = multiprocessing.Pipe(duplex=False)
        self._begun: deque[tuple[list[str], Future[list[FileResult | None]]]] = deque()

    def add(self, path: str) -> None:
        """Have the file worked on."""
        self._waiting.append(path)
        if self._executor is not None:
            if len(self._waiting) == _CHUNK:
                self._submit()
        elif len(self._waiting) == self._jobs * FILES_PER_WORKER:
            self._start(self._jobs)

    def complete(self) -> None:
        """No more files will be added."""
        if self._executor is not None:
            self._submit()
        else:
            self._start(min(self._jobs, len(self._waiting) // FILES_PER_WORKER))

    def results(self) -> Generator[FileResult, None, None]:
        """What became of the files, in the order in which they were added; complete() goes before."""
        if self._executor is None:
            fixer = Fixer(*self._arguments)
            with _collecting_between_files():
                for path in self._waiting:
                    yield _fixed(fixer, path)
        while self._begun:
            paths, future = self._begun.popleft()
            for path, result in zip(paths, future.result(), strict=True):
                yield result if result is not None else FileResult(path)

    def close(self) -> None:
        """Drop what is not begun, and wait for the files at hand."""
        if self._executor is not None:
            self._stop.send_bytes(b"stop")  # nobody takes it: all workers see that it is there
            self._executor.shutdown(cancel_futures=True)
        self._stop.close()
        self._stopped.close()

    def _start(self, workers: int) -> None:
        if workers > 1:
            arguments = self._stopped, *self._arguments
            self._executor = ProcessPoolExecutor(workers, initializer=_start, initargs=arguments)
            self._submit()

    def _submit(self) -> None:
        assert self._executor is not None
        for start in range(0, len(self._waiting), _CHUNK):
            paths = self._waiting[start : start + _CHUNK]
            self._begun.append((paths, self._executor.submit(_fix, paths)))
        self._waiting.clear()


@contextmanager
def _collecting_between_files() -> Iterator[None]:
    """Keep the garbage collector from going through a tree again and again while it is made.

    That takes a third of the time of a run, and finds nothing: what a file has made is let go when it is done, but for
    what pyflakes and libcst make, and that is looked for then.
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
    if result.found or result.problem is not None:
        gc.collect(0)
    return result


def _start(
    stopped: connection.Connection, settings: argparse.Namespace, changed: ChangedLines | None, key: bytes | None
) -> None:
    global _fixer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and lets us finish the file at hand
    threading.Thread(target=_heed_parent, args=[stopped], daemon=True).start()
    _fixer = Fixer(settings, changed, key)
    gc.disable()  # for as long as the process lives, see _collecting_between_files


def _heed_parent(stopped: connection.Connection) -> None:
    """Begin no other file when the parent says so, and end when it does."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    if stopped in connection.wait([parent.sentinel, stopped]):
        _stopping.set()
        connection.wait([parent.sentinel])
    os._exit(1)


def _fix(paths: list[str]) -> list[FileResult | None]:
    """What became of the files; None where there is nothing to tell, as of most, because that is sent faster.

    When the parent wants no more, those are left out that are not begun.
    """
    assert _fixer is not None
    wanted = takewhile(lambda _: not _stopping.is_set(), paths)
    results = ((path, _fixed(_fixer, path)) for path in wanted)
    return [result if result != FileResult(path) else None for path, result in results]
