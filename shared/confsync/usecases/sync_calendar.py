"""Read what changed on a calendar and write what should be true.

No provider is called here. Desired states, links and quarantined events are committed page by page, the sync token
with the last page, and each commit is conditional on the calendar's record: a worker that lost its lease, or was
overtaken, commits nothing.
https://developers.google.com/workspace/calendar/api/guides/sync
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain

import structlog

from confsync.domain import link_index
from confsync.domain.calendar import Calendar, CalendarState, quarantined, synced
from confsync.domain.errors import Busy, ServiceError, StoreConflict, SyncTokenExpired, Temporary
from confsync.domain.event import Event, EventPage
from confsync.domain.keys import is_conference_id, link_key
from confsync.domain.link import Link
from confsync.domain.plan import Action
from confsync.ports import CalendarApi, Calendars, Clock, Queue, Store
from confsync.usecases import event_pages
from confsync.usecases.calendar_record import CalendarRecord
from confsync.usecases.fail_sync import FailSync
from confsync.usecases.follow_events import FollowEvents, turn
from confsync.usecases.moved_events import Search
from confsync.usecases.open_channel import OpenChannel

log = structlog.get_logger()

EVENTS_PER_COMMIT = 50
"""An event may change a handful of records; a commit takes 450."""

GONE_PER_COMMIT = 1
"""Each may have to be looked for on many calendars, and the lease is renewed with every commit."""

OVERTAKEN = 5


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
            began, run = self.clock.now(), _Run(self, calendar)
            try:
                run.sync(renew=renew)
            except StoreConflict:
                continue  # another worker was faster; its work may be all that was to do
            except ServiceError as error:
                self._fail(run.calendar, error, began=began)
                run.report.error = error
            self._hand_over(run.report)
            return run.report
        raise Busy(f"calendar {calendar_key} is being changed by others")

    @property
    def _fail(self) -> FailSync:
        return FailSync(
            store=self.store, calendars=self.calendars, queue=self.queue, clock=self.clock, channels=self.channels
        )

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
    """One attempt."""

    def __init__(self, case: SyncCalendar, calendar: Calendar) -> None:
        self.case = case
        self.record = CalendarRecord(case.store, case.clock, case.lease, calendar)
        self.google: CalendarApi = case.calendars.acting_as(calendar.owner)
        search = Search(case.store, case.calendars, case.clock, calendar)
        self.follow = FollowEvents(store=case.store, clock=case.clock, search=search)
        self.report = SyncReport(calendar.key)
        self.linked: set[str] | None = None
        """Event ids of all links, once they have been listed."""

    @property
    def calendar(self) -> Calendar:
        return self.record.calendar

    def sync(self, *, renew: bool) -> None:
        self._ensure_channel(renew=renew)
        token = self.calendar.sync_token
        if token is not None and self.calendar.query_version == self.case.calendars.query_version:
            try:
                self._delta(token)
            except SyncTokenExpired:
                log.info("sync token expired; listing everything", calendar_key=self.calendar.key)
                if self.calendar.lease.taken(self.case.clock.now()):  # on a later page: by us
                    self.record.reload_own()
            else:
                return
        self._full()

    def _ensure_channel(self, *, renew: bool) -> None:
        """The channel comes before the list, so that no change falls between the two.

        That Google does not open one is no reason not to read: the calendar is polled until it does.
        """
        if not self._needs_channel(renew=renew):
            return
        try:
            self.record.calendar = self.case.channels(self.calendar)
        except ServiceError as error:
            log.warning("no watch channel yet", calendar_key=self.calendar.key, error=str(error))
            self.record.reload()
            self.record.calendar = replace(self.calendar, reason=str(error))

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
            self._decide(relevant, self._synced(quarantined(self.calendar, first), first.sync_token or token))
            self._count(first)
        else:
            self._under_lease(chain([first], pages), token)

    def _full(self) -> None:
        self.report.full = True
        links = list(self.case.store.links_of_calendar(self.calendar.key))
        self.record.calendar = replace(self.calendar, link_index=link_index.index_of(links))
        self.linked = {link.event_id for link in links}
        linked = {link.event_id: link.seen_at is not None for link in links}
        since = self.case.clock.now() - self.case.window if self.case.window else None
        pages = event_pages.everything(self.google, self.calendar.calendar_id, linked, since)
        self._under_lease(pages, None)

    def _under_lease(self, pages: Iterable[EventPage], token: str | None) -> None:
        """Page after page, each commit extending the lease. A last page without a token leaves `token` as it was.

        Events whose turn is later wait for the last page: what they hang on may be on any.
        """
        self.record.take()
        waiting: dict[str, Event] = {}
        for page in pages:
            relevant, here = self._relevant(page), page.ids
            waiting = {each: event for each, event in waiting.items() if each not in here}
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
        for event in page.unreadable:
            log.error("event can't be read", calendar_key=self.calendar.key, event_id=event.id, reason=event.reason)

    def _relevant(self, page: EventPage) -> list[Event]:
        """The events that have a link or show a conference of ours; all others cost nothing."""
        linked = self.linked if self.linked is not None else self._linked(page.events)
        events = {event.id: event for event in page.events}  # as it was last, should one be there twice
        return [e for e in events.values() if e.id in linked or is_conference_id(e.conference_id)]

    def _linked(self, events: Sequence[Event]) -> set[str]:
        """Ids of the events that have links or are series of instances with links, and perhaps of some others.

        By the index; where there is none by the calendar's links if those are fewer than the events or any of those is
        gone, else one by one.
        """
        ids = {link_key(self.calendar.key, event.id): event.id for event in events}
        if self.calendar.link_index is not None:
            return {ids[key] for key in link_index.named(self.calendar.link_index, ids)}
        # what is gone may be a series of which only instances have links: its own id leads to none of them
        gone = any(event.cancelled for event in events)
        if gone or len(ids) > 1:
            some = list(self.case.store.links_of_calendar(self.calendar.key, limit=None if gone else len(ids)))
            if gone or len(some) < len(ids):  # then these are all
                self.record.calendar = replace(self.calendar, link_index=link_index.index_of(some))
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
            update = quarantined(self.calendar, page)
            if not events and update == self.calendar and not self.record.lease_is_old:
                return
            try:
                self._decide(events, self.record.extended(update))
            except StoreConflict:
                self.record.reload_own()
                continue
            self.record.reload_own()
            return
        raise Temporary(f"events of calendar {self.calendar.key} are being changed by others", service="confsync")

    def _finish_leased(self, token: str | None) -> None:
        """Store the token. The sweep may put the calendar off at any moment: no reason to begin it anew."""
        for _ in range(OVERTAKEN):
            try:
                self.record.finish(self._synced(self.calendar, token))
            except StoreConflict:
                self.record.reload_own()
                continue
            return
        raise Temporary(f"calendar {self.calendar.key} is being changed by others", service="confsync")

    def _synced(self, calendar: Calendar, token: str | None) -> Calendar:
        version, now = self.case.calendars.query_version, self.case.clock.now()
        return synced(calendar, sync_token=token, query_version=version, interval=self.case.interval, now=now)


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
