"""RingCentral Video: the contract against the simulator, and what is RingCentral's own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

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
from playground.vendors.ringcentral import Account, RingCentralService, create_app
from tests.contracts.provider import MARKER, SPEC, assert_no_secret
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


def test_settings_reach_the_bridge(vendor: RingCentralVendor) -> None:
    wanted = {
        "security": {"passwordProtected": False, "sameAccount": True},
        "preferences": {"joinBeforeHost": False, "join": {"waitingRoomRequired": "Everybody"}},
    }
    made = vendor.provider(**wanted).create(SPEC, MARKER)
    bridge = vendor.meeting
    assert bridge["security"] == {"passwordProtected": False, "noGuests": False, "sameAccount": True, "e2ee": False}
    assert bridge["preferences"]["joinBeforeHost"] is False
    assert bridge["preferences"]["join"]["waitingRoomRequired"] == "Everybody"
    assert made.details.entry_points[0].password is None


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
