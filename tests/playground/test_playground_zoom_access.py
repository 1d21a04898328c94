"""A person's own consent to an application of the simulated Zoom account."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from playground.vendors.zoom import Account, ZoomService
from tests.playground.zoom_client import HOST, NOW, Zoom, refusal, serving

BOB = "bob@example.com"
ASKED = {
    "response_type": "code",
    "client_id": Account().person_client_id,
    "redirect_uri": Account().redirect_uris[0],
    "state": "of mine",
}
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def service() -> ZoomService:
    return ZoomService()


@pytest.fixture
def zoom(service: ZoomService) -> Iterator[Zoom]:
    with serving(service) as client:
        yield client


@pytest.fixture
def alice(zoom: Zoom) -> Zoom:
    return Zoom(zoom.url, HOST)


def authorize(zoom: Zoom, *, decision: str = "allow", **changes: str) -> requests.Response:
    """What the browser is answered in the end: at once, or when its person has decided."""
    url, asked = f"{zoom.url}/oauth/authorize", {**ASKED, **changes}
    at_once = requests.get(url, asked, allow_redirects=False, timeout=5)
    if at_once.status_code != 200:
        return at_once
    assert "<form" in at_once.text
    return requests.post(url, {**asked, "decision": decision}, allow_redirects=False, timeout=5)


def answered(response: requests.Response) -> dict[str, str]:
    assert response.status_code == 302
    assert response.headers["Location"].startswith(ASKED["redirect_uri"] + "?")
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))


def exchange(zoom: Zoom, code: str, **form: str) -> requests.Response:
    return zoom.token(
        **{"grant_type": "authorization_code", "code": code, "redirect_uri": ASKED["redirect_uri"], **form}
    )


def refused(response: requests.Response) -> tuple[int, str]:
    assert set(response.json()) == {"reason", "error"}
    return response.status_code, response.json()["error"]


def test_a_browser_brings_a_code_which_brings_tokens(zoom: Zoom) -> None:
    answer = answered(authorize(zoom))
    assert answer["state"] == "of mine"
    granted = exchange(zoom, answer["code"]).json()
    assert set(granted) == {"access_token", "token_type", "refresh_token", "expires_in", "scope", "api_url"}
    assert set(granted["scope"].split()) == set(Account().person_scopes)


def test_who_declines_brings_no_code(zoom: Zoom) -> None:
    assert answered(authorize(zoom, decision="decline")) == {"error": "access_denied", "state": "of mine"}


def test_who_says_who_they_are_consents_for_themselves(zoom: Zoom) -> None:
    code = answered(authorize(zoom, person=BOB))["code"]
    bob = exchange(zoom, code).json()["access_token"]
    me = requests.get(f"{zoom.url}/v2/users/me", headers={"Authorization": f"Bearer {bob}"}, timeout=5)
    assert me.json()["email"] == BOB


def test_a_revoked_consent_is_over(zoom: Zoom) -> None:
    granted = exchange(zoom, answered(authorize(zoom))["code"]).json()
    client = (Account().person_client_id, Account().person_client_secret)

    def revoke(token: str, client: tuple[str, str]) -> requests.Response:
        return requests.post(f"{zoom.url}/oauth/revoke", {"token": token}, auth=client, timeout=5)

    assert revoke(granted["refresh_token"], ("another", "secret")).json()["error"] == "invalid_client"
    assert revoke(granted["refresh_token"], client).json() == {"status": "success"}
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    assert requests.get(f"{zoom.url}/v2/users/me", headers=headers, timeout=5).status_code == 401
    again = zoom.token(grant_type="refresh_token", refresh_token=granted["refresh_token"])
    assert refused(again)[1] == "invalid_grant"
    assert revoke(granted["refresh_token"], client).status_code == 400


@pytest.mark.parametrize("asked", [{"client_id": "another"}, {"redirect_uri": "http://example.com/"}])
def test_a_browser_stays_where_it_is_when_the_application_is_unknown(zoom: Zoom, asked: dict[str, str]) -> None:
    assert refusal(authorize(zoom, **asked)) == (400, 4700)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": "x", "code_challenge_method": "S512"}, "invalid_request"),
    ],
)
def test_a_browser_brings_an_error(zoom: Zoom, asked: dict[str, str], error: str) -> None:
    assert answered(authorize(zoom, **asked)) == {"error": error, "state": "of mine"}


@pytest.mark.parametrize(
    "proof", [{"code_challenge": CHALLENGE, "code_challenge_method": "S256"}, {"code_challenge": VERIFIER}]
)
def test_a_code_with_a_challenge_takes_its_verifier(zoom: Zoom, proof: dict[str, str]) -> None:
    for verifier, status in ((VERIFIER, 200), ("w" * 43, 400), ("", 400)):
        code = answered(authorize(zoom, **proof))["code"]
        assert exchange(zoom, code, code_verifier=verifier).status_code == status


def test_a_code_is_good_once_for_five_minutes_and_one_redirect(zoom: Zoom) -> None:
    code = answered(authorize(zoom))["code"]
    assert exchange(zoom, code).status_code == 200
    assert refused(exchange(zoom, code)) == (400, "invalid_grant")
    assert refused(exchange(zoom, answered(authorize(zoom))["code"], redirect_uri="http://x/")) == (
        400,
        "invalid_request",
    )
    code = answered(authorize(zoom))["code"]
    zoom.now += timedelta(minutes=5)
    zoom.account(bad_code_error="invalid_request")
    assert refused(exchange(zoom, code)) == (400, "invalid_request")


def test_a_refresh_token_is_good_once(zoom: Zoom, alice: Zoom) -> None:
    first = alice.granted["refresh_token"]
    second = zoom.token(grant_type="refresh_token", refresh_token=first).json()["refresh_token"]
    assert refused(zoom.token(grant_type="refresh_token", refresh_token=first)) == (400, "invalid_grant")
    zoom.now += timedelta(seconds=Account().refresh_seconds - 1)
    third = zoom.token(grant_type="refresh_token", refresh_token=second).json()["refresh_token"]
    zoom.now += timedelta(seconds=Account().refresh_seconds - 1)
    fourth = zoom.token(grant_type="refresh_token", refresh_token=third).json()["refresh_token"]
    zoom.now += timedelta(seconds=Account().refresh_seconds)
    assert refused(zoom.token(grant_type="refresh_token", refresh_token=fourth)) == (400, "invalid_grant")


@pytest.mark.parametrize("gone", ["missing", "elsewhere", "disabled"])
def test_no_token_outlives_its_owner(zoom: Zoom, alice: Zoom, gone: str) -> None:
    zoom.account(**{gone: [HOST]})
    token = alice.granted["refresh_token"]
    assert refused(zoom.token(grant_type="refresh_token", refresh_token=token)) == (400, "invalid_grant")
    assert alice("GET", "/v2/users/me/meetings").status_code >= 400


@pytest.mark.parametrize("revokes", [True, False])
def test_a_new_consent_ends_the_old_one(zoom: Zoom, alice: Zoom, revokes: bool) -> None:
    zoom.account(reauthorising_revokes=revokes)
    Zoom(zoom.url, HOST)
    Zoom(zoom.url, BOB)
    assert alice("GET", "/v2/users/me/meetings").status_code == (401 if revokes else 200)
    refresh = zoom.token(grant_type="refresh_token", refresh_token=alice.granted["refresh_token"])
    assert refresh.status_code == (400 if revokes else 200)


@pytest.mark.parametrize(
    ("client", "form", "error"),
    [
        ("person", {"grant_type": "account_credentials", "account_id": Account().account_id}, "unsupported_grant_type"),
        ("account", {"grant_type": "refresh_token", "refresh_token": "x"}, "unsupported_grant_type"),
        ("nobody", {"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_client"),
        ("person", {"grant_type": "refresh_token"}, "invalid_grant"),
        ("person", {}, "unsupported_grant_type"),
    ],
)
def test_each_application_has_its_own_grants(zoom: Zoom, client: str, form: dict[str, str], error: str) -> None:
    account = Account()
    zoom.account(client_status=401)
    known = {
        "person": (account.person_client_id, account.person_client_secret),
        "account": (account.client_id, account.client_secret),
        "nobody": (account.client_id, account.person_client_secret),
    }
    response = requests.post(f"{zoom.url}/oauth/token", data=form, auth=known[client], timeout=5)
    assert refused(response) == (401 if client == "nobody" else 400, error)


def test_a_person_reaches_only_the_own_meetings(zoom: Zoom, alice: Zoom) -> None:
    bob = Zoom(zoom.url, BOB)
    mine = alice("POST", "/v2/users/me/meetings", {"topic": "Mine"}).json()
    theirs = bob("POST", f"/v2/users/{BOB}/meetings", {"topic": "Theirs"}).json()
    assert (mine["host_email"], theirs["host_email"]) == (HOST, BOB)
    assert [each["topic"] for each in alice("GET", "/v2/users/me/meetings").json()["meetings"]] == ["Mine"]
    path = f"/v2/meetings/{mine['id']}"
    assert (alice("GET", path).status_code, alice("PATCH", path, {"topic": "Still"}).status_code) == (200, 204)
    other = f"/v2/meetings/{theirs['id']}"
    assert refusal(alice("GET", other)) == refusal(alice("GET", other + "/invitation")) == (404, 3001)
    assert refusal(alice("PATCH", other, {})) == refusal(alice("DELETE", other)) == (400, 3003)
    assert refusal(alice("GET", f"/v2/users/{BOB}/meetings")) == (400, 4711)
    assert refusal(alice("POST", f"/v2/users/{BOB}/meetings", {})) == (400, 4711)
    zoom.account(others_meeting=3003)
    assert refusal(alice("GET", other)) == (400, 3003)
    assert zoom("GET", other).status_code == 200
    assert alice("DELETE", path).status_code == 204


@pytest.mark.parametrize(
    ("scope", "call"),
    [
        ("meeting:write:meeting", ("POST", "/v2/users/me/meetings", {})),
        ("meeting:update:meeting", ("PATCH", "/v2/meetings/1", {})),
        ("meeting:read:meeting", ("GET", "/v2/meetings/1", None)),
        ("meeting:delete:meeting", ("DELETE", "/v2/meetings/1", None)),
        ("meeting:read:list_meetings", ("GET", "/v2/users/me/meetings", None)),
        ("meeting:read:invitation", ("GET", "/v2/meetings/1/invitation", None)),
        ("user:read:user", ("GET", "/v2/users/me", None)),
    ],
)
def test_a_person_can_leave_scopes_out(zoom: Zoom, alice: Zoom, scope: str, call: tuple[str, str, Any]) -> None:
    alice.log_in_as(HOST, scope=" ".join(set(Account().person_scopes) - {scope}))
    response = alice(*call)
    assert refusal(response) == (400, 4711)
    assert f"[{scope}]" in response.json()["message"]
    alice.log_in_as(HOST, scope=scope)
    assert alice(*call).status_code in (200, 201, 404)


def test_what_is_hidden(zoom: Zoom, alice: Zoom, service: ZoomService) -> None:
    made = alice("POST", "/v2/users/me/meetings", {}).json()
    owner = alice("GET", "/v2/users/me").json()
    alice("DELETE", f"/v2/meetings/{made['id']}")
    code = answered(authorize(zoom))["code"]
    zoom("DELETE", "/_playground/tokens?refresh=true")
    assert (owner["email"], owner["type"]) == (HOST, 2)
    assert refusal(alice("GET", "/v2/users/me")) == (401, 124)
    assert service.hidden() >= {
        *(alice.granted[name] for name in ("access_token", "refresh_token")),
        zoom.granted["access_token"],
        Account().client_secret,
        Account().person_client_secret,
        code,
        made["start_url"],
        made["dynamic_host_key"],
        owner["host_key"],
    }
    service.reset()
    assert service.hidden() == frozenset()


def test_a_persons_writes_count(zoom: Zoom, alice: Zoom, service: ZoomService) -> None:
    zoom.account(per_day=2)
    zoom.create()
    assert alice("POST", "/v2/users/me/meetings", {}).status_code == 201
    assert alice("POST", "/v2/users/me/meetings", {}).headers["Retry-After"] == f"{NOW.date() + timedelta(1)}T00:00:00Z"
    assert service.writes() == 2
