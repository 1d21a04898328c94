"""What Cloud Tasks and Cloud Scheduler call: verified, small bodies, and answers that tell the queue whether to try
again.

https://cloud.google.com/tasks/docs/creating-http-target-tasks
"""

from collections.abc import Callable

import msgspec
import structlog

from confsync.usecases.reconcile_conference import Outcome
from confsync.usecases.renew_channels import SweepReport
from confsync.usecases.sync_calendar import SyncReport
from confsync.web.callers import ServiceCallers, Verify
from confsync.web.endpoint import Answer, Call, Handler, answer
from confsync.web.json_body import body


class SyncTask(msgspec.Struct, frozen=True):
    """Body of a sync task."""

    calendar_key: str
    renew: bool = False
    notified: bool = False


class ReconcileTask(msgspec.Struct, frozen=True):
    """Body of a reconcile task."""

    conference_id: str
    check: bool = False
    """Whether to compare it with the vendor's copy now."""


def sync_calendar(sync: Callable[..., SyncReport], callers: ServiceCallers, verify: Verify) -> Handler:
    """One calendar, for a sync task. A recorded failure is an answer: its next attempt is scheduled already."""

    def handle(call: Call) -> Answer:
        callers.check(call.headers, verify)
        task = body(call, SyncTask)
        structlog.contextvars.bind_contextvars(calendar_key=task.calendar_key)
        report = sync(task.calendar_key, renew=task.renew, notified=task.notified)
        if report.error is not None:
            return answer({"recorded": type(report.error).__name__})
        return answer({"full": report.full, "events": report.events, "reconcile": len(report.reconcile)})

    return handle


def reconcile_conference(reconcile: Callable[..., Outcome], callers: ServiceCallers, verify: Verify) -> Handler:
    """One conference, for a reconcile task. A recorded failure is an answer: its next attempt is scheduled already."""

    def handle(call: Call) -> Answer:
        callers.check(call.headers, verify)
        task = body(call, ReconcileTask)
        structlog.contextvars.bind_contextvars(conference_id=task.conference_id)
        outcome = reconcile(task.conference_id, check=task.check)
        state = outcome.conference.state if outcome.conference else "unknown"
        return answer({"state": state} | ({"recorded": type(outcome.error).__name__} if outcome.error else {}))

    return handle


def renew_channels(renew: Callable[[], SweepReport], callers: ServiceCallers, verify: Verify) -> Handler:
    """The sweep, for Cloud Scheduler; its body does not matter."""

    def handle(call: Call) -> Answer:
        callers.check(call.headers, verify)
        return answer(msgspec.to_builtins(renew()))

    return handle
