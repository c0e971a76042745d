"""Remembers what was found in files, so that the next run need not look at those that hold the same.

A result is known by a digest of the file's path and content, in one file for every combination of package, Python,
options and working folder.  Where the file system says that a file was not touched since it was read, its content is
not read again, as git does it; and where no folder was, files are not looked for again.  Nothing that is wrong in what
is remembered can do harm but a result that should not be there, and a checksum sees to that.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flake8_flowperf import __version__
from flake8_flowperf.config import discover, folders
from flake8_flowperf.fixing import files
from flake8_flowperf.fixing.results import FileResult

_KNOWN, _TEMPORARY = ".known", ".tmp"
"""how the names of the files end in which it is kept and written"""
_MAGIC = b"flowperf-known-3"
_SIZE = 16
"""bytes of a digest"""
_MOST = 500_000
"""results that a file may hold before those that the run did not need are dropped"""
_OLD = 30 * 24 * 3600
"""seconds after which a file that no run has used is removed"""
_RECENT = 3 * 10**9
"""nanoseconds in which a file may change twice and get the same time from its file system"""
_IRRELEVANT = frozenset(
    {"add_noqa", "cache_dir", "check", "color", "diff", "filenames", "jobs", "no_cache", "output_format", "quiet",
     "statistics", "verbose"}
)  # fmt: skip
"""the settings that can make neither a finding nor a fix another one"""


@dataclass
class _Known:
    """What is remembered.

    *results* are by the digests of their files, *files* tell what the file system said of each file when it was read,
    and *listings* which files were found for which arguments, with what it said of the folders before.
    """

    results: dict[str, list[Any]] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)
    listings: dict[str, list[Any]] = field(default_factory=dict)

    def update(self, other: _Known) -> None:
        self.results.update(other.results)
        self.files.update(other.files)
        self.listings.update(other.listings)

    def has(self, other: _Known) -> bool:
        return (
            other.results.keys() <= self.results.keys()
            and other.files.items() <= self.files.items()
            and other.listings.items() <= self.listings.items()
        )


class Cache:
    """The results that are known under *settings*; *folder* holds what is remembered."""

    def __init__(self, settings: argparse.Namespace, folder: Path) -> None:
        self.key = _fingerprint(settings)
        self._folder = os.path.abspath(folder)
        self._file = folder / f"{self.key.hex()}{_KNOWN}"
        self._settings = settings
        self._known = _load(self._file)
        self._used = _Known()

    def discover(self) -> Iterator[str]:
        """What config.discover() gives; it is not asked again while no folder has got, lost or renamed an entry."""
        arguments = json.dumps(self._settings.filenames)
        known = self._known.listings.get(arguments)
        if known is not None and all(told == self._stamp(folder) for folder, told in known[0]):
            self._used.listings[arguments] = known
            yield from known[1]
            return
        told = [[folder, self._stamp(folder)] for folder in folders(self._settings)]  # before anybody looks into them
        found = []
        for path in discover(self._settings):
            found.append(path)
            yield path
        if all(map(os.path.isdir, self._settings.filenames)) and all(item[1] for item in told):
            self._used.listings[arguments] = [told, found]

    def _stamp(self, folder: str) -> str:
        """What tells whether other files are in the folder; what this cache keeps in its own one does not count."""
        if os.path.abspath(folder) != self._folder:
            return stamp(folder)
        with contextlib.suppress(OSError):
            if all(name.endswith((_KNOWN, _TEMPORARY)) for name in os.listdir(folder)):
                return "own"
        return ""

    def result(self, path: str) -> FileResult | None:
        """The result of a file that holds what it held, and in which nothing is to be done; None for any other."""
        if not self._known.results:
            return None
        told = stamp(path)
        if told and (kept := self._known.files.get(_plain(path))) is not None and kept[1] == told:
            value = kept[0]
        else:
            try:
                value = digest(self.key, path, files.read(path))
            except files.FileError:
                return None
        fields = self._known.results.get(value)
        if fields is None or not self._is_enough(result := FileResult.of_fields(path, fields)):
            return None
        self._keep(path, value, fields, told)
        return result

    def add(self, result: FileResult) -> None:
        """Remember the result of a file that is as it was before."""
        if result.digest and self._is_enough(result):
            self._keep(result.path, result.digest, result.fields(), result.stamp)

    def save(self) -> None:
        """Keep what was added, beside what other runs have added meanwhile; a folder that refuses is no error."""
        known, used = self._known, self._used
        if known.has(used):
            return
        together = _load(self._file)
        together.update(used)
        kept = together if len(together.results) <= _MOST else used
        payload = json.dumps([kept.results, kept.files, kept.listings], separators=(",", ":")).encode("ascii")
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            _remove_old(self._file.parent)
            descriptor, temporary = tempfile.mkstemp(_TEMPORARY, dir=self._file.parent)
            try:
                with open(descriptor, "wb") as file:
                    file.write(_MAGIC + _checksum(payload) + payload)
                os.replace(temporary, self._file)
            except BaseException:
                os.unlink(temporary)
                raise

    def _is_enough(self, result: FileResult) -> bool:
        """Whether the result is all that is wanted: no new text is to be written or shown, no comment to be added."""
        if self._settings.add_noqa:
            return not result.found
        return not result.changed or (self._settings.check and not self._settings.diff)

    def _keep(self, path: str, value: str, fields: list[Any], told: str) -> None:
        self._used.results[value] = fields
        if told:
            self._used.files[_plain(path)] = [value, told]


def digest(key: bytes, path: str, content: bytes) -> str:
    """What stands for the file *path* with this content in the cache that has this *key*."""
    value = hashlib.blake2b(content, digest_size=_SIZE, key=key)
    value.update(os.fsencode(_plain(path)))
    return value.hexdigest()


def _plain(path: str) -> str:
    """The path as it is written when the working folder is not named."""
    return path.removeprefix(os.curdir + os.sep)


def stamp(path: str) -> str:
    """What the file system says of a file, which changes with its content; empty where that is not certain.

    Ask before the file is read.  What has only just changed may change again within the file system's notion of time,
    and on Windows the time of a change can be set at will.
    """
    if os.name == "nt":
        return ""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ""
    modified, changed = status.st_mtime_ns, status.st_ctime_ns
    if max(modified, changed) > time.time_ns() - _RECENT:
        return ""
    return f"{modified} {changed} {status.st_size} {status.st_ino} {status.st_dev}"


def of(settings: argparse.Namespace) -> Cache | None:
    """The cache that the settings ask for; None where what is reported depends on more than file and settings."""
    if settings.no_cache or settings.since is not None or settings.flowperf_profile:
        return None
    if settings.cache_dir is not None:
        return Cache(settings, Path(settings.cache_dir))
    from platformdirs import user_cache_path

    return Cache(settings, user_cache_path("flake8-flowperf", appauthor=False))


def _fingerprint(settings: argparse.Namespace) -> bytes:
    """A digest of everything beside a file that findings depend on."""
    values = sorted((name, repr(value)) for name, value in vars(settings).items() if name not in _IRRELEVANT)
    parts = (__version__, sys.version, os.getcwd(), values, sorted(_sources()))
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogateescape"), digest_size=_SIZE).digest()


def _sources() -> Iterator[tuple[str, int, int]]:
    """The package's own files, for those who work on it."""
    package = Path(__file__).parent
    for folder in (package, package / "rules", package / "source", package / "fixing", package / "codemods"):
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    yield entry.name, status.st_mtime_ns, status.st_size


def _load(path: Path) -> _Known:
    try:
        data = path.read_bytes()
    except OSError:
        return _Known()
    start = len(_MAGIC) + _SIZE
    payload = data[start:]
    if data[: len(_MAGIC)] != _MAGIC or data[len(_MAGIC) : start] != _checksum(payload):
        return _Known()
    return _Known(*json.loads(payload))


def _checksum(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_SIZE).digest()


def _remove_old(folder: Path) -> None:
    for path in folder.glob(f"*{_KNOWN}"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _OLD:
                path.unlink()
