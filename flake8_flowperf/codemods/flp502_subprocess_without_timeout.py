"""FLP502: the call gets a timeout."""

from __future__ import annotations

import argparse
import ast

from flake8_flowperf.fixing.arguments import appended
from flake8_flowperf.model import Finding, Fix, NoFix, Safety
from flake8_flowperf.rules.flp501_shell_command_string import TIMEOUT
from flake8_flowperf.source import SourceFile


def fix(finding: Finding[bool], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:
    """Pass ``timeout=`` as the last argument."""
    if finding.facts:
        return NoFix("the program would outlive the shell that the timeout kills")
    assert isinstance(finding.node, ast.Call)
    seconds = TIMEOUT.of(settings)
    edits = appended(source, finding.node, f"timeout={seconds}")
    return Fix(edits, Safety.UNSAFE, f"a process that takes more than {seconds} s is killed and raises TimeoutExpired")
