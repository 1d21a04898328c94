"""RingCentral Video: the contract against the simulator, and what is RingCentral's own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from confsync.domain.conference import Reference
from confsync.domain.entry_point import EntryPoint, EntryPointType
from confsync.domain.errors import (
    Ambiguous,
    AuthExpired,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    Temporary,
)
from confsync.ports import ConferenceProvider
from confsync.providers.ringcentral import NUMBERS_KEPT, REFUSAL_KEPT
from playground.vendors.ringcentral import Account, RingCentralService, create_app
from tests.contracts.provider import MARKER, SPEC, assert_no_secret
from tests.fakes.clock import FakeClock
from tests.fakes.grants import FakeGrants
from tests.providers.simulated import NOW, SimulatedContract, SimulatedVendor, running

FIXTURES = Path(__file__).parent / "fixtures" / "ringcentral"
OWNER = "664307016"
JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiI2NjQzMDcwMTYiLCJleHAiOjE5MDB9.c2lnbmF0dXJlLW9mLWFuLWV4YW1wbGU"
LAVISH = {"Light": 1000, "Medium": 1000, "Heavy": 1000, "Auth": 1000}


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


class RingCentralVendor(SimulatedVendor):
    provider_name = "ringcentral"
    title = "name"
    token_path = "/restapi/oauth/token"
    api = "/rcvideo/"
    token = "/restapi/oauth/token"
    deny: Mapping[str, Any] = {
        "status": 403,
        "body": {"errorCode": "InsufficientPermissions", "message": "no", "errors": [{"errorCode": "CMN-401"}]},
    }
    invalid: Mapping[str, Any] = {"status": 400, "body": {"errorCode": "CMN-101", "message": "Parameter is invalid"}}

    def secret(self) -> str:
        account = self.service.account
        return json.dumps({"client_id": account.client_id, "client_secret": account.client_secret, "jwt": JWT})


@pytest.fixture
def vendor() -> Iterator[SimulatedVendor]:
    service = RingCentralService(lambda: NOW)
    service.configure(limits=LAVISH, jwts={JWT: OWNER})
    yield from running(RingCentralVendor(service, create_app))


class TestRingCentralContract(SimulatedContract):
    @pytest.fixture
    def secrets(self) -> frozenset[str]:
        return frozenset({Account().client_secret, JWT})

    # a bridge has no times

    def test_it_has_the_events_title_and_time(self, provider: ConferenceProvider, vendor: Any) -> None:
        provider.create(SPEC, MARKER)
        assert vendor.titles() == [SPEC.title]

    def test_it_follows_a_rename_and_a_move(self, provider: ConferenceProvider, vendor: Any) -> None:
        created = provider.create(SPEC, MARKER)
        provider.update(created.reference, replace(SPEC, title="Renamed"), frozenset({"name"}), MARKER)
        assert vendor.titles() == ["Renamed"]

    def test_a_series_keeps_its_wall_clock_time_across_dst(self, provider: ConferenceProvider, vendor: Any) -> None:
        assert provider.kept(SPEC) == provider.kept(replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY",)))

    # its PIN is ours, and nobody else's

    def test_several_meetings_of_one_marker_are_found_oldest_first(
        self, provider: ConferenceProvider, vendor: Any
    ) -> None:
        made = provider.create(SPEC, MARKER)
        with pytest.raises(Invalid, match="pins"):
            provider.create(SPEC, MARKER)
        assert provider.find(MARKER, SPEC) == [made]


def test_people_join_by_link_and_telephone(vendor: RingCentralVendor) -> None:
    points = vendor.provider().create(SPEC, MARKER).details.entry_points
    bridge = vendor.meeting
    pin, password = bridge["pins"]["pstn"]["participant"], bridge["security"]["password"]
    assert (points[0].type, points[0].uri) == (EntryPointType.VIDEO, bridge["discovery"]["web"])
    assert (points[0].meeting_code, points[0].password) == (bridge["pins"]["web"], password["plainText"])
    assert [p.type for p in points[1:]] == [EntryPointType.PHONE] * (len(points) - 1)
    assert len(points) > 1
    assert all(p.uri.endswith(f",,{pin}#,,{password['pstn']}#") for p in points[1:])
    assert {(p.pin, p.passcode) for p in points[1:]} == {(pin, password["pstn"])}


@pytest.mark.parametrize("settings", [{"dial_in": False}, {}], ids=["not wanted", "not allowed"])
def test_without_numbers_there_is_the_link(vendor: RingCentralVendor, settings: dict[str, Any]) -> None:
    if not settings:
        vendor.service.configure(without_audio=(OWNER,))
    points = vendor.provider(**settings).create(SPEC, MARKER).details.entry_points
    assert [p.type for p in points] == [EntryPointType.VIDEO]


def test_numbers_are_read_once(vendor: RingCentralVendor) -> None:
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    provider.get(made.reference)
    assert len(vendor.faults.requests(path="/conferencing")) == 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The provider's."""
    clock = FakeClock(NOW)
    monkeypatch.setattr("tests.providers.simulated.SystemClock", lambda: clock)
    return clock


