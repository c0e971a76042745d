"""flowperf-bench's door: arguments, exit status, and what is printed where."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from flake8_flowperf import __version__, registry
from flake8_flowperf.config import ConfigError, Parser

DONE, FAILED = 0, 2
"""Exit status: everything was measured that can be measured here; usage, file or internal error."""

_DESCRIPTION = """\
Measure what the rewrites of the rules gain on this machine and this Python: what a rule reports against what the guide
shows instead and against the best form that is known, interleaved, at several sizes. Nothing is asked for over a
network; requests go to a server on this machine."""

_EPILOG = """\
examples:
  flowperf-bench                       all rules, some minutes
  flowperf-bench FLP101 FLP4           one rule, and those of copies
  flowperf-bench --quick               a rough idea in less than a minute
  flowperf-bench --plot gains.svg      draw the gains too

verdicts:
  pays               the guide's form gains more than the spread of the measurement and at least 15 %,
                     or, where memory is the point, takes at most half of it
  does not pay here  it does not, on this machine
  safety             the rule is not about speed; what it gains or costs is told all the same

exit status:
  0  done
  2  wrong usage, a chart that could not be drawn, or forms that do not give the same result"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run flowperf-bench with the arguments *argv* (those of the process by default) and return its exit status."""
    try:
        try:
            return _run(_parser(), argv)
        finally:
            sys.stdout.flush()
    except ConfigError as error:
        print(f"flowperf-bench: error: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the flush at exit does not fail again
        if not isinstance(error, BrokenPipeError):
            print(f"flowperf-bench: error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("flowperf-bench: interrupted", file=sys.stderr)
        return 128 + 2


def _parser() -> Parser:
    parser = Parser(
        prog="flowperf-bench",
        usage="%(prog)s [options] [CODE ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    parser.add_argument("codes", metavar="CODE", nargs="*", help="rules, or the begin of their codes (default: all)")
    parser.add_argument("--quick", action="store_true", help="few rounds at the smallest size of each case only")
    parser.add_argument("--json", action="store_true", help="print all that was measured as JSON, not as a table")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw the gains by rule into a .png or .svg file")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("-h", "--help", action="help", help="print this help")
    return parser


def _codes(words: Sequence[str]) -> set[str]:
    """The codes of the rules that *words* name; raises ConfigError, with a guess at what was meant."""
    rules = registry.rules()
    chosen: set[str] = set() if words else set(rules)
    for word in words:
        found = {
            code
            for code, rule in rules.items()
            if word.lower() == rule.name or (word and code.startswith(word.upper()))
        }
        if not found:
            guess = get_close_matches(word.upper(), rules, 1)
            guess = guess or get_close_matches(word.lower(), [rule.name for rule in rules.values()], 1)
            hint = f"did you mean {guess[0]}?" if guess else "flowperf-fix --list-rules lists them"
            raise ConfigError(f"there is no rule {word!r}; {hint}")
        chosen |= found
    return chosen


def _run(parser: Parser, argv: Sequence[str] | None) -> int:
    settings = parser.parse_args(argv)
    codes = _codes(settings.codes)
    from flake8_flowperf.bench import measure, plot, results, suite, table
    from flake8_flowperf.progress import Bar

    if settings.plot is not None:
        plot.check(settings.plot)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    effort = measure.QUICK if settings.quick else measure.FULL
    steps = suite.chosen(codes, quick=settings.quick)
    bar = Bar(len(steps), shown=True, title="flowperf-bench", unit="cases")
    try:
        report = results.report(bar.count(suite.run(steps, effort)), effort)
    except suite.WrongResult as error:
        raise ConfigError(error) from None
    if settings.json:
        print(report.document())
    else:
        table.show(report)
    if settings.plot is not None:
        plot.draw(report, settings.plot)
    return DONE
