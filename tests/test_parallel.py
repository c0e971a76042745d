"""Worker processes give what one process gives, and leave with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flake8_flowperf import config, parallel
from flake8_flowperf.cli import main
from tests.support import BROAD, BROKEN, NARROW, SEVERAL, command, heed_interrupts, unmeasured, wait_for, write

MANY = 2 * parallel.FILES_PER_WORKER
CODE = "from flake8_flowperf.cli import main; raise SystemExit(main())"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path, {f"{number % 7}/m{number:03}.py": BROAD + SEVERAL for number in range(MANY)})
    write(tmp_path, {"0/bad.py": BROKEN, "3/clean.py": "x = 1\n"})
    return tmp_path


@pytest.mark.parametrize(
    "arguments", [["--check", "--output-format=json"], ["--diff"], ["--check", "-v"]], ids=" ".join
)
def test_same_as_one_process(arguments: list[str], tree: Path) -> None:
    one = command("flowperf-fix", "--isolated", "--jobs=1", *arguments, cwd=tree)
    assert one[0] == 2, "0/bad.py"
    assert command("flowperf-fix", "--isolated", "--jobs=2", *arguments, cwd=tree) == one
    assert len(one[1] + one[2]) > 10_000


def test_files_are_written(tree: Path) -> None:
    status, out, _ = command("flowperf-fix", "--isolated", "--jobs", "3", "--output-format=json", cwd=tree)
    assert status == 2
    paths = [file["path"] for file in json.loads(out)["files"]]
    assert paths == list(dict.fromkeys(paths))
    assert len(paths) == MANY + 1
    assert {path.read_text() for path in tree.glob("*/m*.py")} == {NARROW + SEVERAL}


@pytest.mark.parametrize(("given", "expected"), [("1", 1), ("0", 1), ("7", 7)])
def test_number_of_jobs(given: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flake8_flowperf.cli import _parser

    monkeypatch.chdir(tmp_path)
    assert config.jobs(config.read_settings(_parser(), ["--jobs", given])) == expected
    write(tmp_path, {".flake8": f"[flake8]\njobs = {given}\n"})
    assert config.jobs(config.read_settings(_parser(), [])) == expected
    assert config.jobs(config.read_settings(_parser(), ["-j", "auto"])) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("given", ["-1", "x", ""])
def test_no_number_of_jobs(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--jobs", given]) == 2


@pytest.mark.parametrize(("files", "jobs"), [(MANY - 1, 8), (2 * MANY, 1)])
def test_no_process_is_started(files: int, jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parallel, "ProcessPoolExecutor", None)
    write(tmp_path, {f"m{number}.py": BROAD for number in range(files)})
    assert main(["--isolated", f"--jobs={jobs}", "-q"]) == 0


def workers(parent: int) -> list[int]:
    """The processes that *parent* has started."""
    try:
        text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def fixed(folder: Path) -> int:
    """How many files are fixed."""
    return sum(path.read_text() == NARROW * 40 for path in folder.glob("*.py"))


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="asks /proc for the children")
@pytest.mark.parametrize("what", ["kill the parent", "terminate the parent", "kill a worker", "interrupt"])
def test_nobody_is_left_behind(what: str, tmp_path: Path) -> None:
    write(tmp_path, {f"m{number}.py": BROAD * 40 for number in range(6 * MANY)})
    run = subprocess.Popen(
        [sys.executable, "-c", CODE, "--isolated", "--jobs=2"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=unmeasured(),
        preexec_fn=heed_interrupts,
    )
    wait_for(lambda: len(workers(run.pid)) == 2)
    wait_for(lambda: any(BROAD not in (tmp_path / f"m{number}.py").read_text() for number in range(60)))
    started = workers(run.pid)
    before = fixed(tmp_path)
    match what:
        case "kill the parent":
            run.kill()
        case "terminate the parent":
            run.terminate()
        case "kill a worker":
            os.kill(started[0], signal.SIGKILL)
        case "interrupt":
            os.killpg(run.pid, signal.SIGINT)
    _, error = run.communicate(timeout=60)
    wait_for(lambda: not any(alive(process) for process in started))
    texts = {path.read_text() for path in tmp_path.glob("*.py")}
    assert texts <= {BROAD * 40, NARROW * 40}
    assert b"Traceback" not in error
    if what == "interrupt":
        assert run.returncode == 130
        assert error == b"flowperf-fix: interrupted; every file is as it was or fixed\n"
        assert fixed(tmp_path) - before <= 20, "those at hand, and not all that was handed out"
    elif what == "kill a worker":
        assert run.returncode == 2
        assert error == b"flowperf-fix: error: a worker process was killed; every file is as it was or fixed\n"
