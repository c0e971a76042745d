"""Files that are made to hurt, runs that are killed, and runs that meet: every file is the old one or the new one."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from flake8_flowperf.cli import main
from flake8_flowperf.fixing import files
from tests.support import BROAD, BROKEN, NARROW, SEVERAL, heed_interrupts, unmeasured, write

CODE = "from flake8_flowperf.cli import main; raise SystemExit(main())"
RUN = [sys.executable, "-c", CODE, "--isolated"]
IN_PARENTHESES = "(" * 3000 + "1" + ")" * 3000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


UNTOUCHED: dict[str, tuple[str | bytes, str]] = {
    "nothing at all": (b"", ""),
    "one newline": (b"\n", ""),
    "nothing of ours": (b"x = 1\r\ny = 2\rz = 3\n\x0c\n", ""),
    "nothing of ours, and no Python": (b"\x00 print 'x'\n", ""),
    "NUL": (b"glob = 1\0\n" + BROAD.encode(), "does not parse: "),
    "3,000 parentheses": (f"{BROAD}x = {IN_PARENTHESES}\n", "does not parse: too many nested parentheses"),
    "3,000 parentheses in the fix": (
        BROAD.replace('".py"', f'".py" and {IN_PARENTHESES}'),
        "does not parse: too many nested parentheses",
    ),
    "sum of 5,000": (BROAD + "x = " + "+".join("a" * 5000) + "\n", "it is nested too deeply"),
    "5,000 attributes": (BROAD + "x = a" + ".b" * 5000 + "\n", "it is nested too deeply"),
    "3,000 elif": (BROAD + "if a: pass\n" + "elif a: pass\n" * 3000, "it is nested too deeply"),
    "101 blocks": (
        BROAD + "".join(" " * depth + "if a:\n" for depth in range(101)) + " " * 101 + "pass\n",
        "does not parse: ",
    ),
    "syntax error": (BROAD + "def\n", ":5: does not parse: invalid syntax"),
    "tabs and blanks": (BROAD + "if a:\n        b\n\tc\n", ":7: does not parse: "),
    "Python 2": (BROAD + "print 'x'\n", ":5: does not parse: "),
    "Python 2, except": (BROAD + "try: x\nexcept E, e: pass\n", ":6: does not parse: "),
    "Python 2, ur": (BROAD + "x = ur'y'\n", ":5: does not parse: "),
    "undecodable": (BROAD.encode() + b"# \xff\n", ":5: cannot be decoded as utf-8: invalid start byte"),
    "UTF-16": (BROAD.encode("utf-16"), "cannot be decoded as utf-8: invalid start byte"),
    "mark and another cookie": (b"\xef\xbb\xbf# coding: latin-1\n" + BROAD.encode(), "cannot be decoded: "),
    "unknown cookie": (b"# coding: klingon\n" + BROAD.encode(), "cannot be decoded: unknown encoding: klingon"),
    "codec that is not one of text": (b"# coding: hex\n" + BROAD.encode(), "cannot be decoded: "),
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_one_line_says_why_and_the_file_stays(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, message = UNTOUCHED[name]
    write(folder, {"a.py": content, "b.py": BROAD})
    before = (folder / "a.py").read_bytes()
    assert main(["--isolated", "--unsafe-fixes"]) == (2 if message else 0)
    error = capsys.readouterr().err
    assert error.count("\n") == bool(message)
    assert message in error
    assert error.startswith("./a.py:" if message else "")
    assert (folder / "a.py").read_bytes() == before
    assert (folder / "b.py").read_text() == NARROW


COOKIES = {
    "latin-1": "é",
    "cp1252": "€",
    "utf-8": "\U0001f600",
    "euc-jp": "日本",
    "gb18030": "中文\U0001f600",
    "koi8-r": "Привет",
    "iso2022_jp": "日本",
    "utf-7": "é",
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("encoding", COOKIES)
def test_cookies(encoding: str, newline: str, folder: Path) -> None:
    head = f"# -*- coding: {encoding} -*-\nx = '{COOKIES[encoding]}'\n"
    path = folder / "a.py"
    path.write_bytes((head + BROAD).replace("\n", newline).encode(encoding))
    status = main(["--isolated", "a.py"])
    assert (status, path.read_bytes()) == (0, (head + NARROW).replace("\n", newline).encode(encoding))


@pytest.mark.parametrize(("encoding", "status"), [("utf-8", 0), ("latin-1", 2)])
def test_carriage_returns_alone(encoding: str, status: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Python reads such a file; tokenize, which looks for the cookie, takes it for a single line."""
    data = f"# coding: {encoding}\n# é\n{BROAD}".replace("\n", "\r").encode(encoding)
    write(folder, {"a.py": data})
    assert main(["--isolated", "-v", "a.py"]) == status
    captured = capsys.readouterr()
    expected = "[no fix: libcst does not give this code back unchanged]" if not status else "cannot be decoded"
    assert expected in captured.out + captured.err
    assert (folder / "a.py").read_bytes() == data


