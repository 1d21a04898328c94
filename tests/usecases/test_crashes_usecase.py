"""The process is killed, or others act, after each call that leaves it: nothing is lost, doubled, or left behind.

`tests/simulation/` kills it at every call of everyday scenarios, and has somebody delete the event while it stands
still there: that is done here only for those that it lacks. What happens when the store fails at any call of these:
`test_store_faults_usecase.py`.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from confsync.domain import link_index
from confsync.domain.calendar import Calendar
from confsync.domain.channel import Channel, ChannelState
from confsync.domain.conference import Conference, ConferenceState
from confsync.domain.errors import Ambiguous, Busy, ConfsyncError, NotFound
from tests.simulation.gate import Crash
from tests.usecases.taps import Plug
from tests.usecases.world import ANN, LEASE, TEAM, TEAM_KEY, World, shown_on_event

MOVED = datetime(2026, 5, 4, 15, tzinfo=UTC)
START, HALF_HOUR = datetime(2026, 3, 3, 9, tzinfo=UTC), timedelta(minutes=30)
DAY = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`act` is disturbed somewhere; `prepare` before and `insist` (a person trying again) after it are not.

    In the end the provider has meetings with these `titles`, and `check` holds.
    """

    act: Callable[[World], object]
    titles: list[str]
    prepare: Callable[[World], object] = World.saved
    insist: Callable[[World], object] = lambda _: None
    check: Callable[[World], object] = lambda _: None


def nothing(_: World) -> None:
    pass


def create(world: World) -> None:
    world.create()


def create_and_save(world: World) -> None:
    with suppress(ConfsyncError):
        world.save(world.create(), title="Planning")


def create_without_answer(world: World) -> None:
    world.provider.lose_answer("create", Ambiguous("time-out"))
    create(world)


def follow(world: World) -> None:
    world.sync()
    world.deliver()


def change(world: World) -> None:
    world.ann.update("event1", title="Retro", start=MOVED)


def delete(world: World) -> None:
    world.ann.delete("event1")


def lose_meeting(world: World) -> None:
    world.provider.meetings.clear()
    change(world)


def hide_deletion(world: World) -> None:
    world.saved("event2", title="Stays")
    delete(world)
    world.calendars.expire_sync_tokens(ANN)


def copy(world: World) -> None:
    world.ann.insert(id="copy", title="Copy", conference=world.ann.event("event1").conference)
    delete(world)


def restore(world: World) -> None:
    delete(world)
    follow(world)
    world.ann.restore("event1")


def follow_team(world: World) -> None:
    team = world.team
    created = world.create("event2", calendar_id=TEAM)
    team.insert(id="event2", title="Team", conference=shown_on_event(created))
    world.deliver()
    world.sync(TEAM_KEY)
    world.deliver()


def move(world: World) -> None:
    team = world.team
    world.ann.move("event1", TEAM)
    team.update("event1", title="Moved")


def follow_old_first(world: World) -> None:
    world.sync()
    world.deliver()


def follow_new_first(world: World) -> None:
    world.sync(TEAM_KEY)
    world.deliver()
    world.sync()


def save_elsewhere(world: World) -> None:
    """It was chosen in a dialog in which another calendar was picked before saving."""
    created = world.create()
    world.deliver()
    world.team.insert(id="event1", title="Moved", conference=shown_on_event(created))
    world.clock.advance(DAY)


def kept_its_meeting(world: World) -> None:
    assert "m1" in world.provider.meetings
    assert world.link() is None
    assert world.link("event1", TEAM) is not None


def split(world: World) -> None:
    """This and the following events of a series are renamed; one of them has a meeting of its own."""
    own = world.create("event1_1", solution="jitsi")
    world.ann.insert(id="event1_1", recurring_event_id="event1", title="Guest", conference=shown_on_event(own))
    follow(world)
    shown = world.ann.event("event1_1").conference
    world.ann.delete("event1_1")
    world.ann.insert(id="event3_1", recurring_event_id="event3", title="Guest", conference=shown)
    world.ann.insert(id="event3", title="New half", conference=world.ann.event("event1").conference)
    world.calendars.page_size = 1


def kept_both_meetings(world: World) -> None:
    assert world.provider.meetings.keys() == {"m1", "m2"}
    assert world.link("event1_1") is None
    assert world.link("event3_1") is not None


def many_changes(world: World) -> None:
    world.saved("event2")
    world.calendars.page_size = 1
    change(world)
    world.ann.update("event2", title="Two")


