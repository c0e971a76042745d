"""flake8's door: registers the options and reports the findings."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

from flake8.options.manager import OptionManager

from flake8_flowperf import __version__
from flake8_flowperf.config import apply_profile, check_choices, selected_rules
from flake8_flowperf.lint import Linter
from flake8_flowperf.profiles.model import ProfileError
from flake8_flowperf.registry import options, rules


class Plugin:
    """The checker that flake8 makes for every file, from the tree and lines that it has read."""

    name: ClassVar[str] = "flake8-flowperf"
    version: ClassVar[str] = __version__
    linter: ClassVar[Linter | None] = None

    def __init__(self, tree: ast.Module, lines: list[str], filename: str) -> None:
        self.tree = tree
        self.lines = lines
        self.filename = filename

    @classmethod
    def add_options(cls, manager: OptionManager) -> None:
        """Register the options of all rules, and the rules that are off until they are selected."""
        for option in options():
            keywords: dict[str, Any] = {
                "default": option.default,
                "help": f"{option.help} (default: {'none' if option.default in (None, '', [], ()) else '%(default)s'})",
                "parse_from_config": True,
            }
            if option.choices is not None:
                keywords["choices"] = option.choices
            if option.metavar is not None:
                keywords["metavar"] = option.metavar
            if option.type is not None:
                keywords["type"] = option.type
            if option.comma_separated_list:
                keywords["comma_separated_list"] = True
            if option.normalize_paths:
                keywords["normalize_paths"] = True
            manager.add_option(option.flag, **keywords)
        manager.extend_default_ignore([code for code, rule in rules().items() if not rule.on_by_default])

    @classmethod
    def parse_options(cls, settings: argparse.Namespace) -> None:
        """Keep a linter of the rules that the settings select; none when there are none.

        Raises flake8's ExecutionError for a value that an option does not allow.  Ends the program as a wrong command
        line does, with a line on standard error and status 2, when a profile cannot be read.
        """
        check_choices(settings)
        try:
            apply_profile(settings)
        except ProfileError as error:
            print(f"flake8: error: --flowperf-profile: {error}", file=sys.stderr)
            raise SystemExit(2) from error
        selected = selected_rules(settings)
        cls.linter = Linter(selected, settings) if selected else None

    def run(self) -> Iterator[tuple[int, int, str, type[Any]]]:
        """Yield line, column, text and class of each finding, as flake8 wants them."""
        if self.linter is None:
            return
        for finding in self.linter.lint("".join(self.lines), self.tree, self.filename):
            yield finding.line, finding.column, f"{finding.code} {finding.message}", type(self)
