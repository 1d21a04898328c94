"""What a vendor takes in a request's fields: checks to put into a table by the field's name."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]


def text(longest: int, *, shortest: int = 0) -> Check:
    """Text of so many UTF-16 units, which is how most services count."""
    return lambda value: (
        isinstance(value, str) and 2 * shortest <= len(value.encode("utf-16-le", "surrogatepass")) <= 2 * longest
    )


def between(low: int, high: int) -> Check:
    """A whole number; true is none."""
    return lambda value: type(value) is int and low <= value <= high


def matching(pattern: str) -> Check:
    """Text that is wholly of this pattern."""
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def one_of(*values: object) -> Check:
    """One of these, of the same type."""
    return lambda value: any(value == each and type(value) is type(each) for each in values)


def flag(value: object) -> bool:
    """True or false, not 1 or "true"."""
    return isinstance(value, bool)


def wrong(values: Mapping[str, Any], checks: Mapping[str, Check], prefix: str = "") -> list[str]:
    """Names of the fields whose values are not taken."""
    return [prefix + name for name, check in checks.items() if name in values and not check(values[name])]


def unknown(values: Mapping[str, Any], checks: Mapping[str, Check], prefix: str = "") -> list[str]:
    """Names of the fields that there are not."""
    return [prefix + name for name in values if name not in checks]


def missing(values: Mapping[str, Any], required: tuple[str, ...], prefix: str = "") -> list[str]:
    """Names of the required fields that are absent."""
    return [prefix + name for name in required if name not in values]
