"""FLP701: strings that are built in loops (guide section 7)."""

# what the rules report is what is measured here
# flake8: noqa: FLP701

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from flake8_flowperf.bench.model import Case, Forms

PART = "x" * 10


class _Owner:
    text: str


def _joined(size: int, part: str = PART) -> Callable[[], str]:
    def joined() -> str:
        parts = []
        for _ in range(size):
            parts.append(part)  # noqa: PERF401
        return "".join(parts)

    return joined


def _attribute(size: int, _: ExitStack) -> Forms:
    def grown() -> str:
        owner = _Owner()
        owner.text = ""
        for _ in range(size):
            owner.text += PART
        return owner.text

    return {"self.text += part": grown, "list and join": _joined(size)}


def _three_terms(size: int, _: ExitStack) -> Forms:
    def grown() -> str:
        text = ""
        for _ in range(size):
            text = text + PART + "\n"
        return text

    return {"text = text + part + end": grown, "list and join": _joined(size, PART + "\n")}


def _in_front(size: int, _: ExitStack) -> Forms:
    def grown() -> str:
        text = ""
        for _ in range(size):
            text = PART + text
        return text

    def joined() -> str:
        parts = []
        for _ in range(size):
            parts.append(PART)  # noqa: PERF401
        parts.reverse()
        return "".join(parts)

    return {"text = part + text": grown, "list and join": joined}


def _bytes(size: int, _: ExitStack) -> Forms:
    part = PART.encode()

    def grown() -> bytes:
        data = b""
        for _ in range(size):
            data += part
        return data

    def joined() -> bytes:
        parts = []
        for _ in range(size):
            parts.append(part)  # noqa: PERF401
        return b"".join(parts)

    return {"data += part": grown, "list and join": joined}


def _local(size: int, _: ExitStack) -> Forms:
    def grown() -> str:
        text = ""
        for _ in range(size):
            text += PART
        return text

    return {"text += part, a local name": grown, "list and join": _joined(size)}


def _chain(size: int, _: ExitStack) -> Forms:
    steps = [f"step{number}" for number in range(size)]

    def nested() -> str:
        result = "in"
        for step in steps:
            result = f"[{step.upper()} → {result}]"
        return result

    def joined() -> str:
        parts = []
        for step in reversed(steps):
            parts.append(f"[{step.upper()} → ")  # noqa: PERF401
        parts.append("in")
        for _ in steps:
            parts.append("]")  # noqa: PERF401
        return "".join(parts)

    return {"an f-string around itself": nested, "list and join": joined}


def _case(
    label: str, build: Callable[[int, ExitStack], Forms], *, is_main: bool = False, realistic: int = 10_000
) -> Case:
    return Case(
        "FLP701",
        label,
        build,
        guide="list and join",
        sizes=(10, 100, 10_000),
        unit="parts",
        realistic=realistic,
        is_main=is_main,
        headline="at 10,000 parts",
    )


CASES = (
    _case("an attribute", _attribute, is_main=True),
    _case("three terms", _three_terms),
    _case("in front", _in_front),
    _case("bytes", _bytes),
    _case("the guide's chain", _chain, realistic=100),
    _case("a local name, which is not reported", _local, realistic=100),
)
