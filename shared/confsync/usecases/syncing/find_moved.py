"""Finding an event that left its calendar on the other calendars of whoever reads it.

`events.move` keeps the event's id and its conference; the old calendar shows a stub that may hold only the id, like
that of a deleted event. https://developers.google.com/workspace/calendar/api/v3/reference/events/move
"""

from dataclasses import dataclass
from functools import cached_property

import structlog

from confsync.domain.calendar import Calendar, followed
from confsync.domain.errors import Invalid, NotFound, PermissionDenied
from confsync.domain.event import Event
from confsync.domain.keys import calendar_key
from confsync.domain.link import Link
from confsync.ports import Calendars, Clock, Store

log = structlog.get_logger()

MAX_CALENDARS = 50
"""A call each for every event that is gone."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Where an event lives now. `calendar` is that calendar's record as it has to be stored, so that it is followed."""

    calendar: Calendar
    event: Event


class FindMoved:
    """Looks for events that left one calendar, as its owner. The calendars that the owner can reach are listed once."""

    def __init__(self, store: Store, calendars: Calendars, clock: Clock, calendar: Calendar) -> None:
        self._store = store
        self._google = calendars.acting_as(calendar.owner)
        self._clock = clock
        self._calendar = calendar

    def __call__(self, link: Link) -> Moved | None:
        """Where the link's event lives on as an organizer's own copy that shows one of the link's conferences, if
        anywhere.

        Raises what Calendar raises: an event that nobody could look for does not count as gone.
        """
        for calendar_id in self._elsewhere:
            if self._lives(calendar_id, link) and (moved := self._moved(calendar_id, link)):
                log.info("event was moved", event_id=link.event_id, to_calendar_key=moved.calendar.key)
                return moved
        return None

    def _moved(self, calendar_id: str, link: Link) -> Moved | None:
        """The record is read before the event that counts.

        What that calendar's own sync writes in between is a conflict then.
        """
        stored = self._store.get(Calendar, calendar_key(calendar_id))
        if stored is not None and stored.tenant != self._calendar.tenant:
            return None  # conferences are never shared with another tenant
        event = self._lives(calendar_id, link)
        if event is None:
            return None
        owner, tenant = self._calendar.owner, self._calendar.tenant
        calendar = followed(stored, calendar_id=calendar_id, owner=owner, tenant=tenant, now=self._clock.now())
        return Moved(calendar=calendar, event=event)

    def _lives(self, calendar_id: str, link: Link) -> Event | None:
        try:
            event = self._google.get_event(calendar_id, link.event_id)
        except (NotFound, PermissionDenied, Invalid):
            return None
        shown = event.organizer_self and event.conference_id in link.conference_ids
        return event if shown and not event.cancelled else None

    @cached_property
    def _elsewhere(self) -> list[str]:
        try:
            reachable = self._google.list_calendars()
        except PermissionDenied as error:
            log.warning("can't list calendars; looking on the account's own only", error=str(error))
            reachable = [self._calendar.owner]
        return [each for each in reachable[:MAX_CALENDARS] if calendar_key(each) != self._calendar.key]
