"""What a round of fixes must show before its text is taken."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pyflakes import messages
from pyflakes.checker import Checker

from flake8_flowperf.model import Finding

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


@lru_cache(maxsize=2)  # a round asks again for the text that it begins with, which the one before has ended with
def name_messages(text: str) -> dict[NameMessage, list[int]]:
    """What pyflakes says of the names in *text*: each message with the lines that it stands on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    found: dict[NameMessage, list[int]] = {}
    for message in Checker(tree).messages:
        if isinstance(message, _NAME_MESSAGES):
            name = str(message.message_args[0]) if message.message_args else ""
            found.setdefault(NameMessage(type(message).__name__, name), []).append(message.lineno)
    return found


def new_name_messages(before: str, after: str) -> dict[NameMessage, list[int]]:
    """The messages that the text *after* has more often than *before*, with all their lines.

    Raises SyntaxError or ValueError for a text that does not parse.
    """
    found = name_messages(after)
    if not found:
        return {}  # pyflakes need not look at the other text, too
    known = name_messages(before)
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
