"""What all functions have in common: the form of requests, and errors as answers."""

import inspect
import io
import json
import re
from typing import Any

import pytest
from structlog.testing import capture_logs
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from confsync import logs
from confsync.domain import errors
from confsync.web.endpoint import MAX_BODY, Answer, Call, answer, serve
from tests.unit.http import TRACE, request, told

SECRET = "hunter2-hunter2"


@pytest.fixture(autouse=True)
def _configured() -> None:
    logs.configure()


def echo(call: Call) -> Answer:
    return answer({"body": call.body.decode(), "trace": call.trace})


def failing(error: Exception) -> Any:
    def handle(call: Call) -> Answer:
        raise error

    return lambda: handle


def never() -> Any:
    raise AssertionError("a request of the wrong form is not worth loading anything for")


# --- the form --------------------------------------------------------------------------------------------------------


def test_a_request_of_the_right_form_is_handled() -> None:
    answered = serve(lambda: echo, request('{"a": 1}', content_type="application/json; charset=utf-8"))
    assert answered[1] == 200
    assert told(answered)["body"] == '{"a": 1}'


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_is_taken(method: str) -> None:
    answered = serve(never, request(method=method))
    assert (answered[1], answered[2]["Allow"]) == (405, "POST")
    assert told(answered)["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "multipart/form-data", "application/jso"])
def test_a_body_must_say_that_it_is_json(content_type: str | None) -> None:
    answered = serve(never, request(content_type=content_type))
    assert answered[1] == 415
    assert told(answered)["error"]["code"] == "unsupported_media_type"


def test_where_there_is_no_json_body_the_type_does_not_matter() -> None:
    assert serve(lambda: echo, request(b"", content_type=None), json_body=False)[1] == 200


def test_a_body_that_announces_to_be_too_large_is_not_read() -> None:
    builder = EnvironBuilder(method="POST", content_type="application/json")
    environ = builder.get_environ() | {"CONTENT_LENGTH": str(MAX_BODY + 1), "wsgi.input": None}
    answered = serve(never, Request(environ))
    assert answered[1] == 413
    assert told(answered)["error"]["code"] == "too_large"


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY, 200), (MAX_BODY + 1, 413)])
def test_a_body_of_unknown_length_is_measured(size: int, status: int) -> None:
    environ = EnvironBuilder(method="POST", content_type="application/json").get_environ()
    environ |= {"wsgi.input": io.BytesIO(b" " * size), "wsgi.input_terminated": True}
    assert serve(lambda: echo, Request(environ))[1] == status


# --- errors as answers -----------------------------------------------------------------------------------------------

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.ConfsyncError) and kind.__module__ == errors.__name__
]
THEIRS = {errors.BadRequest: 400, errors.Unverified: 401, errors.Forbidden: 403}
OURS = {errors.NotConfigured: 500, errors.ConfsyncError: 500}


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_a_status_is_logged_once_and_tells_no_more_than_it_should(
    kind: type[errors.ConfsyncError],
) -> None:
    with capture_logs() as lines:
        answered = serve(failing(kind(f"what happened, with {SECRET}")), request())
    status = THEIRS.get(kind) or OURS.get(kind) or 503
    error = told(answered)["error"]
    assert answered[1] == status
    assert {"code", "message"} <= error.keys()
    assert len(lines) == 1
    assert (status in THEIRS.values()) == (SECRET in answered[0]), "only what the caller did is explained to them"
    assert ("Retry-After" in answered[2]) == (status == 503)
    if status == 500:
        assert re.fullmatch("[0-9a-f]{32}", error["trace"])


def test_the_field_is_named() -> None:
    answered = serve(failing(errors.BadRequest("it is missing", field="calendar.id")), request())
    assert told(answered)["error"] == {"code": "bad_request", "message": "it is missing", "field": "calendar.id"}


@pytest.mark.parametrize("error", [RuntimeError(SECRET), KeyError(SECRET), RecursionError(SECRET), OSError(SECRET)])
def test_what_nobody_expected_is_a_500_with_a_trace_id_and_no_details(error: Exception) -> None:
    with capture_logs() as lines:
        answered = serve(failing(error), request(headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}))
    assert (answered[1], told(answered)) == (
        500,
        {"error": {"code": "internal", "message": "internal error", "trace": TRACE}},
    )
    assert [(line["log_level"], line["trace"]) for line in lines] == [("error", TRACE)]


def test_a_function_that_cannot_be_built_says_so_in_the_log_only() -> None:
    def load() -> Any:
        raise errors.NotConfigured("queue.location is missing")

    with capture_logs() as lines:
        answered = serve(load, request())
    assert answered[1] == 500
    assert "queue" not in answered[0]
    assert "queue.location is missing" in json.dumps(lines)


# --- trace ids -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
        {"X-Cloud-Trace-Context": f"{TRACE}/123;o=1"},
        {"x-cloud-trace-context": TRACE},
    ],
)
def test_the_platforms_trace_id_is_kept(headers: dict[str, str]) -> None:
    assert told(serve(lambda: echo, request(headers=headers)))["trace"] == TRACE


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"traceparent": "nonsense"},
        {"traceparent": "00-short-b7ad6b7169203331-01"},
        {"X-Cloud-Trace-Context": TRACE + "0/1"},
        {"X-Cloud-Trace-Context": '{"severity": "EMERGENCY"}'},
    ],
)
def test_without_a_proper_one_a_trace_id_is_made(headers: dict[str, str]) -> None:
    made = [told(serve(lambda: echo, request(headers=headers)))["trace"] for _ in range(2)]
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in made)
    assert made[0] != made[1]


# --- answers ---------------------------------------------------------------------------------------------------------


def test_an_answer_without_a_body_is_empty() -> None:
    assert answer(None, status=204) == ("", 204, {})
