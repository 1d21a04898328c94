"""What operators do by hand: the engine honours it, at any moment, and nothing is lost by it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from confsync.domain.calendar import CalendarState
from confsync.domain.channel import ChannelState
from confsync.domain.conference import BY_AN_OPERATOR, Conference, ConferenceState
from confsync.domain.errors import BadRequest, Busy, PermissionDenied, ServiceError, Temporary
from confsync.ports import Save
from confsync.usecases.operating.by_hand import ByHand
from tests.usecases.world import ANN, KEY, TTL, World

WHY = "she asked for it"


@pytest.fixture
def hand(world: World) -> ByHand:
    return ByHand(store=world.store, queue=world.queue, clock=world.clock)


def titles(world: World) -> list[str]:
    return sorted(meeting.spec.title for meeting in world.provider.meetings.values())


# --- calendars -------------------------------------------------------------------------------------------------------


def test_nobody_reads_a_paused_calendar_until_it_is_resumed(world: World, hand: ByHand) -> None:
    world.saved(title="Planning")
    hand.pause_calendar(KEY, WHY)
    world.ann.update("event1", title="Retro")
    world.settle(steps=400)
    assert titles(world) == ["Planning"]
    calendar = world.calendar
    assert (calendar.state, calendar.reason) == (CalendarState.PAUSED, f"paused by an operator: {WHY}")
    assert (calendar.due_at, world.channel(calendar.channel_id).state) == (None, ChannelState.RETIRED)

    hand.resume_calendar(KEY)
    world.deliver()
    assert titles(world) == ["Retro"]
    calendar = world.calendar
    assert (calendar.state, calendar.reason) == (CalendarState.ACTIVE, None)
    assert world.channel(calendar.channel_id).state is ChannelState.ACTIVE


def in_a_delta(world: World) -> None:
    for number in range(3):
        world.ann.update(f"event{number}", title="changed")


def in_a_full_list(world: World) -> None:
    in_a_delta(world)
    world.calendars.expire_sync_tokens(ANN)


def in_a_renewal(world: World) -> None:
    in_a_delta(world)
    world.clock.advance(TTL * 0.5)


def without_access(world: World) -> None:
    in_a_delta(world)
    world.calendars.revoked.add(ANN)


def where_nothing_can_be_watched(world: World) -> None:
    in_a_renewal(world)
    world.calendars.make_unwatchable(ANN)


@pytest.mark.parametrize("nth", range(1, 8))
@pytest.mark.parametrize(
    "moment", [in_a_delta, in_a_full_list, in_a_renewal, without_access, where_nothing_can_be_watched]
)
def test_it_can_be_paused_at_any_moment(world: World, hand: ByHand, moment: Callable[[World], None], nth: int) -> None:
    """Before the nth call to Google from now; what the sync that is at it then does, it gives up."""
    for number in range(3):
        world.saved(f"event{number}", title=f"event{number}")
    world.calendars.page_size = 1
    moment(world)
    admit, seen = world.calendars._admit, 0

    def paused(call: object) -> None:
        nonlocal seen
        seen += 1
        if seen == nth:
            hand.pause_calendar(KEY, WHY)
        admit(call)  # type: ignore[arg-type]

    world.calendars._admit = paused  # type: ignore[assignment,method-assign]
    with suppress(Busy, ServiceError):
        world.sync(renew=True)
    world.calendars._admit = admit  # type: ignore[method-assign]
    if seen < nth:
        hand.pause_calendar(KEY, WHY)
    stopped = world.calendar
    assert (stopped.state, stopped.on_hold, stopped.due_at) == (CalendarState.PAUSED, True, None)
    world.settle()
    assert (world.calendar.state, world.calendar.sync_token) == (CalendarState.PAUSED, stopped.sync_token)

    world.calendars.revoked.clear()
    hand.resume_calendar(KEY)
    world.settle()
    assert titles(world) == ["changed"] * 3


def test_a_person_who_chooses_a_conference_there_gets_one_and_resumes_nothing(world: World, hand: ByHand) -> None:
    world.saved()
    hand.pause_calendar(KEY, WHY)
    world.create("event2")
    world.settle()
    assert len(world.provider.meetings) == 2
    assert (world.calendar.on_hold, world.calendar.due_at) == (True, None)


def test_a_calendar_is_read_now_whatever_it_waits_for(world: World, hand: ByHand) -> None:
    world.saved()
    later = world.clock.now() + timedelta(hours=5)
    world.change_calendar(retry_at=later, due_at=later)
    world.ann.update("event1", title="Retro")
    hand.retry_calendar(KEY)
    world.deliver()
    assert titles(world) == ["Retro"]


def test_what_the_queue_does_not_take_is_left_to_the_sweep(world: World, hand: ByHand) -> None:
    world.saved()
    world.ann.update("event1", title="Retro")
    world.queue.error = Temporary("503")
    hand.retry_calendar(KEY)
    world.queue.error = None
    world.sweep()
    world.deliver()
    assert titles(world) == ["Retro"]


# --- conferences -----------------------------------------------------------------------------------------------------


def test_a_paused_conference_stays_as_it_is(world: World, hand: ByHand) -> None:
    made = world.saved(title="Planning").conference_id
    hand.pause_conference(made)
    world.ann.update("event1", title="Retro")
    world.sync()
    world.settle()
    assert titles(world) == ["Planning"]
    hand.resume_conference(made)
    world.deliver()
    assert (titles(world), world.conference(made).frozen) == (["Retro"], False)


def test_its_event_may_go_meanwhile(world: World, hand: ByHand) -> None:
    made = world.saved().conference_id
    hand.pause_conference(made)
    world.ann.delete("event1")
    world.sync()
    world.settle()
    assert len(world.provider.meetings) == 1
    hand.resume_conference(made)
    world.deliver()
    assert world.provider.meetings == {}


def test_what_was_refused_is_tried_again(world: World, hand: ByHand) -> None:
    made = world.saved(title="Planning").conference_id
    world.provider.fail("update", PermissionDenied("no licence"))
    world.ann.update("event1", title="Retro")
    world.sync()
    world.deliver()
    assert world.conference(made).state is ConferenceState.FAILED
    hand.retry_conference(made)
    world.deliver()
    assert titles(world) == ["Retro"]


# --- what can't be done ----------------------------------------------------------------------------------------------


def test_what_can_not_be_done_is_told(world: World, hand: ByHand) -> None:
    made = world.saved().conference_id
    channel = world.channel(world.calendar.channel_id)
    with pytest.raises(BadRequest, match="no operator has paused it"):
        hand.resume_calendar(KEY)
    with pytest.raises(BadRequest, match="no operator has paused it"):
        hand.resume_conference(made)
    hand.pause_calendar(KEY, WHY)
    with pytest.raises(BadRequest, match=f"{WHY}: resume it first"):
        hand.retry_calendar(KEY)
    world.store.commit([Save(record=replace(world.conference(made), kept_by="id-ann"))])
    for refused in (hand.pause_conference, hand.retry_conference, hand.resume_conference):
        with pytest.raises(BadRequest, match=r"as it is|no operator"):
            refused(made)
    world.store.commit([Save(record=replace(channel, state=ChannelState.RETIRED))])
    with pytest.raises(BadRequest, match=f"it is over; retry its calendar, {channel.calendar_id}"):
        hand.retry_channel(channel.key)
    for unknown in (hand.retry_calendar, hand.retry_conference, hand.retry_channel):
        with pytest.raises(BadRequest, match="there is none on record"):
            unknown("none")


def test_where_there_is_no_meeting_none_can_stay(world: World, hand: ByHand) -> None:
    world.provider.fail("create", PermissionDenied("no licence"))
    with pytest.raises(PermissionDenied):
        world.create()
    (waiting,) = world.store.find(Conference)
    with pytest.raises(BadRequest, match="no meeting"):
        hand.pause_conference(waiting.id)
    assert BY_AN_OPERATOR not in {each.kept_by for each in world.store.find(Conference)}


# --- channels --------------------------------------------------------------------------------------------------------


def test_a_channel_is_replaced_by_the_next_sweep(world: World, hand: ByHand) -> None:
    world.saved()
    before = world.calendar.channel_id
    assert before is not None
    hand.retry_channel(before)
    world.sweep()
    assert world.calendar.channel_id != before
    assert world.channel(before).state is ChannelState.RETIRED
