"""Calls and expressions that are known to compute a value and to do nothing else, and what they compute it from."""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.names import Kind
from flake8_flowperf.source.values import ValueKind, kind_of_value

READING_METHODS = frozenset(
    "as_posix capitalize casefold center count decode digest encode endswith expandtabs find format hex hexdigest "
    "index isalnum isalpha isdigit isidentifier isoformat isspace join ljust lower lstrip partition removeprefix "
    "removesuffix replace rfind rjust rpartition rsplit rstrip split splitlines startswith strip title toordinal "
    "total_seconds translate upper utcoffset zfill".split(" ")
)
"""methods of the built-in and standard value types that leave their object alone and give a fresh value"""
CONTENT_METHODS = frozenset({"copy", "get", "items", "keys", "values"})
"""methods that leave their object alone and give what is in it"""
DIGEST_METHODS = frozenset({"digest", "hexdigest"})
_FRESH_BUILTINS = frozenset(
    "abs all any ascii bool bytes callable chr complex divmod float format frozenset hasattr hash hex id int "
    "isinstance issubclass len oct ord pow print range repr round str sum type".split(" ")
)
CONTENT_BUILTINS = frozenset("dict enumerate filter iter list max min next reversed set sorted tuple zip".split(" "))
"""builtins whose result holds what is in their arguments"""
_COMPUTING_BUILTINS = frozenset(
    "abs ascii bool bytes dict float format frozenset int len list max min repr round set sorted str sum tuple".split(
        " "
    )
)
_LOG_METHODS = frozenset({"critical", "debug", "error", "exception", "info", "log", "warning"})
_LOG_NAMES = frozenset({"log", "logger", "logging"})


class Result(enum.Enum):
    """What a computation gives."""

    VALUE = "a value that nothing can change"
    DIGEST = "an object that counts only through digest() and hexdigest()"
    OBJECT = "a fresh object that its owner can change"


@dataclass(frozen=True)
class Computation:
    """A function of the standard library, or of one with its interface, that only computes.

    *has_contents* says that the first argument is an object whose contents count; *word* names the result.
    """

    result: Result
    word: str
    has_contents: bool = False


def _table() -> dict[str, Computation]:
    digest, text = Computation(Result.DIGEST, "digest"), Computation(Result.VALUE, "text")
    checksum, encoded = Computation(Result.VALUE, "checksum"), Computation(Result.VALUE, "encoded")
    pattern, parsed = Computation(Result.VALUE, "pattern"), Computation(Result.OBJECT, "parsed")
    json, dumped = Computation(Result.VALUE, "json", True), Computation(Result.VALUE, "dumped", True)
    value = Computation(Result.VALUE, "value")
    rows = (
        (digest, "hashlib.md5 hashlib.sha1 hashlib.sha224 hashlib.sha256 hashlib.sha384 hashlib.sha512 "
                 "hashlib.sha3_224 hashlib.sha3_256 hashlib.sha3_384 hashlib.sha3_512 hashlib.blake2b "
                 "hashlib.blake2s hashlib.new hmac.new"),
        (checksum, "hashlib.pbkdf2_hmac hashlib.scrypt hmac.digest zlib.crc32 zlib.adler32 binascii.crc32"),
        (encoded, "base64.b64encode base64.urlsafe_b64encode base64.b32encode base64.b16encode zlib.compress "
                  "bz2.compress lzma.compress"),
        (value, "base64.b64decode base64.urlsafe_b64decode base64.b32decode zlib.decompress bz2.decompress "
                "lzma.decompress gzip.decompress inspect.signature ipaddress.ip_address ipaddress.ip_network "
                "ipaddress.ip_interface uuid.uuid3 uuid.uuid5 datetime.datetime.strptime"),
        (text, "textwrap.dedent fnmatch.translate"),
        (pattern, "re.compile regex.compile"),
        (json, "json.dumps simplejson.dumps ujson.dumps orjson.dumps"),
        (dumped, "pickle.dumps marshal.dumps yaml.dump yaml.safe_dump plistlib.dumps"),
        (parsed, "json.loads simplejson.loads ujson.loads orjson.loads pickle.loads marshal.loads plistlib.loads "
                 "tomllib.loads tomli.loads ast.literal_eval ast.parse xml.etree.ElementTree.fromstring"),
    )  # fmt: skip
    return {name: computation for computation, names in rows for name in names.split()}


COMPUTATIONS = _table()
COMPUTING_NAMES = frozenset(name.rpartition(".")[2] for name in COMPUTATIONS)
"""the last parts of their names"""


@dataclass(frozen=True)
class Input:
    """A name, or an attribute reached from it by *path*, that a value is computed from.

    *has_contents* says that what is in the object counts, and not only which object it is.
    """

    name: ast.Name
    path: tuple[str, ...]
    has_contents: bool


def computation(source: SourceFile, node: ast.expr) -> Computation | None:
    """What the call *node* computes, None when it is no known computation."""
    if not isinstance(node, ast.Call):
        return None
    if not source.names.may_be(node.func, COMPUTING_NAMES):
        return None
    name = source.names.qualified_name(node.func) or ""
    writes = name.startswith("yaml.") and (len(node.args) > 1 or any(key.arg == "stream" for key in node.keywords))
    return COMPUTATIONS.get(name) if not writes else None


