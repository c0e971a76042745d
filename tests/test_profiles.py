"""Profiles: what each profiler's file says, which functions it means, and what is reported then."""

from __future__ import annotations

import ast
import cProfile
import json
import marshal
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flake8.options.parse_args import parse_args

from flake8_flowperf import config
from flake8_flowperf.cli import main
from flake8_flowperf.lint import Linter
from flake8_flowperf.profiles import marshalled, reading
from flake8_flowperf.profiles.matching import Heat, Profiles
from flake8_flowperf.profiles.model import Builder, Profile, ProfileError
from flake8_flowperf.profiles.options import _read
from flake8_flowperf.profiles.reading import read
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.modules import block_of, code_blocks, nameless_blocks
from tests.support import BROAD, NARROW, command, write

WORK = """\
import functools
import time


def spin(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def deco(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


class A:
    @deco
    def run(self, depth):
        spin(0.06)
        return depth and B().run(depth - 1)


class B:
    def run(self, depth):
        spin(0.12)
        return depth


def recurse(depth):
    spin(0.02)
    if depth:
        recurse(depth - 1)


def idle():
    pass


def main():
    A().run(1)
    recurse(5)
    idle()
    spin(0.1)


if __name__ == "__main__":
    main()
"""
"""A program of 0.4 s: A.run 45 %, B.run and recurse 30 % each, spin 100 %, idle nothing.

A busy machine stretches none of that much, since spin() waits for the clock; what stands around it may take any time.
"""

