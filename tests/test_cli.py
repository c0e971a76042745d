"""flowperf-fix as a user meets it: output, exit status, and what becomes of the files."""

from __future__ import annotations

import itertools
import os
import stat
from pathlib import Path

import pytest
from libcst.metadata.position_provider import WhitespaceInclusivePositionProvidingCodegenState

from flake8_flowperf import __version__
from flake8_flowperf.cli import main
from flake8_flowperf.fixing import files, fixer, loop
from tests.support import BROAD, BROKEN, NARROW, SEVERAL, command, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_fix_check_diff(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"a.py": BROAD, "b.py": SEVERAL, "c.py": "x = 1\n"})
    assert main(["--check", "."]) == 1
    assert "1 file would be changed, 1 fix would be applied (FLP101: 1); 1 more with --unsafe-fixes" in "".join(
        capsys.readouterr()
    )
    assert main(["--diff", "."]) == 1
    out = capsys.readouterr().out
    assert '-    for path in base.rglob("*"):\n' in out
    assert '+    for path in base.rglob("?*.py"):\n' in out
    assert (folder / "a.py").read_text() == BROAD
    assert main(["."]) == 0
    assert capsys.readouterr().out == "1 file changed, 1 fix applied (FLP101: 1); 1 more with --unsafe-fixes\n"
    assert (folder / "a.py").read_text() == NARROW
    assert (folder / "b.py").read_text() == SEVERAL
    assert main(["-v"]) == 0
    assert "./b.py:2:17: FLP101 " in (out := capsys.readouterr().out)
    assert "[only with --unsafe-fixes: the files come grouped by suffix]" in out
    assert main(["--unsafe-fixes"]) == 0
    assert main(["--unsafe-fixes", "--check"]) == 0
    assert "for suffix in" in (folder / "b.py").read_text()


def test_standard_input(tmp_path: Path) -> None:
    text = BROAD.replace("\n", "\r\n").encode()
    assert command("flowperf-fix", "-", cwd=tmp_path, stdin=text)[:2] == (0, NARROW.replace("\n", "\r\n").encode())
    status, out, _ = command("flowperf-fix", "-", "--diff", "--stdin-display-name=x.py", cwd=tmp_path, stdin=text)
    assert status == 1
    assert out.startswith(b"--- a/x.py\n+++ b/x.py\n")
    write(tmp_path, {".flake8": "[flake8]\nper-file-ignores = x.py:FLP101\n"})
    assert command("flowperf-fix", "-", "--stdin-display-name=x.py", cwd=tmp_path, stdin=text)[:2] == (0, text)
    status, out, error = command("flowperf-fix", "-", cwd=tmp_path, stdin=BROKEN.encode())
    assert (status, out) == (2, BROKEN.encode())
    assert error.startswith(b"stdin:1: does not parse: ")


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for flag, expected in (("--version", f"flowperf-fix {__version__}\n"), ("--help", "--flowperf-scan")):
        with pytest.raises(SystemExit, match="0"):
            main([flag])
        assert expected in capsys.readouterr().out


USAGE = {
    "unknown option": (["--nope"], {}, "unrecognized arguments: --nope"),
    "bad choice": (["--flowperf-scan=x"], {}, "--flowperf-scan"),
    "bad choice in a file": ([], {".flake8": "[flake8]\nflowperf-scan = x\n"}, "flowperf-scan"),
    "bad ignore in a file": ([], {".flake8": "[flake8]\nextend-ignore = FLP1,#\n"}, "extend-ignore"),
    "bad form": (["--flowperf-critical-functions=app.run"], {}, "'app.run' does not have the form MODULE:FUNCTION"),
    "bad form in a file": ([], {".flake8": "[flake8]\nflowperf-timing-decorator = timed\n"}, "the form MODULE.NAME"),
    "no such config": (["--config=nope.ini"], {}, "nope.ini"),
    "bad per-file-ignores": (["--per-file-ignores=x"], {}, "per-file-ignores"),
}


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, files_, expected = USAGE[name]
    write(folder, {**files_, "a.py": BROAD})
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("flowperf-fix: error: ")
    assert expected in error
    assert error.count("\n") == 1
    assert (folder / "a.py").read_text() == BROAD