def is_harmless_call(source: SourceFile, node: ast.Call) -> bool:
    """Whether a call is known to leave its arguments alone, and to keep none of them."""
    name = source.names.qualified_name(node.func)
    if name is not None:
        module, _, function = name.rpartition(".")
        if module == "builtins":
            return function in _FRESH_BUILTINS or function in CONTENT_BUILTINS
        if name in COMPUTATIONS or module in ("logging", "re"):
            return True
    match node.func:
        case ast.Attribute(attr=method, value=owner) if method in _LOG_METHODS:
            owner_name = str(getattr(owner, "attr", None) or getattr(owner, "id", ""))
            return owner_name.lower().strip("_") in _LOG_NAMES
        case ast.Attribute(attr=method):
            return method in READING_METHODS
    return False


def inputs(source: SourceFile, node: ast.expr) -> list[Input] | None:
    """What *node* is computed from; None when it is not certain that it computes the same from the same."""
    found: list[Input] = []
    todo = [(node, False)]
    while todo:
        current, has_contents = todo.pop()
        match current:
            case ast.Constant():
                pass
            case ast.Name():
                if not _is_fixed(source, current):
                    found.append(Input(current, (), has_contents and not _is_plain(source, current)))
            case ast.Attribute():
                if source.names.qualified_name(current) is not None:
                    continue
                name, path = _dotted(current)
                if name is None:
                    todo.append((current.value, True))
                else:
                    found.append(Input(name, path, has_contents))
            case ast.Subscript():
                todo += [(current.value, True), (current.slice, False)]
            case ast.Slice():
                todo += [(part, False) for part in (current.lower, current.upper, current.step) if part is not None]
            case ast.Call():
                parts = _call_parts(source, current)
                if parts is None:
                    return None
                todo += parts
            case ast.JoinedStr():
                todo += [(part, True) for part in current.values]
            case ast.FormattedValue():
                todo.append((current.value, True))
                if current.format_spec is not None:
                    todo.append((current.format_spec, True))
            case ast.BinOp():
                todo += [(current.left, has_contents), (current.right, has_contents)]
            case ast.UnaryOp():
                todo.append((current.operand, has_contents))
            case ast.BoolOp():
                todo += [(value, has_contents) for value in current.values]
            case ast.Compare():
                todo += [(value, True) for value in (current.left, *current.comparators)]
            case ast.IfExp():
                todo += [(part, has_contents) for part in (current.body, current.orelse)] + [(current.test, True)]
            case ast.List() | ast.Tuple() | ast.Set():
                todo += [(item, has_contents) for item in current.elts]
            case ast.Dict():
                todo += [(item, has_contents) for item in (*current.keys, *current.values) if item is not None]
            case ast.Starred():
                todo.append((current.value, True))
            case _:
                return None
    return found


def _call_parts(source: SourceFile, node: ast.Call) -> list[tuple[ast.expr, bool]] | None:
    """What a call computes its value from, each with whether its contents count; None for an unknown call."""
    keywords = [(keyword.value, False) for keyword in node.keywords]
    known = computation(source, node)
    if known is not None:
        return [(item, known.has_contents and not position) for position, item in enumerate(node.args)] + keywords
    arguments = [(item, True) for item in node.args] + keywords
    name = source.names.qualified_name(node.func)
    if name is not None:
        return arguments if name.removeprefix("builtins.") in _COMPUTING_BUILTINS else None
    match node.func:
        case ast.Attribute(value=ast.Call() as owner, attr=method) if method in DIGEST_METHODS:
            return [(owner, False), *arguments] if computation(source, owner) is not None else None
        case ast.Attribute(value=owner, attr=method) if method in READING_METHODS - DIGEST_METHODS:
            return [(owner, False), *((item, False) for item in node.args), *keywords]
        case ast.Attribute(value=owner, attr=method) if method in CONTENT_METHODS:
            return [(owner, True), *arguments]
    return None


def _is_fixed(source: SourceFile, name: ast.Name) -> bool:
    """Whether a name means an import, a builtin, or one definition of the file."""
    variable = source.names.variable(name)
    if variable is None:
        return source.names.qualified_name(name) is not None
    return all(binding.kind in (Kind.IMPORT, Kind.DEFINITION) for binding in variable.bindings)


def _is_plain(source: SourceFile, name: ast.Name) -> bool:
    """Whether a name's value is of a type that has no contents to change."""
    return kind_of_value(source, name) in (ValueKind.TEXT, ValueKind.NUMBER, ValueKind.PATH)


def _dotted(node: ast.Attribute) -> tuple[ast.Name | None, tuple[str, ...]]:
    path: list[str] = []
    current: ast.expr = node
    while isinstance(current, ast.Attribute):
        path.append(current.attr)
        current = current.value
    return (current, tuple(reversed(path))) if isinstance(current, ast.Name) else (None, ())
