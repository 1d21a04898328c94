"""Watch channels: what is refused, what is sent, what is sent again, and what goes wrong on demand."""

import time
import uuid
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from playground.google_calendar import Settings
from tests.playground.calendar_simulator import ANNA, BEN, Receiver, Simulator, eventually, reason, running


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with running(Settings(push_backoff=0.02)) as simulator:
        yield simulator


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


def watch(sim: Simulator, receiver: Receiver, calendar: str = ANNA, email: str = ANNA, **body: Any) -> dict:
    body = {"id": str(uuid.uuid4()), "type": "web_hook", "address": receiver.url, **body}
    return sim.client(email).events().watch(calendarId=calendar, body=body).execute()


def settled(sim: Simulator) -> bool:
    return not any(channel["waiting"] for channel in sim.control("GET", "/channels")["channels"])


def test_sync_comes_before_the_answer_and_then_one_post_per_change(sim: Simulator, receiver: Receiver) -> None:
    channel = watch(sim, receiver, token="secret")
    assert channel.keys() == {"kind", "id", "resourceId", "resourceUri", "token", "expiration"}
    assert receiver.states() == ["sync"]
    event = sim.insert()
    sim.client().events().patch(calendarId=ANNA, eventId=event["id"], body={"summary": "x"}).execute()
    sim.client().events().delete(calendarId=ANNA, eventId=event["id"]).execute()
    eventually(lambda: len(receiver.requests) == 4)
    assert receiver.states() == ["sync", "exists", "exists", "exists"]
    numbers = receiver.numbers()
    assert numbers[0] == 1
    assert numbers == sorted(set(numbers))
    assert numbers != [1, 2, 3, 4], "numbers have gaps"
    headers, body = receiver.requests[-1]
    assert body == b""
    assert headers["Content-Length"] == "0"
    assert headers["User-Agent"].startswith("APIs-Google")
    assert headers["X-Goog-Channel-ID"] == channel["id"]
    assert headers["X-Goog-Channel-Token"] == "secret"
    assert headers["X-Goog-Resource-ID"] == channel["resourceId"]
    assert headers["X-Goog-Resource-URI"] == channel["resourceUri"]
    expires = parsedate_to_datetime(headers["X-Goog-Channel-Expiration"])
    assert int(expires.timestamp()) == int(channel["expiration"]) // 1000


def test_changes_by_others_notify_and_other_calendars_do_not(sim: Simulator, receiver: Receiver) -> None:
    watch(sim, receiver, calendar=BEN, email=BEN)
    sim.insert()
    sim.insert(attendees=[{"email": BEN}])
    eventually(lambda: receiver.states() == ["sync", "exists"])
    assert settled(sim)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"id": None}, (400, "required")),
        ({"address": ""}, (400, "required")),
        ({"type": "carrier_pigeon"}, (400, "invalid")),
        ({"id": "x" * 65}, (400, "invalid")),
        ({"token": "x" * 257}, (400, "invalid")),
        ({"address": "http://hooks.example.com/"}, (400, "push.webhookUrlNotHttps")),
        ({"expiration": "1000"}, (400, "invalid")),
        ({"params": {"ttl": "long"}}, (400, "invalid")),
    ],
)
def test_bad_channels_are_refused(sim: Simulator, receiver: Receiver, body: dict, expected: tuple[int, str]) -> None:
    with pytest.raises(HttpError) as error:
        watch(sim, receiver, **body)
    assert reason(error) == expected


def test_a_channel_id_is_used_once_in_the_whole_project(sim: Simulator, receiver: Receiver) -> None:
    channel = watch(sim, receiver, id="one")
    with pytest.raises(HttpError) as error:
        watch(sim, receiver, id="one", calendar=BEN, email=BEN)
    assert reason(error) == (400, "channelIdNotUnique")
    assert watch(sim, receiver)["resourceId"] == channel["resourceId"], "it names the calendar, not the channel"


def test_some_calendars_cannot_be_watched(sim: Simulator, receiver: Receiver) -> None:
    sim.control("PATCH", f"/calendars/{ANNA}", watchable=False)
    sim.control("PATCH", f"/calendars/{BEN}", acl={ANNA: "freeBusyReader"})
    for calendar in (ANNA, BEN):
        with pytest.raises(HttpError) as error:
            watch(sim, receiver, calendar=calendar)
        assert reason(error) == (400, "pushNotSupportedForRequestedResource")
    with pytest.raises(HttpError) as error:
        watch(sim, receiver, calendar="nobody@example.com")
    assert reason(error) == (404, "notFound")


@pytest.mark.parametrize(
    ("body", "seconds"),
    [({}, 604_800), ({"params": {"ttl": "60"}}, 60), ({"params": {"ttl": "9999999"}}, 604_800)],
)
def test_the_lifetime_is_what_was_asked_for_up_to_a_limit(
    sim: Simulator, receiver: Receiver, body: dict, seconds: int
) -> None:
    left = int(watch(sim, receiver, **body)["expiration"]) / 1000 - time.time()
    assert seconds - 5 < left <= seconds


