"""Options of the test suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import warm


@pytest.fixture(scope="session", autouse=True)
def _starter_ends() -> Iterator[None]:
    """Before what coverage has measured in it is asked for."""
    yield
    if warm.starter.cache_info().currsize and (starter := warm.starter()) is not None:
        starter.close()
        warm.starter.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def _own_folder_of_matplotlib(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Its list of fonts, which takes seconds to make, is made once, and not in the user's folders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", str(tmp_path_factory.mktemp("matplotlib")))
        yield


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
