"""Every fixture folder is held to the obligations that every rule has (design, "Tests that every rule gets").

A folder ``fixtures/CODE/case`` holds ``before.py`` and ``findings.txt`` (``LINE:COLUMN CODE safe|unsafe|none |
message | reason``, in order), and where the text changes ``safe.py`` and ``unsafe.py``.  ``flags.txt`` has flake8 options for the
case.  ``run.py`` runs the module: it must be there when a safe fix is made, and the results before and after must be
equal; ``UNSAFE_EQUAL = True`` asks the same of unsafe.py, ``differs(before, after)`` asserts the difference that the
rule's documentation admits.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from flake8_flowperf.fixing import gates
from flake8_flowperf.lint import Linter, find
from flake8_flowperf.registry import rules
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.excerpt import excerpt
from tests import programs
from tests.fixture_cases import Case, cases, load, outcome

CASES = [pytest.param(case, id=case.id) for case in cases()]


@pytest.fixture(scope="session", autouse=True)
def _golden(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--write-golden"):
        for item in request.session.items:
            if "case" in getattr(item, "fixturenames", ()) and item.name.startswith("test_findings"):
                item.callspec.params["case"].write_golden()


@pytest.mark.parametrize("case", CASES)
def test_findings(case: Case) -> None:
    expected = case.text("findings.txt")
    assert expected is not None, "findings.txt is missing"
    assert case.findings(case.before) == expected.splitlines()
    assert [finding.message for finding in case.found() if len(finding.message) >= 100] == []


@pytest.mark.parametrize("case", CASES)
def test_linting_leaves_the_shared_tree_alone(case: Case) -> None:
    source = SourceFile.parse(case.before)
    before = programs.parts(source.module)
    case.linter.lint(case.before, source.module, "fixture.py")
    assert programs.is_untouched(source.module, before)


def with_unrelated(text: str) -> str:
    """*text* with so much behind it that an excerpt without that is worth its making."""
    unrelated = "\n\ndef _unrelated_{}(value):\n" + "    value = -value * 3\n" * 5 + "    return value\n"
    enough = len(text) // len(unrelated) + 2
    return f"{text.rstrip()}\n{''.join(map(unrelated.format, range(enough)))}"


@pytest.mark.parametrize("case", CASES)
def test_no_finding_is_hidden(case: Case) -> None:
    """What each rule finds is found as well where the rule says by itself what it has to look at."""
    text = with_unrelated(case.before)
    assert excerpt(text, []) is not None
    source = SourceFile.parse(text, "fixture.py")
    for rule in case.linter.rules:
        alone = Linter([type(rule)], case.linter.settings)
        if find(source, alone.rules):
            assert alone.relevant(text, "fixture.py"), rule.code
            assert not alone.clears(text, "fixture.py"), rule.code


@pytest.mark.parametrize("level", ["safe", "unsafe"])
@pytest.mark.parametrize("case", CASES)
def test_fix(case: Case, level: str) -> None:
    unsafe = level == "unsafe"
    wanted = case.unsafe if unsafe else case.safe
    result = case.fix(case.before, unsafe=unsafe)
    assert result.text == wanted
    assert bool(result.applied) == (wanted != case.before)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(result.text)
    assert gates.new_name_messages(SourceFile.parse(case.before), SourceFile.parse(result.text)) == {}
    again = case.fix(result.text, unsafe=unsafe)
    assert (again.text, again.applied) == (result.text, ())
    assert len(again.left) == len(result.left)


@pytest.mark.parametrize("case", CASES)
def test_test_code_is_left_alone(case: Case) -> None:
    """A rule that leaves test code alone finds nothing in a test's file, the others what they find anywhere."""
    tree = SourceFile.parse(case.before).module
    found = case.linter.lint(case.before, tree, "tests/fixture.py")
    wanted = [item.code for item in case.found() if rules()[item.code].in_tests]
    assert [item.code for item in found] == wanted


VARIANTS = {
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "cookie": lambda text: "# -*- coding: latin-1 -*-\n" + text,
    "tabs": lambda text: "\n".join(
        line[: len(line) - len(line.lstrip(" "))].replace("    ", "\t") + line.lstrip(" ") for line in text.split("\n")
    ),
    "no final newline": lambda text: text.rstrip("\n"),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("case", CASES)
def test_fix_of_variant(case: Case, variant: str) -> None:
    """The same file in another dress: fixed alike, and every line that no fix touches stays as it was."""
    change = VARIANTS[variant]
    text = change(case.before)
    if variant == "tabs" and '"""' in case.before:
        pytest.skip("the blanks inside its strings are content")
    assert case.fix(text, unsafe=True).text == change(case.unsafe)


@pytest.mark.parametrize("level", ["safe", "unsafe"])
@pytest.mark.parametrize("case", CASES)
def test_fix_without_blanks(case: Case, level: str) -> None:
    """Names in parentheses, and no blank that Python can do without: what a fix writes must not grow together with it."""
    text = programs.dense(case.before)
    assert ast.dump(programs.parsed(text)) == ast.dump(programs.parsed(case.before))
    programs.check(text, case.linter, unsafe=level == "unsafe", confined=False)


@pytest.mark.parametrize("case", [param for param in CASES if (param.values[0].folder / "safe.py").exists()])
def test_safe_fix_is_executed(case: Case, tmp_path: Path) -> None:
    script = load(case.folder / "run.py", "fixture_run")
    before = outcome(script.run, load(case.folder / "before.py", "fixture"), tmp_path / "before" / "x")
    after = outcome(script.run, load(case.folder / "safe.py", "fixture"), tmp_path / "after" / "x")
    assert after == before


@pytest.mark.parametrize(
    "case",
    [
        param
        for param in CASES
        if (param.values[0].folder / "unsafe.py").exists() and (param.values[0].folder / "run.py").exists()
    ],
)
def test_unsafe_fix_is_executed(case: Case, tmp_path: Path) -> None:
    script = load(case.folder / "run.py", "fixture_run")
    before = outcome(script.run, load(case.folder / "before.py", "fixture"), tmp_path / "before" / "x")
    after = outcome(script.run, load(case.folder / "unsafe.py", "fixture"), tmp_path / "after" / "x")
    if hasattr(script, "differs"):
        script.differs(before, after)
    elif getattr(script, "UNSAFE_EQUAL", False):
        assert after == before


def test_goldens_are_python(tmp_path: Path) -> None:
    paths = [str(path) for case in cases() for path in sorted(case.folder.glob("*.py"))]
    listing = tmp_path / "listing"
    listing.write_text("".join(f"{path}\n" for path in paths), "utf-8")
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "compileall", "-q", "-f", "-i", str(listing)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPYCACHEPREFIX": str(tmp_path)},
        timeout=120,
    )
    assert (result.returncode, result.stdout) == (0, "")
