"""When an event takes place, as Zoom takes it: a type of meeting, a time, a recurrence."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from confsync.domain.conference import ConferenceSpec
from confsync.domain.recurrence import SUNDAY, Frequency, SimpleRule, simple_rule
from confsync.domain.zones import zone

MAX_DURATION = timedelta(hours=24)
MIN_DURATION = timedelta(minutes=1)
SCHEDULE = frozenset({"type", "start_time", "timezone", "duration", "recurrence"})
"""The fields of a meeting that say when it takes place."""
_TIMES = frozenset({"start_time", "timezone", "duration", "recurrence"})
TIME = "%Y-%m-%dT%H:%M:%S"  # local to the meeting's time zone; in UTC with a Z

SCHEDULED, NO_FIXED_TIME, FIXED_TIME = 2, 3, 8  # meeting types

# https://developers.zoom.us/docs/api/references/recurrence-object-definitions/
RECURRENCE_TYPE = {Frequency.DAILY: 1, Frequency.WEEKLY: 2, Frequency.MONTHLY: 3}
MAX_INTERVAL = {Frequency.DAILY: 90, Frequency.WEEKLY: 12, Frequency.MONTHLY: 3}
MAX_OCCURRENCES = 50
FOR_EVER = 0  # nowhere documented: what Zoom's own pages store for "no end" (cornellh4i/ithaca-recovery#506)
LAST_DAY_OF_ALL_MONTHS = 28  # what Zoom does in a month without the day is nowhere written


def schedule(spec: ConferenceSpec) -> dict[str, Any]:
    """Type, time and recurrence: a series that Zoom can't express becomes one meeting without times."""
    if spec.open_ended:
        return {"type": NO_FIXED_TIME}
    if not spec.recurrence:
        return {"type": SCHEDULED, **_timing(spec)}
    rule = simple_rule(spec)
    recurrence = _recurrence(rule) if rule else None
    return {"type": FIXED_TIME, **_timing(spec), "recurrence": recurrence} if recurrence else {"type": NO_FIXED_TIME}


def _timing(spec: ConferenceSpec) -> dict[str, Any]:
    own = zone(spec.time_zone)
    start = spec.start.astimezone(own)
    # of the hour that the clocks repeat, Zoom would take the first
    given = f"{start.astimezone(UTC):{TIME}}Z" if start.fold else f"{start:{TIME}}"
    return {"start_time": given, "timezone": own.key, "duration": minutes(spec.end - spec.start)}


def without_zone(body: Mapping[str, Any], spec: ConferenceSpec) -> dict[str, Any]:
    """The body of a request whose time zone Zoom does not know, as its list lacks some of IANA's, without that.

    A single meeting is given in UTC. A series would move with the clocks of its zone, and not with UTC: it becomes one
    meeting without times.
    """
    others = {name: value for name, value in body.items() if name not in _TIMES}
    if spec.recurrence:
        return {**others, "type": NO_FIXED_TIME}
    return {**others, "type": SCHEDULED, **_timing(replace(spec, time_zone="UTC"))}


def minutes(duration: timedelta) -> int:
    """Whole minutes, rounded up; Zoom's scheduler knows no meeting without length or of more than a day."""
    clamped = min(max(duration, MIN_DURATION), MAX_DURATION)
    return -(-clamped // timedelta(minutes=1))


def _recurrence(rule: SimpleRule) -> dict[str, Any] | None:
    """Zoom's recurrence object, None where it has none for this rule."""
    if (
        rule.interval > MAX_INTERVAL[rule.frequency]
        or (rule.count or 0) > MAX_OCCURRENCES
        or (rule.month_day or 0) > LAST_DAY_OF_ALL_MONTHS
        or (rule.interval > 1 and _week_start_matters(rule))
    ):
        return None
    end = {"end_times": FOR_EVER if rule.count is None else rule.count}
    return {"type": RECURRENCE_TYPE[rule.frequency], "repeat_interval": rule.interval, **_days(rule), **end}


def _week_start_matters(rule: SimpleRule) -> bool:
    """Whether other days fall into one week if it begins on another day than the rule's.

    Zoom can't be told, and whether its own weeks begin on Sunday or Monday is nowhere written.
    """
    before_start = {day < rule.week_start for day in rule.weekdays}
    return len(rule.weekdays) > 1 and (SUNDAY in rule.weekdays or len(before_start) > 1)


def _days(rule: SimpleRule) -> dict[str, Any]:
    days = [1 if day == SUNDAY else day + 2 for day in rule.weekdays]  # Sunday is 1
    if rule.frequency is Frequency.WEEKLY:
        return {"weekly_days": ",".join(map(str, sorted(days)))}
    if rule.month_week is not None:
        return {"monthly_week": rule.month_week, "monthly_week_day": days[0]}
    return {} if rule.month_day is None else {"monthly_day": rule.month_day}
