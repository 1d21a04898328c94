"""What has to happen though nobody asks: renew channels, look at calendars and conferences that are due.

Every change is found by this even if no notification ever arrives. Whatever is due was put off when it was last
attempted, so the oldest attempt comes first, and is put off again before it is handed out: a thing that fails each time
comes after all the healthy ones. What only has to be queued is queued first: a renewal may take its time to fail.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

import structlog

from confsync.domain.calendar import Calendar, CalendarState, is_silent
from confsync.domain.channel import Channel
from confsync.domain.conference import Conference
from confsync.domain.connection import Connection
from confsync.domain.errors import ConfsyncError, ServiceError, StoreConflict
from confsync.domain.sweep import LAST, Sweep
from confsync.ports import Clock, Due, Queue, Save, Store
from confsync.usecases.channels.watch_channels import WatchChannels
from confsync.usecases.connecting.leave_account import LeaveAccount
from confsync.usecases.records.took import took

log = structlog.get_logger()

T = TypeVar("T")

PUT_OFF = timedelta(minutes=10)
"""When to look again at something that was handed out, in case nothing came of it."""

INLINE_FOR = timedelta(minutes=2)
"""After this the run renews no more channels itself: one that fails slowly takes about as long, and the function's time
is limited."""


@dataclass
class SweepReport:
    """What one run found and did: one log line, by which to see whether sweeps keep up."""

    calendars_due: int = 0
    calendars_queued: int = 0
    calendars_paused: int = 0
    """Of those that were due; so are the next."""
    calendars_gone: int = 0
    conferences_due: int = 0
    conferences_queued: int = 0
    channels_due: int = 0
    channels_renewed: int = 0
    channels_queued: int = 0
    channels_silent: int = 0
    """Channels of due calendars that are open, and on which Google told nothing of changes that syncs found."""
    connections_due: int = 0
    """People's accounts that are being left."""
    busy: int = 0
    """Due, and somebody else was at it; it stays due."""
    failed: int = 0
    """Due, and could not be handed out or renewed; it stays due."""
    late_seconds: int = 0
    """How long the longest due had been waiting."""
    more_due: list[str] = field(default_factory=list)
    """The kinds of which more were due than one run takes."""


@dataclass(frozen=True, kw_only=True)
class RenewChannels:
    """One run of the sweep."""

    store: Store
    queue: Queue
    clock: Clock
    channels: WatchChannels
    leave: Callable[[], LeaveAccount]
    """Asked for only when a connection is due: what it needs, few deployments have."""
    inline: int
    """How many channels it renews itself; the rest goes to the queue."""
    batch: int
    """How many things of each kind it hands out."""

    def __call__(self) -> SweepReport:
        """One failure does not stop the others; each is counted and logged."""
        report, began = SweepReport(), self.clock.now()
        for calendar in self._due(Calendar, report):
            report.calendars_due += 1
            report.calendars_paused += calendar.state is CalendarState.PAUSED
            report.calendars_gone += calendar.state is CalendarState.GONE
            report.channels_silent += is_silent(calendar)
            report.calendars_queued += self._try(report, calendar.key, self.queue.sync_calendar, calendar.key)
        for conference in self._due(Conference, report):
            report.conferences_due += 1
            report.conferences_queued += self._try(
                report, conference.id, self.queue.reconcile_conference, conference.id
            )
        inline_until = self.clock.now() + INLINE_FOR
        for channel in self._due(Channel, report):
            report.channels_due += 1
            if report.channels_due <= self.inline and self.clock.now() < inline_until:
                report.channels_renewed += self._try(report, channel.key, self._renew, channel)
            else:
                report.channels_queued += self._try(report, channel.key, self._queue_renewal, channel)
        for connection in self._due(Connection, report):
            report.connections_due += 1
            self._try(report, connection.key, self._finish, connection.key)
        log.info("sweep completed", ms=took(self.clock, began), **asdict(report))
        self._note(report)
        return report

    def _note(self, report: SweepReport) -> None:
        """For whoever asks whether sweeps run."""
        done = Sweep(
            completed_at=self.clock.now(),
            calendars_due=report.calendars_due,
            channels_silent=report.channels_silent,
            failed=report.failed,
            late_seconds=report.late_seconds,
            more_due=tuple(report.more_due),
        )
        try:
            stored = self.store.get(Sweep, LAST)
            self.store.commit([Save(record=replace(done, version=stored.version if stored else None))])
        except (ServiceError, StoreConflict) as error:
            log.warning("sweep not on record", error=str(error))

    def _due(self, kind: type[Due], report: SweepReport) -> Iterator[Due]:
        """What is due, the longest due first, each put off before it is handed out."""
        now = self.clock.now()
        found = self.store.due(kind, now, limit=self.batch + 1)
        if len(found) > self.batch:
            report.more_due.append(kind.__name__.lower())
        for record in found[: self.batch]:
            assert record.due_at is not None, "it is due"
            report.late_seconds = max(report.late_seconds, int((now - record.due_at).total_seconds()))
            try:
                self.store.commit([Save(record=replace(record, due_at=self.clock.now() + PUT_OFF))])
            except StoreConflict:
                report.busy += 1
                continue  # somebody is at it right now
            except ServiceError as error:
                report.failed += 1
                log.warning("sweep could not put this off; left to the next one", key=record.key, error=str(error))
                continue
            yield record

    def _finish(self, key: str) -> None:
        self.leave().finish(key)

    def _renew(self, channel: Channel) -> None:
        calendar_key = self.channels.renew(channel)
        if calendar_key is not None:
            self.queue.sync_calendar(calendar_key)

    def _queue_renewal(self, channel: Channel) -> None:
        calendar = self.store.get(Calendar, channel.calendar_key)
        if calendar is not None and calendar.state is CalendarState.ACTIVE and calendar.channel_id == channel.key:
            self.queue.sync_calendar(calendar.key, renew=True)
        else:
            self._renew(channel)  # it only has to end, and the calendar's sync does not know of it

    def _try(self, report: SweepReport, key: str, work: Callable[[T], None], argument: T) -> bool:
        try:
            work(argument)
        except ConfsyncError as error:
            report.failed += 1
            log.warning("sweep could not do this; it stays due", key=key, error=str(error))
            return False
        return True