EXPECTED = {
    ("A.run", 0): 0.45,
    ("B.run", 0): 0.30,
    ("recurse", 0): 0.30,
    ("spin", 0): 1.0,
    ("main", 0): 1.0,
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    _read.cache_clear()
    yield
    _read.cache_clear()


def heat(profile: Profile, text: str, path: str = "work.py") -> dict[tuple[str, int], Heat] | None:
    found = Profiles([profile]).heat(SourceFile.parse(text, path))
    return dict(found) if found is not None else None


def shares(profile: Profile, text: str = WORK, path: str = "work.py") -> dict[str, float]:
    """The shares of functions by their qualified names."""
    return {name: round(item.share, 2) for (name, _), item in (heat(profile, text, path) or {}).items()}


def check_shares(found: dict[tuple[str, int], Heat] | None) -> None:
    assert found is not None
    for key, share in EXPECTED.items():
        if key in found:
            assert found[key].share / found["spin", 0].share == pytest.approx(share, abs=0.2), key
    assert ("idle", 0) not in found or found["idle", 0].share < found["spin", 0].share / 10


def test_cprofile(tmp_path: Path) -> None:
    write(tmp_path, {"work.py": WORK})
    subprocess.run([sys.executable, "-m", "cProfile", "-o", "work.prof", "work.py"], check=True, timeout=60)
    found = heat(read("work.prof"), WORK)
    check_shares(found)
    assert found is not None
    assert set(EXPECTED) <= set(found)
    assert (found["recurse", 0].calls, found["idle", 0].calls) == (6, 1)
    assert found["deco.<locals>.wrapper", 0].calls == 1


def pstats_of(functions: dict[tuple[str, int, str], tuple[int, float, float]]) -> bytes:
    return marshal.dumps({key: (calls, calls, own, total, {}) for key, (calls, own, total) in functions.items()})


def test_pstats_numbers(tmp_path: Path) -> None:
    dump = pstats_of({
        ("work.py", 1, "<module>"): (1, 1.0, 10.0),
        ("work.py", 5, "spin"): (12_000, 3.0, 3.7),
        ("~", 0, "<built-in method time.perf_counter>"): (9, 6.0, 6.0),
        ("<frozen importlib._bootstrap>", 5, "spin"): (9, 0.0, 6.0),
    })  # fmt: skip
    write(tmp_path, {"a.prof": dump})
    found = heat(read("a.prof"), WORK)
    assert found == {("<module>", 0): Heat(1.0, 1), ("spin", 0): Heat(0.37, 12_000)}
    assert [str(item) for item in found.values()] == [
        "100% of profiled time, 1 call",
        "37% of profiled time, 12,000 calls",
    ]
    assert (str(Heat(0.004, None)), str(Heat(0.0096, None))) == ("0.4% of profiled time", "1% of profiled time")


def test_the_profile_of_this_process() -> None:
    profiler = cProfile.Profile()
    profiler.runcall(lambda: code_blocks(SourceFile.parse(WORK)))
    profiler.dump_stats("a.prof")
    path = Path(code_blocks.__code__.co_filename)
    found = heat(read("a.prof"), path.read_text("utf-8"), str(path))
    assert found is not None
    assert found["code_blocks", 0].share > 0.001


def pyinstrument(*frames: dict[str, Any]) -> bytes:
    root = {"function": "<module>", "file_path": "/p/go.py", "line_no": 1, "time": 10.0, "children": list(frames)}
    return json.dumps({"start_time": 1.0, "duration": 10.0, "root_frame": root}).encode()


def frame(name: str, line: int, time: float, *children: dict[str, Any], file: str = "/p/work.py") -> dict[str, Any]:
    return {"function": name, "file_path": file, "line_no": line, "time": time, "children": list(children)}


def test_pyinstrument(tmp_path: Path) -> None:
    tree = pyinstrument(
        frame("main", 38, 9.0,
              frame("run", 19, 6.0, frame("run", 26, 4.0, frame("[self]", 0, 4.0, file=""))),
              frame("recurse", 31, 3.0, frame("recurse", 31, 2.0, frame("recurse", 31, 1.0)),
                    frame("perf_counter", 0, 0.5, file="<built-in>"))),
    )  # fmt: skip
    write(tmp_path, {"a.json": tree})
    profile = read("a.json")
    assert shares(profile) == {"main": 0.9, "A.run": 0.6, "B.run": 0.4, "recurse": 0.3}
    own = {(item.name, item.line): round(item.own, 2) for item in profile.files["/p/work.py"].functions}
    assert own == {("main", 38): 0.0, ("run", 19): 0.2, ("run", 26): 0.4, ("recurse", 31): 0.25}
    assert heat(profile, WORK)["main", 0].calls is None  # type: ignore[index]


def test_old_pyinstrument(tmp_path: Path) -> None:
    """Short paths only, no sample counts, no await times."""
    tree = json.loads(pyinstrument(frame("main", 38, 9.0, frame("recurse", 30, 2.0))))
    for entry in (tree["root_frame"], *(children := tree["root_frame"]["children"]), *children[0]["children"]):
        entry["file_path_short"] = entry.pop("file_path")
    write(tmp_path, {"a.json": json.dumps(tree)})
    assert shares(read("a.json")) == {"main": 0.9, "recurse": 0.2}


def test_pyinstrument_session(tmp_path: Path) -> None:
    """Stacks with what pyinstrument adds to a frame, with made-up frames, and in the older form without either."""

    def info(name: str, file: str, line: int, added: str = "") -> str:
        return "\0".join((name, file, str(line))) + added

    thread, main_ = info("MainThread", "<thread>", 140683852147584), info("main", "/p/work.py", 38, "\x01l39")
    recurse, sleep = info("recurse", "/p/work.py", 30), info("sleep", "<built-in>", 0)
    runs = [info("run", "/p/work.py", 26, f"\x01cB\x01l{line}") for line in (27, 28)]
    records = [
        [[thread, main_, runs[0]], 4.0], [[thread, main_, runs[1]], 1.0], [[main_, recurse, recurse, "[await]"], 2.0],
        [[thread, main_, sleep], 1.0], [[thread], 2.0],
    ]  # fmt: skip
    write(tmp_path, {"a.pyisession": json.dumps({"start_time": 1.0, "duration": 10.0, "frame_records": records})})
    profile = read("a.pyisession")
    assert shares(profile) == {"main": 0.8, "B.run": 0.5, "recurse": 0.2}
    own = {item.name: round(item.own, 2) for item in profile.files["/p/work.py"].functions}
    assert own == {"main": 0.0, "run": 0.4 + 0.1, "recurse": 0.2}


def test_pstats_of_a_profiler_that_does_not_count(tmp_path: Path) -> None:
    """pyinstrument writes -1 for the numbers of calls."""
    write(tmp_path, {"a.prof": marshal.dumps({
        ("/p/work.py", 38, "main"): (-1, -1, 1.0, 4.0, {}),
        ("/p/work.py", 5, "spin"): (-1, -1, 3.0, 3.0, {("/p/work.py", 38, "main"): (-1, -1, 3.0, 3.0)}),
    })})  # fmt: skip
    assert heat(read("a.prof"), WORK) == {("main", 0): Heat(1.0, None), ("spin", 0): Heat(0.75, None)}


def speedscope(frames: list[tuple[str, int]], *profiles: dict[str, Any]) -> bytes:
    shared = [{"name": name, "file": "/p/work.py", "line": line, "col": None} for name, line in frames]
    schema = "https://www.speedscope.app/file-format-schema.json"
    return json.dumps({"$schema": schema, "shared": {"frames": shared}, "profiles": list(profiles)}).encode()


def sampled(samples: list[list[int]], weights: list[float]) -> dict[str, Any]:
    return {"type": "sampled", "name": "t", "unit": "seconds", "startValue": 0, "samples": samples, "weights": weights}


def test_py_spy(tmp_path: Path) -> None:
    """Lines are those that ran; a recursive function counts once in a stack, whatever its lines are."""
    frames = [("main", 39), ("A.run", 21), ("B.run", 26), ("recurse", 31), ("recurse", 33), ("main", 40)]
    first = sampled([[0, 1], [0, 1, 2], [5, 4, 4, 3], [5, 3]], [1.0, 4.0, 2.0, 1.0])
    write(tmp_path, {"a.json": speedscope(frames, first, sampled([[]], [2.0]))})
    assert shares(read("a.json")) == {"main": 0.8, "A.run": 0.5, "B.run": 0.4, "recurse": 0.3}
    unqualified = [(name.rpartition(".")[2], line) for name, line in frames]
    write(tmp_path, {"b.json": speedscope(unqualified, first, sampled([[]], [2.0]))})
    assert shares(read("b.json")) == {"main": 0.8, "A.run": 0.5, "B.run": 0.4, "recurse": 0.3}


def test_evented_speedscope(tmp_path: Path) -> None:
    events = [("O", 0, 0), ("O", 1, 1), ("C", 3, 1), ("O", 3, 1), ("O", 3, 2), ("C", 6, 2), ("C", 7, 1), ("C", 10, 0)]
    profile = {
        "type": "evented", "name": "t", "unit": "seconds", "startValue": 0, "endValue": 10,
        "events": [{"type": kind, "at": at, "frame": index} for kind, at, index in events],
    }  # fmt: skip
    write(tmp_path, {"a.json": speedscope([("main", 38), ("recurse", 30), ("[self]", 0)], profile)})
    result = read("a.json")
    assert shares(result) == {"main": 1.0, "recurse": 0.6}
    assert [round(item.own, 2) for item in result.files["/p/work.py"].functions] == [0.4, 0.6]


def test_monitor_report(tmp_path: Path) -> None:
    program = WORK.replace("def main", "from flake8_flowperf import monitor\n\n\ndef main")
    for name in ("def spin", "    def run", "def recurse"):
        program = program.replace(name, f"{name[: -len(name.lstrip())]}@monitor.timing_decorator\n{name}")
    program = program.replace("    main()\n", "    main()\n    monitor.save_performance_report('report.json')\n")
    program = program.replace("import functools\n", "import functools\nfrom flake8_flowperf import monitor\n")
    write(tmp_path, {"work.py": program})
    env = {**os.environ, "PYTHONPATH": str(Path(config.__file__).parent.parent)}
    subprocess.run([sys.executable, "work.py"], check=True, timeout=60, env=env)
    found = heat(read("report.json"), program)
    assert found is not None
    assert {key: item.calls for key, item in found.items()} == {
        ("spin", 0): 9, ("A.run", 0): 1, ("B.run", 0): 1, ("recurse", 0): 6,
    }  # fmt: skip
    check_shares(found)


GOOD = pstats_of({("work.py", 5, "spin"): (1, 1.0, 1.0)})
NO_PROFILES: dict[str, bytes] = {
    "text": b"not a profile\n",
    "empty": b"",
    "python": WORK.encode(),
    "other JSON": b'{"a": 1}',
    "JSON list": b"[1]",
    "broken JSON": b'{"root_frame": {',
    "not UTF-8": b'{"root_frame": "\xff"}',
    "cut off": GOOD[:-8],
    "marshal of something else": marshal.dumps({1: 2}),
    "marshal with wrong values": marshal.dumps({("a.py", 1, "f"): (1, 1, "x", 1.0, {})}),
    "negative times": marshal.dumps({("a.py", 1, "f"): (1, 1, -1.0, 1.0, {})}),
    "not a number": marshal.dumps({("a.py", 1, "f"): (1, 1, float("nan"), 1.0, {})}),
    "wrong names": marshal.dumps({(1, 1, "f"): (1, 1, 1.0, 1.0, {})}),
    "no times": pstats_of({}),
    "a dictionary in name only": b"{" * 100_000,
    "empty document": b'{"root_frame": {}}',
    "no such frame": speedscope([("f", 1)], sampled([[7]], [1.0])),
    "negative frame": speedscope([("f", 1)], sampled([[-1]], [1.0])),
    "weights missing": speedscope([("f", 1)], sampled([[0]], [])),
    "unknown kind": speedscope([("f", 1)], {"type": "x"}),
    "closes what is not open": speedscope(
        [("f", 1)], {"type": "evented", "startValue": 0, "events": [{"type": "C", "at": 1, "frame": 0}]}
    ),
    "a tuple of 2,000 million items": b"{(" + b"\xff\xff\xff\x7f" + b"i" * 100,
    "a long text": b"{)\x03z\xffa",
    "code": marshal.dumps({("a.py", 1, "f"): compile("1", "a", "eval")}),
    "a list": marshal.dumps({("a.py", 1, "f"): [1, 1, 1.0, 1.0, {}]}),
    "a tuple in itself": b"{)\x03\xa9\x01r\x00\x00\x00\x00i\x01\x00\x00\x00z\x01f0",
    "a reference to nothing": b"{)\x03r\x00\x00\x00\x00i\x01\x00\x00\x00z\x01f0",
    "an end in a tuple": b"{)\x030i\x01\x00\x00\x00z\x01f",
    "a count beyond all": marshal.dumps({("a.py", 1, "f"): (1, 1 << 200, 1.0, 1.0, {})}),
    "deep tuples": b"{" + b")\x01" * 100_000,
    "no callers": marshal.dumps({("a.py", 1, "f"): (1, 1, 1.0, 1.0, 0)}),
    "deep": b'{"a": ' * 200_000,
    "no stacks": b'{"start_time": 1.0, "frame_records": []}',
    "a stack without a line": json.dumps({"frame_records": [[["f\0a.py\0"], 1.0]]}).encode(),
    "a stack of numbers": b'{"frame_records": [[[1], 1.0]]}',
    "no frames": b'{"start_time": 1.0, "root_frame": null}',
    "infinite": b'{"format": "flake8_flowperf.monitor", "elapsed_s": Infinity, "functions": []}',
    "huge number": b'{"format": "flake8_flowperf.monitor", "elapsed_s": 1' + b"0" * 5000 + b', "functions": []}',
}


@pytest.mark.parametrize("version", [2, 3, 4])
def test_marshal_of_other_pythons(version: int) -> None:
    """Older ones write no short texts or no references, and all write long numbers and names of any script."""
    profiler = cProfile.Profile()
    profiler.runcall(lambda: code_blocks(SourceFile.parse(WORK)))
    profiler.dump_stats("a.prof")
    stats = marshal.loads(Path("a.prof").read_bytes())
    stats["\u03b1" * 300 + "\udc80", 1, "f" * 300] = (1 << 40, 1 << 40, 0.0, -1.0, {})
    stats["long.py", 1, "f"] = (1, -(1 << 40), 0.0, 1.0, {("x" * 300, 7, "<genexpr>"): (1, 1, 0.5, 0.5)})
    assert marshalled.loads(marshal.dumps(stats, version)) == stats


def test_damaged_marshal() -> None:
    """Whatever bytes are missing or changed, it is read as a profile or told to be none."""
    profiler = cProfile.Profile()
    profiler.runcall(lambda: block_of(source := SourceFile.parse(WORK), source.module))
    profiler.dump_stats("a.prof")
    whole = Path("a.prof").read_bytes()
    assert is_profile(whole)
    assert not any(is_profile(whole[:end]) for end in range(0, len(whole), 97))
    changed = [whole[:at] + bytes([value]) + whole[at + 1 :] for at in range(0, 900, 3) for value in (0, 0x7F, 0xFF)]
    assert {is_profile(data) for data in changed} == {True, False}


def is_profile(data: bytes) -> bool:
    Path("b.prof").write_bytes(data)
    try:
        return bool(read("b.prof").files)
    except ProfileError:
        return False


@pytest.mark.parametrize("name", NO_PROFILES)
def test_what_is_no_profile(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"a.prof": NO_PROFILES[name], "x.py": BROAD})
    with pytest.raises(ProfileError, match=r"\Aa\.prof: "):
        read("a.prof")
    assert main(["--flowperf-profile=a.prof", "x.py"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("flowperf-fix: error: --flowperf-profile: a.prof: ")
    assert error.count("\n") == 1
    assert (tmp_path / "x.py").read_text() == BROAD


def test_unreadable_and_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("nope.prof", "."):
        with pytest.raises(ProfileError, match="cannot be read"):
            read(path)
    write(tmp_path, {"a.prof": GOOD})
    monkeypatch.setattr(reading, "MAX_BYTES", len(GOOD) - 1)
    with pytest.raises(ProfileError, match="more than 0 MiB; profile a shorter run"):
        read("a.prof")


def test_flake8_says_one_line_and_exits_2(tmp_path: Path) -> None:
    write(tmp_path, {"x.py": BROAD})
    status, out, error = command("flake8", "--isolated", "--flowperf-profile=x.py", "x.py", cwd=tmp_path)
    assert (status, out, error.count(b"\n")) == (2, b"", 1)
    assert error.startswith(b"flake8: error: --flowperf-profile: x.py: is no profile; ")


def profile_of(*functions: tuple[str, str, int], first_lines: bool = True) -> Profile:
    """A profile in which the first function takes 1/2 of the time, the next one 1/4, and so on."""
    builder = Builder(total=1.0)
    for power, site in enumerate(functions, 1):
        builder.function(site, 0.0, 2.0**-power, power)
    return builder.profile("some/where.prof", has_first_lines=first_lines)


PATHS = [
    ("src/pkg/mod.py", "src/pkg/mod.py", True),
    ("src/pkg/mod.py", "./src/pkg/mod.py", True),
    ("{here}/src/pkg/mod.py", "src/pkg/mod.py", True),
    ("src/pkg/mod.py", "{here}/src/pkg/mod.py", True),
    ("pkg/mod.py", "src/pkg/mod.py", True),
    ("../src/pkg/mod.py", "src/pkg/mod.py", True),
    ("mod.py", "src/pkg/mod.py", True),
    ("other/mod.py", "src/pkg/mod.py", False),
    ("/build/9/proj/src/pkg/mod.py", "src/pkg/mod.py", True),
    ("/build/pkg/mod.py", "src/pkg/mod.py", True),
    ("/build/mod.py", "src/pkg/mod.py", False),
    ("/build/app.py", "app.py", True),
    ("C:\\work\\src\\pkg\\mod.py", "src/pkg/mod.py", True),
    ("c:\\Work\\SRC\\Pkg\\Mod.py", "src/pkg/mod.py", True),
    ("src\\pkg\\mod.py", "src/pkg/mod.py", True),
    ("/venv/lib/python3.11/site-packages/pkg/mod.py", "src/pkg/mod.py", True),
    ("/venv/lib/python3.11/site-packages/mod.py", "src/pkg/mod.py", True),
    ("/venv/lib/python3.11/site-packages/vendor/pkg/mod.py", "src/pkg/mod.py", False),
    ("/build/src/pkg/mode.py", "src/pkg/mod.py", False),
]


@pytest.mark.parametrize(("profiled", "linted", "expected"), PATHS)
def test_files(profiled: str, linted: str, expected: bool, tmp_path: Path) -> None:
    write(tmp_path, {"src/pkg/mod.py": WORK, "app.py": WORK})
    here = str(tmp_path)
    profile = profile_of((profiled.format(here=here), "spin", 5))
    assert (heat(profile, WORK, linted.format(here=here)) is not None) is expected


def test_the_file_itself_goes_before_others(tmp_path: Path) -> None:
    write(tmp_path, {"a/pkg/mod.py": WORK, "b/pkg/mod.py": WORK})
    profile = profile_of((str(tmp_path / "a/pkg/mod.py"), "spin", 5), ("/build/pkg/mod.py", "recurse", 30))
    assert shares(profile, path="a/pkg/mod.py") == {"spin": 0.5}
    only = profile_of((str(tmp_path / "a/pkg/mod.py"), "spin", 5))
    assert heat(only, WORK, "b/pkg/mod.py") is None
    two = profile_of(("/one/pkg/mod.py", "spin", 5), ("/two/pkg/mod.py", "spin", 5))
    assert heat(two, WORK, "b/pkg/mod.py") is None


def test_a_relative_path_is_looked_for_beside_the_profile_too(tmp_path: Path) -> None:
    write(tmp_path, {"some/mod.py": WORK, "other/mod.py": WORK})
    profile = profile_of(("mod.py", "spin", 5))
    assert shares(profile, path="some/mod.py") == {"spin": 0.5}
    assert heat(profile, WORK, "other/mod.py") is None


def test_links_are_followed(tmp_path: Path) -> None:
    write(tmp_path, {"real/mod.py": WORK})
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert shares(profile_of((str(tmp_path / "real/mod.py"), "spin", 5)), path="link/mod.py") == {"spin": 0.5}


MOVED = {
    "as it was": lambda text: text,
    "lines above": lambda text: "# new\n" * 40 + text,
    "lines between": lambda text: text.replace("class A", "X = [\n" + "    1,\n" * 25 + "]\n\n\nclass A"),
    "without the decorator": lambda text: text.replace("    @deco\n", ""),
    "one more decorator": lambda text: text.replace("    @deco\n", "    @deco\n    @deco\n"),
    "a docstring": lambda text: text.replace(
        "def run(self, depth):\n", 'def run(self, depth):\n        """Long.\n\n\n        """\n'
    ),
}


@pytest.mark.parametrize("change", MOVED)
@pytest.mark.parametrize("first_lines", [True, False])
def test_functions(change: str, first_lines: bool) -> None:
    lines = (19, 26, 11, 30) if first_lines else (21, 27, 16, 31)
    names = ("run", "run", "deco", "recurse")
    profile = profile_of(
        *(("/p/work.py", name, line) for name, line in zip(names, lines, strict=True)), first_lines=first_lines
    )
    if not first_lines and change in ("lines above", "lines between"):
        profile = profile_of(
            *(("/p/work.py", name, line) for name, line in zip(("A.run", "B.run", *names[2:]), lines, strict=True)),
            first_lines=False,
        )
    found = shares(profile, MOVED[change](WORK))
    assert found == {"A.run": 0.5, "B.run": 0.25, "deco": 0.12, "recurse": 0.06}


def test_functions_that_cannot_be_told_apart() -> None:
    text = "class A:\n    def run(self): ...\nclass B:\n    def run(self): ...\n"
    assert shares(profile_of(("work.py", "run", 3)), text) == {}
    assert shares(profile_of(("work.py", "run", 200)), text) == {}
    assert shares(profile_of(("work.py", "run", 4)), text) == {"B.run": 0.5}
    assert shares(profile_of(("work.py", "gone", 4)), text) == {}


GENERATOR = """\
def plain():
    return 1


def sources(base):
    if base is None:
        return (x for x in ())
    return (
        path for path in base.rglob("*") if path.suffix == ".py"
    )


def names(items):
    return sorted(items, key=lambda item: item.name), [i for i in items], (lambda: 1, lambda: 2)
"""


def test_generators_and_lambdas() -> None:
    """What a generator expression takes, wherever it is run, is the time of the function that it stands in."""
    profile = profile_of(
        ("work.py", "<genexpr>", 8), ("work.py", "sources", 5), ("work.py", "<lambda>", 14), ("work.py", "<lambda>", 90)
    )
    found = heat(profile, GENERATOR)
    assert found == {("sources", 0): Heat(0.5, 2), ("names", 0): Heat(0.125, None)}
    moved = profile_of(
        ("work.py", "plain", 1), ("work.py", "sources", 5), ("work.py", "<genexpr>", 8), first_lines=False
    )
    assert shares(moved, "# new\n" * 40 + GENERATOR) == {"plain": 0.5, "sources": 0.25}
    far = profile_of(("work.py", "<genexpr>", 80), ("work.py", "<listcomp>", 14))
    assert shares(far, GENERATOR) == {"names": 0.25}
    source = SourceFile.parse(GENERATOR)
    assert [(block.qualified_name, block.first_line, block.last_line) for block in nameless_blocks(source)][-3:] == [
        ("sources.<locals>.<genexpr>", 7, 7), ("sources.<locals>.<genexpr>", 8, 10), ("names.<locals>.<listcomp>", 14, 14),
    ]  # fmt: skip


def test_a_hot_generator_is_reported(tmp_path: Path) -> None:
    dump = {
        ("x.py", 5, "sources"): (3, 0.0, 0.0), ("x.py", 8, "<genexpr>"): (900, 5.0, 8.0), ("y.py", 1, "go"): (1, 5.0, 10.0),
    }  # fmt: skip
    write(tmp_path, {"x.py": GENERATOR, "a.prof": pstats_of(dump)})
    (line,) = flake8_findings(tmp_path, "--flowperf-profile=a.prof", "x.py")
    assert line.startswith("x.py:9:26: FLP101 ")
    assert line.endswith(" (80% of profiled time, 3 calls)")


def test_functions_of_one_qualified_name() -> None:
    text = "if True:\n    def f(): ...\nelse:\n    def f(): ...\nclass C:\n    @property\n    def p(self): ...\n"
    assert dict(heat(profile_of(("work.py", "f", 2), ("work.py", "f", 4)), text) or {}) == {
        ("f", 0): Heat(0.5, 1),
        ("f", 1): Heat(0.25, 2),
    }


def test_several_profiles() -> None:
    one = profile_of(("work.py", "main", 38), ("work.py", "spin", 5))
    other = profile_of(("work.py", "spin", 5), ("other.py", "x", 5))
    found = Profiles([one, other]).heat(SourceFile.parse(WORK, "work.py"))
    assert found == {("main", 0): Heat(0.5, 1), ("spin", 0): Heat(0.5, 1)}


def test_blocks() -> None:
    source = SourceFile.parse(
        "x = 1\n@d(2)\ndef f(a=3):\n    if a:\n        4\n    g = lambda: 5\n    class C(6):\n        y = 7\n"
    )
    where = {
        node.value: block_of(source, node).qualified_name
        for node in ast.walk(source.module)
        if isinstance(node, ast.Constant)
    }
    assert where == {1: "<module>", 2: "<module>", 3: "<module>", 4: "f", 5: "f", 6: "f", 7: "f.<locals>.C"}
    assert block_of(source, source.module.body[1]).qualified_name == "f"
    assert [(block.first_line, block.last_line) for block in code_blocks(source)[1:]] == [(2, 8), (7, 8)]


PROGRAM = f"""\
import os
import subprocess


{BROAD.replace("def f", "def hot")}

{BROAD.replace("def f", "def cold")}

def run(command):
    os.system("ls %s" % command)
    return subprocess.check_output(["ls", command])
"""


def hot_profile(percent: float = 50.0) -> bytes:
    rest = 100.0 - percent
    return pstats_of({("x.py", 5, "hot"): (7, percent, percent), ("x.py", 11, "cold"): (1, 0.5, 0.5),
                      ("~", 0, "sleep"): (1, rest - 0.5, rest - 0.5)})  # fmt: skip


def flake8_findings(tmp_path: Path, *arguments: str) -> list[str]:
    status, out, error = command("flake8", "--isolated", "--select=FLP1,FLP501", *arguments, cwd=tmp_path)
    assert (status in (0, 1), error) == (True, b"")
    return out.decode().splitlines()


def test_both_doors_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"x.py": PROGRAM, "y.py": BROAD, "a.prof": hot_profile()})
    lines = flake8_findings(tmp_path, "--flowperf-profile=a.prof", "x.py", "y.py")
    assert [line.split()[0] for line in lines] == ["x.py:6:17:", "x.py:18:5:"]
    assert lines[0].endswith(" (50% of profiled time, 7 calls)")
    assert "FLP501" in lines[1]
    assert "profiled" not in lines[1]
    assert main(["--isolated", "--select=FLP1,FLP501", "-v", "--check", "--flowperf-profile=a.prof", "."]) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert "1 finding left out in functions that are not hot; 1 finding left out in files that no profile saw" in error
    options = ["--isolated", "--select=FLP1,FLP501", "--flowperf-profile=a.prof"]
    assert main([*options, "--check", "--output-format=json", "."]) == 1
    left_out = {entry["path"]: entry["left_out"] for entry in json.loads(capsys.readouterr().out)["files"]}
    assert left_out == {
        "./x.py": {"not_hot": 1, "not_profiled": 0},
        "./y.py": {"not_hot": 0, "not_profiled": 1},
    }
    assert main([*options, "."]) == 0
    assert (tmp_path / "x.py").read_text() == PROGRAM.replace(
        BROAD.replace("def f", "def hot"), NARROW.replace("def f", "def hot")
    )
    assert (tmp_path / "y.py").read_text() == BROAD


