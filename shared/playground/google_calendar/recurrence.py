"""Recurring events: when they occur, and their instances as resources.

https://developers.google.com/workspace/calendar/api/concepts/events-calendars#recurring_events
The start is always the first instance; outside its own rule it is one more than the rule's COUNT
(https://github.com/fmeringdal/rust-rrule/issues/119).
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from dateutil.rrule import rrule, rruleset, rrulestr

from playground.google_api.errors import invalid
from playground.google_calendar.times import moment, timed, zone

Json = dict[str, Any]

HORIZON = timedelta(days=730)
"""How far an endless series is expanded; Google's own limit is not documented."""
_INSTANCE = re.compile(r"(?P<master>.+)_(?P<at>\d{8}(T\d{6}Z)?)")
_LINE = re.compile(r"(?P<name>RRULE|EXRULE|RDATE|EXDATE)(?P<params>(;[^:]*)?):(?P<value>.+)", re.IGNORECASE)


def check(resource: Json) -> None:
    """Raise 400 unless the event's recurrence lines can be understood and begin with a rule or date."""
    try:
        next(occurrences(resource), None)
    except (ValueError, TypeError, KeyError):
        raise invalid("Invalid recurrence rule.") from None


def occurrences(master: Json, begin: datetime | None = None, end: datetime | None = None) -> Iterator[datetime]:
    """Starts of the series from `begin` on and before `end` (or the horizon), in the event's zone.

    All-day events start at midnight UTC.
    """
    start = _wall_start(master)
    stop = end or max(start, datetime.now(UTC)) + HORIZON
    for at in _rules(master, start).xafter(begin or start, inc=True):
        if at >= stop:
            return
        yield at


def _wall_start(master: Json) -> datetime:
    start = moment(master["start"])
    return start if "date" in master["start"] else start.astimezone(_zone(master))


def _zone(master: Json) -> tzinfo:
    return zone(master["start"].get("timeZone", "UTC"))


def _rules(master: Json, start: datetime) -> rruleset:
    rules = rruleset(cache=True)
    rules.rdate(start)
    for line in master["recurrence"]:
        found = _LINE.fullmatch(line.strip())
        if not found:
            raise ValueError(line)
        name, value = found["name"].upper(), found["value"]
        if name in ("RRULE", "EXRULE"):
            rule = rrulestr(_with_utc_until(value, master), dtstart=start)
            if not isinstance(rule, rrule):
                raise ValueError(line)
            (rules.rrule if name == "RRULE" else rules.exrule)(rule)
            continue
        for text in value.split(","):
            (rules.rdate if name == "RDATE" else rules.exdate)(_date_value(text, found["params"], master))
    return rules


def _with_utc_until(rule: str, master: Json) -> str:
    """dateutil wants UNTIL as a UTC time; Calendar takes a date too, which includes that day, and a local time."""

    def utc(found: re.Match[str]) -> str:
        day, clock = found[1], found[2] or "T235959"
        if "date" in master["start"]:
            return f"UNTIL={day}T235959Z"
        return f"UNTIL={_date_value(day + clock, '', master).astimezone(UTC):%Y%m%dT%H%M%SZ}"

    return re.sub(r"UNTIL=(\d{8})(T\d{6}Z?)?", utc, rule.upper())


def _date_value(text: str, params: str, master: Json) -> datetime:
    at = datetime.strptime(text[:15].rstrip("Zz"), "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d")  # noqa: DTZ007
    if "date" in master["start"] or text.upper().endswith("Z"):
        return at.replace(tzinfo=UTC)
    found = re.search(r"TZID=([^;:]+)", params, re.IGNORECASE)
    return at.replace(tzinfo=zone(found[1]) if found else _zone(master))


def instance_id(master: Json, at: datetime) -> str:
    """The id that the occurrence at `at` has, whether or not it is stored."""
    suffix = f"{at:%Y%m%d}" if "date" in master["start"] else f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{master['id']}_{suffix}"


def parse_instance_id(event_id: str) -> tuple[str, datetime] | None:
    """Master id and original start, if that is what the id looks like."""
    found = _INSTANCE.fullmatch(event_id)
    if not found:
        return None
    text = found["at"]
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
        clock = time(int(text[9:11]), int(text[11:13]), int(text[13:15])) if "T" in text else time()
    except ValueError:
        return None
    return found["master"], datetime.combine(day, clock, UTC)


def occurs(master: Json, at: datetime) -> bool:
    """True if the series has an occurrence starting at exactly that time."""
    return next(occurrences(master, at, at + timedelta(seconds=1)), None) is not None


def instance(master: Json, at: datetime, show_in: str) -> Json:
    """The occurrence at `at` as an event; it is its master but for its times and its identity."""
    length = moment(master["end"]) - moment(master["start"])
    resource = {key: value for key, value in master.items() if key != "recurrence"}
    start, finish = _times(master, at, length, show_in)
    return resource | {
        "id": instance_id(master, at),
        "recurringEventId": master["id"],
        "originalStartTime": start,
        "start": start,
        "end": finish,
    }


def _times(master: Json, at: datetime, length: timedelta, show_in: str) -> tuple[Json, Json]:
    if "date" in master["start"]:
        return {"date": at.date().isoformat()}, {"date": (at + length).date().isoformat()}
    start = timed(at, show_in, master["start"]["timeZone"])
    return start, timed(at.astimezone(UTC) + length, show_in, master["end"]["timeZone"])
