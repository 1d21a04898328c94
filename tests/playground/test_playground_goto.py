"""The simulated GoTo Meeting account behaves as GoTo's pages say."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from playground.server import serve
from playground.vendors.goto_meeting import Account, GotoService, create_app

NOW = datetime(2027, 1, 4, 8, 20, tzinfo=UTC)
CLIENT = (Account().client_id, Account().client_secret)
MEETINGS = "/G2M/rest/meetings"
UPCOMING = "/G2M/rest/upcomingMeetings"
BODY: dict[str, Any] = {
    "subject": "Planning",
    "starttime": "2027-03-22T09:00:00Z",
    "endtime": "2027-03-22T09:30:00Z",
    "passwordrequired": False,
    "conferencecallinfo": "Hybrid",
    "timezonekey": "",
    "meetingtype": "scheduled",
}
PAST = {**BODY, "starttime": "2027-01-04T08:00:00Z", "endtime": "2027-01-04T09:00:00Z"}
CREATED = {"joinURL", "meetingid", "maxParticipants", "uniqueMeetingId", "conferenceCallInfo"}
COMMON = {"subject", "startTime", "endTime", "meetingType", "status", "passwordRequired", "conferenceCallInfo"}
BY_ID = COMMON | {"createTime", "duration", "maxParticipants", "meetingId", "meetingKey", "uniqueMeetingId"}
SCHEDULED = COMMON | {"createTime", "maxParticipants", "meetingid", "uniqueMeetingId"}
PERSON = {"firstName", "lastName", "email", "organizerKey"}
LISTED = COMMON | PERSON | {"accountKey", "locale", "meetingId"}
HISTORY = (
    (COMMON | PERSON)
    | {"date", "duration", "groupName", "meetingId", "meetingInstanceKey", "meetingKey", "newMeetingId"}
    | {"newOrganizerKey", "numAttendees", "organizerkey", "sessionId", "uniqueMeetingId"}
)


class Goto:
    """An application of the account, as a plain HTTP client."""

    def __init__(self, url: str, service: GotoService) -> None:
        self.now = NOW
        self.url, self.service = url, service
        self.session = requests.Session()
        self.granted = self.log_in("alice@example.com")

    def token(self, form: dict[str, str], client: tuple[str, str] | None = CLIENT) -> requests.Response:
        return requests.post(f"{self.url}/oauth/token", data=form, auth=client, timeout=5)

    def log_in(self, person: str) -> dict[str, Any]:
        code = self("POST", "/_playground/consents", {"person": person}).json()["code"]
        granted: dict[str, Any] = self.token({"grant_type": "authorization_code", "code": code}).json()
        self.session.headers["Authorization"] = f"Bearer {granted['access_token']}"
        return granted

    def refresh(self, token: str | None = None) -> requests.Response:
        return self.token({"grant_type": "refresh_token", "refresh_token": token or self.granted["refresh_token"]})

    def __call__(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, self.url + path, json=body, timeout=5)

    def configure(self, **changes: Any) -> None:
        assert self("PUT", "/_playground/settings", changes).status_code == 200

    def create(self, **changes: Any) -> dict[str, Any]:
        response = self("POST", MEETINGS, BODY | changes)
        assert response.status_code == 201, response.text
        (created,) = response.json()
        assert set(created) == CREATED
        return dict(created)

    def path(self, **changes: Any) -> str:
        return f"{MEETINGS}/{self.create(**changes)['meetingid']}"


@pytest.fixture
def goto() -> Iterator[Goto]:
    service = GotoService(lambda: NOW)
    server = serve(create_app(service), name="goto")
    client = Goto(server.url, service)
    service.clock = lambda: client.now
    yield client
    server.stop()


def test_tokens_are_as_documented(goto: Goto) -> None:
    assert set(goto.granted) == {"access_token", "token_type", "refresh_token", "expires_in", "scope", "principal"}
    assert (goto.granted["expires_in"], goto.granted["principal"]) == (3600, "alice@example.com")
    answer = goto.refresh().json()
    assert set(answer) == {"access_token", "expires_in", "scope", "principal"}
    assert answer["access_token"] != goto.granted["access_token"]


@pytest.mark.parametrize(("switch", "old_is_good"), [("kept", 200), ("renewed", 200), ("rotated", 400)])
def test_a_refresh_may_bring_a_refresh_token(goto: Goto, switch: str, old_is_good: int) -> None:
    goto.configure(refresh_tokens=switch)
    answer = goto.refresh().json()
    assert ("refresh_token" in answer) is (switch != "kept")
    assert goto.refresh().status_code == old_is_good
    assert goto.refresh(answer.get("refresh_token")).status_code == 200


def test_a_wrong_grant_gets_no_token(goto: Goto) -> None:
    grants: list[tuple[int, str, Any, dict[str, str]]] = [
        (401, "invalid_client", None, {"grant_type": "refresh_token"}),
        (401, "invalid_client", (CLIENT[0], "x"), {"grant_type": "refresh_token"}),
        (401, "invalid_client", None, {"client_id": CLIENT[0], "client_secret": CLIENT[1]}),
        (400, "invalid_grant", CLIENT, {"grant_type": "refresh_token", "refresh_token": "x"}),
        (400, "invalid_grant", CLIENT, {"grant_type": "authorization_code", "code": "x"}),
        (400, "unsupported_grant_type", CLIENT, {"grant_type": "password"}),
    ]
    for status, error, client, form in grants:
        response = goto.token(form, client)
        assert (response.status_code, response.json()["error"]) == (status, error)


def test_a_browser_brings_a_code_that_is_good_once(goto: Goto) -> None:
    uri = Account().redirect_uris[0]
    asked = {"client_id": CLIENT[0], "response_type": "code", "redirect_uri": uri, "state": "s"}
    answer = requests.get(f"{goto.url}/oauth/authorize", params=asked, allow_redirects=False, timeout=5)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (answer.status_code, query["state"]) == (302, ["s"])
    form = {"grant_type": "authorization_code", "code": query["code"][0], "redirect_uri": uri}
    assert [goto.token(form).status_code for _ in range(2)] == [200, 400]
    for wrong in ({"client_id": "x"}, {"response_type": "token"}, {"redirect_uri": "https://x"}):
        assert requests.get(f"{goto.url}/oauth/authorize", params=asked | wrong, timeout=5).status_code in {400, 401}
    for minutes, bound, given in ((0, "http://x", ""), (0, "http://x", "http://y"), (10, "", "")):
        code = goto.service.consent("alice@example.com", redirect_uri=bound)
        goto.now += timedelta(minutes=minutes)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": given}
        assert goto.token(form).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("status", [403, 401])
@pytest.mark.parametrize("how", ["expired", "revoked", "missing", "unknown", "of nobody"])
def test_a_token_that_is_no_good(goto: Goto, status: int, how: str) -> None:
    goto.configure(bad_token_status=status, missing=["alice@example.com"] if how == "of nobody" else [])
    goto.now += timedelta(minutes=60 if how == "expired" else 0)
    if how == "revoked":
        goto("DELETE", "/_playground/tokens")
    if how in {"missing", "unknown"}:
        goto.session.headers["Authorization"] = {"missing": "", "unknown": "Bearer x"}[how]
    for method, path, body in [("GET", UPCOMING, None), ("POST", MEETINGS, BODY), ("DELETE", f"{MEETINGS}/1", None)]:
        response = goto(method, path, body)
        assert response.status_code == status
        assert response.json() == {"int_err_code": "InvalidToken", "msg": "Invalid token passed"}
    assert goto.refresh().status_code == (400 if how == "of nobody" else 200)
    goto("DELETE", "/_playground/tokens?refresh=true")
    assert (goto.refresh().json()["error"], goto.service.tokens()) == ("invalid_grant", [])


def test_who_may_not_is_forbidden(goto: Goto) -> None:
    for changes in ({"scopes": ["other"]}, {"scopes": ["collab:"], "suspended": ["alice@example.com"]}):
        goto.configure(**changes)
        response = goto("POST", MEETINGS, BODY)
        assert (response.status_code, response.json()["int_err_code"]) == (403, "AccessDenied")


def test_the_life_of_a_meeting(goto: Goto) -> None:
    created = goto.create()
    number = created["meetingid"]
    assert len(str(number)) == 9
    assert (created["uniqueMeetingId"], created["joinURL"]) == (number, f"https://global.gotomeeting.com/join/{number}")
    path = f"{MEETINGS}/{number}"
    (got,) = goto("GET", path).json()
    assert set(got) == BY_ID
    assert (got["meetingId"], got["meetingKey"], got["uniqueMeetingId"]) == (number, number, number)
    assert (got["startTime"], got["endTime"], got["duration"]) == (BODY["starttime"], BODY["endtime"], 30)
    assert (got["createTime"], got["status"], got["passwordRequired"]) == ("", "INACTIVE", False)
    changed = {**BODY, "subject": "Two", "endtime": "2027-03-22T10:00:00.000Z", "passwordrequired": True}
    response = goto("PUT", path, changed)
    assert (response.status_code, response.content) == (204, b"")
    (got,) = goto("GET", path).json()
    assert (got["subject"], got["duration"], got["passwordRequired"]) == ("Two", 60, True)
    (shown,) = goto("GET", "/_playground/meetings").json()
    assert (shown["joinURL"], shown["organizer"]) == (created["joinURL"], "alice@example.com")
    assert goto("DELETE", path).status_code == 204
    assert [goto(m, path, BODY).status_code for m in ("GET", "PUT", "DELETE")] == [404] * 3
    assert goto("GET", "/_playground/mails").json() == goto("GET", UPCOMING).json() == []


REFUSED: list[tuple[str, Any]] = [
    *((name, 1) for name in BODY),
    *(("subject", value) for value in ("", "x" * 101, "a < b", "&lt;" + "x" * 97)),
    *(("starttime", f"2027-{value}") for value in ("03-22T09:00:00", "03-22T10:00:00+01:00", "02-30T09:00:00Z")),
    ("starttime", "2027-01-04T08:19:59Z"),
    ("endtime", BODY["starttime"]),
    ("passwordrequired", "false"),
    ("conferencecallinfo", "x" * 256),
    ("timezonekey", "Europe/Berlin"),
    ("meetingtype", "Scheduled"),
    ("coorganizerKeys", "1"),
]


def test_what_a_create_and_an_update_refuse(goto: Goto) -> None:
    goto.configure(per_second=None)
    path = goto.path()
    bodies = [(name, BODY | {name: value}) for name, value in REFUSED]
    for name in BODY:
        rest = {key: value for key, value in BODY.items() if key != name}
        bodies += [(name, rest), (name, rest | {name.upper(): BODY[name]})]
    for name, body in bodies:
        for response in (goto("POST", MEETINGS, body), goto("PUT", path, body)):
            assert (response.status_code, response.json()["int_err_code"]) == (400, "InvalidRequest"), body
            assert name in response.json()["msg"]
    goto.configure(unknown_keys="refused")
    assert "startTime" in goto("POST", MEETINGS, {**BODY, "startTime": BODY["starttime"]}).json()["msg"]
    assert goto("PUT", path, [BODY]).status_code == 400
    assert [each["subject"] for each in goto.service.meetings()] == ["Planning"]


TAKEN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {**PAST, "meetingtype": "recurring"}),
    ({}, {**PAST, "meetingtype": "immediate"}),
    ({}, {"subject": "&lt;" + "x" * 96, "coorganizerKeys": ["1"], "unknown": 1}),
    ({"past_start": "taken"}, PAST),
    ({"checks_order": False}, {"endtime": BODY["starttime"]}),
    ({"angle_brackets": "taken"}, {"subject": "a < b"}),
    ({"counts_escaped": False}, {"subject": "&lt;" + "x" * 99}),
]


@pytest.mark.parametrize(("switches", "changes"), TAKEN)
def test_what_is_taken(goto: Goto, switches: dict[str, Any], changes: dict[str, Any]) -> None:
    goto.configure(**switches)
    goto.create(**changes)


def test_other_forms_of_answers(goto: Goto) -> None:
    path = goto.path(subject="a &lt; b &gt; c & d")
    assert goto("GET", path).json()[0]["subject"] == "a &lt; b &gt; c & d"
    goto.configure(escaped_answers=False, old_forms=True)
    (got,) = goto("GET", path).json()
    assert (got["subject"], got["startTime"]) == ("a < b > c & d", "2027-03-22T09:00:00.+0000")
    assert got["passwordRequired"] == "false"


def test_the_dial_in_text(goto: Goto) -> None:
    for audio in ("PSTN", "Free", "Hybrid"):
        created = goto.create(conferencecallinfo=audio)
        text, number = created["conferenceCallInfo"], str(created["meetingid"])
        first, *others, code = text.split("\n")
        assert first == "United States (Toll Free): 1 877 568 4106"
        assert [line.partition(": ")[0] for line in others] == ["United States", "Germany", "Australia"]
        assert code == f"Access Code: {number[:3]}-{number[3:6]}-{number[6:]}"
        assert goto("GET", f"{MEETINGS}/{number}").json()[0]["conferenceCallInfo"] == text
    for audio in ("VoIP", "Private", "Call 1234, code 5"):
        assert goto.create(conferencecallinfo=audio)["conferenceCallInfo"] == audio


def test_upcoming_meetings(goto: Goto) -> None:
    goto.configure(past_start="taken")
    created = goto.create()
    old = goto.path(**PAST)
    listed, _ = goto("GET", UPCOMING).json()
    assert set(listed) == LISTED
    assert (listed["meetingId"], listed["email"]) == (str(created["meetingid"]), "alice@example.com")
    assert listed["organizerKey"].isdecimal()
    goto.create(**(PAST | {"meetingtype": "recurring"}))
    goto.now += timedelta(hours=1)
    goto.log_in("alice@example.com")
    assert [each["meetingType"] for each in goto("GET", UPCOMING).json()] == ["scheduled", "recurring"]
    assert goto("GET", old).status_code == 200
    goto.configure(past_meetings="gone")
    assert goto("GET", old).status_code == 404


def test_the_deprecated_list_has_what_was_held(goto: Goto) -> None:
    created = goto.create()
    control = f"/_playground/meetings/{created['meetingid']}/status"
    query = f"{MEETINGS}?startDate=2027-01-04T00:00:00Z&endDate=2027-01-05T00:00:00Z"
    assert goto("PUT", control, {"status": "ACTIVE"}).status_code == 204
    assert goto("GET", f"{MEETINGS}/{created['meetingid']}").json()[0]["status"] == "ACTIVE"
    assert goto("GET", query).json() == []
    goto.now += timedelta(minutes=45)
    assert goto("PUT", control, {"status": "INACTIVE"}).status_code == 204
    (held,) = goto("GET", f"{query}&history=true").json()
    assert set(held) == HISTORY
    assert (held["meetingId"], held["date"], held["duration"]) == (created["meetingid"], "2027-01-04T08:20:00Z", 45)
    assert [held[name] for name in ("groupName", "passwordRequired", "status")] == [""] * 3
    assert goto("GET", query.replace("2027", "2026")).json() == []
    for wrong in (MEETINGS, f"{MEETINGS}?history=true", f"{MEETINGS}?startDate=2027-01-04T00:00:00Z"):
        assert goto("GET", wrong).status_code == 400
    goto.now += timedelta(seconds=1)
    goto.configure(without_range="scheduled")
    (listed,) = goto("GET", MEETINGS).json()
    assert (set(listed), listed["meetingid"]) == (SCHEDULED, created["meetingid"])
    assert goto("PUT", control, {"status": "x"}).status_code == 400


def test_meetings_of_others(goto: Goto) -> None:
    path = goto.path()
    goto.log_in("bob@example.com")
    for status in (404, 403):
        goto.configure(foreign_status=status)
        assert [goto(m, path, BODY).status_code for m in ("GET", "PUT", "DELETE")] == [status] * 3
    assert goto("GET", UPCOMING).json() == []


def test_ten_calls_a_second(goto: Goto) -> None:
    assert [goto("GET", UPCOMING).status_code for _ in range(11)] == [200] * 10 + [429]
    refused = goto("POST", MEETINGS, BODY)
    assert refused.status_code == 429
    assert not [name for name in refused.headers if "limit" in name.lower() or name == "Retry-After"]
    assert goto.service.meetings() == []
    goto.now += timedelta(seconds=1)
    goto.create()


def test_the_forms_of_errors(goto: Goto) -> None:
    for form, keys in (("int_err_code", {"msg"}), ("errorCode", {"description", "incident"})):
        goto.configure(error_form=form)
        for path, status in ((f"{MEETINGS}/1", 404), ("/G2M/rest/nothing", 404), (MEETINGS, 400)):
            response = goto("GET", path)
            assert (response.status_code, set(response.json())) == (status, keys | {form})
    goto.configure(error_form="empty")
    assert goto("GET", f"{MEETINGS}/1").content == b""


def test_secrets_settings_and_reset(goto: Goto) -> None:
    link = goto("GET", f"{goto.path()}/start").json()["hostURL"]
    goto("DELETE", "/_playground/tokens?refresh=true")
    secrets = {link, goto.granted["access_token"], goto.granted["refresh_token"], CLIENT[1]}
    assert secrets <= goto.service.hidden()
    assert goto("PUT", "/_playground/settings", {"unknown": 1}).status_code == 400
    goto.configure(max_participants=5)
    goto.service.reset()
    assert goto.service.account == Account()
    assert (len(goto.service.meetings()), goto.service.hidden()) == (0, frozenset({CLIENT[1]}))
