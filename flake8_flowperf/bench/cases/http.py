"""FLP801, FLP802 and FLP803: requests to one host (guide section 8), which here is this machine.

The server is a process of its own on the loopback interface; nothing else is asked for, whatever proxies are set.
Opening a connection takes no round trip over a network here, so that these gains are the least that there are; they are
judged where the server answers at once, as a close one does.
"""

from __future__ import annotations

import functools
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from flake8_flowperf.bench import server
from flake8_flowperf.bench.cases.files import folder
from flake8_flowperf.bench.model import Case, Forms, NotHere, Point

TURNS = 10


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise NotHere(f"{name} is not installed") from None


@contextmanager
def _without_proxies() -> Iterator[None]:
    taken = {name: os.environ.pop(name) for name in list(os.environ) if name.lower().endswith("_proxy")}
    taken |= {name: os.environ.pop(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(taken)


def _certificate(stack: ExitStack) -> list[str]:
    """The files of a certificate for this machine and of its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise NotHere("there is no program 'openssl' to make a certificate with")
    root = folder(stack)
    files = [str(root / "certificate.pem"), str(root / "key.pem")]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout", files[1]]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return files


def _address(files: list[str], milliseconds: int, stack: ExitStack) -> str:
    """Start the server; the address of something that it gives after some milliseconds."""
    stack.enter_context(_without_proxies())
    process = subprocess.Popen(
        [sys.executable, "-I", server.__file__, *files],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # an interrupt is for the benchmark, which then ends the server
    )
    stack.enter_context(process)
    stack.callback(process.terminate)
    assert process.stdout is not None
    scheme = "https" if files else "http"
    return f"{scheme}://127.0.0.1:{int(process.stdout.readline())}/{milliseconds}"


def _loop(milliseconds: int, stack: ExitStack, *, tls: bool) -> Forms:
    requests = _module("requests")
    files = _certificate(stack) if tls else []
    url, verify = _address(files, milliseconds, stack), files[0] if files else True

    def each() -> list[int]:
        return [requests.get(url, timeout=5, verify=verify).status_code for _ in range(TURNS)]

    def session() -> list[int]:
        with requests.Session() as one:
            return [one.get(url, timeout=5, verify=verify).status_code for _ in range(TURNS)]

    return {"requests.get": each, "one session around the loop": session}


def _httpx(milliseconds: int, stack: ExitStack) -> Forms:
    httpx = _module("httpx")
    url = _address([], milliseconds, stack)

    def each() -> list[int]:
        return [httpx.get(url, timeout=5).status_code for _ in range(2)]

    def client() -> list[int]:
        with httpx.Client() as one:
            return [one.get(url, timeout=5).status_code for _ in range(2)]

    kept = stack.enter_context(httpx.Client())
    return {
        "httpx.get": each,
        "one client around the loop": client,
        "one client for all calls": lambda: [kept.get(url, timeout=5).status_code for _ in range(2)],
    }


def _pooled(requests: Any, stack: ExitStack) -> Any:
    """The session of the guide, without its Retry."""
    adapters = importlib.import_module("requests.adapters")
    session = stack.enter_context(requests.Session())
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapters.HTTPAdapter(pool_connections=10, pool_maxsize=20))
    return session


def _call(milliseconds: int, stack: ExitStack, *, tls: bool) -> Forms:
    requests = _module("requests")
    files = _certificate(stack) if tls else []
    url, verify = _address(files, milliseconds, stack), files[0] if files else True
    session = _pooled(requests, stack)

    def own() -> Any:
        with requests.Session() as one:
            return one.get(url, timeout=5, verify=verify).json()

    return {
        "requests.get": lambda: requests.get(url, timeout=5, verify=verify).json(),
        "one session for all calls": lambda: session.get(url, timeout=5, verify=verify).json(),
        "a session in each call": own,
    }


def _threads(milliseconds: int, stack: ExitStack) -> Forms:
    requests = _module("requests")
    url = _address([], milliseconds, stack)
    session = _pooled(requests, stack)

    def all_of(get: Callable[..., Any]) -> list[int]:
        def call(_: int) -> int:
            return int(get(url, timeout=5).status_code)

        with ThreadPoolExecutor(16) as executor:
            return list(executor.map(call, range(48)))

    return {
        "requests.get": functools.partial(all_of, requests.get),
        "one session for all calls": functools.partial(all_of, session.get),
    }


def _timeout(milliseconds: int, stack: ExitStack) -> Forms:
    requests = _module("requests")
    url = _address([], milliseconds, stack)
    session = stack.enter_context(requests.Session())
    return {
        "no timeout": lambda: session.get(url).status_code,
        "timeout=5": lambda: session.get(url, timeout=5).status_code,
    }


def _case(
    code: str,
    label: str,
    build: Callable[[int, ExitStack], Forms],
    guide: str,
    sizes: tuple[int, ...] = (0, 5, 50),
    *,
    point: Point = Point.TIME,
    headline: str = "",
) -> Case:
    return Case(
        code,
        label,
        build,
        guide=guide,
        sizes=sizes,
        unit="ms in the server",
        realistic=sizes[0],
        point=point,
        is_main=bool(headline),
        headline=headline,
    )


CASES = (
    _case(
        "FLP801",
        "http, 10 requests",
        functools.partial(_loop, tls=False),
        "one session around the loop",
        headline="over http, near the server",
    ),
    _case("FLP801", "https, 10 requests", functools.partial(_loop, tls=True), "one session around the loop"),
    _case("FLP801", "httpx, 2 requests", _httpx, "one client around the loop", (0,)),
    _case(
        "FLP802",
        "http",
        functools.partial(_call, tls=False),
        "one session for all calls",
        headline="over http, near the server",
    ),
    _case("FLP802", "https", functools.partial(_call, tls=True), "one session for all calls"),
    _case("FLP802", "http, 48 calls in 16 threads", _threads, "one session for all calls", (2,)),
    _case("FLP803", "http, one session", _timeout, "timeout=5", (0,), point=Point.SAFETY, headline="a request"),
)
