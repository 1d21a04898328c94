"""What one occasion takes, counted at the ports while the real use cases do it in the simulated world."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from confsync.adapters.records import COLLECTIONS, name
from confsync.domain.calendar import Calendar
from confsync.domain.channel import Channel
from confsync.ports import Save, Write
from tests.fakes.ports import FakePorts
from tests.fakes.store import CountingStore
from tests.simulation.cloud import Cloud, Functions
from tests.simulation.gate import Call
from tests.simulation.prices import cost
from tests.simulation.scenarios import Deed, delete, rename, saved

T = TypeVar("T")

CHECK_EVERY = timedelta(hours=18)


@dataclass(frozen=True, kw_only=True)
class Operations:
    """How often each thing is done. Reads and writes are those that Firestore bills."""

    requests: int
    """Calls of our functions."""
    calendar: int
    vendor: int
    reads: int
    writes: int
    tasks: int
    calendars: int
    """Writes of calendars' records; each moves an entry of an index that is ordered by time."""
    conferences: int

    def __sub__(self, other: "Operations") -> "Operations":
        return Operations(**{name: getattr(self, name) - getattr(other, name) for name in NAMES})


NAMES = [each.name for each in fields(Operations)]
PORTS = {"google": "calendar", "vendor": "vendor", "queue": "tasks"}


class CountingCloud(Cloud):
    """The world with a count of all that functions ask for; it is its own gate."""

    def __init__(self) -> None:
        super().__init__(check_every=CHECK_EVERY)
        self.counted = CountingStore(self.store)
        self.store.observer = self._written
        self.written: set[str] = set()
        """Names of all records that were written since `clear`."""
        self.gate = self
        self.clear()

    def clear(self) -> None:
        """Begin to count."""
        self.counted.reset()
        self.calls: Counter[str] = Counter()
        self.written.clear()

    def ports(self, gated: Callable[[str, Any], Any]) -> FakePorts:
        return replace(super().ports(gated), store=gated("store", self.counted))

    def run(self, work: Callable[[Functions], T]) -> T | None:
        self.calls["requests"] += 1
        return super().run(work)

    def before(self, call: Call) -> None:
        if call.port in PORTS:
            self.calls[PORTS[call.port]] += 1

    def after(self, call: Call) -> None:
        pass

    def _written(self, writes: Sequence[Write]) -> None:
        self.promises.committed(writes)
        for write in writes:
            self.calls[COLLECTIONS[type(write.record)]] += 1
            self.written.add(name(write.record))

    @property
    def operations(self) -> Operations:
        """What was counted."""
        counts = self.calls + Counter(reads=self.counted.reads, writes=self.counted.writes)
        return Operations(**{name: counts[name] for name in NAMES})


def sweep(cloud: Cloud) -> None:
    cloud.sweep()


def foreign(cloud: Cloud) -> None:
    """An event that is none of our business."""
    cloud.ann.insert("foreign", title="Lunch")


def choose(cloud: Cloud) -> None:
    """Ann has a calendar that is followed already."""
    created = cloud.choose(cloud.ann, "e2")
    assert created is not None
    cloud.save(cloud.ann, "e2", created, title="Planning")


def calendar_due(cloud: Cloud) -> None:
    _due(cloud, Calendar)


def channel_due(cloud: Cloud) -> None:
    _due(cloud, Channel)


def _due(cloud: Cloud, kind: type[Any]) -> None:
    (record,) = cloud.store.find(kind)
    cloud.clock.advance(timedelta(minutes=3))
    cloud.store.commit([Save(record=replace(record, due_at=cloud.clock.now()))])


def check_due(cloud: Cloud) -> None:
    """The meeting is due to be compared with the vendor's copy, and nothing else is due."""
    cloud.clock.advance(1.25 * CHECK_EVERY)
    (calendar,) = cloud.store.find(Calendar)
    cloud.store.commit([Save(record=replace(calendar, due_at=cloud.clock.now() + CHECK_EVERY))])


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """Something that happens to somebody who has one event with a conference."""

    act: Deed
    prepare: Deed = lambda _: None
    swept: bool = False
    """Whether a sweep finds it: what that takes by itself is no part of it."""


OCCASIONS = {
    cost.LOOK: Occasion(prepare=calendar_due, act=sweep, swept=True),
    cost.OTHER: Occasion(act=foreign),
    cost.CHANGE: Occasion(act=rename),
    cost.CHOSEN: Occasion(act=choose),
    cost.GONE: Occasion(act=delete),
    cost.CHECK: Occasion(prepare=check_due, act=sweep, swept=True),
    cost.RENEWAL: Occasion(prepare=channel_due, act=sweep, swept=True),
}

LATENCY = {"calendar": 0.15, "vendor": 0.25, "reads": 0.01, "writes": 0.02, "tasks": 0.02}
"""Seconds of one operation, waited for by the function: taken to be so, as nobody has measured it in the cloud."""
OWN = 0.02
"""Seconds of a function's own, a request. Measured on 2026-11-28 with the playground of `tests.benchmarks follow`, two
calls each, simulators of 50 and 100 ms, records in SQLite, on a busy machine: syncs took 115 and 210 ms,
reconciliations 127 and 217 ms, so 20 and 37 ms without the simulators."""


def seconds(found: Operations) -> float:
    """How long functions are at it, all requests together."""
    return OWN * found.requests + sum(latency * getattr(found, name) for name, latency in LATENCY.items())


@cache
def sweep_alone() -> Operations:
    """What a sweep takes that finds nothing."""
    return _counted(Occasion(act=sweep))


@cache
def operations(name: str) -> Operations:
    """What the occasion of this name takes."""
    occasion = OCCASIONS[name]
    if not occasion.swept:
        return _counted(occasion)
    found = _counted(occasion) - sweep_alone()
    return replace(found, reads=found.reads + 1)  # a query that finds nothing is billed as one that finds one


def _counted(occasion: Occasion) -> Operations:
    cloud = CountingCloud()
    saved(cloud)
    occasion.prepare(cloud)
    cloud.clear()
    occasion.act(cloud)
    cloud.follow()
    return cloud.operations
