"""An event of somebody's calendar with other fields, and with the conference that the caller wants."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from confsync.domain import description_block, keys
from confsync.domain.conferencing import Status
from confsync.domain.errors import Conflict, NotFound, PreconditionFailed
from confsync.domain.link import Link
from confsync.domain.wish import FIELD
from confsync.ports import EventResource, SendUpdates, Store
from confsync.usecases.making.choose_conference import Chosen
from confsync.usecases.records.change import change
from confsync.usecases.writing.event_writer import EventWriter, Fields, Opened, Request, Written, without
from confsync.usecases.writing.put_conference import carries, stands
from confsync.usecases.writing.wishes import Granted, Place

ATTEMPTS = 4


@dataclass(frozen=True, kw_only=True)
class ChangeEvent:
    """Raises `BadRequest` with the field, `Forbidden`, and service errors, which tell the step that failed."""

    store: Store
    writer: EventWriter

    def __call__(
        self, request: Request, event_id: str, *, if_match: str | None = None, replace_attachments: bool = False
    ) -> Written:
        """The event with the fields of the body changed; what it has already is not written again.

        `if_match`: only as long as it has this etag, else `PreconditionFailed`. Without it `Conflict` is raised if
        somebody else changes one of the same fields at the same time.
        """
        calendar = self.writer.open(request)
        first = old = self._existing(calendar, event_id, if_match)
        for attempt in range(1, ATTEMPTS + 1):
            body = without(request.body, FIELD, *(["conferenceData"] if FIELD in request.body else []))
            there = () if replace_attachments else old.resource.get("attachments", ())
            body |= self.writer.files(body, there, calendar)
            changed = {name: value for name, value in body.items() if value != old.resource.get(name)}
            granted = Granted()
            if FIELD in request.body and not self.writer.has(old, request.body[FIELD]):
                place = Place(reach=calendar.reach, event_id=event_id, event=None, old=old.resource)
                granted = self.writer.granted(request, _merged(old.resource, changed), place, calendar.time_zone)
            changed |= granted.fields
            if not changed and (granted.shown is None or stands(old, granted.shown)):
                self._settled(request, calendar, event_id)
                return Written(event=old, calendar_id=calendar.id)
            write = partial(_patch, calendar, event_id, old.etag, request.send_updates)
            try:
                event = self.writer.write(calendar, write, changed, granted, old.resource)
            except PreconditionFailed:
                now = self._read_again(calendar, event_id, granted)
                if not _is_written(now, changed, granted):
                    if if_match is not None or attempt == ATTEMPTS:
                        self.writer.take_back(granted, event_id, now)
                        raise
                    self._check_unchanged(first, now, changed, granted, event_id)
                    old = now
                    continue
                event = now  # it was us: a request without an answer is sent twice
            self._settled(request, calendar, event_id)
            self._look(calendar, event, old)
            return Written(event=event, calendar_id=calendar.id)
        raise AssertionError("the last attempt returns or raises")

    def _settled(self, request: Request, calendar: Opened, event_id: str) -> None:
        """The event is as wished. What an earlier request asked for is not put there any more.

        Unless this one only repeats what it read meanwhile. (Its meeting stays for a day, in case it is there already.)
        """
        told = request.body.get(FIELD)
        if FIELD in request.body and not (isinstance(told, dict) and told.get("status") == Status.PENDING):
            key = keys.link_key(calendar.key, event_id)
            change(self.store, Link, key, lambda link: link.put_only(None))

    def _existing(self, calendar: Opened, event_id: str, if_match: str | None) -> EventResource:
        event = calendar.google.read_event(calendar.id, event_id)
        if event.cancelled:
            raise NotFound(f"event {event_id} was deleted", service="google-calendar", status=404)
        if if_match not in {None, event.etag}:
            raise PreconditionFailed(
                f"event {event_id} has changed: its etag is {event.etag}", service="google-calendar", status=412
            )
        return event

    def _read_again(self, calendar: Opened, event_id: str, granted: Granted) -> EventResource:
        """The event, which somebody has changed. Raises `NotFound` if they deleted it."""
        try:
            return self._existing(calendar, event_id, None)
        except NotFound:
            self.writer.take_back(granted, event_id)
            raise

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
            self.writer.take_back(granted, event_id, now)
            told = f"somebody else changed {', '.join(both)} at the same time: read the event again"
            raise Conflict(told, service="google-calendar", status=409)

    def _look(self, calendar: Opened, event: EventResource, old: EventResource) -> None:
        """What becomes of a conference of ours that the event showed its sync decides, if one has seen it there."""
        before, after = (_ours_on(each) for each in (old, event))
        if before is not None and before != after:
            earlier = Chosen(conference_id=before, calendar_key=calendar.key)
            self.writer.wishes.choose.take_back(earlier, event.id)
            self.writer.sync_soon(calendar, event.id)


def _patch(
    calendar: Opened, event_id: str, etag: str, send: SendUpdates, body: Fields, shown: Any = None
) -> EventResource:
    return calendar.google.patch_event(calendar.id, event_id, body, conference=shown, etag=etag, send_updates=send)


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


def _ours_on(event: EventResource) -> str | None:
    """The conference of ours that the event shows, natively or as text."""
    described = str(event.resource.get("description") or "")
    shown = event.conference.conference_id if event.conference else description_block.conference_id(described)
    return shown if keys.is_conference_id(shown) else None
