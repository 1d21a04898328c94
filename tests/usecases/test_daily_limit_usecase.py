"""A vendor that takes so many creations and changes of a host's meetings a day."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from confsync.domain.budget import GUARD, STAGGER, Budget
from confsync.domain.conference import Conference, ConferenceState
from confsync.domain.errors import (
    Ambiguous,
    ConfsyncError,
    NotConfigured,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    Temporary,
)
from tests.fakes.clock import FakeClock
from tests.simulation.gate import Crash
from tests.usecases.world import ANN, BEN, LEASE, World

LIMIT = 100
FREE = 50
MOST = 80  # changes
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
EARLY = timedelta(minutes=2)


def limited(calls: int = LIMIT, *, after: timedelta = EARLY) -> World:
    """A world with such a vendor, so long after midnight."""
    world = World(FakeClock(MIDNIGHT + after))
    world.provider.limit_days(calls)
    return world


def edit(world: World, title: str, event_id: str = "event1") -> None:
    """The event is renamed, and all that can be done at once is done."""
    world.ann.update(event_id, title=title)
    world.sync()
    world.deliver()


def calls(world: World, *methods: str) -> int:
    return sum(world.provider.calls.count(method) for method in methods)


def use_up(world: World) -> None:
    """Others make meetings for Ann until there is nothing left."""
    number = 0
    while True:
        number += 1
        try:
            world.create(f"other{number}")
        except RateLimited:
            return


def test_whoever_edits_all_the_time_uses_half_at_once_and_the_last_edit_wins() -> None:
    world = limited()
    created = world.saved()
    used = calls(world, "create", "update")

    for number in range(120):
        edit(world, f"Title {number}")

    assert calls(world, "create", "update") == FREE
    conference = world.conference(created.conference_id)
    assert conference.state is ConferenceState.PENDING
    assert conference.last_error is not None
    assert f"fake takes {LIMIT} new and changed meetings a day for {ANN}, of which {FREE} are used" in (
        conference.last_error
    )
    assert conference.due_at is not None
    slot = MIDNIGHT + timedelta(minutes=48)
    assert slot <= conference.due_at < slot + STAGGER

    world.clock.advance(conference.due_at - world.clock.now())
    world.deliver()

    assert calls(world, "create", "update") == FREE + 1
    assert world.provider.only.spec.title == "Title 119"
    assert world.conference(created.conference_id).state is ConferenceState.ACTIVE
    assert used <= 2


def test_many_events_edited_often_leave_a_fifth_for_creations_and_are_all_done_in_the_end() -> None:
    world = limited()
    events = [f"event{n}" for n in range(30)]
    for event_id in events:
        world.saved(event_id)
    for round_ in range(8):
        for event_id in events:
            edit(world, f"Title {round_}", event_id)
        world.settle(steps=10)  # two hours and a half
    assert calls(world, "create", "update") <= MOST
    world.create("another")

    world.settle(steps=4 * 12)

    titles = [meeting.spec.title for meeting in world.provider.meetings.values()]
    assert sorted(titles) == ["", *["Title 7"] * 30]
    assert max(world.provider.counted.values()) <= LIMIT
    for conference in world.store._records(Conference):
        assert conference.state is ConferenceState.ACTIVE


def test_with_half_of_it_a_day_nobody_waits() -> None:
    world = limited()
    created = world.saved()
    for number in range(FREE - calls(world, "create", "update")):
        edit(world, f"Title {number}")
        assert world.conference(created.conference_id).state is ConferenceState.ACTIVE
        assert world.provider.only.spec.title == f"Title {number}"


# --- when nothing is left ------------------------------------------------------------------------


def test_a_choice_is_told_which_limit_and_whose() -> None:
    world = limited(3)
    use_up(world)

    with pytest.raises(RateLimited, match=f"fake takes 3 new and changed meetings a day for {ANN}, .* are used"):
        world.create("event1")

    assert world.clock.slept == [], "no use in waiting for it"
    assert calls(world, "create") == 3
    world.clock.advance(DAY)
    world.create("event1")
    assert calls(world, "create") == 4


def test_a_meeting_that_somebody_deleted_is_made_anew_when_there_is_more() -> None:
    world = limited(4)
    created = world.saved()
    world.provider.meetings.clear()
    edit(world, "Retro")  # a call for nothing: it is gone
    use_up(world)
    assert {meeting.spec.title for meeting in world.provider.meetings.values()} <= {""}, "the others'"

    world.clock.advance(DAY)
    world.settle()

    shown = world.ann.event("event1").conference
    assert shown is not None
    assert shown.uris <= {uri for m in world.provider.meetings.values() for uri in m.conference.details.uris}
    assert world.conference(created.conference_id).state is ConferenceState.ACTIVE


def test_what_waits_for_the_next_day_waits_until_no_clock_says_today() -> None:
    world = limited(4)
    created = world.saved()
    use_up(world)
    edit(world, "Retro")

    due_at = world.conference(created.conference_id).due_at

    assert due_at is not None
    assert MIDNIGHT + DAY + GUARD <= due_at < MIDNIGHT + DAY + GUARD + STAGGER


def test_deleting_costs_nothing() -> None:
    world = limited(4)
    world.saved()
    use_up(world)
    edit(world, "Retro")

    world.ann.delete("event1")
    world.sync()
    world.deliver()

    assert {meeting.spec.title for meeting in world.provider.meetings.values()} == {""}, "the others'"
    assert calls(world, "delete") == 1


def test_an_edit_that_is_taken_back_needs_no_call_and_waits_for_nothing() -> None:
    world = limited(4)
    created = world.saved(title="Standup")
    use_up(world)
    edit(world, "Retro")
    assert world.conference(created.conference_id).state is ConferenceState.PENDING

    edit(world, "Standup")

    conference = world.conference(created.conference_id)
    assert (conference.state, conference.last_error) == (ConferenceState.ACTIVE, None)


def test_another_edit_keeps_the_reason_visible_and_the_same_moment() -> None:
    world = limited(4)
    created = world.saved()
    use_up(world)
    edit(world, "Retro")
    before = world.conference(created.conference_id)

    edit(world, "Planning")

    after = world.conference(created.conference_id)
    assert (after.due_at, after.last_error) == (before.due_at, before.last_error)
    world.counting.reset()
    world.reconcile(created.conference_id)
    assert world.counting.writes == 0


def test_what_nothing_counts_is_done_meanwhile() -> None:
    """The events that don't show the meeting yet do so, though it is to be changed later."""
    world = limited(4)
    created = world.saved()
    use_up(world)
    world.ann.update("event1", conference=replace(world.ann.event("event1").conference, uris=frozenset({"https://x"})))  # type: ignore[type-var]
    link = world.link()
    assert link is not None
    world.put(replace(link, published=None))

    edit(world, "Retro")

    conference = world.ann.event("event1").conference
    assert conference is not None
    assert conference.uris == created.details.uris
    assert world.conference(created.conference_id).state is ConferenceState.PENDING


