"""Which recurrences a provider with rules of its own could express, and when one is over.

Calendar allows all of RFC 5545 section 3.3.10; vendors know "every n days", "on these weekdays", "on this day of the
month". An EXDATE does not make a series inexpressible: the provider keeps that one time, and nobody comes.

dateutil does the calendar arithmetic, and only for simple rules: it looks for the next time until the year 9999, which
takes seconds for a rule that never has one (every 30 February), and for ever if that is a rule in seconds.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain, islice, takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from confsync.domain.conference import ConferenceSpec, Occurrence
from confsync.domain.event import Event
from confsync.domain.zones import known

Span = tuple[datetime, datetime]
"""A start and an end."""

MAX_COUNT = 1000
_MOMENT = timedelta(microseconds=1)
MAX_PAST = 20_000
"""So many times of a series are looked at for the next one; more than fifty years of days."""

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SUNDAY = 6
_COUNT = re.compile(r"(?<=[;:])COUNT=[^;]*", re.IGNORECASE)
_PARTS = {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYSETPOS", "COUNT", "UNTIL", "WKST"}
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_ORDINALS = {1, 2, 3, 4, -1}

# what lines can raise: numbers and dates that are none, a time zone that nobody knows (KeyError, OSError), year 10000
_UNREADABLE = (ValueError, KeyError, OSError, OverflowError)


class Frequency(StrEnum):
    """How often."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, kw_only=True)
class SimpleRule:
    """Every `interval` days, weeks or months, `count` times (None: for ever), the first time at the event's start.

    It keeps the wall-clock time of the event's time zone. Weekly: on `weekdays` (Monday is 0), weeks beginning on
    `week_start`. Monthly: either on `month_day`, in months that have it, or on the only weekday, the `month_week`th in
    the month (-1: the last).
    """

    frequency: Frequency
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    week_start: int = 0
    month_day: int | None = None
    month_week: int | None = None
    count: int | None = None


def simple_rule(spec: ConferenceSpec) -> SimpleRule | None:
    """The one simple rule that the event's recurrence amounts to, None if there is none.

    An UNTIL comes back as the `count` it means, up to 1,000.
    """
    try:
        series = _read(spec)
        return None if series.added else _simple(series)[0]
    except _UNREADABLE:
        return None


def last_end(spec: ConferenceSpec) -> datetime | None:
    """When the event's last time is over; None if it goes on for ever, or by more than a simple rule and dates."""
    if not spec.recurrence:
        return spec.end
    try:
        series = _read(spec)
        rule, times = _simple(series) if series.rule else (None, [])
        if rule is not None and rule.count is None:
            return None
        held = {at.astimezone(UTC) for at in (series.start, *times, *series.added)} - series.removed
        moved = [each.end for each in spec.occurrences if each.end is not None]
        return max([_end(spec, max(held, default=spec.start)), *moved])
    except _UNREADABLE:
        return None


def spans(spec: ConferenceSpec, since: datetime, until: datetime) -> list[Span] | None:
    """Start and end of each time of the event that ends after `since` and begins before `until`, in UTC.

    None for a series by more than a simple rule: those can't be told.
    """
    if not spec.recurrence:
        return _within([(spec.start, spec.end)], since, until)
    try:
        series = _read(spec)
        if series.rule:
            _simple(series)
        changed = {each.original.astimezone(UTC) for each in spec.occurrences}
        regular = chain([series.start], _until(series, until) if series.rule else (), series.added)
        starts = {at.astimezone(UTC) for at in regular} - series.removed - changed
        moved = [(each.start, each.end) for each in spec.occurrences if each.start and each.end]
        return _within([*((at, _end(spec, at)) for at in starts), *moved], since, until)
    except _UNREADABLE:
        return None


def _until(series: "_Series", until: datetime) -> Iterator[datetime]:
    return takewhile(lambda at: at < until, islice(_times(series), MAX_PAST))


def _within(found: Iterable[Span], since: datetime, until: datetime) -> list[Span]:
    return sorted((at.astimezone(UTC), end.astimezone(UTC)) for at, end in found if end > since and at < until)


