"""The plugin against pyflakes and flake8-bugbear, on the same parsed files in one process.

``python -m pytest tests/benchmarks/bench_plugin.py`` prints two ratios for each set of files, and for all together.
FLOWPERF_BENCH names other folders than the standard library's, separated by the system's path separator.  All rules are
on, those that are opt-in too.
"""

from __future__ import annotations

import ast
import gc
import os
import sysconfig
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest
from bugbear import BugBearChecker
from flake8.options.manager import OptionManager
from flake8.options.parse_args import parse_args
from pyflakes.checker import Checker

from flake8_flowperf import config
from flake8_flowperf.lint import Linter

ROOTS = os.environ.get("FLOWPERF_BENCH", sysconfig.get_path("stdlib")).split(os.pathsep)
ROUNDS = 2


@dataclass(frozen=True)
class Parsed:
    """A file as flake8 hands it to a plugin."""

    name: str
    text: str
    lines: list[str]
    tree: ast.Module


def parsed(root: str) -> list[Parsed]:
    """The files below *root* that the running Python parses, those of site-packages left out."""
    found = []
    for path in sorted(Path(root).rglob("?*.py")):
        if "site-packages" in path.parts:
            continue
        try:
            text = path.read_text("utf-8")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, OSError):
            continue
        found.append(Parsed(str(path), text, text.splitlines(keepends=True), tree))
    return found


Tool: TypeAlias = Callable[[Parsed], None]


def pyflakes() -> Tool:
    return lambda file: Checker(file.tree, file.name) and None


def bugbear() -> Tool:
    manager = OptionManager(version="", plugin_versions="", parents=[], formatter_names=[])
    BugBearChecker.add_options(manager)
    options = manager.parse_args([])
    options.max_line_length, options.select, options.ignore, options.extend_default_ignore = 79, ["B"], [], []
    options.extended_default_select, options.extend_select, options.enable_extensions = [], [], []

    def check(file: Parsed) -> None:
        checker = BugBearChecker(file.tree, file.name, file.lines)
        checker.options, checker.max_line_length = options, options.max_line_length
        for _ in checker.run():
            pass

    return check


def flowperf() -> Tool:
    _, settings = parse_args(["--isolated", "--extend-select=FLP"])
    linter = Linter(config.selected_rules(settings), settings)
    return lambda file: linter.lint(file.text, file.tree, file.name) and None


def measure(files: list[Parsed], tools: dict[str, Tool]) -> dict[str, float]:
    """The seconds that each tool takes for all files: of each file, the fastest of ROUNDS.

    The tools take turns file by file, so that a machine that is slow for a while is so for all of them.
    """
    best = {name: [float("inf")] * len(files) for name in tools}
    for _ in range(ROUNDS):
        for number, file in enumerate(files):
            for name, check in tools.items():
                start = time.perf_counter()
                check(file)
                best[name][number] = min(best[name][number], time.perf_counter() - start)
    return {name: sum(seconds) for name, seconds in best.items()}


def report(what: str, files: int, lines: int, seconds: Mapping[str, float]) -> str:
    ratios = (f"{seconds['flowperf'] / seconds[tool]:.3f} of {tool}'s" for tool in ("pyflakes", "bugbear"))
    return f"{what}, {files} files, {lines} lines: the plugin's time is {', '.join(ratios)}"


@pytest.mark.filterwarnings("ignore")
def test_plugin(capsys: pytest.CaptureFixture[str]) -> None:
    tools = {"pyflakes": pyflakes(), "bugbear": bugbear(), "flowperf": flowperf()}
    total: Counter[str] = Counter()
    for root in ROOTS:
        files = parsed(root)
        lines = sum(len(file.lines) for file in files)
        gc.collect()
        gc.freeze()  # the trees of all files, which no tool has made
        try:
            seconds = measure(files, tools)
        finally:
            gc.unfreeze()
        total.update(seconds)
        total.update(files=len(files), lines=lines)
        with capsys.disabled():
            print(f"\n{report(Path(root).name, len(files), lines, seconds)}")
    with capsys.disabled():
        print(f"\n{report('together', int(total['files']), int(total['lines']), total)}")
