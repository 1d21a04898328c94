"""Which rules are simple, and that a simple rule means the same instances."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule, rrulestr, weekday
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.conference import ConferenceSpec
from confsync.domain.recurrence import MAX_COUNT, WEEKDAYS, Frequency, SimpleRule, last_end, simple_rule

START = datetime(2027, 3, 1, 10, 0, tzinfo=ZoneInfo("Europe/Berlin"))  # a Monday
D, W, M = Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY


def weekly(*days: int, **rest: int) -> SimpleRule:
    return SimpleRule(frequency=W, weekdays=days, **rest)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY", SimpleRule(frequency=D)),
        ("FREQ=DAILY;INTERVAL=3;COUNT=5", SimpleRule(frequency=D, interval=3, count=5)),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", weekly(0, 1, 2, 3, 4)),
        ("FREQ=WEEKLY", weekly(0)),
        ("FREQ=WEEKLY;BYDAY=WE,MO;WKST=SU", weekly(0, 2, week_start=6)),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", weekly(0, interval=2)),
        ("FREQ=MONTHLY", SimpleRule(frequency=M, month_day=1)),
        ("FREQ=MONTHLY;BYMONTHDAY=1", SimpleRule(frequency=M, month_day=1)),
        ("FREQ=MONTHLY;BYDAY=1MO", SimpleRule(frequency=M, weekdays=(0,), month_week=1)),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", SimpleRule(frequency=M, weekdays=(0,), month_week=1)),
        ("FREQ=DAILY;UNTIL=20270303T090000Z", SimpleRule(frequency=D, count=3)),
        ("FREQ=DAILY;UNTIL=20270303T085959Z", SimpleRule(frequency=D, count=2)),
        ("FREQ=DAILY;UNTIL=20270303T100000", SimpleRule(frequency=D, count=3)),
        ("FREQ=DAILY;UNTIL=20270303", SimpleRule(frequency=D, count=3)),
        # 10:00 in Berlin is 9:00 UTC until March 28th and 8:00 UTC from then on
        ("FREQ=WEEKLY;UNTIL=20270329T080000Z", weekly(0, count=5)),
        ("FREQ=WEEKLY;UNTIL=20270329T075959Z", weekly(0, count=4)),
        ("freq=weekly;byday=mo", weekly(0)),
        ("FREQ=WEEKLY;", weekly(0)),
    ],
)
def test_simple_rules(rule: str, expected: SimpleRule) -> None:
    assert simple_rule([f"RRULE:{rule}"], START) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY",
        "FREQ=HOURLY",
        "FREQ=SOMETIMES",
        "",
        "COUNT=3",
        "FREQ",
        "FREQ=WEEKLY;BYMONTH=3",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=WEEKLY;COUNT=3;UNTIL=20270401",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=often",
        "FREQ=WEEKLY;UNTIL=tomorrow",
        "FREQ=WEEKLY;COUNT=0",
        "FREQ=WEEKLY;WKST=XX",
        "FREQ=DAILY;INTERVAL=2;BYDAY=MO,WE",
        "FREQ=DAILY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYMONTHDAY=1,15",
        "FREQ=MONTHLY;BYDAY=1MO,3MO",
        "FREQ=MONTHLY;BYDAY=5MO",
        "FREQ=MONTHLY;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1,2",
        "FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=1",
        "FREQ=WEEKLY;BYDAY=TU",  # the start, a Monday, is not one of them
        "FREQ=MONTHLY;BYMONTHDAY=2",
        "FREQ=DAILY;UNTIL=20400101",  # more than MAX_COUNT
        f"FREQ=DAILY;COUNT={MAX_COUNT + 1}",
    ],
)
def test_rules_that_are_not(rule: str) -> None:
    assert simple_rule([f"RRULE:{rule}"], START) is None


@pytest.mark.parametrize(
    ("lines", "simple"),
    [
        (["RRULE:FREQ=WEEKLY"], True),
        (["RRULE:FREQ=WEEKLY", "EXDATE;TZID=Europe/Berlin:20270308T100000"], True),
        (["EXDATE:20270308T090000Z", "RRULE:FREQ=WEEKLY"], True),
        (["RRULE:FREQ=WEEKLY", "RDATE:20270309T090000Z"], False),
        (["RRULE:FREQ=WEEKLY", "RRULE:FREQ=DAILY"], False),
        (["RRULE:FREQ=WEEKLY", "EXRULE:FREQ=DAILY"], False),
        (["EXDATE:20270308T090000Z"], False),
        (["RDATE:20270309T090000Z"], False),
        ([], False),
    ],
)
def test_sets_of_lines(lines: list[str], simple: bool) -> None:
    assert (simple_rule(lines, START) is not None) is simple


@given(st.text(max_size=60))
def test_no_line_can_hurt(text: str) -> None:
    assert simple_rule([f"RRULE:{text}"], START) is None or text


FREQUENCIES = {D: DAILY, W: WEEKLY, M: MONTHLY}


def expand(rule: SimpleRule) -> list[datetime]:
    """The instances as a provider would work them out."""
    days = [weekday(day, rule.month_week) for day in rule.weekdays] if rule.month_week else list(rule.weekdays)
    times = rrule(
        FREQUENCIES[rule.frequency],  # type: ignore[arg-type]
        dtstart=START.replace(tzinfo=None),
        interval=rule.interval,
        wkst=rule.week_start,
        count=rule.count,
        byweekday=days or None,
        bymonthday=rule.month_day,
    )
    return list(islice(times, 30))


@given(
    frequency=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    interval=st.integers(1, 4),
    days=st.lists(st.sampled_from(WEEKDAYS), max_size=4, unique=True),
    ordinal=st.sampled_from(["", "1", "-1", "2"]),
    wkst=st.sampled_from(["", ";WKST=SU", ";WKST=MO"]),
    end=st.sampled_from(["", ";COUNT=7", ";UNTIL=20280101T000000Z"]),
)
def test_a_simple_rule_means_the_same_instances(
    frequency: str, interval: int, days: list[str], ordinal: str, wkst: str, end: str
) -> None:
    by_day = f";BYDAY={','.join(ordinal + day for day in days)}" if days else ""
    text = f"RRULE:FREQ={frequency};INTERVAL={interval}{by_day}{wkst}{end}"
    rule = simple_rule([text], START)
    if rule is not None:
        original = rrulestr(text.replace("000Z", "000"), dtstart=START.replace(tzinfo=None))
        assert expand(rule) == list(islice(original, 30))


def test_the_start_may_be_in_any_zone() -> None:
    start = datetime(2027, 3, 1, 23, 30, tzinfo=UTC) - timedelta(days=1)
    assert simple_rule(["RRULE:FREQ=WEEKLY;BYDAY=SU"], start) == weekly(6)
    assert simple_rule(["RRULE:FREQ=WEEKLY;BYDAY=MO"], start.astimezone(ZoneInfo("Asia/Tokyo"))) == weekly(0)


@pytest.mark.parametrize(
    ("recurrence", "last"),
    [
        ((), date(2026, 3, 2)),
        (("RRULE:FREQ=WEEKLY;COUNT=4",), date(2026, 3, 23)),
        (("RRULE:FREQ=WEEKLY;UNTIL=20260330T080000Z",), date(2026, 3, 30)),
        (("RRULE:FREQ=WEEKLY;UNTIL=20260330T075959Z",), date(2026, 3, 23)),
        (("RRULE:FREQ=YEARLY;COUNT=3", "EXDATE:20270302T090000Z"), date(2028, 3, 2)),
        (("RRULE:FREQ=WEEKLY",), None),
        (("RRULE:FREQ=DAILY;COUNT=5000",), None),
        (("RRULE:FREQ=WEEKLY;COUNT=2", "RDATE:20300101T090000Z"), None),
        (("RRULE:nonsense",), None),
    ],
)
def test_when_the_last_time_is_over(recurrence: tuple[str, ...], last: date | None) -> None:
    start = datetime(2026, 3, 2, 10, tzinfo=START.tzinfo)  # the clocks change on 29 March
    spec = ConferenceSpec(
        title="", start=start, end=start + timedelta(hours=1), time_zone="Europe/Berlin", recurrence=recurrence
    )
    expected = datetime(last.year, last.month, last.day, 11, tzinfo=START.tzinfo) if last else None
    assert last_end(spec) == expected
