"""People who let an application use their Google account: pages, codes, tokens, and how it all ends."""

import hashlib
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from playground.accounts import Accounts
from playground.google_calendar import CalendarService, create_app
from playground.google_cloud.consent import IDLE_LIFE, Consents
from playground.google_cloud.iam_credentials import ServiceAccounts
from playground.google_cloud.oauth import TokenEndpoint
from playground.google_cloud.oidc import Issuer, subject
from playground.google_cloud.secret_manager import SecretManager
from playground.server import Server, serve

ANN, BEN = "ann@example.com", "ben@example.com"
CLIENT, SECRET, BACK = "client.apps.example", "GOCSPX-secret", "https://app.example/callback"
EVENTS = "https://www.googleapis.com/auth/calendar.events"
LISTS = "https://www.googleapis.com/auth/calendar.calendarlist.readonly"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = {
    "client_id": CLIENT,
    "redirect_uri": BACK,
    "response_type": "code",
    "scope": f"openid email {EVENTS} {LISTS}",
    "access_type": "offline",
    "prompt": "consent",
    "state": "s",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@dataclass(kw_only=True)
class Google:
    """Google, and an application that asks."""

    consents: Consents
    issuer: Issuer
    tokens: TokenEndpoint
    at_issuer: Server
    at_oauth: Server
    at_calendar: Server
    at_secrets: Server

    def authorize(self, **changes: str) -> requests.Response:
        asked = {name: value for name, value in (ASKED | changes).items() if value}
        return requests.get(
            f"{self.at_issuer.url}/o/oauth2/v2/auth?{urlencode(asked)}", allow_redirects=False, timeout=5
        )

    def decide(self, person: str = ANN, allowed: tuple[str, ...] = (EVENTS, LISTS), **changes: str) -> dict[str, str]:
        """What comes back to the application."""
        form = {**ASKED, "account": person, **dict.fromkeys(allowed, "allowed"), **changes}
        answer = requests.post(f"{self.at_issuer.url}/o/oauth2/v2/auth", form, allow_redirects=False, timeout=5)
        assert answer.status_code == 302, answer.text
        assert answer.headers["Location"].startswith(f"{BACK}?")
        return back(answer)

    def token(self, **form: str) -> requests.Response:
        sent = {"client_id": CLIENT, "client_secret": SECRET, **form}
        return requests.post(f"{self.at_oauth.url}/token", sent, timeout=5)

    def exchange(self, code: str, **changes: str) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
        return self.token(**form | changes)

    def granted(self, person: str = ANN, **more: Any) -> dict[str, Any]:
        answer = self.exchange(self.decide(person, **more)["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def renewed(self, refresh: str) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=refresh)

    def revoke(self, token: str) -> requests.Response:
        return requests.post(f"{self.at_oauth.url}/revoke", {"token": token}, timeout=5)

    def user(self, access: str) -> requests.Response:
        return requests.get(
            f"{self.at_issuer.url}/v1/userinfo", headers={"Authorization": f"Bearer {access}"}, timeout=5
        )

    def events(self, access: str, calendar: str = "primary") -> requests.Response:
        url = f"{self.at_calendar.url}/calendar/v3/calendars/{calendar}/events"
        return requests.get(url, headers={"Authorization": f"Bearer {access}"}, timeout=5)


def back(answer: requests.Response) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


@pytest.fixture(scope="module")
def running() -> Iterator[Google]:
    accounts = Accounts()
    consents = Consents(accounts)
    issuer, tokens = Issuer(consents), TokenEndpoint(accounts, ServiceAccounts(), consents)
    calendar = CalendarService(accounts)
    apps = {"issuer": issuer.app, "oauth": tokens.app, "calendar": create_app(calendar)}
    apps["secrets"] = SecretManager(accounts).app
    servers = {name: serve(app, name=name) for name, app in apps.items()}
    yield Google(
        consents=consents, issuer=issuer, tokens=tokens, **{f"at_{name}": server for name, server in servers.items()}
    )
    calendar.stop()
    for server in servers.values():
        server.stop()


@pytest.fixture
def google(running: Google) -> Google:
    running.consents.register(CLIENT, SECRET, BACK)
    running.issuer.browser = ANN
    running.consents._clock = time.time
    for person in (ANN, BEN):
        running.consents.withdraw(person)
        running.tokens.set_account(person, "active")
    return running


def test_a_person_is_asked_for_each_scope_but_who_they_are(google: Google) -> None:
    page = google.authorize()
    assert page.status_code == 200
    assert page.text.count('type="checkbox"') == 2
    assert ANN in page.text


def test_a_code_comes_back_with_the_state_and_whose_it_is(google: Google) -> None:
    came = google.decide()
    assert came.pop("code").startswith("4/")
    scope = f"{LISTS} {EVENTS} {EMAIL} openid"
    told = {"state": "s", "iss": "https://accounts.google.com", "authuser": "0", "prompt": "consent"}
    assert came.pop("scope").split() == sorted(scope.split())
    assert came == told


def test_whoever_says_no_comes_back_without_a_code(google: Google) -> None:
    assert google.decide(decision="no")["error"] == "access_denied"
    google.issuer.browser = None
    assert back(google.authorize())["error"] == "access_denied"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": "other"}, "invalid_client"),
        ({"redirect_uri": f"{BACK}/"}, "redirect_uri_mismatch"),
        ({"scope": ""}, "Missing required parameter: scope"),
    ],
)
def test_what_is_wrong_with_the_request_stays_at_google(google: Google, changes: dict[str, str], said: str) -> None:
    answer = google.authorize(**changes)
    assert (answer.status_code, said in answer.text) == (400, True)


def test_a_code_is_good_once(google: Google) -> None:
    code = google.decide()["code"]
    granted = google.exchange(code).json()
    assert granted.keys() == {"access_token", "refresh_token", "expires_in", "scope", "token_type"}
    assert EMAIL in granted["scope"].split()
    assert google.exchange(code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"code_verifier": "w" * 43}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_grant"),
        ({"redirect_uri": "https://app.example/"}, 400, "redirect_uri_mismatch"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
    ],
)
def test_a_code_is_for_whoever_began(google: Google, changes: dict[str, str], status: int, error: str) -> None:
    answer = google.exchange(google.decide()["code"], **changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_refresh_token_that_nobody_uses_ends_after_six_months(google: Google) -> None:
    now = time.time()
    google.consents._clock = lambda: now
    refresh = google.granted()["refresh_token"]
    for _ in range(2):
        now += IDLE_LIFE - 1
        assert google.renewed(refresh).status_code == 200
    now += IDLE_LIFE
    answer = google.renewed(refresh)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_refresh_token_comes_for_offline_access_and_the_second_time_only_if_asked_again(google: Google) -> None:
    assert "refresh_token" not in google.granted(access_type="online")
    google.consents.withdraw(ANN)
    assert "refresh_token" in google.granted(prompt="")
    assert "refresh_token" not in google.granted(prompt="")
    assert "refresh_token" in google.granted()


def test_a_refresh_token_stays_good_and_no_other_comes(google: Google) -> None:
    refresh = google.granted()["refresh_token"]
    for _ in range(2):
        answer = google.renewed(refresh).json()
        assert "refresh_token" not in answer
        assert google.events(answer["access_token"]).status_code == 200
    google.consents.expire_access(ANN)
    assert google.events(answer["access_token"]).status_code == 401
    assert google.renewed(refresh).status_code == 200


def test_only_what_was_allowed_is_granted(google: Google) -> None:
    granted = google.granted(allowed=(LISTS,))
    assert set(granted["scope"].split()) == {LISTS, EMAIL, "openid"}
    assert google.events(granted["access_token"]).status_code == 403


def test_a_token_is_for_that_persons_calendars(google: Google) -> None:
    google.events(google.granted(BEN)["access_token"])  # which makes the calendar
    access = google.granted()["access_token"]
    assert google.events(access).json()["summary"] == ANN
    assert google.events(access, BEN).status_code == 404
    project = requests.get(
        f"{google.at_secrets.url}/v1/projects/p/secrets/s/versions/latest:access",
        headers={"Authorization": f"Bearer {access}"},
        timeout=5,
    )
    assert (project.status_code, project.json()["error"]["status"]) == (403, "PERMISSION_DENIED")


def test_who_it_is(google: Google) -> None:
    access = google.granted()["access_token"]
    assert google.user(access).json() == {"sub": subject(ANN), "email": ANN, "email_verified": True}
    assert google.user(google.granted(scope=EVENTS)["access_token"]).status_code == 401
    assert google.user("nobody's").status_code == 401


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_both(google: Google, which: str) -> None:
    granted = google.granted()
    assert google.revoke(granted[which]).status_code == 200
    assert google.events(granted["access_token"]).status_code == 401
    assert google.renewed(granted["refresh_token"]).json()["error"] == "invalid_grant"
    assert (google.revoke(granted[which]).status_code, google.revoke("x").json()["error"]) == (400, "invalid_token")


def test_what_a_person_takes_back_is_no_good_and_others_keep_theirs(google: Google) -> None:
    anns, bens = google.granted(), google.granted(BEN)
    requests.delete(f"{google.at_oauth.url}/_playground/consents/{ANN}", timeout=5).raise_for_status()
    assert google.renewed(anns["refresh_token"]).json()["error"] == "invalid_grant"
    assert google.events(anns["access_token"]).status_code == 401
    assert google.renewed(bens["refresh_token"]).status_code == 200


def test_an_account_that_is_suspended_has_no_grants(google: Google) -> None:
    refresh = google.granted()["refresh_token"]
    google.tokens.set_account(ANN, "revoked")
    assert google.renewed(refresh).json()["error"] == "invalid_grant"
    code = google.decide()["code"]
    assert google.exchange(code).json()["error"] == "invalid_grant"
