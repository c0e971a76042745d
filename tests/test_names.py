"""What names stand for: a table of programs, each asking about the expressions in its calls of ``ask``."""

from __future__ import annotations

import ast
import sys

import pytest

from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.names import Kind

RESOLVED = {
    "import": ("import subprocess\nask(subprocess.run)", "subprocess.run"),
    "import as": ("import subprocess as sp\nask(sp.run)", "subprocess.run"),
    "from import": ("from subprocess import run\nask(run)", "subprocess.run"),
    "from import as": ("from subprocess import Popen as pop\nask(pop)", "subprocess.Popen"),
    "dotted import": ("import os.path\nask(os.path.join)", "os.path.join"),
    "dotted import as": ("import concurrent.futures as cf\nask(cf.wait)", "concurrent.futures.wait"),
    "relative import": ("from .subprocess import run\nask(run)", ".subprocess.run"),
    "sibling": ("from . import subprocess\nask(subprocess.run)", "..subprocess.run"),
    "builtin": ("ask(open)", "builtins.open"),
    "builtin below a star import": ("from os import *\nask(open)", None),
    "unknown": ("ask(what)", None),
    "in a function": ("import os\ndef f():\n    ask(os.system)", "os.system"),
    "imported in a function": ("def f():\n    import os\n    ask(os.system)", "os.system"),
    "imported in another function": ("def g():\n    import os\ndef f():\n    ask(os.system)", None),
    "parameter": ("import os\ndef f(os):\n    ask(os.system)", None),
    "keyword-only parameter": ("import os\ndef f(*, os):\n    ask(os.system)", None),
    "star parameter": ("import os\ndef f(*os):\n    ask(os.system)", None),
    "lambda parameter": ("import os\nlambda os: ask(os.system)", None),
    "default of a parameter": ("import os\ndef f(os=ask(os.system)): pass", "os.system"),
    "annotation": ("import os\ndef f(x: ask(os.system), os): pass", "os.system"),
    "decorator": ("import os\n@ask(os.system)\ndef f(os): pass", "os.system"),
    "assigned": ("import os\nos = 1\nask(os.system)", None),
    "assigned later": ("import os\nask(os.system)\nos = 1", None),
    "assigned in a function": ("import os\ndef f():\n    os = 1\n    ask(os.system)", None),
    "assigned in another function": ("import os\ndef g():\n    os = 1\ndef f():\n    ask(os.system)", "os.system"),
    "global": ("import os\ndef g():\n    global os\n    os = 1\ndef f():\n    ask(os.system)", None),
    "nonlocal": ("def f():\n    import os\n    def g():\n        nonlocal os\n        os = 1\n    ask(os.system)", None),
    "loop": ("import os\nfor os in x: ask(os.system)", None),
    "unpacked": ("import os\na, (os, *b) = x\nask(os.system)", None),
    "with": ("import os\nwith x as os: ask(os.system)", None),
    "except": ("import os\ntry: pass\nexcept E as os: ask(os.system)", None),
    "walrus": ("import os\nif (os := x): ask(os.system)", None),
    "walrus in a comprehension": ("import os\n[(os := x) for x in y]\nask(os.system)", None),
    "match": ("import os\nmatch x:\n    case [os, *_]: ask(os.system)", None),
    "match star": ("import os\nmatch x:\n    case [*os]: ask(os.system)", None),
    "match mapping": ("import os\nmatch x:\n    case {**os}: ask(os.system)", None),
    "augmented": ("import os\nos += 1\nask(os.system)", None),
    "annotated": ("import os\nos: int\nask(os.system)", None),
    "deleted": ("import os\ndel os\nask(os.system)", None),
    "redefined": ("import os\ndef os(): pass\nask(os.system)", None),
    "class": ("import os\nclass os: pass\nask(os.system)", None),
    "comprehension target": ("import os\n[ask(os.system) for os in x]", None),
    "first iterable": ("import os\n[os for os in ask(os.system)]", "os.system"),
    "second iterable": ("import os\n[os for os in x for y in ask(os.system)]", None),
    "dict comprehension": ("import os\n{ask(os.system): 1 for k in x}", "os.system"),
    "after a comprehension": ("import os\n[os for os in x]\nask(os.system)", "os.system"),
    "class body": ("class A:\n    import os\n    ask(os.system)", "os.system"),
    "class scope is not seen by methods": ("import os\nclass A:\n    os = 1\n    def f(self):\n        ask(os.system)", "os.system"),
    "two paths": ("if x:\n    import a as m\nelse:\n    import b as m\nask(m.f)", None),
    "one path twice": ("if x:\n    import a as m\nelse:\n    import a as m\nask(m.f)", "a.f"),
    "fallback to None": ("try:\n    import requests\nexcept ImportError:\n    requests = None\nask(requests.get)", "requests.get"),
    "fallback to another": ("try:\n    import a as m\nexcept (ImportError, OSError):\n    import b as m\nask(m.f)", "a.f"),
    "only a fallback": ("try:\n    pass\nexcept:\n    import b as m\nask(m.f)", "b.f"),
    "no fallback": ("try:\n    import a as m\nexcept KeyError:\n    m = None\nask(m.f)", None),
    "alias": ("import os\ncall = os.system\nask(call)", "os.system"),
    "alias of an alias": ("import os\na = os\nb = a\nask(b.system)", "os.system"),
    "alias that changes": ("import os\ncall = os.system\ncall = None\nask(call)", None),
    "alias of itself": ("a = b\nb = a\nask(a)", None),
    "not a name": ("import os\nask(f().system)", None),
}  # fmt: skip


def question(text: str) -> tuple[SourceFile, ast.expr]:
    source = SourceFile.parse(text)
    (call,) = [
        node for node in ast.walk(source.module) if isinstance(node, ast.Call) and ast.unparse(node.func) == "ask"
    ]
    return source, call.args[0]


@pytest.mark.parametrize("name", RESOLVED)
def test_qualified_name(name: str) -> None:
    text, expected = RESOLVED[name]
    source, node = question(text)
    assert source.names.qualified_name(node) == expected


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are new in Python 3.12")
def test_type_parameters() -> None:
    for text, expected in (
        ("import os\ndef f[os](x: ask(os.system)): pass", None),
        ("import os\nclass A[T: ask(os.system)]: pass", "os.system"),
        ("import os\ntype os = int\nask(os.system)", None),
    ):
        source, node = question(text)
        assert source.names.qualified_name(node) == expected


def test_variables_know_their_bindings_and_loads() -> None:
    source, node = question("def f(a):\n    x = a\n    g = lambda: x\n    return ask(x)")
    assert isinstance(node, ast.Name)
    variable = source.names.variable(node)
    assert variable is not None
    assert [binding.kind for binding in variable.bindings] == [Kind.ASSIGNMENT]
    assert ast.unparse(variable.only_value or node) == "a"
    assert [load.lineno for load in variable.loads] == [3, 4]
    assert source.names.scope_of(node) is variable.scope
    assert source.names.variable(ast.Name("x")) is None
    assert source.names.qualified_name(ast.Name("x")) is None


def test_fresh_name() -> None:
    names = SourceFile.parse("suffix = 1\nprint(other_2)\ndef f(other): pass").names
    assert names.fresh_name("new") == "new"
    assert names.fresh_name("suffix", "file_suffix") == "file_suffix"
    assert names.fresh_name("suffix", "other") == "other_3"
    assert names.is_used_anywhere("other_2")
