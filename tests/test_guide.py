"""The guide's own examples: what it says to avoid is found by the rules of its section, what it says to use is clean."""

from __future__ import annotations

from pathlib import Path

import pytest
from flake8.options.parse_args import parse_args

from flake8_flowperf import config
from flake8_flowperf.lint import Linter
from flake8_flowperf.source import SourceFile
from tests.fixture_cases import FIXTURES

EXAMPLES = sorted((FIXTURES / "guide").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path: Path) -> None:
    """The first line of an example names its section and, after a colon, the rules that must find something in it."""
    text = path.read_text("utf-8")
    _, settings = parse_args(["--isolated", "--extend-select=FLP"])
    linter = Linter(config.selected_rules(settings), settings)
    found = {finding.code for finding in linter.examine(SourceFile.parse(text, path.name), None).reported}
    _, _, codes = text.partition("\n")[0].partition('": ')
    assert found == set(codes.split())
    assert bool(codes) == ("_avoid" in path.stem)


def test_every_section_is_there() -> None:
    assert {path.name[:2] for path in EXAMPLES} == {f"{number:02}" for number in range(1, 11)}