def test_an_answer_lost_with_the_last_call_is_looked_up_all_the_same() -> None:
    world = limited(1)
    world.provider.lose_answer("create", Ambiguous("time-out"))

    created = world.create()

    assert calls(world, "create", "update") == 1
    assert world.provider.only.conference.details == created.details


def test_a_meeting_that_shows_up_while_there_is_nothing_left_is_taken() -> None:
    world = limited(1)
    world.provider.lag = timedelta(seconds=12)
    world.provider.lose_answer("create", Ambiguous("time-out"))
    with pytest.raises(RateLimited):
        world.create()

    world.settle(steps=2)

    (conference,) = world.store._records(Conference)
    assert conference.applied.reference == world.provider.only.conference.reference
    assert calls(world, "create") == 1


# --- what is counted, and for whom ---------------------------------------------------------------


def test_every_host_has_its_own() -> None:
    world = limited(2)
    world.calendars.user(BEN)
    use_up(world)

    world.create("event1", user=BEN)

    assert {host for host, _ in world.provider.counted} == {ANN, BEN}


def test_solutions_of_one_account_share_it() -> None:
    world = limited(2)
    world.create("event1")
    world.create("event2", solution="jitsi")
    with pytest.raises(RateLimited):
        world.create("event3", solution="jitsi")


