"""Writes the parts of README.md and of the rules' docstrings that are made: ``python -m tests.docs``.

They come from the rules and from the stored results of flowperf-bench; tests/test_house.py and tests/test_bench.py
say when they are stale.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from flake8_flowperf import registry
from tests import measured
from tests.fixture_cases import cases

README = Path(__file__).parent.parent / "README.md"


def safeties(code: str) -> str:
    """The kinds of fix that the fixtures of a rule show, safest first."""
    seen = set()
    for case in cases():
        if case.code == code:
            lines = (case.text("findings.txt") or "").splitlines()
            seen |= {line.split(" | ")[0].split()[-1] for line in lines if f" {code} " in line}
    return ", ".join(level for level in ("safe", "unsafe") if level in seen) or "none"


def table() -> str:
    """The table of rules."""
    rows = ["| code | name | default | fixes | measured gain |", "| --- | --- | --- | --- | --- |"]
    for code, rule in registry.rules().items():
        default = "on" if rule.on_by_default else "opt-in"
        anchor = f"{code} {rule.name}".lower().replace(" ", "-")
        rows.append(f"| [{code}](#{anchor}) | {rule.name} | {default} | {safeties(code)} | {rule.gain or '-'} |")
    return "\n".join(rows)


def options() -> str:
    """The table of the rules' options."""
    rows = ["| option | default | what it is |", "| --- | --- | --- |"]
    for option in registry.options():
        form = "\\|".join(option.choices) if option.choices else option.metavar or ""
        flag = f"{option.flag}={form}" if form else option.flag
        default = f"`{option.default}`" if option.default not in (None, "", (), []) else "none"
        text = option.help.replace("*", "`*`").replace("|", "\\|")
        rows.append(f"| `{flag}` | {default} | {text[0].upper()}{text[1:]} |")
    return "\n".join(rows)


def reference() -> str:
    """A chapter for each rule, from its docstring."""
    chapters = []
    for code, rule in registry.rules().items():
        text = re.sub(r"^## (.*)$", r"**\1**", rule.documentation(), flags=re.MULTILINE)
        chapters.append(f"### {code} {rule.name}\n\n{text}")
    return "\n\n".join(chapters)


def updated(readme: str) -> str:
    """*readme* with its generated parts made anew."""
    parts = {"rules": table(), "options": options(), "measured": measured.readme_table(), "reference": reference()}
    for name, text in parts.items():
        start, end = f"<!-- {name}: made by python -m tests.docs -->", f"<!-- end of {name} -->"
        head, _, rest = readme.partition(start)
        _, _, tail = rest.partition(end)
        assert rest, f"README.md has no part {name!r}"
        readme = f"{head}{start}\n{text}\n{end}{tail}"
    return readme


def write() -> None:
    """Bring the rules, and then README.md, up to date."""
    measured.write()
    code = "from pathlib import Path; from tests import docs as d; "
    code += "d.README.write_text(d.updated(d.README.read_text('utf-8')), 'utf-8')"
    subprocess.run([sys.executable, "-c", code], check=True)  # so that it sees the rules as they are now


if __name__ == "__main__":
    write()
