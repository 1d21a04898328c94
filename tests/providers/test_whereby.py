"""Whereby: the contract against the simulator, and what is Whereby's own."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from confsync.domain.conference import ConferenceSpec
from confsync.domain.entry_point import EntryPointType
from confsync.domain.errors import (
    Ambiguous,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    Temporary,
)
from confsync.domain.fitting import fit
from confsync.domain.upkeep import TOUCH_AFTER
from confsync.ports import ConferenceProvider
from confsync.providers.whereby import LASTS, LIFETIME, OPEN_AT_LEAST, SLACK
from playground.vendors.whereby import Account, WherebyService, create_app
from tests.contracts.provider import MARKER, OTHER_MARKER, SPEC, SPECS, assert_no_secret, changes
from tests.providers.keyed import KeyedContract, KeyedVendor
from tests.providers.simulated import NOW, SimulatedVendor, running

FIXTURES = Path(__file__).parent / "fixtures" / "whereby"
CLOSES = timedelta(hours=1)
NEXT_YEAR = datetime(2028, 1, 1, tzinfo=UTC)
"""After that of `SPEC`."""


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def moved(by: timedelta, **changes: Any) -> ConferenceSpec:
    return replace(SPEC, start=SPEC.start + by, end=SPEC.end + by, **changes)


class WherebyVendor(KeyedVendor):
    provider_name = "whereby"
    title = "roomName"
    api = "/v1/meetings"
    deny: Mapping[str, Any] = {"status": 403, "body": {"error": "Not allowed to perform action"}}
    invalid: Mapping[str, Any] = {"status": 400, "body": {"error": "Invalid value for endDate"}}

    @property
    def ends(self) -> datetime:
        """When the only room does."""
        return datetime.fromisoformat(self.meeting["endDate"])


@pytest.fixture
def vendor() -> Iterator[SimulatedVendor]:
    service = WherebyService(lambda: NOW)
    service.configure(points=None)
    yield from running(WherebyVendor(service, create_app))


class TestWherebyContract(KeyedContract):
    def test_it_has_the_events_title_and_time(self, provider: ConferenceProvider, vendor: Any) -> None:
        """A room has neither title nor start: it ends a month after the event's year."""
        vendor.provider().create(SPEC, MARKER)
        assert vendor.ends == NEXT_YEAR + SLACK

    def test_it_follows_a_rename_and_a_move(self, provider: ConferenceProvider, vendor: Any) -> None:
        """The room stays, or can't be: see below."""
        for spec in (replace(SPEC, title="Renamed"), moved(timedelta(days=290))):
            assert changes(provider, SPEC, spec) == frozenset()
        for spec in (moved(timedelta(days=310)), SPECS["weekly for ever"], replace(SPEC, open_ended=True)):
            assert changes(provider, SPEC, spec) == {"until"}

    @pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
    def test_any_event_can_become_any_other(self, provider: ConferenceProvider, spec: ConferenceSpec) -> None:
        """One that needs the room for longer needs another one."""
        weekly, spec = fit(SPECS["weekly"], provider.capabilities), fit(spec, provider.capabilities)
        if provider.kept(spec) == provider.kept(weekly):
            super().test_any_event_can_become_any_other(provider, spec)
            return
        created = provider.create(weekly, MARKER)
        with pytest.raises(NotFound):
            provider.update(created.reference, spec, frozenset(provider.kept(spec)), MARKER)
        assert provider.find(MARKER, spec) == []

    def test_a_series_keeps_its_wall_clock_time_across_dst(self, provider: ConferenceProvider, vendor: Any) -> None:
        """It has no instances: it ends a month after the last one's year."""
        vendor.provider().create(replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY;COUNT=6",)), MARKER)
        assert vendor.ends == NEXT_YEAR + SLACK

    def test_a_deleted_meeting_is_gone(self, provider: ConferenceProvider) -> None:
        """Whereby answers 204 whether or not there was one, so a second deletion is none the wiser."""
        reference = provider.create(SPEC, MARKER).reference
        provider.delete(reference)
        assert provider.find(MARKER, SPEC) == []
        with pytest.raises(NotFound):
            provider.get(reference)
        with pytest.raises(NotFound):
            provider.update(reference, SPEC, frozenset(), MARKER)
        provider.delete(reference)


# --- the room --------------------------------------------------------------------------------------------------------


def test_people_join_by_the_rooms_link(vendor: WherebyVendor) -> None:
    made = vendor.provider().create(SPEC, MARKER)
    (point,) = made.details.entry_points
    assert (point.type, point.uri) == (EntryPointType.VIDEO, vendor.meeting["roomUrl"])
    assert point.label == f"example.whereby.com{vendor.meeting['roomName']}"
    assert made.reference.ids == {"id": vendor.meeting["meetingId"]}
    assert vendor.service.join(url=point.uri) == "in"


def test_the_hosts_link_is_not_asked_for_and_not_read(vendor: WherebyVendor) -> None:
    """Nor is it shown where Whereby adds it unasked."""
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    found = provider.find(MARKER, SPEC)
    assert not any("fields" in request.query for request in vendor.faults.requests())
    vendor.faults.add(method="POST", path=vendor.api, status=201, body=fixture("meeting_with_host"))
    unasked = provider.create(SPEC, MARKER)
    assert unasked.details.video_uri == "https://example.whereby.com/f3c0b1d2-5a77-4b7e-9a5d-0f2f4a1c7e90"
    hidden = vendor.hidden() | {"a2V5LW9mLXRoZS1ob3N0"}
    assert_no_secret(hidden, made, found, unasked, provider, vars(provider))


@pytest.mark.parametrize(
    ("settings", "name"),
    [({}, r"/[0-9a-f]{32}"), ({"roomNamePrefix": "team-1"}, r"/team-1[0-9a-f]{32}")],
    ids=["no prefix", "the longest"],
)
def test_a_name_begins_with_the_marker_and_ends_with_chance(
    vendor: WherebyVendor, settings: dict[str, Any], name: str
) -> None:
    provider = vendor.provider(**settings)
    made = provider.create(SPEC, MARKER)
    assert re.fullmatch(name + r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", vendor.meeting["roomName"])
    assert provider.find(MARKER, SPEC) == [made]


def test_only_its_own_rooms_are_listed_page_by_page(vendor: WherebyVendor) -> None:
    provider = vendor.provider()
    made = []
    for _ in range(52):  # a page has 50
        provider.create(SPEC, OTHER_MARKER)
        made.append(provider.create(SPEC, MARKER))
        vendor.clock.advance(timedelta(seconds=1))
    vendor.faults.forget_requests()
    assert provider.find(MARKER, SPEC) == made
    first, second = vendor.faults.requests()
    assert "cursor" not in first.query
    assert "cursor" in second.query
    assert all("startsWith" in each.query for each in (first, second))


def test_a_list_is_ordered_by_when_its_rooms_were_made_and_not_trusted(vendor: WherebyVendor) -> None:
    """Its order stands nowhere, the ids are any text, and another's room must never be deleted as a second one."""
    provider = vendor.provider()
    page, name = fixture("page"), f"{'0' * 32}-x"
    vendor.faults.add(method="GET", path=vendor.api, status=200, body=page)
    assert provider.find(MARKER, SPEC) == []
    made = provider.create(SPEC, MARKER)
    assert made.details.video_uri is not None
    own = made.details.video_uri.removeprefix("https://example.whereby.com/")[:32] + "-x"
    own_page = json.loads(json.dumps(page).replace(name, own))
    vendor.faults.add(method="GET", path=vendor.api, status=200, body=own_page)
    assert [each.reference.ids["id"] for each in provider.find(MARKER, SPEC)] == [
        "52755922",
        "f3c0b1d2-5a77-4b7e-9a5d-0f2f4a1c7e90",
    ]


# --- when it ends ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "ends"),
    [
        (SPEC, NEXT_YEAR + SLACK),
        (moved(timedelta(days=305)), NEXT_YEAR + SLACK),
        (moved(timedelta(days=306)), datetime(2029, 1, 1, tzinfo=UTC) + SLACK),
        (moved(timedelta(days=900)), datetime(2030, 1, 1, tzinfo=UTC) + SLACK),
        (SPECS["weekly for ever"], SPEC.end + LIFETIME),
        (moved(timedelta(days=900), recurrence=("RRULE:FREQ=DAILY",)), SPEC.end + timedelta(days=900) + LIFETIME),
        (replace(SPEC, recurrence=("RRULE:FREQ=YEARLY",)), SPEC.end + LIFETIME),
        (replace(SPEC, recurrence=("RRULE:FREQ=MONTHLY;BYMONTHDAY=1;COUNT=300",)), SPEC.end + LIFETIME),
        (replace(SPEC, open_ended=True), SPEC.end + LIFETIME),
        (moved(timedelta(days=-900), recurrence=("RRULE:FREQ=WEEKLY",)), NOW + LIFETIME),
        (moved(timedelta(days=-20)), NEXT_YEAR + SLACK),
        (moved(timedelta(days=-190)), NOW + OPEN_AT_LEAST),
    ],
    ids=[
        "this year",
        "its last day",
        "next year",
        "in years",
        "endless",
        "endless, in years",
        "not simple",
        "for years",
        "open end",
        "began years ago",
        "was this year",
        "was long ago",
    ],
)
def test_a_room_lasts_as_long_as_it_is_needed(vendor: WherebyVendor, spec: ConferenceSpec, ends: datetime) -> None:
    """And is made anew (see `Upkeep`) before it ends where it lasts less."""
    vendor.provider().create(spec, MARKER)
    assert vendor.ends == ends
    assert vendor.meeting["endDate"].endswith(".000Z")
    if spec.recurrence or spec.open_ended:
        assert max(NOW, spec.end) + TOUCH_AFTER * LIFETIME < ends


ENDLESS = SPECS["weekly for ever"]
YEARS = timedelta(days=365)
FOR_YEARS = replace(SPEC, recurrence=("RRULE:FREQ=MONTHLY;BYMONTHDAY=1;COUNT=300",))


@pytest.mark.parametrize(
    ("old", "new", "after", "kept"),
    [
        (SPEC, moved(timedelta(days=300)), timedelta(0), True),
        (moved(YEARS), SPEC, timedelta(0), True),
        (moved(YEARS), SPEC, timedelta(days=20), True),
        (ENDLESS, SPECS["weekly"], timedelta(0), True),
        (ENDLESS, moved(5 * YEARS), timedelta(0), True),
        (replace(SPEC, open_ended=True), SPEC, timedelta(0), True),
        (ENDLESS, ENDLESS, timedelta(days=600), True),
        (FOR_YEARS, FOR_YEARS, timedelta(days=600), True),
        (ENDLESS, FOR_YEARS, timedelta(days=600), True),
        (ENDLESS, ENDLESS, TOUCH_AFTER * LIFETIME, False),
        (FOR_YEARS, FOR_YEARS, TOUCH_AFTER * LIFETIME, False),
        (SPEC, moved(YEARS), timedelta(0), False),
        (SPEC, moved(timedelta(days=310)), timedelta(0), False),
        (SPEC, ENDLESS, timedelta(0), False),
        (SPEC, replace(SPEC, open_ended=True), timedelta(0), False),
        (moved(-YEARS), moved(-2 * YEARS), timedelta(0), True),
        (moved(-YEARS), moved(-2 * YEARS), OPEN_AT_LEAST + timedelta(minutes=1), False),
    ],
    ids=[
        "within its year",
        "to an earlier year",
        "to an earlier year, which has begun",
        "a series that became finite",
        "a series that became an event in years",
        "no more open",
        "endless, begun long ago",
        "for years, begun long ago",
        "finite now, and for years",
        "endless, before it ends",
        "for years, before it ends",
        "to a later year",
        "to a later year, before the room ends",
        "became endless",
        "became open",
        "was long ago",
        "was long ago, and the room is closed",
    ],
)
def test_a_room_that_lasts_long_enough_keeps_its_link(
    vendor: WherebyVendor, old: ConferenceSpec, new: ConferenceSpec, after: timedelta, *, kept: bool
) -> None:
    """One that does not goes, and counts as gone: the engine makes another. Within its new year no move is told, so
    the room has to last for all of it."""
    provider = vendor.provider()
    made = provider.create(old, MARKER)
    vendor.clock.advance(after)
    vendor.faults.forget_requests()
    vendor.service.configure(gone_after_hours=24)
    if kept:
        assert provider.update(made.reference, new, frozenset(provider.kept(new)), MARKER) == made
    else:
        with pytest.raises(NotFound):
            provider.update(made.reference, new, frozenset(provider.kept(new)), MARKER)
    assert len(vendor.service.meetings()) == (1 if kept else 0)
    assert [call.method for call in vendor.faults.requests()] == (["GET"] if kept else ["GET", "DELETE"])


def test_a_room_that_is_left_to_an_endless_series_outlasts_the_next_look() -> None:
    assert TOUCH_AFTER * LIFETIME + SLACK < LASTS < LIFETIME


def test_a_room_that_moved_to_an_earlier_year_moves_back(vendor: WherebyVendor) -> None:
    provider = vendor.provider()
    made = provider.create(moved(YEARS), MARKER)
    for spec in (SPEC, moved(YEARS)):
        assert provider.update(made.reference, spec, frozenset({"until"}), MARKER) == made


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"status": 400, "body": {"error": "no"}}, PermissionDenied),
        ({"status": 403, "body": {"error": "no"}}, PermissionDenied),
        ({"status": 500}, Temporary),
        ({"status": 404, "body": {"error": "it is gone"}}, NotFound),
    ],
    ids=["400", "403", "500", "404"],
)
def test_a_room_that_can_not_be_deleted_is_not_made_anew(
    vendor: WherebyVendor, fault: dict[str, Any], expected: type[ServiceError]
) -> None:
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    vendor.faults.add(method="DELETE", path=vendor.api, **fault)
    with pytest.raises(ServiceError) as caught:
        provider.update(made.reference, ENDLESS, frozenset({"until"}), MARKER)
    assert type(caught.value) is expected


