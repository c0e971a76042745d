"""What is left of a file when the functions are left out in which nothing is looked for."""

from __future__ import annotations

import argparse
import ast
import re
import textwrap

import pytest

from flake8_flowperf import registry
from flake8_flowperf.lint import Linter, find
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.excerpt import excerpt

LONG = "total = sum(value for value in range(1000) if value % 7)\n" * 9
UNRELATED = "".join(f"\ndef unrelated_{number}():\n{textwrap.indent(LONG, 4 * ' ')}" for number in range(9))


def kept(text: str) -> list[str]:
    """The functions of *text* that still have a body when ``HERE`` is looked for."""
    text = re.sub(r"^( *)LONG\n", lambda found: textwrap.indent(LONG, found[1]), text, flags=re.MULTILINE)
    part = excerpt(text, [place for place in range(len(text)) if text.startswith("HERE", place)])
    assert part is not None
    assert part.count("\n") == text.count("\n")
    tree = ast.parse(part)
    lines = {node.lineno: ast.dump(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.Assign, ast.Return)):
            assert lines[node.lineno] == ast.dump(node), "everything keeps its line"
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return [node.name for node in functions if not isinstance(node.body[0], ast.Pass)]


CASES = {
    "function": ("import a\ndef f():\n    HERE\ndef g():\n    LONG\nx = 1\n", ["f"]),
    "method": ("class A:\n    def f(self):\n        HERE\n    y = 2\n    def g(self):\n        LONG\nx = 1\n", ["f"]),
    "nested": ("def f():\n    def inner():\n        HERE\n    return 1\ndef g():\n    LONG\n", ["f", "inner"]),
    "signature": ("def f(x=HERE):\n    return 1\ndef g():\n    LONG\n", ["f"]),
    "signature over lines": (
        "def g(\n    a: 'x:y' = {1: 2},  # )\n    b=lambda: 1,\n) -> dict[str, int]:  # why:\n    LONG\nHERE\n",
        [],
    ),
    "one line": ("def f(): return HERE\ndef h(): return 1\ndef g():\n    LONG\n", ["f", "h"]),
    "async": ("async def g():\n    LONG\nasync def f():\n    HERE\n", ["f"]),
    "decorated": ("@a\n@b(\n    1)\ndef g():\n    LONG\nHERE\n", []),
    "comment at the margin": ("def g():\n    LONG\n# why\n    return 1\nHERE\n", []),
    "docstring": ('def g():\n    """Say: HERE\'s\n    not."""\n    LONG\ndef h():\n    LONG\n', ["g"]),
    "text at the margin": ('def g():\n    x = """\nmargin\n"""\n    LONG\ndef h():\n    LONG\nHERE\n', ["g"]),
    "function in a text": ('"""\ndef g():\n    pass\n"""\nx = 1\ndef h():\n    LONG\nHERE\n', []),
    "in a condition": ("if x:\n    def g():\n        LONG\nelse:\n    HERE\n", []),
}


@pytest.mark.parametrize("name", CASES)
def test_kept_functions(name: str) -> None:
    text, functions = CASES[name]
    assert kept(text) == functions


@pytest.mark.parametrize("text", ["x = 1\nHERE\n", "", "def f():\n    return 1\n" + "x = 1\n" * 40])
def test_not_worth_it(text: str) -> None:
    assert excerpt(text, []) is None


def test_bracket_at_the_margin_does_not_parse() -> None:
    """Where the text misleads, nothing is concluded from the excerpt."""
    text = f"def g():\n{textwrap.indent(LONG, 4 * ' ')}    f(1,\n2)\n    HERE = 1\n"
    ast.parse(text)
    part = excerpt(text, [])
    assert part is not None
    with pytest.raises(SyntaxError):
        ast.parse(part)


ELSEWHERE = {
    "bytes that another function sets": (
        "FLP701",
        "def start():\n    global out\n    out = b''\n\ndef run(parts):\n    for part in parts:\n        add(part)\n\n"
        "def add(part):\n    global out\n    for item in part:\n        out += item\n",
    ),
    "attribute that another method sets": (
        "FLP701",
        "class A:\n    def __init__(self):\n        self.text = ''\n\n    def run(self, parts):\n        for part in parts:\n"
        "            self.text += part\n",
    ),
    "list that another function sets": (
        "FLP901",
        "def start():\n    global names\n    names = [1, 2]\n\ndef run():\n    for name in list(names):\n        print(name)\n",
    ),
    "file that another function opens": (
        "FLP901",
        "def start():\n    global file\n    file = open('a')\n\ndef run():\n    for line in file.readlines():\n"
        "        print(line)\n",
    ),
    "function of one line that another function calls": (
        "FLP802",
        "import requests\n\ndef fetch(url): return requests.get(url)\n\ndef run(urls):\n    for url in urls:\n"
        "        fetch(url)\n",
    ),
}
"""findings for which a rule must see two functions"""


@pytest.mark.parametrize("name", ELSEWHERE)
def test_facts_of_other_functions_are_not_left_out(name: str) -> None:
    code, text = ELSEWHERE[name]
    text += UNRELATED
    linter = Linter([registry.rules()[code]], argparse.Namespace())
    assert [finding.code for finding in find(SourceFile.parse(text), linter.rules)] == [code]
    assert not linter.clears(text, "x.py")
    assert [rule.code for rule in linter.relevant(text, "x.py")] == [code]


def test_only_the_rules_that_found_something_look_at_the_whole_file() -> None:
    text = "import subprocess\nsubprocess.run('ls', shell=True)\nsubprocess.check_output(['ls'], timeout=3)\n"
    text += UNRELATED
    linter = Linter(registry.rules().values(), argparse.Namespace())
    assert {rule.code for rule in linter.relevant(text, "x.py")} == {"FLP501", "FLP502", "FLP503"}
    assert not linter.clears(text, "x.py")
    assert [rule.code for rule in linter.relevant(text, "x.py")] == ["FLP501"]
