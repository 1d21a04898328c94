"""The example of a custom provider keeps the contract, and the contract keeps Calendar's limits.

Every answer, and every request that should be understood, is checked against `deploy/custom-provider.yaml`.
"""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import requests
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from standardwebhooks import Webhook

from confsync.domain.entry_point import (
    CODES,
    MAX_CODE,
    MAX_ENTRY_POINTS,
    MAX_LABEL,
    MAX_NOTES,
    MAX_PARAMETER_KEY,
    MAX_PARAMETER_VALUE,
    MAX_PARAMETERS,
    MAX_URI,
    SCHEMES,
    ConferenceDetails,
    EntryPoint,
    EntryPointType,
    Feature,
)
from confsync.domain.errors import Invalid
from playground.custom_provider import CustomProvider, Server
from playground.server import serve
from playground.vendors.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]
CONTRACT: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "custom-provider.yaml").read_text(encoding="utf-8"))
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
OTHER_SECRET = "whsec_" + base64.b64encode(b"another one of thirty-two bytes.").decode()
MARKER = "confsync-0123456789abcdef0123456789abcdef01234567.1"
OTHER_MARKER = MARKER + "0"
SPEC: dict[str, Any] = CONTRACT["paths"]["/create"]["post"]["requestBody"]["content"]["application/json"]["examples"][
    "single"
]["value"]["spec"]
OPERATIONS = ("capabilities", "create", "find", "get", "update", "delete")


# --- the contract's schemas ------------------------------------------------------------------------------------------


def closed(node: Any) -> Any:
    """The schemas without leave to add fields, so that a field that the contract does not name is noticed."""
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    told = {name: closed(value) for name, value in node.items()}
    is_schema = told.get("type") == "object" and "properties" in told
    return {"additionalProperties": False, **told} if is_schema else told


REGISTRY: Registry[Any] = Registry().with_resource(
    "urn:contract", Resource.from_contents(closed(deepcopy(CONTRACT)), default_specification=DRAFT202012)
)


def errors_of(pointer: str, value: Any) -> list[str]:
    """What the schema there has against the value."""
    schema = {"$ref": f"urn:contract#{pointer}"}
    return [error.message for error in Draft202012Validator(schema, registry=REGISTRY).iter_errors(value)]


def check_request(body: Any) -> None:
    """The body is a request of the contract."""
    pointer = f"/paths/~1{body['operation']}/post/requestBody/content/application~1json/schema"
    assert errors_of(pointer, body) == []


def check_answer(operation: str, response: requests.Response) -> None:
    """The answer is one that the contract knows for this call."""
    known = CONTRACT["paths"][f"/{operation}"]["post"]["responses"]
    assert str(response.status_code) in known
    reference = known[str(response.status_code)].get(
        "$ref", f"#/paths/~1{operation}/post/responses/{response.status_code}"
    )
    assert errors_of(f"{reference.removeprefix('#')}/content/application~1json/schema", response.json()) == []
    assert response.headers["Content-Type"] == "application/json"


# --- the server, and a client ----------------------------------------------------------------------------------------


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *args: Any) -> None:
        pass


class Client:
    """confsync's side: signs what it sends by an off-the-shelf library, and checks what comes back."""

    def __init__(self, url: str, secret: str = SECRET) -> None:
        self.url = url
        self.secret = secret

    def call(self, operation: str, **fields: Any) -> requests.Response:
        body = {"contract": 1, "operation": operation, **fields}
        check_request(body)
        headers = {"Idempotency-Key": fields["marker"]} if operation == "create" else {}
        response = self.post(operation, json.dumps(body), **headers)
        check_answer(operation, response)
        return response

    def post(self, path: str, body: str, **headers: str) -> requests.Response:
        """The signed body at that path, whatever it holds, with these headers in place of the right ones."""
        return requests.post(f"{self.url}/{path}", body, headers={**self.signed(body), **headers}, timeout=10)

    def signed(self, body: str, *, age: timedelta = timedelta(0), name: str = "msg_1") -> dict[str, str]:
        at = datetime.now(UTC) - age
        signature = Webhook(self.secret).sign(name, at, body)
        return {"webhook-id": name, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}

    def create(self, marker: str = MARKER, **changes: Any) -> dict[str, Any]:
        created: dict[str, Any] = self.call("create", marker=marker, spec={**SPEC, **changes}).json()
        return created

    def find(self, marker: str = MARKER) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("find", marker=marker, spec=SPEC).json()["conferences"]
        return found


