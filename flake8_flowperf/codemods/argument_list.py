"""A command that a shell would have split, written as Python: its argument list, and its streams as keywords."""

from __future__ import annotations

import ast

from flake8_flowperf.fixing.imports import reference
from flake8_flowperf.fixing.slices import source_of
from flake8_flowperf.model import Import
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.command_text import Value, check_values, parameter_default
from flake8_flowperf.source.names import Kind
from flake8_flowperf.source.shell_words import CannotSplit, Placed, SimpleCommand, Word
from flake8_flowperf.source.values import ValueKind, kind_of_value

_PYTHON = ("python", "python3")


class ArgumentList:
    """The code for the words and the streams of one command.

    *imports* are what the code written so far needs; *caveats* say what may go wrong with it, for the user.
    Raises CannotSplit for a command that a list cannot repeat.
    """

    def __init__(self, source: SourceFile, call: ast.Call, command: SimpleCommand[Value]) -> None:
        self.source = source
        self.call = call
        self.command = command
        self.imports: tuple[Import, ...] = ()
        self.caveats: tuple[str, ...] = ()
        self._check_words()
        self.words = ", ".join(self._word(word, position) for position, word in enumerate(command.words))
        """the words without the brackets of a list"""
        self.streams = self._streams()
        """``stdin=``, ``stdout=``, ``stderr=`` and ``cwd=`` where the command has them"""

    def name(self, qualified_name: str) -> str:
        """How the file can write *qualified_name*; remembers the imports that it takes.  Raises CannotImport."""
        text, imports = reference(self.source, self.call, qualified_name)
        self.imports += imports
        return text

    def _check_words(self) -> None:
        program = self.command.words[0]
        if program.constant is None and (len(program.parts) > 1 or len(self.command.words) == 1):
            raise CannotSplit("the program is a value, which may come with arguments")
        for position, word in enumerate(self.command.words):
            bare = [part.value for part in word.parts if isinstance(part, Placed) and not part.quoted]
            check_values(self.source, bare, is_program=position == 0)
            for part in word.parts:
                if not isinstance(part, Placed):
                    continue
                value = part.value
                if (value.is_quoted and part.quoted) or (value.is_list and len(word.parts) > 1):
                    raise CannotSplit("a value is built in a way that a list cannot repeat")

    def _word(self, word: Word[Value], position: int) -> str:
        text = word.constant
        if text is not None:
            if position == 0 and text in _PYTHON:
                self.caveats += (f"sys.executable may be another Python than {text!r} on the PATH",)
                return self.name("sys.executable")
            return _quoted(text)
        match word.parts:
            case (Placed(value=value),) if value.is_list:
                return f"*{source_of(self.source, value.expr)}"
            case (Placed(value=value, quoted=quoted),) if not value.conversion and value.percent in ("", "d", "i"):
                code = source_of(self.source, value.expr) + value.access
                return code if self._is_text(value, quoted) else f"str({code})"
        return self._f_string(word)

    def _is_text(self, value: Value, quoted: bool) -> bool:
        """Whether a value is text, or to be taken for it: a parameter in quotes, as in the guide's section 5."""
        kind = None if value.access else kind_of_value(self.source, value.expr)
        if kind is not None or value.is_text:
            return kind in (None, ValueKind.TEXT)
        if not quoted or value.access or value.percent or not isinstance(value.expr, ast.Name):
            return False
        variable = self.source.names.variable(value.expr)
        bindings = variable.bindings if variable is not None else []
        is_parameter = [binding.kind is Kind.PARAMETER for binding in bindings] == [True]
        if is_parameter and self._is_plain(bindings[0].node):
            self.caveats += (f"{value.expr.id!r} has to be a string",)
            return True
        return False

    def _is_plain(self, parameter: ast.AST) -> bool:
        """Whether a parameter has neither an annotation nor a default that says more about its type."""
        owner = self.source.tree.parent(parameter)
        if not isinstance(parameter, ast.arg) or not isinstance(owner, ast.arguments) or parameter.annotation:
            return False
        default = parameter_default(owner, parameter)
        is_text = default is None or (isinstance(default, ast.Constant) and isinstance(default.value, str))
        return is_text and parameter not in (owner.vararg, owner.kwarg)

    def _f_string(self, word: Word[Value]) -> str:
        codes = [
            source_of(self.source, part.value.expr) + part.value.access
            for part in word.parts
            if isinstance(part, Placed)
        ]
        quote = "'" if any('"' in code for code in codes) else '"'
        parts = []
        for part in word.parts:
            if isinstance(part, str):
                parts.append(_quoted(part, quote)[1:-1].replace("{", "{{").replace("}", "}}"))
                continue
            value, code = part.value, codes.pop(0)
            if value.percent not in ("", "d", "i", "s") or any(character in code for character in f"{quote}\\\n\r#{{"):
                raise CannotSplit("a value is built in a way that a list cannot repeat")
            parts.append(f"{{{code}{value.conversion}}}")
        return f"f{quote}{''.join(parts)}{quote}"

    def _streams(self) -> list[str]:
        command = self.command
        streams = [
            f"{keyword}={self.name(f'subprocess.{stream}')}"
            for keyword, stream in (("stdin", command.stdin), ("stdout", command.stdout), ("stderr", command.stderr))
            if stream is not None
        ]
        if command.directory is not None:
            streams.append(f"cwd={self._word(command.directory, 1)}")
        return streams


def _quoted(text: str, quote: str = '"') -> str:
    """A string literal in *quote* quotes."""
    code = repr(text)
    if code[0] != quote:
        code = quote + code[1:-1].replace(quote, f"\\{quote}").replace(f"\\{code[0]}", code[0]) + quote
    return code
