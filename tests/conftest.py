"""Options of the test suite."""

from __future__ import annotations

import pytest


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
