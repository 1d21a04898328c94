"""What every conference provider promises. Subclass in `tests/providers/test_<name>.py` and give the fixtures.

`ProviderContract` is for all of them; `RemoteProviderContract` adds what only a provider with an API can show.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pytest

from confsync.domain.conference import ConferenceSpec, ProviderConference
from confsync.domain.entry_point import EntryPointType
from confsync.domain.errors import (
    Ambiguous,
    Invalid,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    Temporary,
)
from confsync.domain.fitting import fit
from confsync.ports import ConferenceProvider
from playground.faults import Faults

BERLIN = ZoneInfo("Europe/Berlin")
MARKER = "confsync-0123456789abcdef0123456789abcdef01234567.1"
OTHER_MARKER = MARKER + "0"  # generation 10: generation 1 is its prefix
SPEC = ConferenceSpec(
    title="Weekly planning",
    start=datetime(2027, 3, 1, 10, 0, tzinfo=BERLIN),
    end=datetime(2027, 3, 1, 11, 30, tzinfo=BERLIN),
    time_zone="Europe/Berlin",
    description="Bring <b>numbers</b>.",
    attendees=("guest@example.com",),
    host="alice@example.com",
)
ALL_DAY: dict[str, Any] = {
    "start": datetime(2027, 3, 1, tzinfo=BERLIN),
    "end": datetime(2027, 3, 2, tzinfo=BERLIN),
    "all_day": True,
}
SPECS = {
    "plain": SPEC,
    "no title": replace(SPEC, title=""),
    "long title": replace(SPEC, title="Ünïcödé 🎉 " * 100),
    "long description": replace(SPEC, description="<p>日本語 🎉 &amp; more</p>" * 1000),
    "newlines": replace(SPEC, title="two\nlines\t"),
    "all day": replace(SPEC, **ALL_DAY),
    "a week long": replace(SPEC, end=SPEC.start + timedelta(days=7)),
    "no length": replace(SPEC, end=SPEC.start),
    "UTC": replace(SPEC, time_zone="UTC"),
    "a zone that is none": replace(SPEC, time_zone="GMT+01:00"),
    "daily": replace(SPEC, recurrence=("RRULE:FREQ=DAILY;COUNT=5",)),
    "weekly": replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10",)),
    "weekly for ever": replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY",)),
    "weekly until": replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY;UNTIL=20270501T215959Z",)),
    "weekly with a hole": replace(
        SPEC, recurrence=("RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Berlin:20270308T100000")
    ),
    "monthly": replace(SPEC, recurrence=("RRULE:FREQ=MONTHLY;BYMONTHDAY=1;COUNT=3",)),
    "first Monday": replace(SPEC, recurrence=("RRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=3",)),
    "yearly": replace(SPEC, recurrence=("RRULE:FREQ=YEARLY",)),
    "two rules": replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY;COUNT=3", "RDATE:20270401T080000Z")),
    "nonsense": replace(SPEC, recurrence=("RRULE:FREQ=SOMETIMES",)),
}


class ProviderContract:
    """For all. Fixtures: `provider`, and `secrets`: what must never be seen outside the provider."""

    @pytest.fixture
    def provider(self) -> ConferenceProvider:
        raise NotImplementedError

    @pytest.fixture
    def secrets(self) -> frozenset[str]:
        raise NotImplementedError

    @pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
    def test_a_created_meeting_is_found_by_its_marker(self, provider: ConferenceProvider, spec: ConferenceSpec) -> None:
        spec = fit(spec, provider.capabilities)
        created = provider.create(spec, MARKER)
        assert provider.find(MARKER, spec) == [created]
        assert provider.get(created.reference) == created

    def test_markers_are_not_mistaken_for_each_other(self, provider: ConferenceProvider) -> None:
        one, other = provider.create(SPEC, MARKER), provider.create(SPEC, OTHER_MARKER)
        assert one.reference != other.reference
        assert provider.find(MARKER, SPEC) == [one]
        assert provider.find(OTHER_MARKER, SPEC) == [other]

    def test_people_can_join_by_video(self, provider: ConferenceProvider) -> None:
        details = provider.create(SPEC, MARKER).details
        assert details.entry_points[0].type is EntryPointType.VIDEO
        assert details.video_uri is not None
        assert details.video_uri.startswith("https://")

    def test_an_update_of_nothing_changes_nothing(self, provider: ConferenceProvider) -> None:
        created = provider.create(SPEC, MARKER)
        assert provider.update(created.reference, SPEC, frozenset(), MARKER) == created

    @pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
    def test_any_event_can_become_any_other(self, provider: ConferenceProvider, spec: ConferenceSpec) -> None:
        spec = fit(spec, provider.capabilities)
        created = provider.create(fit(SPECS["weekly"], provider.capabilities), MARKER)
        updated = provider.update(created.reference, spec, frozenset(provider.kept(spec)), MARKER)
        assert updated.reference == created.reference
        assert provider.find(MARKER, spec) == [updated]

    def test_a_deleted_meeting_may_be_deleted_again(self, provider: ConferenceProvider) -> None:
        created = provider.create(SPEC, MARKER)
        provider.delete(created.reference)
        with suppress(NotFound):
            provider.delete(created.reference)

    def test_references_and_details_are_values_without_secrets(
        self, provider: ConferenceProvider, secrets: frozenset[str]
    ) -> None:
        created = provider.create(SPEC, MARKER)
        assert created.reference.ids
        assert all(isinstance(part, str) and part for item in created.reference.ids.items() for part in item)
        assert_no_secret(secrets, created, provider)


def changes(provider: ConferenceProvider, old: ConferenceSpec, new: ConferenceSpec) -> frozenset[str]:
    """Names of what the provider keeps, and what differs."""
    before = provider.kept(old)
    return frozenset(name for name, value in provider.kept(new).items() if before[name] != value)


class Vendor(Protocol):
    """The simulator behind a provider, as its maker sees it."""

    faults: Faults
    api: str
    """Regular expression of the API's paths, without the token endpoint's."""
    token: str
    """Regular expression of the token endpoint's path."""
    deny: Mapping[str, Any]
    """The fault that is this vendor's "a scope is missing"."""
    invalid: Mapping[str, Any]
    """The fault that is this vendor's "a field is wrong"."""

    def titles(self) -> list[str]:
        """The titles of all meetings it holds."""
        ...

    def times(self) -> list[tuple[datetime, timedelta] | None]:
        """Start and length of all meetings it holds, None for one without times."""
        ...

    def occurrences(self) -> list[list[datetime]]:
        """The instances of each, empty if it is not a series with times."""
        ...

    def revoke_tokens(self) -> None: ...

    def refuse_credentials(self) -> None: ...

    def hidden(self) -> frozenset[str]:
        """What the vendor answers and nobody may see."""
        ...


