"""Put a conference's details on the events that have it."""

from dataclasses import dataclass, replace

import structlog

from confsync.domain import description_block
from confsync.domain.calendar import Calendar, WriteMode
from confsync.domain.conference import Conference
from confsync.domain.entry_point import ConferenceDetails
from confsync.domain.errors import NO_ACCESS, Invalid, NotFound, PreconditionFailed
from confsync.domain.event import Event
from confsync.domain.link import Link
from confsync.ports import CalendarApi, Calendars, ConferenceOnEvent, Providers, Store
from confsync.usecases.records.change import change

log = structlog.get_logger()

ATTEMPTS = 4


@dataclass(frozen=True, kw_only=True)
class PublishConference:
    """Write the details to one event, natively where Google takes them, else as text.

    Whether an ordinary client may write third-party conference data is contradicted between Google's pages and live
    tests, so the outcome is read back, and remembered per calendar when it has to be text.
    """

    store: Store
    calendars: Calendars
    providers: Providers
    mode: WriteMode = WriteMode.AUTO

    def __call__(self, conference: Conference, link: Link) -> None:
        """Make the link's event show the conference's details, unless a person has changed its conference meanwhile.

        As whoever chose it there; if that account has lost its access, as the one that reads the calendar. Raises
        `PreconditionFailed` if the event is being edited all the time, and what Calendar raises.
        """
        details = conference.applied.details
        assert details is not None
        shown = ConferenceOnEvent(
            conference_id=conference.id, solution=self.providers.solution(conference.solution), details=details
        )
        calendar = self.store.get(Calendar, link.calendar_key)
        try:
            self._publish(link.owner, calendar, link, shown)
        except NO_ACCESS:
            if calendar is None or calendar.owner == link.owner:
                raise
            self._publish(calendar.owner, calendar, link, shown)
        self._remember(link, conference.id, details)

    def _publish(self, account: str, calendar: Calendar | None, link: Link, shown: ConferenceOnEvent) -> None:
        google = self.calendars.acting_as(account)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                event = google.get_event(link.calendar_id, link.event_id)
                if not event.cancelled and _has(event, link, shown):
                    self._write(google, calendar, link, event, shown)
                break
            except NotFound:
                google.resolve(link.calendar_id)  # raises, if it is the calendar that is not found
                break  # the sync will find out what became of the event
            except PreconditionFailed:
                if attempt == ATTEMPTS:
                    raise

    def _write(
        self, google: CalendarApi, calendar: Calendar | None, link: Link, event: Event, shown: ConferenceOnEvent
    ) -> None:
        mode = calendar.write_mode if calendar is not None and self.mode is WriteMode.AUTO else self.mode
        if event.conference is not None and event.conference.uris == shown.details.uris:
            return
        if mode is not WriteMode.DESCRIPTION and self._write_native(google, link, event, shown, mode):
            return
        current = google.get_event(link.calendar_id, link.event_id)
        if current.conference_id not in {None, shown.conference_id, *_replaced(link, shown)}:
            return  # replaced at this very moment
        block = description_block.render(shown.solution.name, shown.conference_id, shown.details)
        uri, described = shown.details.video_uri, description_block.put(current.description, block)
        if described is None:
            log.warning("no room for the details in the description", event_id=link.event_id)
            described = current.description if current.text_conference_id else None  # an old block must not stay
        earlier = current.text_uri or link.shown_uri
        place = description_block.beside(current.location, uri, earlier=earlier) if uri else None
        google.write_text(link.calendar_id, current, location=place, description=described)
        if calendar is not None and mode is WriteMode.AUTO:
            log.warning("calendar does not take conference data; writing text", calendar_key=calendar.key)
            change(self.store, Calendar, calendar.key, lambda c: replace(c, write_mode=WriteMode.DESCRIPTION))

    def _write_native(
        self, google: CalendarApi, link: Link, event: Event, shown: ConferenceOnEvent, mode: WriteMode
    ) -> bool:
        """Whether Google took it and kept it."""
        try:
            back = google.write_conference(link.calendar_id, event, shown)
        except Invalid:
            if mode is WriteMode.NATIVE:
                raise
            return False
        kept = back.conference is not None and shown.details.video_uri in {None, *back.conference.uris}
        return kept or mode is WriteMode.NATIVE

    def _remember(self, link: Link, conference_id: str, details: ConferenceDetails) -> None:
        def decide(stored: Link) -> Link | None:
            if stored.conference_id == conference_id:
                return replace(stored, published=details.revision, shown_uri=details.video_uri)
            return stored.put(conference_id)

        change(self.store, Link, link.key, decide)


def _has(event: Event, link: Link, shown: ConferenceOnEvent) -> bool:
    """Whether the event has the conference, natively or as the text that we last wrote, or is to be given it."""
    chosen = link.to_put(shown.conference_id)
    if chosen is not None:
        return event.conference_id in {shown.conference_id, chosen.instead_of}
    if event.conference_id is None and link.shown_uri is not None:
        return event.shows(shown.conference_id, {link.shown_uri})
    return event.conference_id in {shown.conference_id, *_replaced(link, shown)} - {None}


def _replaced(link: Link, shown: ConferenceOnEvent) -> set[str | None]:
    """What the event may show now, and no more once it shows this."""
    chosen = link.to_put(shown.conference_id)
    return {link.replaces, chosen.instead_of} if chosen else {link.replaces}
