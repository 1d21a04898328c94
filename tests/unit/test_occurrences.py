"""Single times of a series that are not as the series has them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from confsync.domain.conference import ConferenceSpec, Occurrence
from confsync.domain.event import Event, EventTime
from confsync.domain.fitting import fit
from confsync.domain.keys import link_key
from confsync.domain.ledger import Ledger
from confsync.domain.plan import Action, apply_event
from confsync.domain.recurrence import last_end, occurrence_of, still_taking_place
from confsync.domain.solution import Capabilities, OwnRecurrence
from tests.unit.builders import NOW, START, calendar, choose, conference_data, event, reconciled, stored

ALICE = calendar("alice")
WEEK = timedelta(weeks=1)
HOUR = timedelta(hours=1)
WEEKLY = ("RRULE:FREQ=WEEKLY",)


@pytest.fixture
def ledger() -> Ledger:
    """A weekly series with a conference, at rest."""
    ledger = Ledger()
    made = choose(ledger, ALICE)
    apply_event(ledger, ALICE, event(shows=made, recurrence=WEEKLY), NOW)
    for conference in list(ledger.conferences.values()):
        ledger.put(reconciled(conference))
    return stored(ledger)


def conference_id(ledger: Ledger) -> str:
    (only,) = ledger.conferences
    return only


def instance(ledger: Ledger, week: int = 1, **fields: object) -> Event:
    """The series' time of that week, as it is unless told otherwise."""
    original = START + week * WEEK
    return event(
        f"planning_{original:%Y%m%dT%H%M%SZ}",
        **{
            "conference": conference_data(conference_id(ledger)),
            "recurring_event_id": "planning",
            "original_start": EventTime(at=original, time_zone="UTC"),
            "start": EventTime(at=original, time_zone="UTC"),
            "end": EventTime(at=original + HOUR, time_zone="UTC"),
            **fields,
        },
    )


def told(ledger: Ledger) -> tuple[Occurrence, ...]:
    """What the meeting should have of it."""
    (conference,) = ledger.conferences.values()
    assert conference.desired.spec is not None
    link = ledger.links[link_key(ALICE.key, "planning")]
    assert conference.desired.spec.occurrences == link.spec.occurrences
    return conference.desired.spec.occurrences


def moved(by: timedelta) -> dict[str, object]:
    return {
        "start": EventTime(at=START + WEEK + by, time_zone="UTC"),
        "end": EventTime(at=START + WEEK + by + HOUR, time_zone="UTC"),
    }


def test_a_cancelled_instance_is_cancelled_at_the_meeting(ledger: Ledger) -> None:
    assert apply_event(ledger, ALICE, instance(ledger, cancelled=True, conference=None), NOW) is Action.UPDATED
    assert told(ledger) == (Occurrence(original=START + WEEK),)
    assert apply_event(ledger, ALICE, instance(ledger, cancelled=True, conference=None), NOW) is Action.NOTHING


def test_a_changed_instance_is_changed_and_one_like_its_series_is_not(ledger: Ledger) -> None:
    apply_event(ledger, ALICE, instance(ledger, title="With guests", **moved(HOUR)), NOW)
    start = START + WEEK + HOUR
    assert told(ledger) == (Occurrence(original=START + WEEK, start=start, end=start + HOUR, title="With guests"),)
    apply_event(ledger, ALICE, instance(ledger), NOW)
    assert told(ledger) == ()


@pytest.mark.parametrize(
    "says_nothing",
    [
        lambda ledger: instance(ledger, conference=conference_data("abc-defg-hij"), title="Elsewhere"),
        lambda ledger: instance(ledger, conference=None, title="Without a call"),
        lambda ledger: instance(ledger, original_start=None, title="Nobody knows when"),
        lambda ledger: instance(ledger, recurring_event_id="another", cancelled=True),
    ],
    ids=["another conference", "no conference", "no original start", "another series"],
)
def test_what_says_nothing_about_the_meeting(ledger: Ledger, says_nothing: Callable[[Ledger], Event]) -> None:
    apply_event(ledger, ALICE, says_nothing(ledger), NOW)
    assert told(ledger) == ()


