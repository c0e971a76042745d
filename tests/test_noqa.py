"""--add-noqa: flake8 is silent afterwards, the program is the same, and comments that stand there are kept."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from flake8_flowperf.cli import main
from tests.support import BROAD, SEVERAL, command, write
from tests.test_contract import NOQA, SHELL, reported

SCAN = '[p for p in d.rglob("*") if p.suffix == ".py"]'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


PLACES = {
    "plain": (f"x = {SCAN}\n", f"x = {SCAN}  # noqa: FLP101\n"),
    "no final newline": (f"x = {SCAN}", f"x = {SCAN}  # noqa: FLP101"),
    "carriage returns": (f"x = {SCAN}\r\ny = 1\r\n", f"x = {SCAN}  # noqa: FLP101\r\ny = 1\r\n"),
    "old newlines": (f"x = {SCAN}\ry = 1\r", f"x = {SCAN}  # noqa: FLP101\ry = 1\r"),
    "blanks at the end": (f"x = {SCAN} \t\n", f"x = {SCAN}  # noqa: FLP101\n"),
    "another comment": (f"x = {SCAN}  # why\n", f"x = {SCAN}  # why  # noqa: FLP101\n"),
    "a code": (f"x = {SCAN}  # noqa: E501\n", f"x = {SCAN}  # noqa: E501,FLP101\n"),
    "codes": (f"x = {SCAN}  # NoQA:E501, W1\n", f"x = {SCAN}  # NoQA:E501, W1, FLP101\n"),
    "codes with words": (f"x = {SCAN}  # noqa: E501 W1 is long\n", f"x = {SCAN}  # noqa: E501 W1,FLP101 is long\n"),
    "codes with a comma behind": (f"x = {SCAN}  # noqa: E501,\n", f"x = {SCAN}  # noqa: E501,FLP101,\n"),
    "several on a line": (f"x = {SCAN}, {SCAN}\n", f"x = {SCAN}, {SCAN}  # noqa: FLP101\n"),
    "string of several lines": (f'x = {SCAN}, """\n\n"""\n', f'x = {SCAN}, """\n\n"""  # noqa: FLP101\n'),
    "two strings": (f'x = """\n""", {SCAN}, """\n"""\n', f'x = """\n""", {SCAN}, """\n"""  # noqa: FLP101\n'),
    "within a string's statement": (
        f'x = ["""\n""",\n{SCAN},\n"""\n"""]\n',
        f'x = ["""\n""",\n{SCAN},  # noqa: FLP101\n"""\n"""]\n',
    ),
    "backslash": (f"x = \\\n    {SCAN}, \\\n    2\n", f"x = \\\n    {SCAN}, \\\n    2  # noqa: FLP101\n"),
    "backslash, with codes": (
        f"x = \\\n    {SCAN}, \\\n    2  # noqa: E501\n",
        f"x = \\\n    {SCAN}, \\\n    2  # noqa: E501,FLP101\n",
    ),
    "several lines in brackets": (
        'x = [\n    p for p in d.rglob("*")\n    if p.suffix == ".py"\n]\n',
        'x = [\n    p for p in d.rglob("*")  # noqa: FLP101\n    if p.suffix == ".py"\n]\n',
    ),
    "form feed and wide characters": (
        f"\x0cé = '\U0001f600', {SCAN}  # ß\n",
        f"\x0cé = '\U0001f600', {SCAN}  # ß  # noqa: FLP101\n",
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_where_the_comment_stands(name: str, folder: Path) -> None:
    before, after = PLACES[name]
    write(folder, {"a.py": before})
    assert main(["--isolated", "--add-noqa"]) == 0
    assert (folder / "a.py").read_bytes().decode() == after
    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(before))
    assert reported(folder, ["--isolated"]) == set()
    assert main(["--isolated", "--add-noqa"]) == 0
    assert (folder / "a.py").read_bytes().decode() == after


def test_string_that_looks_like_the_comment(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What flake8 takes for the comment is part of a string: that finding stays, the others are silenced."""
    text = f'x = {SCAN}, """\n# noqa: E501\n"""\ny = {SCAN}\n'
    write(folder, {"a.py": text})
    assert main(["--isolated", "--add-noqa", "-v"]) == 0
    assert (folder / "a.py").read_text() == text[:-1] + "  # noqa: FLP101\n"
    out = capsys.readouterr().out.splitlines()
    assert out[0].endswith("[cannot be silenced: a string there holds what flake8 takes for the noqa comment]")
    assert out[1] == "1 file changed, 1 finding silenced (FLP101: 1); 1 finding cannot be silenced"
    assert reported(folder, ["--isolated"]) == {("./a.py", 1, 17, "FLP101")}


def test_flake8_is_silent_whatever_stood_there(tmp_path: Path) -> None:
    write(tmp_path, {f"{key.replace(' ', '_').replace(',', '')}.py": text for key, text in NOQA.items()})
    write(tmp_path, {"sub/shell.py": SHELL, "sub/several.py": BROAD + SEVERAL})
    (tmp_path / "syntax_error.py").unlink()
    arguments = ["--extend-select=FLP5"]
    assert len(reported(tmp_path, arguments)) > 10
    status, out, error = command("flowperf-fix", "--add-noqa", *arguments, cwd=tmp_path)
    assert (status, error) == (0, b"")
    assert b" silenced (FLP101: " in out
    assert reported(tmp_path, arguments) == set()
    assert "# noqa: FLP501,FLP502" not in (tmp_path / "sub/shell.py").read_text()
    assert command("flowperf-fix", "--check", "--unsafe-fixes", *arguments, cwd=tmp_path)[0] == 0


def test_dry_runs_and_standard_input(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"a.py": BROAD})
    assert main(["--add-noqa", "--diff"]) == 1
    captured = capsys.readouterr()
    assert '+    for path in base.rglob("*"):  # noqa: FLP101\n' in captured.out
    assert captured.err == "1 file would be changed, 1 finding would be silenced (FLP101: 1)\n"
    assert main(["--add-noqa", "--check"]) == 1
    assert (folder / "a.py").read_text() == BROAD
    status, out, _ = command("flowperf-fix", "--add-noqa", "-", cwd=folder, stdin=BROAD.encode())
    assert (status, out.count(b"  # noqa: FLP101\n")) == (0, 1)


def test_select_and_ignore_count(folder: Path) -> None:
    write(folder, {"a.py": SHELL})
    assert main(["--isolated", "--add-noqa", "--extend-select=FLP503"]) == 0
    lines = (folder / "a.py").read_text().splitlines()
    assert [line.partition("  # ")[2] for line in lines[4:]] == ["noqa: FLP501", "noqa: FLP503"]


@pytest.mark.parametrize("other", ["--unsafe-fixes", "--disable-noqa"])
def test_contradictions(other: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"a.py": BROAD})
    assert main(["--isolated", "--add-noqa", other]) == 2
    assert other in capsys.readouterr().err
    assert (folder / "a.py").read_text() == BROAD
