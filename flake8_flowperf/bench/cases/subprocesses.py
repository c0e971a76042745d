"""FLP501, FLP502 and FLP503: shell commands and processes (guide section 5)."""

# what the rules report is what is measured here
# flake8: noqa: FLP501, FLP502

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from contextlib import ExitStack

from flake8_flowperf.bench.model import Case, Forms, NotHere, Point


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise NotHere(f"there is no program {name!r}")
    return path


def _listed(*arguments: str) -> str:
    result = subprocess.run([*arguments], capture_output=True, text=True, timeout=30, check=False)
    return result.stdout.rstrip("\n")


def _shell() -> None:
    _program("sh")


def _echo(_: int, __: ExitStack) -> Forms:
    _shell()
    echo = _program("echo")
    return {
        "getoutput(f-string)": lambda: subprocess.getoutput(f'{echo} "hi"'),
        "run([...], timeout=30)": functools.partial(_listed, echo, "hi"),
    }


def _python(_: int, __: ExitStack) -> Forms:
    _shell()
    code = "print(len('hi'))"
    return {
        "getoutput(f-string)": lambda: subprocess.getoutput(f'"{sys.executable}" -S -c "{code}"'),
        "run([...], timeout=30)": functools.partial(_listed, sys.executable, "-S", "-c", code),
    }


def _variable(_: int, __: ExitStack) -> Forms:
    _shell()
    echo = _program("echo")
    command = f"{echo} hi"
    words = [echo, "hi"]
    return {
        "run(command, shell=True)": lambda: subprocess.run(command, shell=True, capture_output=True).stdout,
        "run([...])": lambda: subprocess.run(words, capture_output=True).stdout,
    }


def _captured(milliseconds: int, _: ExitStack) -> Forms:
    words = [_program("sleep"), str(milliseconds / 1000)]
    return {
        "no timeout": lambda: subprocess.run(words, capture_output=True).returncode,
        "timeout=30": lambda: subprocess.run(words, capture_output=True, timeout=30).returncode,
    }


def _inherited(milliseconds: int, _: ExitStack) -> Forms:
    words = [_program("sleep"), str(milliseconds / 1000)]
    return {
        "no timeout": lambda: subprocess.run(words).returncode,
        "timeout=30": lambda: subprocess.run(words, timeout=30).returncode,
    }


CASES = (
    Case(
        "FLP501",
        "the output of echo",
        _echo,
        guide="run([...], timeout=30)",
        sizes=(1,),
        unit="call",
        point=Point.SAFETY,
        is_main=True,
        headline="for an echo",
    ),
    Case(
        "FLP501",
        "the output of a Python child, the guide's example",
        _python,
        guide="run([...], timeout=30)",
        sizes=(1,),
        unit="call",
        point=Point.SAFETY,
    ),
    Case(
        "FLP502",
        "the output is captured",
        _captured,
        guide="timeout=30",
        sizes=(5, 35),
        unit="ms in the child",
        point=Point.SAFETY,
        is_main=True,
        headline="when the output is captured",
    ),
    Case(
        "FLP502",
        "the output is not captured",
        _inherited,
        guide="timeout=30",
        sizes=(5, 35),
        unit="ms in the child",
        point=Point.SAFETY,
    ),
    Case(
        "FLP503",
        "a command in a variable",
        _variable,
        guide="run([...])",
        sizes=(1,),
        unit="call",
        point=Point.SAFETY,
        is_main=True,
        headline="for an echo",
    ),
)
