"""flake8 reports exactly what flowperf-fix would fix or lists as left, whatever configuration and comments say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import BROAD, SEVERAL, command, write

SCAN = '    a = [p for p in d.rglob("*") if p.suffix == ".py"]'
NOQA = {
    "none": f"def f(d):\n{SCAN}\n",
    "bare": f"def f(d):\n{SCAN}  # noqa\n",
    "upper": f"def f(d):\n{SCAN}  # NOQA\n",
    "code": f"def f(d):\n{SCAN}  # noqa: FLP101\n",
    "no blank": f"def f(d):\n{SCAN}  # noqa:FLP101\n",
    "prefix": f"def f(d):\n{SCAN}  # noqa: FLP1\n",
    "lower": f"def f(d):\n{SCAN}  # noqa: flp101\n",
    "commas": f"def f(d):\n{SCAN}  # noqa: E501,FLP101\n",
    "spaces": f"def f(d):\n{SCAN}  # noqa: E501 FLP101\n",
    "commas and blanks": f"def f(d):\n{SCAN}  # noqa: E501, FLP101\n",
    "blank before the colon": f"def f(d):\n{SCAN}  # noqa : E501\n",
    "longer code": f"def f(d):\n{SCAN}  # noqa: FLP1010\n",
    "continued line": 'def f(d):\n    a = \\\n        [p for p in d.rglob("*") if p.suffix == ".py"]  # noqa\n',
    "carriage returns": f"def f(d):\r\n{SCAN}  # noqa\r\n",
    "other": f"def f(d):\n{SCAN}  # noqa: E501\n",
    "other rule": f"def f(d):\n{SCAN}  # noqa: FLP999\n",
    "after a type comment": f"def f(d):\n{SCAN}  # type: ignore # noqa: FLP101\n",
    "no colon": f"def f(d):\n{SCAN}  # noqa FLP101\n",
    "in a string": f'def f(d):\n{SCAN}; b = "# noqa"\n    return a, b\n',
    "next line": f"def f(d):\n{SCAN}\n    # noqa\n",
    "statement of several lines": 'def f(d):\n    a = [\n        p for p in d.rglob("*")\n        if p.suffix == ".py"\n    ]  # noqa\n',
    "string of several lines": 'def f(d):\n    a = [p for p in d.rglob("*") if p.suffix == ".py"], """\n    """  # noqa\n',
    "string of several lines, in it": 'def f(d):\n    return [p for p in d.rglob("*") if p.suffix == ".py"], """\n# noqa\n"""\n',
    "whole file": f"# flake8: noqa\ndef f(d):\n{SCAN}\n",
    "whole file with codes": f"# flake8: noqa: FLP101\ndef f(d):\n{SCAN}\n",
    "whole file, equals sign": f"# flake8=noqa\ndef f(d):\n{SCAN}\n",
    "whole file, further down": f"def f(d):\n{SCAN}\n    # FLAKE8: NOQA\n",
    "whole file, behind code": f"def f(d):\n{SCAN}  # flake8: noqa\n",
    "syntax error": f"def f(d:\n{SCAN}\n",
}
SHELL = (
    "import subprocess\n\n\ndef g(x, command):\n"
    '    subprocess.run(f"ls {x}", shell=True)\n    subprocess.run(command, shell=True)\n'
)
CONFIGURATIONS: dict[str, tuple[list[str], dict[str, str]]] = {
    "default": ([], {}),
    "select FLP": (["--select=FLP"], {}),
    "select nothing of ours": (["--select=E"], {}),
    "select and ignore": (["--select=FLP", "--ignore=FLP101"], {}),
    "longer select": (["--select=FLP101", "--ignore=FLP1"], {}),
    "ignore": (["--ignore=FLP1"], {}),
    "extend-ignore": (["--extend-ignore=FLP101"], {}),
    "extend-select": (["--ignore=FLP", "--extend-select=FLP101"], {}),
    "disable-noqa": (["--disable-noqa"], {}),
    "per-file-ignores": (["--per-file-ignores=sub/*.py:FLP101"], {}),
    "per-file-ignores in setup.cfg": (
        [],
        {"setup.cfg": "[flake8]\nper-file-ignores =\n    sub/*: FLP1\n    bare.py: E501\n"},
    ),
    "tox.ini": ([], {"tox.ini": "[flake8]\nextend-ignore = FLP101\n"}),
    ".flake8": ([], {".flake8": "[flake8]\nexclude = sub\n"}),
    "isolated": (["--isolated"], {".flake8": "[flake8]\nextend-ignore = FLP101\n"}),
    "config": (
        ["--config=other.ini"],
        {"other.ini": "[flake8]\nselect = FLP\nignore = FLP101\n", ".flake8": "[flake8]\n"},
    ),
    "append-config": (["--append-config=more.ini"], {"more.ini": "[flake8]\nextend-exclude = sub/*\n"}),
    "exclude": (["--exclude=sub,bare.py"], {}),
    "filename": (["--filename=b*.py"], {}),
    "paths": (["sub", "bare.py", "none.py", "script", "sub/one.py"], {}),
    "exclude relative to the file": (
        ["--config=conf/my.ini", "."],
        {"conf/my.ini": "[flake8]\nexclude = ./sub,../bare.py\nper-file-ignores = ../none.py:FLP101\n"},
    ),
    "opt-in by code": (["--extend-select=FLP502,FLP503"], {}),
    "options of other plugins": ([], {".flake8": "[flake8]\nmax-complexity = 3\nimport-order-style = google\n"}),
}


