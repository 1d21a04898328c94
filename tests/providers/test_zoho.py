"""Zoho Meeting: the contract against the simulator, and what is Zoho's own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from confsync.domain.conference import Reference
from confsync.domain.entry_point import EntryPoint, EntryPointType
from confsync.domain.errors import (
    AuthExpired,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    Temporary,
)
from confsync.domain.fitting import fit
from confsync.ports import ConferenceProvider
from playground.vendors.zoho import ZohoService, create_app
from tests.contracts.provider import BERLIN, MARKER, OTHER_MARKER, SPEC, assert_no_secret, changes
from tests.fakes.grants import FakeGrants
from tests.providers.simulated import NOW, SimulatedContract, SimulatedVendor, running

FIXTURES = Path(__file__).parent / "fixtures" / "zoho"


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


class ZohoVendor(SimulatedVendor):
    provider_name = "zoho"
    title = "topic"
    token_path = "/oauth/v2/token"
    api = "/api/v2/.*sessions"
    token = "/oauth/v2/token"
    deny: Mapping[str, Any] = {"status": 400, "body": {"error": {"code": 2001, "message": "INVALID_OAUTHSCOPE"}}}
    invalid: Mapping[str, Any] = {
        "status": 400,
        "body": {"error": {"errorCode": 1002, "message": "Invalid value", "key": "INVALID_INPUT"}},
    }

    def time_of(self, meeting: Mapping[str, Any]) -> tuple[datetime, timedelta]:
        start = datetime.fromtimestamp(meeting["startTimeMillisec"] / 1000, UTC)
        return start, timedelta(milliseconds=meeting["duration"])


@pytest.fixture
def vendor() -> Iterator[SimulatedVendor]:
    yield from running(ZohoVendor(ZohoService(lambda: NOW), create_app))


class TestZohoContract(SimulatedContract):
    @pytest.fixture
    def vendor(self, vendor: ZohoVendor) -> ZohoVendor:
        """With full answers. Where a lost create is found by short ones, it has no numbers."""
        vendor.service.configure(full_answers=True)
        return vendor

    def test_a_series_keeps_its_wall_clock_time_across_dst(self, provider: ConferenceProvider, vendor: Any) -> None:
        """Zoho keeps no series: the engine sends one time of it (see `fitting`)."""
        series = fit(replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY",)), provider.capabilities)
        assert provider.kept(SPEC) == provider.kept(series)

    def test_several_meetings_of_one_marker_are_found_oldest_first(
        self, provider: ConferenceProvider, vendor: Any
    ) -> None:
        """Zoho does not tell when a meeting was made: the order is that of their keys."""
        made = [provider.create(SPEC, MARKER), provider.create(SPEC, MARKER)]
        found = provider.find(MARKER, SPEC)
        assert {each.reference.ids["key"] for each in found} == {each.reference.ids["key"] for each in made}
        assert found == provider.find(MARKER, SPEC)


def test_people_join_by_link_and_find_the_numbers(vendor: ZohoVendor) -> None:
    points = vendor.provider().create(SPEC, MARKER).details.entry_points
    meeting = vendor.meeting
    assert [(p.type, p.uri) for p in points] == [
        (EntryPointType.VIDEO, meeting["joinLink"]),
        (EntryPointType.MORE, meeting["dialinUrl"]),
    ]
    assert (points[0].meeting_code, points[0].password) == (str(meeting["meetingKey"]), meeting["pwd"])
    assert points[1].access_code == meeting["accessCode"]


def test_nobody_is_invited_and_nobody_is_written_to(vendor: ZohoVendor) -> None:
    vendor.service.configure(mails_participants=True, mails_presenter=True)
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    provider.update(reference, replace(SPEC, title="Renamed"), frozenset({"topic"}), MARKER)
    assert vendor.meeting["participants"] == []
    provider.delete(reference)


@pytest.mark.parametrize("changes", [{"index": "page"}, {"index": "record"}, {"most_listed": 3}], ids=str)
def test_a_meeting_is_found_whatever_the_list_counts(vendor: ZohoVendor, changes: dict[str, Any]) -> None:
    vendor.service.configure(**changes)
    provider = vendor.provider()
    for number in range(5):
        provider.create(replace(SPEC, title=f"Other {number}"), f"{OTHER_MARKER}{number}")
    made = provider.create(
        replace(SPEC, start=SPEC.start + timedelta(days=9), end=SPEC.end + timedelta(days=9)), MARKER
    )
    moved = replace(SPEC, start=SPEC.start + timedelta(days=9), end=SPEC.end + timedelta(days=9))
    assert [each.reference.ids["key"] for each in provider.find(MARKER, moved)] == [made.reference.ids["key"]]


@pytest.mark.parametrize("changes", [{}, {"short_links": True}, {"numeric_keys": False}], ids=str)
def test_answers_of_either_form_are_the_same_meeting(vendor: ZohoVendor, changes: dict[str, Any]) -> None:
    vendor.service.configure(**changes)
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    assert provider.get(made.reference) == made


def test_a_move_into_another_zone_sends_both(vendor: ZohoVendor) -> None:
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    elsewhere = replace(SPEC, time_zone="America/New_York")
    provider.update(reference, elsewhere, frozenset({"timezone"}), MARKER)
    assert vendor.times() == [(SPEC.start.astimezone(UTC), SPEC.end - SPEC.start)]
    assert vendor.meeting["timezone"] == "America/New_York"


@pytest.mark.parametrize("at", ["2027-03-01T00:00:00", "2027-03-01T12:00:00", "2027-11-11T23:59:00"])
def test_times_are_written_as_americans_do(vendor: ZohoVendor, at: str) -> None:
    start = datetime.fromisoformat(at).replace(tzinfo=UTC)
    vendor.provider().create(replace(SPEC, start=start, end=start + timedelta(hours=1), time_zone="UTC"), MARKER)
    assert vendor.times() == [(start, timedelta(hours=1))]


def test_a_meeting_that_goes_on_starts_with_the_next_minute(vendor: ZohoVendor) -> None:
    now = NOW + timedelta(seconds=59)
    vendor.service.clock = lambda: now
    spec = fit(
        replace(SPEC, start=NOW - timedelta(hours=1), end=NOW + timedelta(hours=1)), vendor.provider().capabilities, now
    )
    vendor.provider().create(spec, MARKER)
    assert vendor.times()[0] is not None
    assert vendor.times()[0][0] > now


CHANGE = datetime(2027, 10, 31, 1, 0, tzinfo=UTC)
"""The clocks of Berlin go back from 3:00 to 2:00."""


@pytest.mark.parametrize("minutes", [-90, -30, -1, 0, 30, 59, 60, 90])
def test_an_hour_that_the_clocks_repeat_is_told_apart(vendor: ZohoVendor, minutes: int) -> None:
    start = CHANGE + timedelta(minutes=minutes)
    spec = replace(SPEC, start=start.astimezone(BERLIN), end=(start + timedelta(hours=2)).astimezone(BERLIN))
    provider = vendor.provider()
    made = provider.create(spec, MARKER)
    assert vendor.times() == [(start, timedelta(hours=2))]
    assert provider.get(made.reference) == made
    assert [each.fingerprint for each in provider.find(MARKER, spec)] == [made.fingerprint]


@pytest.mark.parametrize(("before", "after"), [(-30, 30), (30, -30), (30, 90), (90, 30)])
def test_a_meeting_moves_into_such_an_hour_and_out_of_it(vendor: ZohoVendor, before: int, after: int) -> None:
    provider, hour = vendor.provider(), timedelta(hours=1)
    old, new = (
        replace(SPEC, start=CHANGE + timedelta(minutes=each), end=CHANGE + timedelta(minutes=each) + hour)
        for each in (before, after)
    )
    made = provider.create(old, MARKER)
    updated = provider.update(made.reference, new, changes(provider, old, new), MARKER)
    assert vendor.times() == [(new.start, hour)]
    assert [each.fingerprint for each in provider.find(MARKER, new)] == [updated.fingerprint]


def test_a_removal_is_over_by_one_deadline(vendor: ZohoVendor) -> None:
    """Also if the account has to be asked first for its organisation; each request alone takes not too long."""
    reference = vendor.provider().create(SPEC, MARKER).reference
    vendor.faults.add(path="/user.json", latency=1.3)
    vendor.faults.add(method="DELETE", latency=1.3)
    with pytest.raises(Temporary):
        vendor.provider().delete(reference)
    assert vendor.faults.left() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_id": "another"}, ReauthorizationRequired),
        ({"refresh_token": "another"}, ReauthorizationRequired),
        ({"per_ten_minutes": 0}, Temporary),
        ({"per_ten_minutes": 0, "throttled_status": 400}, Temporary),
        ({"scopes": ("ZohoMeeting.manageOrg.READ",)}, PermissionDenied),
        ({"scopes": ()}, PermissionDenied),
        ({"unlicensed": ("71158042",)}, PermissionDenied),
        ({"per_minute": 0}, RateLimited),
        ({"per_minute": 0, "retry_after": 30}, RateLimited),
    ],
    ids=str,
)
def test_refusals_are_told_by_their_bodies(
    vendor: ZohoVendor, changes: dict[str, Any], expected: type[Exception]
) -> None:
    secret = vendor.secret()
    vendor.service.configure(**changes)
    with pytest.raises(expected):
        vendor.provider(secret=secret).create(SPEC, MARKER)


@pytest.mark.parametrize("status", [400, 404])
def test_a_deleted_meeting_is_told_by_its_code(vendor: ZohoVendor, status: int) -> None:
    vendor.service.configure(unknown_key_status=status)
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    provider.delete(reference)
    with pytest.raises(NotFound):
        provider.get(reference)


@pytest.mark.parametrize("status", [400, 401])
def test_a_token_that_ended_early_is_replaced_whatever_the_status(vendor: ZohoVendor, status: int) -> None:
    vendor.service.configure(invalid_token_status=status)
    provider = vendor.provider()
    provider.create(SPEC, MARKER)
    vendor.revoke_tokens()
    provider.create(SPEC, OTHER_MARKER)
    assert len(vendor.titles()) == 2


def test_a_persons_own_account(vendor: ZohoVendor) -> None:
    grants = FakeGrants()
    provider = vendor.provider(personal=True, grants=grants)
    with pytest.raises(ReauthorizationRequired, match=SPEC.host):
        provider.create(SPEC, MARKER)
    assert vendor.faults.requests(path=vendor.token) == []


# --- the vendor's own answers ---

OWN = Reference(ids={"key": "1065550142"}, host=SPEC.host)
DIAL_IN = {"dial_in": "https://help.example.com/dial-in-numbers", "access_code": "55501 42852 #"}
LINK = EntryPoint(
    type=EntryPointType.VIDEO,
    uri="https://meeting.zoho.com/join?key=1065550142",
    label="meeting.zoho.com",
    meeting_code="1065550142",
    password="XqvTpe",
)
PAGE = EntryPoint(type=EntryPointType.MORE, uri=DIAL_IN["dial_in"], access_code=DIAL_IN["access_code"])
SECRETS = frozenset({"ZXhhbXBsZS1zdGFydA", "1065559999", "ZXhhbXBsZS1lbWJlZA", "0f1e2d3c4b5a"})
"""The start links, the page to embed, and the encrypted password."""


def test_a_meeting_as_the_pages_show_it(vendor: ZohoVendor) -> None:
    """zoho.com/meeting/api-integration: sdk/schedule-a-session.html, then meeting-api/get-meeting-api.html"""
    vendor.faults.add(method="POST", path=vendor.api, status=201, body=fixture("meeting_created"))
    vendor.faults.add(method="GET", path="/sessions/1065550142.json$", status=200, body=fixture("meeting_read"))
    made = vendor.provider().create(SPEC, MARKER)
    assert made.details.entry_points == (LINK, PAGE)
    assert made.reference == replace(OWN, more=DIAL_IN)
    assert_no_secret(SECRETS, made)


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("meeting_created", (replace(LINK, uri="https://meet.zoho.com/eXa-mpLe-key", label="meet.zoho.com"),)),
        ("meeting_read", (LINK,)),
        ("meeting_minimal", (replace(LINK, password=None),)),
    ],
)
def test_an_answer_in_each_form_of_the_pages(vendor: ZohoVendor, name: str, points: tuple[EntryPoint, ...]) -> None:
    """Keys are numbers or text, links long or short, and fewer fields are read than were answered to the create."""
    vendor.faults.add(method="GET", path="/sessions/1065550142.json$", status=200, body=fixture(name))
    found = vendor.provider().get(OWN)
    assert (found.reference, found.details.entry_points) == (OWN, points)
    assert_no_secret(SECRETS, found)


def test_a_page_as_the_pages_show_it(vendor: ZohoVendor) -> None:
    """zoho.com/meeting/api-integration/meeting-api/list-of-meeting-api.html: no agenda, and so no marker"""
    vendor.faults.add(method="GET", path=r"/sessions.json\?", status=200, body=fixture("page"))
    vendor.faults.add(method="GET", path="/sessions/1065550142.json$", status=200, body=fixture("meeting_read"))
    (found,) = vendor.provider().find(MARKER, SPEC)
    assert (found.reference, found.details.entry_points) == (OWN, (LINK,))
    assert_no_secret(SECRETS, found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("token", AuthExpired), ("missing", NotFound), ("organisation", PermissionDenied)],
)
def test_a_refusal_as_the_pages_show_it(vendor: ZohoVendor, name: str, expected: type[Exception]) -> None:
    """zoho.com/meeting/api-integration/meeting-api/participant-report.html, possible error cases"""
    vendor.faults.add(method="GET", path=vendor.api, times=2, **fixture("refusals")[name])
    with pytest.raises(expected) as caught:
        vendor.provider().get(OWN)
    assert type(caught.value) is expected
