"""Events of people's calendars, with the conference that a caller wants: created, changed, deleted.

The meeting is made first and written with the event, so that guests are told of both at once. What was begun for a
request that then dies is on record: it is put on its event later, if that is there, else collected.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog

from confsync.domain import description_block, keys
from confsync.domain.access import PRIMARY, Reach, Right
from confsync.domain.conferencing import Status
from confsync.domain.detection import OwnService, detect
from confsync.domain.errors import (
    BadRequest,
    Conflict,
    Invalid,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    Temporary,
)
from confsync.domain.event import Event
from confsync.domain.link import Link
from confsync.domain.wish import FIELD, is_kept, wish
from confsync.ports import CalendarAccess, CalendarApi, Calendars, EventResource, Queue, SendUpdates, Store
from confsync.usecases.making.choose_conference import Chosen
from confsync.usecases.records.change import change
from confsync.usecases.records.tasks import queued
from confsync.usecases.writing.attachments import Attachments
from confsync.usecases.writing.put_conference import PutConference, Write, carries, stands
from confsync.usecases.writing.repeats import Repeats
from confsync.usecases.writing.wishes import FINAL, MEET_TYPE, Find, Granted, Place, Wishes

log = structlog.get_logger()

ATTEMPTS = 4
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
class WriteEvents:
    """Each raises `BadRequest` with the field, `Forbidden`, and service errors, which tell the step that failed."""

    store: Store
    calendars: Calendars
    queue: Queue
    repeats: Repeats
    wishes: Wishes
    attachments: Attachments
    put: PutConference
    own: tuple[OwnService, ...] = ()

    # --- create ------------------------------------------------------------------------------------------------------

    def create(self, request: Request, *, key: str | None = None) -> Written:
        """A new event. The same request with the same `key`, or the same id in its body, gives the same one.

        Raises `Conflict` if the key, or the id, is another event's, besides.
        """
        reach, google, access = self._open(request)
        own_id = request.body.get("id")
        if own_id is not None and not isinstance(own_id, str):
            raise BadRequest("an event's id is a text", field="id")
        asked = [request.body, request.send_updates]
        calendar_key = keys.calendar_key(reach.calendar_id)
        exists = partial(self._exists, google, reach)
        claim = self.repeats.claim(request.caller, calendar_key, key=key, own_id=own_id, asked=asked, exists=exists)
        if claim.repeated and (made := self._made_before(google, reach, claim.event_id)) is not None:
            return made
        body = {**self._own_fields(request.body), "id": claim.event_id}
        body |= self._files(body, (), reach)
        granted = self._granted(request, body, Place(reach=reach, event_id=claim.event_id, event=None), access)
        write = partial(_insert, google, reach.calendar_id, request.send_updates)
        try:
            event = self._write(google, reach, write, {**body, **granted.fields}, granted, {})
        except Conflict:  # the same request, at the same moment, was faster: its conference is the same
            made = self._made_before(google, reach, claim.event_id)
            if made is None:
                raise
            return made
        self._done(granted, claim.event_id)
        log.info("event created", calendar_key=calendar_key, conference_id=_conference_id(granted))
        return Written(event=event, calendar_id=reach.calendar_id)

    @staticmethod
    def _exists(google: CalendarApi, reach: Reach, event_id: str) -> bool:
        with suppress(NotFound):
            google.read_event(reach.calendar_id, event_id)
            return True
        return False

    def _own_fields(self, body: Fields) -> dict[str, Any]:
        """Of a new event, what goes to Calendar as it is: not a conference that `conferencing` contradicts."""
        if FIELD not in body or is_kept(body[FIELD], detect(body, self.own).conferencing):
            return _without(body, FIELD)
        return _without(body, FIELD, "conferenceData")

    def _made_before(self, google: CalendarApi, reach: Reach, event_id: str) -> Written | None:
        """The event that an earlier request made, None if it did not get so far."""
        try:
            event = google.read_event(reach.calendar_id, event_id)
        except NotFound:
            return None
        if event.cancelled:
            raise Conflict(f"event {event_id} was made, and deleted since: take a new key, or id", status=409)
        return Written(event=event, calendar_id=reach.calendar_id, repeated=True)

    # --- change ------------------------------------------------------------------------------------------------------

    def change(
        self, request: Request, event_id: str, *, if_match: str | None = None, replace_attachments: bool = False
    ) -> Written:
        """The event with the fields of the body changed; what it has already is not written again.

        `if_match`: only as long as it has this etag, else `PreconditionFailed`. Without it `Conflict` is raised if
        somebody else changes one of the same fields at the same time.
        """
        reach, google, access = self._open(request)
        first = old = self._existing(google, reach, event_id, if_match)
        for attempt in range(1, ATTEMPTS + 1):
            body = _without(request.body, FIELD, *(["conferenceData"] if FIELD in request.body else []))
            there = () if replace_attachments else old.resource.get("attachments", ())
            body |= self._files(body, there, reach)
            changed = {name: value for name, value in body.items() if value != old.resource.get(name)}
            granted = Granted()
            if FIELD in request.body and not self._has(old, request.body[FIELD]):
                place = Place(reach=reach, event_id=event_id, event=None, old=old.resource)
                granted = self._granted(request, _merged(old.resource, changed), place, access)
            changed |= granted.fields
            if not changed and (granted.shown is None or stands(old, granted.shown)):
                self._settled(request, reach, event_id)
                return Written(event=old, calendar_id=reach.calendar_id)
            write = partial(_patch, google, reach.calendar_id, event_id, old.etag, request.send_updates)
            try:
                event = self._write(google, reach, write, changed, granted, old.resource)
            except PreconditionFailed:
                now = self._existing(google, reach, event_id, None)
                if not _is_written(now, changed, granted):
                    if if_match is not None or attempt == ATTEMPTS:
                        self._take_back(granted, event_id, now)
                        raise
                    self._check_unchanged(first, now, changed, granted, event_id)
                    old = now
                    continue
                event = now  # it was us: a request without an answer is sent twice
            self._settled(request, reach, event_id)
            self._look(reach, event, old)
            return Written(event=event, calendar_id=reach.calendar_id)
        raise AssertionError("the last attempt returns or raises")

    def _has(self, event: EventResource, told: Any) -> bool:
        return is_kept(told, detect(event.resource, self.own).conferencing)

    def _settled(self, request: Request, reach: Reach, event_id: str) -> None:
        """The event is as wished. What an earlier request asked for is not put there any more.

        Unless this one only repeats what it read meanwhile. (Its meeting stays for a day, in case it is there already.)
        """
        told = request.body.get(FIELD)
        if FIELD in request.body and not (isinstance(told, dict) and told.get("status") == Status.PENDING):
            key = keys.link_key(keys.calendar_key(reach.calendar_id), event_id)
            change(self.store, Link, key, lambda link: link.put_only(None))

    def _existing(self, google: CalendarApi, reach: Reach, event_id: str, if_match: str | None) -> EventResource:
        event = google.read_event(reach.calendar_id, event_id)
        if event.cancelled:
            raise NotFound(f"event {event_id} was deleted", service="google-calendar", status=404)
        if if_match not in {None, event.etag}:
            raise PreconditionFailed(
                f"event {event_id} has changed: its etag is {event.etag}", service="google-calendar", status=412
            )
        return event

    def _check_unchanged(
        self, first: EventResource, now: EventResource, changed: Fields, granted: Granted, event_id: str
    ) -> None:
        """Raises `Conflict` if somebody else changed what the caller changes."""
        wanted = _merged(now.resource, changed)
        names = {name for name in changed if now.resource.get(name) != wanted[name]}
        if granted.shown is not None and not carries(now, granted.shown.conference_id):
            names.add("conferenceData")
        both = sorted(name for name in names if first.resource.get(name) != now.resource.get(name))
        if both:
            self._take_back(granted, event_id, now)
            told = f"somebody else changed {', '.join(both)} at the same time: read the event again"
            raise Conflict(told, service="google-calendar", status=409)

    # --- delete ------------------------------------------------------------------------------------------------------

    def delete(self, request: Request, event_id: str, *, if_match: str | None = None) -> None:
        """Put the event into the trash; a conference of ours goes with it. Raises `NotFound`, `PreconditionFailed`."""
        reach, google, _ = self._open(request)
        google.delete_event(reach.calendar_id, event_id, etag=if_match, send_updates=request.send_updates)
        self._sync_soon(reach, event_id)

    # --- what they share ---------------------------------------------------------------------------------------------

    def _open(self, request: Request) -> tuple[Reach, CalendarApi, CalendarAccess]:
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
        return reach, google, access

    def _files(self, body: Fields, there: Any, reach: Reach) -> dict[str, Any]:
        if body.get("attachments") is None:
            return {}
        return {"attachments": self.attachments(body["attachments"], there=there, account=reach.account.email)}

    def _granted(self, request: Request, whole: Fields, place: Place, access: CalendarAccess) -> Granted:
        """What the wish comes to. `whole`: the event as it is to be."""
        if FIELD not in request.body or (not place.old and request.body[FIELD] is None):
            return Granted()
        if not place.old and is_kept(request.body[FIELD], detect(whole, self.own).conferencing):
            return Granted()  # an event that was read elsewhere, with what it shows
        event = self._as_event(whole, access.time_zone)
        return self.wishes(wish(request.body[FIELD]), replace(place, event=event), request.find)

    def _as_event(self, whole: Fields, time_zone: str) -> Event:
        for name in ("start", "end"):
            if not isinstance(whole.get(name), dict):
                raise BadRequest("an event has a start and an end", field=name)
        try:
            return self.calendars.event_of({"etag": "", **whole}, time_zone=time_zone)
        except Invalid as error:
            raise BadRequest(str(error), field="start") from error

    def _write(
        self, google: CalendarApi, reach: Reach, write: Write, body: Fields, granted: Granted, old: Fields
    ) -> EventResource:
        """Raises what the write raises; if that can't be mended, what was made for it is taken back."""
        try:
            if granted.shown is None:
                return write(body)
            return self.put(google, reach.calendar_id, write, body, granted.shown, old)
        except (Conflict, PreconditionFailed):
            raise
        except FINAL as error:
            event_id = str(old.get("id") or body.get("id"))
            self._take_back(granted, event_id)
            if granted.asks_calendar and MEET_TYPE not in (types := google.conference_types(reach.calendar_id)):
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

    def _take_back(self, granted: Granted, event_id: str, now: EventResource | None = None) -> None:
        """`now`: the event, if it is known. What that shows stays."""
        if granted.chosen is not None and not (now and carries(now, granted.chosen.conference_id)):
            self.wishes.choose.take_back(granted.chosen, event_id)

    def _done(self, granted: Granted, event_id: str) -> None:
        """It stands on the event: there is no need to put it there."""
        chosen: Chosen | None = granted.chosen
        if chosen is None:
            return
        key = keys.link_key(chosen.calendar_key, event_id)
        change(self.store, Link, key, lambda link: link.put(chosen.conference_id))

    def _look(self, reach: Reach, event: EventResource, old: EventResource) -> None:
        """What becomes of a conference of ours that the event showed its sync decides, if one has seen it there."""
        before, after = (_ours_on(each) for each in (old, event))
        if before is not None and before != after:
            earlier = Chosen(conference_id=before, calendar_key=keys.calendar_key(reach.calendar_id))
            self.wishes.choose.take_back(earlier, event.id)
            self._sync_soon(reach, event.id)

    def _sync_soon(self, reach: Reach, event_id: str) -> None:
        key = keys.calendar_key(reach.calendar_id)
        if self.store.get(Link, keys.link_key(key, event_id)) is not None:
            queued(self.queue.sync_calendar, key)


