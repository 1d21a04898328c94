"""Single events: identity, etags, patch and update, deletion, copies on guests' calendars, moves."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from googleapiclient.errors import HttpError
from hypothesis import given
from hypothesis import strategies as st

from playground.google_calendar.body import merged
from tests.playground.calendar_simulator import ANNA, BEN, CLEO, Simulator, at, meeting, reason, running


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


def reminders(*, count: int = 1, method: str = "popup", minutes: int = 5, **more: bool) -> dict:
    return {"reminders": {"overrides": [{"method": method, "minutes": minutes}] * count, **more}}


def test_a_new_event_has_what_google_adds(sim: Simulator) -> None:
    event = sim.insert(visibility="default", guestsCanModify=False)
    assert event["organizer"] == event["creator"] == {"email": ANNA, "self": True}
    assert (event["status"], event["sequence"], event["eventType"]) == ("confirmed", 0, "default")
    assert event["iCalUID"] == f"{event['id']}@google.com"
    assert event["start"] == {"dateTime": "2026-11-23T09:00:00Z", "timeZone": "Europe/Berlin"}
    assert not {"visibility", "guestsCanModify", "conferenceData", "recurrence"} & event.keys()
    assert sim.client().events().get(calendarId=ANNA, eventId=event["id"]).execute() == event


@pytest.mark.parametrize("event_id", ["abcd", "ABCDE12", "wxyz123", "with-dash1", "a" * 1025])
def test_ids_outside_base32hex_are_refused(sim: Simulator, event_id: str) -> None:
    with pytest.raises(HttpError) as error:
        sim.insert(id=event_id)
    assert reason(error) == (400, "invalid")
    assert "characters a-v and 0-9" in str(error.value)


def test_an_id_is_used_once_even_after_deletion(sim: Simulator) -> None:
    sim.insert(id="abcde")
    for _ in range(2):
        with pytest.raises(HttpError) as error:
            sim.insert(id="abcde")
        assert reason(error) == (409, "duplicate")
        sim.raw("DELETE", "/calendars/primary/events/abcde")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"start": None}, (400, "required")),
        ({"end": {}}, (400, "required")),
        ({"start": {"dateTime": "2026-11-23T10:00:00"}}, (400, "required")),
        ({"start": {"date": "2026-11-23"}}, (400, "invalid")),
        ({"start": {"date": "2026-11-23", "dateTime": "2026-11-23T10:00:00Z"}}, (400, "invalid")),
        ({"start": {"dateTime": "soon", "timeZone": "UTC"}}, (400, "invalid")),
        ({"start": at("10:00") | {"timeZone": "Mars/Olympus"}}, (400, "invalid")),
        ({"start": at("11:00")}, (400, "timeRangeEmpty")),
        ({"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-23"}}, (400, "timeRangeEmpty")),
        ({"status": "maybe"}, (400, "invalid")),
        ({"recurrence": ["FREQ=WEEKLY"]}, (400, "invalid")),
        ({"recurrence": ["RRULE:FREQ=SOMETIMES"]}, (400, "invalid")),
        ({"attendees": [{"email": "nobody"}]}, (400, "invalid")),
        ({"visibility": "secret"}, (400, "invalid")),
        ({"transparency": "glass"}, (400, "invalid")),
        (reminders(useDefault=True), (400, "cannotUseDefaultRemindersAndSpecifyOverride")),
        (reminders(), (400, "cannotUseDefaultRemindersAndSpecifyOverride")),
        (reminders(useDefault=False, method="sms"), (400, "invalid")),
        (reminders(useDefault=False, minutes=40_321), (400, "invalid")),
        (reminders(useDefault=False, count=6), (400, "invalid")),
    ],
)
def test_malformed_events_are_refused(sim: Simulator, fields: dict, expected: tuple[int, str]) -> None:
    with pytest.raises(HttpError) as error:
        sim.insert(**fields)
    assert reason(error) == expected


def test_every_write_changes_the_etag_and_if_match_guards_it(sim: Simulator) -> None:
    old = sim.insert()
    path = f"/calendars/primary/events/{old['id']}"
    new = sim.raw("PATCH", path, json={"summary": "New"}, headers={"If-Match": old["etag"]}).json()
    assert new["etag"] != old["etag"]
    assert new["updated"] >= old["updated"]
    for method, body in (("PATCH", {"summary": "Late"}), ("PUT", meeting()), ("DELETE", None)):
        refused = sim.raw(method, path, json=body, headers={"If-Match": old["etag"]})
        assert refused.status_code == 412
        assert refused.json()["error"]["errors"][0]["reason"] == "conditionNotMet"
    assert sim.raw("GET", path).json()["summary"] == "New"
    assert sim.raw("GET", path, headers={"If-None-Match": new["etag"]}).status_code == 304
    assert sim.raw("DELETE", path, headers={"If-Match": new["etag"]}).status_code == 204


def test_patch_merges_and_update_replaces(sim: Simulator) -> None:
    event = sim.insert(description="Agenda", location="Room 1", extendedProperties={"private": {"a": "1", "b": "2"}})
    events = sim.client().events()
    change = {"location": None, "extendedProperties": {"private": {"a": None}}}
    patched = events.patch(calendarId=ANNA, eventId=event["id"], body=change).execute()
    assert patched["description"] == "Agenda"
    assert "location" not in patched
    assert patched["extendedProperties"] == {"private": {"b": "2"}}
    updated = events.update(calendarId=ANNA, eventId=event["id"], body=meeting(summary="Bare")).execute()
    assert not {"description", "extendedProperties"} & updated.keys()
    assert (updated["summary"], updated["created"], updated["iCalUID"]) == ("Bare", event["created"], event["iCalUID"])


def test_read_only_fields_in_a_body_are_ignored(sim: Simulator) -> None:
    event = sim.insert(kind="x", etag="x", creator={"email": BEN}, organizer={"email": BEN}, hangoutLink="https://x")
    assert event["organizer"]["email"] == event["creator"]["email"] == ANNA
    assert event["kind"] == "calendar#event"
    assert "hangoutLink" not in event


WRITTEN = {
    "description": "<b>Agenda</b>",
    "location": "Room 1",
    "colorId": "3",
    "visibility": "private",
    "transparency": "transparent",
    "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"],
    "attendees": [{"email": BEN, "displayName": "Ben", "optional": True, "responseStatus": "tentative"}],
    "guestsCanModify": True,
    "guestsCanInviteOthers": False,
    "guestsCanSeeOtherGuests": False,
    "extendedProperties": {"private": {"a": "1"}, "shared": {"b": "2"}},
    "reminders": {"useDefault": False, "overrides": [{"method": "email", "minutes": 30}]},
    "source": {"url": "https://example.com/ticket/1", "title": "Ticket"},
    "gadget": {"type": "example", "title": "t", "display": "icon"},
    "attachments": [{"fileUrl": "https://example.com/a.pdf", "title": "A", "mimeType": "application/pdf"}],
}


def test_what_is_written_is_given_back_and_sent_back_unchanged_changes_nothing(sim: Simulator) -> None:
    event = sim.raw("POST", "/calendars/primary/events?supportsAttachments=true", json=meeting(**WRITTEN)).json()
    assert {name: event[name] for name in WRITTEN} == WRITTEN
    path = f"/calendars/primary/events/{event['id']}?conferenceDataVersion=1&supportsAttachments=true"
    for method in ("PATCH", "PUT"):
        again = sim.raw(method, path, json=event).json()
        assert {**again, "etag": "", "updated": ""} == {**event, "etag": "", "updated": ""}


def test_a_write_that_changes_nothing_may_be_none(sim: Simulator) -> None:
    sim.control("PATCH", "/settings", idle_writes="ignored")
    event, token = sim.insert(summary="Same"), sim.sync_token()
    events = sim.client().events()
    assert events.patch(calendarId=ANNA, eventId=event["id"], body={"summary": "Same"}).execute() == event
    assert events.update(calendarId=ANNA, eventId=event["id"], body=event).execute() == event
    assert sim.delta(token)["items"] == []
    assert (
        events.patch(calendarId=ANNA, eventId=event["id"], body={"summary": "New"}).execute()["etag"] != event["etag"]
    )


READ_ONLY = {
    "etag": "x",
    "htmlLink": "https://x",
    "created": "2020-01-01T00:00:00Z",
    "updated": "2020-01-01T00:00:00Z",
    "creator": {"email": BEN},
    "organizer": {"email": BEN},
    "iCalUID": "x@example.com",
    "hangoutLink": "https://x",
    "locked": True,
    "privateCopy": True,
    "eventType": "focusTime",
    "recurringEventId": "abcde",
    "id": "abcde",
}


def test_read_only_fields_are_ignored_when_patched(sim: Simulator) -> None:
    event = sim.insert()
    patched = sim.client().events().patch(calendarId=ANNA, eventId=event["id"], body=READ_ONLY).execute()
    assert {**patched, "etag": "", "updated": ""} == {**event, "etag": "", "updated": ""}


def test_the_source_is_the_creators_own(sim: Simulator) -> None:
    sim.control("PATCH", f"/calendars/{ANNA}", acl={BEN: "writer"})
    source = {"url": "https://example.com", "title": "t"}
    event = sim.insert(source=source)
    ben = sim.client(BEN).events()
    assert "source" not in ben.get(calendarId=ANNA, eventId=event["id"]).execute()
    assert "source" not in ben.list(calendarId=ANNA).execute()["items"][0]
    ben.patch(calendarId=ANNA, eventId=event["id"], body={"source": None}).execute()
    ben.update(calendarId=ANNA, eventId=event["id"], body=meeting()).execute()
    assert sim.client().events().get(calendarId=ANNA, eventId=event["id"]).execute()["source"] == source


def test_an_ical_uid_can_be_chosen_once(sim: Simulator) -> None:
    event = sim.insert(iCalUID="abc@elsewhere.example")
    assert event["iCalUID"] == "abc@elsewhere.example"
    assert event["id"] != "abc"
    with pytest.raises(HttpError) as error:
        sim.insert(iCalUID="abc@elsewhere.example")
    assert reason(error) == (409, "duplicate")
    sim.control("PATCH", "/settings", second_ical_uid="accept")
    assert sim.insert(iCalUID="abc@elsewhere.example", id="abcde")["id"] == "abcde"
    sim.control("PATCH", "/settings", ical_uid_beside_id="refuse")
    with pytest.raises(HttpError) as error:
        sim.insert(iCalUID="new@elsewhere.example", id="abcdf")
    assert reason(error) == (400, "invalid")


def test_the_sequence_grows_when_the_event_is_rescheduled(sim: Simulator) -> None:
    event_id = sim.insert()["id"]
    patch = sim.client().events().patch
    assert patch(calendarId=ANNA, eventId=event_id, body={"summary": "Other"}).execute()["sequence"] == 0
    assert patch(calendarId=ANNA, eventId=event_id, body={"end": at("11:00")}).execute()["sequence"] == 1
    with pytest.raises(HttpError) as error:
        patch(calendarId=ANNA, eventId=event_id, body={"sequence": 0}).execute()
    assert reason(error) == (400, "invalid")


def test_a_deleted_event_can_be_read_and_brought_back(sim: Simulator) -> None:
    event = sim.insert(description="Agenda")
    events = sim.client().events()
    events.delete(calendarId=ANNA, eventId=event["id"]).execute()
    gone = events.get(calendarId=ANNA, eventId=event["id"]).execute()
    assert (gone["status"], gone["description"]) == ("cancelled", "Agenda")
    with pytest.raises(HttpError) as error:
        events.delete(calendarId=ANNA, eventId=event["id"]).execute()
    assert reason(error) == (410, "deleted")
    back = events.patch(calendarId=ANNA, eventId=event["id"], body={"status": "confirmed"}).execute()
    assert (back["status"], back["description"]) == ("confirmed", "Agenda")


def test_extended_properties_are_cut_silently(sim: Simulator) -> None:
    pairs = {"k" * 45: "dropped", "k" * 44: "v" * 1030}
    event = sim.insert(extendedProperties={"shared": pairs})
    assert event["extendedProperties"] == {"shared": {"k" * 44: "v" * 1024}}
    with pytest.raises(HttpError):
        sim.insert(extendedProperties={"private": {f"key{number}": "x" for number in range(301)}})


def test_guests_get_copies_that_follow_the_organizer(sim: Simulator) -> None:
    properties = {"private": {"mine": "1"}, "shared": {"ours": "2"}}
    event = sim.insert(attendees=[{"email": BEN}, {"email": "guest@example.net"}], extendedProperties=properties)
    ben = sim.client(BEN).events()
    copy = ben.get(calendarId="primary", eventId=event["id"]).execute()
    assert (copy["iCalUID"], copy["organizer"]) == (event["iCalUID"], {"email": ANNA})
    assert [person.get("self", False) for person in copy["attendees"]] == [True, False]
    assert copy["extendedProperties"] == {"shared": {"ours": "2"}}
    patch = sim.client().events().patch
    patch(calendarId=ANNA, eventId=event["id"], body={"summary": "New", "start": at("10:15")}).execute()
    copy = ben.get(calendarId="primary", eventId=event["id"]).execute()
    assert (copy["summary"], copy["start"]["dateTime"]) == ("New", "2026-11-23T09:15:00Z")
    patch(calendarId=ANNA, eventId=event["id"], body={"attendees": [{"email": CLEO}]}).execute()
    assert ben.get(calendarId="primary", eventId=event["id"]).execute()["status"] == "cancelled"
    sim.client().events().delete(calendarId=ANNA, eventId=event["id"]).execute()
    cleo = sim.client(CLEO).events().get(calendarId="primary", eventId=event["id"]).execute()
    assert cleo["status"] == "cancelled"


def test_what_a_guest_changes_stays_on_their_copy_but_for_the_answer(sim: Simulator) -> None:
    event = sim.insert(attendees=[{"email": BEN}, {"email": CLEO}])
    ben = sim.client(BEN).events()
    with pytest.raises(HttpError) as error:
        ben.patch(calendarId="primary", eventId=event["id"], body={"guestsCanModify": True}).execute()
    assert reason(error) == (403, "forbiddenForNonOrganizer")
    body = {"extendedProperties": {"shared": {"x": "y"}}}
    with pytest.raises(HttpError) as error:
        ben.patch(calendarId="primary", eventId=event["id"], body=body).execute()
    assert reason(error) == (403, "forbiddenForNonOrganizer")
    answers = [{"email": BEN, "responseStatus": "accepted"}, {"email": CLEO, "responseStatus": "declined"}]
    body = {"summary": "Mine", "attendees": answers}
    mine = ben.patch(calendarId="primary", eventId=event["id"], body=body).execute()
    assert mine["summary"] == "Mine"
    for email in (ANNA, BEN, CLEO):
        seen = sim.client(email).events().get(calendarId="primary", eventId=event["id"]).execute()
        assert {p["email"]: p["responseStatus"] for p in seen["attendees"]} == {BEN: "accepted", CLEO: "needsAction"}
    assert sim.client().events().get(calendarId=ANNA, eventId=event["id"]).execute()["summary"] == "Weekly"


def test_reminders_and_private_properties_are_each_copys_own(sim: Simulator) -> None:
    event = sim.insert(attendees=[{"email": BEN}], extendedProperties={"private": {"whose": "anna"}})
    own = {"reminders": {"useDefault": False}, "extendedProperties": {"private": {"whose": "ben"}}}
    sim.client(BEN).events().patch(calendarId=BEN, eventId=event["id"], body=own).execute()
    sim.client().events().patch(calendarId=ANNA, eventId=event["id"], body={"summary": "New"}).execute()
    copy = sim.client(BEN).events().get(calendarId=BEN, eventId=event["id"]).execute()
    assert copy["summary"] == "New"
    assert {name: copy[name] for name in own} == own


def test_a_guest_who_deletes_their_copy_declines(sim: Simulator) -> None:
    event = sim.insert(attendees=[{"email": BEN}])
    sim.client(BEN).events().delete(calendarId="primary", eventId=event["id"]).execute()
    leading = sim.client().events().get(calendarId=ANNA, eventId=event["id"]).execute()
    assert (leading["status"], leading["attendees"][0]["responseStatus"]) == ("confirmed", "declined")
    sim.client().events().patch(calendarId=ANNA, eventId=event["id"], body={"summary": "Other"}).execute()
    copy = sim.client(BEN).events().get(calendarId="primary", eventId=event["id"]).execute()
    assert copy["status"] == "cancelled"


def test_a_move_leaves_a_stub_behind(sim: Simulator) -> None:
    sim.control("POST", "/calendars", id="team@group.example.com", owner=ANNA)
    event = sim.insert(summary="Moving", attendees=[{"email": BEN}])
    token = sim.sync_token()
    move = sim.client().events().move
    moved = move(calendarId=ANNA, eventId=event["id"], destination="team@group.example.com").execute()
    assert (moved["id"], moved["organizer"]) == (event["id"], {"email": "team@group.example.com", "self": True})
    (stub,) = sim.delta(token)["items"]
    assert stub.keys() == {"kind", "etag", "id", "status"}
    assert stub["status"] == "cancelled"
    copy = sim.client(BEN).events().get(calendarId="primary", eventId=event["id"]).execute()
    assert copy["organizer"] == {"email": "team@group.example.com"}
    sim.control("POST", "/calendars", id="bens@group.example.com", owner=BEN)
    for destination, expected in (
        (CLEO, (404, "notFound")),
        ("bens@group.example.com", (403, "cannotChangeOrganizer")),
        (BEN, (400, "invalid")),
    ):
        with pytest.raises(HttpError) as error:
            sim.client(BEN).events().move(calendarId=BEN, eventId=event["id"], destination=destination).execute()
        assert reason(error) == expected
    assert sim.raw("POST", f"/calendars/primary/events/{event['id']}/move").status_code == 400


def test_of_two_writers_with_one_etag_one_wins(sim: Simulator) -> None:
    event = sim.insert()
    path, headers = f"/calendars/primary/events/{event['id']}", {"If-Match": event["etag"]}

    def write(number: int) -> int:
        return sim.raw("PATCH", path, json={"summary": str(number)}, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(8))) == [200] + [412] * 7


def test_import_updates_by_ical_uid(sim: Simulator) -> None:
    body = meeting(iCalUID="abc@elsewhere.example", organizer={"email": "host@example.net"})
    first = sim.client().events().import_(calendarId=ANNA, body=body).execute()
    second = sim.client().events().import_(calendarId=ANNA, body=body | {"summary": "Again"}).execute()
    assert (second["id"], second["summary"]) == (first["id"], "Again")
    assert second["organizer"] == {"email": "host@example.net"}


@given(
    st.recursive(
        st.dictionaries(st.text(max_size=3), st.integers() | st.none() | st.lists(st.integers())),
        lambda inner: st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    )
)
def test_a_patch_applied_twice_is_a_patch_applied_once(patch: dict) -> None:
    base = {"a": 1, "b": {"c": [2], "d": None}}
    once = merged(base, patch)
    assert merged(once, patch) == once
