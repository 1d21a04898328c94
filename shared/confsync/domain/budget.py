"""A vendor's limit of calls a day, shared out: how much of it a host has used, and when there is more.

People wait for a new meeting, so a creation may use all that is left. Nobody waits for a change, and the next one makes
it unnecessary: changes may use half of the limit at once, then a part that grows evenly over the UTC day, and never
the fifth that is kept back for creations. Of a limit over the last 24 hours, at whose start nothing is given out anew,
changes may use all but that fifth.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from confsync.domain.backoff import spread
from confsync.domain.solution import CallLimit, LimitWindow

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

GUARD = timedelta(minutes=1)
"""A call arrives a little after it was counted, and clocks differ: this close to midnight it counts for both days."""

STAGGER = timedelta(minutes=10)
"""Those who wait for the same moment come one after the other within this time."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What one host at one vendor's account has used. Times are aware UTC."""

    key: str
    provider: str
    host: str
    expire_at: datetime
    used: Mapping[str, int] = field(default_factory=dict)
    """Calls by UTC day or, of a limit over the last 24 hours, by UTC hour (both ISO 8601).

    They are counted before they are sent: one that a crash prevented counts too.
    """
    version: str | None = None

    def spent(self, limit: CallLimit, now: datetime) -> "Budget":
        """The budget after one more call at `now`; what is over for good is forgotten."""
        spans = _spans(limit.window, now)
        oldest = _key(limit.window, min(spans) - _MEMORY[limit.window])
        kept = {span: calls for span, calls in self.used.items() if span >= oldest}
        counted = {key: self._on(key) + 1 for key in (_key(limit.window, span) for span in spans)}
        return replace(self, used=kept | counted, expire_at=max(spans) + 2 * DAY)

    def returned(self, limit: CallLimit, spent_at: datetime) -> "Budget":
        """The budget without one call that was counted at that time."""
        keys = [_key(limit.window, span) for span in _spans(limit.window, spent_at)]
        counted = {key: self._on(key) - 1 for key in keys if self._on(key)}
        return replace(self, used={**self.used, **counted})

    def counted(self, limit: CallLimit, now: datetime) -> int:
        """How many calls count against the limit at `now`."""
        if limit.window is LimitWindow.UTC_DAY:
            return self._on(now.date().isoformat())
        return sum(calls for _, calls in self._recent(now))

    def opens_at(self, limit: CallLimit, now: datetime, *, creation: bool) -> datetime | None:
        """When a creation (or else a change) may be made; None: at once.

        Others may be faster then: ask again before the call.
        """
        if limit.window is LimitWindow.ROLLING_DAY:
            return self._rolls_open_at(limit.calls if creation else _most(limit.calls), now)
        days = _days(now)
        if all(
            self._on(day.isoformat()) < _share(limit.calls, now - _midnight(day), creation=creation) for day in days
        ):
            return None
        later = self._next_share(limit.calls, days, creation=creation)
        return self.opens_at(limit, later, creation=creation) or later

    def _on(self, span: str) -> int:
        return self.used.get(span, 0)

    def _next_share(self, calls: int, days: tuple[date, ...], *, creation: bool) -> datetime:
        """When one more call has its share, as far as the first of the days tells."""
        missing, grows = self._on(days[0].isoformat()) + 1 - _free(calls), _most(calls) - _free(calls)
        if creation or len(days) > 1 or missing > grows:
            return _midnight(days[0]) + DAY + GUARD
        return _midnight(days[0]) - (-DAY * missing) // grows  # rounded up to microseconds

    def _recent(self, now: datetime) -> list[tuple[datetime, int]]:
        """The hours that may have calls of the last 24 hours, the oldest first."""
        hours = sorted((datetime.fromisoformat(hour), calls) for hour, calls in self.used.items() if "T" in hour)
        return [(hour, calls) for hour, calls in hours if now - DAY - GUARD < hour + HOUR]

    def _rolls_open_at(self, share: int, now: datetime) -> datetime | None:
        recent = self._recent(now)
        left = sum(calls for _, calls in recent)
        if left < share:
            return None
        for hour, calls in recent:
            left -= calls
            if left < share:
                return hour + HOUR + DAY + GUARD
        return now + DAY


def staggered(key: str, at: datetime, room: timedelta = STAGGER) -> datetime:
    """That time or a little later, by key: whoever comes first this time need not be first the next time."""
    return at + min(max(room, timedelta(0)), STAGGER) * spread(f"{key}{at.timestamp()}")


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


_MEMORY = {LimitWindow.UTC_DAY: timedelta(0), LimitWindow.ROLLING_DAY: DAY + 2 * HOUR}


def _spans(window: LimitWindow, now: datetime) -> list[datetime]:
    """The days or the hour for which a call at `now` counts, by their beginnings."""
    if window is LimitWindow.UTC_DAY:
        return [_midnight(day) for day in _days(now)]
    return [now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)]


def _key(window: LimitWindow, span: datetime) -> str:
    return span.date().isoformat() if window is LimitWindow.UTC_DAY else span.isoformat()
