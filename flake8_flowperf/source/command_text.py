"""How the text of a command is built: its literal texts and the values that are interpolated into them."""

from __future__ import annotations

import ast
import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.names import Binding, Kind, Variable
from flake8_flowperf.source.shell_words import CannotSplit, split
from flake8_flowperf.source.tree import walk
from flake8_flowperf.source.values import ValueKind, kind_of_value

_QUOTING = frozenset({"shlex.quote", "pipes.quote"})
_JOINING = frozenset({"shlex.join", "subprocess.list2cmdline"})
_KEEPING = frozenset({"strip", "lstrip", "rstrip", "lower", "upper", "encode", "expandtabs"})
_MAX_DEPTH = 20


@dataclass(frozen=True)
class Value:
    """An interpolated value: the expression and what is done to it on its way into the text.

    *access* is an attribute or item of it that format() looks up; *conversion* what an f-string writes behind it
    ("!r:>8"); *percent* its specification in %-formatting when that is not "%s"; *is_text* says that the text could not
    be built from anything but a str; *is_quoted* that the shell's quoting was applied and a shell undoes it; *is_list*
    that it is an iterable of texts, each of which is one word.
    """

    expr: ast.expr
    access: str = ""
    conversion: str = ""
    percent: str = ""
    is_text: bool = False
    is_quoted: bool = False
    is_list: bool = False


Piece: TypeAlias = str | Value


@dataclass(frozen=True)
class CommandText:
    """A command line: the expression that builds it, and its texts and values in order.

    *variable* is the name that holds it when the call is given a name.
    """

    expr: ast.expr
    pieces: tuple[Piece, ...]
    variable: Variable | None = None


def is_built_here(source: SourceFile, node: ast.expr, depth: int = 0) -> bool:
    """Whether an expression builds a command, as definition SH says (labels, part A, section 5).

    That is a literal, an f-string, %, +, format(), join() or replace(), a list or tuple, or a name that is given
    nothing but such values.
    """
    if depth > _MAX_DEPTH:
        return False
    match node:
        case ast.Constant(value=str() | bytes()) | ast.JoinedStr() | ast.List() | ast.Tuple() | ast.ListComp():
            return True
        case ast.BinOp(op=ast.Add() | ast.Mod()):
            return True
        case ast.Call(func=ast.Attribute(attr="format" | "join" | "replace")):
            return True
        case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in _KEEPING or attr == "split":
            return is_built_here(source, owner, depth + 1)
        case ast.Call(func=function, args=[text, *_]):
            name = source.names.qualified_name(function)
            return name in _JOINING or (
                name in ("shlex.split", "textwrap.dedent") and is_built_here(source, text, depth + 1)
            )
        case ast.IfExp():
            return is_built_here(source, node.body, depth + 1) and is_built_here(source, node.orelse, depth + 1)
        case ast.NamedExpr():
            return is_built_here(source, node.value, depth + 1)
        case ast.Name():
            variable = source.names.variable(node)
            bindings = _values(variable) if variable is not None else []
            return bool(bindings) and all(_binds_built(source, binding, depth) for binding in bindings)
    return False


def _values(variable: Variable) -> list[Binding]:
    return [binding for binding in variable.bindings if binding.kind not in (Kind.DECLARED, Kind.DELETED)]


def _binds_built(source: SourceFile, binding: Binding, depth: int) -> bool:
    match binding.kind, binding.value:
        case Kind.ASSIGNMENT, ast.expr() as value:
            return is_built_here(source, value, depth + 1)
        case Kind.AUGMENTED, _:
            return True
        case Kind.FOR, ast.expr() as iterable:
            return any(
                bool(display.elts) and all(is_built_here(source, item, depth + 1) for item in display.elts)
                for display in _displays(source, iterable)
            )
    return False


def _displays(source: SourceFile, node: ast.expr) -> Iterator[ast.List | ast.Tuple | ast.Set]:
    """The display that *node* is, or that the name *node* stands for."""
    if isinstance(node, ast.Name):
        variable = source.names.variable(node)
        node = variable.only_value or node if variable is not None else node
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        yield node


