"""Calendar's JSON -> our values. Pure.

https://developers.google.com/workspace/calendar/api/v3/reference/events#resource-representations

Each event of a page is decoded by itself, so that one that can't be read costs only itself; unknown fields are skipped.
"""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from confsync.adapters.google_calendar.answers import decoded
from confsync.domain import description_block
from confsync.domain.errors import Invalid, PermissionDenied
from confsync.domain.event import Event, EventConference, EventPage, EventTime, UnreadableEvent


class _Json(msgspec.Struct, rename="camel", gc=False):
    """A part of Calendar's JSON."""


class _Time(_Json):
    day: date | None = msgspec.field(default=None, name="date")
    date_time: datetime | None = None
    time_zone: str | None = None


class _Person(_Json):
    email: str | None = None
    is_self: bool = msgspec.field(default=False, name="self")


class _Key(msgspec.Struct, frozen=True):
    type: str = ""


class _Solution(_Json):
    key: _Key = _Key()
    name: str | None = None


class _EntryPoint(_Json):
    uri: str = ""


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    status_code: str = ""


class _CreateRequest(_Json):
    conference_solution_key: _Key = _Key()
    status: _Status = _Status()


class _ConferenceData(_Json):
    conference_id: str | None = None
    conference_solution: _Solution | None = None
    entry_points: list[_EntryPoint] = []
    create_request: _CreateRequest | None = None


class _Event(_Json):
    id: str
    status: str = "confirmed"
    etag: str = ""
    summary: str = ""
    description: str = ""
    location: str = ""
    visibility: str = "default"
    start: _Time | None = None
    end: _Time | None = None
    recurrence: list[str] = []
    recurring_event_id: str | None = None
    original_start_time: _Time | None = None
    organizer: _Person | None = None
    attendees: list[_Person] = []
    conference_data: _ConferenceData | None = None


class _Page(_Json):
    items: list[msgspec.Raw] = []
    time_zone: str = "UTC"
    access_role: str = "owner"
    next_page_token: str | None = None
    next_sync_token: str | None = None


class _Id(_Json):
    id: str = ""


class _TimeZone(_Json):
    time_zone: str = "UTC"


_page = msgspec.json.Decoder(_Page)
_event = msgspec.json.Decoder(_Event)
_id = msgspec.json.Decoder(_Id)
_time_zone = msgspec.json.Decoder(_TimeZone)

# what an event can raise: a field of the wrong type, an unknown time zone (KeyError, OSError), a date out of range
_UNREADABLE = (msgspec.DecodeError, ValueError, KeyError, OSError, OverflowError, Invalid)


_BLIND = {"freeBusyReader", "none"}
_HIDDEN = {"private", "confidential"}


def page(content: bytes) -> EventPage:
    """A page of events.list.

    Raises `msgspec.DecodeError` if the answer as a whole is not one, and `PermissionDenied` if the account sees only
    when somebody is busy: to it, every event looks as if its conference had been taken away.
    https://developers.google.com/workspace/calendar/api/v3/reference/events/list#accessRole
    """
    data = decoded(_page, content)
    if data.access_role in _BLIND:
        raise PermissionDenied(
            f"the account sees only free and busy times of this calendar (role {data.access_role}): share it with the "
            "right to make changes",
            service="google-calendar",
        )
    events: list[Event] = []
    unreadable: list[UnreadableEvent] = []
    for raw in data.items:
        try:
            each = _event.decode(raw)
            if data.access_role == "reader" and each.visibility in _HIDDEN:
                raise Invalid("a private event, whose details this account may not see")
            events.append(_translate(each, data.time_zone))
        except _UNREADABLE as error:
            unreadable.append(UnreadableEvent(id=_id_of(raw), reason=_reason(error)))
    return EventPage(
        events=tuple(events),
        unreadable=tuple(unreadable),
        page_token=data.next_page_token,
        sync_token=data.next_sync_token,
    )


def event(content: bytes, time_zone: str) -> Event:
    """One event; `time_zone` is its calendar's. Raises `Invalid` if it can't be read."""
    try:
        return _translate(decoded(_event, content), time_zone)
    except _UNREADABLE as error:
        raise Invalid(f"event {_id_of(content)} can't be read: {_reason(error)}", service="google-calendar") from error


def needs_time_zone(content: bytes) -> bool:
    """Whether the event names no time zone and has its calendar's, which a list tells, and an event alone does not."""
    try:
        start = decoded(_event, content).start
    except msgspec.DecodeError:
        return False
    return start is not None and start.time_zone is None


def time_zone(content: bytes) -> str:
    """The calendar's time zone in an answer to events.list. Raises `msgspec.DecodeError`."""
    return _time_zone.decode(content).time_zone


def _translate(data: _Event, calendar_zone: str) -> Event:
    cancelled = data.status == "cancelled"
    if not cancelled and (data.start is None or data.end is None):
        raise Invalid("it has no start or no end")
    organizer = data.organizer
    block_ids = description_block.conference_ids(data.description) if data.description else []
    return Event(
        id=data.id,
        etag=data.etag,
        cancelled=cancelled,
        title=data.summary,
        description=description_block.strip(data.description) if block_ids else data.description,
        location=data.location,
        start=_event_time(data.start, calendar_zone),
        end=_event_time(data.end, calendar_zone),
        recurrence=tuple(data.recurrence),
        recurring_event_id=data.recurring_event_id,
        original_start=_event_time(data.original_start_time, calendar_zone),
        organizer_self=organizer is None or organizer.is_self,
        organizer=organizer.email if organizer else None,
        attendees=tuple(sorted(person.email for person in data.attendees if person.email)),
        conference=_conference(data.conference_data),
        text_conference_id=block_ids[0] if block_ids else None,
        text_uri=description_block.video_uri(data.description) if block_ids else None,
        more_text_ids=tuple(block_ids[1:]),
    )


def _event_time(value: _Time | None, calendar_zone: str) -> EventTime | None:
    if value is None:
        return None
    name = value.time_zone or calendar_zone
    if value.day is not None:
        midnight = datetime.combine(value.day, time(), _zone(name))
        return EventTime(at=midnight.astimezone(UTC), time_zone=name, all_day=True)
    if value.date_time is None:
        raise Invalid("a time is neither a date nor a dateTime")
    # an offset is missing only where the time zone says it
    at = value.date_time if value.date_time.tzinfo else value.date_time.replace(tzinfo=_zone(name))
    return EventTime(at=at.astimezone(UTC), time_zone=name)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _conference(data: _ConferenceData | None) -> EventConference | None:
    """None also for a Meet that was asked for and refused: it left the request, but no way in."""
    if data is None:
        return None
    request = data.create_request
    if request is not None and request.status.status_code == "failure" and not data.entry_points:
        return None
    solution = data.conference_solution or _Solution(key=request.conference_solution_key if request else _Key())
    return EventConference(
        id=data.conference_id,
        solution_type=solution.key.type,
        solution_name=solution.name,
        uris=frozenset(point.uri for point in data.entry_points if point.uri),
    )


def _id_of(raw: bytes | msgspec.Raw) -> str:
    try:
        return _id.decode(raw).id
    except msgspec.DecodeError:
        return ""


def _reason(error: Exception) -> str:
    return f"{error}"[:200] or type(error).__name__
