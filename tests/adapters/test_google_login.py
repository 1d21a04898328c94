"""How people let us use their own Google calendars: the whole flow, against Google's pages and tokens."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest
import requests

from confsync.adapters.google_credentials import CALENDAR_SCOPES
from confsync.adapters.google_login import LOGIN
from confsync.adapters.system import SystemClock
from confsync.domain.connection import Account, Granted, missing
from confsync.domain.errors import PermissionDenied, ReauthorizationRequired
from confsync.transport.addresses import Reach
from confsync.transport.login import ClientCredentials, LoginClient
from confsync.transport.session import Session
from playground.google_cloud.consent import Consents
from playground.google_cloud.oauth import TokenEndpoint
from playground.google_cloud.oidc import Issuer, subject
from playground.server import serve
from tests.adapters.conftest import GoogleCloud

ANN, BACK = "ann@example.com", "http://localhost/connect/google/callback"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@dataclass(kw_only=True)
class Flow:
    """Ann's browser, and our client."""

    client: LoginClient
    consents: Consents

    def consent(self, *unticked: str) -> dict[str, str]:
        """What comes back with the browser."""
        page = self.client.start(state="s", challenge=CHALLENGE, redirect_uri=BACK, hint=ANN)
        assert requests.get(page, timeout=5).status_code == 200
        asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
        boxes = {each: "allowed" for each in asked["scope"].split() if each not in unticked}
        answer = requests.post(
            page.partition("?")[0], {**asked, **boxes, "account": ANN}, allow_redirects=False, timeout=5
        )
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    def granted(self, *unticked: str) -> Granted:
        return self.client.finish(code=self.consent(*unticked)["code"], verifier=VERIFIER, redirect_uri=BACK)


@pytest.fixture
def flow(cloud: GoogleCloud) -> Iterator[Flow]:
    consents = Consents(cloud.accounts)
    consents.register("client", "secret", BACK)
    issuer = Issuer(consents)
    issuer.browser = ANN
    servers = [
        serve(issuer.app, name="issuer"),
        serve(TokenEndpoint(cloud.accounts, cloud.service_accounts, consents).app, name="oauth"),
    ]
    at_issuer, at_oauth = (each.url for each in servers)
    login = replace(
        LOGIN,
        authorize_url=f"{at_issuer}/o/oauth2/v2/auth",
        token_url=f"{at_oauth}/token",
        revoke_url=f"{at_oauth}/revoke",
        account_url=f"{at_issuer}/v1/userinfo",
    )
    client = LoginClient(
        service="google",
        login=login,
        credentials=lambda: ClientCredentials(client_id="client", client_secret="secret"),
        clock=SystemClock(),
        session=Session(Reach.configured(login.token_url, login.account_url, login.revoke_url)),
        allowance=timedelta(seconds=5),
    )
    yield Flow(client=client, consents=consents)
    for server in servers:
        server.stop()


def test_from_consent_to_revocation(flow: Flow, cloud: GoogleCloud) -> None:
    granted = flow.granted()
    tokens = granted.tokens
    assert tokens.refresh is not None
    assert flow.client.account(tokens.access) == Account(id=subject(ANN), name=ANN)
    assert cloud.accounts.scopes(tokens.access) >= set(CALENDAR_SCOPES)

    renewed = flow.client.renew(tokens.refresh)
    assert renewed.tokens.access != tokens.access
    assert renewed.tokens.refresh is None, "the old one stays good"
    assert missing(LOGIN.scopes, renewed.scopes) == ()

    flow.client.revoke(tokens)
    assert cloud.accounts.whois(renewed.tokens.access) is None
    with pytest.raises(ReauthorizationRequired, match="invalid_grant"):
        flow.client.renew(tokens.refresh)
    flow.client.revoke(tokens)  # which is as we want it


def test_a_second_consent_brings_a_refresh_token_again(flow: Flow) -> None:
    assert flow.granted().tokens.refresh != flow.granted().tokens.refresh


def test_all_is_granted_by_whatever_name_and_what_is_not_is_named(flow: Flow) -> None:
    assert missing(LOGIN.scopes, flow.granted().scopes) == ()
    lists = "https://www.googleapis.com/auth/calendar.calendarlist.readonly"
    assert missing(LOGIN.scopes, flow.granted(lists).scopes) == (lists,)


def test_google_says_who_it_is(flow: Flow) -> None:
    assert flow.consent()["iss"] == LOGIN.issuer


def test_what_the_person_took_back_is_told_apart_from_a_client_that_google_does_not_know(flow: Flow) -> None:
    refresh = flow.granted().tokens.refresh or ""
    flow.consents.register("client", "another secret", BACK)
    with pytest.raises(PermissionDenied, match="invalid_client"):
        flow.client.renew(refresh)
    flow.consents.register("client", "secret", BACK)
    flow.consents.withdraw(ANN)
    with pytest.raises(ReauthorizationRequired):
        flow.client.renew(refresh)


def test_an_address_that_nobody_has_verified_is_nobodys() -> None:
    body = {"sub": "1", "email": ANN, "email_verified": False}
    with pytest.raises(ValueError, match="not shown"):
        LOGIN.account(msgspec.json.encode(body))


def test_the_consent_page_is_googles_own() -> None:
    assert urlencode(LOGIN.extra) == "access_type=offline&prompt=consent"
    hosts = [urlsplit(each or "").hostname for each in (LOGIN.authorize_url, LOGIN.account_url, LOGIN.revoke_url)]
    assert hosts == ["accounts.google.com", "openidconnect.googleapis.com", "oauth2.googleapis.com"]