def phones(vendor: RingCentralVendor, provider: ConferenceProvider) -> int:
    found = provider.get(Reference(ids={"id": vendor.meeting["id"]}, host=SPEC.host))
    return sum(point.type is EntryPointType.PHONE for point in found.details.entry_points)


def test_numbers_are_read_anew_after_an_hour(vendor: RingCentralVendor, clock: FakeClock) -> None:
    provider = vendor.provider()
    provider.create(SPEC, MARKER)
    vendor.service.configure(without_audio=(OWNER,))
    clock.advance(NUMBERS_KEPT - timedelta(seconds=1))
    assert phones(vendor, provider) > 0
    clock.advance(timedelta(seconds=1))
    assert phones(vendor, provider) == 0


def test_numbers_that_were_refused_are_asked_for_again(vendor: RingCentralVendor, clock: FakeClock) -> None:
    vendor.service.configure(permissions=("Video",))
    provider = vendor.provider()
    provider.create(SPEC, MARKER)
    vendor.service.configure(permissions=("ReadAccounts", "Video"))
    clock.advance(REFUSAL_KEPT - timedelta(seconds=1))
    assert phones(vendor, provider) == 0
    assert len(vendor.faults.requests(path="/conferencing")) == 1
    clock.advance(timedelta(seconds=1))
    assert phones(vendor, provider) > 0


MISSING = {"errorCode": "CMN-102", "message": "Resource for parameter [extensionId] is not found"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"errorCode": "CMN-101", "message": "Parameter [countryId] value is invalid"}),
        (400, MISSING),
        (404, MISSING),
        (404, {"errorCode": "CMN-120", "message": "Invalid URI"}),
        (403, {"errorCode": "CMN-408", "message": "OrganizeConference"}),
    ],
)
def test_numbers_that_are_refused_say_nothing_of_a_bridge(
    vendor: RingCentralVendor, status: int, body: dict[str, str]
) -> None:
    vendor.faults.add(path="/conferencing", status=status, body=body, times=None)
    made = vendor.provider().create(SPEC, MARKER)
    assert [p.type for p in made.details.entry_points] == [EntryPointType.VIDEO]
    assert vendor.provider().find(MARKER, SPEC) == [made]
    assert vendor.provider().get(made.reference) == made
    renamed = replace(SPEC, title="Renamed")
    assert vendor.provider().update(made.reference, renamed, frozenset({"name"}), MARKER).details == made.details
    assert vendor.titles() == ["Renamed"]


@pytest.mark.parametrize(
    ("settings", "changes", "setting"),
    [
        ({"dial_in_country": "999"}, {}, "dial_in_country"),
        ({"dial_in_country": "1"}, {"permissions": ("Video",)}, "dial_in"),
    ],
    ids=["no such country", "no permission"],
)
def test_why_there_are_no_numbers_is_told(
    vendor: RingCentralVendor, settings: dict[str, Any], changes: dict[str, Any], setting: str
) -> None:
    vendor.service.configure(**changes)
    with capture_logs() as lines:
        made = vendor.provider(**settings).create(SPEC, MARKER)
    assert [p.type for p in made.details.entry_points] == [EntryPointType.VIDEO]
    (line,) = lines
    assert (line["log_level"], line["setting"]) == ("warning", f"solutions.ringcentral.settings.{setting}")


def test_what_is_not_there_on_a_create_is_no_deleted_bridge(vendor: RingCentralVendor) -> None:
    vendor.faults.add(method="POST", path=vendor.api, status=404, body=MISSING)
    with pytest.raises(Temporary, match="CMN-102"):
        vendor.provider().create(SPEC, MARKER)


def test_settings_reach_the_bridge(vendor: RingCentralVendor) -> None:
    wanted: dict[str, Any] = {
        "security": {"passwordProtected": False, "sameAccount": True},
        "preferences": {"joinBeforeHost": False, "join": {"waitingRoomRequired": "Everybody"}},
    }
    made = vendor.provider(**wanted).create(SPEC, MARKER)
    bridge = vendor.meeting
    assert bridge["security"] == {"passwordProtected": False, "noGuests": False, "sameAccount": True, "e2ee": False}
    assert bridge["preferences"]["joinBeforeHost"] is False
    assert bridge["preferences"]["join"]["waitingRoomRequired"] == "Everybody"
    assert made.details.entry_points[0].password is None


