"""What else Calendar, its notifications and Zoom are known to do. After each fault every promise holds again."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from confsync.domain.channel import Channel
from playground.person import ConferenceError
from tests.end_to_end.promises import Json
from tests.end_to_end.row import CALLS, SENT_TWICE, Row, refusal
from tests.end_to_end.world import World, until

STORES = ("sqlite",)  # none of these reaches a store otherwise than those of the matrix do

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]


# --- Calendar --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 6])
def test_412_on_write(row: Row, times: int) -> None:
    """Somebody edits the event whenever its new meeting is to be written to it."""
    row.world.cloud.zoom.delete(str(row.world.meetings(row.person)[0]["id"]))
    path = f"{re.escape(row.calendar_id)}/events/{row.event}"
    refused = refusal(412, "conditionNotMet", location="If-Match", locationType="header")
    row.fault(path=path + ".*quotaUser", method="PATCH", status=412, body=refused, times=times)
    row.person.rename(row.event, "Gone at Zoom, made anew")
    row.holds()


def test_page_token_that_dies(row: Row) -> None:
    """A list is older than Google keeps its pages: it has to begin anew."""
    row.fault(path=row.second_page, latency=1.0)
    row.two_pages()
    until(row.happened)
    row.world.cloud.calendar.listing.forget_pages()
    row.holds()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_connection_cut_at_watch(world: World, cut: str) -> None:
    person = world.person()
    world.faults("calendar").add(
        method="POST", path=rf"{re.escape(person.calendar_id)}/events/watch", cut=cut, times=CALLS * SENT_TWICE
    )
    world.meet(person)
    world.rest()
    assert not world.faults("calendar").left()
    world.sweep()  # until then the calendar is polled
    world.hold(person)


@pytest.mark.parametrize("cut", ["before", "after"])
def test_connection_cut_at_a_patch(row: Row, cut: str) -> None:
    row.world.cloud.zoom.delete(str(row.world.meetings(row.person)[0]["id"]))
    path = f"{re.escape(row.calendar_id)}/events/{row.event}.*quotaUser"
    row.fault(method="PATCH", path=path, cut=cut, times=CALLS * SENT_TWICE if cut == "before" else SENT_TWICE)
    row.person.rename(row.event, "Gone at Zoom, made anew")
    row.holds()


# --- Zoom ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["before", "after"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_connection_cut_at_zoom(row: Row, method: str, cut: str) -> None:
    row.fault("zoom", method=method, path=f"/meetings/{row.world.meetings(row.person)[0]['id']}", cut=cut)
    act: dict[str, Callable[[], object]] = {
        "PATCH": lambda: row.person.rename(row.event, "Cut"),
        "DELETE": lambda: row.person.delete(row.event),
    }
    act[method]()
    row.holds()


def test_creates_without_an_answer(world: World) -> None:
    """Whether Zoom made the meeting is not known: there is one in the end, not two."""
    mishaps: dict[str, Json] = {
        "cut-before-the-work": {"cut": "before"},
        "cut-after-the-work": {"cut": "after"},
        "time-out-after-the-work": {"latency": 3.0, "after": True},
        "500-after-the-work": {"status": 500, "after": True},
        "503": {"status": 503},
    }
    people = [world.person(name) for name in mishaps]
    for person, fault in zip(people, mishaps.values(), strict=True):
        world.faults("zoom").add(method="POST", path=f"/users/{re.escape(person.email)}/meetings", **fault)
    with ThreadPoolExecutor() as pool:
        list(pool.map(world.meet, people))
    world.hold(*people)
    assert not world.faults("zoom").left()


def test_zoom_429_for_too_many_calls_a_second(row: Row) -> None:
    headers = {"X-RateLimit-Type": "QPS", "X-RateLimit-Remaining": "0"}
    row.fault("zoom", method="PATCH", status=429, headers=headers, body={"code": 429, "message": "too fast"})
    row.person.rename(row.event, "After too many calls a second")
    row.holds()


def test_zoom_429_for_the_day(row: Row) -> None:
    """The pause is kept, seen, and over at midnight; what changes meanwhile costs no call and is not forgotten."""
    zoom = row.world.cloud.zoom
    usual = zoom.account.per_day
    zoom.configure(per_day=1)
    row.person.rename(row.event, "Too much for one day")
    row.world.rest()
    refused = len(row.world.faults("zoom").requests(method="PATCH"))
    paused = row.world.conference(row.person, row.event)
    assert paused.retry_at is not None
    assert paused.last_error is not None
    assert "daily" in paused.last_error.lower()
    row.person.rename(row.event, "Too much, still")
    row.world.rest()
    row.world.sweep()
    row.world.rest()
    assert len(row.world.faults("zoom").requests(method="PATCH")) == refused
    zoom.configure(per_day=usual)
    row.world.time_passes(pauses=True)
    row.world.project.sweep()
    row.holds()


def test_zoom_401_then_fine(row: Row) -> None:
    row.world.cloud.zoom.revoke_tokens()
    row.person.rename(row.event, "With a new token of Zoom's")
    row.holds()


def test_zoom_has_lost_the_meeting(row: Row) -> None:
    old = row.world.meetings(row.person)[0]
    row.world.cloud.zoom.delete(str(old["id"]))
    row.person.move_in_time(row.event, timedelta(hours=1))
    row.holds()
    assert row.world.meetings(row.person)[0]["id"] != old["id"]


def test_a_refused_create_is_seen_and_mended(world: World) -> None:
    person = world.person()
    world.cloud.zoom.configure(missing=(person.email,))
    event = person.begin_event()
    with pytest.raises(ConferenceError, match="CONFERENCE_SOLUTION_FORBIDDEN"):
        person.choose_conference(event, "zoom")
    world.cloud.zoom.configure(missing=())
    person.choose_conference(event, "zoom")
    person.save(event, summary="Mended", start=world.start)
    world.hold(person)


# --- notifications ---------------------------------------------------------------------------------------------------


def test_notification_lost(row: Row) -> None:
    """Promise 4: the sweep finds what nobody told."""
    row.world.notifications("drop")
    row.person.rename(row.event, "Nobody told")
    row.world.rest()
    assert row.world.meetings(row.person)[0]["topic"] == "Planning"
    row.world.sweep()
    row.holds()


def test_notification_doubled(row: Row) -> None:
    row.world.faults("zoom").forget_requests()
    row.world.notifications("double")
    row.person.rename(row.event, "Told twice")
    row.holds()
    assert len(row.world.faults("zoom").requests(method="PATCH")) == 1


def test_notification_late(row: Row) -> None:
    """It comes when a later change has been found already."""
    row.world.notifications("delay", seconds=2)
    row.person.rename(row.event, "Told late")
    row.person.rename(row.event, "Told in time")
    row.holds()
    channel = next(c for c in row.world.cloud.calendar.push.channels.values() if c.calendar_id == row.calendar_id)
    told = channel.delivered
    until(lambda: channel.delivered > told)
    row.holds()


def test_notifications_reordered(row: Row) -> None:
    row.world.notifications("reorder")
    row.person.rename(row.event, "Told second")
    row.person.move_in_time(row.event, timedelta(hours=3))
    row.holds()


def test_channel_expired(row: Row) -> None:
    """Google ends a channel before its time: the sweep finds the change, and the renewal opens the next channel."""
    record = row.world.record(row.person)
    old = row.world.store.get(Channel, record.channel_id or "")
    assert old is not None
    row.world.cloud.calendar.push.channels[old.key].expiration = 0
    row.person.rename(row.event, "While nobody listened")
    row.world.sweep()
    row.world.rest()
    assert row.world.meetings(row.person)[0]["topic"] == "While nobody listened"
    row.world.renew(old)
    row.world.rest()
    row.person.rename(row.event, "While somebody listened")
    row.holds()


def test_in_the_end_every_promise_holds(world: World) -> None:
    """For every calendar of every test above, once whatever waits for its time has had it."""
    world.hold_in_the_end(set(world.cloud.calendar.store.calendars))
