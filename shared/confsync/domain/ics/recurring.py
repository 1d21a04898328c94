"""An event's recurrence as properties: read and written anew, so that a line can be nothing but what it says."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, tzinfo
from typing import Any

from icalendar import vDDDTypes, vRecur

from confsync.domain.ics.resource import part, text, word
from confsync.domain.zones import known, zone


def recurrence(resource: Mapping[str, Any], time_zone: str) -> Iterator[tuple[str, Any]]:
    """RRULE, RDATE and EXDATE of the resource's lines. What can't be read is left out."""
    place = zone(word(part(resource, "start"), "timeZone") or time_zone)
    lines = resource.get("recurrence")
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, str) and (found := _property(text(line).strip(), place)) is not None:
            yield found


def _property(line: str, place: tzinfo) -> tuple[str, Any] | None:
    head, _, value = line.partition(":")
    name, *parameters = head.split(";")
    try:
        if name.upper() == "RRULE":
            rule = vRecur.from_ical(value)
            return ("rrule", rule) if "FREQ" in rule else None
        if name.upper() in {"RDATE", "EXDATE"}:
            own = next((zone for each in parameters if (zone := _zone(each)) is not None), place)
            return name, [_date(each.strip(), own) for each in value.split(",")]
    except (ValueError, OverflowError):
        return None
    return None


def _zone(parameter: str) -> tzinfo | None:
    name, _, value = parameter.partition("=")
    return known(value.strip('"')) if name.upper() == "TZID" else None


def _date(told: str, place: tzinfo) -> date:
    at = vDDDTypes.from_ical(told)
    if not isinstance(at, date):
        raise ValueError("a period or a duration")  # noqa: TRY004 as icalendar's own for what is broken
    return at.replace(tzinfo=place) if isinstance(at, datetime) and at.tzinfo is None else at
