"""RingCentral Video: the contract against the simulator, and what is RingCentral's own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from confsync.domain.entry_point import EntryPointType
from confsync.domain.errors import (
    Ambiguous,
    Invalid,
    NotConfigured,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    Temporary,
)
from confsync.ports import ConferenceProvider
from playground.vendors.ringcentral import Account, RingCentralService, create_app
from tests.contracts.provider import MARKER, SPEC
from tests.fakes.grants import FakeGrants
from tests.providers.simulated import NOW, SimulatedContract, SimulatedVendor, running

OWNER = "664307016"
JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiI2NjQzMDcwMTYiLCJleHAiOjE5MDB9.c2lnbmF0dXJlLW9mLWFuLWV4YW1wbGU"
LAVISH = {"Light": 1000, "Medium": 1000, "Heavy": 1000, "Auth": 1000}


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
