"""Many plausible events at once, for benchmarks and large-calendar tests."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from playground.google_calendar.store import Calendar
from playground.google_calendar.times import stamp, timed

Json = dict[str, Any]
_FIRST = datetime(2026, 1, 5, 8, tzinfo=UTC)


class Seed(msgspec.Struct, forbid_unknown_fields=True):
    """What to make: ids are `<prefix>0000000` and on, the prefix in base32hex; `weekly` makes series."""

    count: int
    prefix: str = "seed"
    summary: str = "Meeting"
    weekly: bool = False


def events(calendar: Calendar, seed: Seed) -> Iterator[Json]:
    """Half-hour events, 20 a day, without conferences."""
    now = stamp(int(datetime.now(UTC).timestamp() * 1e6))
    person = {"email": calendar.id, "self": True}
    for index in range(seed.count):
        event_id = f"{seed.prefix}{index:07d}"
        start = _FIRST + timedelta(days=index // 20, minutes=30 * (index % 20))
        yield {
            "kind": "calendar#event",
            "id": event_id,
            "status": "confirmed",
            "htmlLink": f"https://www.google.com/calendar/event?eid={event_id}",
            "created": now,
            "summary": f"{seed.summary} {index}",
            "creator": person,
            "organizer": person,
            "start": timed(start, calendar.time_zone, calendar.time_zone),
            "end": timed(start + timedelta(minutes=30), calendar.time_zone, calendar.time_zone),
            **({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=10"]} if seed.weekly else {}),
            "iCalUID": f"{event_id}@google.com",
            "sequence": 0,
            "reminders": {"useDefault": True},
            "eventType": "default",
        }


def changed(calendar: Calendar, count: int) -> Iterator[Json]:
    """The calendar's least recently changed events, each with a new description."""
    living = (record for _, record in list(calendar.changed_since(0)) if not record.cancelled)
    for record in islice(living, count):
        yield record.resource() | {"description": f"Changed after {record.revision}"}
