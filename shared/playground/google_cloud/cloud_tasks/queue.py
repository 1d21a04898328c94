"""One queue at work: tasks come due, are delivered by threads, and leave when they succeeded or were given up."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import Counter, defaultdict

from playground.google_cloud.api import Body, not_found
from playground.google_cloud.cloud_tasks.disturbance import Disturbances
from playground.google_cloud.cloud_tasks.settings import QueueSettings
from playground.google_cloud.cloud_tasks.task import Task, already_exists
from playground.google_cloud.delivery import Courier, Outcome

_COUNTS = ("created", "refused", "dispatched", "succeeded", "failed", "dropped")


class Queue:
    """A running queue. All queues share one condition, so that idleness can be told for all of them at one moment."""

    def __init__(
        self,
        name: str,
        settings: QueueSettings,
        *,
        changed: threading.Condition,
        courier: Courier,
        disturbances: Disturbances,
    ) -> None:
        self.name = name
        self.settings = settings
        self.tombstone_seconds = 3600.0
        self._changed = changed
        self._courier = courier
        self._disturbances = disturbances
        self._tasks: dict[str, Task] = {}
        self._tombstones: dict[str, float] = {}
        self._due: list[tuple[float, int, Task]] = []
        self._order = itertools.count()
        self._running = 0
        self._copies = 0
        self._paused = False
        self._closed = False
        self._next_dispatch = 0.0
        self._counts: Counter[str] = Counter()
        self._by_url: defaultdict[str, Counter[str]] = defaultdict(Counter)
        threading.Thread(target=self._pump, name=f"queue {self.id}", daemon=True).start()

    @property
    def id(self) -> str:
        return self.name.rpartition("/")[2]

    def add(self, task: Task) -> None:
        """Enqueue; raise GoogleError (409) when the name is or was recently in use."""
        disturbance = self._disturbances.take(task.target.url)
        with self._changed:
            if task.name in self._tasks or self._tombstones.get(task.name, 0) > time.time():
                self._counts["refused"] += 1
                raise already_exists(recently=task.name not in self._tasks)
            self._tasks[task.name] = task
            self._counts["created"] += 1
            self._schedule(task, task.scheduled + disturbance.delay)
            self._copies += disturbance.copies
            late = max(0.0, task.scheduled + disturbance.copy_delay - time.time())
        for _ in range(disturbance.copies):
            threading.Thread(target=self._deliver_copy, args=[task, late], name=task.id, daemon=True).start()

    def get(self, name: str) -> Task:
        """Return the task; raise GoogleError (404) when it is not in the queue."""
        with self._changed:
            if name not in self._tasks:
                raise not_found()
            return self._tasks[name]

    def tasks(self) -> list[Task]:
        with self._changed:
            return sorted(self._tasks.values(), key=lambda task: task.name)

    def delete(self, name: str) -> None:
        """Take the task out, even while it runs; raise GoogleError (404) when it is not in the queue."""
        with self._changed:
            self._remove(self.get(name))

    def purge(self) -> None:
        with self._changed:
            for task in list(self._tasks.values()):
                self._remove(task)

    def set_paused(self, paused: bool) -> None:
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def run(self, name: str) -> Task:
        """Make the task due at once."""
        with self._changed:
            task = self.get(name)
            if not task.running:
                self._schedule(task, time.time())
            return task

    def close(self) -> None:
        """Dispatch nothing more; what runs is left to end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def busy(self, until: float) -> list[str]:
        """Return the names of tasks that run or are due before the moment `until`; call it under the condition."""
        names = [task.name for task in self._tasks.values() if task.running or task.scheduled < until]
        return names or [f"{self.name} (a deleted or doubled task still runs)"] * bool(self._running or self._copies)

    def to_json(self) -> Body:
        return {"name": self.name, **self.settings.to_json(), "state": "PAUSED" if self._paused else "RUNNING"}

    def stats(self) -> Body:
        """Return what happened since the start, by `_COUNTS` and by URL and status, and what is here now."""
        with self._changed:
            pending = sum(not task.running for task in self._tasks.values())
            urls = {url: dict(statuses) for url, statuses in self._by_url.items()}
            counts = {name: self._counts[name] for name in _COUNTS}
            return {**counts, "pending": pending, "running": self._running + self._copies, "by_url": urls}

    def _schedule(self, task: Task, when: float) -> None:
        task.scheduled = when
        heapq.heappush(self._due, (when, next(self._order), task))
        self._changed.notify_all()

    def _remove(self, task: Task) -> None:
        del self._tasks[task.name]
        self._tombstones[task.name] = time.time() + self.tombstone_seconds
        self._changed.notify_all()

    def _pump(self) -> None:
        while True:
            with self._changed:
                task = self._take_due()
                while task is None and not self._closed:
                    self._changed.wait(self._until_next())
                    task = self._take_due()
                if task is None:
                    return
                self._start(task)
            threading.Thread(target=self._deliver, args=[task], name=task.id, daemon=True).start()

    def _take_due(self) -> Task | None:
        self._forget_stale()
        if self._closed or self._blocked() or not self._due or self._wait_for_next() > 0:
            return None
        return heapq.heappop(self._due)[2]

    def _forget_stale(self) -> None:
        """Drop entries of tasks that were deleted or rescheduled since."""
        while self._due:
            when, _, task = self._due[0]
            if self._tasks.get(task.name) is task and task.scheduled == when and not task.running:
                return
            heapq.heappop(self._due)

    def _blocked(self) -> bool:
        return self._paused or self._running >= self.settings.max_concurrent_dispatches

    def _until_next(self) -> float | None:
        return None if self._blocked() or not self._due else max(0.0, self._wait_for_next())

    def _wait_for_next(self) -> float:
        return max(self._due[0][0], self._next_dispatch) - time.time()

    def _start(self, task: Task) -> None:
        """Count the attempt and space the next one: the rate is a bucket with one second's tokens, at least one."""
        now = time.time()
        task.running = True
        task.attempts += 1
        task.first_attempt = task.first_attempt or now
        self._running += 1
        self._counts["dispatched"] += 1
        spacing = 1 / self.settings.max_dispatches_per_second
        self._next_dispatch = max(self._next_dispatch, now - max(0.0, 1 - spacing)) + spacing

    def _deliver(self, task: Task) -> None:
        outcome = self._courier.send(task.target, task.headers(self.id), task.deadline)
        with self._changed:
            self._count(task, outcome)
            self._running -= 1
            task.running = False
            self._settle(task, outcome)
            self._changed.notify_all()

    def _deliver_copy(self, task: Task, late: float) -> None:
        """Deliver once more, as at-least-once delivery may: the answer changes nothing."""
        time.sleep(late)
        with self._changed:
            self._counts["dispatched"] += 1
            headers = {**task.headers(self.id), "X-CloudTasks-TaskRetryCount": str(max(0, task.attempts - 1))}
        outcome = self._courier.send(task.target, headers, task.deadline)
        with self._changed:
            self._count(task, outcome)
            self._copies -= 1
            self._changed.notify_all()

    def _count(self, task: Task, outcome: Outcome) -> None:
        self._counts["succeeded" if outcome.ok else "failed"] += 1
        self._by_url[task.target.url][str(outcome.status or outcome.reason)] += 1

    def _settle(self, task: Task, outcome: Outcome) -> None:
        """Decide after an attempt: done, given up, or again; a Retry-After can only make it later."""
        task.responses += outcome.status is not None
        task.executions += outcome.status is not None and outcome.status < 500
        task.last_status, task.last_reason = outcome.status, "" if outcome.ok else outcome.reason
        if self._tasks.get(task.name) is not task:
            return
        now = time.time()
        if outcome.ok:
            self._remove(task)
        elif self.settings.exhausted(task.attempts, now - (task.first_attempt or now)):
            self._counts["dropped"] += 1
            self._remove(task)
        else:
            self._schedule(task, now + max(self.settings.delay(task.attempts), outcome.retry_after))
