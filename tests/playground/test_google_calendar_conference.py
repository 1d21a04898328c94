"""conferenceData: what may be written, by whom, and what is made of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from playground.google_api.errors import ApiError
from playground.google_calendar.conference import decide
from playground.google_calendar.store import Calendar
from tests.playground.calendar_simulator import ANNA, BEN, Simulator, eventually, meeting, reason, running

CALENDAR = Calendar(id=ANNA, owner=ANNA, summary=ANNA)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


def point(kind: str = "video", uri: str = "https://conf.example.com/1", **more: Any) -> dict:
    return {"entryPointType": kind, "uri": uri, **more}


def zoom(*points: dict, **more: Any) -> dict:
    solution = {"key": {"type": "addOn"}, "name": "Zoom Meeting"}
    return {"conferenceSolution": solution, "conferenceId": "1", "entryPoints": list(points) or [point()], **more}


def meet_request(request_id: str = "r1", kind: str = "hangoutsMeet") -> dict:
    return {"createRequest": {"requestId": request_id, "conferenceSolutionKey": {"type": kind}}}


def insert(sim: Simulator, data: dict | None, version: int = 1, **fields: Any) -> dict:
    body = meeting(conferenceData=data, **fields)
    return sim.client().events().insert(calendarId=ANNA, body=body, conferenceDataVersion=version).execute()


def patch(sim: Simulator, event: dict, data: dict | None, version: int = 1) -> dict:
    request = (
        sim.client()
        .events()
        .patch(calendarId=ANNA, eventId=event["id"], body={"conferenceData": data}, conferenceDataVersion=version)
    )
    return request.execute()


@pytest.mark.parametrize(
    "data",
    [
        zoom(point(), point("phone", "tel:+12025550100,,1;2"), point("phone", "tel:+442079460000"), point("more")),
        zoom(point("sip", "sip:1@conf.example.com"), point("more", "http://conf.example.com/more")),
        zoom(point(passcode="x" * 128, label="y" * 512)),
        zoom(point(uri="https://conf.example.com/" + "a" * 1275)),
        zoom(point("phone", "tel:+1", entryPointFeatures=["toll_free"])),
        zoom(notes="n" * 2048, parameters={"addOnParameters": {"parameters": {"k" * 50: "v" * 1024}}}),
    ],
)
def test_third_party_data_within_the_rules_is_kept(data: dict) -> None:
    kept = decide(None, data, CALENDAR, by_calendar_itself=False)
    assert kept is not None
    assert [p["uri"] for p in kept["entryPoints"]] == [p["uri"] for p in data["entryPoints"]]


@pytest.mark.parametrize(
    "data",
    [
        zoom(point("more")),
        zoom(point(), point()),
        zoom(point("sip", "sip:a@b"), point("sip", "sip:c@d")),
        zoom(point(), point("more"), point("more")),
        zoom(point(uri="ftp://conf.example.com")),
        zoom(point("phone", "https://conf.example.com")),
        zoom(point("sip", "tel:+1")),
        zoom(point("chat")),
        zoom(point("more", label="not here"), point()),
        zoom(point(uri="https://conf.example.com/" + "a" * 1276)),
        zoom(point(label="y" * 513)),
        zoom(point(pin="1" * 129)),
        zoom(point("phone", "tel:+1", entryPointFeatures=["toll", "toll_free"])),
        zoom(notes="n" * 2049),
        zoom(conferenceId="c" * 513),
        zoom(parameters={"addOnParameters": {"parameters": {"k" * 51: "v"}}}),
        {"entryPoints": [point()]},
        {"conferenceSolution": {"key": {"type": "addOn"}}, "entryPoints": []},
        {"conferenceSolution": {"key": {"type": "eventHangout"}}, "entryPoints": [point()]},
        {"conferenceSolution": {"key": {"type": "hangoutsMeet"}}, "entryPoints": [point()], "signature": "forged"},
        {"createRequest": {"conferenceSolutionKey": {"type": "hangoutsMeet"}}},
        meet_request(kind="addOn"),
    ],
)
def test_data_against_the_rules_is_refused(data: dict) -> None:
    with pytest.raises(ApiError) as error:
        decide(None, data, CALENDAR, by_calendar_itself=True)
    assert error.value.status == 400


def test_without_version_1_conference_data_is_ignored(sim: Simulator) -> None:
    assert "conferenceData" not in insert(sim, zoom(), version=0)
    event = insert(sim, zoom())
    assert patch(sim, event, None, version=0)["conferenceData"] == event["conferenceData"]
    update = sim.client().events().update
    kept = update(calendarId=ANNA, eventId=event["id"], body=meeting()).execute()
    assert kept["conferenceData"] == event["conferenceData"]
    gone = update(calendarId=ANNA, eventId=event["id"], body=meeting(), conferenceDataVersion=1).execute()
    assert "conferenceData" not in gone


def test_a_version_that_does_not_exist_is_refused(sim: Simulator) -> None:
    response = sim.raw("POST", "/calendars/primary/events?conferenceDataVersion=2", json=meeting())
    assert response.status_code == 400


def test_patching_merges_clears_and_replaces(sim: Simulator) -> None:
    event = insert(sim, zoom(notes="old"))
    assert patch(sim, event, {"notes": "new"})["conferenceData"] == zoom(notes="new")
    other = zoom(point(uri="https://conf.example.com/2"))
    assert patch(sim, event, other)["conferenceData"]["entryPoints"] == other["entryPoints"]
    assert "conferenceData" not in patch(sim, event, None)


def test_regions_of_phone_numbers_are_found_not_written(sim: Simulator) -> None:
    data = zoom(point(regionCode="XX"), point("phone", "tel:+12025550100,,1", regionCode="XX"), point("phone", "tel:1"))
    points = insert(sim, data)["conferenceData"]["entryPoints"]
    assert [p.get("regionCode") for p in points] == [None, "US", None]


def test_accounts_may_refuse_or_strip_third_party_data(sim: Simulator) -> None:
    sim.control("PATCH", f"/calendars/{ANNA}", write_policy="refuse")
    with pytest.raises(HttpError) as error:
        insert(sim, zoom())
    assert reason(error) == (400, "invalid")
    assert "Invalid conference data" in str(error.value)
    sim.control("PATCH", f"/calendars/{ANNA}", write_policy="strip")
    assert "conferenceData" not in insert(sim, zoom())
    sim.control("PATCH", f"/calendars/{ANNA}", write_policy="accept")
    no_type = zoom() | {"conferenceSolution": {"name": "Zoom Meeting"}}
    assert "conferenceData" not in insert(sim, no_type)


def test_a_create_request_is_pending_and_then_meet(sim: Simulator) -> None:
    sim.control("PATCH", "/settings", conference_delay=0.05)
    event = insert(sim, meet_request(), attendees=[{"email": BEN}])
    assert event["conferenceData"]["createRequest"]["status"] == {"statusCode": "pending"}
    assert "entryPoints" not in event["conferenceData"]
    token = sim.sync_token()

    def read(email: str = ANNA) -> dict:
        return sim.client(email).events().get(calendarId=email, eventId=event["id"]).execute()

    ready = eventually(lambda: (found := read()).get("hangoutLink") and found)
    data = ready["conferenceData"]
    assert data["createRequest"]["status"] == {"statusCode": "success"}
    assert data["conferenceSolution"]["key"] == {"type": "hangoutsMeet"}
    assert ready["hangoutLink"] == data["entryPoints"][0]["uri"] == f"https://meet.google.com/{data['conferenceId']}"
    assert ready["etag"] != event["etag"]
    assert [item["id"] for item in sim.delta(token)["items"]] == [event["id"]]
    assert read(BEN)["conferenceData"] == data
    assert patch(sim, event, meet_request())["conferenceData"] == data, "the same request again is ignored"
    copied = insert(sim, {key: value for key, value in data.items() if key != "createRequest"})
    assert copied["hangoutLink"] == ready["hangoutLink"]
    whole = insert(sim, data)
    assert whole["conferenceData"] == data, "it may be copied with the request that it came from"
    assert patch(sim, event, meet_request("r2"))["conferenceData"]["createRequest"]["status"]["statusCode"] == "pending"


def test_a_create_request_can_fail(sim: Simulator) -> None:
    sim.control("PATCH", "/settings", conference_delay=0, conference_outcome="failure")
    event = insert(sim, meet_request())

    def status() -> str:
        found = sim.client().events().get(calendarId=ANNA, eventId=event["id"]).execute()
        assert not {"entryPoints", "signature"} & found["conferenceData"].keys()
        return found["conferenceData"]["createRequest"]["status"]["statusCode"]

    eventually(lambda: status() == "failure")


def ready_meet(sim: Simulator) -> dict:
    """An event with a Meet."""
    sim.control("PATCH", "/settings", conference_delay=0)
    event = insert(sim, meet_request())
    read = sim.client().events().get(calendarId=ANNA, eventId=event["id"])
    return eventually(lambda: (found := read.execute()).get("hangoutLink") and found)


@pytest.mark.parametrize("change", [{"signature": None}, {"signature": "AL0"}, {"conferenceId": "aaa-bbbb-ccc"}])
def test_a_meet_is_copied_with_its_signature_or_not(sim: Simulator, change: dict) -> None:
    data = ready_meet(sim)["conferenceData"]
    changed = {key: value for key, value in (data | change).items() if value is not None}
    with pytest.raises(HttpError) as error:
        insert(sim, changed)
    assert reason(error) == (400, "invalid")
    sim.control("PATCH", f"/calendars/{ANNA}", unsigned_meet="drop")
    assert not {"conferenceData", "hangoutLink"} & insert(sim, changed).keys()
    assert insert(sim, data)["conferenceData"] == data


def test_a_meet_sent_back_to_its_event_may_be_refused(sim: Simulator) -> None:
    event = ready_meet(sim)
    assert patch(sim, event, event["conferenceData"])["conferenceData"] == event["conferenceData"]
    sim.control("PATCH", f"/calendars/{ANNA}", echoed_meet="refuse")
    with pytest.raises(HttpError) as error:
        patch(sim, event, event["conferenceData"])
    assert reason(error) == (400, "invalid")
    renamed = sim.client().events().patch(calendarId=ANNA, eventId=event["id"], body={"summary": "New"}).execute()
    assert renamed["conferenceData"] == event["conferenceData"], "not sent, it stays"
    assert insert(sim, event["conferenceData"])["hangoutLink"] == event["hangoutLink"]
    assert "conferenceData" not in patch(sim, event, None)


def test_a_pending_request_can_be_sent_back(sim: Simulator) -> None:
    sim.control("PATCH", "/settings", conference_delay=60)
    event = insert(sim, meet_request())
    assert patch(sim, event, event["conferenceData"])["conferenceData"] == event["conferenceData"]


def test_one_request_takes_the_place_of_another_conference(sim: Simulator) -> None:
    event = insert(sim, zoom())
    data = patch(sim, event, meet_request())["conferenceData"]
    assert data.keys() == {"createRequest"}
    assert patch(sim, event, zoom())["conferenceData"] == zoom()


@pytest.mark.parametrize(("counts", "expected"), [("points", "conferenceSolution"), ("request", "createRequest")])
def test_a_new_request_beside_entry_points(sim: Simulator, counts: str, expected: str) -> None:
    both = zoom() | meet_request()
    sim.control("PATCH", f"/calendars/{ANNA}", request_beside_points=counts)
    data = insert(sim, both)["conferenceData"]
    assert {"conferenceSolution", "createRequest"} & data.keys() == {expected}
    sim.control("PATCH", f"/calendars/{ANNA}", request_beside_points="refuse")
    with pytest.raises(HttpError) as error:
        insert(sim, both)
    assert reason(error) == (400, "invalid")


def test_a_type_that_the_calendar_does_not_allow_is_refused(sim: Simulator) -> None:
    sim.control("PATCH", f"/calendars/{ANNA}", conference_types=[])
    calendar = sim.client().calendars().get(calendarId=ANNA).execute()
    assert calendar["conferenceProperties"] == {"allowedConferenceSolutionTypes": []}
    with pytest.raises(HttpError) as error:
        insert(sim, meet_request())
    assert "Invalid conference type value" in str(error.value)
