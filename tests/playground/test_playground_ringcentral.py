"""The simulated RingCentral account behaves as RingCentral's guide and specification say."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from playground.server import serve
from playground.vendors.ringcentral import Account, RingCentralService, create_app
from playground.vendors.ringcentral.account import JWT_GRANT, OWNER

NOW = datetime(2027, 1, 4, 8, 20, tzinfo=UTC)
OTHER = "664308017"
JWTS = {"example.jwt.credential": OWNER, "other.jwt.credential": OTHER}
CLIENT = (Account().client_id, Account().client_secret)
CALLBACK = "http://localhost/callback"
MINE = "/rcvideo/v2/account/~/extension/~/bridges"
HERS = f"/rcvideo/v2/account/~/extension/{OTHER}/bridges"
DIAL_IN = "/restapi/v1.0/account/~/extension/~/conferencing"


class RingCentral:
    """An application of the account, as a plain HTTP client."""

    def __init__(self, service: RingCentralService) -> None:
        self.now = NOW
        self.service = service
        service.clock = lambda: self.now
        self.server = serve(create_app(service), name="ringcentral")
        self.url = self.server.url
        self.session = requests.Session()
        self.settings(jwts=JWTS, limits={"Auth": 100, "Heavy": 100})
        self.log_in()

    def settings(self, **changes: Any) -> None:
        assert self("PUT", "/_playground/settings", changes).status_code == 200

    def token(self, auth: Any = CLIENT, **form: str) -> requests.Response:
        return requests.post(f"{self.url}/restapi/oauth/token", data=form, auth=auth, timeout=5)

    def log_in(self, jwt: str = "example.jwt.credential") -> dict[str, Any]:
        granted: dict[str, Any] = self.token(grant_type=JWT_GRANT, assertion=jwt).json()
        self.session.headers["Authorization"] = f"Bearer {granted['access_token']}"
        return granted

    def works(self, token: str) -> bool:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(self.url + DIAL_IN, headers=headers, timeout=5).status_code == 200

    def code(self, **query: str) -> str:
        query = {"response_type": "code", "client_id": CLIENT[0], "redirect_uri": CALLBACK, "state": "s", **query}
        url = f"{self.url}/restapi/oauth/authorize"
        answer = requests.get(url, params=query, allow_redirects=False, timeout=5)
        given = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert given["state"] == ["s"]
        return given["code"][0]

    def __call__(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, self.url + path, json=body, timeout=5)

    def create(self, path: str = MINE, **body: Any) -> dict[str, Any]:
        response = self("POST", path, body)
        assert response.status_code == 201
        created: dict[str, Any] = response.json()
        return created


@pytest.fixture
def rc() -> Iterator[RingCentral]:
    client = RingCentral(RingCentralService(lambda: NOW))
    yield client
    client.server.stop()


def code_of(response: requests.Response) -> tuple[int, str]:
    """Status and RingCentral's code of a refusal, whose form is checked."""
    body = response.json()
    assert body["errorCode"]
    assert body["message"] == body["errors"][0]["message"]
    return response.status_code, body["errors"][0]["errorCode"]


def test_a_jwt_credential_opens_a_session(rc: RingCentral) -> None:
    granted = rc.log_in()
    told = {"token_type": "bearer", "expires_in": 3600, "refresh_token_expires_in": 604_800, "owner_id": OWNER}
    assert granted == {**granted, **told, "scope": "ReadAccounts Video"}
    rc.now += timedelta(hours=1)
    assert code_of(rc("GET", DIAL_IN)) == (401, "OAU-128")
    rc.settings(refresh_tokens=False)
    assert "refresh_token" not in rc.log_in()


