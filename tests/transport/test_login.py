"""Consent at vendors: each one's flow against its simulator, and what an answer means that is none."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest
import requests
from flask import Flask, Response, request

from confsync.adapters.system import SystemClock
from confsync.domain.connection import Account, Granted, Tokens, missing
from confsync.domain.errors import (
    ConfsyncError,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    Temporary,
)
from confsync.providers import login
from confsync.transport.addresses import Reach
from confsync.transport.login import ClientCredentials, Login, LoginClient
from confsync.transport.session import Session
from playground.server import serve
from playground.vendors import goto_meeting, ringcentral, teams, webex, zoho, zoom
from tests.fakes.clock import FakeClock

REDIRECT = "http://localhost/callback"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@dataclass(kw_only=True)
class Vendor:
    """A simulator, and our client for it."""

    name: str
    service: Any
    create_app: Any
    behaves: Mapping[str, Any] = field(default_factory=dict)
    """The account's fields that are not as usual."""
    client: tuple[str, str] = ("client_id", "client_secret")
    person: str = "alice@example.com"
    rotates: bool = False
    proves: bool = True
    """Whether it wants the verifier of a challenge."""
    paths: Mapping[str, str]
    url: str = ""

    @property
    def login(self) -> Login:
        """As the provider's module has it, at the simulator."""
        found = login(self.name)
        assert found is not None
        return replace(found, **{name: self.url + path for name, path in self.paths.items()})

    def ours(self, *, secret: str | None = None) -> LoginClient:
        id, kept = (getattr(self.service.account, name) for name in self.client)
        return client_of(self.login, ClientCredentials(client_id=id, client_secret=secret or kept), name=self.name)

    def consent(self, ours: LoginClient, *, verifier: str = VERIFIER) -> Granted:
        """The person allows it in their browser."""
        page = ours.start(state="s", challenge=CHALLENGE, redirect_uri=REDIRECT, hint="")
        answer = requests.get(page, allow_redirects=False, timeout=5)
        if answer.status_code == 200:  # it asks in a form
            form = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
            asked = {**form, "decision": "allow"}
            answer = requests.post(page.partition("?")[0], asked, allow_redirects=False, timeout=5)
        sent = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
        assert sent["state"] == "s"
        return ours.finish(code=sent["code"], verifier=verifier, redirect_uri=REDIRECT)


def client_of(login: Login, credentials: ClientCredentials, *, name: str = "vendor") -> LoginClient:
    return LoginClient(
        service=name,
        login=login,
        credentials=lambda: credentials,
        clock=SystemClock(),
        session=Session(Reach.configured(login.token_url, login.account_url, login.revoke_url)),
        allowance=timedelta(seconds=5),
    )


def zoom_vendor() -> Vendor:
    scopes = (*zoom.Account().person_scopes, "meeting:read:list_meetings", "meeting:read:invitation")
    return Vendor(
        name="zoom",
        service=zoom.ZoomService(),
        behaves={"person_scopes": scopes},
        create_app=zoom.create_app,
        client=("person_client_id", "person_client_secret"),
        rotates=True,
        paths={
            "authorize_url": "/oauth/authorize",
            "token_url": "/oauth/token",
            "revoke_url": "/oauth/revoke",
            "account_url": "/v2/users/me",
        },
    )


def teams_vendor() -> Vendor:
    account = teams.Account()
    tenant = f"/{account.tenant_id}/oauth2/v2.0"
    return Vendor(
        name="teams",
        service=teams.TeamsService(),
        create_app=teams.create_app,
        rotates=True,
        paths={
            "authorize_url": f"{tenant}/authorize",
            "token_url": f"{tenant}/token",
            "account_url": "/v1.0/me",
        },
    )


def webex_vendor() -> Vendor:
    return Vendor(
        name="webex",
        service=webex.WebexService(),
        create_app=webex.create_app,
        proves=False,
        paths={
            "authorize_url": "/v1/authorize",
            "token_url": "/v1/access_token",
            "account_url": "/v1/people/me",
        },
    )