@pytest.mark.parametrize(("percent", "options", "count"), [
    (2.0, [], 1), (0.9, [], 0), (0.9, ["--flowperf-hot-percent=0.9"], 1), (20.0, ["--flowperf-hot-percent=21"], 0),
    (20.0, ["--flowperf-hot-percent=0.4"], 2), (20.0, ["--flowperf-hot-percent=0"], 2),
])  # fmt: skip
def test_hot_percent(percent: float, options: list[str], count: int, tmp_path: Path) -> None:
    write(tmp_path, {"x.py": PROGRAM, "a.prof": hot_profile(percent)})
    lines = flake8_findings(tmp_path, "--flowperf-profile=a.prof", *options, "x.py")
    assert sum("FLP101" in line for line in lines) == count


def test_without_a_profile_nothing_changes(tmp_path: Path) -> None:
    write(tmp_path, {"x.py": PROGRAM})
    lines = flake8_findings(tmp_path, "x.py")
    assert [line.split()[1] for line in lines] == ["FLP101", "FLP101", "FLP501"]
    assert not any("profiled" in line for line in lines)


def test_configured_profiles(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "x.py": PROGRAM,
            "profiles/a.prof": hot_profile(),
            "b.prof": pstats_of({("y.py", 1, "f"): (1, 1.0, 1.0)}),
            "y.py": BROAD,
            ".flake8": "[flake8]\nflowperf-profile =\n    profiles/a.prof,\n    b.prof\nflowperf-hot-percent = 2\n",
        },
    )
    status, out, error = command("flake8", "--select=FLP101", "x.py", "y.py", cwd=tmp_path)
    assert (status, error) == (1, b"")
    assert [line.split(b":")[0] for line in out.splitlines()] == [b"x.py", b"y.py"]
    status, out, error = command("flowperf-fix", "--check", "--select=FLP101", cwd=tmp_path)
    assert (status, out) == (1, b"")
    assert b"2 files would be changed, 2 fixes would be applied" in error


