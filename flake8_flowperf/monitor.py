"""Times the functions that matter, for as long as the program runs (guide section 6).

    from flake8_flowperf.monitor import print_performance_report, timing_decorator

    @timing_decorator
    def load(path): ...

    @timing_decorator(threshold_ms=10.0)
    def run_logic_chain(data): ...

    print_performance_report()

What is counted:

- A call counts when it ends: by returning, by raising, or, for a generator or coroutine, also by being closed.
- Time is wall-clock time while the function runs.  The time for which a generator waits for whoever iterates, or a
  coroutine for what it awaits, is left out; what its callees do, other timed functions too, is in.
- The time of a recursive call belongs to that call alone and is taken off the call that made it, so that the total of
  a function is not more than the time that passed, and the average is the total by the number of calls.
- Functions are told apart by module and qualified name; what has both in common (a property's getter and setter, the
  closures that one function makes) is counted together.
- Threads are counted together.  No call waits for another one, and a signal handler may call a timed function.

A call that logs nothing costs about half of what the guide's own decorator takes (tests/benchmarks measures both).
Each call takes one more frame of the stack, so that the recursion limit is reached earlier.  Arguments that do not fit
a generator or coroutine function are refused when it is first resumed, not when it is called.

Only the standard library is imported.
"""

from __future__ import annotations

import functools
import inspect
import json
import logging
import os
import sys
import types
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from threading import get_ident
from time import perf_counter_ns
from typing import Any, Generic, ParamSpec, TextIO, TypeAlias, TypeVar, cast, overload
from weakref import WeakSet

__all__ = [
    "FunctionStats",
    "get_performance_stats",
    "print_performance_report",
    "reset_performance_stats",
    "save_performance_report",
    "timing_decorator",
]

REPORT_FORMAT = "flake8_flowperf.monitor"
"""What a saved report says that it is."""

P = ParamSpec("P")
R = TypeVar("R")
Y = TypeVar("Y")
S = TypeVar("S")
_Descriptor: TypeAlias = (
    "property | functools.cached_property[Any] | staticmethod[..., Any] | classmethod[Any, ..., Any]"
)
Timed = TypeVar("Timed", bound="Callable[..., Any] | _Descriptor")


@dataclass(frozen=True)
class FunctionStats:
    """What was measured of one function.

    *file* and *line* are where its code begins, decorators included; both are None for what is not written in Python.
    *raised* is how many of the *calls* ended with an exception, StopIteration among them; a generator that is closed
    has not raised.  The average, the shortest and the longest call are in milliseconds, the total is in seconds.
    """

    module: str
    qualified_name: str
    file: str | None
    line: int | None
    calls: int
    raised: int
    avg_ms: float
    min_ms: float
    max_ms: float
    total_s: float


class _Tally:
    """What one thread has measured of one function; times are in nanoseconds.

    *passed* is the time for which the function ran so far, each instant counted once: what it grows by while a call
    runs is the time of recursive calls.  *pending* is what of it belongs to calls that run in parts and have not ended.
    """

    __slots__ = ("calls", "longest", "passed", "pending", "raised", "shortest")

    def __init__(self) -> None:
        self.calls = self.raised = self.passed = self.pending = self.longest = 0
        self.shortest = sys.maxsize


class _Record:
    """Everything that is known of one timed function."""

    def __init__(self, module: str, name: str, code: types.CodeType | None) -> None:
        self.module = module
        self.name = name
        self.file = code.co_filename if code is not None else None
        self.line = code.co_firstlineno if code is not None else None
        self.tallies: dict[int, _Tally] = {}
        """by thread identity; a thread writes to its own one only, hence no lock.  The system gives the identity of a
        thread that has ended to a new one, which then continues the tally."""
        self.resets = 0

    def tally(self) -> _Tally:
        """The tally of this thread."""
        return self.tallies.setdefault(get_ident(), _Tally())

    def reset(self) -> None:
        # A call that is running keeps its tally, which nobody reads any more.
        self.resets += 1
        self.tallies.clear()

    def stats(self) -> FunctionStats | None:
        """What was measured so far, None when no call has ended."""
        tallies = list(self.tallies.values())
        calls = sum(tally.calls for tally in tallies)
        if not calls:
            return None
        total = sum(tally.passed - tally.pending for tally in tallies)
        return FunctionStats(
            module=self.module,
            qualified_name=self.name,
            file=self.file,
            line=self.line,
            calls=calls,
            raised=sum(tally.raised for tally in tallies),
            avg_ms=total / calls / 1e6,
            min_ms=min(tally.shortest for tally in tallies) / 1e6,
            max_ms=max(tally.longest for tally in tallies) / 1e6,
            total_s=total / 1e9,
        )


