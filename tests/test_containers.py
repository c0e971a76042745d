"""The view of containers: who owns one, and what each reference does with it."""

from __future__ import annotations

import textwrap

import pytest

from flake8_flowperf.source import SourceFile
from flake8_flowperf.source.containers import Act, Container, Form, containers
from flake8_flowperf.source.traces import is_trace_name, words


def view(text: str) -> dict[str, Container]:
    return {item.name: item for item in SourceFile.parse(textwrap.dedent(text)).fact(containers)}


@pytest.mark.parametrize(
    ("code", "act"),
    [
        ("self.x.append(1)", Act.APPEND),
        ("self.x += [1]", Act.GROW),
        ("self.x[:0] = [1]", Act.SHRINK),
        ("del self.x[0]", Act.SHRINK),
        ("del self.x", Act.SHRINK),
        ("self.x.pop()", Act.SHRINK),
        ("pop = self.x.pop", Act.ALIAS),
        ("y = self.x", Act.ALIAS),
        ("y, self.y = self.x, []", Act.ALIAS),
        ("self.y = {'x': self.x}", Act.ALIAS),
        ("for y in (self.x, z): y.clear()", Act.ALIAS),
        ("y = self.x or []", Act.ALIAS),
        ("y = not (self.x or z)", Act.TRUTH),
        ("if self.x and z: pass", Act.TRUTH),
        ("y = len(self.x)", Act.LEN),
        ("y = len(self.x) > 1", Act.LEN),
        ("y = len(self.x) < z", Act.GUARD),
        ("y = self.x[-1]", Act.ITEM),
        ("y = self.x[z]", Act.INDEX),
        ("self.x[z] = 1", Act.SET_ITEM),
        ("y = self.x[-3:]", Act.SLICE),
        ("y = z in self.x", Act.MEMBER),
        ("y = self.x is None", Act.TRUTH),
        ("y = self.x == z", Act.COMPARE),
        ("return z if y else self.x", Act.RETURN),
        ("return {'x': [self.x]}", Act.DISPLAY),
        ("return f'{self.x}'", Act.TEXT),
        ("return self.x + z", Act.CONCATENATE),
        ("return json.dumps(self.x)", Act.SERIALISE),
        ("return z(x=self.x)", Act.ESCAPE),
        ("return z(*self.x)", Act.CONSUME),
        ("yield from self.x", Act.LAZY),
        ("return [y for y in self.x]", Act.ITERATE),
        ("return (lambda: self.x)", Act.RETURN),
        ("type(self).x.clear()", Act.SHRINK),
        ("self.__class__.x.clear()", Act.SHRINK),
        ("A.x.clear()", Act.SHRINK),
        ("super().x.clear()", Act.SHRINK),
        ("def inner(): self.x.clear()", Act.SHRINK),
    ],
)
def test_what_a_reference_does(code: str, act: Act) -> None:
    found = view(
        f"""
        import json

        class A:
            def __init__(self):
                self.x = []

            def method(self, y, z):
                {code}
        """
    )
    assert [use.act for use in found["x"].uses] == [act]


def test_only_the_classes_of_one_family_share_an_attribute() -> None:
    found = SourceFile.parse(
        textwrap.dedent(
            """
            class A:
                def __init__(self):
                    self.x = []

            class B(A):
                def clear(self):
                    self.x.clear()

            class C:
                def __init__(self):
                    self.x = {}

                @staticmethod
                def of(other):
                    other.x.popitem()
            """
        )
    ).fact(containers)
    assert [[owner.name for owner in item.classes] for item in found] == [["A", "B"], ["C"]]
    assert [[(use.act, use.is_certain) for use in item.uses] for item in found] == [
        [(Act.SHRINK, True), (Act.SHRINK, False)],
        [(Act.SHRINK, False)],
    ]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("list()", Form.LIST),
        ("{}", Form.DICT),
        ("deque()", Form.DEQUE),
        ("deque(maxlen=3)", Form.BOUNDED),
        ("deque([], 300)", Form.BOUNDED),
        ("deque(**options)", Form.BOUNDED),
        ("field(default_factory=list)", Form.LIST),
        ("field(default_factory=lambda: [])", Form.LIST),
        ("attr.ib(factory=dict)", Form.DICT),
    ],
)
def test_form_of_what_is_made(value: str, form: Form) -> None:
    found = view(
        f"import attr\nfrom collections import deque\nfrom dataclasses import field\nclass A:\n    x = {value}\n"
    )
    assert [creation.form for creation in found["x"].creations] == [form]


def test_what_is_not_a_new_container() -> None:
    assert (
        view("from collections import deque\nx = [1]\ny = deque(z)\nv = w = []\nclass A:\n    u = other or []\n") == {}
    )


def test_a_name_in_a_text_reaches_the_attribute() -> None:
    found = view(
        "class A:\n    def __init__(self):\n        self.x = []\n        self.y = []\nsetattr(A(), 'x', None)\n"
    )
    assert [(item.name, item.is_reached_by_text) for item in found.values()] == [("x", True), ("y", False)]


def test_words_and_names() -> None:
    assert words("_HTTPServerLog2") == ["http", "server", "log", "2"]
    assert is_trace_name("_AUDIT_LOG")
    assert is_trace_name("sent_data")
    assert not is_trace_name("catalog")
    assert not is_trace_name("event_handlers")
    assert not is_trace_name("_")
