"""What no function takes: each refusal has a status, a code, a field where there is one, and one line in the log."""

from typing import Any

import pytest

from confsync import bootstrap
from confsync.domain.errors import ConfsyncError, NotConfigured, StoreConflict
from playground.cloud import RUNTIME
from playground.functions import NAMES
from playground.google_cloud.keys import SigningKey
from tests.functions.conftest import ANN, TRACE, Deployment

JSON = ["create_conference", "sync_calendar", "reconcile_conference"]
PAGES = ["join", "connect"]
"""Functions with paths, which say what they take."""
OTHERS = [name for name in NAMES if name != "events"]
"""The HTTP API tells of errors in its own way: see test_events.py."""
VERIFIED = [*JSON, "renew_channels"]
BODIES: dict[str, dict[str, Any]] = {
    "create_conference": {"calendar": {"id": "event1", "calendarId": ANN}},
    "sync_calendar": {"calendar_key": "none"},
    "reconcile_conference": {"conference_id": "none"},
    "renew_channels": {},
}


def refused(deployed: Deployment, answer: Any, status: int, code: str) -> dict[str, Any]:
    """The error in the answer, once its form was checked."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/json"
    error: dict[str, Any] = answer.get_json()["error"]
    assert set(answer.get_json()) == {"error"}
    assert error["code"] == code
    assert error["message"]
    lines = [line for line in deployed.logs if line["log_level"] != "info"]
    assert [line["event"] for line in lines] == ["request refused"]
    assert lines[0]["trace"] == TRACE
    return error


# --- form ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("name", [name for name in OTHERS if name not in PAGES])
def test_wrong_method(deployed: Deployment, name: str, method: str) -> None:
    answer = deployed.clients[name].open("/", method=method, headers={"X-Cloud-Trace-Context": f"{TRACE}/1"})

    refused(deployed, answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("name", JSON)
def test_wrong_content_type(deployed: Deployment, name: str, content_type: str) -> None:
    answer = deployed.post(name, data=b"{}", headers={"Content-Type": content_type})

    refused(deployed, answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("name", OTHERS)
def test_oversized_body(deployed: Deployment, name: str) -> None:
    answer = deployed.post(name, data=b" " * 1_000_001, headers={"Content-Type": "application/json"})

    refused(deployed, answer, 413, "too_large")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"calendar": 1}' * 2])
@pytest.mark.parametrize("name", JSON)
def test_malformed_body(deployed: Deployment, name: str, body: bytes) -> None:
    answer = deployed.post(
        name, data=body, headers={"Content-Type": "application/json"}, query_string={"solution": "jitsi"}
    )

    refused(deployed, answer, 400, "bad_request")


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("sync_calendar", {}, "calendar_key"),
        ("sync_calendar", {"calendar_key": 7}, "calendar_key"),
        ("sync_calendar", {"calendar_key": "k", "renew": "yes"}, "renew"),
        ("reconcile_conference", {}, "conference_id"),
        ("reconcile_conference", {"conference_id": None}, "conference_id"),
        ("create_conference", {"eventData": {"eventId": "e"}}, "eventData.calendarId"),
        ("create_conference", {"calendar": {"calendarId": 5}}, "calendar.calendarId"),
    ],
)
def test_a_wrong_field_is_named(deployed: Deployment, name: str, body: dict[str, Any], field: str) -> None:
    answer = deployed.post(name, body, query_string={"solution": "jitsi"})

    assert refused(deployed, answer, 400, "bad_request")["field"] == field


@pytest.mark.parametrize(
    ("calendar", "field"),
    [
        ({"calendarId": ANN}, "calendar.id"),
        ({"calendarId": ANN, "id": ""}, "calendar.id"),
        ({"calendarId": ANN, "id": "e" * 1025}, "calendar.id"),
        ({"calendarId": "", "id": "event1"}, "calendar.calendarId"),
        (None, "calendar"),
    ],
)
def test_a_request_that_names_no_event(deployed: Deployment, calendar: dict[str, Any] | None, field: str) -> None:
    body = {"calendar": calendar, "authorizationEventObject": {"userIdToken": deployed.user_token()}}

    answer = deployed.post("create_conference", body, query_string={"solution": "jitsi"})

    assert refused(deployed, answer, 400, "bad_request")["field"] == field


@pytest.mark.parametrize("query", [{}, {"solution": ""}, {"solution": "acme"}, {"solution": "Jitsi"}])
def test_unknown_solution(deployed: Deployment, query: dict[str, str]) -> None:
    body = {**BODIES["create_conference"], "authorizationEventObject": {"userIdToken": deployed.user_token()}}

    answer = deployed.post("create_conference", body, query_string=query)

    assert refused(deployed, answer, 400, "bad_request")["field"] == "solution"


# --- callers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VERIFIED)
def test_no_token(deployed: Deployment, name: str) -> None:
    refused(deployed, deployed.post(name, BODIES[name], token=""), 401, "unverified")


@pytest.mark.parametrize("name", VERIFIED)
@pytest.mark.parametrize(
    "claims",
    [
        {"audience": "https://elsewhere.example.com"},
        {"issuer": "https://accounts.example.com"},
        {"expires_in": -120},
        {"email_verified": False},
        {"key": SigningKey("not-google.example.com")},
    ],
    ids=["audience", "issuer", "expired", "email not verified", "signed by somebody else"],
)
def test_a_token_that_proves_nothing(deployed: Deployment, name: str, claims: dict[str, Any]) -> None:
    token = deployed.token(name, **claims)

    error = refused(deployed, deployed.post(name, BODIES[name], token=token), 401, "unverified")

    assert token not in str(error)
    assert token not in str(deployed.logs)


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "e30.e30.e30"])
@pytest.mark.parametrize("name", VERIFIED)
def test_what_is_no_token(deployed: Deployment, name: str, token: str) -> None:
    refused(deployed, deployed.post(name, BODIES[name], token=token), 401, "unverified")


@pytest.mark.parametrize("name", VERIFIED)
def test_a_token_within_clock_skew_is_taken(deployed: Deployment, name: str) -> None:
    token = deployed.token(name, expires_in=-5)

    answer = deployed.post(name, BODIES[name], token=token)

    assert answer.status_code == 200


@pytest.mark.parametrize("name", VERIFIED)
def test_somebody_elses_good_token(deployed: Deployment, name: str) -> None:
    token = deployed.token(name, email="stranger@example.com")

    refused(deployed, deployed.post(name, BODIES[name], token=token), 403, "forbidden")


def test_cloud_tasks_may_not_create_conferences(deployed: Deployment) -> None:
    token = deployed.token("create_conference", email=RUNTIME)

    refused(deployed, deployed.post("create_conference", BODIES["create_conference"], token=token), 403, "forbidden")


def test_an_event_object_without_the_persons_token_asks_for_it(deployed: Deployment) -> None:
    answer = deployed.post("create_conference", BODIES["create_conference"], query_string={"solution": "jitsi"})

    assert answer.get_json() == {"requesting_google_scopes": {"all_scopes": True}}


def test_a_persons_token_for_another_client(deployed: Deployment) -> None:
    other = deployed.cloud.issuer.mint(ANN, "another.apps.googleusercontent.com")
    body = {**BODIES["create_conference"], "authorizationEventObject": {"userIdToken": other}}

    answer = deployed.post("create_conference", body, query_string={"solution": "jitsi"})

    refused(deployed, answer, 401, "unverified")


# --- our own trouble -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", OTHERS)
def test_the_unexpected_is_a_500_with_a_trace_id_and_no_details(
    deployed: Deployment, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("the database password is hunter2")

    monkeypatch.setattr(bootstrap, name, broken)

    answer = deployed.post(name, BODIES.get(name))

    assert answer.status_code == 500
    assert answer.get_json() == {"error": {"code": "internal", "message": "internal error", "trace": TRACE}}
    (line,) = deployed.logs
    assert (line["event"], line["log_level"], line["trace"]) == ("unexpected error", "error", TRACE)


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotConfigured("store.path is missing"), 500), (StoreConflict("changed"), 503), (ConfsyncError("what?"), 500)],
)
def test_our_own_errors_tell_no_details_either(
    deployed: Deployment, error: Exception, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise error

    monkeypatch.setattr(bootstrap, "sync_calendar", broken)

    answer = deployed.post("sync_calendar", BODIES["sync_calendar"])

    assert answer.status_code == status
    assert str(error) not in answer.text
    assert [line["reason"] for line in deployed.logs] == [str(error)]


@pytest.mark.parametrize("header", ["", "nonsense", "../../etc/1", "0" * 31])
def test_a_trace_id_is_made_up_where_none_came(
    deployed: Deployment, header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(bootstrap, "sync_calendar", broken)

    answer = deployed.post("sync_calendar", {}, headers={"X-Cloud-Trace-Context": header})

    trace = answer.get_json()["error"]["trace"]
    assert len(trace) == 32
    assert trace != header


def test_the_w3c_header_is_understood(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(bootstrap, "sync_calendar", broken)
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    answer = deployed.post("sync_calendar", {}, headers={"traceparent": parent, "X-Cloud-Trace-Context": ""})

    assert answer.get_json()["error"]["trace"] == parent.split("-")[1]
