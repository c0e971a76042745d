"""FLP803: the timeout of guide section 8."""

from __future__ import annotations

import argparse

from flake8_flowperf.fixing.arguments import appended
from flake8_flowperf.model import Finding, Fix, NoFix, Safety
from flake8_flowperf.rules.flp803_request_without_timeout import REQUEST_TIMEOUT
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.http import HttpCall


def fix(finding: Finding[HttpCall], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:
    """Pass ``timeout=`` as the last argument."""
    call = finding.facts.node
    if not call.args and not call.keywords:
        return NoFix("the request has no arguments")
    seconds = REQUEST_TIMEOUT.of(settings)
    edits = appended(source, call, f"timeout={seconds}")
    return Fix(edits, Safety.UNSAFE, f"a server that is silent for {seconds} s now raises an error")
