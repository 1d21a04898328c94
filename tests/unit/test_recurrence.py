"""Which rules are simple, that a simple rule means the same instants, and when the last of them is over."""

import re
import time
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.conference import ConferenceSpec
from confsync.domain.recurrence import MAX_COUNT, WEEKDAYS, Frequency, SimpleRule, last_end, simple_rule, upcoming

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2027, 3, 1, 10, 0, tzinfo=BERLIN)  # a Monday; the clocks change on 28 March
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Asia/Kolkata",
    "UTC",
]
HOUR = timedelta(hours=1)
SHOWN = 60
D, W, M = Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY


def event(*lines: str, start: datetime = START, length: timedelta = HOUR, all_day: bool = False) -> ConferenceSpec:
    """An event as it comes from Calendar: its times in UTC, its zone by name. All-day: midnight to midnight."""
    zone = start.tzinfo
    assert isinstance(zone, ZoneInfo)
    if all_day:
        start = start.replace(hour=0, minute=0, fold=0)
    end = start + length if all_day else start.astimezone(UTC) + length
    return ConferenceSpec(
        title="",
        start=start.astimezone(UTC),
        end=end.astimezone(UTC),
        time_zone=zone.key,
        all_day=all_day,
        recurrence=lines,
    )


def on(day: date, **more: object) -> ConferenceSpec:
    """An all-day event in New York, west of Greenwich, where midnight UTC is still the day before."""
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/New_York"))
    return replace(event(start=start, length=timedelta(days=1), all_day=True), **more)  # type: ignore[arg-type]


def weekly(*days: int, **rest: int) -> SimpleRule:
    return SimpleRule(frequency=W, weekdays=days, **rest)


