"""A push notification becomes one task per calendar and moment. No database, no Google call but the task.

Kept light on purpose: this runs in the function whose cold start Google waits for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from confsync.domain.channel import bucket_end, verified_calendar_key

if TYPE_CHECKING:
    from confsync.ports import Clock, Queue

CLOCK_SKEW = timedelta(milliseconds=250)
"""Instances' clocks differ: a task runs this much after its bucket, so that a late instance still finds it waiting."""


@dataclass(frozen=True, kw_only=True)
class Notification:
    """What Google's headers say. https://developers.google.com/workspace/calendar/api/guides/push#receive-notifications"""

    channel_id: str
    channel_token: str
    resource_state: str


@dataclass(frozen=True, kw_only=True)
class ReceiveNotification:
    """Verify a notification and queue one sync for its calendar."""

    queue: Queue
    clock: Clock
    keys: Sequence[bytes]
    coalesce: float

    def __call__(self, notification: Notification) -> None:
        """Raises `Forbidden` if the channel token is not ours, `Temporary` if the queue did not take the task."""
        calendar_key = verified_calendar_key(self.keys, notification.channel_id, notification.channel_token)
        if notification.resource_state == "sync":
            return  # the channel is open; nothing changed yet
        end = bucket_end(self.clock.now(), self.coalesce)
        # the calendar key is a hash: no sequential prefix, as Cloud Tasks wants of names
        name = f"{calendar_key}-{int(end.timestamp() * 1000)}"
        self.queue.sync_calendar(calendar_key, at=end + CLOCK_SKEW, name=name, notified=True)
