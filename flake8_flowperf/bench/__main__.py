"""``python -m flake8_flowperf.bench`` is flowperf-bench."""

from flake8_flowperf.bench.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
