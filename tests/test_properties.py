"""Generated programs: statements of the fixtures, which hold the patterns, in other places, order and dress."""

from __future__ import annotations

import ast
import functools
import textwrap

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from flake8_flowperf import registry
from flake8_flowperf.source.text import SourceText
from tests import programs
from tests.fixture_cases import cases

MARK = "sentinel{0} = ( {0},'{0}' , [{0} ,], )  # untouched {0}"
"""Laid out as no tool would write it, so that whoever rewrites it is seen."""


@functools.cache
def snippets() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Top-level statements of the fixtures, each with the imports of its file."""
    found = {}
    for case in cases():
        text = SourceText(case.before)
        module = programs.parsed(case.before)
        imports = tuple(
            text.segment(node)
            for node in module.body
            if isinstance(node, (ast.Import, ast.ImportFrom)) and getattr(node, "module", "") != "__future__"
        )
        for node in module.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.With, ast.Assign)):
                first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))])
                lines = "".join(text.line(number) for number in range(first, (node.end_lineno or first) + 1))
                found[lines.rstrip("\n") + "\n"] = imports
    return tuple(found.items())


OPTIONS = {
    "default": (),
    "critical": ("--flowperf-critical-functions=x:*", "--flowperf-timing-decorator=timing.timed()"),
    "walk and pickle": ("--flowperf-scan=walk", "--flowperf-deepcopy=pickle"),
    "single": ("--flowperf-deepcopy=single", "--flowperf-max-trace-size=7"),
}
"""Those that decide what is found and what a fix writes."""

FRAMES = {
    "module": "{}",
    "function": "def outer(self, argument):\n{}",
    "method": "class Outer:\n    value = 1\n\n    def method(self):\n{}",
    "condition": "if __name__:\n{}else:\n    pass\n",
    "try": "try:\n{}except OSError as error:\n    print(error)\n",
    "loop": "while input():\n{}",
    "coroutine": "async def outer(session):\n    async with session:\n{}",
}


def depth(frame: str) -> str:
    """The indentation of what is put into *frame*."""
    above = frame.partition("{}")[0].splitlines()
    return " " * (len(above[-1]) - len(above[-1].lstrip()) + 4) if above else ""


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A program; it may be none, where a statement cannot stand where it is put."""
    parts, imports = [], []
    for number in range(draw(st.integers(1, 3))):
        code, needed = draw(st.sampled_from(snippets()))
        imports.extend(needed)
        frame = FRAMES[draw(st.sampled_from(sorted(FRAMES)))]
        end = draw(st.sampled_from(["", "\n\n", "\x0c\n", "# end\n"]))
        parts.append(f"{MARK.format(number)}\n{frame.format(textwrap.indent(code, depth(frame)))}{end}")
    head = "".join(f"{line}\n" for line in draw(st.permutations(list(dict.fromkeys(imports)))))
    docstring = draw(
        st.sampled_from(["", '"""Words\n\nand more."""\n', "# a comment\n", "from __future__ import annotations\n"])
    )
    text = docstring + head + "".join(parts)
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return text


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(texts(), st.booleans(), st.sampled_from(sorted(OPTIONS)))
def test_generated_programs(text: str, unsafe: bool, options: str) -> None:
    try:
        programs.parsed(text)
    except SyntaxError:
        assume(False)
    outcome = programs.check(text, programs.linter(*OPTIONS[options]), unsafe=unsafe)
    event(f"{len(outcome.applied)} fixes")
    marks = [line for line in outcome.text.splitlines() if "sentinel" in line]
    assert marks == [line for line in text.splitlines() if "sentinel" in line]
    assert ("\r\n" in text) == ("\r\n" in outcome.text)
    assert outcome.text.count("\n") == outcome.text.count("\r\n") or "\r" not in text


def test_every_rule_with_a_fix_has_its_pattern_among_them() -> None:
    """What the programs are made of gives findings of all rules, and fixes of all that have some.

    A program is left out where only rules could fire that have given both before.
    """
    found: set[str] = set()
    fixed: set[str] = set()
    unfixable = set(registry.rules()) - set(registry.codemods())
    for options in OPTIONS.values():
        linter = programs.linter(*options)
        for code, imports in snippets():
            text = "".join(f"{line}\n" for line in imports) + code
            if {rule.code for rule in linter.relevant(text, "x.py")} <= found & (fixed | unfixable):
                continue
            outcome = programs.fix(text, linter, unsafe=True)
            found |= {item.finding.code for item in outcome.found}
            fixed |= {item.code for item in outcome.applied}
    assert found == set(registry.rules())
    assert fixed == set(registry.codemods())
