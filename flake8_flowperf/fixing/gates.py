"""What a round of fixes must show before its text is taken."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyflakes import messages
from pyflakes.checker import Checker

from flake8_flowperf.model import Finding
from flake8_flowperf.source import SourceFile

_NAME_MESSAGES = (
    messages.UnusedImport,
    messages.RedefinedWhileUnused,
    messages.ImportShadowedByLoopVar,
    messages.UndefinedName,
    messages.UndefinedExport,
    messages.UndefinedLocal,
    messages.UnusedVariable,
    messages.UnusedAnnotation,
    messages.FStringMissingPlaceholders,
    messages.LateFutureImport,
)


class GateFailure(Exception):
    """A fix did not do what it says; an internal error of the rules in *codes*, and nothing was changed."""

    def __init__(self, codes: Iterable[str], message: str) -> None:
        self.codes = tuple(sorted(set(codes)))
        super().__init__(f"{', '.join(self.codes)}: {message}")


@dataclass(frozen=True)
class NameMessage:
    """One of pyflakes' messages about names; equal when kind and name are, wherever it stands."""

    kind: str
    name: str


def name_messages(source: SourceFile) -> dict[NameMessage, list[int]]:
    """What pyflakes says of the names in a file: each message with the lines that it stands on.

    pyflakes keeps notes on the nodes of the tree, which must not be flake8's.
    """
    found: dict[NameMessage, list[int]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of annotations in strings, which pyflakes parses
        told = Checker(source.module).messages
    for message in told:
        if isinstance(message, _NAME_MESSAGES):
            name = str(message.message_args[0]) if message.message_args else ""
            found.setdefault(NameMessage(type(message).__name__, name), []).append(message.lineno)
    return found


def new_name_messages(before: SourceFile, after: SourceFile) -> dict[NameMessage, list[int]]:
    """The messages that the file has more often *after* than *before*, with all their lines."""
    found = after.fact(name_messages)
    if not found:
        return {}  # pyflakes need not look at what was before, too
    known = before.fact(name_messages)
    return {message: lines for message, lines in found.items() if len(lines) > len(known.get(message, ()))}


def check_findings(
    before: Iterable[Finding[Any]], after: Iterable[Finding[Any]], fixed: Iterable[str], revealed: Iterable[str]
) -> None:
    """Raise GateFailure unless the findings that were fixed are gone and no others appeared.

    *fixed* has the code of each applied fix; findings of the codes in *revealed* may appear.
    """
    fixed_counts = Counter(fixed)
    allowed = Counter(finding.code for finding in before)
    allowed.subtract(fixed_counts)
    for code, count in sorted(Counter(finding.code for finding in after).items()):
        if code not in revealed and count > max(allowed[code], 0):
            what = "is still found after its fix" if code in fixed_counts else f"made {code} appear"
            raise GateFailure(fixed_counts, what)
