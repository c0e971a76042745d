"""Which values are open files, whole texts of files and folder listings, and which code changes files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flake8_flowperf.source.calls import calls_that_may_be
from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.glance import Glance
from flake8_flowperf.source.names import Binding, Kind, Variable
from flake8_flowperf.source.tree import walk, walk_scope
from flake8_flowperf.source.values import ValueKind, kind_of_value


@dataclass(frozen=True)
class OpenFile:
    """A file that is open for reading.

    *opening* is the call that opened it, None for standard input and for a parameter; *variable* the name that holds
    it, *holder* the ``with`` statement that closes it.  *doubt* says why iterating over it may not give exactly what
    its ``readlines()`` gives, "" for a file object of the io module.  *can_fail* tells whether reading can fail after
    lines were read: at bytes that cannot be decoded, or in a damaged archive.
    """

    opening: ast.Call | None
    is_binary: bool | None
    can_fail: bool
    doubt: str
    variable: Variable | None = None
    holder: ast.With | None = None


@dataclass(frozen=True)
class WholeRead:
    """A call that reads all of a file at once: ``path.read_text()``, ``path.read_bytes()`` or ``file.read()``."""

    call: ast.Call
    path: ast.expr | None
    file: OpenFile | None
    is_binary: bool | None


@dataclass(frozen=True)
class AllLines:
    """A call that makes a list of all lines of a file.

    It is ``file.readlines()`` when *whole* is None, else ``.splitlines()`` or ``.split("\\n")`` of the whole text;
    *keeps_ends* tells whether the lines have their newlines.
    """

    call: ast.Call
    file: OpenFile | None
    whole: WholeRead | None
    keeps_ends: bool

    @property
    def is_binary(self) -> bool | None:
        """Whether the lines are bytes, None when that is not known."""
        if self.whole is not None:
            return self.whole.is_binary
        return self.file.is_binary if self.file is not None else None


@dataclass(frozen=True)
class _Opener:
    """What is known of a function that opens files, and where its arguments stand."""

    mode: int | None
    default: str = "r"
    encoding: int | None = None
    doubt: str = ""
    is_archive: bool = False


_BY_OWN_RULES = "a codecs reader splits lines by rules of its own"
_MAY_BE_ANYTHING = "the object may not be a plain file"
_OPENERS = {
    "builtins.open": _Opener(1, encoding=3),
    "io.open": _Opener(1, encoding=3),
    "os.fdopen": _Opener(1, encoding=3),
    "tokenize.open": _Opener(None),
    "codecs.open": _Opener(1, encoding=2, doubt=_BY_OWN_RULES),
    "gzip.open": _Opener(1, "rb", is_archive=True),
    "bz2.open": _Opener(1, "rb", is_archive=True),
    "lzma.open": _Opener(1, "rb", is_archive=True),
    "importlib.resources.open_text": _Opener(None, encoding=2),
    "importlib.resources.open_binary": _Opener(None, "rb"),
    "importlib_resources.open_text": _Opener(None, encoding=2),
    "importlib_resources.open_binary": _Opener(None, "rb"),
    "pathlib.Path.open": _Opener(0, encoding=2),
}
_WHOLE_READS = frozenset({"read", "read_text", "read_bytes"})
_NO_FILES = frozenset(f"{module}.open" for module in ("os", "webbrowser", "tarfile", "dbm", "shelve", "wave"))
_NO_FILE_NAME = re.compile(r"popen|urlopen|url_open|openurl|open_(?:url|connection|unix|new|browser)", re.IGNORECASE)
_OPENER_NAME = re.compile(r"(?:^|_)[oO]pen(?:_|[A-Z]|$)|[a-z]Open$")
_MODE = re.compile(r"[rwxabtU+]{1,4}")
_FORGIVING_ERRORS = frozenset({"ignore", "replace", "backslashreplace"})
_TOTAL_ENCODINGS = frozenset({"latin-1", "latin1", "iso-8859-1", "iso8859-1"})
_FILE_TYPES = {
    "typing.TextIO": False,
    "typing.BinaryIO": True,
    "typing.IO": None,
    "io.TextIOWrapper": False,
    "io.TextIOBase": False,
    "io.BufferedReader": True,
}
_ENCODING_NAME = re.compile(r"(?:utf|ascii|us-|latin|iso|cp|windows|mac|euc|gb|big5|shift|koi)[\w\-]*", re.IGNORECASE)
_LISTING_METHODS = frozenset({"glob", "rglob", "iterdir"})
_LISTING_FUNCTIONS = frozenset({"os.scandir", "glob.iglob"})
_CHANGING_FUNCTIONS = """
    link makedirs mkdir mkfifo remove removedirs rename renames replace rmdir symlink truncate unlink
