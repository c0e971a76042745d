"""Reading, decoding and replacing files: no byte is lost, whatever fails and whenever."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from flake8_flowperf.fixing import files

OLD, NEW = b"old = 1\n", b"new = 22\n"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "a.py"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def names(path: Path) -> list[str]:
    return sorted(item.name for item in path.parent.iterdir())


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"", "", "utf-8"),
        (b"x\r\ny\rz\n", "x\r\ny\rz\n", "utf-8"),
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n", "utf-8-sig"),
        (b"# coding: latin-1\n# \xe9", "# coding: latin-1\n# é", "iso-8859-1"),
        (b"#!/bin/python\n# vim: set fileencoding=cp1252 :\n'\x80'\n", None, "cp1252"),
        (b"\x0cx\n\x00\n", "\x0cx\n\x00\n", "utf-8"),
        ("x = '\U0001f600\u2028'\n".encode(), "x = '\U0001f600\u2028'\n", "utf-8"),
    ],
)
def test_decode_and_encode_are_inverse(data: bytes, text: str | None, encoding: str) -> None:
    decoded, found = files.decode(data)
    assert found == encoding
    assert text is None or decoded == text
    assert files.encode(decoded, found, decoded, data) == data


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (b"x\ny\nz = '\xff'\n", "cannot be decoded as utf-8: invalid start byte", 3),
        (b"x = '\xff'\n", "cannot be decoded as utf-8: invalid start byte", 1),
        (b"# coding: ascii\n\n\n# \xe9\n", "cannot be decoded as ascii: ordinal not in range(128)", 4),
        (b"# coding: nope\n", "cannot be decoded: unknown encoding: nope", None),
        (b"\xef\xbb\xbf# coding: latin-1\n", "cannot be decoded: encoding problem: utf-8", None),
        (b"# coding: rot13\n", "cannot be decoded: 'rot13' is not a text encoding", None),
        (b"# coding: undefined\n", "cannot be decoded: ", None),
    ],
)
def test_undecodable(data: bytes, message: str, line: int | None) -> None:
    with pytest.raises(files.FileError) as raised:
        files.decode(data)
    assert str(raised.value).startswith(message)
    assert raised.value.line == line


def test_character_that_the_encoding_lacks() -> None:
    with pytest.raises(files.FileError, match=r"iso-8859-1 cannot encode '\\u20ac'"):
        files.encode("# €\n", "iso-8859-1", "#\n", b"#\n")


def test_encoding_that_does_not_give_the_bytes_back() -> None:
    data = b"# coding: utf-7\nx = 'a+AGI-'\n"
    text, encoding = files.decode(data)
    with pytest.raises(files.FileError, match="utf-7 does not give back the bytes"):
        files.encode(text + "\n", encoding, text, data)


def test_encoding_that_refuses_with_another_error() -> None:
    with pytest.raises(files.FileError, match=r"^cannot be written: "):
        files.encode("a" * 70, "idna", "a", b"a")


def test_read(target: Path) -> None:
    assert files.read(str(target)) == OLD


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "No such file or directory"),
        (Path.mkdir, "Is a directory"),
        (os.mkfifo, "not a regular file"),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
        (lambda path: path.symlink_to("/dev/null"), "not a regular file"),
    ],
    ids=["missing", "folder", "fifo", "circle", "dangling", "device"],
)
def test_what_cannot_be_read(make: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    make(tmp_path / "x.py")
    with pytest.raises(files.FileError, match=f"^cannot be read: {message}$"):
        files.read(str(tmp_path / "x.py"))


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o2664])
def test_replace_keeps_the_mode(mode: int, target: Path) -> None:
    target.chmod(mode)
    files.replace(str(target), OLD, NEW)
    assert target.read_bytes() == NEW
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert names(target) == ["a.py"]


def test_replace_of_a_relative_path(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(target.parent)
    files.replace("a.py", OLD, NEW)
    assert target.read_bytes() == NEW


def test_replace_through_links(target: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    first.symlink_to(second)
    second.symlink_to("folder/a.py")
    files.replace(str(first), OLD, NEW)
    assert (os.readlink(first), os.readlink(second)) == (str(second), "folder/a.py")
    assert target.read_bytes() == NEW
    assert not target.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.py", "folder", "second.py"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_replace_keeps_the_owner(target: Path) -> None:
    os.chown(target, 1234, 2345)
    files.replace(str(target), OLD, NEW)
    assert (target.stat().st_uid, target.stat().st_gid) == (1234, 2345)


def test_owner_that_cannot_be_kept(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no")

    target.chmod(0o4755)
    monkeypatch.setattr(os, "fchown", refuse)
    files.replace(str(target), OLD, NEW)
    assert target.read_bytes() == NEW
    assert stat.S_IMODE(target.stat().st_mode) == 0o755, "no program that runs as somebody else"


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="this platform has no extended attributes")
def test_extended_attributes_are_copied(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faked, since not every file system has them; one that may not be set does not keep the others from it."""
    copied: dict[str, bytes] = {}

    def set_attribute(_: int, name: str, value: bytes) -> None:
        if name.startswith("security."):
            raise PermissionError(errno.EPERM, "no")
        copied[name] = value

    monkeypatch.setattr(os, "listxattr", lambda _: ["security.x", "user.y"])
    monkeypatch.setattr(os, "getxattr", lambda _, name: name.encode())
    monkeypatch.setattr(os, "setxattr", set_attribute)
    files.replace(str(target), OLD, NEW)
    assert copied == {"user.y": b"user.y"}
    assert target.read_bytes() == NEW