def test_50_000_lines(folder: Path) -> None:
    lines = "# line\n" * 25_000 + "f()\n" * 25_000
    write(folder, {"a.py": BROAD + lines})
    assert main(["--isolated", "a.py"]) == 0
    assert (folder / "a.py").read_text() == NARROW + lines


def test_odd_entries_of_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Found while a folder is walked, not named: only what is a file and ends in .py is read."""
    write(folder, {"sub/a.py": BROAD, "x.py/inner.py": BROAD, "with blank/b c.py": BROAD, "sub/c.py.bak": BROAD})
    os.mkfifo(folder / "sub/fifo.py")
    (folder / "sub/dangling.py").symlink_to("nowhere")
    (folder / "sub/circle.py").symlink_to("circle.py")
    (folder / "sub/up").symlink_to("..")
    (folder / "sub/up.py").symlink_to("..")
    assert main(["--isolated", "."]) == 2
    captured = capsys.readouterr()
    assert sorted(captured.err.splitlines()) == [
        "./sub/circle.py: cannot be read: Too many levels of symbolic links",
        "./sub/dangling.py: cannot be read: No such file or directory",
        "./sub/fifo.py: cannot be read: not a regular file",
    ]
    assert captured.out.startswith("3 files changed, 3 fixes applied (FLP101: 3); 3 files ")
    assert (folder / "x.py/inner.py").read_text() == NARROW
    assert (folder / "sub/c.py.bak").read_text() == BROAD
    assert stat.S_ISFIFO((folder / "sub/fifo.py").stat().st_mode)


@pytest.mark.parametrize("utf8_mode", ["0", "1"])
def test_c_locale(utf8_mode: str, folder: Path) -> None:
    """What the locale thinks of bytes decides about neither the files nor their names."""
    names = [b"\xc3\xa9 \xff.py", "\N{SNOWMAN}.py".encode(), b"with blank.py"]
    dress = "# é\N{SNOWMAN}\n".encode()
    latin = b"# coding: latin-1\n# \xe9\n"
    paths = [Path(os.fsdecode(os.path.join(os.fsencode(folder), name))) for name in names]
    for path, head in zip(paths, (dress, latin, dress), strict=True):
        path.write_bytes(head + BROAD.encode())
    write(folder, {"bad \N{SNOWMAN}.py": "x = '\N{SNOWMAN}'\n" + BROKEN})
    run = subprocess.run(
        [*RUN, "-v"],
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": utf8_mode},
    )
    shown = "bad \N{SNOWMAN}.py".encode()
    if utf8_mode == "0":
        shown = shown.decode("ascii", "surrogateescape").encode("ascii", "backslashreplace")
    assert run.returncode == 2
    assert run.stderr.startswith(b"./" + shown + b":2: does not parse: ")
    assert run.stderr.count(b"\n") == 1
    assert [path.read_bytes() for path in paths] == [head + NARROW.encode() for head in (dress, latin, dress)]


@pytest.mark.parametrize("link", ["nowhere.py", "a.py"], ids=["dangling", "circle"])
def test_links_that_lead_nowhere_are_named(link: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.py").symlink_to(link)
    write(folder, {"b.py": BROAD})
    assert main(["--isolated", "a.py", "b.py"]) == 2
    reason = {"nowhere.py": "No such file or directory", "a.py": "Too many levels of symbolic links"}[link]
    assert capsys.readouterr().err == f"a.py: cannot be read: {reason}\n"
    assert os.readlink(folder / "a.py") == link
    assert (folder / "b.py").read_text() == NARROW
    assert sorted(path.name for path in folder.iterdir()) == ["a.py", "b.py"]


def test_no_file_may_grow_any_more(folder: Path) -> None:
    """A real refusal of the system to write, at some byte of the new text."""
    resource = pytest.importorskip("resource", reason="this platform has no such limits")
    write(folder, {"a.py": BROAD + "# filler\n" * 2000})
    limit = [
        "-c",
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, {resource.RLIM_INFINITY})); {CODE}",
    ]
    run = subprocess.run(
        [sys.executable, *limit, "--isolated"], capture_output=True, check=False, timeout=60, env=unmeasured()
    )
    assert (run.returncode, run.stderr) == (2, b"./a.py: cannot be written: File too large\n")
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("a.py", BROAD + "# filler\n" * 2000)]


AS_NOBODY = """
import os
from flake8_flowperf.cli import main
from flake8_flowperf.fixing import files

