"""Who may call the simulated Webex site, and how often."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from playground.vendors.webex import Account, WebexService
from tests.playground.webex_client import HOST, OWN, Webex, serving

TIMED = {
    "title": "One",
    "start": "2027-03-22T10:00:00+01:00",
    "end": "2027-03-22T10:30:00+01:00",
    "timezone": "Europe/Berlin",
}
READ, WRITE = "meeting:schedules_read", "meeting:schedules_write"
MEETINGS = "/v1/meetings"
BOB = "bob@example.com"


@pytest.fixture
def service() -> WebexService:
    return WebexService()


@pytest.fixture
def webex(service: WebexService) -> Iterator[Webex]:
    with serving(service) as client:
        yield client


def test_a_refresh_token_stays_the_same_and_lives_anew(webex: Webex) -> None:
    first = webex.granted
    assert (first["expires_in"], first["refresh_token_expires_in"]) == (1_209_599, 7_776_000)
    webex.now += timedelta(days=20)
    assert webex.refused("GET", "/v1/meetings") == 401
    webex.log_in()
    assert webex.granted["refresh_token"] == first["refresh_token"]
    assert webex.granted["access_token"] != first["access_token"]
    webex.settings(refresh_renews=False)
    webex.now += timedelta(days=60)
    assert webex.token(**webex.form).json()["refresh_token_expires_in"] == 30 * 86_400
    webex.now += timedelta(days=30)
    assert webex.token(**webex.form).status_code == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"grant_type": "password"}, 400),
        ({"refresh_token": "unknown"}, 400),
        ({"client_secret": "wrong"}, 401),
        ({"client_id": "other", "client_secret": "other-secret"}, 400),
        ({"grant_type": "authorization_code", "code": "unknown"}, 400),
    ],
)
def test_bad_token_requests_get_webex_own_error(webex: Webex, change: dict[str, str], status: int) -> None:
    webex.settings(other_clients={"other": "other-secret"})
    response = webex.token(**{**webex.form, **change})
    assert (response.status_code, set(response.json())) == (status, {"message", "errors", "trackingId"})


def test_tokens_come_from_forms_only(webex: Webex) -> None:
    assert requests.post(f"{webex.url}/v1/access_token", json=webex.form, timeout=5).status_code == 400


def test_a_person_consents_in_the_browser(webex: Webex) -> None:
    uri, client = Account().redirect_uris[0], {"client_id": Account().client_id}
    query = {**client, "response_type": "code", "redirect_uri": uri, "scope": f"{READ} {WRITE}", "state": "x"}
    there = requests.get(f"{webex.url}/v1/authorize", query, allow_redirects=False, timeout=5).headers["Location"]
    answer = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    assert answer["state"] == "x"
    form = {**client, "client_secret": Account().client_secret, "grant_type": "authorization_code", "redirect_uri": uri}
    assert webex.token(**form, code=answer["code"]).json()["scope"] == f"{READ} {WRITE}"
    assert webex.token(**form, code=answer["code"]).status_code == 400


def test_revoked_tokens_are_dead(webex: Webex, service: WebexService) -> None:
    webex("DELETE", "/_playground/tokens")
    assert webex.refused("GET", "/v1/meetings") == 401
    webex.log_in()
    webex("DELETE", "/_playground/tokens", refresh="true")
    assert webex.token(**webex.form).status_code == 400
    assert webex.form["refresh_token"] in service.hidden()
    assert service.tokens() == []


def test_scopes_and_hosts(webex: Webex) -> None:
    path = f"{MEETINGS}/{webex.create(**TIMED)['id']}"
    regular, reader = (Webex(webex.url, email=HOST, scopes=s) for s in ([READ, WRITE], [READ]))
    assert regular("GET", path).status_code == 200
    assert regular.refused("GET", path, **OWN) == 403
    assert regular.refused("POST", MEETINGS, {**TIMED, **OWN}) == 403
    assert regular.refused("PATCH", path, {"title": "Two", **OWN}) == 403
    assert reader.refused("POST", MEETINGS, TIMED) == 403
    assert reader.refused("DELETE", path) == 403
    assert webex.refused("GET", path) == 404  # the app's own user is not the host
    assert webex.refused("DELETE", path, hostEmail=BOB) == 404
    webex.settings(missing=[BOB], unlicensed=["carol@example.com"])
    assert webex.refused("GET", path, hostEmail=BOB) == 404
    assert webex.refused("POST", MEETINGS, {**TIMED, "hostEmail": "carol@example.com"}) == 403
    assert webex.refused("POST", MEETINGS, {**TIMED, "siteUrl": "elsewhere.webex.com"}) == 403


def test_limits(webex: Webex) -> None:
    webex.settings(admin_per_host=2, admin_per_day=3, regular_per_day=1)
    webex.create(**TIMED)
    assert webex.refused("POST", MEETINGS, OWN) == 400  # counts as well
    webex.now += timedelta(hours=1)
    response = webex("POST", MEETINGS, {**TIMED, **OWN})
    assert (response.status_code, response.headers["Retry-After"]) == (429, str(23 * 3600))
    assert webex.refused("POST", MEETINGS, {**TIMED, "hostEmail": BOB}) == 429
    regular = Webex(webex.url, email=HOST, scopes=[READ, WRITE])
    assert [regular("POST", MEETINGS, TIMED).status_code for _ in "12"] == [200, 429]
    webex.settings(per_minute=1)
    webex.now += timedelta(hours=25)
    assert [webex("GET", MEETINGS).status_code for _ in "12"] == [200, 429]
