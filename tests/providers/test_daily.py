"""Daily: the contract against the simulator, and what is Daily's own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from confsync.domain.conference import ConferenceSpec
from confsync.domain.entry_point import EntryPointType
from confsync.domain.errors import (
    Conflict,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    Temporary,
)
from confsync.ports import ConferenceProvider
from confsync.providers.daily import KEPT_AFTER, OPEN_AT_LEAST, Settings
from playground.vendors.daily import Account, DailyService, create_app
from playground.vendors.daily.rules import ROOM
from tests.contracts.provider import MARKER, OTHER_MARKER, SPEC, SPECS, assert_no_secret, changes
from tests.providers.keyed import ANOTHER_KEY, KeyedContract, KeyedVendor
from tests.providers.simulated import NOW, SimulatedVendor, running

FIXTURES = Path(__file__).parent / "fixtures" / "daily"
ENDLESS = SPECS["weekly for ever"]
OVER = replace(SPEC, start=NOW - timedelta(days=90), end=NOW - timedelta(days=89))


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


class DailyVendor(KeyedVendor):
    provider_name = "daily"
    title = "name"
    api = "/v1/rooms"
    deny: Mapping[str, Any] = {"status": 403, "body": {"error": "forbidden-error", "info": "no"}}
    invalid: Mapping[str, Any] = {"status": 400, "body": fixture("error_invalid")}

    @property
    def closes(self) -> datetime | None:
        """When the only room does."""
        exp = self.meeting["config"].get("exp")
        return None if exp is None else datetime.fromtimestamp(exp, UTC)


@pytest.fixture
def vendor() -> Iterator[SimulatedVendor]:
    service = DailyService(lambda: NOW)
    service.configure(per_five_seconds=None, slow_per_thirty_seconds=None)
    yield from running(DailyVendor(service, create_app))


class TestDailyContract(KeyedContract):
    def test_several_meetings_of_one_marker_are_found_oldest_first(self, provider: ConferenceProvider) -> None:
        """There is never more than one: the room's name follows from the marker, and is taken then."""
        made = [provider.create(SPEC, MARKER), provider.create(SPEC, MARKER)]
        assert made == 2 * provider.find(MARKER, SPEC)

    def test_it_has_the_events_title_and_time(self, provider: ConferenceProvider, vendor: Any) -> None:
        """A room has neither title nor start: it closes some time after the event."""
        vendor.provider().create(SPEC, MARKER)
        assert vendor.closes == SPEC.end + KEPT_AFTER

    def test_it_follows_a_rename_and_a_move(self, provider: ConferenceProvider, vendor: Any) -> None:
        """A rename is nothing to it."""
        provider = vendor.provider()
        created = provider.create(SPEC, MARKER)
        assert changes(provider, SPEC, replace(SPEC, title="Renamed")) == frozenset()
        moved = replace(SPEC, start=SPEC.start + timedelta(days=1), end=SPEC.end + timedelta(days=1))
        provider.update(created.reference, moved, changes(provider, SPEC, moved), MARKER)
        assert vendor.closes == moved.end + KEPT_AFTER

    def test_a_series_keeps_its_wall_clock_time_across_dst(self, provider: ConferenceProvider, vendor: Any) -> None:
        """It has no instances: it stays open until after the last one, which is an hour earlier in UTC."""
        provider = vendor.provider()
        created = provider.create(SPEC, MARKER)
        series = replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY;COUNT=6",))
        provider.update(created.reference, series, changes(provider, SPEC, series), MARKER)
        assert vendor.closes == (SPEC.end + timedelta(weeks=5)).astimezone(UTC) + KEPT_AFTER


# --- the room --------------------------------------------------------------------------------------------------------


def test_people_join_by_the_rooms_link(vendor: DailyVendor) -> None:
    made = vendor.provider().create(SPEC, MARKER)
    (point,) = made.details.entry_points
    assert (point.type, point.uri) == (EntryPointType.VIDEO, vendor.meeting["url"])
    assert point.label == f"example.daily.co/{vendor.meeting['name']}"
    assert made.reference.ids == {"name": vendor.meeting["name"]}
    assert vendor.service.join(url=point.uri) == "in"


def test_an_answer_as_the_pages_show_it(vendor: DailyVendor) -> None:
    vendor.faults.add(path=vendor.api, status=200, body=fixture("room"))
    made = vendor.provider().create(SPEC, MARKER)
    assert made.details.video_uri == "https://example.daily.co/planning"
    assert made.reference.ids == {"name": "planning"}


