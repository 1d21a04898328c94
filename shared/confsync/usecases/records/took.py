"""How long something took, for its line in the log."""

from datetime import datetime, timedelta

from confsync.ports import Clock


def took(clock: Clock, began: datetime) -> int:
    """Milliseconds since then."""
    return round((clock.now() - began) / timedelta(milliseconds=1))
