"""Commands are split as a POSIX shell would split them."""

from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st

from flake8_flowperf.source.shell_words import CannotSplit, split

PLAIN = st.text("abcXYZ019_@+:,./-", min_size=1, max_size=8)
QUOTED = st.one_of(
    PLAIN,
    st.text('ab *?;|&<>()$`#~{}[]!\\"', max_size=6).map(lambda text: f"'{text}'"),
    st.text("ab *?;|&<>()#~{}[]'", max_size=6).map(lambda text: f'"{text}"'),
)


@given(st.lists(QUOTED, min_size=1, max_size=5), st.sampled_from([" ", "  ", "\t"]))
def test_words_are_those_of_shlex(words: list[str], blank: str) -> None:
    command = blank.join(["program", *words])
    try:
        result = [word.constant for word in split([command]).words]
    except CannotSplit:
        return
    assert result == shlex.split(command)


@given(st.lists(PLAIN, min_size=1, max_size=5))
def test_plain_words_are_never_refused(words: list[str]) -> None:
    command = " ".join(["program", *words])
    assert [word.constant for word in split([command]).words] == command.split()
    assert split([command]).plain