BAD_FILES = {
    "syntax error": (BROAD.encode() + b"def\n", "bad.py:5: does not parse: "),
    "python 2": (b"for path in base.rglob('*'): print path.suffix\n", "bad.py:1: does not parse: "),
    "nul byte": (b"for path in base.rglob('*'): path.suffix == '\0'\n", "does not parse: "),
    "bad bytes": (b"# \xff glob\n", "cannot be decoded"),
    "bad cookie": (b"# coding: nope\nglob\n", "bad.py: cannot be decoded: "),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_is_told_and_the_others_go_on(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, expected = BAD_FILES[name]
    write(folder, {"bad.py": content, "good.py": BROAD})
    assert main(["bad.py", "good.py"]) == 2
    captured = capsys.readouterr()
    assert expected in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == "1 file changed, 1 fix applied (FLP101: 1); 1 file could not be processed\n"
    assert (folder / "bad.py").read_bytes() == content
    assert (folder / "good.py").read_text() == NARROW


def test_unreadable_paths(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(folder / "fifo.py")
    (folder / "loop.py").symlink_to("loop.py")
    write(folder, {"folder.py/inner.py": BROAD})
    assert main(["fifo.py", "loop.py", "nope.py", "folder.py"]) == 2
    error = capsys.readouterr().err
    assert [line.partition(": ")[0] for line in error.splitlines()] == ["fifo.py", "loop.py", "nope.py"]
    assert (folder / "folder.py/inner.py").read_text() == NARROW


DRESSES = {
    "crlf": BROAD.replace("\n", "\r\n").encode(),
    "bom": b"\xef\xbb\xbf" + BROAD.encode(),
    "latin-1": b"# coding: latin-1\n# \xe9\n" + BROAD.encode(),
    "no final newline": BROAD.encode().rstrip(),
    "form feed": b"\x0c\n" + BROAD.encode(),
    "mixed newlines": b"x = 1\r\ny = 2\n" + BROAD.encode(),
    "wide characters": "é = '\U0001f600\u2028'  # ß\n".encode() + BROAD.encode(),
    "tabs": BROAD.replace("    ", "\t").encode(),
}


@pytest.mark.parametrize("name", DRESSES)
def test_bytes_outside_the_edits_stay(name: str, folder: Path) -> None:
    old = DRESSES[name]
    write(folder, {"a.py": old})
    (folder / "a.py").chmod(0o751)
    assert main(["a.py"]) == 0
    new = (folder / "a.py").read_bytes()
    head, tail = old.split(b"for path")[0], old[-9:]
    assert new.startswith(head)
    assert new.endswith(tail)
    assert b'rglob("?*.py")' in new
    assert stat.S_IMODE((folder / "a.py").stat().st_mode) == 0o751
    assert [path.name for path in folder.iterdir()] == ["a.py"]


def test_symlink_stays_and_its_target_is_fixed(folder: Path) -> None:
    write(folder, {"real.txt": BROAD})
    (folder / "link.py").symlink_to("real.txt")
    assert main(["link.py"]) == 0
    assert (folder / "link.py").is_symlink()
    assert (folder / "real.txt").read_text() == NARROW


def test_read_only_file_is_left_and_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"a.py": BROAD})
    (folder / "a.py").chmod(0o444)
    assert main(["a.py"]) == 2
    assert capsys.readouterr().err == "a.py: cannot be written: the file is read-only\n"
    assert (folder / "a.py").read_text() == BROAD


def test_file_that_changes_meanwhile_is_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, {"a.py": BROAD})
    whole = fixer.files.encode

    def meanwhile(*arguments: object) -> bytes:
        (folder / "a.py").write_text("other = 1\n")
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "encode", meanwhile)
    assert main(["a.py"]) == 2
    assert capsys.readouterr().err == "a.py: changed while it was being fixed; left as it is\n"
    assert (folder / "a.py").read_text() == "other = 1\n"
    assert [path.name for path in folder.iterdir()] == ["a.py"]


def test_no_space_left(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"a.py": BROAD})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert main(["a.py"]) == 2
    assert capsys.readouterr().err == "a.py: cannot be written: No space left on device\n"
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("a.py", BROAD)]


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (KeyboardInterrupt, 128 + 2, "flowperf-fix: interrupted; every file is as it was or fixed\n"),
        (RecursionError, 2, "m.py: cannot be fixed: it is nested too deeply\n"),
    ],
)
def test_errors_that_libcst_hides(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: type[BaseException],
    status: int,
    told: str,
) -> None:
    """Whatever token of the code is being looked at when it comes: then libcst's clean-up may raise another."""
    add_token = WhitespaceInclusivePositionProvidingCodegenState.add_token
    for last in range(1000):
        tokens = itertools.count()

        def fail(self: WhitespaceInclusivePositionProvidingCodegenState, value: str) -> None:
            if next(tokens) == last:  # noqa: B023
                raise error
            add_token(self, value)

        monkeypatch.setattr(WhitespaceInclusivePositionProvidingCodegenState, "add_token", fail)
        write(folder, {"m.py": BROAD})
        found = main(["--no-cache", "m.py"])
        if next(tokens) <= last:
            break
        assert (found, capsys.readouterr().err) == (status, told)
        assert (folder / "m.py").read_text() == BROAD
    assert found == 0
    assert last > 20


def test_internal_error_names_the_rule_and_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, {"a.py": BROAD, "b.py": BROAD})
    broken = {"FLP101": lambda *_: loop.Fix((loop.Edit(0, 0, "pass\n"),), loop.Safety.SAFE)}
    monkeypatch.setattr(loop, "codemods", lambda: broken)
    assert main(["a.py"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("a.py: internal error, the file was left as it was: FLP101: ")
    assert (folder / "a.py").read_text() == BROAD
    assert main(["-v", "a.py"]) == 2
    assert "GateFailure" in capsys.readouterr().err


def test_c_locale_and_odd_names(tmp_path: Path) -> None:
    name = b"a \xff.py"
    (Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))).write_bytes(b"# \xc3\xa9\n" + BROAD.encode())
    status, out, error = command("flowperf-fix", "--diff", ".", cwd=tmp_path, env={"LC_ALL": "C", "PYTHONUTF8": "0"})
    assert (status, b"Traceback" in error) == (1, False)
    assert name in out


def test_deep_nesting_is_told_not_raised(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        folder,
        {
            "deep.py": "for path in base.rglob(suffix): x = " + "(" * 3000 + ")" * 3000 + "\n",
            "sum.py": BROAD + "x = " + "+".join("a" * 5000) + "\n",
        },
    )
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    status = main(["deep.py", "sum.py"])
    error = capsys.readouterr().err
    assert status == 2
    assert "deep.py" in error
    assert "Traceback" not in error
    assert (folder / "deep.py").read_bytes() == before["deep.py"]
