"""What a person sees: the rules' documentation, the help, and the progress bar; in colours on a terminal only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flake8_flowperf import progress, registry
from flake8_flowperf.cli import main
from tests.support import BROAD, BROKEN, SEVERAL, command, write

pty = pytest.importorskip("pty", reason="this platform has no pseudo-terminals")
CODE = "import sys; from flake8_flowperf import cli, progress; progress.PATIENCE = 0; raise SystemExit(cli.main())"
RULES = registry.rules()


def on_terminal(*arguments: str, cwd: Path, terminals: tuple[int, ...] = (1, 2), **env: str) -> tuple[str, str]:
    """What ``flowperf-fix`` writes to a terminal, and what to the other streams, which are pipes."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "--isolated", *arguments],
        cwd=cwd,
        stdout=theirs if 1 in terminals else subprocess.PIPE,
        stderr=theirs if 2 in terminals else subprocess.PIPE,
        env={**environment, "TERM": "xterm-256color", "COLUMNS": "100", **env},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux's way to say that the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    piped = b"".join(part for part in process.communicate(timeout=60) if part)
    return shown.decode(), piped.decode()


def colours(text: str) -> set[str]:
    """The colours that escape sequences in *text* ask for."""
    numbers = {number for sequence in re.findall(r"\x1b\[([\d;]*)m", text) for number in sequence.split(";")}
    return {number for number in numbers if re.fullmatch(r"[349][0-8]|10[0-7]", number)}