@pytest.mark.parametrize("longest", [128, 41 - len(Account().domain)])
def test_a_name_is_short_enough_and_follows_from_marker_and_key(vendor: DailyVendor, longest: int) -> None:
    vendor.service.configure(longest_name=longest)
    made = vendor.provider().create(SPEC, MARKER)
    assert len(made.reference.ids["name"]) == 32
    vendor.service.configure(api_key=ANOTHER_KEY)
    assert vendor.provider(secret=ANOTHER_KEY).create(SPEC, MARKER).reference != made.reference


@pytest.mark.parametrize("length", [0, 31])
def test_a_key_that_can_be_guessed_is_refused(vendor: DailyVendor, length: int) -> None:
    with pytest.raises(NotConfigured, match="the secret daily"):
        vendor.provider(secret="k" * length).create(SPEC, MARKER)


# --- when it closes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "closes"),
    [
        (SPEC, SPEC.end + KEPT_AFTER),
        (SPECS["daily"], SPEC.end + timedelta(days=4) + KEPT_AFTER),
        (ENDLESS, None),
        (SPECS["nonsense"], None),
        (replace(SPEC, open_ended=True), None),
        (OVER, NOW + OPEN_AT_LEAST),
    ],
    ids=["single", "series", "endless", "nonsense", "open end", "over"],
)
def test_a_room_closes_after_its_last_time(vendor: DailyVendor, spec: ConferenceSpec, closes: datetime | None) -> None:
    """An end in the past would be refused, and the room of a series without end has none."""
    provider = vendor.provider()
    made = provider.create(spec, MARKER)
    assert vendor.closes == closes
    for other in (SPEC if spec is ENDLESS else ENDLESS, spec):
        updated = provider.update(made.reference, other, frozenset(provider.kept(other)), MARKER)
    assert (updated, vendor.closes) == (made, closes)


@pytest.mark.parametrize("taken", [False, True], ids=["name is free", "name is taken"])
def test_an_expired_room_is_gone_and_can_be_made_anew(vendor: DailyVendor, taken: bool) -> None:
    """The engine makes a new one of what is not found; by the same name, where it still looks for the first."""
    vendor.service.configure(expired_names_taken=taken)
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    vendor.clock.advance(timedelta(days=60))
    later = replace(SPEC, start=SPEC.start + timedelta(days=90), end=SPEC.end + timedelta(days=90))
    assert provider.find(MARKER, SPEC) == []
    with pytest.raises(NotFound):
        provider.update(made.reference, later, changes(provider, SPEC, later), MARKER)
    with pytest.raises(NotFound):
        provider.get(made.reference)
    assert provider.create(later, MARKER).reference == made.reference
    assert vendor.closes == later.end + KEPT_AFTER
    provider.delete(made.reference)
    assert provider.create(SPEC, OTHER_MARKER).reference != made.reference


def test_an_expired_room_may_be_deleted(vendor: DailyVendor) -> None:
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    vendor.clock.advance(timedelta(days=60))
    with pytest.raises(NotFound):
        provider.delete(made.reference)


def test_a_name_that_stays_taken_is_a_conflict(vendor: DailyVendor) -> None:
    vendor.faults.add(method="POST", path="/v1/rooms$", status=400, body=fixture("error_taken"), times=2)
    with pytest.raises(Conflict):
        vendor.provider().create(SPEC, MARKER)


# --- settings --------------------------------------------------------------------------------------------------------

SETTINGS: dict[str, Any] = {
    "privacy": "private",
    "enable_knocking": True,
    "enable_chat": True,
    "start_video_off": True,
    "enable_recording": "cloud",
    "max_participants": 20,
    "lang": "de",
    "geo": "eu-central-1",
}


def test_settings_are_daily_s_own(vendor: DailyVendor) -> None:
    made = vendor.provider(**SETTINGS).create(SPEC, MARKER)
    room = vendor.meeting
    assert {"privacy": room["privacy"], **room["config"]}.items() >= SETTINGS.items()
    assert vendor.service.join(url=made.details.video_uri) == "knocking"


def test_every_setting_is_one_of_a_room(vendor: DailyVendor) -> None:
    """None of them is unknown to Daily, which would refuse it."""
    assert set(Settings.__struct_fields__) <= {*ROOM, "privacy"}
    assert "exp" not in Settings.__struct_fields__


@pytest.mark.parametrize(
    "settings",
    [{"colour": "red"}, {"exp": 1}, {"lang": 1}, {"privacy": "org"}, {"max_participants": 0}, {"enable_chat": "yes"}],
    ids=str,
)
def test_settings_that_are_none_are_named(vendor: DailyVendor, settings: dict[str, Any]) -> None:
    with pytest.raises(NotConfigured, match=rf"solutions\.daily\.settings.*{next(iter(settings))}"):
        vendor.provider(**settings)


