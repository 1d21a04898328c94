"""A new event on somebody's calendar, with the conference that the caller wants.

The meeting is made first and written with the event, so that guests are told of both at once. What was begun for a
request that then dies is on record: it is put on its event later, if that is there, else collected.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from confsync.domain import keys
from confsync.domain.detection import detect
from confsync.domain.errors import BadRequest, Conflict, NotFound
from confsync.domain.link import Link
from confsync.domain.wish import FIELD, is_kept
from confsync.ports import EventResource, SendUpdates, Store
from confsync.usecases.making.choose_conference import Chosen
from confsync.usecases.records.change import change
from confsync.usecases.writing.event_writer import EventWriter, Fields, Opened, Request, Written, conference_id, without
from confsync.usecases.writing.repeats import Repeats
from confsync.usecases.writing.wishes import Granted, Place

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class CreateEvent:
    """Raises `BadRequest` with the field, `Forbidden`, and service errors, which tell the step that failed."""

    store: Store
    repeats: Repeats
    writer: EventWriter

    def __call__(self, request: Request, *, key: str | None = None) -> Written:
        """A new event. The same request with the same `key`, or the same id in its body, gives the same one.

        Raises `Conflict` if the key, or the id, is another event's, besides.
        """
        calendar = self.writer.open(request)
        own_id = request.body.get("id")
        if own_id is not None and not isinstance(own_id, str):
            raise BadRequest("an event's id is a text", field="id")
        asked = [request.body, request.send_updates]
        exists = partial(self._exists, calendar)
        claim = self.repeats.claim(request.caller, calendar.key, key=key, own_id=own_id, asked=asked, exists=exists)
        if claim.repeated and (made := self._made_before(calendar, claim.event_id)) is not None:
            return made
        body = {**self._own_fields(request.body), "id": claim.event_id}
        body |= self.writer.files(body, (), calendar)
        place = Place(reach=calendar.reach, event_id=claim.event_id, event=None)
        granted = self.writer.granted(request, body, place, calendar.time_zone)
        write = partial(_insert, calendar, request.send_updates)
        try:
            event = self.writer.write(calendar, write, {**body, **granted.fields}, granted, {})
        except Conflict:  # the same request, at the same moment, was faster: its conference is the same
            try:
                made = self._made_before(calendar, claim.event_id)
            except Conflict:
                self.writer.take_back(granted, claim.event_id)
                raise
            if made is None:
                raise
            return made
        self._done(granted, claim.event_id)
        log.info("event created", calendar_key=calendar.key, conference_id=conference_id(granted))
        return Written(event=event, calendar_id=calendar.id)

    @staticmethod
    def _exists(calendar: Opened, event_id: str) -> bool:
        with suppress(NotFound):
            calendar.google.read_event(calendar.id, event_id)
            return True
        return False

    def _own_fields(self, body: Fields) -> dict[str, Any]:
        """Of a new event, what goes to Calendar as it is: not a conference that `conferencing` contradicts."""
        if FIELD not in body or is_kept(body[FIELD], detect(body, self.writer.own).conferencing):
            return without(body, FIELD)
        return without(body, FIELD, "conferenceData")

    def _made_before(self, calendar: Opened, event_id: str) -> Written | None:
        """The event that an earlier request made, None if it did not get so far."""
        try:
            event = calendar.google.read_event(calendar.id, event_id)
        except NotFound:
            return None
        if event.cancelled:
            raise Conflict(f"event {event_id} was made, and deleted since: take a new key, or id", status=409)
        return Written(event=event, calendar_id=calendar.id, repeated=True)

    def _done(self, granted: Granted, event_id: str) -> None:
        """It stands on the event: there is no need to put it there."""
        chosen: Chosen | None = granted.chosen
        if chosen is None:
            return
        key = keys.link_key(chosen.calendar_key, event_id)
        change(self.store, Link, key, lambda link: link.put(chosen.conference_id))


def _insert(calendar: Opened, send: SendUpdates, body: Fields, shown: Any = None) -> EventResource:
    return calendar.google.insert_event(calendar.id, body, conference=shown, send_updates=send)