def _insert(google: CalendarApi, calendar_id: str, send: SendUpdates, body: Fields, shown: Any = None) -> EventResource:
    return google.insert_event(calendar_id, body, conference=shown, send_updates=send)


def _patch(
    google: CalendarApi, calendar_id: str, event_id: str, etag: str, send: SendUpdates, body: Fields, shown: Any = None
) -> EventResource:
    return google.patch_event(calendar_id, event_id, body, conference=shown, etag=etag, send_updates=send)


def _is_written(now: EventResource, changed: Fields, granted: Granted) -> bool:
    """Whether the event is as it was to be."""
    wanted = _merged(now.resource, changed)
    same = all(now.resource.get(name) == wanted[name] for name in changed)
    return same and (granted.shown is None or stands(now, granted.shown))


def _merged(old: Fields, changed: Fields) -> dict[str, Any]:
    """The event as it is to be: objects are merged, as Calendar does it."""
    merged = dict(old)
    for name, value in changed.items():
        earlier = old.get(name)
        merged[name] = {**earlier, **value} if isinstance(earlier, dict) and isinstance(value, dict) else value
    return merged


def _without(fields: Fields, *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def _ours_on(event: EventResource) -> str | None:
    """The conference of ours that the event shows, natively or as text."""
    described = str(event.resource.get("description") or "")
    shown = event.conference.conference_id if event.conference else description_block.conference_id(described)
    return shown if keys.is_conference_id(shown) else None


def _conference_id(granted: Granted) -> str | None:
    return granted.chosen.conference_id if granted.chosen else None