@pytest.fixture
def client() -> Iterator[Client]:
    with make_server(
        "127.0.0.1", 0, CustomProvider(SECRET, rooms=3), server_class=Server, handler_class=Quiet
    ) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield Client(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()


# --- the calls -------------------------------------------------------------------------------------------------------


def test_it_declares_what_it_can_do(client: Client) -> None:
    told = client.call("capabilities").json()
    assert (told["contract"], told["updates"], told["deletes"]) == (1, True, True)


def test_a_created_meeting_is_found_and_shown(client: Client) -> None:
    response = client.call("create", marker=MARKER, spec=SPEC)
    assert response.status_code == 201
    assert client.find() == [response.json()]
    assert client.call("get", id=response.json()["id"]).json() == response.json()


def test_a_marker_is_not_mistaken_for_one_that_begins_with_it(client: Client) -> None:
    one, other = client.create(), client.create(OTHER_MARKER)
    assert (client.find(), client.find(OTHER_MARKER)) == ([one], [other])
    assert client.find("confsync-unknown.1") == []


def test_a_create_sent_again_makes_no_second_meeting_and_follows_the_newer_spec(client: Client) -> None:
    created = client.create()
    again = client.call("create", marker=MARKER, spec=SPEC)
    assert (again.status_code, again.json()) == (200, created)
    renamed = client.create(title="Renamed")
    assert (renamed["id"], renamed["entryPoints"]) == (created["id"], created["entryPoints"])
    assert renamed["fingerprint"] != created["fingerprint"]
    assert client.find() == [renamed]


def test_of_many_creates_at_once_one_makes_the_meeting(client: Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: client.call("create", marker=MARKER, spec=SPEC), range(16)))
    assert sorted(response.status_code for response in responses) == [200] * 15 + [201]
    assert all(client.find() == [response.json()] for response in responses)


def test_an_update_changes_the_meeting_and_keeps_its_id(client: Client) -> None:
    created = client.create()
    series = CONTRACT["paths"]["/create"]["post"]["requestBody"]["content"]["application/json"]["examples"]["series"]
    fields = {"id": created["id"], "marker": MARKER, "spec": series["value"]["spec"]}
    updated = client.call("update", **fields).json()
    assert updated["id"] == created["id"]
    assert updated["fingerprint"] != created["fingerprint"]
    assert client.call("update", **fields).json() == updated
    assert client.find() == [updated]


def test_a_deleted_meeting_is_gone_and_its_marker_is_free(client: Client) -> None:
    gone = client.create()["id"]
    assert client.call("delete", id=gone).json() == {"deleted": True}
    assert client.find() == []
    for operation, fields in {"get": {}, "delete": {}, "update": {"marker": MARKER, "spec": SPEC}}.items():
        response = client.call(operation, id=gone, **fields)
        assert (response.status_code, response.json()["error"]) == (404, "not_found")
    assert client.create()["id"] != gone


def test_it_refuses_in_words_for_people_and_does_nothing(client: Client) -> None:
    far = {**SPEC, "start": "2100-01-01T09:00:00Z", "end": "2100-01-01T10:00:00Z"}
    response = client.call("create", marker=MARKER, spec=far)
    assert (response.status_code, response.json()["error"]) == (422, "refused")
    assert client.find() == []
    created = client.create()
    assert client.call("update", id=created["id"], marker=MARKER, spec=far).status_code == 422
    assert client.find() == [created]


def test_a_host_without_an_account_is_told_where_to_get_one(client: Client) -> None:
    response = client.call("create", marker=MARKER, spec={**SPEC, "host": "eve@elsewhere.example"})
    assert (response.status_code, response.json()["error"]) == (403, "needs_permission")
    assert response.json()["address"].startswith("https://")


def test_it_says_when_to_come_back(client: Client) -> None:
    for number in range(3):
        client.create(f"confsync-{number}.1")
    response = client.call("create", marker=MARKER, spec=SPEC)
    assert (response.status_code, response.json()["error"]) == (503, "broken")
    assert response.headers["Retry-After"] == "600"
    assert client.find() == []


def test_the_playground_shows_its_meetings_and_else_changes_nothing() -> None:
    entry = next(entry for entry in CATALOGUE if entry.name == "custom")
    service, secret = entry.open()
    server = serve(entry.app(service), name="custom")
    try:
        client = Client(server.url, secret)
        client.create(title="Shown")
        meetings = requests.get(f"{server.url}/_playground/meetings", timeout=10)
        assert meetings.headers["Content-Type"] == "application/json"
        assert [meeting["title"] for meeting in meetings.json()] == ["Shown"]
        assert requests.get(f"{server.url}/find", timeout=10).status_code == 401
    finally:
        server.stop()


