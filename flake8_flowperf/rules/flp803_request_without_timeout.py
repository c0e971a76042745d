"""FLP803: a request that may wait for ever."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from flake8_flowperf.model import Finding, Option, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.http import (
    CALLS,
    HTTP_MODULES,
    WITHOUT_DEFAULT_TIMEOUT,
    HttpCall,
    http_calls,
    spelled,
)
from flake8_flowperf.source.http_text import http_places, may_call_http

REQUEST_TIMEOUT: Option[int] = Option(
    "--flowperf-request-timeout",
    5,
    "the timeout in seconds that the fix of FLP803 writes",
    type=int,
)


class RequestWithoutTimeout(Rule[HttpCall]):
    """A request has no timeout and may wait for ever.

    ## What it does
    Finds calls of `requests.get()` and its like and of `urllib.request.urlopen()` that pass no `timeout`, no
    `**kwargs` that might hold one and, for `urlopen()`, no third positional argument. httpx, which gives up after 5 s
    of its own accord, and aiohttp, after 300 s, are left alone, as are tests.

    Off by default: many a one-shot script may well wait. Switch it on with `--extend-select FLP803`.

    ## Why is this bad
    requests and urllib have no timeout unless they are given one. A server that accepts the connection and then says
    nothing stops the program, or one of its threads, for good.

    ## Bad
    ```python
    import requests


    def call_api(url):
        return requests.get(url).text
    ```

    ## Good
    ```python
    import requests


    def call_api(url):
        return requests.get(url, timeout=5).text
    ```

    ## Fix safety
    Unsafe. The fix passes `timeout=5`, as guide section 8 does. A server that takes longer to connect, or pauses
    longer between two pieces of its answer, now raises `requests.Timeout`, `TimeoutError` or `URLError`.

    ## Evidence
    Nothing is gained in speed: the timeout bounds what a silent server costs.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | http, one session, 0 ms in the server | **timeout=5** | 1.00 | 0.88 | 0.97 | 1.03 | safety |

    ## Options
    `--flowperf-request-timeout=SECONDS` (default 5): the timeout that the fix writes.
    """

    code = "FLP803"
    name = "request-without-timeout"
    gain = "a safety rule; 0.88-1.03× a request"
    on_by_default = False
    words = ("requests", "urlopen")
    modules = HTTP_MODULES
    in_tests = False
    calls = CALLS
    options = (REQUEST_TIMEOUT,)

    def may_fire(self, glance: Glance) -> bool:
        """Whether a request is sent."""
        return may_call_http(glance)

    def places(self, glance: Glance) -> Iterable[int] | None:
        """Where a request is sent."""
        return glance.fact(http_places)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[HttpCall]]:
        """Yield a finding at a request that has no timeout."""
        assert isinstance(node, ast.Call)
        call = source.fact(http_calls).get(node)
        if call is None or call.name not in WITHOUT_DEFAULT_TIMEOUT:
            return
        if call.has_unknown_arguments:
            return
        if any(keyword.arg == "timeout" for keyword in node.keywords):
            return
        if call.client is None and (len(node.args) > 2 or _opens_no_connection(node)):
            return
        seconds = REQUEST_TIMEOUT.of(self.settings)
        message = f"{spelled(source, call)}() without a timeout may wait for ever; pass timeout={seconds}"
        yield self.finding(node, source, message, call)


def _opens_no_connection(node: ast.Call) -> bool:
    match node.args:
        case [ast.Constant(value=str(url)), *_]:
            return url.startswith(("file:", "data:"))
    return False