@pytest.mark.parametrize(
    ("end", "kept"),
    [("2028-02-01T00:00:00Z", True), ("2028-02-01T00:00:00", True), ("2028-01-01T00:00:00Z", False), ("soon", False)],
)
def test_an_end_as_whereby_may_tell_it(vendor: WherebyVendor, end: str, *, kept: bool) -> None:
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    vendor.faults.add(method="GET", path=vendor.api, status=200, body={**fixture("meeting_with_host"), "endDate": end})
    if kept:
        provider.update(made.reference, SPEC, frozenset({"until"}), MARKER)
    else:
        with pytest.raises(NotFound):
            provider.update(made.reference, SPEC, frozenset({"until"}), MARKER)


@pytest.mark.parametrize("gone_after", [1, 24])
def test_a_room_is_gone_some_time_after_its_end(vendor: WherebyVendor, gone_after: int) -> None:
    vendor.service.configure(gone_after_hours=gone_after)
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    vendor.clock.advance(NEXT_YEAR + SLACK + timedelta(hours=gone_after) - NOW - timedelta(seconds=1))
    assert provider.get(made.reference) == made
    vendor.clock.advance(timedelta(seconds=1))
    with pytest.raises(NotFound):
        provider.get(made.reference)
    assert provider.find(MARKER, SPEC) == []
    assert provider.create(moved(timedelta(days=365)), MARKER).reference != made.reference