# --- the signature ---------------------------------------------------------------------------------------------------

CALL = json.dumps({"contract": 1, "operation": "capabilities"})


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_call_signed_with_another_secret_is_not_verified(client: Client, operation: str) -> None:
    response = Client(client.url, OTHER_SECRET).post(operation, json.dumps({"contract": 1, "operation": operation}))
    assert response.status_code == 401
    check_answer(operation, response)


def test_only_what_was_signed_is_verified(client: Client) -> None:
    right = client.signed(CALL)
    wrong: list[dict[str, str]] = [
        dict.fromkeys(right, ""),
        *({name: ""} for name in right),
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(int(right["webhook-timestamp"]) + 1)},
        {"webhook-signature": right["webhook-signature"].removeprefix("v1,")},
        {"webhook-signature": right["webhook-signature"].replace("v1,", "v1a,")},
        {"webhook-signature": "v1,é"},
    ]
    sent = [(CALL, {**right, **headers}) for headers in wrong] + [(CALL + " ", right), ("", right)]
    for body, headers in sent:
        encoded = {name: value.encode() for name, value in headers.items()}
        response = requests.post(f"{client.url}/capabilities", body, headers=encoded, timeout=10)
        assert response.status_code == 401, (body, headers)
        check_answer("capabilities", response)
    assert requests.get(f"{client.url}/capabilities", headers=right, timeout=10).status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(290, 200), (310, 401), (-290, 200), (-310, 401)])
def test_a_signature_holds_for_five_minutes(client: Client, seconds: int, status: int) -> None:
    response = client.post("capabilities", CALL, **client.signed(CALL, age=timedelta(seconds=seconds)))
    assert response.status_code == status
    check_answer("capabilities", response)


def test_one_of_several_signatures_is_enough(client: Client) -> None:
    """So that a secret can be replaced."""
    ours, other = client.signed(CALL), Client(client.url, OTHER_SECRET).signed(CALL)
    both = f"{other['webhook-signature']} v1a,AAAA {ours['webhook-signature']}"
    assert client.post("capabilities", CALL, **{**ours, "webhook-signature": both}).status_code == 200


def test_a_signed_body_works_at_its_own_path_and_with_its_own_key_only(client: Client) -> None:
    created = client.create()
    get = json.dumps({"contract": 1, "operation": "get", "id": created["id"]})
    create = json.dumps({"contract": 1, "operation": "create", "marker": MARKER, "spec": SPEC})
    moved = client.post("delete", get)
    renamed = client.post("create", create, **{"Idempotency-Key": OTHER_MARKER})
    for operation, response in (("delete", moved), ("create", renamed)):
        assert (response.status_code, response.json()["error"]) == (400, "malformed")
        check_answer(operation, response)
    assert client.find() == [created]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"contract": 2, "operation": "create"}',
        '{"contract": 1, "operation": "create"}',
        '{"contract": 1, "operation": "create", "marker": "x.1", "spec": {"host": 5, "start": "2027"}}',
        '{"contract": 1, "operation": ["create"]}',
        json.dumps({"contract": 1, "operation": "create", "marker": MARKER, "spec": {"title": "and no more"}}),
    ],
)
def test_what_is_no_call_of_the_contract_is_malformed(client: Client, body: str) -> None:
    response = client.post("create", body)
    assert (response.status_code, response.json()["error"]) == (400, "malformed")
    check_answer("create", response)
    assert client.find() == []


def test_an_operation_that_is_none_is_malformed(client: Client) -> None:
    for name in ("_check", "__init__", "", "Create"):
        assert client.post(name, json.dumps({"contract": 1, "operation": name})).status_code == 400


@pytest.mark.slow
def test_it_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "playground.custom_provider", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "shared"), "CUSTOM_PROVIDER_SECRET": SECRET}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        url, secret = process.stdout.readline().split()
        assert Client(url, secret).create()["id"]
        process.terminate()


# --- the document ----------------------------------------------------------------------------------------------------


def test_the_document_is_valid() -> None:
    validate(CONTRACT)


