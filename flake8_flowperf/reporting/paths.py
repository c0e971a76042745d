"""How documents for machines name files: from the folder the command runs in, which is the repository's as a rule."""

from __future__ import annotations

import os
from urllib.parse import quote


def relative(path: str) -> str:
    """*path* from this folder, with slashes and without a ``./`` in front."""
    return os.path.relpath(path).replace(os.sep, "/")


def uri(path: str) -> str:
    """*path* as a URI reference: from this folder when it lies below, else with its scheme."""
    name = relative(path)
    if name.startswith("../") or os.path.isabs(name):
        absolute = os.path.abspath(path).replace(os.sep, "/")
        return "file://" + quote(os.fsencode(absolute if absolute.startswith("/") else f"/{absolute}"))
    return quote(os.fsencode(name))
