"""What must hold for any program that is linted and fixed, and where programs to try it on come from."""

from __future__ import annotations

import ast
import functools
import hashlib
import io
import itertools
import operator
import re
import sysconfig
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from flake8.options.parse_args import parse_args
from pyflakes.checker import Checker

from flake8_flowperf import config
from flake8_flowperf.fixing import files
from flake8_flowperf.fixing.loop import Outcome, fix_source
from flake8_flowperf.lint import Linter, find
from flake8_flowperf.model import Finding
from flake8_flowperf.source import SourceFile


@functools.cache
def linter(*options: str) -> Linter:
    """All rules, those that are off by default too."""
    settings = parse_args(["--isolated", "--select=FLP", "--ignore=E", *options])[1]
    return Linter(config.selected_rules(settings), settings)


def parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


_WORD = re.compile(r"\w")


def dense(text: str) -> str:
    """The same program with parentheses around names that are read, and without the blanks that it can do without."""
    text = _with_parentheses(text)
    lines = _lines(text)
    tokens = list(tokenize.generate_tokens(iter(lines).__next__))
    gaps = []
    f_strings = 0
    for left, right in itertools.pairwise(tokens):
        f_strings += (tokenize.tok_name[left.type] == "FSTRING_START") - (tokenize.tok_name[left.type] == "FSTRING_END")
        (row, start), (next_row, end) = left.end, right.start
        if f_strings or row != next_row or not left.string.strip() or right.type == tokenize.COMMENT:
            continue
        gap = lines[row - 1][start:end]
        needed = _WORD.match(left.string[-1:]) and (_WORD.match(right.string) or right.string[:1] in "'\".")
        if gap and not gap.strip(" ") and not needed and not (left.type == right.type == tokenize.STRING):
            gaps.append((row - 1, start, end))
    for row, start, end in reversed(gaps):
        lines[row] = lines[row][:start] + lines[row][end:]
    return "".join(lines)


def _with_parentheses(text: str) -> str:
    source = SourceFile.parse(text)
    left_alone: set[ast.AST] = set()
    for node in ast.walk(source.module):
        match node:
            case ast.JoinedStr() | ast.pattern():
                left_alone.update(ast.walk(node))
            case ast.Call(func=ast.Name() as called):
                left_alone.add(called)
            case ast.AnnAssign():
                left_alone.update(ast.walk(node.target), ast.walk(node.annotation))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                left_alone.update(inner for item in node.decorator_list for inner in ast.walk(item))
    names = [node for node in ast.walk(source.module) if isinstance(node, ast.Name) and node not in left_alone]
    for start, end in sorted(
        (source.text.span(node) for node in names if isinstance(node.ctx, ast.Load)), reverse=True
    ):
        text = f"{text[:start]}({text[start:end]}){text[end:]}"
    return text


def pyflakes_messages(text: str) -> Counter[str]:
    """All that pyflakes says, wherever it stands."""
    messages = (message.message % message.message_args for message in Checker(parsed(text)).messages)
    return Counter(re.sub(r"line \d+", "line N", message) for message in messages)


def comments(text: str) -> Counter[str]:
    """The comments of a program."""
    lines = iter(text.splitlines(keepends=True) if "\r" not in text else io.StringIO(text, newline="").readlines())
    tokens = tokenize.generate_tokens(lambda: next(lines, ""))
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def parts(tree: ast.AST) -> list[object]:
    """All objects that a tree consists of, with the names that they have in it."""
    found: list[object] = []
    for node in ast.walk(tree):
        found.append(node)
        for name, value in vars(node).items():
            found += (name, value)
            if isinstance(value, list):
                found += value
    return found


def is_untouched(tree: ast.AST, before: list[object]) -> bool:
    """Whether a tree consists of the very same objects as it did before."""
    now = parts(tree)
    return len(now) == len(before) and all(map(operator.is_, now, before))


@functools.lru_cache(maxsize=1)
def linted(text: str, checker: Linter) -> list[Finding[Any]]:
    """The findings of *text*, which are the same however it is to be fixed."""
    tree = parsed(text)
    before = parts(tree)
    findings = checker.lint(text, tree, "x.py")
    assert is_untouched(tree, before), "nodes of the shared tree were changed"
    return findings


def fix(text: str, checker: Linter, *, unsafe: bool) -> Outcome:
    return fix_source(SourceFile.parse(text, "x.py"), checker, unsafe=unsafe, keep=lambda _, findings: findings)


def check(text: str, checker: Linter, *, unsafe: bool, confined: bool = True) -> Outcome:
    """Lint and fix *text*, and assert whatever must hold; returns what became of it.

    Without *confined* the fix of a class may reach those who use it.
    """
    findings = linted(text, checker)
    outcome = fix(text, checker, unsafe=unsafe)
    assert len(outcome.found) == len(findings)
    assert (outcome.text == text) == (not outcome.applied)
    if outcome.applied:
        assert pyflakes_messages(outcome.text) - pyflakes_messages(text) == Counter()
        again = fix(outcome.text, checker, unsafe=unsafe)
        assert (again.text, again.applied) == (outcome.text, ()), "no fixpoint"
        assert comments(text) - comments(outcome.text) == Counter(), "a comment was lost"
        assert not confined or strangers(text, outcome) == [], (
            "lines were changed that have nothing to do with a finding"
        )
    source = SourceFile.parse(outcome.text, "x.py")
    places = [(item.line, item.column, item.code) for item in find(source, checker.relevant(outcome.text, "x.py"))]
    told = [(item.finding.line, item.finding.column, item.finding.code) for item in outcome.left]
    assert told == places
    return outcome


def strangers(text: str, outcome: Outcome) -> list[int]:
    """The lines that changed although they lie neither in a module's statement with a finding nor in an import."""
    module = parsed(text)
    places = {item.finding.line for item in outcome.found}
    touchable: set[int] = set()
    for node in module.body:
        lines = range(min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]), _end(node) + 1)
        if places.intersection(lines):
            touchable.update(lines)
    for node in ast.walk(module):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            touchable.update(range(node.lineno, _end(node) + 1))
    before, after = _lines(text), _lines(outcome.text)
    changes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    changed = (number for tag, start, end, _, _ in changes if tag != "equal" for number in range(start + 1, end + 1))
    return [number for number in changed if number not in touchable and before[number - 1].strip()]


def _end(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno


def _lines(text: str) -> list[str]:
    return io.StringIO(text, newline="").readlines()


def installed() -> list[Path]:
    """The files of the standard library and of what is installed beside it, in an order that is always the same."""
    paths = sysconfig.get_paths()
    library = Path(paths["stdlib"])
    found = [path for path in library.rglob("*.py") if "site-packages" not in path.parts]
    for folder in {paths["purelib"], paths["platlib"]}:
        found.extend(Path(folder).rglob("*.py"))
    return sorted(found, key=lambda path: (hashlib.sha256("/".join(path.parts[-3:]).encode()).digest(), path))


def readable(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    """Those that Python can parse, with their text."""
    for path in paths:
        try:
            data = path.read_bytes()
            text, encoding = files.decode(data)
            parsed(text)
            files.encode(text, encoding, text, data)
        except (files.FileError, SyntaxError, ValueError, RecursionError, MemoryError, OSError):
            continue
        yield path, text
