"""What all judges of a table have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from fastgen.validation.report import Check


class Judge(ABC):
    """Is shown all rows of a table, part by part, and then tells its checks.

    Attributes:
        group: of its checks. about: what they are about, where they cannot be made.
        needs: the columns that it looks at.
    """

    group: ClassVar[str]
    about: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]

    @abstractmethod
    def add(self, part: Any) -> None:
        """Look at some more rows."""

    @abstractmethod
    def checks(self) -> Iterator[Check]:
        """What came out."""
