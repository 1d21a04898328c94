"""Consent at a vendor: what is sent, what strange answers mean, and that nothing of it is told to anybody."""

import io
import json
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import structlog

from confsync import logs
from confsync.domain.connection import Account, Granted, Tokens
from confsync.domain.errors import (
    ConfsyncError,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    Temporary,
)
from confsync.transport.addresses import Reach
from confsync.transport.login import ClientCredentials, Login, LoginClient
from confsync.transport.session import Session
from tests.contracts.provider import assert_no_secret
from tests.fakes.clock import FakeClock
from tests.transport.wire import OK, listening

CODE = "4Tz9-code-of-one-consent-0123456789abcdef"
VERIFIER = "Vq8s-verifier-that-only-we-know-0123456789abcdefghij"
REFRESH = "1//Rr7p-refresh-token-0123456789abcdefghijklmnop"
ACCESS = "ya29.Aa6k-access-token-0123456789abcdefghijklmnop"
SECRET = "Ss5m-client-secret-0123456789abcdef"
HIDDEN = frozenset({CODE, VERIFIER, REFRESH, ACCESS, SECRET})
GRANTED = {"access_token": ACCESS, "refresh_token": REFRESH, "expires_in": 3600, "scope": "meet:write"}
CALLBACK = "https://connect.example.com/connect/acme/callback"


class _Me(msgspec.Struct):
    id: str


def client(url: str, **changes: object) -> LoginClient:
    """Of a vendor whose every address is that one."""
    login = Login(
        authorize_url=f"{url}/authorize",
        token_url=f"{url}/token",
        account_url=f"{url}/me",
        revoke_url=f"{url}/revoke",
        account=lambda body: Account(id=msgspec.json.decode(body, type=_Me).id, name="Ann"),
        scopes=("meet:write",),
    )
    return LoginClient(
        service="acme",
        login=replace(login, **changes),  # type: ignore[arg-type]
        credentials=lambda: ClientCredentials(client_id="app", client_secret=SECRET),
        clock=FakeClock(),
        session=Session(Reach.configured(url)),
        allowance=timedelta(seconds=1),
    )


CALLS: Mapping[str, Callable[[LoginClient], object]] = {
    "finish": lambda c: c.finish(code=CODE, verifier=VERIFIER, redirect_uri=CALLBACK),
    "renew": lambda c: c.renew(REFRESH),
    "account": lambda c: c.account(ACCESS),
    "revoke": lambda c: c.revoke(Tokens(access=ACCESS, refresh=REFRESH, expires_at=FakeClock().now())),
}
GRANTS = ("finish", "renew")


def answering(body: bytes | str, *, status: int = 200, headers: str = "") -> Callable[[socket.socket], None]:
    sent = body.encode() if isinstance(body, str) else body

    def answer(connection: socket.socket) -> None:
        head = f"HTTP/1.1 {status} So\r\n{headers}Connection: close\r\nContent-Length: {len(sent)}\r\n\r\n"
        connection.sendall(head.encode() + sent)

    return answer


