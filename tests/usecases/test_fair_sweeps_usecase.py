"""Calendars that fail, slowly and every time, delay no others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from confsync.adapters.sqlite import SqliteStore
from confsync.domain.calendar import Calendar
from confsync.domain.conference import Conference, ConferenceState
from confsync.domain.errors import Temporary
from confsync.domain.keys import calendar_key
from confsync.ports import Save, Store
from confsync.usecases.assembly import Limits, UseCases
from confsync.usecases.renew_channels import SweepReport
from tests.fakes.calendar import FakeCalendars
from tests.fakes.clock import FakeClock
from tests.fakes.ports import FakePorts
from tests.fakes.queue import FakeQueue, Task
from tests.fakes.store import MemoryStore
from tests.usecases.world import World

WORKERS = 80
"""As many calls at once as deploy/functions.toml lets the queue make."""

SWEEP_EVERY = timedelta(minutes=10)
INTERVAL = timedelta(minutes=15)
FAILS_AFTER = timedelta(minutes=1)
TAKES = timedelta(seconds=1)
BOUND = 1.25 * INTERVAL + SWEEP_EVERY + timedelta(minutes=3)
"""A visit is at most a quarter late, then the next sweep has to come, then a worker has to be free."""


class SlowlyFailing(FakeCalendars):
    """Every call as an account whose name begins with "dead" takes a minute and fails."""

    def _admit(self, call: Any) -> None:
        if call.account.startswith("dead"):
            self.clock.advance(FAILS_AFTER)
            raise Temporary("no answer")
        self.clock.advance(TAKES / 2)


@dataclass
class Deployment:
    """The sweep and the sync with a queue between them, and as many workers as it has; time is simulated."""

    store: Store
    clock: FakeClock = field(default_factory=FakeClock)
    synced: dict[str, list[datetime]] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    reports: list[SweepReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        calendars = SlowlyFailing(self.clock)
        self.queue = FakeQueue()
        ports = FakePorts(clock=self.clock, store=self.store, calendars=calendars, providers=None, queue=self.queue)
        usecases = UseCases(ports, Limits())
        self.sync, self.sweep = usecases.sync_calendar, usecases.renew_channels

    def follow(self, accounts: Sequence[str]) -> None:
        """Calendars that nobody has read yet."""
        now = self.clock.now()
        for start in range(0, len(accounts), 400):
            self.store.commit([Save(record=_calendar(account, now)) for account in accounts[start : start + 400]])

    def run(self, length: timedelta) -> None:
        """The scheduler calls the sweep; each worker takes the task that has been ready longest."""
        begin = self.clock.now()
        sweeps, free, order = begin, [begin] * WORKERS, count()
        waiting: list[tuple[datetime, int, Task]] = []
        heapify(free)
        while True:
            start = max(waiting[0][0], free[0]) if waiting else sweeps
            if sweeps <= start:
                self._at(sweeps, lambda: self.reports.append(self.sweep()))
                sweeps += SWEEP_EVERY
            else:
                _, _, task = heappop(waiting)
                heappop(free)
                self._at(start, lambda key=task.key: self._synced(key))  # type: ignore[misc]
                heappush(free, self.clock.now())
            for task in self.queue.take():
                heappush(waiting, (task.at or self.clock.now(), next(order), task))
            if min(start, sweeps) > begin + length:
                return

    def _at(self, time: datetime, work: Callable[[], None]) -> None:
        self.clock.advance(time - self.clock.now())
        work()

    def _synced(self, key: str) -> None:
        self.attempts[key] = self.attempts.get(key, 0) + 1
        if self.sync(key).error is None:
            self.synced.setdefault(key, []).append(self.clock.now())

    def longest_gap(self, accounts: Sequence[str], begin: datetime) -> timedelta:
        """The longest time that any of these calendars was not looked at."""
        end = self.clock.now()
        seen = [[begin, *self.synced.get(calendar_key(each), []), end] for each in accounts]
        return max(later - earlier for times in seen for earlier, later in pairwise(times))


def _calendar(account: str, now: datetime) -> Calendar:
    return Calendar(
        key=calendar_key(account), calendar_id=account, owner=account, tenant="example.com", created_at=now, due_at=now
    )


def simulate(store: Store, healthy: int, dead: int, length: timedelta) -> tuple[Deployment, timedelta]:
    deployment = Deployment(store)
    begin = deployment.clock.now()
    accounts = [f"person{index}@example.com" for index in range(healthy)]
    deployment.follow([*(f"dead{index}@example.com" for index in range(dead)), *accounts])
    with capture_logs():  # thousands of lines
        deployment.run(length)
    return deployment, deployment.longest_gap(accounts, begin)


@pytest.mark.parametrize("dead", [0, 100])
def test_a_hundred_dead_calendars_do_not_delay_a_thousand_healthy_ones(dead: int) -> None:
    deployment, gap = simulate(MemoryStore(), 1000, dead, timedelta(hours=2))

    assert gap < BOUND, f"{gap}"
    attempts = [deployment.attempts[calendar_key(f"dead{index}@example.com")] for index in range(dead)]
    assert all(3 <= each <= 10 for each in attempts), "they back off, and are not forgotten"
    assert all(not report.more_due for report in deployment.reports[1:])


@pytest.mark.parametrize("dead", [0, 5])
def test_nor_do_they_on_a_real_store(tmp_path: Path, dead: int) -> None:
    store = SqliteStore(tmp_path / "confsync.sqlite")

    _, gap = simulate(store, 50, dead, timedelta(hours=1))
    store.close()

    assert gap < BOUND


def test_more_dead_ones_than_a_sweep_takes_starve_nobody() -> None:
    deployment = Deployment(MemoryStore())
    deployment.sweep = replace(deployment.sweep, batch=10)
    begin = deployment.clock.now()
    healthy = [f"person{index}@example.com" for index in range(10)]
    deployment.follow([f"dead{index}@example.com" for index in range(30)])
    deployment.clock.advance(timedelta(seconds=1))
    deployment.follow(healthy)

    deployment.run(timedelta(hours=4))

    assert deployment.longest_gap(healthy, begin) < BOUND + 3 * SWEEP_EVERY, "each gets its turn"


def test_conferences_that_fail_each_time_do_not_delay_others(world: World) -> None:
    world.build(batch=5)
    conferences = [world.saved(f"event{index}").conference_id for index in range(20)]
    dead, healthy = conferences[:10], conferences[10:]
    now = world.clock.now()
    for index, conference_id in enumerate(conferences):
        conference = world.conference(conference_id)
        world.put(_unfinished(conference, now + timedelta(seconds=index)))
    world.clock.advance(timedelta(minutes=1))

    for _ in range(6):  # every sweep in vain for the dead ones, whose tasks are lost
        world.sweep()
        for task in world.queue.take():
            if task.key in healthy:
                world.reconcile(task.key)
        world.clock.advance(timedelta(minutes=10))

    assert {world.conference(each).state for each in healthy} == {ConferenceState.ACTIVE}
    assert {world.conference(each).state for each in dead} == {ConferenceState.PENDING}


def _unfinished(conference: Conference, due_at: datetime) -> Conference:
    return replace(conference, state=ConferenceState.PENDING, due_at=due_at)