@pytest.mark.parametrize(
    ("auth", "form", "status", "error", "code"),
    [
        (None, {}, 401, "invalid_client", "OAU-123"),
        (("example-client", "x"), {}, 401, "invalid_client", "OAU-146"),
        (CLIENT, {}, 400, "unsupported_grant_type", "CMN-101"),
        (CLIENT, {"grant_type": "password"}, 400, "unsupported_grant_type", "CMN-101"),
        (CLIENT, {"grant_type": JWT_GRANT}, 400, "invalid_request", "CMN-101"),
        (CLIENT, {"grant_type": JWT_GRANT, "assertion": "x"}, 400, "invalid_grant", "OAU-140"),
        (CLIENT, {"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant", "OAU-213"),
        (CLIENT, {"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant", "OAU-106"),
    ],
)
def test_a_wrong_login_gets_no_token(
    rc: RingCentral, auth: Any, form: dict[str, str], status: int, error: str, code: str
) -> None:
    response = rc.token(auth, **form)
    body = response.json()
    text = body["error_description"]
    assert body == {"error": error, "error_description": text, "errors": [{"errorCode": code, "message": text}]}
    assert response.status_code == status


def test_who_is_gone_and_what_is_not_allowed_does_not_log_in(rc: RingCentral) -> None:
    form = {"grant_type": JWT_GRANT, "assertion": "example.jwt.credential"}
    refresh = rc.log_in()["refresh_token"]
    rc.settings(missing=[OWNER], grant_status=403)
    assert rc.token(**form).status_code == 403
    assert rc.token(grant_type="refresh_token", refresh_token=refresh).json()["error"] == "invalid_grant"
    assert code_of(rc("GET", DIAL_IN)) == (401, "OAU-136")
    rc.settings(missing=[], grants=["authorization_code"])
    assert (rc.token(**form).status_code, rc.token(**form).json()["error"]) == (403, "unauthorized_client")


def test_a_refresh_token_rotates(rc: RingCentral) -> None:
    first = rc.log_in()

    def refresh(token: str) -> dict[str, Any]:
        answer: dict[str, Any] = rc.token(grant_type="refresh_token", refresh_token=token).json()
        return answer

    second = refresh(first["refresh_token"])
    assert not rc.works(first["access_token"])
    rc.now += timedelta(minutes=59)
    assert refresh(first["refresh_token"]) == {**second, "expires_in": 60}  # not used yet
    rc.now = NOW
    assert rc.works(second["access_token"])
    rc.now += timedelta(seconds=9)
    assert refresh(first["refresh_token"])["access_token"] == second["access_token"]
    rc.now += timedelta(seconds=1)
    assert refresh(first["refresh_token"])["error"] == "invalid_grant"
    third = refresh(second["refresh_token"])
    assert refresh(first["refresh_token"])["error"] == "invalid_grant"
    rc.now += timedelta(days=7)
    assert refresh(third["refresh_token"])["error"] == "invalid_grant"


def test_an_authorization_code_is_good_once_and_for_a_minute(rc: RingCentral) -> None:
    challenge = urlsafe_b64encode(sha256(b"verifier").digest()).decode().rstrip("=")
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK}
    rc.settings(signed_in=OTHER)
    code = rc.code()
    assert rc.token(**form, code=code).json()["owner_id"] == OTHER
    assert rc.token(**form, code=code).json()["error"] == "invalid_grant"
    assert rc.token(**{**form, "redirect_uri": "http://x"}, code=rc.code()).json()["error"] == "invalid_grant"
    for verifier, status in (("verifier", 200), ("x", 400)):
        code = rc.code(code_challenge=challenge, code_challenge_method="S256")
        assert rc.token(**form, code=code, code_verifier=verifier).status_code == status
    code = rc.code()
    rc.now += timedelta(minutes=1)
    assert rc.token(**form, code=code).json()["errors"][0]["errorCode"] == "OAU-108"
    path = "/restapi/oauth/authorize?response_type="
    assert code_of(rc("GET", f"{path}code&client_id={CLIENT[0]}&redirect_uri=http://x")) == (400, "CMN-101")
    assert code_of(rc("GET", f"{path}code&client_id=x&redirect_uri={CALLBACK}")) == (401, "OAU-120")
    url = f"{rc.url}{path}token&client_id={CLIENT[0]}&redirect_uri={CALLBACK}"
    assert "error" in requests.get(url, allow_redirects=False, timeout=5).headers["Location"]


def test_a_sixth_session_ends_the_first(rc: RingCentral) -> None:
    tokens = [rc.log_in()["access_token"] for _ in range(6)]
    assert [rc.works(token) for token in tokens] == [False, *[True] * 5]


def test_revoked_tokens(rc: RingCentral) -> None:
    granted = rc.log_in()
    assert rc("DELETE", "/_playground/tokens").status_code == 204
    assert code_of(rc("GET", DIAL_IN)) == (401, "OAU-128")
    form = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    renewed = rc.token(**form).json()
    assert rc.works(renewed["access_token"])
    rc("DELETE", "/_playground/tokens?refresh=true")
    assert rc.token(**{**form, "refresh_token": renewed["refresh_token"]}).status_code == 400
    assert rc.service.tokens() == []


def test_the_life_of_a_bridge(rc: RingCentral) -> None:
    security = {"passwordProtected": True, "password": "Wq123ygs15", "noGuests": True}
    created = rc.create(name="One", type="Scheduled", security=security, preferences={"join": {"audioMuted": True}})
    path = f"/rcvideo/v2/bridges/{created['id']}"
    assert created["host"] == {"accountId": Account().account_id, "extensionId": OWNER}
    assert set(created["pins"]) == {"pstn", "web", "aliases"}
    assert set(created["security"]["password"]) == {"plainText", "pstn", "joinQuery"}
    assert created["preferences"]["join"]["audioMuted"]
    assert not created["preferences"]["join"]["videoMuted"]
    query = created["security"]["password"]["joinQuery"]
    assert created["discovery"]["web"] == f"https://v.ringcentral.com/join/{created['pins']['web']}?pw={query}"
    assert rc("GET", path).json() == created
    changed = rc("PATCH", path, {"name": "Two"})
    assert (changed.status_code, changed.json()) == (200, {**created, "name": "Two"})
    assert rc("GET", "/_playground/meetings").json() == [changed.json()]
    assert (rc("DELETE", path).status_code, code_of(rc("DELETE", path))) == (204, (404, "CMN-102"))
    assert code_of(rc("GET", path)) == code_of(rc("PATCH", path, {})) == (404, "CMN-102")
    assert rc("GET", "/_playground/mails").json() == []


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"name": 1}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"type": "Recurring"}, "type"),
        ({"startTime": "2027-01-05T10:00:00Z"}, "startTime"),
        ({"pins": {"web": "12"}}, "pins.web"),
        ({"pins": {"pstn": {"host": 12}}}, "pins.pstn.host"),
        ({"security": {"noGuests": 1}}, "security.noGuests"),
        ({"security": {"password": "with space"}}, "security.password"),
        ({"security": {"e2e": True}}, "security.e2e"),
        ({"preferences": {"join": {"waitingRoomRequired": "everybody"}}}, "preferences.join.waitingRoomRequired"),
        ({"preferences": {"join": {"pstn": {"promptAnnouncement": 0}}}}, "preferences.join.pstn.promptAnnouncement"),
        ({"preferences": {"playTones": True}}, "preferences.playTones"),
        ({"preferences": {"recordingsMode": "auto"}}, "preferences.recordingsMode"),
        ({"preferences": {"recordings": {"autoShared": True}}}, "preferences.recordings.autoShared"),
    ],
)
def test_a_wrong_field_is_refused(rc: RingCentral, body: dict[str, Any], wrong: str) -> None:
    response = rc("POST", MINE, body)
    assert code_of(response) == (400, "CMN-101")
    assert response.json()["parameterName"] == response.json()["errors"][0]["parameterName"] == wrong
    assert rc.service.meetings() == []


