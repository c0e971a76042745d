"""What flowperf-fix prints: text for people, documents for machines, and the documentation of the rules."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from flake8_flowperf.fixing.results import FileResult

FORMATS = ("json", "github", "gitlab", "sarif")
"""The formats beside text; each is a module of this package with a function ``document``."""


def document(form: str, results: Sequence[FileResult], *, dry: bool) -> str:
    """All *results* as one document of the format *form*; *dry* says that nothing was written."""
    module = importlib.import_module(f"{__name__}.{form}")
    return str(module.document(results, dry=dry))
