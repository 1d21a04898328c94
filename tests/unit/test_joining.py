"""Our own addresses of meetings, and when they lead on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.conference import ConferenceSpec
from confsync.domain.errors import Forbidden
from confsync.domain.joining import EARLY, LATE, Doors, conference_of, doors, token
from confsync.domain.keys import conference_id

OLD, NEW = b"o" * 32, b"n" * 32
CONFERENCE = conference_id("calendar", "event", "bbb")
START = datetime(2027, 3, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)
SPEC = ConferenceSpec(title="Standup", start=START, end=START + HOUR, time_zone="UTC")
WEEKLY = replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY;COUNT=3",))


def test_a_token_names_its_conference_and_outlives_a_new_key() -> None:
    made = token([OLD], CONFERENCE)
    assert conference_of([OLD], made) == CONFERENCE
    assert conference_of([NEW, OLD], made) == CONFERENCE
    assert len(made) < 80
    assert "@" not in made


@pytest.mark.parametrize("ring", [[NEW], [b"x" * 32]])
def test_a_token_of_other_keys_is_not_ours(ring: list[bytes]) -> None:
    with pytest.raises(Forbidden):
        conference_of(ring, token([OLD], CONFERENCE))


@given(st.text() | st.text("0123456789abcdef.-", max_size=80))
def test_no_other_text_is_a_token(text: str) -> None:
    with pytest.raises(Forbidden):
        conference_of([OLD], text)


def test_a_token_that_was_cut_is_not_ours() -> None:
    made = token([OLD], CONFERENCE)
    for end in range(len(made)):
        with pytest.raises(Forbidden):
            conference_of([OLD], made[:end])


OPEN = Doors(open=True)
NEVER = Doors(open=False)


@pytest.mark.parametrize(
    ("spec", "now", "expected"),
    [
        (SPEC, START - EARLY - timedelta(seconds=1), Doors(open=False, opens_at=START - EARLY)),
        (SPEC, START - EARLY, OPEN),
        (SPEC, START + HOUR + LATE - timedelta(seconds=1), OPEN),
        (SPEC, START + HOUR + LATE, NEVER),
        (WEEKLY, START + 2 * HOUR, Doors(open=False, opens_at=START + WEEK - EARLY)),
        (WEEKLY, START + WEEK, OPEN),
        (WEEKLY, START + 2 * WEEK + 3 * HOUR, NEVER),
        (replace(SPEC, open_ended=True), START + WEEK, OPEN),
        (replace(SPEC, recurrence=("RRULE:FREQ=YEARLY",)), START + WEEK, OPEN),
    ],
)
def test_when_people_can_go_in(spec: ConferenceSpec, now: datetime, expected: Doors) -> None:
    assert doors([spec], now) == expected


def test_of_several_events_the_next_one_counts() -> None:
    later = replace(SPEC, start=START + WEEK, end=START + WEEK + HOUR)
    assert doors([later, SPEC], START - HOUR) == Doors(open=False, opens_at=START - EARLY)
    assert doors([SPEC, later], START + 5 * HOUR) == Doors(open=False, opens_at=later.start - EARLY)
    assert doors([SPEC, later], later.start) == OPEN
    assert doors([], START) == NEVER
