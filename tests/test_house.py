"""The walls of the house (design, "The house"), and that rules, codemods, fixtures and documents are in step."""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flake8.options.parse_args import parse_args

import flake8_flowperf
from flake8_flowperf import registry
from flake8_flowperf.fixing.loop import fix_source
from flake8_flowperf.lint import Linter
from flake8_flowperf.model import Rule
from flake8_flowperf.source import SourceFile
from tests import docs
from tests.fixture_cases import FIXTURES

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "flake8_flowperf"
RULES = [pytest.param(rule, id=code) for code, rule in registry.rules().items()]
HEADINGS = ["What it does", "Why is this bad", "Bad", "Good", "Fix safety", "Evidence", "Options"]


def imported(path: Path) -> set[str]:
    """The top-level packages and the own modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names | {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_walls(path: Path) -> None:
    names = imported(path)
    room = path.relative_to(PACKAGE).parts[0]
    if room in (
        "rules",
        "source",
        "profiles",
        "lint.py",
        "plugin.py",
        "model.py",
        "config.py",
        "registry.py",
        "monitor.py",
    ):
        assert not names & {"libcst", "rich"}
        assert not any(name.startswith("flake8_flowperf.bench") for name in names)
    if room == "bench":
        assert "libcst" not in names
        assert not any(name.startswith(("flake8_flowperf.fixing", "flake8_flowperf.codemods")) for name in names)
    else:
        assert "matplotlib" not in names
    if room in ("rules", "source"):
        assert not names & {"os", "io", "pathlib", "subprocess", "socket", "tempfile", "shutil", "flake8"}, (
            "does no I/O"
        )
        assert not any(name.startswith("flake8_flowperf.fixing") for name in names)
    if room == "codemods":
        assert "flake8_flowperf.lint" not in names


def test_the_plugin_loads_neither_libcst_nor_rich_nor_the_benchmark() -> None:
    code = (
        "import sys, ast; from flake8_flowperf.plugin import Plugin; "
        "list(Plugin(ast.parse('x = 1'), ['x = 1'], 'x.py').run()); "
        "print(sorted({'libcst', 'rich', 'flake8_flowperf.bench'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "[]\n"


def test_importing_the_package_costs_nothing() -> None:
    code = "import sys; before = set(sys.modules); import flake8_flowperf; print(sorted(set(sys.modules) - before))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "['flake8_flowperf']\n"


def test_every_codemod_and_fixture_has_its_rule() -> None:
    assert set(registry.codemods()) <= set(registry.rules())
    assert {path.name for path in FIXTURES.iterdir()} == {*registry.rules(), "guide"}


@pytest.mark.parametrize("rule", RULES)
def test_rule_is_complete(rule: type[Rule[Any]]) -> None:
    assert re.fullmatch(r"FLP\d{3}", rule.code)
    assert rule.words or rule.modules
    assert rule.nodes or rule.calls
    assert re.findall(r"^## (.*)$", rule.documentation(), re.MULTILINE) == HEADINGS
    assert len(rule.documentation().splitlines()[0]) <= 100
    for option in rule.options:
        assert option.flag.startswith("--flowperf-")
        assert option.flag in rule.documentation()
    assert {rule.code, rule.name} <= set(re.findall(r"[\w-]+", (ROOT / "CHANGELOG.md").read_text("utf-8")))


def example(rule: type[Rule[Any]], heading: str) -> str:
    """The code below a heading of a rule's docstring."""
    section = rule.documentation().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return str(code)


def settings_for(rule: type[Rule[Any]]) -> argparse.Namespace:
    """The settings of the examples: with the options that stand above the code of Bad, if any do."""
    flags = re.findall(r"`(--flowperf-\S+=\S+)`", rule.documentation().partition("## Bad\n")[2].partition("```")[0])
    return parse_args(["--isolated", f"--select={rule.code}", *flags])[1]


@pytest.mark.parametrize("rule", RULES)
def test_examples_of_the_docstring(rule: type[Rule[Any]]) -> None:
    bad, good = example(rule, "Bad"), example(rule, "Good")
    linter = Linter([rule], settings_for(rule))
    assert linter.lint(bad, SourceFile.parse(bad).module, "bad.py")
    assert not linter.lint(good, SourceFile.parse(good).module, "good.py")
    if rule.code in registry.codemods():
        assert (
            fix_source(SourceFile.parse(bad, "bad.py"), linter, unsafe=True, keep=lambda _, findings: findings).text
            == good
        )


def test_readme_is_in_step() -> None:
    readme = docs.README.read_text("utf-8")
    assert docs.updated(readme) == readme, "run python -m tests.docs"


def test_changelog_has_the_version() -> None:
    assert f"## [{flake8_flowperf.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
