"""The contract of the HTTP API, deploy/openapi.yaml: it is valid, and its examples are what it says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from confsync.domain.conference_data import ShownEntryPoint
from confsync.domain.conferencing import Conferencing, Confidence, JoinDetails, Source, Status
from confsync.domain.entry_point import (
    MAX_CODE,
    MAX_ENTRY_POINTS,
    MAX_LABEL,
    MAX_URI,
    EntryPointType,
    Feature,
)
from confsync.domain.solution import OwnRecurrence
from tests.openapi import CONTRACT, METHODS, check_answer, check_request, errors_of, resolved

SCHEMAS: dict[str, Any] = CONTRACT["components"]["schemas"]
EVENTS = "/v1/calendars/ann%40example.com/events"
EVENT = f"{EVENTS}/4t8c2k0m5v7u1a9s"
VIDEO = {"type": "video", "uri": "https://rooms.example/1"}
PHONE = {"type": "phone", "uri": "tel:+46812345678"}
OPERATIONS = {
    operation["operationId"]: operation
    for route in CONTRACT["paths"].values()
    for method, operation in route.items()
    if method in METHODS
}


def schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def contents(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every place of the contract that has a schema and should have examples."""
    if isinstance(node, dict):
        if "schema" in node:
            yield where, node
        for name, each in node.items():
            yield from contents(each, f"{where}/{name.replace('/', '~')}")
    if isinstance(node, list):
        for index, each in enumerate(node):
            yield from contents(each, f"{where}/{index}")


def examples(node: dict[str, Any]) -> list[Any]:
    single = [node["example"]] if "example" in node else []
    return single + [each["value"] for each in node.get("examples", {}).values()]


PLACES = dict(contents({name: CONTRACT[name] for name in ("paths", "components")}))
PROBLEMS = [node for where, node in PLACES.items() if where.endswith("/application~problem+json")]
BODIES = [where for where in PLACES if where.endswith(("~json", "+json"))]


# --- the file --------------------------------------------------------------------------------------------------------


def test_it_is_valid_openapi() -> None:
    validate(CONTRACT)


@pytest.mark.parametrize("where", PLACES)
def test_each_example_is_as_its_schema_says(where: str) -> None:
    for example in examples(PLACES[where]):
        assert errors_of(PLACES[where]["schema"], example) == []


@pytest.mark.parametrize("where", BODIES)
def test_each_body_has_an_example(where: str) -> None:
    assert examples(PLACES[where])


@pytest.mark.parametrize("name", CONTRACT["components"]["responses"])
def test_each_error_has_an_example_of_its_own_status(name: str) -> None:
    told = CONTRACT["components"]["responses"][name]
    statuses = {
        status
        for operation in OPERATIONS.values()
        for status, response in operation["responses"].items()
        if response.get("$ref", "").endswith(f"/{name}")
    } or {"405"}
    found = examples(told["content"]["application/problem+json"])
    assert {str(each["status"]) for each in found} == statuses
    for each in found:
        assert each["type"] == f"/problems/{each['code']}"


def test_each_code_has_an_example_and_a_row_in_the_introduction() -> None:
    found = {each["code"] for node in PROBLEMS for each in examples(node)}
    rows = [line.split("|") for line in CONTRACT["info"]["description"].splitlines() if line.startswith("| ")]
    told = {row[2].strip(" `"): row[1].strip() for row in rows if row[1].strip().isdigit()}
    assert found == set(SCHEMAS["Problem"]["properties"]["code"]["enum"]) == set(told)
    assert all(told[each["code"]] == str(each["status"]) for node in PROBLEMS for each in examples(node))


