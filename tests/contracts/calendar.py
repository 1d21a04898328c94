"""What every `Calendars` does, whoever implements it. Subclass, and give a `world` fixture."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import pytest

from confsync.domain.conference_data import CreateRequest, RequestStatus, ShownEntryPoint
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.errors import (
    AuthExpired,
    Conflict,
    Invalid,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    ReauthorizationRequired,
    SyncTokenExpired,
    Unwatchable,
)
from confsync.domain.event import Event, EventPage
from confsync.domain.solution import Solution
from confsync.ports import CalendarApi, Calendars, ConferenceOnEvent, EventResource

ANN = "ann@example.com"
BOB = "bob@example.com"
TEAM = "team@group.calendar.example.com"
START = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
JOIN = "https://meet.example.com/j/123"
CONFERENCE = ConferenceOnEvent(
    conference_id="confsync-1",
    solution=Solution(id="acme", name="Acme Meeting", provider="acme", icon_uri="https://example.com/icon.png"),
    details=ConferenceDetails(
        entry_points=(
            EntryPoint(type=EntryPointType.VIDEO, uri=JOIN, label="meet.example.com/j/123", passcode="4711"),
            EntryPoint(type=EntryPointType.PHONE, uri="tel:+12025550100,,123#", label="+1 202-555-0100", pin="9"),
        ),
        notes="Ask <b>Ann</b>",
        parameters={"scriptParameters": "x"},
    ),
)


class User(Protocol):
    """Somebody who works in Calendar. Times are aware datetimes, or dates for all day."""

    def insert(self, *, title: str, start: Any, end: Any = None, **more: Any) -> Event: ...
    def update(self, event_id: str, **changes: Any) -> object: ...
    def delete(self, event_id: str) -> object: ...
    def restore(self, event_id: str) -> object: ...
    def move(self, event_id: str, destination: str) -> object: ...


class World(Protocol):
    """Calendar, and who and what is around it. `page_size` makes pages smaller than Google's."""

    calendars: Calendars

    def user(self, account: str) -> User: ...
    def add_calendar(self, calendar_id: str, owner: str) -> object: ...
    def share(self, calendar_id: str, account: str) -> None: ...
    def grant(self, account: str) -> str: ...
    def revoke(self, account: str) -> None: ...
    def expire_sync_tokens(self, calendar_id: str) -> None: ...
    def make_unwatchable(self, calendar_id: str) -> None: ...
    def let_see(self, calendar_id: str, account: str) -> None: ...
    def set_writes(self, what: str) -> None: ...
    def set_meet(self, outcome: str) -> None: ...
    def set_conference_types(self, calendar_id: str, types: list[str]) -> None: ...
    def add_meet(self, account: str) -> None: ...
    def live_channels(self) -> set[str]: ...


def pages(
    calendar: CalendarApi, calendar_id: str, sync_token: str | None = None, since: datetime | None = None
) -> Iterator[EventPage]:
    page = calendar.list_events(calendar_id, sync_token=sync_token, since=since)
    yield page
    while page.page_token:
        assert page.sync_token is None, "only the last page has a sync token"
        page = calendar.list_events(calendar_id, sync_token=sync_token, page_token=page.page_token, since=since)
        yield page


def changes(
    calendar: CalendarApi, sync_token: str | None = None, *, since: datetime | None = None
) -> tuple[dict[str, Event], str]:
    """Events by id, and the new sync token."""
    found: dict[str, Event] = {}
    page = None
    for page in pages(calendar, ANN, sync_token, since):
        assert not page.unreadable
        found |= {event.id: event for event in page.events}
    assert page is not None
    assert page.sync_token is not None
    return found, page.sync_token


EVENT = {
    "summary": "Lunch",
    "start": {"dateTime": START.isoformat(), "timeZone": "UTC"},
    "end": {"dateTime": (START + timedelta(hours=1)).isoformat(), "timeZone": "UTC"},
}


MEET = {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}


def _all(calendar: CalendarApi, **query: Any) -> list[EventResource]:
    """Of all pages: one may be empty though it has a next one."""
    page = calendar.list_window(ANN, **query)
    found = list(page.events)
    while page.page_token is not None:
        page = calendar.list_window(ANN, **query, page_token=page.page_token)
        found += page.events
    return found


