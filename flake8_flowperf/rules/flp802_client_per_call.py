"""FLP802: a function opens a new connection in every call."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from flake8_flowperf.model import Finding, Option, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.connections import PerCallRequest, Reason, requests_per_call
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.http import (
    CALLS,
    HTTP_MODULES,
    HTTP_WORDS,
    URLLIB3_POOL,
    spelled,
)
from flake8_flowperf.source.http_text import http_places, may_connect_per_call

RETRIES: Option[int] = Option(
    "--flowperf-retries",
    0,
    "how often a client that the fix of FLP802 makes tries to connect again; a refused port then answers late",
    type=int,
)


class ClientPerCall(Rule[PerCallRequest]):
    """A function that is called again and again opens a connection, or makes a client, in every call.

    ## What it does
    Finds requests that open a connection of their own (see FLP801), and clients that are made for one request, in

    - a function or method that a loop of the file calls, or that is handed to `map()`, a thread or an executor there;
    - a method that makes a client, sends one request with it and lets it go;
    - the methods of a class that sends two or more such requests to a URL that its objects know (`self.base_url`);
    - a helper of the module that sends a request to the URL or path that its caller names and returns what the JSON
      of the answer says;
    - functions that one caller calls with the same URL.

    Left alone are results that are remembered (`@cache`, `if self._data is None:`), clients that are returned, stored,
    passed on, or made for one user, requests that are sent directly only when the caller gave no client or to the host
    that the caller names, and tests.

    ## Why is this bad
    Connections are made to be used again: opening one costs more than most requests. A client that the module or the
    object keeps holds them open.

    ## Bad
    ```python
    import requests


    def call_api(url):
        response = requests.get(url, timeout=5)
        return response.json()
    ```

    ## Good
    ```python
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=10, pool_maxsize=20)
    session.mount("http://", adapter)
    session.mount("https://", adapter)


    def call_api(url):
        response = session.get(url, timeout=5)
        return response.json()
    ```

    ## Fix safety
    Unsafe. A kept client sends the cookies of one response with the next request, whoever it is for; a module's client
    is shared by threads and, when the process forks, by its children; tests that replace `requests.get` no longer
    reach the code; a server that drops the connection just as a request arrives makes that request fail; `httpx.Client`
    reads the proxies of the environment once.

    Functions get the module-level session of guide section 8, methods a `self._session` that `__init__` makes; one
    that is there already is used. There is no fix for async clients, which belong to one event loop and must be
    closed, for classes without an `__init__` of their own, with bases, `__slots__` or own pickling, for credentials,
    cookies or proxies that change from call to call, for modules that fork, and for `urlopen()`.

    ## Evidence
    Evidence item 8: the slower the server, the less it matters. A session that is made inside the function gains
    nothing, since `requests.get()` does just that. A function that is called once gains nothing. The guide's
    `Retry(connect=3, backoff_factor=0.5)` makes a refused port answer after 3.0 s instead of at once.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | http, 0 ms in the server | **one session for all calls** | 1.48 | 1.53 | 3.1 | 1.52 | pays |
    | http, 0 ms in the server | a session in each call | 0.97 | 1.00 | 0.84 | 1.01 | does not pay here |
    | http, 5 ms in the server | **one session for all calls** | 1.10 | 1.12 | 1.23 | 1.11 | pays on 3.12 |
    | http, 5 ms in the server | a session in each call | 1.00 | 1.00 | 1.02 | 1.00 | does not pay here |
    | http, 50 ms in the server | **one session for all calls** | 1.03 | 1.03 | 1.07 | 1.02 | does not pay here |
    | http, 50 ms in the server | a session in each call | 1.00 | 1.00 | 1.00 | 1.00 | does not pay here |
    | https, 0 ms in the server | **one session for all calls** | 3.8 | 4.1 | 4.7 | 5.2 | pays |
    | https, 0 ms in the server | a session in each call | 1.03 | 1.02 | 0.98 | 1.00 | does not pay here |
    | https, 5 ms in the server | **one session for all calls** | 1.77 | 1.78 | 1.67 | 1.79 | pays on 3.10, 3.11, 3.13 |
    | https, 5 ms in the server | a session in each call | 0.97 | 1.02 | 1.00 | 1.04 | does not pay here |
    | https, 50 ms in the server | **one session for all calls** | 1.12 | 1.13 | 1.21 | 1.12 | pays on 3.12 |
    | https, 50 ms in the server | a session in each call | 1.01 | 0.99 | 0.97 | 1.00 | does not pay here |
    | http, 48 calls in 16 threads, 2 ms in the server | **one session for all calls** | 1.37 | 1.49 | 1.43 | 1.43 | pays |

    ## Options
    `--flowperf-retries=N` (default 0): how often the client that a fix makes tries to connect again, with pauses of
    0.5 s, 1 s, 2 s, ... as in the guide.
    """

    code = "FLP802"
    name = "client-per-call"
    gain = "1.48-3.1× over http, near the server"
    words = HTTP_WORDS
    modules = HTTP_MODULES
    in_tests = False
    calls = CALLS
    options = (RETRIES,)

    def may_fire(self, glance: Glance) -> bool:
        """Whether a request is sent or a client made by a function that seems to be called often."""
        return may_connect_per_call(glance)

    def places(self, glance: Glance) -> Iterable[int] | None:
        """Where a request is sent or a client made, and where the functions that do so are named."""
        return glance.fact(http_places)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[PerCallRequest]]:
        """Yield a finding at a request, or at a client that is made, in a function that is called again and again."""
        assert isinstance(node, ast.Call)
        facts = source.fact(requests_per_call).get(node)
        if facts is not None:
            yield self.finding(node, source, _message(source, facts), facts)


def _message(source: SourceFile, facts: PerCallRequest) -> str:
    called = spelled(source, facts.call)
    client = (facts.call.client or URLLIB3_POOL).constructor
    keeper = "on self" if facts.owner is not None else "in the module"
    if facts.call.makes_client:
        message = f"{called}() is made anew in every call of {{}}(); keep one {keeper}"
    elif facts.reason is Reason.CALLED_IN_LOOP:
        message = f"{{}}() connects anew for each call in a loop; keep one {client}()"
    else:
        message = f"{called}() connects anew in every call of {{}}(); keep one {client}()"
    name, room = facts.function.name, 101 - len(message)
    return message.format(name if len(name) <= room else name[: room - 1] + "…")
