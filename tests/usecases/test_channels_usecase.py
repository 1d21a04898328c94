"""Watch channels: opened, renewed, given up; and the sweep."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from confsync.domain.calendar import Calendar, CalendarState, is_silent
from confsync.domain.channel import Channel, ChannelState, verified_calendar_key
from confsync.domain.errors import (
    Conflict,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    StoreConflict,
    Temporary,
)
from confsync.domain.event import EventPage
from confsync.domain.sweep import LAST, Sweep
from confsync.ports import Watch, Write
from tests.fakes.calendar import FakeCalendar, FakeChannel
from tests.simulation.gate import Crash
from tests.usecases.world import ANN, CHANNEL_KEYS, KEY, TTL, World

SOON = timedelta(minutes=10)


def at_google(world: World) -> list[FakeChannel]:
    return [channel for channel in world.calendars.channels.values() if not channel.stopped]


def current(world: World) -> Channel:
    return world.channel(world.calendar.channel_id)


def until_renewal(world: World) -> None:
    due_at = current(world).due_at
    assert due_at is not None
    world.clock.advance(due_at - world.clock.now())


@contextmanager
def dies_at_watch(*, opened: bool) -> Iterator[None]:
    """A process is killed before or after Google opens the channel that it asks for."""
    watch = FakeCalendar.watch

    def crash(*args: Any, **kwargs: Any) -> Watch:
        if opened:
            watch(*args, **kwargs)
        raise Crash

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeCalendar, "watch", crash)
        with pytest.raises(Crash):
            yield


# --- open ----------------------------------------------------------------------------------------


def test_an_open_channel_is_known_and_carries_our_token(world: World) -> None:
    world.saved()

    (google,) = at_google(world)
    channel = current(world)
    assert (channel.key, channel.state, channel.owner) == (google.id, ChannelState.ACTIVE, ANN)
    assert (channel.resource_id, channel.expiration) == (google.resource_id, google.expiration)
    assert google.ttl == TTL
    assert verified_calendar_key(CHANNEL_KEYS, google.id, google.token) == KEY


def test_the_channel_is_renewed_around_half_life(world: World) -> None:
    world.saved()

    due_at = current(world).due_at
    assert due_at is not None
    assert TTL * 0.4 <= due_at - world.clock.now() <= TTL * 0.5


def test_it_is_stored_before_google_knows_it(world: World) -> None:
    world.create()

    with dies_at_watch(opened=False):
        world.sync()

    channel = current(world)
    assert (channel.state, channel.due_at) == (ChannelState.REGISTERING, world.clock.now() + SOON)


def test_a_registration_that_got_stuck_is_done_again(world: World) -> None:
    world.create()
    with dies_at_watch(opened=True):
        world.sync()
    stuck = current(world)
    world.clock.advance(SOON)

    world.settle(steps=1)

    assert current(world).state is ChannelState.ACTIVE
    assert current(world).key != stuck.key
    assert world.channel(stuck.key).state is ChannelState.RETIRED


def test_an_orphan_of_a_crash_is_stopped_by_the_resource_id_that_it_shares(world: World) -> None:
    world.saved()
    until_renewal(world)
    with dies_at_watch(opened=True):
        world.sweep()
    assert len(at_google(world)) == 2

    world.clock.advance(SOON)
    world.settle(steps=1)

    assert [channel.id for channel in at_google(world)] == [current(world).key]
    assert world.channels_in_use() == [current(world)]


@pytest.mark.parametrize("error", [Temporary("no answer"), Conflict("channelIdNotUnique")])
def test_a_watch_without_an_answer_may_be_open_and_is_stopped_later(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    world.create()
    watch = FakeCalendar.watch

    def lose_answer(*args: object, **kwargs: object) -> Watch:
        watch(*args, **kwargs)  # type: ignore[arg-type]
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(FakeCalendar, "watch", lose_answer)
        world.sync()
    (orphan,) = at_google(world)
    assert (world.calendar.state, world.calendar.reason) == (CalendarState.POLLING, str(error))

    world.sync()
    assert (world.calendar.state, world.calendar.reason) == (CalendarState.ACTIVE, None)
    world.clock.advance(SOON)
    world.sweep()

    assert orphan.stopped
    assert [channel.id for channel in at_google(world)] == [current(world).key]


def test_a_watch_that_is_never_answered_keeps_no_change_from_being_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_answer(*_: object, **__: object) -> Watch:
        raise Temporary("no answer")

    monkeypatch.setattr(FakeCalendar, "watch", no_answer)
    world.saved()
    world.ann.update("event1", title="Retro")

    world.settle()

    assert world.provider.only.spec.title == "Retro"
    assert world.calendar.state is CalendarState.POLLING


def test_unanswered_watches_do_not_multiply(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_answer(*_: object, **__: object) -> Watch:
        raise Temporary("no answer")

    monkeypatch.setattr(FakeCalendar, "watch", no_answer)
    world.saved()
    world.change_calendar(state=CalendarState.ACTIVE)

    for _ in range(20):
        world.settle(steps=1)
        world.change_calendar(state=CalendarState.ACTIVE)

    assert len(world.channels_in_use()) <= 2


def test_a_watch_that_was_refused_leaves_no_record(world: World) -> None:
    world.saved()
    before = world.channels_in_use()
    until_renewal(world)
    world.calendars.fail("watch", RateLimited("slow down"))

    assert world.sweep().failed == 1

    assert [channel.key for channel in world.channels_in_use()] == [channel.key for channel in before]
    assert world.calendar.channel_id == before[0].key


def test_what_google_cannot_watch_is_polled(world: World) -> None:
    world.calendars.make_unwatchable(ANN)
    created = world.create()

    world.sync()

    calendar = world.calendar
    assert (calendar.state, calendar.channel_id) == (CalendarState.POLLING, None)
    assert calendar.reason
    assert calendar.due_at is not None
    world.save(created, title="Planning")
    world.clock.advance(calendar.due_at - world.clock.now())
    world.settle(steps=1)
    assert world.provider.only.spec.title == "Planning"
    assert world.calendar.state is CalendarState.POLLING
    assert [call.method for call in world.calendars.calls].count("watch") == 1


def test_what_could_not_be_watched_is_tried_again_once_a_day(world: World) -> None:
    world.calendars.make_unwatchable(ANN)
    world.saved()
    world.calendars.calls.clear()

    for _ in range(3 * 24):
        world.settle(steps=4)
    assert 2 <= [call.method for call in world.calendars.calls].count("watch") <= 4
    assert world.channels_in_use() == []

    world.calendars.make_unwatchable(ANN, watchable=True)
    for _ in range(30):
        world.settle(steps=4)
    assert (world.calendar.state, world.calendar.reason) == (CalendarState.ACTIVE, None)
    assert [channel.id for channel in at_google(world)] == [current(world).key]


def test_unwatchable_is_stored_together_with_the_channels_end(world: World) -> None:
    world.calendars.make_unwatchable(ANN)
    world.create()
    watched = world.calendars._of

    def put_off(calendar_id: str) -> object:
        found = watched(calendar_id)
        if world.calendars.calls[-1].method == "watch":
            world.change_calendar(due_at=world.clock.now())
        return found

    world.calendars._of = put_off  # type: ignore[assignment,method-assign]

    world.sync()
    world.clock.advance(SOON)
    world.settle(steps=1)

    assert world.calendar.state is CalendarState.POLLING
    assert world.channels_in_use() == []


def test_of_two_callers_one_opens_a_channel(world: World) -> None:
    world.create()
    calendar = world.calendar

    world.channels.open(calendar)
    with pytest.raises(StoreConflict):
        world.channels.open(calendar)

    assert len(at_google(world)) == 1
    assert len(world.channels_in_use()) == 1


# --- renew ---------------------------------------------------------------------------------------


def test_the_old_channel_is_stopped_after_the_new_one_is_active(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.saved()
    old = current(world)
    states: list[ChannelState] = []
    stop = FakeCalendar.stop

    def watched_stop(self: FakeCalendar, channel_id: str, resource_id: str) -> None:
        states.append(current(world).state)
        stop(self, channel_id, resource_id)

    monkeypatch.setattr(FakeCalendar, "stop", watched_stop)
    until_renewal(world)

    report = world.sweep()

    assert report.channels_renewed == 1
    assert states == [ChannelState.ACTIVE]
    assert [channel.id for channel in at_google(world)] == [current(world).key]
    retired = world.channel(old.key)
    assert (retired.state, retired.due_at) == (ChannelState.RETIRED, None)
    assert retired.expire_at is not None


def test_after_a_crash_the_old_channel_serves_until_a_new_one_is_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.saved()
    old = current(world)
    until_renewal(world)
    open_at_stop: list[str] = []
    stop = FakeCalendar.stop

    def watched_stop(self: FakeCalendar, channel_id: str, resource_id: str) -> None:
        open_at_stop.extend(channel.id for channel in at_google(world))
        stop(self, channel_id, resource_id)

    with dies_at_watch(opened=False):
        world.sweep()
    monkeypatch.setattr(FakeCalendar, "stop", watched_stop)
    world.clock.advance(SOON)
    world.settle(steps=1)

    assert open_at_stop[:2] == [old.key, current(world).key]
    assert [channel.key for channel in world.channels_in_use()] == [current(world).key]


def test_a_renewal_is_followed_by_one_sync(world: World) -> None:
    world.saved()
    until_renewal(world)
    world.change_calendar(due_at=None)

    world.sweep()

    assert [(task.kind, task.key, task.renew) for task in world.queue.tasks] == [("sync", KEY, False)]


def test_a_change_while_renewing_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.saved()
    watch = FakeCalendar.watch

    def changed_meanwhile(*args: object, **kwargs: object) -> Watch:
        world.ann.update("event1", title="Retro")
        return watch(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeCalendar, "watch", changed_meanwhile)
    until_renewal(world)
    world.settle(steps=1)

    assert world.provider.only.spec.title == "Retro"


def test_nothing_is_renewed_early(world: World) -> None:
    world.saved()
    world.clock.advance(TTL * 0.3)

    assert world.sweep().channels_renewed == 0


def test_a_channel_that_cannot_be_stopped_lapses(world: World) -> None:
    world.saved()
    old = current(world)
    world.calendars.fail("stop", Temporary("503"))
    until_renewal(world)

    world.sweep()

    assert world.channel(old.key).state is ChannelState.RETIRED
    assert current(world).state is ChannelState.ACTIVE


def test_the_channel_of_a_paused_calendar_is_ended(world: World) -> None:
    world.saved()
    world.change_calendar(state=CalendarState.PAUSED)
    until_renewal(world)

    world.sweep()

    assert at_google(world) == []
    assert world.channels_in_use() == []


def test_a_renewal_by_task_replaces_the_channel_once(world: World) -> None:
    world.saved()
    old = current(world)
    until_renewal(world)

    world.sync(renew=True)
    new = current(world)
    world.sync(renew=True)  # a task may be delivered twice

    assert old.key != new.key == current(world).key
    assert [channel.id for channel in at_google(world)] == [new.key]


def test_a_renewal_that_is_overtaken_opens_one_channel(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.saved()
    until_renewal(world)
    known = len(world.calendars.channels)
    list_events = FakeCalendar.list_events
    overtaken = 0

    def overtake(*args: Any, **kwargs: Any) -> EventPage:
        nonlocal overtaken
        overtaken += 1
        if overtaken < 4:
            world.change_calendar(last_attempt=world.clock.now() + timedelta(seconds=overtaken))
        return list_events(*args, **kwargs)

    monkeypatch.setattr(FakeCalendar, "list_events", overtake)

    world.sync(renew=True)

    assert overtaken == 4
    assert len(world.calendars.channels) == known + 1


@pytest.mark.parametrize("error", [PermissionDenied("401"), Temporary("503")])
def test_a_channel_that_expires_without_another_is_seen(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object, **__: object) -> Watch:
        raise error

    world.saved()
    monkeypatch.setattr(FakeCalendar, "watch", refuse)
    until_renewal(world)
    world.settle(steps=4)
    assert world.calendar.state is CalendarState.ACTIVE
    world.clock.advance(TTL)

    world.settle(steps=4)

    assert (world.calendar.state, world.calendar.reason) == (CalendarState.POLLING, str(error))


def test_an_expired_channel_is_replaced(world: World) -> None:
    world.saved()
    old = current(world)
    world.clock.advance(TTL * 2)

    world.settle(steps=2)

    assert current(world).key != old.key
    assert [channel.key for channel in world.channels_in_use()] == [current(world).key]


# --- the sweep -----------------------------------------------------------------------------------


def many_calendars(world: World, count: int) -> list[str]:
    people = [f"person{index}@example.com" for index in range(count)]
    for person in people:
        world.calendars.user(person)
        world.create(f"event of {person}", user=person)
    world.deliver()
    world.clock.advance(TTL * 0.5)
    return people


def test_what_is_too_much_for_one_run_goes_through_the_queue(world: World) -> None:
    many_calendars(world, 5)
    world.build(inline_renewals=2)
    before = {channel.id for channel in at_google(world)}

    report = world.sweep()
    assert (report.channels_renewed, report.channels_queued) == (2, 3)
    assert len([task for task in world.queue.tasks if task.renew]) == 3
    world.deliver()

    now = {channel.id for channel in at_google(world)}
    assert len(now) == 5
    assert not now & before


def test_what_only_has_to_end_ends_though_the_queue_gets_the_rest(world: World) -> None:
    world.saved()
    until_renewal(world)
    world.build(inline_renewals=0)
    world.change_calendar(state=CalendarState.POLLING, channel_id=None, watch_at=world.clock.now() + TTL)

    world.sweep()

    assert (at_google(world), world.channels_in_use()) == ([], [])
    assert not [task for task in world.queue.tasks if task.renew]


def test_renewals_that_fail_slowly_hold_nothing_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    people = many_calendars(world, 10)
    began = world.clock.now()

    def slow(*_: object, **__: object) -> Watch:
        world.clock.advance(timedelta(minutes=1))
        raise Temporary("no answer")

    monkeypatch.setattr(FakeCalendar, "watch", slow)

    report = world.sweep()

    assert world.clock.now() - began == timedelta(minutes=2)
    assert (report.failed, report.channels_queued) == (2, 8)
    syncs = [task.renew for task in world.queue.tasks if task.kind == "sync"]
    assert syncs == [False] * len(people) + [True] * 8


def test_every_sweep_tells_what_was_due_and_what_became_of_it(world: World) -> None:
    many_calendars(world, 4)
    world.build(batch=3, inline_renewals=1)
    first, second, *_ = world.store.due(Calendar, world.clock.now(), limit=4)
    world.put(replace(first, state=CalendarState.PAUSED), replace(second, state=CalendarState.GONE))
    assert first.due_at is not None
    commit = world.store.commit

    def busy_once(writes: Sequence[Write]) -> None:
        if isinstance(writes[0].record, Calendar):
            world.store.commit = commit  # type: ignore[method-assign]
            raise StoreConflict("changed")
        commit(writes)

    world.store.commit = busy_once  # type: ignore[method-assign]

    with capture_logs() as lines:
        report = world.sweep()

    (line,) = [line for line in lines if line["event"] == "sweep completed"]
    assert {name: line[name] for name in vars(report)} == vars(report)
    assert (report.calendars_due, report.calendars_queued, report.busy) == (2, 2, 1)
    assert (report.calendars_paused, report.calendars_gone) == (0, 1)
    assert (report.channels_due, report.channels_renewed, report.channels_queued) == (3, 1, 2)
    assert report.failed == 0
    assert report.late_seconds == int((world.clock.now() - first.due_at).total_seconds())
    assert report.more_due == ["calendar", "conference", "channel"]


def test_those_that_fail_do_not_starve_the_others(world: World) -> None:
    people = many_calendars(world, 4)
    world.build(batch=2)
    due = [channel.owner for channel in world.store.due(Channel, world.clock.now(), limit=4)]
    failing = due[:2]
    world.calendars.revoked.update(failing)
    before = {channel.id for channel in at_google(world)}

    first, second = world.sweep(), world.sweep()

    assert first.failed == 2
    assert (second.failed, second.channels_renewed) == (0, 2)
    fresh = {channel.account for channel in at_google(world) if channel.id not in before}
    assert fresh == set(people) - set(failing)


def test_a_lost_notification_is_found_by_the_sweep(world: World) -> None:
    world.saved()
    world.ann.update("event1", title="Retro")

    world.settle()

    assert world.provider.only.spec.title == "Retro"


def test_at_rest_the_sweep_writes_only_that_it_ran(world: World) -> None:
    world.saved()
    world.counting.reset()

    report = world.sweep()

    assert (report.channels_renewed, report.calendars_queued, report.conferences_queued, report.failed) == (0, 0, 0, 0)
    assert world.counting.writes == 1
    noted = world.store.get(Sweep, LAST)
    assert noted is not None
    assert noted.completed_at == world.clock.now()


def test_a_sweep_that_can_not_be_noted_is_a_sweep(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.sweep()

    def unable(writes: object) -> None:
        raise Temporary("no")

    monkeypatch.setattr(world.store, "commit", unable)
    assert world.sweep().failed == 0


def test_what_a_sweep_found_is_noted(world: World) -> None:
    world.saved()
    world.clock.advance(timedelta(hours=1))
    world.queue.error = Temporary("503")
    world.sweep()
    noted = world.store.get(Sweep, LAST)
    assert noted is not None
    assert (noted.calendars_due, noted.failed, noted.late_seconds > 0, noted.more_due) == (1, 1, True, ())


def test_what_the_queue_refuses_is_counted_and_stays_due(world: World) -> None:
    world.saved()
    world.ann.update("event1", title="Retro")
    world.clock.advance(timedelta(hours=1))
    world.queue.error = Temporary("503")

    assert world.sweep().failed == 1
    world.queue.error = None
    world.settle()

    assert world.provider.only.spec.title == "Retro"


def test_somebody_who_is_at_it_right_now_is_left_alone(world: World) -> None:
    world.saved()
    world.clock.advance(timedelta(hours=1))

    def conflict(writes: object) -> None:
        raise StoreConflict("changed")

    world.store.commit = conflict  # type: ignore[method-assign]

    report = world.sweep()

    assert (report.calendars_queued, report.failed) == (0, 0)
    assert world.queue.tasks == []


def test_a_revoked_grant_does_not_lose_the_old_channel_before_there_is_a_new_one(world: World) -> None:
    world.saved()
    old = current(world)
    until_renewal(world)
    world.calendars.fail("watch", *[ReauthorizationRequired("for a while")] * 2)

    for _ in range(2):
        world.sweep()
        world.queue.take()
        assert [channel.id for channel in at_google(world)] == [old.key]
        world.clock.advance(SOON)
    world.sweep()

    (google,) = at_google(world)
    assert google.id == current(world).key != old.key


# --- open and silent ---------------------------------------------------------------------------------


def change_unheard(world: World) -> int:
    """Ann changes her event, and only the sweep finds it; returns how many channels that run calls silent."""
    world.ann.update("event1", title=f"Standup at {world.clock.now()}")
    world.clock.advance(timedelta(hours=1))
    silent = world.sweep().channels_silent
    world.deliver()
    return silent


def hear(world: World) -> None:
    world.syncing(KEY, notified=True)


def test_a_channel_that_tells_of_no_change_is_counted_in_the_sweeps_line(world: World) -> None:
    world.saved()
    hear(world)

    with capture_logs() as lines:
        counts = [change_unheard(world) for _ in range(4)]

    assert counts == [0, 0, 0, 1], "once or twice a sweep is faster than a notification"
    assert [line["channels_silent"] for line in lines if line["event"] == "sweep completed"] == counts


def test_a_channel_on_a_quiet_calendar_is_not_silent(world: World) -> None:
    world.saved()
    hear(world)

    for _ in range(10):
        world.clock.advance(timedelta(hours=1))
        assert world.sweep().channels_silent == 0
        world.deliver()


def test_one_notification_shows_that_it_speaks(world: World) -> None:
    world.saved()
    hear(world)
    for _ in range(4):
        change_unheard(world)

    hear(world)

    assert [change_unheard(world) for _ in range(3)] == [0, 0, 0]


def test_a_sync_that_failed_is_tried_again_on_behalf_of_the_notification(world: World) -> None:
    world.saved()
    hear(world)
    for _ in range(3):
        world.ann.update("event1", title=f"Standup at {world.clock.now()}")
        world.calendars.fail("list_events", Temporary("503"))
        hear(world)
        world.clock.advance(timedelta(minutes=5))
        world.deliver()

    assert world.calendar.failures == 0
    assert world.calendar.unheard == 0


def test_a_new_channel_begins_with_a_good_name(world: World) -> None:
    world.saved()
    hear(world)
    for _ in range(3):
        change_unheard(world)
    assert is_silent(world.calendar)

    until_renewal(world)
    world.sweep()
    world.deliver()

    assert not is_silent(world.calendar)


def test_a_full_list_says_nothing_of_the_channel(world: World) -> None:
    world.saved()
    hear(world)
    for _ in range(4):
        world.calendars.expire_sync_tokens(ANN)
        change_unheard(world)

    assert not is_silent(world.calendar)
