"""The REST API of Cloud Tasks, and what the playground may ask of it.

Controls: `GET /_playground/stats` (per queue), `PUT /_playground/tombstones` `{"seconds": s}`, and
`POST|GET|DELETE /_playground/disturbances` (see `Disturbance`).
"""

from __future__ import annotations

import re
import threading
import time
from typing import Any

from flask import request

from playground.accounts import Accounts
from playground.google_cloud.api import Body, GoogleError, google_api, invalid, json_body, not_found
from playground.google_cloud.cloud_tasks.disturbance import Disturbances
from playground.google_cloud.cloud_tasks.queue import Queue
from playground.google_cloud.cloud_tasks.settings import QueueSettings
from playground.google_cloud.cloud_tasks.task import parse_task
from playground.google_cloud.delivery import Courier
from playground.google_cloud.oidc import Issuer

_LOCATION = "/v2/<path:location>"
_QUEUES = f"{_LOCATION}/queues"
_QUEUE = f"{_QUEUES}/<queue>"
_TASKS = f"{_QUEUE}/tasks"
_TASK = f"{_TASKS}/<task>"
_QUEUE_NAME = re.compile(r"projects/[A-Za-z0-9:.-]+/locations/[a-z0-9-]+/queues/[A-Za-z0-9-]{1,100}")
_NO_QUEUE = "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."


