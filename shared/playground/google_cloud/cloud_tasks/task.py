"""A task: what CreateTask accepts, what GetTask answers, and how its attempts went.

https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import time
from dataclasses import dataclass, field

from playground.google_cloud.api import (
    Body,
    GoogleError,
    check_fields,
    format_duration,
    format_time,
    invalid,
    parse_duration,
    parse_time,
)
from playground.google_cloud.delivery import Target

DAY = 86_400
MAX_SCHEDULE = 30 * DAY
MAX_SIZE = 1_000_000  # bytes; https://cloud.google.com/tasks/docs/quotas
MAX_URL = 2083
_NAME = re.compile(
    r"(?P<queue>projects/[A-Za-z0-9:.-]+/locations/[a-z0-9-]+/queues/[A-Za-z0-9-]{1,100})/tasks/[A-Za-z0-9_-]{1,500}"
)
_TASK_FIELDS = {"name", "httpRequest", "scheduleTime", "dispatchDeadline"}
_REQUEST_FIELDS = {"url", "httpMethod", "headers", "body", "oidcToken"}
_METHODS = {"POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"}
_METHODS_WITH_BODY = {"POST", "PUT", "PATCH"}
_REPLACED_HEADERS = ("host", "content-length", "user-agent", "x-google-", "x-appengine-", "x-cloudtasks-")


@dataclass(kw_only=True)
class Task:
    """A task in its queue; times are epoch seconds, changed only under the queue's lock."""

    name: str
    target: Target
    body: Body
    scheduled: float
    deadline: float
    created: float = field(default_factory=time.time)
    first_attempt: float | None = None
    attempts: int = 0
    responses: int = 0
    executions: int = 0
    last_status: int | None = None
    last_reason: str = ""
    running: bool = False

    @property
    def id(self) -> str:
        return self.name.rpartition("/")[2]

    def headers(self, queue_id: str) -> dict[str, str]:
        """Return what Cloud Tasks adds; https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler"""
        headers = {
            "User-Agent": "Google-Cloud-Tasks",
            "X-CloudTasks-QueueName": queue_id,
            "X-CloudTasks-TaskName": self.id,
            "X-CloudTasks-TaskRetryCount": str(self.attempts - 1),
            "X-CloudTasks-TaskExecutionCount": str(self.executions),
            "X-CloudTasks-TaskETA": f"{self.scheduled:.6f}",
        }
        if self.last_status is not None:
            headers["X-CloudTasks-TaskPreviousResponse"] = str(self.last_status)
        if self.last_reason:
            headers["X-CloudTasks-TaskRetryReason"] = self.last_reason
        return headers

    def to_json(self, view: str | None) -> Body:
        """Return the resource; only the FULL view has the body of its request."""
        full = view == "FULL"
        return {
            "name": self.name,
            "httpRequest": {name: value for name, value in self.body.items() if full or name != "body"},
            "scheduleTime": format_time(self.scheduled),
            "createTime": format_time(int(self.created)),
            "dispatchDeadline": format_duration(self.deadline),
            "dispatchCount": self.attempts,
            "responseCount": self.responses,
            "view": "FULL" if full else "BASIC",
        }


def parse_task(queue: str, body: Body, now: float) -> Task:
    """Read the Task of a CreateTask call on the queue of this full name; raise GoogleError for what Google refuses."""
    check_fields(body, _TASK_FIELDS, "task")
    name = body.get("name") or f"{queue}/tasks/{secrets.randbits(64)}"
    _check_name(queue, name)
    request = body.get("httpRequest")
    if not isinstance(request, dict):
        raise invalid("Task.http_request is required: one of app_engine_http_request and http_request must be set.")
    scheduled = parse_time(body["scheduleTime"], "task.schedule_time") if "scheduleTime" in body else now
    if scheduled > now + MAX_SCHEDULE:
        raise invalid("Task.scheduleTime must not be more than 30 days in the future.")
    deadline = parse_duration(body.get("dispatchDeadline", "600s"), "task.dispatch_deadline")
    if not 15 <= deadline <= 1800:
        raise invalid("Task.dispatchDeadline must be between [15s, 30m].")
    return Task(name=name, target=_target(request), body=request, scheduled=max(scheduled, now), deadline=deadline)


def _check_name(queue: str, name: str) -> None:
    match = _NAME.fullmatch(name)
    if match is None:
        raise invalid(
            'Task name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>/tasks/'
            '<TASK_ID>"'
        )
    if match["queue"] != queue:
        raise invalid(
            f'The queue name from request ("{queue}") must be the same as the queue name in the named task ("{name}").'
        )


def _target(request: Body) -> Target:
    check_fields(request, _REQUEST_FIELDS, "task.http_request")
    url, method, oidc = str(request.get("url", "")), request.get("httpMethod", "POST"), request.get("oidcToken", {})
    check_fields(oidc, {"serviceAccountEmail", "audience"}, "task.http_request.oidc_token")
    if not url.startswith(("http://", "https://")) or len(url) > MAX_URL:
        raise invalid("HttpRequest.url is required, must begin with http:// or https:// and have <= 2083 characters.")
    if method not in _METHODS:
        raise invalid(f"Invalid value at 'task.http_request.http_method' (HttpMethod), \"{method}\"")
    if oidc and not oidc.get("serviceAccountEmail"):
        raise invalid("HttpRequest.oidc_token.service_account_email is required.")
    return Target(
        url=url,
        method=method,
        headers=_headers(request.get("headers", {})),
        body=_body(request, method),
        service_account=oidc.get("serviceAccountEmail"),
        audience=oidc.get("audience"),
    )


def _body(request: Body, method: str) -> bytes | None:
    if "body" not in request:
        return None
    try:
        body = base64.b64decode(request["body"], validate=True)
    except (TypeError, binascii.Error):
        raise invalid("Invalid value at 'task.http_request.body' (TYPE_BYTES), Base64 decoding failed.") from None
    if body and method not in _METHODS_WITH_BODY:
        raise invalid("HttpRequest.body is only allowed for POST, PUT and PATCH.")
    if len(body) > MAX_SIZE:
        raise invalid("Task size too large.")
    return body


def _headers(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if not name.lower().startswith(_REPLACED_HEADERS)}


def already_exists(*, recently: bool) -> GoogleError:
    """409 for a name that a task has, or had recently."""
    if recently:
        message = "The task cannot be created because a task with this name existed too recently."
    else:
        message = "Requested entity already exists"
    return GoogleError(409, "ALREADY_EXISTS", message)
