"""Events that are moved to another calendar keep their meeting and its address."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.errors import (
    PermissionDenied,
    RateLimited,
    ServiceError,
    StoreConflict,
    Temporary,
)
from confsync.domain.event import Event
from confsync.domain.keys import calendar_key
from confsync.domain.plan import Action
from tests.fakes.calendar import FakeCalendar, FakeUser
from tests.usecases.world import ANN, BEN, KEY, TEAM, TEAM_KEY, World, caller

DAY = timedelta(hours=24)


@pytest.fixture
def team(world: World) -> FakeUser:
    """A calendar of Ann's that nobody follows."""
    return world.team


def followed(world: World, user: str = ANN) -> None:
    """The team's calendar is followed, and at rest."""
    world.create("other", calendar_id=TEAM, user=user)
    world.deliver()


def team_calendar(world: World) -> Calendar:
    found = world.store.get(Calendar, TEAM_KEY)
    assert found is not None
    return found


def check_moved(world: World, conference_id: str, title: str = "Standup") -> None:
    """The same meeting is on the team's calendar, and follows it."""
    world.settle()
    link = world.link("event1", TEAM)
    assert link is not None
    assert (link.conference_id, link.calendar_key) == (conference_id, TEAM_KEY)
    assert world.link() is None
    conference = world.conference(conference_id)
    assert conference.links == (link.key,)
    assert (conference.generation, conference.settled) == (1, True)
    assert conference.applied.spec is not None
    assert conference.applied.spec.title == title


def old_first(world: World) -> None:
    world.sync()
    world.deliver()
    world.sync(TEAM_KEY)


def new_first(world: World) -> None:
    world.sync(TEAM_KEY)
    world.deliver()
    world.sync()


@pytest.mark.parametrize("order", [old_first, new_first])
def test_between_two_followed_calendars(world: World, team: FakeUser, order: Callable[[World], None]) -> None:
    followed(world)
    created = world.saved()

    world.ann.move("event1", TEAM)
    team.update("event1", title="Retro")
    order(world)

    check_moved(world, created.conference_id, "Retro")


def test_to_a_calendar_that_nobody_follows_yet(world: World, team: FakeUser) -> None:
    created = world.saved()
    world.ann.move("event1", TEAM)

    report = world.sync()

    assert report.first_syncs == {TEAM_KEY}
    calendar = team_calendar(world)
    assert (calendar.owner, calendar.tenant, calendar.calendar_id) == (ANN, caller(ANN).tenant, TEAM)
    world.deliver()
    assert {channel.calendar_id for channel in world.calendars.channels.values()} == {ANN, TEAM}
    team.update("event1", title="Retro")
    world.sync(TEAM_KEY)
    world.deliver()
    check_moved(world, created.conference_id, "Retro")
    assert team_calendar(world).sync_token is not None


def test_to_a_calendar_whose_sync_the_queue_refuses(world: World, team: FakeUser) -> None:
    del team
    created = world.saved()
    world.ann.move("event1", TEAM)
    world.queue.error = Temporary("503")
    world.sync()
    world.queue.error = None

    check_moved(world, created.conference_id)
    assert team_calendar(world).channel_id is not None


@pytest.mark.parametrize("state", [CalendarState.PAUSED, CalendarState.GONE])
def test_to_a_calendar_that_was_given_up(world: World, team: FakeUser, state: CalendarState) -> None:
    del team
    world.calendars.share(TEAM, BEN)
    followed(world, BEN)
    ours = caller(ANN).tenant
    world.put(replace(team_calendar(world), tenant=ours, state=state, sync_token=None, due_at=None))
    created = world.saved()

    world.ann.move("event1", TEAM)
    world.sync()
    world.deliver()

    assert (team_calendar(world).owner, team_calendar(world).state) == (ANN, CalendarState.ACTIVE)
    check_moved(world, created.conference_id)


def test_to_another_persons_calendar(world: World) -> None:
    created = world.saved()
    ben = world.calendars.user(BEN)
    world.calendars.share(BEN, ANN)

    world.ann.move("event1", BEN)
    world.sync()
    world.deliver()
    ben.update("event1", title="Ben's")
    world.settle()

    assert world.provider.only.spec.title == "Ben's"
    assert world.provider.only.conference.details == created.details
    link = world.link("event1", BEN)
    assert link is not None
    assert link.owner == ANN, "who moved it there can reach it"