"""
_CHANGING_NAMES = frozenset(f"os.{name}" for name in _CHANGING_FUNCTIONS.split())
_CHANGING_METHODS = """
    copyfile copytree extractall hardlink_to makedirs mkdir removedirs rename rmdir rmtree symlink_to touch truncate
    unlink write_bytes write_text
"""
_CHANGING_METHOD_NAMES = frozenset(_CHANGING_METHODS.split())
_LOOKING_METHODS = """
    absolute as_posix as_uri exists expanduser is_absolute is_dir is_file is_mount is_relative_to is_socket is_symlink
    joinpath lstat match relative_to resolve samefile stat with_name with_stem with_suffix
"""
_LOOKING_METHOD_NAMES = frozenset(_LOOKING_METHODS.split())


_READLINES = re.compile(r"readlines[\s\\]*\((?:[\s\\]|#[^\n]*\n)*\)")


def may_read_lines(glance: Glance) -> bool:
    """Whether a text calls readlines() without a limit."""
    return glance.has(("readlines",)) and _READLINES.search(glance.text) is not None


def opened_file(source: SourceFile, node: ast.expr) -> OpenFile | None:
    """The open file that *node* is known to be, read-only; None for anything else."""
    match node:
        case ast.Call():
            return _opening(source, node)
        case ast.Name():
            return _of_name(source, node)
        case ast.Attribute():
            match source.names.qualified_name(node):
                case "sys.stdin":
                    return OpenFile(None, False, True, "standard input is read while the loop runs")
                case "sys.stdin.buffer":
                    return OpenFile(None, True, False, "standard input is read while the loop runs")
    return None


def all_lines(source: SourceFile, node: ast.expr) -> AllLines | None:
    """The list of all lines of a file that *node* makes, if it does."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="readlines"), args=[], keywords=[]):
            file = opened_file(source, owner)
            return AllLines(node, file, None, True) if file is not None else None
        case ast.Call(func=ast.Attribute(value=text, attr="splitlines"), args=arguments, keywords=keywords):
            given = [*arguments, *(keyword.value for keyword in keywords)]
            whole = whole_read(source, text)
            match given:
                case _ if whole is None:
                    return None
                case []:
                    return AllLines(node, whole.file, whole, False)
                case [ast.Constant(value=keeps_ends)]:
                    return AllLines(node, whole.file, whole, bool(keeps_ends))
        case ast.Call(func=ast.Attribute(value=text, attr="split"), args=[ast.Constant(value=end)], keywords=[]):
            whole = whole_read(source, text) if end in ("\n", b"\n") else None
            return AllLines(node, whole.file, whole, False) if whole is not None else None
    return None


def calls_that_may_read(source: SourceFile) -> list[ast.Call]:
    """The calls that have a name without which they neither open a file nor read a whole one: a quick first look."""
    return calls_that_may_be(source, lambda name: "open" in name.lower() or name in _WHOLE_READS)


def whole_read(source: SourceFile, node: ast.expr) -> WholeRead | None:
    """The reading of a whole file that *node* is, if it is one.

    A ``read_text`` with an argument that cannot be an encoding is the method of something else, as of
    importlib.metadata's distributions; so is a ``read_bytes`` with a size.
    """
    match node:
        case ast.Call(func=ast.Attribute(value=path, attr="read_text"), args=arguments, keywords=keywords):
            names = {keyword.arg for keyword in keywords}
            if len(arguments) > 2 or not names <= {"encoding", "errors", "newline"}:
                return None
            if _is_path(source, path) and (not arguments or _is_encoding(arguments[0])):
                return WholeRead(node, path, None, False)
        case ast.Call(func=ast.Attribute(value=path, attr="read_bytes"), args=[], keywords=[]):
            return WholeRead(node, path, None, True) if _is_path(source, path) else None
        case ast.Call(func=ast.Attribute(value=owner, attr="read"), args=[], keywords=[]):
            file = opened_file(source, owner)
            return WholeRead(node, None, file, file.is_binary) if file is not None else None
    return None


def is_listing(source: SourceFile, node: ast.expr) -> bool:
    """Whether *node* lists a folder bit by bit: ``rglob``, ``glob``, ``iterdir`` of a path, ``scandir``, ``iglob``."""
    match node:
        case ast.Call(func=function):
            name = source.names.qualified_name(function)
            if name is not None:
                return name in _LISTING_FUNCTIONS or name in ("pathlib.Path.glob", "pathlib.Path.rglob")
            return isinstance(function, ast.Attribute) and function.attr in _LISTING_METHODS
    return False


