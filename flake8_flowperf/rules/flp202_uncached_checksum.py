"""FLP202: the checksum of JSON data is computed for every call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from flake8_flowperf.model import Finding, Rule
from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.pure import COMPUTATIONS, DIGEST_METHODS, Result
from flake8_flowperf.source.tree import walk


@dataclass(frozen=True)
class Checksum:
    """A function that only hashes its argument's JSON: *returned* is its result, *text* the JSON in it."""

    function: ast.FunctionDef
    returned: ast.expr
    text: ast.expr


class UncachedChecksum(Rule[Checksum]):
    """A function hashes the JSON of its argument each time, and nothing keeps the digests.

    ## What it does
    Finds functions that do nothing but return `hashlib.X(json.dumps(argument, sort_keys=True).encode()).hexdigest()`,
    in one statement or two, and that have no decorator which could cache. Off by default: switch it on with
    `--extend-select FLP202` where a profile shows such a function.

    ## Why is this bad
    The same data is hashed again and again. Best is to keep a digest with the object that it is of.

    ## Bad
    ```python
    import hashlib
    import json


    def generate_checksum(data):
        data_str = json.dumps(data, sort_keys=True)
        return hashlib.sha256(data_str.encode()).hexdigest()
    ```

    ## Good
    ```python
    import hashlib
    import json
    from functools import lru_cache


    @lru_cache(maxsize=256)
    def _generate_checksum_of(text):
        return hashlib.sha256(text.encode()).hexdigest()


    def generate_checksum(data):
        data_str = json.dumps(data, sort_keys=True)
        return _generate_checksum_of(data_str)
    ```

    ## Fix safety
    Unsafe: the cache keeps 256 texts in memory. Its key is the JSON text, so every digest stays what it was, whatever
    the data, and no two inputs are mixed up. The guide's own form is not written: it changes the digest of whatever
    holds a dict, and takes `{}` for `[]` and `1` for `True` (evidence item 2). No fix for methods, nested functions and
    decorated ones.

    ## Evidence
    Evidence item 2: a cache by the text hardly pays, since making the text is most of the work; a digest kept with
    its owner does. The guide's form, said to give 10 to 100, gains for one giant string or tiny data only.

    `flowperf-bench`, times as fast as before on CPython 3.10, 3.11, 3.12, 3.13 (2026-11-26;
    README, Measured, has machine and method):

    | case | form | 3.10 | 3.11 | 3.12 | 3.13 | verdict |
    | --- | --- | --- | --- | --- | --- | --- |
    | the same data again, 1 records | **lru_cache over _make_hashable** | 1.25 | 1.37 | 1.26 | 1.36 | pays |
    | the same data again, 1 records | lru_cache by the text | 1.16 | 1.14 | 1.11 | 1.13 | does not pay here |
    | the same data again, 1 records | kept with its owner | 47 | 82 | 100 | 130 | pays |
    | the same data again, 80 records | **lru_cache over _make_hashable** | 0.62 | 0.83 | 0.73 | 0.71 | does not pay here |
    | the same data again, 80 records | lru_cache by the text | 1.01 | 1.04 | 1.03 | 1.05 | does not pay here |
    | the same data again, 80 records | kept with its owner | 1,400 | 2,500 | 3,600 | 4,300 | pays |
    | data that never come again, 1 records | **lru_cache over _make_hashable** | 0.47 | 0.50 | 0.49 | 0.49 | does not pay here |
    | data that never come again, 1 records | lru_cache by the text | 0.92 | 0.90 | 0.94 | 0.94 | does not pay here |
    | data that never come again, 20 records | **lru_cache over _make_hashable** | 0.39 | 0.37 | 0.41 | 0.43 | does not pay here |
    | data that never come again, 20 records | lru_cache by the text | 1.01 | 0.92 | 0.96 | 0.96 | does not pay here |
    | one giant string again, 1,000 kB | **lru_cache over _make_hashable** | 110 | 110 | 130 | 130 | pays |
    | one giant string again, 1,000 kB | lru_cache by the text | 1.04 | 1.08 | 1.16 | 1.07 | pays on 3.12 |
    | one giant string again, 1,000 kB | kept with its owner | 5,600 | 10,000 | 20,000 | 17,000 | pays |

    ## Options
    None.
    """

    code = "FLP202"
    name = "uncached-checksum"
    gain = "0.62-0.83× when all data come again"
    on_by_default = False
    looked_for = ("sort_keys",)
    words = ("sort_keys",)
    modules = frozenset({"hashlib", "hmac"})
    in_tests = False
    nodes = (ast.FunctionDef,)

    def check(self, node: ast.AST, source: SourceFile) -> Iterator[Finding[Checksum]]:
        """Yield a finding at the returned digest of a function that only computes a checksum."""
        assert isinstance(node, ast.FunctionDef)
        if (found := _checksum(source, node)) is not None:
            message = f"{node.name[:30]}() hashes equal data each time; keep the digests in an lru_cache by their text"
            yield self.finding(found.returned, source, message, found)


def _checksum(source: SourceFile, function: ast.FunctionDef) -> Checksum | None:
    body = [*function.body]
    if len(body) > 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        del body[0]
    if any("cache" in ast.unparse(decorator) for decorator in function.decorator_list):
        return None
    match body:
        case [ast.Return(value=ast.expr() as returned)]:
            text = _hashed(source, returned)
            dumped = text
        case [ast.Assign(targets=[ast.Name(id=name)], value=dumped), ast.Return(value=ast.expr() as returned)]:
            text = _hashed(source, returned)
            if not isinstance(text, ast.Name) or text.id != name:
                return None
        case _:
            return None
    if text is None or dumped is None or not _is_dumped(source, dumped, function):
        return None
    return Checksum(function, returned, text)


def _hashed(source: SourceFile, node: ast.expr) -> ast.expr | None:
    """The text whose digest *node* is, None when it is none or depends on more."""
    if isinstance(node, ast.Subscript) and _is_constant(node.slice):
        node = node.value
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call() as made, attr=method), args=[]) if method in DIGEST_METHODS:
            known = COMPUTATIONS.get(source.names.qualified_name(made.func) or "")
        case _:
            return None
    if known is None or known.result is not Result.DIGEST or node.keywords:
        return None
    match made:
        case ast.Call(args=[ast.Call(func=ast.Attribute(value=text, attr="encode")) as encoded], keywords=keywords):
            options = [*encoded.args, *(keyword.value for keyword in (*encoded.keywords, *keywords))]
            return text if all(isinstance(option, ast.Constant) for option in options) else None
    return None


def _is_constant(node: ast.expr) -> bool:
    return all(isinstance(item, (ast.Constant, ast.Slice, ast.UnaryOp)) for item in walk(node))


def _is_dumped(source: SourceFile, node: ast.expr, function: ast.FunctionDef) -> bool:
    """Whether *node* is ``json.dumps(parameter, sort_keys=True, ...)``."""
    match node:
        case ast.Call(func=called, args=[ast.Name(id=name)], keywords=keywords):
            parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            is_sorted = any(
                keyword.arg == "sort_keys" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
                for keyword in keywords
            )
            is_parameter = any(parameter.arg == name for parameter in parameters)
            return source.names.qualified_name(called) == "json.dumps" and is_sorted and is_parameter
    return False
