"""FLP202: the digest of a text is computed by a cached function of its own."""

from __future__ import annotations

import argparse

from flake8_flowperf.fixing.slices import expression_slice
from flake8_flowperf.model import Edit, Finding, Fix, Import, NoFix, Safety
from flake8_flowperf.rules.flp202_uncached_checksum import Checksum
from flake8_flowperf.source import SourceFile

_SIZE = 256


def fix(finding: Finding[Checksum], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:  # noqa: ARG001
    """Move the hashing to a function of the text, cached by lru_cache, above the one that is called."""
    facts = finding.facts
    function = facts.function
    if source.tree.parent(function) is not source.module:
        return NoFix("it is a method, or stands in another block")
    if function.decorator_list:
        return NoFix("its decorators may depend on what it does")
    newline = source.text.newline
    whole, text = expression_slice(source, facts.returned), expression_slice(source, facts.text)
    code = source.text.text
    digest = f"{code[whole.start : text.start]}text{code[text.end : whole.end]}"
    if "\n" in digest or "\r" in digest:
        return NoFix("the digest is computed on several lines")
    name = source.names.fresh_name(f"_{function.name.lstrip('_')}_of")
    indent = source.text.indentation(function.body[-1].lineno) or "    "
    lines = [f"@lru_cache(maxsize={_SIZE})", f"def {name}(text):", f"{indent}return {digest}", "", "", ""]
    line = function.lineno
    while source.text.line(line - 1).startswith("#"):  # a comment on the function stays with it; the imports end this
        line -= 1
    start = source.text.line_start(line)
    edits = (
        Edit(start, start, newline.join(lines)),
        Edit(whole.start, whole.end, f"{name}({code[text.start : text.end]})"),
    )
    why = f"the cache keeps up to {_SIZE} texts in memory"
    imports = (Import("functools", "lru_cache"),)
    return Fix(edits, Safety.UNSAFE, why, imports, reveals=frozenset({"FLP601"}))  # for the function that it adds
