"""Cloud Scheduler v1: HTTP jobs on a schedule, or run at once.

https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from playground.accounts import Accounts
from playground.google_cloud.api import (
    Body,
    GoogleError,
    check_fields,
    format_time,
    google_api,
    invalid,
    json_body,
    not_found,
    parse_duration,
)
from playground.google_cloud.delivery import Courier, Outcome, Target, backoff
from playground.google_cloud.oidc import Issuer

_JOBS = "/v1/<path:location>/jobs"
_JOB = f"{_JOBS}/<job>"
_EVERY = re.compile(r"every (?P<count>\d+(\.\d+)?) (?P<unit>second|minute|hour)s?")
_CRON_MINUTES = re.compile(r"\*(/(?P<count>\d+))? \* \* \* \*")
_UNITS = {"second": 1, "minute": 60, "hour": 3600}
_NAME = re.compile(r"projects/[A-Za-z0-9:.-]+/locations/[a-z0-9-]+/jobs/[A-Za-z0-9_-]{1,500}")
_JOB_FIELDS = {"name", "description", "schedule", "timeZone", "httpTarget", "retryConfig", "attemptDeadline"}
_TARGET_FIELDS = {"uri", "httpMethod", "headers", "body", "oidcToken"}
_RETRY_FIELDS = {"retryCount", "maxRetryDuration", "minBackoffDuration", "maxBackoffDuration", "maxDoublings"}


@dataclass(kw_only=True)
class _Job:
    body: Body
    target: Target
    period: float
    deadline: float
    retries: int
    min_backoff: float
    max_backoff: float
    max_doublings: int
    due: float
    paused: bool = False
    running: bool = False
    last_attempt: float | None = None
    last_status: int | None = None

    @property
    def name(self) -> str:
        return str(self.body["name"])

    def to_json(self) -> Body:
        state = {"state": "PAUSED" if self.paused else "ENABLED", "scheduleTime": format_time(self.due)}
        if self.last_attempt is not None:
            state["lastAttemptTime"] = format_time(self.last_attempt)
        return {**self.body, **state}


class Scheduler:
    """All jobs; `app` is the API, `GET /_playground/stats` its executions by job and status."""

    def __init__(self, accounts: Accounts, issuer: Issuer) -> None:
        self._courier = Courier(issuer)
        self._changed = threading.Condition()
        self._jobs: dict[str, _Job] = {}
        self._counts: dict[str, Counter[str]] = {}
        self._closed = False
        self.app = google_api("cloud-scheduler", accounts)
        for rule, method, view in (
            (_JOBS, "POST", self._create),
            (_JOBS, "GET", self._list),
            (_JOB, "GET", lambda location, job: self._job(location, job).to_json()),
            (_JOB, "DELETE", self._delete),
            (f"{_JOB}:run", "POST", self._run_now),
            (f"{_JOB}:pause", "POST", lambda location, job: self._set_paused(location, job, True)),
            (f"{_JOB}:resume", "POST", lambda location, job: self._set_paused(location, job, False)),
            ("/_playground/stats", "GET", self.stats),
        ):
            self.app.add_url_rule(rule, f"{method} {rule}", view, methods=[method])
        threading.Thread(target=self._tick, name="scheduler", daemon=True).start()

    def create_job(self, body: Body) -> None:
        """Create a job from its REST resource; raise GoogleError when it is malformed or exists."""
        job = _parse(body, time.time())
        with self._changed:
            if job.name in self._jobs:
                raise GoogleError(409, "ALREADY_EXISTS", f"Job {job.name} already exists.")
            self._jobs[job.name] = job
            self._counts[job.name] = Counter()
            self._changed.notify_all()

    def run(self, name: str) -> bool:
        """Start the job now unless it is running, and tell whether it was started; raise GoogleError if unknown."""
        with self._changed:
            job = self._jobs.get(name)
            if job is None:
                raise not_found("Job not found.")
            return self._start(job, time.time())

    def wait_idle(self, timeout: float = 10) -> None:
        """Return when no job is running; raise TimeoutError after `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: not any(job.running for job in self._jobs.values()), timeout):
                raise TimeoutError(f"after {timeout} s a job still runs")

    def stats(self) -> dict[str, dict[str, int]]:
        """Return for each job how often it got which status."""
        with self._changed:
            return {name: dict(counts) for name, counts in self._counts.items()}

    def close(self) -> None:
        """Start no more jobs."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _tick(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.time()
                for job in self._jobs.values():
                    if job.due <= now and not job.paused and not job.running:
                        self._start(job, job.due)
                        job.due = max(job.due + job.period, now)
                waiting = [job.due - now for job in self._jobs.values() if not job.paused and not job.running]
                self._changed.wait(max(0.0, min(waiting)) if waiting else None)

    def _start(self, job: _Job, scheduled: float) -> bool:
        if job.running:
            return False
        job.running = True
        threading.Thread(target=self._execute, args=[job, scheduled], name=job.name, daemon=True).start()
        return True

    def _execute(self, job: _Job, scheduled: float) -> None:
        """Attempt and retry; a job is never executed twice at once, so it stays `running` between its attempts."""
        headers = {
            "User-Agent": "Google-Cloud-Scheduler",
            "X-CloudScheduler": "true",
            "X-CloudScheduler-JobName": job.name.rpartition("/")[2],
            "X-CloudScheduler-ScheduleTime": format_time(scheduled),
        }
        for attempt in range(1, job.retries + 2):
            outcome = self._courier.send(job.target, headers, job.deadline)
            last = outcome.ok or attempt > job.retries
            with self._changed:
                self._record(job, outcome)
                job.running = not last
                self._changed.notify_all()
            if last:
                return
            wait = backoff(attempt, minimum=job.min_backoff, maximum=job.max_backoff, doublings=job.max_doublings)
            time.sleep(max(wait, outcome.retry_after))

    def _record(self, job: _Job, outcome: Outcome) -> None:
        job.last_attempt, job.last_status = time.time(), outcome.status
        self._counts[job.name][str(outcome.status or outcome.reason)] += 1

    def _job(self, location: str, job: str) -> _Job:
        found = self._jobs.get(f"{location}/jobs/{job}")
        if found is None:
            raise not_found("Job not found.")
        return found

    def _create(self, location: str) -> Body:
        body = json_body(_JOB_FIELDS)
        if not str(body.get("name", "")).startswith(f"{location}/jobs/"):
            raise invalid("Job name must begin with the parent.")
        self.create_job(body)
        return self._jobs[body["name"]].to_json()

    def _list(self, location: str) -> dict[str, list[Body]]:
        with self._changed:
            return {"jobs": [j.to_json() for name, j in sorted(self._jobs.items()) if name.startswith(f"{location}/")]}

    def _delete(self, location: str, job: str) -> Body:
        with self._changed:
            del self._jobs[self._job(location, job).name]
        return {}

    def _run_now(self, location: str, job: str) -> Body:
        found = self._job(location, job)
        self.run(found.name)
        return found.to_json()

    def _set_paused(self, location: str, job: str, paused: bool) -> Body:
        found = self._job(location, job)
        with self._changed:
            found.paused = paused
            found.due = max(found.due, time.time())
            self._changed.notify_all()
        return found.to_json()


def _parse(body: Body, now: float) -> _Job:
    check_fields(body, _JOB_FIELDS, "job")
    target, retry = body.get("httpTarget") or {}, body.get("retryConfig", {})
    check_fields(retry, _RETRY_FIELDS, "job.retry_config")
    if not _NAME.fullmatch(str(body.get("name"))):
        raise invalid('Job name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/jobs/<JOB_ID>"')
    period = _period(str(body.get("schedule", "")))
    deadline = parse_duration(body.get("attemptDeadline", "180s"), "job.attempt_deadline")
    if not 15 <= deadline <= 1800:
        raise invalid("The attempt deadline must be between 15 seconds and 30 minutes.")
    retries = int(retry.get("retryCount", 0))
    if not 0 <= retries <= 5:
        raise invalid("The retry count must be between 0 and 5.")
    return _Job(
        body=body,
        target=_target(target),
        period=period,
        deadline=deadline,
        retries=retries,
        min_backoff=parse_duration(retry.get("minBackoffDuration", "5s"), "job.retry_config.min_backoff_duration"),
        max_backoff=parse_duration(retry.get("maxBackoffDuration", "3600s"), "job.retry_config.max_backoff_duration"),
        max_doublings=int(retry.get("maxDoublings", 5)),
        due=now + period,
    )


def _period(schedule: str) -> float:
    """Return the seconds between executions: `every 5 minutes` or `*/5 * * * *`, and seconds, which Google lacks."""
    if match := _EVERY.fullmatch(schedule):
        period = float(match["count"]) * _UNITS[match["unit"]]
    elif match := _CRON_MINUTES.fullmatch(schedule):
        period = float(match["count"] or 1) * 60
    else:
        period = 0
    if not period:
        raise invalid(f'The playground knows schedules like "every 5 minutes" and "*/5 * * * *", not "{schedule}".')
    return period


def _target(target: Body) -> Target:
    check_fields(target, _TARGET_FIELDS, "job.http_target")
    oidc: dict[str, Any] = target.get("oidcToken", {})
    if not str(target.get("uri", "")).startswith(("http://", "https://")):
        raise invalid("HttpTarget.uri is required and must begin with http:// or https://.")
    try:
        body = base64.b64decode(target["body"], validate=True) if "body" in target else None
    except (TypeError, binascii.Error):
        raise invalid("Invalid value at 'job.http_target.body' (TYPE_BYTES), Base64 decoding failed.") from None
    return Target(
        url=target["uri"],
        method=target.get("httpMethod", "POST"),
        headers=target.get("headers", {}),
        body=body,
        service_account=oidc.get("serviceAccountEmail"),
        audience=oidc.get("audience"),
    )
