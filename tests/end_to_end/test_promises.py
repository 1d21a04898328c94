"""The oracle itself: each promise is broken by hand once, and it has to say so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from confsync.domain.conference import ConferenceState
from confsync.ports import Save
from tests.end_to_end.promises import Json
from tests.end_to_end.row import Row

STORES = ("sqlite",)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]


def told(row: Row) -> str:
    return "\n".join(row.world.promises.broken({row.calendar_id}))


def meeting(row: Row) -> Json:
    return row.world.meetings(row.person)[0]


def at_zoom(**changes: object) -> Callable[[Row], None]:
    return lambda row: row.world.cloud.zoom.update(str(meeting(row)["id"]), changes)


def on_event(**changes: object) -> Callable[[Row], None]:
    """A change that nobody is told of."""

    def act(row: Row) -> None:
        event = row.person.event(row.event)
        row.world.cloud.calendar.store.write_silently(row.world.google(row.person), iter([{**event, **changes}]))

    return act


def on_record(**changes: object) -> Callable[[Row], None]:
    """A change of what is stored of the calendar."""
    return lambda row: row.world.store.commit([Save(record=replace(row.world.record(row.person), **changes))])  # type: ignore[arg-type]


def second_meeting(row: Row) -> None:
    row.world.cloud.zoom.create(row.person.email, {"topic": "Twice", "agenda": meeting(row)["agenda"], "type": 2})


def no_meeting(row: Row) -> None:
    row.world.cloud.zoom.delete(str(meeting(row)["id"]))


def unfinished(row: Row) -> None:
    conference = row.world.conference(row.person, row.event)
    waiting = replace(conference, state=ConferenceState.PENDING, due_at=datetime(2027, 1, 1, tzinfo=UTC))
    row.world.store.commit([Save(record=waiting)])


def deaf(row: Row) -> None:
    row.world.cloud.calendar.push.channels[row.world.record(row.person).channel_id or ""].stopped = True


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (at_zoom(topic="Wrong"), "is called 'Wrong' at Zoom"),
        (at_zoom(start_time="2027-01-01T10:00:00", timezone="Europe/Berlin"), "begins at 2027-01-01T09:00:00Z"),
        (at_zoom(start_time="2027-01-01T10:00:00", timezone="Europe/Paris"), "minutes in Europe/Paris"),
        (at_zoom(duration=10), "takes 10 minutes"),
        (at_zoom(type=3), "is of type 3"),
        (on_event(recurrence=["RRULE:FREQ=WEEKLY"]), "should be of type 8"),
        (second_meeting, "has 2 meetings"),
        (no_meeting, "has 0 meetings"),
        (on_event(conferenceData={}), "left behind at Zoom"),
        (on_event(status="cancelled"), "left behind at Zoom"),
        (on_event(status="cancelled"), "not None"),
        (on_record(sync_token=None), "was not read to its end"),
        (on_record(due_at=None), "is not visited any more"),
        (deaf, "has no open channel"),
        (unfinished, "its conference is pending"),
        (unfinished, "due at 2027-01-01"),
    ],
)
def test_what_is_broken_for_an_event_is_told(row: Row, harm: Callable[[Row], None], said: str) -> None:
    harm(row)
    assert said in told(row)


def test_another_series_at_zoom_is_told(row: Row) -> None:
    row.person.make_weekly(row.event, count=5)
    row.world.hold(row.person)
    start = meeting(row)["start_time"]
    at_zoom(recurrence={"type": 2, "repeat_interval": 2, "weekly_days": "1", "end_times": 5}, type=8, start_time=start)(
        row
    )
    assert "is another series at Zoom" in told(row)


def test_a_calendar_left_leased_is_told(row: Row) -> None:
    record = row.world.record(row.person)
    on_record(lease=record.lease.extend(datetime.now(UTC), datetime.resolution))(row)
    assert "is leased until" in told(row)


def test_what_is_done_to_others_is_told(row: Row) -> None:
    google, promises = row.world.cloud.calendar.store, row.world.promises
    calendar_id, event_id = next(iter(promises.foreign_events))
    event = google.calendars[calendar_id].resource(event_id)
    assert event is not None
    google.write_silently(google.calendars[calendar_id], iter([{**event, "location": "touched"}]))
    row.world.cloud.zoom.update(str(promises.foreign_meetings[0]["id"]), {"topic": "touched"})
    broken = told(row)
    promises.foreign_events.clear()
    promises.foreign_meetings.clear()
    row.world.seed_others()
    assert f"another vendor's event {event_id}" in broken
    assert "somebody else's meeting" in broken