def test_to_a_calendar_out_of_reach_it_is_gone(world: World) -> None:
    world.saved()
    world.calendars.user(BEN)

    world.ann.move("event1", BEN)
    world.sync()
    world.deliver()

    assert world.provider.meetings == {}


def test_never_to_another_tenants_calendar(world: World, team: FakeUser) -> None:
    world.calendars.share(TEAM, "eve@example.org")
    followed(world, "eve@example.org")
    theirs = team_calendar(world)
    created = world.saved()
    del team

    world.ann.move("event1", TEAM)
    world.sync()
    world.deliver()

    assert not world.conference(created.conference_id).wanted
    assert world.link("event1", TEAM) is None
    assert team_calendar(world) == theirs


def test_back_and_forth(world: World, team: FakeUser) -> None:
    created = world.saved()
    world.ann.move("event1", TEAM)
    world.sync()
    world.deliver()
    team.move("event1", ANN)
    world.ann.update("event1", title="Home again")

    world.sync(TEAM_KEY)
    world.settle()

    assert world.provider.only.spec.title == "Home again"
    assert world.conference(created.conference_id).generation == 1
    assert world.link("event1", TEAM) is None


def test_several_at_once(world: World, team: FakeUser) -> None:
    del team
    ids = [f"event{n}" for n in range(13)]
    for event_id in ids:
        world.saved(event_id, title=event_id)
    uris = {meeting.conference.details.video_uri for meeting in world.provider.meetings.values()}
    for event_id in ids:
        world.ann.move(event_id, TEAM)

    report = world.sync()
    world.settle()

    assert report.actions == Counter({Action.ADOPTED: 13, Action.DELETED: 13})
    assert {meeting.conference.details.video_uri for meeting in world.provider.meetings.values()} == uris
    assert all(world.link(event_id, TEAM) for event_id in ids)


def test_what_a_full_list_lacks_is_looked_for_too(world: World, team: FakeUser) -> None:
    del team
    created = world.saved()
    world.ann.move("event1", TEAM)
    world.calendars.expire_sync_tokens(ANN)

    assert world.sync().full

    check_moved(world, created.conference_id)


def test_a_moved_event_that_shows_another_conference_by_now_lost_ours(world: World, team: FakeUser) -> None:
    world.saved()
    world.ann.move("event1", TEAM)
    team.update("event1", conference=None)

    world.sync()
    world.deliver()

    assert world.provider.meetings == {}
    assert world.store.get(Calendar, TEAM_KEY) is None, "there is nothing to follow"


def test_a_copy_on_an_attendees_calendar_is_no_new_home(world: World) -> None:
    world.saved()
    world.calendars.share(BEN, ANN)
    shown = world.ann.event("event1").conference
    world.calendars.user(BEN).insert(id="event1", conference=shown, organizer=ANN, organizer_self=False)
    world.ann.delete("event1")

    world.sync()
    world.deliver()

    assert world.provider.meetings == {}
    assert world.store.get(Calendar, calendar_key(BEN)) is None, "there is nothing to follow"


@pytest.mark.parametrize("error", [Temporary("503"), RateLimited("quota")])
@pytest.mark.parametrize("method", ["list_calendars", "get_event"])
def test_what_cannot_be_looked_for_now_is_not_deleted(
    world: World, team: FakeUser, method: str, error: ServiceError
) -> None:
    del team
    created = world.saved()
    world.ann.move("event1", TEAM)
    token = world.calendar.sync_token
    world.calendars.fail(method, error)

    with pytest.raises(type(error)):
        world.sync()
    assert world.calendar.sync_token == token

    check_moved(world, created.conference_id)


def test_an_account_that_may_not_list_calendars_is_asked_for_its_own(world: World, team: FakeUser) -> None:
    followed(world)
    moved = world.create("event1", calendar_id=TEAM)
    shown = world.save(moved, "elsewhere").conference
    world.ann.delete("elsewhere")
    team.insert(id="event1", conference=shown)
    world.sync(TEAM_KEY)
    world.deliver()
    team.move("event1", ANN)
    world.calendars.fail("list_calendars", PermissionDenied("insufficient scopes"))

    world.sync(TEAM_KEY)
    world.settle()

    assert world.link() is not None
    assert world.conference(moved.conference_id).generation == 1


def test_an_account_that_may_not_list_calendars_deletes_what_left_its_own(world: World, team: FakeUser) -> None:
    del team
    world.saved()
    world.ann.move("event1", TEAM)
    world.calendars.fail("list_calendars", PermissionDenied("insufficient scopes"))

    world.sync()
    world.deliver()

    assert world.provider.meetings == {}