_records: dict[tuple[str, str], _Record] = {}
_wrappers: WeakSet[Callable[..., Any]] = WeakSet()
_started = perf_counter_ns()


class _Settings:
    """When a call is logged, and where."""

    def __init__(self, threshold_ms: float | None, log_level: int | str) -> None:
        level = logging.getLevelName(log_level.upper()) if isinstance(log_level, str) else log_level
        if not isinstance(level, int):
            raise ValueError(f"unknown log level: {log_level!r}")
        self.level = level
        self.threshold = sys.maxsize if threshold_ms is None else round(threshold_ms * 1e6)

    def log(self, record: _Record, time: int) -> None:
        logging.getLogger(record.module).log(self.level, "%s took %.2f ms", record.name, time / 1e6)


class _PartedCall:
    """A call of a generator or coroutine function, which runs in parts; it counts when the block is left."""

    __slots__ = ("_own", "_record", "_resets", "_settings", "_took")

    def __init__(self, record: _Record, settings: _Settings) -> None:
        self._record = record
        self._settings = settings
        self._resets = record.resets
        self._own = self._took = 0

    def __enter__(self) -> _PartedCall:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        record = self._record
        if record.resets == self._resets:
            tally = record.tally()
            tally.raised += kind is not None and kind is not GeneratorExit
            tally.pending -= self._own
            tally.shortest = min(tally.shortest, self._own)
            tally.longest = max(tally.longest, self._own)
            tally.calls += 1
        if self._took >= self._settings.threshold:
            self._settings.log(record, self._took)

    def run(self, step: Callable[..., R], *arguments: Any) -> R:
        """Call *step*, which lets the function run up to where it waits next, and take the time."""
        tally = self._record.tally()
        passed = tally.passed
        start = perf_counter_ns()
        try:
            return step(*arguments)
        finally:
            took = perf_counter_ns() - start
            own = took - tally.passed + passed
            tally.passed = passed + took
            tally.pending += own
            self._own += own
            self._took += took


class _Parts(Generic[Y, S, R]):
    """What *inner* yields and returns, each part of its run timed; for ``yield from`` and ``await``."""

    __slots__ = ("_call", "_inner")

    def __init__(self, call: _PartedCall, inner: Generator[Y, S, R]) -> None:
        self._call = call
        self._inner = inner

    def __iter__(self) -> Generator[Y, S, R]:
        return cast("Generator[Y, S, R]", self)

    __await__ = __iter__

    def __next__(self) -> Y:
        return self._call.run(self._inner.__next__)

    def send(self, value: S) -> Y:
        return self._call.run(self._inner.send, value)

    def throw(self, *error: Any) -> Y:
        return self._call.run(self._inner.throw, *error)

    def close(self) -> None:
        self._call.run(self._inner.close)


def _awaited(call: _PartedCall, awaitable: Awaitable[R]) -> _Parts[Any, Any, R]:
    return _Parts(call, awaitable.__await__())


@overload
def timing_decorator(threshold_ms: Timed, /) -> Timed: ...


@overload
def timing_decorator(
    threshold_ms: float | None = None, log_level: int | str = logging.INFO
) -> Callable[[Timed], Timed]: ...


