"""The documentation of the rules on a terminal, in colours; plain when it is read by a program."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from typing import Any

from flake8_flowperf import registry
from flake8_flowperf.config import ConfigError
from flake8_flowperf.model import Rule


def named(word: str) -> type[Rule[Any]]:
    """The rule with the code or name *word*, in capitals or not; raises ConfigError, with a guess at what was meant."""
    rules = registry.rules()
    for code, rule in rules.items():
        if word.lower() in (code.lower(), rule.name):
            return rule
    known = [*rules, *(rule.name for rule in rules.values())]
    guess = get_close_matches(word.upper(), known, 1) or get_close_matches(word.lower(), known, 1)
    hint = f"did you mean {guess[0]}?" if guess else "--list-rules lists them"
    raise ConfigError(f"--explain: there is no rule {word!r}; {hint}")


def explain(rule: type[Rule[Any]]) -> None:
    """Print what a rule finds, why, and what its fix does."""
    title = f"{rule.code} {rule.name} ({_default(rule)})"
    if not sys.stdout.isatty():
        print(f"# {title}\n\n{rule.documentation()}")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(f"# {title}\n\n{rule.documentation()}", code_theme="ansi_dark"))


def list_rules() -> None:
    """Print a line for each rule: code, name, whether it is on by default, whether it has fixes, and its summary."""
    fixable = registry.fixable()
    header = ("code", "name", "default", "fixes", "what it finds")
    rows = [
        (code, rule.name, _default(rule), "yes" if code in fixable else "no", rule.documentation().partition("\n")[0])
        for code, rule in registry.rules().items()
    ]
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        for row in (header, *rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in header:
        table.add_column(name, overflow="fold", no_wrap=name in ("code", "name", "default"))
    for row in rows:
        table.add_row(f"[bold cyan]{row[0]}[/]", *row[1:])
    Console().print(table)


def _default(rule: type[Rule[Any]]) -> str:
    return "on" if rule.on_by_default else "opt-in"
