"""Webex: the contract against the simulator, and what is Webex's own."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from confsync.domain.conference import ConferenceSpec, Occurrence, Reference
from confsync.domain.entry_point import EntryPoint, EntryPointType, Feature
from confsync.domain.errors import (
    AuthExpired,
    Conflict,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    Temporary,
)
from confsync.domain.fitting import fit, notes
from confsync.ports import ConferenceProvider
from playground.vendors.webex import WebexService, create_app
from tests.contracts.instances import OCCURRENCES, TIMES, WEEKLY, InstancesContract, moved
from tests.contracts.provider import MARKER, OTHER_MARKER, SPEC, assert_no_secret
from tests.fakes.grants import FakeGrants
from tests.providers.simulated import NOW, SimulatedContract, SimulatedVendor, running

FIXTURES = Path(__file__).parent / "fixtures" / "webex"
ADMINISTRATOR = "admin@example.com"
HOUR = timedelta(hours=1)


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


class WebexVendor(SimulatedVendor):
    provider_name = "webex"
    title = "title"
    path = "/v1"
    token_path = "/v1/access_token"
    api = "/v1/meetings"
    token = "/v1/access_token"
    deny: Mapping[str, Any] = {"status": 403, "body": {"message": "missing required scopes", "trackingId": "ROUTER_1"}}
    invalid: Mapping[str, Any] = {"status": 400, "body": {"message": "invalid items", "trackingId": "ROUTER_1"}}

    def secret(self) -> str:
        account = self.service.account
        told = {"client_id": account.client_id, "client_secret": account.client_secret}
        return json.dumps({**told, "refresh_token": self.service.consent(ADMINISTRATOR)})

    def time_of(self, meeting: Mapping[str, Any]) -> tuple[datetime, timedelta]:
        start, end = (datetime.fromisoformat(meeting[name]) for name in ("start", "end"))
        return start.astimezone(UTC), end - start

    def occurrences(self) -> list[list[datetime]]:
        return [[start for start, _ in each] for each in self.service.occurrences()]

    def instances(self) -> list[tuple[datetime, str]]:
        """Start and title of each time of the only series."""
        (only,) = self.service.occurrences()
        return list(only)


@pytest.fixture
def vendor() -> Iterator[SimulatedVendor]:
    service = WebexService(lambda: NOW)
    service.configure(admin_per_host=10_000)
    yield from running(WebexVendor(service, create_app))


class TestWebexContract(InstancesContract, SimulatedContract):
    @pytest.fixture
    def secrets(self, vendor: SimulatedVendor) -> frozenset[str]:
        return frozenset({vendor.service.account.client_secret})


# --- what people get -------------------------------------------------------------------------------------------------


def test_people_join_by_link_room_and_telephone(vendor: WebexVendor) -> None:
    points = vendor.provider().create(SPEC, MARKER).details.entry_points
    meeting = vendor.meeting
    code, pin = meeting["meetingNumber"], meeting["phoneAndVideoSystemPassword"]
    assert [(p.type, p.uri, p.features) for p in points] == [
        (EntryPointType.VIDEO, meeting["webLink"], ()),
        (EntryPointType.SIP, f"sip:{meeting['sipAddress']}", ()),
        (EntryPointType.PHONE, f"tel:+14156550001,,{code}#,,{pin}#", (Feature.TOLL,)),
        (EntryPointType.PHONE, f"tel:+18445310958,,{code}#,,{pin}#", (Feature.TOLL_FREE,)),
    ]
    assert (points[0].meeting_code, points[0].password) == (code, meeting["password"])
    assert {(p.access_code, p.passcode) for p in points[2:]} == {(code, pin)}


def test_a_site_without_telephony_has_no_numbers(vendor: WebexVendor) -> None:
    vendor.service.configure(telephony=False)
    points = vendor.provider().create(SPEC, MARKER).details.entry_points
    assert [p.type for p in points] == [EntryPointType.VIDEO, EntryPointType.SIP]


def test_nobody_is_written_to(vendor: WebexVendor) -> None:
    provider = vendor.provider()
    made = provider.create(replace(WEEKLY, occurrences=OCCURRENCES[:1]), MARKER)
    provider.update(made.reference, replace(WEEKLY, title="Renamed"), frozenset({"title", "instances"}), MARKER)
    provider.delete(made.reference)
    assert vendor.service.mails() == []


# --- when ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [timedelta(minutes=5), timedelta(0), timedelta(days=3)], ids=str)
def test_a_length_that_webex_does_not_take_is_clamped_with_a_note(vendor: WebexVendor, length: timedelta) -> None:
    provider = vendor.provider()
    spec = replace(SPEC, end=SPEC.start + length)
    provider.create(fit(spec, provider.capabilities, NOW), MARKER)
    ((_, kept),) = vendor.times()
    assert kept == (timedelta(minutes=10) if length < HOUR else timedelta(hours=23, minutes=59))
    assert len(notes(spec, provider.capabilities)) == 1


def test_a_meeting_that_goes_on_starts_with_the_next_minute(vendor: WebexVendor) -> None:
    now = NOW + timedelta(seconds=50)
    vendor.service.clock = lambda: now
    provider = vendor.provider()
    provider.create(fit(replace(SPEC, start=NOW - HOUR, end=NOW + HOUR), provider.capabilities, now), MARKER)
    ((start, _),) = vendor.times()
    assert now < start < now + timedelta(minutes=3)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "Europe/London", "nowhere"])
def test_the_offset_is_that_of_the_zone(vendor: WebexVendor, zone: str) -> None:
    vendor.provider().create(replace(SPEC, time_zone=zone), MARKER)
    assert vendor.times() == [(SPEC.start.astimezone(UTC), SPEC.end - SPEC.start)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("RRULE:FREQ=DAILY;COUNT=3",), {"FREQ=DAILY", "INTERVAL=1", "COUNT=3"}),
        (("RRULE:FREQ=WEEKLY;COUNT=2", "RDATE:20270311T090000Z"), {"FREQ=DAILY", "INTERVAL=1", "COUNT=11"}),
        (("RRULE:FREQ=WEEKLY;COUNT=300",), {"FREQ=DAILY", "INTERVAL=1", "COUNT=1826"}),
        (("RRULE:FREQ=YEARLY;COUNT=2",), {"FREQ=DAILY", "INTERVAL=1"}),
    ],
    ids=["simple", "dates", "more than it keeps", "years"],
)
def test_a_series_that_webex_does_not_keep_has_a_time_a_day(
    vendor: WebexVendor, lines: tuple[str, ...], expected: set[str]
) -> None:
    vendor.provider().create(replace(SPEC, recurrence=lines), MARKER)
    assert set(vendor.meeting["recurrence"].split(";")) == expected


# --- whose, and refusals ---------------------------------------------------------------------------------------------


def test_meetings_are_the_hosts(vendor: WebexVendor) -> None:
    vendor.provider().create(SPEC, MARKER)
    assert vendor.meeting["hostEmail"] == SPEC.host


def test_without_administrators_scopes_only_ones_own(vendor: WebexVendor) -> None:
    vendor.service.configure(scopes=("meeting:schedules_read", "meeting:schedules_write"))
    with pytest.raises(PermissionDenied, match="meeting:admin_schedule_write"):
        vendor.provider().create(SPEC, MARKER)
    vendor.provider().create(replace(SPEC, host=""), MARKER)
    assert vendor.meeting["hostEmail"] == ADMINISTRATOR


@pytest.mark.parametrize(
    ("settings", "changed", "expected"),
    [
        ({}, {"unlicensed": (SPEC.host,)}, PermissionDenied),
        ({}, {"unknown_zones": ("Europe/Berlin",)}, Invalid),
        ({}, {"bad_client_status": 400, "client_secret": "another"}, ReauthorizationRequired),
        ({"siteUrl": "elsewhere.webex.com"}, {}, PermissionDenied),
    ],
    ids=["no licence", "unknown zone", "refused client", "another site"],
)
def test_refusals(
    vendor: WebexVendor, settings: dict[str, Any], changed: dict[str, Any], expected: type[Exception]
) -> None:
    secret = vendor.secret()
    vendor.service.configure(**changed)
    with pytest.raises(expected):
        vendor.provider(secret=secret, **settings).create(SPEC, MARKER)


def test_a_meeting_is_not_gone_because_its_host_is(vendor: WebexVendor) -> None:
    """Its 404 says so of the user, the meeting is there."""
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    vendor.service.configure(missing=(SPEC.host,))
    calls: list[Callable[[], object]] = [
        lambda: provider.get(reference),
        lambda: provider.update(reference, SPEC, frozenset({"title"}), MARKER),
        lambda: provider.update(reference, WEEKLY, frozenset({"instances"}), MARKER),
        lambda: provider.delete(reference),
        lambda: provider.find(MARKER, SPEC),
        lambda: provider.create(SPEC, OTHER_MARKER),
    ]
    for call in calls:
        with pytest.raises(PermissionDenied, match=r"could not be found.*must be a user of the organisation"):
            call()
    vendor.service.configure(missing=())
    assert provider.find(MARKER, SPEC) == [provider.get(reference)]


@pytest.mark.parametrize(
    ("message", "description", "expected"),
    [
        ("The requested resource could not be found.", "The meeting is not found.", NotFound),
        ("Meeting '560d7b784f51' could not be found.", "", NotFound),
        ("The requested resource could not be found.", "", PermissionDenied),
        ("The requested resource could not be found.", "The user meeting@example.com is not found.", PermissionDenied),
        ("The meeting host is not found.", "", PermissionDenied),
    ],
)
def test_a_meeting_is_gone_only_if_webex_says_so_of_it(
    vendor: WebexVendor, message: str, description: str, expected: type[Exception]
) -> None:
    """webex-meeting.json: ReassignMeetingResponseObject, and what a 404 is of: "the resource, such as a user"."""
    errors = [{"description": description}] if description else []
    body = {"message": message, "errors": errors, "trackingId": "0A1B2C3D4E5F60718293A4B5C6D7E8F9_1803111301000"}
    vendor.faults.add(path=vendor.api, status=404, body=body)
    with pytest.raises(expected) as caught:
        vendor.provider().get(OWN)
    assert type(caught.value) is expected


def test_the_limit_of_a_day_says_when_to_come_back(vendor: WebexVendor) -> None:
    vendor.service.configure(admin_per_host=1)
    provider = vendor.provider()
    provider.create(SPEC, MARKER)
    with pytest.raises(RateLimited) as caught:
        provider.create(SPEC, OTHER_MARKER)
    assert caught.value.retry_at is not None


def test_a_locked_meeting_says_when_to_come_back(vendor: WebexVendor) -> None:
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    vendor.service.configure(locked=(reference.ids["id"],))
    with pytest.raises(RateLimited) as caught:
        provider.delete(reference)
    assert caught.value.retry_at is not None


@pytest.mark.parametrize("state", ["inProgress", "ended"])
def test_a_meeting_that_can_not_be_deleted_now_is_not_forgotten(vendor: WebexVendor, state: str) -> None:
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    vendor.service.set_state(reference.ids["id"], "inProgress")
    if state == "ended":
        vendor.service.set_state(reference.ids["id"], "ended")
    with pytest.raises((PermissionDenied, Temporary)):
        provider.delete(reference)


def test_settings_pass_through_and_unknown_ones_are_named(vendor: WebexVendor) -> None:
    vendor.provider(unlockedMeetingJoinSecurity="blockFromJoin", enabledAutoRecordMeeting=True).create(SPEC, MARKER)
    assert vendor.meeting["unlockedMeetingJoinSecurity"] == "blockFromJoin"
    assert vendor.meeting["enabledAutoRecordMeeting"] is True
    with pytest.raises(NotConfigured, match=r"solutions\.webex\.settings.*lobby"):
        vendor.provider(lobby=True)


def test_a_persons_own_account(vendor: WebexVendor) -> None:
    grants = FakeGrants()
    provider = vendor.provider(personal=True, grants=grants)
    with pytest.raises(ReauthorizationRequired, match=SPEC.host):
        provider.create(SPEC, MARKER)
    assert vendor.faults.requests(path=vendor.token) == []


def test_tags_of_other_applications_are_not_found(vendor: WebexVendor) -> None:
    vendor.provider().create(SPEC, MARKER)
    vendor.service.configure(client_id="another", other_clients={"C0123456789abcdef": "x"})
    assert vendor.provider().find(MARKER, SPEC) == []


def test_two_meetings_of_a_day_are_told_apart(vendor: WebexVendor) -> None:
    provider = vendor.provider()
    one, other = provider.create(SPEC, MARKER), provider.create(SPEC, OTHER_MARKER)
    assert provider.find(OTHER_MARKER, SPEC) == [other]
    provider.delete(one.reference)
    assert provider.find(OTHER_MARKER, SPEC) == [other]


def described(spec: ConferenceSpec, text: str) -> ConferenceSpec:
    return replace(spec, description=text)


def test_an_agenda_that_is_emptied_is_gone(vendor: WebexVendor) -> None:
    provider: ConferenceProvider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    assert vendor.meeting["agenda"] == "Bring numbers."
    provider.update(reference, described(SPEC, ""), frozenset({"agenda"}), MARKER)
    assert not vendor.meeting.get("agenda")


# --- the vendor's own answers ---

OWN = Reference(ids={"id": fixture("meeting_created")["id"]}, host=SPEC.host)
SECRETS = frozenset({"918273", "Pn4listQ", "55504917", "/weblink/register/"})
"""The host's key, and what panelists and the site's registration have."""


def dialled(digits: str, label: str, cost: Feature) -> EntryPoint:
    return EntryPoint(
        type=EntryPointType.PHONE,
        uri=f"tel:{digits},,25555501427#,,55501942#",
        label=label,
        access_code="25555501427",
        passcode="55501942",
        features=(cost,),
    )


LINK = EntryPoint(
    type=EntryPointType.VIDEO,
    uri=fixture("meeting_created")["webLink"],
    label="example.webex.com",
    meeting_code="25555501427",
    password="Xq7vT2pe",
)
ROOM = EntryPoint(
    type=EntryPointType.SIP,
    uri="sip:25555501427@example.webex.com",
    label="25555501427@example.webex.com",
    passcode="55501942",
)
NUMBERS = (
    dialled("+12065550148", "+1 206-555-0148", Feature.TOLL),
    dialled("+18335550175", "+1 833-555-0175", Feature.TOLL_FREE),
)
PAGE = EntryPoint(type=EntryPointType.MORE, uri="https://example.webex.com/example/globalcallin.php?MTID=m0f1e2d3c")


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("meeting_created", (LINK, ROOM, *NUMBERS)),
        ("series_read", (LINK, ROOM, *NUMBERS, PAGE)),
        ("meeting_minimal", (replace(LINK, meeting_code=None),)),
    ],
)
def test_an_answer_as_the_specification_has_it(vendor: WebexVendor, name: str, points: tuple[EntryPoint, ...]) -> None:
    """webex/webex-openapi-specs, public-spec/webex-meeting.json: MeetingSeriesObject, with all and what is required"""
    provider = vendor.provider()
    vendor.faults.add(method="POST", path="/v1/meetings$", status=200, body=fixture(name))
    vendor.faults.add(method="GET", path=f"/v1/meetings/{OWN.ids['id']}", status=200, body=fixture(name))
    for found in (provider.create(SPEC, MARKER), provider.get(OWN)):
        assert found.details.entry_points == points
        assert found.reference == OWN
        assert_no_secret(SECRETS, found)


def test_a_fingerprint_is_the_same_in_any_zone(vendor: WebexVendor) -> None:
    """Which zone the times are in follows from a header of the call."""
    provider, marks = vendor.provider(), set[str]()
    for name in ("meeting_created", "page"):
        body = fixture(name)["items"][0] if name == "page" else fixture(name)
        vendor.faults.add(method="GET", path="/v1/meetings/", status=200, body=body)
        marks.add(provider.get(OWN).fingerprint)
    assert len(marks) == 1


def test_a_page_as_the_specification_has_it(vendor: WebexVendor) -> None:
    """MeetingObjectForListMeeting"""
    vendor.faults.add(method="GET", path=r"/v1/meetings\?", status=200, body=fixture("page"))
    vendor.faults.add(method="GET", path="/v1/meetings/", status=200, body=fixture("meeting_created"))
    (found,) = vendor.provider().find(MARKER, SPEC)
    assert (found.reference, found.details.entry_points) == (OWN, (LINK, ROOM, *NUMBERS))


def test_times_of_a_series_as_the_specification_has_them(vendor: WebexVendor) -> None:
    """What is as it should be is let alone: one time was moved already, and one is to be cancelled."""
    vendor.faults.add(method="POST", path="/v1/meetings$", status=200, body=fixture("series_read"))
    vendor.faults.add(method="GET", path=r"/v1/meetings\?", status=200, body=fixture("instances"))
    later = moved(TIMES[1], 3 * HOUR, "Planning, later")
    series = replace(
        SPEC, recurrence=("RRULE:FREQ=WEEKLY;COUNT=3",), occurrences=(later, Occurrence(original=TIMES[2]))
    )
    vendor.provider().create(series, MARKER)
    calls = [(call.method, call.path) for call in vendor.faults.requests(path="/v1/meetings")]
    gone = f"/v1/meetings/{OWN.ids['id']}_20270315T090000Z"
    assert calls == [("POST", "/v1/meetings"), ("GET", "/v1/meetings"), ("DELETE", gone)]


@pytest.mark.parametrize(
    ("name", "expected", "words"),
    [
        ("validation", Invalid, "The password needs a digit"),
        ("token", AuthExpired, None),
        ("scope", PermissionDenied, "meeting:admin_schedule_read"),
        ("without_a_list", PermissionDenied, "Not for the meetings of others"),
        ("missing", NotFound, None),
        ("conflict", Conflict, None),
        ("locked", Temporary, None),
        ("throttled", RateLimited, None),
        ("broken", Temporary, None),
    ],
)
def test_a_refusal_as_the_specification_has_it(
    vendor: WebexVendor, name: str, expected: type[Exception], words: str | None
) -> None:
    """webex-meeting.json: the 400 of POST /meetings, the 403 of GET /meetingPreferences, the 409 of invitees"""
    vendor.faults.add(method="GET", path=vendor.api, times=2, **fixture("refusals")[name])
    with pytest.raises(expected, match=words) as caught:
        vendor.provider().get(OWN)
    assert type(caught.value) is expected
