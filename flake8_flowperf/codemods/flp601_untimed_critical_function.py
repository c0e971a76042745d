"""FLP601: the function gets the timing decorator."""

from __future__ import annotations

import argparse
import ast

from flake8_flowperf.fixing import imports
from flake8_flowperf.model import Edit, Finding, Fix, Import, NoFix, Safety
from flake8_flowperf.rules.flp601_untimed_critical_function import TIMING_DECORATOR, Untimed
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.modules import module_names


def fix(finding: Finding[Untimed], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:
    """Write the decorator on a line of its own, just above the function or what compiles it."""
    function = finding.facts.function
    written = TIMING_DECORATOR.of(settings)
    path = written.removesuffix("()")
    module, _, name = path.rpartition(".")
    if module in source.fact(module_names):
        return NoFix("the module would import itself")
    around = source.tree.parent(function)
    assert around is not None
    expression, wanted = imports.reference(source, around, path)
    if wanted:
        expression, wanted = name, (Import(module, name),)
        imports.require(source, around, wanted[0])
    variable = source.names.module_scope.variables.get(expression.partition(".")[0])
    if variable is not None and any(_line(binding.node) > function.lineno for binding in variable.bindings):
        return NoFix(f"{variable.name!r} is bound below the function")
    above = finding.facts.above
    line = source.text.line_start(above.lineno if above is not None else function.lineno)
    indentation = source.text.indentation(function.lineno)
    call = written[len(path) :]
    edit = Edit(line, line, f"{indentation}@{expression}{call}{source.text.newline}")
    why = "each call costs more time and one more frame of the stack"
    if written != TIMING_DECORATOR.default:
        is_coroutine = isinstance(function, ast.AsyncFunctionDef)
        why = f"{name} decides what a call{' of a coroutine function' if is_coroutine else ''} does then"
    return Fix((edit,), Safety.UNSAFE, why, wanted)


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)
