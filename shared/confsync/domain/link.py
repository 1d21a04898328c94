"""A link: this event has this conference."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from confsync.domain.conference import ConferenceSpec

COLLECT_AFTER = timedelta(hours=24)

LOOK_AGAIN = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Provisional:
    """A conference made for an event that has not been seen with it: people choose one before they save the event."""

    conference_id: str
    since: datetime
    put_at: datetime | None = None
    """When we put it on the event ourselves, if whoever asked for it has not done so by then. None: people do."""
    instead_of: str | None = None
    """The conference that the event showed when it was asked for: only that gives way."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """One event of one calendar, and its conferences."""

    key: str
    calendar_key: str
    calendar_id: str
    event_id: str
    owner: str
    """The account that chose the conference there."""
    spec: ConferenceSpec
    """The event as last read; it drives the conference when this link is its oldest."""
    created_at: datetime
    series: str | None = None
    """Of an instance: the id of its series, which does not have this link's conference."""
    conference_id: str | None = None
    """The one that the event was seen with (at `seen_at`); None while all are provisional."""
    seen_at: datetime | None = None
    published: str | None = None
    """The revision of the conference details that the event is known to show."""
    shown_uri: str | None = None
    """The address that was last published to the event."""
    organizer: str | None = None
    """Whose event it is, if this is a guest's copy of it."""
    replaces: str | None = None
    """The conference that the event was copied with, and shows until it shows its own."""
    hidden_at: datetime | None = None
    """When it was last seen that this copy is gone, and that nobody of ours can look whether the event is."""
    provisional: tuple[Provisional, ...] = ()
    version: str | None = None

    @property
    def conference_ids(self) -> tuple[str, ...]:
        """Every conference this link keeps alive, the seen one first."""
        seen = (self.conference_id,) if self.conference_id else ()
        return seen + tuple(p.conference_id for p in self.provisional)

    def with_provisional(
        self, conference_id: str, now: datetime, *, put_at: datetime | None = None, instead_of: str | None = None
    ) -> "Link":
        """The link with one more choice; its 24 hours start anew if it was chosen before."""
        kept = tuple(p for p in self.provisional if p.conference_id != conference_id)
        chosen = Provisional(conference_id=conference_id, since=now, put_at=put_at, instead_of=instead_of)
        return replace(self, provisional=(*kept, chosen))

    def to_put(self, conference_id: str) -> Provisional | None:
        """That choice, if we are to put it on the event ourselves; None: it is there, or people do."""
        chosen = (p for p in self.provisional if p.conference_id == conference_id and p.put_at is not None)
        return next(chosen, None)

    def put(self, conference_id: str) -> "Link":
        """The link once the conference was put there, or the event is not there: its next sync tells."""
        told = (replace(p, put_at=None) if p.conference_id == conference_id else p for p in self.provisional)
        return replace(self, provisional=tuple(told))

    def put_only(self, conference_id: str | None) -> "Link":
        """The link with no other choice that we are to put there: what was asked for last counts."""
        told = (p if p.conference_id == conference_id else replace(p, put_at=None) for p in self.provisional)
        return replace(self, provisional=tuple(told))

    def without(self, conference_id: str) -> "Link":
        """The link with that conference gone from it."""
        kept = tuple(p for p in self.provisional if p.conference_id != conference_id)
        if self.conference_id != conference_id:
            return replace(self, provisional=kept)
        return replace(self, provisional=kept, conference_id=None, seen_at=None, published=None, shown_uri=None)

    def is_hidden(self, now: datetime) -> bool:
        """Whether it is time to look again for an event that nobody could look for."""
        return self.hidden_at is not None and now - self.hidden_at >= LOOK_AGAIN

    def collectable(self, conference_id: str, now: datetime) -> bool:
        """Whether that conference was chosen, but not seen on the event in time."""
        return any(p.conference_id == conference_id and now - p.since >= COLLECT_AFTER for p in self.provisional)
