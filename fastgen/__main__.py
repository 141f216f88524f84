"""What the command `fastgen` and `python -m fastgen` start with: it loads next to nothing, so that Ctrl-C finds it ready."""

import os


def main() -> None:
    """Run the command; Ctrl-C ends it with a line from the first moment on."""
    try:
        import signal

        signal.signal(signal.SIGINT, lambda *_: leave(130, "interrupted"))
        from fastgen.cli import main as run

        run(leave)
        leave(0)  # Python would take the libraries to pieces, for a fifth of a short run
    except KeyboardInterrupt:
        leave(130, "interrupted")
    except SystemExit as ended:
        if ended.code not in (130, 143):
            raise
        leave(ended.code)  # all is cleared away and told; threads might take their time to end


def leave(code: int, line: str = "") -> None:
    """End the process at once, whatever its threads are about."""
    try:
        if line:
            os.write(2, f"fastgen: {line}\n".encode())
    except OSError:
        pass  # nobody listens
    os._exit(code)


if __name__ == "__main__":
    main()
