"""flake8's own configuration, file discovery, decisions and noqa, reused.

This is the only module that touches flake8's private parts: what flake8 decides is asked of flake8, not written again.
"""

from __future__ import annotations

import argparse
import configparser
import io
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import EntryPoint
from typing import Any, NoReturn, cast

import flake8
from flake8.defaults import NOQA_INLINE_REGEXP
from flake8.discover_files import expand_paths
from flake8.exceptions import ExecutionError
from flake8.main.options import register_default_options
from flake8.options import aggregator
from flake8.options import config as config_files
from flake8.options.manager import OptionManager
from flake8.plugins import finder
from flake8.processor import FileProcessor
from flake8.style_guide import Decision, DecisionEngine, StyleGuideManager
from flake8.utils import matches_filename, parse_files_to_codes_mapping
from flake8.violation import Violation

from flake8_flowperf import __version__, registry
from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.profiles.model import ProfileError
from flake8_flowperf.profiles.options import profiles_of
from flake8_flowperf.source import SourceFile

_SHARED_OPTIONS = {
    "--exclude": "files and folders to leave out (default: %(default)s)",
    "--extend-exclude": "more files and folders to leave out",
    "--filename": "in folders, only files whose names match (default: %(default)s)",
    "--stdin-display-name": "the file name that the configuration is to see when PATH is -",
    "--select": "fix only findings whose code starts with one of these",
    "--extend-select": "fix these too, beside what is selected by default",
    "--ignore": "leave findings whose code starts with one of these; replaces the default list",
    "--extend-ignore": "leave these too",
    "--per-file-ignores": "leave findings in some files only, as in 'tests/*.py: FLP101,FLP5'",
    "--disable-noqa": "fix also what a '# noqa' comment suppresses",
    "--jobs": "worker processes, used where there are enough files; auto is one per processor (default: %(default)s)",
}
"""flake8's options that mean something to flowperf-fix, with help that fits it; flake8 keeps its other ones."""


_METAVARS = {
    "--jobs": "N|auto",
    "--exclude": "PATTERNS",
    "--extend-exclude": "PATTERNS",
    "--filename": "PATTERNS",
    "--select": "CODES",
    "--extend-select": "CODES",
    "--ignore": "CODES",
    "--extend-ignore": "CODES",
    "--per-file-ignores": "FILES:CODES",
    "--stdin-display-name": "NAME",
}


_LOG = logging.getLogger(__name__)
_EXCLUDED = '"%(path)s" has %(whether)sbeen excluded'
_NOQA = re.compile("noqa", re.IGNORECASE)


class ConfigError(Exception):
    """An option or a configuration file that cannot be used; the message is one line and names it."""

    def __init__(self, error: object) -> None:
        super().__init__(" ".join(str(error).split()))


class Parser(argparse.ArgumentParser):
    """An argument parser that raises ConfigError for a wrong command line, instead of exiting."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(message)


def read_settings(parser: Parser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line *argv* and the configuration files that flake8 would read.

    *parser* has the options of the fixer alone, and the paths as ``filenames``; flake8's and the rules' are added here.
    Options that other plugins have in configuration files are passed over.  Raises ConfigError.
    """
    manager = _Options(parser)
    register_default_options(manager)
    manager.register_plugins(_this_plugin())
    given = manager.parse_args(argv)
    files: list[str] = []
    try:
        parse_files_to_codes_mapping(given.per_file_ignores)  # before a file could be blamed for it
        main = None
        if not given.isolated:
            main = given.config or config_files._find_config_file(os.path.abspath("."))  # type: ignore[attr-defined]
            files = [file for file in (main, *given.append_config) if file]
        content, folder = config_files.load_config(main, given.append_config, isolated=given.isolated)
        try:
            settings = aggregator.aggregate_options(manager, content, folder, argv)
        except ValueError as error:
            raise ConfigError(f"{_wrong_option(manager, content, folder)}: {error}") from error
        check_choices(settings)
        apply_profile(settings)
        _style_guides(settings)
    except ProfileError as error:
        raise ConfigError(f"--flowperf-profile: {error}") from error
    except (ConfigError, ExecutionError, ValueError, configparser.Error, OSError) as error:
        place = "" if any(file in str(error) for file in files) else "".join(f"{file}: " for file in files)
        raise ConfigError(f"{place}{error}") from error
    return settings


