"""Whom Google would have mailed, and why."""

from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.playground.calendar_simulator import ANNA, BEN, CLEO, Simulator, at, meeting, reason, running

OUTSIDE = "guest@elsewhere.example"
GUESTS = [{"email": email} for email in (ANNA, BEN, CLEO, OUTSIDE)]
TEAM = "team@group.example.com"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


@pytest.fixture
def event_id(sim: Simulator) -> str:
    return str(sim.insert(attendees=GUESTS)["id"])


def told(sim: Simulator) -> list[tuple[str, str]]:
    """To whom and why, since the last time."""
    sent = sim.control("GET", "/mails")["mails"]
    sim.control("DELETE", "/mails")
    return [(mail["to"], mail["why"]) for mail in sent]


def patch(sim: Simulator, event_id: str, email: str = ANNA, **body: Any) -> None:
    sim.client(email).events().patch(calendarId="primary", eventId=event_id, body=body, sendUpdates="all").execute()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, []),
        ({"sendUpdates": "none"}, []),
        ({"sendUpdates": "all"}, [BEN, CLEO, OUTSIDE]),
        ({"sendUpdates": "externalOnly"}, [OUTSIDE]),
        ({"sendNotifications": True}, [BEN, CLEO, OUTSIDE]),
        ({"sendNotifications": False}, []),
        ({"sendNotifications": True, "sendUpdates": "none"}, []),
    ],
)
def test_who_is_invited_by_mail(sim: Simulator, asked: dict, expected: list[str]) -> None:
    body = meeting(attendees=GUESTS)
    event = sim.client().events().insert(calendarId=ANNA, body=body, **asked).execute()
    sent = sim.control("GET", "/mails")["mails"]
    assert [(mail["to"], mail["why"], mail["event_id"]) for mail in sent] == [
        (email, "invitation", event["id"]) for email in expected
    ]
    assert sim.control("GET", "/stats")["mails"] == len(expected)


def test_a_value_that_does_not_exist_is_refused(sim: Simulator) -> None:
    assert sim.raw("POST", "/calendars/primary/events?sendUpdates=some", json=meeting()).status_code == 400


def test_a_change_is_an_invitation_to_new_guests_a_cancellation_to_old_ones(sim: Simulator, event_id: str) -> None:
    patch(sim, event_id, attendees=[{"email": BEN}, {"email": "new@elsewhere.example"}])
    assert told(sim) == [
        (BEN, "update"),
        (CLEO, "cancellation"),
        (OUTSIDE, "cancellation"),
        ("new@elsewhere.example", "invitation"),
    ]


@pytest.mark.parametrize(
    ("change", "mailed"),
    [
        ({"summary": "New"}, True),
        ({"start": at("09:00")}, True),
        ({"location": "Room 1"}, True),
        ({"summary": "Weekly"}, False),
        ({"colorId": "3"}, False),
        ({"reminders": {"useDefault": False}}, False),
    ],
)
def test_guests_hear_of_what_concerns_them(sim: Simulator, event_id: str, change: dict, mailed: bool) -> None:
    patch(sim, event_id, **change)
    assert told(sim) == ([(BEN, "update"), (CLEO, "update"), (OUTSIDE, "update")] if mailed else [])


def test_a_new_conference_is_a_change(sim: Simulator, event_id: str) -> None:
    data = {"createRequest": {"requestId": "r", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
    options = {"conferenceDataVersion": 1, "sendUpdates": "externalOnly"}
    sim.client().events().patch(calendarId=ANNA, eventId=event_id, body={"conferenceData": data}, **options).execute()
    assert told(sim) == [(OUTSIDE, "update")]


def test_deleting_cancels(sim: Simulator, event_id: str) -> None:
    sim.client().events().delete(calendarId=ANNA, eventId=event_id, sendUpdates="all").execute()
    assert told(sim) == [(BEN, "cancellation"), (CLEO, "cancellation"), (OUTSIDE, "cancellation")]
    patch(sim, event_id, status="confirmed")
    assert told(sim) == [(BEN, "invitation"), (CLEO, "invitation"), (OUTSIDE, "invitation")]


def test_moving_is_a_change_of_the_organizer(sim: Simulator, event_id: str) -> None:
    sim.control("POST", "/calendars", id=TEAM, owner=ANNA)
    move = sim.client().events().move
    move(calendarId=ANNA, eventId=event_id, destination=TEAM, sendUpdates="externalOnly").execute()
    assert told(sim) == [(OUTSIDE, "update")]


def test_the_organizer_hears_guests_answers(sim: Simulator, event_id: str) -> None:
    patch(sim, event_id, BEN, attendees=[{"email": BEN, "responseStatus": "accepted"}])
    assert told(sim) == [(ANNA, "answer")]
    patch(sim, event_id, BEN, summary="Mine")
    assert told(sim) == []
    sim.client(BEN).events().delete(calendarId=BEN, eventId=event_id, sendUpdates="all").execute()
    assert told(sim) == [(ANNA, "answer")]


def test_a_refused_write_mails_nobody(sim: Simulator, event_id: str) -> None:
    with pytest.raises(HttpError) as error:
        patch(sim, event_id, summary="New", visibility="secret")
    assert reason(error) == (400, "invalid")
    assert told(sim) == []
