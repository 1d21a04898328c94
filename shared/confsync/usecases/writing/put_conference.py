"""Write a conference onto an event together with whatever else is written: natively where Google takes it, else as
text."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog

from confsync.domain import description_block, keys
from confsync.domain.calendar import Calendar, WriteMode
from confsync.domain.errors import BadRequest, Invalid, PreconditionFailed, ServiceError, Temporary
from confsync.ports import CalendarApi, ConferenceOnEvent, EventResource, Store
from confsync.usecases.records.change import change

log = structlog.get_logger()

ATTEMPTS = 4

Fields = Mapping[str, Any]


class Write(Protocol):
    """An insert or a patch of these fields."""

    def __call__(self, body: Fields, conference: ConferenceOnEvent | None = None, /) -> EventResource: ...


@dataclass(frozen=True, kw_only=True)
class PutConference:
    """See `PublishConference`, which does it where only the conference is written."""

    store: Store
    mode: WriteMode = WriteMode.AUTO

    def __call__(
        self, google: CalendarApi, calendar_id: str, write: Write, body: Fields, shown: ConferenceOnEvent, old: Fields
    ) -> EventResource:
        """The event as it was stored, which shows the conference. `old`: the event as it is.

        Raises what the write raises; if Google refuses the conference, and the rest alone, its reason for that.
        """
        calendar_key = keys.calendar_key(calendar_id)
        mode = self._mode(calendar_key)
        if mode is WriteMode.DESCRIPTION:
            return write(with_text(body, shown, old))
        try:
            event = write(without_text(body, old), shown)
        except Invalid:
            if mode is WriteMode.NATIVE:
                raise
            event = write(with_text(body, shown, old))
            self._remember(calendar_key)  # now it is known that the conference was refused, and not the rest
            return event
        if mode is WriteMode.NATIVE or shows(event, shown):
            return event
        self._remember(calendar_key)
        try:
            return self._add_text(google, calendar_id, event, shown)
        except ServiceError as error:
            error.telling(step="conference", next="the event is written, without the conference", reason=str(error))
            raise

    @staticmethod
    def _add_text(
        google: CalendarApi, calendar_id: str, event: EventResource, shown: ConferenceOnEvent
    ) -> EventResource:
        """Google took the event, and left its conference out. Whoever changes it at this moment has the last word."""
        for _ in range(ATTEMPTS):
            text = with_text({}, shown, event.resource)
            try:
                return google.patch_event(calendar_id, event.id, text, etag=event.etag)
            except PreconditionFailed:
                current = google.read_event(calendar_id, event.id)
            if current.cancelled or current.conference != event.conference:
                return current
            event = current
        raise Temporary(f"event {event.id} is being changed by others", service="confsync")

    def _mode(self, calendar_key: str) -> WriteMode:
        calendar = self.store.get(Calendar, calendar_key) if self.mode is WriteMode.AUTO else None
        return calendar.write_mode if calendar is not None else self.mode

    def _remember(self, calendar_key: str) -> None:
        log.warning("calendar does not take conference data; writing text", calendar_key=calendar_key)
        change(self.store, Calendar, calendar_key, lambda c: replace(c, write_mode=WriteMode.DESCRIPTION))


def shows(event: EventResource, shown: ConferenceOnEvent) -> bool:
    """Whether the event shows it natively."""
    uris = {point.uri for point in event.conference.entry_points} if event.conference else set()
    return shown.details.video_uri in uris if shown.details.video_uri else bool(shown.details.uris & uris)


def stands(event: EventResource, shown: ConferenceOnEvent) -> bool:
    """Whether this conference is on the event already, natively or as text, as it would be written."""
    if event.conference is not None:
        uris = {point.uri for point in event.conference.entry_points}
        return event.conference.conference_id == shown.conference_id and uris == shown.details.uris
    return carries(event, shown.conference_id) and description_block.video_uri(
        _text(event.resource, "description")
    ) == (shown.details.video_uri)


def carries(event: EventResource, conference_id: str | None) -> bool:
    """Whether the event has the conference with this id, natively or as text."""
    if event.conference is not None:
        return event.conference.conference_id == conference_id
    return conference_id in description_block.conference_ids(_text(event.resource, "description"))


def with_text(body: Fields, shown: ConferenceOnEvent, old: Fields) -> dict[str, Any]:
    """The fields, with the conference as text: its address beside the location, a block in the description."""
    description, location, earlier = _words(body, old)
    block = description_block.render(shown.solution.name, shown.conference_id, shown.details)
    uri, described = shown.details.video_uri, description_block.put(description, block)
    if described is None:
        raise Invalid("the description is too long to hold the conference's details besides: make it shorter")
    native = {"conferenceData": None} if old.get("conferenceData") else {}
    place = description_block.beside(location, uri, earlier=earlier) if uri else location
    return {**body, **native, "description": described, "location": place}


def without_text(body: Fields, old: Fields) -> dict[str, Any]:
    """The fields, and none of the conference that stands on the event as text, ours or one put there by hand."""
    if not description_block.conference_ids(_text(old, "description")):
        return dict(body)
    description, location, earlier = _words(body, old)
    words = {"description": description_block.strip(description)}
    words["location"] = description_block.apart(location, earlier)
    return {**body, **{name: text for name, text in words.items() if name in body or text != old.get(name, "")}}


def _words(body: Fields, old: Fields) -> tuple[str, str, str | None]:
    """Description and location as they are to be, and the address that a block in the description had."""
    described, place = (_text({**old, **body}, name) for name in ("description", "location"))
    return described, place, description_block.video_uri(_text(old, "description"))


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise BadRequest("a text is needed", field=name)
    return value
