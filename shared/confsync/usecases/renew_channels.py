"""What has to happen though nobody asks: renew channels, look at calendars and conferences that are due.

Every change is found by this even if no notification ever arrives. What is looked at is put off first, so that a
thing that fails each time comes after all the healthy ones.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TypeVar

import structlog

from confsync.domain.calendar import Calendar
from confsync.domain.channel import Channel
from confsync.domain.conference import Conference
from confsync.domain.errors import ConfsyncError, ServiceError, StoreConflict
from confsync.ports import Clock, Due, Queue, Save, Store
from confsync.usecases.open_channel import OpenChannel

log = structlog.get_logger()

T = TypeVar("T")

PUT_OFF = timedelta(minutes=10)
"""When to look again at something that was handed out, in case nothing came of it."""


@dataclass
class SweepReport:
    """What one run found and did."""

    channels_renewed: int = 0
    channels_queued: int = 0
    calendars_queued: int = 0
    conferences_queued: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class RenewChannels:
    """One run. It renews `inline` channels itself and hands the rest to the queue; `batch` bounds each kind."""

    store: Store
    queue: Queue
    clock: Clock
    channels: OpenChannel
    inline: int
    batch: int

    def __call__(self) -> SweepReport:
        """One failure does not stop the others; each is counted and logged."""
        report = SweepReport()
        for index, channel in enumerate(self._due(Channel, report)):
            if index < self.inline:
                report.channels_renewed += self._try(report, channel.key, self._renew, channel)
            else:
                report.channels_queued += self._try(report, channel.key, self._queue_renewal, channel)
        for calendar in self._due(Calendar, report):
            report.calendars_queued += self._try(report, calendar.key, self.queue.sync_calendar, calendar.key)
        for conference in self._due(Conference, report):
            report.conferences_queued += self._try(
                report, conference.id, self.queue.reconcile_conference, conference.id
            )
        log.info("sweep completed", **asdict(report))
        return report

    def _due(self, kind: type[Due], report: SweepReport) -> Iterator[Due]:
        """What is due, the longest due first, each put off before it is handed out."""
        now = self.clock.now()
        for record in self.store.due(kind, now, limit=self.batch):
            try:
                self.store.commit([Save(record=replace(record, due_at=now + PUT_OFF))])
            except StoreConflict:
                continue  # somebody is at it right now
            except ServiceError as error:
                report.failed += 1
                log.warning("sweep could not put this off; left to the next one", key=record.key, error=str(error))
                continue
            yield record

    def _renew(self, channel: Channel) -> None:
        calendar_key = self.channels.renew(channel)
        if calendar_key is not None:
            self.queue.sync_calendar(calendar_key)

    def _queue_renewal(self, channel: Channel) -> None:
        self.queue.sync_calendar(channel.calendar_key, renew=True)

    def _try(self, report: SweepReport, key: str, work: Callable[[T], None], argument: T) -> bool:
        try:
            work(argument)
        except ConfsyncError as error:
            report.failed += 1
            log.warning("sweep could not do this; it stays due", key=key, error=str(error))
            return False
        return True