def test_each_kind_of_error_has_one_title() -> None:
    found = {(each["code"], each["title"]) for node in PROBLEMS for each in examples(node)}
    assert len(found) == len(SCHEMAS["Problem"]["properties"]["code"]["enum"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_names_the_errors_that_it_may_have(name: str) -> None:
    operation = OPERATIONS[name]
    expected = {"500"} if operation.get("security") == [] else {"400", "401", "403", "429", "500", "503"}
    expected |= {"413", "415"} if "requestBody" in operation else set()
    assert expected <= operation["responses"].keys()


# --- it is as the code is --------------------------------------------------------------------------------------------


def enum(name: str, field: str) -> set[str]:
    return set(SCHEMAS[name]["properties"][field]["enum"])


def test_words_are_those_of_the_code() -> None:
    assert enum("Conferencing", "source") == set(Source)
    assert enum("Conferencing", "confidence") == set(Confidence)
    assert enum("Conferencing", "status") == set(Status)
    assert enum("ConferencingEntryPointInput", "type") == set(EntryPointType)
    assert enum("Capabilities", "recurrence") == set(OwnRecurrence)
    for name in ("ConferencingEntryPoint", "ConferencingEntryPointInput"):
        assert set(SCHEMAS[name]["properties"]["features"]["items"]["enum"]) == set(Feature)


def test_limits_are_calendars() -> None:
    point = SCHEMAS["ConferencingEntryPointInput"]["properties"]
    assert (point["uri"]["maxLength"], point["label"]["maxLength"]) == (MAX_URI, MAX_LABEL)
    assert SCHEMAS["ConferencingDetailsInput"]["properties"]["url"]["maxLength"] == MAX_URI
    assert SCHEMAS["Code"]["maxLength"] == MAX_CODE
    assert SCHEMAS["ConferencingEntryPointsInput"]["maxItems"] == MAX_ENTRY_POINTS


FULL = Conferencing(
    provider="Zoom Meeting",
    details=JoinDetails(
        url="https://zoom.us/j/1",
        meeting_code="1",
        password="2",
        pin="3",
        phone=("+46812345678",),
        sip="sip:1@zoomcrc.com",
        entry_points=(
            ShownEntryPoint(
                type="phone",
                uri="tel:+46812345678",
                label="+46 8 123 456 78",
                meeting_code="1",
                access_code="2",
                passcode="3",
                password="4",
                pin="5",
                region_code="SE",
                features=("toll",),
            ),
        ),
    ),
    source=Source.CONFERENCE_DATA,
    confidence=Confidence.HIGH,
    status=Status.PENDING,
)
EMPTY = Conferencing(provider="Google Meet", details=JoinDetails(), source=Source.HANGOUT_LINK)


@pytest.mark.parametrize("read", [FULL, EMPTY], ids=["full", "empty"])
def test_what_is_read_is_as_the_contract_says_and_can_be_written_back(read: Conferencing) -> None:
    assert errors_of(schema("Conferencing"), read.json()) == []
    assert errors_of(schema("ConferencingInput"), read.json()) == []


def test_the_contract_has_every_field_that_can_be_read() -> None:
    read = FULL.json()
    (point,) = read["details"]["entry_points"]
    assert set(read) == set(SCHEMAS["Conferencing"]["properties"])
    assert set(read["details"]) == set(SCHEMAS["ConferencingDetails"]["properties"])
    assert set(point) == set(SCHEMAS["ConferencingEntryPoint"]["properties"])


# --- what can be written ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        None,
        {"details": {"url": "https://rooms.example/1"}},
        {"provider": "Example Rooms", "details": {"phone": ["+46 8 123 456 78"], "pin": "1"}},
        {"details": {"sip": "sip:1@rooms.example"}},
        {"details": {"entry_points": [VIDEO, PHONE, PHONE]}},
        {"provider": "Zoom Meeting", "autocreate": {}},
        {"provider": "zoom", "autocreate": {"settings": {"waiting_room": True}, "account": "host@example.com"}},
        {"autocreate": {"solution": "zoom-recorded"}},
        {"copy_from": {"calendar_id": "ann@example.com", "event_id": "abcde"}},
    ],
)
def test_each_form_of_conferencing_can_be_written(written: Any) -> None:
    assert errors_of(schema("ConferencingInput"), written) == []


@pytest.mark.parametrize(
    "written",
    [
        {},
        "Zoom Meeting",
        {"provider": "Zoom Meeting"},
        {"autocreate": {}},
        {"provider": "Zoom Meeting", "autocreate": {"recording": True}},
        {"provider": "Zoom Meeting", "autocreate": {}, "details": {"url": "https://rooms.example/1"}},
        {"details": {}},
        {"details": {"pin": "1"}},
        {"details": {"url": "http://rooms.example/1"}},
        {"details": {"url": "https://rooms.example/" + "1" * MAX_URI}},
        {"details": {"url": "https://rooms.example/1", "passcode": "1"}},
        {"details": {"url": "https://rooms.example/1", "pin": "1" * (MAX_CODE + 1)}},
        {"details": {"phone": []}},
        {"details": {"phone": ["call me"]}},
        {"details": {"sip": "1@rooms.example"}},
        {"details": {"entry_points": [VIDEO, VIDEO]}},
        {"details": {"entry_points": [{"type": "more", "uri": "https://rooms.example/numbers"}]}},
        {"details": {"entry_points": [{"type": "video"}]}},
        {"details": {"entry_points": [{**PHONE, "features": ["toll", "toll_free"]}]}},
        {"copy_from": {"calendar_id": "ann@example.com"}},
        {"copy_from": {"calendar_id": "ann@example.com", "event_id": "abcde"}, "provider": "Zoom Meeting"},
    ],
)
def test_nothing_else_can_be_written(written: Any) -> None:
    assert errors_of(schema("ConferencingInput"), written) != []


@pytest.mark.parametrize(
    "sent", [{}, {"text": "x", "ics": "y"}, {"text": 1}, {"event": None}, {"text": "x", "language": "de"}, []]
)
def test_exactly_one_thing_is_looked_at(sent: Any) -> None:
    assert errors_of(schema("DetectRequest"), sent) != []