def reported(folder: Path, arguments: list[str], stdin: bytes = b"") -> set[tuple[str, int, int, str]]:
    """What flake8 reports of our codes."""
    form = "--format=%(path)s\t%(row)d\t%(col)d\t%(code)s"
    status, output, error = command("flake8", form, *arguments, cwd=folder, stdin=stdin)
    assert status in (0, 1), error
    rows = (line.split("\t") for line in output.decode().splitlines())
    return {(path, int(row), int(column), code) for path, row, column, code in rows if code.startswith("FLP")}


def known(folder: Path, arguments: list[str], stdin: bytes = b"") -> Iterator[tuple[str, int, int, str]]:
    """What flowperf-fix would fix, or says that it leaves."""
    form = ("--check", "--output-format=json")
    status, output, error = command("flowperf-fix", *form, *arguments, cwd=folder, stdin=stdin)
    assert status in (0, 1, 2), error
    for file in json.loads(output)["files"]:
        for entry in file["found"]:
            yield file["path"], entry["line"], entry["column"], entry["code"]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_same_findings(name: str, tmp_path: Path) -> None:
    arguments, files = CONFIGURATIONS[name]
    write(tmp_path, files)
    write(tmp_path, {f"{key.replace(' ', '_').replace(',', '')}.py": text for key, text in NOQA.items()})
    write(
        tmp_path,
        {"script": NOQA["none"], "sub/shell.py": SHELL},
    )
    write(
        tmp_path,
        {"sub/one.py": NOQA["none"], "sub/two.py": NOQA["none"].replace("==", "in (").replace('"]', '", ".c")]')},
    )
    expected = reported(tmp_path, arguments)
    assert set(known(tmp_path, arguments)) == expected
    if name == "default":
        lines = {path.removeprefix("./").removesuffix(".py") for path, *_ in expected}
        assert {"none", "other", "other_rule", "sub/one", "sub/two"} <= lines
        assert not lines & {"bare", "code", "prefix", "whole_file", "syntax_error"}


def test_what_is_fixed_is_what_flake8_reported(tmp_path: Path) -> None:
    write(tmp_path, {f"{key.replace(' ', '_')}.py": text for key, text in NOQA.items() if key != "syntax error"})
    before = reported(tmp_path, [])
    status, _, error = command("flowperf-fix", cwd=tmp_path)
    assert (status, error) == (0, b"")
    assert before
    assert reported(tmp_path, []) == set()
    unchanged = {path.name for path in tmp_path.iterdir() if 'rglob("*")' in path.read_text("utf-8")}
    assert {"bare.py", "code.py", "whole_file.py"} <= unchanged
    assert not unchanged & {path.removeprefix("./") for path, *_ in before}


def test_what_is_left_is_what_flake8_reports_afterwards(tmp_path: Path) -> None:
    """Places count in the new text, in files where fixes have moved lines and where noqa comments stand below them."""
    silenced = SEVERAL.replace(":\n", ":  # noqa\n")
    write(tmp_path, {"a.py": BROAD + SEVERAL + SHELL, "b.py": BROAD + silenced + SEVERAL})
    assert len(reported(tmp_path, [])) >= 4
    status, output, error = command("flowperf-fix", "--output-format=json", cwd=tmp_path)
    assert status == 0, error
    left = {
        (file["path"], entry["line"], entry["column"], entry["code"])
        for file in json.loads(output)["files"]
        for entry in file["left"]
    }
    assert {("./a.py", 5, 17, "FLP101"), ("./b.py", 9, 17, "FLP101")} <= left
    assert reported(tmp_path, []) == left


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("none", []),
        ("none", ["--per-file-ignores=x/*.py:FLP1"]),
        ("none", ["--exclude=y.py"]),
        ("code", []),
        ("whole file", []),
        ("whole file", ["--disable-noqa"]),
    ],
)
def test_same_findings_on_standard_input(name: str, arguments: list[str], tmp_path: Path) -> None:
    arguments = ["--isolated", "--stdin-display-name=x/y.py", *arguments, "-"]
    text = NOQA[name].encode()
    assert set(known(tmp_path, arguments, text)) == reported(tmp_path, arguments, text)
