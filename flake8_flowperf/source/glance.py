"""What can be told of a file by its text alone: most files are never parsed because of it.

Everything here may say "perhaps" where the code does not do a thing, and says "no" only where it certainly does not.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from itertools import takewhile
from typing import TypeVar, cast

T = TypeVar("T")

GAP = r"(?:[\s\\(]|#[^\n]*\n)*"
"""a pattern for what may stand between two tokens, opening parentheses included"""
ANNOTATION = r"(?::(?:[^=\n\[]|\[[^\]]*\])*)?"
"""a pattern for the annotation that may stand between a name and its ``=``"""
LONGEST_GAP = 200
"""characters in which what stands before a name is looked for"""
CALL = re.compile(r"[\s\\]*\(")
"""what stands behind a name that is called"""
_QUOTED = (
    r'"{3}(?:[^\\]|\\.)*?"{3}',
    r"'{3}(?:[^\\]|\\.)*?'{3}",
    r'"(?:[^"\\\n]|\\.)*"',
    r"'(?:[^'\\\n]|\\.)*'",
)
STRING = rf"[rRbBuU]{{0,2}}(?:{'|'.join(_QUOTED)})"
"""a pattern for a string literal that holds no code, to be compiled with re.DOTALL"""
_LITERAL = re.compile(STRING, re.DOTALL)
_FROM = re.compile(r"from[\s\\]+([\w.]+)[\s\\]*\Z")
_MODULE = re.compile(r"[\s\\]*([\w.]+)(?:[\s\\]+as[\s\\]+\w+)?[\s\\]*(,?)")
_IMPORTED = re.compile(r"import[\s\\]*(?:\((?:[^)#]|#[^\n]*)*\)?|(?:[^\n\\]|\\\r?\n)*)")
_RENAMED = re.compile(r"\bas[\s\\]+(\w+)")
_WORD = re.compile(r"\w+")
_PATH = re.compile(r"\w+(?:[\s\\)]*\.[\s\\(]*\w+)*[\s\\)]*")
_INDENT = re.compile(r"[ \t\f]*")
_HEADER = re.compile(r"(?:async\s+)?(def|class|for|while|if|elif|else|with|try|except|finally|match|case)\b")
_REPEATING = re.compile(r"\b(?:for|while)\b")
_FIRST_ITERABLE = re.compile(r"for\b(?:(?!\s(?:in|for)\s)[\w\s,().*\[\]])*\sin[\s(]+[\w.]*\Z")
_TOKEN = re.compile(
    r"""[\[({]|[\])}]|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\#[^\n]*|\bfor\b""",
)
"""what matters to see where a bracket ends, and whether a comprehension stands in it"""
_DEFINITION = re.compile(r"\n([ \t\f]*)(?:async[ \t]+def|def|class)\b")
_DEFINED = re.compile(r"[ \t\f]*(?:async[ \t]+)?def[ \t]+(\w+)")
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*(?!\s*=[^=])")
_AS = re.compile(r"(?:[\s\\]|#[^\n]*\n)+as\b(?:[\s\\]|#[^\n]*\n)+(\w+)[ \t]*(?:[,;)#\\\r\n]|\Z)")
"""the new name that an import gives, and what may come then; it is no sentence"""
_NEW_NAME = re.compile(r"[ \t]*(\w+)[ \t]*(?::[^=\n]*)?=[\s\\(]*[\w.]*\Z")
_ALIASED = re.compile(
    r"(?:[^\n\"'#]*[:;])?[ \t]*(?:\w+[ \t]*=[ \t]*)*\w+[ \t]*(?::[^=\n]*)?=[\s\\(]*[\w.]*\Z|[^\n]*:=[\s\\(]*[\w.]*\Z"
)
_STATEMENT_END = re.compile(r"[ \t)]*(?:[#;\r\n]|\Z)")
_CLAUSE = re.compile(r"\bfor\s([^\n]*?)\sin\b")
_FOR = re.compile(r"[ \t]*(?:async[ \t]+)?for[ \t]([^\n]*?)[ \t]in\b[^\n]*:[ \t]*(?:#[^\n]*)?\r?\n")
_BOUND = re.compile(r"^[ \t]+((?:\w+, )*\w+)(?:,? | [-+*/|])= ", re.MULTILINE)
"""the names that a line of its own sets"""
_FARTHEST = 4000
"""characters in which the end of a bracket is looked for"""
MODULE = -1
"""what function() gives for what stands in no function"""