@pytest.mark.parametrize(("id", "taken"), [("a0v9z", False), ("abcd", False), ("abc_e", False), ("a0v9u", True)])
def test_own_event_ids_are_as_google_takes_them(id: str, taken: bool) -> None:
    event = {"id": id, "start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}}
    assert (errors_of(schema("NewEvent"), event) == []) is taken


def test_an_event_that_was_read_can_be_sent_back() -> None:
    answer = resolved(OPERATIONS["getEvent"]["responses"]["200"])
    for event in examples(answer["content"]["application/json"]):
        check_request("PATCH", EVENT, headers={"If-Match": event["etag"]}, body=event)


# --- how tests hold requests and answers against it ------------------------------------------------------------------

PROBLEM = {
    "type": "/problems/unavailable",
    "title": "It can't be done now",
    "status": 503,
    "code": "unavailable",
    "detail": "try again later",
    "trace": "0" * 32,
}
JSON, PROBLEM_JSON = {"Content-Type": "application/json"}, {"Content-Type": "application/problem+json"}


def test_answers_of_the_contract_pass() -> None:
    limits = {"RateLimit": '"default";r=1;t=2', "RateLimit-Policy": '"default";q=3;w=4'}
    check_answer("GET", EVENTS, 200, JSON, '{"kind": "calendar#events", "timeZone": "UTC", "items": []}')
    check_answer("DELETE", EVENT, 204, limits, "")
    check_answer("GET", f"{EVENT}.ics", 200, {"Content-Type": "text/calendar; charset=utf-8", "ETag": '"1"'}, "BEGIN")
    check_answer("HEAD", EVENT, 200, {**JSON, "etag": '"1"'}, "")
    check_answer("OPTIONS", EVENT, 204, {"Allow": "GET"}, "")
    check_answer("GET", EVENTS, 503, {**PROBLEM_JSON, "Retry-After": "1"}, _problem())
    check_answer("GET", "/v2/", 404, PROBLEM_JSON, _problem(status=404, code="not_found"))
    check_answer("PUT", EVENT, 405, {**PROBLEM_JSON, "Allow": "GET"}, _problem(status=405, code="method_not_allowed"))


@pytest.mark.parametrize(
    ("method", "path", "status", "headers", "body"),
    [
        ("GET", EVENTS, 200, JSON, '{"kind": "calendar#events", "timeZone": "UTC"}'),
        ("GET", EVENTS, 200, JSON, '{"kind": "calendar#events", "timeZone": "UTC", "items": [], "more": true}'),
        ("GET", EVENTS, 200, {}, '{"kind": "calendar#events", "timeZone": "UTC", "items": []}'),
        ("GET", EVENTS, 410, PROBLEM_JSON, "{}"),
        ("DELETE", EVENT, 204, {}, "{}"),
        ("DELETE", EVENT, 204, {"RateLimit": "limit=1"}, ""),
        ("GET", f"{EVENT}.ics", 200, {**JSON, "ETag": '"1"'}, "{}"),
        ("GET", f"{EVENT}.ics", 200, {"Content-Type": "text/calendar; charset=utf-8"}, "BEGIN"),
        ("GET", EVENTS, 503, PROBLEM_JSON, "PROBLEM"),
        ("GET", EVENTS, 503, {**PROBLEM_JSON, "Retry-After": "soon"}, "PROBLEM"),
        ("GET", EVENTS, 503, {**JSON, "Retry-After": "1"}, "PROBLEM"),
        ("GET", "/v2/", 200, JSON, "{}"),
        ("PUT", EVENT, 200, JSON, "{}"),
    ],
)
def test_other_answers_do_not(method: str, path: str, status: int, headers: dict[str, str], body: str) -> None:
    with pytest.raises(AssertionError):
        check_answer(method, path, status, headers, _problem() if body == "PROBLEM" else body)


def test_requests_of_the_contract_pass() -> None:
    query = [("maxResults", "2500"), ("singleEvents", "true"), ("timeMin", "2027-03-01T00:00:00Z")]
    check_request("GET", EVENTS, query=query, headers={})
    event = {"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}, "colorId": "7", "anything": [1]}
    check_request("POST", EVENTS, headers={"idempotency-key": "a b"}, body=event)


@pytest.mark.parametrize(
    ("method", "query", "headers", "body"),
    [
        ("GET", [("timemin", "2027-03-01T00:00:00Z")], {}, None),
        ("GET", [("timeMin", "2027-03-01")], {}, None),
        ("GET", [("maxResults", "0")], {}, None),
        ("GET", [("maxResults", "many")], {}, None),
        ("GET", [("singleEvents", "yes")], {}, None),
        ("GET", [("orderBy", "updated")], {}, None),
        ("GET", [], {}, {}),
        ("POST", [], {}, None),
        ("POST", [], {}, {"start": {"date": "2027-03-01"}}),
        ("POST", [], {"Idempotency-Key": "ä"}, {"start": {}, "end": {}}),
        ("POST", [("sendUpdates", "some")], {}, {"start": {}, "end": {}}),
        ("POST", [("wait", "26")], {}, {"start": {}, "end": {}}),
    ],
)
def test_other_requests_do_not(method: str, query: list[tuple[str, str]], headers: dict[str, str], body: Any) -> None:
    with pytest.raises(AssertionError):
        check_request(method, EVENTS, query=query, headers=headers, body=body)


def _problem(**other: Any) -> str:
    told = {**PROBLEM, **other}
    return json.dumps({**told, "type": f"/problems/{told['code']}"})
