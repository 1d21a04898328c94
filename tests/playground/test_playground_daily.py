"""The simulated Daily domain behaves as Daily's pages say."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from playground.vendors.daily import Account, DailyService, create_app
from tests.playground.keyed_client import NOW, Client, serving

SECONDS = int(NOW.timestamp())
ROOMS = "/v1/rooms"


class Daily(Client):
    def create(self, name: str = "one", privacy: str = "public", **properties: Any) -> Any:
        return self("POST", ROOMS, {"name": name, "privacy": privacy, "properties": properties})


@pytest.fixture
def daily() -> Iterator[Daily]:
    yield from serving(Daily, DailyService(), create_app)


def test_the_life_of_a_room(daily: Daily) -> None:
    room = daily.create(exp=SECONDS + 60, start_video_off=True, enable_chat=False)
    assert set(room) == {"id", "name", "api_created", "privacy", "url", "created_at", "config"}
    assert (room["name"], room["privacy"], room["url"]) == ("one", "public", "https://example.daily.co/one")
    assert room["config"] == {"exp": SECONDS + 60, "start_video_off": True}  # not what is as by default
    assert daily("GET", f"{ROOMS}/one") == room
    changed = daily("POST", f"{ROOMS}/one", {"privacy": "private", "properties": {"exp": None, "lang": "de"}})
    assert changed == {**room, "privacy": "private", "config": {"start_video_off": True, "lang": "de"}}
    assert daily("GET", "/_playground/meetings")[0]["config"]["enable_chat"] is False
    assert daily("DELETE", f"{ROOMS}/one") == {"deleted": True, "name": "one"}
    assert set(daily("GET", f"{ROOMS}/one", status=404)) == {"error", "info"}
    assert daily("GET", "/_playground/mails") == []


def test_every_parameter_is_optional(daily: Daily) -> None:
    first, second = daily("POST", ROOMS), daily("POST", f"{ROOMS}/", {})
    assert (first["name"] != second["name"], first["privacy"], first["config"]) == (True, "public", {})
    assert daily("POST", ROOMS, ["one"], 400)["error"] == "json-parsing-error"


BAD: dict[str, list[Any]] = {
    "name": ["a b", "ä", "", "a" * 129, 1, None],
    "privacy": ["org", None],
    "colour": ["red"],
    "properties": [[], None],
    "properties.colour": [None],
    "properties.exp": [SECONDS, str(SECONDS + 60), SECONDS + 60.5],
    "properties.enable_knocking": ["true", 1],
    "properties.max_participants": [0, 201],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_what_a_room_cannot_have(daily: Daily, name: str, value: object) -> None:
    outer, _, inner = name.partition(".")
    assert daily("POST", ROOMS, {outer: {inner: value} if inner else value}, 400)["error"] == "invalid-request-error"
    assert daily("GET", "/_playground/meetings") == []


def test_a_name_is_taken_once_in_all_letters_and_never_changed(daily: Daily) -> None:
    for name in ("a" * 128, "One", "one"):
        daily.create(name)
    assert "already exists" in daily("POST", ROOMS, {"name": "one"}, 400)["info"]
    daily("POST", f"{ROOMS}/one", {"name": "two"}, 400)
    daily.set(longest_name=34)
    daily("POST", ROOMS, {"name": "b" * 35}, 400)


def test_an_expired_room_is_a_deleted_one(daily: Daily) -> None:
    rooms = [daily.create(name, exp=SECONDS + 60) for name in ("one", "two")]
    daily.now += timedelta(seconds=60)
    assert daily.join(rooms[0]["url"]) == "refused"
    for method in ("GET", "POST"):
        daily(method, f"{ROOMS}/one", {"properties": {"exp": SECONDS + 900}}, 404)
    assert daily("GET", ROOMS) == {"total_count": 0, "data": []}
    assert daily("DELETE", f"{ROOMS}/one", status=404)["deleted"] is True
    assert "deleted" not in daily("DELETE", f"{ROOMS}/one", status=404)
    daily.set(expired_names_taken=True)
    daily("POST", ROOMS, {"name": "two"}, 400)
    daily.set(expired_names_taken=False, past_exp=["update"])
    assert daily.create("two")["id"] != rooms[1]["id"]
    assert daily("POST", f"{ROOMS}/two", {"properties": {"exp": SECONDS}})["config"] == {"exp": SECONDS}


def test_rooms_are_listed_newest_first(daily: Daily) -> None:
    ids = [daily.create(f"room-{number}")["id"] for number in range(4)][::-1]

    def listed(query: str) -> list[str]:
        assert daily("GET", f"{ROOMS}?{query}")["total_count"] == 4
        return [room["id"] for room in daily.answer.json()["data"]]

    assert listed("") == listed("limit=500") == ids
    assert listed(f"limit=2&starting_after={ids[0]}") == ids[1:3]
    assert listed(f"limit=2&ending_before={ids[3]}") == ids[1:3]
    daily.set(pages_by_position=False)
    assert listed(f"ending_before={ids[1]}") == ids[2:]
    assert [daily("GET", f"{ROOMS}?{wrong}", status=400)["error"] for wrong in ("limit=0", "ending_before=x")]


def test_who_gets_in(daily: Daily) -> None:
    def token(**properties: Any) -> Any:
        return daily("POST", "/v1/meeting-tokens", {"properties": properties})["token"]

    url = daily.create("one", "private")["url"]
    guest, host = token(room_name="one", user_name="Bob"), token(room_name="one", is_owner=True, exp=SECONDS + 60)
    elsewhere, later = token(room_name="two"), token(nbf=SECONDS + 60)
    outcomes = {guest: "in", host: "owner", elsewhere: "refused", later: "refused", "x": "refused"}
    assert {given: daily.join(url, token=given) for given in outcomes} == outcomes
    daily("POST", f"{ROOMS}/one", {"properties": {"enable_knocking": True}})
    two = daily.create("two", nbf=SECONDS + 60)["url"]
    assert [daily.join(url), daily.join(two)] == ["knocking", "refused"]
    daily.now += timedelta(seconds=60)
    assert [daily.join(url, token=host), daily.join(url, token=later), daily.join(two)] == ["knocking", "in", "in"]
    assert {guest, host, Account().api_key} <= daily.service.hidden()
    daily("POST", "/v1/meeting-tokens", {"properties": {"is_owner": 1}}, 400)


def test_the_key_is_asked_for_in_words_of_its_own(daily: Daily) -> None:
    answers = {"": 400, "Basic x": 400, "Bearer": 400, "Bearer x": 401, f"Bearer {Account().api_key}": 200}
    for header, status in answers.items():
        daily.authorize(header)
        error = daily("GET", ROOMS, status=status).get("error")
        assert error == {400: "authorization-header-error", 401: "authentication-error"}.get(status)
    daily.set(forbidden=True)
    assert daily("GET", ROOMS, status=403)["error"] == "forbidden-error"
    daily("DELETE", "/_playground/tokens", status=204)
    daily("GET", ROOMS, status=401)
    daily("PUT", "/_playground/settings", {"colour": "red"}, 400)
    daily.set(api_key="another", forbidden=False)
    daily.authorize("Bearer another")
    assert daily("GET", ROOMS)["data"] == daily.service.meetings() == []


@pytest.mark.parametrize(("method", "calls", "wait", "other"), [("GET", 100, "5", 429), ("DELETE", 50, "30", 404)])
def test_too_many_calls(daily: Daily, method: str, calls: int, wait: str, other: int) -> None:
    for _ in range(calls):
        daily(method, f"{ROOMS}/x", status=404)
    assert daily(method, f"{ROOMS}/x", status=429)["error"] == "rate-limit-error"
    assert daily.answer.headers["Retry-After"] == wait
    daily("POST", f"{ROOMS}/x", status=other)
    daily.set(retry_after=False)
    daily(method, f"{ROOMS}/x", status=429)
    assert "Retry-After" not in daily.answer.headers
    daily.now += timedelta(seconds=int(wait))
    daily(method, f"{ROOMS}/x", status=404)
