"""What stands in an event resource, if it is what it has to be: anybody may have written anything there."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from confsync.domain.zones import zone

_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, other line breaks, halves of characters: none may stand in iCalendar."""

_MAX_INTEGER = 2**31 - 1


def word(resource: Mapping[str, Any], name: str) -> str:
    """The text of that name, "" if it is none."""
    value = resource.get(name)
    return text(value) if isinstance(value, str) else ""


def text(value: str) -> str:
    """Text as iCalendar may hold it."""
    return _NOT_TEXT.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))


def uri(value: str) -> str:
    """An address without blanks and breaks."""
    return "".join(text(value).split())


def part(resource: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object of that name, an empty one if there is none."""
    value = resource.get(name)
    return value if isinstance(value, Mapping) else {}


def each(resource: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of that list, none if it is no list."""
    value = resource.get(name)
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def count(resource: Mapping[str, Any], name: str) -> int | None:
    """The number of that name, neither negative nor more than iCalendar's integers (RFC 5545 section 3.3.8)."""
    value = resource.get(name)
    return value if type(value) is int and 0 <= value <= _MAX_INTEGER else None


def moment(told: Mapping[str, Any], time_zone: str) -> date | None:
    """A day, or a time in its own zone (else in that one), to the second."""
    try:
        if word(told, "date"):
            return date.fromisoformat(word(told, "date"))
        at = datetime.fromisoformat(word(told, "dateTime")).replace(microsecond=0)
        place = zone(word(told, "timeZone") or time_zone)
        return at.astimezone(place) if at.tzinfo else at.replace(tzinfo=place)
    except (ValueError, OverflowError):
        return None
