"""FLP403: every entry of a trace holds a deep copy."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.copies import DEEPCOPY, Recorded, redundant_copies


class DeepcopyIntoTrace(Rule[Recorded]):
    """An entry that goes into a trace holds a deep copy of what the caller gave.

    ## What it does
    Finds `self.trace.append({..., "data": copy.deepcopy(data)})`: an entry, a dict, tuple or list with one deep copy in
    it, that is appended to an attribute or a module's list whose name says that it is a log, trace, history, record of
    events, metrics or decisions, when what is copied is a local name that the function does not use afterwards. A
    snapshot, `self.history.append(copy.deepcopy(self.state))`, is left alone: it has to be a copy.

    ## Why is this bad
    The copy costs a hundred times what the append does, and the trace holds all of it in memory.

    ## Bad
    ```python
    import copy
    import time


    class Agent:
        def trace_action(self, action, data):
            self.memory_trace.append({"at": time.time(), "action": action, "data": copy.deepcopy(data)})
    ```

    ## Good
    ```python
    import time


    class Agent:
        def trace_action(self, action, data):
            self.memory_trace.append({"at": time.time(), "action": action, "data": data})
    ```

    ## Fix safety
    Unsafe: when the caller changes the object afterwards, the entry changes with it (guide section 3: consider if a
    copy is needed).

    ## Evidence
    Evidence item 3: the copy is nearly all of what an append costs; `dict(data)` keeps the top level apart.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | appends to a trace, 10 appends | **data** | 88 | 72 | 71 | 76 | pays |
    | appends to a trace, 10 appends | dict(data) | 54 | 45 | 43 | 43 | pays |
    | appends to a trace, 1,000 appends | **data** | 80 | 63 | 67 | 76 | pays |
    | appends to a trace, 1,000 appends | dict(data) | 37 | 27 | 26 | 44 | pays |

    ## Options
    None.
    """

    code = "FLP403"
    name = "deepcopy-into-trace"
    gain = "63-80× an append"
    looked_for = ("deepcopy",)
    words = ("deepcopy",)
    modules = frozenset({"copy"})
    in_tests = False
    calls = (DEEPCOPY,)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[Recorded]]:
        """Yield a finding at a copy in an entry of a trace."""
        assert isinstance(node, ast.Call)
        found = source.fact(redundant_copies).get(node)
        if isinstance(found, Recorded):
            trace, value = ast.unparse(found.trace), ast.unparse(node.args[0])
            message = f"every entry of {trace[:30]} holds a deep copy; record {value[:24]} itself"
            yield self.finding(node, source, message, found)
