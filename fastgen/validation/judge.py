"""What the judges of a table have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from fastgen.validation.report import Check


class Judge(ABC):
    """Takes all rows of a table, part by part, and then yields its checks.

    Attributes:
        group: of its checks. about: names the check that is reported as skipped if its columns are missing.
        needs: the columns that it reads.
    """

    group: ClassVar[str]
    about: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]

    @abstractmethod
    def add(self, part: Any) -> None:
        """Add some more rows."""

    @abstractmethod
    def checks(self) -> Iterator[Check]:
        """Yield the checks, after all rows were added."""
