"""A vendor's daily limit, shared out: how much of it a host has used, and when there is more.

People wait for a new meeting, so a creation may use all that is left. Nobody waits for a change, and the next one makes
it unnecessary: changes may use half of the limit at once, then a part that grows evenly over the UTC day, and never
the fifth that is kept back for creations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from confsync.domain.backoff import spread

DAY = timedelta(days=1)

GUARD = timedelta(minutes=1)
"""A call arrives a little after it was counted, and clocks differ: this close to midnight it counts for both days."""

STAGGER = timedelta(minutes=10)
"""Those who wait for the same moment come one after the other within this time."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What one host at one vendor's account has used. `used` counts calls by UTC day (ISO 8601).

    Calls are counted before they are sent: one that a crash prevented counts too. Times are aware UTC.
    """

    key: str
    provider: str
    host: str
    expire_at: datetime
    used: Mapping[str, int] = field(default_factory=dict)
    version: str | None = None

    def spent(self, now: datetime) -> "Budget":
        """The budget after one more call at `now`; days that are over for good are forgotten."""
        days = _days(now)
        kept = {day: calls for day, calls in self.used.items() if day >= days[0].isoformat()}
        counted = {day.isoformat(): self.on(day) + 1 for day in days}
        return replace(self, used=kept | counted, expire_at=_midnight(days[-1]) + 2 * DAY)

    def returned(self, spent_at: datetime) -> "Budget":
        """The budget without one call that was counted at that time."""
        counted = {day.isoformat(): self.on(day) - 1 for day in _days(spent_at) if self.on(day)}
        return replace(self, used={**self.used, **counted})

    def on(self, day: date) -> int:
        """How many calls are counted for that day."""
        return self.used.get(day.isoformat(), 0)

    def opens_at(self, limit: int, now: datetime, *, creation: bool) -> datetime | None:
        """When a creation (or else a change) may be made under a limit of so many calls a day; None: at once.

        Others may be faster then: ask again before the call.
        """
        days = _days(now)
        if all(self.on(day) < _share(limit, now - _midnight(day), creation=creation) for day in days):
            return None
        later = self._next_share(limit, days, creation=creation)
        return self.opens_at(limit, later, creation=creation) or later

    def _next_share(self, limit: int, days: tuple[date, ...], *, creation: bool) -> datetime:
        """When one more call has its share, as far as the first of the days tells."""
        missing, grows = self.on(days[0]) + 1 - _free(limit), _most(limit) - _free(limit)
        if creation or len(days) > 1 or missing > grows:
            return _midnight(days[0]) + DAY + GUARD
        return _midnight(days[0]) - (-DAY * missing) // grows  # rounded up to microseconds


def staggered(key: str, at: datetime) -> datetime:
    """That time or a little later, by key: whoever comes first this time need not be first the next time."""
    return at + STAGGER * spread(f"{key}{at.timestamp()}")


def _share(limit: int, elapsed: timedelta, *, creation: bool) -> int:
    """How many calls there may have been by then, `elapsed` since the day's midnight."""
    if creation:
        return limit
    free, most = _free(limit), _most(limit)
    return free + (most - free) * min(max(elapsed, timedelta(0)), DAY) // DAY


def _free(limit: int) -> int:
    return -(-limit // 2)


def _most(limit: int) -> int:
    return max(limit - limit // 5, _free(limit))


def _days(now: datetime) -> tuple[date, ...]:
    """The day for which a call at `now` counts; around midnight both."""
    return tuple(sorted({(now - GUARD).date(), (now + GUARD).date()}))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
