"""Every file of the standard library and of site-packages, or a sample of them (``--corpus`` asks for all)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import warnings
from pathlib import Path

import pytest

from flake8_flowperf.lint import Linter, find
from flake8_flowperf.source import SourceFile
from tests import programs

PARTS = 16
SAMPLE = 8
"""Files of each part that are fixed when not all are asked for."""


@pytest.fixture(scope="module")
def paths() -> list[Path]:
    found = programs.installed()
    assert len(found) > 1000
    return found


def wrong(text: str) -> str:
    """What does not hold for a program, in one line; what is nested too deeply is left out, see test_hostile.py."""
    try:
        for unsafe in (False, True):
            programs.check(text, programs.linter(), unsafe=unsafe)
    except RecursionError:
        pass
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parametrize("part", range(PARTS))
def test_files_as_they_are(part: int, paths: list[Path], request: pytest.FixtureRequest) -> None:
    linter = programs.linter()
    everything = request.config.getoption("--corpus")
    failures: dict[str, str] = {}
    tried = 0
    for path in paths[part::PARTS]:
        if tried == SAMPLE and not everything:
            break
        data = path.read_bytes()
        if not everything and len(data) > 60_000:
            continue
        for _, text in programs.readable([path]):
            if not linter.relevant(text, "x.py"):
                continue
            tried += 1
            if problem := wrong(text):
                failures[str(path)] = problem
    assert failures == {}
    assert tried >= SAMPLE


def test_prefilter_hides_nothing(paths: list[Path], request: pytest.FixtureRequest) -> None:
    """A file's rules are chosen by words and patterns in its text: with all rules the findings are the same.

    And where a rule is content with some functions of the file, it finds nothing in the others.
    """
    linter = programs.linter()
    chosen = paths if request.config.getoption("--corpus") else paths[7 :: len(paths) // 80]
    alone = {rule.code: Linter([type(rule)], linter.settings) for rule in linter.rules}
    found = left_out = 0
    for path, text in programs.readable(chosen):
        try:
            everything = find(SourceFile.parse(text, str(path)), linter.applicable(str(path)))
            filtered = find(SourceFile.parse(text, str(path)), linter.relevant(text, str(path)))
            cleared = {
                rule.code for rule in linter.relevant(text, str(path)) if alone[rule.code].clears(text, str(path))
            }
        except (SyntaxError, ValueError, RecursionError):
            continue
        assert [(item.code, item.line, item.column) for item in filtered] == [
            (item.code, item.line, item.column) for item in everything
        ], path
        assert cleared.isdisjoint(item.code for item in everything), path
        found += len(everything)
        left_out += len(cleared)
    assert found
    assert left_out


def compiles(text: str) -> bool:
    """Whether a program that can be parsed can be run: ``from __future__ import braces`` cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "x.py", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def test_standard_library_fixed_and_compiled(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """On a copy of the whole library, by the command itself; a few modules of it when not all are asked for."""
    library = Path(sysconfig.get_paths()["stdlib"])
    copy = tmp_path / "lib"
    if request.config.getoption("--corpus"):
        shutil.copytree(library, copy, ignore=shutil.ignore_patterns("site-packages", "__pycache__", "*.so", "*.a"))
    else:
        for name in ("ctypes", "distutils", "importlib", "unittest", "venv"):
            if (library / name).exists():
                shutil.copytree(library / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pathlib.py", "platform.py", "pydoc.py", "uuid.py", "webbrowser.py", "shutil.py", "tarfile.py"):
            if (library / name).exists():
                shutil.copy(library / name, copy)
    before = {path for path, text in programs.readable(sorted(copy.rglob("*.py"))) if compiles(text)}
    assert before
    code = "from flake8_flowperf.cli import main; raise SystemExit(main())"
    options = ["--isolated", "--select=FLP", "--unsafe-fixes"]
    run = subprocess.run(
        [sys.executable, "-c", code, *options, str(copy)], capture_output=True, text=True, check=False, timeout=3600
    )
    assert run.returncode in (0, 2)
    assert [line for line in run.stderr.splitlines() if "internal error" in line or "Traceback" in line] == []
    assert " fixes applied" in run.stdout
    listing = tmp_path / "listing"
    listing.write_text("".join(f"{path}\n" for path in sorted(before)), "utf-8")
    compiled = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "compileall", "-q", "-f", "-i", str(listing)],
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    assert (compiled.stdout, compiled.returncode) == ("", 0)