def is_list(source: SourceFile, node: ast.expr, depth: int = 0) -> bool:
    """Whether the value of an expression is certainly a list or a tuple."""
    if depth > _MAX_DEPTH:
        return False
    match node:
        case ast.List() | ast.Tuple() | ast.ListComp():
            return True
        case ast.BinOp(op=ast.Add()):
            return is_list(source, node.left, depth + 1) or is_list(source, node.right, depth + 1)
        case ast.Call(func=ast.Attribute(attr="split" | "splitlines"), keywords=[]):
            return True
        case ast.Call(func=function):
            return source.names.qualified_name(function) in ("builtins.list", "builtins.tuple", "shlex.split")
        case ast.Name():
            variable = source.names.variable(node)
            bindings = _values(variable) if variable is not None else []
            assigned = [binding.value for binding in bindings if binding.kind is Kind.ASSIGNMENT]
            if any(binding.kind not in (Kind.ASSIGNMENT, Kind.AUGMENTED) for binding in bindings):
                return False
            return bool(assigned) and all(value is not None and is_list(source, value, depth + 1) for value in assigned)
    return False


def command_text(source: SourceFile, node: ast.expr) -> CommandText:
    """Read how the command *node* is built, through one local name; raises CannotSplit with the reason."""
    variable = None
    if isinstance(node, ast.Name):
        variable = source.names.variable(node)
        value = variable.only_value if variable is not None else None
        if value is None:
            raise CannotSplit(f"{node.id!r} holds different commands")
        node = value
    return CommandText(node, tuple(_merged(_pieces(source, node, 0))), variable)


def interpolated(source: SourceFile, node: ast.expr) -> list[ast.expr]:
    """The expressions that are interpolated into a command, as far as its building can be followed."""
    try:
        return [piece.expr for piece in command_text(source, node).pieces if isinstance(piece, Value)]
    except CannotSplit:
        return []


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        if text:
            yield text
            text = ""
        yield piece
    if text:
        yield text


def _pieces(source: SourceFile, node: ast.expr, depth: int) -> Iterator[Piece]:
    if depth > _MAX_DEPTH:
        raise CannotSplit("the command is nested too deeply")
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Constant(value=bytes()):
            raise CannotSplit("the command is bytes")
        case ast.JoinedStr():
            for part in node.values:
                yield from _f_string_part(source, part, depth)
        case ast.BinOp(op=ast.Add()):
            for operand in _terms(node):
                yield from _operand(source, operand, depth, Value(operand, is_text=True))
        case ast.BinOp(left=ast.Constant(value=str(template)), op=ast.Mod()):
            yield from _percent(source, template, node.right, depth)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(template)), attr="format")):
            yield from _format(source, template, node, depth)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(blank)), attr="join"), args=[items], keywords=[]):
            yield from _join(source, blank, items, depth)
        case ast.Call(func=function, args=[items], keywords=[]) if source.names.qualified_name(function) in _JOINING:
            yield Value(items, is_list=True)
        case ast.BinOp(op=ast.Mod()) | ast.Call(func=ast.Attribute(attr="format")):
            raise CannotSplit("the format string does not stand here")
        case ast.Call(func=ast.Attribute(attr=attr)):
            raise CannotSplit(f"the command comes from {attr}()")
        case _:
            raise CannotSplit("the command is not built where it can be followed")


def _terms(node: ast.expr) -> list[ast.expr]:
    """The operands of a sum, from left to right."""
    terms: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        terms.append(node.right)
        node = node.left
    return [node, *reversed(terms)]


