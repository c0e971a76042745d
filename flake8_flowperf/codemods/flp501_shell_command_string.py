"""FLP501: the command becomes a list of arguments."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Sequence

import libcst as cst

from flake8_flowperf.codemods.argument_list import ArgumentList
from flake8_flowperf.fixing.layout import fitted
from flake8_flowperf.fixing.slices import expression_slice, source_of, statement_slice
from flake8_flowperf.model import Edit, Finding, Fix, NoFix, Safety
from flake8_flowperf.rules.flp501_shell_command_string import TIMEOUT
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.command_text import CommandText, Value, command_text
from flake8_flowperf.source.exit_status import is_only_tested, tells_missing
from flake8_flowperf.source.names import Kind
from flake8_flowperf.source.processes import RUNNERS, ShellCall
from flake8_flowperf.source.shell_words import CannotSplit, SimpleCommand, split

_OUTPUTS = frozenset({"subprocess.getoutput", "commands.getoutput"})
_STATUS_OUTPUTS = frozenset({"subprocess.getstatusoutput", "commands.getstatusoutput"})
_EXEC = frozenset({"asyncio.create_subprocess_shell", "asyncio.subprocess.create_subprocess_shell"})


def fix(finding: Finding[ShellCall], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:
    """A list of arguments in the place of the command string, and the call that takes it."""
    found = finding.facts
    if found.is_list:
        return NoFix("a list beside shell=True: decide whether the shell or the other items are meant")
    try:
        text = command_text(source, found.command)
        command = split(text.pieces)
        constants = [word.constant or "" for word in command.words]
        reason = tells_missing(source, found.call, constants)
        if reason is not None:
            return NoFix(reason)
        return _Rewrite(found, text, command, source, settings).fix()
    except CannotSplit as refusal:
        return NoFix(str(refusal))


class _Rewrite:
    """The rewrite of one call."""

    def __init__(
        self,
        found: ShellCall,
        text: CommandText,
        command: SimpleCommand[Value],
        source: SourceFile,
        settings: argparse.Namespace,
    ) -> None:
        self.found = found
        self.text = text
        self.command = command
        self.source = source
        self.settings = settings
        self.arguments = ArgumentList(source, found.call, command)
        self.caveats = ["a missing program raises FileNotFoundError instead of giving a status"]

    def fix(self) -> Fix | NoFix:
        """The fix; raises CannotSplit, CannotSlice and CannotImport with the reason why there is none."""
        function, call = self.found.function, self.found.call
        if function in RUNNERS:
            return self._runner()
        if function in _EXEC:
            return self._exec()
        if len(call.args) + len(call.keywords) != 1 + self.found.is_deferred:
            return NoFix("the call has more arguments than the command")
        if function == "os.system":
            return self._system()
        if self.found.is_deferred:
            return NoFix("the result of the deferred call cannot be followed")
        if function == "os.popen":
            return self._popen()
        if function in _OUTPUTS:
            edits, code = self._captured()
            return self._expression(call, f"{code}.stdout", edits)
        if function in _STATUS_OUTPUTS:
            return self._status_and_output()
        return NoFix(f"{function}() has no equal that takes a list")

    def _runner(self) -> Fix | NoFix:
        """The same call with a list, without shell=."""
        piece = expression_slice(self.source, self.found.call)
        tree = piece.find(self.found.call, cst.Call)
        kept = [argument for argument in tree.args if _keyword(argument) != "shell"]
        if any(_keyword(argument) == "executable" for argument in kept):
            return NoFix("executable= names the shell")
        edits, command = self._command()
        position = next((index for index, argument in enumerate(kept) if _keyword(argument) == "args"), None)
        position = int(self.found.is_deferred) if position is None else position
        kept[position] = kept[position].with_changes(value=cst.parse_expression(command))
        new = tree.with_changes(args=_separated([*kept, *self._streams(kept)], tree.args))
        return self._fix([*edits, fitted(piece, new, self.settings)])

    def _exec(self) -> Fix | NoFix:
        """asyncio.create_subprocess_exec, which takes the words as arguments."""
        if self.text.variable is not None:
            return NoFix("the command is in a variable")
        if self.found.is_deferred:
            return NoFix("the result of the deferred call cannot be followed")
        piece = expression_slice(self.source, self.found.call)
        tree = piece.find(self.found.call, cst.Call)
        function = cst.parse_expression(self.arguments.name("asyncio.create_subprocess_exec"))
        others = list(tree.args[1:])
        arguments = [*_parsed(self.arguments.words), *others, *self._streams(others)]
        new = tree.with_changes(func=function, args=_separated(arguments, tree.args))
        return self._fix([fitted(piece, new, self.settings)])

    def _system(self) -> Fix | NoFix:
        """subprocess.run without check, and its returncode where the status is tested."""
        call = self.found.call
        edits, command = self._command()
        run = self.arguments.name("subprocess.run")
        options = ", ".join([command, *self.arguments.streams, "check=False"])
        if self.found.is_deferred:
            if self.source.names.qualified_name(call.func) != "atexit.register":
                return NoFix("the result of the deferred call cannot be followed")
            return self._expression(call, f"{source_of(self.source, call.func)}({run}, {options})", edits)
        if isinstance(self.source.tree.parent(call), ast.Expr):
            return self._expression(call, f"{run}({options})", edits)
        if not is_only_tested(self.source, call):
            return NoFix("the exit status of os.system is more than tested for zero")
        return self._expression(call, f"{run}({options}).returncode", edits)

    def _popen(self) -> Fix | NoFix:
        """subprocess.run with a pipe, for os.popen(...).read()."""
        attribute = self.source.tree.parent(self.found.call)
        read = self.source.tree.parent(attribute) if attribute is not None else None
        if self.command.stdout is not None:
            return NoFix("the output that is read is redirected")
        match attribute, read:
            case ast.Attribute(attr="read"), ast.Call(func=function, args=[], keywords=[]) if function is attribute:
                edits, command = self._command()
                run, pipe = self.arguments.name("subprocess.run"), self.arguments.name("subprocess.PIPE")
                options = ", ".join([command, f"stdout={pipe}", *self.arguments.streams, "text=True", "check=False"])
                return self._expression(read, f"{run}({options}).stdout", edits)
        return NoFix("the pipe of os.popen is used for more than read()")

    def _status_and_output(self) -> Fix | NoFix:
        """subprocess.run for getstatusoutput: one of its two results, or both by way of a name."""
        call = self.found.call
        match self.source.tree.parent(call):
            case ast.Subscript(slice=ast.Constant(value=0 | 1 as index)) as item:
                edits, code = self._captured()
                return self._expression(item, f"{code}.{'stdout' if index else 'returncode'}", edits)
            case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(), ast.Name()]) as target]) as statement:
                return self._two_statements(statement, target)
        return NoFix("the pair that getstatusoutput gives is used as a whole")

    def _two_statements(self, statement: ast.Assign, target: ast.Tuple) -> Fix:
        """``completed = subprocess.run(...)`` and a line that takes the two results from it."""
        name = self.source.names.fresh_name("completed", "result")
        piece = expression_slice(self.source, self.found.call)
        edits, code = self._captured()
        edit = fitted(piece, cst.parse_expression(code), self.settings)
        statement_slice(self.source, statement)
        start, end = self.source.text.span(target)
        text = self.source.text
        line = text.text[text.line_start(statement.lineno) : text.span(statement)[0]]
        results = f"{text.newline}{line}{text.text[start:end]} = {name}.returncode, {name}.stdout"
        stop = text.span(statement)[1]
        return self._fix([*edits, Edit(start, end, name), edit, Edit(stop, stop, results)])

    def _captured(self) -> tuple[list[Edit], str]:
        """The approved form of guide section 5, for what getoutput and getstatusoutput capture."""
        self.command = self.command
        if self.command.stdout is not None:
            raise CannotSplit("the output that is read is redirected")
        edits, command = self._command()
        streams = ["capture_output=True"]
        if self.command.stderr is None:
            streams += self.arguments.streams
            self.caveats.append("the error output is no longer mixed into the output")
        else:
            streams = [f"stdout={self.arguments.name('subprocess.PIPE')}", *self.arguments.streams]
        seconds = TIMEOUT.of(self.settings)
        self.caveats += ["a newline at the end stays", f"a process of more than {seconds} s raises TimeoutExpired"]
        options = ", ".join([command, *streams, "text=True", f"timeout={seconds}", "check=False"])
        return edits, f"{self.arguments.name('subprocess.run')}({options})"

    def _expression(self, node: ast.expr, code: str, edits: Sequence[Edit] = ()) -> Fix:
        """The fix that writes *code* in the place of *node*."""
        edit = fitted(expression_slice(self.source, node), cst.parse_expression(code), self.settings)
        return self._fix([*edits, edit])

    def _fix(self, edits: Sequence[Edit]) -> Fix:
        safe = self._is_safe()
        why = "" if safe else "; ".join([*self.caveats, *dict.fromkeys(self.arguments.caveats)])
        safety = Safety.SAFE if safe else Safety.UNSAFE
        return Fix(tuple(edits), safety, why, self.arguments.imports, frozenset({"FLP502"}))

    def _command(self) -> tuple[list[Edit], str]:
        """The code of the command argument, and the edit of the assignment when a variable holds the command."""
        if self.text.variable is None:
            return [], f"[{self.arguments.words}]"
        return [self._assignment()], source_of(self.source, self.found.command)

    def _assignment(self) -> Edit:
        variable = self.text.variable
        assert variable is not None
        (binding,) = variable.bindings
        statement = self.source.tree.parent(binding.node)
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            raise CannotSplit(f"{variable.name!r} is not bound by a plain assignment")
        if len(variable.loads) != 1:
            raise CannotSplit(f"{variable.name!r} is used elsewhere too")
        if variable.scope is self.source.names.module_scope or binding.kind is not Kind.ASSIGNMENT:
            raise CannotSplit(f"{variable.name!r} may be used elsewhere too")
        piece = expression_slice(self.source, self.text.expr)
        return piece.edit(cst.parse_expression(f"[{self.arguments.words}]"))

    def _streams(self, arguments: Sequence[cst.Arg]) -> list[cst.Arg]:
        texts = self.arguments.streams
        given = {_keyword(argument) for argument in arguments}
        if any(argument.star for argument in arguments) and texts:
            raise CannotSplit("the streams may be set in **")
        if any(text.partition("=")[0] in given for text in texts) or (texts and "capture_output" in given):
            raise CannotSplit("the command and the call both set a stream or the folder")
        return _parsed(", ".join(texts))

    def _is_safe(self) -> bool:
        """Whether nobody can tell a missing program from one that fails (evidence item 5; labels, trap 26)."""
        found, source = self.found, self.source
        if (
            not self.command.plain
            or not (self.command.words[0].constant or "").startswith("/")
            or found.function not in RUNNERS[:4]
            or found.is_deferred
            or self.text.variable is not None
            or self.arguments.imports
        ):
            return False
        keywords = {keyword.arg: keyword.value for keyword in found.call.keywords}
        if set(keywords) - {"shell", "stdout", "stderr", "stdin", "check", "text"}:
            return False
        error = keywords.get("stderr")
        if error is None or source.names.qualified_name(error) != "subprocess.DEVNULL":
            return False
        statement = source.tree.parent(found.call)
        attempt = source.tree.parent(statement) if isinstance(statement, ast.Expr) else None
        match attempt:
            case ast.Try(
                body=[*_, last], handlers=[ast.ExceptHandler(name=None, body=[ast.Pass()]) as handler], orelse=[]
            ):
                catches = handler.type is None or source.names.qualified_name(handler.type) in (
                    "builtins.Exception",
                    "builtins.BaseException",
                )
                return catches and last is statement
        return False


def _keyword(argument: cst.Arg) -> str | None:
    return argument.keyword.value if argument.keyword is not None else None


def _parsed(code: str) -> list[cst.Arg]:
    """The arguments that *code* has when it stands between the parentheses of a call."""
    return list(cst.ensure_type(cst.parse_expression(f"f({code})"), cst.Call).args)


def _separated(arguments: Sequence[cst.Arg], old: Sequence[cst.Arg]) -> list[cst.Arg]:
    """The arguments with commas between them, laid out as *old* were: on one line or on lines of their own."""
    first = old[0].comma
    comma = (
        first
        if len(old) > 1 and isinstance(first, cst.Comma)
        else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    )
    separated = [
        argument
        if isinstance(argument.comma, cst.Comma) and argument.comma is not old[-1].comma
        else argument.with_changes(comma=comma, whitespace_after_arg=cst.SimpleWhitespace(""))
        for argument in arguments[:-1]
    ]
    end = old[-1]
    return [*separated, arguments[-1].with_changes(comma=end.comma, whitespace_after_arg=end.whitespace_after_arg)]