class RemoteProviderContract(ProviderContract):
    """For providers with an API. Fixtures: `vendor`, and `unreachable`: the same provider where nothing listens."""

    @pytest.fixture
    def vendor(self) -> Vendor:
        raise NotImplementedError

    @pytest.fixture
    def unreachable(self) -> ConferenceProvider:
        raise NotImplementedError

    # --- what it holds ---

    def test_an_unknown_marker_finds_nothing(self, provider: ConferenceProvider) -> None:
        provider.create(SPEC, OTHER_MARKER)
        assert provider.find(MARKER, SPEC) == []

    def test_several_meetings_of_one_marker_are_found_oldest_first(self, provider: ConferenceProvider) -> None:
        made = [provider.create(SPEC, MARKER), provider.create(SPEC, MARKER)]
        assert provider.find(MARKER, SPEC) == made

    def test_what_is_found_is_the_meeting_that_was_made(self, provider: ConferenceProvider) -> None:
        """However little a vendor tells of it later: what is found besides is deleted."""
        created = provider.create(SPEC, MARKER)
        (found,) = provider.find(MARKER, SPEC)
        assert found.reference.is_same(created.reference)

    def test_it_has_the_events_title_and_time(self, provider: ConferenceProvider, vendor: Vendor) -> None:
        provider.create(SPEC, MARKER)
        assert vendor.titles() == [SPEC.title]
        assert vendor.times() == [(SPEC.start.astimezone(UTC), SPEC.end - SPEC.start)]

    def test_it_follows_a_rename_and_a_move(self, provider: ConferenceProvider, vendor: Vendor) -> None:
        created = provider.create(SPEC, MARKER)
        moved = replace(
            SPEC, title="Renamed", start=SPEC.start + timedelta(days=1), end=SPEC.end + timedelta(days=1, minutes=15)
        )
        provider.update(created.reference, moved, changes(provider, SPEC, moved), MARKER)
        assert vendor.titles() == ["Renamed"]
        assert vendor.times() == [(moved.start.astimezone(UTC), moved.end - moved.start)]

    def test_a_series_keeps_its_wall_clock_time_across_dst(self, provider: ConferenceProvider, vendor: Vendor) -> None:
        created = provider.create(SPEC, MARKER)
        series = replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY;COUNT=6",))
        provider.update(created.reference, series, changes(provider, SPEC, series), MARKER)
        expected = [(SPEC.start + timedelta(weeks=week)).astimezone(UTC) for week in range(6)]
        assert vendor.occurrences() == [expected]
        assert expected[0].hour != expected[-1].hour

    @pytest.mark.parametrize("changed", [frozenset[str](), frozenset({"attendees"})], ids=str)
    def test_an_unchanged_meeting_is_not_written(
        self, provider: ConferenceProvider, vendor: Vendor, changed: frozenset[str]
    ) -> None:
        created = provider.create(SPEC, MARKER)
        vendor.faults.forget_requests()
        provider.update(created.reference, SPEC, changed, MARKER)
        assert {call.method for call in vendor.faults.requests()} <= {"GET"}

    def test_a_deleted_meeting_is_gone(self, provider: ConferenceProvider) -> None:
        reference = provider.create(SPEC, MARKER).reference
        provider.delete(reference)
        assert provider.find(MARKER, SPEC) == []
        with pytest.raises(NotFound):
            provider.get(reference)
        with pytest.raises(NotFound):
            provider.update(reference, SPEC, frozenset({"title"}), MARKER)
        with pytest.raises(NotFound):
            provider.delete(reference)

    # --- what can go wrong ---

    def test_an_answer_lost_after_the_work_is_ambiguous_and_the_meeting_is_found(
        self, provider: ConferenceProvider, vendor: Vendor
    ) -> None:
        vendor.faults.add(method="POST", path=vendor.api, cut="after")
        with pytest.raises(Ambiguous):
            provider.create(SPEC, MARKER)
        assert len(provider.find(MARKER, SPEC)) == 1

    def test_a_request_lost_before_the_work_is_ambiguous_and_nothing_is_found(
        self, provider: ConferenceProvider, vendor: Vendor
    ) -> None:
        vendor.faults.add(method="POST", path=vendor.api, cut="before")
        with pytest.raises(Ambiguous):
            provider.create(SPEC, MARKER)
        assert provider.find(MARKER, SPEC) == []

    def test_a_create_that_takes_too_long_is_ambiguous(self, provider: ConferenceProvider, vendor: Vendor) -> None:
        provider.find(MARKER, SPEC)  # the token is there
        vendor.faults.add(method="POST", path=vendor.api, latency=2.5)
        with pytest.raises(Ambiguous):
            provider.create(SPEC, MARKER)

    def test_a_refused_connection_is_temporary(self, unreachable: ConferenceProvider) -> None:
        with pytest.raises(Temporary):
            unreachable.create(SPEC, MARKER)

    def test_a_cut_connection_is_temporary_where_repeating_is_safe(
        self, provider: ConferenceProvider, vendor: Vendor
    ) -> None:
        reference = provider.create(SPEC, MARKER).reference
        for cut in ("before", "after"):
            vendor.faults.add(path=vendor.api, cut=cut, times=3)
            with pytest.raises(Temporary):
                provider.get(reference)
            with pytest.raises(Temporary):
                provider.update(reference, SPEC, frozenset({"title"}), MARKER)
            with pytest.raises(Temporary):
                provider.find(MARKER, SPEC)
            assert vendor.faults.left() == []

    def test_no_token_is_temporary(self, provider: ConferenceProvider, vendor: Vendor) -> None:
        vendor.faults.add(path=vendor.token, cut="after")
        with pytest.raises(Temporary):
            provider.create(SPEC, MARKER)
        assert vendor.titles() == []

    @pytest.mark.parametrize(
        ("status", "expected"), [(500, Ambiguous), (502, Ambiguous), (504, Ambiguous), (503, Temporary)]
    )
    def test_a_server_error_on_create(
        self, provider: ConferenceProvider, vendor: Vendor, status: int, expected: type[ServiceError]
    ) -> None:
        vendor.faults.add(method="POST", path=vendor.api, status=status, body="<html>oops</html>")
        with pytest.raises(expected) as caught:
            provider.create(SPEC, MARKER)
        assert caught.value.status == status

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_server_error_is_temporary_where_repeating_is_safe(
        self, provider: ConferenceProvider, vendor: Vendor, status: int
    ) -> None:
        reference = provider.create(SPEC, MARKER).reference
        vendor.faults.add(path=vendor.api, status=status, times=2)
        with pytest.raises(Temporary):
            provider.update(reference, SPEC, frozenset({"title"}), MARKER)
        with pytest.raises(Temporary):
            provider.delete(reference)

    @pytest.mark.parametrize("form", ["seconds", "date", "iso"])
    def test_a_rate_limit_says_when_to_come_back(self, provider: ConferenceProvider, vendor: Vendor, form: str) -> None:
        when = datetime.now(UTC) + timedelta(seconds=600)
        forms = {
            "seconds": "600",
            "date": when.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "iso": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        vendor.faults.add(path=vendor.api, status=429, headers={"Retry-After": forms[form]}, body={"message": "slow"})
        with pytest.raises(RateLimited) as caught:
            provider.create(SPEC, MARKER)
        assert caught.value.retry_at is not None
        assert abs(caught.value.retry_at - when) < timedelta(seconds=10)

    def test_a_token_that_ended_early_is_replaced_unseen(self, provider: ConferenceProvider, vendor: Vendor) -> None:
        provider.create(SPEC, MARKER)
        vendor.revoke_tokens()
        provider.create(SPEC, OTHER_MARKER)
        assert len(vendor.titles()) == 2

    def test_refused_credentials_need_a_person(self, provider: ConferenceProvider, vendor: Vendor) -> None:
        vendor.refuse_credentials()
        with pytest.raises(ReauthorizationRequired):
            provider.create(SPEC, MARKER)

    def test_a_missing_scope_is_denied(self, provider: ConferenceProvider, vendor: Vendor) -> None:
        vendor.faults.add(path=vendor.api, **vendor.deny)
        with pytest.raises(PermissionDenied):
            provider.create(SPEC, MARKER)

    def test_a_wrong_field_is_invalid(self, provider: ConferenceProvider, vendor: Vendor) -> None:
        vendor.faults.add(path=vendor.api, **vendor.invalid)
        with pytest.raises(Invalid):
            provider.create(SPEC, MARKER)

    @pytest.mark.parametrize("body", ["<error/>", "", "[]", "{}", '{"id": '], ids=repr)
    def test_a_success_that_can_not_be_read(self, provider: ConferenceProvider, vendor: Vendor, body: str) -> None:
        vendor.faults.add(path=vendor.api, status=201, body=body)
        with pytest.raises(Ambiguous):
            provider.create(SPEC, MARKER)
        vendor.faults.add(path=vendor.api, status=200, body=body)
        with pytest.raises(Temporary):
            provider.find(MARKER, SPEC)

    @pytest.mark.parametrize("page", ["<!DOCTYPE html><html>Sign in</html>", "\n <html>Sign in</html>"], ids=repr)
    def test_a_web_page_is_no_answer(self, provider: ConferenceProvider, vendor: Vendor, page: str) -> None:
        """Of a proxy, or to sign in; above all, nothing was removed."""
        reference = provider.create(SPEC, MARKER).reference
        calls: list[Callable[[], object]] = [
            lambda: provider.get(reference),
            lambda: provider.update(reference, SPEC, frozenset({"title"}), MARKER),
            lambda: provider.delete(reference),
        ]
        for call in calls:
            vendor.faults.clear()
            vendor.faults.add(path=vendor.api, status=200, body=page, headers={"Content-Type": "text/html"})
            with pytest.raises(Temporary) as caught:
                call()
            assert "Sign in" not in str(caught.value)
        vendor.faults.clear()
        assert provider.get(reference).reference.is_same(reference)

    def test_an_answer_nested_without_end_is_none(self, provider: ConferenceProvider, vendor: Vendor) -> None:
        endless = '{"more": ' * 100_000
        reference = provider.create(SPEC, MARKER).reference
        for status in (200, 400, 500):
            vendor.faults.add(path=vendor.api, status=status, body=endless)
            with pytest.raises(ServiceError):
                provider.get(reference)

    def test_a_redirect_is_not_followed(self, provider: ConferenceProvider, vendor: Vendor) -> None:
        target = vendor.faults.url + "/elsewhere"
        vendor.faults.add(path=vendor.api, status=307, headers={"Location": target})
        with pytest.raises(Invalid):
            provider.create(SPEC, MARKER)
        assert vendor.faults.requests(path="elsewhere") == []

    def test_a_strangers_404_is_not_a_deleted_meeting(self, provider: ConferenceProvider, vendor: Vendor) -> None:
        reference = provider.create(SPEC, MARKER).reference
        for path in (vendor.api, vendor.token):
            vendor.revoke_tokens()
            vendor.faults.add(path=path, status=404, body="<html>Not Found</html>")
            with pytest.raises(ServiceError) as caught:
                provider.update(reference, SPEC, frozenset({"title"}), MARKER)
            assert not isinstance(caught.value, NotFound)

    def test_errors_tell_no_secret(self, provider: ConferenceProvider, vendor: Vendor, secrets: frozenset[str]) -> None:
        reference = provider.create(SPEC, MARKER).reference
        hidden = secrets | vendor.hidden()
        faults: list[dict[str, Any]] = [
            {"cut": "after"},
            {"status": 500},
            {"status": 400, "body": {"message": " ".join(sorted(hidden, key=len)[-3:])}},
            {"status": 200, "body": "no json"},
        ]
        for fault in faults:
            vendor.faults.add(path=vendor.api, **fault)
            with pytest.raises(ServiceError) as caught:
                provider.get(reference)
            assert_no_secret(hidden, caught.value, caught.value.__cause__, caught.value.__context__)

    def test_details_and_objects_tell_no_secret(
        self, provider: ConferenceProvider, vendor: Vendor, secrets: frozenset[str]
    ) -> None:
        found: list[ProviderConference] = [provider.create(SPEC, MARKER), *provider.find(MARKER, SPEC)]
        assert_no_secret(secrets | vendor.hidden(), found, provider, vars(provider))


class CountingVendor(Vendor, Protocol):
    """One that counts."""

    def counted(self) -> int:
        """The calls that it counted for its daily limit."""
        ...


class DailyLimitContract:
    """For providers whose vendor has a limit per host and day (`capabilities.limit`)."""

    def test_creations_and_changes_count_for_the_daily_limit_and_nothing_else_does(
        self, provider: ConferenceProvider, vendor: CountingVendor
    ) -> None:
        assert provider.capabilities.limit is not None
        reference = provider.create(SPEC, MARKER).reference
        renamed = replace(SPEC, title="Renamed")
        provider.update(reference, renamed, changes(provider, SPEC, renamed), MARKER)
        assert vendor.counted() == 2
        provider.update(reference, SPEC, frozenset({"attendees"}), MARKER)
        provider.get(reference)
        provider.find(MARKER, SPEC)
        provider.delete(reference)
        assert vendor.counted() == 2


def assert_no_secret(secrets: frozenset[str], *things: object) -> None:
    """Neither the text nor the repr of any of them holds any of the secrets."""
    for thing in things:
        for text in (str(thing), repr(thing), repr(getattr(thing, "__dict__", ""))):
            assert not any(re.search(re.escape(secret), text) for secret in secrets), type(thing)
