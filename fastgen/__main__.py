"""`python -m fastgen` is `fastgen`."""

from fastgen.cli import main

main()
