"""Properties that threads share: computed once, by one thread, while the others wait for it."""

from functools import cached_property
from threading import RLock
from typing import Any, TypeVar, overload

Value = TypeVar("Value")


class locked_property(cached_property[Value]):  # noqa: N801 (a decorator)
    """A `functools.cached_property` that is computed once, even if several threads ask for it at the same time.

    Python's own had a lock up to version 3.11, which all objects of a class shared. Without one, each thread computes the value,
    and may keep its own copy: with a billion rows, each of the plan's tables has a hundred megabytes.

    Example:
        >>> class Table:
        ...     @locked_property
        ...     def squares(self):
        ...         return [number**2 for number in range(4)]
        >>> table = Table()
        >>> table.squares is table.squares
        True
    """

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> "locked_property[Value]": ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Value: ...

    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> Any:
        """The value; the instance keeps it, and a lock for each of its properties."""
        if instance is None:
            return self
        name, kept = self.attrname, vars(instance)
        assert name is not None
        with kept.setdefault(f"_lock_of_{name}", RLock()):  # reentrant, as the property of one object may need that of another
            if name not in kept:
                kept[name] = self.func(instance)
            return kept[name]
