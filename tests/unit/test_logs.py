"""Logs: JSON that Cloud Logging reads, and never a secret."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from confsync import logs
from confsync.domain.keys import calendar_key

SECRET = "s3cr3t-Value_42"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJlbWFpbCI6ImEifQ.c2lnbmF0dXJl-_x"
TRACE = "0af7651916cd43dd8448eb211c80319c"

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def stdout(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Standard output as fixtures see it (pytest has one of its own for the test), and logging as in a new process.

    Both are put back afterwards.
    """
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    monkeypatch.setattr("sys.stdout", written)
    structlog.reset_defaults()
    yield written
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def lines(stdout: io.StringIO) -> Lines:
    """What was logged since the last call."""
    logs.configure("example-project")

    def read() -> list[dict[str, Any]]:
        said = stdout.getvalue()
        stdout.seek(0)
        stdout.truncate()
        return [json.loads(line) for line in said.splitlines()]

    return read


def fail(error: Exception) -> None:
    raise error


def log() -> Any:
    return structlog.get_logger()


# --- form ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "severity"), [("info", "INFO"), ("warning", "WARNING"), ("error", "ERROR"), ("critical", "CRITICAL")]
)
def test_a_line_has_what_cloud_logging_looks_for(lines: Lines, method: str, severity: str) -> None:
    with logs.traced(TRACE):
        getattr(log(), method)("calendar synced", calendar_key="c1", events=3, full=True, reason=None)
    (line,) = lines()
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "severity": severity,
        "message": "calendar synced",
        "logging.googleapis.com/trace": f"projects/example-project/traces/{TRACE}",
        "calendar_key": "c1",
        "events": 3,
        "full": True,
        "reason": None,
    }


def test_debug_is_not_logged(lines: Lines) -> None:
    log().debug("details")
    assert lines() == []


def test_the_trace_ends_with_its_request(lines: Lines) -> None:
    with logs.traced(TRACE):
        pass
    log().info("afterwards")
    assert "logging.googleapis.com/trace" not in lines()[0]


def test_libraries_lines_have_the_same_form(lines: Lines) -> None:
    with logs.traced(TRACE):
        logging.getLogger("urllib3.connectionpool").warning("Retrying %s", "/v2/users")
        logging.getLogger("urllib3.connectionpool").info("not this")
    (line,) = lines()
    assert (line["severity"], line["message"]) == ("WARNING", "Retrying /v2/users")
    assert line["logger"] == "urllib3.connectionpool"
    assert line["logging.googleapis.com/trace"].endswith(TRACE)
    assert line["time"]


def test_an_exception_is_one_line_with_its_traceback(lines: Lines) -> None:
    for report in (log().exception, logging.getLogger("library").exception):
        try:
            fail(ValueError("what happened"))
        except ValueError:
            report("unexpected error")
        (line,) = lines()
        assert (line["severity"], line["message"]) == ("ERROR", "unexpected error")
        assert "ValueError: what happened" in line["exception"]


