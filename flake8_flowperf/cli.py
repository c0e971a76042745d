"""flowperf-fix's door: arguments, exit status, and what is printed where."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import closing
from typing import TYPE_CHECKING, TextIO

from flake8_flowperf import __version__
from flake8_flowperf.config import ConfigError, Parser, discover, read_settings

if TYPE_CHECKING:
    from flake8_flowperf.fixing.results import FileResult
    from flake8_flowperf.progress import Bar

DONE, CHANGES_NEEDED, FAILED = 0, 1, 2
"""Exit status: nothing is left to do; --check or --diff found something; usage, file or internal error."""

_DESCRIPTION = """\
Rewrite what flake8-flowperf finds. Safe fixes, which keep behaviour, are applied; with --unsafe-fixes those too that
may change it. Files are found, and findings selected and suppressed, as flake8 does it."""

_EPILOG = """\
examples:
  flowperf-fix --diff src              what the safe fixes would change
  flowperf-fix -v --unsafe-fixes src   apply all fixes; list what is left, with the reason
  flowperf-fix --since origin/main     fix what stands on lines that this branch has changed
  flowperf-fix --add-noqa              silence what stands today, so that only new findings are reported
  flowperf-fix --explain FLP101        what a rule finds, why, and what its fix may change

exit status:
  0    nothing is left to do, or everything that was asked for was done
  1    --check or --diff would change something
  2    wrong usage, or a file that could not be read, parsed or written (the others are fixed all the same)
  130  interrupted; every file is as it was or fixed"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run flowperf-fix with the arguments *argv* (those of the process by default) and return its exit status."""
    try:
        try:
            return _run(_parser(), argv)
        finally:
            sys.stdout.flush()
    except ConfigError as error:
        print(f"flowperf-fix: error: {error}", file=sys.stderr)
        return FAILED
    except BrokenExecutor:
        print("flowperf-fix: error: a worker process was killed; every file is as it was or fixed", file=sys.stderr)
        return FAILED
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the flush at exit does not fail again
        if not isinstance(error, BrokenPipeError):
            print(f"flowperf-fix: error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("flowperf-fix: interrupted; every file is as it was or fixed", file=sys.stderr)
        return 128 + 2


class _Explain(argparse.Action):
    """Prints the documentation of a rule and ends the program, whatever the configuration is."""

    def __call__(self, parser: argparse.ArgumentParser, _: object, value: object, __: str | None = None) -> None:
        from flake8_flowperf.reporting import rules

        rules.explain(rules.named(str(value)))
        parser.exit()


class _ListRules(argparse.Action):
    """Prints the table of rules and ends the program."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from flake8_flowperf.reporting import rules

        rules.list_rules()
        parser.exit()


class _PrintCompletion(argparse.Action):
    """Prints the script with which a shell completes the command line, and ends the program."""

    def __call__(self, parser: argparse.ArgumentParser, _: object, value: object, __: str | None = None) -> None:
        from flake8_flowperf import completion

        print(completion.script(parser, str(value)))
        parser.exit()


def _parser() -> Parser:
    parser = Parser(
        prog="flowperf-fix",
        usage="%(prog)s [options] [PATH ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    parser.add_argument_group("where").add_argument(
        "filenames", metavar="PATH", nargs="*", help="files and folders (default: .); - is standard input"
    )
    what = parser.add_argument_group("what to do")
    what.add_argument("--unsafe-fixes", action="store_true", help="apply also fixes that may change behaviour")
    what.add_argument("--check", action="store_true", help="write nothing; exit 1 when something would change")
    what.add_argument("--diff", action="store_true", help="write nothing; print a unified diff")
    what.add_argument(
        "--add-noqa", action="store_true", help="fix nothing; add a '# noqa' comment with its code to each finding"
    )
    what.add_argument(
        "--since", metavar="REV", help="only findings on lines that differ from this git revision; also new files"
    )
    what.add_argument("--no-cache", action="store_true", help="look again at files that have not changed")
    what.add_argument(
        "--cache-dir", metavar="DIR", help="where results are remembered (default: the user's cache folder)"
    )
    output = parser.add_argument_group("what to tell")
    output.add_argument("-v", "--verbose", action="count", default=0, help="list what is left, with the reasons")
    output.add_argument("-q", "--quiet", action="store_true", help="print problems only, beside a diff or document")
    output.add_argument("--statistics", action="store_true", help="count by code what was found, fixed and left")
    output.add_argument(
        "--output-format",
        choices=("text", "json", "github", "gitlab", "sarif"),
        default="text",
        help="what was found, fixed and left, for people or for a program (default: %(default)s)",
    )
    about = parser.add_argument_group("about the rules and the program")
    about.add_argument("--explain", metavar="CODE", action=_Explain, help="print the documentation of a rule")
    about.add_argument("--list-rules", nargs=0, action=_ListRules, help="print a table of all rules")
    about.add_argument(
        "--print-completion",
        metavar="SHELL",
        choices=("bash", "zsh", "tcsh"),
        action=_PrintCompletion,
        help="print a script for this shell (bash, zsh, tcsh) that completes the command line; needs shtab",
    )
    about.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    about.add_argument("-h", "--help", action="help", help="print this help")
    return parser


def _check_usage(parser: Parser, settings: argparse.Namespace) -> None:
    """Raise ConfigError for options that contradict each other."""
    is_input = "-" in settings.filenames
    if is_input and len(settings.filenames) > 1:
        parser.error("- is standard input and cannot be given together with other paths")
    if settings.output_format != "text" and (settings.diff or (is_input and not settings.check)):
        parser.error(f"--output-format {settings.output_format} needs standard output for itself")
    if settings.quiet and settings.verbose:
        parser.error("--quiet and --verbose contradict each other")
    if settings.add_noqa and settings.unsafe_fixes:
        parser.error("--add-noqa fixes nothing, so --unsafe-fixes means nothing beside it")
    if settings.add_noqa and settings.disable_noqa:
        parser.error("--add-noqa writes comments that --disable-noqa would have no effect")
    if is_input and settings.since is not None:
        parser.error("--since needs files, and cannot be given together with standard input")


def _run(parser: Parser, argv: Sequence[str] | None) -> int:
    settings = read_settings(parser, argv)
    _check_usage(parser, settings)
    from flake8_flowperf import cache as caches
    from flake8_flowperf import changed_lines, parallel, reporting
    from flake8_flowperf.fixing import files
    from flake8_flowperf.progress import Bar
    from flake8_flowperf.reporting import text

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="surrogateescape" if stream.encoding.lower() == "utf-8" else "backslashreplace")
    dry, is_input = settings.check or settings.diff, "-" in settings.filenames
    for_people = settings.output_format == "text"
    report = sys.stderr if is_input or dry or not for_people else sys.stdout
    changed = changed_lines.of(settings)
    cache = caches.of(settings)
    found = cache.discover() if cache is not None else discover(settings)
    paths: Iterable[str] = (path for path in found if changed is None or changed.touch(path))
    if not (is_input or dry):
        paths = [*paths]
        files.remove_leftovers(paths)
    results: list[FileResult] = []
    try:
        number, working = parallel.begin(settings, paths, changed, cache)
        bar = Bar(number, shown=not (is_input or settings.quiet))
        with closing(working):
            for result in bar.count(working):
                results.append(result)
                _tell(result, settings, report, bar)
        if is_input and not number and not dry:
            _write(sys.stdin.buffer.read())  # excluded, but whoever pipes a file through us wants it back
    finally:
        if not for_people:
            print(reporting.document(settings.output_format, results, dry=dry))
        if not settings.quiet:
            print(text.summary(results, dry=dry), file=report)
        if settings.statistics and (table := text.statistics(results)):
            print(table, file=report)
    if any(result.problem is not None for result in results):
        return FAILED
    return CHANGES_NEEDED if dry and any(result.changed for result in results) else DONE


def _tell(result: FileResult, settings: argparse.Namespace, report: TextIO, bar: Bar) -> None:
    """Print what is printed of a file at once: its problem, its diff or new text, and what is left in it."""
    if not (settings.verbose or settings.diff or result.problem or "-" in settings.filenames):
        return  # without an import for each of many thousand files
    from flake8_flowperf.reporting import text

    dry = settings.check or settings.diff
    data = b""
    if settings.diff and result.changed:
        data = text.diff(result)
    elif not dry and "-" in settings.filenames:
        data = result.after
    left = list(text.left(result, dry=dry)) if settings.verbose and settings.output_format == "text" else []
    if not (data or left or result.problem):
        return
    with bar.hidden():
        if result.problem is not None:
            print(text.problem(result), file=sys.stderr)
            if settings.verbose:
                print(result.problem.traceback, end="", file=sys.stderr)
        if data:
            _write(data)
        for line in left:
            print(line, file=report)


def _write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
