"""FLP801: a loop opens a new connection in every turn."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.connections import LoopedRequest, requests_in_loops
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.http import CALLS, HTTP_MODULES, HTTP_WORDS, spelled
from flake8_flowperf.source.http_text import http_places, may_connect_in_loops


class RequestInLoop(Rule[LoopedRequest]):
    """A loop opens a new connection, or makes a new client, in every turn.

    ## What it does
    Finds calls of `requests.get()` and its like, of `httpx.get()` and its like, of `aiohttp.request()` and of
    `urlopen()`, and `requests.Session()`, `httpx.Client()`, `httpx.AsyncClient()`, `aiohttp.ClientSession()` and
    `urllib3.PoolManager()` that are made, in the body of a loop or in a comprehension: downloads, pages of a listing,
    polls of a status.

    Left alone are loops that only try again until the request works or the server is up, loops each turn of which
    visits another host (literal URLs, `f"https://{host}/"`), clients that are made for one user or kept for later, what
    is done only when the caller gave no client, and tests.

    ## Why is this bad
    Each of these calls looks up the host, opens a connection, for https shakes hands, sends one request and closes
    the connection. A client keeps it open for the next request. `httpx.get()` also builds a TLS context each time,
    which takes longer than most requests.

    ## Bad
    ```python
    import requests


    def fetch_all(base, names):
        bodies = []
        for name in names:
            response = requests.get(f"{base}/{name}", timeout=5)
            bodies.append(response.text)
        return bodies
    ```

    ## Good
    ```python
    import requests


    def fetch_all(base, names):
        bodies = []
        with requests.Session() as session:
            for name in names:
                response = session.get(f"{base}/{name}", timeout=5)
                bodies.append(response.text)
        return bodies
    ```

    ## Fix safety
    Unsafe. A client that is made before the loop sends the cookies of one response with the next request, tests that
    replace `requests.get` no longer reach the code, a server that drops the connection just as a request arrives makes
    that request fail, and `httpx.Client` reads the proxies of the environment once. Adjacent code is not touched: the
    loop moves into a `with` block, the inside of its strings stays as it is, and a client that is there already is
    used. There is no fix for `urlopen()`, which cannot keep a connection, for arguments that belong to a client
    (`verify=` of httpx), and for credentials, cookies or proxies that change from turn to turn.

    ## Evidence
    Evidence item 8: the slower the server, the less it matters. On a real network a new connection waits for round
    trips besides, which this machine's own server does not show. Where every turn visits another host, nothing is
    gained.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | http, 10 requests, 0 ms in the server | **one session around the loop** | 1.40 | 1.34 | 1.45 | 1.40 | pays |
    | http, 10 requests, 5 ms in the server | **one session around the loop** | 1.10 | 1.12 | 1.13 | 1.09 | does not pay here |
    | http, 10 requests, 50 ms in the server | **one session around the loop** | 1.02 | 1.02 | 1.02 | 1.02 | does not pay here |
    | https, 10 requests, 0 ms in the server | **one session around the loop** | 2.9 | 2.8 | 3.6 | 3.2 | pays |
    | https, 10 requests, 5 ms in the server | **one session around the loop** | 1.64 | 1.67 | 1.64 | 1.61 | pays |
    | https, 10 requests, 50 ms in the server | **one session around the loop** | 1.11 | 1.12 | 1.16 | 1.11 | pays on 3.12 |
    | httpx, 2 requests, 0 ms in the server | **one client around the loop** | 1.91 | 2.1 | 1.95 | 1.93 | pays |
    | httpx, 2 requests, 0 ms in the server | one client for all calls | 36 | 38 | 29 | 39 | pays |

    ## Options
    None.
    """

    code = "FLP801"
    name = "request-in-loop"
    gain = "1.34-1.45× over http, near the server"
    words = HTTP_WORDS
    modules = HTTP_MODULES
    in_tests = False
    calls = CALLS

    def may_fire(self, glance: Glance) -> bool:
        """Whether a request is sent or a client made in a loop."""
        return may_connect_in_loops(glance)

    def places(self, glance: Glance) -> Iterable[int] | None:
        """Where a request is sent or a client made, and where the functions that do so are named."""
        return glance.fact(http_places)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[LoopedRequest]]:
        """Yield a finding at a request, or at a client that is made, in a loop."""
        assert isinstance(node, ast.Call)
        facts = source.fact(requests_in_loops).get(node)
        if facts is None:
            return
        called, client = spelled(source, facts.call), facts.call.client
        if facts.call.makes_client:
            message = f"{called}() is made anew in every turn of the loop; make it once, before the loop"
        else:
            wanted = f"one {client.constructor}()" if client is not None else "a urllib3 pool"
            message = f"{called}() opens a connection in every turn of the loop; use {wanted}"
        yield self.finding(node, source, message, facts)
