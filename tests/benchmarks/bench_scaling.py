"""How the time grows with what is read: ``python -m pytest tests/benchmarks/bench_scaling.py``.

Each group has four sizes, each twice the one before: the number in brackets should double as well, but for the start of
the command.  The shapes are files that the plugin lints, with all rules on, those that are opt-in too; the command gets
small files of the standard library, or of the folder that FLOWPERF_BENCH names.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from flake8.options.parse_args import parse_args
from pytest_benchmark.fixture import BenchmarkFixture

from flake8_flowperf import config
from flake8_flowperf.lint import Linter
from tests.benchmarks.bench_command import FAST, copied, run

HEAD = "import copy, hashlib, json, os, re, requests, subprocess\nfrom pathlib import Path\n"
BODY = """\
        for path in Path(self.root).rglob("*"):
            if path.suffix == ".py":
                self.trace_{n}.append({{"index": len(self.trace_{n}), "data": copy.deepcopy(path)}})
        for line in open(self.root).readlines():
            subprocess.run(f"cat {{line}}", shell=True)
            requests.get(line, params=json.dumps(self.trace_{n}))
"""


def attributes(count: int) -> str:
    return f"{HEAD}class Large:\n    def __init__(self):\n" + "".join(
        f"        self.trace_{n} = []\n        self.trace_{n}.append({n})\n" for n in range(count)
    )


def functions(count: int) -> str:
    return f"{HEAD}class Large:\n" + "".join(
        f"    def method_{n}(self):\n        self.trace_{n} = []\n{BODY.format(n=n)}" for n in range(count)
    )


def statements(count: int) -> str:
    return f"{HEAD}def large(self):\n" + "".join(
        f"    text_{n} = json.dumps(self.data[{n}])\n    self.trace.append(copy.deepcopy(text_{n}))\n"
        for n in range(count)
    )


def nested_calls(count: int) -> str:
    return HEAD + "\n".join(
        "x = " + "requests.get(" * 90 + "copy.deepcopy(y)" + ")" * 90 for _ in range(count // 90 + 1)
    )


def chained_calls(count: int) -> str:
    """Python reads no more than 200 parentheses in each other, but any number of calls of what a call gives."""
    return HEAD + f"x = requests{'.get(json.dumps(y)).copy()' * 250}\n" * count


def same_calls(count: int) -> str:
    return f"{HEAD}def large(data):\n" + "    json.dumps(data)\n    data = 1\n" * count


def growing_attributes(count: int) -> str:
    return f"{HEAD}class Large:\n    def grow(self):\n        for item in items:\n" + "".join(
        f"            self.text_{n} += item\n" for n in range(count)
    )


def requests_of_methods(count: int) -> str:
    return f"{HEAD}class Large:\n" + "".join(
        f"    def method_{n}(self):\n        return requests.get(self.url_{n}, timeout=3)\n" for n in range(count)
    )


def patterns_of_functions(count: int) -> str:
    return HEAD + "".join(f"def function_{n}(pattern):\n    return re.compile(pattern)\n" for n in range(count))


def nested_loops(count: int) -> str:
    lines = [HEAD]
    for depth in range(count):
        lines.append("    " * (depth % 18) + f"for item_{depth} in list(items):\n")
        if depth % 18 == 17:
            lines.append("    " * 18 + "text += requests.get(json.dumps(items)).text\n")
    return "".join(lines) + "    " * (((count - 1) % 18) + 1) + "pass\n"


@pytest.mark.parametrize("doubled", range(4))
@pytest.mark.parametrize(
    ("shape", "start"),
    [
        (attributes, 2_500),
        (functions, 625),
        (statements, 2_500),
        (nested_calls, 450),
        (nested_loops, 720),
        (chained_calls, 2),
        (same_calls, 500),
        (growing_attributes, 500),
        (requests_of_methods, 625),
        (patterns_of_functions, 625),
    ],
)
def test_scaling(benchmark: BenchmarkFixture, shape: Callable[[int], str], start: int, doubled: int) -> None:
    _, settings = parse_args(["--isolated", "--extend-select=FLP"])
    linter = Linter(config.selected_rules(settings), settings)
    size = start * 2**doubled
    text = shape(size)
    tree = ast.parse(text)
    benchmark.group = f"{shape.__name__} from {start}"
    benchmark.name = f"{size}"
    benchmark.pedantic(linter.lint, (text, tree, "large.py"), rounds=3)


@pytest.mark.parametrize("doubled", range(4))
def test_number_of_files(benchmark: BenchmarkFixture, doubled: int, tmp_path: Path) -> None:
    files = copied(tmp_path, None, 125 * 2**doubled)
    benchmark.group = "files from 125"
    benchmark.name = f"{len(files.names)}, {files.lines} lines"
    benchmark.pedantic(run, (FAST["flowperf-fix"], files), rounds=3)