def only_looks(source: SourceFile, node: ast.expr) -> bool:
    """Whether *node* is a call that reads a file or asks about one, and changes none."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr=method)) if whole_read(source, node) is None:
            if method in ("load", "safe_load") and node.args:
                return opened_file(source, node.args[0]) is not None
            return method in _LOOKING_METHOD_NAMES and source.names.qualified_name(owner) is None
    return whole_read(source, node) is not None or opened_file(source, node) is not None


def changes_files(source: SourceFile, nodes: Iterable[ast.AST]) -> bool:
    """Whether the code in *nodes* opens a file for writing, or creates, renames or removes files."""
    return any(isinstance(node, ast.Call) and _changes_files(source, node) for top in nodes for node in walk(top))


def rewrites(source: SourceFile, file: OpenFile, nodes: Iterable[ast.AST]) -> bool:
    """Whether the code in *nodes* opens for writing, or changes by its path, what *file* was opened from."""
    if file.opening is None:
        return False
    function = file.opening.func
    origin = file.opening.args[0] if file.opening.args else None
    if isinstance(function, ast.Attribute) and kind_of_value(source, function.value) is ValueKind.PATH:
        origin = function.value
    if origin is None:
        return False
    dump = ast.dump(origin)
    return any(
        isinstance(node, ast.Call)
        and _changes_files(source, node)
        and any(isinstance(part, ast.expr) and ast.dump(part) == dump for part in walk(node))
        for top in nodes
        for node in walk(top)
    )


def file_names_in(file: OpenFile, nodes: Iterable[ast.AST]) -> Iterator[ast.Name]:
    """The names in *nodes* that read the variable which holds *file*."""
    if file.variable is None:
        return
    loads = set(file.variable.loads)
    for top in nodes:
        for node in walk(top):
            if isinstance(node, ast.Name) and node in loads:
                yield node


def _opening(source: SourceFile, call: ast.Call) -> OpenFile | None:
    opener = _opener(source, call)
    if opener is None:
        return None
    mode = mode_of(call, opener.mode, opener.default)
    if mode is None:
        return OpenFile(call, None, True, opener.doubt or "the mode of the file is not known")
    if set(mode) & set("wax+"):
        return None
    is_binary = "b" in mode
    can_fail = opener.is_archive or (not is_binary and not _decodes_anything(call, opener))
    return OpenFile(call, is_binary, can_fail, opener.doubt)


def _opener(source: SourceFile, call: ast.Call) -> _Opener | None:
    name = source.names.qualified_name(call.func)
    if name in _OPENERS:
        return _OPENERS[name]
    match call.func:
        case ast.Attribute(value=owner, attr="open"):
            if kind_of_value(source, owner) is ValueKind.PATH:
                return _OPENERS["pathlib.Path.open"]
            if name in _NO_FILES:
                return None
            takes_mode = not call.args or _is_mode(call.args[0])
            return _Opener(0 if takes_mode else 1, doubt=_MAY_BE_ANYTHING)
        case ast.Name(id=last) | ast.Attribute(attr=last):
            if _OPENER_NAME.search(last) and not _NO_FILE_NAME.search(last) and name not in _NO_FILES:
                return _Opener(1, doubt=_MAY_BE_ANYTHING)
    return None


def reaching_binding(source: SourceFile, name: ast.Name, variable: Variable) -> Binding | None:
    """The only binding whose value *name* can read: the last one above it, when the code to *name* must pass it."""
    if len(variable.bindings) == 1:
        return variable.bindings[0]
    placed = [(binding, source.tree.statement(binding.node)) for binding in variable.bindings if _stands(binding.node)]
    if len(placed) < len(variable.bindings) or source.names.scope_of(name) is not variable.scope:
        return None
    here = source.tree.statement(name)
    above = [item for item in placed if item[1].lineno < here.lineno]
    if not above:
        return None
    binding, statement = max(above, key=lambda item: item[1].lineno)
    around = [here, *source.tree.ancestors(here)]
    block = source.tree.block(statement)
    if not any(later in around for later in block[block.index(statement) + 1 :]):
        return None
    loop = source.tree.loop(here)
    while loop is not None and loop is not source.tree.loop(statement):
        if any(other in set(walk(loop)) for _, other in placed):
            return None
        loop = source.tree.loop(loop)
    return binding


def _stands(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


def mode_of(call: ast.Call, position: int | None, default: str) -> str | None:
    """The mode that *call* opens a file with, None when it is computed."""
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    given: ast.expr | None = None
    if position is not None and len(call.args) > position:
        given = call.args[position]
    for keyword in call.keywords:
        if keyword.arg is None:
            return None
        if keyword.arg == "mode":
            given = keyword.value
    match given:
        case None:
            return default
        case ast.Constant(value=str(mode)) if _MODE.fullmatch(mode):
            return mode
        case ast.Constant(value=str()):
            return default  # the second argument of a function that we do not know
    return None


def _decodes_anything(call: ast.Call, opener: _Opener) -> bool:
    """Whether the decoder takes any byte: by its error handler, or because the encoding knows all."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if opener.encoding is not None:
        for offset, name in enumerate(("encoding", "errors")):
            if len(call.args) > opener.encoding + offset:
                given[name] = call.args[opener.encoding + offset]
    match given.get("errors"):
        case ast.Constant(value=str(errors)) if errors in _FORGIVING_ERRORS:
            return True
    match given.get("encoding"):
        case ast.Constant(value=str(encoding)):
            return encoding.lower().replace("_", "-") in _TOTAL_ENCODINGS
    return False


