"""Whom a request is sent to, as far as its URL shows where that stands."""

from __future__ import annotations

import ast
import re

from flake8_flowperf.source.command_text import command_text
from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.shell_words import CannotSplit
from flake8_flowperf.source.tree import walk

_END = re.compile("[/?#]")


def names_in_authority(source: SourceFile, url: ast.expr | None) -> list[ast.Name]:
    """The names that user, host and port of *url* are made from; none when it is not seen to be made from any.

    They stand between ``://`` and the path (RFC 3986, section 3.2).
    """
    try:
        pieces = command_text(source, url).pieces if url is not None else ()
    except CannotSplit:
        return []
    names: list[ast.Name] = []
    is_inside = False
    for piece in pieces:
        if isinstance(piece, str):
            _, start, rest = piece.partition("://") if not is_inside else ("", "://", piece)
            is_inside = bool(start)
            if is_inside and _END.search(rest):
                break
        elif is_inside:
            names += (part for part in walk(piece.expr) if isinstance(part, ast.Name))
    return names