# --- settings --------------------------------------------------------------------------------------------------------


def test_settings_are_whereby_s_own(vendor: WherebyVendor) -> None:
    """Unknown fields are refused: what is sent has none."""
    vendor.service.configure(ignores_unknown=False)
    made = vendor.provider(isLocked=True, roomMode="group", roomNamePrefix="x-").create(SPEC, MARKER)
    room = vendor.meeting
    assert (room["isLocked"], room["roomMode"], room["roomName"][:3]) == (True, "group", "/x-")
    assert vendor.service.join(url=made.details.video_uri) == "knocking"


@pytest.mark.parametrize(
    "settings",
    [
        {"is_locked": True},
        {"isLocked": "yes"},
        {"roomMode": "huge"},
        {"roomNamePrefix": "Team"},
        {"roomNamePrefix": "my t"},
        {"roomNamePrefix": "team-12"},
        {"roomNamePrefix": "team\n"},
        {"fields": ["hostRoomUrl"]},
        {"endDate": "2099-01-01T00:00:00Z"},
        {"templateType": "viewerMode"},
    ],
    ids=str,
)
def test_settings_that_are_none_are_named(vendor: WherebyVendor, settings: dict[str, Any]) -> None:
    with pytest.raises(NotConfigured, match=rf"solutions\.whereby\.settings.*{next(iter(settings))}"):
        vendor.provider(**settings)


