"""A command line split into argument words as a POSIX shell would, with interpolated values as opaque pieces.

The rules are those of the Shell Command Language (POSIX.1-2017, 2.2 quoting, 2.3 token recognition, 2.7 redirection).
Whatever makes the shell do more than start one program with the words as they stand is refused with a reason, also
where shells differ (bash's braces, backslashes on Windows): evidence item 5 shows what a list of arguments does not do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

V = TypeVar("V")


class CannotSplit(Exception):
    """The command cannot be written as a list of arguments; the message is a reason that a user can read."""


@dataclass(frozen=True)
class Placed(Generic[V]):
    """An interpolated value where it stands in a word; within quotes it cannot become several words."""

    value: V
    quoted: bool


@dataclass(frozen=True)
class Word(Generic[V]):
    """One argument: its text and values in order, quotes removed, no two texts in a row."""

    parts: tuple[str | Placed[V], ...]

    @property
    def constant(self) -> str | None:
        """The text of a word without values."""
        match self.parts:
            case ():
                return ""
            case (str() as text,):
                return text
        return None


@dataclass(frozen=True)
class SimpleCommand(Generic[V]):
    """What the shell would start: the words, where it starts, and the streams that the command redirects.

    A stream is "DEVNULL" or "STDOUT", which are the names that the subprocess module has for them, or None.  *plain*
    says that the shell had nothing to do: constant words without a quote, an escape or a redirection.
    """

    words: tuple[Word[V], ...]
    directory: Word[V] | None = None
    stdin: str | None = None
    stdout: str | None = None
    stderr: str | None = None
    plain: bool = False


@dataclass(frozen=True)
class _Redirection(Generic[V]):
    descriptor: int
    operator: str
    target: Word[V]


_And: Final = "&&"

_SHELL_NAMES = """
    : . [ [[ alias bg bind break builtin caller case cd command compgen complete compopt continue coproc declare dirs
    disown do done echo elif else enable esac eval exec exit export false fc fg fi for function getopts hash help
    history if jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly return select set shift
    shopt source suspend test then time times trap true type typeset ulimit umask unalias unset until wait while { } !
"""
_CMD_NAMES = "assoc cls color copy del dir erase ftype md mklink move rd rem ren start title ver vol"

BUILTINS = frozenset(_SHELL_NAMES.split())
"""The builtins and reserved words of sh and bash."""

WINDOWS_BUILTINS = frozenset(_CMD_NAMES.split())
"""The builtins of cmd.exe whose names no everyday POSIX program has."""

_PLAIN_WORD = re.compile(r"[\w@+,./:-]+", re.ASCII)
_ASSIGNMENT = re.compile(r"[A-Za-z_\x01][\w\x01]*\+?=")
_BRACES = re.compile(r"\{.*(?:,|\.\.).*\}", re.DOTALL)
_QUOTED, _VALUE = "\x00", "\x01"
_REFUSED = {
    ";": "the command has several parts (;)",
    "(": "the command has a subshell",
    ")": "the command has a subshell",
    "`": "the command has a command substitution",
    "*": "the command has a glob (*)",
    "?": "the command has a glob (?)",
    "[": "the command has a glob ([)",
    "\n": "the command has several lines",
    "\r": "the command has several lines",
}


class _Lexer(Generic[V]):
    """Turns pieces into words, redirections and ``&&``."""

    def __init__(self, pieces: Iterable[str | V]) -> None:
        self.atoms: list[str | V] = []
        for piece in pieces:
            if isinstance(piece, str):
                self.atoms.extend(piece)
            else:
                self.atoms.append(piece)
        while self.atoms and _is_blank(self.atoms[-1]):
            self.atoms.pop()
        self.at = 0
        while self.at < len(self.atoms) and _is_blank(self.atoms[self.at]):
            self.at += 1
        self.parts: list[str | Placed[V]] = []
        self.shape: list[str] = []
        """the word as the shell's expansions see it: a quoted character is _QUOTED, a value is _VALUE"""
        self.in_word = False
        self.redirection: tuple[int, str] | None = None

    def tokens(self) -> Iterator[Word[V] | _Redirection[V] | str]:
        """The tokens in order; raises CannotSplit."""
        while self.at < len(self.atoms):
            atom = self._next()
            match atom:
                case " " | "\t":
                    yield from self._end_word()
                case "'":
                    self._single_quotes()
                case '"':
                    self._double_quotes()
                case "\\":
                    self._escape()
                case "&" | "|":
                    doubled = self._take(atom)
                    if not doubled or atom == "|":
                        raise CannotSplit(_refusal(atom, doubled, self._peek()))
                    yield from self._end_word()
                    self._expect_no_redirection()
                    yield _And
                case "<" | ">":
                    yield from self._start_redirection(atom)
                case str() if atom in _REFUSED:
                    raise CannotSplit(_REFUSED[atom])
                case "$":
                    raise CannotSplit(_expansion(self._peek()))
                case "#" if not self.in_word:
                    raise CannotSplit("the command has a comment (#)")
                case "~" if not self.in_word or self.shape[-1:] in (["="], [":"]):
                    raise CannotSplit("the shell expands ~")
                case str():
                    self._add_text(atom, atom)
                case _:
                    self._add_value(atom, quoted=False)
        yield from self._end_word()
        self._expect_no_redirection()

    def _next(self) -> str | V:
        self.at += 1
        return self.atoms[self.at - 1]

    def _peek(self) -> str | V:
        return self.atoms[self.at] if self.at < len(self.atoms) else ""

    def _take(self, wanted: str) -> bool:
        if self._peek() != wanted:
            return False
        self.at += 1
        return True

    def _add_text(self, text: str, shape: str) -> None:
        self.in_word = True
        self.shape.append(shape)
        if self.parts and isinstance(self.parts[-1], str):
            self.parts[-1] += text
        else:
            self.parts.append(text)

    def _add_value(self, value: V, *, quoted: bool) -> None:
        self.in_word = True
        self.shape.append(_VALUE)
        self.parts.append(Placed(value, quoted))

    def _end_word(self) -> Iterator[Word[V] | _Redirection[V]]:
        if not self.in_word:
            return
        word, shape = Word(tuple(self.parts)), "".join(self.shape)
        self.parts, self.shape, self.in_word = [], [], False
        if _BRACES.search(shape):
            raise CannotSplit("the command has a brace expansion")
        if self.redirection is not None:
            (descriptor, operator), self.redirection = self.redirection, None
            yield _Redirection(descriptor, operator, word)
            return
        if _ASSIGNMENT.match(shape):
            # only the words before the program are assignments, and the caller knows which these are
            word = _Assignment(word.parts)
        yield word

    def _expect_no_redirection(self) -> None:
        if self.redirection is not None:
            raise CannotSplit("the command has a redirection without a target")

    def _single_quotes(self) -> None:
        self.in_word = True
        while self.at < len(self.atoms):
            atom = self._next()
            if atom == "'":
                return
            if isinstance(atom, str):
                self._add_text(atom, _QUOTED)
            else:
                self._add_value(atom, quoted=True)
        raise CannotSplit("the command has a quote without its end")

    def _double_quotes(self) -> None:
        self.in_word = True
        while self.at < len(self.atoms):
            atom = self._next()
            match atom:
                case '"':
                    return
                case "`":
                    raise CannotSplit(_REFUSED["`"])
                case "$":
                    raise CannotSplit(_expansion(self._peek()))
                case "\\":
                    following = self._peek()
                    if not isinstance(following, str):
                        raise CannotSplit("a backslash stands before a value")
                    if following == "\n":
                        self.at += 1
                    else:
                        self._add_text(str(self._next()) if following and following in '$`"\\' else "\\", _QUOTED)
                case str():
                    self._add_text(atom, _QUOTED)
                case _:
                    self._add_value(atom, quoted=True)
        raise CannotSplit("the command has a quote without its end")

    def _escape(self) -> None:
        following = self._peek()
        if not isinstance(following, str):
            raise CannotSplit("a backslash stands before a value")
        if not following or following.isalnum() or following == "\\":
            raise CannotSplit("the command has a backslash, which POSIX shells and Windows read differently")
        self.at += 1
        if following != "\n":
            self._add_text(following, _QUOTED)

    def _start_redirection(self, operator: str) -> Iterator[Word[V] | _Redirection[V]]:
        shape = "".join(self.shape)
        if self.in_word and self.redirection is None and shape.isascii() and shape.isdigit():
            descriptor = int(shape)
            self.parts, self.shape, self.in_word = [], [], False
        else:
            descriptor = 0 if operator == "<" else 1
            yield from self._end_word()
        self._expect_no_redirection()
        if self._peek() == "<":
            raise CannotSplit("the command has a here-document")
        if operator == ">" and self._take(">"):
            pass
        elif self._take("&"):
            operator += "&"
        elif self._peek() in ("|", ">", "("):
            raise CannotSplit("the command has a redirection")
        self.redirection = descriptor, operator


@dataclass(frozen=True)
class _Assignment(Word[V]):
    """A word that would set a variable if it stood before the program."""


def split(pieces: Iterable[str | V]) -> SimpleCommand[V]:
    """Split a command line, given as its texts and values, into the words of the one program that it starts.

    A leading ``cd DIRECTORY &&`` becomes the directory, redirections to /dev/null and ``2>&1`` become streams, and a
    leading ``exec`` is dropped.  Raises CannotSplit, with the reason, for everything else that only a shell can do.
    """
    pieces = list(pieces)
    parts: list[list[Word[V] | _Redirection[V]]] = [[]]
    for token in _Lexer(pieces).tokens():
        match token:
            case str():
                parts.append([])
            case _:
                parts[-1].append(token)
    directory = None
    if len(parts) == 2 and (directory := _change_of_directory(parts[0])) is not None:
        del parts[0]
    if len(parts) != 1:
        raise CannotSplit("the command has several parts (&&)")
    words = [token for token in parts[0] if isinstance(token, Word)]
    if words and words[0].constant == "exec" and _starts_program(words[1:]):
        del words[0]
    _check_program(words)
    command = SimpleCommand(tuple(map(_plain_word, words)), directory)
    command = _redirected(command, [token for token in parts[0] if isinstance(token, _Redirection)])
    return replace(command, plain=_is_plain(pieces))


def _is_blank(atom: object) -> bool:
    return isinstance(atom, str) and atom in " \t\r\n"


def _plain_word(word: Word[V]) -> Word[V]:
    return Word(word.parts)


def _refusal(atom: str, doubled: bool, following: object) -> str:
    if atom == "|":
        return "the command has several parts (||)" if doubled else "the command has a pipe"
    if following == ">":
        return "the command has &>, which not all shells know"
    return "the command runs in the background (&)"


def _expansion(following: object) -> str:
    return "the command has a command substitution" if following == "(" else "the shell expands a variable ($)"


def _change_of_directory(tokens: Sequence[Word[V] | _Redirection[V]]) -> Word[V] | None:
    match tokens:
        case [Word() as command, Word() as directory] if command.constant == "cd":
            return _plain_word(directory) if directory.constant is None or _starts_program([directory]) else None
    return None


def _starts_program(words: Sequence[Word[V]]) -> bool:
    """Whether the first of *words* is no option and not empty."""
    if not words or words[0].constant == "":
        return False
    first = words[0].parts[0]
    return not (isinstance(first, str) and first.startswith("-"))


def _check_program(words: Sequence[Word[V]]) -> None:
    if not words or words[0].constant == "":
        raise CannotSplit("the command is empty")
    program = words[0].constant
    if isinstance(words[0], _Assignment):
        raise CannotSplit("the command sets a variable before the program")
    if program is not None and program in BUILTINS:
        raise CannotSplit(f"{program} is part of the shell")
    if program is not None and program.lower() in WINDOWS_BUILTINS:
        raise CannotSplit(f"{program} is part of the Windows shell")


def _redirected(command: SimpleCommand[V], redirections: Iterable[_Redirection[V]]) -> SimpleCommand[V]:
    for item in redirections:
        match item.descriptor, item.operator, item.target.constant:
            case 0, "<", "/dev/null" if command.stdin is None:
                command = replace(command, stdin="DEVNULL")
            case 1, ">", "/dev/null" if command.stdout is None:
                if command.stderr == "STDOUT":
                    raise CannotSplit("2>&1 stands before the redirection of stdout")
                command = replace(command, stdout="DEVNULL")
            case 2, ">", "/dev/null" if command.stderr is None:
                command = replace(command, stderr="DEVNULL")
            case 2, ">&", "1" if command.stderr is None:
                command = replace(command, stderr="STDOUT")
            case 1, ">&", "2":
                raise CannotSplit("the command sends stdout to stderr")
            case _, "<" | ">", str() | None:
                raise CannotSplit("the command has a redirection to a file" if item.operator == ">"
                                  else "the command has a redirection from a file")  # fmt: skip
            case _:
                raise CannotSplit("the command has a redirection")
    return command


def _is_plain(pieces: Sequence[object]) -> bool:
    text = "".join(piece if isinstance(piece, str) else "'" for piece in pieces)
    return all(_PLAIN_WORD.fullmatch(word) for word in re.split("[ \t]+", text.strip(" \t")))
