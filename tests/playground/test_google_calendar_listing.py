"""Lists: paging, sync tokens, filters, tombstones, partial answers."""

from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from playground.google_api.errors import ApiError
from playground.google_api.fields import parse
from tests.playground.calendar_simulator import ANNA, BEN, Simulator, at, reason, running

TOMBSTONE = {"kind", "etag", "id", "status"}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


def listed(sim: Simulator, email: str = ANNA, **options: Any) -> list[str]:
    items = sim.client(email).events().list(calendarId=email, **options).execute()["items"]
    return [item.get("summary", item["id"]) for item in items]


def pages(sim: Simulator, **options: Any) -> list[dict]:
    events, found = sim.client().events(), []
    request = events.list(calendarId=ANNA, **options)
    while request is not None:
        found.append(request.execute())
        request = events.list_next(request, found[-1])
    return found


def test_the_sync_token_comes_with_the_last_page_only(sim: Simulator) -> None:
    sim.control("POST", f"/calendars/{ANNA}/seed", count=5)
    found = pages(sim, maxResults=2)
    assert [len(page["items"]) for page in found] == [2, 2, 1]
    assert ["nextSyncToken" in page for page in found] == [False, False, True]
    assert ["nextPageToken" in page for page in found] == [True, True, False]
    assert len({item["id"] for page in found for item in page["items"]}) == 5


def test_a_page_can_be_empty_and_have_a_next_one(sim: Simulator) -> None:
    sim.control("POST", f"/calendars/{ANNA}/seed", count=3)
    sim.control("PATCH", f"/calendars/{ANNA}", empty_page_before=1)
    found = pages(sim, maxResults=2)
    assert [len(page["items"]) for page in found] == [2, 0, 1]
    sim.control("PATCH", f"/calendars/{ANNA}", empty_page_before=0)
    assert [len(page["items"]) for page in pages(sim, syncToken=found[-1]["nextSyncToken"])] == [0, 0]


def test_a_page_can_be_smaller_than_asked_for(sim: Simulator) -> None:
    sim.control("POST", f"/calendars/{ANNA}/seed", count=5)
    sim.control("PATCH", f"/calendars/{ANNA}", largest_page=2)
    assert [len(page["items"]) for page in pages(sim, maxResults=4)] == [2, 2, 1]
    assert [len(page["items"]) for page in pages(sim, maxResults=1)] == [1] * 5


def test_changes_while_a_client_pages_are_in_the_next_delta(sim: Simulator) -> None:
    sim.control("POST", f"/calendars/{ANNA}/seed", count=4)
    events = sim.client().events()
    first = events.list(calendarId=ANNA, maxResults=2).execute()
    events.delete(calendarId=ANNA, eventId=first["items"][0]["id"]).execute()
    new = sim.insert()
    second = events.list(calendarId=ANNA, maxResults=2, pageToken=first["nextPageToken"]).execute()
    assert len(second["items"]) == 2
    delta = sim.delta(second["nextSyncToken"])
    assert [item["id"] for item in delta["items"]] == [first["items"][0]["id"], new["id"]]


def test_a_delta_has_tombstones_and_a_full_list_has_none(sim: Simulator) -> None:
    kept, gone = sim.insert(summary="Kept"), sim.insert(summary="Gone")
    token = sim.sync_token()
    assert sim.delta(token)["items"] == []
    sim.client().events().delete(calendarId=ANNA, eventId=gone["id"]).execute()
    page = sim.delta(token)
    (tombstone,) = page["items"]
    assert tombstone.keys() == TOMBSTONE
    assert (tombstone["id"], tombstone["status"]) == (gone["id"], "cancelled")
    assert sim.delta(page["nextSyncToken"])["items"] == []
    assert listed(sim) == ["Kept"]
    assert kept["id"] != gone["id"]
    sim.control("PATCH", "/settings", detailed_tombstones=True)
    assert sim.delta(token)["items"][0]["summary"] == "Gone"


def test_show_deleted_tells_all_to_whoever_could_restore_it(sim: Simulator) -> None:
    """https://developers.google.com/workspace/calendar/api/v3/reference/events#status"""
    for name in ("Kept", "Gone"):
        event = sim.insert(summary=name, attendees=[{"email": BEN}])
    sim.client(BEN).events().delete(calendarId=BEN, eventId=event["id"]).execute()
    assert sorted(listed(sim, email=BEN, showDeleted=True)) == ["Gone", "Kept"], "removed by the guest"
    removed = sim.insert(summary="Cancelled", attendees=[{"email": BEN}])
    for each in (event, removed):
        sim.client().events().delete(calendarId=ANNA, eventId=each["id"]).execute()
    assert sorted(listed(sim, showDeleted=True)) == ["Cancelled", "Gone", "Kept"]
    assert sorted(listed(sim, email=BEN, showDeleted=True)) == sorted(["Gone", "Kept", removed["id"]])
    assert listed(sim, showDeleted=True, timeMin="2027-01-01T00:00:00Z") == []


