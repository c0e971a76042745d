"""What goes to which stream, that a diff can be applied, and that a run which is stopped stops cleanly."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flake8_flowperf.cli import main
from flake8_flowperf.fixing import loop
from flake8_flowperf.fixing.fixer import Fixer
from flake8_flowperf.fixing.results import FileResult
from flake8_flowperf.source import SourceFile
from tests.support import BROAD, BROKEN, NARROW, SEVERAL, command, write

WHOLE = 'def f(base):\n    return [path for path in base.rglob("*") if path.suffix == ".py"]'
DRESSES: dict[str, str | bytes] = {
    "plain.py": BROAD,
    "no newline.py": WHOLE,
    "crlf.py": BROAD.replace("\n", "\r\n"),
    "mixed.py": f"x = 1\r\n{BROAD}y = 2\rz = 3\n",
    "bom.py": b"\xef\xbb\xbf" + BROAD.encode(),
    "latin.py": b"# coding: latin-1\n# \xe9\n" + BROAD.encode(),
    "sub/with blank.py": BROAD,
    "sub/\N{SNOWMAN}.py": BROAD,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def give(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """Let *data* be what standard input holds."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


APPLY = {"git": ["git", "apply", "-"], "patch": ["patch", "-p1", "--binary", "--silent"]}


@pytest.mark.parametrize("tool", [pytest.param(
    tool, marks=pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")) for tool in APPLY]
)  # fmt: skip
def test_diff_applied_is_what_the_fix_writes(tool: str, tmp_path: Path) -> None:
    patched, fixed = tmp_path / "patched", tmp_path / "fixed"
    write(patched, DRESSES)
    write(fixed, DRESSES)
    status, diff, errors = command("flowperf-fix", "--diff", ".", cwd=patched)
    assert status == 1
    assert errors == b"8 files would be changed, 8 fixes would be applied (FLP101: 8)\n"
    assert command("flowperf-fix", ".", cwd=fixed)[0] == 0
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    subprocess.run(APPLY[tool], cwd=patched, input=diff, check=True, timeout=60, env=environment)
    for name, old in DRESSES.items():
        new = (fixed / name).read_bytes()
        assert (patched / name).read_bytes() == new
        assert new != (old if isinstance(old, bytes) else old.encode())


def test_diff_of_a_file_named_by_its_whole_path(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"sub/a.py": BROAD})
    assert main(["--diff", str(folder / "sub" / "a.py")]) == 1
    assert capsys.readouterr().out.startswith("--- a/sub/a.py\n+++ b/sub/a.py\n")


def test_diff_has_its_stream_for_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"a.py": SEVERAL})
    assert main(["--diff", "-v"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[0].startswith("./a.py:2:17: FLP101 ")


def test_dry_run_tells_places_of_the_file_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"a.py": BROAD + SEVERAL})
    assert main(["--check", "-v"]) == 1
    assert capsys.readouterr().err.splitlines()[0].startswith("./a.py:6:17: FLP101 ")
    assert main(["-v"]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("./a.py:5:17: FLP101 ")


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"a.py": BROAD + SEVERAL, "b.py": BROKEN, "c.py": "x = 1\n"})
    assert main(["--output-format=json", "a.py", "b.py", "c.py"]) == 2
    first, second = json.loads(capsys.readouterr().out)["files"]
    assert (first["path"], first["changed"], first["problem"]) == ("a.py", True, None)
    places = [(item["line"], item["column"], item["code"], item["safety"], item["fixed"]) for item in first["found"]]
    assert places == [(2, 17, "FLP101", "safe", True), (6, 17, "FLP101", "unsafe", False)]
    assert [(item["line"], item["reason"]) for item in first["left"]] == [(5, "the files come grouped by suffix")]
    assert (second["path"], second["found"]) == ("b.py", [])
    assert second["problem"].startswith("b.py:1: does not parse: ")


