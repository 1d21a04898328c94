"""What we read of Zoom's answers."""

import json
from hashlib import sha256
from typing import Any

import msgspec


class DialIn(msgspec.Struct, frozen=True):
    """A telephone number of a meeting."""

    number: str | None = None
    country: str | None = None
    type: str | None = None


class ReadSettings(msgspec.Struct, frozen=True):
    """Of a meeting's settings, the only one that we read."""

    global_dial_in_numbers: tuple[DialIn, ...] | None = None


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
