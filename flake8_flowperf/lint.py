"""One look at a file for all rules, dispatched by node type and by the last part of a called name."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.profiles.matching import FileHeat
from flake8_flowperf.profiles.options import HOT_PERCENT, profiles_of
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.calls import calls_named
from flake8_flowperf.source.excerpt import excerpt
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.modules import block_of
from flake8_flowperf.source.testing import is_test_file


@dataclass(frozen=True)
class Findings:
    """What was found in a file: what is to be reported, and what a profile says is not worth it.

    *cold* stands in functions that are not hot, *unseen* in a file that no profile saw.  All are in order of position
    and code.
    """

    reported: list[Finding[Any]]
    cold: list[Finding[Any]]
    unseen: list[Finding[Any]]


class Linter:
    """A set of rules with their settings, ready for any number of files.

    Raises ProfileError when a profile that the settings name cannot be read.
    """

    def __init__(self, rules: Iterable[type[Rule[Any]]], settings: argparse.Namespace) -> None:
        self.settings = settings
        self.rules = [rule(settings) for rule in rules]
        self._profiles = profiles_of(settings)
        self._always = frozenset(rule.code for rule in self.rules if not rule.only_where_hot)
        self._judged: tuple[str, Glance, list[Rule[Any]]] = ("", Glance(""), [])

    def applicable(self, filename: str) -> list[Rule[Any]]:
        """The rules that look at files like *filename*: some leave test code alone."""
        return [rule for rule in self.rules if rule.in_tests] if is_test_file(filename) else self.rules

    def relevant(self, text: str, filename: str) -> list[Rule[Any]]:
        """The rules that could fire in *text*, judged without parsing it.

        The answer for the last text is kept: whoever asks before parsing asks again, below, when it is parsed.
        """
        known_name, glance, rules = self._judged
        if filename != known_name or text != glance.text:
            glance = Glance(text)
            rules = [
                rule
                for rule in self.applicable(filename)
                if (not rule.modules or not rule.modules.isdisjoint(glance.modules))
                and (not rule.words or glance.has(rule.words))
                and rule.may_fire(glance)
            ]
            self._judged = (filename, glance, rules)
        return rules

    def clears(self, text: str, filename: str) -> bool:
        """Whether the functions alone that the relevant rules look at show that nothing is to be found in *text*.

        That takes less time than to parse all of it.  A text that does not parse is not cleared.  If something is
        found, only the rules that found it are relevant() from then on.
        """
        rules = self.relevant(text, filename)
        glance = self._judged[1]
        places: list[int] = []
        for rule in rules:
            found = rule.places(glance)
            if found is None:
                return False
            places += found
        part = excerpt(text, places)
        if part is None:
            return False
        try:
            codes = {finding.code for finding in find(SourceFile.parse(part, filename), rules)}
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        self._judged = (filename, glance, [rule for rule in rules if rule.code in codes])
        return not codes

    def lint(self, text: str, tree: ast.Module, filename: str) -> list[Finding[Any]]:
        """The findings of all rules in a file that is already parsed, by position and code."""
        if not self.relevant(text, filename):
            return []
        source = SourceFile(text, tree, filename)
        return self.examine(source, self.heat(source)).reported

    def _find(self, source: SourceFile) -> list[Finding[Any]]:
        return find(source, self.relevant(source.text.text, source.filename))

    def heat(self, source: SourceFile) -> FileHeat | None:
        """How hot the functions of a file are; None without a profile, or when none saw the file."""
        return self._profiles.heat(source) if self._profiles is not None else None

    def examine(self, source: SourceFile, heat: FileHeat | None) -> Findings:
        """The findings of all rules in a file.

        *heat* is that of the file, which a fixer asks for once, before it changes the text.
        """
        found = source.fact(self._find)
        if self._profiles is None:
            return Findings(found, [], [])
        least = HOT_PERCENT.of(self.settings) / 100
        findings = Findings([], [], [])
        for finding in found:
            if finding.code in self._always:
                findings.reported.append(finding)
            elif heat is None:
                findings.unseen.append(finding)
            elif (own := heat.get(block_of(source, finding.node).key)) is not None and own.share >= least:
                findings.reported.append(replace(finding, message=f"{finding.message} ({own})"))
            else:
                findings.cold.append(finding)
        return findings


def find(source: SourceFile, rules: Iterable[Rule[Any]]) -> list[Finding[Any]]:
    """The findings of *rules* in *source*, by position and code."""
    by_type: dict[type[ast.AST], list[Rule[Any]]] = {}
    by_called_name: dict[str, list[tuple[str, Rule[Any]]]] = {}
    for rule in rules:
        for node_type in rule.nodes:
            by_type.setdefault(node_type, []).append(rule)
        for called in rule.calls:
            by_called_name.setdefault(called.rpartition(".")[2], []).append((called, rule))
    if by_called_name:
        for original, alias in _renamed(source):
            if original in by_called_name and original != alias:
                by_called_name.setdefault(alias, []).extend(by_called_name[original])

    findings: list[Finding[Any]] = []
    for name, candidates in by_called_name.items():
        for call in calls_named(source, name):
            for rule in _listening(call.func, candidates, source):
                findings.extend(rule.check(call, source))
    for node_type, listening in by_type.items():
        for node in source.tree.of(node_type):
            for rule in listening:
                findings.extend(rule.check(node, source))
    findings.sort(key=lambda finding: (finding.line, finding.column, finding.code))
    return findings


def _renamed(source: SourceFile) -> Iterator[tuple[str, str]]:
    """The last part of what is imported under another name, with that name."""
    for alias in source.tree.of(ast.alias):
        if alias.asname is not None:
            yield alias.name.rpartition(".")[2], alias.asname


def _listening(function: ast.expr, candidates: list[tuple[str, Rule[Any]]], source: SourceFile) -> list[Rule[Any]]:
    """The rules among *candidates* that want a call of *function*, each once."""
    wanted: dict[Rule[Any], None] = {}
    qualified: str | None = None
    resolved = False
    if isinstance(function, ast.Attribute):
        wanted.update((rule, None) for call, rule in candidates if call.startswith("."))
    for call, rule in candidates:
        if rule in wanted or call.startswith("."):
            continue
        if not resolved:
            qualified, resolved = source.names.qualified_name(function), True
        if qualified == call:
            wanted[rule] = None
    return list(wanted)
