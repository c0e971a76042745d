"""Reads what a pstats file is made of out of marshal data, and nothing else.

``marshal.loads()`` makes whatever the bytes ask for: code objects, and tuples of two thousand million items that are
announced in five bytes.  Here a length is held against the bytes that are left, only plain values are known, and the
nesting is that of a profile.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

_REFERENCE = 0x80
"""The bit of a type byte that says that the value may be referred to later."""

_DEEPEST = 6
_LONGEST = 8
"""How deep a profile is nested at most, and how many digits of 15 bits a count of it has at most."""

_SHORT = struct.Struct("<h")
_LENGTH = struct.Struct("<I")
_INTEGER = struct.Struct("<i")
_FLOAT = struct.Struct("<d")
_END = object()


def loads(data: bytes) -> Any:
    """The dictionary that *data* holds; raises ValueError, TypeError or EOFError when it is anything else."""
    if not data or data[0] & ~_REFERENCE != ord("{"):
        raise TypeError("not a dictionary")
    return _Reader(data).value(0)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._seen: list[Any] = []
        self._kinds: dict[int, Callable[[int], Any]] = {
            ord("r"): lambda _: self._referred(self._length()),
            ord("i"): lambda _: _INTEGER.unpack(self._take(4))[0],
            ord("l"): lambda _: self._long(),
            ord("g"): lambda _: _FLOAT.unpack(self._take(8))[0],
            ord("z"): lambda _: self._take(self._take(1)[0]).decode("ascii"),
            ord("a"): lambda _: self._take(self._length()).decode("ascii"),
            ord("u"): lambda _: self._take(self._length()).decode("utf-8", "surrogatepass"),
            ord(")"): lambda depth: self._tuple(self._take(1)[0], depth),
            ord("("): lambda depth: self._tuple(self._length(), depth),
            ord("{"): self._dictionary,
            ord("0"): lambda _: _END,
        }
        # What marshal tells apart as interned is text all the same.
        self._kinds |= {ord(new): self._kinds[ord(old)] for new, old in (("Z", "z"), ("A", "a"), ("t", "u"))}

    def value(self, depth: int) -> Any:
        code = self._take(1)[0]
        read = self._kinds.get(code & ~_REFERENCE)
        if read is None:
            raise ValueError("no part of a profile")
        if not code & _REFERENCE:
            return read(depth)
        place = len(self._seen)
        self._seen.append(_END)  # what a value that refers to itself would find
        found = self._seen[place] = read(depth)
        return found

    def _take(self, count: int) -> bytes:
        start, self._at = self._at, self._at + count
        if self._at > len(self._data):
            raise EOFError("the data end early")
        return self._data[start : self._at]

    def _length(self) -> int:
        return int(_LENGTH.unpack(self._take(4))[0])

    def _referred(self, place: int) -> Any:
        if place >= len(self._seen) or self._seen[place] is _END:
            raise ValueError("a reference to nothing")
        return self._seen[place]

    def _tuple(self, length: int, depth: int) -> tuple[Any, ...]:
        if depth >= _DEEPEST or length > len(self._data) - self._at:
            raise ValueError("nested too deeply or longer than the data")
        return tuple([self._item(depth + 1) for _ in range(length)])

    def _item(self, depth: int) -> Any:
        found = self.value(depth)
        if found is _END:
            raise ValueError("an end without a dictionary")
        return found

    def _dictionary(self, depth: int) -> dict[tuple[str, int, str], Any]:
        if depth >= _DEEPEST:
            raise ValueError("nested too deeply")
        found: dict[tuple[str, int, str], Any] = {}
        while (key := self.value(depth + 1)) is not _END:
            match key:
                case (str(), int(), str()):
                    found[key] = self._item(depth + 1)
                case _:
                    raise TypeError("a key that is no function")
        return found

    def _long(self) -> int:
        (digits,) = _INTEGER.unpack(self._take(4))
        if abs(digits) > _LONGEST:
            raise ValueError("a number larger than any count")
        value = 0
        for power in range(abs(digits)):
            value |= int(_SHORT.unpack(self._take(2))[0]) << 15 * power
        return -value if digits < 0 else value
