"""Options of the test suite."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder for the test and the commands that it runs."""
    folder = tmp_path_factory.mktemp("cache")
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(folder))
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-golden",
        action="store_true",
        help="write findings.txt, safe.py and unsafe.py of the chosen fixtures anew; read them before you keep them",
    )
    parser.addoption(
        "--corpus",
        action="store_true",
        help="lint and fix every file of the standard library and of site-packages, not a sample; takes many minutes",
    )