def change_back(world: World) -> None:
    if world.ann.event("event1").title != "Standup":
        world.ann.update("event1", title="Standup", start=START, end=START + HALF_HOUR)
    follow(world)


def come_back(world: World) -> None:
    """Access returns after days in which a change could not be seen."""
    world.calendars.revoked.add(ANN)
    change(world)
    with suppress(ConfsyncError):
        world.sync()
    world.clock.advance(4 * DAY)
    world.calendars.revoked.clear()


def renewal(world: World) -> None:
    change(world)
    world.clock.advance(timedelta(days=3, hours=12))


def sweep(world: World) -> None:
    world.sweep()
    world.deliver()


def nobody_saves(world: World) -> None:
    create(world)
    world.deliver()
    world.clock.advance(DAY)


def then(*steps: Callable[[World], object]) -> Callable[[World], None]:
    def run(world: World) -> None:
        for step in steps:
            step(world)

    return run


SCENARIOS = {
    "create": Scenario(prepare=nothing, act=create, insist=create, titles=[""]),
    "create and save": Scenario(prepare=nothing, act=create, insist=create_and_save, titles=["Planning"]),
    "create without an answer": Scenario(prepare=nothing, act=create_without_answer, insist=create, titles=[""]),
    "first sync": Scenario(prepare=create_and_save, act=follow, titles=["Planning"]),
    "change": Scenario(prepare=then(World.saved, change), act=follow, titles=["Retro"]),
    "undone change": Scenario(prepare=then(World.saved, change), act=follow, insist=change_back, titles=["Standup"]),
    "paused calendar": Scenario(prepare=then(World.saved, come_back), act=follow, titles=["Retro"]),
    "delete": Scenario(prepare=then(World.saved, delete), act=follow, titles=[]),
    "meeting lost": Scenario(prepare=then(World.saved, lose_meeting), act=follow, titles=["Retro"]),
    "hidden deletion": Scenario(prepare=then(World.saved, hide_deletion), act=follow, titles=["Stays"]),
    "copy": Scenario(prepare=then(World.saved, copy), act=follow, titles=["Copy"]),
    "restore": Scenario(prepare=then(World.saved, restore), act=follow, titles=["Standup"]),
    "several pages": Scenario(prepare=then(World.saved, many_changes), act=follow, titles=["Retro", "Two"]),
    "renewal": Scenario(prepare=then(World.saved, renewal), act=sweep, titles=["Retro"]),
    "moved, old calendar first": Scenario(
        prepare=then(World.saved, follow_team, move),
        act=follow_old_first,
        titles=["Moved", "Team"],
        check=kept_its_meeting,
    ),
    "moved, new calendar first": Scenario(
        prepare=then(World.saved, follow_team, move),
        act=follow_new_first,
        titles=["Moved", "Team"],
        check=kept_its_meeting,
    ),
    "moved to an unfollowed calendar": Scenario(
        prepare=then(World.saved, move), act=follow_old_first, titles=["Moved"], check=kept_its_meeting
    ),
    "saved on another calendar": Scenario(prepare=save_elsewhere, act=sweep, titles=["Moved"], check=kept_its_meeting),
    "split": Scenario(
        prepare=then(World.saved, split), act=follow, titles=["Guest", "Standup"], check=kept_both_meetings
    ),
    "collection": Scenario(prepare=nobody_saves, act=sweep, titles=[]),
}

ONLY_HERE = ["undone change", "saved on another calendar", "split"]
"""What the table of the simulation does not have. (An instance with a meeting of its own goes through this split.)"""


def check(world: World, scenario: Scenario) -> None:
    scenario.check(world)
    check_meetings(world, scenario)
    check_channel(world)


def check_meetings(world: World, scenario: Scenario) -> None:
    assert sorted(meeting.spec.title for meeting in world.provider.meetings.values()) == scenario.titles
    check_events(world)
    later = world.clock.now() + timedelta(hours=1)
    assert world.store.due(Conference, later, limit=9) == []
    for conference in world.store._records(Conference):
        assert conference.state in {ConferenceState.ACTIVE, ConferenceState.DELETED}
        assert conference.settled


def check_events(world: World) -> None:
    """Every event that has a conference shows a meeting that exists."""
    uris = {uri for meeting in world.provider.meetings.values() for uri in meeting.conference.details.uris}
    for calendar in world.calendars._calendars.values():
        for event in calendar.events.values():
            if not event.cancelled and event.conference is not None:
                assert event.conference.uris <= uris


