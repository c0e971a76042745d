"""FLP701: a string that is copied whole for every part that is added to it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.growing_text import growing_places, may_grow
from flake8_flowperf.source.growth import Growing, Side, growing, is_copied

_SHOWN = 30


class QuadraticStringBuilding(Rule[Growing]):
    """A string grows in a loop in a way that copies all of it in every turn.

    ## What it does
    Finds statements in a loop that add to a `str` or `bytes` where CPython has to copy the whole of it: an attribute,
    an item, a global or closure variable, any `bytes`, text that is put in front (`s = part + s`), three terms
    (`s = s + a + b`) and an f-string that begins or ends with the old text. The text is set before the loop and neither
    set anew nor read in it. A plain local `s += part` is linear in CPython and is left alone, and so are text that
    each turn wraps at both ends, loops of a few fixed items, what is not known to be a string, and tests.

    Off by default: it pays for long chains only. Switch it on with `--extend-select FLP701`.

    ## Why is this bad
    Adding n parts copies of the order of n² characters. A list that is joined once copies each part once.

    ## Bad
    ```python
    def table(rows):
        text = "name;size\\n"
        for name, size in rows:
            text = text + f"{name};" + f"{size}\\n"
        return text
    ```

    ## Good
    ```python
    def table(rows):
        text_parts = ["name;size\\n"]
        for name, size in rows:
            text_parts.append(f"{name};" + f"{size}\\n")
        text = "".join(text_parts)
        return text
    ```

    ## Fix safety
    Safe for a local variable of a function when the code shows that all its parts are `str` and no `try` or `with`
    around the loop could show it half-built. Else unsafe: what is not a string is noticed at the join only, and others
    see an attribute, item or global after the loop only, not at all when the loop raises. No fix for text that grows
    at both ends, for loops that are left by `return` or have an `else`, or that set another item in each turn.

    ## Evidence
    Evidence item 7: what grows by copying all of it is quadratic, a plain local `+=` is not. The chain of the guide
    does not pay below some 100 parts.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | an attribute, 10 parts | **list and join** | 1.85 | 1.60 | 1.66 | 1.65 | pays |
    | an attribute, 100 parts | **list and join** | 2.6 | 2.8 | 2.4 | 2.6 | pays |
    | an attribute, 10,000 parts | **list and join** | 19 | 37 | 32 | 25 | pays |
    | three terms, 10 parts | **list and join** | 1.42 | 2.1 | 2.1 | 2.0 | pays |
    | three terms, 100 parts | **list and join** | 2.5 | 4.3 | 4.2 | 4.7 | pays |
    | three terms, 10,000 parts | **list and join** | 26 | 84 | 75 | 53 | pays |
    | in front, 10 parts | **list and join** | 0.87 | 1.17 | 1.22 | 1.20 | pays on 3.11, 3.12, 3.13 |
    | in front, 100 parts | **list and join** | 1.37 | 2.4 | 2.3 | 2.3 | pays |
    | in front, 10,000 parts | **list and join** | 15 | 34 | 29 | 31 | pays |
    | bytes, 10 parts | **list and join** | 0.88 | 1.33 | 1.38 | 1.47 | pays on 3.11, 3.12, 3.13 |
    | bytes, 100 parts | **list and join** | 1.34 | 2.1 | 2.2 | 2.5 | pays |
    | bytes, 10,000 parts | **list and join** | 21 | 35 | 33 | 21 | pays |
    | the guide's chain, 10 parts | **list and join** | 0.69 | 0.82 | 0.80 | 0.75 | does not pay here |
    | the guide's chain, 100 parts | **list and join** | 0.95 | 1.32 | 1.17 | 1.15 | pays on 3.11, 3.12, 3.13 |
    | the guide's chain, 10,000 parts | **list and join** | 31 | 80 | 89 | 80 | pays |
    | a local name, which is not reported, 10 parts | **list and join** | 0.88 | 1.11 | 1.07 | 1.13 | does not pay here |
    | a local name, which is not reported, 100 parts | **list and join** | 1.22 | 1.75 | 1.83 | 1.90 | pays |
    | a local name, which is not reported, 10,000 parts | **list and join** | 1.55 | 2.2 | 1.83 | 1.90 | pays |

    ## Options
    None.
    """

    code = "FLP701"
    name = "quadratic-string-building"
    gain = "19-37× at 10,000 parts"
    on_by_default = False
    words = ("for", "while")
    in_tests = False
    nodes = (ast.Assign, ast.AugAssign)

    def may_fire(self, glance: Glance) -> bool:
        """Whether something is added to in a loop."""
        return may_grow(glance)

    def places(self, glance: Glance) -> Iterable[int] | None:
        """Where that is, and where the values of attributes and items come from."""
        return growing_places(glance)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[Growing]]:
        """Yield a finding at a statement that copies a text to add to it in a loop."""
        assert isinstance(node, (ast.Assign, ast.AugAssign))
        if (found := growing(source, node)) is None:
            return
        if found.growth.side is Side.BOTH:
            return  # "usually fine", as guide section 7 says of the text that each step wraps
        if is_copied(source, found.growth, is_bytes=found.is_bytes):
            name = " ".join(ast.unparse(found.growth.target).split())
            shown = name if len(name) <= _SHOWN else f"{name[: _SHOWN - 3]}..."
            message = f"{shown} is copied whole in every turn; append the parts to a list and join them"
            yield self.finding(node, source, message, found)
