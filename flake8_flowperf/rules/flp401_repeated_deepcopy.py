"""FLP401: several deep copies where one pass would do."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_flowperf.model import Finding, Option, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.copies import DEEPCOPY, Siblings, redundant_copies

FORM: Option[str] = Option(
    "--flowperf-deepcopy", "json", "what the fix of FLP401 writes for several deep copies", ("json", "pickle", "single")
)


class RepeatedDeepcopy(Rule[Siblings]):
    """Several values are deep-copied one by one in the same place.

    ## What it does
    Finds two or more `copy.deepcopy` calls of different values in one simple statement, and in assignments that follow
    each other and copy siblings: attributes, or items, of one object. Left alone are calls with a memo, copies in
    branches of a conditional expression, two copies of the same value, tests, and `__deepcopy__`. One finding a group.

    ## Why is this bad
    deepcopy goes through Python code for every object in the value. For trees of dicts and lists, one round trip
    through JSON or pickle is faster.

    ## Bad
    ```python
    import copy


    class Agent:
        def create_snapshot(self):
            snapshot = {
                "memory": copy.deepcopy(self.memory_trace),
                "registry": copy.deepcopy(self.echo_registry),
                "points": copy.deepcopy(self.jump_points),
                "tools": copy.deepcopy(self.tool_field_map),
            }
            return snapshot
    ```

    ## Good
    ```python
    import json


    class Agent:
        def create_snapshot(self):
            snapshot = {
                "memory": self.memory_trace,
                "registry": self.echo_registry,
                "points": self.jump_points,
                "tools": self.tool_field_map,
            }
            return json.loads(json.dumps(snapshot, ensure_ascii=False))
    ```

    ## Fix safety
    Always unsafe. What changes, by form:

    | value | json | pickle | single |
    |---|---|---|---|
    | tuple | becomes a list | kept | kept |
    | int, float, bool or None as key | becomes a str, and may merge with one | kept | kept |
    | tuple as key, set, bytes, datetime, object | TypeError | kept | kept |
    | IntEnum, namedtuple, subclass of dict | becomes int, list, dict | kept | kept |
    | deque | TypeError; `list(...)` where the class shows it | kept | kept |
    | object twice in one value | two copies | one copy | one copy |
    | object in two of the values | two copies | one copy | one copy |
    | cycle | ValueError | kept | kept |
    | lambda, local function or class | TypeError | PicklingError | kept |
    | `__deepcopy__` | ignored | ignored | called |

    No fix where the code shows a value that JSON cannot hold, where the copies are arguments of a call, or where they
    stand in a display beside values that are not copied.

    ## Evidence
    Evidence item 4: json pays for trees of dicts and lists with small leaves, but not for lists of floats, long
    strings and small dicts; pickle pays for more; one deepcopy takes as long as several.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | trees of dicts and lists, 100 entries | **json** | 2.3 | 1.58 | 1.80 | 1.73 | pays on 3.10, 3.11, 3.12 |
    | trees of dicts and lists, 100 entries | pickle | 6.6 | 5.0 | 5.1 | 4.3 | pays |
    | trees of dicts and lists, 100 entries | single deepcopy | 1.00 | 0.99 | 1.02 | 0.91 | does not pay here |
    | trees of dicts and lists, 3,000 entries | **json** | 2.2 | 1.56 | 2.1 | 1.74 | pays on 3.11, 3.12, 3.13 |
    | trees of dicts and lists, 3,000 entries | pickle | 4.2 | 3.6 | 3.6 | 3.4 | pays |
    | trees of dicts and lists, 3,000 entries | single deepcopy | 0.96 | 1.01 | 1.00 | 0.97 | does not pay here |
    | lists of floats, 10,000 numbers | **json** | 0.39 | 0.25 | 0.26 | 0.21 | does not pay here |
    | lists of floats, 10,000 numbers | pickle | 10 | 6.0 | 5.4 | 4.9 | pays |
    | lists of floats, 10,000 numbers | single deepcopy | 1.01 | 1.00 | 0.98 | 0.98 | does not pay here |
    | long strings, 100 strings of 10 kB | **json** | 0.0086 | 0.0052 | 0.0063 | 0.0058 | does not pay here |
    | long strings, 100 strings of 10 kB | pickle | 0.049 | 0.031 | 0.038 | 0.035 | does not pay here |
    | long strings, 100 strings of 10 kB | single deepcopy | 0.93 | 0.95 | 0.94 | 0.96 | does not pay here |
    | a small dict, 3 keys | **json** | 0.27 | 0.22 | 0.23 | 0.20 | does not pay here |
    | a small dict, 3 keys | pickle | 1.30 | 0.94 | 1.03 | 0.73 | pays on 3.10 |
    | a small dict, 3 keys | single deepcopy | 0.52 | 0.46 | 0.43 | 0.39 | does not pay here |

    ## Options
    `--flowperf-deepcopy=json|pickle|single` (default json): the round trip that the fix writes, or one deepcopy of all
    the values.
    """

    code = "FLP401"
    name = "repeated-deepcopy"
    gain = "1.58-2.3× with json for trees of dicts and lists"
    looked_for = ("deepcopy",)
    words = ("deepcopy",)
    modules = frozenset({"copy"})
    in_tests = False
    calls = (DEEPCOPY,)
    options = (FORM,)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[Siblings]]:
        """Yield a finding at the first call of a group."""
        assert isinstance(node, ast.Call)
        group = source.fact(redundant_copies).get(node)
        if isinstance(group, Siblings):
            count = len(group.calls)
            advice = "copy them in one call" if FORM.of(self.settings) == "single" else "copy them in one round trip"
            yield self.finding(node, source, f"{count} values are deep-copied one by one; {advice}", group)
