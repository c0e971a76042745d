"""The monitor: what it counts, that it changes nothing else, and what it prints and saves."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import io
import json
import logging
import subprocess
import sys
import threading
import types
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from flake8_flowperf import monitor
from flake8_flowperf.monitor import (
    FunctionStats,
    get_performance_stats,
    print_performance_report,
    reset_performance_stats,
    save_performance_report,
    timing_decorator,
)
from tests.benchmarks import monitor_overhead


class Clock:
    """A clock that goes on only when a test says so."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now

    def pass_ms(self, milliseconds: float) -> None:
        self.now += round(milliseconds * 1e6)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time under control for functions that are decorated from now on."""
    clock = Clock()
    monkeypatch.setattr(monitor, "perf_counter_ns", clock)
    reset_performance_stats()
    return clock


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "_records", {})


def measured(name: str) -> FunctionStats:
    """What was measured of the function that ends with *name*."""
    (found,) = [stats for stats in get_performance_stats().values() if stats.qualified_name.endswith(name)]
    return found


def times(name: str) -> tuple[int, float, float, float, float]:
    """Calls, average, shortest, longest and total, all in milliseconds."""
    stats = measured(name)
    return stats.calls, stats.avg_ms, stats.min_ms, stats.max_ms, pytest.approx(stats.total_s * 1000)


def test_plain_function(clock: Clock) -> None:
    @timing_decorator
    def plain(milliseconds: float, *, answer: str = "a") -> str:
        """Documented."""
        clock.pass_ms(milliseconds)
        return answer

    assert [plain(1), plain(2, answer="b"), plain(6)] == ["a", "b", "a"]
    assert times("plain") == (3, 3, 1, 6, 9)
    assert (plain.__name__, plain.__doc__) == ("plain", "Documented.")
    assert str(inspect.signature(plain)) == "(milliseconds: 'float', *, answer: 'str' = 'a') -> 'str'"
    stats = measured("plain")
    assert (stats.module, stats.file) == (__name__, __file__)
    assert stats.line == inspect.unwrap(plain).__code__.co_firstlineno
    assert list(get_performance_stats()) == [f"{__name__}:test_plain_function.<locals>.plain"]


@pytest.mark.parametrize(
    "decorate", [timing_decorator, timing_decorator(), timing_decorator(5), timing_decorator(threshold_ms=5.0)]
)
def test_bare_and_called(decorate: Callable[[Callable[[], int]], Callable[[], int]]) -> None:
    def answer() -> int:
        return 42

    timed = decorate(answer)
    assert timed() == 42
    assert measured("answer").calls == 1


def test_an_exception_is_counted_and_passes(clock: Clock) -> None:
    @timing_decorator
    def fail() -> None:
        clock.pass_ms(4)
        raise KeyError("x")

    for _ in range(2):
        with pytest.raises(KeyError, match="x"):
            fail()
    assert times("fail") == (2, 4, 4, 4, 8)
    assert measured("fail").raised == 2


def test_recursion_counts_each_instant_once(clock: Clock) -> None:
    @timing_decorator
    def descend(depth: int) -> int:
        clock.pass_ms(depth)
        below = descend(depth - 1) if depth > 1 else 0
        clock.pass_ms(1)
        return depth + below

    assert descend(4) == 10
    assert times("descend") == (4, 3.5, 2, 5, 14)
    assert clock.now == 14e6


def test_mutual_recursion_and_callees(clock: Clock) -> None:
    @timing_decorator
    def even(number: int) -> bool:
        clock.pass_ms(1)
        return number == 0 or odd(number - 1)

    @timing_decorator
    def odd(number: int) -> bool:
        clock.pass_ms(10)
        return number != 0 and even(number - 1)

    assert even(4)
    assert times("even")[::4] == (3, 23)
    assert times("odd")[::4] == (2, 22)


def test_methods(clock: Clock) -> None:
    class Base:
        @timing_decorator()
        def run(self) -> str:
            clock.pass_ms(1)
            return "base"

    class Child(Base):
        @timing_decorator()
        def run(self) -> str:
            clock.pass_ms(2)
            return f"child of {super().run()}"

    assert Child().run() == "child of base"
    assert times("Base.run") == (1, 1, 1, 1, 1)
    assert times("Child.run") == (1, 3, 3, 3, 3)


@pytest.mark.parametrize("outside", [True, False])
def test_static_class_methods_and_properties(outside: bool, clock: Clock) -> None:
    def both(descriptor: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return (lambda f: timing_decorator(descriptor(f))) if outside else (lambda f: descriptor(timing_decorator(f)))

    class Shop:
        @both(staticmethod)
        def static(value: int) -> int:  # type: ignore[misc]
            clock.pass_ms(1)
            return value

        @both(classmethod)
        def make(cls, value: int) -> tuple[type, int]:
            return cls, value

        @both(property)
        def price(self) -> int:
            """What it costs."""
            clock.pass_ms(3)
            return 7

        @both(functools.cached_property)
        def stock(self) -> list[int]:
            return [1]

    assert (Shop.static(1), Shop().static(2)) == (1, 2)
    assert (Shop.make(1), Shop().make(2)) == ((Shop, 1), (Shop, 2))
    shop = Shop()
    assert (shop.price, shop.price) == (7, 7)
    assert Shop.__dict__["price"].__doc__ == "What it costs."
    assert shop.stock is shop.stock
    calls = {name.rpartition(".")[2]: stats.calls for name, stats in get_performance_stats().items()}
    assert calls == {"static": 2, "make": 2, "price": 2, "stock": 1}


def test_setter_and_deleter_are_timed_once() -> None:
    class Shop:
        @timing_decorator
        @property
        def price(self) -> int:
            return 7

        @timing_decorator
        @price.setter
        def price(self, value: int) -> None:
            assert value == 8

        @timing_decorator
        @price.deleter
        def price(self) -> None: ...

    shop = Shop()
    shop.price = 8
    assert shop.price == 7
    del shop.price
    assert measured("price").calls == 3


def test_a_timed_function_is_not_timed_twice() -> None:
    @timing_decorator
    def once() -> None: ...

    assert timing_decorator(threshold_ms=0)(once) is once

    @timing_decorator
    @functools.wraps(once)
    def around() -> None:
        once()

    around()
    assert measured("once").calls == 2


@pytest.mark.parametrize("wrong", [3j, None.__class__, [], functools.partialmethod(print)])
def test_what_cannot_be_timed(wrong: Any) -> None:
    with pytest.raises(TypeError, match="timing_decorator times functions"):
        timing_decorator(wrong)


def test_other_callables() -> None:
    class Adder:
        def __call__(self, value: int) -> int:
            return value + 1

    assert timing_decorator(functools.partial(int, base=2))("11") == 3
    assert timing_decorator(Adder())(1) == 2
    assert timing_decorator(len)([1]) == 1
    stats = get_performance_stats()
    assert {"builtins:len", "builtins:int"} <= set(stats)
    assert stats["builtins:len"].file is stats["builtins:len"].line is None
    assert measured("Adder").calls == 1


def test_generator(clock: Clock) -> None:
    log = []

    @timing_decorator
    def numbers(count: int) -> Generator[int, str, str]:
        for number in range(count):
            clock.pass_ms(2)
            try:
                log.append((yield number))
            except KeyError:
                log.append("caught")
        return "done"

    assert inspect.isgeneratorfunction(numbers)
    iterator = numbers(3)
    assert get_performance_stats() == {}
    clock.pass_ms(100)
    assert next(iterator) == 0
    clock.pass_ms(100)
    assert iterator.send("sent") == 1
    assert get_performance_stats() == {}
    assert iterator.throw(KeyError("x")) == 2
    with pytest.raises(StopIteration) as stop:
        next(iterator)
    assert stop.value.value == "done"
    assert log == ["sent", "caught", None]
    assert times("numbers") == (1, 6, 6, 6, 6)
    assert measured("numbers").raised == 0


def test_generator_that_is_closed_or_raises(clock: Clock) -> None:
    ended = []

    @timing_decorator
    def numbers() -> Iterator[int]:
        try:
            yield 1
            raise ValueError("x")
        finally:
            clock.pass_ms(5)
            ended.append(True)

    for _ in numbers():
        break
    assert ended == [True]
    assert (measured("numbers").calls, measured("numbers").raised) == (1, 0)
    with pytest.raises(ValueError, match="x"):
        list(numbers())
    assert times("numbers") == (2, 5, 5, 5, 10)
    assert measured("numbers").raised == 1
    numbers()
    assert measured("numbers").calls == 2


def test_recursive_generator(clock: Clock) -> None:
    @timing_decorator
    def walk(depth: int) -> Iterator[int]:
        clock.pass_ms(1)
        yield depth
        if depth:
            yield from walk(depth - 1)
        clock.pass_ms(1)

    assert list(walk(3)) == [3, 2, 1, 0]
    assert times("walk") == (4, 2, 2, 2, 8)


def test_interleaved_generators_are_told_apart(clock: Clock) -> None:
    @timing_decorator
    def steps(milliseconds: float) -> Iterator[None]:
        for _ in range(3):
            clock.pass_ms(milliseconds)
            yield

    for _ in zip(steps(1), steps(10), strict=True):
        clock.pass_ms(50)
    assert times("steps") == (2, 16.5, 3, 30, 33)


def test_coroutine(clock: Clock) -> None:
    @timing_decorator
    async def work(milliseconds: float) -> float:
        clock.pass_ms(milliseconds)
        await asyncio.sleep(0)
        clock.pass_ms(milliseconds)
        return milliseconds

    async def main() -> list[float]:
        return await asyncio.gather(work(1), work(2), work(3))

    assert inspect.iscoroutinefunction(work)
    assert asyncio.run(main()) == [1, 2, 3]
    assert times("work") == (3, 4, 2, 6, 12)


def test_recursive_coroutine(clock: Clock) -> None:
    @timing_decorator
    async def descend(depth: int) -> int:
        clock.pass_ms(1)
        await asyncio.sleep(0)
        return 1 + await descend(depth - 1) if depth else 0

    assert asyncio.run(descend(5)) == 5
    assert times("descend") == (6, 1, 1, 1, 6)


def test_coroutine_that_is_cancelled() -> None:
    cleaned = []

    @timing_decorator
    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append(True)

    async def main() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert cleaned == [True]
    assert (measured("wait").calls, measured("wait").raised) == (1, 1)


def test_awaitable_generator() -> None:
    @timing_decorator
    @types.coroutine
    def pause() -> Generator[None, None, int]:
        yield
        return 3

    async def main() -> int:
        return await pause()

    assert asyncio.run(main()) == 3
    assert measured("pause").calls == 1


def test_async_generator(clock: Clock) -> None:
    log = []

    @timing_decorator
    async def numbers() -> AsyncGenerator[int, str]:
        for number in range(3):
            clock.pass_ms(2)
            await asyncio.sleep(0)
            try:
                log.append((yield number))
            except KeyError:
                log.append("caught")

    async def main() -> None:
        iterator = numbers()
        assert await iterator.__anext__() == 0
        clock.pass_ms(100)
        assert await iterator.asend("sent") == 1
        assert await iterator.athrow(KeyError("x")) == 2
        with pytest.raises(StopAsyncIteration):
            await iterator.__anext__()

    assert inspect.isasyncgenfunction(numbers)
    asyncio.run(main())
    assert log == ["sent", "caught", None]
    assert times("numbers") == (1, 6, 6, 6, 6)


def test_async_generator_that_is_closed_or_raises() -> None:
    ended = []

    @timing_decorator
    async def numbers() -> AsyncGenerator[int, None]:
        try:
            yield 1
            raise ValueError("x")
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    async def main() -> None:
        iterator = numbers()
        await iterator.__anext__()
        await iterator.aclose()
        assert ended == [True]
        with pytest.raises(ValueError, match="x"):
            [number async for number in numbers()]

    asyncio.run(main())
    assert ended == [True] * 2
    assert (measured("numbers").calls, measured("numbers").raised) == (2, 1)


@pytest.mark.parametrize("is_kept", [True, False])
def test_async_generator_that_is_abandoned(is_kept: bool, caplog: pytest.LogCaptureFixture) -> None:
    """The event loop closes it, once."""
    ended = []
    kept = []

    @timing_decorator
    async def numbers() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    async def main() -> None:
        iterators = [numbers() for _ in range(10)]
        for iterator in iterators:
            await iterator.__anext__()
        if is_kept:
            kept.extend(iterators)
        del iterator, iterators
        for _ in range(3):
            await asyncio.sleep(0)

    asyncio.run(main())
    assert ended == [True] * 10
    assert (measured("numbers").calls, measured("numbers").raised) == (10, 0)
    assert caplog.messages == []


def test_async_generator_and_stop_async_iteration() -> None:
    """A StopAsyncIteration that comes from outside is not the generator's end."""

    def make(decorate: Callable[[Any], Any]) -> Any:
        async def numbers() -> AsyncGenerator[int, None]:
            yield 1

        return decorate(numbers)()

    async def thrown(iterator: Any) -> str:
        await iterator.__anext__()
        try:
            await iterator.athrow(StopAsyncIteration())
        except BaseException as error:
            return repr(error)
        return "nothing"

    assert asyncio.run(thrown(make(timing_decorator))) == asyncio.run(thrown(make(lambda function: function)))