def test_a_guests_copy_of_the_series_says_nothing(ledger: Ledger) -> None:
    key = link_key(ALICE.key, "planning")
    ledger.put(replace(ledger.links[key], organizer="bob@example.com"))
    apply_event(ledger, ALICE, instance(ledger, cancelled=True), NOW)
    assert ledger.links[key].spec.occurrences == ()


def test_a_series_that_is_renamed_keeps_them_and_one_that_is_moved_keeps_those_that_it_still_has(
    ledger: Ledger,
) -> None:
    for week in (1, 2):
        apply_event(ledger, ALICE, instance(ledger, week, cancelled=True), NOW)
    shows = conference_id(ledger)
    apply_event(ledger, ALICE, event(shows=shows, recurrence=WEEKLY, title="Renamed"), NOW)
    assert [each.original for each in told(ledger)] == [START + WEEK, START + 2 * WEEK]
    every_other = ("RRULE:FREQ=WEEKLY;INTERVAL=2",)
    apply_event(ledger, ALICE, event(shows=shows, recurrence=every_other), NOW)
    assert [each.original for each in told(ledger)] == [START + 2 * WEEK]
    apply_event(ledger, ALICE, event(shows=shows), NOW)
    assert told(ledger) == ()


# --- values ----------------------------------------------------------------------------------------------------------

BERLIN = ZoneInfo("Europe/Berlin")
SERIES = ConferenceSpec(
    title="Planning",
    start=START,
    end=START + HOUR,
    time_zone="Europe/Berlin",
    recurrence=("RRULE:FREQ=WEEKLY;COUNT=4",),
)
CANCELLED = Occurrence(original=START + WEEK)
LATE = Occurrence(original=START + 3 * WEEK, start=START + 4 * WEEK, end=START + 4 * WEEK + HOUR, title="Planning")


def test_a_day_without_hours_has_its_length_whatever_the_clocks_do() -> None:
    first, changing = (datetime(2027, 3, day, tzinfo=BERLIN) for day in (27, 28))  # a day of 23 hours
    series = replace(SERIES, start=first, end=changing, all_day=True, recurrence=("RRULE:FREQ=DAILY",), title="Out")
    day = event(
        "planning_20270328",
        title="Out",
        original_start=EventTime(at=changing, time_zone="Europe/Berlin", all_day=True),
        start=EventTime(at=changing, time_zone="Europe/Berlin", all_day=True),
        end=EventTime(at=datetime(2027, 3, 29, tzinfo=BERLIN), time_zone="Europe/Berlin", all_day=True),
    )
    assert occurrence_of(day, series) is None


def test_a_time_that_was_moved_beyond_the_last_one_is_the_last() -> None:
    assert last_end(SERIES) == START + 3 * WEEK + HOUR
    assert last_end(replace(SERIES, occurrences=(LATE,))) == LATE.end


def test_only_vendors_that_keep_single_times_are_told_of_them() -> None:
    spec = replace(SERIES, occurrences=(CANCELLED, LATE))
    assert fit(spec, Capabilities()).occurrences == ()
    assert fit(spec, Capabilities(occurrences=True, recurrence=OwnRecurrence.NONE)).occurrences == ()
    assert fit(spec, Capabilities(occurrences=True)).occurrences == (CANCELLED, LATE)


def test_times_that_the_lines_leave_out_are_cancelled_ones() -> None:
    spec = replace(SERIES, recurrence=(*SERIES.recurrence, f"EXDATE:{START + WEEK:%Y%m%dT%H%M%SZ}"))
    assert fit(spec, Capabilities(occurrences=True)).occurrences == (CANCELLED,)


def test_what_is_over_is_not_told() -> None:
    spec = replace(SERIES, occurrences=(CANCELLED, LATE))
    now = START + WEEK + 2 * HOUR
    assert fit(spec, Capabilities(occurrences=True), now).occurrences == (LATE,)


def test_of_a_series_that_nobody_can_tell_all_of_them_stay() -> None:
    odd = replace(SERIES, recurrence=("RRULE:FREQ=YEARLY",))
    assert still_taking_place(odd, [CANCELLED]) == (CANCELLED,)
    assert still_taking_place(SERIES, [CANCELLED, Occurrence(original=START + HOUR)]) == (CANCELLED,)
    assert still_taking_place(SERIES, []) == ()