class Header(enum.Enum):
    """What a line opens that stands above a place, and further left."""

    LOOP = "a loop"
    FUNCTION = "a function"
    BRACKET = "a bracket, or a line that goes on"
    OTHER = "another block"
    UNKNOWN = "nothing: it belongs to a text of several lines, perhaps"


class Glance:
    """The text of a file that is not parsed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._words: dict[str, bool] = {}
        self._facts: dict[Callable[[Glance], object], object] = {}
        self._bound: dict[int, set[str]] = {}
        """by the offset of a loop's header"""
        self._openers: dict[int, tuple[Header, int] | None] = {}
        self._block_ends: dict[int, int] = {}

    def has(self, words: Iterable[str]) -> bool:
        """Whether one of *words* stands in the text, be it as a part of a longer word."""
        known, text = self._words, self.text
        for word in words:
            if word not in known:
                known[word] = word in text
            if known[word]:
                return True
        return False

    def fact(self, compute: Callable[[Glance], T]) -> T:
        """The result of ``compute(self)``, computed on the first call and kept."""
        if compute not in self._facts:
            self._facts[compute] = compute(self)
        return cast(T, self._facts[compute])

    @cached_property
    def modules(self) -> frozenset[str]:
        """The first parts of the modules that are imported anywhere in the file; "" stands for relative imports."""
        return frozenset(module for module, _ in self._imports)

    @cached_property
    def _imports(self) -> list[tuple[str, int]]:
        """The first part of each module that is imported, with the offset of the ``import`` that says so."""
        text = self.text
        found = []
        place = text.find("import")
        while place >= 0:
            before = text[self.line_start(place) : place].split()
            if len(before) == 2 and before[0] == "from":  # nearly all are; a pattern would take several times longer
                origin = before[1]
            else:
                origin = self._origin(place) if before else self._continued_origin(place)
            if origin:
                found.append((origin.partition(".")[0], place))
            else:
                module = _MODULE.match(text, place + len("import"))
                while module is not None:
                    found.append((module[1].partition(".")[0], place))
                    module = _MODULE.match(text, module.end()) if module[2] else None
            place = text.find("import", place + len("import"))
        return found

    def _continued_origin(self, place: int) -> str:
        """The module of a ``from`` that stands above the line of the ``import`` at *place*, "" when none does."""
        line = self.line_start(place)
        return self._origin(place) if self.text[max(0, line - 3) : line].endswith(("\\\n", "\\\r\n")) else ""

    def _origin(self, place: int) -> str:
        """The module of the ``from`` right before the ``import`` at *place*, "" when there is none."""
        origin = _FROM.search(self.text, max(0, place - LONGEST_GAP), place)
        return origin[1] if origin is not None else ""

    def calls(self, functions: Mapping[str, frozenset[str]]) -> list[tuple[int, int]] | None:
        """Where functions or classes are perhaps called: the offsets of the calls and of their opening parentheses.

        *functions* has the other parts of their names by the first one.  None when one of them, or a module that they
        are in, perhaps gets another name.
        """
        found = []
        for name, parts in self._wanted(functions).items():
            for start in self.names(name):
                before = self.text[max(0, start - LONGEST_GAP) : start].rstrip(" \t")
                if before.endswith("."):
                    continue
                path = _PATH.match(self.text, start)
                assert path is not None
                names = _WORD.findall(path[0])
                if self.text.startswith("(", path.end()):
                    if names[-1] in parts:
                        found.append((start, path.end()))
                elif before.endswith("=") and (len(names) == 1 or not parts.isdisjoint(names[1:])):
                    return None
        return found

    def uses(self, functions: Mapping[str, frozenset[str]]) -> list[int] | None:
        """The offsets at which what is imported from the modules of *functions* stands; see calls() and places()."""
        return self.places(*self._wanted(functions))

    def _wanted(self, functions: Mapping[str, frozenset[str]]) -> dict[str, set[str]]:
        """The names that imports of the modules give, with the other parts of what is wanted of them."""
        wanted: dict[str, set[str]] = {}
        for module, place in self._imports:
            if module in functions and (statement := _IMPORTED.match(self.text, place)) is not None:
                renamed = _RENAMED.findall(statement[0])
                for word in {module, *_WORD.findall(statement[0])}.difference(("import", "as")):
                    wanted.setdefault(word, set()).update(functions[module], renamed)
        return wanted

    def names(self, name: str, begin: int = 0, stop: int | None = None) -> Iterator[int]:
        """The offsets at which the identifier *name* stands, in strings and comments too."""
        text = self.text
        place = text.find(name, begin, stop)
        while place >= 0:
            end = place + len(name)
            if not (place and _is_wordly(text[place - 1])) and not (end < len(text) and _is_wordly(text[end])):
                yield place
            place = text.find(name, end, stop)

    def places(self, *names: str) -> list[int] | None:
        """The offsets at which one of the identifiers stands; None when one of them perhaps gets another name.

        ``from module import name as other`` is no other name if *names* has it as well.
        """
        found = []
        for name in names:
            for start in self.names(name):
                if self.is_renamed(start, start + len(name), names):
                    return None
                found.append(start)
        return found

    def is_renamed(self, start: int, end: int, known: Container[str] = ()) -> bool:
        """Whether the name from *start* to *end* perhaps gets another one: ``loads as parse``, ``parse = loads``.

        It does not count when the name behind the ``as`` is *known*.
        """
        text = self.text
        if (renamed := _AS.match(text, end)) is not None:
            return renamed[1] not in known
        return bool(_STATEMENT_END.match(text, end) and _ALIASED.match(text[self.line_start(start) : start]))

    def other_names(self, name: str) -> set[str] | None:
        """What else *name* is perhaps called; None when that is not known."""
        text = self.text
        found = set()
        for start in self.names(name):
            end = start + len(name)
            if self.is_renamed(start, end):
                renamed = _AS.match(text, end) or _NEW_NAME.match(text[self.line_start(start) : start])
                if renamed is None:
                    return None
                found.add(renamed[1])
        return found

    def line_start(self, offset: int) -> int:
        """The offset at which the line of *offset* starts."""
        return self.text.rfind("\n", 0, offset) + 1

    def loops(self) -> Iterator[tuple[int, int]]:
        """Where loop statements begin, and where at the latest they end: at the next function as far left.

        A loop is left out that stands in the range of one before it.
        """
        text = self.text
        covered = least = 0
        for place in sorted(place for keyword in ("for", "while") for place in self.names(keyword)):
            start = self.line_start(place)
            if text[start:place].strip() in ("", "async"):
                width = _width(text, start)
                if start >= covered or width < least:
                    covered, least = self.definition_end(start), width
                    yield start, covered

    def block_end(self, start: int) -> int:
        """Where the block ends that the line at *start* opens, unless a string of several lines ends it before."""
        if start not in self._block_ends:
            end = dedent(_width(self.text, start)).search(self.text, self.text.find("\n", start))
            self._block_ends[start] = end.start() if end is not None else len(self.text)
        return self._block_ends[start]

    def definition_end(self, start: int) -> int:
        """Where the function or class that begins at *start*, or has a statement there, ends at the latest."""
        width = _width(self.text, start)
        ends = (end.start() for end in _DEFINITION.finditer(self.text, start) if len(end[1]) <= width)
        return next(ends, len(self.text))

    def is_repeated(self, start: int, end: int) -> bool:
        """Whether the expression from *start* to *end* may stand in a loop or comprehension of its function."""
        return self.is_in_loop(start) or self.is_comprehended(start, end)

    def may_stay_the_same(self, start: int, end: int) -> bool:
        """Whether a loop or comprehension may evaluate the call from *start* to *end* with the same arguments again.

        It does not when the innermost one binds a name in the arguments anew in every turn.
        """
        if not self.is_repeated(start, end):
            return False
        if self._follows_for(start):
            return True
        text = self.text
        names = set(_NAME.findall(without_strings(text[start:end])))
        if self.is_comprehended(start, end):
            clause = _CLAUSE.search(text, end, end + _FARTHEST)
            return clause is None or names.isdisjoint(_NAME.findall(clause[1]))
        line = self.line_start(start)
        if self._is_repeated_in_line(line, start):
            return True
        for kind, header in self.headers(line):
            if kind is Header.LOOP:
                return names.isdisjoint(self._bound_in(header))
            if kind in (Header.FUNCTION, Header.UNKNOWN):
                break
        return True

    def _bound_in(self, loop: int) -> set[str]:
        """Names that the loop with the header at *loop* certainly binds anew in some turns."""
        if loop not in self._bound:
            clause = _FOR.match(self.text, loop)
            bound = set(_NAME.findall(clause[1])) if clause is not None else set()
            for assigned in _BOUND.finditer(self.text, loop, self.block_end(loop)):
                around = takewhile(lambda header: header[1] != loop, self.headers(assigned.start()))
                if all(kind in (Header.LOOP, Header.OTHER) for kind, _ in around):
                    bound.update(_WORD.findall(assigned[1]))
            self._bound[loop] = bound
        return self._bound[loop]

    def is_comprehended(self, start: int, end: int) -> bool:
        """Whether the expression from *start* to *end* may stand in a comprehension that does not begin in its line."""
        around = self._brackets(start)
        if around is None or not around[0]:
            return around is None
        return self._follows_for(start) or _repeats(self.text, end, around[0])

    def _follows_for(self, start: int) -> bool:
        """Whether what stands at *start* may be in a clause of a comprehension that begins in a line above."""
        around = self._brackets(start)
        return around is None or _is_left_open(self.text, around[1], self.line_start(start))

    def _brackets(self, start: int) -> tuple[int, int] | None:
        """How many brackets are open around what stands at *start*, and in which line the first is; None if unknown."""
        text = self.text
        first = line = self.line_start(start)
        brackets = _open_brackets(text, line, start)
        for kind, header in self.headers(line):
            if kind is Header.UNKNOWN:
                return None
            opened = _open_brackets(text, header, text.find("\n", header))
            if kind is not Header.BRACKET and not (opened and _open_brackets(text, header, first)):
                break  # but for an ``if`` that is a condition in brackets: it leaves one open
            brackets += opened
            first = header
        return brackets, first

    def bracket_end(self, place: int) -> int:
        """About where the bracket ends that was opened right before *place*; not before its end."""
        brackets = 1
        for token in _TOKEN.finditer(self.text, place, place + _FARTHEST):
            if token[0] in "[({":
                brackets += 1
            elif token[0] in "])}":
                brackets -= 1
                if not brackets:
                    return token.end()
        return len(self.text)

    def is_in_loop(self, offset: int) -> bool:
        """Whether the statement at *offset* may stand in a loop of its function."""
        line = self.line_start(offset)
        if self._is_repeated_in_line(line, offset):
            return True
        for kind, _ in self.headers(line):
            if kind in (Header.LOOP, Header.UNKNOWN):
                return True
            if kind is Header.FUNCTION:
                return False
        return False

    def _is_repeated_in_line(self, line: int, offset: int) -> bool:
        """Whether a loop or comprehension that begins in the line repeats what stands at *offset*.

        The one iterable of a single one is evaluated once.
        """
        keyword = _REPEATING.search(self.text, line, offset)
        return keyword is not None and not _FIRST_ITERABLE.match(self.text, keyword.start(), offset)

    def function(self, offset: int) -> int | None:
        """What tells the function around *offset* from others: its offset, or MODULE; None if unknown."""
        line = self.line_start(offset)
        if _DEFINED.match(self.text, line):
            return None  # in the head, or in a body that stands beside it
        for kind, start in self.headers(line):
            match kind:
                case Header.FUNCTION:
                    return start
                case Header.UNKNOWN:
                    return None
        return MODULE

    def function_name(self, offset: int) -> str | None:
        """The name of the function around *offset*, "" for the module; None if unknown."""
        header = self.function(offset)
        if header == MODULE:
            return ""
        definition = _DEFINED.match(self.text, header) if header is not None else None
        return definition[1] if definition is not None else None

    def headers(self, start: int) -> Iterator[tuple[Header, int]]:
        """The lines that open what stands around the line at *start*, from the inside, with their offsets."""
        found = self._opener(start)
        while found is not None:
            yield found
            found = self._opener(found[1])

    def _opener(self, start: int) -> tuple[Header, int] | None:
        """The line that opens what the line at *start* stands in, None for one that stands in nothing.

        Lines that were asked for before are not passed again, or a long function would take time of its length squared.
        """
        if start not in self._openers:
            self._openers[start] = self._look_up(start)
        return self._openers[start]

    def _look_up(self, start: int) -> tuple[Header, int] | None:
        text = self.text
        width = _width(text, start)
        while width and start:
            end = start - 1
            start = text.rfind("\n", 0, end) + 1
            line = text[start:end].lstrip(" \t\f")
            indent = end - start - len(line)
            if indent > width:
                continue
            if indent == width:
                if start in self._openers:
                    return self._openers[start]
                continue
            line = line.rstrip()
            if not line or line.startswith("#"):
                continue
            if line[0] in ")]}":
                width = indent + 1  # what it closes was opened further up, at the same indentation
                continue
            return _kind(line), start
        return None


