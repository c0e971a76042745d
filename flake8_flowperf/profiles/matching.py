"""Which file and which function of the source a profile means, also after it was moved or edited."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from flake8_flowperf.profiles.model import Function, Profile, ProfiledFile
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.modules import CodeBlock, code_blocks, nameless_blocks

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_WINDOWS = re.compile(r"[A-Za-z]:[/\\]|\\\\|[^/]*\\[^/]*\Z")
_FARTHEST = 30
"""How many lines a function may have moved against its neighbours and still be told from one of the same name."""


@dataclass(frozen=True)
class Heat:
    """The share of the profiled time that a function takes, with all that it calls, and how often it is called."""

    share: float
    calls: int | None

    def __str__(self) -> str:
        percent = self.share * 100
        text = f"{percent:.0f}%" if percent >= 1 else f"{percent:.1g}%"
        calls = "" if self.calls is None else f", {self.calls:,} call{'s' if self.calls != 1 else ''}"
        return f"{text} of profiled time{calls}"


FileHeat = Mapping[tuple[str, int], Heat]
"""The heat of the functions of a file, by qualified name and how many of that name stand before them."""


class Profiles:
    """One or more profiles of a program, asked for the functions of its files."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self._profiles = [
            (profile, [_Location.of(file, os.path.dirname(profile.path)) for file in profile.files.values()])
            for profile in profiles
        ]

    def heat(self, source: SourceFile) -> FileHeat | None:
        """How hot the functions of a file are; None when no profile saw the file.

        Of several profiles the one counts in which a function is hotter.
        """
        real, shown = os.path.realpath(source.filename), _parts(os.path.relpath(source.filename))
        found: dict[tuple[str, int], Heat] | None = None
        for profile, locations in self._profiles:
            file = _file(locations, real, shown)
            if file is None:
                continue
            found = {} if found is None else found
            blocks = [*source.fact(code_blocks), *source.fact(nameless_blocks)]
            for key, heat in _functions(file, profile.has_first_lines, blocks):
                if key not in found or heat.share > found[key].share:
                    found[key] = heat
        return found


@dataclass(frozen=True)
class _Location:
    """A file that a profile names, and where that is: *real* is its path if it is on this machine."""

    file: ProfiledFile
    real: str | None
    parts: tuple[str, ...]
    is_absolute: bool
    is_windows: bool

    @classmethod
    def of(cls, file: ProfiledFile, folder: str) -> _Location:
        path = file.path
        is_windows = _WINDOWS.match(path) is not None
        here = (os.path.join(start, path) for start in (os.curdir, folder))
        real = next((os.path.realpath(candidate) for candidate in here if os.path.isfile(candidate)), None)
        parts = _parts(path.replace("\\", "/") if is_windows else path)
        is_absolute = path.startswith(("/", "\\")) or re.match("[A-Za-z]:", path) is not None
        for position in reversed(range(len(parts))):
            if parts[position] in _INSTALLED:
                return cls(file, real, parts[position + 1 :], False, is_windows)
        return cls(file, None if real is None else real, parts, is_absolute, is_windows)

    @property
    def is_elsewhere(self) -> bool:
        """Whether what it names may be a file of another path here: installed, or profiled on another machine."""
        return self.real is None or not _INSTALLED.isdisjoint(_parts(self.real))

    def common(self, parts: tuple[str, ...], shown: tuple[str, ...]) -> int:
        """How many of its last parts a file's path has too; 0 when they are too few to take it for the same."""
        mine, other = self.parts, parts
        if self.is_windows:
            mine, other = tuple(map(str.casefold, mine)), tuple(map(str.casefold, other))
        count = 0
        while count < min(len(mine), len(other)) and mine[-count - 1] == other[-count - 1]:
            count += 1
        is_enough = count >= min(2, len(shown)) if self.is_absolute else count == len(mine)
        return count if is_enough else 0


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.replace(os.sep, "/").split("/") if part not in ("", ".", ".."))


def _file(locations: list[_Location], real: str, shown: tuple[str, ...]) -> ProfiledFile | None:
    """The file of a profile that is the one at *real*, shown to the user as *shown*; None when that is not certain."""
    for location in locations:
        if location.real == real:
            return location.file
    parts = _parts(real)
    counts = [(location.common(parts, shown), location) for location in locations if location.is_elsewhere]
    longest = max((count for count, _ in counts), default=0)
    best = [location for count, location in counts if count == longest]
    return best[0].file if longest and len(best) == 1 else None


def _functions(
    file: ProfiledFile, has_first_lines: bool, blocks: list[CodeBlock]
) -> Iterator[tuple[tuple[str, int], Heat]]:
    members: dict[CodeBlock, list[int]] = {}
    for index, block in enumerate(_blocks(file.functions, has_first_lines, blocks)):
        if block is not None:
            members.setdefault(block, []).append(index)
    found: dict[tuple[str, int], Heat] = {}
    # What has a name comes first: its calls are counted, also where a generator in it, run by others, is hotter.
    for block, indices in sorted(members.items(), key=lambda item: _is_nameless(item[0])):
        calls = [file.functions[index].calls for index in indices]
        known = [count for count in calls if count is not None]
        own = sum(file.functions[index].own for index in indices)
        share = max(min(1.0, own), file.cumulative(indices))
        if block.key not in found:
            found[block.key] = Heat(share, sum(known) if known and not _is_nameless(block) else None)
        elif share > found[block.key].share:
            found[block.key] = Heat(share, found[block.key].calls)
    yield from found.items()


def _is_nameless(block: CodeBlock) -> bool:
    return block.name.startswith("<") and not isinstance(block.node, ast.Module)


def _blocks(
    functions: tuple[Function, ...], has_first_lines: bool, blocks: list[CodeBlock]
) -> Iterator[CodeBlock | None]:
    """The code block of each function: by its name, where that is not enough by its line."""
    by_name: dict[str, list[CodeBlock]] = {}
    for block in blocks:
        for name in {block.name, block.qualified_name}:
            by_name.setdefault(name, []).append(block)
    candidates = [by_name.get(function.name, []) for function in functions]
    # How far the functions that a name alone tells apart have moved; their neighbours will have moved with them.
    moves = [
        (function.line, _move(same[0], function.line, has_first_lines))
        for function, same in zip(functions, candidates, strict=True)
        if len(same) == 1 and function.line and not same[0].name.startswith("<")
    ]
    for function, same in zip(functions, candidates, strict=True):
        if len(same) == 1 and not _is_nameless(same[0]):
            yield same[0]
            continue
        _, move = min(moves, key=lambda item: abs(item[0] - function.line), default=(0, 0))
        yield _nearest(same, function.line + move, has_first_lines)


def _move(block: CodeBlock, line: int, is_first: bool) -> int:
    """How far *line* is from the first line of a block, or from any line of it."""
    if is_first or line < block.first_line:
        return block.first_line - line
    return min(0, block.last_line - line)


def _nearest(blocks: list[CodeBlock], line: int, is_first: bool) -> CodeBlock | None:
    """The block nearest to *line*; None when none is near, or several that belong to different functions are."""
    distances = [abs(_move(block, line, is_first)) for block in blocks]
    nearest = min(distances, default=_FARTHEST + 1)
    best = [block for block, distance in zip(blocks, distances, strict=True) if distance == nearest]
    return best[0] if nearest <= _FARTHEST and len({block.key for block in best}) == 1 else None
