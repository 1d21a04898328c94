"""What a vendor is asked for: what it can keep, from the next time on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given
from hypothesis import strategies as st

from confsync.domain.conference import ConferenceSpec
from confsync.domain.fitting import fit, notes
from confsync.domain.recurrence import simple_rule, upcoming
from confsync.domain.solution import Capabilities, OwnRecurrence

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 2, 10, tzinfo=BERLIN)
HOUR = timedelta(hours=1)
SPEC = ConferenceSpec(
    title="Standup", start=START, end=START + HOUR, time_zone="Europe/Berlin", attendees=("ben@example.com",)
)
EASY = Capabilities()


def weekly(*lines: str) -> ConferenceSpec:
    return replace(SPEC, recurrence=lines)


# --- from the next time on -------------------------------------------------------------------------------------------


def test_a_series_that_began_in_the_past_begins_at_its_next_time_with_what_is_left() -> None:
    now = datetime(2026, 4, 1, 12, tzinfo=UTC)  # after the change to summer time
    next_one = upcoming(weekly("RRULE:FREQ=WEEKLY;COUNT=10", "EXDATE;TZID=Europe/Berlin:20260413T100000"), now)
    assert next_one.start == datetime(2026, 4, 6, 10, tzinfo=BERLIN)
    assert next_one.start.astimezone(UTC).hour == 8, "ten o'clock in Berlin, as before"
    assert next_one.end - next_one.start == HOUR
    assert next_one.recurrence == ("RRULE:FREQ=WEEKLY;COUNT=5", "EXDATE;TZID=Europe/Berlin:20260413T100000")


@pytest.mark.parametrize(
    ("lines", "now", "start"),
    [
        (["RRULE:FREQ=WEEKLY"], START - HOUR, START),
        (["RRULE:FREQ=WEEKLY"], START + HOUR / 2, START),  # it is going on
        (["RRULE:FREQ=WEEKLY"], START + HOUR, START + timedelta(weeks=1)),
        (["RRULE:FREQ=WEEKLY", "EXDATE:20260309"], START + HOUR, START + timedelta(weeks=2)),
        (["RRULE:FREQ=WEEKLY", "EXDATE;TZID=W. Europe Standard Time:20260309T100000"], START + HOUR, None),
        (["RRULE:FREQ=WEEKLY;COUNT=2"], START + timedelta(weeks=3), START),  # none is left
        (["RRULE:FREQ=YEARLY"], START + timedelta(weeks=60), START),  # no simple rule
        (["RRULE:FREQ=DAILY"], START + timedelta(days=3000), START + timedelta(days=3000)),
        ([], START + timedelta(weeks=3), START),
    ],
)
def test_where_a_series_begins(lines: list[str], now: datetime, start: datetime | None) -> None:
    found = upcoming(weekly(*lines), now.astimezone(UTC)).start
    assert found == (START + timedelta(weeks=2) if start is None else start)


rules = st.builds(
    "RRULE:FREQ={};INTERVAL={}{}".format,
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    st.integers(1, 4),
    st.sampled_from(["", ";COUNT=1", ";COUNT=7", ";COUNT=40", ";UNTIL=20270101T000000Z"]),
)


@given(rules, st.integers(0, 900 * 24))
def test_what_is_left_are_the_times_that_are_not_over(rule: str, hours: int) -> None:
    spec, now = weekly(rule), START.astimezone(UTC) + hours * HOUR
    assume(simple_rule(spec) is not None)

    def times(of: ConferenceSpec) -> list[datetime]:
        expanded = rrulestr(of.recurrence[0].removeprefix("RRULE:"), dtstart=of.start.astimezone(BERLIN))
        return [at for at in islice(expanded, 1000) if at + HOUR > now]

    left = upcoming(spec, now)
    expected = times(spec)
    assert left.start == (expected[0] if expected else START)
    if expected:
        bounded = min(len(expected), 200)
        assert times(left)[:bounded] == expected[:bounded]
        assert simple_rule(left) is not None, "the vendor can express what it could before"


# --- what a vendor can keep ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capabilities", "spec", "changes"),
    [
        (EASY, SPEC, {}),
        (Capabilities(mails_attendees=True), SPEC, {"attendees": ()}),
        (
            Capabilities(recurrence=OwnRecurrence.NONE),
            weekly("RRULE:FREQ=WEEKLY"),
            {"recurrence": (), "open_ended": True},
        ),
        (Capabilities(recurrence=OwnRecurrence.RRULE), weekly("RRULE:FREQ=WEEKLY"), {}),
        (Capabilities(shortest=2 * HOUR), SPEC, {"end": START + 2 * HOUR}),
        (Capabilities(longest=HOUR / 2), SPEC, {"end": START + HOUR / 2}),
        (Capabilities(all_day=False), replace(SPEC, all_day=True), {"all_day": False}),
    ],
)
def test_what_it_is_asked_for(capabilities: Capabilities, spec: ConferenceSpec, changes: dict[str, object]) -> None:
    assert fit(spec, capabilities) == replace(spec, **changes)  # type: ignore[arg-type]


def test_a_start_that_is_over_is_now_where_that_must_be() -> None:
    now = START + HOUR / 4
    assert fit(SPEC, EASY, now) == SPEC
    assert fit(SPEC, Capabilities(past_starts=False), now) == replace(SPEC, start=now)
    late = fit(SPEC, Capabilities(past_starts=False, shortest=HOUR), START + 5 * HOUR)
    assert (late.start, late.end) == (START + 5 * HOUR, START + 6 * HOUR)


def test_people_are_told_what_differs_and_nothing_else() -> None:
    assert notes(SPEC, EASY) == []
    clamped = Capabilities(shortest=timedelta(minutes=90), longest=24 * HOUR, all_day=False, past_starts=False)
    assert notes(SPEC, clamped) == ["The meeting is kept as 90 min long, the shortest that is possible."]
    week = replace(SPEC, end=START + timedelta(days=7), all_day=True)
    assert notes(week, clamped) == [
        "The meeting is kept as 24 h long, the longest that is possible.",
        "The meeting is kept with times, as one for whole days is not possible.",
    ]
