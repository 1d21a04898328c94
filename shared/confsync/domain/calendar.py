"""Our record of one calendar: whose access reads it, how far we have read, and when to look again."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from confsync.domain.backoff import next_visit
from confsync.domain.event import EventPage, UnreadableEvent
from confsync.domain.keys import calendar_key
from confsync.domain.lease import Lease

FIRST_SYNC_GRACE = timedelta(seconds=60)
"""How long a task has for a calendar's first sync before the sweep also looks at it."""

MAX_QUARANTINE = 100


class CalendarState(StrEnum):
    """Whether and how we follow a calendar."""

    ACTIVE = "active"  # a watch channel tells us of changes
    POLLING = "polling"  # it has no channel; the sweep reads it
    PAUSED = "paused"  # the grant is revoked or lacks rights; tried again every hour
    GONE = "gone"  # it is not found; tried again for a month, then it counts as deleted


class WriteMode(StrEnum):
    """How conference details get onto an event."""

    AUTO = "auto"  # native until Google refuses or strips it
    NATIVE = "native"
    DESCRIPTION = "description"  # location, and a block in the description


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """`calendar_id` has "primary" resolved. `owner` is the account that reads it; another owner means a full sync.
    `reason` says why it is not active, or why its last sync failed.

    `sync_token` is valid only with the same `query_version`. `channel_id` is the current watch channel. `quarantined`
    are events that could not be read. `link_index` tells which events have links (see link_index.py). `failures` counts
    syncs that failed in a row. `retry_at`: Google asked to be left alone until then. `watch_at`: when to try again to
    have a polled calendar watched. `gone_since`: since when a gone one was not found. `due_at`: when to look at it
    again, None once it counts as deleted. All times are aware UTC.
    """

    key: str
    calendar_id: str
    owner: str
    tenant: str
    created_at: datetime
    state: CalendarState = CalendarState.ACTIVE
    reason: str | None = None
    sync_token: str | None = None
    query_version: int = 0
    channel_id: str | None = None
    watch_at: datetime | None = None
    write_mode: WriteMode = WriteMode.AUTO
    quarantined: tuple[UnreadableEvent, ...] = ()
    link_index: str | None = None
    lease: Lease = field(default_factory=Lease)
    failures: int = 0
    gone_since: datetime | None = None
    retry_at: datetime | None = None
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    due_at: datetime | None = None
    version: str | None = None


def followed(stored: Calendar | None, *, calendar_id: str, owner: str, tenant: str, now: datetime) -> Calendar:
    """The calendar as it has to be stored so that it is followed.

    Unchanged if it is already. Else as `owner`, who just reached it, and from a full list.
    """
    due_at = now + FIRST_SYNC_GRACE
    if stored is None:
        key = calendar_key(calendar_id)
        return Calendar(key=key, calendar_id=calendar_id, owner=owner, tenant=tenant, created_at=now, due_at=due_at)
    if stored.state not in {CalendarState.PAUSED, CalendarState.GONE}:
        return stored
    # its sync resumes it, and replaces a channel of which nothing is known
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
