"""flake8's own configuration, file discovery, decisions and noqa, reused.

This is the only module that touches flake8's private parts: what flake8 decides is asked of flake8, never written again.
"""

from __future__ import annotations

import argparse

from flake8.style_guide import Decision, DecisionEngine


def is_reported_anywhere(code: str, settings: argparse.Namespace) -> bool:
    """Whether select and ignore let *code* through; per-file-ignores can only take more away."""
    return _engine(settings).decision_for(code) is Decision.Selected


def _engine(settings: argparse.Namespace) -> DecisionEngine:
    return DecisionEngine(settings)
