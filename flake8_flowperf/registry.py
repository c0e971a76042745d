"""Finds the rules and their codemods by walking their folders; nothing is listed by hand."""

from __future__ import annotations

import argparse
import functools
import importlib
import pkgutil
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

from flake8_flowperf import rules as rules_package
from flake8_flowperf.model import Finding, Fix, NoFix, Option, Rule
from flake8_flowperf.profiles.options import OPTIONS as PROFILE_OPTIONS
from flake8_flowperf.source import SourceFile

Codemod = Callable[[Finding[Any], SourceFile, argparse.Namespace], Fix | NoFix]

_RULE_MODULE = re.compile(r"flp\d{3}_\w+")


def _rule_modules(package: ModuleType) -> list[str]:
    return sorted(info.name for info in pkgutil.iter_modules(package.__path__) if _RULE_MODULE.fullmatch(info.name))


@functools.cache
def rules() -> dict[str, type[Rule[Any]]]:
    """All rules by code, in the order of their codes.

    Raises TypeError when a module of the rules folder does not define exactly one rule with the code of its name.
    """
    found: dict[str, type[Rule[Any]]] = {}
    for name in _rule_modules(rules_package):
        module = importlib.import_module(f"{rules_package.__name__}.{name}")
        own = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__
        ]
        if len(own) != 1 or own[0].code != name.partition("_")[0].upper():
            raise TypeError(f"{module.__name__} must define one rule with the code of its file name")
        found[own[0].code] = own[0]
    return found


@functools.cache
def codemods() -> dict[str, Codemod]:
    """The codemods by code; importing them imports libcst, so only the fixer asks."""
    package = importlib.import_module("flake8_flowperf.codemods")
    return {
        name.partition("_")[0].upper(): importlib.import_module(f"{package.__name__}.{name}").fix
        for name in _rule_modules(package)
    }


def fixable() -> frozenset[str]:
    """The codes that have a codemod, told by the names of the files, so that libcst is not imported."""
    package = importlib.import_module("flake8_flowperf.codemods")
    return frozenset(name.partition("_")[0].upper() for name in _rule_modules(package))


def options() -> list[Option[object]]:
    """The options that hold for all rules, and those of each, each once."""
    return list(dict.fromkeys([*PROFILE_OPTIONS, *(option for rule in rules().values() for option in rule.options)]))
