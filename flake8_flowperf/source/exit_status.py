"""What becomes of the exit status of a process: whether it is only tested, and whether a missing program shows in it.

A shell answers 127 for a program that is not there, where a list of arguments raises FileNotFoundError (evidence
item 5; labels, trap 26).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_flowperf.source.file import SourceFile
from flake8_flowperf.source.names import ScopeKind
from flake8_flowperf.source.processes import WAITING, truth_of
from flake8_flowperf.source.tree import walk_scope

_MISSING = frozenset({"OSError", "FileNotFoundError", "EnvironmentError", "IOError", "Exception", "BaseException"})
_PROBES = frozenset({"--version", "-version", "-V", "version", "--help", "-h"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_FINDERS = frozenset({"which", "where", "whereis", "type"})


def is_only_tested(source: SourceFile, node: ast.expr) -> bool:
    """Whether nothing but "zero or not" is asked of the value of *node*, also through one local name."""
    match source.tree.parent(node):
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Constant(value=0)]):
            return left is node
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
            return test is node
        case ast.Assign(targets=[ast.Name() as name], value=value) if value is node:
            variable = source.names.variable(name)
            return (
                variable is not None
                and variable.scope.kind is ScopeKind.FUNCTION
                and variable.only_value is node
                and all(is_only_tested(source, load) for load in variable.loads)
            )
    return False


def tells_missing(source: SourceFile, call: ast.Call, words: list[str]) -> str | None:
    """Why the code around *call* may count on the status that a shell gives for a missing program, else None.

    *words* are the constant words of the command.  The reasons are for the user of the fixer.
    """
    if words and (words[0] in _FINDERS or (len(words) == 2 and words[1] in _PROBES)):
        return "the command asks whether a program is there"
    if _is_checked(source, call):
        for handler in _handlers(source, call):
            names = _caught(handler)
            if names is None or names & _MISSING:
                return None
            if "CalledProcessError" in names or "SubprocessError" in names:
                return "a handler takes CalledProcessError but not the FileNotFoundError of a missing program"
        return None
    if _is_tried_in_turn(source, call):
        return "something else is tried when the program is missing"
    return None


def _is_checked(source: SourceFile, call: ast.Call) -> bool:
    """Whether a status that is not zero raises CalledProcessError."""
    function = source.names.qualified_name(call.func)
    if function in ("subprocess.check_call", "subprocess.check_output"):
        return True
    return function in WAITING and any(
        keyword.arg == "check" and truth_of(keyword.value) is not False for keyword in call.keywords
    )


def _handlers(source: SourceFile, node: ast.AST) -> Iterator[ast.ExceptHandler]:
    """The handlers around a node, from the innermost try of its function outwards."""
    child = node
    for parent in source.tree.ancestors(node):
        if isinstance(parent, _FUNCTIONS):
            return
        if isinstance(parent, ast.Try) and child in parent.body:
            yield from parent.handlers
        child = parent


def _caught(handler: ast.ExceptHandler) -> set[str] | None:
    """The last parts of the names of the exceptions that a handler takes, None when it takes all or cannot be read."""
    if handler.type is None:
        return None
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {node.attr if isinstance(node, ast.Attribute) else node.id for node in types
             if isinstance(node, (ast.Attribute, ast.Name))}  # fmt: skip
    return names if len(names) == len(types) else None


def _is_tried_in_turn(source: SourceFile, call: ast.Call) -> bool:
    """Whether the status decides if something else is tried: beside ``or``, or in a loop that it may end."""
    if isinstance(source.tree.parent(call), ast.Expr):
        return False
    for parent in source.tree.ancestors(call):
        match parent:
            case ast.BoolOp(op=ast.Or()):
                return True
            case ast.For() | ast.AsyncFor():
                return any(isinstance(node, (ast.Break, ast.Return)) for node in walk_scope(parent))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.While():
                return False
    return False
