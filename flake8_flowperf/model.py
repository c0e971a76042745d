"""The nouns that every room shares: options, rules, findings, fixes and edits."""

from __future__ import annotations

import argparse
import ast
import enum
import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from flake8_flowperf.source import SourceFile
    from flake8_flowperf.source.glance import Glance

T_co = TypeVar("T_co", covariant=True)
F = TypeVar("F")


class Safety(enum.Enum):
    """Whether a fix provably keeps results, exceptions, order, types and comments (design, "Fixing")."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True)
class Option(Generic[T_co]):
    """One command-line and configuration option of a rule, registered with flake8.

    *flag* is the spelling on the command line (``--flowperf-scan``); the configuration file uses it without the dashes.
    With *normalize_paths* a path that names a folder is relative to the configuration file, as in flake8's own options.
    *pattern* is a regular expression that the value, or each item of a list, must match in full; *metavar* is how the
    user is told of it.
    """

    flag: str
    default: T_co
    help: str
    choices: tuple[str, ...] | None = None
    type: type | None = None
    comma_separated_list: bool = False
    normalize_paths: bool = False
    metavar: str | None = None
    pattern: str | None = None

    def of(self, options: argparse.Namespace) -> T_co:
        """Return the value that *options* has for this option, its default when it is not there."""
        value: T_co = getattr(options, self.flag.lstrip("-").replace("-", "_"), self.default)
        return value


@dataclass(frozen=True)
class Finding(Generic[F]):
    """One place where a rule's pattern stands, with the facts the rule proved for its codemod.

    *line* counts from 1, *column* from 0 in characters; *message* has no code in front.
    """

    code: str
    line: int
    column: int
    message: str
    node: ast.AST
    facts: F


@dataclass(frozen=True, order=True)
class Edit:
    """Replace the characters ``text[start:end]`` of a source text by *text*; ``start == end`` inserts."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, order=True)
class Import:
    """A module-level import that a fix needs: ``import module`` or ``from module import name``."""

    module: str
    name: str | None = None

    @property
    def bound_name(self) -> str:
        """The name that the statement binds."""
        return self.name if self.name is not None else self.module.partition(".")[0]

    @property
    def qualified_name(self) -> str:
        """What the bound name stands for."""
        return f"{self.module}.{self.name}" if self.name is not None else self.bound_name

    def statement(self) -> str:
        """The import statement, without a newline."""
        return f"from {self.module} import {self.name}" if self.name is not None else f"import {self.module}"


@dataclass(frozen=True)
class Fix:
    """What a codemod makes of one finding.

    *why* says what can change when the fix is unsafe.  *reveals* names codes whose findings the new text may hold
    by design (a fix that writes ``subprocess.run`` reveals FLP502); any other new finding fails the gates.
    """

    edits: tuple[Edit, ...]
    safety: Safety
    why: str = ""
    imports: tuple[Import, ...] = ()
    reveals: frozenset[str] = frozenset()


@dataclass(frozen=True)
class NoFix:
    """A codemod's answer when it cannot rewrite a finding, with the reason that the user is shown."""

    reason: str


class Rule(ABC, Generic[F]):
    """Looks for one anti-pattern in ast nodes and proves the facts that its fix needs.

    A rule does no I/O and keeps nothing between files.  Its docstring has the headings that
    ``flowperf-fix --explain`` and the README show; see rules/flp101_broad_file_scan.py.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    on_by_default: ClassVar[bool] = True
    only_where_hot: ClassVar[bool] = True
    """With a profile, what the rule finds is reported in hot functions only; False for what is not about speed."""
    gain: ClassVar[str] = ""
    """What the fix was measured to gain, in a few words for the table of rules; the docstring has the whole."""
    in_tests: ClassVar[bool] = True
    """Whether the rule looks at test code, where clear tests matter more than quick ones."""
    words: tuple[str, ...] = ()
    """The rule can only fire in a text that holds one of these; a rule may take them from its settings."""
    modules: ClassVar[frozenset[str]] = frozenset()
    """The rule can only fire in a file that imports one of these, or something below it."""
    looked_for: ClassVar[tuple[str, ...]] = ()
    """The identifiers at which what the rule finds stands, if they tell where it has to look; see places()."""
    nodes: ClassVar[tuple[type[ast.AST], ...]] = ()
    """The node types that are handed to check()."""
    calls: ClassVar[tuple[str, ...]] = ()
    """The calls that are handed to check(): qualified names ("os.system"), or ".name" for any method of that name."""
    options: ClassVar[tuple[Option[object], ...]] = ()

    def __init__(self, settings: argparse.Namespace) -> None:
        self.settings = settings

    def may_fire(self, glance: Glance) -> bool:  # noqa: ARG002
        """A closer look at a file with one of the words and modules, before it is parsed; False: nothing is there."""
        return True

    def places(self, glance: Glance) -> Iterable[int] | None:
        """Where what the rule looks for stands in a text in which it may fire.

        What it finds there is found as well when the other functions of the file are left out.  None when that is not
        so.
        """
        return glance.places(*self.looked_for) if self.looked_for else None

    @abstractmethod
    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[F]]:
        """Yield the findings that stand at *node*."""

    def finding(self, node: ast.expr | ast.stmt, source: SourceFile, message: str, facts: F) -> Finding[F]:
        """Make a finding that stands at the start of *node*."""
        column = source.text.column(node.lineno, node.col_offset)
        return Finding(self.code, node.lineno, column, message, node, facts)

    @classmethod
    def documentation(cls) -> str:
        """The rule's docstring, dedented."""
        return inspect.cleandoc(cls.__doc__ or "")
