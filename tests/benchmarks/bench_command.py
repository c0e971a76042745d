"""The command against others, on the same files: ``python -m pytest tests/benchmarks/bench_command.py``.

The number in brackets is the ratio to the fastest of its group.  ``whole`` are all files of the standard library, or of
the folder that FLOWPERF_BENCH names; ``sample`` are some 60,000 lines of them, for tools that take many minutes for more,
and ``ten`` are ten small files.  What is printed besides are ratios of runs in turn, which a machine whose speed changes
does not spoil.  Nothing is written: pyupgrade, which has no such mode, gets a copy.  A tool that is not installed is
left out, as is one that takes more than ten minutes; codemodder needs semgrep.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

ROOT = Path(os.environ.get("FLOWPERF_BENCH", sysconfig.get_path("stdlib")))
SAMPLE = 60_000
"""lines"""
PATIENCE = 600
"""seconds"""
TURNS = 5
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
ENVIRONMENT = {**os.environ, "PATH": PATH, "SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"}
"""with the commands that are installed beside this Python; codemodder is not to wait for a network"""
FIX = ["flowperf-fix", "--isolated", "--check", "--quiet"]
RUFF = ["ruff", "check", "--isolated", "--quiet", "--select", "PERF,S,FURB,SIM,B,C4,PTH", "--no-cache"]
FAST = {
    "ruff": RUFF,
    "flowperf-fix": [*FIX, "--no-cache"],
    "flowperf-fix, all rules": [*FIX, "--no-cache", "--extend-select", "FLP"],
    "flowperf-fix, again": [*FIX, "--cache-dir", "../cache"],
}
SLOW = {
    "ruff": RUFF,
    "flowperf-fix": [*FIX, "--no-cache"],
    "pyupgrade": ["pyupgrade", "--py310-plus", "--exit-zero-even-if-changed"],
    "fixit": ["fixit", "--quiet", "lint"],
    "codemodder": ["codemodder", "--dry-run", "--output", "codetf.json"],
}


@dataclass(frozen=True)
class Files:
    """A folder with copies of some files, and how many lines they have."""

    folder: Path
    names: tuple[str, ...]
    lines: int


def copied(folder: Path, lines: int | None, most: int | None = None) -> Files:
    """Copies of files below ROOT, taken from all over it until there are so many *lines* or files."""
    paths = sorted(path for path in ROOT.rglob("?*.py") if "site-packages" not in path.parts and path.is_file())
    if lines is not None or most is not None:
        paths = [path for start in range(97) for path in paths[start::97]]
    count = 0
    names: list[str] = []
    for path in paths:
        if (lines is not None and count > lines) or (most is not None and len(names) == most):
            break
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        data = path.read_bytes()
        if most is not None and len(data) > 8_000:
            continue
        target.write_bytes(data)
        names.append(str(target.relative_to(folder)))
        count += data.count(b"\n")
    return Files(folder, tuple(names), count)


@pytest.fixture(scope="module", params=["whole", "sample", "ten"])
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Files]:
    folder = tmp_path_factory.mktemp(request.param)
    sizes = {"whole": (None, None), "sample": (SAMPLE, None), "ten": (None, 10)}[request.param]
    return request.param, copied(folder, *sizes)


def run(arguments: list[str], files: Files) -> None:
    if arguments[0] == "pyupgrade":
        arguments = [*arguments, *files.names]
    elif arguments[0] == "codemodder":
        arguments = [arguments[0], ".", *arguments[1:]]
    else:
        arguments = [*arguments, "."]
    try:
        result = subprocess.run(
            arguments,
            cwd=files.folder,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{arguments[0]} is not done after {PATIENCE} s")
    if "Traceback" in result.stderr:
        pytest.skip(f"{arguments[0]} crashes here: {result.stderr.splitlines()[-1]}")


@pytest.mark.parametrize("tool", dict.fromkeys([*FAST, *SLOW]))
def test_command(benchmark: BenchmarkFixture, tool: str, files: tuple[str, Files]) -> None:
    size, chosen = files
    arguments = (SLOW if size == "sample" else FAST).get(tool)
    if arguments is None or shutil.which(arguments[0], path=PATH) is None:
        pytest.skip("not for this size, or not installed")
    rounds = 1 if tool in ("fixit", "codemodder") else 3
    benchmark.group = f"{size}: {len(chosen.names)} files, {chosen.lines} lines"
    benchmark.pedantic(run, (arguments, chosen), rounds=rounds, warmup_rounds=0 if rounds == 1 else 1)


def test_in_turn(files: tuple[str, Files], capsys: pytest.CaptureFixture[str]) -> None:
    """What the commands take of ruff's time: the median of the turns, the least and the most, printed."""
    if shutil.which("ruff", path=PATH) is None:
        pytest.skip("ruff is not installed")
    size, chosen = files
    run(FAST["flowperf-fix, again"], chosen)  # fills the cache
    ratios: dict[str, list[float]] = {}
    for _ in range(TURNS):
        taken = {tool: seconds(arguments, chosen) for tool, arguments in FAST.items()}
        for tool in taken.keys() - {"ruff"}:
            ratios.setdefault(tool, []).append(taken[tool] / taken["ruff"])
    with capsys.disabled():
        print(f"\nof ruff's time, {size}, {len(chosen.names)} files, {chosen.lines} lines, {TURNS} turns:")
        for tool, found in sorted(ratios.items()):
            print(f"  {tool}: {statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})")


def seconds(arguments: list[str], files: Files) -> float:
    """The time that a command takes."""
    begun = time.perf_counter()
    run(arguments, files)
    return time.perf_counter() - begun


def test_memory(files: tuple[str, Files], capsys: pytest.CaptureFixture[str]) -> None:
    """The most memory that one process of the command takes, printed in MB."""
    size, chosen = files
    code = (
        "import resource, subprocess, sys;"
        f"subprocess.run({[*FIX, '--no-cache', '.']!r}, stdout=-3, stderr=-3);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=chosen.folder, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    with capsys.disabled():
        print(f"\npeak memory, {size}: {int(result.stdout) / unit:.0f} MB")
