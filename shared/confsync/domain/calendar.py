"""Our record of one calendar: whose access reads it, how far we have read, and when to look again.

    followed --> (first sync) --> ACTIVE <-- a channel opened ----- POLLING
                                   | ^  `--- can't be watched -----> ^
                  access is lost   | |                               |
     an operator puts it on hold   v | read by another, or again     |
                            PAUSED, GONE ----------------------------'
                                     |
                  not found for 30 days: GONE without `due_at`, its conferences given up

The functions below are all the ways from one state to another. Pure: whoever calls them stores what they return.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from confsync.domain.backoff import LONGEST, TASK_GRACE, next_visit, retry_time
from confsync.domain.event import EventPage, UnreadableEvent
from confsync.domain.keys import calendar_key
from confsync.domain.lease import Lease

MAX_QUARANTINE = 100

WATCH_AGAIN = timedelta(days=1)
"""What Google could not watch yesterday, it may be able to watch today: a calendar may have become another kind."""

PAUSED_INTERVAL = timedelta(hours=1)

GONE_FIRST = timedelta(minutes=10)
GONE_LONGEST = timedelta(hours=18)
"""With the spread of visits, a calendar that is gone is still looked at every day."""

DELETED_AFTER = timedelta(days=30)
"""A calendar that answered 404 for so long counts as deleted. As long as Calendar keeps what is in the trash."""

SILENT = 3

SLOWNESS = 10
SLOW = timedelta(seconds=5)
"""What took so much longer than this to fail waits ten times as long: many that fail slowly must not take all workers.

A few quick tries that Google turned away are no reason to leave a calendar unread.
"""


class CalendarState(StrEnum):
    """Whether and how we follow a calendar."""

    ACTIVE = "active"  # a watch channel tells us of changes
    POLLING = "polling"  # it has no channel; the sweep reads it
    PAUSED = "paused"  # no grant, or no rights: tried again every hour; or on hold
    GONE = "gone"  # it is not found; tried again for a month, then it counts as deleted


class WriteMode(StrEnum):
    """How conference details get onto an event."""

    AUTO = "auto"  # native until Google refuses or strips it
    NATIVE = "native"
    DESCRIPTION = "description"  # location, and a block in the description


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """One calendar. All times are aware UTC."""

    key: str
    calendar_id: str
    """Google's, with "primary" resolved."""
    owner: str
    """The account that reads it; another owner means a full sync."""
    tenant: str
    """Whose conferences its events may share (see `Caller`)."""
    created_at: datetime
    state: CalendarState = CalendarState.ACTIVE
    reason: str | None = None
    """Why it is not active, or why its last sync failed."""
    sync_token: str | None = None
    """How far it was read; None: list everything."""
    query_version: int = 0
    """The sync token is valid only with the parameters of this version."""
    channel_id: str | None = None
    """Its current watch channel."""
    unheard: int = 0
    """How often in a row changes were found of which its channel had told nothing."""
    watch_at: datetime | None = None
    """When to try again to have a polled calendar watched."""
    on_hold: bool = False
    """Whether an operator has paused it: nobody reads it until one resumes it."""
    write_mode: WriteMode = WriteMode.AUTO
    quarantined: tuple[UnreadableEvent, ...] = ()
    """Events that could not be read."""
    link_index: str | None = None
    """Which events have links (see `link_index`)."""
    lease: Lease = field(default_factory=Lease)
    failures: int = 0
    """How many syncs failed in a row."""
    gone_since: datetime | None = None
    """Since when a gone one was not found."""
    retry_at: datetime | None = None
    """Google asked to be left alone until then."""
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    due_at: datetime | None = None
    """When to look at it again, None once it counts as deleted, or while it is on hold."""
    version: str | None = None


def followed(stored: Calendar | None, *, calendar_id: str, owner: str, tenant: str, now: datetime) -> Calendar:
    """The calendar as it has to be stored so that it is followed.

    Unchanged if it is already, or on hold. Else it is resumed as `owner`, who just reached it, and from a full list.
    """
    due_at = now + TASK_GRACE
    if stored is None:
        key = calendar_key(calendar_id)
        return Calendar(key=key, calendar_id=calendar_id, owner=owner, tenant=tenant, created_at=now, due_at=due_at)
    if stored.on_hold or stored.state not in {CalendarState.PAUSED, CalendarState.GONE}:
        return stored
    # its sync makes it active, and replaces a channel of which nothing is known
    return replace(stored, owner=owner, state=CalendarState.PAUSED, sync_token=None, retry_at=None, due_at=due_at)


def quarantined(calendar: Calendar, page: EventPage) -> Calendar:
    """The calendar with the page's unreadable events noted, and those that can be read again taken off."""
    if not page.unreadable and not calendar.quarantined:
        return calendar
    here = page.ids
    kept = tuple(event for event in calendar.quarantined if event.id not in here)
    return replace(calendar, quarantined=(*kept, *page.unreadable)[-MAX_QUARANTINE:])


