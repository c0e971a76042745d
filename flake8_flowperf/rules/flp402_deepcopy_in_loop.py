"""FLP402: a deep copy that is not needed, or is made once more than needed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.copies import (
    DEEPCOPY,
    InLoop,
    Invariant,
    OfCopy,
    PerItem,
    Plain,
    Rebound,
    redundant_copies,
)


class DeepcopyInLoop(Rule[InLoop]):
    """A deep copy is made again and again, or of what needs none.

    ## What it does
    Finds calls of `copy.deepcopy` without a memo that

    - are the element of a list or dict comprehension over what they copy, or all that a loop appends for an item;
    - copy the same value in each turn of a loop, when only the top level of the copy is changed, or the copy is only
      used in one `if` behind it;
    - copy text or a number;
    - copy a copy: of deepcopy, of json.loads, of a property or by a function of the file that copies itself, or a part
      of a local copy that is not read any more;
    - copy a value whose name or attribute is bound to something else in the next statement.

    Left alone are copies that do not depend on the item or copy it several times (`deepcopy(x) for _ in range(n)` and
    `deepcopy(x) for x in items * n` make independent ones), that are changed below the top level or handed on, that
    stand before `break` or `return`, tests, and `__deepcopy__`.

    ## Why is this bad
    deepcopy goes through Python code for every object in the value: a shallow copy takes a hundredth of the time, and
    no copy none.

    ## Bad
    ```python
    import copy


    def pending(title, jobs):
        label = copy.deepcopy(f"{title}:")
        return label, [copy.deepcopy(job) for job in jobs if job["open"]]
    ```

    ## Good
    ```python
    import copy


    def pending(title, jobs):
        label = f"{title}:"
        return label, copy.deepcopy([job for job in jobs if job["open"]])
    ```

    ## Fix safety
    Safe: a copy of what is provably text or a number is dropped, as is one of a fresh `json.loads(text)`, and one of a
    fresh local value that is rebound at once. Unsafe: one copy of the whole list (objects that two items share are
    shared in the copies), `copy.copy` in the place of a deep copy (nested values are shared), and a copy dropped on the
    word of an annotation. No fix where the code around the copy has to change: a loop that does more than fill its
    list, a function that copies what it is given.

    ## Evidence
    Evidence item 4: a copy that is not needed costs its whole time. One copy instead of one an item does not pay by
    itself: it keeps the sharing between the items.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | a copy that is the same in each turn, 10 turns | **one copy before the loop** | 8.6 | 8.5 | 8.7 | 8.6 | pays |
    | a copy that is the same in each turn, 100 turns | **one copy before the loop** | 44 | 45 | 49 | 45 | pays |
    | a copy of each item, 10 items | **one deepcopy of the list** | 1.05 | 1.07 | 1.11 | 1.08 | does not pay here |
    | a copy of each item, 1,000 items | **one deepcopy of the list** | 1.14 | 1.10 | 1.14 | 1.17 | pays on 3.13 |
    | a copy of one level, 10 numbers | **dict()** | 50 | 45 | 45 | 41 | pays |
    | a copy of one level, 1,000 numbers | **dict()** | 180 | 130 | 150 | 160 | pays |
    | a copy of a str, 100 strings | **the str** | 150 | 120 | 110 | 88 | pays |

    ## Options
    None.
    """

    code = "FLP402"
    name = "deepcopy-in-loop"
    gain = "44-49× for a copy that no turn changes"
    looked_for = ("deepcopy",)
    words = ("deepcopy",)
    modules = frozenset({"copy"})
    in_tests = False
    calls = (DEEPCOPY,)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[InLoop]]:
        """Yield a finding at a copy that could be spared."""
        assert isinstance(node, ast.Call)
        found = source.fact(redundant_copies).get(node)
        value = _short(node.args[0]) if node.args else ""
        match found:
            case PerItem():
                message = f"{value} is deep-copied item by item; copy the whole once"
            case Invariant(branch=None):
                message = f"{value} is deep-copied in every turn but changed at its top level only; use copy.copy"
            case Invariant():
                message = f"{value} is deep-copied in every turn; copy it in the branch that uses it"
            case Plain():
                message = f"{value} is text or a number, which needs no deepcopy"
            case OfCopy(origin=origin):
                message = f"{value} is a copy already, made by {_cut(origin, 30)}"
            case Rebound():
                message = f"{value} is deep-copied although it is rebound at once; take it as it is"
            case _:
                return
        yield self.finding(node, source, message, found)


def _short(node: ast.expr) -> str:
    return _cut(ast.unparse(node).replace("\n", " "), 24)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
