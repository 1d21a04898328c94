"""What Cloud Tasks and Cloud Scheduler call."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.contextvars import clear_contextvars, merge_contextvars
from structlog.testing import capture_logs

from confsync.domain import errors
from confsync.domain.conference import Conference, ConferenceState, Desired
from confsync.usecases.reconcile_conference import Outcome
from confsync.usecases.renew_channels import SweepReport
from confsync.usecases.sync_calendar import SyncReport
from confsync.web import tasks
from confsync.web.callers import ServiceCallers
from confsync.web.endpoint import Handler, serve
from tests.unit.builders import NOW
from tests.unit.http import Tokens, call, request, told

QUEUE = "queue@example-project.iam.gserviceaccount.com"
CALLERS = ServiceCallers(audiences=("https://f.example.com",), service_accounts=(QUEUE,))
SIGNED = {"Authorization": f"Bearer {QUEUE} for https://f.example.com"}
FOREIGN = {"Authorization": "Bearer mallory@example.com for https://f.example.com"}
CONFERENCE = Conference(
    id="confsync-1",
    solution="zoom",
    tenant="example.com",
    host="alice@example.com",
    desired=Desired(version=1, spec=None),
    created_at=NOW,
    state=ConferenceState.ACTIVE,
)


@pytest.fixture(autouse=True)
def own_lines() -> Iterator[None]:
    """What handlers bind to the log lines of their request, `serve` would end with it."""
    yield
    clear_contextvars()


class Case:
    """A use case that records how it was called, and returns or raises."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls.append((args, kwargs))
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def sync(case: Case) -> Handler:
    return tasks.sync_calendar(case, CALLERS, Tokens())


def reconcile(case: Case) -> Handler:
    return tasks.reconcile_conference(case, CALLERS, Tokens())


def renew(case: Case) -> Handler:
    return tasks.renew_channels(case, CALLERS, Tokens())


@pytest.mark.parametrize("handler", [sync, reconcile, renew])
@pytest.mark.parametrize(("headers", "error"), [({}, errors.Unverified), (FOREIGN, errors.Forbidden)])
def test_nobody_else_gets_anything_done(handler: Any, headers: dict[str, str], error: type[Exception]) -> None:
    case = Case(None)
    with pytest.raises(error):
        handler(case)(call(b"not even read", headers=headers))
    assert case.calls == []


@pytest.mark.parametrize("sent", [{}, {"renew": True}, {"notified": True}])
def test_a_sync_task(sent: dict[str, Any]) -> None:
    case = Case(SyncReport("c1", full=True, events=3, reconcile={"a", "b"}))
    answered = sync(case)(call({"calendar_key": "c1", **sent}, headers=SIGNED))
    assert case.calls == [(("c1",), {"renew": False, "notified": False, **sent})]
    assert (answered[1], told(answered)) == (200, {"full": True, "events": 3, "reconcile": 2})


def test_a_recorded_failure_has_its_next_attempt_scheduled() -> None:
    handle = sync(Case(SyncReport("c1", error=errors.RateLimited("slow"))))
    answered = handle(call({"calendar_key": "c1"}, headers=SIGNED))
    assert (answered[1], told(answered)) == (200, {"recorded": "RateLimited"})


def test_what_could_not_be_recorded_is_for_the_queue_to_try_again() -> None:
    handle = sync(Case(errors.Temporary("the store does not answer")))
    body = json.dumps({"calendar_key": "c1"})
    assert serve(lambda: handle, request(body, headers=SIGNED))[1] == 503


@pytest.mark.parametrize("handler", [sync, reconcile])
def test_a_busy_record_is_for_the_queue_to_try_again(handler: Any) -> None:
    with pytest.raises(errors.Busy):
        handler(Case(errors.Busy("later")))(call({"calendar_key": "c", "conference_id": "c"}, headers=SIGNED))


@pytest.mark.parametrize(
    ("handler", "key"), [(sync, {"calendar_key": "c1"}), (reconcile, {"conference_id": "confsync-1"})]
)
def test_whatever_is_logged_about_a_task_says_which(handler: Any, key: dict[str, str]) -> None:
    failing = handler(Case(RuntimeError("nobody expected this")))
    with capture_logs(processors=[merge_contextvars]) as lines:
        serve(lambda: failing, request(json.dumps(key), headers=SIGNED))
        serve(lambda: failing, request(method="GET"))
    assert [line["event"] for line in lines] == ["unexpected error", "request refused"]
    assert lines[0].items() >= key.items()
    assert not lines[1].keys() & key.keys(), "the next request in the same thread"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(conference=CONFERENCE), {"state": "active"}),
        (Outcome(conference=None), {"state": "unknown"}),
        (
            Outcome(conference=CONFERENCE, error=errors.RateLimited("slow")),
            {"state": "active", "recorded": "RateLimited"},
        ),
    ],
)
def test_a_reconcile_task(outcome: Outcome, expected: dict[str, str]) -> None:
    case = Case(outcome)
    answered = reconcile(case)(call({"conference_id": "confsync-1"}, headers=SIGNED))
    assert case.calls == [(("confsync-1",), {"check": False})]
    assert (answered[1], told(answered)) == (200, expected)


@pytest.mark.parametrize(
    ("handler", "sent", "field"),
    [
        (sync, {}, "calendar_key"),
        (sync, {"calendar_key": "c", "renew": "yes"}, "renew"),
        (reconcile, {"conference_id": 1}, "conference_id"),
    ],
)
def test_a_task_without_its_fields_is_refused(handler: Any, sent: dict[str, Any], field: str) -> None:
    case = Case(None)
    with pytest.raises(errors.BadRequest) as refused:
        handler(case)(call(sent, headers=SIGNED))
    assert (refused.value.field, case.calls) == (field, [])


@pytest.mark.parametrize("sent", [b"", b"{}", b"anything"])
def test_the_sweep_answers_with_its_report_whatever_the_scheduler_sends(sent: bytes) -> None:
    report = SweepReport()
    answered = renew(Case(report))(call(sent, headers=SIGNED))
    assert answered[1] == 200
    assert told(answered).keys() == vars(report).keys()
