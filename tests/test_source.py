"""Offsets, parents, loops, and the walk."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flake8_flowperf.source import SourceFile, SourceText
from flake8_flowperf.source.tree import walk, walk_scope


@given(st.lists(st.sampled_from(["x = 'é'", "y = '\U0001f600'; z = 'ab'", "", "w = 1 # \x0c\u2028", "é = ß"])),
       st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())  # fmt: skip
def test_segments_are_what_ast_means(lines: list[str], newline: str, final: bool) -> None:
    text = newline.join(lines) + (newline if final and lines else "")
    source = SourceFile.parse(text)
    for node in ast.walk(source.module):
        if isinstance(node, (ast.stmt, ast.expr)):
            assert source.text.segment(node) == ast.get_source_segment(
                text.replace("\r\n", "\n").replace("\r", "\n"), node
            )
            start, _ = source.text.span(node)
            assert source.text.line_of(start) == node.lineno
            assert source.text.line_start(node.lineno) + source.text.column(node.lineno, node.col_offset) == start


def test_lines() -> None:
    text = SourceText("a\r\n  b\rc\n\td")
    assert [text.line(number) for number in (1, 2, 3, 4)] == ["a\r\n", "  b\r", "c\n", "\td"]
    assert (text.newline, SourceText("a").newline) == ("\r\n", "\n")
    assert (text.indentation(2), text.indentation(4)) == ("  ", "\t")
    assert text.line_start(5) == len(text.text)


LOOPS = {
    "body of for": ("for x in y:\n    ask", "For"),
    "iterable of for": ("for x in ask: pass", None),
    "else of for": ("for x in y: pass\nelse: ask", None),
    "body of while": ("while x: ask", "While"),
    "test of while": ("while ask: pass", "While"),
    "async for": ("async def f():\n    async for x in y: ask", "AsyncFor"),
    "nested": ("for x in y:\n    while z:\n        if 1:\n            ask", "While"),
    "iterable of an inner for": ("for x in y:\n    for z in ask: pass", "For"),
    "element": ("[ask for x in y]", "ListComp"),
    "condition": ("{x for x in y if ask}", "SetComp"),
    "first iterable": ("[x for x in ask]", None),
    "first iterable in a loop": ("for z in y:\n    (x for x in ask)", "For"),
    "second iterable": ("(x for x in y for z in ask)", "GeneratorExp"),
    "value of a dict": ("{x: ask for x in y}", "DictComp"),
    "function in a loop": ("for x in y:\n    def f(): ask", None),
    "lambda in a loop": ("for x in y:\n    f(lambda: ask)", None),
    "class in a loop": ("for x in y:\n    class A: ask", None),
    "no loop": ("ask", None),
}


@pytest.mark.parametrize("name", LOOPS)
def test_loop(name: str) -> None:
    text, expected = LOOPS[name]
    source = SourceFile.parse(text)
    (node,) = [node for node in ast.walk(source.module) if isinstance(node, ast.Name) and node.id == "ask"]
    loop = source.tree.loop(node)
    assert (type(loop).__name__ if loop is not None else None) == expected


def test_where_a_node_stands() -> None:
    source = SourceFile.parse(
        "class A:\n    @a\n    def f(self, x=b):\n        if 1:\n            c\n        else:\n            d\n    e = lambda y: y\n"
    )
    names = {node.id: node for node in walk(source.module) if isinstance(node, ast.Name)}
    tree = source.tree
    assert tree.function(names["a"]) is None
    assert tree.function(names["b"]) is None
    assert isinstance(tree.function(names["c"]), ast.FunctionDef)
    assert isinstance(tree.function(names["y"]), ast.Lambda)
    assert isinstance(tree.enclosing_class(names["d"]), ast.ClassDef)
    assert isinstance(statement := tree.statement(names["d"]), ast.Expr)
    assert tree.block(statement) == [statement]
    assert tree.parent(source.module) is None
    with pytest.raises(ValueError, match="no statement"):
        tree.statement(source.module)
    with pytest.raises(ValueError, match="no block"):
        tree.block(names["a"])  # type: ignore[arg-type]


def test_walks() -> None:
    module = ast.parse("f(a, b=c)[d:e]\ndef g(h=i):\n    return j\nclass K(l): m\n")
    assert [node.id for node in walk(module) if isinstance(node, ast.Name)] == list("facdeijlm")
    assert [node.id for node in walk_scope(module) if isinstance(node, ast.Name)] == list("facde")


def test_facts_are_computed_once() -> None:
    calls = []

    def count(source: SourceFile) -> int:
        calls.append(source)
        return len(calls)

    source = SourceFile.parse("")
    assert (source.fact(count), source.fact(count), calls) == (1, 1, [source])