@pytest.mark.parametrize("body", [{"type": "Instant"}, {"pins": {"pstn": {"host": "1" * 12}}}])
def test_what_cannot_be_changed_later(rc: RingCentral, body: dict[str, Any]) -> None:
    path = f"/rcvideo/v2/bridges/{rc.create(type='Scheduled')['id']}"
    assert code_of(rc("PATCH", path, body)) == (400, "CMN-101")
    rc.settings(unknown_fields="ignored")
    assert rc("PATCH", path, body).json() == rc("GET", path).json()


def test_a_body_that_is_no_object_and_a_path_that_is_none(rc: RingCentral) -> None:
    answers = rc("POST", MINE, []), rc("GET", "/rcvideo/v2/bridgets"), rc("GET", MINE)  # there is no list
    assert [code_of(each) for each in answers] == [(400, "CMN-103"), (404, "CMN-120"), (405, "CMN-120")]


@pytest.mark.parametrize("kind", ["Instant", "Scheduled", "PMI"])
def test_defaults_depend_on_the_type(rc: RingCentral, kind: str) -> None:
    made, pmi = rc.create(type=kind), kind == "PMI"
    assert made["preferences"]["join"]["waitingRoomRequired"] == ("OtherAccount" if pmi else "Nobody")
    assert made["preferences"]["joinBeforeHost"] is not pmi
    assert made["security"]["passwordProtected"] is ("password" in made["security"]) is pmi
    assert rc.create()["type"] == "Instant"


def test_passwords(rc: RingCentral) -> None:
    bridge = rc.create(type="Scheduled", security={"password": "abc1"})
    path = f"/rcvideo/v2/bridges/{bridge['id']}"
    assert bridge["security"]["passwordProtected"]
    changed = rc("PATCH", path, {"security": {"passwordProtected": True, "password": "abc2"}}).json()
    assert changed["security"]["password"]["plainText"] == "abc2"
    assert changed["discovery"] != bridge["discovery"]
    opened = rc("PATCH", path, {"security": {"passwordProtected": False}}).json()
    assert "password" not in opened["security"]
    assert opened["discovery"]["web"].endswith(bridge["pins"]["web"])
    assert rc.create(security={"passwordProtected": True})["security"]["password"]["plainText"]
    rc.settings(generates_password=False)
    assert code_of(rc("POST", MINE, {"security": {"passwordProtected": True}})) == (400, "CMN-101")
    rc.settings(locked={"security": {"passwordProtected": True}, "preferences": {"recordingsMode": "ForceAuto"}})
    locked = rc.create(security={"passwordProtected": False})
    assert locked["security"]["password"]["plainText"]
    assert locked["preferences"]["recordingsMode"] == "ForceAuto"


