"""Whether every function answers, and refuses whoever does not say who they are; and whether those who may call do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec

from confsync import config
from confsync.cli.deployment import Deployment
from confsync.cli.doctor.asking import ask
from confsync.cli.doctor.finding import Check, Finding, fail, ok
from confsync.transport.errors import is_page

LOGS = "gcloud functions logs read confsync-{} says why"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What a function answers to a request that nobody signed. `code` is in the JSON; none: of a page."""

    url: str
    method: str = "POST"
    status: int
    code: str | None = None


class _Error(msgspec.Struct):
    code: str = ""


class _Body(msgspec.Struct):
    """Of functions' errors, or of a problem document."""

    error: _Error = msgspec.field(default_factory=_Error)
    code: str = ""


def checks(deployment: Deployment) -> Iterator[Check]:
    """Who may call each, and one for each function that has an address."""
    yield Check(name="callers", look=lambda: _callers(deployment.settings))
    for name, refusal in _refusals(deployment.settings).items():
        mend = f"is it deployed, and is this its address? {LOGS.format(name.replace('_', '-'))}"
        yield Check(name=f"function {name}", look=partial(_refuses, refusal, mend), mend=mend)


def _refusals(settings: config.Settings) -> dict[str, Refusal]:
    """By the function's name."""
    found = {
        "calendar_notifications": Refusal(url=settings.channels.notifications_url, status=400, code="bad_request"),
        "sync_calendar": Refusal(url=settings.queue.sync_url, status=401, code="unverified"),
        "reconcile_conference": Refusal(url=settings.queue.reconcile_url, status=401, code="unverified"),
    }
    for name in ("create_conference", "renew_channels"):
        if audiences := _audiences(settings, name):
            found[name] = Refusal(url=audiences[0], status=401, code="unverified")
    if settings.join.url:
        found["join"] = Refusal(url=f"{settings.join.url}/style.css", method="GET", status=200)
    if settings.connect.url:
        found["connect"] = Refusal(url=settings.connect.url, method="GET", status=303)
    if settings.events.url:
        events = f"{settings.events.url.rstrip('/')}/v1/calendars/primary/events"
        found["events"] = Refusal(url=events, method="GET", status=401, code="unverified")
    return found


def _audiences(settings: config.Settings, name: str) -> tuple[str, ...]:
    return settings.callers[name].audiences if name in settings.callers else ()


def _refuses(refusal: Refusal, mend: str) -> Finding:
    answer = ask(refusal.url, method=refusal.method, body=b"{}" if refusal.method == "POST" else None)
    told = f"{refusal.url} answers {answer.status}"
    if answer.status == refusal.status and refusal.code in {None, _code(answer.body)}:
        return ok(told)
    if answer.status == 403 and is_page(answer):
        return fail(f"{told}: Google's front door is closed", "let everybody through; it verifies its callers itself")
    if answer.status < 300:
        return fail(f"{told} to a request that nobody signed", "another program is there: deploy the function again")
    return fail(f"{told}, not {refusal.status}", mend)


def _code(body: bytes) -> str:
    try:
        told = msgspec.json.decode(body, type=_Body)
    except msgspec.DecodeError:
        return ""
    return told.error.code or told.code


def _callers(settings: config.Settings) -> Finding:
    """Whether the functions let in those who call them by this very configuration."""
    tasks = {"sync_calendar": settings.queue.sync_url, "reconcile_conference": settings.queue.reconcile_url}
    for name, url in tasks.items():
        lacking = _lacking(settings, name, {"audiences": url, "service_accounts": settings.queue.service_account})
        if lacking:
            return fail(lacking, "put it there, and deploy: every task is refused")
    for name, whose in (("create_conference", "the add-on's"), ("renew_channels", "Cloud Scheduler's")):
        callers = settings.callers.get(name)
        if callers is None or not callers.audiences or not callers.service_accounts:
            mend = f"put the function's address and {whose} service account there, and deploy"
            return fail(f"callers.{name} lacks audiences or service_accounts", mend)
    return ok("tasks, sweeps and the add-on are let in")


def _lacking(settings: config.Settings, name: str, needed: Mapping[str, str]) -> str | None:
    callers = settings.callers.get(name)
    for key, value in needed.items():
        if callers is None or value not in getattr(callers, key):
            return f"callers.{name}.{key} lacks {value}"
    return None