SETTINGS: dict[str, Any] = {
    "security": {"sameAccount": True},
    "preferences": {"joinBeforeHost": False, "join": {"waitingRoomRequired": "Everybody", "audioMuted": True}},
}


@pytest.mark.parametrize(
    ("drift", "sent"),
    [
        ({"security": {"sameAccount": False}}, {"security": {"sameAccount": True}}),
        (
            {"preferences": {"join": {"waitingRoomRequired": "Nobody"}}},
            {"preferences": SETTINGS["preferences"]},
        ),
        ({"name": "Another"}, {}),
    ],
    ids=["security", "preferences", "name"],
)
def test_settings_that_somebody_changes_are_seen_and_set_again(
    vendor: RingCentralVendor, monkeypatch: pytest.MonkeyPatch, drift: dict[str, Any], sent: dict[str, Any]
) -> None:
    """The password stays: what is sent of a protected bridge says nothing of its protection."""
    provider = vendor.provider(**SETTINGS)
    made = provider.create(SPEC, MARKER)
    update = vendor.service.update
    update(OWNER, made.reference.ids["id"], drift)
    bodies: list[Any] = []

    def recorded(person: str, bridge_id: str, body: Any) -> Any:
        bodies.append(body)
        return update(person, bridge_id, body)

    assert provider.get(made.reference).fingerprint != made.fingerprint
    monkeypatch.setattr(vendor.service, "update", recorded)
    assert provider.update(made.reference, SPEC, frozenset(provider.kept(SPEC)), MARKER) == made
    assert bodies == [{"name": SPEC.title, **sent}]


def test_a_bridge_that_somebody_opened_gets_a_new_password(vendor: RingCentralVendor) -> None:
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    vendor.service.update(OWNER, made.reference.ids["id"], {"security": {"passwordProtected": False}})
    assert provider.get(made.reference).details.entry_points[0].password is None
    mended = provider.update(made.reference, SPEC, frozenset({"settings"}), MARKER)
    assert mended.details.entry_points[0].password == vendor.meeting["security"]["password"]["plainText"]
    assert mended.fingerprint == made.fingerprint


def test_settings_that_are_so_are_not_sent(vendor: RingCentralVendor) -> None:
    provider = vendor.provider(**SETTINGS)
    made = provider.create(SPEC, MARKER)
    assert provider.update(made.reference, SPEC, frozenset({"settings"}), MARKER) == made
    provider.update(made.reference, replace(SPEC, title="Renamed"), frozenset({"name"}), MARKER)
    assert len(vendor.faults.requests(method="PATCH")) == 1


def test_a_fingerprint_does_not_tell_of_another_order(vendor: RingCentralVendor) -> None:
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    preferences = dict(reversed(vendor.meeting["preferences"].items()))
    answer = json.dumps({**vendor.meeting, "preferences": preferences})
    vendor.faults.add(method="GET", path=vendor.api, status=200, body=answer)
    assert provider.get(made.reference) == made
    assert vendor.faults.left() == []


def test_an_unknown_setting_is_named(vendor: RingCentralVendor) -> None:
    with pytest.raises(NotConfigured, match=r"solutions\.ringcentral\.settings.*joinLate"):
        vendor.provider(preferences={"joinLate": True})


def test_a_failure_after_the_create_is_ambiguous(vendor: RingCentralVendor) -> None:
    vendor.faults.add(path="/conferencing", status=500)
    provider = vendor.provider()
    with pytest.raises(Ambiguous, match="created bridge"):
        provider.create(SPEC, MARKER)
    assert len(provider.find(MARKER, SPEC)) == 1


def test_the_limit_says_when_to_come_back(vendor: RingCentralVendor) -> None:
    vendor.service.configure(limits={**LAVISH, "Heavy": 1})
    provider = vendor.provider()
    provider.create(SPEC, MARKER)
    with pytest.raises(RateLimited) as caught:
        provider.create(SPEC, MARKER + "0")
    assert caught.value.retry_at is not None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"unlicensed": (OWNER,)}, PermissionDenied),
        ({"permissions": ("ReadAccounts",)}, PermissionDenied),
        ({"grants": ("authorization_code",)}, ReauthorizationRequired),
        ({"jwts": {}}, ReauthorizationRequired),
        ({"grant_status": 403, "jwts": {}}, ReauthorizationRequired),
    ],
    ids=["no licence", "no permission", "no such grant", "no such credential", "the other status"],
)
def test_refusals(vendor: RingCentralVendor, changes: dict[str, Any], expected: type[Exception]) -> None:
    vendor.service.configure(**changes)
    with pytest.raises(expected):
        vendor.provider().create(SPEC, MARKER)


