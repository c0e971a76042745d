"""Remembers the files in which there was nothing to do, so that the next run only has to read them.

What is kept is a digest of each such file's path and content, in one file for every combination of package, Python and
options.  Nothing else can be told from it, nothing that is wrong in it can do harm but a digest that should not be
there, and a checksum sees to that.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from flake8_flowperf import __version__
from flake8_flowperf.fixing import files

_MAGIC = b"flowperf-clean-1"
_SIZE = 16
"""bytes of a digest"""
_MOST = 500_000
"""digests that a file may hold before those that the run did not need are dropped"""
_OLD = 30 * 24 * 3600
"""seconds after which a file that no run has used is removed"""
_IRRELEVANT = frozenset(
    {"add_noqa", "cache_dir", "check", "color", "diff", "filenames", "jobs", "no_cache", "output_format", "quiet",
     "statistics", "unsafe_fixes", "verbose"}
)  # fmt: skip
"""the settings that cannot make a finding"""


class Cache:
    """The files that are known to be clean under *settings*; *folder* holds what is remembered."""

    def __init__(self, settings: argparse.Namespace, folder: Path) -> None:
        self.key = _fingerprint(settings)
        self._file = folder / f"{self.key.hex()}.clean"
        self._known = _load(self._file)
        self._used: set[bytes] = set()

    def clean(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of *paths* whose files are clean as they are now."""
        if not self._known:
            return frozenset()
        found = set()
        for path in paths:
            with contextlib.suppress(files.FileError):
                value = digest(self.key, path, files.read(path))
                if value in self._known:
                    self._used.add(value)
                    found.add(path)
        return frozenset(found)

    def add(self, value: bytes) -> None:
        """Remember the digest of a file that was found to be clean."""
        self._used.add(value)

    def save(self) -> None:
        """Keep what was added, beside what other runs have added meanwhile; a folder that refuses is no error."""
        if self._used <= self._known:
            return
        together = _load(self._file) | self._used
        payload = b"".join(sorted(together if len(together) <= _MOST else self._used))
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            _remove_old(self._file.parent)
            descriptor, temporary = tempfile.mkstemp(".tmp", dir=self._file.parent)
            try:
                with open(descriptor, "wb") as file:
                    file.write(_MAGIC + _checksum(payload) + payload)
                os.replace(temporary, self._file)
            except BaseException:
                os.unlink(temporary)
                raise


def digest(key: bytes, path: str, content: bytes) -> bytes:
    """What stands for the file *path* with this content in the cache that has this *key*."""
    value = hashlib.blake2b(content, digest_size=_SIZE, key=key)
    value.update(os.fsencode(os.path.abspath(path)))
    return value.digest()


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


def _load(path: Path) -> frozenset[bytes]:
    try:
        data = path.read_bytes()
    except OSError:
        return frozenset()
    start = len(_MAGIC) + _SIZE
    payload = data[start:]
    if data[: len(_MAGIC)] != _MAGIC or data[len(_MAGIC) : start] != _checksum(payload):
        return frozenset()
    return frozenset(payload[at : at + _SIZE] for at in range(0, len(payload), _SIZE))


def _checksum(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_SIZE).digest()


def _remove_old(folder: Path) -> None:
    for path in folder.glob("*.clean"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _OLD:
                path.unlink()
