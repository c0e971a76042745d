"""The hooks as pre-commit installs and runs them: in environments of their own, from a repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import BROAD, NARROW, pip_reaches_an_index, write

pytest.importorskip("pre_commit", reason="pre-commit is not installed")
ROOT = Path(__file__).parent.parent
PACKAGED = ["flake8_flowperf", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"]
CONFIG = """\
repos:
  - repo: {package}
    rev: {revision}
    hooks:
      - id: flowperf-fix
      - id: flowperf-check
  - repo: local
    hooks:
      - id: flake8
        name: flake8
        entry: flake8
        language: python
        types: [python]
        require_serial: true
        additional_dependencies: [flake8, {package}]
"""


def environment(home: Path) -> dict[str, str]:
    """The environment without what would lead git or Python astray."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON", "COV"))}
    names = {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    ours = {"PRE_COMMIT_HOME": str(home / "cache"), "GIT_CONFIG_GLOBAL": os.devnull}
    unread = {"PIP_NO_COMPILE": "0"}  # most of what is installed is never loaded; pip takes this option's no for a yes
    return {**kept, **names, **ours, **unread}


def run(folder: Path, *command: str) -> tuple[int, str]:
    """Exit status and output of a command in *folder*."""
    result = subprocess.run(
        command, cwd=folder, env=environment(folder.parent), capture_output=True, text=True, check=False, timeout=600
    )
    return result.returncode, result.stdout + result.stderr


def commit(folder: Path) -> str:
    """Make a repository of what lies in *folder*; the commit's name."""
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        assert run(folder, "git", *command)[0] == 0
    return run(folder, "git", "rev-parse", "HEAD")[1].strip()


@pytest.mark.installs
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_hooks(tmp_path: Path) -> None:
    if not pip_reaches_an_index(tmp_path):
        pytest.skip("pip reaches no index to install the hooks' environments from")
    package, project = tmp_path / "package", tmp_path / "project"
    package.mkdir()
    for name in PACKAGED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, package / name)
    write(project, {".pre-commit-config.yaml": CONFIG.format(package=package, revision=commit(package))})
    write(project, {"a.py": BROAD, "b.py": "x = 1\n", "notes.txt": "rglob\n"})
    commit(project)
    pre_commit = (sys.executable, "-m", "pre_commit")
    everything = ("--all-files", "--verbose")

    status, output = run(project, *pre_commit, "run", "flowperf-check", *everything)
    assert status == 1, output
    assert "1 file would be changed, 1 fix would be applied (FLP101: 1)" in output
    status, output = run(project, *pre_commit, "run", "flake8", *everything)
    assert status == 1, output
    assert "a.py:2:17: FLP101 rglob('*') lists all entries" in output
    assert (project / "a.py").read_text() == BROAD
    status, output = run(project, *pre_commit, "run", "flowperf-fix", *everything)
    assert status == 1, output
    assert "files were modified by this hook" in output
    assert (project / "a.py").read_text() == NARROW

    assert run(project, *pre_commit, "install")[0] == 0
    write(project, {"c.py": BROAD})
    run(project, "git", "add", ".")
    status, output = run(project, "git", "commit", "-m", "two")
    assert status != 0, "the hook stops the commit"
    assert (project / "c.py").read_text() == NARROW
    run(project, "git", "add", ".")
    status, output = run(project, "git", "commit", "-m", "two")
    assert status == 0, output
    assert output.count("Passed") == 3
