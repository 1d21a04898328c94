"""The Calendar adapter on the wire: what it sends, and how it takes a bad network."""

import json
import threading
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from google.oauth2.credentials import Credentials

from confsync.adapters.google_calendar import GoogleCalendars
from confsync.adapters.google_calendar.query import LIST_PARAMETERS
from confsync.adapters.google_credentials import Purpose, SharedCredentials
from confsync.domain.errors import AuthExpired, Invalid, PermissionDenied, PreconditionFailed, RateLimited, Temporary
from confsync.domain.event import Event, EventTime
from confsync.ports import CalendarApi
from tests.adapters.conftest import Canned
from tests.contracts.calendar import CONFERENCE
from tests.fakes.clock import FakeClock

ANN = "ann@example.com"
TIMES = {"start": {"dateTime": "2026-03-03T10:00:00Z"}, "end": {"dateTime": "2026-03-03T11:00:00Z"}}
EVENT = {"id": "e1", "etag": '"2"', **TIMES}


class StaticToken:
    """Everybody has the same token, which no refresh replaces."""

    impersonates = True

    def of(self, account: str, purpose: Purpose = Purpose.CALENDAR) -> SharedCredentials:
        return SharedCredentials(Credentials(token=f"token of {account}"))


def calendars(canned: Canned, *, retries: int = 0, timeout: float = 5, **more: Any) -> GoogleCalendars:
    return GoogleCalendars(
        api=f"{canned.url}/calendar/v3",
        credentials=more.pop("credentials", StaticToken()),
        notifications_url="https://example.com/notifications",
        clock=FakeClock(),
        retries=retries,
        timeout=timeout,
        **more,
    )


@pytest.fixture
def calendar(canned: Canned) -> CalendarApi:
    return calendars(canned).acting_as(ANN)


def sent(canned: Canned, index: int = 0) -> tuple[str, str, dict[str, list[str]], Any]:
    method, target, _, body = canned.seen[index]
    url = urlsplit(target)
    return method, url.path, parse_qs(url.query), json.loads(body) if body else None


def test_first_list_and_delta_differ_in_their_tokens_only(canned: Canned, calendar: CalendarApi) -> None:
    calendar.list_events(ANN)
    calendar.list_events(ANN, sync_token="s1")
    calendar.list_events(ANN, sync_token="s1", page_token="p2")
    queries = [sent(canned, n)[2] for n in range(3)]
    assert queries[1].pop("syncToken") == queries[2].pop("syncToken") == ["s1"]
    assert queries[2].pop("pageToken") == ["p2"]
    assert queries[0] == queries[1] == queries[2]
    assert set(queries[0]) == {*LIST_PARAMETERS, "alt", "prettyPrint", "quotaUser"}
    assert (queries[0]["singleEvents"], queries[0]["eventTypes"]) == (["false"], ["default"])


def test_of_the_calendars_that_can_be_written_to_the_primary_one_is_first(
    canned: Canned, calendar: CalendarApi
) -> None:
    canned.answer(200, {"items": [{"id": "team"}, {"id": ANN, "primary": True, "new": 1}, {"id": "other"}]})
    assert calendar.list_calendars() == [ANN, "team", "other"]
    query = sent(canned)[2]
    assert (query["minAccessRole"], query["maxResults"], query["showHidden"]) == (["writer"], ["250"], ["true"])
    canned.answer(200, {})
    assert calendar.list_calendars() == []


def test_a_token_without_the_scope_may_not_list_calendars(canned: Canned, calendar: CalendarApi) -> None:
    reason = {"reason": "insufficientPermissions", "message": "Insufficient Permission"}
    canned.answer(403, {"error": {"code": 403, "message": "insufficient scopes", "errors": [reason]}})
    with pytest.raises(PermissionDenied):
        calendar.list_calendars()


def test_the_quota_is_the_accounts(canned: Canned) -> None:
    made = calendars(canned)
    for calendar in (made.acting_as(ANN), made.acting_as("bob@example.com"), made.with_token("t")):
        calendar.list_events(ANN)
    ann, bob, token = (sent(canned, n)[2].get("quotaUser") for n in range(3))
    assert ann
    assert bob
    assert ann != bob
    assert len(ann[0]) <= 40
    assert token is None


def test_a_conference_is_patched_alone_and_only_onto_the_version_we_saw(canned: Canned, calendar: CalendarApi) -> None:
    canned.answer(body={"id": "e1"})
    canned.answer(body=EVENT)
    calendar.write_conference(ANN, Event(id="e1", etag='"1"'), CONFERENCE)
    method, path, query, body = sent(canned)
    assert (method, path) == ("PATCH", "/calendar/v3/calendars/ann%40example.com/events/e1")
    assert (query["conferenceDataVersion"], query["sendUpdates"]) == (["1"], ["none"])
    assert list(body) == ["conferenceData"]
    headers = {name.lower(): value for name, value in canned.seen[0][2].items()}
    assert headers["if-match"] == '"1"'
    assert sent(canned, 1)[0] == "GET", "the event is read back"


def test_text_is_patched_alone(canned: Canned, calendar: CalendarApi) -> None:
    canned.answer(body={"id": "e1"})
    canned.answer(body=EVENT)
    calendar.write_text(ANN, Event(id="e1", etag='"1"'), location="L", description="D")
    assert sent(canned)[3] == {"location": "L", "description": "D"}