def goto_vendor() -> Vendor:
    return Vendor(
        name="goto_meeting",
        service=goto_meeting.GotoService(),
        create_app=goto_meeting.create_app,
        behaves={"refresh_tokens": "rotated"},
        rotates=True,
        proves=False,
        paths={
            "authorize_url": "/oauth/authorize",
            "token_url": "/oauth/token",
            "account_url": "/admin/rest/v1/me",
        },
    )


def ringcentral_vendor() -> Vendor:
    return Vendor(
        name="ringcentral",
        service=ringcentral.RingCentralService(),
        create_app=ringcentral.create_app,
        person=f"{ringcentral.Account().signed_in}@example.com",
        rotates=True,
        paths={
            "authorize_url": "/restapi/oauth/authorize",
            "token_url": "/restapi/oauth/token",
            "revoke_url": "/restapi/oauth/revoke",
            "account_url": "/restapi/v1.0/account/~/extension/~",
        },
    )


def zoho_vendor() -> Vendor:
    return Vendor(
        name="zoho",
        service=zoho.ZohoService(),
        create_app=zoho.create_app,
        proves=False,
        paths={
            "authorize_url": "/oauth/v2/auth",
            "token_url": "/oauth/v2/token",
            "revoke_url": "/oauth/v2/token/revoke",
            "account_url": "/api/v2/user.json",
        },
    )


VENDORS = {
    "zoom": zoom_vendor,
    "teams": teams_vendor,
    "webex": webex_vendor,
    "goto_meeting": goto_vendor,
    "ringcentral": ringcentral_vendor,
    "zoho": zoho_vendor,
}


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    found = VENDORS[request.param]()
    found.service.configure(**found.behaves)
    server = serve(found.create_app(found.service), name=found.name)
    found.url = server.url
    yield found
    server.stop()


# --- each vendor's flow


def test_consent_to_tokens_that_are_good(vendor: Vendor) -> None:
    ours = vendor.ours()
    asked_at = datetime.now(UTC)
    granted = vendor.consent(ours)
    assert granted.tokens.refresh is not None
    assert timedelta(0) < granted.tokens.expires_at - asked_at < timedelta(days=15)
    assert missing(ours.login.scopes, granted.scopes) == ()
    account = ours.account(granted.tokens.access)
    assert account.name == vendor.person
    assert account.id
    assert ours.account(granted.tokens.access) == account


def test_tokens_are_renewed(vendor: Vendor) -> None:
    ours = vendor.ours()
    first = vendor.consent(ours).tokens
    assert first.refresh is not None
    renewed = ours.renew(first.refresh)
    second = renewed.tokens
    assert second.access != first.access
    assert missing(ours.login.scopes, renewed.scopes) == ()
    assert (second.refresh not in {None, first.refresh}) == vendor.rotates
    assert ours.account(second.access).name == vendor.person
    third = ours.renew(second.refresh or first.refresh).tokens
    assert ours.account(third.access).name == vendor.person


def test_tokens_are_taken_back(vendor: Vendor) -> None:
    ours = vendor.ours()
    tokens = vendor.consent(ours).tokens
    assert tokens.refresh is not None
    ours.revoke(tokens)
    ours.revoke(tokens)  # it is as we want it
    if ours.login.revoke_url is None:
        assert ours.account(tokens.access).name == vendor.person, "there is no way to"
        return
    with pytest.raises(ConfsyncError):
        ours.account(tokens.access)
    with pytest.raises(ReauthorizationRequired):
        ours.renew(tokens.refresh)


def test_what_is_no_good_needs_another_consent(vendor: Vendor) -> None:
    ours = vendor.ours()
    with pytest.raises(ReauthorizationRequired):
        ours.renew("no-such-token")
    # Webex names no error, and what it says of a code is not known: that alone ends no grant
    with pytest.raises(Temporary if vendor.name == "webex" else ReauthorizationRequired):
        ours.finish(code="no-such-code", verifier=VERIFIER, redirect_uri=REDIRECT)


