"""The simulated BigBlueButton server behaves as its API page says."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlencode

import pytest
import requests
from defusedxml.ElementTree import fromstring

from playground.server import serve
from playground.vendors.bigbluebutton import Account, BigBlueButtonService, create_app

NOW = datetime(2027, 1, 4, 8, 20, tzinfo=UTC)
ROOM = {"meetingID": "room-1", "name": "Weekly", "attendeePW": "ap-secret", "moderatorPW": "mp-secret"}


class Server:
    """A client that signs its calls."""

    def __init__(self, url: str, service: BigBlueButtonService) -> None:
        self.url, self.service, self.now = url, service, NOW

    def signed(self, call: str, query: str, *, algorithm: str = "sha256", secret: str = Account().secret) -> str:
        checksum = hashlib.new(algorithm, f"{call}{query}{secret}".encode()).hexdigest()
        return f"{self.url}/bigbluebutton/api/{call}?{query}{'&' if query else ''}checksum={checksum}"

    def get(self, call: str, **parameters: str) -> requests.Response:
        return requests.get(self.signed(call, urlencode(parameters)), timeout=5, allow_redirects=False)

    def __call__(self, call: str, **parameters: str) -> dict[str, str]:
        return told(self.get(call, **parameters))

    def key(self, call: str, **parameters: str) -> str:
        return key(self.get(call, **parameters))


def told(response: requests.Response) -> dict[str, str]:
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/xml;charset=utf-8")
    return {element.tag: element.text or "" for element in fromstring(response.content).iter() if not len(element)}


def key(response: requests.Response) -> str:
    """Also of a redirect, and where it leads."""
    return unquote(response.headers["Location"]) if response.is_redirect else told(response)["messageKey"]


@pytest.fixture
def server() -> Iterator[Server]:
    service = BigBlueButtonService(lambda: NOW)
    running = serve(create_app(service), name="bigbluebutton")
    client = Server(running.url, service)
    service.clock = lambda: client.now
    yield client
    running.stop()


def test_the_life_of_a_meeting(server: Server) -> None:
    created = server("create", **ROOM, meta_endCallbackUrl="https://x.example/?a=1&b=2", meta_1="no")
    assert (created["returncode"], created["messageKey"], created["hasUserJoined"]) == ("SUCCESS", "", "false")
    assert created["createTime"] == str(int(NOW.timestamp() * 1000))
    assert created["internalMeetingID"] == f"{hashlib.sha1(b'room-1').hexdigest()}-{created['createTime']}"
    assert created["createDate"] == "Mon Jan 04 08:20:00 UTC 2027"
    assert server("isMeetingRunning", meetingID="room-1")["running"] == "false"
    joined = server.get("join", meetingID="room-1", fullName="Ann <A>", role="moderator", userID="u1")
    assert requests.get(joined.headers["Location"], timeout=5).status_code == 200
    info = server("getMeetingInfo", meetingID="room-1")
    assert (info["running"], info["fullName"], info["role"], info["userID"]) == ("true", "Ann <A>", "MODERATOR", "u1")
    assert server("getMeetings")["endcallbackurl"] == info["endcallbackurl"] == "https://x.example/?a=1&b=2"
    assert server.service.meetings()[0]["parameters"]["meta_endCallbackUrl"] == "https://x.example/?a=1&b=2"
    assert server("end", meetingID="room-1")["messageKey"] == "sentEndMeetingRequest"
    assert (server.key("getMeetingInfo", meetingID="room-1"), server.key("getMeetings")) == ("notFound", "noMeetings")
    assert server("isMeetingRunning", meetingID="room-1")["running"] == "false"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_the_checksum_is_over_the_query_as_sent(server: Server, algorithm: str) -> None:
    for query in ("name=A+b&meetingID=x1", "meetingID=x1&name=A%20b%2A"):
        assert told(requests.get(server.signed("create", query, algorithm=algorithm), timeout=5))["meetingID"] == "x1"
    server.service.configure(algorithms={"sha1", "sha256", "sha384", "sha512"} - {algorithm})
    assert key(requests.get(server.signed("getMeetings", "", algorithm=algorithm), timeout=5)) == "checksumError"


def test_a_wrong_checksum_is_refused_before_all_else(server: Server) -> None:
    good, other = server.signed("create", urlencode(ROOM)), server.signed("create", urlencode(ROOM), secret="x")
    changed = good.replace("&checksum=", "&record=true&checksum=")
    for url in (good.replace("Weekly", "Weakly"), good.split("&checksum")[0], good[:-1], changed, other):
        assert key(requests.get(url, timeout=5)) == "checksumError"
    assert "checksumError" in key(requests.get(good.replace("create", "join"), timeout=5, allow_redirects=False))
    assert server.service.meetings() == []


def test_a_form_is_signed_sorted_and_never_with_a_query(server: Server) -> None:
    api = f"{server.url}/bigbluebutton/api/create"
    form = {**ROOM, "welcome": "a*b ~"}
    signed = urlencode(sorted(form.items()), safe="*").replace("~", "%7E")
    form["checksum"] = hashlib.sha1(f"create{signed}{Account().secret}".encode()).hexdigest()
    assert told(requests.post(api, data=form, timeout=5))["returncode"] == "SUCCESS"
    url, xml = server.signed("create", urlencode(ROOM)), {"Content-Type": "text/xml"}
    assert key(requests.post(url, data=ROOM, timeout=5)) == "checksumError"
    assert key(requests.post(url, data="<modules/>", headers=xml, timeout=5)) == "duplicateWarning"
    assert key(requests.post(url, json={}, timeout=5)) == "unsupportedContentType"


def test_what_create_takes(server: Server) -> None:
    wrong = {
        "validationError": {"meetingID": ["a", "a,b", "a" * 257], "name": ["", "a", "a" * 65], "record": ["1"]},
        "missingParamMeetingID": {"meetingID": [""]},
        "invalidPassword": {"moderatorPW": ["m", "m" * 65], "attendeePW": ["a"]},
        "": {"meetingID": ["ab", "a" * 256], "unknown": ["is ignored"]},
    }
    for why, changes in wrong.items():
        for name, value in ((name, value) for name, values in changes.items() for value in values):
            assert server.key("create", **{**ROOM, name: value}) == why, (name, value)


def test_create_twice(server: Server) -> None:
    first = server("create", **ROOM, voiceBridge="70000")
    again = server("create", **{**ROOM, "name": "Other"})
    assert (again["messageKey"], again["createTime"]) == ("duplicateWarning", first["createTime"])
    assert server.key("create", **{**ROOM, "moderatorPW": "other"}) == "idNotUnique"
    bare = {"meetingID": "room-1", "name": "Weekly"}
    assert server.key("create", **bare) == "duplicateWarning"
    taken = server("create", meetingID="room-2", name="Two", voiceBridge="70000")
    assert (taken["returncode"], taken["key"]) == ("FAILED", "nonUniqueVoiceBridge")
    server.service.configure(compares="everything", without_passwords="refused")
    assert server.key("create", **{**ROOM, "name": "Other", "voiceBridge": "70000"}) == "idNotUnique"
    assert server.key("create", **ROOM, voiceBridge="70000") == "duplicateWarning"
    server.service.configure(compares="passwords")
    assert server.key("create", **bare) == "idNotUnique"


def test_an_empty_meeting_is_dropped(server: Server) -> None:
    server("create", **ROOM)
    server("create", meetingID="long", name="Long", meetingExpireIfNoUserJoinedInMinutes="60", duration="30")
    server.now += timedelta(minutes=5)
    assert server.key("join", meetingID="long", fullName="A", role="VIEWER", redirect="false") == "successfullyJoined"
    assert [each["meetingID"] for each in server.service.meetings()] == ["long"]
    assert "invalidMeetingIdentifier" in server.key("join", **ROOM, fullName="A", role="VIEWER")
    requests.delete(f"{server.url}/_playground/attendees", params={"meetingID": "long"}, timeout=5)
    server.now += timedelta(seconds=59)
    assert server("isMeetingRunning", meetingID="long")["running"] == "false"
    assert server("getMeetingInfo", meetingID="long")["hasUserJoined"] == "true"
    server.now += timedelta(seconds=1)
    assert server.service.meetings() == []


def test_end_takes_its_time(server: Server) -> None:
    server.service.configure(end_seconds=3, ended_seconds=60)
    server("create", **ROOM)
    server("end", meetingID="room-1")
    for ended in ("false", "true"):
        assert server("getMeetingInfo", meetingID="room-1")["hasBeenForciblyEnded"] == ended
        server.now += timedelta(seconds=3)
    assert "meetingForciblyEnded" in server.key("join", meetingID="room-1", fullName="A", role="VIEWER")
    assert server.key("create", **ROOM) == ""


def test_join(server: Server) -> None:
    server("create", **ROOM, guestPolicy="ASK_MODERATOR", logoutURL="https://out.example/?a=1")
    to: dict[str, str] = {"meetingID": "room-1", "fullName": "Ann\n", "redirect": "false"}
    viewer = {"role": "viewer", "createTime": str(int(NOW.timestamp() * 1000))}
    both, moderator = {"role": "VIEWER", "password": "mp-secret"}, {"role": "boss", "password": "mp-secret"}
    for parameters in (viewer, {"password": "ap-secret"}, both, {"password": "mp-secret"}, moderator):
        assert server("join", **to, **parameters)["session_token"] in server.service.hidden()
    assert server("join", **to, **viewer, guest="true")["guestStatus"] == "WAIT"
    for name, value, why in (("createTime", "1", "mismatchCreateTimeParam"), ("fullName", " ", "missingParamFullName")):
        url = server.key("join", **{**to, **viewer, name: value})
        assert url.startswith(f'https://out.example/?a=1&errors=[{{"key":"{why}"')
    long = {**viewer, "fullName": "a" * 256, "errorRedirectUrl": "https://err.example"}
    assert server.key("join", **{**to, **long}).startswith('https://err.example?errors=[{"key":"fullNameTooLong"')
    assert server.key("join", **to, password="wrong") == server.key("join", **to) == "Params required"
    joins = requests.get(f"{server.url}/_playground/joins", timeout=5).json()
    assert [each["role"] for each in joins] == [*["VIEWER"] * 3, *["MODERATOR"] * 2, "VIEWER"]
    assert {each["fullName"] for each in joins} == {"Ann"}
    assert [each["waits"] for each in joins] == [*[False] * 5, True]


def test_what_is_hidden_and_the_controls(server: Server) -> None:
    made = server("create", meetingID="room-3", name="Three")
    assert {Account().secret, made["attendeePW"], made["moderatorPW"]} <= server.service.hidden()
    control = f"{server.url}/_playground"
    assert requests.put(f"{control}/settings", json={"secret": "new"}, timeout=5).json()["secret"] == "new"
    assert requests.put(f"{control}/settings", json={"x": 1}, timeout=5).status_code == 400
    assert server.key("getMeetings") == "checksumError"
    assert requests.get(f"{control}/meetings", timeout=5).json()[0]["meetingName"] == "Three"
    assert requests.get(f"{control}/mails", timeout=5).json() == []
    server.service.reset()
    assert (server.key("getMeetings"), "new" in server.service.hidden()) == ("noMeetings", True)
