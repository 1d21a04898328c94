"""Who reads a calendar from now on that its owner can't reach."""

from dataclasses import dataclass
from itertools import islice

import structlog

from confsync.domain.calendar import Calendar, gone, paused, read_by
from confsync.domain.errors import NotFound, ServiceError
from confsync.ports import Calendars, Clock, Store

log = structlog.get_logger()

LINKS_LOOKED_AT = 500
OTHERS_TRIED = 5


@dataclass(frozen=True, kw_only=True)
class HandOverCalendar:
    """Another account that has conferences on a calendar reads it, or it waits, visibly, and comes back.

    Nothing is wiped because of one answer: whoever reads the calendar next lists everything, so that nothing that
    changed meanwhile is lost.
    """

    store: Store
    calendars: Calendars
    clock: Clock

    def __call__(self, calendar: Calendar, error: ServiceError) -> Calendar:
        """The record to store, for one that holds the failure (one of `NO_ACCESS`) already; nothing is stored here."""
        if owner := self._other_owner(calendar):
            log.warning(
                "another owner reads the calendar", calendar_key=calendar.key, before=calendar.owner, owner=owner
            )
            return read_by(calendar, owner)
        now = self.clock.now()
        return gone(calendar, now) if isinstance(error, NotFound) else paused(calendar, now)

    def _other_owner(self, calendar: Calendar) -> str | None:
        """Somebody else who has a conference there and can read the calendar; at each visit others are tried."""
        links = self.store.links_of_calendar(calendar.key, limit=LINKS_LOOKED_AT)
        others = sorted({link.owner for link in links} - {calendar.owner})
        first = OTHERS_TRIED * calendar.failures % len(others) if others else 0
        for account in islice((*others[first:], *others[:first]), OTHERS_TRIED):
            try:
                self.calendars.acting_as(account).list_events(calendar.calendar_id, since=self.clock.now())
            except ServiceError:
                continue
            return account
        return None