def check_choices(settings: argparse.Namespace) -> None:
    """Raise flake8's ExecutionError for a value that an option does not allow.

    flake8 itself checks those of the command line only, not those of configuration files.
    """
    for option in registry.options():
        value = option.of(settings)
        name = option.flag.lstrip("-")
        for item in value if isinstance(value, list) else [value]:
            if option.choices is not None and item not in option.choices:
                raise ExecutionError(f"{name}: {item!r} is not one of {', '.join(option.choices)}")
            if option.pattern is not None and not re.fullmatch(option.pattern, str(item)):
                raise ExecutionError(f"{name}: {item!r} does not have the form {option.metavar}")


def apply_profile(settings: argparse.Namespace) -> None:
    """Read the profiles that the settings name, and switch the opt-in rules on that they may find hot functions for.

    What the user selects and ignores by code goes before, as it does without a profile.  Raises ProfileError.
    """
    if profiles_of(settings) is not None:
        rules = registry.rules()
        settings.extended_default_ignore = [
            code for code in settings.extended_default_ignore if code not in rules or not rules[code].only_where_hot
        ]


def discover(settings: argparse.Namespace) -> Iterator[str]:
    """The files that flake8 would look at, named as it would name them; ``-`` stands for standard input."""
    found = expand_paths(
        paths=settings.filenames,
        stdin_display_name=settings.stdin_display_name,
        filename_patterns=settings.filename,
        exclude=_excluded(settings),
    )
    seen: set[str] = set()
    for path in found:  # not dict.fromkeys(), which would have whoever works on them wait for the last one
        if path not in seen:
            seen.add(path)
            yield path


def _excluded(settings: argparse.Namespace) -> tuple[str, ...]:
    return (*settings.exclude, *settings.extend_exclude)


def folders(settings: argparse.Namespace) -> Iterator[str]:
    """The folders in which discover() looks for files; none that is excluded, nor what is in it."""
    patterns = _excluded(settings)

    def is_excluded(path: str) -> bool:
        return matches_filename(path, patterns=patterns, log_message=_EXCLUDED, logger=_LOG)

    for path in settings.filenames or [os.curdir]:
        if os.path.isdir(path) and not is_excluded(path):
            for folder, names, _ in os.walk(path):
                yield folder
                names[:] = [name for name in names if not is_excluded(os.path.join(folder, name))]


def selected_rules(settings: argparse.Namespace) -> list[type[Rule[Any]]]:
    """The rules whose code select and ignore let through; per-file-ignores can only take more away."""
    engine = DecisionEngine(settings)
    return [rule for code, rule in registry.rules().items() if engine.decision_for(code) is Decision.Selected]


