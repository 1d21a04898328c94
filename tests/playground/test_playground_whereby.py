"""The simulated Whereby organisation behaves as Whereby's pages say."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from playground.vendors.whereby import Account, WherebyService, create_app
from tests.playground.keyed_client import NOW, Client, serving

MEETINGS = "/v1/meetings"
END = "2027-01-04T10:00:00.000Z"


class Whereby(Client):
    def create(self, **body: Any) -> Any:
        return self("POST", MEETINGS, {"endDate": END, **body}, 201)


@pytest.fixture
def whereby() -> Iterator[Whereby]:
    yield from serving(Whereby, WherebyService(), create_app)


def test_the_life_of_a_meeting(whereby: Whereby) -> None:
    meeting = whereby.create(isLocked=True, startDate="whatever")
    assert set(meeting) == {"meetingId", "startDate", "endDate", "roomName", "roomUrl"}
    assert (meeting["startDate"], meeting["endDate"]) == ("2027-01-04T08:20:00.000Z", END)
    assert meeting["roomUrl"] == f"https://example.whereby.com{meeting['roomName']}"
    path = f"{MEETINGS}/{meeting['meetingId']}"
    assert whereby("GET", path) == meeting
    assert whereby("GET", "/_playground/meetings")[0]["roomMode"] == "normal"
    whereby("PATCH", path, {"endDate": END}, 405)
    for method, status in (("DELETE", 204), ("DELETE", 204), ("GET", 404)):
        whereby(method, path, status=status)
    assert whereby("GET", "/_playground/mails") == []


def test_links_with_keys_are_for_who_asks(whereby: Whereby) -> None:
    meeting = whereby.create(fields=["hostRoomUrl"])
    assert "viewerRoomUrl" not in meeting
    host, key = meeting["hostRoomUrl"], meeting["hostRoomUrl"].partition("?roomKey=")[2]
    assert {host, key, Account().api_key} <= whereby.service.hidden()
    path = f"{MEETINGS}/{meeting['meetingId']}"
    assert "hostRoomUrl" not in whereby("GET", path)
    both = whereby("GET", f"{path}?fields=hostRoomUrl,viewerRoomUrl")
    assert [whereby.join(both[name]) for name in ("hostRoomUrl", "viewerRoomUrl", "roomUrl")] == [
        "host",
        "viewer",
        "in",
    ]
    whereby("GET", f"{path}?fields=hostKey", status=400)
    viewers = whereby.create(templateType="viewerMode")
    assert [whereby.join(viewers[name]) for name in ("hostRoomUrl", "viewerRoomUrl")] == ["host", "knocking"]
    assert whereby("GET", "/_playground/meetings")[1]["roomMode"] == "group"


BAD: dict[str, list[Any]] = {
    "endDate": [None, "2027-01-04T08:19:59Z", "2027-01-04", "2027-13-04T10:00:00Z", 1798970400],
    "isLocked": ["true", 1],
    "roomMode": ["huge"],
    "roomNamePrefix": ["a" * 40, "a_b", "ä"],
    "roomNamePattern": ["short"],
    "fields": ["hostRoomUrl", ["hostKey"]],
    "recording": [{"type": "cloud"}],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_what_a_meeting_cannot_have(whereby: Whereby, name: str, value: object) -> None:
    assert "error" in whereby("POST", MEETINGS, {"endDate": END, name: value}, 400)
    assert whereby("GET", "/_playground/meetings") == []


def test_a_meeting_needs_its_end(whereby: Whereby) -> None:
    for body in ({"startDate": END}, [END]):
        whereby("POST", MEETINGS, body, 400)
    whereby.create(colour="red")
    whereby.set(ignores_unknown=False)
    whereby("POST", MEETINGS, {"endDate": END, "colour": "red"}, 400)


def test_an_end_is_answered_in_utc(whereby: Whereby) -> None:
    for given in ("2027-01-04T10:00:00", "2027-01-04T05:00:00-05:00", "2027-01-04T11:00:00+01:00"):
        assert whereby.create(endDate=given)["endDate"] == END
    for end in ("2027-01-04T08:20:00.000Z", "9999-12-31T23:59:59.999Z"):  # now, and for good
        meeting = whereby.create(endDate=end)
        assert whereby("GET", f"{MEETINGS}/{meeting['meetingId']}")["endDate"] == end


def test_a_prefix_is_lowered_and_stripped(whereby: Whereby) -> None:
    name = whereby.create(roomNamePrefix="Customer 0348-", roomNamePattern="human-short")["roomName"]
    assert re.fullmatch("/customer0348-[a-z0-9]{6}", name)
    whereby.create()
    [found] = whereby("GET", f"{MEETINGS}?roomName[startsWith]=/customer")["results"]
    assert found["roomName"] == name


def test_a_room_closes_an_hour_after_its_end(whereby: Whereby) -> None:
    meeting = whereby.create()
    path = f"{MEETINGS}/{meeting['meetingId']}"
    whereby.now = NOW.replace(hour=10, minute=59)
    assert (whereby.join(meeting["roomUrl"]), whereby("GET", path)) == ("in", meeting)
    whereby.now = NOW.replace(hour=11, minute=0)
    assert whereby.join(meeting["roomUrl"]) == "gone"
    whereby("GET", path, status=404)
    assert whereby("GET", MEETINGS) == {"results": [], "cursor": None}
    whereby.set(gone_after_hours=24)
    assert (whereby.join(meeting["roomUrl"]), whereby("GET", path)) == ("gone", meeting)


def test_pages(whereby: Whereby) -> None:
    ids = [whereby.create()["meetingId"] for _ in range(3)]
    first = whereby("GET", f"{MEETINGS}?limit=2")
    second = whereby("GET", f"{MEETINGS}?limit=2&cursor={first['cursor']}&fields=hostRoomUrl")
    assert [meeting["meetingId"] for page in (first, second) for meeting in page["results"]] == ids
    assert (second["cursor"], "hostRoomUrl" in second["results"][0]) == (None, True)
    assert all(whereby("GET", f"{MEETINGS}?{wrong}", status=400) for wrong in ("limit=0", "limit=101", "cursor=x"))


def test_points(whereby: Whereby) -> None:
    whereby.set(points=7)
    path = f"{MEETINGS}/{whereby.create()['meetingId']}"
    for method, status, left in (("GET", 200, "3"), ("DELETE", 204, "1"), ("DELETE", 429, "1")):
        whereby(method, path, status=status)
        assert whereby.answer.headers["X-RateLimit-Remaining"] == left
    whereby.now += timedelta(seconds=20)
    assert whereby("POST", MEETINGS, {"endDate": END}, 429)["data"] == {"msLeft": 40000}
    limits = [whereby.answer.headers[name] for name in ("X-RateLimit-Limit", "X-RateLimit-Reset", "Retry-After")]
    assert limits == ["7", "Mon, 04 Jan 2027 08:21:00 GMT", "40"]
    whereby.now += timedelta(seconds=40)
    whereby.create()
    whereby.set(points=None)
    whereby("GET", MEETINGS)
    assert "X-RateLimit-Limit" not in whereby.answer.headers


def test_the_key(whereby: Whereby) -> None:
    for header in ("", "Bearer", "Bearer x", Account().api_key):
        whereby.authorize(header)
        whereby("GET", MEETINGS, status=401)
    whereby.authorize(f"Bearer {Account().api_key}")
    whereby.set(forbidden=True)
    whereby("POST", MEETINGS, {"endDate": END}, 403)
    whereby("DELETE", "/_playground/tokens", status=204)
    whereby("GET", MEETINGS, status=401)
    whereby.service.reset()
    whereby("GET", MEETINGS)
