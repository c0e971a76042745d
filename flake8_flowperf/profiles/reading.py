"""Reads the files of cProfile, pyinstrument, py-spy and the monitor.

A pstats file is marshal data, which Python's own reader trusts; here only the kinds of value that a profile is made of
are read.  Load only profiles that you made yourself, all the same.  What is read is bounded in size and checked to have
the form of a profile before anything is made of it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from flake8_flowperf.monitor import REPORT_FORMAT
from flake8_flowperf.profiles import marshalled
from flake8_flowperf.profiles.model import Builder, Profile, ProfileError, Site

MAX_BYTES = 256 * 1024 * 1024

_JSON_OBJECT = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"')
_MARSHAL_DICT = (b"{", b"\xfb")
_KNOWN = (
    "cProfile (pstats), pyinstrument sessions and JSON, py-spy speedscope JSON and the reports of "
    "flake8_flowperf.monitor"
)


def read(path: str) -> Profile:
    """Read the profile *path*, whose kind is seen in its content; raises ProfileError."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ProfileError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise ProfileError(
            f"{path}: has more than {MAX_BYTES // 1024 // 1024} MiB; profile a shorter run, or look less often"
        )
    try:
        if _JSON_OBJECT.match(data):
            return _from_json(path, json.loads(data))
        if data.startswith(_MARSHAL_DICT):
            return _from_pstats(path, marshalled.loads(data))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OverflowError) as error:
        raise ProfileError(f"{path}: is not a whole profile; known are {_KNOWN}") from error
    except (RecursionError, MemoryError) as error:
        raise ProfileError(f"{path}: is nested too deeply, or too large, for a profile") from error
    raise ProfileError(f"{path}: is no profile; known are {_KNOWN}")


def _from_json(path: str, document: Any) -> Profile:
    match document:
        case {"format": format_, "elapsed_s": elapsed, "functions": list(functions)} if format_ == REPORT_FORMAT:
            return _from_monitor(path, functions, elapsed)
        case {"frame_records": list(records)}:
            return _from_session(path, records)
        case {"root_frame": dict(root)}:
            return _from_pyinstrument(path, root)
        case {"shared": {"frames": list(frames)}, "profiles": list(profiles)}:
            return _from_speedscope(path, frames, profiles)
    raise ValueError("unknown document")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ValueError("not a time or a count")
    return float(value)


def _site(file: Any, name: Any, line: Any) -> Site | None:
    """A function in a Python file; None for what is built in, frozen or made up."""
    if file is None or name is None:
        return None
    if not isinstance(file, str) or not isinstance(name, str) or not isinstance(line, (int, type(None))):
        raise TypeError("not a function")
    return (file, name, line or 0) if file and file != "~" and not file.startswith("<") else None


def _from_pstats(path: str, stats: Any) -> Profile:
    """A cProfile dump: file, first line and name of a function, to its numbers and its callers.

    A profiler that only looked now and then, as pyinstrument does, writes -1 for the number of calls.
    """
    builder = Builder()
    for (file, line, name), (_, calls, own, cumulative, callers) in stats.items():
        if not isinstance(callers, dict):
            raise TypeError("no callers")
        builder.total += _number(own)
        site = _site(file, name, line)
        if site is not None:
            builder.function(site, own, _number(cumulative), None if calls == -1 else int(_number(calls)))
    return builder.profile(path, has_first_lines=True)


def _from_monitor(path: str, functions: list[Any], elapsed: Any) -> Profile:
    """The monitor's report; what a function spent itself is not known of it."""
    builder = Builder(total=_number(elapsed))
    for entry in functions:
        site = _site(entry["file"], entry["qualified_name"], entry["line"])
        if site is not None:
            builder.function(site, 0.0, _number(entry["total_s"]), int(_number(entry["calls"])))
    return builder.profile(path, has_first_lines=True)


def _from_session(path: str, records: list[Any]) -> Profile:
    """pyinstrument's session: stacks of frames, the outermost first, each with its time.

    A frame is a name, a file and a line with a NUL between them, and behind \\x01 what pyinstrument adds to it; those
    that it makes up, such as ``[await]``, have no file.
    """
    builder = Builder()
    known: dict[str, Site | None] = {}
    for stack, time in records:
        for frame in stack:
            if frame not in known:
                name, _, place = frame.partition("\x01")[0].partition("\0")
                file, _, line = place.partition("\0")
                known[frame] = _site(file, name, int(line)) if file else None
        builder.stack([known[frame] for frame in stack if not frame.startswith("[")], _number(time))
    return builder.profile(path, has_first_lines=True)


def _from_pyinstrument(path: str, root: dict[str, Any]) -> Profile:
    """pyinstrument's tree of frames, each with the time of all below it; older versions have the short path only."""
    builder = Builder()
    todo: list[tuple[dict[str, Any], tuple[Site | None, ...]]] = [(root, ())]
    while todo:
        frame, callers = todo.pop()
        children = frame.get("children") or []
        own = _number(frame["time"]) - sum(_number(child["time"]) for child in children)
        site = _site(frame.get("file_path", frame.get("file_path_short")), frame["function"], frame["line_no"])
        is_made_up = frame["function"].startswith("[")  # "[self]" is the frame around it
        stack = callers if is_made_up else (*callers, site)
        builder.stack(stack, max(0.0, own))
        todo.extend((child, stack) for child in children)
    return builder.profile(path, has_first_lines=True)


def _from_speedscope(path: str, frames: list[Any], profiles: list[Any]) -> Profile:
    """speedscope's stacks, one after the other or as frames that open and close.

    What py-spy gives as the line of a frame is the one that was running.
    """
    sites = [_site(frame.get("file"), frame["name"], frame.get("line")) for frame in frames]
    times: dict[tuple[int, ...], float] = {}
    for profile in profiles:
        for stack, time in _sampled(profile) if profile["type"] == "sampled" else _evented(profile):
            times[stack] = times.get(stack, 0.0) + _number(time)
    builder = Builder()
    for stack, time in times.items():
        if min(stack, default=0) < 0:
            raise IndexError("no such frame")
        real = [index for index in stack if not frames[index]["name"].startswith("[self]")]
        builder.stack([sites[index] for index in real], time)
    return builder.profile(path, has_first_lines=False)


def _sampled(profile: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    for sample, weight in zip(profile["samples"], profile["weights"], strict=True):
        yield tuple(sample), weight


def _evented(profile: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    stack: list[int] = []
    before = profile["startValue"]
    for event in profile["events"]:
        if stack:
            yield tuple(stack), max(0, event["at"] - before)
        before = event["at"]
        if event["type"] == "O":
            stack.append(event["frame"])
        elif stack.pop() != event["frame"]:
            raise ValueError("a frame closes that is not open")