def test_it_is_looked_for_on_so_many_calendars_and_listed_once(world: World) -> None:
    for event_id in ("event1", "event2"):
        world.saved(event_id)
    for event_id in ("event1", "event2"):
        world.ann.delete(event_id)
    for number in range(60):
        world.calendars.add_calendar(f"c{number}@group.calendar.example.com", ANN)
    world.calendars.calls.clear()

    world.sync()

    calls = Counter(call.method for call in world.calendars.calls)
    assert calls == {"list_events": 1, "list_calendars": 1, "get_event": 2 * 49}


def test_looking_for_many_keeps_the_lease(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        world.calendars.add_calendar(f"c{number}@group.calendar.example.com", ANN)
    for number in range(20):
        world.saved(f"event{number}")
    for number in range(20):
        world.ann.delete(f"event{number}")
    get_event = FakeCalendar.get_event

    def slow(self: FakeCalendar, *args: str) -> Event:
        world.clock.advance(timedelta(seconds=1))
        assert world.calendar.lease.taken(world.clock.now())
        return get_event(self, *args)

    monkeypatch.setattr(FakeCalendar, "get_event", slow)

    assert world.sync().actions == {Action.DELETED: 20}


def test_the_new_calendars_own_sync_may_come_in_between(
    world: World, team: FakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read a newer state of the event than we did: ours must not be written over it."""
    followed(world)
    created = world.saved()
    world.ann.move("event1", TEAM)
    commit = world.store.commit
    conflicts: list[StoreConflict] = []

    def overtaken(writes: object) -> None:
        monkeypatch.setattr(world.store, "commit", commit)
        team.update("event1", title="Newer")
        world.sync(TEAM_KEY)
        try:
            commit(writes)  # type: ignore[arg-type]
        except StoreConflict as error:
            conflicts.append(error)
            raise

    monkeypatch.setattr(world.store, "commit", overtaken)

    world.sync()

    assert len(conflicts) == 1
    check_moved(world, created.conference_id, "Newer")


def test_what_the_new_calendars_own_sync_read_is_not_written_over(
    world: World, team: FakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed(world)
    created = world.saved()
    world.ann.move("event1", TEAM)
    get_event = FakeCalendar.get_event

    def renamed_meanwhile(self: FakeCalendar, calendar_id: str, event_id: str) -> Event:
        event = get_event(self, calendar_id, event_id)
        monkeypatch.setattr(FakeCalendar, "get_event", get_event)
        team.update("event1", title="Newer")
        world.sync(TEAM_KEY)
        return event

    monkeypatch.setattr(FakeCalendar, "get_event", renamed_meanwhile)

    world.sync()

    check_moved(world, created.conference_id, "Newer")


# --- chosen on one calendar, saved on another --------------------------------------------------------------------


def chosen_here_saved_there(world: World, team: FakeUser) -> str:
    created = world.create()
    world.deliver()
    saved = world.save(created, "elsewhere")
    world.ann.delete("elsewhere")
    team.insert(id="event1", conference=saved.conference, title="Planning")
    return created.conference_id


def test_a_choice_that_was_saved_on_another_calendar_is_found_there(world: World, team: FakeUser) -> None:
    conference_id = chosen_here_saved_there(world, team)
    world.clock.advance(DAY)

    world.settle()

    assert world.provider.only.spec.title == "Planning"
    check_moved(world, conference_id, "Planning")
    assert world.conference(conference_id).due_at is None


def test_where_a_choice_was_saved_cannot_be_looked_for_now(world: World, team: FakeUser) -> None:
    conference_id = chosen_here_saved_there(world, team)
    world.clock.advance(DAY)
    world.sync()
    world.calendars.fail("list_calendars", Temporary("503"))

    with pytest.raises(Temporary):
        world.collect(conference_id)

    world.settle()
    check_moved(world, conference_id, "Planning")


def test_an_event_that_shows_another_choice_is_not_looked_for(world: World) -> None:
    created = world.create()
    world.ann.insert(id="event1", title="No conference after all")
    world.deliver()
    world.clock.advance(DAY)
    world.calendars.calls.clear()

    world.collect(created.conference_id)

    assert [call.method for call in world.calendars.calls] == ["get_event"]
    assert world.calendar.key == KEY
