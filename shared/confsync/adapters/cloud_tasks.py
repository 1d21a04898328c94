"""The `Queue` port on Cloud Tasks: one POST per task, by the standard library's own HTTP client.

It is on the notification function's way from cold start to first answer: google-cloud-tasks, google.auth or requests
would cost more than the function itself, and http.client is loaded by functions-framework anyway.
"""

import base64
import http.client
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from confsync import tracing
from confsync.domain.errors import Temporary
from confsync.domain.keys import part_of

SERVICE = "cloud-tasks"
TIMEOUT = 5.0
"""Seconds per socket operation. Calendar wants its notification answered within seconds."""
NAMES_KEPT = 4096


class CloudTasksQueue:
    """The `Queue` port. Each task is an HTTP request with an identity token, whose audience is the target's address.

    https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create

    Of several queues a calendar's or a conference's tasks always go to the same one, so that those of one name meet.
    Another number of queues may move them to another: what waits in the one before is delivered all the same.

    `access_token` gives our own token. One connection per thread is kept. A named task that was taken is not sent
    again: the queue would only say that it has it, and a burst of notifications is made of such calls.
    """

    def __init__(
        self,
        *,
        api: str,
        project: str,
        location: str,
        queues: Sequence[str],
        sync_url: str,
        reconcile_url: str,
        service_account: str,
        access_token: Callable[[], str],
    ) -> None:
        self._api = urlsplit(api.rstrip("/"))
        self._queues = [f"projects/{project}/locations/{location}/queues/{queue}" for queue in queues]
        self._sync_url = sync_url
        self._reconcile_url = reconcile_url
        self._service_account = service_account
        self._access_token = access_token
        self._local = threading.local()
        self._sync_once = lru_cache(maxsize=NAMES_KEPT)(self._sync)  # what raises is not kept

    def sync_calendar(
        self,
        calendar_key: str,
        *,
        at: datetime | None = None,
        name: str | None = None,
        renew: bool = False,
        notified: bool = False,
    ) -> None:
        """Have the calendar synced at (or soon after) that time. A task of the same name absorbs this one.

        `renew`: replace its watch channel first. `notified`: because its channel told of a change. Raises `Temporary`
        if the queue did not take it.
        """
        (self._sync if name is None else self._sync_once)(calendar_key, at, name, renew, notified)

    def reconcile_conference(self, conference_id: str, *, at: datetime | None = None) -> None:
        """Have the conference reconciled. Raises `Temporary` if the queue did not take it."""
        self._create(self._queue_of(conference_id), self._reconcile_url, {"conference_id": conference_id}, at, None)

    def _sync(self, calendar_key: str, at: datetime | None, name: str | None, renew: bool, notified: bool) -> None:
        body = {"calendar_key": calendar_key, "renew": renew, "notified": notified}
        self._create(self._queue_of(calendar_key), self._sync_url, body, at, name)

    def _queue_of(self, key: str) -> str:
        return self._queues[part_of(key, len(self._queues))]

    def _create(self, queue: str, url: str, payload: Mapping[str, Any], at: datetime | None, name: str | None) -> None:
        with tracing.call(f"{SERVICE}: create a task", kind="producer") as call:
            named = name and f"{queue}/tasks/{name}"
            body = json.dumps({"task": self._task(url, payload, at, named, call.headers)}).encode()
            headers = {"Authorization": f"Bearer {self._access_token()}", "Content-Type": "application/json"}
            status, answer = self._post(f"{self._api.path}/v2/{queue}/tasks", body, headers)
            call.status = status
        if status == 409 and name is not None:
            return  # ALREADY_EXISTS: the task of that name does it
        if status != 200:
            raise Temporary(f"{queue} took no task: {status} {_message(answer)}", service=SERVICE, status=status)

    def _task(
        self, url: str, payload: Mapping[str, Any], at: datetime | None, name: str | None, trace: Mapping[str, str]
    ) -> dict[str, Any]:
        task: dict[str, Any] = {
            "httpRequest": {
                "url": url,
                "httpMethod": "POST",
                "headers": {"Content-Type": "application/json", **trace},
                "body": base64.b64encode(json.dumps(payload).encode()).decode(),
                "oidcToken": {"serviceAccountEmail": self._service_account, "audience": url},
            }
        }
        if at is not None:
            task["scheduleTime"] = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        if name is not None:
            task["name"] = name
        return task

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body. Sent again if no answer came: a kept connection may be dead; a doubled task does no harm."""
        try:
            return self._post_once(path, body, headers)
        except (OSError, http.client.HTTPException):
            self._close()
        try:
            return self._post_once(path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self._close()
            raise Temporary(f"{path}: no answer: {error!r}", service=SERVICE) from error

    def _post_once(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection = self._connection()
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            secure = self._api.scheme == "https"
            kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            connection = self._local.connection = kind(self._api.netloc, timeout=TIMEOUT)
        return connection

    def _close(self) -> None:
        self._connection().close()
        del self._local.connection


def _message(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return answer[:200].decode(errors="replace")