def examples() -> Iterator[tuple[str, str, Any]]:
    """Where each example's schema is, and the example."""

    def walk(node: Any, pointer: str) -> Iterator[tuple[str, str, Any]]:
        if isinstance(node, dict):
            if "schema" in node and ("example" in node or "examples" in node):
                told = {"example": {"value": node["example"]}} if "example" in node else node["examples"]
                for name, example in told.items():
                    yield f"{pointer}#{name}", f"{pointer}/schema", example["value"]
            for name, child in node.items():
                yield from walk(child, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
        if isinstance(node, list):
            for index, child in enumerate(node):
                yield from walk(child, f"{pointer}/{index}")

    yield from walk({name: CONTRACT[name] for name in ("paths", "components")}, "")


def test_its_examples_are_what_it_says() -> None:
    told = list(examples())
    assert len(told) > 25
    assert {where: found for where, pointer, value in told if (found := errors_of(pointer, value))} == {}


def test_its_signature_to_test_with_is_right() -> None:
    """So that a vendor who can't get it right does not look for the fault in the wrong place."""
    text: str = CONTRACT["info"]["description"]
    vector = {
        name: rest.strip()
        for line in text.splitlines()
        for name, _, rest in [line.strip().partition(" ")]
        if name in {"secret", "body", "webhook-id", "webhook-timestamp", "webhook-signature"}
    }
    at = datetime.fromtimestamp(int(vector["webhook-timestamp"]), UTC)
    assert Webhook(vector["secret"]).sign(vector["webhook-id"], at, vector["body"]) == vector["webhook-signature"]
    assert errors_of("/components/parameters/WebhookSignature/schema", vector["webhook-signature"]) == []


# --- Calendar's limits -----------------------------------------------------------------------------------------------

NAMES = {
    "type": "entryPointType",
    "meeting_code": "meetingCode",
    "access_code": "accessCode",
    "region_code": "regionCode",
}


def accepted(build: type[EntryPoint] | type[ConferenceDetails], **fields: Any) -> bool:
    """Whether our own values allow it."""
    try:
        build(**fields)
    except Invalid:
        return False
    return True


def points() -> Iterator[dict[str, Any]]:
    """Entry points on both sides of every limit, by our own names."""
    for kind in EntryPointType:
        uri = SCHEMES[kind][0]
        yield from (
            {"type": kind, "uri": f"{scheme}x"} for scheme in ("https:", "http:", "tel:", "sip:", "sips:", "x:")
        )
        yield from ({"type": kind, "uri": uri.ljust(MAX_URI + more, "x")} for more in (0, 1))
        yield from ({"type": kind, "uri": uri, "label": "x" * (MAX_LABEL + more)} for more in (0, 1))
        yield from ({"type": kind, "uri": uri, code: "x" * (MAX_CODE + more)} for code in CODES for more in (0, 1))
        yield {"type": kind, "uri": uri, "region_code": "SE"}
        yield from ({"type": kind, "uri": uri, "features": each} for each in ((Feature.TOLL,), tuple(Feature)))


def test_the_document_has_calendars_limits_of_an_entry_point() -> None:
    for point in points():
        told = {NAMES.get(name, name): value for name, value in point.items() if name != "features"}
        told |= {"entryPointFeatures": list(point["features"])} if "features" in point else {}
        assert (errors_of("/components/schemas/EntryPoint", told) == []) is accepted(EntryPoint, **point), point


def wholes() -> Iterator[tuple[list[EntryPointType], dict[str, Any]]]:
    """Kinds of entry points and other details, on both sides of every limit."""
    video, phone, sip, more = EntryPointType
    yield from ((kinds, {}) for kinds in ([], [more], [video, more], [phone], [sip], [sip, more, phone, video]))
    yield from (([video, kind, kind], {}) for kind in (video, phone, sip, more))
    yield from (([phone] * (MAX_ENTRY_POINTS + beyond), {}) for beyond in (0, 1))
    yield from (([video], {"notes": "x" * (MAX_NOTES + beyond)}) for beyond in (0, 1))
    yield from (([video], {"parameters": {"x" * (MAX_PARAMETER_KEY + beyond): "y"}}) for beyond in (0, 1))
    yield from (([video], {"parameters": {"x": "y" * (MAX_PARAMETER_VALUE + beyond)}}) for beyond in (0, 1))
    yield from (
        ([video], {"parameters": {str(number): "y" for number in range(MAX_PARAMETERS + beyond)}}) for beyond in (0, 1)
    )
    yield from (([video], {"parameters": each}) for each in ({"": "y"}, {"x": ""}))


def test_the_document_has_calendars_limits_of_a_conference() -> None:
    for kinds, others in wholes():
        told = [{"entryPointType": kind, "uri": SCHEMES[kind][0]} for kind in kinds]
        ours = tuple(EntryPoint(type=kind, uri=SCHEMES[kind][0]) for kind in kinds)
        allowed = errors_of("/components/schemas/Conference", {"id": "1", "entryPoints": told, **others}) == []
        assert allowed is accepted(ConferenceDetails, entry_points=ours, **others), (kinds, others)
