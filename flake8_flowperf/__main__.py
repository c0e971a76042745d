"""``python -m flake8_flowperf`` is flowperf-fix; so is the installed command, which begins here."""

import sys


def main() -> int:
    """Run flowperf-fix; an interrupt is told as such even while its modules are still being loaded."""
    try:
        from flake8_flowperf import cli
    except KeyboardInterrupt:
        print("flowperf-fix: interrupted; every file is as it was", file=sys.stderr)
        return 128 + 2
    return cli.main()


if __name__ == "__main__":
    raise SystemExit(main())
