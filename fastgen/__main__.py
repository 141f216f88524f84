"""Entry point of `fastgen` and `python -m fastgen`: it imports next to nothing, so that Ctrl-C is handled from the start."""

import os


def main() -> None:
    """Run the command; from the first moment, Ctrl-C ends it with a one-line message."""
    try:
        import signal

        signal.signal(signal.SIGINT, lambda *_: exit_now(130, "interrupted"))
        from fastgen.cli import main as run

        run(exit_now)
        exit_now(0)  # a normal exit tears the libraries down, for a fifth of a short run's time
    except KeyboardInterrupt:
        exit_now(130, "interrupted")
    except SystemExit as ended:
        if ended.code not in (130, 143):
            raise
        exit_now(ended.code)  # cleaned up and reported already; waiting for threads might take long


def exit_now(code: int, line: str = "") -> None:
    """End the process at once, whatever its threads are doing."""
    try:
        if line:
            os.write(2, f"fastgen: {line}\n".encode())
    except OSError:
        pass  # the standard error is closed
    os._exit(code)


if __name__ == "__main__":
    main()
