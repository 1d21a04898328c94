"""What becomes of a calendar whose owner can't reach it: another one takes over, or it waits, visibly, and comes back.

Nothing is wiped because of one answer. Whoever reads the calendar next lists everything, so that nothing that changed
meanwhile is lost.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

import structlog

from confsync.domain.backoff import next_visit
from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.errors import NotFound, PermissionDenied, ReauthorizationRequired, ServiceError, StoreConflict
from confsync.domain.event import Event
from confsync.domain.link import Link
from confsync.ports import Calendars, Clock, Store
from confsync.usecases.follow_events import FollowEvents
from confsync.usecases.moved_events import Search

log = structlog.get_logger()

LOST = (ReauthorizationRequired, PermissionDenied, NotFound)
"""The account has no access: a grant is gone, rights were taken back, or there is no such calendar (for it)."""

PAUSED_INTERVAL = timedelta(hours=1)

GONE_FIRST = timedelta(minutes=10)
GONE_LONGEST = timedelta(hours=18)
"""With the spread of visits, a calendar that is gone is still looked at every day."""

DELETED_AFTER = timedelta(days=30)
"""A calendar that answered 404 for so long counts as deleted. As long as Calendar keeps what is in the trash."""

LINKS_LOOKED_AT = 500
OTHERS_TRIED = 5
LINKS_PER_COMMIT = 10
"""Each is looked for on the owner's other calendars."""

CONFLICTS = 5


@dataclass(frozen=True, kw_only=True)
class LoseCalendar:
    """Decide who reads a lost calendar from now on, or when it is looked at again."""

    store: Store
    calendars: Calendars
    clock: Clock

    def __call__(self, calendar: Calendar, error: ServiceError) -> Calendar:
        """The record to store, for one that holds the failure already; nothing is stored here."""
        lost = replace(calendar, sync_token=None, retry_at=None)
        if owner := self._other_owner(calendar):
            log.warning(
                "another owner reads the calendar", calendar_key=calendar.key, before=calendar.owner, owner=owner
            )
            return replace(lost, owner=owner, state=CalendarState.ACTIVE, channel_id=None)
        return self._gone(lost) if isinstance(error, NotFound) else self._paused(lost)

    def _paused(self, calendar: Calendar) -> Calendar:
        due_at = self.clock.now() + PAUSED_INTERVAL
        return replace(calendar, state=CalendarState.PAUSED, gone_since=None, due_at=due_at)

    def _gone(self, calendar: Calendar) -> Calendar:
        """Looked at again after as long as it has been gone."""
        now = self.clock.now()
        since = (calendar.gone_since if calendar.state is CalendarState.GONE else None) or now
        wait = min(max(now - since, GONE_FIRST), GONE_LONGEST)
        return replace(
            calendar,
            state=CalendarState.GONE,
            gone_since=since,
            channel_id=None,
            due_at=next_visit(calendar.key, wait, now),
        )

    def _other_owner(self, calendar: Calendar) -> str | None:
        """Somebody else who has a conference there and can read the calendar; at each visit others are tried."""
        links = self.store.links_of_calendar(calendar.key, limit=LINKS_LOOKED_AT)
        others = sorted({link.owner for link in links} - {calendar.owner})
        turn = OTHERS_TRIED * calendar.failures % len(others) if others else 0
        for account in islice((*others[turn:], *others[:turn]), OTHERS_TRIED):
            try:
                self.calendars.acting_as(account).list_events(calendar.calendar_id, since=self.clock.now())
            except ServiceError:
                continue
            return account
        return None


@dataclass(frozen=True, kw_only=True)
class RemoveCalendar:
    """Give up every conference of a calendar that counts as deleted. The record stays, and says so."""

    store: Store
    calendars: Calendars
    clock: Clock

    def __call__(self, calendar_key: str) -> None:
        """Does nothing to a calendar that is not gone, or not for long enough.

        Links go in bounded commits, each conditional on the calendar's record: a person may come back to it at this
        very moment. An event that was moved away before the calendar went keeps its conference. After a crash the rest
        goes at the next visit. The meetings are left to the sweep. Raises `StoreConflict` if others keep changing the
        records, and what Calendar raises: what can't be looked for is not gone.
        """
        conflicts = 0
        while (calendar := self.store.get(Calendar, calendar_key)) is not None and self._is_deleted(calendar):
            links = list(self.store.links_of_calendar(calendar_key, limit=LINKS_PER_COMMIT))
            try:
                self._remove(calendar, links)
            except StoreConflict:
                conflicts += 1
                if conflicts == CONFLICTS:
                    raise
            else:
                if not links:
                    return

    def _is_deleted(self, calendar: Calendar) -> bool:
        since = calendar.gone_since if calendar.state is CalendarState.GONE else None
        return since is not None and self.clock.now() - since >= DELETED_AFTER

    def _remove(self, calendar: Calendar, links: list[Link]) -> None:
        """Have these links dropped; without any left, the calendar rests."""
        update = replace(calendar, last_attempt=self.clock.now()) if links else self._at_rest(calendar)
        search = Search(self.store, self.calendars, self.clock, calendar)
        follow = FollowEvents(store=self.store, clock=self.clock, search=search)
        follow(update, [Event(id=link.event_id, cancelled=True, recurring_event_id=link.series) for link in links])

    @staticmethod
    def _at_rest(calendar: Calendar) -> Calendar:
        log.warning("calendar counts as deleted; its conferences were given up", calendar_key=calendar.key)
        reason = f"counts as deleted: not found since {calendar.gone_since:%Y-%m-%d}; its conferences were removed"
        return replace(calendar, reason=reason, quarantined=(), due_at=None)
