"""Calendar's times: RFC 3339 stamps, and the `start`/`end` objects of events."""

from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from playground.google_api.errors import invalid, required

Json = dict[str, Any]


def stamp(microseconds: int) -> str:
    """RFC 3339 in UTC with milliseconds, as in `created` and `updated`."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339(text: str, *, location: str) -> datetime:
    """A parameter's time. Raises 400 without an offset, which Calendar demands of timeMin and the like."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise invalid("Bad Request", location=location) from None
    if at.tzinfo is None:
        raise invalid("Bad Request", location=location)
    return at


def zone(name: str) -> tzinfo:
    """The IANA zone of that name. Raises 400 for one that does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise invalid(f"Invalid time zone definition: {name}") from None


def moment(when: Json) -> datetime:
    """When a stored start or end is, as an aware time; all-day ones begin at midnight UTC."""
    if "date" in when:
        return datetime.combine(date.fromisoformat(when["date"]), datetime.min.time(), UTC)
    return datetime.fromisoformat(when["dateTime"])


def timed(at: datetime, show_in: str, time_zone: str) -> Json:
    """A start or end object: the offset is that of the calendar's zone, `timeZone` is the event's own."""
    text = at.astimezone(zone(show_in)).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"dateTime": text, "timeZone": time_zone}


def normal(when: Json, which: str, show_in: str) -> Json:
    """A start or end as written by a client, in stored form. Raises 400 as Calendar does.

    Exactly one of `date` and `dateTime`; a time without an offset needs a `timeZone`.
    """
    if ("date" in when) == ("dateTime" in when):
        raise invalid(f"Invalid {which} time.") if when else required(f"Missing {which} time.")
    try:
        if "date" in when:
            return {"date": date.fromisoformat(when["date"]).isoformat()}
        at = datetime.fromisoformat(when["dateTime"])
    except (TypeError, ValueError):
        raise invalid(f"Invalid {which} time.") from None
    time_zone = when.get("timeZone")
    if at.tzinfo is None:
        if not time_zone:
            raise required(f"Missing time zone definition for {which} time.")
        at = at.replace(tzinfo=zone(time_zone))
    zone(time_zone or show_in)
    return timed(at, show_in, time_zone or show_in)


def shown_in(resource: Json, time_zone: str) -> Json:
    """The event with its times given in another zone's offset (the `timeZone` parameter)."""
    changed = dict(resource)
    for name in ("start", "end", "originalStartTime"):
        when = resource.get(name, {})
        if "dateTime" in when:
            changed[name] = timed(moment(when), time_zone, when["timeZone"])
    return changed
