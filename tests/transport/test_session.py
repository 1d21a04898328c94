"""What an answer, or its absence, means: who may have done the work, and what people are told."""

import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import requests
import urllib3

from confsync.domain.errors import (
    Ambiguous,
    AuthExpired,
    Conflict,
    Invalid,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    RateLimited,
    ServiceError,
    Temporary,
)
from confsync.transport import errors
from confsync.transport.errors import Refusal
from confsync.transport.messages import Reply
from confsync.transport.session import MAX_REPLY, Session
from tests.transport.wire import OK, here, listening, request, seconds

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


def trickle(connection: socket.socket) -> None:
    connection.sendall(OK + b"Content-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.05)


def stay_silent(connection: socket.socket) -> None:
    connection.recv(1)


def flood(connection: socket.socket) -> None:
    connection.sendall(OK + b"Content-Length: %d\r\n\r\n" % (2 * MAX_REPLY))
    connection.sendall(b" " * 2 * MAX_REPLY)


def stop_short(connection: socket.socket) -> None:
    connection.sendall(OK + b'Content-Length: 1000\r\n\r\n{"id": 1')


def talk_nonsense(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")


@pytest.mark.parametrize("answer", [trickle, stay_silent, flood, stop_short, talk_nonsense])
@pytest.mark.parametrize(("repeatable", "expected"), [(True, Temporary), (False, Ambiguous)])
def test_no_whole_answer(
    answer: Callable[[socket.socket], None], repeatable: bool, expected: type[ServiceError]
) -> None:
    started = time.monotonic()
    with listening(answer) as url, pytest.raises(expected):
        here(url).send(request(url, repeatable=repeatable), seconds(0.4))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "https://127.0.0.1:9/", "https://no-such-host.invalid/"])
def test_what_was_never_sent_was_never_done(url: str, repeatable: bool) -> None:
    with pytest.raises(Temporary):
        here(url).send(request(url, repeatable=repeatable), seconds(2))


@pytest.mark.parametrize("url", ["no address", "ftp://example.com/", "http://", f"https://{'a' * 64}.example/"])
def test_an_impossible_address(url: str) -> None:
    with pytest.raises(Invalid):
        Session().send(request(url, repeatable=False), seconds(2))


def test_a_deadline_that_has_passed_sends_nothing() -> None:
    with pytest.raises(Temporary, match="no time left"):
        Session().send(request("http://127.0.0.1:9/", repeatable=False), seconds(-1))