def test_there_are_no_accounts_of_people(vendor: WherebyVendor) -> None:
    with pytest.raises(NotConfigured, match="personal"):
        vendor.provider(personal=True)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"error": "endDate must not be in the past"}, Invalid),
        (401, {"error": "Access token is missing or invalid"}, ReauthorizationRequired),
        (401, "", ReauthorizationRequired),
        (403, {"error": "Not allowed to perform action"}, PermissionDenied),
        (404, {"error": "The requested resource doesn't exist"}, NotFound),
        (404, {"message": "Not found"}, NotFound),
        (404, {}, Temporary),
        (404, "<html>Not Found</html>", Temporary),
        (429, fixture("error_throttled"), RateLimited),
        (500, {"error": "oops"}, Temporary),
    ],
)
def test_refusals(vendor: WherebyVendor, status: int, body: Any, expected: type[ServiceError]) -> None:
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    vendor.faults.add(path=vendor.api, status=status, body=body)
    with pytest.raises(ServiceError) as caught:
        provider.get(made.reference)
    assert (type(caught.value), caught.value.status) == (expected, status)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, PermissionDenied), (403, PermissionDenied), (404, NotFound), (429, RateLimited), (500, Temporary)],
)
def test_a_refused_deletion_is_never_taken_for_done(
    vendor: WherebyVendor, status: int, expected: type[ServiceError]
) -> None:
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    vendor.faults.add(method="DELETE", path=vendor.api, status=status, body={"error": "no"})
    with pytest.raises(expected):
        provider.delete(made.reference)
    assert provider.get(made.reference) == made


