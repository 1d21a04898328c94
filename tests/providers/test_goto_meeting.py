"""GoTo Meeting: the contract against the simulator, and what is GoTo's own."""

import html
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from confsync.domain.conference import Reference
from confsync.domain.entry_point import EntryPoint, EntryPointType, Feature
from confsync.domain.errors import (
    AuthExpired,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
)
from confsync.domain.fitting import fit
from confsync.ports import ConferenceProvider
from playground.vendors.goto_meeting import Account, GotoService, create_app
from tests.contracts.provider import MARKER, OTHER_MARKER, SPEC, assert_no_secret
from tests.fakes.grants import FakeGrants
from tests.providers.simulated import NOW, SimulatedContract, SimulatedVendor, running

FIXTURES = Path(__file__).parent / "fixtures" / "goto_meeting"
PAT = "example-personal-access-token"
TAG = len(" [0123456789]")


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


class GoToVendor(SimulatedVendor):
    provider_name = "goto_meeting"
    title = "subject"
    path = "/G2M/rest"
    token_path = "/oauth/token"
    api = "/G2M/rest"
    token = "/oauth/token"
    deny: Mapping[str, Any] = {"status": 403, "body": {"int_err_code": "AccessDenied", "msg": "no"}, "times": 2}
    invalid: Mapping[str, Any] = {"status": 400, "body": {"int_err_code": "InvalidRequest", "msg": "Invalid value"}}

    def secret(self) -> str:
        account = self.service.account
        return json.dumps(
            {"client_id": account.client_id, "client_secret": account.client_secret, "personal_access_token": PAT}
        )

    def titles(self) -> list[str]:
        return [html.unescape(title[:-TAG]) for title in super().titles()]

    def time_of(self, meeting: Mapping[str, Any]) -> tuple[datetime, timedelta]:
        start, end = (datetime.fromisoformat(meeting[name]) for name in ("startTime", "endTime"))
        return start, end - start


@pytest.fixture
def vendor() -> Iterator[SimulatedVendor]:
    service = GotoService(lambda: NOW)
    service.configure(per_second=None)
    yield from running(GoToVendor(service, create_app))