def timing_decorator(
    threshold_ms: Timed | float | None = None, log_level: int | str = logging.INFO
) -> Timed | Callable[[Timed], Timed]:
    """Time every call of the decorated function: ``@timing_decorator`` or ``@timing_decorator(threshold_ms=10.0)``.

    A call that takes *threshold_ms* milliseconds or more, recursive calls included, is logged at *log_level*, a number
    or a name of the logging module, to the logger that has the name of the function's module.  Nothing is logged by
    default; 0 logs every call.

    It may stand above or below staticmethod, classmethod, property and functools.cached_property, and what it makes is
    a generator, coroutine or async generator function if the function was one.  A function that is timed already stays
    as it is.  Raises TypeError for a class and for what cannot be called, ValueError for an unknown level.
    """
    if threshold_ms is None or isinstance(threshold_ms, (int, float)):
        settings = _Settings(threshold_ms, log_level)
        return lambda function: _timed(function, settings)
    return _timed(threshold_ms, _Settings(None, log_level))


def _timed(target: Timed, settings: _Settings) -> Timed:
    result: object
    match target:
        case staticmethod():
            result = staticmethod(_timed(target.__func__, settings))
        case classmethod():
            result = classmethod(_timed(target.__func__, settings))
        case functools.cached_property():
            result = functools.cached_property(_timed(target.func, settings))
        case property():
            result = _timed_property(target, settings)
        case type():
            raise TypeError(f"timing_decorator times functions, and {target.__qualname__} is a class")
        case _ if not callable(target):
            raise TypeError(f"timing_decorator times functions, not {type(target).__name__} objects")
        case _ if target in _wrappers:
            return target
        case _:
            wrapper = _wrapper(target, settings)
            _wrappers.add(wrapper)
            result = wrapper
    return cast(Timed, result)


def _timed_property(target: property, settings: _Settings) -> property:
    if target.fget is not None:
        target = target.getter(_timed(target.fget, settings))
    if target.fset is not None:
        target = target.setter(_timed(target.fset, settings))
    if target.fdel is not None:
        target = target.deleter(_timed(target.fdel, settings))
    return target


def _wrapper(function: Callable[..., Any], settings: _Settings) -> Callable[..., Any]:
    """The function that times *function*, of the same kind."""
    record = _record_of(function)
    if inspect.isasyncgenfunction(function):
        return _async_generator(function, record, settings)
    if inspect.iscoroutinefunction(function):
        return _coroutine(function, record, settings)
    if inspect.isgeneratorfunction(function):
        code = getattr(function, "__code__", None)
        wrapper = _generator(function, record, settings)
        is_awaitable = code is not None and code.co_flags & inspect.CO_ITERABLE_COROUTINE
        return types.coroutine(wrapper) if is_awaitable else wrapper
    return _plain(function, record, settings)


def _record_of(function: Callable[..., Any]) -> _Record:
    bare = inspect.unwrap(function)
    while isinstance(bare, functools.partial):
        bare = inspect.unwrap(bare.func)
    named = function if hasattr(function, "__qualname__") else bare
    module = getattr(named, "__module__", None) or "?"
    name = getattr(named, "__qualname__", type(named).__qualname__)
    return _records.setdefault((module, name), _Record(module, name, getattr(bare, "__code__", None)))


def _plain(function: Callable[P, R], record: _Record, settings: _Settings) -> Callable[P, R]:
    tallies, threshold, log = record.tallies, settings.threshold, settings.log
    clock, thread = perf_counter_ns, get_ident

    # Each line of it is paid for at each call, calls of our own most of all.
    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            tally = tallies[thread()]
        except KeyError:
            tally = record.tally()
        passed = tally.passed
        start = clock()
        try:
            return function(*args, **kwargs)
        except BaseException:
            tally.raised += 1
            raise
        finally:
            took = clock() - start
            time = took - tally.passed + passed
            tally.passed = passed + took
            if time < tally.shortest:
                tally.shortest = time
            if time > tally.longest:
                tally.longest = time
            tally.calls += 1
            if took >= threshold:
                log(record, took)

    return wrapper


