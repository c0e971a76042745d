"""Measures one case at one size in a process of its own, which no other case has left its mark on.

What a form gains can hang on what ran before it in the process: once a megabyte has been freed, for one, the memory
allocator of Linux keeps what is freed later, and a form that loads much at once looks better than it does in a program.

The process is a Python that runs this module with what to do as JSON, and prints what came of it as JSON.  Its
temporary files lie in a folder that is removed after it, however it ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from tempfile import TemporaryDirectory
from typing import Any

from flake8_flowperf.bench import suite
from flake8_flowperf.bench.measure import Effort
from flake8_flowperf.bench.model import Case, Measured, Outcome, Skipped, Timing


def measured(case: Case, size: int, effort: Effort) -> Outcome:
    """Measure *case* at one size; raises suite.WrongResult when its forms do not give the same."""
    told = _ask({"code": case.code, "label": case.label, "size": size, **asdict(effort)})
    match told:
        case {"wrong": str(message)}:
            raise suite.WrongResult(message)
        case {"skipped": str(reason)}:
            return Skipped(case, size, reason)
    return Measured(case, size, tuple(Timing(**timing) for timing in told["timings"]))


def _ask(task: dict[str, Any]) -> Any:
    with TemporaryDirectory(prefix="flowperf-bench-") as folder:
        search = os.pathsep.join(path for path in sys.path if path)
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, json.dumps(task)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": search, "TMPDIR": folder},
            start_new_session=True,  # an interrupt is for the benchmark, which then ends the process
        )
        with process:
            try:
                output, _ = process.communicate()
            except BaseException:
                process.kill()
                raise
    if process.returncode:
        case = f"{task['code']}, {task['label']}"
        raise ChildProcessError(f"{case}: the process that measures ended with {process.returncode}")
    return json.loads(output)


def answer(task: dict[str, Any]) -> dict[str, Any]:
    """Do what :func:`measured` asks for."""
    (case,) = (case for case in suite.cases() if (case.code, case.label) == (task["code"], task["label"]))
    try:
        outcome = suite.outcome(case, task["size"], Effort(task["rounds"], task["milliseconds"]))
    except suite.WrongResult as error:
        return {"wrong": str(error)}
    if isinstance(outcome, Skipped):
        return {"skipped": outcome.reason}
    return {"timings": [asdict(timing) for timing in outcome.timings]}


if __name__ == "__main__":
    print(json.dumps(answer(json.loads(sys.argv[1]))))