def test_a_bridge_is_found_by_its_pins(rc: RingCentral) -> None:
    pins = {"web": "123456789012", "pstn": {"host": "210987654321"}}
    made = rc.create(pins=pins)
    found = [("web", made["pins"]["web"]), *(("pstn", pin) for pin in made["pins"]["pstn"].values())]
    assert found[:2] == [("web", "123456789012"), ("pstn", "210987654321")]
    for kind, pin in found:
        assert rc("GET", f"/rcvideo/v2/bridges/pin/{kind}/{pin}").json() == made
    assert code_of(rc("GET", "/rcvideo/v2/bridges/pin/web/999")) == (404, "CMN-102")
    assert code_of(rc("POST", MINE, {"pins": {"web": pins["web"]}})) == (400, "CMN-101")
    assert code_of(rc("POST", MINE, {"pins": {"pstn": pins["pstn"]}})) == (400, "CMN-101")
    moved = rc("PATCH", f"/rcvideo/v2/bridges/{made['id']}", {"pins": {"web": "1" * 12}}).json()
    assert moved["discovery"]["web"] == f"https://v.ringcentral.com/join/{'1' * 12}"
    rc.settings(chosen_pins=False)
    assert rc.create(pins={"web": "2" * 12})["pins"]["web"] != "2" * 12


def test_the_default_bridge(rc: RingCentral) -> None:
    mine = rc("GET", f"{MINE}/default").json()
    assert (mine["type"], rc("GET", f"{MINE}/default").json()) == ("PMI", mine)
    assert rc.create(type="PMI", name="Mine") == {**mine, "name": "Mine"}
    assert code_of(rc("DELETE", f"/rcvideo/v2/bridges/{mine['id']}")) == (403, "CMN-101")
    rc.settings(second_pmi="refused")
    assert code_of(rc("POST", MINE, {"type": "PMI"})) == (400, "CMN-101")


def test_bridges_end_by_themselves(rc: RingCentral) -> None:
    def left() -> list[str]:
        return [bridge["type"] for bridge in rc.service.meetings()]

    used, _, kept = rc.create(), rc.create(), rc.create(type="Scheduled")
    rc("GET", f"{MINE}/default")
    rc("PUT", f"/_playground/meetings/{used['id']}/status", {"status": "ended"})
    assert left() == ["Instant", "Scheduled", "PMI"]
    rc.now += timedelta(days=3)
    assert left() == ["Scheduled", "PMI"]
    rc("PUT", f"/_playground/meetings/{kept['id']}/status", {"status": "started"})
    rc.now += timedelta(days=364)
    assert left() == ["Scheduled", "PMI"]
    rc.now += timedelta(days=1)
    assert left() == ["PMI"]


def test_only_owner_delegates_and_super_admins_may(rc: RingCentral) -> None:
    assert code_of(rc("POST", HERS, {})) == (403, "CMN-404")
    rc.settings(delegates={OTHER: [OWNER]})
    made = rc.create(HERS, security={"password": "abc1"})
    path = f"/rcvideo/v2/bridges/{made['id']}"
    assert made["host"]["extensionId"] == OTHER
    rc.settings(delegates={})
    seen = rc("GET", path).json()
    assert (seen["security"]["passwordProtected"], "password" in seen["security"]) == (True, False)
    assert "pw=" not in seen["discovery"]["web"]
    assert code_of(rc("PATCH", path, {})) == code_of(rc("DELETE", path)) == (403, "CMN-404")
    rc.settings(super_admins=[OWNER])
    assert (rc("GET", path).json(), rc("DELETE", path).status_code) == (made, 204)
    assert code_of(rc("POST", MINE.replace("account/~", "account/1"), {})) == (403, "CMN-404")
    rc.settings(missing=[OTHER])
    assert code_of(rc("POST", HERS, {})) == (404, "CMN-102")


