"""The simulated Zoho organisation behaves as Zoho's pages say."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from playground.server import serve
from playground.vendors.zoho import Account, ZohoService, create_app

ACCOUNT = Account()
CLIENT = {"client_id": ACCOUNT.client_id, "client_secret": ACCOUNT.client_secret}
REFRESH = {**CLIENT, "grant_type": "refresh_token", "refresh_token": ACCOUNT.refresh_token}
WRONG_FORMS = {
    "invalid_code": {"refresh_token": "x"},
    "invalid_client": {"client_id": ""},
    "invalid_client_secret": {"client_secret": "x"},
    "unsupported_grant_type": {"grant_type": "password"},
}
BODY: dict[str, Any] = {"topic": "One", "startTime": "Mar 22, 2027 07:00 PM", "timezone": "Asia/Calcutta"}
SHORT = [json.dumps({"session": {name: BODY[name]}}) for name in ("topic", "startTime")]
PEOPLE = [{"email": "carol@example.org"}, {"email": "dave@example.org"}]
IN_2027 = ("Mar 22, 2027 19:00 PM", "Mar 22, 2027 07:00 pm", "Feb 30, 2027 07:00 PM", "Mär 22, 2027 07:00 PM")
WRONG: dict[str, tuple[Any, ...]] = {
    "topic": ("", 1, "x" * 256),
    "agenda": ("x" * 2001,),
    "presenter": (999, "alice@example.com", True),
    "startTime": (*IN_2027, "2027-03-22T19:00:00Z", "22 Mar 2027 07:00 PM", "Jan 04, 2027 01:49 PM", 1805722200000),
    "duration": (0, "3600000", 86_400_001),
    "timezone": ("Mars/Base", 5.5),
    "participants": (["carol@example.org"], [{"email": "carol"}], PEOPLE[0], [{"email": "a@b.org"}] * 101),
}
SWITCHES: tuple[tuple[dict[str, Any], dict[str, Any], int], ...] = (
    ({"takes_past": True}, {"startTime": "Jan 04, 2026 01:00 PM"}, 201),
    ({"unlicensed": [ACCOUNT.user]}, {}, 403),
    ({"unknown_zones": ["Asia/Calcutta"]}, {}, 400),
    ({"unknown_fields": "refused"}, {"type": "lead"}, 400),
    ({"longest_topic": 2, "most_participants": 1}, {"participants": PEOPLE}, 400),
)


class Zoho:
    """An application of the organisation, as a plain HTTP client."""

    def __init__(self) -> None:
        self.now = datetime(2027, 1, 4, 8, 20, tzinfo=UTC)
        self.service = ZohoService(lambda: self.now)
        self.server = serve(create_app(self.service), name="zoho")
        self.url, self.session = self.server.url, requests.Session()
        self.log_in()

    def log_in(self) -> None:
        self.granted = self.token(**REFRESH).json()
        self.session.headers["Authorization"] = f"Zoho-oauthtoken {self.granted['access_token']}"

    def token(self, **form: str) -> requests.Response:
        return requests.post(f"{self.url}/oauth/v2/token", data=form, timeout=5)

    def __call__(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, self.url + path, json=body, timeout=5)

    def sessions(self, method: str, key: Any = None, **session: Any) -> requests.Response:
        path = f"/api/v2/{ACCOUNT.zsoid}/sessions" + (f"/{key}.json" if key else ".json")
        return self(method, path, {"session": session} if method in {"POST", "PUT"} else None)

    def create(self, **more: Any) -> dict[str, Any]:
        response = self.sessions("POST", **{**BODY, **more})
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()["session"]
        return created

    def set(self, **changes: Any) -> None:
        assert self("PUT", "/_playground/settings", changes).status_code == 200


@pytest.fixture
def zoho() -> Iterator[Zoho]:
    client = Zoho()
    yield client
    client.server.stop()


@pytest.mark.parametrize("error", WRONG_FORMS)
def test_token_errors_have_status_200(zoho: Zoho, error: str) -> None:
    response = zoho.token(**REFRESH | WRONG_FORMS[error])
    assert (response.status_code, response.json()) == (200, {"error": error})
    zoho.set(refused_status=400)
    assert zoho.token(**REFRESH | WRONG_FORMS[error]).status_code == 400


def test_a_code_is_good_once_and_for_three_minutes(zoho: Zoho) -> None:
    def form(**more: str) -> dict[str, str]:
        code = zoho("POST", "/_playground/consents", more).json()["code"]
        return {**CLIENT, "grant_type": "authorization_code", "code": code, **more}

    first = form(redirect_uri=ACCOUNT.redirect_uris[0])
    granted = zoho.token(**first).json()
    assert {"access_token", "refresh_token"} <= set(granted)
    late = form()
    zoho.now += timedelta(minutes=3)
    for code in (first, late):
        assert zoho.token(**code).json() == {"error": "invalid_code"}
    assert "access_token" in zoho.token(**{**REFRESH, "refresh_token": granted["refresh_token"]}).json()
    assert "access_token" in zoho.token(**form()).json()
    assert zoho.token(**form(), redirect_uri="http://other").json() == {"error": "invalid_redirect_uri"}


def test_ten_access_tokens_in_ten_minutes_and_no_refresh_token(zoho: Zoho) -> None:
    told = {"api_domain": "https://www.zohoapis.com", "token_type": "Bearer", "expires_in": 3600}
    for _ in range(9):
        granted = requests.post(f"{zoho.url}/oauth/v2/token", params=REFRESH, timeout=5).json()
        assert granted == {"access_token": granted["access_token"], **told}
    denied = zoho.token(**REFRESH)
    assert (denied.status_code, denied.json()["error"]) == (200, "Access Denied")
    zoho.set(throttled_status=400)
    assert zoho.token(**REFRESH).status_code == 400
    zoho.now += timedelta(minutes=10)
    assert "access_token" in zoho.token(**REFRESH).json()


def test_the_oldest_of_too_many_tokens_ends(zoho: Zoho) -> None:
    zoho.set(per_ten_minutes=100)
    answers = [(zoho.token(**REFRESH), zoho("GET", "/api/v2/user.json").status_code)[1] for _ in range(15)]
    assert answers == [200] * 14 + [400]
    codes = [zoho("POST", "/_playground/consents", {}).json()["code"] for _ in range(21)]
    granted = [zoho.token(**CLIENT, grant_type="authorization_code", code=code).json() for code in codes]
    first, second = (zoho.token(**{**REFRESH, "refresh_token": one["refresh_token"]}).json() for one in granted[:2])
    assert (first, "access_token" in second) == ({"error": "invalid_code"}, True)
    zoho.session.headers["Authorization"] = f"Zoho-oauthtoken {granted[0]['access_token']}"
    assert zoho("GET", "/api/v2/user.json").status_code == 400


def test_a_dead_token_is_a_400(zoho: Zoho) -> None:
    dead = {"error": {"code": 2000, "message": "INVALID_OAUTHTOKEN"}}
    for header in (f"Bearer {zoho.granted['access_token']}", zoho.granted["access_token"], "Zoho-oauthtoken x", ""):
        zoho.session.headers["Authorization"] = header
        assert zoho.sessions("GET", 1).json() == dead
    zoho.log_in()
    zoho.now += timedelta(hours=1)
    ended = zoho.sessions("GET", 1)
    assert (ended.status_code, ended.json()) == (400, dead)
    zoho.log_in()
    assert zoho("GET", "/api/v2/user.json").json()["userDetails"]["zsoid"] == int(ACCOUNT.zsoid)
    zoho("DELETE", "/_playground/tokens")
    zoho.set(invalid_token_status=401)
    assert zoho("GET", "/api/v2/user.json").status_code == 401
    zoho("DELETE", "/_playground/tokens?refresh=true")
    assert (zoho.token(**REFRESH).json(), zoho.service.tokens()) == ({"error": "invalid_code"}, [])


@pytest.mark.parametrize("call", ["POST CREATE", "GET READ", "PUT UPDATE", "DELETE DELETE"])
def test_each_call_has_its_scope_and_organisation(zoho: Zoho, call: str) -> None:
    method, verb = call.split()
    key = None if method == "POST" else zoho.create()["meetingKey"]
    other = zoho(method, f"/api/v2/1/sessions{f'/{key}' if key else ''}.json", {})
    assert (other.status_code, other.json()["error"]["key"]) == (401, "UNAUTHORIZED_USER")
    zoho.set(scopes=[scope for scope in ACCOUNT.scopes if not scope.endswith(verb)])
    assert zoho.sessions(method, key, **BODY).json()["error"]["message"] == "INVALID_OAUTHSCOPE"
    zoho.set(scopes=["ZohoMeeting.meeting.ALL"])
    zoho.log_in()
    assert zoho.sessions(method, key, **BODY).ok


def test_what_a_meeting_is_answered_with(zoho: Zoho) -> None:
    created = zoho.create(agenda="Talk", duration=5_400_000, participants=PEOPLE[:1])
    key = created["meetingKey"]
    assert (created["startTime"], created["endTime"]) == ("Mar 22, 2027 07:00 PM IST", "Mar 22, 2027 08:30 PM IST")
    assert created["startTimeMillisec"] == datetime(2027, 3, 22, 13, 30, tzinfo=UTC).timestamp() * 1000
    assert (type(key), created["offset"]) == (int, 19_800_000)
    assert created["joinLink"] == f"https://meeting.zoho.com/join?key={key}"
    assert {"pwd", "encryptPwd", "dialinUrl", "accessCode", "startLink"} <= set(created)
    got = zoho.sessions("GET", key).json()["session"]
    assert got["participants"] == created["participants"]
    assert {name: created[name] for name in got} == got
    assert not {"dialinUrl", "accessCode", "startTimeMillisec"} & set(got)
    edited = zoho.sessions("PUT", key, topic="Two").json()["session"]
    assert (edited["topic"], edited["startTime"]) == ("Two", "Mar 22, 2027 07:00 PM")
    assert (edited["joinLink"], edited["pwd"], "endTime" in edited) == (created["joinLink"], created["pwd"], False)
    listed = zoho("GET", f"/api/v2/{ACCOUNT.zsoid}/sessions.json?listtype=all&index=1&count=9").json()
    assert (listed["count"], {"agenda", "startLink", "participants"} & set(listed["session"][0])) == (1, set())
    zoho.set(full_answers=True)
    assert set(zoho.sessions("GET", key).json()["session"]) == set(created)
    zoho.set(numeric_keys=False, short_links=True)
    other = zoho.create()
    assert (type(other["meetingKey"]), other["joinLink"][:22]) == (str, "https://meet.zoho.com/")
    assert [one["topic"] for one in zoho("GET", "/_playground/meetings").json()] == ["Two", "One"]


@pytest.mark.parametrize("text", ["{", "[]", "JSONString={}", '{"session": 1}', *SHORT])
def test_a_body_is_a_session_in_json_with_topic_and_start(zoho: Zoho, text: str) -> None:
    url, whole = f"{zoho.url}/api/v2/{ACCOUNT.zsoid}/sessions.json", json.dumps({"session": BODY})
    assert zoho.session.post(url, data=text, timeout=5).status_code == 400
    assert zoho.session.post(url, data=f"JSONString={whole}", timeout=5).status_code == 201


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_what_is_refused(zoho: Zoho, name: str, value: Any) -> None:
    key = zoho.create()["meetingKey"]
    for response in (zoho.sessions("POST", **{**BODY, name: value}), zoho.sessions("PUT", key, **{name: value})):
        assert response.status_code == 400
        assert set(response.json()["error"]) == {"errorCode", "message", "key"}


def test_what_is_taken(zoho: Zoho) -> None:
    created = zoho.create(presenter="71158043", startTime="Jan 4, 2027 1:51 PM", type="lead")
    assert (created["presenterEmail"], created["startTime"]) == ("bob@example.com", "Jan 04, 2027 01:51 PM IST")
    assert zoho.create(startTime="Mar 22, 2027 12:05 AM")["startTime"] == "Mar 22, 2027 12:05 AM IST"
    spring = zoho.create(startTime="Mar 28, 2027 01:30 AM", timezone="Europe/Berlin")
    assert (spring["endTime"], spring["duration"]) == ("Mar 28, 2027 03:30 AM CEST", 3_600_000)


@pytest.mark.parametrize(("changes", "body", "status"), SWITCHES)
def test_switches_of_creating(zoho: Zoho, changes: dict[str, Any], body: dict[str, Any], status: int) -> None:
    zoho.set(**changes)
    assert zoho.sessions("POST", **{**BODY, **body}).status_code == status


@pytest.mark.parametrize(("zone_alone", "hour"), [("clock", "07:00 PM"), ("instant", "01:30 PM")])
def test_a_change_of_the_zone_and_of_a_past_meeting(zoho: Zoho, zone_alone: str, hour: str) -> None:
    key, start = zoho.create()["meetingKey"], f"Mar 22, 2027 {hour}"
    zoho.set(zone_alone=zone_alone)
    assert zoho.sessions("PUT", key, timezone="UTC").json()["session"]["startTime"] == start
    zoho.now = datetime(2027, 3, 23, tzinfo=UTC)
    zoho.log_in()
    assert zoho.sessions("PUT", key, topic="Two", startTime=start).status_code == 200
    assert zoho.sessions("PUT", key, startTime="Mar 22, 2027 06:00 PM").status_code == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_running_and_deleted_meetings(zoho: Zoho, method: str) -> None:
    key = zoho.create()["meetingKey"]
    zoho("PUT", f"/_playground/meetings/{key}/status", {"status": "started"})
    zoho.set(running_locked=True)
    assert zoho.sessions(method, key).status_code == (200 if method == "GET" else 400)
    zoho.set(running_locked=False)
    assert zoho.sessions("DELETE", key).status_code == 204
    gone = zoho.sessions(method, key)
    assert (gone.status_code, gone.json()["error"]["key"]) == (400, "INVALID_MEETING_KEY")
    zoho.set(unknown_key_status=404)
    assert zoho.sessions(method, key).status_code == 404


def test_lists(zoho: Zoho) -> None:
    path, far = f"/api/v2/{ACCOUNT.zsoid}/sessions.json", zoho.create(topic="far")
    zoho.create(topic="near", startTime="Jan 5, 2027 07:00 AM")

    def topics(listtype: str = "all", index: int = 1, count: int = 20) -> list[str]:
        listed = zoho("GET", f"{path}?listtype={listtype}&index={index}&count={count}").json()
        return [one["topic"] for one in listed["session"]]

    assert topics() == topics("upcoming") == ["near", "far"]
    assert (topics("past"), topics("all", 2, 1)) == ([], ["far"])
    assert topics("today") == ["near"]  # in Los Angeles
    zoho.now = datetime(2027, 1, 5, 9, tzinfo=UTC)
    zoho.log_in()
    assert (topics("past"), topics("today"), topics("upcoming")) == (["near"], [], ["far"])
    zoho("PUT", f"/_playground/meetings/{far['meetingKey']}/status", {"status": "ended"})
    assert topics("past") == ["near", "far"]
    zoho.set(index="page", first_index=0, most_listed=1)
    assert (topics("all", 0, 50), topics("all", 1, 50)) == (["near"], ["far"])
    zoho.set(list_lag=100_000)
    assert topics() == []
    for query in ("", "listtype=all&index=1", "listtype=all&count=1", "listtype=x&index=1&count=1"):
        assert zoho("GET", f"{path}?{query}").status_code == 400


def test_participants_get_mail(zoho: Zoho) -> None:
    key = zoho.create(participants=PEOPLE[:1])["meetingKey"]
    zoho.sessions("PUT", key, participants=PEOPLE)
    zoho.sessions("PUT", key, topic="Two", participants=PEOPLE[1:])
    zoho.sessions("PUT", key, agenda="New")
    zoho.sessions("DELETE", key)
    sent = [tuple(mail.split(": ")[:2]) for mail in zoho("GET", "/_playground/mails").json()]
    assert [what for to, what in sent if to == "carol@example.org"] == ["Invitation", "Cancelled"]
    assert [what for to, what in sent if to == "dave@example.org"] == ["Invitation", "Updated", "Updated", "Cancelled"]
    zoho.set(mails_participants=False, mails_presenter=True, edited_participants="more")
    key = zoho.create(participants=PEOPLE[:1], presenter=71158043)["meetingKey"]
    assert zoho.service.mails()[len(sent) :] == ["bob@example.com: You present: One"]
    zoho.sessions("PUT", key, participants=PEOPLE[1:])
    assert len(zoho.sessions("GET", key).json()["session"]["participants"]) == 2


def test_the_limit_tells_when_to_come_back_if_it_does(zoho: Zoho) -> None:
    zoho.set(per_minute=1)
    zoho.create()
    limited = zoho.sessions("POST", **BODY)
    assert (limited.status_code, "Retry-After" in limited.headers) == (429, False)
    zoho.set(retry_after=30)
    assert zoho.sessions("POST", **BODY).headers["Retry-After"] == "30"


def test_what_must_never_be_seen(zoho: Zoho) -> None:
    secrets = {ACCOUNT.client_secret, ACCOUNT.refresh_token, zoho.granted["access_token"], zoho.create()["startLink"]}
    zoho.service.reset()
    assert secrets <= zoho.service.hidden()
    assert (zoho.service.meetings(), zoho.service.mails(), zoho.service.account) == ([], [], ACCOUNT)
    assert zoho("PUT", "/_playground/settings", {"nonsense": 1}).status_code == 400
