"""Which host has room for a meeting."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.conference import Applied, Conference, ConferenceSpec, Desired, Occurrence, Reference
from confsync.domain.host import Host
from confsync.domain.hosting import has_room, hosted_by, over
from confsync.domain.recurrence import spans

NOW = datetime(2027, 3, 1, 8, tzinfo=UTC)
MONDAY = datetime(2027, 3, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HOST = Host(key="k", provider="zoom", account="rooms@example.com", expire_at=NOW)


def at(start: datetime, length: timedelta = HOUR, *rules: str, **more: object) -> ConferenceSpec:
    return ConferenceSpec(
        title="Standup",
        start=start,
        end=start + length,
        time_zone="Europe/Berlin",
        recurrence=rules,
        **more,  # type: ignore[arg-type]
    )


def room_for(wanted: ConferenceSpec, *taken: ConferenceSpec, at_once: int = 1) -> bool:
    host = HOST
    for number, each in enumerate(taken):
        host = host.booking(f"c{number}", [each], NOW)
    return has_room(host, "mine", [wanted], NOW, at_once=at_once)


WEEKLY = "RRULE:FREQ=WEEKLY"
IN_A_YEAR = MONDAY + 52 * 7 * DAY


@pytest.mark.parametrize(
    ("wanted", "taken", "expected"),
    [
        (at(MONDAY), at(MONDAY + HOUR), True),
        (at(MONDAY), at(MONDAY - HOUR), True),
        (at(MONDAY), at(MONDAY + HOUR / 2), False),
        (at(MONDAY, 3 * HOUR), at(MONDAY + HOUR), False),
        (at(MONDAY), at(MONDAY - 2 * DAY, HOUR, WEEKLY), True),
        (at(MONDAY), at(MONDAY - 70 * DAY, HOUR, WEEKLY), False),
        (at(MONDAY + 70 * DAY - HOUR), at(MONDAY, HOUR, WEEKLY + ";COUNT=10"), True),
        (at(MONDAY + 63 * DAY - HOUR), at(MONDAY, HOUR, WEEKLY + ";COUNT=10"), False),
        (at(MONDAY, HOUR, WEEKLY), at(MONDAY + DAY, HOUR, WEEKLY), True),
        (at(MONDAY, HOUR, WEEKLY), at(MONDAY + DAY, HOUR, "RRULE:FREQ=DAILY"), False),
        (at(MONDAY), at(MONDAY - 7 * DAY, HOUR, WEEKLY, "EXDATE;TZID=Europe/Berlin:20270301T110000"), True),
        (at(MONDAY + 21 * DAY), at(MONDAY, HOUR, WEEKLY), False),
        # the clocks of Berlin change on March 28
        (at(MONDAY + 28 * DAY), at(MONDAY, HOUR, WEEKLY), True),
        (at(MONDAY + 28 * DAY - HOUR), at(MONDAY, HOUR, WEEKLY), False),
        (at(MONDAY), at(MONDAY + 5 * HOUR, HOUR, "RRULE:FREQ=YEARLY"), False),
        (at(MONDAY - 2 * DAY), at(MONDAY - 2 * DAY), True),
    ],
)
def test_times_that_meet_need_two_hosts(wanted: ConferenceSpec, taken: ConferenceSpec, expected: bool) -> None:
    assert room_for(wanted, taken) is expected
    assert room_for(taken, wanted) is expected


def test_a_cancelled_time_of_a_series_takes_nobody_and_a_moved_one_where_it_is() -> None:
    series = at(
        MONDAY,
        HOUR,
        WEEKLY,
        occurrences=(
            Occurrence(original=MONDAY + 7 * DAY),
            Occurrence(original=MONDAY + 14 * DAY, start=MONDAY + 15 * DAY, end=MONDAY + 15 * DAY + HOUR),
        ),
    )
    assert room_for(at(MONDAY + 7 * DAY), series)
    assert room_for(at(MONDAY + 14 * DAY), series)
    assert not room_for(at(MONDAY + 15 * DAY), series)


def test_a_licence_for_several_at_once() -> None:
    workshop, one, two = at(MONDAY, 4 * HOUR), at(MONDAY), at(MONDAY + 2 * HOUR)
    assert room_for(workshop, one, two, at_once=2), "they do not overlap each other"
    assert not room_for(workshop, one, replace(two, start=MONDAY), at_once=2)
    assert room_for(workshop, one, replace(two, start=MONDAY), at_once=3)


def test_its_own_booking_is_in_nobodys_way() -> None:
    host = HOST.booking("mine", [at(MONDAY)], NOW)
    assert has_room(host, "mine", [at(MONDAY + HOUR / 2)], NOW, at_once=1)
    assert not has_room(host, "other", [at(MONDAY)], NOW, at_once=1)


def test_people_s_words_are_not_in_a_booking() -> None:
    spec = replace(at(MONDAY), description="secret", attendees=("ann@example.com",), host="ann@example.com")
    (kept,) = HOST.booking("mine", [spec], NOW).booked["mine"]
    assert kept == replace(at(MONDAY), title="")


def test_what_is_over_is_known() -> None:
    host = HOST.booking("over", [at(MONDAY - 2 * DAY)], NOW).booking("open", [at(MONDAY)], NOW)
    assert over(host, NOW) == ["over"]


def test_who_hosts_a_conference() -> None:
    spec = at(MONDAY)
    conference = Conference(
        id="c",
        solution="zoom",
        tenant="t",
        host="ann@example.com",
        desired=Desired(version=1, spec=spec),
        created_at=NOW,
    )
    assert hosted_by(conference) is None
    being_made = replace(conference, sent_spec=replace(spec, host="rooms@example.com"))
    assert hosted_by(being_made) == "rooms@example.com"
    made = replace(being_made, applied=Applied(reference=Reference(ids={"id": "1"}, host="other@example.com")))
    assert hosted_by(made) == "other@example.com"
    unwanted = Desired(version=2, spec=None)
    assert hosted_by(replace(made, desired=unwanted)) == "other@example.com", "while its meeting is there"
    assert hosted_by(replace(being_made, desired=unwanted)) is None
    assert hosted_by(replace(being_made, desired=unwanted, creating_since=NOW)) == "rooms@example.com"


minutes = st.integers(0, 300).map(lambda n: timedelta(minutes=15 * n))


@given(st.lists(st.tuples(minutes, st.integers(1, 8)), max_size=6), minutes, st.integers(1, 8), st.integers(1, 3))
def test_it_is_as_minute_by_minute(
    taken: list[tuple[timedelta, int]], start: timedelta, quarters: int, at_once: int
) -> None:
    length = quarters * HOUR / 4
    specs = [at(MONDAY + begins, n * HOUR / 4) for begins, n in taken]
    wanted = at(MONDAY + start, length)
    moments = [wanted.start + n * HOUR / 4 for n in range(quarters)]
    most = max(sum(spec.start <= moment < spec.end for spec in specs) for moment in moments)
    assert room_for(wanted, *specs, at_once=at_once) is (most < at_once)


def test_spans_of_a_series_within_a_time() -> None:
    series = at(MONDAY, HOUR, WEEKLY)
    assert spans(series, MONDAY + HOUR, MONDAY + 15 * DAY) == [
        (MONDAY + n * 7 * DAY, MONDAY + n * 7 * DAY + HOUR) for n in (1, 2)
    ]
    assert spans(at(MONDAY, HOUR, "RRULE:FREQ=SECONDLY"), NOW, IN_A_YEAR) is None
