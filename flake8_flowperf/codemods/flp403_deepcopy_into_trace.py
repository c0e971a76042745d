"""FLP403: the entry holds the value itself."""

from __future__ import annotations

import argparse

from flake8_flowperf.fixing.indent import moved_text
from flake8_flowperf.fixing.slices import expression_slice
from flake8_flowperf.model import Edit, Finding, Fix, NoFix, Safety
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.copies import Recorded


def fix(finding: Finding[Recorded], source: SourceFile, _: argparse.Namespace) -> Fix | NoFix:
    """Drop the copy."""
    call = finding.facts.call
    if "#" in expression_slice(source, call).module.code:
        return NoFix("a comment stands in the call")
    edit = Edit(*source.text.span(call), moved_text(source, call.args[0], call))
    return Fix((edit,), Safety.UNSAFE, "the entry changes with the object when others change it later")
