"""``python -m flake8_flowperf`` is flowperf-fix."""

from flake8_flowperf.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
