"""Finding an event that left its calendar: on another calendar of whoever reads it, or at another organizer.

`events.move` keeps the event's id and its conference; the old calendar shows a stub that may hold only the id, like
that of a deleted event. https://developers.google.com/workspace/calendar/api/v3/reference/events/move
So does a guest's copy that its owner removed, and what is left of an account whose events were transferred: the event
goes on, and its id is the same in everybody's calendar.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import structlog

from confsync.domain.calendar import Calendar, followed
from confsync.domain.errors import NO_ACCESS, Invalid, NotFound, PermissionDenied
from confsync.domain.event import Event
from confsync.domain.keys import calendar_key
from confsync.domain.link import Link
from confsync.ports import Calendars, Clock, Store

log = structlog.get_logger()

MAX_CALENDARS = 50
"""A call each for every event that is gone."""

GUESTS_ASKED = 5
ORGANIZERS = 3
"""How often in a row an event may have been handed over."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Where an event lives now. `calendar` is that calendar's record as it has to be stored, so that it is followed."""

    calendar: Calendar
    event: Event


@dataclass(frozen=True)
class Hidden:
    """The event may live on where nobody of ours can look, or shows the meeting in a form that can't be followed."""


class FindMoved:
    """Looks for events that left one calendar. The calendars that its owner can reach are listed once."""

    def __init__(self, store: Store, calendars: Calendars, clock: Clock, calendar: Calendar) -> None:
        self._store = store
        self._calendars = calendars
        self._google = calendars.acting_as(calendar.owner)
        self._clock = clock
        self._calendar = calendar

    def __call__(self, link: Link, *, account_gone: bool = False) -> Moved | Hidden | None:
        """Where the link's event lives on as an organizer's own copy that shows one of the link's conferences; None if
        it is known to be gone.

        Another organizer is looked for if this was a guest's copy, and if the calendar went with its account: then its
        events that have guests may have been transferred to somebody. Raises what Calendar raises: an event that nobody
        could look for does not count as gone.
        """
        for calendar_id in self._elsewhere:
            found = self._lives(calendar_id, link)
            if found is not None and not _carries(found, link):
                return Hidden()
            if found is not None and (moved := self._moved(calendar_id, link)):
                log.info("event was moved", event_id=link.event_id, to_calendar_key=moved.calendar.key)
                return moved
        if link.organizer is not None:
            return self._at_organizer(link, link.organizer)
        return self._transferred(link) if account_gone else None

    # --- on other calendars of the same account ----------------------------------------------------------------------

    def _moved(self, calendar_id: str, link: Link) -> Moved | None:
        """The record is read before the event that counts.

        What that calendar's own sync writes in between is a conflict then.
        """
        stored = self._store.get(Calendar, calendar_key(calendar_id))
        if stored is not None and stored.tenant != self._calendar.tenant:
            return None  # conferences are never shared with another tenant
        event = self._lives(calendar_id, link)
        if event is None or not _carries(event, link):
            return None
        owner, tenant = self._calendar.owner, self._calendar.tenant
        calendar = followed(stored, calendar_id=calendar_id, owner=owner, tenant=tenant, now=self._clock.now())
        return Moved(calendar=calendar, event=event)

    def _lives(self, calendar_id: str, link: Link) -> Event | None:
        try:
            event = self._google.get_event(calendar_id, link.event_id)
        except (NotFound, PermissionDenied, Invalid):
            return None
        return event if event.organizer_self and not event.cancelled and _shows(event, link) else None

    @cached_property
    def _elsewhere(self) -> list[str]:
        try:
            reachable = self._google.list_calendars()
        except PermissionDenied as error:
            log.warning("can't list calendars; looking on the account's own only", error=str(error))
            reachable = [self._calendar.owner]
        return [each for each in reachable[:MAX_CALENDARS] if calendar_key(each) != self._calendar.key]

    # --- at another organizer ----------------------------------------------------------------------------------------

    def _at_organizer(self, link: Link, organizer: str) -> Moved | Hidden | None:
        """The event on its organizer's own calendar, which is followed from now on."""
        for _ in range(ORGANIZERS):
            stored = self._store.get(Calendar, calendar_key(organizer))  # before the event that counts, as above
            copy = self._copy(organizer, link)
            if copy is None or isinstance(copy, Hidden):
                return copy
            if not copy.organizer_self and copy.organizer not in {None, organizer}:
                organizer = str(copy.organizer)
                continue
            if not _carries(copy, link):
                return Hidden() if _shows(copy, link) else None  # None: its organizer took the conference away
            mine = self._calendar.tenant
            tenant = organizer if "@" in mine else mine  # who has no domain shares with nobody
            if stored is not None and stored.tenant != tenant:
                return Hidden()
            now = self._clock.now()
            calendar = followed(stored, calendar_id=organizer, owner=organizer, tenant=tenant, now=now)
            log.info("event has another organizer", event_id=link.event_id, calendar_key=calendar.key)
            return Moved(calendar=calendar, event=copy)
        return Hidden()

    def _transferred(self, link: Link) -> Moved | Hidden | None:
        """By the copy of any guest, which names the organizer. An event without guests goes with its account."""
        asked = []
        for copy in self._copies_of_guests(link):
            if isinstance(copy, Event) and copy.organizer is not None:
                return self._at_organizer(link, copy.organizer)
            asked.append(copy)
        return Hidden() if asked and all(isinstance(copy, Hidden) for copy in asked) else None

    def _copies_of_guests(self, link: Link) -> Iterator[Event | Hidden | None]:
        guests = [guest for guest in link.spec.attendees if guest not in {link.owner, link.calendar_id}]
        for guest in guests[:GUESTS_ASKED]:
            yield self._copy(guest, link)

    def _copy(self, account: str, link: Link) -> Event | Hidden | None:
        """The account's own copy of the event, None if it is gone there."""
        google = self._calendars.acting_as(account)
        try:
            event = google.get_event(account, link.event_id)
        except NotFound:
            try:
                google.resolve(account)
            except NO_ACCESS:
                return Hidden()
            return None
        except (*NO_ACCESS, Invalid):
            return Hidden()
        return None if event.cancelled else event


def _carries(event: Event, link: Link) -> bool:
    """Whether the event has one of the link's conferences by its id, so that the link can be handed over."""
    return event.conference_id in link.conference_ids


def _shows(event: Event, link: Link) -> bool:
    """Whether the event has any of the link's conferences, in whatever form: people may still join by it."""
    shown = {link.shown_uri} if link.shown_uri else set()
    return any(event.shows(each, shown) for each in link.conference_ids)
