"""What was measured on: Python, processor and system, and nothing that tells whose machine it is."""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path


def processor() -> str:
    """The model of the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def system() -> str:
    """The operating system and the kind of machine."""
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = f"{platform.system()} {platform.release()}"
    return f"{name}, {platform.machine()}"


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def packages(names: Iterable[str] = ("requests", "urllib3", "httpx")) -> dict[str, str]:
    """The versions of those of these packages that are there."""
    return {name: metadata.version(name) for name in names if importlib.util.find_spec(name) is not None}
