"""FLP302: an entry numbered by the length of the list that it goes into."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.traces import LengthIndex, length_indexes, may_number_entries, numbered_places


class TraceIndexFromLen(Rule[LengthIndex]):
    """An entry's index is the length of the bounded or unbounded trace that it is appended to.

    ## What it does
    Finds `x.append(...)` with `len(x)` in the entry, or in a local name that the entry uses, where `x` is a list that
    FLP301 finds or a `deque(maxlen=...)`.

    ## Why is this bad
    Once the trace is full its length stays the same, and so does the index of every new entry. Numbers that say how
    many there have been need a counter.

    ## Bad
    ```python
    from collections import deque


    class Agent:
        def __init__(self):
            self.memory_trace = deque(maxlen=10000)

        def trace_action(self, action):
            self.memory_trace.append({"index": len(self.memory_trace), "action": action})
    ```

    ## Good
    ```python
    from collections import deque


    class Agent:
        def __init__(self):
            self.memory_trace = deque(maxlen=10000)
            self._memory_trace_counter = 0

        def trace_action(self, action):
            self.memory_trace.append({"index": self._memory_trace_counter, "action": action})
            self._memory_trace_counter += 1
    ```

    ## Fix safety
    Unsafe: the index goes on counting where it stood still, and a list that other code appends to or clears is no
    longer counted with it. Fixed only where all entries are added by `append` in statements of their own.

    ## Evidence
    Evidence item 3: with `maxlen=3` the last of six appends get the indexes 3, 3, 3. A matter of right numbers, not
    of speed.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | records of a bounded trace, 10,000 records | **index from a counter** | 1.25 | 1.03 | 1.03 | 1.04 | safety |

    ## Options
    None.
    """

    code = "FLP302"
    name = "trace-index-from-len"
    gain = "a safety rule; 1.03-1.25× an append"
    in_tests = False
    words = ("append",)
    nodes = (ast.Module,)

    def may_fire(self, glance: Glance) -> bool:
        """Whether the length is taken of something that is appended to, and is a trace or may have a bound."""
        return glance.fact(may_number_entries)

    def places(self, glance: Glance) -> Iterable[int] | None:
        """Where the names of the lists stand."""
        return numbered_places(glance)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[LengthIndex]]:
        """Yield a finding at each length that numbers an entry."""
        del node
        for index in source.fact(length_indexes):
            name = index.container.name
            short = name if len(name) <= 40 else f"{name[:37]}..."
            for length in index.lengths:
                message = f"len({short}) as index stands still once the trace is full; use a counter"
                yield self.finding(length, source, message, index)
