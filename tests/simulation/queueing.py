"""Sweeps, pushes and queues with very many calendars, second by second: how long tasks wait, and how old changes get.

Nothing of the use cases runs here: what a task takes is a number, and what follows from it a rule. The rules are those
of `renew_channels` (a batch each ten minutes, so many a second) and `sync_calendar` (when to look at a calendar again).
"""

from array import array
from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush, heapreplace
from random import Random

SWEEP_EVERY = 600.0
PUT_OFF = 600.0
RUN_FOR = 420.0
COALESCE = 1.25
"""A push becomes a task for the end of its second, and a moment."""
BACKOFF = 300.0
"""The queue's longest pause between two attempts."""

REFUSED = 3.3
"""Seconds in which a request that Calendar refuses for its quota is made three times: twice after a pause of up to 2
and 4 s (googleapiclient). Then the calendar is tried again later, after a pause that doubles each time."""
FIRST_PAUSE, LONGEST_PAUSE, GRACE = 2.0, 3600.0, 60.0
"""As `confsync.domain.backoff` has them."""
RENEWAL = 3
"""Requests to Calendar of one."""

RATES = ("changes", "others", "checks", "renewals", "per_second", "dispatches", "quota")

CHANGE, SWEEP, TASK, BEGUN, REFUSAL, DONE = range(6)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A deployment, and what happens to it. Times in seconds, rates per second."""

    calendars: int
    changes: float
    """Of events with a conference, a second, on all calendars; new ones and deleted ones are among them."""
    others: float
    requests: float = 0
    """To Calendar, of one of the changes, besides the list that finds it."""
    checks: float = 0
    """Meetings that become due to be compared with their vendor's copy, a second."""
    renewals: float = 0
    """Channels that become due, a second."""
    interval: float = 900
    watched: float = 900
    batch: int = 10_000
    per_second: float = 20
    threads: int = 16
    share: float = 1
    """Of a deployment, with as much of everything as it has for its share of the calendars."""
    queues: int = 1
    dispatches: float = 50
    """Of each queue, a second; `concurrency`: at once."""
    concurrency: int = 80
    quota: float = 10_000
    """Requests to Calendar a minute."""
    sync: float = 0.25
    """About what `operations.seconds` says of a look."""
    reconcile: float = 0.5
    lost: float = 0.01
    """The share of changes of which Google tells nothing. Its documentation has "a small percentage"."""

    @property
    def hands_out(self) -> float:
        """How many things a sweep puts off and queues in a second. Measured on 2026-11-28: 1.4 ms of processor a thing,
        most of it Firestore's client's, on a quiet machine, 2.4 on a busy one; for the rest each thread waits 50 ms,
        for a commit and the queue."""
        return self.share / max(0.05 / self.threads, 0.002)

    def part(self, share: float) -> "Setup":
        """So much of this deployment: waits are the same, or a little longer, as its queues are smaller."""
        rates = {name: getattr(self, name) * share for name in RATES}
        counts = {name: max(1, round(getattr(self, name) * share)) for name in ("calendars", "batch", "concurrency")}
        return replace(self, share=share, **rates, **counts)


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
    refused: int = 0
    """Lists that Calendar did not give, for its quota."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Task:
    """A look at a calendar; if there are `changes`, a reconciliation that applies them: when each was made, and whether
    it was pushed. With `number` one of what becomes due otherwise."""

    at: float
    calendar: int
    pushed: bool = False
    since: float = 0
    """When the push was to be followed."""
    changes: tuple[tuple[float, bool], ...] | None = None
    number: int | None = None


class _Queue:
    """One queue: when it lets out the next task, and when its workers are free."""

    def __init__(self, setup: Setup) -> None:
        self._pause, self._slot = 1 / setup.dispatches, 0.0
        self._free = [0.0] * setup.concurrency

    def next(self, now: float) -> float:
        """When a task that comes now begins."""
        return max(now, self._slot, self._free[0])

    def begin(self, at: float, seconds: float) -> None:
        """The next task begins, and takes so long."""
        self._slot = at + self._pause
        heapreplace(self._free, at + seconds)


class _Stream:
    """Things that become due one after the other, each once within the hours that are looked at."""

    def __init__(self, rate: float) -> None:
        self.rate, self._counted, self._due = rate, 0.0, 0.0
        self._handed: deque[tuple[float, int]] = deque()
        self.open: set[int] = set()
        """Handed out, and not yet done: due again if that takes too long."""

    def due(self, now: float) -> int:
        """How many are due."""
        self._due += self.rate * (now - self._counted)
        self._counted = now
        while self._handed and self._handed[0][0] <= now:
            _, number = self._handed.popleft()
            self._due += number in self.open
            self.open.discard(number)
        return int(self._due)

    def hand_out(self, number: int, at: float) -> None:
        """One is to be done then, and put off."""
        self._due -= 1
        self.open.add(number)
        self._handed.append((at + PUT_OFF, number))


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
        self._queues = [_Queue(setup) for _ in range(setup.queues)]
        self._checks, self._renewals = _Stream(setup.checks), _Stream(setup.renewals)
        self._asked: dict[int, float] = defaultdict(float)
        """Requests to Calendar in each minute."""
        self._failures: dict[int, int] = defaultdict(int)
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
                steps = {TASK: self._dispatch, BEGUN: self._begin, REFUSAL: self._refuse, DONE: self._done}
                steps[kind](now, task)
        return self.found

    def _change(self, now: float) -> None:
        setup, random = self.setup, self._random
        self._add(now + random.expovariate(setup.changes + setup.others), CHANGE)
        calendar, pushed = random.randrange(setup.calendars), random.random() >= setup.lost
        ours = random.random() * (setup.changes + setup.others) < setup.changes
        self._pending[calendar].append((now, pushed, ours))
        if pushed:
            self._queue(_Task(at=now + COALESCE, since=now + COALESCE, calendar=calendar, pushed=True))

    # --- the sweep

    def _sweep(self, now: float) -> None:
        """Calendars first, then conferences and channels, as far as there is time."""
        room = int(self.setup.hands_out * RUN_FOR)
        handed = 0
        while handed < min(self.setup.batch, room) and (calendar := self._next_due(now)) is not None:
            at = self._begins(now, handed, handed)
            self._look_at(calendar, at + PUT_OFF)
            self._queue(_Task(at=at, calendar=calendar))
            handed += 1
        left = 0 if handed < self.setup.batch else self._still_due(now)
        for stream in (self._checks, self._renewals):
            due = stream.due(now)
            some = min(due, self.setup.batch, room - handed)
            self._hand_out(stream, now, some, handed)
            handed, left = handed + some, left + due - some
        self.found.sweeps.append((now, handed, left))

    def _hand_out(self, stream: _Stream, now: float, some: int, handed: int) -> None:
        for index in range(some):
            at = self._begins(now, index, handed + index)
            self._count += 1
            stream.hand_out(self._count, at)
            self._queue(_Task(at=at, calendar=index, number=self._count))

    def _begins(self, now: float, index: int, handed: int) -> float:
        """When the task of the so-manieth of its kind begins, after so many of all kinds."""
        return now + max(index / self.setup.per_second, handed / self.setup.hands_out)

    def _next_due(self, now: float) -> int | None:
        while self._by_due and self._by_due[0][0] <= now:
            due, calendar = heappop(self._by_due)
            if self._due[calendar] == due:
                return calendar
        return None

    def _still_due(self, now: float) -> int:
        return sum(due <= now and self._due[each] == due for due, each in self._by_due)

    def _look_at(self, calendar: int, when: float) -> None:
        self._due[calendar] = when
        heappush(self._by_due, (when, calendar))

    # --- the queues

    def _dispatch(self, now: float, task: _Task) -> None:
        """It takes the next worker; while functions are out it is tried in vain, and comes back some time after."""
        queue = self._queues[task.calendar % len(self._queues)]
        begin = queue.next(now)
        if self._is_out(begin):
            self._add(self.outage[1] + self._random.uniform(0, BACKOFF), TASK, task)
            return
        refused = self._asks(begin, task)
        mean = REFUSED if refused else self._mean(task)
        queue.begin(begin, self._random.uniform(0.5, 1.5) * mean)
        self._add(begin, REFUSAL if refused else BEGUN, task)

    def _asks(self, now: float, task: _Task) -> bool:
        """Ask Calendar for what the task needs; whether it refuses, which only a list is taken to meet."""
        if task.number is not None:
            requests = RENEWAL if task.number in self._renewals.open else 0.0
        else:
            requests = 1.0 if task.changes is None else len(task.changes) * self.setup.requests
        minute = int(now // 60)
        if task.number is None and task.changes is None and self._asked[minute] + requests > self.setup.quota:
            return True
        self._asked[minute] += requests
        return False

    def _mean(self, task: _Task) -> float:
        return self.setup.sync if task.changes is None and task.number is None else self.setup.reconcile

    def _refuse(self, now: float, task: _Task) -> None:
        self.found.refused += 1
        self._failures[task.calendar] += 1
        pause = min(FIRST_PAUSE * 2.0 ** (self._failures[task.calendar] - 1), LONGEST_PAUSE)
        at = now + REFUSED + pause * self._random.uniform(0.5, 1)
        self._look_at(task.calendar, at + GRACE)
        self._queue(replace(task, at=at))

    def _begin(self, now: float, task: _Task) -> None:
        self.found.begun += 1
        if task.number is not None:
            self._checks.open.discard(task.number)
            self._renewals.open.discard(task.number)
        elif task.changes is not None:
            self._add(now + self.setup.reconcile, DONE, task)
        else:
            self._read(now, task)

    def _read(self, now: float, task: _Task) -> None:
        if task.pushed:
            self.found.waits.append((now, now - task.since))
        self._failures.pop(task.calendar, None)
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
