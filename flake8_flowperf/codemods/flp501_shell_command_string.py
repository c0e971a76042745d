"""FLP501: the command becomes a list of arguments."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Sequence

import libcst as cst

from flake8_flowperf.fixing.imports import reference
from flake8_flowperf.fixing.slices import expression_slice, source_of
from flake8_flowperf.model import Edit, Finding, Fix, Import, NoFix, Safety
from flake8_flowperf.rules.flp501_shell_command_string import TIMEOUT
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.command_text import CommandText, Value, check_values, command_text
from flake8_flowperf.source.names import Kind
from flake8_flowperf.source.processes import RUNNERS, ShellCall
from flake8_flowperf.source.shell_words import CannotSplit, Placed, SimpleCommand, Word, split
from flake8_flowperf.source.values import ValueKind, kind_of_value

_CAPTURED = frozenset({"subprocess.getoutput", "commands.getoutput"})
_EXEC = frozenset({"asyncio.create_subprocess_shell", "asyncio.subprocess.create_subprocess_shell"})


def fix(finding: Finding[ShellCall], source: SourceFile, settings: argparse.Namespace) -> Fix | NoFix:
    """A list of arguments in the place of the command string, and the call that takes it."""
    found = finding.facts
    if found.is_deferred:
        return NoFix("the call is deferred")
    if found.is_list:
        return NoFix("a list beside shell=True: decide whether the shell or the other items are meant")
    try:
        text = command_text(source, found.command)
        command = split(text.pieces)
        _check_words(source, command)
        return _Rewrite(found, text, command, source, TIMEOUT.of(settings)).fix()
    except CannotSplit as refusal:
        return NoFix(str(refusal))


def _check_words(source: SourceFile, command: SimpleCommand[Value]) -> None:
    program = command.words[0]
    if program.constant is None and (len(program.parts) > 1 or len(command.words) == 1):
        raise CannotSplit("the program is a value, which may come with arguments")
    for position, word in enumerate(command.words):
        bare = [part.value for part in word.parts if isinstance(part, Placed) and not part.quoted]
        check_values(source, bare, is_program=position == 0)
        for part in word.parts:
            if isinstance(part, Placed) and (part.value.access or (part.value.is_quoted and part.quoted)):
                raise CannotSplit("a value is built in a way that a list cannot repeat")
            if isinstance(part, Placed) and part.value.is_list and len(word.parts) > 1:
                raise CannotSplit("a value is built in a way that a list cannot repeat")


class _Rewrite:
    """The rewrite of one call."""

    def __init__(
        self, found: ShellCall, text: CommandText, command: SimpleCommand[Value], source: SourceFile, timeout: int
    ) -> None:
        self.found = found
        self.text = text
        self.command = command
        self.source = source
        self.timeout = timeout
        self.imports: tuple[Import, ...] = ()

    def fix(self) -> Fix | NoFix:
        call, function = self.found.call, self.found.function
        piece = expression_slice(self.source, call)
        tree = piece.find(call, cst.Call)
        words = self._words()
        edits: list[Edit] = []
        if self.text.variable is not None and function not in _EXEC:
            edits.append(self._assignment(f"[{words}]"))
            command = source_of(self.source, self.found.command)
        else:
            if self.text.variable is not None:
                raise CannotSplit("the command is in a variable")
            command = f"[{words}]"
        if function in RUNNERS:
            kept = [argument for argument in tree.args if self._keyword(argument) != "shell"]
            if any(self._keyword(argument) in ("executable", "preexec_fn") for argument in kept):
                return NoFix("executable= names the shell")
            kept[0 if self._keyword(kept[0]) is None else self._position(kept)] = self._with_command(kept, command)
            new = tree.with_changes(args=_separated([*kept, *self._streams(kept)], tree.args))
            return self._fix([*edits, piece.edit(new)])
        if function in _EXEC:
            name = self._name("asyncio.create_subprocess_exec")
            others = list(tree.args[1:])
            arguments = [*_arguments(words), *others, *self._streams(others)]
            return self._fix(
                [piece.edit(tree.with_changes(func=cst.parse_expression(name), args=_separated(arguments, tree.args)))]
            )
        if len(tree.args) != 1:
            return NoFix("the call has more arguments than the command")
        run = self._name("subprocess.run")
        streams = "".join(f", {stream}" for stream in self._stream_texts())
        match function, self.source.tree.parent(call):
            case "os.system", ast.Expr():
                code = f"{run}({command}{streams}, check=False)"
            case "os.system", parent if self._is_only_tested(parent):
                code = f"{run}({command}{streams}, check=False).returncode"
            case "os.system", _:
                return NoFix("the exit status of os.system is more than tested for zero")
            case "os.popen", ast.Attribute(attr="read") as attribute if self._is_read(attribute):
                pipe = self._name("subprocess.PIPE")
                code = f"{run}({command}, stdout={pipe}{streams}, text=True, check=False).stdout"
                if self.command.stdout is not None:
                    return NoFix("the output that is read is redirected")
                read = self.source.tree.parent(attribute)
                assert isinstance(read, ast.Call)
                whole = expression_slice(self.source, read)
                return self._fix([*edits, whole.edit(cst.parse_expression(code))])
            case name, _ if name in _CAPTURED and not streams:
                code = f"{run}({command}, capture_output=True, text=True, timeout={self.timeout}, check=False).stdout"
            case name, _ if (
                name in _CAPTURED
                and self.command.stderr in ("STDOUT", "DEVNULL")
                and (self.command.stdin is None and self.command.stdout is None and self.command.directory is None)
            ):
                pipe, error = self._name("subprocess.PIPE"), self._name(f"subprocess.{self.command.stderr}")
                captured = f"stdout={pipe}, stderr={error}, text=True, timeout={self.timeout}, check=False"
                code = f"{run}({command}, {captured}).stdout"
            case _:
                return NoFix(f"{function}() has no equal that takes a list")
        return self._fix([*edits, piece.edit(cst.parse_expression(code))])

    def _fix(self, edits: Sequence[Edit]) -> Fix:
        safe = self._is_safe()
        why = "" if safe else "a missing program raises instead of giving a status, and no shell reads the words"
        reveals = frozenset({"FLP502"})
        return Fix(tuple(edits), Safety.SAFE if safe else Safety.UNSAFE, why, self.imports, reveals)

    def _name(self, qualified_name: str) -> str:
        text, imports = reference(self.source, self.found.call, qualified_name)
        self.imports += imports
        return text

    def _keyword(self, argument: cst.Arg) -> str | None:
        return argument.keyword.value if argument.keyword is not None else None

    def _position(self, arguments: Sequence[cst.Arg]) -> int:
        return next(index for index, argument in enumerate(arguments) if self._keyword(argument) == "args")

    def _with_command(self, arguments: Sequence[cst.Arg], command: str) -> cst.Arg:
        position = 0 if self._keyword(arguments[0]) is None else self._position(arguments)
        return arguments[position].with_changes(value=cst.parse_expression(command))

    # words

    def _words(self) -> str:
        return ", ".join(self._word(word, position) for position, word in enumerate(self.command.words))

    def _word(self, word: Word[Value], position: int) -> str:
        text = word.constant
        if text is not None:
            if position == 0 and text in ("python", "python3"):
                return self._name("sys.executable")
            return _quoted(text)
        match word.parts:
            case (Placed(value=value),) if value.is_list:
                return f"*{source_of(self.source, value.expr)}"
            case (Placed(value=value, quoted=quoted),) if not value.conversion and value.percent in ("", "d", "i"):
                code = source_of(self.source, value.expr)
                known = value.is_text or kind_of_value(self.source, value.expr) is ValueKind.TEXT
                plain = known or (
                    quoted and not value.percent and isinstance(value.expr, (ast.Name, ast.Attribute, ast.Subscript))
                )
                if kind_of_value(self.source, value.expr) in (ValueKind.PATH, ValueKind.NUMBER):
                    plain = False
                return code if plain else f"str({code})"
        return self._f_string(word)

    def _f_string(self, word: Word[Value]) -> str:
        parts = []
        for part in word.parts:
            if isinstance(part, str):
                parts.append(_quoted(part)[1:-1].replace("{", "{{").replace("}", "}}"))
                continue
            value = part.value
            code = source_of(self.source, value.expr)
            if value.percent not in ("", "d", "i", "s") or any(character in code for character in '"\\\n#'):
                raise CannotSplit("a value is built in a way that a list cannot repeat")
            parts.append(f"{{{code}{value.conversion}}}")
        return f'f"{"".join(parts)}"'

    def _assignment(self, command: str) -> Edit:
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
        return piece.edit(cst.parse_expression(command))

    # streams

    def _stream_texts(self) -> list[str]:
        command = self.command
        texts = [
            f"{name}={self._name(f'subprocess.{stream}')}"
            for name, stream in (("stdin", command.stdin), ("stdout", command.stdout), ("stderr", command.stderr))
            if stream is not None
        ]
        if command.directory is not None:
            texts.append(f"cwd={self._word(command.directory, 1)}")
        return texts

    def _streams(self, arguments: Sequence[cst.Arg]) -> list[cst.Arg]:
        texts = self._stream_texts()
        given = {self._keyword(argument) for argument in arguments}
        if any(argument.star for argument in arguments) and texts:
            raise CannotSplit("the streams may be set in **")
        if any(text.partition("=")[0] in given for text in texts) or (texts and "capture_output" in given):
            raise CannotSplit("the command and the call both set a stream or the folder")
        return _arguments(", ".join(texts))

    # how the result is used

    def _is_only_tested(self, parent: ast.AST | None) -> bool:
        call = self.found.call
        match parent:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Constant(value=0)]):
                return left is call
            case ast.UnaryOp(op=ast.Not()):
                return True
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
                return test is call
        return False

    def _is_read(self, attribute: ast.Attribute) -> bool:
        match self.source.tree.parent(attribute):
            case ast.Call(func=function, args=[], keywords=[]):
                return function is attribute
        return False

    def _is_safe(self) -> bool:
        """Whether nobody can tell a missing program from one that fails (evidence item 5; labels, trap 26)."""
        found, source = self.found, self.source
        if (
            not self.command.plain
            or not (self.command.words[0].constant or "").startswith("/")
            or found.function not in RUNNERS[:4]
            or self.text.variable is not None
            or self.imports
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


def _quoted(text: str) -> str:
    """A string literal in double quotes."""
    code = repr(text)
    if code.startswith("'"):
        code = '"' + code[1:-1].replace('"', '\\"').replace("\\'", "'") + '"'
    return code


def _arguments(code: str) -> list[cst.Arg]:
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
