"""Files as bytes and as text, and a replacing of files that leaves the old one or the new at any instant."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import stat
import sys
import tempfile
import tokenize
from collections.abc import Iterable, Iterator

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed
    fcntl = None  # type: ignore[assignment]

TEMPORARY_PREFIX = ".flowperf-fix-"
"""How the names of our temporary files start; they stand beside the file that they are to replace."""


_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
"""flags to open a file; a FIFO opened without O_NONBLOCK would wait for its other end"""
_AT_ONCE = 1 << 16
"""bytes to ask for at the least"""


class FileError(Exception):
    """A file that cannot be read, understood or written; the message is one line, without the file's name."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def read(path: str) -> bytes:
    """The content of the regular file *path*; raises FileError."""
    try:
        descriptor = os.open(path, _READ)
        try:
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not stat.S_ISREG(status.st_mode):
                raise FileError("cannot be read: not a regular file")
            # A file object would take longer than the reading itself.
            return b"".join(iter(lambda: os.read(descriptor, max(status.st_size, _AT_ONCE)), b""))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise FileError(f"cannot be read: {error.strerror or error}") from error


def _encoding(data: bytes) -> str:
    """What tokenize.detect_encoding() gives, which most files need not be asked for."""
    head = data[: data.find(b"\n", data.find(b"\n") + 1) + 1]
    if head and b"coding" not in head and not head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    return tokenize.detect_encoding(io.BytesIO(data).readline)[0]


def decode(data: bytes) -> tuple[str, str]:
    """The text of a source file, newlines as they are, and its encoding; raises FileError.

    The encoding is found as Python finds it, from the byte order mark or the coding cookie; ``utf-8-sig`` stands for
    UTF-8 with a mark, which is not part of the text.
    """
    try:
        try:
            encoding = _encoding(data)
        except SyntaxError:
            data.decode("utf-8")  # says where, if that is what is wrong
            raise
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(f"cannot be decoded as {error.encoding}: {error.reason}", line) from error
    except (SyntaxError, LookupError, UnicodeError) as error:
        raise FileError(f"cannot be decoded: {error}") from error


def encode(text: str, encoding: str, old_text: str, old_data: bytes) -> bytes:
    """The bytes of *text*, which is to replace *old_text* that was read from *old_data*; raises FileError.

    An encoding that does not give back *old_data* is refused, since it would change bytes that no fix touches.
    """
    try:
        if old_text.encode(encoding) != old_data:
            raise FileError(f"cannot be written: {encoding} does not give back the bytes that were read")
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        raise FileError(f"cannot be written: {encoding} cannot encode {text[error.start]!a}") from error
    except UnicodeError as error:
        raise FileError(f"cannot be written: {error}") from error


def replace(path: str, old: bytes, new: bytes) -> None:
    """Replace the content *old* of the file *path* by *new*, atomically; raises FileError when that could not be done.

    Owner, mode bits and extended attributes stay.  Where *path* is a symbolic link, what it points to is replaced.  A
    file that no longer holds *old* is left alone, and so is one that is read-only, though its folder would allow it.
    """
    target = os.path.realpath(path)
    try:
        if not os.access(target, os.W_OK) or not os.stat(target).st_mode & 0o222:
            raise FileError("cannot be written: the file is read-only")
        descriptor, temporary = _temporary(os.path.dirname(target))
        try:
            with open(descriptor, "wb") as file:
                file.write(new)
                file.flush()
                _copy_metadata(target, file.fileno())
                os.fsync(file.fileno())
                if fcntl is None:
                    file.close()
                with _unchanged(target, old):
                    os.replace(temporary, target)  # still locked: nobody takes it for a leftover
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise FileError(f"cannot be written: {error.strerror or error}") from error
    _flush_folder(os.path.dirname(target))


@contextlib.contextmanager
def _unchanged(path: str, old: bytes) -> Iterator[None]:
    """Keep other runs from replacing the file *path*; raises FileError unless it holds *old*."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)) if fcntl is not None else None
    try:
        if descriptor is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise FileError("locked by another program; left as it is") from error
            except OSError:
                pass  # a file system without locks: then comparing must do
            if not os.path.samestat(os.fstat(descriptor), os.stat(path)):
                raise FileError("changed while it was being fixed; left as it is")
        if read(path) != old:
            raise FileError("changed while it was being fixed; left as it is")
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _temporary(folder: str) -> tuple[int, str]:
    """Make a temporary file in *folder*, locked for as long as its descriptor is open."""
    while True:
        descriptor, path = tempfile.mkstemp(".tmp", TEMPORARY_PREFIX, folder)
        if fcntl is None:
            return descriptor, path
        try:
            with contextlib.suppress(OSError):  # a file system without locks: then it is no leftover to anybody
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return descriptor, path
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(path)
            os.close(descriptor)
            raise
        os.close(descriptor)  # another run took it for a leftover before it was locked


def remove_leftovers(paths: Iterable[str]) -> None:
    """Remove the temporary files of runs that were killed while they replaced one of *paths*.

    Those of a run that is still at work are locked, and stay.
    """
    for folder in {os.path.dirname(os.path.realpath(path) if os.path.islink(path) else path) for path in paths}:
        with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
            for entry in entries:
                if entry.name.startswith(TEMPORARY_PREFIX) and entry.is_file(follow_symlinks=False):
                    _remove_leftover(entry.path)


def _remove_leftover(path: str) -> None:
    with contextlib.suppress(OSError):
        if fcntl is None:
            os.unlink(path)
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
                os.unlink(path)
        finally:
            os.close(descriptor)


def _copy_metadata(source: str, descriptor: int) -> None:
    status = os.stat(source)
    if sys.platform != "win32":
        mode = stat.S_IMODE(status.st_mode)
        try:
            os.fchown(descriptor, status.st_uid, status.st_gid)
        except OSError:
            mode &= 0o777  # what runs as its owner must not do so for another one
        os.fchmod(descriptor, mode)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for name in os.listxattr(source):
                with contextlib.suppress(OSError):
                    os.setxattr(descriptor, name, os.getxattr(source, name))


def _flush_folder(folder: str) -> None:
    """Make the renaming itself last; there are file systems and platforms that cannot."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
