"""What people do in Calendar's web UI, and the add-on call that Calendar makes for them."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from playground.addon import AddOn, AddOnFailedError, ConferenceError, Solution
from playground.person import Person
from tests.playground.calendar_simulator import ANNA, BEN, CLEO, Simulator, running

MONDAY = datetime(2026, 11, 23, 10)
ZOOM: dict[str, Any] = {
    "conferenceId": "conf-1",
    "conferenceSolutionId": "zoom",
    "entryPoints": [
        {"type": "VIDEO", "uri": "https://zoom.example.com/j/1", "label": "zoom.example.com/j/1", "passcode": "p"},
        {"type": "PHONE", "uri": "tel:+12025550100,,1#", "regionCode": "US", "features": ["TOLL_FREE"]},
    ],
    "parameters": [{"key": "generation", "value": "1"}],
    "note": "Bring <b>cake</b>.",
}


class Endpoint:
    """An add-on's function: keeps what it is asked, answers as told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.status = 200
        self.answer: Any = wrapped(ZOOM)
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.asked.append((self.path, dict(self.headers), body))
                content = json.dumps(endpoint.answer).encode()
                self.send_response(endpoint.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class PlainTokens:
    def mint(self, email: str, audience: str) -> str:
        return f"{email} for {audience}"


def wrapped(markup: Any) -> dict:
    action = {"createConferenceDataActionMarkup": {"createConferenceData": markup}}
    return {"renderActions": {"hostAppAction": {"calendarAction": action}}}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.stop()


@pytest.fixture
def anna(sim: Simulator, endpoint: Endpoint) -> Person:
    solution = Solution(id="zoom", name="Zoom Meeting", on_create_url=f"{endpoint.url}?solution=zoom")
    addon = AddOn(
        solutions=(solution,),
        audience=endpoint.url,
        service_account="service-1@gcp-sa-gsuiteaddons.iam.gserviceaccount.com",
        oauth_client_id="client-1",
        id_tokens=PlainTokens(),
    )
    return Person(email=ANNA, calendar_url=sim.api_url, token=sim.token(ANNA), addon=addon)


@pytest.fixture
def saved(anna: Person) -> dict[str, Any]:
    event_id = anna.begin_event()
    anna.choose_conference(event_id, "zoom")
    return anna.save(event_id, summary="Planning", start=MONDAY)


def test_calendar_asks_the_add_on_with_the_event_object(anna: Person, endpoint: Endpoint) -> None:
    event_id = anna.begin_event()
    anna.choose_conference(event_id, "zoom")
    ((path, headers, body),) = endpoint.asked
    system_token = f"service-1@gcp-sa-gsuiteaddons.iam.gserviceaccount.com for {endpoint.url}"
    assert path == "/?solution=zoom"
    assert headers["Authorization"] == f"Bearer {system_token}"
    assert body.keys() == {"commonEventObject", "authorizationEventObject", "calendar"}
    authorization = body["authorizationEventObject"]
    assert authorization["systemIdToken"] == system_token
    assert authorization["userIdToken"] == f"{ANNA} for client-1"
    assert authorization["userOAuthToken"] == anna.token
    assert (body["calendar"]["id"], body["calendar"]["calendarId"]) == (event_id, ANNA)
    with pytest.raises(requests.HTTPError):
        anna.event(event_id)


@pytest.mark.parametrize("policy", ["accept", "refuse", "strip"])
def test_the_conference_is_stored_in_the_apis_form_whatever_the_policy(
    sim: Simulator, anna: Person, policy: str
) -> None:
    sim.control("PATCH", f"/calendars/{ANNA}", write_policy=policy)
    event_id = anna.begin_event()
    anna.choose_conference(event_id, "zoom")
    anna.save(event_id, summary="Planning", start=MONDAY)
    event = sim.client().events().get(calendarId=ANNA, eventId=event_id).execute()
    assert event["start"] == {"dateTime": "2026-11-23T09:00:00Z", "timeZone": "Europe/Berlin"}
    data = event["conferenceData"]
    assert data["conferenceSolution"]["key"] == {"type": "addOn"}
    assert data["conferenceSolution"]["name"] == "Zoom Meeting"
    assert data["conferenceSolution"]["iconUri"].startswith("https://")
    assert (data["conferenceId"], data["notes"]) == ("conf-1", "Bring <b>cake</b>.")
    assert data["parameters"] == {"addOnParameters": {"parameters": {"generation": "1"}}}
    video, phone = data["entryPoints"]
    assert (video["entryPointType"], video["passcode"]) == ("video", "p")
    assert (phone["entryPointType"], phone["entryPointFeatures"], phone["regionCode"]) == ("phone", ["toll_free"], "US")


def test_an_answer_without_render_actions_is_understood(anna: Person, endpoint: Endpoint) -> None:
    endpoint.answer = wrapped(ZOOM)["renderActions"]
    assert anna.choose_conference(anna.begin_event(), "zoom")["conferenceId"] == "conf-1"


def test_errors_of_the_add_on_reach_the_person(anna: Person, endpoint: Endpoint) -> None:
    endpoint.answer = wrapped({"error": {"type": "AUTHENTICATION", "authenticationUrl": "https://x.example.com"}})
    with pytest.raises(ConferenceError) as error:
        anna.choose_conference(anna.begin_event(), "zoom")
    assert (error.value.kind, error.value.authentication_url) == ("AUTHENTICATION", "https://x.example.com")


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, wrapped(ZOOM)),
        (200, {}),
        (200, []),
        (200, wrapped(None)),
        (200, wrapped({**ZOOM, "conferenceSolutionId": "other"})),
        (200, wrapped({"conferenceSolutionId": "zoom"})),
    ],
)
def test_answers_that_calendar_does_not_understand(anna: Person, endpoint: Endpoint, status: int, answer: Any) -> None:
    endpoint.status, endpoint.answer = status, answer
    with pytest.raises(AddOnFailedError):
        anna.choose_conference(anna.begin_event(), "zoom")


