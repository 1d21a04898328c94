"""Calendar's JSON -> our values and back: the odd shapes that only real calendars have."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.adapters.google_calendar import translate
from confsync.adapters.google_calendar.conference_data import conference_data
from confsync.domain import description_block
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.errors import Invalid, PermissionDenied
from confsync.domain.event import Event, EventConference, EventTime
from confsync.domain.solution import Solution
from confsync.ports import ConferenceOnEvent
from tests.contracts.calendar import CONFERENCE

TIMES = {"start": {"dateTime": "2026-03-03T10:00:00+01:00"}, "end": {"dateTime": "2026-03-03T10:30:00+01:00"}}


def read(resource: Any, time_zone: str = "UTC") -> Event:
    return translate.event(msgspec.json.encode({"id": "e1", **resource}), time_zone)


def time(value: dict[str, str], calendar_zone: str = "UTC") -> EventTime:
    start = read({"start": value, "end": value}, calendar_zone).start
    assert start is not None
    return start


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        (
            {"dateTime": "2026-07-01T10:00:00+02:00", "timeZone": "Europe/Berlin"},
            "UTC",
            EventTime(at=at(2026, 7, 1, 8), time_zone="Europe/Berlin"),
        ),
        ({"dateTime": "2026-07-01T10:00:00Z"}, "Asia/Tokyo", EventTime(at=at(2026, 7, 1, 10), time_zone="Asia/Tokyo")),
        (
            {"dateTime": "2026-07-01T10:00:00", "timeZone": "Europe/Berlin"},
            "UTC",
            EventTime(at=at(2026, 7, 1, 8), time_zone="Europe/Berlin"),
        ),
        (
            {"dateTime": "2026-07-01T10:00:00-03:00", "timeZone": "GMT-03:00"},
            "UTC",
            EventTime(at=at(2026, 7, 1, 13), time_zone="GMT-03:00"),
        ),
        ({"date": "2026-07-01"}, "UTC", EventTime(at=at(2026, 7, 1), time_zone="UTC", all_day=True)),
        (
            {"date": "2026-07-01"},
            "America/New_York",
            EventTime(at=at(2026, 7, 1, 4), time_zone="America/New_York", all_day=True),
        ),
        (
            {"date": "2026-07-01", "timeZone": "Asia/Tokyo"},
            "UTC",
            EventTime(at=at(2026, 6, 30, 15), time_zone="Asia/Tokyo", all_day=True),
        ),
    ],
)
def test_times(value: dict[str, str], zone: str, expected: EventTime) -> None:
    assert time(value, zone) == expected


def test_only_a_time_without_a_zone_of_its_own_needs_the_calendars() -> None:
    def needs(start: dict[str, str]) -> bool:
        return translate.needs_time_zone(msgspec.json.encode({"id": "e1", "start": start}))

    assert needs({"date": "2026-07-01"})
    assert needs({"dateTime": "2026-07-01T10:00:00Z"})
    assert not needs({"date": "2026-07-01", "timeZone": "Asia/Tokyo"})
    assert not needs({"dateTime": "2026-07-01T10:00:00Z", "timeZone": "Asia/Tokyo"})
    assert not translate.needs_time_zone(b'{"id": 1}')


def test_a_tombstone_may_be_nothing_but_an_id() -> None:
    assert read({"status": "cancelled"}) == Event(id="e1", cancelled=True)


def test_a_cancelled_instance_names_its_series() -> None:
    tombstone = {"status": "cancelled", "recurringEventId": "e0", "originalStartTime": TIMES["start"], "etag": '"1"'}
    assert read(tombstone) == Event(
        id="e1", etag='"1"', cancelled=True, recurring_event_id="e0", original_start=read(TIMES).start
    )


@pytest.mark.parametrize(
    ("organizer", "expected"),
    [
        ({"email": "ann@example.com", "self": True}, (True, "ann@example.com")),
        ({"email": "bob@example.com"}, (False, "bob@example.com")),
        (None, (True, None)),
    ],
)
def test_whose_copy_it_is(organizer: Any, expected: tuple[bool, str | None]) -> None:
    event = read({**TIMES, "organizer": organizer})
    assert (event.organizer_self, event.organizer) == expected


def test_attendees_are_sorted_addresses() -> None:
    people = [{"email": "zoe@example.com"}, {"id": "1", "displayName": "No address"}, {"email": "bob@example.com"}]
    assert read({**TIMES, "attendees": people}).attendees == ("bob@example.com", "zoe@example.com")


MEET = {"key": {"type": "hangoutsMeet"}, "name": "Google Meet", "iconUri": "https://example.com/meet.png"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"conferenceId": "aaa-bbbb-ccc", "conferenceSolution": MEET, "entryPoints": [{"uri": "https://m.example"}]},
            EventConference(
                id="aaa-bbbb-ccc",
                solution_type="hangoutsMeet",
                solution_name="Google Meet",
                uris=frozenset({"https://m.example"}),
            ),
        ),
        (
            {"createRequest": {"conferenceSolutionKey": MEET["key"], "status": {"statusCode": "pending"}}},
            EventConference(id=None, solution_type="hangoutsMeet"),
        ),
        ({"createRequest": {"conferenceSolutionKey": MEET["key"], "status": {"statusCode": "failure"}}}, None),
        (
            {"entryPoints": [{"uri": "https://m.example"}, {}], "signature": "x"},
            EventConference(id=None, solution_type="", uris=frozenset({"https://m.example"})),
        ),
        (None, None),
    ],
)
def test_conferences(data: Any, expected: EventConference | None) -> None:
    assert read({**TIMES, "conferenceData": data}).conference == expected


def test_our_block_is_no_part_of_the_description_but_tells_the_conference() -> None:
    block = description_block.render("Acme Meeting", "confsync-1", CONFERENCE.details)
    event = read({**TIMES, "description": description_block.put("Bring cake", block)})
    assert (event.description, event.text_conference_id, event.conference_id) == (
        "Bring cake",
        "confsync-1",
        "confsync-1",
    )


def test_the_ids_of_all_blocks_are_kept() -> None:
    blocks = [description_block.render("Zoom", f"confsync-{letter * 40}", CONFERENCE.details) for letter in ("a", "b")]
    times = {"start": {"dateTime": "2026-03-03T09:00:00Z"}, "end": {"dateTime": "2026-03-03T10:00:00Z"}}
    found = translate.event(msgspec.json.encode({"id": "e1", "description": "\n".join(blocks), **times}), "UTC")
    assert found.text_conference_id == f"confsync-{'a' * 40}"
    assert found.shows(f"confsync-{'b' * 40}", ())
    assert not found.shows(f"confsync-{'c' * 40}", ())


def test_unknown_fields_are_nothing_to_worry_about() -> None:
    event = read({**TIMES, "eventType": "fromTheFuture", "eventLabelId": "7", "gadget": {"x": [1, None]}})
    assert event.start is not None


BROKEN: dict[str, dict[str, Any]] = {
    "no start": {"end": TIMES["end"]},
    "no end": {"start": TIMES["start"]},
    "neither a date": {**TIMES, "start": {"timeZone": "UTC"}},
    "Invalid RFC3339": {**TIMES, "start": {"dateTime": "tomorrow"}},
    "encoded date": {**TIMES, "start": {"date": "2026-02-30"}},
    "Mars": {**TIMES, "start": {"date": "2026-02-03", "timeZone": "Mars/Olympus"}},
    "America": {**TIMES, "start": {"date": "2026-02-03", "timeZone": "America"}},
    "(?i)path|relative|absolute|normalized": {**TIMES, "start": {"date": "2026-02-03", "timeZone": "../x"}},
    "range": {**TIMES, "start": {"dateTime": "0001-01-01T00:00:00+14:00"}},
    "summary": {**TIMES, "summary": 7},
    "attendees": {**TIMES, "attendees": {"email": "x"}},
}


@pytest.mark.parametrize("reason", BROKEN)
def test_an_event_that_cant_be_read_costs_only_itself(reason: str) -> None:
    items = [{"id": "e0", **TIMES}, {"id": "e1", **BROKEN[reason]}, {"id": "e2", **TIMES}]
    page = translate.page(msgspec.json.encode({"items": items, "nextPageToken": "p2"}))
    assert [event.id for event in page.events] == ["e0", "e2"]
    (unreadable,) = page.unreadable
    assert unreadable.id == "e1"
    with pytest.raises(Invalid, match=reason):
        read(BROKEN[reason])


@pytest.mark.parametrize(
    "unknown",
    [
        {"eventType": "somethingNew", "somethingNewProperties": {"chatStatus": 1}},
        {"eventType": "fromGmail"},
        {"status": "somethingNew"},
        {"status": "tentative", "eventLabelId": "7"},
        {"conferenceData": {"conferenceId": "c", "entryPoints": [{"entryPointType": "hologram", "uri": "x:y"}]}},
        {"organizer": {"email": "ann@example.com", "self": True, "id": "0", "new": []}},
    ],
)
def test_unknown_kinds_and_states_of_events_are_events_like_others(unknown: dict[str, Any]) -> None:
    found = translate.page(msgspec.json.encode({"items": [{"id": "e1", "summary": "Call", **TIMES, **unknown}]}))
    (event,) = found.events
    assert (event.id, event.title, event.cancelled, found.unreadable) == ("e1", "Call", False, ())


def test_a_page_without_items_has_its_token_all_the_same() -> None:
    found = translate.page(b'{"kind": "calendar#events", "nextSyncToken": "s2"}')
    assert (found.events, found.unreadable, found.page_token, found.sync_token) == ((), (), None, "s2")
    assert translate.page(b'{"nextPageToken": "p2"}').page_token == "p2"


def test_an_event_without_an_id_is_unreadable_too() -> None:
    page = translate.page(msgspec.json.encode({"items": [{"summary": "x"}, 7]}))
    assert [event.id for event in page.unreadable] == ["", ""]


def test_a_page_has_the_calendars_time_zone_and_its_tokens() -> None:
    items = [{"id": "e0", "start": {"date": "2026-07-01"}, "end": {"date": "2026-07-02"}}]
    page = translate.page(
        msgspec.json.encode({"items": items, "timeZone": "Europe/Berlin", "nextSyncToken": "s1", "kind": "x"})
    )
    assert page.events[0].start == EventTime(at=at(2026, 6, 30, 22), time_zone="Europe/Berlin", all_day=True)
    assert (page.sync_token, page.page_token) == ("s1", None)
    assert translate.page(b"{}").events == ()


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"items": [{"id": "e1"', b'{"items": 3}'])
def test_an_answer_that_is_no_page_is_an_error(content: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        translate.page(content)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.dates().map(date.isoformat),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["dateTime", "date", "key"]), inner),
    max_leaves=6,
)
fields = st.sampled_from(["id", "status", "start", "end", "attendees", "organizer", "conferenceData", "description"])


@given(items=st.lists(st.dictionaries(fields, anything) | anything, max_size=5))
def test_whatever_the_items_are_each_is_read_or_quarantined(items: list[Any]) -> None:
    page = translate.page(msgspec.json.encode({"items": items}))
    assert len(page.events) + len(page.unreadable) == len(items)


def test_conference_data_is_written_as_google_names_it() -> None:
    assert conference_data(CONFERENCE) == {
        "conferenceId": "confsync-1",
        "conferenceSolution": {
            "key": {"type": "addOn"},
            "name": "Acme Meeting",
            "iconUri": "https://example.com/icon.png",
        },
        "entryPoints": [
            {
                "entryPointType": "video",
                "uri": "https://meet.example.com/j/123",
                "label": "meet.example.com/j/123",
                "passcode": "4711",
            },
            {"entryPointType": "phone", "uri": "tel:+12025550100,,123#", "label": "+1 202-555-0100", "pin": "9"},
        ],
        "notes": "Ask <b>Ann</b>",
        "parameters": {"addOnParameters": {"parameters": {"scriptParameters": "x"}}},
    }


def test_conference_data_leaves_out_what_is_empty_and_what_only_google_fills() -> None:
    phone = EntryPoint(
        type=EntryPointType.PHONE, uri="tel:+4930", region_code="DE", features=(Feature.TOLL,), meeting_code="1"
    )
    bare = ConferenceOnEvent(
        conference_id="confsync-2",
        solution=Solution(id="acme", name="Acme", provider="acme"),
        details=ConferenceDetails(entry_points=(phone,)),
    )
    assert conference_data(bare) == {
        "conferenceId": "confsync-2",
        "conferenceSolution": {"key": {"type": "addOn"}, "name": "Acme"},
        "entryPoints": [
            {"entryPointType": "phone", "uri": "tel:+4930", "meetingCode": "1", "entryPointFeatures": ["toll"]}
        ],
    }


@pytest.mark.parametrize("role", ["freeBusyReader", "none"])
def test_whoever_sees_only_free_and_busy_sees_no_events(role: str) -> None:
    """Their conferences would seem to be taken away."""
    with pytest.raises(PermissionDenied, match=role):
        translate.page(msgspec.json.encode({"accessRole": role, "items": [{"id": "e1", **TIMES}]}))


@pytest.mark.parametrize(
    ("role", "visibility", "readable"),
    [
        ("reader", "private", False),
        ("reader", "confidential", False),
        ("reader", "public", True),
        ("writer", "private", True),
    ],
)
def test_a_private_event_is_hidden_from_a_reader(role: str, visibility: str, readable: bool) -> None:
    event = {"id": "e1", "visibility": visibility, **TIMES}
    page = translate.page(msgspec.json.encode({"accessRole": role, "items": [event]}))
    assert ([each.id for each in page.events], [each.id for each in page.unreadable]) == (
        (["e1"], []) if readable else ([], ["e1"])
    )


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (rb"Lunch \ud83c", "Lunch \ufffd"),  # half of an emoji, where a client cut the title
        (rb"\udf55 Lunch", "\ufffd Lunch"),
        (rb"\ud83c\ud83c\udf55", "\ufffd\U0001f355"),
        (rb"\ud83c\udf55", "\U0001f355"),
        (rb"C:\\ud83c", r"C:\ud83c"),
    ],
)
def test_half_a_character_in_one_title_costs_nothing_but_that(title: bytes, expected: str) -> None:
    times = b'"start": {"dateTime": "2026-03-03T09:00:00Z"}, "end": {"dateTime": "2026-03-03T10:00:00Z"}'
    spoiled = b'{"id": "e1", "summary": "' + title + b'", ' + times + b"}"
    other = b'{"id": "e2", "summary": "Fine", ' + times + b"}"
    found = translate.page(b'{"items": [' + spoiled + b", " + other + b'], "nextSyncToken": "t"}')
    assert [event.title for event in found.events] == [expected, "Fine"]
    assert (found.unreadable, found.sync_token) == ((), "t")
    assert translate.event(spoiled, "UTC").title == expected
