"""What FLP202's fix makes of a checksum gives the digest of the original for every input, whatever came before."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flake8_flowperf.fixing.loop import fix_source
from flake8_flowperf.lint import Linter
from flake8_flowperf.rules.flp202_uncached_checksum import UncachedChecksum
from flake8_flowperf.source import SourceFile
from tests.test_house import example

BEFORE = example(UncachedChecksum, "Bad")
AFTER = fix_source(
    SourceFile.parse(BEFORE), Linter([UncachedChecksum], argparse.Namespace()), unsafe=True, keep=lambda _, found: found
).text


def function(code: str) -> Callable[[Any], str]:
    module: dict[str, Any] = {}
    exec(compile(code, "checksum.py", "exec"), module)
    made: Callable[[Any], str] = module["generate_checksum"]
    return made


original, cached = function(BEFORE), function(AFTER)

KEYS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, -0.0, 1.0]) | st.text(max_size=2)
LEAVES = (
    st.sampled_from([0, False, 0.0, -0.0, 1, True, 1.0, "1", None, float("nan"), float("inf"), {}, [], (), b"", object])
    | st.floats()
    | st.text(max_size=3)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.tuples(st.text(max_size=1), inner)
        | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=12,
)


def outcome(checksum: Callable[[Any], str], value: object) -> tuple[str, str]:
    try:
        return "digest", checksum(value)
    except Exception as error:
        return type(error).__name__, str(error)


def test_the_fix_caches() -> None:
    assert "@lru_cache" in AFTER
    assert "@lru_cache" not in BEFORE


@settings(max_examples=1500, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4))
def test_every_digest_stays(values: list[object]) -> None:
    for value in [*values, *values]:
        assert outcome(cached, value) == outcome(original, value)


@pytest.mark.parametrize("depth", [10, 300, 900, 100_000])
def test_deep_nesting(depth: int) -> None:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    assert outcome(cached, value)[0] == outcome(original, value)[0]
    if depth < 300:
        assert outcome(cached, value) == outcome(original, value)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (1, 1.0), (0.0, -0.0), ({}, []), ({"a": 1}, [["a", 1]]), ([1], [True]), ({"a": 1}, {"a": True})],
)
def test_no_two_inputs_are_mixed_up(one: object, other: object) -> None:
    assert len({cached(one), cached(other), cached(one)}) == 2
