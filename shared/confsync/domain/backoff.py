"""When to try again, and when to renew."""

import hashlib
from datetime import datetime, timedelta

FIRST = timedelta(seconds=2)
LONGEST = timedelta(hours=1)

RENEW_AT, STAGGER = 0.5, 0.1
"""Shares of the life of what has to be renewed."""

TASK_GRACE = timedelta(seconds=60)
"""How long a task has for something before the sweep also looks at it."""


def spread(key: str) -> float:
    """A number in [0, 1) that is the same for the same key: jitter that tests and retries can repeat."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**32


def retry_time(key: str, attempts: int, now: datetime) -> datetime:
    """Exponential backoff with jitter: after the n-th failed attempt, 50 to 100 % of 2 s * 2^(n-1), at most an hour."""
    whole: timedelta = min(FIRST * 2.0 ** min(max(attempts, 1) - 1, 20), LONGEST)
    return now + whole * (0.5 + 0.5 * spread(f"{key}{attempts}"))


def next_visit(key: str, interval: timedelta, now: datetime) -> datetime:
    """A periodic visit, 75 to 125 % of the interval away, so that visits made together drift apart.

    https://developers.google.com/workspace/calendar/api/guides/quota
    """
    return now + interval * (0.75 + 0.5 * spread(f"{key}{now.timestamp()}"))


def renewal_time(key: str, now: datetime, end: datetime) -> datetime:
    """When to renew what lives from now to its end: at half-life, up to a tenth of the life earlier.

    The same for the same key; the stagger keeps what was made together from being renewed together.
    """
    return now + (end - now) * (RENEW_AT - STAGGER * spread(key))