main(["--isolated", "--no-cache", "--quiet", "--check", "sub"])  # loads what nobody may not be allowed to read
if not os.geteuid():  # nothing is forbidden to root
    os.setresuid(65534, 65534, 65534)
raise SystemExit(main(["--isolated", "--no-cache", "sub"]))
"""


def test_folder_that_is_read_only() -> None:
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        sub = Path(name) / "sub"
        write(sub, {"a.py": BROAD})
        if os.geteuid() == 0:
            os.chown(sub / "a.py", 65534, 65534)
        sub.chmod(0o555)
        run = subprocess.run(
            [sys.executable, "-c", AS_NOBODY], cwd=name, capture_output=True, check=False, timeout=60, env=unmeasured()
        )
        sub.chmod(0o755)
        assert (run.returncode, run.stderr) == (2, b"sub/a.py: cannot be written: Permission denied\n")
        assert [(path.name, path.read_text()) for path in sub.iterdir()] == [("a.py", BROAD)]


STEPS = ["fsync", "fchmod", "replace", "after replace"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform has no SIGKILL")
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step(step: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"a.py": BROAD})
    kill = "lambda *_: os.kill(os.getpid(), 9)"
    patch = (
        f"rename = os.replace; os.replace = lambda *a: (rename(*a), ({kill})())"
        if step == "after replace"
        else f"os.{step} = {kill}"
    )
    run = subprocess.run([sys.executable, "-c", f"import os; {patch}; {CODE}", "--isolated"], check=False, timeout=60)
    assert run.returncode == -signal.SIGKILL
    assert (folder / "a.py").read_text() == (NARROW if step == "after replace" else BROAD)
    leftovers = [path.name for path in folder.iterdir() if path.name.startswith(files.TEMPORARY_PREFIX)]
    assert len(leftovers) == (step != "after replace")
    assert main(["--isolated", "--check"]) == (step != "after replace")
    assert len(list(folder.iterdir())) == 1 + len(leftovers), "--check writes nothing"
    assert main(["--isolated"]) == 0
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("a.py", NARROW)]
    assert capsys.readouterr().err.count("\n") == 1, "the summary of --check alone"


KILLS = 200
KILLER = """
import gc, json, os, sys
from flake8_flowperf.cli import main
from flake8_flowperf.fixing import files, loop
from flake8_flowperf.registry import codemods
from tests.support import BROAD, NARROW

codemods()
names = [f"m{number}.py" for number in range(6)]
old, new = BROAD.encode(), NARROW.encode()
kills, signal = map(int, sys.argv[1:])

def run(last):
    '''The wait status and the steps of a run that kills itself at step *last* of what it does with files.'''
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        steps = 0

        def step(frame, event, argument):
            nonlocal steps
            if frame.f_code.co_filename == files.__file__:
                steps += 1
                if steps == last:
                    os.kill(os.getpid(), signal)

        def watched(function):
            def watch(*arguments):
                sys.setprofile(step)
                try:
                    return function(*arguments)
                finally:
                    sys.setprofile(None)
            return watch

        files.replace, files.remove_leftovers = watched(files.replace), watched(files.remove_leftovers)
        status = main(["--isolated", "-q"])
        os.write(writing, str(steps).encode())
        os._exit(status)
    os.close(writing)
    status = os.waitpid(process, 0)[1]
    with open(reading, "rb") as pipe:
        return status, int(pipe.read() or 0)

