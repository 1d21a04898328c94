"""Read what changed on a calendar and write what should be true.

No provider is called here. Desired states, links and quarantined events are committed page by page, the sync token
with the last page, and each commit is conditional on the calendar's record: a worker that lost its lease, or was
overtaken, commits nothing.
https://developers.google.com/workspace/calendar/api/guides/sync
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain

import structlog

from confsync.domain import link_index
from confsync.domain.backoff import LONGEST, next_visit, retry_time
from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.channel import Channel
from confsync.domain.errors import (
    Busy,
    NotFound,
    RateLimited,
    ServiceError,
    StoreConflict,
    SyncTokenExpired,
    Temporary,
)
from confsync.domain.event import Event, EventPage
from confsync.domain.keys import is_conference_id, link_key
from confsync.domain.link import Link
from confsync.domain.plan import SWEEP_GRACE, Action
from confsync.ports import Calendar as GoogleCalendar
from confsync.ports import Calendars, Clock, Queue, Save, Store
from confsync.usecases import event_pages
from confsync.usecases.follow_events import FollowEvents, turn
from confsync.usecases.lose_calendar import LOST, LoseCalendar, RemoveCalendar
from confsync.usecases.moved_events import Search
from confsync.usecases.open_channel import OpenChannel

log = structlog.get_logger()

EVENTS_PER_COMMIT = 50
"""An event may change a handful of records; a commit takes 450."""

GONE_PER_COMMIT = 1
"""Each may have to be looked for on many calendars, and the lease is renewed with every commit."""

MAX_QUARANTINE = 100
OVERTAKEN = 5

SLOWNESS = 10
"""What failed after a minute waits for ten: many that fail slowly must not take all workers."""


@dataclass
class SyncReport:
    """What one sync did. `full`: everything was listed, not only changes. `error`: why it ended early, recorded.

    The three before it: see `Followed`.
    """

    calendar_key: str
    full: bool = False
    pages: int = 0
    events: int = 0
    unreadable: int = 0
    actions: Counter[Action] = field(default_factory=Counter)
    reconcile: set[str] = field(default_factory=set)
    first_syncs: set[str] = field(default_factory=set)
    error: ServiceError | None = None


@dataclass(frozen=True, kw_only=True)
class SyncCalendar:
    """Sync one calendar. `interval`: when the sweep looks again though no notification came.

    `window`: a full list goes this far back (None: to the beginning). Linked events before it are asked for one by one.
    """

    store: Store
    calendars: Calendars
    queue: Queue
    clock: Clock
    channels: OpenChannel
    lease: timedelta
    interval: timedelta
    window: timedelta | None = None

    def __call__(self, calendar_key: str, *, renew: bool = False) -> SyncReport:
        """Raises `Busy` while another worker syncs it, and what the store raises.

        Errors of Calendar are recorded, not raised: when to try again is in the record and, if that is soon, in a task.
        """
        for _ in range(OVERTAKEN):
            calendar = self.store.get(Calendar, calendar_key)
            if calendar is None or self._waits(calendar):
                return SyncReport(calendar_key)
            if calendar.lease.taken(self.clock.now()):
                raise Busy(f"calendar {calendar_key} is being synced")
            run = _Run(self, calendar)
            try:
                run.sync(renew=renew)
            except StoreConflict:
                continue  # another worker was faster; its work may be all that was to do
            except ServiceError as error:
                run.failed(error)
                run.report.error = error
            self._hand_over(run.report)
            return run.report
        raise Busy(f"calendar {calendar_key} is being changed by others")

    def _waits(self, calendar: Calendar) -> bool:
        return calendar.retry_at is not None and self.clock.now() < calendar.retry_at

    def _hand_over(self, report: SyncReport) -> None:
        """Queue what is to reconcile, also what was committed before an error.

        If the queue refuses some, nothing is lost: the sweep finds every calendar and conference that is due.
        """
        for calendar_key in sorted(report.first_syncs):
            self._try(self.queue.sync_calendar, calendar_key)
        for conference_id in sorted(report.reconcile):
            self._try(self.queue.reconcile_conference, conference_id)
        if report.error is not None:
            return
        log.info(
            "calendar synced",
            calendar_key=report.calendar_key,
            full=report.full,
            pages=report.pages,
            events=report.events,
            unreadable=report.unreadable,
            reconcile=len(report.reconcile),
            **{action: count for action, count in report.actions.items() if action is not Action.NOTHING},
        )

    @staticmethod
    def _try(queue: Callable[[str], None], key: str) -> None:
        try:
            queue(key)
        except ServiceError as error:
            log.warning("left to the sweep", key=key, error=str(error))


class _Run:
    """One attempt. `calendar` is the record as last stored (with a newer index of links, if all were just listed): the
    version that the next commit is conditional on.
    """

    def __init__(self, case: SyncCalendar, calendar: Calendar) -> None:
        self.case = case
        self.calendar = calendar
        self.google: GoogleCalendar = case.calendars.acting_as(calendar.owner)
        search = Search(case.store, case.calendars, case.clock, calendar)
        self.follow = FollowEvents(store=case.store, clock=case.clock, search=search)
        self.report = SyncReport(calendar.key)
        self.began = case.clock.now()
        self.linked: set[str] | None = None
        """Event ids of all links, once they have been listed."""

    def sync(self, *, renew: bool) -> None:
        self._ensure_channel(renew=renew)
        token = self.calendar.sync_token
        if token is not None and self.calendar.query_version == self.case.calendars.query_version:
            try:
                self._delta(token)
            except SyncTokenExpired:
                log.info("sync token expired; listing everything", calendar_key=self.calendar.key)
                if self.calendar.lease.taken(self.case.clock.now()):  # on a later page: by us
                    self._reload_own()
            else:
                return
        self._full()

    def failed(self, error: ServiceError) -> None:
        """Record why, and when to look again. Somebody else's failure is no failure of the owner that it has by now."""
        for _ in range(OVERTAKEN):
            latest = self.case.store.get(Calendar, self.calendar.key)
            if latest is None or latest.owner != self.calendar.owner:
                return
            record = self._with_failure(latest, error)
            try:
                self.case.store.commit([Save(record=record)])
            except StoreConflict:
                continue  # the sweep put it off, or another worker has it
            log.warning("calendar not synced", calendar_key=record.key, state=record.state, error=str(error))
            if latest.channel_id is not None and record.channel_id is None:
                self._retire(latest.channel_id)
            if record.due_at is not None and record.state in {CalendarState.ACTIVE, CalendarState.POLLING}:
                self._try_again(record.due_at - SWEEP_GRACE)
            if isinstance(error, NotFound):
                self._remove_if_deleted()
            return
        log.info("others have the calendar", calendar_key=self.calendar.key)

    def _with_failure(self, latest: Calendar, error: ServiceError) -> Calendar:
        now = self.case.clock.now()
        failures = latest.failures + 1
        asked = error.retry_at if isinstance(error, RateLimited) else None
        slow = next_visit(latest.key, min(SLOWNESS * (now - self.began), LONGEST), now)
        soon = max(filter(None, (retry_time(latest.key, failures, now), slow, asked)))
        record = replace(
            latest,
            lease=latest.lease.release() if latest.lease.epoch == self.calendar.lease.epoch else latest.lease,
            failures=failures,
            last_attempt=now,
            retry_at=asked,
            due_at=soon + SWEEP_GRACE,
            reason=str(error),
        )
        if isinstance(error, LOST):
            return LoseCalendar(store=self.case.store, calendars=self.case.calendars, clock=self.case.clock)(
                record, error
            )
        return record

    def _retire(self, channel_id: str) -> None:
        """Nobody reads the calendar as the account that opened this channel any more."""
        channel = self.case.store.get(Channel, channel_id)
        if channel is not None:
            self.case.channels.retire(channel)

    def _remove_if_deleted(self) -> None:
        try:
            RemoveCalendar(store=self.case.store, clock=self.case.clock)(self.calendar.key)
        except StoreConflict:
            log.info("the rest of a deleted calendar goes at the next visit", calendar_key=self.calendar.key)

    def _try_again(self, at: datetime) -> None:
        """A task of our own: the queue's retries know nothing of the backoff, and would hold up healthy calendars."""
        try:
            self.case.queue.sync_calendar(self.calendar.key, at=at)
        except ServiceError as error:
            log.warning("trying again is left to the sweep", calendar_key=self.calendar.key, error=str(error))

    def _ensure_channel(self, *, renew: bool) -> None:
        """The channel comes before the list, so that no change falls between the two.

        That Google does not open one is no reason not to read: the calendar is polled until it does.
        """
        if not self._needs_channel(renew=renew):
            return
        try:
            self.calendar = self.case.channels(self.calendar)
        except ServiceError as error:
            log.warning("no watch channel yet", calendar_key=self.calendar.key, error=str(error))
            self._reload()
            self.calendar = replace(self.calendar, reason=str(error))

    def _needs_channel(self, *, renew: bool) -> bool:
        calendar = self.calendar
        if calendar.state is CalendarState.POLLING:
            return calendar.watch_at is None or calendar.watch_at <= self.case.clock.now()
        # what became of a channel while there was no access is not known
        if calendar.channel_id is None or calendar.state is CalendarState.PAUSED:
            return True
        return renew and self.case.channels.worn(calendar.channel_id)

    # --- reading -----------------------------------------------------------------------------------------------------

    def _delta(self, token: str) -> None:
        pages = event_pages.delta(self.google, self.calendar.calendar_id, token)
        first = next(pages)
        relevant = self._relevant(first)
        if first.page_token is None and len(_commits(relevant)) <= 1:
            # The usual case: one commit, conditional on the record that the token came from. That fences it as well
            # as a lease would, and saves taking one.
            self._decide(relevant, self._finished(self._quarantined(first), first.sync_token or token))
            self._count(first)
        else:
            self._under_lease(chain([first], pages), token)

    def _full(self) -> None:
        self.report.full = True
        links = list(self.case.store.links_of_calendar(self.calendar.key))
        self.calendar = replace(self.calendar, link_index=link_index.index_of(links))
        self.linked = {link.event_id for link in links}
        # what was only chosen so far belongs to an event that may not be saved yet: its absence says nothing
        seen = {link.event_id for link in links if link.seen_at is not None}
        since = self.case.clock.now() - self.case.window if self.case.window else None
        pages = event_pages.everything(self.google, self.calendar.calendar_id, seen, since)
        self._under_lease(pages, None)

    def _under_lease(self, pages: Iterable[EventPage], token: str | None) -> None:
        """Page after page, each commit extending the lease. A last page without a token leaves `token` as it was.

        Events whose turn is later wait for the last page: what they hang on may be on any.
        """
        now = self.case.clock.now()
        lease = self.calendar.lease.take(self.case.clock.new_id(), now, self.case.lease)
        self._commit(replace(self.calendar, lease=lease, last_attempt=now))
        waiting: dict[str, Event] = {}
        for page in pages:
            relevant = self._relevant(page)
            waiting = {each: event for each, event in waiting.items() if each not in page.ids}
            waiting |= {event.id: event for event in relevant if turn(event)}
            for events in _commits(event for event in relevant if not turn(event)) or [[]]:
                self._decide_leased(events, page)
            self._count(page)
            token = page.sync_token or token
        for events in _commits(sorted(waiting.values(), key=turn)):
            self._decide_leased(events, EventPage(events=()))
        self._finish_leased(token)

    def _count(self, page: EventPage) -> None:
        self.report.pages += 1
        self.report.events += len(page.events)
        self.report.unreadable += len(page.unreadable)

    def _relevant(self, page: EventPage) -> list[Event]:
        """The events that have a link or show a conference of ours; all others cost nothing."""
        linked = self.linked if self.linked is not None else self._linked(page.events)
        events = {event.id: event for event in page.events}  # as it was last, should one be there twice
        return [e for e in events.values() if e.id in linked or is_conference_id(e.conference_id)]

    def _linked(self, events: Sequence[Event]) -> set[str]:
        """Ids of the events that have links or are series of instances with links, and perhaps of some others.

        By the index; where there is none by the calendar's links if those are fewer than the events, else one by one.
        """
        ids = {link_key(self.calendar.key, event.id): event.id for event in events}
        if self.calendar.link_index is not None:
            return {ids[key] for key in link_index.named(self.calendar.link_index, ids)}
        if len(ids) > 1:
            some = list(self.case.store.links_of_calendar(self.calendar.key, limit=len(ids)))
            if len(some) < len(ids):  # then these are all
                self.calendar = replace(self.calendar, link_index=link_index.index_of(some))
                return {each for link in some for each in (link.event_id, link.series) if each is not None}
        return {link.event_id for link in self.case.store.get_many(Link, list(ids)).values()}

    # --- deciding and writing ----------------------------------------------------------------------------------------

    def _decide(self, events: Sequence[Event], update: Calendar) -> None:
        """What the events mean, in one commit with the calendar's record."""
        followed = self.follow(update, events)
        self.report.actions += followed.actions
        self.report.reconcile |= followed.reconcile
        self.report.first_syncs |= followed.first_syncs

    def _decide_leased(self, events: Sequence[Event], page: EventPage) -> None:
        """The same under the lease: a conflict over an event's records is no reason to begin the calendar anew."""
        for _ in range(OVERTAKEN):
            update = self._quarantined(page)
            if not events and update == self.calendar and not self._lease_is_old():
                return
            lease = self.calendar.lease.extend(self.case.clock.now(), self.case.lease)
            try:
                self._decide(events, replace(update, lease=lease))
            except StoreConflict:
                self._reload_own()
                continue
            self._reload()
            return
        raise Temporary(f"events of calendar {self.calendar.key} are being changed by others", service="confsync")

    def _finish_leased(self, token: str | None) -> None:
        """Store the token. The sweep may put the calendar off at any moment: no reason to begin it anew."""
        for _ in range(OVERTAKEN):
            try:
                self._commit(self._finished(self.calendar, token))
            except StoreConflict:
                self._reload_own()
                continue
            return
        raise Temporary(f"calendar {self.calendar.key} is being changed by others", service="confsync")

    def _commit(self, update: Calendar) -> None:
        self.case.store.commit([Save(record=update)])
        self._reload()

    def _reload_own(self) -> None:
        mine = self.calendar.lease
        self._reload()
        if not self.calendar.lease.holds(mine, self.case.clock.now()):
            raise Busy(f"lost the lease of calendar {self.calendar.key}; whoever has it now goes on")

    def _reload(self) -> None:
        stored = self.case.store.get(Calendar, self.calendar.key)
        assert stored is not None, "calendars are never removed"
        self.calendar = stored

    def _lease_is_old(self) -> bool:
        until = self.calendar.lease.until
        return until is None or until - self.case.clock.now() < self.case.lease / 2

    def _quarantined(self, page: EventPage) -> Calendar:
        """The calendar with this page's unreadable events noted, and those that can be read again taken off."""
        if not page.unreadable and not self.calendar.quarantined:
            return self.calendar
        here = page.ids
        kept = tuple(event for event in self.calendar.quarantined if event.id not in here)
        for event in page.unreadable:
            log.error("event can't be read", calendar_key=self.calendar.key, event_id=event.id, reason=event.reason)
        return replace(self.calendar, quarantined=(*kept, *page.unreadable)[-MAX_QUARANTINE:])

    def _finished(self, calendar: Calendar, token: str | None) -> Calendar:
        now = self.case.clock.now()
        watched = calendar.channel_id is not None
        return replace(
            calendar,
            state=CalendarState.ACTIVE if watched else CalendarState.POLLING,
            reason=None if watched else calendar.reason,
            watch_at=None if watched else calendar.watch_at,
            sync_token=token,
            query_version=self.case.calendars.query_version,
            lease=calendar.lease.release(),
            failures=0,
            gone_since=None,
            retry_at=None,
            last_attempt=now,
            last_success=now,
            due_at=next_visit(calendar.key, self.case.interval, now),
        )


def _commits(events: Iterable[Event]) -> list[list[Event]]:
    """The events in parts, each small enough for one commit and to look for the gone ones under one lease."""
    parts: list[list[Event]] = []
    gone = 0
    for event in events:
        gone += event.cancelled
        if not parts or len(parts[-1]) == EVENTS_PER_COMMIT or gone > GONE_PER_COMMIT:
            parts.append([])
            gone = int(event.cancelled)
        parts[-1].append(event)
    return parts