def test_a_watch_is_of_all_events(canned: Canned, calendar: CalendarApi) -> None:
    canned.answer(body={"id": "c1", "resourceId": "r1", "expiration": "1772442000123", "kind": "api#channel"})
    watch = calendar.watch(ANN, "c1", token="v1.k.m", ttl=timedelta(days=7))
    assert (watch.resource_id, watch.expiration) == ("r1", datetime.fromisoformat("2026-03-02T09:00:00.123Z"))
    _, path, query, body = sent(canned)
    assert path == "/calendar/v3/calendars/ann%40example.com/events/watch"
    assert "eventTypes" not in query, "with it, channels opened and told nothing"
    assert "fields" not in query
    assert "singleEvents" not in query
    assert body == {
        "id": "c1",
        "type": "web_hook",
        "address": "https://example.com/notifications",
        "token": "v1.k.m",
        "params": {"ttl": "604800"},
    }


def test_a_watch_can_be_limited_to_the_types_of_the_list(canned: Canned) -> None:
    canned.answer(body={"id": "c1", "resourceId": "r1", "expiration": "1772442000123"})
    calendars(canned, filter_watched_types=True).acting_as(ANN).watch(ANN, "c1", token="t", ttl=timedelta(days=7))
    assert sent(canned)[2]["eventTypes"] == [LIST_PARAMETERS["eventTypes"]]


def test_an_all_day_event_is_read_in_its_calendars_time_zone(canned: Canned, calendar: CalendarApi) -> None:
    day = {"id": "e1", "start": {"date": "2026-07-01"}, "end": {"date": "2026-07-02"}}
    canned.answer(body=day)
    canned.answer(body={"timeZone": "Europe/Berlin"})
    event = calendar.get_event(ANN, "e1")
    assert event.start is not None
    assert (event.start.time_zone, event.start.at.isoformat()) == ("Europe/Berlin", "2026-06-30T22:00:00+00:00")
    canned.answer(body={"id": "e1"})
    canned.answer(body=day)
    assert calendar.write_text(ANN, event, location="", description="").start == event.start


def test_an_event_that_names_no_time_zone_is_the_same_by_itself_as_in_a_list(
    canned: Canned, calendar: CalendarApi
) -> None:
    """Else its meeting would change its time zone back and forth."""
    bare = {"id": "e1", **TIMES}
    canned.answer(body={"items": [bare], "timeZone": "Europe/Berlin", "nextSyncToken": "s1"})
    (listed,) = calendar.list_events(ANN).events
    canned.answer(body=bare)
    canned.answer(body={"timeZone": "Europe/Berlin"})
    assert calendar.get_event(ANN, "e1") == listed


def test_an_event_that_cant_be_read_is_invalid(canned: Canned, calendar: CalendarApi) -> None:
    canned.answer(body={"id": "e1", "start": TIMES["start"]})
    with pytest.raises(Invalid, match="no end"):
        calendar.get_event(ANN, "e1")


def test_a_garbled_answer_is_temporary(canned: Canned, calendar: CalendarApi) -> None:
    canned.answer(body=b'{"items": [')
    with pytest.raises(Temporary):
        calendar.list_events(ANN)


def test_short_outages_are_bridged(canned: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("googleapiclient.http.time.sleep", lambda _seconds: None)
    for status in (503, 500):
        canned.answer(status)
    canned.answer(body={"id": ANN})
    assert calendars(canned, retries=2).acting_as(ANN).resolve("primary") == ANN
    for _ in range(2):
        canned.answer(503)
    with pytest.raises(Temporary):
        calendars(canned, retries=1).acting_as(ANN).resolve("primary")


def test_a_rate_limit_says_until_when(canned: Canned, calendar: CalendarApi) -> None:
    canned.answer(429, {"error": {"message": "slow down"}}, Retry_After="7")
    with pytest.raises(RateLimited) as caught:
        calendar.list_events(ANN)
    assert caught.value.retry_at == FakeClock().now() + timedelta(seconds=7)


def test_a_users_token_is_tried_once(canned: Canned) -> None:
    canned.answer(401, {"error": {"message": "Invalid Credentials"}})
    with pytest.raises(AuthExpired):
        calendars(canned).with_token("dead").resolve("primary")
    assert len(canned.seen) == 1


def test_a_server_that_does_not_answer_is_temporary(canned: Canned) -> None:
    calendar = calendars(canned, timeout=0.2).acting_as(ANN)
    canned.stop()
    with pytest.raises(Temporary):
        calendar.resolve("primary")


def test_a_changed_event_is_not_written_and_not_read(canned: Canned, calendar: CalendarApi) -> None:
    canned.answer(412, {"error": {"errors": [{"reason": "conditionNotMet"}], "message": "Precondition Failed"}})
    seen = Event(id="e1", etag='"1"', start=EventTime(at=FakeClock().now(), time_zone="UTC"))
    with pytest.raises(PreconditionFailed):
        calendar.write_text(ANN, seen, location="", description="")
    assert len(canned.seen) == 1


def test_threads_have_connections_of_their_own(canned: Canned) -> None:
    made = calendars(canned)
    failures: list[Exception] = []

    def work(account: str) -> None:
        try:
            for _ in range(10):
                made.acting_as(account).list_events(account)
        except Exception as error:  # noqa: BLE001 - told to the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=[f"user{n}@example.com"]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    for _, target, headers, _ in canned.seen:
        account = target.split("/")[4].replace("%40", "@")
        assert {name.lower(): value for name, value in headers.items()}["authorization"] == f"Bearer token of {account}"
