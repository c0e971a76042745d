"""One file as rules and codemods see it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar, cast

from flake8_flowperf.source.names import Names
from flake8_flowperf.source.text import SourceText
from flake8_flowperf.source.tree import Tree

T = TypeVar("T")


class SourceFile:
    """The text and tree of one file, and the facts about it, each computed once on first use.

    The tree may be flake8's, which other plugins share: nothing is ever set on its nodes.
    """

    def __init__(self, text: str, tree: ast.Module, filename: str = "<unknown>") -> None:
        self._raw = text
        self.module = tree
        self.filename = filename
        self._facts: dict[Callable[[SourceFile], object], object] = {}

    @classmethod
    def parse(cls, text: str, filename: str = "<unknown>") -> SourceFile:
        """Parse *text*; raises SyntaxError, or ValueError, RecursionError or MemoryError for what the parser cannot."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in the user's code is not ours to report
            return cls(text, ast.parse(text, filename), filename)

    @cached_property
    def text(self) -> SourceText:
        """The characters and offsets."""
        return SourceText(self._raw)

    @cached_property
    def tree(self) -> Tree:
        """Parents, and what a node stands in."""
        return Tree(self.module)

    @cached_property
    def names(self) -> Names:
        """Scopes, bindings and qualified names."""
        return Names(self.tree)

    def fact(self, compute: Callable[[SourceFile], T]) -> T:
        """The result of ``compute(self)``, computed on the first call for this file and kept."""
        if compute not in self._facts:
            self._facts[compute] = compute(self)
        return cast(T, self._facts[compute])
