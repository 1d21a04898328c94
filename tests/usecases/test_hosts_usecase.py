"""A pool of hosts: nobody has two meetings at a time, whoever else takes one at the same moment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from confsync.domain.conference import ConferenceState
from confsync.domain.errors import PermissionDenied
from tests.usecases.world import World

ROOMS = ("room1@example.com", "room2@example.com")
HOUR = timedelta(hours=1)


@pytest.fixture
def pool(world: World) -> World:
    world.providers.solutions["zoom"] = replace(world.providers.solutions["zoom"], hosts=ROOMS)
    return world


def planned(world: World, event_id: str, start: timedelta = HOUR, **fields: object) -> str:
    """An event that starts so much later than now, with a conference; returns the conference's id."""
    begins = world.clock.now() + timedelta(days=1) + start
    world.ann.insert(id=event_id, title=event_id, start=begins, end=begins + HOUR, **fields)
    created = world.create(event_id)
    world.save(created, event_id)
    world.deliver()
    world.sync()
    world.deliver()
    return created.conference_id


def hosts(world: World) -> dict[str, str]:
    return {meeting.spec.title: meeting.spec.host for meeting in world.provider.meetings.values()}


def test_meetings_at_one_time_have_different_hosts(pool: World) -> None:
    planned(pool, "one")
    planned(pool, "two")
    assert sorted(hosts(pool).values()) == sorted(ROOMS)
    with pytest.raises(PermissionDenied, match="all 2 hosts of Zoom have another meeting at that time"):
        planned(pool, "three")
    planned(pool, "later", 3 * HOUR)
    assert set(hosts(pool)) == {"one", "two", "later"}


def test_a_host_is_free_again_when_their_meeting_is_gone(pool: World) -> None:
    planned(pool, "one")
    planned(pool, "two")
    before = hosts(pool)
    pool.ann.delete("one")
    pool.sync()
    pool.deliver()
    planned(pool, "three")
    assert hosts(pool) == {"two": before["two"], "three": before["one"]}


def test_a_meeting_that_is_moved_to_where_its_host_is_busy_gets_another_one(pool: World) -> None:
    pool.clock.advance(HOUR)
    planned(pool, "one")
    planned(pool, "early", 8 * HOUR)
    moved = pool.conference(planned(pool, "moved", 12 * HOUR)).applied.reference
    assert moved is not None
    busy = next(title for title, host in hosts(pool).items() if host == moved.host and title != "moved")
    event = pool.ann.event(busy)
    assert event.start is not None
    assert event.end is not None
    pool.ann.update("moved", start=event.start.at, end=event.end.at)
    pool.sync()
    pool.deliver()
    assert hosts(pool)["moved"] != hosts(pool)[busy]
    shown = pool.ann.event("moved").conference
    assert shown is not None
    assert shown.uris in [m.conference.details.uris for m in pool.provider.meetings.values() if m.spec.title == "moved"]


def test_a_move_for_which_nobody_is_free_is_told_and_the_meeting_stays(pool: World) -> None:
    planned(pool, "one")
    planned(pool, "two")
    conference_id = planned(pool, "three", 5 * HOUR)
    taken = pool.ann.event("one").start
    assert taken is not None
    pool.ann.update("three", start=taken.at, end=taken.at + HOUR)
    pool.sync()
    pool.deliver()
    conference = pool.conference(conference_id)
    assert conference.state is ConferenceState.FAILED
    assert "all 2 hosts" in (conference.last_error or "")
    assert len(pool.provider.meetings) == 3

    pool.ann.delete("two")
    pool.settle()
    assert pool.conference(conference_id).state is ConferenceState.ACTIVE
    assert hosts(pool)["three"] != hosts(pool)["one"]


def test_two_workers_never_take_the_same_host(pool: World) -> None:
    """The second one reads before the first has written."""
    begins = pool.clock.now() + timedelta(days=1)
    for event_id in ("one", "two"):
        pool.ann.insert(id=event_id, title=event_id, start=begins, end=begins + HOUR)
    pool.provider.ahead_of("create", lambda: pool.create("two"))
    pool.create("one")
    assert sorted(hosts(pool).values()) == sorted(ROOMS)


def test_one_named_host_has_all_meetings(world: World) -> None:
    world.providers.solutions["zoom"] = replace(world.providers.solutions["zoom"], hosts=ROOMS[:1])
    planned(world, "one")
    planned(world, "two")
    assert set(hosts(world).values()) == {ROOMS[0]}


def test_a_licence_for_two_at_once(pool: World) -> None:
    pool.providers.solutions["zoom"] = replace(pool.providers.solutions["zoom"], at_once=2)
    for number in range(4):
        planned(pool, f"event{number}")
    assert sorted(hosts(pool).values()) == sorted(ROOMS * 2)
    with pytest.raises(PermissionDenied):
        planned(pool, "fifth")
