"""Read what changed on a calendar and write what should be true.

No provider is called here. Desired states, links and quarantined events are committed page by page, the sync token
with the last page, and each commit is conditional on the calendar's record: a worker that lost its lease, or was
overtaken, commits nothing.
https://developers.google.com/workspace/calendar/api/guides/sync
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain

import structlog

from confsync.domain import link_index
from confsync.domain.calendar import Calendar, CalendarState, heard, needs_channel, quarantined, synced, tells_all
from confsync.domain.errors import (
    Busy,
    ConfsyncError,
    ServiceError,
    StoreConflict,
    SyncTokenExpired,
    Temporary,
    Unexpected,
)
from confsync.domain.event import Event, EventPage, UnreadableEvent
from confsync.domain.keys import is_conference_id, link_key
from confsync.domain.link import Link
from confsync.domain.plan import Action
from confsync.ports import CalendarApi, Calendars, Clock, Queue, Store
from confsync.usecases.channels.watch_channels import WatchChannels
from confsync.usecases.records.change import CONFLICTS
from confsync.usecases.records.tasks import queued
from confsync.usecases.records.took import took
from confsync.usecases.syncing import event_pages
from confsync.usecases.syncing.apply_events import ApplyEvents, Turn, turn
from confsync.usecases.syncing.calendar_lease import CalendarLease
from confsync.usecases.syncing.fail_sync import FailSync
from confsync.usecases.syncing.find_moved import FindMoved

log = structlog.get_logger()

EVENTS_PER_COMMIT = 50
"""An event may change a handful of records; a commit takes 450."""

GONE_PER_COMMIT = 1
"""Each may have to be looked for on many calendars, and the lease is renewed with every commit."""


@dataclass
class SyncReport:
    """What one sync did."""

    calendar_key: str
    full: bool = False
    """Whether everything was listed, not only changes."""
    pages: int = 0
    events: int = 0
    unreadable: int = 0
    actions: Counter[Action] = field(default_factory=Counter)
    reconcile: set[str] = field(default_factory=set)
    """Ids of conferences with something to do."""
    first_syncs: set[str] = field(default_factory=set)
    """Keys of calendars to which events were moved, and which nobody has read yet."""
    error: ServiceError | Unexpected | None = None
    """Why it ended early; on record."""


@dataclass(frozen=True, kw_only=True)
class SyncCalendar:
    """Sync one calendar."""

    store: Store
    calendars: Calendars
    queue: Queue
    clock: Clock
    channels: WatchChannels
    fail: FailSync
    lease: timedelta
    interval: timedelta
    """When the sweep looks again though no notification came."""
    watched_interval: timedelta
    """The same while the calendar's channel tells of all that changes."""
    window: timedelta | None = None
    """A full list goes this far back (None: to the beginning). Linked events before it are asked for one by one."""
    own_copies: frozenset[str] = frozenset()
    """Ids of the solutions of which a copied event gets a conference of its own."""

    def __call__(self, calendar_key: str, *, renew: bool = False, notified: bool = False) -> SyncReport:
        """Raises `Busy` while another worker syncs it, and what the store raises.

        Errors of Calendar are recorded, not raised: when to try again is in the record and, if that is soon, in a task.
        `renew`: replace its watch channel first, if that is due. `notified`: because the channel told of a change.
        """
        for _ in range(CONFLICTS):
            calendar = self.store.get(Calendar, calendar_key)
            if calendar is None or self._waits(calendar):
                return SyncReport(calendar_key)
            if calendar.lease.taken(self.clock.now()):
                raise Busy(f"calendar {calendar_key} is being synced")
            began, attempt = self.clock.now(), _Attempt(self, calendar, notified=notified)
            try:
                attempt.sync(renew=renew)
            except StoreConflict:
                continue  # another worker was faster; its work may be all that was to do
            except ServiceError as error:
                attempt.report.error = error
            except ConfsyncError:
                raise
            except Exception as error:
                log.exception("unexpected error in a sync", calendar_key=calendar_key)
                attempt.report.error = Unexpected.of(error)
            if attempt.report.error is not None:
                self.fail(attempt.calendar, attempt.report.error, began=began, notified=notified)
            self._hand_over(attempt.report, began)
            return attempt.report
        raise Busy(f"calendar {calendar_key} is being changed by others")

    def _waits(self, calendar: Calendar) -> bool:
        return calendar.on_hold or (calendar.retry_at is not None and self.clock.now() < calendar.retry_at)

    def _hand_over(self, report: SyncReport, began: datetime) -> None:
        """Queue what is to reconcile, also what was committed before an error."""
        for key in sorted(report.first_syncs):
            queued(self.queue.sync_calendar, key)
        for key in sorted(report.reconcile):
            queued(self.queue.reconcile_conference, key)
        if report.error is not None:
            return
        log.info(
            "calendar synced",
            calendar_key=report.calendar_key,
            ms=took(self.clock, began),
            full=report.full,
            pages=report.pages,
            events=report.events,
            unreadable=report.unreadable,
            reconcile=len(report.reconcile),
            **{action: count for action, count in report.actions.items() if action is not Action.NOTHING},
        )