def test_withdrawn_fix_is_not_told_as_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a later round of the loop leaves was not fixed, whatever the first one promised."""
    write(folder, {"a.py": BROAD})
    fix_source = loop.fix_source

    def withdraw(source: SourceFile, *arguments: object, **options: object) -> loop.Outcome:
        outcome = fix_source(source, *arguments, **options)  # type: ignore[arg-type]
        left = tuple(loop.Judgement(item.finding, "not today", None) for item in outcome.found)
        return loop.Outcome(source.text.text, outcome.found, (), left)

    monkeypatch.setattr(loop, "fix_source", withdraw)
    results: list[FileResult] = []
    fix = Fixer.fix
    monkeypatch.setattr(Fixer, "fix", lambda self, path: results.append(fix(self, path)) or results[-1])  # type: ignore[func-returns-value]
    assert main(["a.py"]) == 0
    (entry,) = results[0].found
    assert (entry.fixed, entry.safety, entry.reason) == (False, None, "not today")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-", "a.py"], "- is standard input and cannot be given together with other paths"),
        (["--diff", "--output-format=json"], "--output-format json needs standard output for itself"),
        (["-", "--output-format=json"], "--output-format json needs standard output for itself"),
    ],
)
def test_streams_that_two_would_want(
    arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, {"a.py": BROAD})
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"flowperf-fix: error: {message}\n")


@pytest.mark.parametrize(
    ("data", "arguments", "status"),
    [
        (BROAD.encode(), ["--stdin-display-name=a/skip.py", "--exclude=skip.py"], 0),
        (BROAD.replace("\n", "  # noqa\n").encode(), [], 0),
        (b"# flake8: noqa\n" + BROKEN.encode(), [], 0),
        (b"x = '\xff'\n", [], 2),
        (b"", [], 0),
    ],
    ids=["excluded", "noqa", "whole file", "undecodable", "empty"],
)
def test_standard_input_that_is_not_fixed_comes_out_again(
    data: bytes, arguments: list[str], status: int, folder: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:  # fmt: skip
    give(monkeypatch, data)
    assert main(["--isolated", "-", *arguments]) == status
    assert capfdbinary.readouterr().out == data
    assert list(folder.iterdir()) == []


def test_check_of_standard_input(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    give(monkeypatch, BROAD.encode())
    assert main(["--isolated", "--check", "-"]) == 1
    assert capsys.readouterr().out == ""
    give(monkeypatch, BROAD.encode())
    assert main(["--isolated", "--check", "--output-format=json", "--stdin-display-name=n.py", "-"]) == 1
    assert [file["path"] for file in json.loads(capsys.readouterr().out)["files"]] == ["n.py"]
    assert list(folder.iterdir()) == []


def test_names_that_are_no_line_of_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"a\nb\x1b.py": BROKEN})
    assert main(["--isolated"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("./a\\nb\\x1b.py:1: does not parse: ")
    assert error.count("\n") == 1


def test_interrupted(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, dict.fromkeys(("a.py", "b.py", "c.py"), BROAD))
    fix = Fixer.fix

    def interrupted(self: Fixer, path: str) -> FileResult:
        if path == "b.py":
            raise KeyboardInterrupt
        return fix(self, path)

    monkeypatch.setattr(Fixer, "fix", interrupted)
    assert main(["a.py", "b.py", "c.py"]) == 130
    captured = capsys.readouterr()
    assert captured.out == "1 file changed, 1 fix applied (FLP101: 1)\n"
    assert captured.err == "flowperf-fix: interrupted; every file is as it was or fixed\n"
    assert [(folder / name).read_text() for name in ("a.py", "b.py", "c.py")] == [NARROW, BROAD, BROAD]


def test_interrupted_while_modules_are_loaded(folder: Path) -> None:
    """The command's own door, before anything that could tell it is there."""
    write(folder, {"a.py": BROAD})
    code = (
        "import builtins; load = builtins.__import__\n"
        "def interrupt(name, *more, **named):\n"
        "    if name == 'flake8.discover_files': raise KeyboardInterrupt\n"
        "    return load(name, *more, **named)\n"
        "builtins.__import__ = interrupt\n"
        "from importlib.metadata import entry_points\n"
        "(command,) = entry_points(group='console_scripts', name='flowperf-fix')\n"
        "raise SystemExit(command.load()())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
    assert (run.returncode, run.stderr) == (130, b"flowperf-fix: interrupted; every file is as it was\n")
    assert (folder / "a.py").read_text() == BROAD


@pytest.mark.parametrize(("argument", "statuses"), [("--diff", {2}), ("--help", {0, 2})])  # argparse may hide it
def test_nobody_reads_the_output(argument: str, statuses: set[int], folder: Path) -> None:
    write(folder, {"a.py": BROAD})
    reading, writing = os.pipe()
    os.close(reading)
    code = "from flake8_flowperf.cli import main; raise SystemExit(main())"
    try:
        result = subprocess.run(
            [sys.executable, "-c", code, argument], stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60
        )
    finally:
        os.close(writing)
    assert result.returncode in statuses
    assert b"Traceback" not in result.stderr
    assert b"Exception ignored" not in result.stderr
    assert (folder / "a.py").read_text() == BROAD


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this platform has no /dev/full")
def test_output_that_is_full(folder: Path) -> None:
    write(folder, {"a.py": BROAD})
    code = "from flake8_flowperf.cli import main; raise SystemExit(main())"
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [sys.executable, "-c", code, "--diff"], stdout=full, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert result.returncode == 2
    assert result.stderr.endswith(b"flowperf-fix: error: [Errno 28] No space left on device\n")
    assert b"Traceback" not in result.stderr


def test_libcst_is_loaded_only_for_a_finding(folder: Path) -> None:
    write(folder, {"a.py": NARROW, "b.py": BROAD.replace("\n", "  # noqa\n"), "c.py": BROAD})
    code = "import sys; from flake8_flowperf.cli import main; main(sys.argv[1:]); print('libcst' in sys.modules)"
    for paths, loaded in ((["a.py", "b.py"], b"False"), (["c.py"], b"True")):
        run = [sys.executable, "-c", code, "--check", *paths]
        assert subprocess.run(run, capture_output=True, check=True, timeout=60).stdout.split()[-1] == loaded
