"""Whether a file is test code, by the names that test runners look for."""

from __future__ import annotations

import re
from functools import lru_cache

_TEST_FOLDERS = frozenset({"test", "tests"})
_TEST_FILE = re.compile(r"test_.*|.*_tests?|conftest")


def is_test_file(filename: str) -> bool:
    """Whether a file is called ``test_x.py``, ``x_test.py`` or ``conftest.py``, or lies below ``tests/``."""
    folder, _, name = filename.replace("\\", "/").rpartition("/")
    return _is_test_folder(folder) or _TEST_FILE.fullmatch(name.rpartition(".")[0]) is not None


@lru_cache
def _is_test_folder(folder: str) -> bool:
    return not _TEST_FOLDERS.isdisjoint(folder.split("/"))