def test_an_organisation_that_may_not_is_denied(vendor: WherebyVendor) -> None:
    vendor.service.configure(forbidden=True)
    with pytest.raises(PermissionDenied):
        vendor.provider().create(SPEC, MARKER)


def test_spent_points_are_a_limit_until_the_minute_is_over(vendor: WherebyVendor) -> None:
    vendor.service.configure(points=4)
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    provider.get(made.reference)
    vendor.clock.advance(timedelta(seconds=20))
    for call in (lambda: provider.create(SPEC, MARKER), lambda: provider.delete(made.reference)):
        with pytest.raises(RateLimited) as caught:
            call()
        assert caught.value.retry_at == NOW + timedelta(minutes=1)
    vendor.clock.advance(timedelta(seconds=40))
    provider.create(SPEC, OTHER_MARKER)


def test_a_create_without_an_answer_is_found_whatever_else_there_is(vendor: WherebyVendor) -> None:
    provider = vendor.provider(roomNamePrefix="x-")
    provider.create(SPEC, OTHER_MARKER)
    vendor.faults.add(method="POST", path=vendor.api, cut="after")
    with pytest.raises(Ambiguous):
        provider.create(SPEC, MARKER)
    (found,) = provider.find(MARKER, SPEC)
    assert found.details.video_uri == vendor.service.meetings()[1]["roomUrl"]


@pytest.mark.parametrize("field", ["error", "message"])
def test_the_key_is_in_no_error(vendor: WherebyVendor, field: str) -> None:
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    hidden = vendor.hidden() | {Account().api_key}
    for status in (400, 401, 403, 404):
        vendor.faults.add(path=vendor.api, status=status, body={field: " ".join(hidden)})
        with pytest.raises(ServiceError) as caught:
            provider.get(made.reference)
        assert_no_secret(hidden, caught.value, caught.value.__cause__)
