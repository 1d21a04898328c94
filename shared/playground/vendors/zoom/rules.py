"""What Zoom accepts in a meeting, when it takes place, and when the instances of a series do.

https://developers.zoom.us/docs/api/references/recurrence-object-definitions/
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule, weekday

from playground.vendors.fields import Check, between, flag, matching, one_of, text, wrong

SHOWN_OCCURRENCES = 60
WEEK_START = 6
"""Where Zoom's weeks begin is nowhere written; Monday is 0."""
ZONES = available_timezones()


def utc_text(when: datetime) -> str:
    """A time as Zoom answers it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(given: str, zone: str) -> datetime:
    """A time as Zoom takes it: UTC with a Z, else local to the meeting's time zone."""
    if given.endswith("Z"):
        return datetime.fromisoformat(given)
    return datetime.fromisoformat(given).replace(tzinfo=ZoneInfo(zone))


FIELDS: Mapping[str, Check] = {
    "topic": text(200),
    "agenda": text(2000),
    "type": one_of(1, 2, 3, 8),
    "start_time": matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?"),
    "timezone": lambda value: value in ZONES,
    "duration": between(1, 1440),
    "password": matching(r"[A-Za-z0-9@_*-]{0,10}"),
    "default_password": flag,
    "pre_schedule": flag,
    "schedule_for": text(10_000),
    "template_id": text(10_000),
    "tracking_fields": lambda value: isinstance(value, list) and all(map(_tracks, value)),
    "recurrence": lambda value: value is None or isinstance(value, dict),
}
_TRACKED: Mapping[str, Check] = {"field": text(10_000), "value": text(10_000)}
_RECURRENCE: Mapping[str, Check] = {
    "type": between(1, 3),
    "repeat_interval": between(1, 90),
    "weekly_days": matching(r"[1-7](,[1-7])*"),
    "monthly_day": between(1, 31),
    "monthly_week": one_of(-1, 1, 2, 3, 4),
    "monthly_week_day": between(1, 7),
    "end_times": between(0, 50),  # 0, which is nowhere documented, is what Zoom's own pages store for "no end"
    "end_date_time": matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
}
_INTERVALS = {1: 90, 2: 12, 3: 3}


def wrong_fields(body: Mapping[str, Any], *, creating: bool) -> list[str]:
    """Names of the fields that Zoom would refuse, but for `settings`. Fields that it does not know, it ignores."""
    found = wrong(body, FIELDS)
    recurrence: Mapping[str, Any] = {} if "recurrence" in found else body.get("recurrence") or {}
    found += wrong(recurrence, _RECURRENCE, "recurrence.")
    if not found and recurrence.get("repeat_interval", 1) > _INTERVALS[recurrence.get("type", 1)]:
        found.append("recurrence.repeat_interval")
    if {"end_times", "end_date_time"} <= set(recurrence):
        found.append("recurrence.end_times")
    if creating and body.get("type") == 8 and "type" not in recurrence:
        found.append("recurrence")
    if ("monthly_week" in recurrence) != ("monthly_week_day" in recurrence):
        found.append("recurrence.monthly_week_day")
    return found


def _tracks(value: Any) -> bool:
    return isinstance(value, dict) and "field" in value and not wrong(value, _TRACKED)


_FREQUENCIES: Mapping[int, Literal[1, 2, 3]] = {1: DAILY, 2: WEEKLY, 3: MONTHLY}
HORIZON = {1: 730, 2: 110, 3: 60}
"""What a change makes of a series without end: about two years of days and weeks, five of months.

Met by cornellh4i/ithaca-recovery#506 and #508; every change counts anew from its day.
"""


def schedule(meeting: Mapping[str, Any], body: Mapping[str, Any], now: datetime, *, creating: bool) -> dict[str, Any]:
    """When the meeting takes place after that request: its `type`, `timezone`, and what else it then has of these.

    A start that is over becomes the present in a new meeting; in a change it is ignored, and the recurrence with it
    ("Update a meeting" in Zoom's reference; jrchamp/moodle-mod_zoom#341, cornellh4i/ithaca-recovery#506).
    """
    kind, zone = body.get("type", meeting["type"]), body.get("timezone", meeting["timezone"])
    given = instant(body["start_time"], zone) if "start_time" in body else None
    start, to_come = meeting.get("start_time"), given is not None and given > now
    if given is not None and (to_come or start is None):
        start = utc_text(max(given, now))
    if kind == 3:
        return {"type": kind, "timezone": zone}
    if kind != 8:
        return {"type": kind, "timezone": zone, **({"start_time": start} if start else {})}
    heard = creating or to_come or "recurrence" not in meeting
    rule = (body.get("recurrence") if heard else None) or meeting.get("recurrence") or {"type": 1}
    series = {"type": kind, "timezone": zone, "recurrence": rule if creating else _bounded(rule)}
    first = next(times({**series, "start_time": start or utc_text(now)}), now)
    return {**series, "start_time": utc_text(first)}


def _bounded(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**rule, "end_times": HORIZON[rule["type"]]} if rule.get("end_times") == 0 else rule


def times(meeting: Mapping[str, Any]) -> Iterator[datetime]:
    """When the instances of a series take place, at the same wall-clock time each."""
    rule, zone = meeting["recurrence"], ZoneInfo(meeting["timezone"])
    start = datetime.fromisoformat(meeting["start_time"]).astimezone(zone).replace(tzinfo=None)
    found = rrule(
        _FREQUENCIES[rule["type"]],
        dtstart=start,
        wkst=weekday(WEEK_START),
        interval=rule.get("repeat_interval", 1),
        count=rule.get("end_times") or None,
        until=_local_end(rule, zone),
        byweekday=_weekdays(rule),
        bymonthday=rule.get("monthly_day") if rule["type"] == 3 and "monthly_week" not in rule else None,
    )
    return (naive.replace(tzinfo=zone) for naive in found)


def _local_end(rule: Mapping[str, Any], zone: ZoneInfo) -> datetime | None:
    if "end_date_time" not in rule:
        return None
    return datetime.fromisoformat(rule["end_date_time"]).astimezone(zone).replace(tzinfo=None)


def _weekdays(rule: Mapping[str, Any]) -> list[weekday] | None:
    if rule["type"] == 2:
        return [weekday((int(day) + 5) % 7) for day in rule.get("weekly_days", "1").split(",")]
    if rule["type"] == 3 and "monthly_week" in rule:
        return [weekday((rule["monthly_week_day"] + 5) % 7, rule["monthly_week"])]
    return None
