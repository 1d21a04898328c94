"""When an event takes place, as Webex takes it: local times with their zone's offset, and one rule."""

from datetime import UTC, datetime, timedelta
from typing import Any

from confsync.domain.conference import ConferenceSpec
from confsync.domain.recurrence import Frequency, SimpleRule, last_end, simple_rule
from confsync.domain.zones import whole_minute, zone

MINUTE = timedelta(minutes=1)
MOST = {Frequency.DAILY: 1826, Frequency.WEEKLY: 261, Frequency.MONTHLY: 60}
"""So many times a series has at most, which is five years."""
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def schedule(spec: ConferenceSpec) -> dict[str, Any]:
    """Times, time zone and recurrence; None for none, which takes one away."""
    return {**times(spec.start, spec.end, spec.time_zone), "recurrence": _recurrence(spec)}


def times(start: datetime, end: datetime, time_zone: str) -> dict[str, Any]:
    """Of a meeting or one time of a series. The offset must be that of the zone at that time (cal.diy#7651)."""
    own = zone(time_zone)
    begins = whole_minute(start.astimezone(own))
    length = -(-(end - start) // MINUTE) * MINUTE
    ends = (begins.astimezone(UTC) + length).astimezone(own)
    texts = {"start": begins.isoformat(timespec="seconds"), "end": ends.isoformat(timespec="seconds")}
    return {**texts, "timezone": own.key}


def utc(at: datetime) -> str:
    """As parameters of lists have it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _recurrence(spec: ConferenceSpec) -> str | None:
    """The event's rule; of a series that Webex does not take, one time a day as long as it lasts.

    A series has one link, so whichever of its times people meet at, it is the same.
    """
    if not spec.recurrence:
        return "FREQ=DAILY;INTERVAL=1" if spec.open_ended else None
    rule = own_series(spec)
    if rule is not None:
        return _rule(rule)
    ends = None if spec.open_ended else last_end(spec)
    if ends is None:
        return "FREQ=DAILY;INTERVAL=1"
    days = (ends - spec.start) // timedelta(days=1) + 1
    return f"FREQ=DAILY;INTERVAL=1;COUNT={min(days, MOST[Frequency.DAILY])}"


def own_series(spec: ConferenceSpec) -> SimpleRule | None:
    """The rule that Webex keeps; None for what it keeps no rule of."""
    rule = simple_rule(spec) if spec.recurrence and not spec.open_ended else None
    return rule if rule is not None and (rule.count or 0) <= MOST[rule.frequency] else None


def _rule(rule: SimpleRule) -> str:
    parts = [f"FREQ={rule.frequency.upper()}", f"INTERVAL={rule.interval}"]
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    if rule.frequency is Frequency.WEEKLY:
        parts += [f"WKST={_WEEKDAYS[rule.week_start]}", f"BYDAY={','.join(_WEEKDAYS[day] for day in rule.weekdays)}"]
    elif rule.month_day is not None:
        parts.append(f"BYMONTHDAY={rule.month_day}")
    elif rule.month_week is not None:
        parts.append(f"BYDAY={rule.month_week}{_WEEKDAYS[rule.weekdays[0]]}")
    return ";".join(parts)