def synced(
    calendar: Calendar, *, sync_token: str | None, query_version: int, interval: timedelta, now: datetime
) -> Calendar:
    """The calendar once all was read up to the token: it is well, free, and looked at again after the interval."""
    watched = calendar.channel_id is not None
    return replace(
        calendar,
        state=CalendarState.ACTIVE if watched else CalendarState.POLLING,
        reason=None if watched else calendar.reason,
        watch_at=None if watched else calendar.watch_at,
        sync_token=sync_token,
        query_version=query_version,
        lease=calendar.lease.release(),
        failures=0,
        gone_since=None,
        retry_at=None,
        last_attempt=now,
        last_success=now,
        due_at=next_visit(calendar.key, interval, now),
    )


def heard(calendar: Calendar, *, notified: bool, changes: bool) -> Calendar:
    """What a sync tells of the channel: it was called by a notification, or found changes that nobody told of."""
    if notified or calendar.channel_id is None:
        return replace(calendar, unheard=0) if calendar.unheard else calendar
    return replace(calendar, unheard=calendar.unheard + 1) if changes else calendar


def is_silent(calendar: Calendar) -> bool:
    """Whether its channel is open, and nothing comes. (Once or twice a sweep is faster than a notification.)"""
    return calendar.channel_id is not None and calendar.unheard >= SILENT


def tells_all(calendar: Calendar) -> bool:
    """Whether its channel, as far as we know, tells of every change."""
    return calendar.channel_id is not None and calendar.unheard == 0


def polling(calendar: Calendar, reason: str, now: datetime) -> Calendar:
    """Google can't watch it: it is read by the sweep, with another try to have it watched once a day."""
    if calendar.on_hold:
        return replace(calendar, channel_id=None)
    return replace(
        calendar,
        state=CalendarState.POLLING,
        reason=reason,
        channel_id=None,
        watch_at=next_visit(calendar.key, WATCH_AGAIN, now),
    )


def needs_channel(calendar: Calendar, now: datetime) -> bool:
    """Whether its sync should open a channel first."""
    if calendar.state is CalendarState.POLLING:
        return calendar.watch_at is None or calendar.watch_at <= now
    # what became of a channel while there was no access is not known
    return calendar.channel_id is None or calendar.state is CalendarState.PAUSED


def sync_failed(
    calendar: Calendar, reason: str, *, retry_at: datetime | None, began: datetime, now: datetime
) -> Calendar:
    """A sync that `began` then ended early: why, and when to look again. `retry_at`: when Google said to come back."""
    failures = calendar.failures + 1
    slowness = max(now - began - SLOW, timedelta(0))
    slow = next_visit(calendar.key, min(SLOWNESS * slowness, LONGEST), now)
    soon = max(filter(None, (retry_time(calendar.key, failures, now), slow, retry_at)))
    return replace(
        calendar,
        failures=failures,
        last_attempt=now,
        retry_at=retry_at,
        due_at=soon + TASK_GRACE,
        reason=reason,
    )


def read_by(calendar: Calendar, owner: str) -> Calendar:
    """Another account reads it from now on: everything, and with a channel of its own."""
    return replace(calendar, owner=owner, state=CalendarState.ACTIVE, sync_token=None, retry_at=None, channel_id=None)


def paused(calendar: Calendar, now: datetime) -> Calendar:
    """Its owner has no access, and nobody else can read it: tried again every hour, and then from a full list."""
    return replace(
        calendar,
        state=CalendarState.PAUSED,
        sync_token=None,
        retry_at=None,
        gone_since=None,
        due_at=now + PAUSED_INTERVAL,
    )


def put_on_hold(calendar: Calendar, why: str) -> Calendar:
    """An operator has it left alone. Whoever reads it right now has lost the lease, and writes nothing more."""
    return replace(
        calendar,
        state=CalendarState.PAUSED,
        on_hold=True,
        reason=f"paused by an operator: {why}",
        lease=Lease(epoch=calendar.lease.epoch + 1),
        retry_at=None,
        gone_since=None,
        due_at=None,
    )


def taken_off_hold(calendar: Calendar, now: datetime) -> Calendar:
    """It is read again: from a full list, so that nothing that changed meanwhile is lost, and with a new channel."""
    return replace(calendar, on_hold=False, reason=None, sync_token=None, due_at=now)


def made_due(calendar: Calendar, now: datetime) -> Calendar:
    """It is read now, whatever was waited for."""
    return replace(calendar, retry_at=None, due_at=now)


def gone(calendar: Calendar, now: datetime) -> Calendar:
    """It is not found: looked at again after as long as it has been gone."""
    since = (calendar.gone_since if calendar.state is CalendarState.GONE else None) or now
    wait = min(max(now - since, GONE_FIRST), GONE_LONGEST)
    return replace(
        calendar,
        state=CalendarState.GONE,
        sync_token=None,
        retry_at=None,
        gone_since=since,
        channel_id=None,
        due_at=next_visit(calendar.key, wait, now),
    )


def counts_as_deleted(calendar: Calendar, now: datetime) -> bool:
    """Whether it has been gone for so long that it will not come back."""
    since = calendar.gone_since if calendar.state is CalendarState.GONE else None
    return since is not None and now - since >= DELETED_AFTER


def laid_to_rest(calendar: Calendar) -> Calendar:
    """It counts as deleted, and none of its conferences is left."""
    reason = f"counts as deleted: not found since {calendar.gone_since:%Y-%m-%d}; its conferences were removed"
    return replace(calendar, reason=reason, quarantined=(), due_at=None)