# --- which rules are simple ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY", SimpleRule(frequency=D)),
        ("FREQ=DAILY;INTERVAL=3;COUNT=5", SimpleRule(frequency=D, interval=3, count=5)),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", weekly(0, 1, 2, 3, 4)),
        ("FREQ=WEEKLY", weekly(0)),
        ("FREQ=WEEKLY;COUNT=1", weekly(0, count=1)),
        ("FREQ=WEEKLY;BYDAY=WE,MO;WKST=SU", weekly(0, 2, week_start=6)),
        ("FREQ=WEEKLY;BYDAY=MO,MO", weekly(0)),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", weekly(0, interval=2)),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU;COUNT=4", weekly(0, 6, interval=2, week_start=6, count=4)),
        ("FREQ=MONTHLY", SimpleRule(frequency=M, month_day=1)),
        ("FREQ=MONTHLY;BYMONTHDAY=1", SimpleRule(frequency=M, month_day=1)),
        ("FREQ=MONTHLY;BYDAY=1MO", SimpleRule(frequency=M, weekdays=(0,), month_week=1)),
        ("FREQ=MONTHLY;BYDAY=+1MO", SimpleRule(frequency=M, weekdays=(0,), month_week=1)),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", SimpleRule(frequency=M, weekdays=(0,), month_week=1)),
        ("FREQ=DAILY;UNTIL=20270303T090000Z", SimpleRule(frequency=D, count=3)),
        ("FREQ=DAILY;UNTIL=20270303T085959Z", SimpleRule(frequency=D, count=2)),
        ("FREQ=DAILY;UNTIL=20270303T100000", SimpleRule(frequency=D, count=3)),
        ("FREQ=DAILY;UNTIL=20270303T095959", SimpleRule(frequency=D, count=2)),
        ("FREQ=DAILY;UNTIL=20270303", SimpleRule(frequency=D, count=3)),
        ("FREQ=DAILY;UNTIL=20270301", SimpleRule(frequency=D, count=1)),
        # 10:00 in Berlin is 9:00 UTC until March 28th and 8:00 UTC from then on
        ("FREQ=WEEKLY;UNTIL=20270329T080000Z", weekly(0, count=5)),
        ("FREQ=WEEKLY;UNTIL=20270329T075959Z", weekly(0, count=4)),
        (f"FREQ=DAILY;COUNT={MAX_COUNT}", SimpleRule(frequency=D, count=MAX_COUNT)),
        ("freq=weekly;byday=mo", weekly(0)),
        ("FREQ=WEEKLY;", weekly(0)),
    ],
)
def test_simple_rules(rule: str, expected: SimpleRule) -> None:
    assert simple_rule(event(f"RRULE:{rule}")) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY",
        "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1",
        "FREQ=YEARLY;COUNT=3",
        "FREQ=HOURLY",
        "FREQ=MINUTELY;COUNT=3",
        "FREQ=SECONDLY",
        "FREQ=SOMETIMES",
        "",
        "COUNT=3",
        "FREQ",
        "FREQ=WEEKLY;BYMONTH=3",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=WEEKLY;BYHOUR=10",
        "FREQ=WEEKLY;COUNT=3;UNTIL=20270401",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=-1",
        "FREQ=WEEKLY;INTERVAL=often",
        "FREQ=WEEKLY;UNTIL=tomorrow",
        "FREQ=WEEKLY;UNTIL=20270230",
        "FREQ=WEEKLY;UNTIL=20270228",  # before the start
        "FREQ=WEEKLY;UNTIL=20270301T085959Z",
        "FREQ=WEEKLY;COUNT=0",
        "FREQ=WEEKLY;COUNT=-1",
        "FREQ=WEEKLY;WKST=XX",
        "FREQ=WEEKLY;X-OFTEN=YES",
        "RSCALE=CHINESE;FREQ=MONTHLY;SKIP=FORWARD",
        "FREQ=WEEKLY;\r\n COUNT=3",  # folded, which Calendar's lines never are
        "FREQ=DAILY;INTERVAL=2;BYDAY=MO,WE",
        "FREQ=DAILY;BYDAY=1MO",
        "FREQ=DAILY;BYMONTHDAY=1",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=1,15",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=1MO,3MO",
        "FREQ=MONTHLY;BYDAY=5MO",
        "FREQ=MONTHLY;BYDAY=-2MO",
        "FREQ=MONTHLY;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1,2",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-2",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=1",
        "FREQ=WEEKLY;BYDAY=TU",  # the start, a Monday, is not one of them
        "FREQ=MONTHLY;BYMONTHDAY=2",
        "FREQ=DAILY;UNTIL=20400101",  # more than MAX_COUNT
        "FREQ=DAILY;UNTIL=99991231",
        f"FREQ=DAILY;COUNT={MAX_COUNT + 1}",
    ],
)
def test_rules_that_are_not(rule: str) -> None:
    assert simple_rule(event(f"RRULE:{rule}")) is None


