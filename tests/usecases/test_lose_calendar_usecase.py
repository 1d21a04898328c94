"""A calendar whose owner can't reach it: handed to another owner, looked at again, given up after a month."""

from dataclasses import replace
from datetime import timedelta

import pytest

from confsync.domain import keys
from confsync.domain.calendar import DELETED_AFTER, Calendar, CalendarState
from confsync.domain.conference import ConferenceState
from confsync.domain.errors import PermissionDenied, ServiceError, Temporary
from confsync.usecases.sync_calendar import SyncReport
from tests.fakes.calendar import FakeCalendar
from tests.simulation.gate import Crash
from tests.usecases.world import ANN, BEN, KEY, TTL, World, shown_on_event

TEAM = "team@group.calendar.example.com"
TEAM_KEY = keys.calendar_key(TEAM)
DAY = timedelta(days=1)


class Team:
    """Ann's team calendar, on which Ben and others may write."""

    def __init__(self, world: World, *others: str) -> None:
        self.world = world
        self.ann = world.calendars.add_calendar(TEAM, ANN)
        self.users = {ANN: self.ann} | {other: world.calendars.share(TEAM, other) for other in others}

    def saved(self, event_id: str, user: str) -> str:
        """An event of the user's with a conference, and everything at rest; returns the conference's id."""
        created = self.world.create(event_id, user=user, calendar_id=TEAM)
        self.users[user].insert(id=event_id, conference=shown_on_event(created))
        self.world.deliver()
        self.sync()
        self.world.deliver()
        return created.conference_id

    def sync(self) -> SyncReport:
        return self.world.syncing(TEAM_KEY)

    def lose(self, account: str, how: str) -> None:
        if how == "revoked":
            self.world.calendars.revoked.add(account)
        else:
            self.world.calendars.unshare(TEAM, account)

    @property
    def calendar(self) -> Calendar:
        found = self.world.store.get(Calendar, TEAM_KEY)
        assert found is not None
        return found


@pytest.fixture
def team(world: World) -> Team:
    team = Team(world, BEN)
    team.saved("of ann", ANN)
    team.saved("of ben", BEN)
    assert team.calendar.owner == ANN
    return team


def titles(world: World) -> list[str]:
    return sorted(meeting.spec.title for meeting in world.provider.meetings.values())


# --- another owner -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["revoked", "404"])
def test_another_owner_takes_over_with_a_full_list(world: World, team: Team, how: str) -> None:
    team.lose(ANN, how)
    team.users[BEN].update("of ann", title="Retro")
    team.users[BEN].delete("of ben")

    assert team.sync().error is not None
    calendar = team.calendar
    assert (calendar.owner, calendar.state, calendar.sync_token) == (BEN, CalendarState.ACTIVE, None)
    assert calendar.reason
    world.clock.advance(timedelta(seconds=2))
    world.deliver()

    assert titles(world) == ["Retro"]
    calendar = team.calendar
    assert (calendar.state, calendar.reason, calendar.failures) == (CalendarState.ACTIVE, None, 0)
    assert world.channel(calendar.channel_id).owner == BEN


def test_nobody_takes_over_what_nobody_else_can_read(world: World, team: Team) -> None:
    team.lose(ANN, "revoked")
    team.lose(BEN, "404")

    team.sync()

    assert (team.calendar.owner, team.calendar.state) == (ANN, CalendarState.PAUSED)
    world.calendars.share(TEAM, BEN)
    world.settle()
    assert (team.calendar.owner, team.calendar.state) == (BEN, CalendarState.ACTIVE)


