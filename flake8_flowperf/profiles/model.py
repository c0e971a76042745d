"""What a profile says, whichever profiler wrote it: shares of the profiled time by file and function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


class ProfileError(Exception):
    """A file that cannot be used as a profile; the message is one line and names it."""


@dataclass(frozen=True)
class Function:
    """A function as a profile names it.

    *name* is its name or qualified name, *line* its first line or, in some profiles, one in it; 0 when not known.
    *own* is the share of the profiled time that it spent itself, from 0 to 1.  *calls* is None where a profiler only
    looked now and then.
    """

    name: str
    line: int
    own: float
    calls: int | None


@dataclass(frozen=True)
class ProfiledFile:
    """The functions of one file, and for how much of the time which of them were running, or what they called.

    *running* has shares of the profiled time with the indices of the functions that were on the stack in it; so the
    time of one that a profile names twice, by different lines, is not counted twice.
    """

    path: str
    functions: tuple[Function, ...]
    running: tuple[tuple[frozenset[int], float], ...]

    def cumulative(self, indices: Iterable[int]) -> float:
        """The share of the time in which any of these functions was on the stack, from 0 to 1."""
        wanted = frozenset(indices)
        return min(1.0, sum(share for together, share in self.running if together & wanted))


@dataclass(frozen=True)
class Profile:
    """The files that one profile saw; *path* is that of the profile itself, *has_first_lines* what its lines are."""

    path: str
    files: Mapping[str, ProfiledFile]
    has_first_lines: bool


Site = tuple[str, str, int]
"""File, name and line of a function."""


@dataclass
class Builder:
    """Collects times in any unit and makes shares of them.

    The readers tell it either of each function or of each stack.
    """

    total: float = 0.0
    own: dict[Site, float] = field(default_factory=dict)
    calls: dict[Site, int] = field(default_factory=dict)
    running: dict[frozenset[Site], float] = field(default_factory=dict)

    def function(self, site: Site, own: float, cumulative: float, calls: int | None) -> None:
        """Add what a profiler measured of one function; the total is the reader's to set."""
        self.own[site] = self.own.get(site, 0.0) + own
        if calls is not None:
            self.calls[site] = self.calls.get(site, 0) + calls
        key = frozenset((site,))
        self.running[key] = self.running.get(key, 0.0) + cumulative

    def stack(self, sites: Iterable[Site | None], time: float) -> None:
        """Add *time* in which the functions *sites* were on the stack, the innermost last; None for no Python file."""
        stack = list(sites)
        self.total += time
        by_file: dict[str, set[Site]] = {}
        for site in stack:
            if site is not None:
                by_file.setdefault(site[0], set()).add(site)
                self.own.setdefault(site, 0.0)
        for together in map(frozenset, by_file.values()):
            self.running[together] = self.running.get(together, 0.0) + time
        if stack and stack[-1] is not None:
            self.own[stack[-1]] += time

    def profile(self, path: str, *, has_first_lines: bool) -> Profile:
        """What was collected.  Raises ValueError when no time was."""
        if not self.total > 0:
            raise ValueError("it has no times")
        functions: dict[str, list[Function]] = {}
        index: dict[Site, int] = {}
        for site, own in self.own.items():
            file, name, line = site
            members = functions.setdefault(file, [])
            index[site] = len(members)
            members.append(Function(name, line, min(1.0, own / self.total), self.calls.get(site)))
        running: dict[str, list[tuple[frozenset[int], float]]] = {}
        for sites, time in self.running.items():
            file = next(iter(sites))[0]
            running.setdefault(file, []).append((frozenset(index[site] for site in sites), time / self.total))
        files = {
            file: ProfiledFile(file, tuple(members), tuple(running.get(file, ())))
            for file, members in functions.items()
        }
        return Profile(path, files, has_first_lines)