@pytest.mark.parametrize("rule", ["FREQ=MONTHLY;BYDAY=5MO", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=5"])
def test_a_fifth_week_that_only_some_months_have_is_not_simple(rule: str) -> None:
    assert simple_rule(event(f"RRULE:{rule}", start=START.replace(day=29))) is None


@pytest.mark.parametrize(
    ("lines", "simple"),
    [
        (["RRULE:FREQ=WEEKLY", "EXDATE;TZID=Europe/Berlin:20270308T100000"], True),
        (["EXDATE:20270308T090000Z,20270315T090000Z", "RRULE:FREQ=WEEKLY"], True),
        (["", "RRULE:FREQ=WEEKLY ", " "], True),
        (["rrule:FREQ=WEEKLY", "exdate;value=date-time;tzid=America/New_York:20270308t040000"], True),
        (["RRULE:FREQ=WEEKLY", "RDATE:20270309T090000Z"], False),
        (["RRULE:FREQ=WEEKLY", "RDATE;VALUE=PERIOD:20270309T090000Z/PT1H"], False),
        (["RRULE:FREQ=WEEKLY", "RRULE:FREQ=DAILY"], False),
        (["RRULE:FREQ=WEEKLY", "EXRULE:FREQ=DAILY"], False),
        (["DTSTART:20270301T090000Z", "RRULE:FREQ=WEEKLY"], False),
        (["RRULE:FREQ=WEEKLY", "EXDATE;TZID=W. Europe Standard Time:20270308T100000"], True),
        (["RRULE:FREQ=WEEKLY", "EXDATE:20270308"], True),
        (["RRULE:FREQ=WEEKLY", "EXDATE:some day"], False),
        (["RRULE:FREQ=WEEKLY", "nonsense"], False),
        (["EXDATE:20270308T090000Z"], False),
        (["RDATE:20270309T090000Z"], False),
        ([], False),
    ],
)
def test_sets_of_lines(lines: list[str], simple: bool) -> None:
    assert (simple_rule(event(*lines)) is not None) is simple


@pytest.mark.parametrize("zone", ["W. Europe Standard Time", "GMT+01:00", "Europe", "", "../zone", "z" * 300])
def test_a_series_in_a_zone_that_nobody_knows_has_no_times(zone: str) -> None:
    spec = replace(event("RRULE:FREQ=WEEKLY;COUNT=3"), time_zone=zone)
    assert (simple_rule(spec), last_end(spec)) == (None, None)


@pytest.mark.parametrize(
    ("until", "count"),
    [("20270303", 3), ("20270303T000000Z", 3), ("20270302T235959Z", 2), ("20270303T230000", 3), ("20270301", 1)],
)
def test_the_last_day_of_an_all_day_series_is_a_date_however_it_is_written(until: str, count: int) -> None:
    spec = on(date(2027, 3, 1), recurrence=(f"RRULE:FREQ=DAILY;UNTIL={until}",))
    assert simple_rule(spec) == SimpleRule(frequency=D, count=count)


@pytest.mark.parametrize(
    ("until", "count"),
    [
        # 28 March 2:30 does not exist: that instance is at 3:30, 1:30 UTC
        ("20270328T012959Z", 1),
        ("20270328T013000Z", 2),
        # 31 October 2:30 is first 0:30 UTC, and again 1:30 UTC
        ("20271031T002959Z", 218),
        ("20271031T003000Z", 219),
        ("20271031T011500Z", 219),
    ],
)
def test_a_series_that_ends_in_the_hour_of_the_change(until: str, count: int) -> None:
    spec = event(f"RRULE:FREQ=DAILY;UNTIL={until}", start=datetime(2027, 3, 27, 2, 30, tzinfo=BERLIN))
    assert simple_rule(spec) == SimpleRule(frequency=D, count=count)


def test_the_weekdays_are_those_of_the_events_own_zone() -> None:
    spec = replace(event("RRULE:FREQ=WEEKLY;BYDAY=SU"), start=datetime(2027, 2, 28, 23, 30, tzinfo=UTC))
    assert simple_rule(replace(spec, time_zone="UTC")) == weekly(6)
    assert simple_rule(replace(spec, time_zone="Asia/Tokyo")) is None


# --- that they mean the same instants --------------------------------------------------------------------------------


def expand(rule: SimpleRule, start: datetime) -> Iterator[datetime]:
    """The instants as a vendor would work them out: day after day on a wall calendar, then by the clock of the zone."""
    first_week = start.date() - timedelta(days=(start.weekday() - rule.week_start) % 7)
    found = 0
    for number in range(40_000):
        day = start.date() + timedelta(days=number)
        if rule.frequency is D:
            fits = number % rule.interval == 0
        elif rule.frequency is W:
            fits = day.weekday() in rule.weekdays and (day - first_week).days // 7 % rule.interval == 0
        else:
            months = (day.year - start.year) * 12 + day.month - start.month
            fits = months % rule.interval == 0 and _in_month(rule, day)
        if fits:
            yield datetime.combine(day, start.time(), start.tzinfo).astimezone(UTC)
            found += 1
        if found == rule.count:
            return


def _in_month(rule: SimpleRule, day: date) -> bool:
    if rule.month_week is None:
        return day.day == rule.month_day
    last = day.day + 7 > monthrange(day.year, day.month)[1]
    return day.weekday() in rule.weekdays and (last if rule.month_week == -1 else (day.day + 6) // 7 == rule.month_week)


def instants(lines: list[str], start: datetime) -> Iterator[datetime]:
    """The event's own, as dateutil reads the whole block. All-day: start without a zone, as dates are."""
    block = rrulestr("\n".join(lines), dtstart=start, forceset=True, tzids=ZoneInfo)
    return iter(block)


@st.composite
def starts(draw: st.DrawFn) -> datetime:
    """A time at which something can begin, in one of the zones; often close to where the clocks change."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    day = draw(st.sampled_from([date(2027, 3, 7), date(2027, 3, 24), date(2027, 9, 28), date(2027, 10, 27)]))
    around = draw(st.integers(-7, 7))
    minutes = draw(st.sampled_from([0, 1, 2, 3, 10, 18, 23])) * 60 + draw(st.sampled_from([0, 30]))
    at = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=around, minutes=minutes)
    return at.astimezone(UTC).astimezone(zone)  # an hour that the clocks leave out is the one after


@st.composite
def rules(draw: st.DrawFn, start: datetime) -> str:
    """A rule without an end; mostly, but not always, one that has the start among its times."""
    own = WEEKDAYS[start.weekday()]
    days = draw(st.lists(st.sampled_from(WEEKDAYS), max_size=3, unique=True).map(lambda some: sorted({*some, own})))
    last = start.day + 7 > monthrange(start.year, start.month)[1]
    week = draw(st.sampled_from([(start.day + 6) // 7, *([-1] if last else [])]))
    by = draw(
        st.sampled_from(
            [
                "FREQ=DAILY",
                "FREQ=DAILY;BYDAY=" + ",".join(days),
                "FREQ=WEEKLY",
                "FREQ=WEEKLY;BYDAY=" + ",".join(days),
                "FREQ=MONTHLY",
                f"FREQ=MONTHLY;BYMONTHDAY={start.day}",
                f"FREQ=MONTHLY;BYMONTHDAY={start.day},-1",
                f"FREQ=MONTHLY;BYDAY={week}{own}",
                f"FREQ=MONTHLY;BYDAY={own};BYSETPOS={week}",
                f"FREQ=MONTHLY;BYDAY={','.join(days)};BYSETPOS={week}",
                f"FREQ=MONTHLY;BYDAY={own};BYSETPOS={week},3",
                f"FREQ=YEARLY;BYMONTH={start.month};BYDAY={week}{own}",
            ]
        )
    )
    interval = draw(st.sampled_from(["", ";INTERVAL=1", ";INTERVAL=2", ";INTERVAL=3"]))
    return by + interval + draw(st.sampled_from(["", ";WKST=MO", ";WKST=SU", ";WKST=WE"]))


@given(data=st.data(), start=starts(), all_day=st.booleans())
def test_a_simple_rule_means_the_same_instants(data: st.DataObject, start: datetime, all_day: bool) -> None:
    if all_day:
        start = start.replace(hour=0, minute=0, fold=0)
    text = data.draw(rules(start)) + data.draw(st.sampled_from(["", ";COUNT=1", ";COUNT=7", ";COUNT=40"]))
    rule = simple_rule(event(f"RRULE:{text}", start=start, all_day=all_day, length=timedelta(days=1)))
    if rule is None:
        assert re.search(r"DAILY;BYDAY.*INTERVAL|MONTHLY.*,|BYSETPOS=5|BYDAY=5|YEARLY", text), "the others are simple"
        return
    zone = start.tzinfo
    own = [
        at.replace(tzinfo=zone).astimezone(UTC)
        for at in islice(instants([f"RRULE:{text}"], start.replace(tzinfo=None)), SHOWN)
    ]
    assert list(islice(expand(rule, start), SHOWN)) == own


@given(data=st.data(), start=starts(), number=st.integers(1, 12), early=st.booleans())
def test_an_until_is_a_count(data: st.DataObject, start: datetime, number: int, early: bool) -> None:
    """It includes an instance at that very second, whatever the clocks did since the start."""
    text = data.draw(rules(start))
    endless = simple_rule(event(f"RRULE:{text}", start=start))
    if endless is None:
        return
    *_, last = islice(expand(endless, start), number + early)
    until = last - timedelta(seconds=early)
    bounded = simple_rule(event(f"RRULE:{text};UNTIL={until:%Y%m%dT%H%M%SZ}", start=start.replace(fold=0)))
    assert bounded == replace(endless, count=number)
    local = last.astimezone(start.tzinfo)
    on_date = simple_rule(event(f"RRULE:{text};UNTIL={local:%Y%m%d}", start=start))
    assert on_date == replace(endless, count=number + early)


@given(data=st.data(), start=starts(), holes=st.sets(st.integers(0, 6)), utc=st.booleans())
def test_an_exdate_takes_one_instant_away(data: st.DataObject, start: datetime, holes: set[int], utc: bool) -> None:
    start = start.replace(fold=0)
    text = f"RRULE:{data.draw(rules(start))};COUNT=7"
    rule = simple_rule(event(text, start=start))
    if rule is None:
        return
    times = list(expand(rule, start))
    zone = start.tzinfo
    assert isinstance(zone, ZoneInfo)
    lines = [
        text,
        *(
            f"EXDATE:{times[hole]:%Y%m%dT%H%M%SZ}"
            if utc
            else f"EXDATE;TZID={zone.key}:{times[hole].astimezone(zone):%Y%m%dT%H%M%S}"
            for hole in holes
        ),
    ]
    spec = event(*lines, start=start)
    assert simple_rule(spec) == rule, "the provider keeps that time, and nobody comes"
    left = [at for number, at in enumerate(times) if number not in holes]
    assert last_end(spec) == max(left, default=start.astimezone(UTC)) + HOUR


@given(st.text(max_size=60), st.sampled_from(["RRULE:", "RRULE:FREQ=WEEKLY;", "RDATE:", "EXDATE;", ""]))
def test_no_line_can_hurt(text: str, head: str) -> None:
    spec = event(head + text, "RRULE:FREQ=DAILY;COUNT=2")
    simple_rule(spec)
    last_end(spec)


PARTS = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYSETPOS", "WKST", "BYMONTH", "BYYEARDAY"]
VALUES = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "SECONDLY", "MO", "TU,5FR", "1MO", "SU", "0", "1", "-1", "2,3", "31"]
VALUES += ["20270501", "99991231T235959Z", "00010101", "9" * 30, "9" * 5000, "", "=", "FE"]


@given(st.lists(st.tuples(st.sampled_from(PARTS), st.sampled_from(VALUES)), max_size=6))
def test_a_series_that_may_end_is_known_to_end(parts: list[tuple[str, str]]) -> None:
    """A provider told of a last time would end the meeting, and nobody would see that another event needs it longer."""
    spec = event("RRULE:" + ";".join(f"{name}={value}" for name, value in parts))
    rule, ends = simple_rule(spec), last_end(spec)
    assert (rule is not None and rule.count is not None) == (ends is not None)


# --- when it is over -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recurrence", "last"),
    [
        ((), date(2026, 3, 2)),
        (("RRULE:FREQ=WEEKLY;COUNT=4",), date(2026, 3, 23)),
        (("RRULE:FREQ=WEEKLY;UNTIL=20260330T080000Z",), date(2026, 3, 30)),
        (("RRULE:FREQ=WEEKLY;UNTIL=20260330T075959Z",), date(2026, 3, 23)),
        (("RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260316T090000Z"), date(2026, 3, 9)),
        (("RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260302T090000Z"), date(2026, 3, 16)),
        (("RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE;TZID=Asia/Kolkata:20260309T143000"), date(2026, 3, 2)),
        (("RRULE:FREQ=WEEKLY;COUNT=1", "EXDATE:20260302T090000Z"), date(2026, 3, 2)),  # it has no time at all
        (("RRULE:FREQ=WEEKLY;COUNT=2", "RDATE:20300101T090000Z"), date(2030, 1, 1)),
        (("RRULE:FREQ=WEEKLY;COUNT=2", "RDATE;TZID=Europe/Berlin:20300701T100000,20300101T100000"), date(2030, 7, 1)),
        (("RRULE:FREQ=WEEKLY;COUNT=2", "RDATE:20260101T090000Z"), date(2026, 3, 9)),
        (("RDATE;TZID=Europe/Berlin:20260401T100000",), date(2026, 4, 1)),
        (("RDATE:20260401T080000Z", "EXDATE:20260401T080000Z"), date(2026, 3, 2)),
        (("RRULE:FREQ=WEEKLY;COUNT=2", "RDATE;VALUE=PERIOD:20300101T090000Z/P1D"), None),
        (("RRULE:FREQ=WEEKLY",), None),
        (("RRULE:FREQ=WEEKLY", "EXDATE:20260309T090000Z"), None),
        (("RRULE:FREQ=DAILY;COUNT=5000",), None),
        (("RRULE:FREQ=YEARLY;COUNT=3",), None),  # longer than we look: no provider is told of its end
        (("RRULE:FREQ=WEEKLY;COUNT=3", "RRULE:FREQ=DAILY;COUNT=3"), None),
        (("RRULE:FREQ=WEEKLY;COUNT=3", "EXRULE:FREQ=DAILY;COUNT=3"), None),
        (("RRULE:nonsense",), None),
    ],
)
def test_when_the_last_time_is_over(recurrence: tuple[str, ...], last: date | None) -> None:
    spec = event(*recurrence, start=datetime(2026, 3, 2, 10, tzinfo=BERLIN))  # the clocks change on 29 March
    expected = datetime(last.year, last.month, last.day, 11, tzinfo=BERLIN) if last else None
    assert last_end(spec) == expected


def test_an_instance_lasts_as_long_as_the_first_even_if_the_clocks_change_meanwhile() -> None:
    spec = event("RRULE:FREQ=DAILY;COUNT=2", start=datetime(2027, 3, 26, 22, tzinfo=BERLIN), length=timedelta(hours=8))
    assert last_end(spec) == datetime(2027, 3, 28, 7, tzinfo=BERLIN)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("first", [date(2027, 2, 27), date(2027, 3, 13), date(2027, 3, 27), date(2027, 10, 30)])
def test_days_are_whole_days_even_if_the_clocks_change_meanwhile(zone: str, first: date) -> None:
    """Weekends, every week; some of them have 47 hours, or 49."""
    start = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone))
    spec = event("RRULE:FREQ=WEEKLY;UNTIL=20271205", start=start, length=timedelta(days=2), all_day=True)
    assert last_end(spec) == datetime(2027, 12, 6, tzinfo=start.tzinfo)


def test_single_days_of_an_all_day_series() -> None:
    lines = ("RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20270303", "EXDATE:20270302T000000Z")
    assert last_end(on(date(2027, 3, 1), recurrence=lines)) == on(date(2027, 3, 1)).end
    assert last_end(on(date(2027, 3, 1), recurrence=(*lines, "RDATE;VALUE=DATE:20270401"))) == on(date(2027, 4, 1)).end


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;COUNT=1",
        "FREQ=SECONDLY;UNTIL=99991231T235959Z",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30;COUNT=1",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU;COUNT=1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;COUNT=1000",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6;COUNT=1",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31;COUNT=1",
        "FREQ=WEEKLY;INTERVAL=99999999999999;COUNT=1000",
        "FREQ=DAILY;COUNT=99999999999999",
        "FREQ=DAILY;UNTIL=99991231",
    ],
)
def test_no_rule_takes_long(rule: str) -> None:
    """Each of them is worked out at every change of its event."""
    spec = event(f"RRULE:{rule}", start=datetime(2027, 2, 1, 10, tzinfo=BERLIN))
    started = time.process_time()
    simple_rule(spec)
    last_end(spec)
    assert time.process_time() - started < 1


# --- the next time ---------------------------------------------------------------------------------------------------

JANUARY = datetime(2027, 1, 4, 10, tzinfo=BERLIN)  # a Monday, in winter


@pytest.mark.parametrize(
    ("lines", "now", "start", "left"),
    [
        # in April the clocks have changed, and it still begins at ten
        (["RRULE:FREQ=WEEKLY"], "2027-04-06T00:00", "2027-04-12T10:00", ["RRULE:FREQ=WEEKLY"]),
        (["RRULE:FREQ=WEEKLY;COUNT=20"], "2027-04-06T00:00", "2027-04-12T10:00", ["RRULE:FREQ=WEEKLY;COUNT=6"]),
        (["rrule:freq=weekly;count=+20"], "2027-04-06T00:00", "2027-04-12T10:00", ["rrule:freq=weekly;COUNT=6"]),
        (
            ["RRULE:FREQ=WEEKLY;UNTIL=20270501"],
            "2027-04-06T00:00",
            "2027-04-12T10:00",
            ["RRULE:FREQ=WEEKLY;UNTIL=20270501"],
        ),
        # the next time is one that does not take place
        (
            ["RRULE:FREQ=WEEKLY;COUNT=20", "EXDATE;TZID=Europe/Berlin:20270412T100000"],
            "2027-04-06T00:00",
            "2027-04-19T10:00",
            ["RRULE:FREQ=WEEKLY;COUNT=5", "EXDATE;TZID=Europe/Berlin:20270412T100000"],
        ),
        (["RRULE:FREQ=MONTHLY;BYDAY=1MO"], "2027-04-06T00:00", "2027-05-03T10:00", ["RRULE:FREQ=MONTHLY;BYDAY=1MO"]),
        # one is going on: the one after it
        (["RRULE:FREQ=WEEKLY;COUNT=20"], "2027-01-11T10:30", "2027-01-18T10:00", ["RRULE:FREQ=WEEKLY;COUNT=18"]),
        # the last one is going on
        (["RRULE:FREQ=WEEKLY;COUNT=2"], "2027-01-11T10:30", "2027-01-11T10:00", ["RRULE:FREQ=WEEKLY;COUNT=1"]),
    ],
)
def test_a_series_that_began_in_the_past_begins_with_its_next_time(
    lines: list[str], now: str, start: str, left: list[str]
) -> None:
    next_start = datetime.fromisoformat(start).replace(tzinfo=BERLIN)
    spec = event(*lines, start=JANUARY)
    at = upcoming(spec, datetime.fromisoformat(now).replace(tzinfo=BERLIN), begun=False)
    assert at == replace(spec, start=next_start, end=next_start + HOUR, recurrence=tuple(left))


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["RRULE:FREQ=WEEKLY;COUNT=2"],  # all of it is over
        ["RRULE:FREQ=WEEKLY;COUNT=20", "RRULE:FREQ=DAILY"],
        ["RRULE:FREQ=YEARLY"],
        ["RDATE:20290101T000000Z"],
        ["RRULE:nonsense"],
    ],
)
@pytest.mark.parametrize("begun", [True, False])
def test_what_has_no_next_time_that_we_know_stays_as_it_is(lines: list[str], begun: bool) -> None:
    spec = event(*lines, start=JANUARY)
    assert upcoming(spec, JANUARY + timedelta(days=99), begun=begun) == spec


def test_what_is_to_come_stays_as_it_is() -> None:
    spec = event("RRULE:FREQ=WEEKLY;COUNT=2", start=JANUARY)
    assert upcoming(spec, JANUARY - timedelta(seconds=1), begun=False) == spec
    assert upcoming(spec, JANUARY + HOUR - timedelta(seconds=1)) == spec


def test_a_series_does_not_begin_in_the_hour_that_the_clocks_leave_out() -> None:
    """From half past three it would go on at half past three."""
    spec = event("RRULE:FREQ=DAILY;COUNT=9", start=datetime(2027, 3, 25, 2, 30, tzinfo=BERLIN))
    at = upcoming(spec, datetime(2027, 3, 27, 12, tzinfo=BERLIN))
    assert at.start == datetime(2027, 3, 29, 2, 30, tzinfo=BERLIN)
    assert at.recurrence == ("RRULE:FREQ=DAILY;COUNT=5",)


def test_days_without_hours_go_on_at_midnight() -> None:
    spec = on(date(2027, 3, 1), recurrence=("RRULE:FREQ=WEEKLY;COUNT=9",))
    later = on(date(2027, 3, 22), recurrence=("RRULE:FREQ=WEEKLY;COUNT=6",))
    assert upcoming(spec, later.start - timedelta(days=3)) == later
    assert upcoming(spec, later.start + timedelta(hours=5)) == later


def test_of_times_that_overlap_the_first_that_goes_on_is_the_next_if_none_is_to_come() -> None:
    spec = event("RRULE:FREQ=DAILY;COUNT=2", length=timedelta(days=2))
    assert upcoming(spec, spec.start + timedelta(days=1), begun=False) == spec


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    start=st.datetimes(datetime(2027, 1, 1), datetime(2028, 12, 31)).map(lambda at: at.replace(microsecond=0)),
    rule=st.sampled_from(["DAILY", "DAILY;INTERVAL=3", "WEEKLY", "WEEKLY;INTERVAL=2;BYDAY={day},{other}", "MONTHLY"]),
    other=st.integers(0, 6),
    end=st.sampled_from(["", ";COUNT={number}", ";UNTIL={until}"]),
    number=st.integers(1, 60),
    removed=st.sets(st.integers(0, 59), max_size=5),
    length=st.timedeltas(timedelta(minutes=15), timedelta(days=3)),
    passed=st.timedeltas(timedelta(0), timedelta(days=400)),
    begun=st.booleans(),
)
def test_the_rest_of_a_series_is_what_is_to_come_of_it(
    zone: ZoneInfo,
    start: datetime,
    rule: str,
    other: int,
    end: str,
    number: int,
    removed: set[int],
    length: timedelta,
    passed: timedelta,
    begun: bool,
) -> None:
    """Whatever its end, and however the clocks change: the same instants, and the first of them the next."""
    start = start.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(fold=0)
    day, until = WEEKDAYS[start.weekday()], (start + timedelta(days=number)).astimezone(UTC)
    text = f"FREQ={rule}{end}".format(day=day, other=WEEKDAYS[other], number=number, until=f"{until:%Y%m%dT%H%M%SZ}")
    own = list(islice(instances(text, start), 500))
    gone = {own[index] for index in removed if index < len(own)}
    exceptions = [f"EXDATE:{at:%Y%m%dT%H%M%SZ}" for at in gone]
    spec = event(f"RRULE:{text}", *exceptions, start=start, length=length)
    now = spec.start + passed
    rest = upcoming(spec, now, begun=begun)

    alive = [
        at for at in own if at not in gone and at + length > now and wall_clock(at, zone) == wall_clock(start, zone)
    ]
    to_come = [at for at in alive if at > now]
    first_is_next = (spec.end if begun else spec.start) > now
    expected = spec.start if first_is_next or not alive else alive[0] if begun else (to_come or alive)[0]
    assert (rest.start, rest.end) == (expected, expected + length)
    left = instances(rest.recurrence[0].removeprefix("RRULE:"), rest.start.astimezone(zone))
    since = own.index(rest.start)
    assert list(islice(left, 60)) == own[since : since + 60]


def instances(text: str, start: datetime) -> Iterator[datetime]:
    """dateutil's own, in UTC."""
    return (at.astimezone(UTC) for at in rrulestr(text, dtstart=start))


def wall_clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M:%S}"
