"""Access is lost, at any moment, and comes back: everything that happened meanwhile is found, and nothing was wiped."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from confsync.domain.calendar import PAUSED_INTERVAL, CalendarState
from confsync.domain.conference import Conference, ConferenceState
from confsync.domain.errors import ReauthorizationRequired
from tests.usecases.world import ANN, STEP, TTL, World, shown_on_event

EVENTS = ("stays", "changed", "deleted", "removed", "switched")


@pytest.fixture
def busy(world: World) -> World:
    """A calendar with some conferences, one event a page."""
    for event_id in EVENTS:
        world.saved(event_id, title=event_id)
    world.calendars.page_size = 1
    return world


def revoke_at(world: World, method: str, nth: int) -> None:
    """The grant goes with the nth call of this method from now."""
    admit, seen = world.calendars._admit, 0

    def counted(call: object) -> None:
        nonlocal seen
        seen += getattr(call, "method", "") == method
        if seen == nth:
            world.calendars.revoked.add(ANN)
            world.calendars._admit = admit  # type: ignore[method-assign]
        admit(call)  # type: ignore[arg-type]

    world.calendars._admit = counted  # type: ignore[assignment,method-assign]


def touch_all(world: World) -> None:
    for event_id in EVENTS:
        world.ann.update(event_id, location="Room 1")


def in_a_delta(world: World) -> None:
    touch_all(world)
    revoke_at(world, "list_events", 3)


def in_a_full_list(world: World) -> None:
    world.calendars.expire_sync_tokens(ANN)
    revoke_at(world, "list_events", 4)


def in_a_renewal(world: World) -> None:
    world.clock.advance(TTL * 0.5)
    revoke_at(world, "watch", 1)


def while_asking_for_events(world: World) -> None:
    world.ann.delete("deleted")
    world.calendars.expire_sync_tokens(ANN)
    revoke_at(world, "get_event", 1)


def at_rest(world: World) -> None:
    touch_all(world)
    revoke_at(world, "list_events", 1)


MOMENTS = [in_a_delta, in_a_full_list, in_a_renewal, while_asking_for_events, at_rest]


def linked(world: World) -> dict[str, str | None]:
    """Which conference each event has in our records."""
    links = {event_id: world.link(event_id) for event_id in (*EVENTS, "copy")}
    return {event_id: link.conference_id for event_id, link in links.items() if link is not None}


def change_everything(world: World) -> None:
    """What people do though we can't see it."""
    shared = world.ann.event("stays").conference
    world.ann.update("changed", title="Retro")
    if not world.calendars._of(ANN).events["deleted"].cancelled:
        world.ann.delete("deleted")
    world.ann.update("removed", conference=None)
    world.ann.update("switched", conference=shared)
    world.ann.insert(id="copy", title="copy", conference=shared)


@pytest.mark.parametrize("away", [timedelta(minutes=30), timedelta(days=2), TTL + timedelta(days=2)])
@pytest.mark.parametrize("moment", MOMENTS)
def test_whenever_access_goes_nothing_is_lost(busy: World, moment: Callable[[World], None], away: timedelta) -> None:
    before = linked(busy)
    moment(busy)
    busy.settle(steps=3)
    assert (busy.calendar.state, busy.calendar.sync_token) == (CalendarState.PAUSED, None)
    assert busy.calendar.reason
    change_everything(busy)
    while away > timedelta(0):
        busy.settle(steps=1)
        away -= STEP
    assert linked(busy) == before
    assert len(busy.provider.meetings) == len(EVENTS)

    busy.calendars.revoked.clear()
    resumed = busy.clock.now()
    while busy.calendar.state is CalendarState.PAUSED:
        busy.settle(steps=1)
    assert busy.clock.now() - resumed <= PAUSED_INTERVAL + STEP
    busy.settle(steps=2)

    kept = before["stays"]
    assert linked(busy) == {"stays": kept, "changed": before["changed"], "switched": kept, "copy": kept}
    assert sorted(meeting.spec.title for meeting in busy.provider.meetings.values()) == ["Retro", "stays"]
    assert (busy.calendar.state, busy.calendar.reason) == (CalendarState.ACTIVE, None)
    now = busy.clock.now()
    (open_at_google,) = [c.id for c in busy.calendars.channels.values() if not c.stopped and c.expiration > now]
    assert open_at_google == busy.calendar.channel_id


def test_a_new_conference_there_resumes_at_once(busy: World) -> None:
    in_a_delta(busy)
    busy.settle(steps=3)
    assert busy.calendar.state is CalendarState.PAUSED
    change_everything(busy)
    busy.calendars.revoked.clear()

    created = busy.create("new")
    busy.save(created, "new", title="new")
    busy.deliver()

    assert busy.calendar.state is CalendarState.ACTIVE
    assert sorted(meeting.spec.title for meeting in busy.provider.meetings.values()) == ["Retro", "new", "stays"]


@pytest.mark.parametrize("how", ["revoked", "404"])
def test_a_conference_that_was_saved_while_nobody_could_see_it_is_not_collected(world: World, how: str) -> None:
    created = world.create()
    world.deliver()
    lost = world.calendars._of(ANN).readers.copy()
    if how == "revoked":
        world.calendars.revoked.add(ANN)
    else:
        world.calendars.remove_calendar(ANN)
    world.ann.insert(id="event1", conference=shown_on_event(created))
    world.settle(steps=4 * 30)
    assert len(world.provider.meetings) == 1

    world.calendars.revoked.clear()
    world.calendars._of(ANN).readers |= lost
    world.settle(steps=4 * 24)

    assert world.calendar.state is CalendarState.ACTIVE
    assert world.provider.only.conference.details.uris == created.details.uris
    link = world.link()
    assert link is not None
    assert link.seen_at is not None


def test_conferences_come_back_with_the_grant_of_their_provider(world: World) -> None:
    world.saved("changed")
    world.saved("deleted")
    begin, revoked = world.provider._begin, True

    def refuse(method: str) -> None:
        if revoked:
            raise ReauthorizationRequired("the Zoom account was disconnected")
        begin(method)

    world.provider._begin = refuse  # type: ignore[method-assign]
    world.ann.update("changed", title="Retro")
    world.ann.delete("deleted")
    world.settle()
    assert len(world.provider.meetings) == 2
    conferences = world.store.due(Conference, world.clock.now() + timedelta(days=1), limit=9)
    assert {c.state for c in conferences} == {ConferenceState.FAILED}
    assert all("disconnected" in (c.last_error or "") for c in conferences)

    revoked = False
    world.settle(steps=6)

    assert world.provider.only.spec.title == "Retro"
