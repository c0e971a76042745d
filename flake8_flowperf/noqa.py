"""Writes ``# noqa`` comments, where flake8 looks for them, so that it is silent about findings that stand today."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flake8_flowperf.config import find_noqa
from flake8_flowperf.model import Finding
from flake8_flowperf.source.text import SourceText

REFUSED = "a string there holds what flake8 takes for the noqa comment"
"""Why a finding cannot be silenced: nothing but the string could be changed, and that belongs to the program."""


@dataclass(frozen=True)
class Silenced:
    """A text with comments added, the findings that they silence, and those that no comment can."""

    text: str
    silenced: tuple[Finding[Any], ...]
    refused: tuple[Finding[Any], ...]


def silence(
    text: str,
    findings: Sequence[Finding[Any]],
    lines: Callable[[int], range],
    reported: Callable[[str], list[Finding[Any]]],
) -> Silenced:
    """Add comments for *findings*, which are what *reported* says of *text*, to the codes that stand there.

    *lines* gives the lines that share a comment with a line.  Nothing but comments is changed: a finding whose comment
    would change the tree, or would not be heeded, is refused.
    """
    places: dict[range, list[Finding[Any]]] = {}
    for finding in findings:
        places.setdefault(lines(finding.line), []).append(finding)
    tree = ast.dump(ast.parse(text))

    def holds(candidate: str, chosen: dict[range, list[Finding[Any]]]) -> bool:
        try:
            if ast.dump(ast.parse(candidate)) != tree:
                return False
        except SyntaxError:
            return False
        wanted = Counter(map(_key, findings))
        wanted.subtract(_key(finding) for group in chosen.values() for finding in group)
        return Counter(map(_key, reported(candidate))) == +wanted

    chosen, new = places, _with_comments(text, places)
    if not holds(new, chosen):
        chosen, new = {}, text
        for place, group in places.items():
            candidate = _with_comments(text, {**chosen, place: group})
            if holds(candidate, {**chosen, place: group}):
                chosen, new = {**chosen, place: group}, candidate
    return Silenced(
        new,
        tuple(finding for group in chosen.values() for finding in group),
        tuple(finding for place, group in places.items() if place not in chosen for finding in group),
    )


def _key(finding: Finding[Any]) -> tuple[str, int, int]:
    return finding.code, finding.line, finding.column


def _with_comments(text: str, places: dict[range, list[Finding[Any]]]) -> str:
    source = SourceText(text)
    for place in sorted(places, key=lambda place: place.start, reverse=True):
        codes = list(dict.fromkeys(finding.code for finding in places[place]))
        start, end = source.line_start(place.start), source.line_start(place.stop)
        text = text[:start] + _commented(text[start:end], codes) + text[end:]
    return text


def _commented(lines: str, codes: list[str]) -> str:
    """*lines* with the comment behind them, or with *codes* behind those of the comment that is there."""
    match = find_noqa(lines)
    if match is None or match["codes"] is None:
        content = lines.rstrip(" \t\f\r\n")
        return f"{content}  # noqa: {','.join(codes)}{lines[len(content) :].lstrip(' ' + chr(9) + chr(12))}"
    present = match["codes"].rstrip(", \t\r\n")
    end = match.start("codes") + len(present)
    separator = ", " if re.search(r",\s", present) else ","
    return lines[:end] + "".join(f"{separator}{code}" for code in codes) + lines[end:]
