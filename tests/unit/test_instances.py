"""Which times of a series a vendor has otherwise than the event."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.conference import ConferenceSpec, Occurrence
from confsync.domain.instances import Differences, Instance, differences

HOUR = timedelta(hours=1)
START = datetime(2027, 3, 1, 10, tzinfo=ZoneInfo("Europe/Berlin"))
SERIES = ConferenceSpec(
    title="Weekly", start=START, end=START + HOUR, time_zone="Europe/Berlin", recurrence=("RRULE:FREQ=WEEKLY;COUNT=6",)
)
TIMES = [(START + timedelta(weeks=week)).astimezone(UTC) for week in range(6)]
SINCE, UNTIL = TIMES[0] - HOUR, TIMES[5] + HOUR


def instance(week: int, by: timedelta = timedelta(0), title: str | None = "Weekly") -> Instance:
    """That time as the vendor has it."""
    start = TIMES[week] + by
    return Instance(id=str(week), original=TIMES[week], start=start, end=start + HOUR, title=title)


def occurrence(week: int, by: timedelta = timedelta(0), title: str = "Weekly") -> Occurrence:
    """That time as the event has it."""
    start = TIMES[week] + by
    return Occurrence(original=TIMES[week], start=start, end=start + HOUR, title=title)


ALL = [instance(week) for week in range(6)]


@pytest.mark.parametrize(
    ("occurrences", "kept", "expected"),
    [
        ((), ALL, Differences()),
        ((Occurrence(original=TIMES[1]),), ALL, Differences(cancel=("1",))),
        ((Occurrence(original=TIMES[1]),), [*ALL[:1], *ALL[2:]], Differences()),
        ((occurrence(2, HOUR),), ALL, Differences(change=(instance(2, HOUR),))),
        ((occurrence(2, HOUR),), [*ALL[:2], instance(2, HOUR), *ALL[3:]], Differences()),
        ((), [*ALL[:2], instance(2, HOUR), *ALL[3:]], Differences(change=(instance(2),))),
        ((occurrence(3, title="New"),), ALL, Differences(change=(instance(3, title="New"),))),
        ((), [*ALL[:3], instance(3, title="Old"), *ALL[4:]], Differences(change=(instance(3),))),
        ((), ALL[:5], Differences(missing=True)),
        ((Occurrence(original=TIMES[1]),), ALL[:5], Differences(cancel=("1",), missing=True)),
        ((Occurrence(original=TIMES[1] + HOUR),), ALL, Differences()),
    ],
    ids=[
        "nothing",
        "cancelled",
        "cancelled already",
        "moved",
        "moved already",
        "moved there only",
        "renamed",
        "renamed there only",
        "missing",
        "cancelled and missing",
        "no time of the series",
    ],
)
def test_what_is_to_be_done(occurrences: tuple[Occurrence, ...], kept: list[Instance], expected: Differences) -> None:
    assert differences(replace(SERIES, occurrences=occurrences), kept, SINCE, UNTIL) == expected


@pytest.mark.parametrize(("since", "until"), [(TIMES[1], UNTIL), (SINCE, TIMES[4])])
def test_what_is_over_or_beyond_is_left_alone(since: datetime, until: datetime) -> None:
    spec = replace(SERIES, occurrences=(Occurrence(original=TIMES[0]), Occurrence(original=TIMES[5])))
    found = differences(spec, ALL, since, until)
    assert len(found.cancel) == 1


def test_a_name_that_the_vendor_does_not_tell_is_sent_if_it_differs() -> None:
    untold = [replace(each, title=None) for each in ALL]
    spec = replace(SERIES, occurrences=(occurrence(3, title="New"),))
    assert [each.id for each in differences(spec, untold, SINCE, UNTIL).change] == ["3"]


def test_dates_that_the_lines_leave_out_are_not_missing() -> None:
    spec = replace(
        SERIES,
        recurrence=(*SERIES.recurrence, "EXDATE;TZID=Europe/Berlin:20270308T100000"),
        occurrences=(Occurrence(original=TIMES[1]),),
    )
    assert differences(spec, ALL, SINCE, UNTIL) == Differences(cancel=("1",))


@pytest.mark.parametrize("line", ["RRULE:FREQ=YEARLY", "RRULE:FREQ=SOMETIMES"])
def test_of_more_than_a_simple_rule_nothing_is_told(line: str) -> None:
    spec = replace(SERIES, recurrence=(line,), occurrences=(Occurrence(original=TIMES[1]),))
    assert differences(spec, [], SINCE, UNTIL) == Differences()


weeks = st.integers(0, 5)
by = st.sampled_from([timedelta(0), HOUR, -HOUR, timedelta(days=1)])
told = st.dictionaries(weeks, st.one_of(st.none(), st.tuples(by, st.sampled_from(["Weekly", "New"]))))


@given(told, told)
def test_doing_it_makes_them_agree(
    wanted: dict[int, tuple[timedelta, str] | None], has: dict[int, tuple[timedelta, str] | None]
) -> None:
    """Whatever the vendor has; a series that was made anew has all times as the rule has them."""
    spec = replace(
        SERIES,
        occurrences=tuple(
            occurrence(week, *change) if change else Occurrence(original=TIMES[week])
            for week, change in sorted(wanted.items())
        ),
    )
    kept = {week: instance(week) for week in range(6)}
    for week, change in has.items():
        kept |= {week: instance(week, *change)} if change else {}
        if change is None:
            del kept[week]
    found = differences(spec, kept.values(), SINCE - timedelta(days=2), UNTIL)
    if found.missing:
        kept = {week: instance(week) for week in range(6)}
        found = differences(spec, kept.values(), SINCE - timedelta(days=2), UNTIL)
    kept = {week: each for week, each in kept.items() if each.id not in found.cancel}
    kept |= {int(each.id): each for each in found.change}
    assert differences(spec, kept.values(), SINCE - timedelta(days=2), UNTIL) == Differences()
    assert set(kept) == set(range(6)) - {week for week, change in wanted.items() if change is None}
