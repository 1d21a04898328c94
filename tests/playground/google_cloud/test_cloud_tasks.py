"""The Cloud Tasks simulator over HTTP: names, schedules, retries, limits, disturbances."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from flask import Flask
from google.auth import jwt
from hypothesis import given
from hypothesis import strategies as st

from playground.accounts import Accounts
from playground.google_cloud.cloud_tasks import CloudTasks
from playground.google_cloud.cloud_tasks.settings import QueueSettings
from playground.google_cloud.delivery import Courier, Target
from playground.google_cloud.oidc import Issuer
from playground.server import Server

LOCATION = "projects/demo/locations/europe-west1"
QUEUE = f"{LOCATION}/queues/sync"
FAST = {"retryConfig": {"minBackoff": "0.05s", "maxBackoff": "0.2s"}}


@pytest.fixture
def tasks(accounts: Accounts, issuer: Issuer) -> Iterator[CloudTasks]:
    tasks = CloudTasks(accounts, issuer)
    tasks.create_queue(QUEUE, QueueSettings.parse(FAST))
    yield tasks
    tasks.close()


@pytest.fixture
def call(tasks: CloudTasks, caller: Callable[[Flask], Any]) -> Any:
    return caller(tasks.app)


@pytest.fixture
def create(call: Any, worker: Any) -> Any:
    def create(
        task_id: str | None = None, *, path: str = "/run", queue: str = QUEUE, **fields: Any
    ) -> requests.Response:
        task = {"httpRequest": {"url": worker.url + path}, **fields}
        if task_id is not None:
            task["name"] = f"{QUEUE}/tasks/{task_id}"
        return call("POST", f"/v2/{queue}/tasks", {"task": task})

    return create


def later(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def status(response: requests.Response) -> tuple[int, str]:
    error = response.json()["error"]
    assert error["code"] == response.status_code
    assert error["message"]
    return error["code"], error["status"]


def test_a_task_is_delivered_with_its_body_headers_and_identity(tasks: CloudTasks, create: Any, worker: Any) -> None:
    request = {
        "url": worker.url + "/sync?x=1",
        "httpMethod": "PUT",
        "headers": {"Content-Type": "application/json", "User-Agent": "mine"},
        "body": base64.b64encode(b'{"calendar": "c"}').decode(),
        "oidcToken": {
            "serviceAccountEmail": "tasks@demo.iam.gserviceaccount.com",
            "audience": "https://sync.example.com",
        },
    }
    created = create("abc", httpRequest=request).json()
    assert created["name"] == f"{QUEUE}/tasks/abc"
    assert (created["dispatchDeadline"], created["view"], "body" in created["httpRequest"]) == ("600s", "BASIC", False)
    tasks.wait_idle()
    (received,) = worker.received
    assert received.body == b'{"calendar": "c"}'
    sent = received.headers
    assert (sent["Content-Type"], sent["User-Agent"]) == ("application/json", "Google-Cloud-Tasks")
    assert (sent["X-Cloudtasks-Queuename"], sent["X-Cloudtasks-Taskname"]) == ("sync", "abc")
    assert (sent["X-Cloudtasks-Taskretrycount"], sent["X-Cloudtasks-Taskexecutioncount"]) == ("0", "0")
    assert abs(float(sent["X-Cloudtasks-Tasketa"]) - received.at) < 2
    claims = jwt.decode(sent["Authorization"].removeprefix("Bearer "), verify=False)
    assert (claims["email"], claims["aud"]) == ("tasks@demo.iam.gserviceaccount.com", "https://sync.example.com")


def test_the_audience_is_the_url_unless_given(tasks: CloudTasks, create: Any, worker: Any) -> None:
    create(httpRequest={"url": worker.url + "/a", "oidcToken": {"serviceAccountEmail": "t@example.com"}})
    tasks.wait_idle()
    token = worker.received[0].headers["Authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, verify=False)["aud"] == worker.url + "/a"


def test_a_failed_task_is_retried_and_told_about_it(tasks: CloudTasks, create: Any, worker: Any) -> None:
    worker.statuses = [503, 409]
    create("again")
    tasks.wait_idle()
    counts = [
        (r.headers["X-Cloudtasks-Taskretrycount"], r.headers["X-Cloudtasks-Taskexecutioncount"])
        for r in worker.received
    ]
    assert counts == [("0", "0"), ("1", "0"), ("2", "1")]
    assert [r.headers.get("X-Cloudtasks-Taskpreviousresponse") for r in worker.received] == [None, "503", "409"]
    assert "503" in worker.received[1].headers["X-Cloudtasks-Taskretryreason"]
    waits = [b.at - a.at for a, b in zip(worker.received, worker.received[1:], strict=False)]
    assert waits[0] >= 0.05
    assert waits[1] >= 0.1
    stats = tasks.stats()[QUEUE]
    assert stats["by_url"][worker.url + "/run"] == {"503": 1, "409": 1, "200": 1}
    assert (stats["dispatched"], stats["failed"], stats["succeeded"], stats["pending"]) == (3, 2, 1, 0)


def test_a_redirect_is_a_failure_and_retry_after_is_waited_for(tasks: CloudTasks, create: Any, worker: Any) -> None:
    worker.statuses, worker.answer_headers = [302], {"Retry-After": "1", "Location": "/elsewhere"}
    create()
    tasks.wait_idle()
    first, second = worker.received
    assert (first.path, second.path) == ("run", "run")
    assert second.at - first.at >= 1


def test_a_task_is_given_up_after_its_attempts(tasks: CloudTasks, call: Any, create: Any, worker: Any) -> None:
    limited = {"retryConfig": {**FAST["retryConfig"], "maxAttempts": 3}}
    assert call("PATCH", f"/v2/{QUEUE}", limited).json()["retryConfig"]["maxAttempts"] == 3
    worker.statuses = [500] * 10
    create("doomed")
    tasks.wait_idle()
    assert len(worker.received) == 3
    assert tasks.stats()[QUEUE]["dropped"] == 1
    assert create("doomed").status_code == 409


def test_an_unreachable_worker_is_retried(tasks: CloudTasks, create: Any, worker: Any) -> None:
    closed = "http://127.0.0.1:9"
    create("lost", httpRequest={"url": closed})
    with pytest.raises(TimeoutError, match="lost"):
        tasks.wait_idle(0.3)
    assert tasks.stats()[QUEUE]["by_url"][closed]["UNAVAILABLE"] >= 1


def test_a_name_is_taken_while_its_task_lives_and_for_a_while_after(tasks: CloudTasks, call: Any, create: Any) -> None:
    create("bucket", scheduleTime=later(0.3))
    assert status(create("bucket")) == (409, "ALREADY_EXISTS")
    tasks.wait_idle()
    assert status(create("bucket")) == (409, "ALREADY_EXISTS")
    assert call("PUT", "/_playground/tombstones", {"seconds": 0}).ok
    create("short")
    tasks.wait_idle()
    assert create("short").ok
    tasks.wait_idle()
    assert tasks.stats()[QUEUE]["refused"] == 2


def test_a_deleted_tasks_name_is_taken_too(tasks: CloudTasks, call: Any, create: Any, worker: Any) -> None:
    create("gone", scheduleTime=later(60))
    address = f"/v2/{QUEUE}/tasks/gone"
    assert call("GET", address).json()["dispatchCount"] == 0
    assert call("DELETE", address).json() == {}
    assert status(call("GET", address)) == (404, "NOT_FOUND")
    assert status(call("DELETE", address)) == (404, "NOT_FOUND")
    assert status(create("gone")) == (409, "ALREADY_EXISTS")
    tasks.wait_idle()
    assert worker.received == []


def test_a_scheduled_task_waits_for_its_time_and_may_be_run_at_once(
    tasks: CloudTasks, call: Any, create: Any, worker: Any
) -> None:
    due = time.time() + 0.4
    create("soon", scheduleTime=later(0.4))
    create("late", scheduleTime=later(3600))
    tasks.wait_idle(within=10)
    assert [r.headers["X-Cloudtasks-Taskname"] for r in worker.received] == ["soon"]
    assert due - 0.01 <= worker.received[0].at < due + 0.5
    call("POST", f"/v2/{QUEUE}/tasks/late:run")
    tasks.wait_idle()
    assert worker.received[1].headers["X-Cloudtasks-Taskname"] == "late"


def test_an_earlier_task_overtakes_one_that_waits_already(tasks: CloudTasks, create: Any, worker: Any) -> None:
    create("second", scheduleTime=later(0.5))
    create("first", scheduleTime=later(0.1))
    tasks.wait_idle()
    assert [r.headers["X-Cloudtasks-Taskname"] for r in worker.received] == ["first", "second"]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": f"{QUEUE}/tasks/with space"},
        {"name": f"{QUEUE}/tasks/{'x' * 501}"},
        {"name": f"{LOCATION}/queues/other/tasks/a"},
        {"name": "a"},
        {"httpRequest": {"url": "ftp://example.com"}},
        {"httpRequest": {"url": "http://example.com/" + "x" * 2083}},
        {"httpRequest": {"url": "http://example.com", "httpMethod": "FETCH"}},
        {"httpRequest": {"url": "http://example.com", "httpMethod": "GET", "body": "eA=="}},
        {"httpRequest": {"url": "http://example.com", "body": "not base64"}},
        {"httpRequest": {"url": "http://example.com", "oidcToken": {"audience": "x"}}},
        {"httpRequest": {"url": "http://example.com", "oidc_token": {}}},
        {"httpRequest": None},
        {"scheduleTime": later(31 * 86_400)},
        {"scheduleTime": "tomorrow"},
        {"dispatchDeadline": "5s"},
        {"dispatchDeadline": 600},
        {"schedule_time": later(1)},
    ],
)
def test_what_google_refuses_is_an_invalid_argument(create: Any, fields: dict[str, Any]) -> None:
    assert status(create(**fields)) == (400, "INVALID_ARGUMENT")


def test_other_refusals(call: Any, create: Any) -> None:
    assert status(create(queue=f"{LOCATION}/queues/missing")) == (404, "NOT_FOUND")
    assert status(call("GET", f"/v2/{QUEUE}", token="bad")) == (401, "UNAUTHENTICATED")
    assert status(call("POST", f"/v2/{QUEUE}/tasks", ["not", "an", "object"])) == (400, "INVALID_ARGUMENT")
    assert status(call("GET", "/v2/nowhere")) == (404, "NOT_FOUND")
    assert status(call("POST", "/_playground/disturbances", {"copy": 1})) == (400, "INVALID_ARGUMENT")


def test_queues_are_created_paused_resumed_and_purged(tasks: CloudTasks, call: Any, create: Any, worker: Any) -> None:
    other = f"{LOCATION}/queues/other"
    assert call("POST", f"/v2/{LOCATION}/queues", {"name": other}).json()["state"] == "RUNNING"
    assert status(call("POST", f"/v2/{LOCATION}/queues", {"name": other})) == (409, "ALREADY_EXISTS")
    assert status(call("POST", f"/v2/{LOCATION}/queues", {"name": "other"})) == (400, "INVALID_ARGUMENT")
    assert call("GET", f"/v2/{other}").json()["rateLimits"]["maxDispatchesPerSecond"] == 500
    assert call("POST", f"/v2/{QUEUE}:pause").json()["state"] == "PAUSED"
    create("a")
    time.sleep(0.1)
    assert worker.received == []
    assert call("POST", f"/v2/{QUEUE}:resume").json()["state"] == "RUNNING"
    tasks.wait_idle()
    assert len(worker.received) == 1
    create("b", scheduleTime=later(60))
    call("POST", f"/v2/{QUEUE}:purge")
    tasks.wait_idle()
    assert call("GET", f"/v2/{QUEUE}/tasks").json()["tasks"] == []


def test_tasks_are_listed_in_pages_and_with_bodies_on_request(call: Any, create: Any) -> None:
    request = {"url": "http://example.com", "body": "eA=="}
    for task_id in "cab":
        create(task_id, scheduleTime=later(60), httpRequest=request)
    first = call("GET", f"/v2/{QUEUE}/tasks?pageSize=2").json()
    second = call("GET", f"/v2/{QUEUE}/tasks?pageSize=2&responseView=FULL&pageToken={first['nextPageToken']}").json()
    names = [task["name"].rpartition("/")[2] for task in first["tasks"] + second["tasks"]]
    assert (names, "nextPageToken" in second) == (["a", "b", "c"], False)
    assert (second["tasks"][0]["httpRequest"], second["tasks"][0]["view"]) == (request, "FULL")


def test_no_more_run_at_once_than_the_queue_allows(call: Any, tasks: CloudTasks, create: Any, worker: Any) -> None:
    call("PATCH", f"/v2/{QUEUE}", {"rateLimits": {"maxConcurrentDispatches": 2}})
    worker.latency = 0.05
    for _ in range(8):
        create()
    tasks.wait_idle()
    assert (len(worker.received), worker.most_at_once) == (8, 2)


def test_no_more_start_per_second_than_the_queue_allows(call: Any, tasks: CloudTasks, create: Any, worker: Any) -> None:
    call("PATCH", f"/v2/{QUEUE}", {"rateLimits": {"maxDispatchesPerSecond": 5}})
    for _ in range(8):
        create()
    tasks.wait_idle()
    times = sorted(r.at for r in worker.received)
    assert times[7] - times[0] >= 0.5


def test_a_task_may_be_doubled_and_late(tasks: CloudTasks, call: Any, create: Any, worker: Any) -> None:
    call("POST", "/_playground/disturbances", {"url": "/run", "copies": 1, "copy_delay": 0.1})
    call("POST", "/_playground/disturbances", {"delay": 0.3})
    created = time.time()
    create("doubled")
    create("late")
    assert call("GET", "/_playground/disturbances").json() == []
    tasks.wait_idle()
    names = [r.headers["X-Cloudtasks-Taskname"] for r in worker.received]
    assert names == ["doubled", "doubled", "late"]
    assert worker.received[2].at >= created + 0.3


def test_tasks_may_be_reordered_until_that_is_cleared(tasks: CloudTasks, call: Any, create: Any, worker: Any) -> None:
    call("POST", "/_playground/disturbances", {"times": None, "jitter": 0.3})
    for number in range(6):
        create(f"n{number}")
    tasks.wait_idle()
    names = [r.headers["X-Cloudtasks-Taskname"] for r in worker.received]
    assert names != sorted(names)
    assert len(names) == 6
    assert call("DELETE", "/_playground/disturbances").status_code == 204
    assert call("GET", "/_playground/disturbances").json() == []


def test_a_task_that_enqueues_another_is_not_idle_in_between(
    tasks: CloudTasks, create: Any, start: Callable[..., Server], worker: Any
) -> None:
    app = Flask("chain")

    @app.post("/chain")
    def chain() -> str:
        time.sleep(0.05)
        create()
        return ""

    create(httpRequest={"url": start(app).url + "/chain"})
    tasks.wait_idle()
    assert len(worker.received) == 1


def test_stats_are_served(call: Any, tasks: CloudTasks, create: Any) -> None:
    create()
    tasks.wait_idle()
    assert call("GET", "/_playground/stats", token="none").json()[QUEUE]["succeeded"] == 1


def test_the_documented_retry_intervals() -> None:
    settings = QueueSettings(min_backoff=10, max_backoff=300, max_doublings=3)
    assert [settings.delay(n) for n in range(1, 9)] == [10, 20, 40, 80, 160, 240, 300, 300]


@given(
    minimum=st.floats(0.1, 60), extra=st.floats(0, 3600), doublings=st.integers(0, 16), attempt=st.integers(1, 10_000)
)
def test_retry_intervals_grow_between_their_bounds(minimum: float, extra: float, doublings: int, attempt: int) -> None:
    settings = QueueSettings(min_backoff=minimum, max_backoff=minimum + extra, max_doublings=doublings)
    assert minimum <= settings.delay(attempt) <= settings.delay(attempt + 1) <= minimum + extra


def test_a_task_is_given_up_only_when_both_limits_are_reached() -> None:
    settings = QueueSettings(max_attempts=3, max_retry_duration=60)
    assert not settings.exhausted(3, 59)
    assert not settings.exhausted(2, 61)
    assert settings.exhausted(3, 60)
    assert not QueueSettings(max_attempts=-1).exhausted(10_000, 10_000)


@pytest.mark.parametrize(
    "queue",
    [
        {"rateLimits": {"maxDispatchesPerSecond": 501}},
        {"rateLimits": {"maxConcurrentDispatches": 5001}},
        {"retryConfig": {"maxAttempts": 0}},
        {"retryConfig": {"minBackoff": "10s", "maxBackoff": "5s"}},
        {"retryConfig": {"minBackoff": "10"}},
        {"retryConfig": {"maxTries": 1}},
    ],
)
def test_queue_settings_that_google_refuses(call: Any, queue: dict[str, Any]) -> None:
    assert status(call("PATCH", f"/v2/{QUEUE}", queue)) == (400, "INVALID_ARGUMENT")


def test_an_answer_after_the_deadline_is_none(issuer: Issuer, worker: Any) -> None:
    worker.latency = 0.3
    outcome = Courier(issuer).send(Target(url=worker.url + "/slow", headers={}), {}, deadline=0.1)
    assert (outcome.status, outcome.reason, outcome.ok) == (None, "DEADLINE_EXCEEDED", False)


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [("7", 7, 7), (format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True), 1, 3600), ("soon", 0, 0)],
    ids=["seconds", "date", "nonsense"],
)
def test_retry_after_has_two_forms(issuer: Issuer, worker: Any, header: str, low: float, high: float) -> None:
    worker.statuses, worker.answer_headers = [429], {"Retry-After": header}
    outcome = Courier(issuer).send(Target(url=worker.url + "/busy", headers={}), {}, deadline=5)
    assert outcome.status == 429
    assert low <= outcome.retry_after <= high
