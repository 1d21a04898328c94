"""Which recurrences a provider with rules of its own could express, and when one is over.

Calendar allows all of RFC 5545 section 3.3.10; vendors know "every n days", "on these weekdays", "on this day of the
month". An EXDATE does not make a series inexpressible: the provider keeps that one time, and nobody comes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from confsync.domain.conference import ConferenceSpec

MAX_COUNT = 1000
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SUNDAY = 6
_PARTS = {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYSETPOS", "COUNT", "UNTIL", "WKST"}
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_ORDINALS = {1, 2, 3, 4, -1}


class Frequency(StrEnum):
    """How often."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, kw_only=True)
class SimpleRule:
    """Every `interval` days, weeks or months, `count` times (None: for ever), the first time at the event's start.

    Weekly: on `weekdays` (Monday is 0), weeks beginning on `week_start`. Monthly: either on `month_day`, in months that
    have it, or on the only weekday, the `month_week`th in the month (-1: the last).
    """

    frequency: Frequency
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    week_start: int = 0
    month_day: int | None = None
    month_week: int | None = None
    count: int | None = None


def simple_rule(lines: Sequence[str], start: datetime) -> SimpleRule | None:
    """The one simple rule that these lines amount to, None if there is none.

    `start` is the event's, aware, in its own time zone. An UNTIL comes back as the `count` it means, up to 1,000.
    """
    rules = [line.strip() for line in lines if not line.upper().startswith("EXDATE")]
    if len(rules) != 1 or not rules[0].upper().startswith("RRULE:"):
        return None
    try:
        parts = _parts(rules[0][len("RRULE:") :].upper())
        return _simple(parts, start)
    except (ValueError, KeyError, OverflowError):
        return None


def last_end(spec: ConferenceSpec) -> datetime | None:
    """When the event's last time is over; None if it goes on for ever, or for longer than we look."""
    rules = [line.strip().upper() for line in spec.recurrence if not line.upper().startswith("EXDATE")]
    if not rules:
        return spec.end
    try:
        (rule,) = rules
        start = spec.start.astimezone(ZoneInfo(spec.time_zone))
        parts = dict(part.split("=", 1) for part in rule.removeprefix("RRULE:").rstrip(";").split(";"))
        times = list(islice(rrulestr(_wall_clock(parts, start), dtstart=_naive(start)), MAX_COUNT + 1))
    except (ValueError, KeyError, OverflowError):
        return None  # several rules, an RDATE, a zone that nobody knows
    if len(times) > MAX_COUNT:
        return None
    return max([_naive(start), *times]).replace(tzinfo=start.tzinfo) + (spec.end - spec.start)


def _parts(text: str) -> dict[str, str]:
    parts = dict(part.split("=", 1) for part in text.rstrip(";").split(";"))
    if set(parts) - _PARTS or {"COUNT", "UNTIL"} <= set(parts):
        raise ValueError("not a simple rule")
    return parts


def _simple(parts: Mapping[str, str], start: datetime) -> SimpleRule | None:
    interval = int(parts.get("INTERVAL", "1"))
    shape = _SHAPES[parts["FREQ"]](parts, start)
    if shape is None or interval < 1 or (interval > 1 and parts["FREQ"] == "DAILY" and shape.weekdays):
        return None
    times = rrulestr(_wall_clock(parts, start), dtstart=_naive(start))
    if next(iter(times), None) != _naive(start):
        return None  # the event's start is outside its own rule: Calendar shows one instance more than the rule has
    count = sum(1 for _ in islice(times, MAX_COUNT + 1)) if {"COUNT", "UNTIL"} & set(parts) else None
    if count is not None and count > MAX_COUNT:
        return None
    return SimpleRule(
        frequency=shape.frequency,
        interval=interval,
        weekdays=shape.weekdays,
        week_start=WEEKDAYS.index(parts.get("WKST", "MO")),
        month_day=shape.month_day,
        month_week=shape.month_week,
        count=count,
    )


def _daily(parts: Mapping[str, str], start: datetime) -> SimpleRule | None:
    if "BYDAY" in parts:
        return _weekly(parts, start)
    if {"BYMONTHDAY", "BYSETPOS"} & set(parts):
        return None
    return SimpleRule(frequency=Frequency.DAILY)


def _weekly(parts: Mapping[str, str], start: datetime) -> SimpleRule | None:
    days = _days(parts) or [(None, start.weekday())]
    if {"BYMONTHDAY", "BYSETPOS"} & set(parts) or any(ordinal is not None for ordinal, _ in days):
        return None
    return SimpleRule(frequency=Frequency.WEEKLY, weekdays=tuple(sorted({day for _, day in days})))


def _monthly(parts: Mapping[str, str], start: datetime) -> SimpleRule | None:
    days = _days(parts)
    if not days:
        day = int(parts.get("BYMONTHDAY", start.day))
        plain = "BYSETPOS" not in parts and 1 <= day <= 31
        return SimpleRule(frequency=Frequency.MONTHLY, month_day=day) if plain else None
    if len(days) > 1 or "BYMONTHDAY" in parts or (days[0][0] is not None and "BYSETPOS" in parts):
        return None
    ordinal, weekday = days[0]
    week = int(parts.get("BYSETPOS", 0)) if ordinal is None else ordinal
    return SimpleRule(frequency=Frequency.MONTHLY, weekdays=(weekday,), month_week=week) if week in _ORDINALS else None


_SHAPES: Mapping[str, Callable[[Mapping[str, str], datetime], SimpleRule | None]] = {
    "DAILY": _daily,
    "WEEKLY": _weekly,
    "MONTHLY": _monthly,
}


def _days(parts: Mapping[str, str]) -> list[tuple[int | None, int]]:
    """BYDAY as (ordinal or None, weekday)."""
    found = [_DAY.fullmatch(day) for day in parts["BYDAY"].split(",")] if "BYDAY" in parts else []
    if None in found:
        raise ValueError("not a weekday")
    return [(int(day[1]) if day[1] else None, WEEKDAYS.index(day[2])) for day in found if day]


def _wall_clock(parts: Mapping[str, str], start: datetime) -> str:
    """The rule with its UNTIL in the event's local time: a series keeps its wall-clock time across DST."""
    until = {"UNTIL": _until(parts["UNTIL"], start)} if "UNTIL" in parts else {}
    return "RRULE:" + ";".join(f"{key}={value}" for key, value in {**parts, **until}.items())


def _until(text: str, start: datetime) -> str:
    if "T" not in text:
        return f"{text}T235959"
    until = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - its zone is in the last letter
    if text.endswith("Z"):
        until = _naive(until.replace(tzinfo=UTC).astimezone(start.tzinfo))
    return until.strftime("%Y%m%dT%H%M%S")


def _naive(when: datetime) -> datetime:
    return when.replace(tzinfo=None)
