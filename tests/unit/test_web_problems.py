"""Errors as problem details: each class of the tree, as the contract has it, and nothing secret."""

import json
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from confsync.domain import errors
from confsync.web.endpoint import Answer, HttpError, not_allowed, serve
from confsync.web.problems import TITLES, from_error, problem
from tests.fakes.clock import FakeClock
from tests.openapi import CONTRACT, check_answer, errors_of
from tests.unit.http import TRACE, request
from tests.unit.test_errors import TREE

WORDS = "what happened"
SECRET = "ya29.hunter2-hunter2-hunter2"
CLOCK = FakeClock()
EVENTS = "/v1/calendars/ann%40example.com/events"
EVENT = f"{EVENTS}/abcde"
AT: dict[int, tuple[str, str]] = {405: ("PUT", EVENT), 410: ("DELETE", EVENT), 412: ("PATCH", EVENT)}
"""An operation that answers with such a status; a POST knows all others."""

SAID: dict[str, tuple[int, str]] = {
    "ConfsyncError": (500, "internal"),
    "BadRequest": (400, "bad_request"),
    "Unverified": (401, "unverified"),
    "Forbidden": (403, "forbidden"),
    "NotConfigured": (500, "internal"),
    "Busy": (503, "unavailable"),
    "StoreConflict": (503, "unavailable"),
    "Unexpected": (503, "unavailable"),
    "ServiceError": (500, "internal"),
    "AuthExpired": (503, "unavailable"),
    "ReauthorizationRequired": (403, "reauthorization_required"),
    "PermissionDenied": (403, "permission_denied"),
    "NotFound": (404, "not_found"),
    "Conflict": (409, "conflict"),
    "PreconditionFailed": (412, "precondition_failed"),
    "SyncTokenExpired": (500, "internal"),
    "Unwatchable": (500, "internal"),
    "RateLimited": (429, "rate_limited"),
    "Temporary": (503, "unavailable"),
    "Ambiguous": (503, "unavailable"),
    "Invalid": (422, "unprocessable"),
}


def told(error: HttpError | errors.ConfsyncError) -> dict[str, Any]:
    """The problem that the caller sees, which the contract knows."""
    return read(from_error(error, TRACE, now=CLOCK.now))


def read(answered: Answer) -> dict[str, Any]:
    body, status, headers = answered
    method, path = AT.get(status, ("POST", EVENTS))
    check_answer(method, path, status, {name: str(value) for name, value in headers.items()}, body)
    found: dict[str, Any] = json.loads(body)
    return found


def test_the_table_has_every_class_of_the_tree() -> None:
    assert SAID.keys() == TREE.keys()


@pytest.mark.parametrize("name", TREE)
def test_every_error_is_a_problem_of_the_contract(name: str) -> None:
    found = told(TREE[name](WORDS))
    status, code = SAID[name]
    assert (found["status"], found["code"], found["trace"]) == (status, code, TRACE)
    assert (found["detail"] == WORDS) == (status < 500), "only what the caller can mend is explained"
    assert WORDS not in json.dumps({**found, "detail": ""})


@pytest.mark.parametrize("name", TREE)
def test_no_secret_is_shown(name: str) -> None:
    error = TREE[name](f"Bearer {SECRET}").telling(reason=f"password={SECRET}", next=f"Basic {SECRET}")
    assert SECRET not in from_error(error, TRACE, now=CLOCK.now)[0]


