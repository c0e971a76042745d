"""FLP301: a list that records what happens, for ever."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from flake8_flowperf.model import Finding, Option, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.containers import Container
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.traces import GROWTH_WORDS, may_hold_trace, trace_places, unbounded_traces

MAX_TRACE_SIZE = Option(
    "--flowperf-max-trace-size", 10000, "how many entries the fixes of FLP301 let a trace keep", type=int
)


class UnboundedTrace(Rule[Container]):
    """A list that records what happens only ever grows.

    ## What it does
    Finds attributes and module names that start as an empty list, are appended to in a function, and that nothing in
    the file ever shortens, replaces, guards by a length or hands on under another name. The name must say that it
    holds a trace (log, trace, history, events, records, metrics, telemetry, audit, decisions, snapshots, sent,
    journal), and the owner must not be made for one run (a visitor, parser, builder, report, result and the like).
    Where entries are iterated, sorted or passed on, the owner must by its name live long (an agent, server, engine,
    manager), or the list must be one that all instances of a class share. Putting back a saved state is no bound:
    what was saved had none. Tests are left alone.

    ## Why is this bad
    In a process that runs for long the list takes all memory in the end. `collections.deque(maxlen=...)` drops the
    oldest entry.

    ## Bad
    ```python
    class Agent:
        def __init__(self):
            self.memory_trace = []

        def trace_action(self, action, data):
            self.memory_trace.append({"index": len(self.memory_trace), "action": action, "data": data})

        def recent(self, count):
            return self.memory_trace[-count:]
    ```

    ## Good
    ```python
    from collections import deque


    class Agent:
        MAX_MEMORY_TRACE = 10000

        def __init__(self):
            self.memory_trace = deque(maxlen=self.MAX_MEMORY_TRACE)
            self._memory_trace_counter = 0

        def trace_action(self, action, data):
            self.memory_trace.append({"index": self._memory_trace_counter, "action": action, "data": data})
            self._memory_trace_counter += 1

        def recent(self, count):
            return list(self.memory_trace)[-count:]
    ```

    ## Fix safety
    Unsafe: the oldest entries are dropped, `len()` stops at the limit, and code in other files that slices, sorts,
    concatenates or serialises the attribute meets a deque. Within the file, slices, returned, compared and serialised
    values become `list(...)`, which is a copy. So does what is iterated while other code runs, because a deque raises
    RuntimeError where it is appended to meanwhile. No fix where entries are looked up by position, where the list is
    sorted in place, concatenated, replayed or handed to code that cannot be seen.

    ## Evidence
    Evidence item 3: a safety rule. A million records of the guide's kind take 277/236/232/232 MB as a list and
    11/15/12/12 MB as `deque(maxlen=10000)` (whole processes, 3.10/3.11/3.12/3.13). Appends are no faster as long as
    the list fits. Slices are slower: `list(x)[-10:]` of 10,000 entries takes 250 to 330 times as long.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | records of a trace, 10,000 records | **deque(maxlen=10000)** | 1.19 | 1.01 | 1.02 | 0.96 | safety |
    | its memory at the peak | **deque(maxlen=10000)** | 1.00 of it | 1.01 of it | 1.01 of it | 1.01 of it |  |
    | records of a trace, 10,000 records | list trimmed in blocks | 0.77 | 0.88 | 0.88 | 0.84 | safety |
    | its memory at the peak | list trimmed in blocks | 0.91 of it | 0.89 of it | 0.89 of it | 0.89 of it |  |
    | records of a trace, 200,000 records | **deque(maxlen=10000)** | 2.6 | 1.88 | 2.2 | 2.1 | safety |
    | its memory at the peak | **deque(maxlen=10000)** | 0.05 of it | 0.051 of it | 0.051 of it | 0.051 of it |  |
    | records of a trace, 200,000 records | list trimmed in blocks | 1.34 | 1.48 | 1.39 | 1.58 | safety |
    | its memory at the peak | list trimmed in blocks | 0.092 of it | 0.091 of it | 0.091 of it | 0.091 of it |  |

    ## Options
    `--flowperf-max-trace-size=N` (default 10000): the limit that the fix writes.
    """

    code = "FLP301"
    name = "unbounded-trace"
    gain = "a safety rule; 1.88-2.6× an append, memory 0.05-0.051×"
    in_tests = False
    words = GROWTH_WORDS
    nodes = (ast.Module,)
    options = (MAX_TRACE_SIZE,)

    def may_fire(self, glance: Glance) -> bool:
        """Whether something grows that has the name of a trace."""
        return glance.fact(may_hold_trace)

    def places(self, glance: Glance) -> Iterable[int] | None:
        """Where the names of traces stand."""
        return trace_places(glance)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[Container]]:
        """Yield a finding at the first statement that makes each unbounded trace."""
        del node
        for trace in source.fact(unbounded_traces):
            name = trace.name if len(trace.name) <= 40 else f"{trace.name[:37]}..."
            message = f"{name} only ever grows; bound it with deque(maxlen={MAX_TRACE_SIZE.of(self.settings)})"
            yield self.finding(trace.creations[0].statement, source, message, trace)
