"""FLP503: a shell runs a command that comes from elsewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.processes import (
    LISTENED,
    SHELL_MODULES,
    ShellCall,
    may_start_shell,
    shell_call,
    shell_places,
)


class ShellCommandFromVariable(Rule[ShellCall]):
    """A shell runs a command that a parameter, an attribute or a setting holds.

    ## What it does
    Finds the calls of FLP501 whose command is not built where it is run.

    ## Why is this bad
    Whoever builds the command must quote every value for the shell, and nothing here says so. Running a shell line can
    be the very purpose of the function; hence the rule is opt-in.

    ## Bad
    ```python
    import subprocess


    def run(command):
        return subprocess.run(command, shell=True)
    ```

    ## Good
    ```python
    import subprocess


    def run(arguments):
        return subprocess.run(arguments)
    ```

    ## Fix safety
    There is no fix: the callers would have to change.

    ## Evidence
    Evidence item 5: a safety rule; a list of arguments saves the start of the shell.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | a command in a variable, 1 call | **run([...])** | 1.71 | 1.89 | 1.79 | 1.85 | safety |

    ## Options
    None.
    """

    code = "FLP503"
    name = "shell-command-from-variable"
    gain = "a safety rule; 1.71-1.89× for an echo"
    on_by_default = False
    only_where_hot = False
    modules = SHELL_MODULES
    calls = LISTENED

    def may_fire(self, glance: Glance) -> bool:
        """Whether a shell is asked for."""
        return glance.fact(may_start_shell)

    def places(self, glance: Glance) -> Iterable[int] | None:
        """Where a shell is asked for."""
        return glance.fact(shell_places)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[ShellCall]]:
        """Yield a finding when the call *node* hands a command from elsewhere to a shell."""
        assert isinstance(node, ast.Call)
        found = shell_call(source, node)
        if found is not None and not found.is_built_here:
            message = f"{found.function}() runs a command from elsewhere through a shell; take a list of arguments"
            yield self.finding(node, source, message, found)
