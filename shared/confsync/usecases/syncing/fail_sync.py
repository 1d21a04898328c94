"""A sync failed: record why and when to look again, and see that it is done then."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import structlog

from confsync.domain.backoff import TASK_GRACE
from confsync.domain.calendar import Calendar, CalendarState, sync_failed
from confsync.domain.channel import Channel
from confsync.domain.errors import NO_ACCESS, NotFound, RateLimited, ServiceError, StoreConflict, Unexpected
from confsync.ports import Clock, Queue, Store
from confsync.usecases.channels.watch_channels import WatchChannels
from confsync.usecases.records.change import change
from confsync.usecases.records.tasks import queued
from confsync.usecases.records.took import took
from confsync.usecases.syncing.lost_calendar import HandOverCalendar
from confsync.usecases.syncing.remove_calendar import RemoveCalendar

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class FailSync:
    """Record a failed sync."""

    store: Store
    queue: Queue
    clock: Clock
    channels: WatchChannels
    hand_over: HandOverCalendar
    remove: RemoveCalendar

    def __call__(
        self, calendar: Calendar, error: ServiceError | Unexpected, *, began: datetime, notified: bool = False
    ) -> None:
        """`calendar` is the record as the sync had it, `began` when that began, `notified` whether its channel asked
        for it: then it asks for the next attempt as well.

        Nothing is recorded if the calendar is on hold, or has another owner by now: it was the one before who failed.
        """

        def decide(latest: Calendar) -> Calendar | None:
            if latest.owner != calendar.owner or latest.on_hold:
                return None
            released = latest.lease.release() if latest.lease.epoch == calendar.lease.epoch else latest.lease
            return self._with_failure(replace(latest, lease=released), error, began)

        try:
            failed = change(self.store, Calendar, calendar.key, decide)
        except StoreConflict:
            log.info("others have the calendar", calendar_key=calendar.key)
            return
        if failed is not None:
            log.warning(
                "calendar not synced",
                calendar_key=failed.key,
                ms=took(self.clock, began),
                state=failed.state,
                was=calendar.state,
                failures=failed.failures,
                error=str(error),
                error_class=type(error).__name__,
            )
            self._follow_up(failed, error, channel_before=calendar.channel_id, notified=notified)

    def _with_failure(self, calendar: Calendar, error: ServiceError | Unexpected, began: datetime) -> Calendar:
        retry_at = error.retry_at if isinstance(error, RateLimited) else None
        failed = sync_failed(calendar, str(error), retry_at=retry_at, began=began, now=self.clock.now())
        return self.hand_over(failed, error) if isinstance(error, NO_ACCESS) else failed

    def _follow_up(
        self, calendar: Calendar, error: ServiceError | Unexpected, *, channel_before: str | None, notified: bool
    ) -> None:
        if channel_before is not None and calendar.channel_id is None:
            # nobody reads the calendar as the account that opened this channel any more
            channel = self.store.get(Channel, channel_before)
            if channel is not None:
                self.channels.retire(channel)
        if calendar.due_at is not None and calendar.state in {CalendarState.ACTIVE, CalendarState.POLLING}:
            # a task of our own: the queue's retries know nothing of the backoff, and would hold up healthy calendars
            at = calendar.due_at - TASK_GRACE
            queued(partial(self.queue.sync_calendar, at=at, notified=notified), calendar.key)
        if isinstance(error, NotFound):
            try:
                self.remove(calendar.key)
            except (ServiceError, StoreConflict) as left:
                log.info(
                    "the rest of a deleted calendar goes at the next visit", calendar_key=calendar.key, error=str(left)
                )
