"""What was found in files is remembered, and looked for again when anything changes."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flake8_flowperf import cache
from flake8_flowperf.fixing import files, fixer
from tests.support import BROAD, BROKEN, command, write

CLEAN = "for path in base.rglob('?*.py'):\n    print(path)\n"


def fixed(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run flowperf-fix in this process; its status and the files that it looked at."""
    from flake8_flowperf import cli

    looked_at: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        original = fixer.Fixer.fix

        def spy(self: fixer.Fixer, path: str) -> fixer.FileResult:
            looked_at.append(Path(path).name)
            return original(self, path)

        patch.setattr(fixer.Fixer, "fix", spy)
        patch.chdir(folder)
        status = cli.main(["--isolated", "--jobs=1", f"--cache-dir={folder.parent / 'remembered'}", *arguments])
    return status, looked_at


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "project", {"clean.py": CLEAN, "other.py": "", "broad.py": BROAD, "wrong.py": BROKEN})
    return tmp_path / "project"


def test_second_run_looks_only_at_what_is_not_known(folder: Path) -> None:
    everything = ["broad.py", "clean.py", "other.py", "wrong.py"]
    assert sorted(fixed(folder, "--check")[1]) == everything
    assert sorted(fixed(folder, "--check")[1]) == ["wrong.py"], "what does not parse is not remembered"
    assert sorted(fixed(folder, "--diff")[1]) == ["broad.py", "wrong.py"], "a diff needs the text"
    assert sorted(fixed(folder)[1]) == ["broad.py", "wrong.py"], "what is to be written is not known"
    assert sorted(fixed(folder, "--check")[1]) == ["broad.py", "wrong.py"], "what was fixed is new"
    assert sorted(fixed(folder, "--check")[1]) == ["wrong.py"]


def test_comments_are_added_to_what_is_known(folder: Path) -> None:
    fixed(folder, "--check")
    assert sorted(fixed(folder, "--add-noqa")[1]) == ["broad.py", "wrong.py"]
    assert sorted(fixed(folder, "--add-noqa")[1]) == ["broad.py", "wrong.py"]
    assert sorted(fixed(folder, "--add-noqa")[1]) == ["wrong.py"]


def test_untouched_files_are_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def age(*names: str) -> None:
        for name in names:
            os.utime(folder / name, (1_000_000, 1_000_000))

    read: list[str] = []
    original = files.read

    def spy(path: str) -> bytes:
        read.append(Path(path).name)
        return original(path)

    monkeypatch.setattr(files, "read", spy)
    monkeypatch.setattr(cache, "_RECENT", 0)
    age("broad.py", "clean.py")
    fixed(folder, "--check")
    read.clear()
    fixed(folder, "--check")
    assert set(read) == {"wrong.py"}
    (folder / "clean.py").write_text(BROAD[: len(CLEAN)].ljust(len(CLEAN)))
    age("clean.py")  # the same size and time; only the time of the change of these tells
    assert "clean.py" in fixed(folder, "--check")[1]


