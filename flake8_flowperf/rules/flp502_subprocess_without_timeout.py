"""FLP502: a process whose output is awaited, for as long as it takes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.rules.flp501_shell_command_string import TIMEOUT
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.processes import WAITING, is_captured, truth_of


class SubprocessWithoutTimeout(Rule[bool]):
    """The output of a process is awaited without a timeout.

    ## What it does
    Finds `subprocess.check_output`, and `subprocess.run`, `call` and `check_call` with `capture_output=True` or a
    stream set to `subprocess.PIPE`, that pass no `timeout=` and no `**` that might hold one. A process whose output is
    not captured is left alone: it is often a tool that a person watches, and the timeout would cost latency. So are
    tests.

    Off by default: most of these calls are short. Switch it on with `--extend-select FLP502` where a process talks to
    the network or runs code of others.

    ## Why is this bad
    A process that hangs, on a lock, a prompt or a silent server, hangs its caller with it, and nothing says so.

    ## Bad
    ```python
    import subprocess


    def head(repository):
        return subprocess.check_output(["git", "ls-remote", repository, "HEAD"], text=True)
    ```

    ## Good
    ```python
    import subprocess


    def head(repository):
        return subprocess.check_output(["git", "ls-remote", repository, "HEAD"], text=True, timeout=30)
    ```

    ## Fix safety
    Unsafe: a process that runs longer is killed, and `subprocess.TimeoutExpired` is raised. No fix beside `shell=True`:
    what is killed is the shell, and the program that it started lives on (evidence item 5).

    ## Evidence
    Evidence item 5: a safety rule. With `timeout=` and without captured output subprocess polls with pauses of up
    to 50 ms; captured output costs nothing.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | the output is captured, 5 ms in the child | **timeout=30** | 1.00 | 1.00 | 0.99 | 1.00 | safety |
    | the output is captured, 35 ms in the child | **timeout=30** | 1.00 | 1.00 | 0.99 | 1.00 | safety |
    | the output is not captured, 5 ms in the child | **timeout=30** | 0.88 | 0.91 | 0.88 | 0.88 | safety |
    | the output is not captured, 35 ms in the child | **timeout=30** | 0.57 | 0.57 | 0.57 | 0.58 | safety |

    ## Options
    `--flowperf-timeout=SECONDS` (default 30): the timeout that the fix writes.
    """

    code = "FLP502"
    name = "subprocess-without-timeout"
    gain = "a safety rule; 0.99-1.00× when the output is captured"
    on_by_default = False
    only_where_hot = False
    looked_for = tuple(name.rpartition(".")[2] for name in WAITING)
    words = ("check_output", "capture_output", "PIPE")
    modules = frozenset({"subprocess"})
    in_tests = False
    calls = WAITING
    options = (TIMEOUT,)

    def may_fire(self, glance: Glance) -> bool:
        """Whether one of the functions that wait is called."""
        return glance.calls({"subprocess": frozenset(self.looked_for)}) != []

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[bool]]:
        """Yield a finding at a call that waits for output for ever; its facts say whether a shell is started."""
        assert isinstance(node, ast.Call)
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if None in keywords or "timeout" in keywords or not is_captured(source, node):
            return
        name = source.names.qualified_name(node.func)
        message = f"{name}() may wait for its output for ever; pass timeout={TIMEOUT.of(self.settings)}"
        yield self.finding(node, source, message, "shell" in keywords and truth_of(keywords["shell"]) is not False)
