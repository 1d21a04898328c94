"""Attributes and functions whose value is made when it is first asked for, once, whichever thread asks first.

functools' `cache` and `cached_property` may call twice when two threads ask at the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 - used like `property`
    """An attribute that its method makes."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__
        self._lock = RLock()

    @overload
    def __get__(self, instance: None, owner: type) -> lazy[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> lazy[T] | T:
        if instance is None:
            return self
        made = instance.__dict__
        with self._lock:
            if self._name not in made:
                made[self._name] = self._make(instance)  # found there from now on, without coming here
        value: T = made[self._name]
        return value
