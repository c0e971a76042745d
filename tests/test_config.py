"""flake8's configuration as flowperf-fix reads it: the same values, the same files, and errors of one line."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest
from flake8.discover_files import expand_paths
from flake8.main.cli import main as flake8_main
from flake8.options.parse_args import parse_args

from flake8_flowperf import config, registry
from flake8_flowperf.lint import Linter
from flake8_flowperf.source import SourceFile
from tests.support import BROAD, write

SHARED = [flag.lstrip("-").replace("-", "_") for flag in config._SHARED_OPTIONS]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parser() -> config.Parser:
    parser = config.Parser(prog="flowperf-fix", allow_abbrev=False)
    parser.add_argument("filenames", nargs="*")
    parser.add_argument("--own", action="store_true")
    return parser


def read(*arguments: str) -> argparse.Namespace:
    return config.read_settings(parser(), arguments)


def flake8_settings(*arguments: str) -> argparse.Namespace:
    return parse_args(arguments)[1]


SAME = {
    "nothing": ([], {}),
    "command line": (
        [
            "--select=A,B1 C",
            "--extend-select=D",
            "--ignore=E1",
            "--extend-ignore=F2",
            "--exclude=x,./y",
            "--extend-exclude=z/",
            "--filename=*.pyi",
            "--per-file-ignores=a.py:E1",
            "--stdin-display-name=n.py",
            "--disable-noqa",
            "p",
            "q.py",
        ],
        {},
    ),
    "setup.cfg": ([], {"setup.cfg": "[flake8]\nexclude = a,\n  b/c\nselect = E1,FLP\ndisable-noqa = yes\n"}),
    "underscores": ([], {"tox.ini": "[flake8]\nextend_ignore = FLP1\nper_file_ignores =\n  a.py: E1\n  b/*: FLP\n"}),
    "command line before file": (["--ignore=FLP2"], {".flake8": "[flake8]\nignore = FLP1\nexclude = q\n"}),
    "first of the files": (
        [],
        {"setup.cfg": "[flake8]\nselect = A1\n", "tox.ini": "[flake8]\nselect = B1\n", ".flake8": "[flake8]\n"},
    ),
    "file without a section": ([], {"setup.cfg": "[metadata]\nname = x\n", "tox.ini": "[flake8]\nselect = B1\n"}),
    "file that does not parse": ([], {"setup.cfg": "[flake8\nx", ".flake8": "[flake8]\nselect = C1\n"}),
    "config": (
        ["--config=sub/my.ini"],
        {"sub/my.ini": "[flake8]\nexclude = here/x\n", ".flake8": "[flake8]\nselect=X\n"},
    ),
    "append-config": (
        ["--append-config=a.ini", "--append-config", "b.ini"],
        {
            ".flake8": "[flake8]\nselect = A1\nignore = A2\n",
            "a.ini": "[flake8]\nselect = B1\nextend-exclude = e\n",
            "b.ini": "[flake8]\nselect = C1\n",
        },
    ),
    "isolated": (["--isolated"], {".flake8": "[flake8]\nselect = A1\n"}),
    "options of ours": (["--flowperf-scan=walk"], {".flake8": "[flake8]\nflowperf-scan = per-suffix\n"}),
    "options of ours in a file": ([], {".flake8": "[flake8]\nflowperf-scan = walk\n"}),
    "options that mean nothing here": ([], {".flake8": "[flake8]\nmax-line-length = 99\nformat = pylint\nnope = 1\n"}),
}


@pytest.mark.parametrize("name", SAME)
def test_same_values_as_flake8(name: str, folder: Path) -> None:
    arguments, contents = SAME[name]
    write(folder, contents)
    ours, theirs = vars(read(*arguments)), vars(flake8_settings(*arguments))
    own = {option.flag.lstrip("-").replace("-", "_") for option in registry.options()}
    for key in [*SHARED, *own, "filenames"]:
        assert repr(ours[key]) == repr(theirs[key]), key  # how many jobs is an object that is equal to no other


def test_configuration_of_a_parent_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, {".flake8": "[flake8]\nexclude = a/b\n", "a/x.py": ""})
    monkeypatch.chdir(folder / "a")
    assert read().exclude == flake8_settings().exclude == [str(folder / "a" / "b")]


def test_defaults_select_our_rules_and_no_opt_in_ones() -> None:
    settings = read("--isolated")
    assert settings.extended_default_select == ["FLP"]
    assert settings.extended_default_ignore == [c for c, rule in registry.rules().items() if not rule.on_by_default]
    assert {rule.code for rule in config.selected_rules(settings)} == {
        code for code, rule in registry.rules().items() if rule.on_by_default
    }
    assert config.selected_rules(read("--isolated", "--select=E")) == []
    assert {rule.code for rule in config.selected_rules(read("--isolated", "--select=FLP"))} == set(registry.rules())


def test_paths_may_stand_anywhere() -> None:
    assert read("--isolated", "a", "--own", "b", "--select=X", "c").filenames == ["a", "b", "c"]
    assert read("--isolated", "-").filenames == ["-"]
    assert read("--isolated", "--", "--odd").filenames == ["--odd"]
    assert read("--isolated").filenames == []


@pytest.mark.parametrize(
    ("arguments", "contents", "expected"),
    [
        (["--tee"], {}, "unrecognized arguments: --tee"),
        (["a.py", "--ow"], {}, "unrecognized arguments: --ow"),
        (["--select"], {}, "argument --select: expected one argument"),
        (["--flowperf-scan=x"], {}, "argument --flowperf-scan: invalid choice: 'x'"),
        (["--per-file-ignores=a.py"], {".flake8": "[flake8]\n"}, "Expected `per-file-ignores` to be a mapping"),
        (["--config=no.ini"], {}, "The specified config file does not exist: no.ini"),
        (["--append-config=no.ini"], {".flake8": "[flake8]\n"}, "The specified config file does not exist: no.ini"),
        ([], {".flake8": "[flake8]\nignore = E1,%x\n"}, "{}/.flake8: ignore: Error code '%x' supplied"),
        ([], {"tox.ini": "[flake8]\nselect = A\ndisable-noqa = maybe\n"}, "{}/tox.ini: disable-noqa: Not a boolean"),
        (
            [],
            {"setup.cfg": "[flake8]\nflowperf-scan = x\n"},
            "{}/setup.cfg: flowperf-scan: 'x' is not one of per-suffix",
        ),
        ([], {".flake8": "[flake8]\nper-file-ignores = a.py\n"}, "{}/.flake8: Expected `per-file-ignores`"),
        ([], {".flake8": "[flake8]\nselect = A\nselect = B\n"}, "While reading from '{}/.flake8' [line 3]: option"),
        (["--config=x.ini"], {"x.ini": "[flake8\n"}, "File contains no section headers. file: 'x.ini', line: 1"),
        (["--config=x.ini"], {"x.ini": b"\xff"}, "x.ini: 'utf-8' codec can't decode byte 0xff"),
        (["--append-config=x.ini"], {"x.ini": "[flake8]\nignore = ?\n"}, "x.ini: ignore: Error code '?'"),
    ],
)
def test_errors_are_one_line_and_name_the_culprit(
    arguments: list[str], contents: dict[str, str | bytes], expected: str, folder: Path
) -> None:
    write(folder, contents)
    with pytest.raises(config.ConfigError) as raised:
        read(*arguments)
    assert str(raised.value).startswith(expected.format(folder))
    assert "\n" not in str(raised.value)


def test_folder_that_is_gone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "gone").mkdir()
    monkeypatch.chdir(folder / "gone")
    (folder / "gone").rmdir()
    with pytest.raises(config.ConfigError, match="No such file or directory"):
        read()


def test_flake8_refuses_a_bad_choice_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {".flake8": "[flake8]\nflowperf-scan = x\n", "a.py": ""})
    assert flake8_main(["--jobs=1", "a.py"]) == 1
    assert "flowperf-scan: 'x' is not one of per-suffix, walk" in capsys.readouterr().out


def test_discover_is_flake8s(folder: Path) -> None:
    write(
        folder,
        {
            "a.py": "",
            "b.txt": "",
            "c.pyi": "",
            "script": "",
            "skip/x.py": "",
            "deep/skip/y.py": "",
            "deep/z.py": "",
            ".tox/t.py": "",
            ".flake8": "[flake8]\nexclude = ./skip,.tox\nextend-exclude = z.py\n",
        },
    )
    for arguments in ([], ["."], ["a.py", "script", "deep"], ["--filename=*.pyi,*.txt"], ["skip"], ["--isolated"]):
        settings = flake8_settings(*arguments)
        expected = expand_paths(
            paths=settings.filenames,
            stdin_display_name=settings.stdin_display_name,
            filename_patterns=settings.filename,
            exclude=(*settings.exclude, *settings.extend_exclude),
        )
        assert list(config.discover(read(*arguments))) == list(expected)
    assert list(config.discover(read("a.py", "a.py", "missing.py"))) == ["a.py", "missing.py"]
    assert list(config.discover(read("-"))) == ["-"]
    assert list(config.discover(read("-", "--stdin-display-name=deep/z.py"))) == []


def kept(text: str, *arguments: str, filename: str = "a.py") -> list[tuple[int, int]]:
    """The places of the findings that flake8 would report in *text*."""
    settings = read("--isolated", *arguments)
    linter = Linter([registry.rules()["FLP101"]], settings)
    source = SourceFile.parse(text, filename)
    findings = linter.examine(source, None).reported
    assert findings
    return [(item.line, item.column) for item in config.Suppressions(settings).keep(filename)(source, findings)]


def test_keep_judges_by_the_text_at_hand(folder: Path) -> None:
    """A file of that name on disk, which flake8 would look into, may hold an older text."""
    write(folder, {"a.py": BROAD.replace("\n", "  # noqa\n")})
    assert kept(BROAD) == [(2, 16)]
    assert kept(BROAD.replace(":\n", ":  # noqa: FLP\n")) == []
    assert kept(BROAD.replace(":\n", ":  # noqa\n"), "--disable-noqa") == [(2, 16)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_keep_counts_lines_as_the_parser_does(newline: str) -> None:
    text = f"x = '\x0c\x1c\u2028'\n\x0c\n{BROAD}".replace("\n", newline)
    assert kept(text) == [(4, 16)]
    assert kept(text.replace(f":{newline}", f":  # noqa{newline}")) == []


def test_keep_obeys_per_file_ignores_of_the_name() -> None:
    ignores = "--per-file-ignores=sub/*.py:FLP1 b.py:E501"
    assert kept(BROAD, ignores, filename="a.py") == [(2, 16)]
    assert kept(BROAD, ignores, filename=os.path.join(".", "sub", "a.py")) == []
    assert kept(BROAD, ignores, filename="b.py") == [(2, 16)]


def test_whole_files_are_skipped() -> None:
    text = f"# flake8: noqa\n{BROAD}"
    suppressions = config.Suppressions(read("--isolated"))
    assert suppressions.skips_file(text, "a.py")
    assert not suppressions.skips_file(BROAD, "a.py")
    assert kept(text) == []
    assert kept(text, "--disable-noqa") == [(3, 16)]
    assert not config.Suppressions(read("--isolated", "--disable-noqa")).skips_file(text, "a.py")
