"""--since: only what stands on lines that differ from a git revision, in real repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from flake8_flowperf import changed_lines
from flake8_flowperf.cli import main
from flake8_flowperf.config import ConfigError
from tests.support import BROAD, NARROW, SEVERAL, command, write

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"a.py": BROAD + BROAD.replace("def f", "def g"), "b.py": BROAD, ".gitignore": "ignored/\n"})
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def test_only_changed_lines_and_new_files(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = BROAD + BROAD.replace("def f", "def g").replace("path", "file")
    write(repository, {"a.py": changed, "new.py": BROAD, "ignored/x.py": BROAD})
    assert main(["--isolated", "--since", "HEAD"]) == 0
    assert capsys.readouterr().out == "2 files changed, 2 fixes applied (FLP101: 2)\n"
    assert (repository / "a.py").read_text() == BROAD + NARROW.replace("def f", "def g").replace("path", "file")
    assert (repository / "new.py").read_text() == NARROW
    assert (repository / "b.py").read_text() == BROAD
    assert (repository / "ignored/x.py").read_text() == BROAD


def test_committed_and_staged_changes_count(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(repository, {"b.py": "x = 1\n" + BROAD.replace("use(", "use (")})
    git(repository, "commit", "-qam", "two")
    write(repository, {"sub/c.py": BROAD})
    git(repository, "add", ".")
    assert main(["--isolated", "--since", "HEAD", "--check"]) == 1
    assert capsys.readouterr().err.startswith("1 file would be changed, 1 fix ")
    assert main(["--isolated", "--since", "HEAD~1", "--check"]) == 1
    assert capsys.readouterr().err.startswith("1 file would be changed, 1 fix "), "b.py's finding is older"
    os.chdir(repository / "sub")
    assert main(["--isolated", "--since", "HEAD~1", "..", "--check"]) == 1
    git(repository, "mv", "a.py", "renamed.py")
    assert main(["--isolated", "--since", "HEAD~1", "..", "--check", "-v"]) == 1
    assert capsys.readouterr().err.endswith("2 files would be changed, 3 fixes would be applied (FLP101: 3)\n")


def test_what_fixes_write_counts_as_changed(repository: Path) -> None:
    """Rounds of the loop move lines: what stands further down is still found, and only if it has changed."""
    text = f"{SEVERAL}{BROAD}".replace("def f", "def h")
    write(repository, {"b.py": text})
    git(repository, "commit", "-qam", "two")
    (repository / "b.py").write_text(
        text.replace('    for path in base.rglob("*"):', '    for path in base.rglob( "*" ):')
    )
    assert main(["--isolated", "--unsafe-fixes", "--since", "HEAD"]) == 0
    fixed = (repository / "b.py").read_text()
    assert main(["--isolated", "--unsafe-fixes", "--since", "HEAD", "--check"]) == 0
    assert 'rglob("*")' not in fixed.replace(" ", "")


@pytest.mark.parametrize(
    ("old", "new", "lines", "carried"),
    [
        ("a\nb\nc\n", "a\nb\nc\n", {2}, {2}),
        ("a\nb\nc\n", "x\na\nb\nc\n", {2}, {1, 3}),
        ("a\nb\nc\n", "a\nc\n", {2, 3}, {2}),
        ("a\nb\nc\nd\ne\n", "a\nB\nc\nD\ne\n", {3}, {2, 3, 4}),
        ("a\nb\nc\nd\ne\n", "a\nB\nc\nD\ne\n", set(), {2, 4}),
        ("a\na\na\n", "a\na\n", {3}, set()),
        ("", "a\n", set(), {1}),
    ],
)
def test_lines_are_carried_along(old: str, new: str, lines: set[int], carried: set[int]) -> None:
    assert changed_lines._carried(old, new, frozenset(lines)) & set(range(1, new.count("\n") + 1)) == carried


def test_odd_names_and_contents(repository: Path) -> None:
    names = ["with blank.py", 'quo"te.py', "tab\t.py", "\N{SNOWMAN}.py", "back\\slash.py", "line\n.py"]
    write(repository, dict.fromkeys(names, "++ 1\n"))
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "odd")
    write(repository, dict.fromkeys(names, f"++ 1\n{BROAD}"))
    git(repository, "config", "diff.noprefix", "true")
    git(repository, "config", "diff.mnemonicPrefix", "true")
    git(repository, "config", "color.ui", "always")
    git(repository, "config", "diff.interHunkContext", "9")
    found = changed_lines.since("HEAD").files
    assert found == {os.path.realpath(name): frozenset(range(2, 6)) for name in names}
    write(repository, {"b.py": "++ b/x\n@@ -1 +1 @@\n" + BROAD})
    assert changed_lines.since("HEAD").files[os.path.realpath("b.py")] == {1, 2}


def test_heads_and_whole_expressions(repository: Path) -> None:
    """A block counts by its head; an expression by all its lines."""
    several = 'x = [\n    p\n    for p in d.rglob("*")\n    if p.suffix == ".py"\n]\n'
    write(repository, {"b.py": BROAD + several})
    git(repository, "commit", "-qam", "two")
    write(repository, {"b.py": BROAD.replace("use(path)", "use (path)") + several.replace("    p\n", "    (p)\n")})
    status, out, _ = command("flowperf-fix", "--isolated", "--since=HEAD", "--diff", cwd=repository)
    assert (status, out) == (0, b""), "neither call has changed"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "nope"], "--since: git knows no revision 'nope'"),
        (["--since=--output=x"], "--since: git knows no revision '--output=x'"),
        (["--since", "HEAD", "-"], "--since needs files"),
        (["--since", "a\0b"], "--since: git cannot be run: "),
    ],
)
def test_wrong_usage(arguments: list[str], message: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--isolated", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert (repository / "a.py").read_text().startswith(BROAD)
    assert not (repository / "x").exists()


def test_no_repository_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ConfigError, match=r"^--since: fatal: not a git repository"):
        changed_lines.since("HEAD")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match=r"^--since: git cannot be run: "):
        changed_lines.since("HEAD")


def test_workers_keep_to_the_changed_lines(repository: Path) -> None:
    write(repository, {f"m{number}.py": BROAD for number in range(120)})
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "many")
    write(repository, {f"m{number}.py": BROAD + "# end\n" for number in range(119)})
    write(repository, {"m119.py": BROAD.replace("path", "file")})
    status, _, error = command("flowperf-fix", "--isolated", "--since=HEAD", "--jobs=2", "--check", cwd=repository)
    assert (status, error) == (1, b"1 file would be changed, 1 fix would be applied (FLP101: 1)\n")
