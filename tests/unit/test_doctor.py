"""The doctor's decisions; on a running deployment it is tried in end_to_end/test_doctor.py."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from werkzeug.wrappers import Response

from confsync.adapters.google_login import LOGIN
from confsync.cli.deployment import Deployment
from confsync.cli.doctor import access, functions
from confsync.cli.doctor.addresses import skew
from confsync.cli.doctor.finding import Check, Finding, Level, examined, ok, warn
from confsync.domain import keys
from confsync.domain.connection import Connection, ConnectionState
from confsync.domain.errors import Temporary
from confsync.ports import Save
from playground.server import serve

ANN = "ann@example.com"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CONFIG = """\
[google]
project = "p"
{google}
[store]
kind = "sqlite"
path = "{directory}/confsync.sqlite"
[queue]
location = "l"
name = "n"
sync_url = "{url}"
reconcile_url = "{url}"
service_account = "s"
[channels]
notifications_url = "{url}"
[connect]
url = "https://confsync.example.com/connect"
[callers]
[solutions]
"""
PEOPLE = 'credentials = "user"\noauth_secret = "client"'


def deployment(directory: Path, *, google: str = "", url: str = "https://a.example.com") -> Deployment:
    path = directory / "confsync.toml"
    path.write_text(CONFIG.format(directory=directory, google=google, url=url))
    return Deployment(path)


# --- checks ----------------------------------------------------------------------------------------------------------


def raising(error: Exception) -> Callable[[], Finding]:
    def look() -> Finding:
        raise error

    return look


def test_checks_run_at_the_same_time_and_are_told_in_their_order() -> None:
    met = threading.Barrier(3)

    def look() -> Finding:
        met.wait(20)
        return ok("met")

    checks = [Check(name=name, look=look) for name in "cab"]
    assert [(name, found.told) for name, found in examined(checks)] == [(name, "met") for name in "cab"]


def test_what_goes_wrong_with_a_check_is_told_and_hides_no_other() -> None:
    never = threading.Event()
    checks = [
        Check(name="refused", look=raising(Temporary("no")), mend="wait"),
        Check(name="broken", look=raising(RuntimeError("s3cret")), mend="report it"),
        Check(name="slow", look=lambda: ok(str(never.wait(60))), mend="be patient"),
        Check(name="odd", look=lambda: warn("odd", "even it")),
    ]
    found = [(name, each.level, each.told, each.mend) for name, each in examined(checks, patience=0.5)]
    never.set()
    assert found == [
        ("refused", Level.FAIL, "no", "wait"),
        ("broken", Level.FAIL, "unexpected RuntimeError; the log has its trace", "report it"),
        ("slow", Level.FAIL, "no answer within 0.5 s", "be patient"),
        ("odd", Level.WARN, "odd", "even it"),
    ]


@pytest.mark.parametrize(
    ("google", "level"),
    [(0, "ok"), (5, "ok"), (-6, "ok"), (7, "warn"), (-8, "warn"), (30, "warn"), (33, "fail"), (-40, "fail")],
)
@pytest.mark.parametrize("took", [0, 1])
def test_how_far_a_clock_may_be_off(google: int, level: str, took: int) -> None:
    """An answer's date is cut to seconds, and made at any moment of the call."""
    after = NOW + timedelta(seconds=took)
    assert skew((after if google > 0 else NOW) + timedelta(seconds=google), NOW, after).level == level


# --- functions -------------------------------------------------------------------------------------------------------

REFUSED = '{"error": {"code": "bad_request"}}'
ANSWERS: dict[str, tuple[Response, str, str]] = {
    "refused": (Response(REFUSED, 400), "ok", "answers 400"),
    "refused as the API does": (Response('{"code": "bad_request"}', 400), "ok", "answers 400"),
    "the front door": (Response("<html>403 Forbidden", 403), "fail", "front door is closed"),
    "not there": (Response("<html>404 Not Found", 404), "fail", "not 400"),
    "broken": (Response('{"error": {"code": "internal"}}', 500), "fail", "gcloud functions logs read"),
    "for another reason": (Response('{"error": {"code": "too_large"}}', 400), "fail", "not 400"),
    "no reason": (Response("bad request", 400), "fail", "not 400"),
    "not refused": (Response("hello", 200), "fail", "nobody signed"),
    "of another form": (Response('{"error": 7}', 400), "fail", "not 400"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_function_answers(tmp_path: Path, name: str) -> None:
    answer, level, words = ANSWERS[name]
    server = serve(answer, name="function")
    try:
        checks = functions.checks(deployment(tmp_path, url=server.url))
        (found,) = [each.look() for each in checks if each.name == "function calendar_notifications"]
    finally:
        server.stop()
    assert (found.level, words in f"{found.told} {found.mend}") == (level, True), found


# --- access to calendars ---------------------------------------------------------------------------------------------


@pytest.fixture
def people(tmp_path: Path) -> Deployment:
    """A deployment where people connect their own Google accounts, with a store."""
    found = deployment(tmp_path, google=PEOPLE)
    found.adapters.store.commit([])
    return found


def grant(deployment: Deployment, account: str | None) -> Finding:
    (check,) = [each for each in access.checks(deployment, account) if each.name == "grant"]
    return check.look()


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, "ok", "with all scopes"),
        ({"scopes": LOGIN.scopes[:-1]}, "fail", "calendarlist.readonly"),
        ({"state": ConnectionState.EXPIRED, "reason": "taken back"}, "fail", "taken back"),
        ({"sealed": ""}, "fail", "of no use"),
    ],
    ids=str,
)
def test_a_persons_own_grant_is_known_from_the_records(
    people: Deployment, changes: dict[str, object], level: str, words: str
) -> None:
    told = {"scopes": LOGIN.scopes, "sealed": "sealed", "account_id": "1", "account_name": ANN, "connected_at": NOW}
    key = keys.connection_key(ANN, "google")
    connection = Connection(key=key, owner=ANN, vendor="google", **(told | changes))  # type: ignore[arg-type]
    people.adapters.store.commit([Save(record=connection)])
    found = grant(people, "Ann@example.com")
    assert (found.level, words in found.told) == (level, True), found
    if level == "ok":
        assert grant(people, None).level == "ok"
    else:
        assert "https://confsync.example.com/connect" in found.mend


def test_where_nobody_has_connected_an_account(people: Deployment) -> None:
    assert (grant(people, ANN).level, grant(people, None).level) == ("fail", "warn")


def test_shared_calendars_are_seen_by_functions_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    (check,) = [each for each in access.checks(deployment(tmp_path), ANN) if each.name == "calendar"]
    ((_, found),) = examined([check])
    assert (found.level, "--impersonate-service-account" in found.mend) == ("warn", True), found