@pytest.mark.parametrize(
    ("settings", "method", "path", "code", "named"),
    [
        ({"permissions": ["ReadAccounts"]}, "POST", MINE, "CMN-401", "InsufficientPermissions"),
        ({"permissions": ["Video"]}, "GET", DIAL_IN, "CMN-401", "InsufficientPermissions"),
        ({"permissions": ["Video"], "named_errors": False}, "GET", DIAL_IN, "CMN-401", "CMN-401"),
        ({"without_audio": [OWNER]}, "GET", DIAL_IN, "CMN-408", "InsufficientPermissions"),
        ({"unlicensed": [OWNER]}, "POST", MINE, "CMN-109", "CMN-109"),
        ({}, "GET", DIAL_IN.replace("extension/~", f"extension/{OTHER}"), "CMN-404", "CMN-404"),
    ],
)
def test_permissions(rc: RingCentral, settings: dict[str, Any], method: str, path: str, code: str, named: str) -> None:
    rc.settings(**settings)
    response = rc(method, path, {})
    assert (code_of(response), response.json()["errorCode"]) == ((403, code), named)
    assert "X-Rate-Limit-Remaining" in response.headers


@pytest.mark.parametrize(("header", "code"), [("", "OAU-134"), ("Bearer x", "OAU-129")])
def test_a_call_without_a_token(rc: RingCentral, header: str, code: str) -> None:
    rc.session.headers["Authorization"] = header
    response = rc("GET", DIAL_IN)
    assert code_of(response) == (401, code)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_dial_in_numbers(rc: RingCentral) -> None:
    info = rc("GET", DIAL_IN).json()
    assert info["phoneNumber"] == info["phoneNumbers"][0]["phoneNumber"] == "+16504191505"
    assert [number["default"] for number in info["phoneNumbers"]] == [True, False, False, False]
    german = rc("GET", f"{DIAL_IN}?countryId=75").json()["phoneNumbers"][0]
    assert (german["country"]["isoCode"], german["default"]) == ("DE", True)
    assert code_of(rc("GET", f"{DIAL_IN}?countryId=x")) == (400, "CMN-101")


@pytest.mark.parametrize(
    ("group", "method", "path"),
    [("Heavy", "POST", MINE), ("Medium", "GET", f"{MINE}/default"), ("Light", "GET", DIAL_IN)],
)
def test_limits_by_group(rc: RingCentral, group: str, method: str, path: str) -> None:
    rc.settings(limits={group: 2})
    first, second, third = (rc(method, path, {}) for _ in range(3))
    told = {name.removeprefix("X-Rate-Limit-"): value for name, value in first.headers.items() if "Rate" in name}
    assert told == {"Group": group.lower(), "Limit": "2", "Remaining": "1", "Window": "60"}
    assert (second.headers["X-Rate-Limit-Remaining"], code_of(third)) == ("0", (429, "CMN-301"))
    assert (third.headers["Retry-After"], third.headers["X-Rate-Limit-Remaining"]) == ("60", "0")
    rc.now += timedelta(seconds=59)
    assert rc(method, path, {}).status_code == 429  # and the penalty begins anew
    rc.now += timedelta(seconds=59)
    assert rc(method, path, {}).status_code == 429
    rc.log_in("other.jwt.credential")
    assert rc(method, path, {}).ok
    rc.log_in()
    rc.now += timedelta(seconds=60)
    assert rc(method, path, {}).ok


def test_limits_of_logins_and_of_the_account(rc: RingCentral) -> None:
    rc.settings(limits={"Auth": 2})
    rc.log_in()
    form = {"grant_type": JWT_GRANT, "assertion": "example.jwt.credential"}
    assert code_of(rc.token(**form)) == (429, "CMN-301")
    rc.settings(per_account=1)
    rc("GET", DIAL_IN)
    response = rc("GET", DIAL_IN)
    assert code_of(response) == (429, "CMN-302")
    assert not {"Retry-After", "X-Rate-Limit-Limit"} & set(response.headers)


def test_every_secret_is_known(rc: RingCentral) -> None:
    granted, made, info = rc.log_in(), rc.create(security={"password": "abc1"}), rc("GET", DIAL_IN).json()
    code = rc.code()
    rc.settings(client_secret="changed")
    secrets = {granted["access_token"], granted["refresh_token"], made["pins"]["pstn"]["host"], info["hostCode"], code}
    hidden = rc.service.hidden()
    assert {*secrets, *JWTS, CLIENT[1], "changed"} <= hidden
    assert not {made["pins"]["web"], made["pins"]["pstn"]["participant"], "abc1"} & hidden
    assert rc.service.meetings() == [made]
    rc.service.reset()
    assert (rc.service.account, rc.service.meetings(), rc.service.tokens()) == (Account(), [], [])
    assert rc("PUT", "/_playground/settings", {"x": 1}).status_code == 400
