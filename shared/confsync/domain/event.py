"""A calendar event as far as a conference depends on it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from confsync.domain.conference import ConferenceSpec
from confsync.domain.text import shows


@dataclass(frozen=True, kw_only=True)
class EventTime:
    """A start or end. `at` is aware; an all-day date is midnight in `time_zone` (IANA)."""

    at: datetime
    time_zone: str
    all_day: bool = False


@dataclass(frozen=True, kw_only=True)
class EventConference:
    """The conference an event shows, whoever made it. `id` is the provider's (ours: our conference id)."""

    id: str | None
    solution_type: str
    solution_name: str | None = None
    uris: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event of one calendar. Of a deleted one only `id` and `cancelled` are certain."""

    id: str
    etag: str = ""
    cancelled: bool = False
    title: str = ""
    description: str = ""
    """As people wrote it, without our block."""
    location: str = ""
    start: EventTime | None = None
    end: EventTime | None = None
    recurrence: tuple[str, ...] = ()
    recurring_event_id: str | None = None
    """Of an exception (a changed or cancelled instance): its series."""
    original_start: EventTime | None = None
    """Of an exception: when its series has it."""
    organizer_self: bool = True
    """Whether this copy is the organizer's."""
    organizer: str | None = None
    attendees: tuple[str, ...] = ()
    conference: EventConference | None = None
    text_conference_id: str | None = None
    """Our conference id in our block of the description (see `description_block`)."""
    text_uri: str | None = None
    """The address to click in that block."""
    more_text_ids: tuple[str, ...] = ()
    """Those of further blocks: somebody copied one from elsewhere."""

    @property
    def conference_id(self) -> str | None:
        """The id of the conference this event shows, natively or in text; None if it shows none."""
        if self.conference is not None and self.conference.id:
            return self.conference.id
        return self.text_conference_id

    def shows(self, conference_id: str, uris: Collection[str]) -> bool:
        """Whether a conference with these addresses stands anywhere on the event, in whatever form.

        As long as it does, nobody took it away.
        """
        if conference_id in {self.conference_id, self.text_conference_id, *self.more_text_ids}:
            return True
        # what it shows natively under another id is another conference
        native = self.conference
        if native is not None and native.id in {None, conference_id} and not native.uris.isdisjoint(uris):
            return True
        return any(shows(text, uris) for text in (self.location, self.description))

    def spec(self, *, host: str) -> ConferenceSpec:
        """What a conference for this event should be. The event must not be cancelled and must have times."""
        assert self.start is not None
        assert self.end is not None
        return ConferenceSpec(
            title=self.title,
            start=self.start.at,
            end=self.end.at,
            time_zone=self.start.time_zone,
            all_day=self.start.all_day,
            recurrence=self.recurrence,
            description=self.description,
            attendees=self.attendees,
            host=host,
        )


@dataclass(frozen=True, kw_only=True)
class UnreadableEvent:
    """An event of a page that could not be read, and why: quarantined, so that the calendar goes on."""

    id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class EventPage:
    """One page of events.list. `sync_token` is on the last page only, `page_token` on all others."""

    events: tuple[Event, ...]
    unreadable: tuple[UnreadableEvent, ...] = ()
    page_token: str | None = None
    sync_token: str | None = None

    @property
    def ids(self) -> set[str]:
        """Ids of all events on the page, readable or not."""
        return {event.id for event in self.events} | {event.id for event in self.unreadable}