def _titles(calendar: CalendarApi, **query: Any) -> list[str]:
    return [event.resource["summary"] for event in _all(calendar, **query)]


def _answered(calendar: CalendarApi, event_id: str) -> EventResource:
    """The event once its create request was answered."""
    for _ in range(200):
        found = calendar.read_event(ANN, event_id)
        assert found.conference is not None
        assert found.conference.request is not None
        if found.conference.request.status is not RequestStatus.PENDING:
            return found
        time.sleep(0.02)
    raise AssertionError("it is never answered")


class CalendarContract:
    @pytest.fixture
    def calendar(self, world: World) -> CalendarApi:
        return world.calendars.acting_as(ANN)

    @pytest.fixture
    def ann(self, world: World) -> User:
        return world.user(ANN)

    def test_primary_is_the_accounts_own(self, calendar: CalendarApi) -> None:
        assert calendar.resolve("primary") == ANN
        assert calendar.resolve(ANN) == ANN

    def test_an_account_may_write_to_its_own_calendars_and_those_shared_with_it(
        self, world: World, calendar: CalendarApi
    ) -> None:
        world.user(ANN)
        world.user(BOB)
        assert calendar.list_calendars() == [ANN]
        world.add_calendar(TEAM, ANN)
        assert calendar.list_calendars() == [ANN, TEAM]
        assert TEAM not in world.calendars.acting_as(BOB).list_calendars()
        world.share(TEAM, BOB)
        assert world.calendars.acting_as(BOB).list_calendars() == [BOB, TEAM]

    # --- people's own reads and writes

    def test_an_event_is_made_with_an_id_of_its_own_once(self, calendar: CalendarApi) -> None:
        body = {**EVENT, "id": "lunch12345"}
        made = calendar.insert_event("primary", body)
        assert (made.id, made.resource["summary"], made.conference) == ("lunch12345", "Lunch", None)
        assert calendar.read_event(ANN, made.id) == made
        assert calendar.get_event(ANN, made.id).title == "Lunch"
        with pytest.raises(Conflict):
            calendar.insert_event(ANN, body)
        calendar.delete_event(ANN, made.id)
        with pytest.raises(Conflict):
            calendar.insert_event(ANN, body)

    @pytest.mark.parametrize("event_id", ["abcd", "UPPER", "with-dash", "wxyz1", "a" * 1025])
    def test_an_id_is_five_to_1024_of_the_characters_of_base32hex(self, calendar: CalendarApi, event_id: str) -> None:
        with pytest.raises(Invalid):
            calendar.insert_event(ANN, {**EVENT, "id": event_id})

    def test_an_event_without_an_id_gets_one(self, calendar: CalendarApi) -> None:
        first, second = calendar.insert_event(ANN, EVENT), calendar.insert_event(ANN, EVENT)
        assert first.id != second.id
        assert calendar.read_event(ANN, first.id) == first

    def test_a_body_is_passed_on_and_read_back_whole(self, calendar: CalendarApi) -> None:
        body = {
            **EVENT,
            "colorId": "5",
            "location": "Canteen",
            "extendedProperties": {"private": {"origin": "canteen"}},
            "attendees": [{"email": BOB, "displayName": "Bob", "optional": True}],
            "attachments": [{"fileUrl": "https://example.com/menu"}],
            "recurrence": ["RRULE:FREQ=DAILY;COUNT=3"],
        }
        made = calendar.insert_event(ANN, body)
        for name in body.keys() - {"start", "end", "attendees"}:
            assert made.resource[name] == body[name]
        assert body["attendees"][0].items() <= made.resource["attendees"][0].items()
        assert made.resource["organizer"] == {"email": ANN, "self": True}

    def test_what_calendar_can_not_take_is_invalid_with_its_reason(self, calendar: CalendarApi) -> None:
        with pytest.raises(Invalid, match="timeRangeEmpty"):
            calendar.insert_event(ANN, {**EVENT, "end": {"dateTime": "2020-01-01T00:00:00Z"}})
        made = calendar.insert_event(ANN, EVENT)
        with pytest.raises(Invalid, match="400 required"):
            calendar.patch_event(ANN, made.id, {"start": None})

    def test_an_event_is_changed_if_it_is_still_the_same(self, calendar: CalendarApi) -> None:
        made = calendar.insert_event(ANN, {**EVENT, "description": "Bring a spoon", "colorId": "5"})
        changed = calendar.patch_event(ANN, made.id, {"summary": "Dinner", "description": None}, etag=made.etag)
        assert (changed.resource["summary"], changed.resource["colorId"]) == ("Dinner", "5")
        assert "description" not in changed.resource
        assert changed.etag != made.etag
        with pytest.raises(PreconditionFailed):
            calendar.patch_event(ANN, made.id, {"summary": "Supper"}, etag=made.etag)
        with pytest.raises(NotFound):
            calendar.patch_event(ANN, "neverwas1", {"summary": "Supper"})
        assert calendar.read_event(ANN, made.id) == changed

    def test_objects_of_a_patch_are_merged_and_lists_replaced(self, calendar: CalendarApi) -> None:
        properties = {"private": {"a": "1", "b": "2"}}
        made = calendar.insert_event(ANN, {**EVENT, "extendedProperties": properties, "attendees": [{"email": BOB}]})
        change = {"extendedProperties": {"private": {"a": None}}, "attendees": [{"email": "zoe@example.com"}]}
        changed = calendar.patch_event(ANN, made.id, change).resource
        assert changed["extendedProperties"] == {"private": {"b": "2"}}
        assert [person["email"] for person in changed["attendees"]] == ["zoe@example.com"]

    def test_people_and_the_sync_see_the_same(self, calendar: CalendarApi, ann: User) -> None:
        made = calendar.insert_event(ANN, {**EVENT, "description": "Bring a spoon"})
        _, token = changes(calendar)
        ann.update(made.id, title="Dinner")
        assert calendar.read_event(ANN, made.id).resource["summary"] == "Dinner"
        event = calendar.get_event(ANN, made.id)
        shown = calendar.write_conference(ANN, event, CONFERENCE)
        calendar.write_text(ANN, shown, location=JOIN, description="Bring two")
        read = calendar.read_event(ANN, made.id)
        assert (read.resource["location"], read.resource["description"]) == (JOIN, "Bring two")
        assert read.conference is None
        calendar.patch_event(ANN, made.id, {"location": "Canteen"})
        assert changes(calendar, token)[0][made.id].location == "Canteen"

    def test_an_event_is_deleted_once_and_can_be_restored(self, calendar: CalendarApi) -> None:
        made = calendar.insert_event(ANN, EVENT)
        with pytest.raises(PreconditionFailed):
            calendar.delete_event(ANN, made.id, etag='"another"')
        calendar.delete_event(ANN, made.id, etag=made.etag)
        read = calendar.read_event(ANN, made.id)
        assert (read.cancelled, read.resource["summary"]) == (True, "Lunch")
        with pytest.raises(NotFound) as deleted:
            calendar.delete_event(ANN, made.id)
        with pytest.raises(NotFound) as unknown:
            calendar.delete_event(ANN, "neverwas1")
        assert (deleted.value.status, unknown.value.status) == (410, 404)
        assert calendar.patch_event(ANN, made.id, {"summary": "Brunch"}).cancelled
        restored = calendar.patch_event(ANN, made.id, {"status": "confirmed"})
        assert (restored.cancelled, restored.resource["summary"]) == (False, "Brunch")

    def test_one_instance_is_changed_and_deleted_without_its_series(self, calendar: CalendarApi) -> None:
        series = calendar.insert_event(ANN, {**EVENT, "recurrence": ["RRULE:FREQ=DAILY;COUNT=4"]})
        first, second, third, fourth = _all(calendar)
        assert {each.resource["recurringEventId"] for each in (first, second, third, fourth)} == {series.id}
        assert calendar.read_event(ANN, second.id).resource["summary"] == "Lunch"
        calendar.patch_event(ANN, second.id, {"summary": "Brunch"})
        calendar.delete_event(ANN, third.id)
        assert [each.resource["summary"] for each in _all(calendar)] == ["Lunch", "Brunch", "Lunch"]
        assert calendar.read_event(ANN, third.id).cancelled
        assert not calendar.read_event(ANN, series.id).cancelled
        whole = {each.id: each.cancelled for each in _all(calendar, expand=False)}
        assert whole == {series.id: False, second.id: False, third.id: True}
        calendar.delete_event(ANN, series.id)
        assert _all(calendar) == []
        assert calendar.read_event(ANN, second.id).cancelled

    def test_people_list_what_touches_a_time(self, calendar: CalendarApi, ann: User) -> None:
        for day in range(4):
            ann.insert(title=f"Day {day}", start=START + timedelta(days=day))
        since, until = START + timedelta(hours=1), START + timedelta(days=3)
        assert _titles(calendar, since=since, until=until) == ["Day 1", "Day 2"]
        assert _titles(calendar, text="day 3") == ["Day 3"]
        assert sorted(_titles(calendar, since=START, expand=False)) == ["Day 0", "Day 1", "Day 2", "Day 3"]
        assert _titles(calendar, since=START, page_size=3) == ["Day 0", "Day 1", "Day 2", "Day 3"]
        assert calendar.list_window(ANN, since=START, page_size=3).page_token is not None
        assert calendar.list_window(ANN).time_zone == "UTC"
        with pytest.raises(Invalid, match="timeRangeEmpty"):
            calendar.list_window(ANN, since=until, until=since)
        with pytest.raises(NotFound):
            calendar.list_window("nosuchcalendar")

    def test_bounds_are_exclusive(self, calendar: CalendarApi) -> None:
        calendar.insert_event(ANN, EVENT)
        hour = timedelta(hours=1)
        assert _titles(calendar, since=START + hour) == []
        assert _titles(calendar, until=START) == []
        assert _titles(calendar, since=START + hour / 2, until=START + hour) == ["Lunch"]

    def test_what_was_deleted_is_listed_if_asked_for(self, calendar: CalendarApi) -> None:
        kept, gone = calendar.insert_event(ANN, EVENT), calendar.insert_event(ANN, EVENT)
        calendar.delete_event(ANN, gone.id)
        assert {each.id for each in _all(calendar)} == {kept.id}
        for expand in (True, False):
            found = {each.id: each for each in _all(calendar, deleted=True, expand=expand)}
            assert found.keys() == {kept.id, gone.id}
            assert (found[gone.id].cancelled, found[gone.id].resource["summary"]) == (True, "Lunch")
        assert _all(calendar, deleted=True, since=START + timedelta(days=9)) == []

    def test_a_meet_that_is_asked_for_comes_later(self, calendar: CalendarApi) -> None:
        made = calendar.insert_event(ANN, {**EVENT, "conferenceData": MEET})
        assert made.conference is not None
        assert made.conference.request == CreateRequest(
            id="r1", solution_type="hangoutsMeet", status=RequestStatus.PENDING
        )
        assert (made.conference.solution_type, made.conference.entry_points) == ("hangoutsMeet", ())
        assert made.hangout_link is None
        ready = _answered(calendar, made.id)
        meet = ready.conference
        assert meet is not None
        assert meet.request is not None
        assert meet.request.status is RequestStatus.SUCCESS
        assert (meet.solution_type, meet.solution_name) == ("hangoutsMeet", "Google Meet")
        assert meet.icon_uri
        assert meet.signature
        assert {point.type for point in meet.entry_points} == {"video", "phone"}
        assert ready.hangout_link == meet.entry_points[0].uri == f"https://meet.google.com/{meet.conference_id}"
        phone = meet.entry_points[1]
        assert phone.pin
        assert phone.region_code == "US"
        again = calendar.patch_event(ANN, made.id, {"conferenceData": MEET})
        assert again.conference == meet, "the same request again is ignored"

    def test_the_sync_hears_of_the_meet(self, calendar: CalendarApi) -> None:
        made = calendar.insert_event(ANN, {**EVENT, "conferenceData": MEET})
        first, token = changes(calendar)
        _answered(calendar, made.id)
        seen = {**first, **changes(calendar, token)[0]}[made.id].conference
        assert seen is not None
        assert any(uri.startswith("https://meet.google.com/") for uri in seen.uris)

    @pytest.mark.parametrize("with_request", [True, False])
    def test_a_meet_is_copied_whole_with_its_signature(self, calendar: CalendarApi, with_request: bool) -> None:
        made = calendar.insert_event(ANN, {**EVENT, "conferenceData": MEET})
        data = dict(_answered(calendar, made.id).resource["conferenceData"])
        if not with_request:
            del data["createRequest"]
        copy = calendar.insert_event(ANN, {**EVENT, "conferenceData": data})
        assert copy.resource["conferenceData"] == data
        with pytest.raises(Invalid, match="conference data"):
            calendar.insert_event(ANN, {**EVENT, "conferenceData": {**data, "signature": "made up"}})

    def test_a_meet_that_fails_leaves_no_way_in(self, world: World, calendar: CalendarApi) -> None:
        world.set_meet("failure")
        made = calendar.insert_event(ANN, {**EVENT, "conferenceData": MEET})
        failed = _answered(calendar, made.id)
        assert failed.conference is not None
        assert failed.conference.request is not None
        assert failed.conference.request.status is RequestStatus.FAILURE
        assert (failed.conference.entry_points, failed.conference.signature) == ((), None)
        assert calendar.get_event(ANN, made.id).conference is None

    def test_a_type_that_a_calendar_does_not_allow_is_refused(self, world: World, calendar: CalendarApi) -> None:
        assert calendar.conference_types(ANN) == ("hangoutsMeet",)
        other = {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "eventHangout"}}}
        with pytest.raises(Invalid, match="conference type"):
            calendar.insert_event(ANN, {**EVENT, "conferenceData": other})
        world.set_conference_types(ANN, [])
        assert calendar.conference_types("primary") == ()
        with pytest.raises(Invalid, match="conference type"):
            calendar.insert_event(ANN, {**EVENT, "conferenceData": MEET})
        with pytest.raises(NotFound):
            calendar.conference_types("nosuchcalendar")

    def test_whether_dialogs_add_a_meet_is_each_accounts_own(self, world: World, calendar: CalendarApi) -> None:
        assert not calendar.adds_meet()
        world.add_meet(ANN)
        assert calendar.adds_meet()
        assert not world.calendars.acting_as(BOB).adds_meet()
        made = calendar.insert_event(ANN, EVENT)
        assert calendar.read_event(ANN, made.id).conference is None, "the API adds none"

    def test_a_conference_of_ours_is_read_whole_and_cleared(self, calendar: CalendarApi, ann: User) -> None:
        event = calendar.get_event(ANN, ann.insert(title="Call", start=START).id)
        calendar.write_conference(ANN, event, CONFERENCE)
        conference = calendar.read_event(ANN, event.id).conference
        assert conference is not None
        assert (conference.conference_id, conference.solution_type) == ("confsync-1", "addOn")
        assert (conference.solution_name, conference.icon_uri) == ("Acme Meeting", "https://example.com/icon.png")
        assert (conference.notes, dict(conference.parameters)) == ("Ask <b>Ann</b>", {"scriptParameters": "x"})
        assert (conference.request, conference.signature) == (None, None)
        video, phone = conference.entry_points
        assert (video.type, video.uri, video.passcode, video.label) == ("video", JOIN, "4711", "meet.example.com/j/123")
        assert (phone.type, phone.uri, phone.pin) == ("phone", "tel:+12025550100,,123#", "9")
        kept = calendar.patch_event(ANN, event.id, {"summary": "Call Bob"})
        assert kept.conference == conference, "a patch without it leaves it"
        assert calendar.patch_event(ANN, event.id, {"conferenceData": None}).conference is None
        assert calendar.get_event(ANN, event.id).conference is None

    def test_every_code_and_feature_of_an_entry_point_is_read(self, calendar: CalendarApi) -> None:
        codes = {"meetingCode": "1", "accessCode": "2", "passcode": "3", "password": "4", "pin": "5"}
        phone = {"entryPointType": "phone", "uri": "tel:+12025550100", "entryPointFeatures": ["toll_free"], **codes}
        sip = {"entryPointType": "sip", "uri": "sip:1@example.com"}
        more = {"entryPointType": "more", "uri": "https://example.com/numbers"}
        solution = {"key": {"type": "addOn"}, "name": "Acme"}
        data = {"conferenceSolution": solution, "conferenceId": "theirs", "entryPoints": [phone, sip, more]}
        conference = calendar.insert_event(ANN, {**EVENT, "conferenceData": data}).conference
        assert conference is not None
        assert conference.entry_points == (
            ShownEntryPoint(
                type="phone",
                uri="tel:+12025550100",
                meeting_code="1",
                access_code="2",
                passcode="3",
                password="4",
                pin="5",
                region_code="US",
                features=("toll_free",),
            ),
            ShownEntryPoint(type="sip", uri="sip:1@example.com"),
            ShownEntryPoint(type="more", uri="https://example.com/numbers"),
        )

    def test_third_party_data_may_be_refused_or_stripped(self, world: World, calendar: CalendarApi) -> None:
        solution = {"key": {"type": "addOn"}, "name": "Acme"}
        data = {"conferenceSolution": solution, "entryPoints": [{"entryPointType": "video", "uri": JOIN}]}
        world.set_writes("refuse")
        with pytest.raises(Invalid, match="conference data"):
            calendar.insert_event(ANN, {**EVENT, "conferenceData": data})
        world.set_writes("strip")
        assert calendar.insert_event(ANN, {**EVENT, "conferenceData": data}).conference is None

    def test_who_may_only_look_changes_nothing(self, world: World, calendar: CalendarApi) -> None:
        made = calendar.insert_event(ANN, EVENT)
        world.let_see(ANN, BOB)
        bob = world.calendars.acting_as(BOB)
        assert bob.read_event(ANN, made.id).resource["summary"] == "Lunch"
        for write in (
            lambda: bob.insert_event(ANN, EVENT),
            lambda: bob.patch_event(ANN, made.id, {"summary": "Bob's"}),
            lambda: bob.delete_event(ANN, made.id),
        ):
            with pytest.raises(PermissionDenied):
                write()
        assert calendar.read_event(ANN, made.id) == made

    # --- the sync's

    def test_a_moved_event_keeps_its_id_and_conference(self, world: World, calendar: CalendarApi, ann: User) -> None:
        world.add_calendar(TEAM, ANN)
        event = calendar.get_event(ANN, ann.insert(title="Call", start=START).id)
        calendar.write_conference(ANN, event, CONFERENCE)
        _, token = changes(calendar)
        ann.move(event.id, TEAM)
        assert changes(calendar, token)[0][event.id].cancelled
        assert calendar.get_event(ANN, event.id).cancelled
        moved = calendar.get_event(TEAM, event.id)
        assert (moved.cancelled, moved.title, moved.conference_id) == (False, "Call", "confsync-1")
        assert (moved.organizer, moved.organizer_self) == (TEAM, True)
        whole = calendar.read_event(TEAM, event.id)
        assert whole.conference is not None
        assert whole.conference.entry_points[0].passcode == "4711"
        stub = calendar.read_event(ANN, event.id)
        assert (stub.cancelled, stub.conference) == (True, None)

    def test_an_event_is_read_whole(self, calendar: CalendarApi, ann: User) -> None:
        made = ann.insert(
            title="Planning",
            start=START,
            end=START + timedelta(hours=1),
            recurrence=("RRULE:FREQ=WEEKLY;COUNT=3",),
            attendees=("zoe@example.com", BOB),
            description="Bring cake",
            location="Room 1",
        )
        event = calendar.get_event(ANN, made.id)
        assert (event.title, event.description, event.location) == ("Planning", "Bring cake", "Room 1")
        assert event.start is not None
        assert event.end is not None
        assert (event.start.at, event.end.at - event.start.at) == (START, timedelta(hours=1))
        assert event.recurrence == ("RRULE:FREQ=WEEKLY;COUNT=3",)
        assert set(event.attendees) >= {BOB, "zoe@example.com"}
        assert (event.organizer, event.organizer_self, event.cancelled) == (ANN, True, False)
        assert (event.conference, event.conference_id) == (None, None)
        assert event.etag
        assert changes(calendar)[0][made.id] == event, "a list shows the same"

    def test_an_all_day_event_starts_at_its_calendars_midnight(self, calendar: CalendarApi, ann: User) -> None:
        made = ann.insert(title="Fair", start=date(2026, 3, 3), end=date(2026, 3, 5))
        event = calendar.get_event(ANN, made.id)
        assert event.start is not None
        assert event.end is not None
        assert event.start.all_day
        assert (event.start.at, event.end.at - event.start.at) == (datetime(2026, 3, 3, tzinfo=UTC), 2 * DAY)
        assert changes(calendar)[0][made.id] == event, "a list shows the same"

    def test_what_is_not_there_is_not_found(self, calendar: CalendarApi) -> None:
        with pytest.raises(NotFound):
            calendar.get_event(ANN, "nosuchevent")
        with pytest.raises(NotFound):
            calendar.list_events("nosuchcalendar")

    def test_another_persons_calendar_is_not_found(self, world: World) -> None:
        world.user(BOB).insert(title="Private", start=START)
        with pytest.raises(NotFound):
            world.calendars.acting_as(ANN).list_events(BOB)

    def test_a_delta_holds_what_changed_and_nothing_else(self, calendar: CalendarApi, ann: User) -> None:
        kept, moved = ann.insert(title="Kept", start=START), ann.insert(title="Moved", start=START)
        _, token = changes(calendar)
        ann.update(moved.id, start=START + DAY, end=START + DAY + timedelta(minutes=30))
        found, newer = changes(calendar, token)
        assert kept.id not in found
        assert found[moved.id].start != moved.start
        assert changes(calendar, newer)[0] == {}
        assert moved.id in changes(calendar, token)[0], "an old token shows the same again"

    def test_a_deleted_event_is_a_tombstone_in_a_delta_only(self, calendar: CalendarApi, ann: User) -> None:
        event = ann.insert(title="Gone", start=START)
        _, token = changes(calendar)
        ann.delete(event.id)
        assert changes(calendar, token)[0][event.id].cancelled
        assert event.id not in changes(calendar)[0], "a full list has no tombstones"
        assert calendar.get_event(ANN, event.id).cancelled
        ann.restore(event.id)
        assert not changes(calendar, token)[0][event.id].cancelled

    def test_pages_hold_every_event_once(self, calendar: CalendarApi, ann: User) -> None:
        made = {ann.insert(title=f"Event {n}", start=START + n * DAY).id for n in range(7)}
        listed = [event.id for page in pages(calendar, ANN) for event in page.events]
        assert sorted(listed) == sorted(made)

    def test_an_expired_sync_token_says_so(self, world: World, calendar: CalendarApi, ann: User) -> None:
        ann.insert(title="One", start=START)
        _, token = changes(calendar)
        world.expire_sync_tokens(ANN)
        with pytest.raises(SyncTokenExpired):
            calendar.list_events(ANN, sync_token=token)
        changes(calendar, changes(calendar)[1])

    def test_a_full_list_may_leave_out_what_is_over(self, calendar: CalendarApi, ann: User) -> None:
        over = ann.insert(title="Over", start=START - timedelta(days=30)).id
        series = ann.insert(title="Series", start=START - timedelta(days=60), recurrence=("RRULE:FREQ=WEEKLY",)).id
        later = ann.insert(title="Later", start=START).id
        found, token = changes(calendar, since=START - timedelta(days=1))
        assert found.keys() == {series, later}
        ann.update(over, title="Over and out")
        assert changes(calendar, token, since=START - timedelta(days=1))[0].keys() == {over}

    def test_a_conference_is_written_and_read_back(self, calendar: CalendarApi, ann: User) -> None:
        event = calendar.get_event(ANN, ann.insert(title="Call", start=START, location="Room 1").id)
        written = calendar.write_conference(ANN, event, CONFERENCE)
        assert written.conference is not None
        assert (written.conference.id, written.conference.solution_name) == ("confsync-1", "Acme Meeting")
        assert (written.conference.solution_type, written.conference_id) == ("addOn", "confsync-1")
        assert written.conference.uris == CONFERENCE.details.uris
        assert (written.location, written.title) == ("Room 1", "Call"), "nothing else changed"
        assert written.etag != event.etag
        assert calendar.get_event(ANN, event.id) == written

    def test_writing_needs_the_event_unchanged(self, calendar: CalendarApi, ann: User) -> None:
        event = calendar.get_event(ANN, ann.insert(title="Call", start=START).id)
        ann.update(event.id, title="Call with Bob")
        with pytest.raises(PreconditionFailed):
            calendar.write_conference(ANN, event, CONFERENCE)
        with pytest.raises(PreconditionFailed):
            calendar.write_text(ANN, event, location=JOIN, description="")
        current = calendar.get_event(ANN, event.id)
        assert (current.title, current.conference, current.location) == ("Call with Bob", None, "")

    def test_a_refused_conference_is_invalid(self, world: World, calendar: CalendarApi, ann: User) -> None:
        event = calendar.get_event(ANN, ann.insert(title="Call", start=START).id)
        world.set_writes("refuse")
        with pytest.raises(Invalid):
            calendar.write_conference(ANN, event, CONFERENCE)

    def test_a_stripped_conference_shows_in_the_answer(self, world: World, calendar: CalendarApi, ann: User) -> None:
        event = calendar.get_event(ANN, ann.insert(title="Call", start=START).id)
        world.set_writes("strip")
        assert calendar.write_conference(ANN, event, CONFERENCE).conference_id is None

    def test_text_is_written_and_read_back(self, calendar: CalendarApi, ann: User) -> None:
        event = calendar.get_event(ANN, ann.insert(title="Call", start=START).id)
        written = calendar.write_text(ANN, event, location=JOIN, description="Agenda")
        assert (written.location, written.description) == (JOIN, "Agenda")
        assert (written.title, written.start) == ("Call", event.start)

    def test_text_takes_the_place_of_a_native_conference(self, calendar: CalendarApi, ann: User) -> None:
        event = calendar.get_event(ANN, ann.insert(title="Call", start=START).id)
        shown = calendar.write_conference(ANN, event, CONFERENCE)
        assert calendar.write_text(ANN, shown, location=JOIN, description="Agenda").conference is None

    def test_a_watch_channel_opens_and_stops(self, world: World, calendar: CalendarApi) -> None:
        watch = calendar.watch(ANN, "channel-1", token="v1.key.mac", ttl=timedelta(days=7))
        assert watch.expiration.tzinfo is not None
        assert world.live_channels() == {"channel-1"}
        with pytest.raises(Conflict):
            calendar.watch(ANN, "channel-1", token="v1.key.mac", ttl=timedelta(days=7))
        calendar.stop("channel-1", watch.resource_id)
        assert world.live_channels() == set()
        with pytest.raises(NotFound):
            calendar.stop("channel-1", watch.resource_id)

    def test_one_accounts_channels_on_a_calendar_share_the_resource_id(
        self, world: World, calendar: CalendarApi
    ) -> None:
        calendar.watch(ANN, "channel-1", token="v1.key.mac", ttl=timedelta(days=7))
        second = calendar.watch(ANN, "channel-2", token="v1.key.mac", ttl=timedelta(days=7))
        with pytest.raises(NotFound):
            world.calendars.acting_as(BOB).stop("channel-1", second.resource_id)
        calendar.stop("channel-1", second.resource_id)
        assert world.live_channels() == {"channel-2"}

    def test_some_calendars_cant_be_watched(self, world: World, calendar: CalendarApi) -> None:
        world.make_unwatchable(ANN)
        with pytest.raises(Unwatchable):
            calendar.watch(ANN, "channel-2", token="v1.key.mac", ttl=timedelta(days=7))

    def test_revoked_access_needs_a_person(self, world: World, calendar: CalendarApi) -> None:
        calendar.resolve("primary")
        world.revoke(ANN)
        with pytest.raises(ReauthorizationRequired):
            calendar.list_events(ANN)

    def test_an_access_token_is_its_accounts(self, world: World, ann: User) -> None:
        event = ann.insert(title="Call", start=START)
        calendar = world.calendars.with_token(world.grant(ANN))
        assert calendar.resolve("primary") == ANN
        assert calendar.get_event(ANN, event.id).title == "Call"

    def test_a_dead_access_token_is_expired(self, world: World) -> None:
        with pytest.raises(AuthExpired):
            world.calendars.with_token("no-such-token").resolve("primary")
