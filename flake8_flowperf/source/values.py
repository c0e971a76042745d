"""What an expression's value is known to be: text, a path, a whole number.

Only what the code at hand proves counts: literals, calls of the standard library, annotations of the field's plain
types, and names whose every binding is known.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.names import Binding, Kind, Variable


class ValueKind(enum.Enum):
    """The types that matter to who writes a value into a string."""

    TEXT = "str"
    PATH = "pathlib.Path"
    NUMBER = "int"


_TEXT_FUNCTIONS = """
    builtins.str builtins.repr builtins.ascii builtins.format builtins.input builtins.chr builtins.hex builtins.oct
    builtins.bin os.getcwd os.path.abspath os.path.basename os.path.dirname os.path.expanduser os.path.expandvars
    os.path.join os.path.normpath os.path.realpath os.path.relpath shlex.quote pipes.quote shlex.join
    subprocess.list2cmdline subprocess.getoutput tempfile.gettempdir tempfile.mkdtemp getpass.getuser getpass.getpass
    socket.gethostname platform.system platform.machine platform.node platform.python_version time.strftime time.ctime
    textwrap.dedent json.dumps
"""
_PATH_FUNCTIONS = """
    pathlib.Path pathlib.PurePath pathlib.PosixPath pathlib.PurePosixPath pathlib.WindowsPath pathlib.PureWindowsPath
    pathlib.Path.cwd pathlib.Path.home
