"""The fixing loop with rules and codemods made for the test."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator

import pytest

from flake8_flowperf.fixing import loop
from flake8_flowperf.fixing.gates import GateFailure
from flake8_flowperf.fixing.slices import CannotSlice, expression_slice, source_of, statement_slice
from flake8_flowperf.lint import Linter
from flake8_flowperf.model import Edit, Finding, Fix, Import, NoFix, Rule, Safety
from flake8_flowperf.source import SourceFile


class Old(Rule[None]):
    """Finds calls of old()."""

    code = "FLP998"
    name = "old"
    words = ("old",)
    nodes = (ast.Call,)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[None]]:
        assert isinstance(node, ast.Call)
        if isinstance(node.func, ast.Name) and node.func.id == "old":
            yield self.finding(node, source, "old() is old", None)


LINTER = Linter([Old], argparse.Namespace())


def fix(text: str, codemod: object, monkeypatch: pytest.MonkeyPatch, *, unsafe: bool = False) -> loop.Outcome:
    monkeypatch.setattr(loop, "codemods", lambda: {"FLP998": codemod})
    return loop.fix_source(SourceFile.parse(text), LINTER, unsafe=unsafe, keep=lambda _, findings: findings)


def replacing(new: str, safety: Safety = Safety.SAFE, **more: object) -> object:
    def codemod(finding: Finding[None], source: SourceFile, _: argparse.Namespace) -> Fix:
        start, end = source.text.span(finding.node)  # type: ignore[arg-type]
        return Fix((Edit(start, end, new),), safety, **more)  # type: ignore[arg-type]

    return codemod


def test_nested_findings_take_a_round_each(monkeypatch: pytest.MonkeyPatch) -> None:
    def unwrap(finding: Finding[None], source: SourceFile, _: argparse.Namespace) -> Fix:
        assert isinstance(finding.node, ast.Call)
        start, end = source.text.span(finding.node)
        return Fix((Edit(start, end, source.text.segment(finding.node.args[0])),), Safety.SAFE)

    outcome = fix("def old(x): pass\nx = old(old(old(1))) + old(2)\n", unwrap, monkeypatch)
    assert outcome.text == "def old(x): pass\nx = 1 + 2\n"
    assert len(outcome.applied) == len(outcome.found) == 4


def test_imports_are_added_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "from ancient import old\n\nx = old()\ny = old()\n"
    outcome = fix(text, replacing("new.make()", imports=(Import("new"),)), monkeypatch)
    assert outcome.text == "import new\n\nx = new.make()\ny = new.make()\n"


def test_an_import_that_cannot_be_removed_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "from ancient import old  # for the others\n\nx = old()\n"
    outcome = fix(text, replacing("1"), monkeypatch)
    assert outcome.text == text
    assert [item.reason for item in outcome.left] == ["the import of 'old' would be left unused and cannot be removed"]


def test_a_name_that_means_something_else_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = fix("new = 2\nx = old(new)\n", replacing("new.make()", imports=(Import("new"),)), monkeypatch)
    assert [(item.reason, item.safety) for item in outcome.left] == [
        ("the name 'new' may mean something else here", None)
    ]


def test_levels_and_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    unsafe = replacing("1", Safety.UNSAFE, why="it is one")
    outcome = fix("x = old()\n", unsafe, monkeypatch)
    assert [(item.reason, item.safety) for item in outcome.left] == [("it is one", Safety.UNSAFE)]
    assert fix("x = old()\n", unsafe, monkeypatch, unsafe=True).text == "x = 1\n"
    outcome = fix("x = old()\n", lambda *_: NoFix("not today"), monkeypatch)
    assert [(item.reason, item.safety) for item in outcome.left] == [("not today", None)]
    monkeypatch.setattr(loop, "codemods", dict)
    outcome = loop.fix_source(SourceFile.parse("old()\n"), LINTER, unsafe=True, keep=lambda _, findings: findings)
    assert [item.reason for item in outcome.left] == ["this rule has no automatic fix"]
    assert fix("new()\n", unsafe, monkeypatch) == loop.Outcome("new()\n")


def test_a_comment_is_never_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = fix("x = old(  # why\n)\n", replacing("1"), monkeypatch)
    assert [item.reason for item in outcome.left] == ["a comment would be lost"]
    assert fix("x = old(  # why\n)\n", replacing("(1  # why\n)"), monkeypatch).text == "x = (1  # why\n)\n"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="ast has no reliable positions inside f-strings")
def test_code_in_an_f_string_stays_readable_for_older_pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def old(x=1): pass\n{}"
    for line, new, fixed in [
        ("x = f'{old()}'", "old", True),
        ("x = f'{old()}'", '"a"', False),
        ("x = f'{old()}'", "(1,\n2)", False),
        ("x = f'{old(\"a\")}'", '"b"', True),
        ("x = f'{old(\"a\")}'", "'b'", False),
        ("x = old(f'{1}')", '"a"', True),
        ("x = f'{1}', old()", '"a"', True),
    ]:
        outcome = fix(text.format(f"{line}\n"), replacing(new), monkeypatch)
        assert bool(outcome.applied) == fixed, line
        reasons = [] if fixed else ["Python before 3.12 could not read the new code inside its f-string"]
        assert [item.reason for item in outcome.left] == reasons


BROKEN = {
    "does not parse": (replacing("1 +"), "does not parse"),
    "still found": (replacing("old( )"), "is still found"),
    "undefined name": (replacing("nope"), "UndefinedName 'nope' appeared"),
    "spreads": (replacing("[old(), old()]"), "is still found"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_gates(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    codemod, expected = BROKEN[name]
    with pytest.raises(GateFailure, match=expected) as caught:
        fix("def old(): pass\nx = old()\n", codemod, monkeypatch)
    assert caught.value.codes == ("FLP998",)


def test_rounds_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def old(x): pass\nx = " + "old(" * 12 + "1" + ")" * 12 + "\n"

    def unwrap(finding: Finding[None], source: SourceFile, _: argparse.Namespace) -> Fix:
        assert isinstance(finding.node, ast.Call)
        start, end = source.text.span(finding.node)
        return Fix((Edit(start, end, source.text.segment(finding.node.args[0])),), Safety.SAFE)

    outcome = fix(text, unwrap, monkeypatch)
    assert len(outcome.applied) == loop.MAX_ROUNDS
    assert [item.reason for item in outcome.left] == [f"not settled after {loop.MAX_ROUNDS} rounds"] * 2


def test_what_is_kept_out_is_not_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "codemods", lambda: {"FLP998": replacing("1")})
    text = "def old(): pass\nx = old()\ny = old()\n"
    outcome = loop.fix_source(
        SourceFile.parse(text), LINTER, unsafe=True, keep=lambda _, findings: [f for f in findings if f.line == 3]
    )
    assert outcome.text == "def old(): pass\nx = old()\ny = 1\n"
    assert len(outcome.applied) == 1


REFUSED = {
    "shares its line": ("x = 1; y = 2\n", "shares its line"),
    "shares its line, first": ("x = 1 ;y = 2\n", "shares its line"),
    "after a colon": ("if a: x = 1\n", "shares its line"),
    "carriage returns": ("if a:\r    x = 1\r", "."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_statements_that_cannot_be_cut_out(name: str) -> None:
    text, expected = REFUSED[name]
    source = SourceFile.parse(text)
    node = [node for node in ast.walk(source.module) if isinstance(node, ast.Assign)][-1]
    with pytest.raises(CannotSlice, match=expected):
        statement_slice(source, node)


WHOLE = "class A:\n\n    @d  # c\n    def f(self):\n        return (\n  1 +\n  2)  # end\n\nx = [é for é in 'ß']\ny = any(z for z in (1, 2))\n"
NODES = [node for node in ast.walk(ast.parse(WHOLE)) if isinstance(node, (ast.stmt, ast.expr))]


@pytest.mark.parametrize("position", range(len(NODES)))
def test_slices_give_back_what_they_cut_out(position: int) -> None:
    source = SourceFile.parse(WHOLE)
    node = [node for node in ast.walk(source.module) if isinstance(node, (ast.stmt, ast.expr))][position]
    if isinstance(node, ast.stmt):
        piece = statement_slice(source, node)
        assert loop.apply_edits(WHOLE, [piece.edit([piece.tree])]) == WHOLE
    elif not isinstance(getattr(node, "ctx", None), ast.Store):
        whole = expression_slice(source, node)
        assert loop.apply_edits(WHOLE, [whole.edit(whole.tree)]) == WHOLE


def test_source_of_survives_wrong_positions() -> None:
    source = SourceFile.parse("x = f'{a}' 'b' f'{c.d!r}'\n")
    names = [node for node in ast.walk(source.module) if isinstance(node, ast.Attribute)]
    assert [source_of(source, node) for node in names] == ["c.d"]