def test_there_are_no_accounts_of_people(vendor: DailyVendor) -> None:
    with pytest.raises(NotConfigured, match="personal"):
        vendor.provider(personal=True)


@pytest.mark.parametrize(
    "drift", [{"privacy": "public"}, {"properties": {"lang": "en"}}, {"properties": {"exp": None}}], ids=str
)
def test_what_somebody_changes_at_daily_is_seen_and_set_again(vendor: DailyVendor, drift: dict[str, Any]) -> None:
    provider = vendor.provider(**SETTINGS)
    made = provider.create(SPEC, MARKER)
    vendor.service.update(made.reference.ids["name"], drift)
    assert provider.get(made.reference).fingerprint != made.fingerprint
    assert provider.update(made.reference, SPEC, frozenset(provider.kept(SPEC)), MARKER) == made


def test_what_is_not_ours_may_be_changed(vendor: DailyVendor) -> None:
    provider = vendor.provider(**SETTINGS)
    made = provider.create(SPEC, MARKER)
    vendor.service.update(made.reference.ids["name"], {"properties": {"start_audio_off": True}})
    assert provider.get(made.reference) == made


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, fixture("error_invalid"), Invalid),
        (400, {"error": "json-parsing-error", "info": "the body is not JSON"}, Invalid),
        (400, {"error": "authorization-header-error", "info": "bad format"}, ReauthorizationRequired),
        (400, "<html>Bad Request</html>", Invalid),
        (401, {"error": "authentication-error", "info": "no such key"}, ReauthorizationRequired),
        (403, {"error": "forbidden-error", "info": "not this key"}, PermissionDenied),
        (404, fixture("error_missing"), NotFound),
        (404, {"error": "invalid-request-error", "info": "room x does not exist"}, NotFound),
        (404, {"error": "invalid-request-error", "info": "no such endpoint"}, Temporary),
        (404, {"error": "invalid-request-error", "info": "no such endpoint: GET /v1/rooms/x"}, Temporary),
        (404, {}, Temporary),
        (404, "<html>Not Found</html>", Temporary),
        (429, {"error": "rate-limit-error", "info": "slow down"}, RateLimited),
        (500, {"error": "server-error", "info": "oops"}, Temporary),
    ],
)
def test_refusals(vendor: DailyVendor, status: int, body: Any, expected: type[ServiceError]) -> None:
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    vendor.faults.add(path=vendor.api, status=status, body=body)
    with pytest.raises(ServiceError) as caught:
        provider.get(made.reference)
    assert (type(caught.value), caught.value.status) == (expected, status)


@pytest.mark.parametrize("missing", ["not-found", "invalid-request-error"])
def test_a_missing_room_is_told_whatever_its_error_is_called(vendor: DailyVendor, missing: str) -> None:
    vendor.service.configure(missing_error=missing)
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    provider.delete(made.reference)
    assert provider.find(MARKER, SPEC) == []
    with pytest.raises(NotFound):
        provider.delete(made.reference)


def test_an_empty_key_is_for_a_person_to_mend(vendor: DailyVendor) -> None:
    made = vendor.provider().create(SPEC, MARKER)
    with pytest.raises(ReauthorizationRequired) as caught:
        vendor.provider(secret="").get(made.reference)
    assert caught.value.status == 400


def test_a_key_that_may_nothing_is_denied(vendor: DailyVendor) -> None:
    vendor.service.configure(forbidden=True)
    with pytest.raises(PermissionDenied):
        vendor.provider().create(SPEC, MARKER)


@pytest.mark.parametrize(("told", "wait"), [(True, timedelta(seconds=5)), (False, None)])
def test_too_many_calls(vendor: DailyVendor, told: bool, wait: timedelta | None) -> None:
    vendor.service.configure(per_five_seconds=1, retry_after=told)
    provider = vendor.provider()
    provider.create(SPEC, MARKER)
    with pytest.raises(RateLimited) as caught:
        provider.create(SPEC, OTHER_MARKER)
    assert caught.value.retry_at == (None if wait is None else NOW + wait)


@pytest.mark.parametrize("field", ["error", "info"])
def test_neither_key_nor_name_is_in_an_error(vendor: DailyVendor, field: str) -> None:
    """Who knows a room's name is in."""
    provider = vendor.provider()
    made = provider.create(SPEC, MARKER)
    hidden = frozenset({Account().api_key, made.reference.ids["name"]})
    said = {"error": "some-error", "info": "", field: " ".join(hidden)}
    for status in (400, 401, 403, 404):
        vendor.faults.add(path=vendor.api, status=status, body=said)
        with pytest.raises(ServiceError) as caught:
            provider.get(made.reference)
        assert_no_secret(hidden, caught.value, caught.value.__cause__)
