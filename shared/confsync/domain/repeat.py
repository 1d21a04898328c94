"""A request that its caller may repeat, because they said by which key we know it again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

KEEP = timedelta(days=7)
"""So long a repeated request is known. (Google keeps an event's id for ever: later it is a conflict.)"""


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """What such a request was, and which event it makes."""

    key: str
    fingerprint: str
    """Of all that was asked: another one under the same key is a mistake."""
    event_id: str
    expire_at: datetime
    version: str | None = None