def _of_name(source: SourceFile, name: ast.Name) -> OpenFile | None:
    variable = source.names.variable(name)
    if variable is None:
        return None
    found = _of_with(source, name, variable)
    if found is not None:
        return found
    binding = reaching_binding(source, name, variable)
    file = _of_binding(source, binding) if binding is not None else None
    if file is None:
        return None
    return OpenFile(file.opening, file.is_binary, file.can_fail, file.doubt, variable)


def _of_with(source: SourceFile, name: ast.Name, variable: Variable) -> OpenFile | None:
    """The file of the innermost ``with`` around *name* that binds its variable and nothing in its body does again."""
    for holder in source.tree.ancestors(name):
        if not isinstance(holder, ast.With):
            continue
        targets = [item for item in holder.items if item.optional_vars in [b.node for b in variable.bindings]]
        if not targets:
            continue
        inside = set(walk_scope(holder)) - {item.optional_vars for item in holder.items}
        if len(targets) != 1 or any(binding.node in inside for binding in variable.bindings):
            return None
        file = opened_file(source, targets[0].context_expr) if _is_call(targets[0].context_expr) else None
        if file is None or name in set(walk(targets[0].context_expr)):
            return None
        return OpenFile(file.opening, file.is_binary, file.can_fail, file.doubt, variable, holder)
    return None


def _is_call(node: ast.expr) -> bool:
    return isinstance(node, ast.Call)


def _of_binding(source: SourceFile, binding: Binding) -> OpenFile | None:
    match binding.kind, binding.node, binding.value:
        case Kind.ASSIGNMENT | Kind.WITH, _, ast.Call() as value:
            parent = source.tree.parent(binding.node)
            is_async = isinstance(parent, ast.withitem) and isinstance(source.tree.parent(parent), ast.AsyncWith)
            return _opening(source, value) if not is_async else None
        case Kind.PARAMETER, ast.arg(annotation=ast.expr() as annotation), _:
            if isinstance(annotation, ast.Subscript):
                annotation = annotation.value
            type_name = source.names.qualified_name(annotation)
            if type_name in _FILE_TYPES:
                return OpenFile(None, _FILE_TYPES[type_name], True, "the caller may read on from the file")
    return None


def _is_mode(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_MODE.fullmatch(node.value))


def _is_path(source: SourceFile, node: ast.expr) -> bool:
    """Whether *node* can be a path: not a module, and not a value of another known kind."""
    name = source.names.qualified_name(node)
    return (name is None or name.startswith("builtins.")) and kind_of_value(source, node) in (None, ValueKind.PATH)


def _is_encoding(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str(name)):
            return _ENCODING_NAME.fullmatch(name) is not None
        case ast.Constant(value=None):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return "encoding" in name.lower()
    return False


def _changes_files(source: SourceFile, call: ast.Call) -> bool:
    name = source.names.qualified_name(call.func)
    if name is not None and (name in _CHANGING_NAMES or name.startswith("shutil.")):
        return True
    match call.func:
        case ast.Attribute(value=owner, attr=method):
            if method in _CHANGING_METHOD_NAMES:
                return True
            if method == "replace" and len(call.args) == 1:
                return True  # of a path; a string's takes two arguments
            if method == "remove" and kind_of_value(source, owner) is ValueKind.PATH:
                return True
    opener = _opener(source, call)
    if opener is None:
        return False
    mode = mode_of(call, opener.mode, opener.default)
    return mode is None or bool(set(mode) & set("wax+"))
