"""FLP601: a function that was named as critical, and that nothing times."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import translate

from flake8_flowperf.model import Finding, Option, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.modules import module_names, qualified_name

CRITICAL_FUNCTIONS = Option(
    "--flowperf-critical-functions",
    default="",
    help="the functions that must be timed, as in app.pipeline:Pipeline.run; * and ? stand for any characters",
    comma_separated_list=True,
    metavar="MODULE:FUNCTION",
    pattern=r"[^:]+:[^:]+|",
)
TIMING_DECORATOR = Option(
    "--flowperf-timing-decorator",
    default="flake8_flowperf.monitor.timing_decorator",
    help="the decorator that they must carry; () at its end when it is to be called",
    metavar="MODULE.NAME",
    pattern=r"[^\W\d]\w*(\.[^\W\d]\w*)+(\(\))?",
)

_COMPILERS = ("numba.", "jax.", "torch.", "tensorflow.", "cython.", "taichi.", "triton.", "warp.")
"""Packages whose decorators compile a function from its code, and can make nothing of a wrapper."""

_WITHOUT_CODE = frozenset(
    f"{module}.{name}"
    for module, name in (
        ("abc", "abstractmethod"),
        ("typing", "overload"),
        ("typing_extensions", "overload"),
    )
)


@dataclass(frozen=True)
class Untimed:
    """A function that is to be timed.

    *above* is the decorator that must stay below the timing one; None for the place just above the function.
    """

    function: ast.FunctionDef | ast.AsyncFunctionDef
    above: ast.expr | None


class UntimedCriticalFunction(Rule[Untimed]):
    """A function that is named as critical does not carry the timing decorator.

    ## What it does
    Finds the functions and methods that `--flowperf-critical-functions` names and that carry no decorator with the
    name of the timing decorator, nor are handed to it by a call. It reports nothing until functions are named. Abstract
    methods, overloads, setters and stub files are left alone. A file does not show where the import path begins:
    `pipeline:run` means every file `pipeline.py`, `app.pipeline:run` those in a folder `app`.

    ## Why is this bad
    What is agreed to be critical should be measured where it runs, not guessed at; the guide's checklist asks for
    timing decorators on critical functions. The one of `flake8_flowperf.monitor` is right for methods, generators,
    coroutines, recursion, exceptions and threads.

    ## Bad
    With `--flowperf-critical-functions=*:LogicPipeline.run_*`:
    ```python
    class LogicPipeline:
        def __init__(self, steps):
            self.steps = steps

        def run_logic_chain(self, data):
            for step in self.steps:
                data = f"[{step.upper()} → {data}]"
            return data
    ```

    ## Good
    ```python
    from flake8_flowperf.monitor import timing_decorator


    class LogicPipeline:
        def __init__(self, steps):
            self.steps = steps

        @timing_decorator
        def run_logic_chain(self, data):
            for step in self.steps:
                data = f"[{step.upper()} → {data}]"
            return data
    ```

    ## Fix safety
    Unsafe: each call costs more time and one more frame of the stack, and another decorator than the default one may
    do anything. The decorator goes below all others, where it gets the function itself (a `staticmethod`, a route or a
    cache stay outermost), but above those that compile a function's code, such as numba's. No fix where the name of
    the decorator means something else or is bound further down, or where the module would import itself.

    ## Evidence
    Evidence item 6: this costs, it gains nothing; the monitor's own decorator takes about half of what the guide's
    does (`python -m tests.benchmarks.monitor_overhead` gives nanoseconds). Do not name functions that take less
    than some microseconds.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | a silent call, 0 turns in the function | **the monitor's decorator** | 0.20 | 0.19 | 0.18 | 0.18 | does not pay here |
    | a silent call, 0 turns in the function | the guide's decorator | 0.11 | 0.10 | 0.09 | 0.10 | does not pay here |
    | a silent call, 10 turns in the function | **the monitor's decorator** | 0.44 | 0.39 | 0.39 | 0.40 | does not pay here |
    | a silent call, 10 turns in the function | the guide's decorator | 0.30 | 0.23 | 0.23 | 0.26 | does not pay here |
    | a silent call, 1,000 turns in the function | **the monitor's decorator** | 0.97 | 0.99 | 0.99 | 0.98 | does not pay here |
    | a silent call, 1,000 turns in the function | the guide's decorator | 0.95 | 0.94 | 0.97 | 0.96 | does not pay here |

    ## Options
    `--flowperf-critical-functions=MODULE:FUNCTION,...` (default none): the functions, `FUNCTION` being a qualified name
    such as `Class.method`; `*` and `?` stand for any characters, dots too.
    `--flowperf-timing-decorator=MODULE.NAME` (default `flake8_flowperf.monitor.timing_decorator`): the decorator; with
    `()` at its end the fix writes a call.
    """

    code = "FLP601"
    name = "untimed-critical-function"
    only_where_hot = False
    gain = "0.18-0.20× for an empty function: it costs"
    words: tuple[str, ...] = ("def",)
    nodes = (ast.FunctionDef, ast.AsyncFunctionDef)
    options = (CRITICAL_FUNCTIONS, TIMING_DECORATOR)

    def __init__(self, settings: argparse.Namespace) -> None:
        super().__init__(settings)
        patterns = [pattern.partition(":")[::2] for pattern in CRITICAL_FUNCTIONS.of(settings) or ()]
        self._patterns = [(re.compile(translate(module)), re.compile(translate(name))) for module, name in patterns]
        self._decorator = TIMING_DECORATOR.of(settings).removesuffix("()").rpartition(".")[2]
        self.words = tuple(dict.fromkeys(_word(name) for _, name in patterns))

    def may_fire(self, glance: Glance) -> bool:  # noqa: ARG002
        """Whether any function is to be timed: without patterns there are no words either."""
        return bool(self.words)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[Untimed]]:
        """Yield a finding at a function that is named and not timed."""
        assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        modules = source.fact(module_names)
        wanted = [function for module, function in self._patterns if any(map(module.match, modules))]
        if not wanted or source.filename.endswith(".pyi"):
            return
        name = qualified_name(source, node)
        if not any(pattern.match(name) for pattern in wanted) or self._is_timed(node, source):
            return
        above = None
        for decorator in node.decorator_list:
            path = source.names.qualified_name(_called(decorator)) or ""
            if path in _WITHOUT_CODE or _last_name(decorator) in ("setter", "deleter"):
                return
            if above is None and path.startswith(_COMPILERS):
                above = decorator
        message = f"{_short(name)}() is critical and not timed; add @{_short(self._decorator)}"
        yield self.finding(node, source, message, Untimed(node, above))

    def _is_timed(self, function: ast.FunctionDef | ast.AsyncFunctionDef, source: SourceFile) -> bool:
        for decorator in function.decorator_list:
            path = source.names.qualified_name(_called(decorator)) or ""
            if self._decorator in (_last_name(decorator), path.rpartition(".")[2]):
                return True
        return (self._decorator, function.name) in source.fact(_handed_over)


def _word(pattern: str) -> str:
    """What must stand in a text that defines a function whose qualified name *pattern* matches."""
    if "[" in pattern:
        return "def"
    return max(re.split(r"<locals>|[*?.]", pattern), key=len) or "def"


def _short(name: str) -> str:
    return name if len(name) <= 32 else f"{name[:29]}..."


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _last_name(node: ast.expr) -> str | None:
    match _called(node):
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


def _handed_over(source: SourceFile) -> frozenset[tuple[str, str]]:
    """The last names of functions that are called, ``f(x)`` or ``f(...)(x)``, with those of their arguments."""
    return frozenset(
        (function, name)
        for call in source.tree.of(ast.Call)
        if (function := _last_name(call.func)) is not None
        for argument in call.args
        if (name := _last_name(argument)) is not None
    )