def check_index(world: World) -> None:
    """No calendar's record has forgotten a link."""
    for calendar in world.store._records(Calendar):
        assert calendar.link_index is not None
        links = {link.key for link in world.store.links_of_calendar(calendar.key)}
        assert link_index.named(calendar.link_index, links) == links


def check_channel(world: World) -> None:
    check_index(world)
    for calendar in world.store._records(Calendar):
        assert calendar.sync_token is not None
        assert not calendar.lease.taken(world.clock.now())
        channel = world.channel(calendar.channel_id)
        assert channel.state is ChannelState.ACTIVE
        assert not world.calendars.channels[channel.key].stopped
        in_use = [each.key for each in world.channels_in_use() if each.calendar_key == calendar.key]
        assert in_use == [channel.key]
    assert world.store.due(Channel, world.clock.now(), limit=9) == []


def crashed(scenario: Scenario, number: int) -> bool:
    """Play it, with the process killed after the call of that number; whether that was before the deed was done."""
    world = World()
    scenario.prepare(world)
    world.plug.arm(number)
    came = False
    try:
        with suppress(ConfsyncError):
            scenario.act(world)
    except Crash:
        came = True
        world.clock.advance(LEASE)
    world.plug.arm()
    scenario.insist(world)
    world.settle()
    world.settle()
    check(world, scenario)
    return came


@pytest.mark.parametrize("name", ONLY_HERE)
def test_a_crash_after_any_call(name: str) -> None:
    number = 1
    while crashed(SCENARIOS[name], number):
        number += 1
    assert number > 5, "there was nothing to crash"


# --- others at the same time ---------------------------------------------------------------------


class Interruption(Plug):
    """Something happens elsewhere after the call of that number."""

    def __init__(self, number: int, action: Callable[[], None]) -> None:
        super().__init__()
        self.number = number
        self.action = action

    def passed(self) -> None:
        self.count += 1
        if self.count == self.number:
            self.action()


def others_while_it_sleeps(world: World) -> None:
    """The worker sleeps for longer than its lease, and others go on."""
    world.clock.advance(LEASE)
    world.settle(steps=2)


def an_edit(world: World) -> None:
    with suppress(NotFound):
        world.ann.update("event1", title="Edited")
    with suppress(Busy):
        world.sync()
    world.deliver()


def a_deletion_while_it_sleeps(world: World) -> None:
    with suppress(NotFound):
        delete(world)
    others_while_it_sleeps(world)


def a_choice_for_another_event(world: World) -> None:
    """Of which the calendar's record must know, wherever its sync is."""
    created = world.create("event3")
    with suppress(Busy):
        world.sync()
    world.save(created, "event3", title="Another")


def interrupt(scenario: Scenario, other: Callable[[World], None], number: int) -> bool:
    """Play it, and the other thing after that many calls; whether that was before the deed was done."""
    world = World()
    scenario.prepare(world)
    plug = Interruption(number, lambda: other(world))
    world.plug = plug
    world.build()
    with suppress(ConfsyncError):
        scenario.act(world)
    came = plug.count >= number
    plug.number = 0
    world.clock.advance(DAY)
    world.settle()
    check_agreement(world)
    return came


def check_agreement(world: World) -> None:
    """Events and meetings are as the last one who acted left them, and nothing is left to do."""
    events = [event for calendar in world.calendars._calendars.values() for event in calendar.events.values()]
    shown = {(e.title, e.conference.uris) for e in events if not e.cancelled and e.conference is not None}
    meetings = {(m.spec.title, m.conference.details.uris) for m in world.provider.meetings.values()}
    assert meetings == shown
    for conference in world.store._records(Conference):
        assert conference.settled
        assert conference.due_at is None
        assert (conference.expire_at is None) == conference.wanted
    check_channel(world)


INTERRUPTED = [
    "create",
    "first sync",
    "change",
    "delete",
    "meeting lost",
    "hidden deletion",
    "restore",
    "paused calendar",
    "renewal",
    "moved, old calendar first",
    "moved to an unfollowed calendar",
    "saved on another calendar",
]


OTHERS = [others_while_it_sleeps, an_edit, a_choice_for_another_event]


@pytest.mark.parametrize(
    ("name", "other"),
    [*product(INTERRUPTED, OTHERS), ("saved on another calendar", a_deletion_while_it_sleeps)],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_others_act_after_any_call(name: str, other: Callable[[World], None]) -> None:
    number = 1
    while interrupt(SCENARIOS[name], other, number):
        number += 1
    assert number > 5, "there was nothing to interrupt"