"""
_NUMBER_FUNCTIONS = "builtins.int builtins.len builtins.ord builtins.id os.getpid os.getppid os.getuid os.getgid"
_KIND_OF_FUNCTION = {
    **dict.fromkeys(_TEXT_FUNCTIONS.split(), ValueKind.TEXT),
    **dict.fromkeys(_PATH_FUNCTIONS.split(), ValueKind.PATH),
    **dict.fromkeys(_NUMBER_FUNCTIONS.split(), ValueKind.NUMBER),
}
_TEXT_ATTRIBUTES = frozenset({"sys.executable", "sys.platform", "sys.prefix", "os.sep", "os.curdir", "os.devnull"})
_METHODS_THAT_GIVE_TEXT = frozenset({"as_posix", "as_uri", "decode", "hexdigest", "isoformat", "strftime"})
_METHODS_OF = {
    ValueKind.TEXT: frozenset(
        {"capitalize", "casefold", "center", "expandtabs", "format", "join", "ljust", "lower", "lstrip", "removeprefix",
         "removesuffix", "replace", "rjust", "rstrip", "strip", "swapcase", "title", "translate", "upper", "zfill"}
    ),
    ValueKind.PATH: frozenset(
        {"absolute", "expanduser", "joinpath", "relative_to", "rename", "replace", "resolve", "with_name", "with_stem",
         "with_suffix"}
    ),
}  # fmt: skip
"""methods whose result is of the kind that they are called on"""
_TEXT_OF_PATH = frozenset({"name", "stem", "suffix", "anchor", "drive", "root"})
_ANNOTATIONS = {
    "builtins.str": ValueKind.TEXT,
    "builtins.int": ValueKind.NUMBER,
    "pathlib.Path": ValueKind.PATH,
    "pathlib.PurePath": ValueKind.PATH,
}
_MAX_DEPTH = 6


def kind_of_value(source: SourceFile, node: ast.expr, depth: int = 0) -> ValueKind | None:
    """What the value of *node* certainly is, None when it is not known."""
    if depth > _MAX_DEPTH:
        return None
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return ValueKind.TEXT
        case ast.Constant(value=int()) if not isinstance(node.value, bool):
            return ValueKind.NUMBER
        case ast.Name():
            return _of_variable(source, source.names.variable(node), node, depth)
        case ast.Attribute():
            return _of_attribute(source, node, depth)
        case ast.Call():
            return _of_call(source, node, depth)
        case ast.BinOp(op=ast.Div()):
            kinds = {kind_of_value(source, side, depth + 1) for side in (node.left, node.right)}
            return ValueKind.PATH if ValueKind.PATH in kinds else None
        case ast.BinOp(op=ast.Mod()):
            return ValueKind.TEXT if kind_of_value(source, node.left, depth + 1) is ValueKind.TEXT else None
        case ast.BinOp(op=ast.Add()):
            left = kind_of_value(source, node.left, depth + 1)
            right = kind_of_value(source, node.right, depth + 1)
            if ValueKind.TEXT in (left, right):
                return ValueKind.TEXT
            return left if left is right is ValueKind.NUMBER else None
        case ast.IfExp():
            return _common(kind_of_value(source, side, depth + 1) for side in (node.body, node.orelse))
        case ast.BoolOp():
            return _common(kind_of_value(source, side, depth + 1) for side in node.values)
        case ast.Subscript(value=ast.Attribute() as owner):
            name = source.names.qualified_name(owner)
            if name in ("sys.argv", "os.environ") and not isinstance(node.slice, ast.Slice):
                return ValueKind.TEXT
        case ast.NamedExpr():
            return kind_of_value(source, node.value, depth + 1)
    return None


def _common(kinds: Iterable[ValueKind | None]) -> ValueKind | None:
    found = set(kinds)
    return found.pop() if len(found) == 1 else None


def _of_attribute(source: SourceFile, node: ast.Attribute, depth: int) -> ValueKind | None:
    if source.names.qualified_name(node) in _TEXT_ATTRIBUTES:
        return ValueKind.TEXT
    if node.attr in _TEXT_OF_PATH and kind_of_value(source, node.value, depth + 1) is ValueKind.PATH:
        return ValueKind.TEXT
    if node.attr == "parent" and kind_of_value(source, node.value, depth + 1) is ValueKind.PATH:
        return ValueKind.PATH
    return None


def _of_call(source: SourceFile, node: ast.Call, depth: int) -> ValueKind | None:
    name = source.names.qualified_name(node.func)
    if name is not None and name in _KIND_OF_FUNCTION:
        return _KIND_OF_FUNCTION[name]
    match node.func:
        case ast.Attribute(attr=attr) if attr in _METHODS_THAT_GIVE_TEXT:
            return ValueKind.TEXT
        case ast.Attribute(value=owner, attr=attr):
            kind = kind_of_value(source, owner, depth + 1)
            return kind if kind is not None and attr in _METHODS_OF.get(kind, ()) else None
    return None


def _of_variable(source: SourceFile, variable: Variable | None, node: ast.Name, depth: int) -> ValueKind | None:
    if variable is None:
        return ValueKind.TEXT if node.id in ("__file__", "__name__") else None
    known = source.fact(_known_variables)
    if variable not in known:
        known[variable] = None  # what a name that is bound in terms of itself is taken for meanwhile
        known[variable] = _common(_of_binding(source, binding, depth) for binding in variable.bindings)
    return known[variable]


def _known_variables(_: SourceFile) -> dict[Variable, ValueKind | None]:
    return {}


def _of_binding(source: SourceFile, binding: Binding, depth: int) -> ValueKind | None:
    match binding.kind, binding.node, binding.value:
        case Kind.ASSIGNMENT, _, ast.expr() as value:
            return kind_of_value(source, value, depth + 1)
        case Kind.AUGMENTED, _, ast.expr() as value:
            kind = kind_of_value(source, value, depth + 1)
            return kind if kind is ValueKind.TEXT else None
        case Kind.PARAMETER, ast.arg() as argument, _:
            return _of_annotation(source, argument)
        case Kind.FOR, _, ast.expr() as iterable:
            return _of_item(source, iterable, depth)
    return None


def _of_annotation(source: SourceFile, argument: ast.arg) -> ValueKind | None:
    owner = source.tree.parent(argument)
    if isinstance(owner, ast.arguments) and argument in (owner.vararg, owner.kwarg):
        return None
    match argument.annotation:
        case ast.Name() | ast.Attribute() as annotation:
            return _ANNOTATIONS.get(source.names.qualified_name(annotation) or "")
        case ast.Constant(value="str"):
            return ValueKind.TEXT
    return None


def _of_item(source: SourceFile, iterable: ast.expr, depth: int) -> ValueKind | None:
    match iterable:
        case ast.List() | ast.Tuple() | ast.Set() if iterable.elts:
            return _common(kind_of_value(source, item, depth + 1) for item in iterable.elts)
        case ast.Attribute() | ast.Subscript(value=ast.Attribute()):
            owner = iterable.value if isinstance(iterable, ast.Subscript) else iterable
            return ValueKind.TEXT if source.names.qualified_name(owner) == "sys.argv" else None
        case ast.Call(func=function):
            match source.names.qualified_name(function):
                case "os.listdir" | "glob.glob" | "glob.iglob":
                    return ValueKind.TEXT
                case "builtins.range":
                    return ValueKind.NUMBER
                case "builtins.sorted" | "builtins.list" | "builtins.reversed" if len(iterable.args) == 1:
                    return _of_item(source, iterable.args[0], depth + 1) if depth < _MAX_DEPTH else None
            match function:
                case ast.Attribute(value=owner, attr="iterdir" | "glob" | "rglob"):
                    kind = kind_of_value(source, owner, depth + 1)
                    return kind if kind is ValueKind.PATH else None
                case ast.Attribute(value=owner, attr="split" | "splitlines" | "rsplit"):
                    kind = kind_of_value(source, owner, depth + 1)
                    return kind if kind is ValueKind.TEXT else None
    return None
