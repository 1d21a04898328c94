"""What has to happen though nobody asks: renew channels and grants, look at calendars and conferences that are due.

Every change is found by this even if no notification ever arrives. Whatever is due was put off when it was last
attempted, so the oldest attempt comes first, and is put off again before it is handed out: a thing that fails each time
comes after all the healthy ones. What only has to be queued is queued first: a renewal may take its time to fail. It is
queued for one moment after the other, so that what people do meanwhile does not wait behind all of it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

import structlog

from confsync.domain.calendar import Calendar, CalendarState, is_silent
from confsync.domain.channel import Channel
from confsync.domain.conference import Conference
from confsync.domain.connection import Connection, ConnectionState, scheduled
from confsync.domain.errors import ReauthorizationRequired, ServiceError, StoreConflict
from confsync.domain.sweep import LAST, Sweep
from confsync.ports import Clock, Due, Queue, Save, Store
from confsync.usecases.channels.watch_channels import WatchChannels
from confsync.usecases.connecting.leave_account import LeaveAccount
from confsync.usecases.connecting.people_tokens import PeopleTokens
from confsync.usecases.records.change import change
from confsync.usecases.records.took import took
from confsync.usecases.sweeping.hand_out import Fate, HandOut, Work

log = structlog.get_logger()

INLINE_FOR = timedelta(minutes=2)
"""After this the run itself renews no more channels, and then no more grants: one that fails slowly takes about as
long, and the function's time is limited."""
TAKE_IN_EVERY = timedelta(days=1)
TAKE_IN = 1000
"""So many at a time."""


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
    """People's accounts that are being left, for which something waited, or that lie idle."""
    connections_kept: int = 0
    """Of those that lay idle, whose grants were renewed."""
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
    tokens: Callable[[], PeopleTokens]
    """Both are asked for only when a connection is due: what they need, few deployments have."""
    inline: int
    """How many channels it renews itself; the rest goes to the queue."""
    batch: int
    """How many things of each kind it hands out."""
    per_second: float
    """How many tasks of each kind are to begin in a second."""
    threads: int
    """How many hand out at once: a run mostly waits for the store and the queue."""

    def __call__(self) -> SweepReport:
        """One failure does not stop the others; each is counted and logged."""
        report, began = SweepReport(), self.clock.now()
        hand_out = HandOut(
            store=self.store, clock=self.clock, began=began, per_second=self.per_second, threads=self.threads
        )
        for calendar, queued in self._each(Calendar, self._queue_sync, hand_out, report):
            report.calendars_due += 1
            report.calendars_paused += calendar.state is CalendarState.PAUSED
            report.calendars_gone += calendar.state is CalendarState.GONE
            report.channels_silent += is_silent(calendar)
            report.calendars_queued += queued
        for _, queued in self._each(Conference, self._queue_reconciliation, hand_out, report):
            report.conferences_due += 1
            report.conferences_queued += queued
        for _, renewed in self._here(Channel, self._renew, replace(hand_out, threads=1), report, limit=self.inline):
            report.channels_due += 1
            report.channels_renewed += renewed
        for _, queued in self._each(Channel, self._queue_renewal, hand_out, report, but=report.channels_due):
            report.channels_due += 1
            report.channels_queued += queued
        kept: list[str] = []
        a_few = replace(hand_out, page=self.threads)
        for _ in self._here(Connection, lambda c, _: self._look_after(c, kept), a_few, report, limit=self.batch):
            report.connections_due += 1
        report.connections_kept = len(kept)
        self._note_more(Connection, hand_out, report)
        log.info("sweep completed", ms=took(self.clock, began), **asdict(report))
        self._note(report)
        return report

    def _here(
        self, kind: type[Due], work: Work[Due], hand_out: HandOut, report: SweepReport, *, limit: int
    ) -> Iterator[tuple[Due, bool]]:
        """What the run does itself, and whether it was done: as many as there is time for."""
        until = self.clock.now() + INLINE_FOR
        for each in self._counted(hand_out(kind, work, limit=min(limit, self.batch)), report):
            yield each
            if self.clock.now() >= until:
                return

    def _each(
        self, kind: type[Due], work: Work[Due], hand_out: HandOut, report: SweepReport, *, but: int = 0
    ) -> Iterator[tuple[Due, bool]]:
        """Whatever is put off, and whether it was done; a batch of them, `but` so many."""
        yield from self._counted(hand_out(kind, work, limit=self.batch - but), report)
        self._note_more(kind, hand_out, report)

    def _note_more(self, kind: type[Due], hand_out: HandOut, report: SweepReport) -> None:
        if hand_out.more(kind):
            report.more_due.append(kind.__name__.lower())

    def _counted(self, tried: Iterable[tuple[Due, Fate]], report: SweepReport) -> Iterator[tuple[Due, bool]]:
        for record, fate in tried:
            assert record.due_at is not None, "it was due"
            report.late_seconds = max(report.late_seconds, int((self.clock.now() - record.due_at).total_seconds()))
            report.busy += fate is Fate.BUSY
            report.failed += fate in {Fate.FAILED, Fate.LEFT}
            if fate in {Fate.DONE, Fate.FAILED}:
                yield record, fate is Fate.DONE

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
            done = replace(done, took_in_at=self._took_in(stored), version=stored.version if stored else None)
            self.store.commit([Save(record=done)])
        except (ServiceError, StoreConflict) as error:
            log.warning("sweep not on record", error=str(error))

    def _took_in(self, last: Sweep | None) -> datetime | None:
        """When connections were last taken in, all of them: now and then it is done. A first sweep finds none."""
        now = self.clock.now()
        if last is None:
            return now
        if last.took_in_at is not None and now - last.took_in_at < TAKE_IN_EVERY:
            return last.took_in_at
        try:
            return now if self._take_in(now) < TAKE_IN else last.took_in_at
        except (ServiceError, StoreConflict) as error:
            log.warning("connections without a time are left to the next sweep", error=str(error))
            return last.took_in_at

    def _take_in(self, now: datetime) -> int:
        """Connections that are never looked at are due: an earlier release knew no reason to. How many there were."""
        never = list(islice(self.store.find(Connection, state=ConnectionState.ACTIVE, due_at=None), TAKE_IN))
        for each in never:
            change(self.store, Connection, each.key, lambda c: c if c.due_at else scheduled(c, now))
        return len(never)

    # --- what is done with each --------------------------------------------------------------------------------------

    def _queue_sync(self, calendar: Calendar, at: datetime | None) -> None:
        self.queue.sync_calendar(calendar.key, at=at)

    def _queue_reconciliation(self, conference: Conference, at: datetime | None) -> None:
        self.queue.reconcile_conference(conference.id, at=at)

    def _renew(self, channel: Channel, at: datetime | None) -> None:
        calendar_key = self.channels.renew(channel)
        if calendar_key is not None:
            self.queue.sync_calendar(calendar_key, at=at)

    def _queue_renewal(self, channel: Channel, at: datetime | None) -> None:
        calendar = self.store.get(Calendar, channel.calendar_key)
        if calendar is not None and calendar.state is CalendarState.ACTIVE and calendar.channel_id == channel.key:
            self.queue.sync_calendar(calendar.key, at=at, renew=True)
        else:
            self._renew(channel, at)  # it only has to end, and the calendar's sync does not know of it

    def _look_after(self, connection: Connection, kept: list[str]) -> None:
        """Have it go, tell what waited for it, or keep its grant alive; one that has ended is on record."""
        self.leave().finish(connection.key)
        with suppress(ReauthorizationRequired):
            if self.tokens().keep(connection.key):
                kept.append(connection.key)