def test_a_logger_works_before_anything_was_configured(stdout: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", stdout)
    logs.logger(TRACE).warning("request refused")
    line = json.loads(stdout.getvalue())
    assert (line["message"], line["logging.googleapis.com/trace"]) == ("request refused", TRACE)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028", "\0"])
def test_nobody_can_write_a_line_of_their_own(lines: Lines, ending: str) -> None:
    """Whatever stands in a title, a name, or a vendor's words."""
    forged = f'Planning{ending}{{"severity": "CRITICAL", "message": "forged"}}{ending}'
    log().warning(f"event {forged}", title=forged, nested=[forged])
    logging.getLogger("library").warning("event %s", forged)
    log().error("unexpected error", exc_info=ValueError(forged))
    told = lines()
    assert [line["severity"] for line in told] == ["WARNING", "WARNING", "ERROR"]
    assert (told[0]["title"], told[0]["message"]) == (forged, f"event {forged}")


def test_libraries_do_not_tell_whole_addresses(lines: Lines) -> None:
    """urllib3 tells of every request at the level of debugging, and warns of odd headers with all of the address."""
    for name in ("urllib3.connectionpool", "urllib3.connection", "requests", "msal", "authlib"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
    logging.getLogger("urllib3.connection").warning("Failed to parse headers (url=%s)", "https://a.example/?checksum=1")
    assert lines() == []


# --- secrets ---------------------------------------------------------------------------------------------------------

NAMES = [
    "token",
    "access_token",
    "refresh_token",
    "userIdToken",
    "user_token",
    "sync_token",
    "secret",
    "client_secret",
    "password",
    "passcode",
    "encrypted_password",
    "pwd",
    "pin",
    "host_pin",
    "Authorization",
    "assertion",
    "start_url",
    "api_key",
    "apiKey",
    "private_key",
    "credentials",
    "Set-Cookie",
    "zak",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "shape", [lambda n: {n: SECRET}, lambda n: {"a": {n: SECRET}}, lambda n: {"a": [{"b": ({n: [SECRET]},)}]}]
)
def test_what_is_named_as_a_secret_is_hidden_however_deep(lines: Lines, name: str, shape: Any) -> None:
    log().info("answered", **shape(name))
    (line,) = lines()
    assert SECRET not in json.dumps(line)
    assert logs.HIDDEN in json.dumps(line)


TEXTS = [
    f"Authorization: Bearer {SECRET}",
    f"authorization: bearer {SECRET}",
    f"Basic {SECRET}==",
    f"no such key in {JWT}",
    f"ya29.{SECRET} expired",
    f"https://us02web.zoom.example/j/1?pwd={SECRET}",
    f"https://meet.example.com/room?x=1&jwt={SECRET}#config",
    f"https://example.com/wc?tk={SECRET}&zak={SECRET}",
    f"https://example.com/v1?key={SECRET}",
    f"grant_type=refresh_token&refresh_token={SECRET}&client_secret={SECRET}",
    f"client_secret={SECRET}",
    f'{{"access_token": "{SECRET}", "token_type": "bearer"}}',
    f"{{'password': '{SECRET}', 'topic': 'Planning'}}",
    f'{{"host_key":"1","passcode":"{SECRET}"}}',
]
SECRET_PARTS = (SECRET, JWT, JWT.split(".")[1], JWT.split(".")[2])


@dataclass
class Told:
    """A value with no form of its own in JSON."""

    text: str


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "report",
    [
        lambda text: log().warning(text),
        lambda text: log().warning("failed", error=text),
        lambda text: log().warning("failed", error=ValueError(text)),
        lambda text: log().warning("failed", value=Told(text)),
        lambda text: log().warning("failed", body=text.encode()),
        lambda text: log().warning("failed", nested={"a": [text, {text}]}),
        lambda text: logging.getLogger("library").warning("sent %s", text),
        lambda text: logging.getLogger("library").error("sent", extra={"detail": text}),
    ],
    ids=["message", "text", "exception", "object", "bytes", "nested", "library", "library's extra"],
)
def test_what_looks_like_a_secret_is_hidden_wherever_it_is(lines: Lines, text: str, report: Any) -> None:
    report(text)
    (line,) = lines()
    assert not any(secret in json.dumps(line) for secret in SECRET_PARTS)


@pytest.mark.parametrize("text", TEXTS)
def test_a_traceback_tells_no_secret(lines: Lines, text: str) -> None:
    for report in (log().exception, logging.getLogger("library").exception):
        try:
            try:
                fail(KeyError(text))
            except KeyError as cause:
                raise RuntimeError(f"while sending {text}") from cause
        except RuntimeError:
            report("unexpected error")
    for line in lines():
        assert not any(secret in json.dumps(line) for secret in SECRET_PARTS)
        assert "RuntimeError" in line["exception"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_nor_does_any_text_around_a_token(lines: Lines, before: str, after: str) -> None:
    log().info(f"{before} Bearer {SECRET} {after}", reason=f"{before}?pwd={SECRET}&{after}")
    assert all(SECRET not in json.dumps(line) for line in lines())


@pytest.mark.parametrize(
    "text",
    [
        "calendar 0f3d is being synced",
        "an Authorization header with a Google-signed identity token is needed",
        "sync token expired; listing everything",
        "solutions.zoom.secret is missing",
        "GET /calendar/v3/calendars/primary/events?maxResults=250&singleEvents=false: 403",
        "confsync-tasks@example-project.iam.gserviceaccount.com may not call this function",
    ],
)
def test_what_is_no_secret_can_be_read(lines: Lines, text: str) -> None:
    log().info(text, calendar_key="k1", conference_id="confsync-1", at=datetime(2027, 3, 1, tzinfo=UTC))
    (line,) = lines()
    assert (line["message"], line["calendar_key"], line["conference_id"]) == (text, "k1", "confsync-1")
    assert line["at"] == "2027-03-01 00:00:00+00:00"


# --- people ----------------------------------------------------------------------------------------------------------

PEOPLE = ["ann@example.com", "Ann.Lee+x@mail.example.co.uk", f"c_{'0a' * 40}@group.calendar.google.com"]
SHAPES = [
    "{} may not call this function",
    "https://www.googleapis.com/calendar/v3/calendars/{}/events?alt=json",
    "<HttpError 404 when requesting https://www.googleapis.com/calendar/v3/calendars/{}>",
    '{{"attendees": ["{}"]}}',
    "mailto:{}.",
]


@pytest.mark.parametrize("address", PEOPLE)
@pytest.mark.parametrize("shape", SHAPES)
def test_nobodys_address_is_told_but_the_key_of_their_calendar(lines: Lines, address: str, shape: str) -> None:
    """By which `python -m confsync calendars show` finds it, and other lines name it."""
    quoted = quote(address)
    for told in (shape.format(address), shape.format(quoted)):
        log().warning("not synced", error=told, caller=address)
        log().error("unexpected error", exc_info=ValueError(told))
    for line in lines():
        text = json.dumps(line)
        assert calendar_key(address) in text
        assert address not in text
        assert quoted not in text


def test_what_somebody_searches_for_is_not_told(lines: Lines) -> None:
    log().warning("failed", error="GET https://www.googleapis.com/calendar/v3/x?alt=json&q=my+doctor&maxResults=2")
    (line,) = lines()
    assert line["error"].endswith(f"alt=json&q={logs.HIDDEN}&maxResults=2")


def test_googles_client_does_not_tell_whole_addresses(lines: Lines) -> None:
    """It warns of each retry with the request's address, and of what it can't read with all that was answered."""
    logging.getLogger("googleapiclient.http").warning("Sleeping 1.0 seconds before retry 1 of 2 for request: GET x?q=y")
    assert lines() == []
