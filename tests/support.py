"""Running the real commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests import warm

BROAD = 'def f(base, use):\n    for path in base.rglob("*"):\n        if path.suffix == ".py":\n            use(path)\n'
NARROW = 'def f(base, use):\n    for path in base.rglob("?*.py"):\n        use(path)\n'
BROKEN = "for path in base.rglob(path.suffix\n"
"""what does not parse, and is parsed because it may hold a finding"""
SEVERAL = BROAD.replace('== ".py"', 'in (".py", ".md")')


def command(
    name: str, *arguments: str, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> tuple[int, bytes, bytes]:
    """Run ``flake8``, ``flowperf-fix`` or ``flowperf-bench`` in *cwd*; its exit status, output and error output."""
    if name in warm.DOORS and env is None and (starter := warm.starter()) is not None:
        return starter.run(name, arguments, cwd, stdin)
    code = {
        "flake8": "from flake8.main.cli import main; raise SystemExit(main())",
        "flowperf-fix": "from flake8_flowperf.cli import main; raise SystemExit(main())",
        "flowperf-bench": "from flake8_flowperf.bench.cli import main; raise SystemExit(main())",
    }[name]
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, **(env or {})},
    )
    return result.returncode, result.stdout, result.stderr


def unmeasured() -> dict[str, str]:
    """The environment of a child without coverage.

    For one that may not write, where coverage could not save its data, and one that gets a signal, where it could wait
    for a lock of its own forever.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def pip_reaches_an_index(folder: Path) -> bool:
    """Whether pip can install packages; what it tries with is put into *folder*."""
    download = ["download", "-q", "--no-deps", "--retries=0", "--dest", str(folder), "flake8"]
    run = subprocess.run([sys.executable, "-m", "pip", *download], capture_output=True, check=False, timeout=120)
    return run.returncode == 0


def heed_interrupts() -> None:
    """For a child: heed SIGINT even where the tests run in the background of a shell, which ignores it for them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for what another process is to bring about."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("waited for 30 s")


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Lay out files, below folders that are made for them."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
