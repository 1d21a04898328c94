"""Series: occurrences, instances that differ, and what happens to them when the series changes."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from googleapiclient.errors import HttpError
from hypothesis import given
from hypothesis import strategies as st

from playground.google_calendar.recurrence import instance_id, occurrences, occurs, parse_instance_id
from tests.playground.calendar_simulator import ANNA, BEN, Simulator, at, reason, running

TIMED = {"dateTime": "2026-10-20T08:00:00Z", "timeZone": "Europe/Berlin"}
EVENING = {"dateTime": "2026-10-21T01:00:00Z", "timeZone": "America/New_York"}
ALL_DAY = {"date": "2026-10-20"}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


def starts(first: dict, *lines: str) -> list[str]:
    master = {"id": "m", "start": first, "end": first, "recurrence": list(lines)}
    return [instance_id(master, found).removeprefix("m_") for found in occurrences(master)]


@pytest.mark.parametrize(
    ("first", "lines", "expected"),
    [
        (TIMED, ["RRULE:FREQ=WEEKLY;COUNT=2"], ["20261020T080000Z", "20261027T090000Z"]),
        (TIMED, ["RRULE:FREQ=DAILY;UNTIL=20261021T080000Z"], ["20261020T080000Z", "20261021T080000Z"]),
        (TIMED, ["RRULE:FREQ=DAILY;UNTIL=20261021T075959Z"], ["20261020T080000Z"]),
        (TIMED, ["RRULE:FREQ=DAILY;UNTIL=20261021"], ["20261020T080000Z", "20261021T080000Z"]),
        (ALL_DAY, ["RRULE:FREQ=DAILY;UNTIL=20261021"], ["20261020", "20261021"]),
        (TIMED, ["RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20261020T080000Z"], ["20261021T080000Z"]),
        (TIMED, ["RRULE:FREQ=DAILY;COUNT=2", "EXDATE;TZID=Europe/Berlin:20261021T100000"], ["20261020T080000Z"]),
        (ALL_DAY, ["RRULE:FREQ=DAILY;COUNT=2", "EXDATE;VALUE=DATE:20261020"], ["20261021"]),
        (TIMED, ["RDATE;TZID=Europe/Berlin:20261120T100000,20261020T100000"], ["20261020T080000Z", "20261120T090000Z"]),
        (TIMED, ["RRULE:FREQ=DAILY;UNTIL=20261021T100000"], ["20261020T080000Z", "20261021T080000Z"]),
        (EVENING, ["RRULE:FREQ=DAILY;UNTIL=20261021"], ["20261021T010000Z", "20261022T010000Z"]),
        (ALL_DAY, ["RRULE:FREQ=DAILY;UNTIL=20261021T000000Z"], ["20261020", "20261021"]),
        (TIMED, ["RRULE:FREQ=MONTHLY;BYDAY=3TU;COUNT=2"], ["20261020T080000Z", "20261117T090000Z"]),
        # the start, a Tuesday, is an instance, also if it is none of the rule's
        (TIMED, ["RRULE:FREQ=WEEKLY;BYDAY=FR;COUNT=2"], ["20261020T080000Z", "20261023T080000Z", "20261030T090000Z"]),
        (TIMED, ["RDATE:20261120T090000Z"], ["20261020T080000Z", "20261120T090000Z"]),
    ],
)
def test_occurrences(first: dict, lines: list[str], expected: list[str]) -> None:
    assert starts(first, *lines) == expected


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)), st.booleans())
def test_instance_ids_can_be_read_back(moment: datetime, all_day: bool) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    if all_day:
        moment = moment.replace(hour=0, minute=0, second=0)
    master = {"id": "abc_R20260101T100000", "start": ALL_DAY if all_day else TIMED}
    assert parse_instance_id(instance_id(master, moment)) == (master["id"], moment)


@pytest.mark.parametrize("text", ["abcdef", "abc_20261399", "abc_2026", "abc_R20260101T100000", "_20260101"])
def test_other_ids_are_no_instances(text: str) -> None:
    assert parse_instance_id(text) is None


def test_an_endless_series_is_expanded_to_a_horizon() -> None:
    found = starts(TIMED, "RRULE:FREQ=DAILY")
    assert 730 <= len(found) < 1500
    assert not occurs({"start": TIMED, "recurrence": ["RRULE:FREQ=DAILY"]}, datetime(2026, 10, 20, 9, tzinfo=UTC))


def series(sim: Simulator, **fields: object) -> dict:
    return sim.insert(recurrence=["RRULE:FREQ=DAILY;COUNT=4"], **fields)


def test_an_instance_can_be_read_before_it_is_stored(sim: Simulator) -> None:
    master = series(sim)
    get = sim.client().events().get
    instance = get(calendarId=ANNA, eventId=f"{master['id']}_20261125T090000Z").execute()
    assert instance["recurringEventId"] == master["id"]
    assert instance["start"] == instance["originalStartTime"] == at("10:00") | {"dateTime": "2026-11-25T09:00:00Z"}
    assert instance["iCalUID"] == master["iCalUID"]
    assert "recurrence" not in instance
    for wrong in ("20261125T100000Z", "20261125", "20261201T090000Z"):
        with pytest.raises(HttpError) as error:
            get(calendarId=ANNA, eventId=f"{master['id']}_{wrong}").execute()
        assert reason(error) == (404, "notFound")


def test_exceptions_keep_what_is_theirs_and_follow_in_the_rest(sim: Simulator) -> None:
    master = series(sim)
    events = sim.client().events()
    instance = f"{master['id']}_20261124T090000Z"
    moved = {"start": at("12:00", "2026-11-24"), "end": at("12:30", "2026-11-24"), "location": "Room 2"}
    events.patch(calendarId=ANNA, eventId=instance, body=moved).execute()
    body = {"summary": "New", "location": "Room 9"}
    events.patch(calendarId=ANNA, eventId=master["id"], body=body).execute()
    exception = events.get(calendarId=ANNA, eventId=instance).execute()
    assert (exception["summary"], exception["location"]) == ("New", "Room 2")
    assert exception["start"]["dateTime"] == "2026-11-24T11:00:00Z"
    assert exception["originalStartTime"]["dateTime"] == "2026-11-24T09:00:00Z"
    listed = events.list(calendarId=ANNA).execute()["items"]
    assert {item["id"] for item in listed} == {master["id"], instance}


def test_a_truncated_series_cancels_exceptions_behind_its_end(sim: Simulator) -> None:
    master = series(sim, attendees=[{"email": BEN}])
    events = sim.client().events()
    instance = f"{master['id']}_20261126T090000Z"
    events.patch(calendarId=ANNA, eventId=instance, body={"summary": "Last"}).execute()
    ben = sim.client(BEN).events().get
    assert ben(calendarId=BEN, eventId=instance).execute()["summary"] == "Last"
    body = {"recurrence": ["RRULE:FREQ=DAILY;UNTIL=20261125T085959Z"]}
    events.patch(calendarId=ANNA, eventId=master["id"], body=body).execute()
    assert events.get(calendarId=ANNA, eventId=instance).execute()["status"] == "cancelled"
    assert ben(calendarId=BEN, eventId=instance).execute()["status"] == "cancelled"


def test_deleting_a_series_takes_its_exceptions_and_restoring_brings_them_back(sim: Simulator) -> None:
    master = series(sim)
    events = sim.client().events()
    instance = f"{master['id']}_20261124T090000Z"
    events.patch(calendarId=ANNA, eventId=instance, body={"summary": "Special"}).execute()
    events.delete(calendarId=ANNA, eventId=master["id"]).execute()
    assert events.get(calendarId=ANNA, eventId=instance).execute()["status"] == "cancelled"
    assert events.list(calendarId=ANNA).execute()["items"] == []
    events.patch(calendarId=ANNA, eventId=master["id"], body={"status": "confirmed"}).execute()
    assert events.get(calendarId=ANNA, eventId=instance).execute()["summary"] == "Special"


def test_a_guest_loses_the_one_instance_that_is_cancelled(sim: Simulator) -> None:
    master = series(sim, attendees=[{"email": BEN}])
    sim.client().events().delete(calendarId=ANNA, eventId=f"{master['id']}_20261124T090000Z").execute()
    found = sim.client(BEN).events().instances(calendarId=BEN, eventId=master["id"]).execute()["items"]
    assert len(found) == 3


def test_instances(sim: Simulator) -> None:
    master = series(sim)
    events = sim.client().events()
    cancelled = f"{master['id']}_20261124T090000Z"
    events.delete(calendarId=ANNA, eventId=cancelled).execute()
    assert len(events.instances(calendarId=ANNA, eventId=master["id"]).execute()["items"]) == 3
    assert len(events.instances(calendarId=ANNA, eventId=master["id"], showDeleted=True).execute()["items"]) == 4
    page = events.instances(calendarId=ANNA, eventId=master["id"], maxResults=2).execute()
    rest = events.instances_next(events.instances(calendarId=ANNA, eventId=master["id"], maxResults=2), page).execute()
    assert [len(page["items"]), len(rest["items"])] == [2, 1]
    one = events.instances(calendarId=ANNA, eventId=master["id"], originalStart="2026-11-25T10:00:00+01:00").execute()
    assert [item["id"] for item in one["items"]] == [f"{master['id']}_20261125T090000Z"]
    after = events.instances(calendarId=ANNA, eventId=master["id"], timeMin="2026-11-26T00:00:00Z").execute()
    assert len(after["items"]) == 1
    with pytest.raises(HttpError) as error:
        events.instances(calendarId=ANNA, eventId="nosuchevent").execute()
    assert reason(error) == (404, "notFound")


def test_an_instance_cannot_be_moved_to_another_calendar(sim: Simulator) -> None:
    sim.control("POST", "/calendars", id="team@group.example.com", owner=ANNA)
    master = series(sim)
    events = sim.client().events()
    instance = f"{master['id']}_20261124T090000Z"
    events.patch(calendarId=ANNA, eventId=instance, body={"summary": "Special"}).execute()
    with pytest.raises(HttpError) as error:
        events.move(calendarId=ANNA, eventId=instance, destination="team@group.example.com").execute()
    assert reason(error) == (400, "cannotChangeOrganizerOfInstance")
    events.move(calendarId=ANNA, eventId=master["id"], destination="team@group.example.com").execute()
    moved = events.get(calendarId="team@group.example.com", eventId=instance).execute()
    assert moved["summary"] == "Special"