class TestGoToContract(SimulatedContract):
    @pytest.fixture
    def secrets(self) -> frozenset[str]:
        return frozenset({Account().client_secret, PAT})

    def test_a_series_keeps_its_wall_clock_time_across_dst(self, provider: ConferenceProvider, vendor: Any) -> None:
        """GoTo keeps no series: one of its meetings, without fixed times, serves a whole one."""
        series = fit(replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY",)), provider.capabilities)
        provider.create(series, MARKER)
        assert vendor.meeting["meetingType"] == "recurring"

    @pytest.mark.parametrize("body", ["<error/>", "", "{}", '{"id": '], ids=repr)
    def test_a_success_that_can_not_be_read(self, provider: ConferenceProvider, vendor: Any, body: str) -> None:
        """An empty list can be: there are no meetings."""
        super().test_a_success_that_can_not_be_read(provider, vendor, body)


def test_people_join_by_link_and_telephone(vendor: GoToVendor) -> None:
    vendor.service.configure(join_base="https://meet.goto.com/")
    points = vendor.provider().create(SPEC, MARKER).details.entry_points
    meeting = vendor.meeting
    number = str(meeting["meetingId"])
    assert [(p.type, p.uri, p.features) for p in points] == [
        (EntryPointType.VIDEO, meeting["joinURL"], ()),
        (EntryPointType.PHONE, f"tel:+18775684106,,{number}#", (Feature.TOLL_FREE,)),
        (EntryPointType.PHONE, f"tel:+16692243319,,{number}#", (Feature.TOLL,)),
        (EntryPointType.PHONE, f"tel:+4969257367317,,{number}#", (Feature.TOLL,)),
        (EntryPointType.PHONE, f"tel:+61283551020,,{number}#", (Feature.TOLL,)),
    ]
    assert {p.access_code for p in points[1:]} == {number}


@pytest.mark.parametrize("chosen", ["VoIP", "Private", "Call extension 12345 and say hello"])
def test_other_words_about_calling_have_no_number(vendor: GoToVendor, chosen: str) -> None:
    details = vendor.provider(conferencecallinfo=chosen).create(SPEC, MARKER).details
    assert [p.type for p in details.entry_points] == [EntryPointType.VIDEO]


def test_a_meeting_that_was_found_has_a_link_too(vendor: GoToVendor) -> None:
    vendor.faults.add(method="POST", path=vendor.api, cut="after")
    provider = vendor.provider()
    with pytest.raises(Exception, match="no answer"):
        provider.create(SPEC, MARKER)
    (found,) = provider.find(MARKER, SPEC)
    assert found.details.video_uri == f"https://global.gotomeeting.com/join/{vendor.meeting['meetingId']}"


def test_a_meeting_that_goes_on_starts_with_the_next_minute(vendor: GoToVendor) -> None:
    """A second that has begun would be in the past when the request arrives."""
    now = NOW + timedelta(seconds=50, microseconds=200_000)
    vendor.service.clock = lambda: now + timedelta(milliseconds=300)
    provider = vendor.provider()
    event = replace(SPEC, start=NOW - timedelta(hours=1), end=NOW + timedelta(hours=1))
    sent = fit(event, provider.capabilities, now)
    provider.create(sent, MARKER)
    ((start, length),) = vendor.times()
    assert now < start < now + timedelta(minutes=3)
    assert length == sent.end - sent.start - timedelta(microseconds=800_000)  # whole seconds


def test_a_subject_with_brackets_is_taken_and_not_longer_than_allowed(vendor: GoToVendor) -> None:
    vendor.provider().create(replace(SPEC, title="<b>" * 40), MARKER)
    (title,) = vendor.titles()
    assert title.startswith("<b><b><b>")
    assert len(vendor.meeting["subject"]) <= 100


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_ended_early_is_replaced_whatever_the_status(vendor: GoToVendor, status: int) -> None:
    vendor.service.configure(bad_token_status=status)
    provider = vendor.provider()
    provider.create(SPEC, MARKER)
    vendor.revoke_tokens()
    provider.create(SPEC, OTHER_MARKER)
    assert len(vendor.titles()) == 2


def test_an_organizer_who_may_not_is_denied_after_one_more_try(vendor: GoToVendor) -> None:
    vendor.service.configure(suspended=("alice@example.com",))
    with pytest.raises(PermissionDenied, match="AccessDenied"):
        vendor.provider().create(SPEC, MARKER)
    assert len(vendor.faults.requests(path=vendor.token)) == 2


@pytest.mark.parametrize("form", ["errorCode", "empty"])
def test_errors_are_told_by_their_status(vendor: GoToVendor, form: str) -> None:
    vendor.service.configure(error_form=form, suspended=("alice@example.com",))
    with pytest.raises(PermissionDenied):
        vendor.provider().create(SPEC, MARKER)


@pytest.mark.parametrize("form", ["int_err_code", "errorCode", "empty"])
def test_a_deleted_meeting_is_gone_whatever_the_form(vendor: GoToVendor, form: str) -> None:
    vendor.service.configure(error_form=form)
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    provider.delete(reference)
    with pytest.raises(NotFound):
        provider.delete(reference)


def test_too_many_calls_are_a_limit_of_unknown_length(vendor: GoToVendor) -> None:
    provider = vendor.provider()
    vendor.service.configure(per_second=0)
    with pytest.raises(RateLimited) as caught:
        provider.create(SPEC, MARKER)
    assert caught.value.retry_at is None


def test_a_persons_own_account(vendor: GoToVendor) -> None:
    grants = FakeGrants()
    provider = vendor.provider(personal=True, grants=grants)
    with pytest.raises(ReauthorizationRequired, match=SPEC.host):
        provider.create(SPEC, MARKER)
    grants.connect(SPEC.host)
    with pytest.raises(PermissionDenied):  # the fake's token is none of GoTo's
        provider.create(SPEC, MARKER)
    assert vendor.faults.requests(path=vendor.token) == []


def test_a_secret_that_lacks_something_names_it(vendor: GoToVendor) -> None:
    with pytest.raises(NotConfigured, match="client_secret"):
        vendor.provider(secret='{"client_id": "x"}').create(SPEC, MARKER)


# --- the vendor's own answers ---

OWN = Reference(ids={"id": "555014276"}, host=SPEC.host)
LINK = EntryPoint(
    type=EntryPointType.VIDEO,
    uri="https://global.gotomeeting.com/join/555014276",
    label="global.gotomeeting.com/555014276",
    meeting_code="555014276",
)
NUMBERS = tuple(
    EntryPoint(
        type=EntryPointType.PHONE,
        uri=f"tel:{digits},,555014276#",
        label=label,
        access_code="555014276",
        features=(cost,),
    )
    for digits, label, cost in [
        ("+18335550174", "+1 833-555-0174", Feature.TOLL_FREE),
        ("+16465550176", "+1 646-555-0176", Feature.TOLL),
        ("+61255501234", "+61 2 5550 1234", Feature.TOLL),
        ("+493055501234", "+49 30 55501234", Feature.TOLL),
        ("+442079460018", "+44 20 7946 0018", Feature.TOLL),
    ]
)
"""Not Singapore's and India's, which stand as they are dialled there: in America they are somebody else's."""


@pytest.mark.parametrize(
    ("name", "points"), [("meeting_read", (LINK, *NUMBERS)), ("meeting_voip", (LINK,))], ids=["hybrid", "voip"]
)
def test_an_answer_as_the_specification_has_it(vendor: GoToVendor, name: str, points: tuple[EntryPoint, ...]) -> None:
    """APIs-guru, citrixonline.com/gotomeeting 1.0.0: MeetingCreated, MeetingById, UpcomingMeeting"""
    provider = vendor.provider()
    vendor.faults.add(method="POST", path="/G2M/rest/meetings$", status=201, body=fixture("meeting_created"))
    vendor.faults.add(method="GET", path="/G2M/rest/upcomingMeetings$", status=200, body=fixture("upcoming"))
    vendor.faults.add(method="GET", path="/G2M/rest/meetings/555014276$", times=3, status=200, body=fixture(name))
    for found in (provider.create(SPEC, MARKER), provider.get(OWN), *provider.find(MARKER, SPEC)):
        assert found.details.entry_points == points
        assert found.reference.is_same(OWN)
        assert_no_secret(frozenset({"8439885694023999999", "3042834283428342834"}), found)
    assert vendor.faults.left() == []


@pytest.mark.parametrize(
    ("name", "expected", "words"),
    [
        ("code", Invalid, "InvalidRequest: The subject is too long"),
        ("short", Invalid, "InvalidRequest: The subject is too long"),
        ("object", Invalid, "not JSON"),
        ("token", AuthExpired, None),
        ("forbidden", PermissionDenied, None),
        ("missing", NotFound, "There is no such meeting"),
        ("missing_in_an_object", NotFound, "no such meeting"),
        ("throttled", RateLimited, None),
    ],
)
def test_a_refusal_in_each_form_that_was_seen(
    vendor: GoToVendor, name: str, expected: type[Exception], words: str | None
) -> None:
    """The specification has statuses alone. `code` and `short`: GoTo's older APIs; `object`: pastebin.com/x5GWB7Tg"""
    vendor.faults.add(method="GET", path=vendor.api, times=2, **fixture("refusals")[name])
    with pytest.raises(expected, match=words) as caught:
        vendor.provider().get(OWN)
    assert type(caught.value) is expected
