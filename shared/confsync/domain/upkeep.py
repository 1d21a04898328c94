"""When to look after a meeting though its events do not change: vendors' meetings are changed, deleted, and lapse."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from confsync.domain.backoff import next_visit
from confsync.domain.conference import Conference
from confsync.domain.recurrence import last_end

TOUCH_AFTER = 0.75
"""Of a meeting's lifetime, so that a vendor that is out of order for days is no harm."""


@dataclass(frozen=True, kw_only=True)
class Upkeep:
    """How a solution's meetings are looked after, while any of their times is still to come."""

    check_every: timedelta | None = None
    """About how often the vendor's copy is compared with what was applied; None: never."""
    lifetime: timedelta | None = None
    """A meeting lapses so long after its last time or change; None: it does not."""

    def check_at(self, conference: Conference) -> datetime | None:
        """When to compare, None for never."""
        checked = conference.applied.checked_at
        if self.check_every is None or checked is None:
            return None
        return next_visit(conference.id, self.check_every, checked)

    def touch_at(self, conference: Conference) -> datetime | None:
        """When to send the meeting's times again, None for never."""
        touched, spec = conference.applied.touched_at, conference.applied.spec
        if self.lifetime is None or touched is None:
            return None
        return max(touched, spec.end if spec else touched) + TOUCH_AFTER * self.lifetime

    def next_visit(self, conference: Conference, now: datetime) -> datetime | None:
        """When either is due, None once the meeting is over."""
        if not conference.wanted or is_over(conference, now):
            return None
        return min(filter(None, (self.check_at(conference), self.touch_at(conference))), default=None)

    def check_is_due(self, conference: Conference, now: datetime) -> bool:
        """Whether to compare now."""
        at = self.check_at(conference)
        return at is not None and at <= now and not is_over(conference, now)

    def touch_is_due(self, conference: Conference, now: datetime) -> bool:
        """Whether to send the times again now."""
        at = self.touch_at(conference)
        return at is not None and at <= now and not is_over(conference, now)


def is_over(conference: Conference, now: datetime) -> bool:
    """Whether the last time at which it was wanted has passed."""
    spec = conference.desired.spec
    if spec is None or spec.open_ended:
        return False
    ends = last_end(spec)
    return ends is not None and ends < now