def _kind(line: str) -> Header:
    """What a line opens that stands further left than the one below it."""
    header = _HEADER.match(line)
    if header is not None:
        match header[1]:
            case "for" | "while":
                return Header.LOOP
            case "def":
                return Header.FUNCTION
        return Header.OTHER
    return Header.BRACKET if line.endswith(("(", "[", "{", ",", "\\")) or "#" in line else Header.UNKNOWN


def without_strings(text: str) -> str:
    """*text* without its string literals; f-strings, which hold code, stay."""
    return _LITERAL.sub("", text)


def word_start(text: str, end: int) -> int:
    """Where the word begins that ends at *end*; looked for backwards, as a pattern that starts with a name is slow."""
    while end and _is_wordly(text[end - 1]):
        end -= 1
    return end


def _open_brackets(text: str, start: int, end: int) -> int:
    """How many brackets are open at *end* that were opened since *start*."""
    count = 0
    for token in _TOKEN.finditer(text, start, end if end >= 0 else len(text)):
        if token[0] in "[({":
            count += 1
        elif token[0] in "])}" and count:
            count -= 1
    return count


def _is_left_open(text: str, start: int, end: int) -> bool:
    """Whether a bracket that is opened since *start* and still open at *end* may have a ``for`` in it already."""
    if _REPEATING.search(text, start, end) is None:
        return False
    if end - start > _FARTHEST or any(quotes in text[start:end] for quotes in ('"""', "'''")):
        return True
    brackets: list[bool] = []
    for token in _TOKEN.finditer(text, start, end):
        if token[0] in "[({":
            brackets.append(False)
        elif token[0] in "])}":
            if brackets:
                brackets.pop()
        elif token[0] == "for" and brackets:
            brackets[-1] = True
    return any(brackets)


def _repeats(text: str, place: int, brackets: int) -> bool:
    """Whether a ``for`` stands between *place* and the end of so many brackets around it."""
    for token in _TOKEN.finditer(text, place, place + _FARTHEST):
        match token[0]:
            case "[" | "(" | "{":
                brackets += 1
            case "]" | ")" | "}":
                brackets -= 1
                if not brackets:
                    return False
            case "for":
                return True
    return True


@lru_cache
def dedent(width: int) -> re.Pattern[str]:
    """A pattern for the end of a line before one that is indented by no more than *width*, and no comment."""
    return re.compile(rf"\n(?=[ \t\f]{{0,{width}}}[^\s#])")


def _width(text: str, start: int) -> int:
    match = _INDENT.match(text, start)
    assert match is not None
    return match.end() - start


def _is_wordly(character: str) -> bool:
    return character.isalnum() or character == "_"