def test_threads() -> None:
    counts, threads = 2_000, 8

    @timing_decorator
    def work(number: int) -> None:
        if number % 2:
            raise ValueError

    def run() -> None:
        for number in range(counts):
            with contextlib.suppress(ValueError):
                work(number)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        workers = [threading.Thread(target=run) for _ in range(threads)]
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers):
            get_performance_stats()
        for worker in workers:
            worker.join()
    finally:
        sys.setswitchinterval(interval)
    assert (measured("work").calls, measured("work").raised) == (counts * threads, counts * threads // 2)


def test_closures_of_one_function_share_their_figures() -> None:
    def make() -> Callable[[], None]:
        @timing_decorator
        def inner() -> None: ...

        return inner

    for _ in range(3):
        make()()
    assert measured("make.<locals>.inner").calls == 3
    assert len(monitor._records) == 1


def test_reset(clock: Clock) -> None:
    @timing_decorator
    def work(reset: bool) -> None:
        clock.pass_ms(1)
        if reset:
            reset_performance_stats()

    @timing_decorator
    def numbers() -> Iterator[int]:
        clock.pass_ms(1)
        yield 1
        clock.pass_ms(1)

    iterator = numbers()
    next(iterator)
    work(reset=False)
    work(reset=True)
    assert list(iterator) == []
    assert get_performance_stats() == {}
    work(reset=False)
    list(numbers())
    assert times("work") == (1, 1, 1, 1, 1)
    assert times("numbers") == (1, 2, 2, 2, 2)


def test_logging(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    @timing_decorator(threshold_ms=10, log_level="warning")
    def slow(milliseconds: float) -> None:
        clock.pass_ms(milliseconds)

    @timing_decorator(threshold_ms=0, log_level=logging.DEBUG)
    def numbers() -> Iterator[int]:
        clock.pass_ms(1.5)
        yield 1

    @timing_decorator
    def silent() -> None:
        clock.pass_ms(1e6)

    slow(9.99)
    slow(10)
    list(numbers())
    silent()
    assert [(logger, level) for logger, level, _ in caplog.record_tuples] == [
        (__name__, logging.WARNING),
        (__name__, logging.DEBUG),
    ]
    assert [message.split("<locals>.")[1] for message in caplog.messages] == [
        "slow took 10.00 ms",
        "numbers took 1.50 ms",
    ]


def test_unknown_level() -> None:
    with pytest.raises(ValueError, match="unknown log level: 'LOUD'"):
        timing_decorator(log_level="LOUD")


def test_report(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    print_performance_report()
    assert capsys.readouterr().out == "=== Performance Report ===\nNo call of a timed function has ended.\n"

    def run_logic_chain(milliseconds: float) -> None:
        clock.pass_ms(milliseconds)

    def store_result() -> None:
        clock.pass_ms(8.2)

    for function in (run_logic_chain, store_result):
        function.__qualname__ = function.__name__
    run, store = timing_decorator(run_logic_chain), timing_decorator(store_result)
    for milliseconds in (2.1, 5.3, 2.1):
        run(milliseconds)
    for _ in range(50):
        store()
    print_performance_report()
    assert capsys.readouterr().out == (
        "=== Performance Report ===\n"
        "Function                     Calls  Avg (ms)  Min (ms)  Max (ms)  Total (s)\n"
        "store_result                    50      8.20      8.20      8.20       0.41\n"
        "run_logic_chain                  3      3.17      2.10      5.30       0.01\n"
    )


def test_report_with_exceptions_and_equal_names(clock: Clock) -> None:
    def fail() -> None:
        clock.pass_ms(1)
        raise KeyError("x")

    fail.__qualname__ = "fail"
    other = types.FunctionType(fail.__code__, globals(), "fail", None, fail.__closure__)
    other.__module__, other.__qualname__ = "other.module", "fail"
    for function in (timing_decorator(fail), timing_decorator(other)):
        with pytest.raises(KeyError, match="x"):
            function()
    file = io.StringIO()
    print_performance_report(file)
    _, head, *rows = file.getvalue().splitlines()
    assert head.endswith("Total (s)  Raised")
    assert [row.split()[0] for row in rows] == [f"{__name__}:fail", "other.module:fail"]
    assert [row.split()[-1] for row in rows] == ["1", "1"]


def test_saved_report(clock: Clock, tmp_path: Path) -> None:
    @timing_decorator
    def work() -> None:
        clock.pass_ms(250)

    work()
    clock.pass_ms(750)
    save_performance_report(tmp_path / "report.json")
    document = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (document["format"], document["version"], document["elapsed_s"]) == (monitor.REPORT_FORMAT, 1, 1)
    (entry,) = document["functions"]
    assert entry == {
        "module": __name__,
        "qualified_name": work.__qualname__,
        "file": __file__,
        "line": inspect.unwrap(work).__code__.co_firstlineno,
        "calls": 1,
        "raised": 0,
        "avg_ms": 250,
        "min_ms": 250,
        "max_ms": 250,
        "total_s": 0.25,
    }


def test_only_the_standard_library_is_imported() -> None:
    code = (
        "import sys; import flake8_flowperf.monitor; "
        "print(sorted({name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names)); "
        "print([name for name in sys.modules if name.startswith('flake8_flowperf')])"
    )
    result = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = [{str(ROOT)!r}]; {code}"],
                            capture_output=True, text=True, check=True, timeout=60)  # fmt: skip
    assert result.stdout == "['__main__', 'flake8_flowperf']\n['flake8_flowperf', 'flake8_flowperf.monitor']\n"


ROOT = Path(__file__).parent.parent

TYPED = """
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any
from flake8_flowperf.monitor import timing_decorator

@timing_decorator
def plain(value: int, *, key: str = "") -> bytes: return b""
@timing_decorator(threshold_ms=1.0)
async def work(value: int) -> str: return ""
@timing_decorator(log_level="DEBUG")
async def stream() -> AsyncIterator[int]: yield 1
class Shop:
    @timing_decorator
    def method(self, value: int) -> Iterator[int]: yield value
    @property
    @timing_decorator()
    def price(self) -> int: return 1
    @timing_decorator
    @staticmethod
    def static(value: int) -> int: return value
a: bytes = plain(1, key="x")
b: Coroutine[Any, Any, str] = work(1)
c: AsyncIterator[int] = stream()
d: Iterator[int] = Shop().method(1)
e: int = Shop().price
f: int = Shop.static(1)
plain("wrong")  # error
g: str = plain(1)  # error
work()  # error
stream(1)  # error
Shop().method("wrong")  # error
h: str = Shop().price  # error
Shop.static("wrong")  # error
timing_decorator(3j)  # error
"""


def test_types_are_kept(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy comes with the extra 'dev'")
    (tmp_path / "typed.py").write_text(TYPED, "utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "typed.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={"MYPYPATH": str(ROOT), "PYTHONPATH": str(ROOT)},
    )
    wrong = {int(line.split(":")[1]) for line in result.stdout.splitlines() if ": error:" in line}
    expected = {number for number, line in enumerate(TYPED.splitlines(), 1) if line.endswith("# error")}
    assert wrong == expected, result.stdout + result.stderr


def test_the_benchmark_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its figures are not judged here: they depend on what else the machine does."""
    monkeypatch.setattr(monitor_overhead, "ROUNDS", 1)
    monkeypatch.setattr(sys, "argv", ["monitor_overhead", "--json"])
    monitor_overhead.main()
    assert {"bare", "monitor", "guide", "ratio"} < set(json.loads(capsys.readouterr().out))
