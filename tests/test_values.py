"""What the code at hand proves of a value."""

from __future__ import annotations

import ast

import pytest

from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.values import ValueKind, kind_of_value

TEXT, PATH, NUMBER = ValueKind.TEXT, ValueKind.PATH, ValueKind.NUMBER
HEAD = "import os, sys, shlex\nfrom pathlib import Path\nfrom typing import Optional\n"
KINDS = {
    "ask('a')": TEXT,
    "ask(f'{a}')": TEXT,
    "ask(1)": NUMBER,
    "ask(True)": None,
    "ask(None)": None,
    "ask(a)": None,
    "ask('a' + 'b')": TEXT,
    "ask('a' + x)": TEXT,
    "ask('%s' % x)": TEXT,
    "ask(1 + 2)": NUMBER,
    "ask(Path('a') / 'b')": PATH,
    "ask('a' if x else 'b')": TEXT,
    "ask('a' if x else 1)": None,
    "ask('a' or 'b')": TEXT,
    "ask(str(x))": TEXT,
    "ask(len(x))": NUMBER,
    "ask(os.getcwd())": TEXT,
    "ask(os.getpid())": NUMBER,
    "ask(Path(x))": PATH,
    "ask(Path.cwd())": PATH,
    "ask(Path(x).resolve())": PATH,
    "ask(Path(x).parent)": PATH,
    "ask(Path(x).name)": TEXT,
    "ask(Path(x).as_posix())": TEXT,
    "ask('a'.upper())": TEXT,
    "ask(', '.join(x))": TEXT,
    "ask(x.decode())": TEXT,
    "ask(x.strip())": None,
    "ask(sys.executable)": TEXT,
    "ask(x.y)": None,
    "ask(x[0])": None,
    "ask('abc'[0])": None,
    "ask(lambda: x)": None,
    "y = 'a'\nask(y)": TEXT,
    "y = 'a'\ny = 1\nask(y)": None,
    "y = 'a'\ny += 'b'\nask(y)": TEXT,
    "y = y\nask(y)": None,
    "def f(y: str): ask(y)": TEXT,
    "def f(y: int): ask(y)": NUMBER,
    "def f(y: Path): ask(y)": PATH,
    "def f(y: 'str'): ask(y)": TEXT,
    "def f(y: Optional[str]): ask(y)": None,
    "def f(y: str | None): ask(y)": None,
    "def f(*y: str): ask(y)": None,
    "def f(y): ask(y)": None,
    "for y in ('a', 'b'): ask(y)": TEXT,
    "for y in ['a', 1]: ask(y)": None,
    "for y in range(3): ask(y)": NUMBER,
    "for y in x: ask(y)": None,
    "for y in Path(x).glob('*'): ask(y)": PATH,
    "for y in os.listdir(x): ask(y)": TEXT,
    "for y in sorted(Path(x).iterdir()): ask(y)": PATH,
    "for y in sys.argv: ask(y)": TEXT,
    "for y in sys.argv[1:]: ask(y)": TEXT,
    "for y in os.environ: ask(y)": None,
    "for y in 'a b'.split(): ask(y)": TEXT,
    "for y in x.split(): ask(y)": None,
    "for y in len(x): ask(y)": None,
    "for y in (1).bit_length(): ask(y)": None,
    "ask(sys.argv[1])": TEXT,
    "ask(sys.argv[1:])": None,
    "ask(os.environ['A'])": TEXT,
    "ask((y := 'a'))": TEXT,
    "ask('a'.split())": None,
    "with x as y: ask(y)": None,
    "y = z = w = v = u = t = s = 'a'\nask(y)": TEXT,
    "s = 'a'\nt = s\nu = t\nv = u\nw = v\ny = w\nz = y\nq = z\nask(q)": None,
}


@pytest.mark.parametrize("text", KINDS)
def test_kind_of_value(text: str) -> None:
    source = SourceFile.parse(HEAD + text)
    (call,) = [
        node for node in ast.walk(source.module) if isinstance(node, ast.Call) and ast.unparse(node.func) == "ask"
    ]
    assert kind_of_value(source, call.args[0]) is KINDS[text]