def test_an_expired_channel_is_silent_and_cannot_be_stopped(sim: Simulator, receiver: Receiver) -> None:
    channel = watch(sim, receiver, expiration=str(int(time.time() * 1000) + 150))
    time.sleep(0.2)
    sim.insert()
    with pytest.raises(HttpError) as error:
        sim.client().channels().stop(body=channel).execute()
    assert reason(error) == (404, "notFound")
    other = watch(sim, receiver)
    sim.control("POST", f"/channels/{other['id']}/expire")
    sim.insert()
    assert settled(sim)
    assert receiver.states() == ["sync", "sync"]


def test_stop_needs_the_right_user_and_resource(sim: Simulator, receiver: Receiver) -> None:
    channel = watch(sim, receiver)
    for email, change in ((ANNA, {"resourceId": "wrong"}), (ANNA, {"id": "wrong"}), (BEN, {})):
        with pytest.raises(HttpError) as error:
            sim.client(email).channels().stop(body=channel | change).execute()
        assert reason(error) == (404, "notFound")
    sim.client().channels().stop(body=channel).execute()
    sim.insert()
    assert settled(sim)
    assert receiver.states() == ["sync"]


def test_a_notification_under_way_still_arrives_after_stop(sim: Simulator, receiver: Receiver) -> None:
    channel = watch(sim, receiver)
    sim.control("POST", "/notifications/pause")
    sim.insert()
    sim.client().channels().stop(body=channel).execute()
    sim.control("POST", "/notifications/resume")
    eventually(lambda: receiver.states() == ["sync", "exists"])


def test_server_errors_are_tried_again_in_order_and_other_answers_are_not(sim: Simulator, receiver: Receiver) -> None:
    watch(sim, receiver)
    receiver.statuses = [500, 502, 503, 504, 204, 404, 429, 302, 200]
    for _ in range(5):
        sim.insert()
    eventually(lambda: len(receiver.requests) == 10 and settled(sim))
    numbers = receiver.numbers()[1:]
    assert len(set(numbers[:5])) == 1, "the first is repeated until it is taken, the others wait"
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == 5
    expected = {"exists 500", "exists 502", "exists 503", "exists 504", "exists 404", "exists 429", "exists 302"}
    eventually(lambda: expected <= sim.control("GET", "/stats")["notifications"].keys())
    assert sim.control("GET", "/channels")["channels"][0]["delivered"] == 3


def test_nobody_there_counts_as_503(sim: Simulator, receiver: Receiver) -> None:
    watch(sim, receiver)
    receiver.stop()
    sim.insert()
    eventually(lambda: sim.control("GET", "/stats")["notifications"].get("exists 503", 0) >= 2)


@pytest.mark.parametrize(
    ("kind", "order"),
    [("drop", [1, 2]), ("double", [0, 0, 1, 2]), ("delay", [1, 2, 0]), ("reorder", [1, 0, 2])],
)
def test_notifications_get_lost_doubled_late_and_out_of_order(
    sim: Simulator, receiver: Receiver, kind: str, order: list[int]
) -> None:
    watch(sim, receiver)
    sim.control("POST", "/notifications/mishaps", kind=kind, seconds=0.3)
    for _ in range(3):
        sim.insert()
    eventually(lambda: len(receiver.requests) == 1 + len(order))
    numbers = receiver.numbers()[1:]
    known = sorted(set(numbers))
    if kind == "drop":
        known.insert(0, 0)
    assert [known.index(number) for number in numbers] == order


def test_channels_with_event_types_may_never_deliver(sim: Simulator, receiver: Receiver) -> None:
    """https://github.com/closeio/sync-engine/pull/688: the channel is there, and nothing comes."""
    sim.control("PATCH", "/settings", filtered_channels_silent=True)
    body = {"id": "typed", "type": "web_hook", "address": receiver.url}
    opened = sim.client().events().watch(calendarId=ANNA, body=body, eventTypes="default").execute()
    assert opened["resourceId"]
    sim.insert()
    sim.client().events().watch(calendarId=ANNA, body=body | {"id": "plain"}).execute()
    sim.insert()
    eventually(lambda: receiver.states() == ["sync", "exists"])
    assert settled(sim)
    assert {headers["X-Goog-Channel-ID"] for headers, _ in receiver.requests} == {"plain"}
    channels = {channel["id"]: channel for channel in sim.control("GET", "/channels")["channels"]}
    assert (channels["typed"]["live"], channels["typed"]["delivered"]) == (True, 0)


def test_only_the_event_types_asked_for_notify(sim: Simulator, receiver: Receiver) -> None:
    body = {"id": "typed", "type": "web_hook", "address": receiver.url}
    sim.client().events().watch(calendarId=ANNA, body=body, eventTypes="default").execute()
    sim.insert(eventType="focusTime")
    sim.insert()
    eventually(lambda: receiver.states() == ["sync", "exists"])
    assert settled(sim)