def test_another_verifier_is_refused(vendor: Vendor) -> None:
    if not vendor.proves:
        pytest.skip("the simulator wants none")
    with pytest.raises((ReauthorizationRequired, PermissionDenied)):
        vendor.consent(vendor.ours(), verifier="w" * 43)


def test_a_wrong_client_is_not_the_persons_fault(vendor: Vendor) -> None:
    tokens = vendor.consent(vendor.ours()).tokens
    assert tokens.refresh is not None
    with pytest.raises((PermissionDenied, Temporary)) as refused:
        vendor.ours(secret="another secret altogether").renew(tokens.refresh)
    assert isinstance(refused.value, PermissionDenied) or vendor.name == "webex"
    assert "another secret" not in f"{refused.value} {refused.value!r}"
    assert vendor.ours().renew(tokens.refresh).tokens.access


def test_no_secret_is_shown(vendor: Vendor, capfd: pytest.CaptureFixture[str]) -> None:
    ours = vendor.ours()
    granted = vendor.consent(ours)
    errors = []
    for ask in (lambda: ours.renew("r" * 30), lambda: ours.account("a" * 30)):
        with pytest.raises(ConfsyncError) as refused:
            ask()
        errors.append(refused.value)
    told = f"{granted} {granted!r} {errors} {ours!r} {capfd.readouterr()}"
    secret = getattr(vendor.service.account, vendor.client[1])
    for hidden in (granted.tokens.access, granted.tokens.refresh, secret, "r" * 30, "a" * 30):
        assert hidden not in told


def test_the_consent_page_is_told_what_it_has_to_know(vendor: Vendor) -> None:
    page = vendor.ours().start(state="s&t", challenge=CHALLENGE, redirect_uri=REDIRECT, hint="ann@example.com")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
    told = vendor.login
    assert asked["response_type"] == "code"
    assert (asked["state"], asked["redirect_uri"]) == ("s&t", REDIRECT)
    assert tuple(asked["scope"].split(told.separator)) == told.scopes
    assert (asked.get("code_challenge"), asked.get("code_challenge_method")) == (
        (CHALLENGE, "S256") if told.pkce else (None, None)
    )
    assert asked.get("login_hint") == ("ann@example.com" if told.hint else None)
    assert dict(told.extra).items() <= asked.items()
    assert "client_secret" not in asked


# --- answers that are none


