"""A source text, and the way from ast positions to character offsets."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from itertools import accumulate
from typing import TypeAlias

Located: TypeAlias = ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias | ast.excepthandler

_LINE_END = re.compile(r"\r\n|\r|\n")  # what the tokenizer takes for the end of a line; str.splitlines takes more


class SourceText:
    """The characters of one file, newlines as they are in it.

    ast counts lines at ``\\r\\n``, ``\\r`` and ``\\n`` only, and columns in UTF-8 bytes; offsets here count characters.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        if "\r" in text:
            self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        else:  # the same, several times faster
            lengths = map(len, text.split("\n"))
            self._starts = [*accumulate((length + 1 for length in lengths), initial=0)][:-1]

    @property
    def newline(self) -> str:
        """The newline that the file uses first, ``\\n`` when it has none."""
        match = _LINE_END.search(self.text)
        return match.group() if match else "\n"

    def line(self, number: int) -> str:
        """Line *number*, counted from 1, with its newline."""
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end]

    def column(self, line: int, utf8_column: int) -> int:
        """The character column, from 0, of a byte column that ast gives."""
        text = self.line(line)
        if text.isascii():
            return utf8_column
        return len(text.encode("utf-8", "surrogatepass")[:utf8_column].decode("utf-8", "ignore"))

    def offset(self, line: int, utf8_column: int) -> int:
        """The character offset of a position that ast gives."""
        return self._starts[line - 1] + self.column(line, utf8_column)

    def line_start(self, line: int) -> int:
        """The offset at which line *line*, counted from 1, starts; one past the last line gives the text's length."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def line_of(self, offset: int) -> int:
        """The number, from 1, of the line that holds *offset*."""
        return bisect_right(self._starts, offset)

    def indentation(self, line: int) -> str:
        """The blanks at the start of line *line*."""
        text = self.line(line)
        return text[: len(text) - len(text.lstrip(" \t\f"))]

    def span(self, node: Located) -> tuple[int, int]:
        """The offsets of a node's first character and of the one after its last; decorators are left out."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def segment(self, node: Located) -> str:
        """The text of a node.  Inside an f-string CPython before 3.12 gives wrong positions: check before use."""
        start, end = self.span(node)
        return self.text[start:end]