def _generator(
    function: Callable[P, Generator[Y, S, R]], record: _Record, settings: _Settings
) -> Callable[P, Generator[Y, S, R]]:
    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Generator[Y, S, R]:
        with _PartedCall(record, settings) as call:
            return (yield from _Parts(call, function(*args, **kwargs)))

    return wrapper


def _coroutine(function: Callable[P, Awaitable[R]], record: _Record, settings: _Settings) -> Callable[P, Awaitable[R]]:
    @functools.wraps(function)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with _PartedCall(record, settings) as call:
            return await _awaited(call, function(*args, **kwargs))

    return wrapper


def _async_generator(
    function: Callable[P, AsyncGenerator[Y, S]], record: _Record, settings: _Settings
) -> Callable[P, AsyncGenerator[Y, S]]:
    @functools.wraps(function)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[Y, S]:
        with _PartedCall(record, settings) as call:
            inner = function(*args, **kwargs)
            step = _first_step(inner)
            try:
                while True:
                    item = await _awaited(call, step)
                    try:
                        sent = yield item
                    except GeneratorExit:
                        await _awaited(call, inner.aclose())
                        raise
                    except BaseException as error:
                        step = inner.athrow(error)
                    else:
                        step = inner.asend(sent)
            except StopAsyncIteration:
                return

    return wrapper


def _first_step(generator: AsyncGenerator[Y, Any]) -> Awaitable[Y]:
    """Start a generator that no event loop learns of: the one around it closes it, and only one may."""
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return generator.__anext__()
    finally:
        sys.set_asyncgen_hooks(*hooks)


def get_performance_stats() -> dict[str, FunctionStats]:
    """What was measured so far, by ``module:qualified name``, the most time first.

    Functions of which no call has ended are left out.  Calls that end in other threads meanwhile may be there in part.
    """
    found = [stats for record in list(_records.values()) if (stats := record.stats()) is not None]
    found.sort(key=lambda stats: -stats.total_s)
    return {f"{stats.module}:{stats.qualified_name}": stats for stats in found}


def reset_performance_stats() -> None:
    """Forget everything that was measured; calls that are running now are not counted when they end."""
    global _started
    _started = perf_counter_ns()
    for record in list(_records.values()):
        record.reset()


_COLUMNS = ("Function", "Calls", "Avg (ms)", "Min (ms)", "Max (ms)", "Total (s)")


def print_performance_report(file: TextIO | None = None) -> None:
    """Print what was measured so far as a table, the most time first, to *file* (default: standard output).

    Qualified names stand without their module unless two functions share one.  There is a column for calls that raised
    when there are any.
    """
    print("\n".join(_report(list(get_performance_stats().values()))), file=file)


def _report(functions: list[FunctionStats]) -> Iterator[str]:
    yield "=== Performance Report ==="
    if not functions:
        yield "No call of a timed function has ended."
        return
    names = [stats.qualified_name for stats in functions]
    shows_raised = any(stats.raised for stats in functions)
    rows = [(*_COLUMNS, *(["Raised"] if shows_raised else []))]
    for stats, name in zip(functions, names, strict=True):
        times = (f"{time:.2f}" for time in (stats.avg_ms, stats.min_ms, stats.max_ms, stats.total_s))
        shown = name if names.count(name) == 1 else f"{stats.module}:{name}"
        rows.append((shown, str(stats.calls), *times, *([str(stats.raised)] if shows_raised else [])))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for first, *others in rows:
        cells = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join((f"{first:<{max(widths[0], 27)}}", *cells))


def save_performance_report(path: str | os.PathLike[str]) -> None:
    """Write what was measured so far to the file *path*, as JSON that ``--flowperf-profile`` reads.

    ``elapsed_s`` is the time since this module was imported or the last reset; ``functions`` has the fields of
    FunctionStats.  Raises OSError.
    """
    document = {
        "format": REPORT_FORMAT,
        "version": 1,
        "elapsed_s": (perf_counter_ns() - _started) / 1e9,
        "functions": [asdict(stats) for stats in get_performance_stats().values()],
    }
    text = json.dumps(document, indent=2)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
