"""Which lines of which files differ from a git revision."""

from __future__ import annotations

import argparse
import ast
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from flake8_flowperf.config import ConfigError
from flake8_flowperf.model import Finding
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.text import SourceText

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_ESCAPED = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}


@dataclass(frozen=True)
class ChangedLines:
    """The changed lines by the real path of their file; None where the whole file is new to git.

    Lines end at ``\\n`` here, as git counts them.
    """

    files: dict[str, frozenset[int] | None]

    def touch(self, path: str) -> bool:
        """Whether anything in the file *path* has changed."""
        return os.path.realpath(path) in self.files

    def keep(self, path: str, text: str) -> Callable[[SourceFile, list[Finding[Any]]], list[Finding[Any]]]:
        """A function that leaves those findings that stand on changed lines of the file *path*, which holds *text*.

        It may be asked about what fixes have made of the file: what they wrote counts as changed.
        """
        lines = self.files[os.path.realpath(path)]

        def kept(current: SourceFile, findings: list[Finding[Any]]) -> list[Finding[Any]]:
            if lines is None:
                return findings
            changed = lines if current.text.text == text else _carried(text, current.text.text, lines)
            return [finding for finding in findings if not changed.isdisjoint(_lines_of(finding, current.text))]

        return kept


def since(revision: str) -> ChangedLines:
    """What differs between the git revision *revision* and the files of the repository that this folder is in.

    Files that git does not know count as changed, unless it ignores them.  Raises ConfigError.
    """
    root = os.fsdecode(_git(["rev-parse", "--show-toplevel"], ".").removesuffix(b"\n"))
    commit = _git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"], root, revision)
    form = ["--unified=0", "--inter-hunk-context=0", "--src-prefix=a/", "--dst-prefix=b/", "--no-color"]
    plain = ["--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=all"]
    diff = _git(["diff", *form, *plain, os.fsdecode(commit.strip()), "--"], root)
    files: dict[str, frozenset[int] | None] = {}
    for name, lines in _parsed(diff.split(b"\n")):
        files[os.path.realpath(os.path.join(root, os.fsdecode(name)))] = frozenset(lines)
    for name in _git(["ls-files", "--others", "--exclude-standard", "-z"], root).split(b"\0"):
        if name:
            files[os.path.realpath(os.path.join(root, os.fsdecode(name)))] = None
    return ChangedLines(files)


def of(settings: argparse.Namespace) -> ChangedLines | None:
    """The changed lines that the settings ask to keep to; None when they do not."""
    return since(settings.since) if settings.since is not None else None


def _git(arguments: list[str], folder: str, revision: str | None = None) -> bytes:
    try:
        run = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True, timeout=300)
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode("utf-8", "replace").strip() or f"git knows no revision {revision!r}"
        raise ConfigError(f"--since: {told}") from error
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise ConfigError(f"--since: git cannot be run: {error}") from error
    return run.stdout


def _parsed(diff: list[bytes]) -> Iterator[tuple[bytes, list[int]]]:
    """The files of a diff without context, each with the lines of the new text that changed."""
    name: bytes | None = None
    lines: list[int] = []
    position = 0
    while position < len(diff):
        line = diff[position]
        position += 1
        if hunk := _HUNK.match(line):
            removed, start, added = (int(group) if group is not None else 1 for group in hunk.groups())
            lines.extend(range(start, start + added))
            position += removed + added  # their text may look like anything
        elif line.startswith((b"diff --git ", b"+++ ")):
            if name is not None:
                yield name, lines
            name, lines = (_name(line[4:]) if line.startswith(b"+++ ") else None), []
    if name is not None:
        yield name, lines


def _name(quoted: bytes) -> bytes | None:
    """The name of a file as a diff writes it, with its prefix; None for the file that is none."""
    if quoted.startswith(b'"'):
        quoted = _ESCAPE.sub(
            lambda match: bytes([int(match[1], 8)]) if len(match[1]) == 3 else _ESCAPED.get(match[1], match[1]),
            quoted[1 : quoted.rindex(b'"')],
        )
    else:
        quoted = quoted.removesuffix(b"\t")
    return None if quoted == b"/dev/null" else quoted.removeprefix(b"b/")


def _lines_of(finding: Finding[Any], source: SourceText) -> range:
    """The lines, as git counts them, that a finding is about: of a block its head only."""
    node = finding.node
    assert isinstance(node, (ast.expr, ast.stmt))
    last = node.end_lineno or node.lineno
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
        last = max(node.lineno, body[0].lineno - 1)
    first, last = (source.text.count("\n", 0, source.line_start(line)) + 1 for line in (finding.line, last))
    return range(first, max(first, last) + 1)


def _carried(old: str, new: str, lines: frozenset[int]) -> frozenset[int]:
    """The changed lines of *old*, where they are in *new*, and those that only *new* has."""
    before, after = old.split("\n"), new.split("\n")
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    tail = 0
    while tail < min(len(before), len(after)) - same and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    moved = len(after) - len(before)
    carried = {line for line in lines if line <= same} | {line + moved for line in lines if line > len(before) - tail}
    middle = SequenceMatcher(None, before[same : len(before) - tail], after[same : len(after) - tail], autojunk=False)
    for tag, start, _, new_start, new_end in middle.get_opcodes():
        for offset in range(new_end - new_start):
            if tag != "equal" or same + start + offset + 1 in lines:
                carried.add(same + new_start + offset + 1)
    return frozenset(carried)
