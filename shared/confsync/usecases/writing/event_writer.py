"""What creating and changing an event have in common: the calendar that it is on, what is asked for, and the write."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from confsync.domain import keys
from confsync.domain.access import PRIMARY, Reach, Right
from confsync.domain.detection import OwnService, detect
from confsync.domain.errors import BadRequest, Conflict, Invalid, PermissionDenied, PreconditionFailed, Temporary
from confsync.domain.event import Event
from confsync.domain.link import Link
from confsync.domain.wish import FIELD, is_kept, wish
from confsync.ports import CalendarApi, Calendars, EventResource, Queue, SendUpdates, Store
from confsync.usecases.records.tasks import queued
from confsync.usecases.writing.attachments import Attachments
from confsync.usecases.writing.put_conference import PutConference, Write, carries
from confsync.usecases.writing.wishes import FINAL, MEET_TYPE, Find, Granted, Place, Wishes

MAY_WRITE = frozenset({"owner", "writer", "writerWithoutPrivateAccess"})

Fields = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a caller asks for. `body` is Calendar's resource, and `conferencing` (if any) beside its own fields.

    Raised by `find`: `Forbidden`.
    """

    caller: str
    find: Find
    calendar_id: str
    body: Fields
    send_updates: SendUpdates = "none"


@dataclass(frozen=True, kw_only=True)
class Written:
    """The event as it is now. `repeated`: an earlier request made it."""

    event: EventResource
    calendar_id: str
    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A calendar that the account may write to."""

    reach: Reach
    google: CalendarApi
    time_zone: str

    @property
    def id(self) -> str:
        """Its real id."""
        return self.reach.calendar_id

    @property
    def key(self) -> str:
        """Of our record of it."""
        return keys.calendar_key(self.id)


@dataclass(frozen=True, kw_only=True)
class EventWriter:
    """What it raises tells the step that failed."""

    store: Store
    calendars: Calendars
    queue: Queue
    wishes: Wishes
    attachments: Attachments
    put: PutConference
    own: tuple[OwnService, ...] = ()

    def open(self, request: Request) -> Opened:
        """The calendar, which the account may write to. Raises `Forbidden`, `PermissionDenied` for too low a role."""
        reach = request.find(request.calendar_id, Right.WRITE)
        google = self.calendars.acting_as(reach.account.email)
        if reach.calendar_id == PRIMARY:
            reach = replace(reach, calendar_id=google.resolve(PRIMARY))
        access = google.access(reach.calendar_id)
        if access.role not in MAY_WRITE:
            raise PermissionDenied(
                f"{reach.account.email} has the role {access.role!r} on calendar {reach.calendar_id}, and needs "
                "'writer': share the calendar with the right to make changes to events",
                service="google-calendar",
            )
        return Opened(reach=reach, google=google, time_zone=access.time_zone)

    def has(self, event: EventResource, told: Any) -> bool:
        """Whether the event has that conference already, as `conferencing` tells it."""
        return is_kept(told, detect(event.resource, self.own).conferencing)

    def files(self, body: Fields, there: Any, calendar: Opened) -> dict[str, Any]:
        """The attachments that the event then has, if the body tells of any."""
        if body.get("attachments") is None:
            return {}
        return {"attachments": self.attachments(body["attachments"], there=there, account=calendar.reach.account.email)}

    def granted(self, request: Request, whole: Fields, place: Place, time_zone: str) -> Granted:
        """What the wish comes to. `whole`: the event as it is to be."""
        if FIELD not in request.body or (not place.old and request.body[FIELD] is None):
            return Granted()
        if not place.old and is_kept(request.body[FIELD], detect(whole, self.own).conferencing):
            return Granted()  # an event that was read elsewhere, with what it shows
        event = self._as_event(whole, time_zone)
        return self.wishes(wish(request.body[FIELD]), replace(place, event=event), request.find)

    def _as_event(self, whole: Fields, time_zone: str) -> Event:
        for name in ("start", "end"):
            if not isinstance(whole.get(name), dict):
                raise BadRequest("an event has a start and an end", field=name)
        try:
            return self.calendars.event_of({"etag": "", **whole}, time_zone=time_zone)
        except Invalid as error:
            raise BadRequest(str(error), field="start") from error

    def write(self, calendar: Opened, write: Write, body: Fields, granted: Granted, old: Fields) -> EventResource:
        """Raises what the write raises; if that can't be mended, what was made for it is taken back."""
        try:
            if granted.shown is None:
                return write(body)
            return self.put(calendar.google, calendar.id, write, body, granted.shown, old)
        except (Conflict, PreconditionFailed):
            raise
        except FINAL as error:
            event_id = str(old.get("id") or body.get("id"))
            self.take_back(granted, event_id)
            if granted.asks_calendar and MEET_TYPE not in (types := calendar.google.conference_types(calendar.id)):
                error.telling(field="conferencing.provider", allowed=types)
            if "step" not in error.told:
                error.telling(step="event", next="nothing was changed", reason=str(error))
            raise
        except Temporary as error:
            if granted.chosen is None:
                raise
            then = "the meeting is there, and is put on the event if that was written, else removed in a day"
            error.telling(step="event", next=then, reason=str(error))
            raise

    def take_back(self, granted: Granted, event_id: str, now: EventResource | None = None) -> None:
        """Nothing comes of what was made for the event. `now`: that event, if it is known; what it shows stays."""
        if granted.chosen is not None and not (now and carries(now, granted.chosen.conference_id)):
            self.wishes.choose.take_back(granted.chosen, event_id)

    def sync_soon(self, calendar: Opened, event_id: str) -> None:
        """Have a change seen that may mean something for a conference of ours."""
        if self.store.get(Link, keys.link_key(calendar.key, event_id)) is not None:
            queued(self.queue.sync_calendar, calendar.key)


def without(fields: Fields, *names: str) -> dict[str, Any]:
    """The others of the fields."""
    return {name: value for name, value in fields.items() if name not in names}


def conference_id(granted: Granted) -> str | None:
    """Of a conference of ours."""
    return granted.chosen.conference_id if granted.chosen else None