class CloudTasks:
    """All queues of all projects; `app` is the API."""

    def __init__(self, accounts: Accounts, issuer: Issuer) -> None:
        self.disturbances = Disturbances()
        self._courier = Courier(issuer)
        self._changed = threading.Condition(threading.RLock())
        self._queues: dict[str, Queue] = {}
        self._tombstone_seconds = 3600.0
        self.app = google_api("cloud-tasks", accounts)
        self._add_routes()

    def create_queue(self, name: str, settings: QueueSettings | None = None) -> None:
        """Create the queue of this full name; raise GoogleError when the name is malformed or taken."""
        if not _QUEUE_NAME.fullmatch(name):
            raise invalid(f'Queue name must be formatted: "projects/<P>/locations/<L>/queues/<Q>", not "{name}".')
        with self._changed:
            if name in self._queues:
                raise GoogleError(409, "ALREADY_EXISTS", "Queue already exists")
            queue = Queue(
                name,
                settings or QueueSettings(),
                changed=self._changed,
                courier=self._courier,
                disturbances=self.disturbances,
            )
            queue.tombstone_seconds = self._tombstone_seconds
            self._queues[name] = queue

    def set_tombstones(self, seconds: float) -> None:
        """Keep the names of tasks that are gone from now on for so long (Google: 1 to 24 hours)."""
        with self._changed:
            self._tombstone_seconds = seconds
            for queue in self._queues.values():
                queue.tombstone_seconds = seconds

    def wait_idle(self, timeout: float = 10, *, within: float | None = None) -> None:
        """Return when no task runs or waits; with `within`, tasks due later than so many seconds from now don't count.

        Raises TimeoutError, which names the tasks, after `timeout` seconds.
        """
        end = time.monotonic() + timeout
        with self._changed:
            while busy := self._busy(within):
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"after {timeout} s the queues still have {', '.join(busy)}")
                self._changed.wait(min(left, 0.1))

    def stats(self) -> dict[str, Body]:
        """Return each queue's counts by its full name; see `Queue.stats`."""
        with self._changed:
            return {name: queue.stats() for name, queue in self._queues.items()}

    def close(self) -> None:
        """Stop dispatching."""
        with self._changed:
            for queue in self._queues.values():
                queue.close()

    def _busy(self, within: float | None) -> list[str]:
        until = float("inf") if within is None else time.time() + within
        return [name for queue in self._queues.values() for name in queue.busy(until)]

    def _queue(self, location: str, queue: str) -> Queue:
        found = self._queues.get(f"{location}/queues/{queue}")
        if found is None:
            raise not_found(_NO_QUEUE)
        return found

    def _add_routes(self) -> None:
        for rule, method, view in (
            (_QUEUES, "POST", self._create_queue),
            (_QUEUE, "GET", lambda location, queue: self._queue(location, queue).to_json()),
            (_QUEUE, "PATCH", self._patch_queue),
            (f"{_QUEUE}:pause", "POST", lambda location, queue: self._set_paused(location, queue, True)),
            (f"{_QUEUE}:resume", "POST", lambda location, queue: self._set_paused(location, queue, False)),
            (f"{_QUEUE}:purge", "POST", self._purge),
            (_TASKS, "POST", self._create_task),
            (_TASKS, "GET", self._list_tasks),
            (_TASK, "GET", self._get_task),
            (_TASK, "DELETE", self._delete_task),
            (f"{_TASK}:run", "POST", self._run_task),
            ("/_playground/stats", "GET", self.stats),
            ("/_playground/tombstones", "PUT", self._put_tombstones),
            ("/_playground/disturbances", "POST", self._post_disturbance),
            ("/_playground/disturbances", "GET", self.disturbances.left),
            ("/_playground/disturbances", "DELETE", self._delete_disturbances),
        ):
            self.app.add_url_rule(rule, f"{method} {rule}", view, methods=[method])

    def _create_queue(self, location: str) -> Body:
        body = json_body()
        name = str(body.get("name", ""))
        if not name.startswith(f"{location}/queues/"):
            raise invalid(f'The queue name "{name}" must begin with the parent "{location}".')
        self.create_queue(name, QueueSettings.parse(body))
        return self._queues[name].to_json()

    def _patch_queue(self, location: str, queue: str) -> Body:
        """Replace the settings; those that the body does not name go back to their defaults."""
        found = self._queue(location, queue)
        settings = QueueSettings.parse(json_body())
        with self._changed:
            found.settings = settings
            self._changed.notify_all()
        return found.to_json()

    def _set_paused(self, location: str, queue: str, paused: bool) -> Body:
        found = self._queue(location, queue)
        found.set_paused(paused)
        return found.to_json()

    def _purge(self, location: str, queue: str) -> Body:
        found = self._queue(location, queue)
        found.purge()
        return found.to_json()

    def _create_task(self, location: str, queue: str) -> Body:
        found = self._queue(location, queue)
        body = json_body({"task", "responseView"})
        task = parse_task(found.name, body.get("task") or {}, time.time())
        answer = task.to_json(body.get("responseView"))
        found.add(task)
        return answer

    def _list_tasks(self, location: str, queue: str) -> Body:
        tasks, view = self._queue(location, queue).tasks(), request.args.get("responseView")
        size, start = min(request.args.get("pageSize", 1000, int), 1000), request.args.get("pageToken", "")
        rest = [task for task in tasks if task.name >= start]
        following = {"nextPageToken": rest[size].name} if len(rest) > size else {}
        return {"tasks": [task.to_json(view) for task in rest[:size]], **following}

    def _get_task(self, location: str, queue: str, task: str) -> Body:
        found = self._queue(location, queue)
        return found.get(f"{found.name}/tasks/{task}").to_json(request.args.get("responseView"))

    def _delete_task(self, location: str, queue: str, task: str) -> Body:
        found = self._queue(location, queue)
        found.delete(f"{found.name}/tasks/{task}")
        return {}

    def _run_task(self, location: str, queue: str, task: str) -> Body:
        found = self._queue(location, queue)
        return found.run(f"{found.name}/tasks/{task}").to_json(json_body({"responseView"}).get("responseView"))

    def _put_tombstones(self) -> Body:
        self.set_tombstones(float(json_body({"seconds"})["seconds"]))
        return {"seconds": self._tombstone_seconds}

    def _post_disturbance(self) -> list[dict[str, Any]]:
        try:
            self.disturbances.add(**json_body())
        except (TypeError, re.error) as error:
            raise invalid(f"not a disturbance: {error}") from None
        return self.disturbances.left()

    def _delete_disturbances(self) -> tuple[str, int]:
        self.disturbances.clear()
        return "", 204
