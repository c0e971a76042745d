"""The fixture folders as test cases; see tests/test_fixtures.py for what each file in them means."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from flake8.options.parse_args import parse_args

from flake8_flowperf import config
from flake8_flowperf.fixing.loop import Outcome, fix_source, plan
from flake8_flowperf.lint import Linter, find
from flake8_flowperf.model import Finding, Fix
from flake8_flowperf.source import SourceFile

FIXTURES = Path(__file__).parent.parent / "fixtures"


@dataclass(frozen=True)
class Case:
    """One folder below fixtures/CODE."""

    folder: Path

    @property
    def code(self) -> str:
        return self.folder.parent.name

    @property
    def id(self) -> str:
        return f"{self.code}-{self.folder.name}"

    @cached_property
    def settings(self) -> argparse.Namespace:
        flags = self.folder / "flags.txt"
        words = flags.read_text("utf-8").split() if flags.exists() else []
        select = [] if any(word.startswith("--select") for word in words) else [f"--select={self.code}"]
        return _settings(("--isolated", *select, *words))

    @cached_property
    def linter(self) -> Linter:
        return Linter(config.selected_rules(self.settings), self.settings)

    def text(self, name: str) -> str | None:
        """The text of a file of the folder, newlines as they are; None when it is not there."""
        path = self.folder / name
        return path.read_bytes().decode("utf-8") if path.exists() else None

    @property
    def before(self) -> str:
        text = self.text("before.py")
        assert text is not None
        return text

    @property
    def safe(self) -> str:
        return self.text("safe.py") or self.before

    @property
    def unsafe(self) -> str:
        return self.text("unsafe.py") or self.safe

    def found(self) -> list[Finding[Any]]:
        """The findings of before.py."""
        return find(SourceFile.parse(self.before, "fixture.py"), self.linter.relevant(self.before, "fixture.py"))

    def findings(self, text: str) -> list[str]:
        """What findings.txt should say of *text*."""
        source = SourceFile.parse(text, "fixture.py")
        lines = []
        for finding in find(source, self.linter.relevant(text, "fixture.py")):
            fix = plan(finding, source, self.linter)
            safety, reason = (fix.safety.value, fix.why) if isinstance(fix, Fix) else ("none", fix.reason)
            place = f"{finding.line}:{finding.column + 1}"
            lines.append(f"{place} {finding.code} {safety} | {finding.message} | {reason}".rstrip(" |"))
        return lines

    def fix(self, text: str, *, unsafe: bool) -> Outcome:
        return fix_source(
            SourceFile.parse(text, "fixture.py"), self.linter, unsafe=unsafe, keep=lambda _, findings: findings
        )

    def write_golden(self) -> None:
        """Write what the tool does now; for a person to read."""
        text = self.before
        (self.folder / "findings.txt").write_text("".join(f"{line}\n" for line in self.findings(text)), "utf-8")
        safe, unsafe = self.fix(text, unsafe=False).text, self.fix(text, unsafe=True).text
        for name, new, old in (("safe.py", safe, text), ("unsafe.py", unsafe, safe)):
            path = self.folder / name
            path.unlink(missing_ok=True)
            if new != old:
                path.write_bytes(new.encode("utf-8"))


@cache
def _settings(arguments: tuple[str, ...]) -> argparse.Namespace:
    return parse_args(arguments)[1]


def cases() -> Iterator[Case]:
    """All fixture folders."""
    for before in sorted(FIXTURES.glob("*/*/before.py")):
        yield Case(before.parent)


def load(path: Path, name: str) -> ModuleType:
    """Import the file *path* as a module of its own."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outcome(run: Callable[[ModuleType, Path], object], module: ModuleType, folder: Path) -> tuple[str, object]:
    """What ``run`` returns or raises, and the files it leaves in *folder*."""
    folder.mkdir(parents=True)
    try:
        result: tuple[str, object] = ("returned", run(module, folder))
    except Exception as error:
        result = ("raised", (type(error).__name__, str(error).replace(str(folder), "FOLDER")))
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
    return result[0], (result[1], files)
