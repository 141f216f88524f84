"""What the command `fastgen` and `python -m fastgen` start with: it loads next to nothing, so that Ctrl-C finds it ready."""

import sys


def main() -> None:
    """Run the command; Ctrl-C while its modules are still being loaded ends it as it does later."""
    try:
        from fastgen.cli import main as run

        run()
    except KeyboardInterrupt:
        print("fastgen: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