def _operand(source: SourceFile, node: ast.expr, depth: int, value: Value) -> Iterator[Piece]:
    """The pieces of an operand: those of the text that it builds itself, else the *value*."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr() | ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod()):
            yield from _pieces(source, node, depth + 1)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="format" | "join")):
            yield from _pieces(source, node, depth + 1)
        case ast.BinOp(op=ast.Add()) if kind_of_value(source, node) is ValueKind.TEXT:
            yield from _pieces(source, node, depth + 1)
        case ast.Call(func=function, args=[argument], keywords=[]):
            name = source.names.qualified_name(function)
            if name in _JOINING:
                yield Value(argument, is_list=True)
            elif name in _QUOTING:
                yield Value(argument, is_text=True, is_quoted=True)
            else:
                yield value
        case _:
            yield value


def _f_string_part(source: SourceFile, part: ast.expr, depth: int) -> Iterator[Piece]:
    match part:
        case ast.Constant(value=str(text)):
            yield text
        case ast.FormattedValue(conversion=-1 | 115, format_spec=None):
            yield from _operand(source, part.value, depth, Value(part.value))
        case ast.FormattedValue():
            conversion = f"!{chr(part.conversion)}" if part.conversion != -1 else ""
            yield Value(part.value, conversion=conversion + _format_specification(part.format_spec))
        case _:
            raise CannotSplit("the command is not built where it can be followed")


def _format_specification(node: ast.expr | None) -> str:
    match node:
        case None:
            return ""
        case ast.JoinedStr(values=[ast.Constant(value=str(text))]) if "{" not in text and "}" not in text:
            return f":{text}"
    raise CannotSplit("a format specification is computed")


_PERCENT = re.compile(r"%(?:\((?P<key>[^)]*)\))?(?P<flags>[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*)?)?[hlL]?)(?P<type>.)")


def _percent(source: SourceFile, template: str, right: ast.expr, depth: int) -> Iterator[Piece]:
    specifications = [match for match in _PERCENT.finditer(template) if match["type"] != "%"]
    keys = {match["key"] for match in specifications}
    named = None not in keys and bool(keys)
    if any("*" in match["flags"] for match in specifications) or named != any(key is not None for key in keys):
        raise CannotSplit("a format specification is computed")
    values = _named_operands(right) if named else _operands(source, right, len(specifications))
    position = end = 0
    for match in _PERCENT.finditer(template):
        yield template[end : match.start()]
        end = match.end()
        if match["type"] == "%":
            yield "%"
            continue
        value = values[match["key"] if named else position]
        position += 1
        plain = not match["flags"] and (
            match["type"] == "s"
            or (match["type"] in "di" and not value.access and kind_of_value(source, value.expr) is ValueKind.NUMBER)
        )
        if plain and not value.access:
            yield from _operand(source, value.expr, depth, value)
        else:
            percent = "" if plain else f"%{match['flags']}{match['type']}"
            yield Value(value.expr, value.access, percent=percent)
    yield template[end:]


def _operands(source: SourceFile, right: ast.expr, count: int) -> Mapping[str | int, Value]:
    operands = right.elts if isinstance(right, ast.Tuple) else [right]
    if len(operands) != count or any(isinstance(operand, ast.Starred) for operand in operands):
        raise CannotSplit("the values of the format string do not stand here")
    if isinstance(right, ast.Name):
        variable = source.names.variable(right)
        if variable is not None and any(isinstance(binding.value, ast.Tuple) for binding in variable.bindings):
            raise CannotSplit("the values of the format string do not stand here")
    return {position: Value(operand) for position, operand in enumerate(operands)}


class _Items(dict[str | int, Value]):
    """The items of a mapping that has a name, made as they are asked for."""

    def __init__(self, mapping: ast.expr) -> None:
        super().__init__()
        self.mapping = mapping

    def __missing__(self, key: str | int) -> Value:
        return Value(self.mapping, access=f"[{key!r}]".replace("'", '"'))


def _named_operands(right: ast.expr) -> Mapping[str | int, Value]:
    match right:
        case ast.Dict(keys=keys, values=values):
            names = [key.value if isinstance(key, ast.Constant) else None for key in keys]
            found: dict[str | int, Value] = {
                name: Value(value) for name, value in zip(names, values, strict=True) if isinstance(name, str)
            }
            if len(found) == len(names):
                return found
        case ast.Name() | ast.Attribute():
            return _Items(right)
    raise CannotSplit("the values of the format string do not stand here")


_FIELD = re.compile(r"(\w*)((?:\.\w+|\[\w+\])*)", re.ASCII)


def _format(source: SourceFile, template: str, call: ast.Call, depth: int) -> Iterator[Piece]:
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        raise CannotSplit("the values of the format string do not stand here")
    values: dict[str | int, Value] = {position: Value(argument) for position, argument in enumerate(call.args)}
    match call.keywords:
        case [ast.keyword(arg=None, value=ast.Name() | ast.Attribute() as mapping)] if not values:
            values = _Items(mapping)
        case keywords:
            values.update({keyword.arg: Value(keyword.value) for keyword in keywords if keyword.arg is not None})
            if any(keyword.arg is None for keyword in keywords):
                raise CannotSplit("the values of the format string do not stand here")
    used: list[str | int] = []
    pieces: list[Piece] = []
    try:
        for text, field, specification, conversion in string.Formatter().parse(template):
            pieces.append(text)
            if field is None:
                continue
            match = _FIELD.fullmatch(field)
            if match is None or "{" in (specification or ""):
                raise CannotSplit("a format specification is computed")
            key: str | int = match[1] or len(used)
            used.append(int(key) if isinstance(key, str) and key.isdigit() else key)
            value = values[used[-1]]
            access = value.access + re.sub(r"\[([A-Za-z_]\w*)\]", r'["\1"]', match[2])
            suffix = "" if conversion in (None, "s") and not specification else (
                (f"!{conversion}" if conversion else "") + (f":{specification}" if specification else ""))  # fmt: skip
            if access or suffix:
                pieces.append(Value(value.expr, access, suffix))
            else:
                pieces.extend(_operand(source, value.expr, depth, value))
    except (ValueError, KeyError) as error:
        raise CannotSplit("the values do not fit the format string") from error
    _check_evaluation(values, used)
    yield from pieces


def _check_evaluation(values: Mapping[str | int, Value], used: Sequence[str | int]) -> None:
    """Raise CannotSplit when a value would no longer be evaluated once, and in its turn."""
    times = Counter(used)
    if any(key not in times for key in values):
        raise CannotSplit("format() has values that the text does not use")
    computed = [key for key in values if not _is_reference(values[key].expr)]
    if any(times[key] > 1 for key in computed) or [key for key in used if key in computed] != computed:
        raise CannotSplit("the values would be computed in another order")


def _is_reference(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, (ast.Name, ast.Constant))


def _join(source: SourceFile, blank: str, items: ast.expr, depth: int) -> Iterator[Piece]:
    match items:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            for position, element in enumerate(elements):
                if position:
                    yield blank
                if isinstance(element, ast.Starred):
                    yield from _joined(source, blank, element.value)
                else:
                    yield from _operand(source, element, depth, Value(element, is_text=True))
        case _:
            yield from _joined(source, blank, items)


def _joined(source: SourceFile, blank: str, items: ast.expr) -> Iterator[Piece]:
    """The pieces of a joined iterable: a list of words, when every word of it can be seen or is quoted."""
    if blank != " ":
        raise CannotSplit("the joined words do not stand here")
    match items:
        case (
            ast.GeneratorExp(
                elt=ast.Call(func=function, args=[ast.Name(id=word)], keywords=[]),
                generators=[ast.comprehension(target=ast.Name(id=target), iter=iterable, ifs=[], is_async=0)],
            )
            | ast.ListComp(
                elt=ast.Call(func=function, args=[ast.Name(id=word)], keywords=[]),
                generators=[ast.comprehension(target=ast.Name(id=target), iter=iterable, ifs=[], is_async=0)],
            )
        ) if word == target and source.names.qualified_name(function) in _QUOTING:
            yield Value(iterable, is_list=True)
        case ast.Call(func=ast.Name(id="map"), args=[function, iterable], keywords=[]) if (
            source.names.qualified_name(function) in _QUOTING
        ):
            yield Value(iterable, is_list=True)
        case ast.Name() if (words := _visible_words(source, items)) is not None:
            for element in words:
                _check_single_word(source, element)
            yield Value(items, is_list=True)
        case _:
            raise CannotSplit("the joined words do not stand here")


def _visible_words(source: SourceFile, name: ast.Name) -> list[ast.expr] | None:
    """All elements that a local list ever gets, None when some cannot be seen."""
    variable = source.names.variable(name)
    if variable is None:
        return None
    words: list[ast.expr] = []
    for binding in _values(variable):
        match binding.kind, binding.value:
            case Kind.ASSIGNMENT | Kind.AUGMENTED, ast.List(elts=elements):
                words.extend(elements)
            case _:
                return None
    for load in variable.loads:
        owner = source.tree.parent(load)
        match owner, source.tree.parent(owner) if owner is not None else None:
            case ast.Attribute(attr="append"), ast.Call(args=[element]):
                words.append(element)
            case ast.Attribute(attr="extend"), ast.Call(args=[ast.List(elts=elements) | ast.Tuple(elts=elements)]):
                words.extend(elements)
            case ast.Call(func=ast.Attribute(attr="join"), args=[only]), _ if only is load:
                pass
            case _:
                return None
    return words if not any(isinstance(word, ast.Starred) for word in words) else None


def _check_single_word(source: SourceFile, node: ast.expr) -> None:
    """Raise CannotSplit unless an element of a joined list is one word for the shell and means itself."""
    pieces = list(_operand(source, node, 0, Value(node, is_text=True)))
    command = split(["program ", *pieces])
    if len(command.words) != 2 or any("'" in piece or '"' in piece for piece in pieces if isinstance(piece, str)):
        raise CannotSplit("a joined element is more than one word")
    check_values(source, pieces)


# --- values that may be more than one word ---------------------------------------------------------------------------

_SEVERAL = re.compile(
    r"(?:\w*_)?(?:arg|args|argv|arguments|opt|opts|options?|flags?|params?|parameters|extras?|switch(?:es)?|cmd|cmds|"
    r"command|commands|cmdline|command_line|rest|suffix|prefix|redirect\w*)",
    re.IGNORECASE,
)
_PROGRAMS = re.compile(r"(?:\w*_)?(?:editor|pager|browser|viewer|player|debugger|shell|compiler|cc|cxx)", re.IGNORECASE)
_PLURAL = re.compile(r"\w*(?:[^aius]s)", re.IGNORECASE)


def check_values(source: SourceFile, pieces: Iterable[Piece], *, is_program: bool = False) -> None:
    """Raise CannotSplit when a value that stands outside quotes may be several words; *is_program*: the first word."""
    for piece in pieces:
        if isinstance(piece, Value):
            _check_value(source, piece, is_program=is_program)


def _check_value(source: SourceFile, value: Value, *, is_program: bool) -> None:
    if value.is_quoted or value.is_list:
        return
    if value.conversion or value.percent not in ("", "s"):
        if not _NUMERIC.fullmatch(value.conversion or value.percent):
            raise CannotSplit("the formatting of a value may add quotes or blanks")
        return
    kind = kind_of_value(source, value.expr)
    if kind in (ValueKind.PATH, ValueKind.NUMBER) and not value.access:
        return
    name = last_name(value.expr)
    text = _known_text(source, value.expr)
    if text is not None and not value.access:
        if len(text.split()) != 1 or not _MEANS_ITSELF.fullmatch(text):
            raise CannotSplit(f"{name or 'a value'!r} is not one plain word")
        return
    if _may_be_empty(source, value.expr):
        raise CannotSplit(f"{repr(name) if name else 'a value'} may be empty, which is no word for the shell")
    if name is None and not value.access:
        raise CannotSplit("a value outside quotes may be several words")
    name = value.access.strip('[]"').rpartition(".")[2] if value.access else name
    assert name is not None
    if _SEVERAL.fullmatch(name) or _PLURAL.fullmatch(name) or (is_program and _PROGRAMS.fullmatch(name)):
        raise CannotSplit(f"{name!r} may be several words")
    if isinstance(value.expr, ast.Name):
        variable = source.names.variable(value.expr)
        assigned = [b.value for b in variable.bindings if b.kind is Kind.ASSIGNMENT] if variable is not None else []
        if any(blank in part for item in assigned if item is not None for part in _texts(item) for blank in " \t\n"):
            raise CannotSplit(f"{name!r} may be several words")


def _may_be_empty(source: SourceFile, node: ast.expr, depth: int = 0) -> bool:
    """Whether the code at hand gives *node* an empty or blank text, or none, in some case."""
    if depth > _MAX_DEPTH:
        return False
    match node:
        case ast.Constant(value=constant):
            return constant is None or (isinstance(constant, str) and not constant.strip())
        case ast.IfExp(body=one, orelse=other):
            return any(_may_be_empty(source, each, depth + 1) for each in (one, other))
        case ast.BoolOp(values=values):
            return _may_be_empty(source, values[-1], depth + 1)
        case ast.Call(func=ast.Attribute(attr="get" | "pop") | ast.Name(id="getattr"), args=[*_, default]):
            return _may_be_empty(source, default, depth + 1)
        case ast.Name():
            variable = source.names.variable(node)
            return variable is not None and any(
                _may_be_empty(source, value, depth + 1)
                for binding in variable.bindings
                if (value := _first_value(source, binding)) is not None
            )
    return False


def _first_value(source: SourceFile, binding: Binding) -> ast.expr | None:
    """The value that a binding gives a name: what is assigned, or the default of a parameter."""
    owner = source.tree.parent(binding.node)
    match binding.kind, owner:
        case Kind.ASSIGNMENT, _:
            return binding.value
        case Kind.PARAMETER, ast.arguments():
            return parameter_default(owner, binding.node)
    return None


def parameter_default(owner: ast.arguments, parameter: ast.AST) -> ast.expr | None:
    """The default value of a parameter, None when it has none."""
    positional = [*owner.posonlyargs, *owner.args]
    defaults: dict[ast.AST, ast.expr | None] = dict(zip(reversed(positional), reversed(owner.defaults), strict=False))
    defaults.update(zip(owner.kwonlyargs, owner.kw_defaults, strict=True))
    return defaults.get(parameter)


_NUMERIC = re.compile(r":?0?\d*(?:\.\d+)?[dioxXfFeEgG]")
_MEANS_ITSELF = re.compile(r"[\w@%+=:,./-]+", re.ASCII)


def _texts(node: ast.expr) -> Iterator[str]:
    """The literal texts that an expression is made of."""
    for child in walk(node):
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value


def _known_text(source: SourceFile, node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        variable = source.names.variable(node)
        node = variable.only_value or node if variable is not None else node
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def last_name(node: ast.expr) -> str | None:
    """The name that a reader would call an expression by: the last one of a dotted name, or a constant key."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return None