def test_titles_are_those_of_the_contract() -> None:
    assert set(TITLES) == set(CONTRACT["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    for response in CONTRACT["components"]["responses"].values():
        content = response["content"]["application/problem+json"]
        shown = (
            [content["example"]] if "example" in content else [each["value"] for each in content["examples"].values()]
        )
        assert {TITLES[each["code"]] for each in shown} == {each["title"] for each in shown}


# --- what else is told -----------------------------------------------------------------------------------------------


def test_the_field_is_named() -> None:
    assert (
        told(errors.BadRequest("it is missing", field="conferencing.details.url"))["field"]
        == "conferencing.details.url"
    )
    assert "field" not in told(errors.BadRequest("the body is not JSON"))


def test_what_is_deleted_is_gone() -> None:
    assert told(errors.NotFound(WORDS, status=410))["code"] == "gone"
    assert told(errors.NotFound(WORDS, status=404))["code"] == "not_found"


def test_an_error_is_told_with_all_that_was_learnt_on_its_way() -> None:
    error = errors.Invalid("Meet is not allowed").telling(reason="Invalid conference type value.", allowed=["addOn"])
    error.telling(step="conference", next="the event was not made", field="conferencing")
    found = told(error)
    assert {name: found[name] for name in ("reason", "allowed", "step", "next", "field")} == {
        "reason": "Invalid conference type value.",
        "allowed": ["addOn"],
        "step": "conference",
        "next": "the event was not made",
        "field": "conferencing",
    }
    assert errors.Invalid("another").told == {}


def test_somebody_is_told_where_to_connect() -> None:
    error = errors.ReauthorizationRequired(WORDS).telling(connect_url="https://connect.example.com/connect/webex")
    assert told(error)["connect_url"] == "https://connect.example.com/connect/webex"


def test_steps_are_told_when_a_service_is_out_of_reach_too() -> None:
    assert told(errors.Temporary(WORDS).telling(step="conference"))["step"] == "conference"


# --- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [(None, "30"), (timedelta(seconds=12), "12"), (timedelta(seconds=0.2), "1"), (timedelta(seconds=-5), "1")],
)
def test_too_many_calls_are_told_when_to_come_back(wait: timedelta | None, seconds: str) -> None:
    at = None if wait is None else CLOCK.now() + wait
    assert from_error(errors.RateLimited(WORDS, retry_at=at), TRACE, now=CLOCK.now)[2]["Retry-After"] == seconds


def test_part_of_a_second_is_one() -> None:
    at = CLOCK.now() + timedelta(seconds=1.5)
    assert from_error(errors.RateLimited(WORDS, retry_at=at), TRACE, now=CLOCK.now)[2]["Retry-After"] == "2"


@pytest.mark.parametrize("name", [name for name, (status, _) in SAID.items() if status == 503])
def test_what_may_work_later_says_when(name: str) -> None:
    assert from_error(TREE[name](WORDS), TRACE)[2]["Retry-After"] == "1"


def test_a_stranger_is_told_how_to_say_who_they_are() -> None:
    assert from_error(errors.Unverified(WORDS), TRACE)[2]["WWW-Authenticate"] == "Bearer"


# --- requests of the wrong form --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        not_allowed("PUT", ["GET"]),
        HttpError(404, "not_found", "there is nothing at /v2"),
        HttpError(413, "too_large", "the body is larger than 1000000 bytes"),
        HttpError(415, "unsupported_media_type", "the body must be application/json"),
    ],
    ids=lambda error: error.code,
)
def test_requests_of_the_wrong_form_are_problems_too(error: HttpError) -> None:
    assert told(error)["detail"] == str(error)


def test_a_problem_leaves_out_what_is_empty() -> None:
    body, status, _ = problem(409, "conflict", "taken", trace=TRACE, field=None, allowed=())
    assert errors_of({"$ref": "#/components/schemas/Problem"}, json.loads(body)) == []
    assert (status, json.loads(body).keys()) == (409, {"type", "title", "status", "code", "detail", "trace"})


# --- behind the door of all functions --------------------------------------------------------------------------------


def failing(error: Exception) -> Any:
    def handle(call: Any) -> Answer:
        raise error

    return lambda: handle


@pytest.mark.parametrize(
    ("error", "code", "level"),
    [
        (errors.Invalid(WORDS), "unprocessable", "warning"),
        (errors.Busy(WORDS), "unavailable", "info"),
        (errors.NotConfigured(WORDS), "internal", "error"),
        (RuntimeError(WORDS), "internal", "error"),
    ],
)
def test_a_function_may_answer_with_problems(error: Exception, code: str, level: str) -> None:
    with capture_logs() as lines:
        answered = serve(failing(error), request(headers={"X-Cloud-Trace-Context": TRACE}), refused=from_error)
    found = read(answered)
    assert (found["code"], found["trace"]) == (code, TRACE)
    assert [(line["log_level"], line["trace"]) for line in lines] == [(level, TRACE)]


def test_the_form_of_a_request_is_a_problem_there_too() -> None:
    answered = serve(failing(AssertionError()), request(content_type="text/plain"), refused=from_error)
    assert read(answered)["code"] == "unsupported_media_type"
