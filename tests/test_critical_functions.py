"""FLP601: which files and functions a pattern means."""

from __future__ import annotations

import ast

import pytest
from flake8.options.parse_args import parse_args

from flake8_flowperf.lint import Linter
from flake8_flowperf.rules.flp601_untimed_critical_function import UntimedCriticalFunction
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.modules import module_names, qualified_name

TEXT = "class Job:\n    def run(self): pass\n\ndef main(): pass\n"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("mod.py", ["mod"]),
        ("./src/pkg/mod.py", ["mod", "pkg.mod", "src.pkg.mod"]),
        ("/home/a-user/pkg/mod.py", ["mod", "pkg.mod"]),
        ("C:\\code\\pkg\\mod.py", ["mod", "pkg.mod", "code.pkg.mod"]),
        ("pkg/__init__.py", ["pkg"]),
        ("pkg/__main__.py", ["__main__", "pkg.__main__"]),
        ("__init__.py", []),
        ("script", ["script"]),
        ("a-script.py", []),
    ],
)
def test_module_names(path: str, names: list[str]) -> None:
    assert list(module_names(SourceFile.parse("", path))) == names


def test_qualified_names() -> None:
    source = SourceFile.parse(
        "class A:\n  class B:\n    def m(self):\n      def inner(): ...\n      class C:\n        async def x(self): ...\n"
        "if True:\n  def f(): ...\n"
    )
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = [qualified_name(source, node) for node in ast.walk(source.module) if isinstance(node, definitions)]
    namespace: dict[str, object] = {}
    exec(source.text.text, namespace)
    assert {"A.B.m", "A.B.m.<locals>.inner", "A.B.m.<locals>.C.x", "f"} <= set(names)
    assert namespace["A"].B.m.__qualname__ == "A.B.m"  # type: ignore[attr-defined]


def found(patterns: str, path: str, text: str = TEXT) -> list[int]:
    settings = parse_args(["--isolated", f"--flowperf-critical-functions={patterns}"])[1]
    linter = Linter([UntimedCriticalFunction], settings)
    return [finding.line for finding in linter.lint(text, ast.parse(text), path)]


@pytest.mark.parametrize(
    ("patterns", "path", "lines"),
    [
        ("pkg.mod:main", "src/pkg/mod.py", [4]),
        ("src.pkg.mod:main", "src/pkg/mod.py", [4]),
        ("mod:main", "src/pkg/mod.py", [4]),
        ("mod:main", "src/pkg/mode.py", []),
        ("mod:main", "src/mod/other.py", []),
        ("other.mod:main", "src/pkg/mod.py", []),
        ("pkg.*:Job.run", "pkg/a/b.py", [2]),
        ("pkg.*:Job.run", "pkg.py", []),
        ("mod:run", "mod.py", []),
        ("mod:*.run", "mod.py", [2]),
        ("mod:*", "mod.py", [2, 4]),
        ("mod:Job.run, mod:main", "mod.py", [2, 4]),
        ("mod:j*", "mod.py", []),
        ("mod:[Jj]ob.r?n", "mod.py", [2]),
        ("mod:main", "mod.pyi", []),
    ],
)
def test_patterns(patterns: str, path: str, lines: list[int]) -> None:
    assert found(patterns, path) == lines


def test_nothing_is_looked_at_until_functions_are_named() -> None:
    settings = parse_args(["--isolated"])[1]
    assert Linter([UntimedCriticalFunction], settings).relevant(TEXT, "x.py") == []


def test_only_files_that_may_define_the_function_are_looked_at() -> None:
    settings = parse_args(["--isolated", "--flowperf-critical-functions=mod:outer.<locals>.run_*"])[1]
    linter = Linter([UntimedCriticalFunction], settings)
    assert linter.relevant("def run_fast(): ...\n", "x.py") == []
    assert linter.relevant("def outer():\n  def run_fast(): ...\n", "x.py")
