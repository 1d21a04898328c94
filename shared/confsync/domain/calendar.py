"""Our record of one calendar: whose access reads it, how far we have read, and when to look again."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from confsync.domain.event import UnreadableEvent
from confsync.domain.lease import Lease


class CalendarState(StrEnum):
    """Whether and how we follow a calendar."""

    ACTIVE = "active"  # a watch channel tells us of changes
    POLLING = "polling"  # it has no channel; the sweep reads it
    PAUSED = "paused"  # the grant is revoked or lacks rights; tried again at times
    GONE = "gone"  # it is not found; tried again for a month, then it counts as deleted


class WriteMode(StrEnum):
    """How conference details get onto an event."""

    AUTO = "auto"  # native until Google refuses or strips it
    NATIVE = "native"
    DESCRIPTION = "description"  # location, and a block in the description


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """`calendar_id` has "primary" resolved. `owner` is the account that reads it; another owner means a full sync.

    `sync_token` is valid only with the same `query_version`. `channel_id` is the current watch channel. `quarantined`
    are events that could not be read. `failures` counts syncs that failed in a row. `retry_at`: Google asked to be left
    alone until then. `watch_at`: when to try again to have a polled calendar watched. `gone_since`: since when a gone
    one was not found. `due_at`: when to look at it again, None at rest. All times are aware UTC.
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
    lease: Lease = field(default_factory=Lease)
    failures: int = 0
    gone_since: datetime | None = None
    retry_at: datetime | None = None
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    due_at: datetime | None = None
    version: str | None = None