class _Attempt:
    """One attempt at a sync. `calendar` is the record as it was last read."""

    def __init__(self, usecase: SyncCalendar, calendar: Calendar, *, notified: bool) -> None:
        self._usecase = usecase
        self._notified = notified
        self._store, self._clock = usecase.store, usecase.clock
        self._read = calendar
        self._lease: CalendarLease | None = None
        self._google: CalendarApi = usecase.calendars.acting_as(calendar.owner)
        find_moved = FindMoved(self._store, usecase.calendars, self._clock, calendar)
        self._apply_events = ApplyEvents(
            store=self._store, clock=self._clock, find_moved=find_moved, own_copies=usecase.own_copies
        )
        # after a fault of our own each event has a commit of its own, so that one which causes it keeps no other
        self._per_commit = 1 if Unexpected.told_in(calendar.reason) else EVENTS_PER_COMMIT
        self._spoiled: dict[str, UnreadableEvent] = {}
        """Events over which we stumbled."""
        self._linked_ids: set[str] | None = None
        """Of events with links, once all links have been listed."""
        self.report = SyncReport(calendar.key)

    @property
    def calendar(self) -> Calendar:
        return self._lease.calendar if self._lease is not None else self._read

    def sync(self, *, renew: bool) -> None:
        calendar = self._watched(self.calendar, renew=renew)
        if calendar.on_hold:
            raise Busy(f"calendar {calendar.key} was paused meanwhile")
        token = calendar.sync_token
        if token is not None and calendar.query_version == self._usecase.calendars.query_version:
            try:
                self._delta(calendar, token)
            except SyncTokenExpired:
                log.info("sync token expired; listing everything", calendar_key=calendar.key)
                if self._lease is not None:  # it ended on a later page
                    self._lease.reload()
                    calendar = self._lease.calendar
            else:
                return
        self._full(calendar)

    def _watched(self, calendar: Calendar, *, renew: bool) -> Calendar:
        """The calendar, with a channel if it should have another one.

        The channel comes before the list, so that no change falls between the two. That Google does not open one is no
        reason not to read: the calendar is polled until it does, and the next commit says why.
        """
        worn = renew and calendar.state is not CalendarState.POLLING
        if not needs_channel(calendar, self._clock.now()) and not (
            worn and calendar.channel_id is not None and self._usecase.channels.worn(calendar.channel_id)
        ):
            return calendar
        try:
            self._read = self._usecase.channels.open(calendar)
        except ServiceError as error:
            stored = self._store.get(Calendar, calendar.key)
            assert stored is not None, "calendars are never removed"
            self._read = stored
            return replace(stored, reason=str(error))
        return self._read

    # --- reading -----------------------------------------------------------------------------------------------------

    def _delta(self, calendar: Calendar, token: str) -> None:
        pages = event_pages.delta(self._google, calendar.calendar_id, token)
        first = next(pages)
        calendar, relevant = self._relevant(calendar, first)
        if first.page_token is None and len(_commits(relevant, self._per_commit)) <= 1:
            # The usual case: one commit, conditional on the record that the token came from. That fences it as well
            # as a lease would, and saves taking one.
            self._count(first)
            self._decide(relevant, self._synced(self._noted(calendar, first), first.sync_token or token))
        else:
            self._under_lease(calendar, chain([first], pages), token)

    def _full(self, calendar: Calendar) -> None:
        self.report.full = True
        links = list(self._store.links_of_calendar(calendar.key))
        self._linked_ids = {link.event_id for link in links}
        seen = {link.event_id: link.seen_at is not None for link in links}
        since = self._clock.now() - self._usecase.window if self._usecase.window else None
        pages = event_pages.everything(self._google, calendar.calendar_id, seen, since)
        self._under_lease(replace(calendar, link_index=link_index.index_of(links)), pages, None)

    def _under_lease(self, calendar: Calendar, pages: Iterable[EventPage], token: str | None) -> None:
        """Page after page, each commit extending the lease. A last page without a token leaves `token` as it was.

        Events whose turn is later wait for the last page: what they hang on may be on any.
        """
        lease = self._lease = CalendarLease(self._store, self._clock, self._usecase.lease, calendar)
        waiting: dict[str, Event] = {}
        for page in pages:
            learned, relevant = self._relevant(lease.calendar, page)
            here = page.ids
            waiting = {each: event for each, event in waiting.items() if each not in here}
            waiting |= {event.id: event for event in relevant if turn(event) is not Turn.WHOLE}
            whole = [event for event in relevant if turn(event) is Turn.WHOLE]
            for events in _commits(whole, self._per_commit) or [[]]:
                self._decide_leased(lease, events, page, learned)
                learned = lease.calendar
            self._count(page)
            token = page.sync_token or token
        for events in _commits(sorted(waiting.values(), key=turn), self._per_commit):
            self._decide_leased(lease, events, EventPage(events=()), lease.calendar)
        self._finish(lease, token)

    def _count(self, page: EventPage) -> None:
        self.report.pages += 1
        self.report.events += len(page.events)
        self.report.unreadable += len(page.unreadable)
        for event in page.unreadable:
            log.error("event can't be read", calendar_key=self.calendar.key, event_id=event.id, reason=event.reason)

    def _relevant(self, calendar: Calendar, page: EventPage) -> tuple[Calendar, list[Event]]:
        """The events that have a link, are of a series that has one, or show a conference of ours; others cost nothing.

        Also the calendar, with the index of its links if that had to be made: it is to be stored with the next commit.
        """
        if self._linked_ids is not None:
            linked = self._linked_ids
        else:
            calendar, linked = self._linked(calendar, page.events)
        events = {event.id: event for event in page.events}  # as it was last, should one be there twice
        return calendar, [
            event
            for event in events.values()
            if not linked.isdisjoint({event.id, event.recurring_event_id}) or is_conference_id(event.conference_id)
        ]

    def _linked(self, calendar: Calendar, events: Sequence[Event]) -> tuple[Calendar, set[str]]:
        """Ids of the events and their series that have links or instances with links, and perhaps of some others.

        By the index; where there is none by the calendar's links if those are fewer than the events or any of those is
        gone, else one by one.
        """
        named = {each for event in events for each in (event.id, event.recurring_event_id) if each is not None}
        ids = {link_key(calendar.key, each): each for each in named}
        if calendar.link_index is not None:
            return calendar, {ids[key] for key in link_index.named(calendar.link_index, ids)}
        # what is gone may be a series of which only instances have links: its own id leads to none of them
        gone = any(event.cancelled for event in events)
        if gone or len(ids) > 1:
            some = list(self._store.links_of_calendar(calendar.key, limit=None if gone else len(ids)))
            if gone or len(some) < len(ids):  # then these are all
                known = {each for link in some for each in (link.event_id, link.series) if each is not None}
                return replace(calendar, link_index=link_index.index_of(some)), known
        return calendar, {link.event_id for link in self._store.get_many(Link, list(ids)).values()}

    # --- deciding and writing ----------------------------------------------------------------------------------------

    def _decide(self, events: Sequence[Event], update: Calendar) -> None:
        """What the events mean, in one commit with the calendar's record.

        One event that we can't cope with is quarantined, and keeps none of the others.
        """
        try:
            applied = self._apply_events(update, events)
        except ConfsyncError:
            raise
        except Exception as error:
            if len(events) != 1:
                raise
            log.exception("unexpected error over an event", calendar_key=update.key, event_id=events[0].id)
            self._spoiled[events[0].id] = UnreadableEvent(id=events[0].id, reason=str(Unexpected.of(error)))
            applied = self._apply_events(self._noted(update, EventPage(events=())), [])
        self.report.actions += applied.actions
        self.report.reconcile |= applied.reconcile
        self.report.first_syncs |= applied.first_syncs

    def _noted(self, calendar: Calendar, page: EventPage) -> Calendar:
        """The calendar with those events of the page quarantined that can't be read, or that we can't cope with."""
        events = tuple(event for event in page.events if event.id not in self._spoiled)
        return quarantined(
            calendar, replace(page, events=events, unreadable=(*page.unreadable, *self._spoiled.values()))
        )

    def _decide_leased(self, lease: CalendarLease, events: Sequence[Event], page: EventPage, learned: Calendar) -> None:
        """The same under the lease: a conflict over an event's records is no reason to begin the calendar anew."""
        for _ in range(CONFLICTS):
            update = self._noted(learned, page)
            if not events and update == lease.calendar and not lease.is_old:
                return
            try:
                self._decide(events, lease.extended(update))
            except StoreConflict:
                lease.reload()
                learned = lease.calendar
                continue
            lease.reload()
            return
        raise Temporary(f"events of calendar {learned.key} are being changed by others", service="confsync")

    def _finish(self, lease: CalendarLease, token: str | None) -> None:
        """Store the token, and give the lease back."""
        for _ in range(CONFLICTS):
            try:
                lease.finish(self._synced(lease.calendar, token))
            except StoreConflict:
                lease.reload()  # the sweep may put the calendar off at any moment: no reason to begin it anew
                continue
            return
        raise Temporary(f"calendar {lease.calendar.key} is being changed by others", service="confsync")

    def _synced(self, calendar: Calendar, token: str | None) -> Calendar:
        version, now = self._usecase.calendars.query_version, self._clock.now()
        told = heard(calendar, notified=self._notified, changes=self.report.events > 0 and not self.report.full)
        interval = self._usecase.watched_interval if tells_all(told) else self._usecase.interval
        return synced(told, sync_token=token, query_version=version, interval=interval, now=now)


def _commits(events: Iterable[Event], most: int) -> list[list[Event]]:
    """The events in parts of at most so many, each small enough to look for the gone ones under one lease."""
    parts: list[list[Event]] = []
    gone = 0
    for event in events:
        gone += event.cancelled
        if not parts or len(parts[-1]) == most or gone > GONE_PER_COMMIT:
            parts.append([])
            gone = int(event.cancelled)
        parts[-1].append(event)
    return parts