def test_a_refused_watch_is_no_reason_to_change_the_owner(
    world: World, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise PermissionDenied("401 push.webhookUrlUnauthorized")

    monkeypatch.setattr(FakeCalendar, "watch", refuse)
    world.clock.advance(TTL)
    team.ann.update("of ben", title="Retro")

    world.settle()

    assert (team.calendar.owner, team.calendar.state) == (ANN, CalendarState.POLLING)
    assert team.calendar.reason == "401 push.webhookUrlUnauthorized"
    assert titles(world) == ["Retro", "Standup"]


def test_a_few_others_are_tried_and_the_next_ones_next_time(world: World) -> None:
    others = [f"user{index}@example.com" for index in range(12)]
    team = Team(world, *others)
    for user in (ANN, *others):
        team.saved(f"of {user}", user)
    for user in (ANN, *others[:-1]):
        team.lose(user, "404")
    world.calendars.calls.clear()

    team.sync()
    tried = {call.account for call in world.calendars.calls if call.method == "list_events"} - {ANN}
    assert len(tried) <= 5
    for _ in range(5):
        world.settle()

    assert (team.calendar.owner, team.calendar.state) == (others[-1], CalendarState.ACTIVE)


def test_a_failure_of_the_owner_before_is_none_of_the_new_one(
    world: World, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.calendars.fail("list_events", PermissionDenied("while Ben comes"))
    ask = world.calendars._ask

    def handed_over(method: str, *args: str) -> object:
        if method == "list_events":
            world.put(replace(team.calendar, owner=BEN))
        return ask(method, *args)

    monkeypatch.setattr(world.calendars, "_ask", handed_over)

    team.sync()

    assert (team.calendar.owner, team.calendar.state, team.calendar.failures) == (BEN, CalendarState.ACTIVE, 0)


# --- gone ----------------------------------------------------------------------------------------


def days(world: World, count: int) -> None:
    """The sweep comes every two hours."""
    for _ in range(12 * count):
        world.sweep()
        world.deliver()
        world.clock.advance(timedelta(hours=2))


def test_a_gone_calendar_is_looked_at_again_at_growing_intervals(world: World) -> None:
    world.saved()
    world.calendars.remove_calendar(ANN)
    waits = []

    for _ in range(30):
        world.syncing(KEY)
        assert (world.calendar.state, world.calendar.reason is not None) == (CalendarState.GONE, True)
        assert world.calendar.due_at is not None
        waits.append(world.calendar.due_at - world.clock.now())
        world.clock.advance(waits[-1])

    assert waits[0] < timedelta(minutes=15)
    assert all(wait < DAY for wait in waits)
    assert waits[20] > timedelta(hours=12)
    assert len(world.provider.meetings) == 1
    assert world.channels_in_use() == []


def test_a_gone_calendar_that_answers_again_has_lost_nothing(world: World) -> None:
    world.saved()
    world.saved("event2", title="Two")
    world.calendars.remove_calendar(ANN)
    world.syncing(KEY)
    days(world, 28)
    world.ann.update("event1", title="Retro")
    world.ann.delete("event2")
    assert world.calendar.state is CalendarState.GONE

    world.calendars.share(ANN, ANN)
    days(world, 1)

    assert titles(world) == ["Retro"]
    assert (world.calendar.state, world.calendar.gone_since) == (CalendarState.ACTIVE, None)


def test_after_a_month_it_counts_as_deleted(world: World) -> None:
    created = [world.saved(f"event{index}") for index in range(3)]
    world.calendars.remove_calendar(ANN)
    world.syncing(KEY)
    gone_since = world.calendar.gone_since

    days(world, 29)
    assert len(world.provider.meetings) == 3
    days(world, 3)

    assert world.provider.meetings == {}
    assert list(world.store.links_of_calendar(KEY)) == []
    assert {world.conference(each.conference_id).state for each in created} == {ConferenceState.DELETED}
    calendar = world.calendar
    assert (calendar.state, calendar.due_at, calendar.gone_since) == (CalendarState.GONE, None, gone_since)
    assert "counts as deleted" in (calendar.reason or "")


def test_what_another_calendar_has_too_stays(world: World, team: Team) -> None:
    shown = team.ann.event("of ann").conference
    world.saved("own")
    world.ann.insert(id="copy", title="Copy", conference=shown)
    world.sync()
    world.calendars.remove_calendar(TEAM)
    team.sync()

    days(world, 33)

    assert titles(world) == ["Copy", "Standup"]


def test_what_was_moved_away_before_anybody_looked_keeps_its_meeting(world: World, team: Team) -> None:
    team.ann.move("of ann", ANN)
    team.users[BEN].delete("of ben")
    world.calendars.remove_calendar(TEAM)
    team.sync()

    days(world, 33)

    assert titles(world) == ["Standup"]
    assert world.provider.calls.count("create") == 2
    link = world.link("of ann", ANN)
    assert link is not None
    world.ann.update("of ann", title="Retro")
    world.sync(KEY)
    world.deliver()
    assert titles(world) == ["Retro"]


def test_what_cannot_be_looked_for_is_not_given_up(world: World, team: Team) -> None:
    world.calendars.remove_calendar(TEAM)
    team.sync()
    world.clock.advance(DELETED_AFTER)
    world.calendars.fail("list_calendars", Temporary("503"))

    team.sync()
    world.settle()
    assert len(world.provider.meetings) == 2

    days(world, 2)
    assert world.provider.meetings == {}


@pytest.mark.parametrize("at", range(1, 12))
def test_a_crash_while_it_is_given_up_leaves_the_rest_for_later(
    world: World, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr("confsync.usecases.syncing.remove_calendar.LINKS_PER_COMMIT", 1)
    for index in range(3):
        world.saved(f"event{index}")
    world.calendars.remove_calendar(ANN)
    world.syncing(KEY)
    world.clock.advance(DELETED_AFTER)
    world.plug.arm(at)

    with pytest.raises(Crash):
        world.syncing(KEY)
    days(world, 3)

    assert world.provider.meetings == {}
    assert list(world.store.links_of_calendar(KEY)) == []
    assert world.calendar.due_at is None


def test_a_person_who_comes_back_to_it_stops_the_giving_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("confsync.usecases.syncing.remove_calendar.LINKS_PER_COMMIT", 1)
    for index in range(3):
        world.saved(f"event{index}")
    world.calendars.remove_calendar(ANN)
    world.syncing(KEY)
    world.clock.advance(DELETED_AFTER)
    links = world.store.links_of_calendar

    def back(calendar_key: str, *, limit: int | None = None) -> object:
        found = list(links(calendar_key, limit=limit))
        if limit is None and len(list(links(KEY))) == 2:
            world.calendars.share(ANN, ANN)
            world.create("new")
        return iter(found)

    monkeypatch.setattr(world.store, "links_of_calendar", back)

    world.syncing(KEY)
    monkeypatch.undo()
    days(world, 1)

    assert world.calendar.state is CalendarState.ACTIVE
    assert len(world.provider.meetings) == 4, "what was given up too early is made anew: its event shows it"


@pytest.mark.parametrize("error", [Temporary("503"), PermissionDenied("revoked")])
def test_only_404_counts(world: World, error: ServiceError) -> None:
    world.saved()
    world.calendars.remove_calendar(ANN)
    world.syncing(KEY)
    world.clock.advance(DELETED_AFTER)
    world.calendars.fail("watch", error)
    world.calendars.fail("list_events", error)

    world.syncing(KEY)

    assert world.calendar.due_at is not None
    assert list(world.store.links_of_calendar(KEY)) != []
    assert len(world.provider.meetings) == 1