def test_opt_in_rules_about_speed_are_switched_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And others, such as FLP502, are not; what the user chooses by code holds."""
    write(tmp_path, {"a.prof": GOOD})
    from flake8_flowperf import registry

    monkeypatch.setattr(registry.rules()["FLP101"], "on_by_default", False)

    def selected(*arguments: str) -> set[str]:
        settings = parse_args(["--isolated", *arguments])[1]
        config.apply_profile(settings)
        return {rule.code for rule in config.selected_rules(settings)}

    without, with_profile = selected(), selected("--flowperf-profile=a.prof")
    assert with_profile - without == {"FLP101"} | {
        code for code, rule in registry.rules().items() if rule.only_where_hot and not rule.on_by_default
    }
    assert "FLP502" not in with_profile
    assert "FLP101" not in selected("--flowperf-profile=a.prof", "--extend-ignore=FLP101")
    assert selected("--flowperf-profile=a.prof", "--select=FLP501") == {"FLP501"}


def test_suppressed_findings_are_not_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"y.py": BROAD.replace('("*"):', '("*"):  # noqa: FLP101'), "a.prof": hot_profile()})
    assert main(["--isolated", "--flowperf-profile=a.prof", "y.py"]) == 0
    assert capsys.readouterr().out == "0 files changed, 0 fixes applied\n"


def test_heat_stays_while_a_file_is_fixed(tmp_path: Path) -> None:
    """The lines of a function move when what stands above it is fixed; what is hot is decided before."""
    head = "class A:\n    def run(self, base, use):\n        for path in base.rglob('*'):\n"
    body = "            if path.suffix == '.py':\n                use(path)\n"
    text = (head + body + head.replace("A", "B") + body) * 1
    write(tmp_path, {"x.py": text, "a.prof": pstats_of({("x.py", 2, "run"): (1, 5.0, 5.0),
                                                       ("x.py", 7, "run"): (1, 5.0, 5.0)})})  # fmt: skip
    assert main(["--isolated", "--flowperf-profile=a.prof", "x.py"]) == 0
    assert (tmp_path / "x.py").read_text().count("?*.py") == 2


def test_add_noqa_with_a_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"x.py": PROGRAM, "a.prof": hot_profile()})
    assert main(["--isolated", "--select=FLP101", "--add-noqa", "--flowperf-profile=a.prof", "x.py"]) == 0
    assert "1 finding left out in functions that are not hot" in capsys.readouterr().out
    assert (tmp_path / "x.py").read_text().count("# noqa: FLP101") == 1


def test_the_linter_reads_each_profile_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a.prof": hot_profile()})
    settings = parse_args(["--isolated", "--flowperf-profile=a.prof"])[1]
    calls: list[str] = []

    def counted(path: str, original: Callable[[str], Profile] = read) -> Profile:
        calls.append(path)
        return original(path)

    monkeypatch.setattr("flake8_flowperf.profiles.options.read", counted)
    _read.cache_clear()
    for _ in range(2):
        Linter([], settings)
    assert calls == ["a.prof"]
