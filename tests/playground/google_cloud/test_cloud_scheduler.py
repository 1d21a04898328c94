"""The Cloud Scheduler simulator over HTTP: schedules, runs on demand, retries, never two at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import requests
from flask import Flask
from google.auth import jwt

from playground.accounts import Accounts
from playground.google_cloud.oidc import Issuer
from playground.google_cloud.scheduler import Scheduler

LOCATION = "projects/demo/locations/europe-west1"
JOB = f"{LOCATION}/jobs/renew"


@pytest.fixture
def scheduler(accounts: Accounts, issuer: Issuer) -> Iterator[Scheduler]:
    scheduler = Scheduler(accounts, issuer)
    yield scheduler
    scheduler.close()


@pytest.fixture
def call(scheduler: Scheduler, caller: Callable[[Flask], Any]) -> Any:
    return caller(scheduler.app)


@pytest.fixture
def create(call: Any, worker: Any) -> Any:
    def create(**fields: Any) -> requests.Response:
        target = {"uri": worker.url + "/renew", "oidcToken": {"serviceAccountEmail": "cron@example.com"}}
        job = {"name": JOB, "schedule": "every 1 hours", "httpTarget": target, **fields}
        return call("POST", f"/v1/{LOCATION}/jobs", job)

    return create


def test_a_job_runs_on_demand_with_headers_and_identity(
    scheduler: Scheduler, call: Any, create: Any, worker: Any
) -> None:
    assert create().json()["state"] == "ENABLED"
    assert call("POST", f"/v1/{JOB}:run").ok
    scheduler.wait_idle()
    (received,) = worker.received
    sent = received.headers
    assert (sent["User-Agent"], sent["X-Cloudscheduler"], sent["X-Cloudscheduler-Jobname"]) == (
        "Google-Cloud-Scheduler",
        "true",
        "renew",
    )
    assert abs(datetime.fromisoformat(sent["X-Cloudscheduler-Scheduletime"]).timestamp() - received.at) < 2
    claims = jwt.decode(sent["Authorization"].removeprefix("Bearer "), verify=False)
    assert (claims["email"], claims["aud"]) == ("cron@example.com", worker.url + "/renew")
    assert "lastAttemptTime" in call("GET", f"/v1/{JOB}").json()
    assert call("GET", "/_playground/stats", token="none").json() == {JOB: {"200": 1}}


def test_a_job_runs_on_its_schedule_until_it_is_paused(call: Any, create: Any, worker: Any) -> None:
    create(schedule="every 0.3 seconds")
    time.sleep(0.75)
    assert len(worker.received) == 2
    times = [datetime.fromisoformat(r.headers["X-Cloudscheduler-Scheduletime"]) for r in worker.received]
    assert (times[1] - times[0]).total_seconds() == pytest.approx(0.3, abs=0.01)
    assert call("POST", f"/v1/{JOB}:pause").json()["state"] == "PAUSED"
    time.sleep(0.4)
    assert len(worker.received) == 2
    assert call("POST", f"/v1/{JOB}:resume").json()["state"] == "ENABLED"


def test_a_job_is_never_executed_twice_at_once(scheduler: Scheduler, call: Any, create: Any, worker: Any) -> None:
    worker.latency = 0.2
    create()
    assert [scheduler.run(JOB) for _ in range(3)] == [True, False, False]
    with pytest.raises(TimeoutError):
        scheduler.wait_idle(0.05)
    scheduler.wait_idle()
    assert (len(worker.received), worker.most_at_once) == (1, 1)


def test_a_late_execution_starts_when_the_one_before_ended(create: Any, worker: Any) -> None:
    worker.latency = 0.5
    create(schedule="every 0.3 seconds")
    time.sleep(1)
    assert (len(worker.received), worker.most_at_once) == (2, 1)
    assert worker.received[1].at - worker.received[0].at >= 0.5


def test_a_failed_execution_is_retried_as_configured(scheduler: Scheduler, call: Any, create: Any, worker: Any) -> None:
    worker.statuses = [500, 500, 500, 500]
    create(retryConfig={"retryCount": 2, "minBackoffDuration": "0.05s"})
    call("POST", f"/v1/{JOB}:run")
    scheduler.wait_idle()
    assert scheduler.stats() == {JOB: {"500": 3}}
    assert len({r.headers["X-Cloudscheduler-Scheduletime"] for r in worker.received}) == 1


def test_a_failed_execution_is_not_retried_by_default(
    scheduler: Scheduler, call: Any, create: Any, worker: Any
) -> None:
    worker.statuses = [500]
    create()
    call("POST", f"/v1/{JOB}:run")
    scheduler.wait_idle()
    assert len(worker.received) == 1


def test_jobs_are_listed_and_deleted(call: Any, create: Any) -> None:
    create()
    assert [job["name"] for job in call("GET", f"/v1/{LOCATION}/jobs").json()["jobs"]] == [JOB]
    assert call("DELETE", f"/v1/{JOB}").json() == {}
    for method, path in (("GET", JOB), ("DELETE", JOB), ("POST", f"{JOB}:run")):
        assert call(method, f"/v1/{path}").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"name": f"{LOCATION}/jobs/with space"},
        {"name": "projects/other/locations/europe-west1/jobs/a"},
        {"schedule": "0 3 * * 1"},
        {"schedule": "every 0 minutes"},
        {"httpTarget": {}},
        {"httpTarget": {"uri": "http://example.com", "body": "not base64"}},
        {"httpTarget": {"uri": "http://example.com", "url": "x"}},
        {"retryConfig": {"retryCount": 6}},
        {"attemptDeadline": "5s"},
        {"every": "day"},
    ],
)
def test_what_is_malformed_is_invalid(create: Any, fields: dict[str, Any]) -> None:
    assert create(**fields).json()["error"]["status"] == "INVALID_ARGUMENT"


def test_other_refusals(call: Any, create: Any) -> None:
    assert create(schedule="*/5 * * * *").ok
    assert create().json()["error"]["status"] == "ALREADY_EXISTS"
    assert call("GET", f"/v1/{JOB}", token="bad").status_code == 401
