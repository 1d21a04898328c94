"""Every kind of answer has exactly the fields and types of Google's discovery document."""

from collections.abc import Iterator
from functools import partial

import jsonschema
import pytest

from tests.playground import discovery_schema
from tests.playground.calendar_simulator import ANNA, BEN, Receiver, Simulator, eventually, meeting, running


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


check = partial(discovery_schema.check, "calendar.v3")


@pytest.mark.parametrize("wrong", [{"id": 1}, {"surprise": True}, {"start": {"date": "soon"}}])
def test_the_check_itself_can_fail(wrong: dict) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check("Event", wrong)


def full_event() -> dict:
    point = {"entryPointType": "phone", "uri": "tel:+12025550100", "pin": "1", "entryPointFeatures": ["toll"]}
    data = {
        "conferenceSolution": {"key": {"type": "addOn"}, "name": "Zoom", "iconUri": "https://example.com/i.png"},
        "conferenceId": "1",
        "entryPoints": [{"entryPointType": "video", "uri": "https://conf.example.com/1"}, point],
        "notes": "n",
        "parameters": {"addOnParameters": {"parameters": {"a": "b"}}},
    }
    return meeting(
        description="d",
        location="l",
        attendees=[{"email": BEN, "optional": True}, {"email": ANNA}],
        extendedProperties={"private": {"a": "b"}, "shared": {"c": "d"}},
        recurrence=["RRULE:FREQ=DAILY;COUNT=5"],
        source={"url": "https://example.com", "title": "t"},
        conferenceData=data,
    )


def test_events(sim: Simulator) -> None:
    events = sim.client().events()
    event = events.insert(calendarId=ANNA, body=full_event(), conferenceDataVersion=1).execute()
    check("Event", event)
    instance = f"{event['id']}_20261124T090000Z"
    check("Event", events.get(calendarId=ANNA, eventId=instance).execute())
    check("Event", events.patch(calendarId=ANNA, eventId=instance, body={"summary": "x"}).execute())
    check("Event", sim.client(BEN).events().get(calendarId=BEN, eventId=instance).execute())
    check("Events", events.instances(calendarId=ANNA, eventId=event["id"], maxResults=2).execute())
    token = sim.sync_token()
    events.delete(calendarId=ANNA, eventId=instance).execute()
    events.delete(calendarId=ANNA, eventId=event["id"]).execute()
    check("Event", events.get(calendarId=ANNA, eventId=event["id"]).execute())
    check("Events", sim.delta(token))
    check("Events", events.list(calendarId=ANNA, showDeleted=True, maxAttendees=1).execute())


def test_a_meet_conference(sim: Simulator) -> None:
    sim.control("PATCH", "/settings", conference_delay=0)
    data = {"createRequest": {"requestId": "r", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
    event = (
        sim.client()
        .events()
        .insert(calendarId=ANNA, body=meeting(conferenceData=data), conferenceDataVersion=1)
        .execute()
    )
    check("Event", event)

    def read() -> dict:
        return sim.client().events().get(calendarId=ANNA, eventId=event["id"]).execute()

    eventually(lambda: "hangoutLink" in read())
    check("Event", read())


def test_seeded_moved_and_imported_events(sim: Simulator) -> None:
    sim.control("POST", "/calendars", id="team@group.example.com", owner=ANNA)
    sim.control("POST", f"/calendars/{ANNA}/seed", count=2, weekly=True)
    events = sim.client().events()
    check("Events", events.list(calendarId=ANNA, singleEvents=True, orderBy="startTime").execute())
    moved = events.move(calendarId=ANNA, eventId="seed0000000", destination="team@group.example.com").execute()
    check("Event", moved)
    check("Event", events.get(calendarId=ANNA, eventId="seed0000000").execute())
    check("Event", events.import_(calendarId=ANNA, body=meeting(iCalUID="x@example.com")).execute())


def test_channels_calendars_and_settings(sim: Simulator) -> None:
    receiver, client = Receiver(), sim.client()
    body = {"id": "channel", "type": "web_hook", "address": receiver.url, "token": "t"}
    check("Channel", client.events().watch(calendarId=ANNA, body=body).execute())
    receiver.stop()
    sim.control("POST", "/calendars", id="team@group.example.com", owner=ANNA)
    sim.control("PATCH", "/calendars/team@group.example.com", description="All of us")
    for calendar_id in ("primary", "team@group.example.com"):
        check("Calendar", client.calendars().get(calendarId=calendar_id).execute())
        check("CalendarListEntry", client.calendarList().get(calendarId=calendar_id).execute())
        check("Events", client.events().list(calendarId=calendar_id).execute())
    check("CalendarList", client.calendarList().list().execute())
    check("Setting", client.settings().get(setting="timezone").execute())
    check("Settings", client.settings().list().execute())