def test_a_call_is_counted_before_it_is_made() -> None:
    world = limited(1)

    def crash() -> None:
        raise Crash

    world.provider.ahead_of("create", crash)
    with pytest.raises(Crash):
        world.create()
    world.clock.advance(LEASE)

    with pytest.raises(RateLimited):
        world.create()
    assert world.provider.meetings == {}


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (ReauthorizationRequired("connect again"), False),
        (PermissionDenied("no licence"), False),
        (NotConfigured("solutions.zoom.secret"), False),
        (Temporary("503"), True),
        (RateLimited("429"), True),
        (Ambiguous("time-out"), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_who_was_not_let_in_used_nothing(error: ConfsyncError, counted: bool) -> None:
    world = limited(1)
    world.provider.fail("create", error)
    with suppress(ConfsyncError):
        world.create("event1")

    if counted:
        with pytest.raises(RateLimited):
            world.create("event2")
    else:
        world.create("event2")


def test_a_change_that_the_provider_does_not_keep_is_not_counted() -> None:
    world = limited(4)
    created = world.saved()
    used = world.provider.counted.total()
    for number in range(10):
        world.ann.update("event1", description=f"{number}")
        world.sync()
        world.deliver()

    assert world.provider.counted.total() == used
    assert world.conference(created.conference_id).state is ConferenceState.ACTIVE


def test_two_who_spend_the_last_call_at_once() -> None:
    world = limited(1)
    commit = world.store.commit

    def overtaken(writes: Any) -> None:
        if any(isinstance(write.record, Budget) for write in writes):
            world.store.commit = commit  # type: ignore[method-assign]
            world.create("other")
        commit(writes)

    world.store.commit = overtaken  # type: ignore[method-assign]

    with pytest.raises(RateLimited):
        world.create("event1")
    assert calls(world, "create") == 1


def test_without_a_limit_nothing_is_counted_or_read() -> None:
    world = World()
    created = world.saved()
    world.counting.reset()
    edit(world, "Retro")
    assert world.store._records(Budget) == []
    assert world.conference(created.conference_id).state is ConferenceState.ACTIVE


# --- whatever happens ----------------------------------------------------------------------------

ERRORS = [Temporary("503"), Ambiguous("time-out"), RateLimited("429"), PermissionDenied("no licence")]
EVENTS = ["event1", "event2", "event3"]
acts = st.one_of(
    st.tuples(st.just("create"), st.sampled_from(EVENTS)),
    st.tuples(st.just("edit"), st.sampled_from(EVENTS)),
    st.tuples(st.just("delete"), st.sampled_from(EVENTS)),
    st.tuples(st.just("restore"), st.sampled_from(EVENTS)),
    st.tuples(st.just("fail"), st.sampled_from(["create", "update", "find"])),
    st.tuples(st.just("lose"), st.sampled_from(["create", "update", "delete"])),
    st.tuples(st.just("somebody deletes the meetings"), st.just("")),
    st.tuples(st.just("crash"), st.integers(1, 12).map(str)),
    st.tuples(st.just("wait"), st.integers(1, 600).map(str)),
)


@settings(max_examples=40, deadline=None)
@given(plan=st.lists(acts, max_size=40), limit=st.integers(1, 8), errors=st.randoms(use_true_random=False))
def test_the_limit_holds_whatever_happens_and_everything_is_done_in_the_end(
    plan: list[tuple[str, str]], limit: int, errors: Any
) -> None:
    world = limited(limit, after=timedelta(hours=22))
    titles = (f"Title {number}" for number in count())
    for act, what in plan:
        try:
            with suppress(ConfsyncError):
                perform(world, act, what, next(titles), errors)
        except Crash:
            world.clock.advance(LEASE)
    world.plug.arm()
    for event in world.events():  # that a meeting is gone shows when it is to be changed
        if not event.cancelled:
            world.ann.update(event.id, title=next(titles))
    for _ in range(4 * 24):
        world.settle(steps=1)
        world.clock.advance(HOUR)

    assert all(used <= limit for used in world.provider.counted.values())
    wanted = sorted(event.title for event in world.events() if event.conference is not None and not event.cancelled)
    assert sorted(meeting.spec.title for meeting in world.provider.meetings.values()) == wanted
    for conference in world.store._records(Conference):
        assert conference.settled, conference.last_error
        assert conference.due_at is None


def perform(world: World, act: str, what: str, title: str, errors: Any) -> None:
    match act:
        case "create":
            created = world.create(what)
            world.save(created, what, title=title)
        case "edit":
            edit(world, title, what)
        case "delete":
            world.ann.delete(what)
            world.sync()
            world.deliver()
        case "restore":
            world.ann.restore(what)
            world.sync()
            world.deliver()
        case "fail":
            world.provider.fail(what, errors.choice(ERRORS))
        case "lose":
            world.provider.lose_answer(what, Ambiguous("time-out"))
        case "somebody deletes the meetings":
            world.provider.meetings.clear()
        case "crash":
            world.plug.arm(int(what))
        case "wait":
            world.clock.advance(timedelta(minutes=int(what)))
            world.sweep()
            world.deliver()
