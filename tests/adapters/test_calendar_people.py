"""People's own reads and writes on the wire, and over a bad network; whole conferences."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.adapters.google_calendar import GoogleCalendars, resources
from confsync.adapters.google_credentials import ApplicationDefault, Delegation
from confsync.adapters.system import SystemClock
from confsync.domain.conference_data import ConferenceData, CreateRequest, ShownEntryPoint
from confsync.domain.errors import Conflict, NotFound, PermissionDenied, Temporary
from confsync.ports import CalendarApi
from playground.faults import Faults
from playground.google_calendar import CalendarService, create_app
from playground.server import serve
from tests.adapters.conftest import RUNTIME, Canned, GoogleCloud
from tests.adapters.test_calendar_google import calendars, sent
from tests.contracts.calendar import ANN, EVENT

STORED = {"id": "e1", "etag": '"1"', **EVENT}
BERLIN = timezone(timedelta(hours=1))


@pytest.fixture
def calendar(canned: Canned) -> CalendarApi:
    return calendars(canned).acting_as(ANN)


# --- what is sent


def test_a_body_is_passed_on_untouched(canned: Canned, calendar: CalendarApi) -> None:
    body = {**EVENT, "id": "abcde", "conferenceData": {"signature": "AL", "new": [None]}, "colorId": "5", "kept": {}}
    canned.answer(body=STORED)
    calendar.insert_event("primary", body, send_updates="externalOnly")
    method, path, query, given = sent(canned)
    assert (method, path) == ("POST", "/calendar/v3/calendars/primary/events")
    assert given == body
    assert (query["conferenceDataVersion"], query["supportsAttachments"]) == (["1"], ["true"])
    assert query["sendUpdates"] == ["externalOnly"]


def test_a_patch_may_be_bound_to_a_version(canned: Canned, calendar: CalendarApi) -> None:
    for etag in ('"1"', None):
        canned.answer(body=STORED)
        calendar.patch_event(ANN, "e1", {"conferenceData": None}, etag=etag, send_updates="all")
    method, path, query, given = sent(canned)
    assert (method, path) == ("PATCH", "/calendar/v3/calendars/ann%40example.com/events/e1")
    assert given == {"conferenceData": None}
    assert (query["conferenceDataVersion"], query["sendUpdates"]) == (["1"], ["all"])
    assert [_headers(canned, n).get("if-match") for n in range(2)] == ['"1"', None]


def test_a_deletion_may_be_bound_to_a_version(canned: Canned, calendar: CalendarApi) -> None:
    for etag in ('"1"', None):
        canned.answer(204)
        calendar.delete_event(ANN, "e1", etag=etag)
    method, path, query, _ = sent(canned)
    assert (method, path) == ("DELETE", "/calendar/v3/calendars/ann%40example.com/events/e1")
    assert query["sendUpdates"] == ["none"]
    assert [_headers(canned, n).get("if-match") for n in range(2)] == ['"1"', None]


def test_people_read_all_fields_of_all_types(canned: Canned, calendar: CalendarApi) -> None:
    calendar.list_window(
        ANN,
        since=datetime(2026, 3, 3, 9, tzinfo=BERLIN),
        until=datetime(2026, 3, 4, 9, tzinfo=BERLIN),
        text="lunch",
        page_size=10,
        page_token="p2",
    )
    query = sent(canned)[2]
    assert query.keys().isdisjoint({"fields", "eventTypes", "syncToken"})
    assert (query["timeMin"], query["timeMax"]) == (["2026-03-03T09:00:00+01:00"], ["2026-03-04T09:00:00+01:00"])
    assert (query["singleEvents"], query["orderBy"], query["showDeleted"]) == (["true"], ["startTime"], ["false"])
    assert (query["q"], query["maxResults"], query["pageToken"]) == (["lunch"], ["10"], ["p2"])
    calendar.list_window(ANN, expand=False, deleted=True)
    query = sent(canned, 1)[2]
    assert query.keys().isdisjoint({"orderBy", "singleEvents", "timeMin", "timeMax", "q"})
    assert query["showDeleted"] == ["true"]


# --- over a bad network


class Simulated:
    """The adapter on the simulator, with faults between them."""

    def __init__(self, cloud: GoogleCloud, *, retries: int) -> None:
        self.service = CalendarService(cloud.accounts)
        self.server = serve(create_app(self.service), name="calendar")
        self.faults = Faults(self.server.url)
        made = GoogleCalendars(
            api=f"{self.server.url}/calendar/v3/",
            credentials=Delegation(
                service_account=RUNTIME, token_url=f"{cloud.oauth.url}/token", iam_api=cloud.iam.url
            ),
            notifications_url="https://example.com/notifications",
            clock=SystemClock(),
            retries=retries,
        )
        self.calendar = made.acting_as(ANN)

    def events(self) -> list[str]:
        return [event.id for event in self.calendar.list_window(ANN).events]


@pytest.fixture
def simulated(cloud: GoogleCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulated]:
    monkeypatch.setattr("googleapiclient.http.time.sleep", lambda _seconds: None)
    simulated = Simulated(cloud, retries=1)
    yield simulated
    simulated.server.stop()
    simulated.service.stop()


@pytest.mark.parametrize("fault", [{"cut": "after"}, {"status": 503, "after": True}])
def test_an_insert_whose_answer_was_lost_makes_one_event(simulated: Simulated, fault: dict[str, Any]) -> None:
    """httplib2 repeats a request over a cut connection by itself; we repeat it after a 503."""
    simulated.faults.add(method="POST", path="/events", **fault)
    made = simulated.calendar.insert_event(ANN, EVENT)
    assert made.resource["summary"] == "Lunch"
    assert simulated.events() == [made.id]


@pytest.mark.parametrize("fault", [{"cut": "before"}, {"status": 503}])
def test_an_insert_that_never_arrived_is_made(simulated: Simulated, fault: dict[str, Any]) -> None:
    simulated.faults.add(method="POST", path="/events", **fault)
    made = simulated.calendar.insert_event(ANN, EVENT)
    assert simulated.events() == [made.id]


def test_an_insert_with_an_id_of_ones_own_is_a_conflict_if_its_answer_was_lost(simulated: Simulated) -> None:
    """Only whoever chose the id can tell whose event that is."""
    simulated.faults.add(method="POST", path="/events", cut="after")
    with pytest.raises(Conflict):
        simulated.calendar.insert_event(ANN, {**EVENT, "id": "lunch12345"})
    assert simulated.events() == ["lunch12345"]


def test_a_deletion_whose_answer_was_lost_is_one_of_a_deleted_event(simulated: Simulated) -> None:
    made = simulated.calendar.insert_event(ANN, EVENT)
    simulated.faults.add(method="DELETE", cut="after")
    with pytest.raises(NotFound) as caught:
        simulated.calendar.delete_event(ANN, made.id)
    assert caught.value.status == 410


def test_a_page_that_is_no_longer_kept_is_asked_for_anew(simulated: Simulated) -> None:
    for _ in range(3):
        simulated.calendar.insert_event(ANN, EVENT)
    first = simulated.calendar.list_window(ANN, page_size=2)
    simulated.service.listing.forget_pages()
    with pytest.raises(Temporary):
        simulated.calendar.list_window(ANN, page_size=2, page_token=first.page_token)


def test_a_shared_service_account_does_not_know_peoples_settings(canned: Canned) -> None:
    shared = calendars(canned, credentials=ApplicationDefault()).acting_as(ANN)
    with pytest.raises(PermissionDenied, match="settings"):
        shared.adds_meet()
    assert canned.seen == [], "its own are no answer"


# --- what is read


def read(data: Any) -> ConferenceData | None:
    return resources.resource(json.dumps({**STORED, "conferenceData": data}).encode()).conference


@pytest.mark.parametrize("data", [None, {}])
def test_no_conference(data: Any) -> None:
    assert read(data) is None
    assert resources.resource(json.dumps(STORED).encode()).conference is None


def test_a_kind_and_a_status_that_we_do_not_know_are_shown() -> None:
    """ "If a client encounters an unfamiliar or empty type, it should still be able to display the entry points." """
    request = {"requestId": "r", "conferenceSolutionKey": {"type": "hologram"}, "status": {"statusCode": "pondering"}}
    point = {"entryPointType": "portal", "uri": "https://example.com", "mood": "blue"}
    conference = read({"createRequest": request, "entryPoints": [point], "new": 1})
    assert conference == ConferenceData(
        solution_type="hologram",
        entry_points=(ShownEntryPoint(type="portal", uri="https://example.com"),),
        request=CreateRequest(id="r", solution_type="hologram", status=None),
    )


def test_half_a_character_spoils_no_page() -> None:
    items = b'[{"id": "a", "summary": "Party \\ud83c"}, {"id": "b", "summary": "\\ud83c\\udf89"}]'
    page = resources.page(b'{"timeZone": "Europe/Berlin", "items": ' + items + b"}")
    assert [event.resource["summary"] for event in page.events] == ["Party \ufffd", "\N{PARTY POPPER}"]
    assert (page.time_zone, page.page_token) == ("Europe/Berlin", None)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["conferenceSolution", "key", "type", "entryPoints", "createRequest", "status", "parameters"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(data=_JSON)
def test_whatever_it_is_there_is_a_conference_or_an_error_of_the_adapters(data: Any) -> None:
    try:
        found = resources.page(json.dumps({"items": [{**STORED, "conferenceData": data}]}).encode())
    except msgspec.DecodeError:
        return
    assert found.events[0].resource["conferenceData"] == data


def _headers(canned: Canned, index: int) -> dict[str, str]:
    return {name.lower(): value for name, value in canned.seen[index][2].items()}
