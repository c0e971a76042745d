"""FLP501: a command is put together as a string and handed to a shell."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from flake8_flowperf.model import Finding, Option, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.command_text import interpolated, last_name
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.processes import (
    LISTENED,
    SHELL_MODULES,
    ShellCall,
    may_start_shell,
    shell_call,
    shell_places,
)

TIMEOUT: Option[int] = Option(
    "--flowperf-timeout", 30, "seconds that the fixes of FLP501 and FLP502 give a process", type=int
)


class ShellCommandString(Rule[ShellCall]):
    """A shell takes a command apart that the program has just put together.

    ## What it does
    Finds `os.system`, `os.popen`, `subprocess.getoutput`, `getstatusoutput`, `asyncio.create_subprocess_shell`, and
    `subprocess.run`, `call`, `check_call`, `check_output` and `Popen` with a constant true `shell=`, also handed to
    `atexit.register` or `functools.partial`, when the command is a literal, an f-string, built by `%`, `+`, `format`,
    `join` or `replace`, or a local name that holds nothing else. A list beside `shell=True` counts too: the shell gets
    its first item only. A command that comes from elsewhere is FLP503.

    ## Why is this bad
    A value with a blank, a quote or a `;` becomes other words or another command. A list of arguments cannot be
    misread, and saves the start of the shell.

    ## Bad
    ```python
    import subprocess


    def run_script(argument):
        subprocess.run(f'python script.py "{argument}"', shell=True, timeout=30)
    ```

    ## Good
    ```python
    import subprocess
    import sys


    def run_script(argument):
        subprocess.run([sys.executable, "script.py", argument], timeout=30)
    ```

    ## Fix safety
    Nearly always unsafe: a missing program raises FileNotFoundError where the shell returns 127; `getoutput` and
    `getstatusoutput` merge the error output and strip the last newline, and know no timeout; `python` becomes
    `sys.executable`; a parameter that stood in quotes has to be a string (other values of unknown type become
    `str(value)`). Safe only for a constant command of plain words, the program named by its absolute path, in
    `subprocess.run`, `call`, `check_call` or `check_output` that is the last statement of a `try` whose single handler
    takes every exception and does nothing with it, with the error output discarded: then a missing program cannot be
    told apart. No fix for what only a shell can do (pipes, globs, `$VAR`, `~`, redirections to files, several
    commands, builtins), for values that may be empty or several words, where the code counts on the status of a
    missing program (a probe, a fallback, a handler for CalledProcessError alone), and where the exit status of
    os.system is more than tested for zero.

    ## Evidence
    Evidence item 5: a safety rule; the guide's 20-30 % were not reproduced for its own example, a Python child.
    With `timeout=` a process that is not captured is polled, see FLP502.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | the output of echo, 1 call | **run([...], timeout=30)** | 1.35 | 1.25 | 1.08 | 1.27 | safety |
    | the output of a Python child, the guide's example, 1 call | **run([...], timeout=30)** | 1.08 | 1.09 | 1.00 | 1.04 | safety |

    ## Options
    `--flowperf-timeout=SECONDS` (default 30): the `timeout=` that the fix of getoutput writes.
    """

    code = "FLP501"
    name = "shell-command-string"
    only_where_hot = False
    gain = "a safety rule; 1.08-1.35× for an echo"
    modules = SHELL_MODULES
    calls = LISTENED
    options = (TIMEOUT,)

    def may_fire(self, glance: Glance) -> bool:
        """Whether a shell is asked for."""
        return glance.fact(may_start_shell)

    def places(self, glance: Glance) -> Iterable[int] | None:
        """Where a shell is asked for."""
        return glance.fact(shell_places)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[ShellCall]]:
        """Yield a finding when the call *node* hands a command that is built here to a shell."""
        assert isinstance(node, ast.Call)
        found = shell_call(source, node)
        if found is None or not found.is_built_here:
            return
        name = found.function.removeprefix("asyncio.subprocess.")
        if found.is_list:
            message = f"{name}() with shell=True passes only the first item on; drop shell=True"
        else:
            values = [last_name(value) for value in interpolated(source, found.command)]
            shown = next((value for value in values if value is not None and len(value) <= 20), None)
            what = f"lets a shell read {shown!r}" if shown else "hands a command string to a shell"
            message = f"{name}() {what}; pass a list of arguments"
        yield self.finding(node, source, message, found)
