"""A meeting that somebody changes or deletes at the vendor, where nobody tells us."""

from datetime import timedelta

import pytest

from confsync.domain.conference import ConferenceState
from confsync.domain.entry_point import ConferenceDetails
from confsync.domain.errors import PermissionDenied
from confsync.domain.keys import meeting_key
from tests.usecases.world import STEP, World

EVERY = timedelta(hours=18)
DAY = timedelta(days=1)


@pytest.fixture
def world() -> World:
    """An event in ten days, with a conference that is looked at from time to time."""
    world = World()
    world.build(check_every=EVERY)
    start = world.clock.now() + 10 * DAY
    world.saved(start=start, end=start + timedelta(hours=1))
    world.provider.calls.clear()
    return world


def a_day(world: World) -> None:
    world.settle(steps=DAY // STEP)


def test_a_meeting_that_was_renamed_there_is_right_within_a_day(world: World) -> None:
    meeting = world.provider.only
    world.provider.edit(title="Free pizza")
    a_day(world)
    assert world.provider.only.spec.title == "Standup"
    assert world.provider.only.id == meeting.id
    assert world.provider.calls.count("update") == 1


def test_a_meeting_that_was_deleted_there_is_made_anew_and_shown_within_a_day(world: World) -> None:
    before = world.provider.only.id
    world.provider.meetings.clear()
    a_day(world)
    assert world.provider.only.id != before
    shown = world.ann.event("event1").conference
    assert shown is not None
    assert shown.uris == world.provider.only.conference.details.uris


def test_details_that_changed_there_are_shown_within_a_day(world: World) -> None:
    world.provider.only.secret = 7
    a_day(world)
    shown = world.ann.event("event1").conference
    assert shown is not None
    assert shown.uris == world.provider.only.conference.details.uris
    assert world.provider.calls.count("update") == 0


def test_a_look_costs_one_call_about_every_eighteen_hours_until_the_event_is_over(world: World) -> None:
    for _ in range(10):
        a_day(world)
    looks = world.provider.calls.count("get")
    assert 10 <= looks <= 18
    assert set(world.provider.calls) == {"get"}
    for _ in range(5):
        a_day(world)
    assert world.provider.calls.count("get") <= looks + 2
    (conference,) = world.store._records(type(world.conference(world_id(world))))
    assert conference.due_at is None


def world_id(world: World) -> str:
    link = world.link()
    assert link is not None
    assert link.conference_id is not None
    return link.conference_id


def test_on_demand_it_is_looked_at_now(world: World) -> None:
    world.provider.edit(title="Free pizza")
    world.reconciling(world_id(world), check=True)
    assert world.provider.only.spec.title == "Standup"
    assert world.conference(world_id(world)).state is ConferenceState.ACTIVE


def test_a_look_that_is_refused_is_told_and_keeps_nothing_else(world: World) -> None:
    world.provider.fail("get", *[PermissionDenied("no scope")] * 50)
    a_day(world)
    conference = world.conference(world_id(world))
    assert (conference.state, conference.last_error) == (ConferenceState.FAILED, "PermissionDenied: no scope")
    world.ann.update("event1", title="Retro")
    world.sync()
    world.deliver()
    assert world.provider.only.spec.title == "Retro"


def test_a_vendors_word_about_a_meeting_finds_its_conference(world: World) -> None:
    meeting = world.provider.only
    found = world.store.conference_of_meeting(meeting_key("fake", {"id": meeting.id}))
    assert found is not None
    assert found.id == world_id(world)


def test_a_look_that_finds_what_we_know_changes_nothing(world: World) -> None:
    before = world.conference(world_id(world)).applied
    world.reconciling(world_id(world), check=True)
    after = world.conference(world_id(world)).applied
    assert isinstance(after.details, ConferenceDetails)
    assert (after.details, after.spec, after.version) == (before.details, before.spec, before.version)
