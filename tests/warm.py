"""Commands that start from a process that has loaded them: what a start takes is mostly imports, and always the same.

Each is a process of its own all the same, a fork, with its folder, environment and streams.  Nothing was run in the
process that it starts from, so that a command finds what it would find after its imports.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent
DOORS = {"flake8": "flake8.main.cli", "flowperf-fix": "flake8_flowperf.cli"}
LOADED = (
    "mccabe",
    "pycodestyle",
    "pyflakes.checker",
    "flake8_flowperf.plugin",
    "flake8_flowperf.parallel",
    "flake8_flowperf.reporting.json",
)
"""What the commands load later, and not for a few cases only."""
PATIENCE = 60
"""Seconds that a command may take."""
MORE_THAN_A_REQUEST = 1 << 20


class Starter:
    """A process that forks for each command; it ends when this one does."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.settimeout(PATIENCE)
        code = f"from tests.warm import serve; serve({theirs.fileno()})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, pass_fds=[theirs.fileno()], start_new_session=True
        )
        theirs.close()

    def run(self, name: str, arguments: Sequence[str], cwd: Path, stdin: bytes) -> tuple[int, bytes, bytes]:
        """Exit status, output and error output of a command."""
        request = json.dumps([name, arguments, str(cwd), dict(os.environ)]).encode()
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
            given.write(stdin)
            given.seek(0)
            socket.send_fds(self._ours, [request], [given.fileno(), out.fileno(), error.fileno()])
            try:
                status = int(self._ours.recv(100))
            except TimeoutError:
                os.killpg(self._process.pid, signal.SIGKILL)  # the command too, which is one of its group
                starter.cache_clear()
                self.close()
                raise
            return status, _content(out), _content(error)

    def close(self) -> None:
        """End the process."""
        self._ours.close()
        self._process.wait(PATIENCE)


@functools.cache
def starter() -> Starter | None:
    """The one of this process; None where processes cannot be had in this way."""
    return Starter() if sys.platform == "linux" else None


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def serve(number: int) -> None:
    """Fork for each request that comes through the socket with the descriptor *number*."""
    doors = _doors()
    gc.freeze()  # what is there already need not be looked at, nor copied for that, in every fork
    with socket.socket(fileno=number) as requests:
        while True:
            request, streams, _, _ = socket.recv_fds(requests, MORE_THAN_A_REQUEST, 3)
            if not request:
                return
            process = os.fork()
            if not process:
                break
            for stream in streams:
                os.close(stream)
            status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            requests.send(str(status).encode())
    for standard, stream in enumerate(streams):
        os.dup2(stream, standard)
        os.close(stream)
    name, arguments, folder, environment = json.loads(request)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    raise SystemExit(doors[name]())


def _doors() -> dict[str, Callable[[], int]]:
    """The commands' functions, with all loaded that they load for their work."""
    for name in LOADED:
        importlib.import_module(name)
    registry = importlib.import_module("flake8_flowperf.registry")
    registry.rules()
    registry.codemods()
    return {name: importlib.import_module(module).main for name, module in DOORS.items()}
