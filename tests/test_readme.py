"""What README.md shows is so: its commands, configuration, hooks and examples."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flake8_flowperf import cli, config, registry
from flake8_flowperf.bench import cli as bench_cli
from flake8_flowperf.fixing import loop
from flake8_flowperf.lint import Linter
from flake8_flowperf.reporting import FORMATS
from flake8_flowperf.source import SourceFile
from tests.docs import README
from tests.support import command, unmeasured, write

ROOT = README.parent
TEXT = README.read_text("utf-8")
HAND_WRITTEN = TEXT.partition("## Rule reference")[0]


def blocks(language: str) -> list[str]:
    """The code blocks of the hand-written part."""
    return re.findall(rf"^```{language}\n(.*?)^```$", HAND_WRITTEN, re.MULTILINE | re.DOTALL)


def test_before_and_after(tmp_path: Path) -> None:
    (diff,) = blocks("diff")
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] != "+")
    after = "".join(line[1:] for line in lines if line[0] != "-")
    write(tmp_path, {"a.py": before})
    assert command("flowperf-fix", "--isolated", "a.py", cwd=tmp_path)[0] == 0
    assert (tmp_path / "a.py").read_text() == after


def commands() -> list[list[str]]:
    """The commands of the shell blocks, of the workflow and of the text."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += re.findall(r"^ *- run: (.*)$", "".join(blocks("yaml")), re.MULTILINE)
    lines += re.findall(r"`(flowperf-(?:fix|bench) [^`]*)`", HAND_WRITTEN)
    words = [shlex.split(line, comments=True) for line in lines]
    return [[word for word in line if word not in ("||", "true")] for line in words if line]


def test_commands_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ours = [line[1:] for line in commands() if line[0] == "flowperf-fix"]
    assert len(ours) > 10
    for line in ours:
        arguments = line[: line.index(">")] if ">" in line else line
        if {"--explain", "--list-rules", "--help"} & set(arguments):
            with pytest.raises(SystemExit, match="0"):
                cli.main(arguments)
        else:
            cli._check_usage(cli._parser(), config.read_settings(cli._parser(), arguments))
    for line in (line[1:] for line in commands() if line[0] == "flowperf-bench"):
        arguments = line[: line.index(">")] if ">" in line else line
        bench_cli._codes(bench_cli._parser().parse_args(arguments).codes)
    assert {line[0] for line in commands()} <= {"flowperf-fix", "flowperf-bench", "flake8", "nbqa", "pip", "python3"}


def test_hooks_and_workflow() -> None:
    yaml = pytest.importorskip("yaml", reason="comes with pre-commit, which is not installed")
    hooks, workflow = (yaml.safe_load(block) for block in blocks("yaml"))
    ours = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    used = [{hook["id"] for hook in repository["hooks"]} for repository in hooks["repos"]]
    assert used == [{"flake8"}, {"flowperf-fix"}]
    assert used[1] <= ours == {"flowperf-fix", "flowperf-check"}
    steps = workflow["jobs"]["flowperf"]["steps"]
    assert steps[-1]["with"]["sarif_file"] in steps[-2]["run"]
    for form in re.findall(r"--output-format=(\w+)", TEXT):
        assert form in FORMATS


def test_configuration_is_understood(tmp_path: Path) -> None:
    (ini,) = blocks("ini")
    write(tmp_path, {"setup.cfg": ini, "a.py": "x = 1\n"})
    for name in ("flake8", "flowperf-fix"):
        assert command(name, "a.py", cwd=tmp_path)[0] == 0


def test_links_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]*)\)", TEXT)) <= anchors


def test_options_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    with pytest.raises(SystemExit, match="0"):
        bench_cli.main(["--help"])
    known = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
    prose = re.sub(r"^```.*?^```$", "", HAND_WRITTEN, flags=re.MULTILINE | re.DOTALL)
    foreign = {"--patch", "--corpus", "--write-golden", "--flowperf-"}
    assert set(re.findall(r"--[a-z][a-z-]+", prose)) - known <= foreign


def listing(name: str) -> str:
    """The text of the example *name*."""
    (code,) = re.findall(rf"<!-- example: {name} -->\n```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return str(code)


def example(name: str) -> dict[str, Any]:
    """The module that the example *name* is."""
    code = listing(name)
    assert max(map(len, code.splitlines())) <= 120
    module: dict[str, Any] = {"__name__": f"example_{name}"}
    exec(compile(code, f"README.md, {name}", "exec"), module)
    return module


def test_rule_and_codemod(monkeypatch: pytest.MonkeyPatch) -> None:
    rule, fix = example("rule")["SortedForMinimum"], example("codemod")["fix"]
    assert rule.code not in registry.rules(), "the number is free"
    monkeypatch.setattr(loop, "codemods", lambda: {"FLP999": fix})
    linter = Linter([rule], SimpleNamespace())  # type: ignore[arg-type]
    text = "x = sorted(a)[0]\ny = sorted(z for z in a)[0]\nw = sorted(a, key=f)[0]\n"
    assert [item.line for item in linter.lint(text, ast.parse(text), "x.py")] == [1, 2]
    outcome = loop.fix_source(SourceFile.parse(text), linter, unsafe=True, keep=lambda _, findings: findings)
    assert outcome.text == text.replace("sorted(a)[0]", "min(a)")
    assert [item.reason for item in outcome.left] == ["the generator may be empty"]


VARIES = re.compile(r"\d+(?=% of profiled time)|[\d.]+ (?:m|u|n)?sec(?= per loop)")
"""What is another number in every run: how hot a function is, and what was timed."""


def test_worked_example(tmp_path: Path) -> None:
    """Its commands, run as printed, say what is printed; only what they measure is their own."""
    write(tmp_path, {"app.py": listing("app.py")})
    told = "".join(blocks("console"))
    steps = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", told, re.MULTILINE)
    assert [shlex.split(step)[0] for step, _ in steps].count("flowperf-fix") == 1
    assert "".join(f"$ {step}\n{output}" for step, output in steps) == told
    env = {**unmeasured(), "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])}
    env.pop("PYTHONPATH", None)
    for step, expected in steps:
        result = subprocess.run(
            shlex.split(step), cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120
        )
        assert VARIES.sub("#", result.stdout) == VARIES.sub("#", expected), step
        assert result.stderr == ""
        assert result.returncode == (1 if step.startswith("flake8") and expected else 0)
    times = re.findall(r"of \d: (.*) per loop", told)
    assert len(times) == 2
