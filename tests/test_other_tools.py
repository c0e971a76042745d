"""Through the tools that run flake8: notebooks with nbQA, editors with python-lsp-server, and tox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

from tests.support import BROAD, NARROW, pip_reaches_an_index, write

ROOT = Path(__file__).parent.parent
FOUND = "FLP101 rglob('*') lists all entries to keep '.py'; use rglob('?*.py')"


def run(folder: Path, *command: str) -> tuple[int, str]:
    """Exit status and output of a Python module run as a command, with the commands of this Python first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOX", "COV", "PIP_USER"))}
    result = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**kept, "PATH": path},
    )
    return result.returncode, result.stdout + result.stderr


def notebook(code: str) -> str:
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "a",
        "metadata": {},
        "outputs": [],
        "source": code.rstrip("\n").splitlines(keepends=True),
    }
    language = {"language_info": {"name": "python"}}
    return json.dumps({"cells": [cell], "metadata": language, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def test_notebooks(tmp_path: Path) -> None:
    pytest.importorskip("nbqa", reason="nbQA is not installed")
    path = tmp_path / "x.ipynb"
    path.write_text(notebook(BROAD), "utf-8")
    status, output = run(tmp_path, "nbqa", "flake8", "x.ipynb", "--isolated", "--select=FLP")
    assert (status, output.strip()) == (1, f"x.ipynb:cell_1:2:17: {FOUND}")
    assert run(tmp_path, "nbqa", "flake8_flowperf", "x.ipynb", "--isolated", "--check")[0] == 1
    assert json.loads(path.read_text("utf-8")) == json.loads(notebook(BROAD))
    status, output = run(tmp_path, "nbqa", "flake8_flowperf", "x.ipynb", "--isolated")
    assert (status, output) == (0, "1 file changed, 1 fix applied (FLP101: 1)\n")
    assert json.loads(path.read_text("utf-8")) == json.loads(notebook(NARROW))
    assert run(tmp_path, "nbqa", "flake8", "x.ipynb", "--isolated", "--select=FLP") == (0, "")


def send(pipe: IO[bytes], **message: Any) -> None:
    """Send a message of the language server protocol."""
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    pipe.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    pipe.flush()


def receive(pipe: IO[bytes]) -> dict[str, Any]:
    """The next message of the language server."""
    size = 0
    while line := pipe.readline().strip():
        name, _, value = line.partition(b":")
        size = int(value) if name.lower() == b"content-length" else size
    assert size, "the server has gone"
    message: dict[str, Any] = json.loads(pipe.read(size))
    return message


def test_editors(tmp_path: Path) -> None:
    """What python-lsp-server tells an editor of a file, with its flake8 plugin enabled."""
    pytest.importorskip("pylsp", reason="python-lsp-server is not installed")
    path = tmp_path / "a.py"
    path.write_text(BROAD, "utf-8")
    plugins = {name: {"enabled": name == "flake8"} for name in ("flake8", "pycodestyle", "pyflakes", "mccabe")}
    with subprocess.Popen(
        [sys.executable, "-m", "pylsp"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        opened = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": BROAD}
        start = {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}}
        send(server.stdin, id=1, method="initialize", params=start)
        while receive(server.stdout).get("id") != 1:
            pass
        send(server.stdin, method="initialized", params={})
        settings = {"settings": {"pylsp": {"plugins": plugins}}}
        send(server.stdin, method="workspace/didChangeConfiguration", params=settings)
        send(server.stdin, method="textDocument/didOpen", params={"textDocument": opened})
        while (message := receive(server.stdout)).get("method") != "textDocument/publishDiagnostics":
            pass
        server.kill()
    (told,) = message["params"]["diagnostics"]
    assert (told["code"], told["message"]) == ("FLP101", FOUND)
    assert told["range"]["start"] == {"line": 1, "character": 16}


TOX = """\
[tox]
env_list = lint

[testenv:lint]
skip_install = true
deps =
    flake8
    {package}
commands = flake8 --isolated --select FLP a.py
"""


@pytest.mark.installs
def test_tox(tmp_path: Path) -> None:
    pytest.importorskip("tox", reason="tox is not installed")
    if not pip_reaches_an_index(tmp_path):
        pytest.skip("pip reaches no index to install the environment from")
    package, project = tmp_path / "package", tmp_path / "project"
    shutil.copytree(ROOT / "flake8_flowperf", package / "flake8_flowperf")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, package)
    write(project, {"tox.ini": TOX.format(package=package), "a.py": BROAD})
    status, output = run(project, "tox", "run", "-e", "lint")
    assert status == 1, output
    assert f"a.py:2:17: {FOUND}" in output
    write(project, {"a.py": NARROW})
    status, output = run(project, "tox", "run", "-e", "lint")
    assert status == 0, output
