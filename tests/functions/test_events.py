"""The HTTP API behind its real entry point: every answer is held against its contract."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest
import requests
from werkzeug.test import TestResponse

from confsync import bootstrap
from confsync.adapters.sqlite import SqliteStore
from confsync.domain.connection import Connection
from confsync.domain.keys import connection_key
from confsync.ports import Save
from playground.cloud import APPLICATION
from playground.google_drive import File
from tests.functions.conftest import Deployment
from tests.openapi import check_answer

ANN = "ann@example.com"
EVENT = {
    "summary": "Weekly planning",
    "start": {"dateTime": "2027-03-01T10:00:00+01:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2027-03-01T11:00:00+01:00", "timeZone": "Europe/Berlin"},
}
BY_HAND = {"provider": "Example Rooms", "details": {"url": "https://rooms.example.com/qkd-7wzp-m3"}}
ZOOM = {"provider": "Zoom Meeting", "autocreate": {}}
MEET = {"provider": "Google Meet", "autocreate": {}}


@dataclass(frozen=True, kw_only=True)
class Client:
    """Calls the API as one caller, and checks each answer."""

    deployed: Deployment
    caller: str = APPLICATION
    calendar: str = ANN

    def __call__(self, method: str, path: str, body: Any = None, *, query: Any = None, **headers: str) -> TestResponse:
        url = self.deployed.project.functions["events"].url
        token = self.deployed.cloud.identity_token(self.caller, url)
        sent = {"Authorization": f"Bearer {token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        target = path + (f"?{urlencode(query)}" if query else "")
        answer = self.deployed.clients["events"].open(
            target, method=method, json=body, headers=sent, environ_overrides={"RAW_URI": target}
        )
        check_answer(method, path, answer.status_code, dict(answer.headers), answer.text)
        return answer

    @property
    def events(self) -> str:
        return f"/v1/calendars/{quote(self.calendar, safe='')}/events"

    def create(
        self, conferencing: Any = ..., *, expect: int = 201, query: Any = None, key: str = "", **more: Any
    ) -> Any:
        body = {**EVENT, **more, **({} if conferencing is ... else {"conferencing": conferencing})}
        answer = self("POST", self.events, body, query=query, **({"Idempotency_Key": key} if key else {}))
        assert answer.status_code == expect, answer.text
        return answer.json

    def get(self, event_id: str, **query: Any) -> Any:
        answer = self("GET", f"{self.events}/{event_id}", query=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def patch(self, event_id: str, body: Any, *, expect: int = 200, query: Any = None, **headers: str) -> Any:
        answer = self("PATCH", f"{self.events}/{event_id}", body, query=query, **headers)
        assert answer.status_code == expect, answer.text
        return answer.json


@pytest.fixture
def api(deployed: Deployment) -> Iterator[Client]:
    yield Client(deployed=deployed)
    deployed.forget_tasks()


def test_an_event_with_a_zoom_meeting(api: Client) -> None:
    made = api.create(ZOOM)
    (meeting,) = [m for m in api.deployed.cloud.zoom.meetings() if m["topic"] == EVENT["summary"]]
    assert made["conferencing"]["details"]["url"] == meeting["join_url"]
    assert made["conferencing"]["source"] == "conferenceData"
    assert api.get(made["id"])["conferencing"] == made["conferencing"]


# --- making ----------------------------------------------------------------------------------------------------------


def test_it_is_told_where_the_new_event_is(api: Client) -> None:
    answer = api("POST", api.events, EVENT)
    url = api.deployed.project.functions["events"].url
    assert answer.headers["Location"] == f"{url}/v1/calendars/ann%40example.com/events/{answer.json['id']}"
    assert api("GET", answer.headers["Location"].removeprefix(url)).json == answer.json


@pytest.mark.parametrize("key", ["", "a" * 256, "\tkey", "k\u00e9"])
def test_a_key_is_some_printable_ascii(api: Client, key: str) -> None:
    answer = api("POST", api.events, EVENT, Idempotency_Key=key)
    assert (answer.status_code, answer.json["field"]) == (400, "Idempotency-Key")


NATIVE = {
    "conferenceId": "elsewhere",
    "conferenceSolution": {"key": {"type": "addOn"}, "name": "Elsewhere Rooms"},
    "entryPoints": [{"entryPointType": "video", "uri": "https://rooms.example.org/1", "label": "rooms.example.org/1"}],
}


def test_conferencing_decides_and_conference_data_is_not_looked_at(api: Client) -> None:
    alone = api.create(conferenceData=NATIVE)
    assert alone["conferencing"]["details"]["url"] == "https://rooms.example.org/1"
    assert api.create(None, conferenceData=NATIVE)["conferencing"] is None
    by_hand = api.create(BY_HAND, conferenceData=NATIVE)
    assert by_hand["conferencing"]["details"]["url"] == BY_HAND["details"]["url"]
    changed = api.patch(by_hand["id"], {"conferencing": by_hand["conferencing"], "conferenceData": NATIVE})
    assert changed["etag"] == by_hand["etag"]
    removed = api.patch(by_hand["id"], {"conferencing": None, "conferenceData": NATIVE})
    assert (removed["conferencing"], "conferenceData" in removed) == (None, False)


def test_an_event_that_was_read_elsewhere_keeps_its_conference(api: Client) -> None:
    read = api.create(MEET, query={"wait": 10})
    copy = {name: read[name] for name in ("conferencing", "conferenceData")}
    assert api.create(**copy)["conferenceData"] == read["conferenceData"]


def test_a_repeated_request_gives_the_same_event_and_meeting(api: Client) -> None:
    before = len(api.deployed.cloud.zoom.meetings())
    key = uuid4().hex
    first = api.create(ZOOM, key=key)
    again = api.create(ZOOM, key=key, expect=200)
    assert again["id"] == first["id"]
    assert again["conferencing"] == first["conferencing"]
    assert len(api.deployed.cloud.zoom.meetings()) == before + 1
    other = api.create(ZOOM, key=key, expect=409, summary="Something else")
    assert (other["code"], "Idempotency-Key" in other["detail"]) == ("conflict", True)


def test_an_own_id_is_a_key_of_its_own(api: Client) -> None:
    own = uuid4().hex
    assert api.create(ZOOM, id=own)["id"] == own
    assert api.create(ZOOM, id=own, expect=200)["id"] == own
    assert api.create(MEET, id=own, expect=409)["code"] == "conflict"
    bad = api.create(id="no such characters!", expect=422)
    assert bad["code"] == "unprocessable"


def test_a_meet_is_asked_for_and_waited_for(api: Client) -> None:
    pending = api.create(MEET)["conferencing"]
    assert pending == {"provider": "Google Meet", "details": {}, "source": "conferenceData", "status": "pending"}
    made = api.create(MEET, query={"wait": 10})["conferencing"]
    assert made["details"]["url"].startswith("https://meet.google.com/")
    assert "status" not in made


def test_a_link_by_hand_is_read_back(api: Client) -> None:
    details = {"url": "https://rooms.example.com/abc", "meeting_code": "123", "password": "pw"}
    details |= {"phone": ["+49 30 901820"], "pin": "77", "sip": "sip:123@rooms.example.com"}
    made = api.create({"provider": "Example Rooms", "details": details})["conferencing"]
    assert made["provider"] == "Example Rooms"
    told = made["details"]
    assert told | {"entry_points": ...} == {
        "url": "https://rooms.example.com/abc",
        "meeting_code": "123",
        "password": "pw",
        "phone": ["+4930901820"],
        "pin": "77",
        "sip": "sip:123@rooms.example.com",
        "entry_points": ...,
    }


def test_a_conference_is_shared_by_a_copy(api: Client) -> None:
    first = api.create(ZOOM)
    before = len(api.deployed.cloud.zoom.meetings())
    copy = api.create({"copy_from": {"calendar_id": ANN, "event_id": first["id"]}}, summary="Notes")
    assert copy["conferencing"] == first["conferencing"]
    assert copy["conferenceData"]["conferenceId"] == first["conferenceData"]["conferenceId"]
    assert len(api.deployed.cloud.zoom.meetings()) == before


def test_a_meet_is_copied_with_its_signature(api: Client) -> None:
    first = api.create(MEET, query={"wait": 10})
    copy = api.create({"copy_from": {"calendar_id": ANN, "event_id": first["id"]}})
    assert copy["conferencing"]["details"]["url"] == first["conferencing"]["details"]["url"]


def test_a_link_in_text_is_copied_by_its_details(api: Client) -> None:
    first = api.create(location="https://acme.webex.com/meet/ann")
    copy = api.create({"copy_from": {"calendar_id": ANN, "event_id": first["id"]}})
    assert copy["conferencing"]["details"]["url"] == "https://acme.webex.com/meet/ann"
    assert copy["conferencing"]["provider"] == first["conferencing"]["provider"] == "WebEx"
    api.create({"copy_from": {"calendar_id": ANN, "event_id": api.create()["id"]}}, expect=400)
    assert api("DELETE", f"{api.events}/{first['id']}").status_code == 204
    gone = api.create({"copy_from": {"calendar_id": ANN, "event_id": first["id"]}}, expect=400)
    assert gone["field"] == "conferencing.copy_from.event_id"


def test_settings_of_one_conference(api: Client) -> None:
    made = api.create(
        {"provider": "Zoom Meeting", "autocreate": {"settings": {"waiting_room": True}}}, summary="Waiting"
    )
    (meeting,) = [m for m in api.deployed.cloud.zoom.meetings() if m["topic"] == "Waiting"]
    assert meeting["settings"]["waiting_room"] is True
    assert made["conferencing"]["details"]["url"] == meeting["join_url"]
    wrong = api.create({"provider": "Zoom Meeting", "autocreate": {"settings": {"auto_recording": 7}}}, expect=400)
    assert wrong["field"] == "conferencing.autocreate.settings"


WRONG: list[tuple[Any, str]] = [
    ({}, "conferencing"),
    ("zoom", "conferencing"),
    ({"provider": "Zoom Meeting"}, "conferencing"),
    ({"provider": "Nobody", "autocreate": {}}, "conferencing.provider"),
    ({"autocreate": {"solution": "nothing"}}, "conferencing.autocreate.solution"),
    ({"autocreate": {}}, "conferencing"),
    ({"provider": "Zoom Meeting", "autocreate": {"colour": "red"}}, "conferencing.autocreate.colour"),
    ({"provider": "X", "details": {}}, "conferencing.details"),
    ({"provider": "X", "details": {"url": "ftp://rooms.example"}}, "conferencing.details.url"),
    ({"provider": "X", "details": {"url": "https://x.example/" + "a" * 1300}}, "conferencing.details.url"),
    ({"provider": "X", "details": {"url": 7}}, "conferencing.details.url"),
    ({"provider": "X", "details": {"phone": ["nobody"]}}, "conferencing.details.phone[0]"),
    ({"provider": "X", "details": {"phone": ["8123"]}}, "conferencing.details.phone[0]"),
    ({"provider": "Microsoft Zooms", "autocreate": {}}, "conferencing.provider"),
    (
        {"provider": "X", "details": {"entry_points": [{"type": "fax", "uri": "fax:1"}]}},
        "conferencing.details.entry_points[0].type",
    ),
    ({"provider": "X", "details": {"urls": []}}, "conferencing.details.urls"),
    ({"copy_from": {"calendar_id": ANN}}, "conferencing.copy_from.event_id"),
    ({"copy_from": {"calendar_id": ANN, "event_id": "nothere12345"}}, "conferencing.copy_from.event_id"),
]


@pytest.mark.parametrize(("conferencing", "field"), WRONG, ids=[json.dumps(each)[:60] for each, _ in WRONG])
def test_what_is_wrong_is_named_and_nothing_is_made(api: Client, conferencing: Any, field: str) -> None:
    summary = uuid4().hex
    refused = api.create(conferencing, expect=400, summary=summary)
    assert refused["field"] == field
    assert api("GET", api.events, query={"q": summary}).json["items"] == []


def test_a_type_that_the_calendar_has_not_is_told_with_those_that_it_has(api: Client) -> None:
    control = f"{api.deployed.cloud.url('calendar')}/_playground/calendars/{ANN}"
    requests.patch(control, json={"conference_types": ["eventHangout"]}, timeout=5).raise_for_status()
    try:
        refused = api.create(MEET, expect=422)
    finally:
        requests.patch(control, json={"conference_types": ["hangoutsMeet"]}, timeout=5).raise_for_status()
    assert refused["allowed"] == ["eventHangout"]


# --- reading ---------------------------------------------------------------------------------------------------------


def test_a_list_has_pages_and_a_window(api: Client) -> None:
    word = uuid4().hex[:8]
    days = [datetime(2031, 5, day, 9, tzinfo=UTC) for day in (1, 2, 3)]
    for at in days:
        times = {"start": {"dateTime": at.isoformat()}, "end": {"dateTime": (at + timedelta(hours=1)).isoformat()}}
        api.create(BY_HAND if at.day == 2 else ..., summary=f"Talk {word}", **times)
    query = {"q": word, "singleEvents": "true", "orderBy": "startTime"}
    whole = api("GET", api.events, query=query).json
    assert [each["conferencing"] is not None for each in whole["items"]] == [False, True, False]
    window = {"timeMin": "2031-05-02T00:00:00Z", "timeMax": "2031-05-03T00:00:00Z"}
    assert len(api("GET", api.events, query=query | window).json["items"]) == 1
    pages = []
    token: dict[str, str] = {}
    while True:
        page = api("GET", api.events, query=query | {"maxResults": 1} | token).json
        pages += page["items"]
        if "nextPageToken" not in page:
            break
        token = {"pageToken": page["nextPageToken"]}
    assert pages == whole["items"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"timeMin": "yesterday"}, "timeMin"),
        ({"timeMin": "2031-05-02T00:00:00"}, "timeMin"),
        ({"maxResults": "0"}, "maxResults"),
        ({"maxResults": "2501"}, "maxResults"),
        ({"singleEvents": "yes"}, "singleEvents"),
        ({"orderBy": "startTime"}, "orderBy"),
        ({"orderBy": "updated"}, "orderBy"),
        ({"syncToken": "x"}, "syncToken"),
        ({"pageToken": "no such page"}, "pageToken"),
        ({"timeMin": "2031-05-02T00:00:00Z", "timeMax": "2031-05-01T23:00:00-01:00"}, "timeMax"),
    ],
)
def test_wrong_queries_are_named(api: Client, query: dict[str, str], field: str) -> None:
    answer = api("GET", api.events, query=query)
    assert (answer.status_code, answer.json["field"]) == (400, field)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/calendars/ann@example.com/events"),
        ("POST", "/v1/calendars/ann@example.com/events"),
        ("GET", "/v1/calendars/ann@example.com/events/abcde"),
        ("GET", "/v1/calendars/ann@example.com/events/abcde.ics"),
        ("PATCH", "/v1/calendars/ann@example.com/events/abcde"),
        ("DELETE", "/v1/calendars/ann@example.com/events/abcde"),
        ("GET", "/v1/calendars/ann@example.com/conferencing"),
        ("POST", "/v1/conferencing:detect"),
    ],
)
def test_a_parameter_that_there_is_not_is_noticed_everywhere(api: Client, method: str, path: str) -> None:
    answer = api(method, path, {} if method in ("POST", "PATCH") else None, query={"sendupdates": "all"})
    assert (answer.status_code, answer.json["field"]) == (400, "sendupdates")


def test_an_event_for_another_calendar_program(api: Client) -> None:
    event_id = api.create(BY_HAND, summary="For Outlook")["id"]
    answer = api("GET", f"{api.events}/{event_id}.ics")
    assert answer.headers["ETag"] == api.get(event_id)["etag"]
    assert "SUMMARY:For Outlook" in answer.text
    assert BY_HAND["details"]["url"] in answer.text
    assert api("PATCH", f"{api.events}/{event_id}.ics", {}).headers["Allow"] == "GET, HEAD, OPTIONS"
    assert api("DELETE", f"{api.events}/{event_id}").status_code == 204
    assert "STATUS:CANCELLED" in api("GET", f"{api.events}/{event_id}.ics").text
    assert api("GET", f"{api.events}/nothere12345.ics").status_code == 404


def test_what_there_is_to_choose_from(api: Client) -> None:
    told = api("GET", f"/v1/calendars/{ANN}/conferencing").json
    assert told["conferenceTypes"] == ["hangoutsMeet"]
    assert told["accessRole"] == "owner"
    offers = {each["id"]: each for each in told["solutions"]}
    assert offers["zoom"] | {"iconUri": ..., "capabilities": ...} == {
        "id": "zoom",
        "name": "Zoom Meeting",
        "provider": "Zoom Meeting",
        "vendor": "zoom",
        "iconUri": ...,
        "personal": False,
        "connected": None,
        "capabilities": ...,
    }
    assert offers["my-zoom"]["connected"] is False
    assert "/connect/zoom/start" not in offers["my-zoom"]["connectUrl"]
    own = Client(deployed=api.deployed, caller=ANN)("GET", "/v1/calendars/primary/conferencing").json
    assert "/connect/zoom/start" in next(each for each in own["solutions"] if each["id"] == "my-zoom")["connectUrl"]


def test_an_application_is_told_of_the_accounts_of_whom_it_acts_as(api: Client) -> None:
    connection = Connection(
        key=connection_key("kim@example.com", "zoom"),
        owner="kim@example.com",
        vendor="zoom",
        account_id="1",
        account_name="kim@example.com",
        connected_at=datetime.now(UTC),
    )
    store = SqliteStore(str(api.deployed.project.directory / "confsync.sqlite"))
    store.commit([Save(record=connection)])
    store.close()
    for calendar, connected in (("kim@example.com", True), ("lee@example.com", False)):
        told = api("GET", f"/v1/calendars/{calendar}/conferencing").json
        assert {each["id"]: each["connected"] for each in told["solutions"]}["my-zoom"] is connected


def test_detection_of_whatever_is_sent(api: Client) -> None:
    def found(**body: Any) -> Any:
        answer = api("POST", "/v1/conferencing:detect", body)
        assert answer.status_code == 200, answer.text
        return answer.json["conferencing"]

    url = "https://us02web.zoom.us/j/86012345678?pwd=abc"
    assert found(text=f"Join: {url}")["details"]["url"] == url
    assert found(event={"location": url})["source"] == "location"
    assert found(event={"location": "Room 4"}) is None
    assert found(text="https://rooms.example.com/abc")["provider"] == "Example Rooms"
    for body in ({}, {"text": 7}, {"event": "x"}, {"text": "a", "event": {}}, {"html": "a"}):
        assert api("POST", "/v1/conferencing:detect", body).status_code == 400


# --- changing --------------------------------------------------------------------------------------------------------


def test_a_conference_comes_and_goes(api: Client) -> None:
    event_id = api.create(summary=(summary := uuid4().hex))["id"]
    with_zoom = api.patch(event_id, {"conferencing": ZOOM})
    assert [m["join_url"] for m in api.deployed.cloud.zoom.meetings() if m["topic"] == summary] == [
        with_zoom["conferencing"]["details"]["url"]
    ]
    by_hand = api.patch(event_id, {"conferencing": BY_HAND})
    assert by_hand["conferencing"]["details"]["url"] == BY_HAND["details"]["url"]
    assert api.patch(event_id, {"conferencing": None})["conferencing"] is None
    assert "conferenceData" not in api.get(event_id)


def test_the_words_of_people_are_not_touched(api: Client) -> None:
    event_id = api.create(description="See https://acme.webex.com/meet/ann for details")["id"]
    refused = api.patch(event_id, {"conferencing": None}, expect=422)
    assert "description" in refused["detail"]
    alone = api.create(location="https://acme.webex.com/meet/ann", description="Agenda")["id"]
    cleared = api.patch(alone, {"conferencing": None})
    assert (cleared["conferencing"], cleared.get("location", ""), cleared["description"]) == (None, "", "Agenda")


SOURCES: dict[str, Any] = {
    "zoom": {"conferencing": ZOOM},
    "meet": {"conferencing": MEET},
    "by hand": {"conferencing": BY_HAND},
    "location": {"location": "Room 4; https://us02web.zoom.us/j/86012345678?pwd=abc"},
    "description": {"description": "Join https://teams.microsoft.com/meet/26374053457629?p=Aa1 today\nPasscode: Ab1"},
    "nothing": {"description": "<b>No</b> meeting"},
    "attachment": {"attachments": [{"fileUrl": "https://files.example/1", "title": "One"}]},
    "series": {"recurrence": ["RRULE:FREQ=DAILY;COUNT=3"], "conferencing": ZOOM},
}


@pytest.mark.parametrize("source", SOURCES)
def test_what_was_read_can_be_written_back_and_changes_nothing(api: Client, source: str) -> None:
    event_id = api.create(**SOURCES[source], query={"wait": 5})["id"]
    read = api.get(event_id)
    asked = api.deployed.cloud.faults("zoom").requests()
    etag = api.patch(event_id, read)["etag"]
    assert etag == read["etag"] == api.get(event_id)["etag"]
    assert api.deployed.cloud.faults("zoom").requests() == asked
    assert api.get(event_id) == read


def test_if_match_is_honoured(api: Client) -> None:
    event = api.create()
    changed = api.patch(event["id"], {"summary": "Two"}, If_Match=event["etag"])
    assert changed["summary"] == "Two"
    stale = api.patch(event["id"], {"summary": "Three"}, expect=412, If_Match=event["etag"])
    assert stale["code"] == "precondition_failed"
    assert api("DELETE", f"{api.events}/{event['id']}", If_Match=event["etag"]).status_code == 412
    assert api("DELETE", f"{api.events}/{event['id']}", If_Match=changed["etag"]).status_code == 204
    gone = api("DELETE", f"{api.events}/{event['id']}")
    assert (gone.status_code, gone.json["code"]) == (410, "gone")
    assert api.get(event["id"])["status"] == "cancelled"
    assert api.patch(event["id"], {"summary": "Four"}, expect=404)["code"] == "not_found"


@pytest.mark.parametrize("tag", ["", "1", '""', '"1", "2"', 'W/"1"', '"a"b"', '"a b"', "*, *"])
def test_if_match_has_one_tag(api: Client, tag: str) -> None:
    path = f"{api.events}/{api.create()['id']}"
    for answer in (api("PATCH", path, {"summary": "Two"}, If_Match=tag), api("DELETE", path, If_Match=tag)):
        assert (answer.status_code, answer.json["field"]) == (400, "If-Match")


def test_a_tag_that_no_event_has_is_no_fault_of_ours(api: Client) -> None:
    path = f"{api.events}/{api.create()['id']}"
    for tag in (r'"\1"', r'"\i="', '"~"'):
        assert api("DELETE", path, If_Match=tag).status_code == 412
    assert api("PATCH", path, {"summary": "Two"}, If_Match="*").status_code == 200
    assert api("DELETE", path, If_Match="*").status_code == 204


def test_files_are_added_and_none_is_lost(api: Client) -> None:
    drive = api.deployed.cloud.drive
    plan = drive.add(File(name="Plan", owner=ANN, mime_type="application/vnd.google-apps.document"))
    event = api.create(attachments=[{"fileId": plan.id}])
    (first,) = event["attachments"]
    assert (first["title"], first["mimeType"]) == ("Plan", "application/vnd.google-apps.document")
    two = api.patch(event["id"], {"attachments": [{"fileUrl": "https://files.example/2", "title": "Two"}]})
    assert [each["title"] for each in two["attachments"]] == ["Plan", "Two"]
    one = api.patch(event["id"], {"attachments": two["attachments"][1:]}, query={"replaceAttachments": "true"})
    assert [each["title"] for each in one["attachments"]] == ["Two"]
    foreign = drive.add(File(name="Secret", owner="zoe@elsewhere.example"))
    for wrong in ({"fileId": foreign.id}, {"fileId": 7}, {}, {"title": "Nothing"}):
        refused = api.patch(event["id"], {"attachments": [wrong]}, expect=400)
        assert refused["field"].startswith("attachments[0]")
    for name in ("fileId", "fileUrl"):
        assert api.patch(event["id"], {"attachments": [{name: {}}]}, expect=400)["field"] == f"attachments[0].{name}"
    many = [{"fileUrl": f"https://files.example/{n}", "title": str(n)} for n in range(3, 28)]
    refused = api.patch(event["id"], {"attachments": many}, expect=400)
    assert (refused["field"], "25" in refused["detail"]) == ("attachments", True)


# --- who may what ----------------------------------------------------------------------------------------------------


def test_nobody_without_a_token(deployed: Deployment) -> None:
    answer = deployed.clients["events"].get(f"/v1/calendars/{ANN}/events")
    assert (answer.status_code, answer.json["code"]) == (401, "unverified")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_who_is_in_no_rule_may_nothing(api: Client) -> None:
    stranger = Client(deployed=api.deployed, caller="stranger@elsewhere.iam.gserviceaccount.com")
    for method, path in (("GET", api.events), ("POST", "/v1/conferencing:detect")):
        answer = stranger(method, path, {} if method == "POST" else None)
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


def test_people_are_themselves(api: Client) -> None:
    ben = Client(deployed=api.deployed, caller="ben@example.com", calendar="primary")
    made = ben.create()
    assert made["organizer"]["email"] == "ben@example.com"
    there = Client(deployed=api.deployed, caller="ben@example.com", calendar=ANN)
    assert there("GET", there.events).status_code == 404


def test_the_limit_of_a_caller_is_told(api: Client) -> None:
    answer = api("GET", api.events)
    assert answer.headers["RateLimit-Policy"].startswith('"default";q=')
    assert answer.headers["RateLimit"].startswith('"default";r=')


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("PUT", f"/v1/calendars/{ANN}/events", 405, "method_not_allowed"),
        ("DELETE", "/v1/conferencing:detect", 405, "method_not_allowed"),
    ],
)
def test_what_there_is_not(deployed: Deployment, method: str, path: str, status: int, code: str) -> None:
    answer = deployed.clients["events"].open(path, method=method)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.content_type == "application/problem+json"


def test_bodies_of_another_kind(api: Client) -> None:
    token = api.deployed.cloud.identity_token(api.caller, api.deployed.project.functions["events"].url)
    sent = {"Authorization": f"Bearer {token}"}
    for data, kind, status in (
        (b" " * 1_000_001, "application/json", 413),
        (b"{}", "text/plain", 415),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
    ):
        answer = api.deployed.clients["events"].post(api.events, data=data, content_type=kind, headers=sent)
        assert answer.status_code == status, answer.text
        check_answer("POST", api.events, status, dict(answer.headers), answer.text)


def test_the_unexpected_tells_nothing_but_a_trace(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("the database password is hunter2")

    monkeypatch.setattr(bootstrap, "events", broken)
    answer = deployed.clients["events"].get(f"/v1/calendars/{ANN}/events")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.json["trace"]
    check_answer("GET", f"/v1/calendars/{ANN}/events", 500, dict(answer.headers), answer.text)


RATE_LIMITED = {"error": {"code": 403, "message": "Rate Limit Exceeded", "errors": [{"reason": "rateLimitExceeded"}]}}


@pytest.mark.parametrize("fault", [{"status": 429}, {"status": 403, "body": RATE_LIMITED}], ids=["429", "403"])
def test_googles_own_limits_are_told_with_when_to_come_back(api: Client, fault: dict[str, Any]) -> None:
    calendar = api.deployed.cloud.faults("calendar")
    calendar.add(**fault, headers={"Retry-After": "7"}, times=9)
    try:
        answer = api("GET", api.events)
    finally:
        calendar.clear()
    assert (answer.status_code, answer.json["code"]) == (429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 7