def test_cookies_do_not_travel() -> None:
    received: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        connection.sendall(OK + b"Set-Cookie: account=1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    with listening(answer, received) as url:
        session = here(url)
        session.send(request(url), seconds(2))
        session.send(request(url), seconds(2))
    assert b"Authorization: Bearer token-1234" in received[1]
    assert b"Cookie" not in received[1]


def test_a_reply_is_given_back_whatever_its_status() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 418 Teapot\r\nX-Kind: pot\r\nContent-Length: 2\r\n\r\n{}")

    with listening(answer) as url:
        reply = here(url).send(request(url), seconds(2))
    assert (reply.status, reply.body, reply.headers["x-kind"], reply.ok) == (418, b"{}", "pot", False)


# --- statuses and exceptions ---


@pytest.mark.parametrize(
    ("status", "repeated", "once"),
    [
        (302, Invalid, Invalid),
        (400, Invalid, Invalid),
        (401, AuthExpired, AuthExpired),
        (403, PermissionDenied, PermissionDenied),
        (404, NotFound, NotFound),
        (408, Temporary, Ambiguous),
        (409, Conflict, Conflict),
        (410, NotFound, NotFound),
        (412, PreconditionFailed, PreconditionFailed),
        (422, Invalid, Invalid),
        (429, RateLimited, RateLimited),
        (500, Temporary, Ambiguous),
        (502, Temporary, Ambiguous),
        (503, Temporary, Temporary),
        (504, Temporary, Ambiguous),
        (599, Temporary, Ambiguous),
    ],
)
def test_statuses(status: int, repeated: type[ServiceError], once: type[ServiceError]) -> None:
    reply = Reply(status=status, headers={}, body=b"")
    for repeatable, expected in ((True, repeated), (False, once)):
        error = errors.from_reply(request(repeatable=repeatable), reply, Refusal(), NOW)
        assert (type(error), error.status, error.service) == (expected, status, "acme")


def test_a_vendors_own_code_tells_more_than_the_status() -> None:
    reply = Reply(status=400, headers={}, body=b"")
    error = errors.from_reply(request(), reply, Refusal(kind=NotFound, detail="code 3001: gone"), NOW)
    assert isinstance(error, NotFound)
    assert str(error) == "acme would not make a thing: HTTP 400, code 3001: gone"


def test_unavailable_with_a_time_is_a_time_to_come_back() -> None:
    reply = Reply(status=503, headers={"Retry-After": "60"}, body=b"")
    error = errors.from_reply(request(), reply, Refusal(), NOW)
    assert isinstance(error, RateLimited)
    assert error.retry_at == NOW + timedelta(seconds=60)


def test_a_certificate_that_is_not_trusted_means_nothing_was_sent() -> None:
    refused = urllib3.exceptions.SSLError(ssl.SSLCertVerificationError("self-signed"))
    wrapped = requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(None, "/", refused))  # type: ignore[arg-type]
    error = errors.from_exception(request(repeatable=False), wrapped)
    assert isinstance(error, Temporary)
    assert "SSLCertVerificationError" in str(error)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://127.0.0.1:9/things?key=private", "http://127.0.0.1:9"),
        ("https://ann:private@no-such-host.invalid/private", "https://no-such-host.invalid"),
        ("no address", None),
        ("http://127.0.0.1:private/", None),
    ],
)
def test_errors_note_whom_was_asked(url: str, where: str | None) -> None:
    with pytest.raises(ServiceError) as caught:
        here(url).send(request(url), seconds(1))
    reply = Reply(status=404, headers={}, body=b"")
    for error in (
        caught.value,
        errors.from_reply(request(url), reply, Refusal(), NOW),
        errors.from_reply(request(url), reply, Refusal(kind=RateLimited), NOW),
        errors.unreadable(request(url), reply, "not with JSON"),
    ):
        wrapped = PermissionDenied("denied")
        wrapped.__cause__ = error
        assert [errors.asked(error), errors.asked(wrapped)] == [where, where]
        assert "private" not in "".join(getattr(error, "__notes__", []))
    assert errors.asked(PermissionDenied("denied")) is None


def test_errors_and_requests_show_neither_address_nor_token() -> None:
    sent = request()
    with pytest.raises(Temporary) as caught:
        here("http://127.0.0.1:9").send(sent, seconds(1))
    for text in (repr(sent), str(caught.value), repr(caught.value)):
        assert "private" not in text
        assert "token-1234" not in text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Invalid field.", "Invalid field."),
        ("see https://acme.example.com/?token=1 now", "see … now"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0 ended", "token ….… ended"),
        ("two\n lines", "two lines"),
        ("Invalid topic: 'Lunch with Ann'.", "Invalid topic: '…'."),
        ('The value "Lunch with Ann" of "topic" is too long', 'The value "…" of "topic" is too long'),
        ("it can't be, as the vendor's rules say", "it can't be, as the vendor's rules say"),
        ("recurrence.repeat_interval", "recurrence.repeat_interval"),
        ("x " * 400, ("x " * 150)),
        ("invalid_client_secret", "invalid_client_secret"),
        ("INVALID_OAUTH_TOKEN_SCOPE for you", "INVALID_OAUTH_TOKEN_SCOPE for you"),
        (
            "InvalidAuthenticationToken: Request_ResourceNotFound",
            "InvalidAuthenticationToken: Request_ResourceNotFound",
        ),
        ("a" * 40, "a" * 40),
        ("a" * 41, "…"),
        ("invalid_client_secret_1", "…"),
        ("qWkZpXbNvRtYsDfGhJkL", "…"),
        ("invalid-client-secret", "…"),
    ],
)
def test_a_vendors_words_are_made_safe(said: str, kept: str) -> None:
    assert errors.safe(said) == kept
