"""The calls that start processes: through a shell, and with what command."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from flake8_flowperf.source.command_text import is_built_here, is_list
from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.glance import GAP, Glance

RUNNERS = tuple(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen"))
"""The functions that start a shell only when they are told to."""

WAITING = tuple(name for name in RUNNERS if name != "subprocess.Popen")
"""The functions that return when the process has ended, and take a timeout."""

SHELLS = (
    "os.system", "os.popen", "os.popen2", "os.popen3", "os.popen4", "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "commands.getoutput", "commands.getstatusoutput", "popen2.popen2", "popen2.popen3", "popen2.popen4",
    "asyncio.create_subprocess_shell", "asyncio.subprocess.create_subprocess_shell",
)  # fmt: skip
"""The functions that always start a shell."""

DEFERRED = ("atexit.register", "functools.partial")
"""The functions that call their first argument later, with the others."""

SHELL_MODULES = frozenset(name.partition(".")[0] for name in (*RUNNERS, *SHELLS))
"""A file that imports none of these starts no shell."""

LISTENED = (*RUNNERS, *SHELLS, *DEFERRED)

_LONGEST_OWNER = 40


@dataclass(frozen=True)
class ShellCall:
    """A call that hands *command* to a shell; *function* is the qualified name of what starts it."""

    call: ast.Call
    function: str
    command: ast.expr
    is_deferred: bool
    is_list: bool
    is_built_here: bool


_TOLD = re.compile(r"shell[\s\\]*=(?!=)" + GAP + r"(?:True\b|[^A-Za-z_\s])")
_IMPORTED = re.compile(r"from[\s\\]+(?:os|popen2)[\s\\]+import\b")


def may_start_shell(glance: Glance) -> bool:
    """Whether a text perhaps starts a shell: it says ``shell=`` and not False, or names a function that starts one."""
    text = glance.text
    if glance.has(("getoutput", "getstatusoutput", "create_subprocess_shell")) or _TOLD.search(text):
        return True
    for name in ("system", *(("popen", "popen2", "popen3", "popen4") if glance.has(("popen",)) else ())):
        for start in glance.names(name):
            before = text[max(0, start - _LONGEST_OWNER) : start].rstrip(" \t\\")
            if (before.endswith(".") and not before.endswith("platform.")) or _IMPORTED.search(text):
                return True
    return False


def shell_places(glance: Glance) -> list[int] | None:
    """Where a text perhaps starts a shell; None when a function that starts one gets another name."""
    functions = glance.places(*sorted({name.rpartition(".")[2] for name in SHELLS}))
    return [*functions, *glance.names("shell")] if functions is not None else None


def shell_call(source: SourceFile, call: ast.Call) -> ShellCall | None:
    """What *call* hands to a shell, None when it starts none for sure."""
    function = source.names.qualified_name(call.func)
    arguments = call.args
    is_deferred = function in DEFERRED
    if is_deferred and arguments:
        function = source.names.qualified_name(arguments[0])
        arguments = arguments[1:]
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if function in RUNNERS:
        match keywords.get("shell"):
            case ast.Constant(value=value) if value:
                pass
            case ast.List(elts=[_, *_]) | ast.Tuple(elts=[_, *_]):
                pass
            case _:
                return None
        command = keywords.get("args")
    elif function in SHELLS:
        command = keywords.get("cmd") or keywords.get("command")
    else:
        return None
    assert function is not None
    if arguments and not isinstance(arguments[0], ast.Starred):
        command = arguments[0]
    if command is None:
        return None
    listed = is_list(source, command)
    return ShellCall(call, function, command, is_deferred, listed, is_built_here(source, command))


def truth_of(node: ast.expr) -> bool | None:
    """The truth value of a constant or a display, None for what is only known at run time."""
    match node:
        case ast.Constant(value=value):
            return bool(value)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items) | ast.Dict(values=items):
            return bool(items)
    return None


def is_captured(source: SourceFile, call: ast.Call) -> bool:
    """Whether a call of one of WAITING reads the output of the process through a pipe."""
    if source.names.qualified_name(call.func) == "subprocess.check_output":
        return True
    return any(
        (keyword.arg == "capture_output" and truth_of(keyword.value) is True)
        or (keyword.arg in ("stdout", "stderr") and source.names.qualified_name(keyword.value) == "subprocess.PIPE")
        for keyword in call.keywords
    )