def occurrence_of(event: Event, series: ConferenceSpec) -> Occurrence | None:
    """How an instance differs from its series, None if it does not. It must have its `original_start`."""
    assert event.original_start is not None
    original = event.original_start.at
    if event.cancelled:
        return Occurrence(original=original)
    assert event.start is not None
    assert event.end is not None
    told = Occurrence(original=original, start=event.start.at, end=event.end.at, title=event.title)
    usual = Occurrence(original=original, start=original, end=_end(series, original), title=series.title)
    return None if told == usual else told


def with_occurrence(spec: ConferenceSpec, original: datetime, occurrence: Occurrence | None) -> ConferenceSpec:
    """The series with that one time as told: None is as the series has it."""
    others = [each for each in spec.occurrences if each.original != original]
    told = [*others, *([occurrence] if occurrence else [])]
    return replace(spec, occurrences=tuple(sorted(told, key=lambda each: each.original)))


def still_taking_place(spec: ConferenceSpec, occurrences: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    """Those of the occurrences whose originals are times of the series: when it is moved, Calendar forgets the others.

    Of a series by more than a simple rule all of them.
    """
    told = tuple(occurrences)
    if not spec.recurrence or not told:
        return ()
    first, last = min(each.original for each in told), max(each.original for each in told)
    known = spans(replace(spec, occurrences=()), first, last + _MOMENT)
    if known is None:
        return told
    starts = {start for start, _ in known}
    return tuple(each for each in told if each.original in starts)


def cancelled_by_exdate(spec: ConferenceSpec) -> tuple[Occurrence, ...]:
    """Times that the series' own lines leave out."""
    try:
        return tuple(Occurrence(original=at) for at in sorted(_read(spec).removed))
    except _UNREADABLE:
        return ()


def upcoming(spec: ConferenceSpec, now: datetime, *, begun: bool = True) -> ConferenceSpec:
    """The spec from its next time on, with what is left of its count; unchanged if that is its first.

    The next is the first that is not over or, without `begun`, that has not begun, if there is one: a vendor that takes
    no start in the past would give the whole series the hour of now. It keeps the wall clock, so it never begins in an
    hour that the clocks leave out. Unchanged also if no time is left, or by more than a simple rule.
    """
    if not spec.recurrence or (_end(spec, spec.start) if begun else spec.start) > now:
        return spec
    try:
        series = _read(spec)
        rule, _ = _simple(series)
        found = _next(spec, series, now, begun=begun)
    except _UNREADABLE:
        return spec
    if found is None:
        return spec
    past, at = found
    lines = (
        spec.recurrence if rule.count is None else tuple(_counting(each, rule.count - past) for each in spec.recurrence)
    )
    return replace(spec, start=at.astimezone(UTC), end=_end(spec, at).astimezone(UTC), recurrence=lines)


def _next(spec: ConferenceSpec, series: "_Series", now: datetime, *, begun: bool) -> tuple[int, datetime] | None:
    """How many times of the rule come before the next one, and when that is."""
    going_on = None
    for past, at in enumerate(islice(_times(series), MAX_PAST)):
        instant = at.astimezone(UTC)
        if instant in series.removed or _naive(instant.astimezone(at.tzinfo)) != _naive(at) or _end(spec, at) <= now:
            continue
        if begun or instant > now:
            return past, at
        going_on = going_on or (past, at)
    return going_on


def _counting(line: str, left: int) -> str:
    return _COUNT.sub(f"COUNT={left}", line)


def _end(spec: ConferenceSpec, start: datetime) -> datetime:
    """The end of the instance with that start: as much later as the event's own, in whole days if it has no hours."""
    zone = ZoneInfo(spec.time_zone) if spec.all_day else UTC
    return start.astimezone(zone) + (_naive(spec.end.astimezone(zone)) - _naive(spec.start.astimezone(zone)))


# --- the lines -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Series:
    """An event's recurrence: the parts of its RRULE (none: {}), what RDATE adds and what EXDATE removes, in UTC.

    `start` is the event's, in its own time zone.
    """

    start: datetime
    rule: Mapping[str, str]
    added: frozenset[datetime]
    removed: frozenset[datetime]


def _read(spec: ConferenceSpec) -> _Series:
    """Raises what `_UNREADABLE` names, also for a second RRULE, an EXRULE, and whatever else may stand there."""
    zone = ZoneInfo(spec.time_zone)
    rules: list[Mapping[str, str]] = []
    dates: dict[str, set[datetime]] = {"RDATE": set(), "EXDATE": set()}
    for line in filter(None, map(str.strip, spec.recurrence)):
        head, _, value = line.partition(":")
        name, *parameters = head.split(";")
        if name.upper() == "RRULE":
            rules.append(_parts(value.upper(), zone, all_day=spec.all_day))
        else:
            tzid = _tzid(parameters) or zone
            dates[name.upper()] |= {_date(text, tzid, spec) for text in value.upper().split(",")}
    if len(rules) > 1:
        raise ValueError("several rules")
    return _Series(
        start=spec.start.astimezone(zone),
        rule=rules[0] if rules else {},
        added=frozenset(dates["RDATE"]),
        removed=frozenset(dates["EXDATE"]),
    )


def _parts(text: str, zone: ZoneInfo, *, all_day: bool) -> dict[str, str]:
    """The rule's parts, with UNTIL as dateutil wants it: a time in UTC."""
    parts = dict(part.split("=", 1) for part in text.rstrip(";").split(";"))
    if set(parts) - _PARTS or {"COUNT", "UNTIL"} <= set(parts):
        raise ValueError("not a simple rule")
    if "UNTIL" in parts:
        until = parts["UNTIL"] if "T" in parts["UNTIL"] else parts["UNTIL"] + "T235959"  # a date includes that day
        parts["UNTIL"] = f"{_instant(until, zone, all_day=all_day):%Y%m%dT%H%M%SZ}"
    return parts


def _tzid(parameters: list[str]) -> ZoneInfo | None:
    """None also for a name that is none of IANA's: clients that write Windows' names mean the event's own zone."""
    names = [value for name, _, value in (each.partition("=") for each in parameters) if name.upper() == "TZID"]
    return known(names[0]) if names else None


def _date(text: str, zone: ZoneInfo, spec: ConferenceSpec) -> datetime:
    """A time of RDATE or EXDATE in UTC. A bare date in a series with times means the time of that day."""
    if "T" not in text and not spec.all_day:
        own = ZoneInfo(spec.time_zone)
        first = spec.start.astimezone(own)
        return datetime.combine(datetime.fromisoformat(text).date(), first.time(), own).astimezone(UTC)
    return _instant(text, zone, all_day=spec.all_day)


def _instant(text: str, zone: ZoneInfo, *, all_day: bool) -> datetime:
    """The time in UTC; it is local to `zone` if it has no Z. Of an all-day event only the date counts, Z or not."""
    at = datetime.fromisoformat(text)
    if all_day:
        at = at.replace(hour=0, minute=0, second=0, tzinfo=None)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


# --- the rule --------------------------------------------------------------------------------------------------------


def _simple(series: _Series) -> tuple[SimpleRule, list[datetime]]:
    """The rule and its times, at the same wall-clock time each: all of them if they end, else the first.

    Raises ValueError or KeyError if it is not simple.
    """
    parts, start = series.rule, series.start
    interval = int(parts.get("INTERVAL", "1"))
    shape = _SHAPES[parts["FREQ"]](parts, start)
    if shape is None or interval < 1 or (interval > 1 and parts["FREQ"] == "DAILY" and shape.weekdays):
        raise ValueError("not a simple rule")
    ends = bool({"COUNT", "UNTIL"} & set(parts))
    times = list(islice(_times(series), MAX_COUNT + 1 if ends else 1))
    # a start outside its own rule: Calendar shows one instance more than the rule has
    if times[:1] != [start] or len(times) > MAX_COUNT:
        raise ValueError("not a simple rule")
    rule = replace(
        shape,
        interval=interval,
        week_start=WEEKDAYS.index(parts.get("WKST", "MO")),
        count=len(times) if ends else None,
    )
    return rule, times


def _times(series: _Series) -> Iterator[datetime]:
    """All times of the rule, in its own time zone."""
    text = ";".join(f"{name}={value}" for name, value in series.rule.items())
    return iter(rrulestr(text, dtstart=series.start))


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
        own = int(parts.get("BYMONTHDAY", start.day)) == start.day and "BYSETPOS" not in parts
        return SimpleRule(frequency=Frequency.MONTHLY, month_day=start.day) if own else None
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


def _naive(when: datetime) -> datetime:
    return when.replace(tzinfo=None)
