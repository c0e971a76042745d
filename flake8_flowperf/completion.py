"""Completion of the command line in a shell, by shtab, which is installed with the extra ``completion``."""

from __future__ import annotations

import argparse

from flake8_flowperf import registry
from flake8_flowperf.config import ConfigError


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """The script with which *shell* completes the options of *parser*, their values, paths and the codes of rules."""
    try:
        import shtab
    except ImportError as error:
        raise ConfigError("--print-completion needs shtab: pip install flake8-flowperf[completion]") from error
    for action in parser._actions:
        match action.metavar:
            case "PATH" | "FILE":
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            case "DIR":
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
            case "CODE":
                action.choices = [*registry.rules()]
    return shtab.complete(parser, shell, root_prefix="flowperf_fix")