@pytest.mark.parametrize("code", RULES)
def test_explain(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for word in (code, code.lower(), RULES[code].name):
        with pytest.raises(SystemExit, match="0"):
            main(["--explain", word])
        shown.append(capsys.readouterr().out)
    assert len(set(shown)) == 1
    assert shown[0].startswith(f"# {code} {RULES[code].name} (")
    assert shown[0].endswith(f"{RULES[code].documentation()}\n")


@pytest.mark.parametrize(
    ("word", "hint"),
    [("FLP1O1", "did you mean FLP101?"), ("broad-file-scam", "broad-file-scan"), ("x", "--list-rules")],
)
def test_no_such_rule(word: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--explain", word]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"flowperf-fix: error: --explain: there is no rule {word!r}; ")
    assert hint in error


def test_list_rules(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--list-rules"])
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["code", "name", "default", "fixes"]
    assert [row.split()[0] for row in rows] == list(RULES)
    for row in rows:
        code, name, default, fixes, summary = row.split(maxsplit=4)
        rule = RULES[code]
        assert (name, default) == (rule.name, "on" if rule.on_by_default else "opt-in")
        assert (fixes == "yes") == (code in registry.codemods())
        assert rule.documentation().startswith(summary)


def test_broken_configuration_does_not_keep_from_help(tmp_path: Path) -> None:
    write(tmp_path, {".flake8": "[flake8\n"})
    for argument in ("--list-rules", "--explain=FLP101", "--help", "--version"):
        status, out, error = command("flowperf-fix", argument, cwd=tmp_path)
        assert (status, error, bool(out)) == (0, b"", True)


@pytest.mark.parametrize("arguments", [["--explain=FLP101"], ["--list-rules"]], ids=" ".join)
def test_colours_on_a_terminal_only(arguments: list[str], tmp_path: Path) -> None:
    shown, _ = on_terminal(*arguments, cwd=tmp_path)
    assert "FLP101" in shown
    assert "\x1b[" in shown
    plain, _ = on_terminal(*arguments, cwd=tmp_path, NO_COLOR="1")
    assert "FLP101" in plain
    assert colours(shown)
    assert not colours(plain)
    assert "\x1b" not in on_terminal(*arguments, cwd=tmp_path, TERM="dumb")[0]
    _, piped = on_terminal(*arguments, cwd=tmp_path, terminals=())
    assert "FLP101" in piped
    assert "\x1b" not in piped


def test_progress_is_shown_on_a_terminal_and_taken_away(tmp_path: Path) -> None:
    write(tmp_path, {f"m{number}.py": BROAD + SEVERAL for number in range(5)})
    write(tmp_path, {"bad.py": BROKEN})
    shown, _ = on_terminal("--check", "-v", cwd=tmp_path)
    assert re.search(r"\d/6\S* files", shown)
    assert "\x1b[2K" in shown, "the line is cleared"
    assert shown.count("bad.py:1: does not parse: ") == 1
    assert shown.count("only with --unsafe-fixes: the files come grouped by suffix]\r\n") == 5
    assert shown.endswith("1 file could not be processed\r\n")
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h"), "the cursor is back"
    for arguments, terminals in ((["--check"], (1,)), (["--check", "-q"], (2,)), (["--check", "-q"], (1, 2))):
        shown, piped = on_terminal(*arguments, cwd=tmp_path, terminals=terminals)
        assert not re.search(r"/6\S* files", shown + piped)
    shown, piped = on_terminal("--diff", cwd=tmp_path, terminals=(2,))
    assert re.search(r"\d/6\S* files", shown)
    assert "\x1b" not in piped
    assert piped.count("+++ b/") == 5


def test_progress_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 0.9, 1.1, 1.2])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    shown: list[int] = []
    monkeypatch.setattr(progress.Bar, "_show", lambda _, number: shown.append(number))
    assert list(progress.Bar(3, shown=True).count("abc")) == ["a", "b", "c"]
    assert shown == [2, 3]


COMPLETED = {
    "an option": ("--expl", "--explain"),
    "a code": ("--explain FLP10", "FLP101 FLP102"),
    "a format": ("--output-format s", "sarif"),
    "a choice of a rule": ("--flowperf-scan w", "walk"),
    "a path": ("--diff a", "a.py"),
    "a folder": ("--cache-dir f", "folder"),
}


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_completion(tmp_path: Path) -> None:
    """The script in a real shell: what it offers for the last word."""
    pytest.importorskip("shtab", reason="shtab, of the extra 'completion', is not installed")
    status, script, _ = command("flowperf-fix", "--print-completion", "bash", cwd=tmp_path)
    assert status == 0
    write(tmp_path, {"completion": script, "a.py": "", "folder/b.py": ""})
    lines = ["source completion"]
    for line, _ in COMPLETED.values():
        lines += [f"COMP_WORDS=(flowperf-fix {line}); COMP_CWORD={line.count(' ') + 1}; COMPREPLY=()"]
        lines += ["_shtab_flowperf_fix", 'echo "${COMPREPLY[*]}"']
    run = subprocess.run(
        ["bash", "--norc"], input="\n".join(lines), cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.splitlines() == [offered for _, offered in COMPLETED.values()]
    for shell in ("zsh", "tcsh"):
        assert b"--flowperf-scan" in command("flowperf-fix", "--print-completion", shell, cwd=tmp_path)[1]


def test_completion_without_shtab(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["--print-completion", "bash"]) == 2
    assert capsys.readouterr().err.endswith("needs shtab: pip install flake8-flowperf[completion]\n")


def test_help_reads_well(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = capsys.readouterr().out
    assert text.startswith("usage: flowperf-fix [options] [PATH ...]\n")
    groups = ["where:", "what to do:", "what to tell:", "about the rules and the program:", "examples:", "exit status:"]
    places = [text.index(f"\n{group}\n") for group in groups]
    assert places == sorted(places)
    for option in ("--explain CODE", "--since REV", "--add-noqa", "--jobs N|auto", "--statistics", "--select CODES"):
        assert option in text


def test_module_is_the_command(tmp_path: Path) -> None:
    run = [sys.executable, "-m", "flake8_flowperf", "--version"]
    assert subprocess.run(run, capture_output=True, check=True, timeout=60, cwd=tmp_path).stdout.startswith(
        b"flowperf-fix "
    )
