"""What we read of Zoom's answers."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from confsync.domain.instances import Instance
from confsync.domain.zones import zone
from confsync.providers.zoom.schedule import MAX_OCCURRENCES as MOST


class DialIn(msgspec.Struct, frozen=True):
    """A telephone number of a meeting."""

    number: str | None = None
    country: str | None = None
    type: str | None = None


class ReadSettings(msgspec.Struct, frozen=True):
    """Of a meeting's settings, the only one that we read."""

    global_dial_in_numbers: tuple[DialIn, ...] | None = None


class ListedOccurrence(msgspec.Struct, frozen=True):
    """A time of a series. Its id is the millisecond at which the series has it."""

    occurrence_id: str
    start_time: datetime
    duration: int
    status: str = "available"


class Meeting(msgspec.Struct, frozen=True):
    """What we read of a meeting. `start_url`, which makes anyone the host, is not among it."""

    id: int | str
    join_url: str
    topic: str | None = None
    agenda: str | None = None
    type: int | None = None
    start_time: str | None = None
    duration: int | None = None
    timezone: str | None = None
    recurrence: dict[str, Any] | None = None
    password: str | None = None
    pstn_password: str | None = None
    h323_password: str | None = None
    settings: ReadSettings | None = None
    occurrences: tuple[ListedOccurrence, ...] | None = None


class Listed(msgspec.Struct, frozen=True):
    """A meeting in a list, with no more than 250 characters of its agenda."""

    id: int | str
    agenda: str | None = None
    created_at: str | None = None


class Page(msgspec.Struct, frozen=True):
    """A page of a list."""

    meetings: tuple[Listed, ...]
    next_page_token: str | None = None


class Invitation(msgspec.Struct, frozen=True):
    """What people are invited with; the room connector's addresses are nowhere else."""

    sip_links: tuple[str, ...] | None = None


def fingerprint(meeting: Meeting) -> str:
    """Changes when somebody changes what we set.

    Of a series, what changes by itself stays out of it: its next time, and the end that Zoom gives it.
    """
    series = meeting.recurrence or {}
    rule = {name: value for name, value in series.items() if name not in {"end_times", "end_date_time"}}
    start = None if series else meeting.start_time
    kept = (meeting.topic, meeting.agenda, meeting.type, start, meeting.duration, meeting.timezone, rule)
    return sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def has_series(meeting: Meeting, sent: Mapping[str, Any]) -> bool:
    """Whether the series that would be sent is the one that Zoom has; answers may tell more of a rule than was sent."""
    rule, wanted = meeting.recurrence or {}, sent.get("recurrence") or {}
    firsts = [_original(each) for each in meeting.occurrences or ()]
    return (
        bool(wanted and firsts)
        and (meeting.type, meeting.timezone, meeting.duration) == (sent["type"], sent["timezone"], sent["duration"])
        and all(rule.get(name) == value for name, value in wanted.items() if name != "end_times")
        and _ends_alike(rule.get("end_times"), wanted["end_times"])
        and min(firsts) == _instant(sent["start_time"], sent["timezone"])
    )


def _ends_alike(has: int | None, wanted: int) -> bool:
    """Of an endless series (0), Zoom tells in the end so many times as we would never ask for."""
    return has == wanted or (wanted == 0 and has is not None and has > MOST)


def instances(meeting: Meeting) -> list[Instance]:
    """The times of a series that Zoom lists, without those that were deleted."""
    return [
        Instance(
            id=each.occurrence_id,
            original=_original(each),
            start=each.start_time,
            end=each.start_time + timedelta(minutes=each.duration),
        )
        for each in meeting.occurrences or ()
        if each.status != "deleted"
    ]


def listed_until(meeting: Meeting) -> datetime | None:
    """When the last of them begins, deleted or not: Zoom lists only so many."""
    return max((_original(each) for each in meeting.occurrences or ()), default=None)


def _instant(start_time: str, time_zone: str) -> datetime:
    """Of a start as it is sent: in UTC with a Z, else local."""
    at = datetime.fromisoformat(start_time)
    return at if at.tzinfo else at.replace(tzinfo=zone(time_zone))


def _original(occurrence: ListedOccurrence) -> datetime:
    try:
        return datetime.fromtimestamp(int(occurrence.occurrence_id) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return occurrence.start_time
