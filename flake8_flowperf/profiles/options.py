"""The options that hand profiles to both commands."""

from __future__ import annotations

import argparse
import functools

from flake8_flowperf.model import Option
from flake8_flowperf.profiles.matching import Profiles
from flake8_flowperf.profiles.reading import read

PROFILE = Option(
    "--flowperf-profile",
    default="",
    help="report what is about speed only in functions that are hot in these profiles: cProfile dumps, sessions "
    "and JSON of pyinstrument, speedscope JSON of py-spy, or reports of the monitor; load only those that you made "
    "yourself",
    comma_separated_list=True,
    normalize_paths=True,
    metavar="FILE,...",
)
HOT_PERCENT = Option(
    "--flowperf-hot-percent",
    default=1.0,
    help="the share of the profiled time, its callees' included, from which on a function is hot",
    type=float,
    metavar="PERCENT",
    pattern=r"\d+(\.\d*)?(e-\d+)?",
)
OPTIONS: tuple[Option[object], ...] = (PROFILE, HOT_PERCENT)


def profiles_of(settings: argparse.Namespace) -> Profiles | None:
    """The profiles that the settings name, each file read once; None without any.  Raises ProfileError."""
    paths = PROFILE.of(settings)
    return _read(tuple(paths)) if paths else None


@functools.cache
def _read(paths: tuple[str, ...]) -> Profiles:
    return Profiles([read(path) for path in paths])