def contents():
    found = {}
    for name in sorted(os.listdir()):
        with open(name, "rb") as file:
            found[name] = file.read()
    return found

def lay_out():
    for name in names:
        with open(name, "wb") as file:
            file.write(old)

lay_out()
main(["--isolated", "-q", "--check", "--no-cache"])  # loads what every run would load for itself
gc.freeze()
status, steps = run(0)
told = {"status": status, "steps": steps, "killed": 0, "interrupted": 0, "between": 0, "leftovers": 0, "torn": []}
for number in range(kills):
    lay_out()
    status = run(1 + number * steps // kills)[0]
    told["killed"] += os.WIFSIGNALED(status)
    told["interrupted"] += os.waitstatus_to_exitcode(status) == 130
    now = contents()
    told["torn"] += [name for name in names if now[name] not in (old, new)]
    told["between"] += len({now[name] for name in names}) == 2
    told["leftovers"] += len(now) > len(names)
told["end"] = run(0)[0], [name for name, content in contents().items() if content == new], len(contents())
print(json.dumps(told))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork, and starting 200 programs takes long")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_stopped_hundreds_of_times(name: str, folder: Path) -> None:
    """At steps that lie evenly over all that a run does with files, from Python's calls down to the system's."""
    stop = signal.Signals[name]
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLER, str(KILLS), str(int(stop))],
        capture_output=True,
        check=False,
        env=unmeasured(),
        preexec_fn=heed_interrupts,
    )
    assert run.returncode == 0
    told = json.loads(run.stdout)
    assert told["torn"] == []
    assert told["status"] == 0
    assert told["steps"] > KILLS
    assert told["killed" if stop == signal.SIGKILL else "interrupted"] == KILLS
    line = "flowperf-fix: interrupted; every file is as it was or fixed\n"
    assert run.stderr.decode() == line * told["interrupted"]
    assert told["between"] > KILLS // 2, "most of them amid the tree"
    if stop == signal.SIGKILL:
        assert told["leftovers"] > 0, "some of them with a temporary file beside"
    assert told["end"] == [0, [f"m{number}.py" for number in range(6)], 6], "the next run removes it"
    assert len(list(folder.iterdir())) == 6


def test_interrupted_for_real(folder: Path) -> None:
    old, new = BROAD * 10, NARROW * 10
    paths = [folder / f"m{number}.py" for number in range(100)]
    write(folder, {path.name: old for path in paths})
    process = subprocess.Popen(
        [*RUN, "--jobs=1"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=unmeasured(),
        preexec_fn=heed_interrupts,
    )
    while process.poll() is None and not any(path.read_text() == new for path in paths):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, b"flowperf-fix: interrupted; every file is as it was or fixed\n")
    texts = [path.read_text() for path in folder.iterdir()]
    assert set(texts) == {old, new}
    assert len(texts) == 100, "no temporary file stays"
    assert texts.count(new) - int(out.split()[0]) in (0, 1), "it may come just after a file was written"


CHANGED = "changed while it was being fixed; left as it is"
LOCKED = "locked by another program; left as it is"


def test_runs_that_meet(folder: Path) -> None:
    """Three at once on one tree: each file is fixed by one of them; the others find it fixed, or say that it changed."""
    write(folder, {f"m{number}.py": (BROAD + SEVERAL) * 3 for number in range(40)})
    runs = [subprocess.Popen(RUN, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    changed = 0
    for run in runs:
        out, error = run.communicate(timeout=120)
        assert run.returncode == (2 if error else 0)
        for line in error.decode().splitlines():
            assert line.rpartition(".py: ")[2] in (CHANGED, LOCKED)
        changed += int(out.split()[0])
    assert changed == 40, "what is told as changed was changed by this run"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        f"m{number}.py": (NARROW + SEVERAL) * 3 for number in range(40)
    }
