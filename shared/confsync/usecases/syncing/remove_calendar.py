"""Give up every conference of a calendar that counts as deleted. Its record stays, and says so."""

from dataclasses import dataclass, replace
from itertools import islice

import structlog

from confsync.domain.calendar import Calendar, counts_as_deleted, laid_to_rest
from confsync.domain.errors import StoreConflict
from confsync.domain.event import Event
from confsync.domain.link import Link
from confsync.ports import Calendars, Clock, Store
from confsync.usecases.records.change import CONFLICTS
from confsync.usecases.syncing.apply_events import ApplyEvents
from confsync.usecases.syncing.find_moved import FindMoved

log = structlog.get_logger()

LINKS_PER_COMMIT = 10
"""Each is looked for on the owner's other calendars."""


@dataclass(frozen=True, kw_only=True)
class RemoveCalendar:
    """The meetings themselves are left to the sweep."""

    store: Store
    calendars: Calendars
    clock: Clock

    def __call__(self, calendar_key: str) -> None:
        """Does nothing to a calendar that is not gone, or not for long enough.

        Links go in bounded commits, each conditional on the calendar's record: a person may come back to it at this
        very moment. An event that was moved away before the calendar went keeps its conference. After a crash the rest
        goes at the next visit. Raises `StoreConflict` if others keep changing the records, and what Calendar raises: an
        event that nobody could look for does not count as gone.
        """
        conflicts = 0
        while (calendar := self.store.get(Calendar, calendar_key)) and counts_as_deleted(calendar, self.clock.now()):
            # those that are hidden are looked after with their conferences
            left = (link for link in self.store.links_of_calendar(calendar_key) if link.hidden_at is None)
            links = list(islice(left, LINKS_PER_COMMIT))
            try:
                self._remove(calendar, links)
            except StoreConflict:
                conflicts += 1
                if conflicts == CONFLICTS:
                    raise
            else:
                if not links:
                    log.warning("calendar counts as deleted; its conferences were given up", calendar_key=calendar.key)
                    return

    def _remove(self, calendar: Calendar, links: list[Link]) -> None:
        """Have these links dropped; without any left, the calendar rests."""
        update = replace(calendar, last_attempt=self.clock.now()) if links else laid_to_rest(calendar)
        find_moved = FindMoved(self.store, self.calendars, self.clock, calendar)
        apply_events = ApplyEvents(store=self.store, clock=self.clock, find_moved=find_moved, account_gone=True)
        tombstones = [Event(id=link.event_id, cancelled=True, recurring_event_id=link.series) for link in links]
        apply_events(update, tombstones)