def jobs(settings: argparse.Namespace) -> int:
    """How many processes may work at once."""
    if not settings.jobs.is_auto:
        return max(int(settings.jobs.n_jobs), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def find_noqa(lines: str) -> re.Match[str] | None:
    """The comment that flake8 takes for the ``# noqa`` of *lines*; its group "codes" is None when it has none."""
    return NOQA_INLINE_REGEXP.search(lines)


class Suppressions:
    """What select, ignore, per-file-ignores and noqa comments let through, by flake8's own judgement."""

    def __init__(self, settings: argparse.Namespace) -> None:
        self._settings = settings
        self._guides = _style_guides(settings)

    def skips_file(self, text: str, filename: str) -> bool:
        """Whether a ``# flake8: noqa`` line takes the whole file out."""
        if "flake8" not in text.lower():  # flake8 looks at each line on its own
            return False
        return bool(self._processor(text, filename).should_ignore_file())

    def keep(self, filename: str) -> Callable[[SourceFile, list[Finding[Any]]], list[Finding[Any]]]:
        """A function of the file *filename* and its findings that returns those that flake8 would report."""

        def kept(source: SourceFile, findings: list[Finding[Any]]) -> list[Finding[Any]]:
            guide = self._guides.style_guide_for(filename)
            selected = [item for item in findings if guide.should_report_error(item.code) is Decision.Selected]
            if selected and self.skips_file(source.text.text, filename):
                return []
            if not selected or "noqa" not in source.text.text.lower():
                return selected
            lines = {source.text.line_of(match.start()) for match in _NOQA.finditer(source.text.text)}
            processor = self._processor(source.text.text, filename)
            disabled = self._settings.disable_noqa
            return [
                item
                for item in selected
                if lines.isdisjoint(_lines_around(item, source))  # or else flake8 splits the file into tokens
                or not self._violation(item, processor).is_inline_ignored(disabled)
            ]

        return kept

    def noqa_lines(self, text: str, filename: str) -> Callable[[int], range]:
        """A function of a line of *text* that returns the lines in which flake8 looks for its ``# noqa``.

        They are more than one where a string or a backslash goes on.
        """
        processor = self._processor(text, filename)

        def lines(line: int) -> range:
            joined = processor.noqa_line_for(line)
            if joined is None:  # flake8 could not split the file into tokens
                return range(line, line + 1)
            first = last = line  # lines that share a comment share one and the same string
            while processor.noqa_line_for(first - 1) is joined:
                first -= 1
            while processor.noqa_line_for(last + 1) is joined:
                last += 1
            return range(first, last + 1)

        return lines

    def _processor(self, text: str, filename: str) -> FileProcessor:
        lines = io.StringIO(text, newline=None).readlines()
        return FileProcessor(filename, self._settings, lines)

    @staticmethod
    def _violation(finding: Finding[Any], processor: FileProcessor) -> Violation:
        # Where flake8 has no logical line it asks linecache for the physical one, which may be of an older text.
        line = processor.noqa_line_for(finding.line) or processor.lines[finding.line - 1]
        return Violation(finding.code, processor.filename, finding.line, finding.column + 1, finding.message, line)


def _lines_around(finding: Finding[Any], source: SourceFile) -> range:
    """The lines of the statement that *finding* stands in; those that share its ``# noqa`` are among them."""
    statement = source.tree.statement(finding.node)
    first = min(item.lineno for item in (statement, *getattr(statement, "decorator_list", ())))
    return range(min(first, finding.line), max(statement.end_lineno or first, finding.line) + 1)


class _Options(OptionManager):
    """flake8's options on a parser that has ours, without those that mean nothing to a fixer."""

    def __init__(self, parser: Parser) -> None:
        super().__init__(version=flake8.__version__, plugin_versions="", parents=[], formatter_names=[])
        self.parser = parser
        parser.set_defaults(verbose=0)  # FileProcessor asks for it, and a parser may have no such option
        files = parser.add_argument_group("configuration, found and read as flake8 does")
        files.add_argument("--config", metavar="FILE", help="read this file and no other")
        files.add_argument(
            "--append-config", metavar="FILE", action="append", default=[], help="read this file too, as the last one"
        )
        files.add_argument("--isolated", action="store_true", help="read no configuration file")
        self._current_group = parser.add_argument_group("which files and findings, as flake8 understands it")

    def add_option(self, *args: Any, **kwargs: Any) -> None:
        flag: str = args[-1]
        if flag in _SHARED_OPTIONS:
            default = str(kwargs.get("default")).replace(",", ", ")  # so that the help can break the line there
            kwargs["help"] = _SHARED_OPTIONS[flag].replace("%(default)s", default)
        elif not flag.startswith("--flowperf-"):
            name = kwargs.get("dest") or flag.lstrip("-").replace("-", "_")
            self.parser.set_defaults(**{name: kwargs.get("default")})
            return
        if kwargs.get("action") != "store_true" and "choices" not in kwargs:
            kwargs["metavar"] = _METAVARS.get(flag) or kwargs.get("metavar") or flag.rpartition("-")[2].upper()
        super().add_option(*args, **kwargs)

    def parse_args(
        self, args: Sequence[str] | None = None, values: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Parse a command line whose paths may stand anywhere."""
        if values:
            self.parser.set_defaults(**vars(values))
        settings: argparse.Namespace
        settings, rest = self.parser.parse_known_args(args)
        unknown = [word for word in rest if word.startswith("-") and word != "-"]
        if unknown:
            self.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        settings.filenames = [*settings.filenames, *rest]
        return settings


def _this_plugin() -> finder.Plugins:
    """This package as flake8 would have loaded it, alone."""
    from flake8_flowperf.plugin import Plugin

    entry_point = EntryPoint("FLP", f"{Plugin.__module__}:{Plugin.__name__}", "flake8.extension")
    loaded = finder.LoadedPlugin(finder.Plugin(Plugin.name, __version__, entry_point), Plugin, {"tree": True})
    return finder.Plugins(finder.Checkers([loaded], [], []), reporters={}, disabled=[])


def _style_guides(settings: argparse.Namespace) -> StyleGuideManager:
    return StyleGuideManager(settings, formatter=cast(Any, None))  # only reporting would ask for one


def _wrong_option(manager: OptionManager, content: configparser.RawConfigParser, folder: str) -> str:
    """The name of the configured option whose value flake8 cannot take; its own messages do not say."""

    def is_wrong(name: str) -> bool:
        alone = configparser.RawConfigParser()
        alone["flake8"] = {name: content["flake8"][name]}
        try:
            config_files.parse_config(manager, alone, folder)
        except ValueError:
            return True
        return False

    return next(filter(is_wrong, content["flake8"]))
