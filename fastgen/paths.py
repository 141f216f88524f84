"""Paths as people write them: `~` is the home directory, and URLs are refused."""

import os
import re
from typing import Final

from fastgen.errors import OptionError, UsageError

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def local_path(field: str, path: object, allowed: str, error: type[UsageError] = OptionError) -> str:
    """A path of this machine, with `~` expanded.

    Args:
        field: the option that the path is the value of. allowed: what it must be, such as "must be a file".
        error: the error to raise.

    Raises:
        OptionError: it is not a path, or it is a URL such as s3://bucket/data.

    Example:
        >>> local_path("output", "data/", "must be a directory")
        'data/'
        >>> local_path("output", "s3://bucket/data/", "must be a directory")
        Traceback (most recent call last):
        fastgen.errors.OptionError: output = 's3://bucket/data/': must be a path of this machine, not an address
    """
    try:
        text = os.path.expanduser(os.fsdecode(path))  # type: ignore[arg-type]  # any other type is refused below
    except TypeError:
        text = ""
    if not text or "\0" in text:
        raise error(field, path, allowed)
    if _ADDRESS.match(text):
        raise error(field, path, "must be a path of this machine, not an address")
    return text
