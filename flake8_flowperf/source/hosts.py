"""Whom a request is sent to, as far as its URL shows where that stands."""

from __future__ import annotations

import ast
import re

from flake8_flowperf.source.command_text import command_text
from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.shell_words import CannotSplit
from flake8_flowperf.source.tree import walk

_UP_TO_AUTHORITY = re.compile(r"(?:(?!://).)*://[^/?#]*", re.DOTALL)
"""a URL that ends in its authority"""


def names_in_authority(source: SourceFile, url: ast.expr | None) -> list[ast.Name]:
    """The names that user, host and port of *url* are made from; none when it is not seen to be made from any.

    They stand between ``://`` and the path (RFC 3986, section 3.2).
    """
    try:
        pieces = command_text(source, url).pieces if url is not None else ()
    except CannotSplit:
        return []
    names: list[ast.Name] = []
    before = ""
    for piece in pieces:
        if isinstance(piece, str):
            before += piece
            continue
        if _UP_TO_AUTHORITY.fullmatch(before):
            names += (part for part in walk(piece.expr) if isinstance(part, ast.Name))
        before += "{}"
    return names
