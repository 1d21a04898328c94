"""Sweeps, pushes and a queue with very many calendars, second by second: how long tasks wait, and how old changes get.

Nothing of the use cases runs here: what a task takes is a number, and what follows from it a rule. The rules are those
of `renew_channels` (a batch each ten minutes, so many a second) and `sync_calendar` (when to look at a calendar again).
"""

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush, heapreplace
from random import Random

SWEEP_EVERY = 600.0
PUT_OFF = 600.0
RUN_FOR = 420.0
COALESCE = 1.25
"""A push becomes a task for the end of its second, and a moment."""
BACKOFF = 300.0
"""The queue's longest pause between two attempts."""

CHANGE, SWEEP, TASK, BEGUN, DONE = range(5)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A deployment, and what happens to it. Times in seconds, rates per second."""

    calendars: int
    changes: float
    """Of events with a conference, a second, on all calendars."""
    others: float
    interval: float = 900
    watched: float = 900
    batch: int = 10_000
    per_second: float = 20
    dispatches: float = 50
    concurrency: int = 80
    hands_out: float = 300
    """How many a sweep puts off and queues in a second. Measured on 2026-11-28: 1.4 ms of processor for Firestore's
    client a thing; for the rest 16 threads wait 50 ms each, for a commit and the queue."""
    sync: float = 0.25
    """About what `operations.seconds` says of a look."""
    reconcile: float = 0.5
    lost: float = 0.01
    """The share of changes of which Google tells nothing. Its documentation has "a small percentage"."""


@dataclass
class Found:
    """What was seen. Waits are those of tasks behind their time, in seconds; ages those of changes once applied."""

    waits: list[tuple[float, float]] = field(default_factory=list)
    """When, and how long, of a task for a push."""
    told: list[tuple[float, float]] = field(default_factory=list)
    """When the change was made, and its age; of one that was pushed."""
    untold: list[float] = field(default_factory=list)
    """Ages of changes that were not."""
    sweeps: list[tuple[float, int, int]] = field(default_factory=list)
    """When, how many were handed out, how many were due all the same."""
    begun: int = 0


@dataclass(frozen=True, kw_only=True)
class _Task:
    at: float
    calendar: int
    pushed: bool = False
    changes: tuple[tuple[float, bool], ...] | None = None
    """To be applied, by a reconciliation: when each was made, and whether it was pushed."""


class Simulation:
    """One deployment, from now on; no function answers during the outage (from, until)."""

    def __init__(self, setup: Setup, *, outage: tuple[float, float] = (0, 0), seed: int = 1) -> None:
        self.setup, self.outage, self.found = setup, outage, Found()
        self._random = Random(seed)
        self._due = array("d", (self._random.uniform(0, setup.watched) for _ in range(setup.calendars)))
        self._by_due = [(due, calendar) for calendar, due in enumerate(self._due)]
        heapify(self._by_due)
        self._pending: dict[int, list[tuple[float, bool, bool]]] = defaultdict(list)
        self._events: list[tuple[float, int, int, _Task | None]] = []
        self._count = 0
        self._free = [0.0] * setup.concurrency
        self._slot = 0.0
        self._add(0.0, SWEEP)
        self._add(0.0, CHANGE)

    def run(self, seconds: float) -> Found:
        """Everything that happens within so many seconds."""
        while self._events and self._events[0][0] < seconds:
            now, _, kind, task = heappop(self._events)
            if kind == CHANGE:
                self._change(now)
            elif kind == SWEEP:
                self._add(now + SWEEP_EVERY, SWEEP)
                if not self._is_out(now):
                    self._sweep(now)
            else:
                assert task is not None
                {TASK: self._dispatch, BEGUN: self._begin, DONE: self._done}[kind](now, task)
        return self.found

    def _change(self, now: float) -> None:
        setup, random = self.setup, self._random
        self._add(now + random.expovariate(setup.changes + setup.others), CHANGE)
        calendar, pushed = random.randrange(setup.calendars), random.random() >= setup.lost
        ours = random.random() * (setup.changes + setup.others) < setup.changes
        self._pending[calendar].append((now, pushed, ours))
        if pushed:
            self._queue(_Task(at=now + COALESCE, calendar=calendar, pushed=True))

    def _sweep(self, now: float) -> None:
        setup, handed = self.setup, 0
        pace = min(setup.per_second, setup.hands_out)
        room = min(setup.batch, int(setup.hands_out * RUN_FOR))
        while handed < room and (calendar := self._next_due(now)) is not None:
            at = now + handed / pace
            self._look_at(calendar, at + PUT_OFF)
            self._queue(_Task(at=at, calendar=calendar))
            handed += 1
        left = 0 if handed < room else sum(due <= now and self._due[each] == due for due, each in self._by_due)
        self.found.sweeps.append((now, handed, left))

    def _next_due(self, now: float) -> int | None:
        while self._by_due and self._by_due[0][0] <= now:
            due, calendar = heappop(self._by_due)
            if self._due[calendar] == due:
                return calendar
        return None

    def _look_at(self, calendar: int, when: float) -> None:
        self._due[calendar] = when
        heappush(self._by_due, (when, calendar))

    # --- the queue

    def _dispatch(self, now: float, task: _Task) -> None:
        """It takes the next worker; while functions are out it is tried in vain, and comes back some time after."""
        begin = max(now, self._slot, self._free[0])
        if self._is_out(begin):
            self._add(self.outage[1] + self._random.uniform(0, BACKOFF), TASK, task)
            return
        self._slot = begin + 1 / self.setup.dispatches
        mean = self.setup.sync if task.changes is None else self.setup.reconcile
        heapreplace(self._free, begin + self._random.uniform(0.5, 1.5) * mean)
        self._add(begin, BEGUN, task)

    def _begin(self, now: float, task: _Task) -> None:
        self.found.begun += 1
        if task.changes is not None:
            self._add(now + self.setup.reconcile, DONE, task)
            return
        if task.pushed:
            self.found.waits.append((now, now - task.at))
        changes = self._pending.pop(task.calendar, [])
        silent = any(not pushed for _, pushed, _ in changes) and not task.pushed
        interval = self.setup.interval if silent else self.setup.watched
        self._look_at(task.calendar, now + interval * self._random.uniform(0.75, 1.25))
        ours = tuple((made, pushed) for made, pushed, concerns in changes if concerns)
        if ours:
            self._queue(_Task(at=now + self.setup.sync, calendar=task.calendar, changes=ours))

    def _done(self, now: float, task: _Task) -> None:
        for made, pushed in task.changes or ():
            if pushed:
                self.found.told.append((made, now - made))
            else:
                self.found.untold.append(now - made)

    def _queue(self, task: _Task) -> None:
        self._add(task.at, TASK, task)

    def _is_out(self, now: float) -> bool:
        return self.outage[0] <= now < self.outage[1]

    def _add(self, at: float, kind: int, task: _Task | None = None) -> None:
        self._count += 1
        heappush(self._events, (at, self._count, kind, task))