def cut(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_a_code_goes_with_its_verifier_into_the_body_and_nowhere_else() -> None:
    received: list[bytes] = []
    with listening(answering(json.dumps(GRANTED)), received) as url:
        granted = client(url).finish(code=CODE, verifier=VERIFIER, redirect_uri=CALLBACK)
    head, _, body = received[0].partition(b"\r\n\r\n")
    sent = parse_qs(body.decode())
    assert (sent["code"], sent["code_verifier"], sent["redirect_uri"]) == ([CODE], [VERIFIER], [CALLBACK])
    assert not any(secret.encode() in head for secret in (CODE, VERIFIER, SECRET))
    assert (granted.tokens.access, granted.tokens.refresh, granted.scopes) == (ACCESS, REFRESH, ("meet:write",))


@pytest.mark.parametrize("by_its_pages", [None, timedelta(days=90)])
@pytest.mark.parametrize(
    ("told", "idle"),
    [
        (604_800, timedelta(days=7)),
        ("604800", timedelta(days=7)),
        (10**12, timedelta(days=366)),
        (0, None),
        (-1, None),
        (None, None),
        ("soon", None),
        ([], None),
        (1.5, None),
        ({"seconds": 1}, None),
        (True, None),
    ],
)
@pytest.mark.parametrize("call", GRANTS)
def test_how_long_a_refresh_token_is_good_unused(
    call: str, told: object, idle: timedelta | None, by_its_pages: timedelta | None
) -> None:
    """As its answer says; if that says nothing that makes sense, as the vendor's pages do. No grant fails by it."""
    with listening(answering(json.dumps({**GRANTED, "refresh_token_expires_in": told}))) as url:
        granted = CALLS[call](client(url, idle=by_its_pages))
    assert isinstance(granted, Granted)
    assert (granted.tokens.refresh, granted.idle) == (REFRESH, idle or by_its_pages)


HOSTILE = "a\r\nX-Evil: 1\r\n\r\n&client_id=other\0é"


def test_what_came_from_a_browser_stays_in_its_parameter() -> None:
    received: list[bytes] = []
    with listening(answering(json.dumps(GRANTED)), received) as url:
        consent = client(url).start(state=HOSTILE, challenge="c", redirect_uri=CALLBACK, hint=HOSTILE)
        client(url).finish(code=HOSTILE, verifier=VERIFIER, redirect_uri=CALLBACK)
    asked = parse_qs(urlsplit(consent).query)
    assert (asked["state"], asked["login_hint"], asked["client_id"]) == ([HOSTILE], [HOSTILE], ["app"])
    assert consent.isascii()
    assert consent.isprintable()
    head, _, body = received[0].partition(b"\r\n\r\n")
    assert b"X-Evil" not in head
    assert parse_qs(body.decode())["code"] == [HOSTILE]


# --- strange answers -------------------------------------------------------------------------------------------------

PAGE = f"<!DOCTYPE html><html><body>Sign in, {CODE} {REFRESH} {ACCESS}</body></html>"
DEEP = '{"a": ' * 100_000
STRANGE: dict[str, Callable[[socket.socket], None]] = {
    "a page to sign in": answering(PAGE, headers="Content-Type: text/html\r\n"),
    "a page that says that it is JSON": answering(PAGE, headers="Content-Type: application/json\r\n"),
    "nothing": answering(""),
    "no text": answering(b"\xff\xfe{\x00}\x00"),
    "nested without end": answering(DEEP),
    "another object": answering('{"message": "hello"}'),
    "a list": answering("[1]"),
    "a proxy's 404": answering(PAGE, status=404),
    "a proxy's 502": answering(PAGE, status=502),
    "unavailable": answering(DEEP, status=503),
    "cut": cut,
    "not at all HTTP": lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
}


@pytest.mark.parametrize("answer", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("call", [*GRANTS, "account"])
def test_what_is_no_answer_of_the_vendors_ends_no_consent(answer: Callable[[socket.socket], None], call: str) -> None:
    with listening(answer) as url, pytest.raises(Temporary) as caught:
        CALLS[call](client(url))
    assert len(str(caught.value)) < 200
    assert not any(word in str(caught.value) for word in ("<", "Sign in", "hello"))
    assert_no_secret(HIDDEN, caught.value, caught.value.__cause__)


@pytest.mark.parametrize("name", ["a page to sign in", "a proxy's 502", "cut"])
def test_a_page_takes_no_token_back(name: str) -> None:
    with listening(STRANGE[name]) as url, pytest.raises(Temporary):
        CALLS["revoke"](client(url))


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_vendor_that_refuses_to_take_a_token_back(status: int) -> None:
    answer = answering(f'{{"error": "invalid_client {REFRESH}"}}', status=status)
    with listening(answer) as url, pytest.raises(ServiceError) as caught:
        CALLS["revoke"](client(url))
    assert caught.value.status == status
    assert_no_secret(HIDDEN, caught.value)


@pytest.mark.parametrize(("revokes", "token"), [("refresh", REFRESH), ("access", ACCESS)])
def test_each_vendor_has_the_token_that_it_wants(revokes: str, token: str) -> None:
    received: list[bytes] = []
    later = FakeClock().now() + timedelta(hours=1)
    with listening(answering("{}"), received) as url:
        client(url, revokes=revokes).revoke(Tokens(access=ACCESS, refresh=REFRESH, expires_at=later))
    (sent,) = received
    assert parse_qs(sent.partition(b"\r\n\r\n")[2].decode())["token"] == [token]
    assert sent.startswith(b"POST /revoke ")


def test_an_access_token_that_has_ended_is_renewed_to_be_taken_back() -> None:
    received: list[bytes] = []
    with listening(answering(json.dumps({**GRANTED, "access_token": "newer"})), received) as url:
        CALLS["revoke"](client(url, revokes="access"))
    renewal, revocation = (parse_qs(each.partition(b"\r\n\r\n")[2].decode()) for each in received)
    assert (renewal["refresh_token"], revocation["token"]) == ([REFRESH], ["newer"])


def test_one_that_has_ended_and_can_not_be_renewed_is_as_we_want_it() -> None:
    received: list[bytes] = []
    with listening(answering('{"error": "invalid_grant"}', status=400), received) as url:
        CALLS["revoke"](client(url, revokes="access"))
    assert len(received) == 1, "with nothing to take back, nothing is"
    assert b"refresh_token" in received[0]


@pytest.mark.parametrize(
    "answer", [answering(""), answering("{}"), answering("gone", status=400), answering("gone", status=404)]
)
def test_a_token_that_is_taken_back_or_unknown_is_no_error(answer: Callable[[socket.socket], None]) -> None:
    received: list[bytes] = []
    with listening(answer, received) as url:
        CALLS["revoke"](client(url))
    (asked,) = received
    assert parse_qs(asked.partition(b"\r\n\r\n")[2].decode())["token"] == [REFRESH]


@pytest.mark.parametrize("lasts", [0, -5, 10**30, "3600", str(10**30)])
def test_whatever_a_token_is_said_to_last_it_can_be_used(lasts: object) -> None:
    with listening(answering(json.dumps({**GRANTED, "expires_in": lasts}))) as url:
        granted = client(url).renew(REFRESH)
    assert granted.tokens.access == ACCESS
    assert timedelta(0) <= granted.tokens.expires_at - FakeClock().now() <= timedelta(days=366)


def test_tokens_in_a_refusal_are_none() -> None:
    with listening(answering(json.dumps(GRANTED), status=400)) as url, pytest.raises(Temporary):
        client(url).renew(REFRESH)


@pytest.mark.parametrize("call", CALLS)
def test_a_redirect_takes_nothing_elsewhere(call: str) -> None:
    received: list[bytes] = []
    with listening(answering(json.dumps(GRANTED)), received) as elsewhere:
        redirect = answering("", status=307, headers=f"Location: {elsewhere}/token\r\n")
        with listening(redirect) as url:
            asked = replace(client(url), session=Session(Reach.configured(url, elsewhere)))
            try:
                CALLS[call](asked)
            except ServiceError as error:
                assert_no_secret(HIDDEN, error)
    assert received == []


@pytest.mark.parametrize("call", CALLS)
def test_a_vendor_out_of_reach_is_not_asked(call: str) -> None:
    received: list[bytes] = []
    with listening(answering("{}"), received) as url, pytest.raises(PermissionDenied, match="out of reach"):
        CALLS[call](replace(client(url), session=Session()))
    assert received == []


# --- nothing is told -------------------------------------------------------------------------------------------------

SAID = {"error": "invalid_grant", "error_description": f"{CODE} {VERIFIER} {REFRESH} {ACCESS} {SECRET}"}
TELLING: dict[str, tuple[Callable[[socket.socket], None], type[ConfsyncError]]] = {
    "ended": (answering(json.dumps(SAID), status=400), ReauthorizationRequired),
    "ended, by 200": (answering(json.dumps(SAID)), ReauthorizationRequired),
    "refused": (answering(json.dumps({**SAID, "error": SECRET}), status=401), PermissionDenied),
    "busy": (answering(json.dumps({**SAID, "error": "server_error"}), status=500), Temporary),
    "too often": (answering(json.dumps({**SAID, "error": ""}), status=429), RateLimited),
    "a header that is none": (
        lambda connection: connection.sendall(OK + f"{SECRET}\r\nContent-Length: 2\r\n\r\n[]".encode()),
        Temporary,
    ),
}


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a deployed function would log, from the lines of all libraries."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    monkeypatch.setattr("sys.stdout", written)
    structlog.reset_defaults()
    logs.configure("example-project")
    yield written
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(("answer", "expected"), TELLING.values(), ids=TELLING)
@pytest.mark.parametrize("call", GRANTS)
def test_neither_an_error_nor_the_log_tells_a_secret(
    answer: Callable[[socket.socket], None], expected: type[ConfsyncError], call: str, logged: io.StringIO
) -> None:
    with listening(answer) as url:
        asked = client(url)
        with pytest.raises(expected) as caught:
            CALLS[call](asked)
    structlog.get_logger().warning("not connected", error=caught.value, reason=str(caught.value))
    structlog.get_logger().error("unexpected error", exc_info=caught.value)
    error: BaseException | None = caught.value
    while error is not None:
        assert_no_secret(HIDDEN, error, getattr(error, "__notes__", []), asked)
        error = error.__cause__
    assert not any(secret in logged.getvalue() for secret in HIDDEN)


def test_what_is_held_while_it_happens_does_not_show_either() -> None:
    with listening(answering(json.dumps(GRANTED))) as url:
        asked = client(url)
        assert_no_secret(HIDDEN, asked.finish(code=CODE, verifier=VERIFIER, redirect_uri=CALLBACK), asked.credentials())
