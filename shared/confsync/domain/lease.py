"""Leases with fencing: one worker at a time, and a late one can do no harm.

A lease is a field of the record it protects. Taking it raises `epoch` and is a conditional write, so of two racing
workers one gets `StoreConflict`. Whatever a holder writes later goes through a conditional write of the same record,
after `holds`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Lease:
    """`holder` works on the record until `until` (aware UTC); `epoch` never goes back."""

    holder: str = ""
    epoch: int = 0
    until: datetime | None = None

    def taken(self, now: datetime) -> bool:
        """Whether somebody holds it at `now`."""
        return self.until is not None and now < self.until

    def take(self, holder: str, now: datetime, ttl: timedelta) -> "Lease":
        """The lease as `holder` would have it; the caller has made sure that it is not `taken`."""
        return Lease(holder=holder, epoch=self.epoch + 1, until=now + ttl)

    def holds(self, mine: "Lease", now: datetime) -> bool:
        """Whether this stored lease is still `mine`, and not run out."""
        return self.epoch == mine.epoch and self.holder == mine.holder and self.taken(now)

    def extend(self, now: datetime, ttl: timedelta) -> "Lease":
        """The same hold, for longer."""
        return Lease(holder=self.holder, epoch=self.epoch, until=now + ttl)

    def release(self) -> "Lease":
        """Nobody's; the epoch stays."""
        return Lease(epoch=self.epoch)