def test_read_only_file_is_left(target: Path) -> None:
    target.chmod(0o444)
    with pytest.raises(files.FileError, match=r"^cannot be written: the file is read-only$"):
        files.replace(str(target), OLD, NEW)
    assert target.read_bytes() == OLD


def test_file_that_may_not_be_written_is_left(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(files.FileError, match="read-only"):
        files.replace(str(target), OLD, NEW)
    assert target.read_bytes() == OLD


def test_file_that_has_changed_is_left(target: Path) -> None:
    target.write_bytes(b"other\n")
    with pytest.raises(files.FileError, match=r"^changed while it was being fixed; left as it is$"):
        files.replace(str(target), OLD, NEW)
    assert target.read_bytes() == b"other\n"
    assert names(target) == ["a.py"]


@pytest.mark.skipif(files.fcntl is None, reason="this platform has no such locks")
def test_file_that_another_run_is_replacing(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locked: it is about to change.  Replaced between the opening and the lock: it has changed."""
    with open(target, "rb") as other:
        files.fcntl.flock(other, files.fcntl.LOCK_EX)
        with pytest.raises(files.FileError, match=r"^locked by another program; left as it is$"):
            files.replace(str(target), OLD, NEW)
    opened = os.open

    def meanwhile(path: str, *more: int) -> int:
        descriptor = opened(path, *more)
        if path == str(target):
            monkeypatch.setattr(os, "open", opened)
            target.unlink()
            target.write_bytes(OLD)
        return descriptor

    monkeypatch.setattr(os, "open", meanwhile)
    with pytest.raises(files.FileError, match=r"^changed while it was being fixed; left as it is$"):
        files.replace(str(target), OLD, NEW)
    assert target.read_bytes() == OLD
    assert names(target) == ["a.py"]


def test_file_that_is_gone_stays_so(target: Path) -> None:
    target.unlink()
    with pytest.raises(files.FileError, match=r"^cannot be written: "):
        files.replace(str(target), OLD, NEW)
    assert names(target) == []


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["fchmod", "fsync", "replace"])
def test_failure_at_any_step(step: str, error: BaseException, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, step, fail)
    with pytest.raises((files.FileError, KeyboardInterrupt)) as raised:
        files.replace(str(target), OLD, NEW)
    if isinstance(error, OSError):
        assert str(raised.value) == "cannot be written: No space left on device"
    assert target.read_bytes() == OLD
    assert names(target) == ["a.py"]


def test_folder_that_takes_no_file(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(files.FileError, match=r"^cannot be written: Permission denied$"):
        files.replace(str(target), OLD, NEW)
    assert target.read_bytes() == OLD


def test_content_is_on_disk_before_the_name_is(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new content is flushed before the rename and the folder after it, else a power cut could lose both."""
    steps: list[str] = []
    fsync, rename = os.fsync, os.replace

    def record_fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            steps.append("folder flushed")
        else:
            steps.append(f"{os.fstat(descriptor).st_size} bytes flushed")
        fsync(descriptor)

    def record_rename(source: str, destination: str) -> None:
        assert Path(source).parent == Path(destination).parent
        assert Path(source).name.startswith(files.TEMPORARY_PREFIX)
        steps.append("renamed")
        rename(source, destination)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", record_rename)
    files.replace(str(target), OLD, NEW)
    assert steps == [f"{len(NEW)} bytes flushed", "renamed", "folder flushed"]


def test_folder_that_cannot_be_flushed_is_no_failure(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def refuse_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    files.replace(str(target), OLD, NEW)
    assert target.read_bytes() == NEW


def test_leftovers_are_removed_beside_the_targets(target: Path, tmp_path: Path) -> None:
    (tmp_path / "link.py").symlink_to(target)
    (tmp_path / "elsewhere").mkdir()
    leftovers = [folder / f"{files.TEMPORARY_PREFIX}x.tmp" for folder in (target.parent, tmp_path / "elsewhere")]
    for leftover in leftovers:
        leftover.write_bytes(NEW)
    (target.parent / f"{files.TEMPORARY_PREFIX}folder").mkdir()
    files.remove_leftovers([str(tmp_path / "link.py"), str(tmp_path / "gone" / "a.py")])
    assert [leftover.exists() for leftover in leftovers] == [False, True]
    assert target.read_bytes() == OLD
    assert names(target) == [f"{files.TEMPORARY_PREFIX}folder", "a.py"]


@pytest.mark.skipif(files.fcntl is None, reason="this platform does not remove open files anyway")
def test_temporary_file_of_a_run_at_work_stays(target: Path) -> None:
    descriptor, temporary = files._temporary(str(target.parent))
    files.remove_leftovers([str(target)])
    assert os.path.exists(temporary)
    os.close(descriptor)
    files.remove_leftovers([str(target)])
    assert names(target) == ["a.py"]


@pytest.mark.skipif(files.fcntl is None, reason="this platform does not remove open files anyway")
def test_temporary_file_that_is_removed_before_it_is_locked(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, locked = files.fcntl.flock, []

    def late(descriptor: int, operation: int) -> None:
        if not locked:
            locked.append(descriptor)
            files.remove_leftovers([str(target)])
        lock(descriptor, operation)

    monkeypatch.setattr(files.fcntl, "flock", late)
    files.replace(str(target), OLD, NEW)
    assert target.read_bytes() == NEW
    assert names(target) == ["a.py"]


@pytest.mark.skipif(files.fcntl is None, reason="this platform has no such locks")
def test_file_system_without_locks(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(files.fcntl, "flock", refuse)
    leftover = target.parent / f"{files.TEMPORARY_PREFIX}x.tmp"
    leftover.write_bytes(NEW)
    files.remove_leftovers([str(target)])
    assert leftover.exists(), "it may be another run's"
    files.replace(str(target), OLD, NEW)
    assert target.read_bytes() == NEW


def test_platform_without_locks(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "fcntl", None)
    (target.parent / f"{files.TEMPORARY_PREFIX}x.tmp").write_bytes(NEW)
    files.remove_leftovers([str(target)])
    files.replace(str(target), OLD, NEW)
    assert target.read_bytes() == NEW
    assert names(target) == ["a.py"]
