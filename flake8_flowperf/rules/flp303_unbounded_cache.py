"""FLP303: a dict that keeps every answer."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.containers import Container
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.traces import cache_places, may_hold_cache, unbounded_caches


class UnboundedCache(Rule[Container]):
    """A dict that serves as a cache is never emptied.

    ## What it does
    Finds attributes and module names called cache or memo that start as an empty dict, get entries in a function under
    keys that can be ever new (text put together, a path, a query, a request's parameter), and that nothing in the
    file shortens, replaces or hands on. Keys of few values (codes, types, locales) are left alone. Opt-in:
    how many keys there will be cannot be told from the code.

    ## Why is this bad
    In a process that runs for long the cache takes all memory in the end. `functools.lru_cache(maxsize=...)` drops
    what was used least recently.

    ## Bad
    ```python
    class Search:
        def __init__(self, backend):
            self.backend = backend
            self._cache = {}

        def find(self, query):
            if query not in self._cache:
                self._cache[query] = self.backend.find(query)
            return self._cache[query]
    ```

    ## Good
    ```python
    from functools import lru_cache


    class Search:
        def __init__(self, backend):
            self.find = lru_cache(maxsize=1024)(backend.find)
    ```

    ## Fix safety
    There is no fix: which entries may be dropped, and when, is for the author to say.

    ## Evidence
    Evidence item 3 measures lists, not dicts: a safety rule, what is gained is a bound.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | queries that do not come again, 1,000 queries | **lru_cache(maxsize=1024)** | 0.99 | 0.56 | 0.60 | 0.67 | safety |
    | its memory at the peak | **lru_cache(maxsize=1024)** | 1.44 of it | 1.43 of it | 1.43 of it | 1.43 of it |  |
    | queries that do not come again, 100,000 queries | **lru_cache(maxsize=1024)** | 1.93 | 1.59 | 1.72 | 1.14 | safety |
    | its memory at the peak | **lru_cache(maxsize=1024)** | 0.019 of it | 0.018 of it | 0.018 of it | 0.018 of it |  |

    ## Options
    None.
    """

    code = "FLP303"
    name = "unbounded-cache"
    gain = "a safety rule; 1.14-1.93× a query, memory 0.018-0.019×"
    on_by_default = False
    words = ("cache", "CACHE", "memo", "MEMO", "Cache")
    in_tests = False
    nodes = (ast.Module,)

    def may_fire(self, glance: Glance) -> bool:
        """Whether an item is set in, or taken from, something that is called a cache."""
        return may_hold_cache(glance)

    def places(self, glance: Glance) -> Iterable[int] | None:
        """Where the names of caches stand."""
        return glance.fact(cache_places)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[Container]]:
        """Yield a finding at the first statement that makes each unbounded cache."""
        del node
        for cache in source.fact(unbounded_caches):
            name = cache.name if len(cache.name) <= 40 else f"{cache.name[:37]}..."
            message = f"{name} keeps every entry under ever new keys; give it a limit, as lru_cache has"
            yield self.finding(cache.creations[0].statement, source, message, cache)