@pytest.fixture
def looked_for(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments for which files are looked for, in runs that trust what has only just changed."""
    found = []
    original = cache.discover

    def spy(settings: argparse.Namespace) -> Iterator[str]:
        found.append(settings.filenames)
        return original(settings)

    monkeypatch.setattr(cache, "discover", spy)
    monkeypatch.setattr(cache, "_RECENT", 0)
    return found


def test_files_are_not_looked_for_again(
    folder: Path, looked_for: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Not before a folder gets, loses or renames an entry."""
    write(folder, {"inner/a.py": CLEAN, "inner/deep/b.txt": "", "build/c.py": CLEAN})
    options = ["--check", "--exclude=build"]

    def found(*more: str) -> tuple[set[str], bool]:
        looked_for.clear()
        capsys.readouterr()
        fixed(folder, *options, "--output-format=json", *more)
        return {Path(file["path"]).name for file in json.loads(capsys.readouterr().out)["files"]}, bool(looked_for)

    names, _ = found()
    assert found() == (names, False)
    (folder / "inner" / "a.py").write_text(BROAD)
    write(folder, {"build/new.py": CLEAN})
    assert found() == (names | {"a.py"}, False)
    write(folder, {"inner/deep/new.py": BROAD})
    assert found() == (names | {"a.py", "new.py"}, True)
    assert found() == (names | {"a.py", "new.py"}, False)
    (folder / "inner" / "deep" / "new.py").rename(folder / "inner" / "deep" / "newer.py")
    assert found() == (names | {"a.py", "newer.py"}, True)
    (folder / "inner" / "deep" / "newer.py").unlink()
    assert found() == (names | {"a.py"}, True)
    assert found("--filename=*.txt")[1]
    assert found("inner", "wrong.py")[1]
    assert found("inner", "wrong.py")[1], "a file that is named may become a folder"


def test_cache_among_the_files(folder: Path, looked_for: list[list[str]]) -> None:
    """What is written there is no reason to look for files again; another file that comes there is."""
    options = ["--check", "--cache-dir=.cache"]
    fixed(folder, *options)
    fixed(folder, *options)
    looked_for.clear()
    assert fixed(folder, *options)[1] == ["wrong.py"]
    assert looked_for == []
    write(folder, {".cache/new.py": BROAD})
    assert set(fixed(folder, *options)[1]) == {"new.py", "wrong.py"}
    assert looked_for != []
    write(folder, {".cache/newer.py": BROAD})
    assert set(fixed(folder, *options)[1]) == {"newer.py", "wrong.py"}


def test_what_has_just_changed_is_read_again(folder: Path) -> None:
    assert cache.stamp(str(folder / "clean.py")) == ""
    assert cache.stamp(str(folder / "missing.py")) == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-cache"],
        ["--ignore=E"],
        ["--flowperf-scan=walk"],
        ["--extend-select=FLP102"],
        ["--disable-noqa"],
        ["--unsafe-fixes"],
    ],
    ids=" ".join,
)
def test_other_options_start_anew(folder: Path, arguments: list[str]) -> None:
    fixed(folder, "--check")
    assert len(fixed(folder, "--check", *arguments)[1]) == 4


def test_results_are_the_same_with_and_without(folder: Path) -> None:
    def report(*arguments: str) -> object:
        status, out, _ = command(
            "flowperf-fix", "--isolated", "--check", "--output-format=json", *arguments, cwd=folder
        )
        return status, json.loads(out)

    for level in ([], ["--unsafe-fixes"]):
        without = report("--no-cache", *level)
        assert [report(*level), report(*level)] == [without, without]


def test_changed_content_and_moved_files_are_looked_at(folder: Path) -> None:
    fixed(folder, "--check")
    (folder / "clean.py").write_text(CLEAN + BROAD)
    (folder / "other.py").rename(folder / "moved.py")
    assert sorted(fixed(folder, "--check")[1]) == ["clean.py", "moved.py", "wrong.py"]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data[:40], lambda _: b"", lambda data: data + b"x" * 16]
)
def test_damaged_file_is_not_believed(folder: Path, damage: object) -> None:
    fixed(folder, "--check")
    (file,) = (folder.parent / "remembered").iterdir()
    assert callable(damage)
    file.write_bytes(damage(file.read_bytes()))
    assert len(fixed(folder, "--check")[1]) == 4
    assert len(fixed(folder, "--check")[1]) == 1


def test_folder_that_cannot_be_made(folder: Path) -> None:
    (folder.parent / "remembered").write_text("a file")
    assert fixed(folder, "--check")[0] == 2  # for wrong.py
    assert len(fixed(folder, "--check")[1]) == 4


def test_runs_that_meet_keep_what_both_found(folder: Path) -> None:
    fixed(folder, "--check", "clean.py")
    fixed(folder, "--check", "other.py")
    assert sorted(fixed(folder, "--check")[1]) == ["broad.py", "wrong.py"]


def test_users_cache_folder_is_used(folder: Path, own_cache: Path) -> None:
    command("flowperf-fix", "--isolated", "--check", cwd=folder)
    assert list(own_cache.rglob("*.known"))
