"""Sweeps of a deployment with very many calendars: what one run takes, and what that does to everything else."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from confsync.adapters.sqlite import SqliteStore
from confsync.domain.calendar import Calendar
from confsync.domain.errors import Temporary
from confsync.domain.keys import calendar_key
from confsync.ports import Save, Store, Write
from confsync.usecases.assembly import Limits, UseCases
from confsync.usecases.renew_channels import RenewChannels
from confsync.usecases.sweeping import hand_out
from tests.fakes.clock import FakeClock
from tests.fakes.ports import FakePorts
from tests.fakes.queue import FakeQueue
from tests.fakes.store import MemoryStore
from tests.usecases.world import KEY, STEP, World


def follow(store: Store, count: int, clock: FakeClock) -> None:
    """So many calendars, all due."""
    now = clock.now()
    for index in range(count):
        id = f"person{index}@example.com"
        calendar = Calendar(
            key=calendar_key(id), calendar_id=id, owner=id, tenant="example.com", created_at=now, due_at=now
        )
        store.commit([Save(record=calendar)])


def sweeping(store: Store, queue: FakeQueue, clock: FakeClock, **limits: float) -> RenewChannels:
    ports = FakePorts(clock=clock, store=store, calendars=None, providers=None, queue=queue)
    return UseCases(ports, Limits(**limits)).renew_channels  # type: ignore[arg-type]


def test_a_run_takes_more_than_it_reads_at_a_time_and_spreads_what_it_queues() -> None:
    store, queue, clock = MemoryStore(), FakeQueue(), FakeClock()
    count, per_second = 2 * hand_out.PAGE + 100, 20
    follow(store, count, clock)

    report = sweeping(store, queue, clock, per_second=per_second)()

    assert (report.calendars_queued, report.more_due) == (count, [])
    begins = {task.key: task.at or clock.now() for task in queue.tasks}
    seconds = Counter((at - clock.now()) // timedelta(seconds=1) for at in begins.values())
    assert seconds == dict.fromkeys(range(count // per_second), per_second)
    for calendar in store.find(Calendar):
        assert calendar.due_at == begins[calendar.key] + hand_out.PUT_OFF, "not before its task has had its time"


def test_threads_hand_out_each_thing_once(tmp_path: Path) -> None:
    store, queue, clock = SqliteStore(tmp_path / "confsync.sqlite"), FakeQueue(), FakeClock()
    follow(store, 100, clock)

    report = sweeping(store, queue, clock, threads=8)()

    assert (report.calendars_due, report.calendars_queued, report.failed) == (100, 100, 0)
    assert {task.key for task in queue.tasks} == {each.key for each in store.find(Calendar)}
    assert len(queue.tasks) == 100
    store.close()


def test_what_can_not_be_put_off_is_tried_once_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_out, "PAGE", 5)
    store, queue, clock = MemoryStore(), FakeQueue(), FakeClock()
    follow(store, 20, clock)
    stuck = {each.key for each in store.due(Calendar, clock.now(), limit=7)}
    commit, tried = store.commit, Counter[str]()

    def failing(writes: Sequence[Write]) -> None:
        (write,) = writes
        tried[write.record.key] += 1
        if write.record.key in stuck:
            raise Temporary("no answer")
        commit(writes)

    monkeypatch.setattr(store, "commit", failing)
    report = sweeping(store, queue, clock)()

    assert (report.failed, report.calendars_queued, report.more_due) == (7, 13, [])
    assert set(tried.values()) == {1}


def test_a_run_ends_before_the_next_one_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_out, "PAGE", 5)
    store, queue, clock = MemoryStore(), FakeQueue(), FakeClock()
    follow(store, 30, clock)
    commit = store.commit

    def slow(writes: Sequence[Write]) -> None:
        clock.advance(timedelta(seconds=45))
        commit(writes)

    monkeypatch.setattr(store, "commit", slow)
    sweep = sweeping(store, queue, clock)
    report = sweep()

    assert (report.calendars_queued, report.more_due) == (10, ["calendar"])
    monkeypatch.setattr(store, "commit", commit)
    assert sweep().calendars_queued == 20, "the next one goes on"


# --- how often a calendar is looked at -------------------------------------------------------------------------------

LONG = timedelta(hours=6)


def interval(world: World) -> timedelta:
    """Until the next look at Ann's calendar, as its spread has it at least."""
    calendar = world.store.get(Calendar, KEY)
    assert calendar is not None
    assert calendar.due_at is not None
    return (calendar.due_at - world.clock.now()) / 0.75


def test_a_calendar_whose_channel_tells_everything_is_looked_at_rarely(world: World) -> None:
    world.build(watched_interval=LONG)
    world.saved()
    world.syncing(KEY, notified=True)
    assert interval(world) >= LONG
    world.sync()
    assert interval(world) >= LONG, "nothing had changed"


def test_one_whose_channel_kept_a_change_to_itself_is_looked_at_as_often_as_one_without(world: World) -> None:
    world.build(watched_interval=LONG)
    world.saved()
    world.ann.update("event1", title="Retro")
    world.sync()
    assert STEP <= interval(world) < 2 * STEP
    world.syncing(KEY, notified=True)
    assert interval(world) >= LONG, "until it tells again"


def test_a_polled_calendar_is_looked_at_often(world: World) -> None:
    world.build(watched_interval=LONG)
    world.calendars.make_unwatchable("ann@example.com")
    world.saved()
    world.sync()
    assert STEP <= interval(world) < 2 * STEP


def test_without_another_interval_all_are_looked_at_alike(world: World) -> None:
    world.saved()
    world.syncing(KEY, notified=True)
    assert STEP <= interval(world) < 2 * STEP