def test_a_deleted_series_is_listed_as_its_instances_or_as_itself(sim: Simulator) -> None:
    master = sim.insert(summary="Series", recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
    sim.client().events().delete(calendarId=ANNA, eventId=master["id"]).execute()
    assert listed(sim, showDeleted=True) == ["Series"]
    events = sim.client().events()
    items = events.list(calendarId=ANNA, showDeleted=True, singleEvents=True, orderBy="startTime").execute()["items"]
    assert [(item["recurringEventId"], item["status"]) for item in items] == [(master["id"], "cancelled")] * 3


def test_free_text_looks_where_the_reference_says(sim: Simulator) -> None:
    sim.insert(summary="Quarterly Numbers", location="Room 1", attendees=[{"email": BEN, "displayName": "Ben Bee"}])
    for found in ("numbers quarterly", "room", "ben@example", "bee", "ANNA@"):
        assert listed(sim, q=found) == ["Quarterly Numbers"]
    for missed in ("numbers yearly", "needsAction", "confirmed"):
        assert listed(sim, q=missed) == []


def test_a_cancelled_instance_says_which_one_and_shows_in_a_full_list(sim: Simulator) -> None:
    master = sim.insert(recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
    token = sim.sync_token()
    instance = f"{master['id']}_20261124T090000Z"
    sim.client().events().delete(calendarId=ANNA, eventId=instance).execute()
    (tombstone,) = sim.delta(token)["items"]
    assert tombstone.keys() == TOMBSTONE | {"recurringEventId", "originalStartTime"}
    assert listed(sim) == ["Weekly", instance]
    assert len(listed(sim, singleEvents=True)) == 2
    sim.client().events().delete(calendarId=ANNA, eventId=master["id"]).execute()
    assert listed(sim) == []


@pytest.mark.parametrize(
    "options",
    [
        {"orderBy": "updated"},
        {"timeMin": "2026-01-01T00:00:00Z"},
        {"timeMax": "2027-01-01T00:00:00Z"},
        {"updatedMin": "2026-01-01T00:00:00Z"},
        {"q": "x"},
        {"iCalUID": "x"},
        {"privateExtendedProperty": "a=b"},
        {"sharedExtendedProperty": "a=b"},
        {"showDeleted": False},
        {"singleEvents": True},
        {"eventTypes": "default"},
        {"maxAttendees": 1},
        {"timeZone": "Asia/Tokyo"},
    ],
)
def test_what_may_not_go_with_a_sync_token(sim: Simulator, options: dict) -> None:
    token = sim.sync_token()
    with pytest.raises(HttpError) as error:
        sim.delta(token, **options)
    assert reason(error) == (400, "invalid")


def test_an_expired_token_is_410_and_a_made_up_one_400(sim: Simulator) -> None:
    token = sim.sync_token()
    with pytest.raises(HttpError) as error:
        sim.delta("made-up")
    assert reason(error) == (400, "invalid")
    with pytest.raises(HttpError) as error:
        sim.delta(token, email=BEN)
    assert reason(error) == (410, "fullSyncRequired")
    sim.control("POST", f"/calendars/{ANNA}/expire-sync-tokens")
    with pytest.raises(HttpError) as error:
        sim.delta(token)
    assert reason(error) == (410, "fullSyncRequired")
    token = sim.sync_token()
    sim.control("PATCH", f"/calendars/{ANNA}", acl={BEN: "reader"})
    with pytest.raises(HttpError) as error:
        sim.delta(token)
    assert reason(error) == (410, "fullSyncRequired")


def test_page_tokens_die_and_belong_to_their_query(sim: Simulator) -> None:
    sim.control("POST", f"/calendars/{ANNA}/seed", count=3)
    token = sim.client().events().list(calendarId=ANNA, maxResults=1).execute()["nextPageToken"]
    with pytest.raises(HttpError) as error:
        sim.client().events().list(calendarId=ANNA, pageToken=token, showDeleted=True).execute()
    assert reason(error) == (400, "invalid")
    sim.control("POST", "/expire-page-tokens")
    with pytest.raises(HttpError) as error:
        sim.client().events().list(calendarId=ANNA, maxResults=1, pageToken=token).execute()
    assert reason(error) == (400, "invalid")


@pytest.mark.parametrize(
    ("options", "gives"),
    [
        ({}, True),
        ({"timeMin": "2026-01-01T00:00:00Z"}, True),
        ({"singleEvents": True}, True),
        ({"orderBy": "updated"}, False),
        ({"orderBy": "startTime", "singleEvents": True}, False),
        ({"q": "x"}, False),
    ],
)
def test_which_lists_give_a_sync_token(sim: Simulator, options: dict, gives: bool) -> None:
    page = sim.client().events().list(calendarId=ANNA, **options).execute()
    assert ("nextSyncToken" in page) is gives


def test_filters(sim: Simulator) -> None:
    sim.insert(summary="Early", start=at("08:00"), end=at("09:00"), extendedProperties={"private": {"a": "1"}})
    late = sim.insert(summary="Late", start=at("20:00"), end=at("21:00"), eventType="focusTime")
    sim.insert(summary="Series", recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])
    window = {"timeMin": "2026-11-23T08:00:00Z", "timeMax": "2026-11-23T19:00:00Z"}
    assert listed(sim, **window) == ["Series"]
    assert listed(sim, timeMin="2026-11-25T00:00:00Z") == ["Series"]
    assert listed(sim, timeMin="2026-12-05T00:00:00Z") == []
    assert listed(sim, q="earl") == ["Early"]
    assert listed(sim, iCalUID=late["iCalUID"]) == ["Late"]
    assert listed(sim, privateExtendedProperty="a=1") == ["Early"]
    assert listed(sim, sharedExtendedProperty="a=1") == []
    assert listed(sim, eventTypes="default") == ["Early", "Series"]
    assert listed(sim, updatedMin=late["updated"]) == ["Late", "Series"]
    assert listed(sim, singleEvents=True, orderBy="startTime") == ["Early", "Series", "Late", "Series"]
    with pytest.raises(HttpError) as error:
        listed(sim, orderBy="startTime")
    assert reason(error) == (400, "invalid")


def test_max_attendees_and_time_zone_shape_the_answer(sim: Simulator) -> None:
    sim.insert(attendees=[{"email": ANNA}, {"email": BEN}])
    options = {"maxAttendees": 1, "timeZone": "Asia/Tokyo"}
    (event,) = sim.client().events().list(calendarId=ANNA, **options).execute()["items"]
    assert event["attendeesOmitted"] is True
    assert [person["email"] for person in event["attendees"]] == [ANNA]
    assert event["start"] == {"dateTime": "2026-11-23T18:00:00+09:00", "timeZone": "Europe/Berlin"}


def test_a_mask_selects_inside_objects_and_arrays(sim: Simulator) -> None:
    event = sim.insert(attendees=[{"email": BEN}], extendedProperties={"private": {"a": "1"}})
    mask = "nextSyncToken,items(id,start/dateTime,attendees(email),extendedProperties(private),conferenceData)"
    page = sim.client().events().list(calendarId=ANNA, fields=mask).execute()
    assert page.keys() == {"nextSyncToken", "items"}
    assert page["items"] == [
        {
            "id": event["id"],
            "start": {"dateTime": "2026-11-23T09:00:00Z"},
            "attendees": [{"email": BEN}],
            "extendedProperties": {"private": {"a": "1"}},
        }
    ]
    one = sim.client().events().get(calendarId=ANNA, eventId=event["id"], fields="id,*").execute()
    assert one == event


@pytest.mark.parametrize("mask", ["", "a(", "a)", "a,,b", "a(b", "a/", "(a)", "a b!", ",a"])
def test_a_malformed_mask_is_refused(mask: str) -> None:
    with pytest.raises(ApiError) as error:
        parse(mask)
    assert error.value.status == 400


@pytest.mark.parametrize("mask", ["itmes(id)", "items(id,sumary)", "items/start/clock", "nextSyncToken,items(foo/bar)"])
def test_a_mask_with_unknown_fields_is_refused(sim: Simulator, mask: str) -> None:
    with pytest.raises(HttpError) as error:
        sim.client().events().list(calendarId=ANNA, fields=mask).execute()
    assert reason(error) == (400, "invalidParameter")


@pytest.mark.parametrize("mask", ["*", "items/*", "items(extendedProperties/private/any,organizer/email)", "kind"])
def test_masks_that_google_knows(sim: Simulator, mask: str) -> None:
    sim.insert()
    assert sim.client().events().list(calendarId=ANNA, fields=mask).execute()


def test_masks_join() -> None:
    assert parse("a(b,c/d),a/c/e,f,a(g)") == {"a": {"b": {}, "c": {"d": {}, "e": {}}, "g": {}}, "f": {}}
    assert parse("a(b),a") == parse("a,a(b)") == {"a": {}}


def test_a_delta_after_a_bulk_change(sim: Simulator) -> None:
    sim.control("POST", f"/calendars/{ANNA}/seed", count=100, weekly=True)
    token = sim.sync_token()
    sim.control("POST", f"/calendars/{ANNA}/touch", count=7)
    assert len(sim.delta(token)["items"]) == 7
    assert len(sim.client().events().list(calendarId=ANNA, maxResults=2500).execute()["items"]) == 100
