"""flowperf-fix's door: arguments, exit status, and what is printed where."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from flake8_flowperf import __version__
from flake8_flowperf.config import ConfigError, Parser, discover, read_settings

DONE, CHANGES_NEEDED, FAILED = 0, 1, 2
"""Exit status: nothing is left to do; --check or --diff found something; usage, file or internal error."""

_DESCRIPTION = """\
Rewrite what flake8-flowperf finds. Safe fixes, which keep behaviour, are applied; with --unsafe-fixes those too that
may change it. Files are found, and findings selected and suppressed, as flake8 does it."""

_EPILOG = """\
exit status: 0 nothing left to do, 1 changes needed (--check, --diff), 2 wrong usage, or a file that could not be
fixed"""


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
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the flush at exit does not fail again
        if not isinstance(error, BrokenPipeError):
            print(f"flowperf-fix: error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("flowperf-fix: interrupted; every file is as it was or fixed", file=sys.stderr)
        return 128 + 2


def _parser() -> Parser:
    parser = Parser(
        prog="flowperf-fix",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "filenames", metavar="PATH", nargs="*", help="files and folders (default: .); - is standard input"
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--unsafe-fixes", action="store_true", help="apply also fixes that may change behaviour")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something would change")
    parser.add_argument("--diff", action="store_true", help="write nothing; print a unified diff")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="list what is left, with the reason at each")
    parser.add_argument("--output-format", choices=("text", "json"), default="text", help="default: %(default)s")
    return parser


def _run(parser: Parser, argv: Sequence[str] | None) -> int:
    settings = read_settings(parser, argv)
    dry = settings.check or settings.diff
    is_input = "-" in settings.filenames
    if is_input and len(settings.filenames) > 1:
        parser.error("- is standard input and cannot be given together with other paths")
    if settings.output_format == "json" and (settings.diff or (is_input and not dry)):
        parser.error("--output-format json needs standard output for itself")
    from flake8_flowperf import reporting
    from flake8_flowperf.fixing.fixer import Fixer

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="surrogateescape" if stream.encoding.lower() == "utf-8" else "backslashreplace")
    fixer = Fixer(settings)
    report = sys.stderr if is_input or dry or settings.output_format == "json" else sys.stdout
    results = []
    paths = list(discover(settings))
    try:
        for path in paths:
            result = fixer.fix(path)
            results.append(result)
            if result.problem is not None:
                print(reporting.problem(result), file=sys.stderr)
                if settings.verbose:
                    print(result.problem.traceback, end="", file=sys.stderr)
            if settings.diff and result.changed:
                _write(reporting.diff(result))
            elif path == "-" and not dry:
                _write(result.after)
            if settings.verbose and settings.output_format == "text":
                for line in reporting.left(result, dry=dry):
                    print(line, file=report)
        if is_input and not paths and not dry:
            _write(sys.stdin.buffer.read())  # excluded, but whoever pipes a file through us wants it back
    finally:
        if settings.output_format == "json":
            print(reporting.as_json(results))
        print(reporting.summary(results, dry=dry), file=report)
    if any(result.problem is not None for result in results):
        return FAILED
    return CHANGES_NEEDED if dry and any(result.changed for result in results) else DONE


def _write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