class Answers:
    """A token endpoint that answers what a test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, b"", {}
        self.asked: list[Mapping[str, str]] = []
        app = Flask("answers")

        @app.route("/<path:_>", methods=["GET", "POST"])
        def answer(_: str) -> Response:
            self.asked.append({**request.form, "authorization": request.headers.get("Authorization", "")})
            return Response(self.body, self.status, {"Content-Type": "application/json", **self.headers})

        self.server = serve(app, name="answers")

    def says(self, status: int, body: object, **headers: str) -> None:
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    found = Answers()
    yield found
    found.server.stop()


def read(body: bytes) -> Account:
    return msgspec.json.decode(body, type=Account)


def ours(answers: Answers, **changes: Any) -> LoginClient:
    answers.asked.clear()
    url = answers.server.url
    told = Login(
        authorize_url=f"{url}/authorize",
        token_url=f"{url}/token",
        revoke_url=f"{url}/revoke",
        account_url=f"{url}/me",
        account=read,
        scopes=("one", "two"),
    )
    credentials = ClientCredentials(client_id="app", client_secret="hush hush")
    return client_of(replace(told, **changes), credentials)


HTML = b"<html><title>502 Bad Gateway</title></html>"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": "revoked"}, ReauthorizationRequired),
        (401, {"error": "invalid_grant"}, ReauthorizationRequired),
        (403, {"error": "invalid_grant"}, ReauthorizationRequired),
        (400, {"error": "interaction_required"}, ReauthorizationRequired),
        (400, {"error": "consent_required"}, ReauthorizationRequired),
        (200, {"error": "invalid_code"}, ReauthorizationRequired),
        (400, {"error": "invalid_client"}, PermissionDenied),
        (401, {"error": "invalid_client"}, PermissionDenied),
        (200, {"error": "invalid_client_secret"}, PermissionDenied),
        (400, {"error": "unauthorized_client"}, PermissionDenied),
        (400, {"error": "invalid_scope"}, PermissionDenied),
        (200, {"error": "Access Denied", "error_description": "too many requests"}, Temporary),
        (400, {"error": "temporarily_unavailable"}, Temporary),
        (503, {"error": "server_error"}, Temporary),
        (502, HTML, Temporary),
        (200, HTML, Temporary),
        (400, HTML, Temporary),
        (401, HTML, Temporary),
        (403, b"", Temporary),
        (404, HTML, Temporary),
        (302, b"", Temporary),
        (500, {"message": "oops"}, Temporary),
        (400, {"message": "no error field"}, Temporary),
        (400, b"\xff\xfe", Temporary),
        (200, {"access_token": 7}, Temporary),
        (200, {"access_token": "a", "expires_in": "soon"}, Temporary),
        (200, [], Temporary),
        (429, {"error": "slow_down"}, RateLimited),
        (429, HTML, RateLimited),
    ],
)
def test_only_the_vendors_own_word_ends_a_grant(
    answers: Answers, status: int, body: object, kind: type[ConfsyncError]
) -> None:
    answers.says(status, body)
    for ask in (
        lambda: ours(answers).renew("refresh-secret"),
        lambda: ours(answers).finish(code="code-secret", verifier="v", redirect_uri=REDIRECT),
    ):
        with pytest.raises(kind) as refused:
            ask()
        assert type(refused.value) is kind
        assert not any(each in f"{refused.value!r}" for each in ("refresh-secret", "code-secret", "hush hush"))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"message": "error = 'The refresh token provided is expired'"}, ReauthorizationRequired),
        (400, {"message": "another one"}, Temporary),
        (400, {"error": "invalid_client", "error_description": "not the refresh token"}, PermissionDenied),
        (401, {"message": "no word of the refresh token"}, Temporary),
        (500, {"message": "the refresh token server is down"}, Temporary),
    ],
)
def test_a_refusal_without_an_error_is_known_by_its_words(
    answers: Answers, status: int, body: object, kind: type[ConfsyncError]
) -> None:
    answers.says(status, body)
    with pytest.raises(kind):
        ours(answers, refusal=b"refresh token").renew("r")


def test_a_busy_vendor_says_when_to_come_back(answers: Answers) -> None:
    answers.says(429, {"error": "slow_down"}, Retry_After="120")
    before = datetime.now(UTC)
    with pytest.raises(RateLimited) as refused:
        ours(answers).renew("r")
    assert refused.value.retry_at is not None
    assert timedelta(seconds=115) < refused.value.retry_at - before < timedelta(seconds=125)


def test_no_answer_at_all() -> None:
    nowhere = "http://127.0.0.1:9"
    told = Login(authorize_url=nowhere, token_url=nowhere, account_url=nowhere, account=read, scopes=())
    client = client_of(told, ClientCredentials(client_id="a", client_secret="s"))
    for ask in (lambda: client.renew("refresh-secret"), lambda: client.account("access-secret")):
        with pytest.raises(Temporary) as refused:
            ask()
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("told", "scopes", "refresh", "seconds"),
    [
        ({}, None, None, 3600),
        ({"refresh_token": "r", "expires_in": 60, "scope": "one two"}, ("one", "two"), "r", 60),
        ({"expires_in": "60", "scope": "one,two"}, ("one", "two"), None, 60),
        ({"scope": ""}, (), None, 3600),
        ({"refresh_token": None, "more": {"is": "ignored"}}, None, None, 3600),
    ],
)
def test_what_an_answer_tells(
    answers: Answers, told: dict[str, object], scopes: tuple[str, ...] | None, refresh: str | None, seconds: int
) -> None:
    answers.says(200, {"access_token": "a", **told})
    clock = FakeClock()
    granted = replace(ours(answers), clock=clock).renew("old")
    expected = Tokens(access="a", refresh=refresh, expires_at=clock.now() + timedelta(seconds=seconds))
    assert granted == Granted(tokens=expected, scopes=scopes)


@pytest.mark.parametrize("in_form", [True, False])
def test_where_the_credentials_go(answers: Answers, in_form: bool) -> None:
    answers.says(200, {"access_token": "a"})
    client = ours(answers, in_form=in_form)
    client.finish(code="c", verifier="v", redirect_uri=REDIRECT)
    client.renew("r&r")
    client.revoke(Tokens(access="a", refresh="r", expires_at=datetime.now(UTC)))
    client.revoke(Tokens(access="a", expires_at=datetime.now(UTC)))
    code, renewal, revoked, last = answers.asked
    assert (code["grant_type"], code["code"], code["code_verifier"], code["redirect_uri"]) == (
        "authorization_code",
        "c",
        "v",
        REDIRECT,
    )
    assert (renewal["grant_type"], renewal["refresh_token"]) == ("refresh_token", "r&r")
    assert (revoked["token"], last["token"]) == ("r", "a")
    assert "grant_type" not in revoked
    for each in answers.asked:
        assert each["authorization"].startswith("Basic ") != in_form
        assert (each.get("client_secret") == "hush hush") == in_form


def test_without_pkce_no_verifier_is_sent(answers: Answers) -> None:
    answers.says(200, {"access_token": "a"})
    ours(answers, pkce=False).finish(code="c", verifier="v", redirect_uri=REDIRECT)
    assert "code_verifier" not in answers.asked[0]


def test_scopes_in_another_form_are_the_same(answers: Answers) -> None:
    answers.says(200, {"access_token": "a", "scope": "https://x/one two"})
    granted = ours(answers, plain_scope=lambda scope: scope.removeprefix("https://x/")).renew("r")
    assert granted.scopes == ("one", "two")


@pytest.mark.parametrize("status", [400, 401, 403, 410])
def test_a_token_that_the_vendor_does_not_know_is_as_good_as_revoked(answers: Answers, status: int) -> None:
    answers.says(status, {"error": "invalid_token"})
    ours(answers).revoke(Tokens(access="a", expires_at=datetime.now(UTC)))


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_a_token_may_still_be_good_if_nobody_revoked_it(answers: Answers, status: int) -> None:
    answers.says(status, HTML)
    with pytest.raises((Temporary, RateLimited)):
        ours(answers).revoke(Tokens(access="a", expires_at=datetime.now(UTC)))


def test_without_a_way_to_revoke_nobody_is_asked(answers: Answers) -> None:
    ours(answers, revoke_url=None).revoke(Tokens(access="a", expires_at=datetime.now(UTC)))
    assert answers.asked == []


@pytest.mark.parametrize("body", [HTML, b"{}", b"[]", b'{"id": 1}', b"\xff"])
def test_an_account_that_cant_be_read_is_not_guessed(answers: Answers, body: bytes) -> None:
    answers.says(200, body)
    with pytest.raises(Temporary, match="not with an account|with a web page"):
        ours(answers).account("access-secret")


@pytest.mark.parametrize(("status", "kind"), [(401, ConfsyncError), (404, Temporary), (500, Temporary)])
def test_an_account_that_is_refused(answers: Answers, status: int, kind: type[ConfsyncError]) -> None:
    answers.says(status, HTML)
    with pytest.raises(kind):
        ours(answers, scheme="Token").account("access-secret")
    assert answers.asked[-1]["authorization"] == "Token access-secret"


def test_parameters_of_the_page_are_encoded(answers: Answers) -> None:
    page = ours(answers, extra={"prompt": "a b"}).start(state="x", challenge="c", redirect_uri=REDIRECT, hint="a@b")
    assert urlencode({"redirect_uri": REDIRECT}) in page
    assert "hush" not in page