def test_only_installed_solutions_can_be_chosen(anna: Person, sim: Simulator) -> None:
    with pytest.raises(LookupError):
        anna.choose_conference(anna.begin_event(), "teams")
    with pytest.raises(LookupError):
        Person(email=BEN, calendar_url=sim.api_url, token=sim.token(BEN)).choose_conference("abcde", "zoom")


def test_rename_move_remove_and_add_again(anna: Person, saved: dict[str, Any]) -> None:
    assert anna.rename(saved["id"], "Review")["summary"] == "Review"
    moved = anna.move_in_time(saved["id"], timedelta(hours=2))
    assert (moved["start"]["dateTime"], moved["end"]["dateTime"]) == ("2026-11-23T11:00:00Z", "2026-11-23T11:30:00Z")
    assert "conferenceData" not in anna.remove_conference(saved["id"])
    assert anna.add_conference(saved["id"], "zoom")["conferenceData"]["conferenceId"] == "conf-1"
    assert anna.edit(saved["id"], location="Room 1")["location"] == "Room 1"
    attached = [{"fileUrl": "https://example.com/agenda.pdf", "title": "Agenda"}]
    assert anna.edit(saved["id"], attachments=attached)["attachments"] == attached


def test_trash_and_back(anna: Person, saved: dict[str, Any]) -> None:
    anna.delete(saved["id"])
    assert anna.event(saved["id"])["status"] == "cancelled"
    back = anna.restore(saved["id"])
    assert (back["status"], back["conferenceData"]) == ("confirmed", saved["conferenceData"])


def test_a_duplicate_has_the_same_conference(anna: Person, saved: dict[str, Any]) -> None:
    copy = anna.duplicate(saved["id"])
    assert copy["id"] != saved["id"]
    assert copy["iCalUID"] != saved["iCalUID"]
    assert copy["conferenceData"] == saved["conferenceData"]