def test_an_address_that_there_is_not_is_no_deleted_bridge(vendor: RingCentralVendor) -> None:
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    body = {"errorCode": "CMN-120", "message": "Invalid URI", "errors": []}
    vendor.faults.add(path=vendor.api, status=404, body=body)
    with pytest.raises(Temporary, match="CMN-120"):
        provider.get(reference)


def test_a_persons_own_account(vendor: RingCentralVendor) -> None:
    grants = FakeGrants()
    provider = vendor.provider(personal=True, grants=grants)
    with pytest.raises(ReauthorizationRequired, match=SPEC.host):
        provider.create(SPEC, MARKER)
    assert vendor.faults.requests(path=vendor.token) == []


# --- the vendor's own answers ---

OWN = Reference(ids={"id": fixture("bridge")["id"]}, host=SPEC.host)
LINK = EntryPoint(
    type=EntryPointType.VIDEO,
    uri="https://v.ringcentral.com/join/555018241352?pw=0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    label="v.ringcentral.com/join/555018241352",
    meeting_code="555018241352",
    password="Xq7vT2pe9a",
)
BARE = replace(LINK, uri="https://v.ringcentral.com/join/555018241352", password=None)
NUMBERS = tuple(
    EntryPoint(
        type=EntryPointType.PHONE,
        uri=f"tel:{digits},,555014241367#,,5550186829#",
        label=label,
        pin="555014241367",
        passcode="5550186829",
        region_code=country,
    )
    for digits, label, country in [
        ("+16505550151", "+1 650-555-0151", "US"),
        ("+18335550179", "+1 833-555-0179", "US"),
        ("+493055501234", "+49 30 55501234", "DE"),
        ("+61255501234", "+61 2 5550 1234", None),
    ]
)
"""What a call costs RingCentral does not tell."""


@pytest.mark.parametrize(
    ("name", "points"),
    [("bridge", (LINK, *NUMBERS)), ("bridge_of_another", (BARE,)), ("bridge_minimal", (BARE,))],
)
def test_an_answer_as_the_types_have_it(vendor: RingCentralVendor, name: str, points: tuple[EntryPoint, ...]) -> None:
    """ringcentral-extensible, definitions/{BridgeResponse,GetConferencingInfoResponse}.ts; ringcentral-api-docs,
    code-samples/video/{personal-meeting,ptsn}.json. Only a bridge's owner is told its password.
    """
    provider = vendor.provider()
    vendor.faults.add(method="POST", path="/bridges$", status=201, body=fixture(name))
    vendor.faults.add(method="GET", path="/rcvideo/v2/bridges/", times=2, status=200, body=fixture(name))
    vendor.faults.add(method="GET", path="/conferencing$", status=200, body=fixture("conferencing"))
    for found in (provider.create(SPEC, MARKER), provider.get(OWN), *provider.find(MARKER, SPEC)):
        assert found.details.entry_points == points
        assert found.reference == OWN
        assert_no_secret(frozenset({"555014287631", "555014999"}), found)
    assert_no_secret(frozenset({"555014287631", "555014999"}), provider)
    assert vendor.faults.left() == []


@pytest.mark.parametrize(
    ("name", "expected", "words"),
    [
        ("validation", Invalid, "CMN-101: The value"),
        ("token", AuthExpired, None),
        ("permission", PermissionDenied, r"CMN-401: \[Video\]"),
        ("feature", PermissionDenied, "CMN-109: Not for this account"),
        ("missing", NotFound, "CMN-102: There is nothing"),
        ("no_such_address", Temporary, "CMN-120"),
        ("throttled", RateLimited, "CMN-301"),
        ("unavailable", Temporary, "CMN-201"),
    ],
)
def test_a_refusal_as_the_pages_show_it(
    vendor: RingCentralVendor, name: str, expected: type[Exception], words: str | None
) -> None:
    """ringcentral-api-docs, docs/basics/errors.md with its sample-error.json, docs/voice/call-log/access.md"""
    vendor.faults.add(method="GET", path=vendor.api, times=2, **fixture("refusals")[name])
    with pytest.raises(expected, match=words) as caught:
        vendor.provider().get(OWN)
    assert type(caught.value) is expected
