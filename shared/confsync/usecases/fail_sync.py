"""A sync failed: record why and when to look again, and see that it is done then."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from confsync.domain.backoff import LONGEST, next_visit, retry_time
from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.channel import Channel
from confsync.domain.errors import NotFound, RateLimited, ServiceError, StoreConflict
from confsync.domain.plan import SWEEP_GRACE
from confsync.ports import Calendars, Clock, Queue, Save, Store
from confsync.usecases.lose_calendar import LOST, LoseCalendar, RemoveCalendar
from confsync.usecases.open_channel import OpenChannel

log = structlog.get_logger()

SLOWNESS = 10
SLOW = timedelta(seconds=5)
"""What took so much longer than this to fail waits ten times as long: many that fail slowly must not take all workers.

A few quick tries that Google turned away are no reason to leave a calendar unread.
"""

CONFLICTS = 5


@dataclass(frozen=True, kw_only=True)
class FailSync:
    """Somebody else's failure is no failure of the owner that the calendar has by now."""

    store: Store
    calendars: Calendars
    queue: Queue
    clock: Clock
    channels: OpenChannel

    def __call__(self, calendar: Calendar, error: ServiceError, *, began: datetime) -> None:
        """`calendar` is the record as the sync had it, `began` when that began."""
        for _ in range(CONFLICTS):
            latest = self.store.get(Calendar, calendar.key)
            if latest is None or latest.owner != calendar.owner:
                return
            released = latest.lease.release() if latest.lease.epoch == calendar.lease.epoch else latest.lease
            record = self._with_failure(replace(latest, lease=released), error, began)
            try:
                self.store.commit([Save(record=record)])
            except StoreConflict:
                continue  # the sweep put it off, or another worker has it
            log.warning("calendar not synced", calendar_key=record.key, state=record.state, error=str(error))
            if latest.channel_id is not None and record.channel_id is None:
                self._retire(latest.channel_id)
            if record.due_at is not None and record.state in {CalendarState.ACTIVE, CalendarState.POLLING}:
                self._try_again(record.key, record.due_at - SWEEP_GRACE)
            if isinstance(error, NotFound):
                self._remove_if_deleted(record.key)
            return
        log.info("others have the calendar", calendar_key=calendar.key)

    def _with_failure(self, calendar: Calendar, error: ServiceError, began: datetime) -> Calendar:
        now = self.clock.now()
        failures = calendar.failures + 1
        asked = error.retry_at if isinstance(error, RateLimited) else None
        slowness = max(now - began - SLOW, timedelta(0))
        slow = next_visit(calendar.key, min(SLOWNESS * slowness, LONGEST), now)
        soon = max(filter(None, (retry_time(calendar.key, failures, now), slow, asked)))
        record = replace(
            calendar,
            failures=failures,
            last_attempt=now,
            retry_at=asked,
            due_at=soon + SWEEP_GRACE,
            reason=str(error),
        )
        if isinstance(error, LOST):
            return LoseCalendar(store=self.store, calendars=self.calendars, clock=self.clock)(record, error)
        return record

    def _retire(self, channel_id: str) -> None:
        """Nobody reads the calendar as the account that opened this channel any more."""
        channel = self.store.get(Channel, channel_id)
        if channel is not None:
            self.channels.retire(channel)

    def _try_again(self, calendar_key: str, at: datetime) -> None:
        """A task of our own: the queue's retries know nothing of the backoff, and would hold up healthy calendars."""
        try:
            self.queue.sync_calendar(calendar_key, at=at)
        except ServiceError as error:
            log.warning("trying again is left to the sweep", calendar_key=calendar_key, error=str(error))

    def _remove_if_deleted(self, calendar_key: str) -> None:
        try:
            RemoveCalendar(store=self.store, calendars=self.calendars, clock=self.clock)(calendar_key)
        except (ServiceError, StoreConflict) as error:
            log.info(
                "the rest of a deleted calendar goes at the next visit", calendar_key=calendar_key, error=str(error)
            )