def test_single_instances_of_a_series(anna: Person, saved: dict[str, Any]) -> None:
    anna.make_weekly(saved["id"], count=4)
    first, second, third, _ = anna.instances(saved["id"])
    anna.cancel_instance(second["id"])
    moved = anna.move_instance(third["id"], timedelta(days=1))
    assert moved["start"]["dateTime"] == "2026-12-08T09:00:00Z"
    assert [item["id"] for item in anna.instances(saved["id"])][:2] == [first["id"], third["id"]]
    anna.make_weekly(saved["id"])
    assert anna.event(saved["id"])["recurrence"] == ["RRULE:FREQ=WEEKLY"]


@pytest.mark.parametrize(
    ("count", "before", "after"),
    [
        (5, "RRULE:FREQ=WEEKLY;UNTIL=20261207T085959Z", "RRULE:FREQ=WEEKLY;COUNT=3"),
        (None, "RRULE:FREQ=WEEKLY;UNTIL=20261207T085959Z", "RRULE:FREQ=WEEKLY"),
    ],
)
def test_this_and_following(anna: Person, saved: dict[str, Any], count: int | None, before: str, after: str) -> None:
    anna.make_weekly(saved["id"], count=count)
    _, second, third, *_ = anna.instances(saved["id"])
    anna.cancel_instance(second["id"])
    anna.move_instance(third["id"], timedelta(hours=3))
    new = anna.split_this_and_following(third["id"], summary="Second half")
    assert anna.event(saved["id"])["recurrence"] == [before]
    assert (new["recurrence"], new["summary"]) == ([after], "Second half")
    assert new["id"] not in (saved["id"], third["id"])
    assert (new["start"]["dateTime"], new["end"]["dateTime"]) == ("2026-12-07T09:00:00Z", "2026-12-07T09:30:00Z")
    assert new["conferenceData"] == saved["conferenceData"]
    assert len(anna.instances(saved["id"])) == 1
    assert anna.event(f"{new['id']}_20261214T090000Z")["recurringEventId"] == new["id"]


def test_all_day_series_split_too(anna: Person) -> None:
    day = {"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"}}
    event = anna.save(anna.begin_event(), summary="Fair", start=MONDAY)
    anna.edit(event["id"], **{name: {**when, "dateTime": None, "timeZone": None} for name, when in day.items()})
    anna.edit(event["id"], recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
    new = anna.split_this_and_following(f"{event['id']}_20261124")
    assert anna.event(event["id"])["recurrence"] == ["RRULE:FREQ=DAILY;UNTIL=20261123"]
    assert (new["start"], new["recurrence"]) == ({"date": "2026-11-24"}, ["RRULE:FREQ=DAILY;COUNT=2"])
    assert anna.move_in_time(new["id"], timedelta(days=2))["start"] == {"date": "2026-11-26"}


def test_another_calendar(sim: Simulator, anna: Person, saved: dict[str, Any]) -> None:
    sim.control("POST", "/calendars", id="team@group.example.com", owner=ANNA)
    moved = anna.move_to_calendar(saved["id"], "team@group.example.com")
    assert moved["conferenceData"] == saved["conferenceData"]
    assert anna.event(saved["id"])["status"] == "cancelled"
    team = anna.on_calendar("team@group.example.com")
    assert team.rename(saved["id"], "Ours")["organizer"]["email"] == "team@group.example.com"


def test_guests_answer(sim: Simulator, anna: Person) -> None:
    event = anna.save(anna.begin_event(), summary="All", start=MONDAY, attendees=[{"email": BEN}, {"email": CLEO}])
    ben = Person(email=BEN, calendar_url=sim.api_url, token=sim.token(BEN))
    ben.respond(event["id"], "accepted")
    answers = {person["email"]: person["responseStatus"] for person in anna.event(event["id"])["attendees"]}
    assert answers == {BEN: "accepted", CLEO: "needsAction"}
