"""Microsoft Teams: the contract against the simulator, and what is Graph's own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from confsync.adapters.system import SystemClock
from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import EntryPoint, EntryPointType, Feature
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
from confsync.domain.solution import Solution
from confsync.ports import ConferenceProvider
from confsync.providers import ProviderConfig, build
from playground.faults import Faults
from playground.server import Server, serve
from playground.vendors.teams import Account, TeamsService, create_app
from tests.contracts.provider import MARKER, SPEC, RemoteProviderContract, assert_no_secret
from tests.fakes.grants import FakeGrants
from tests.fakes.outside import outside
from tests.fakes.secrets import FakeSecrets

FIXTURES = Path(__file__).parent / "fixtures" / "teams"
NOW = datetime(2027, 2, 20, tzinfo=UTC)
NOWHERE = "http://127.0.0.1:9"


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


class TeamsVendor:
    """The simulated tenant, with what the contract asks of it."""

    api = "^/v1.0/.*onlineMeetings"
    token = "/oauth2/v2.0/token"
    deny: Mapping[str, Any] = {"status": 403, "body": {"error": {"code": "Forbidden", "message": ""}}}
    invalid: Mapping[str, Any] = {"status": 400, "body": {"error": {"code": "BadRequest", "message": "Invalid value"}}}

    def __init__(self, service: TeamsService, server: Server) -> None:
        self.service = service
        self.url = server.url
        self.faults = Faults(server.url)
        account = service.account
        names = ("tenant_id", "client_id", "client_secret")
        self.secrets = FakeSecrets({"teams": json.dumps({name: getattr(account, name) for name in names})})

    def provider(
        self, *, url: str = "", personal: bool = False, grants: FakeGrants | None = None, **settings: Any
    ) -> ConferenceProvider:
        base = url or self.url
        config = ProviderConfig(deadline=timedelta(seconds=2), secret="teams", api=f"{base}/v1.0", token_url=base)
        solution = Solution(id="teams", name="Teams", provider="teams", settings=settings, personal=personal)
        return build(solution, config, outside(self.secrets, clock=SystemClock(), grants=grants))

    @property
    def meeting(self) -> dict[str, Any]:
        (only,) = self.service.meetings()
        return only

    def titles(self) -> list[str]:
        return [meeting["subject"] for meeting in self.service.meetings()]

    def times(self) -> list[tuple[datetime, timedelta] | None]:
        return [
            (_at(m["startDateTime"]), _at(m["endDateTime"]) - _at(m["startDateTime"])) for m in self.service.meetings()
        ]

    def occurrences(self) -> list[list[datetime]]:
        return [[] for _ in self.service.meetings()]

    def revoke_tokens(self) -> None:
        self.service.revoke_tokens()

    def refuse_credentials(self) -> None:
        self.service.configure(client_secret="another")

    def hidden(self) -> frozenset[str]:
        return self.service.hidden()


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
def vendor() -> Iterator[TeamsVendor]:
    service = TeamsService(lambda: NOW)
    server = serve(create_app(service), name="teams")
    yield TeamsVendor(service, server)
    assert service.mails() == []
    server.stop()


class TestTeamsContract(RemoteProviderContract):
    @pytest.fixture
    def provider(self, vendor: TeamsVendor) -> ConferenceProvider:
        return vendor.provider()

    @pytest.fixture
    def vendor(self, vendor: TeamsVendor) -> TeamsVendor:
        return vendor

    @pytest.fixture
    def unreachable(self, vendor: TeamsVendor) -> ConferenceProvider:
        return vendor.provider(url=NOWHERE)

    @pytest.fixture
    def secrets(self) -> frozenset[str]:
        return frozenset({Account().client_secret})

    # Graph has no way to look for a marker but to ask for its meeting, which makes it

    def test_an_unknown_marker_finds_nothing(self, provider: ConferenceProvider, vendor: Any) -> None:
        """It makes the meeting that would be asked for next, and tells of it."""
        (found,) = provider.find(MARKER, SPEC)
        assert provider.create(SPEC, MARKER).reference == found.reference
        assert len(vendor.titles()) == 1

    def test_several_meetings_of_one_marker_are_found_oldest_first(
        self, provider: ConferenceProvider, vendor: Any
    ) -> None:
        """A marker has one meeting."""
        made = [provider.create(SPEC, MARKER), provider.create(SPEC, MARKER)]
        assert made[0] == made[1]
        assert provider.find(MARKER, SPEC) == made[:1]

    def test_a_request_lost_before_the_work_is_ambiguous_and_nothing_is_found(
        self, provider: ConferenceProvider, vendor: Any
    ) -> None:
        """Looking for it makes it, and once."""
        vendor.faults.add(method="POST", path=vendor.api, cut="before")
        with pytest.raises(Ambiguous):
            provider.create(SPEC, MARKER)
        assert len(provider.find(MARKER, SPEC)) == 1
        assert len(vendor.titles()) == 1

    def test_a_cut_connection_is_temporary_where_repeating_is_safe(
        self, provider: ConferenceProvider, vendor: Any
    ) -> None:
        """Looking is asking for the meeting: without an answer it may be there."""
        reference = provider.create(SPEC, MARKER).reference
        for cut in ("before", "after"):
            vendor.faults.add(path=vendor.api, cut=cut, times=3)
            with pytest.raises(Temporary):
                provider.get(reference)
            with pytest.raises(Temporary):
                provider.update(reference, SPEC, frozenset({"subject"}), MARKER)
            with pytest.raises(Ambiguous):
                provider.find(MARKER, SPEC)
            assert vendor.faults.left() == []

    @pytest.mark.parametrize("body", ["<error/>", "", "[]", "{}", '{"id": '], ids=repr)
    def test_a_success_that_can_not_be_read(self, provider: ConferenceProvider, vendor: Any, body: str) -> None:
        for call in (provider.create, lambda spec, marker: provider.find(marker, spec)):
            vendor.faults.add(path=vendor.api, status=201, body=body)
            with pytest.raises(Ambiguous):
                call(SPEC, MARKER)

    def test_a_series_keeps_its_wall_clock_time_across_dst(self, provider: ConferenceProvider, vendor: Any) -> None:
        """Graph keeps no series: the engine sends one time of it (see `fitting`)."""
        assert provider.kept(SPEC) == provider.kept(replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY",)))


def created(vendor: TeamsVendor, spec: ConferenceSpec = SPEC, **settings: Any) -> ProviderConference:
    return vendor.provider(**settings).create(spec, MARKER)


# --- what people get -------------------------------------------------------------------------------------------------


def test_people_join_by_link_video_room_and_telephone(vendor: TeamsVendor) -> None:
    points = created(vendor).details.entry_points
    meeting = vendor.meeting
    number = meeting["audioConferencing"]["conferenceId"]
    assert [(p.type, p.uri) for p in points] == [
        (EntryPointType.VIDEO, meeting["joinWebUrl"]),
        (EntryPointType.SIP, f"sip:{meeting['cloudVideoInteropInfo']['tenantKey']}"),
        (EntryPointType.PHONE, f"tel:+12064853005,,{number}#"),
        (EntryPointType.PHONE, f"tel:+18666799995,,{number}#"),
        (EntryPointType.MORE, meeting["audioConferencing"]["dialinUrl"]),
    ]
    assert points[0].meeting_code == meeting["joinMeetingIdSettings"]["joinMeetingId"]
    assert points[1].meeting_code == meeting["videoTeleconferenceId"]
    assert [p.access_code for p in points[2:4]] == [number, number]
    assert [p.features for p in points[2:4]] == [(Feature.TOLL,), (Feature.TOLL_FREE,)]


def test_without_the_licence_there_is_no_telephone(vendor: TeamsVendor) -> None:
    vendor.service.configure(without_audio=(SPEC.host,), interop=False)
    assert [p.type for p in created(vendor).details.entry_points] == [EntryPointType.VIDEO]


def test_settings_are_sent_by_a_change_that_follows(vendor: TeamsVendor) -> None:
    created(
        vendor,
        lobbyBypassSettings={"scope": "invited", "isDialInBypassEnabled": True},
        allowedPresenters="organizer",
        recordAutomatically=True,
    )
    meeting = vendor.meeting
    assert meeting["lobbyBypassSettings"] == {"scope": "invited", "isDialInBypassEnabled": True}
    assert (meeting["allowedPresenters"], meeting["recordAutomatically"]) == ("organizer", True)
    assert meeting["externalId"] == MARKER


SETTINGS: dict[str, Any] = {
    "lobbyBypassSettings": {"scope": "organizer", "isDialInBypassEnabled": True},
    "allowedPresenters": "organizer",
    "recordAutomatically": True,
}


def settings_of(meeting: Mapping[str, Any]) -> dict[str, Any]:
    return {name: meeting[name] for name in SETTINGS}


@pytest.mark.parametrize(
    "fault",
    [{"method": "POST", "cut": "after"}, {"method": "PATCH", "status": 500}, {"method": "PATCH", "status": 403}],
    ids=["answer lost", "settings failed", "settings refused"],
)
def test_settings_reach_a_meeting_whose_create_broke_off(vendor: TeamsVendor, fault: dict[str, Any]) -> None:
    """Looking for it knows no settings; the engine updates what it finds, with all that is kept."""
    provider = vendor.provider(**SETTINGS)
    vendor.faults.add(path=vendor.api, **fault)
    with pytest.raises(Ambiguous):
        provider.create(SPEC, MARKER)
    (found,) = provider.find(MARKER, SPEC)
    assert settings_of(vendor.meeting) != SETTINGS
    provider.update(found.reference, SPEC, frozenset(provider.kept(SPEC)), MARKER)
    assert settings_of(vendor.meeting) == SETTINGS


@pytest.mark.parametrize("passcode", [False, True])
@pytest.mark.parametrize(
    "drift", [{"lobbyBypassSettings": {"scope": "everyone"}}, {"allowedPresenters": "everyone"}], ids=str
)
def test_settings_that_somebody_changes_are_seen_and_set_again(
    vendor: TeamsVendor, drift: dict[str, Any], *, passcode: bool
) -> None:
    provider = vendor.provider(passcode=passcode, **SETTINGS)
    made = provider.create(SPEC, MARKER)
    somebody = vendor.provider(passcode=passcode, **drift)
    changed = somebody.update(made.reference, SPEC, frozenset({"settings"}), MARKER)
    assert provider.get(made.reference).fingerprint == changed.fingerprint != made.fingerprint
    assert provider.update(made.reference, SPEC, frozenset(provider.kept(SPEC)), MARKER) == made
    assert settings_of(vendor.meeting) == SETTINGS


def test_settings_are_sent_only_when_they_differ(vendor: TeamsVendor) -> None:
    made = created(vendor, **SETTINGS)
    renamed = replace(SPEC, title="Renamed")
    provider = vendor.provider(**SETTINGS)
    assert provider.kept(SPEC)["settings"] == provider.kept(renamed)["settings"] == SETTINGS
    vendor.provider(recordAutomatically=False).update(made.reference, SPEC, frozenset({"settings"}), MARKER)
    provider.update(made.reference, renamed, frozenset({"subject"}), MARKER)
    assert (vendor.meeting["subject"], vendor.meeting["recordAutomatically"]) == ("Renamed", False)


def test_a_passcode_is_had_without_the_marker(vendor: TeamsVendor) -> None:
    (video, *_) = created(vendor, passcode=True).details.entry_points
    assert video.passcode == vendor.meeting["joinMeetingIdSettings"]["passcode"]
    assert vendor.meeting["externalId"] is None
    assert vendor.provider(passcode=True).find(MARKER, SPEC) == []


def test_an_unknown_setting_is_refused_by_name(vendor: TeamsVendor) -> None:
    with pytest.raises(NotConfigured, match="lobby"):
        vendor.provider(lobby="everyone")


def test_a_meeting_that_was_there_already_gets_its_name_and_times(vendor: TeamsVendor) -> None:
    created(vendor)
    later = replace(SPEC, title="Renamed", start=SPEC.start + timedelta(days=1), end=SPEC.end + timedelta(days=1))
    created(vendor, later)
    assert vendor.titles() == ["Renamed"]
    assert vendor.times() == [(later.start.astimezone(UTC), later.end - later.start)]


def test_times_go_together(vendor: TeamsVendor) -> None:
    made = created(vendor)
    longer = replace(SPEC, end=SPEC.end + timedelta(hours=1))
    vendor.provider().update(made.reference, longer, frozenset({"times"}), MARKER)
    assert vendor.times() == [(SPEC.start.astimezone(UTC), longer.end - longer.start)]


# --- lifetime --------------------------------------------------------------------------------------------------------


def test_a_meeting_that_lapsed_shows_other_details_and_a_touch_keeps_one_alive(vendor: TeamsVendor) -> None:
    made = created(vendor)
    provider = vendor.provider()
    vendor.service.clock = lambda: SPEC.end + timedelta(days=45)
    again = replace(SPEC, start=SPEC.start + timedelta(days=49), end=SPEC.end + timedelta(days=49))
    touched = provider.update(made.reference, again, frozenset(provider.kept(again)), MARKER)
    assert touched.details == made.details
    vendor.service.clock = lambda: SPEC.end + timedelta(days=61)
    assert provider.get(made.reference).details == made.details
    vendor.service.clock = lambda: SPEC.end + timedelta(days=200)
    assert provider.get(made.reference).details != made.details
    assert len(vendor.service.lapsed()) == 1


def test_a_fingerprint_tells_of_changes_by_others_alone(vendor: TeamsVendor) -> None:
    made, provider = created(vendor), vendor.provider()
    vendor.service.clock = lambda: NOW + timedelta(days=3)
    assert provider.get(made.reference).fingerprint == made.fingerprint
    changed = provider.update(made.reference, replace(SPEC, title="Other"), frozenset({"subject"}), MARKER)
    assert changed.fingerprint != made.fingerprint


def test_a_fingerprint_does_not_tell_of_another_order(vendor: TeamsVendor) -> None:
    made, provider = created(vendor, **SETTINGS), vendor.provider(**SETTINGS)
    lobby = dict(reversed(vendor.meeting["lobbyBypassSettings"].items()))
    answer = json.dumps({**vendor.meeting, "lobbyBypassSettings": lobby})
    vendor.faults.add(method="GET", path=vendor.api, status=200, body=answer)
    assert provider.get(made.reference).fingerprint == made.fingerprint
    assert vendor.faults.left() == []


# --- refusals --------------------------------------------------------------------------------------------------------


def test_a_missing_policy_names_the_cmdlets(vendor: TeamsVendor) -> None:
    vendor.service.configure(without_policy=(SPEC.host,))
    with pytest.raises(PermissionDenied, match="Grant-CsApplicationAccessPolicy"):
        created(vendor)


@pytest.mark.parametrize("why", ["missing", "unlicensed"])
def test_a_host_without_teams_is_for_a_person_to_mend(vendor: TeamsVendor, why: str) -> None:
    vendor.service.configure(**{why: (SPEC.host,)})
    with pytest.raises(PermissionDenied, match="licence"):
        created(vendor)


def test_missing_permissions_are_named(vendor: TeamsVendor) -> None:
    vendor.service.configure(roles=("User.Read.All",))
    with pytest.raises(PermissionDenied, match=r"OnlineMeetings\.ReadWrite\.All"):
        created(vendor)


def test_an_unknown_tenant_needs_a_person(vendor: TeamsVendor) -> None:
    vendor.service.configure(tenant_id="00000000-0000-0000-0000-000000000000")
    with pytest.raises(ReauthorizationRequired):
        created(vendor)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"status": 400, "body": {"error": {"code": "General", "message": "1026: An error has occurred"}}}, Temporary),
        ({"status": 404, "body": {"error": {"code": "NotFound", "message": "gone"}}}, NotFound),
        ({"status": 404, "body": {"error": {"code": "UnknownError", "message": ""}}}, PermissionDenied),
        ({"status": 404, "body": {"error": {"code": "itemNotFound", "message": ""}}}, Temporary),
        ({"status": 429, "body": {"error": {"code": "TooManyRequests", "message": ""}}}, RateLimited),
        ({"status": 500, "body": {"error": {"code": "UnknownError", "message": ""}}}, Temporary),
    ],
)
def test_what_graph_says_of_a_meeting(vendor: TeamsVendor, fault: dict[str, Any], expected: type[Exception]) -> None:
    made, provider = created(vendor), vendor.provider()
    vendor.faults.add(path=f"{vendor.api}/", **fault)
    with pytest.raises(expected):
        provider.get(made.reference)


# --- people's own accounts -------------------------------------------------------------------------------------------


class _Grants(FakeGrants):
    """The tokens that the simulated tenant gives the people who consented."""

    def __init__(self, vendor: TeamsVendor) -> None:
        super().__init__([SPEC.host])
        self._vendor = vendor
        self.refused: list[str | None] = []

    def token(self, owner: str, vendor: str, *, refused: str | None = None) -> str:
        super().token(owner, vendor)
        self.refused.append(refused)
        tokens = self._vendor.service._entra.tokens
        return tokens.issue(owner, {"OnlineMeetings.ReadWrite"})


def test_a_person_makes_meetings_with_their_own_account(vendor: TeamsVendor) -> None:
    grants = _Grants(vendor)
    provider = vendor.provider(personal=True, grants=grants)
    made = provider.create(SPEC, MARKER)
    assert made.reference.ids["user"] == "me"
    assert vendor.meeting["participants"]["organizer"]["upn"] == SPEC.host
    renamed = replace(SPEC, title="Renamed")
    provider.update(made.reference, renamed, frozenset({"subject"}), MARKER)
    provider.delete(made.reference)
    assert vendor.titles() == []
    assert not vendor.faults.requests(path="/oauth2/")


def test_a_persons_token_that_ended_early_is_asked_for_anew(vendor: TeamsVendor) -> None:
    grants = _Grants(vendor)
    provider = vendor.provider(personal=True, grants=grants)
    made = provider.create(SPEC, MARKER)
    vendor.faults.add(path=vendor.api, status=401, body={"error": {"code": "InvalidAuthenticationToken"}})
    provider.get(made.reference)
    assert grants.refused[-1] is not None


def test_who_has_not_connected_their_account_is_told(vendor: TeamsVendor) -> None:
    with pytest.raises(ReauthorizationRequired):
        vendor.provider(personal=True, grants=FakeGrants()).create(SPEC, MARKER)


def test_a_tenants_meeting_needs_a_host(vendor: TeamsVendor) -> None:
    with pytest.raises(NotConfigured, match=r"solutions\.teams\.hosts"):
        created(vendor, replace(SPEC, host=""))


# --- the vendor's own answers ---


def dialled(digits: str, label: str, cost: Feature) -> EntryPoint:
    uri = f"tel:{digits},,555014299#"
    return EntryPoint(type=EntryPointType.PHONE, uri=uri, label=label, access_code="555014299", features=(cost,))


OWN = Reference(ids={"id": fixture("meeting_created")["id"], "user": "0f5a2c9e"}, host=SPEC.host)
LINK = EntryPoint(
    type=EntryPointType.VIDEO,
    uri=fixture("meeting_created")["joinWebUrl"],
    label="teams.microsoft.com",
    meeting_code="2315550142",
)
ROOM = EntryPoint(
    type=EntryPointType.SIP,
    uri="sip:rooms@interop.example.com",
    label="rooms@interop.example.com",
    meeting_code="1180300042",
)
TOLL = dialled("+12065550146", "+1 206-555-0146", Feature.TOLL)
NUMBERS = (
    TOLL,
    dialled("+493055501234", "+49 30 55501234", Feature.TOLL),
    dialled("+18335550173", "+1 833-555-0173", Feature.TOLL_FREE),
)
PAGE = EntryPoint(
    type=EntryPointType.MORE,
    uri="https://dialin.teams.microsoft.com/6f0f7e0a-2b1d-4c55-9a3e-0d8f1c2b3a49?id=555014299",
)


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("meeting_created", (LINK, ROOM, *NUMBERS, PAGE)),
        ("meeting_read", (replace(LINK, passcode="q7Xv2b"), TOLL, PAGE)),
        ("meeting_minimal", (replace(LINK, meeting_code=None),)),
    ],
)
def test_an_answer_as_the_pages_show_it(vendor: TeamsVendor, name: str, points: tuple[EntryPoint, ...]) -> None:
    """learn.microsoft.com/graph/api/onlinemeeting-get, and .../resources/{audioconferencing,cloudvideointeropinfo}"""
    vendor.faults.add(method="GET", path=vendor.api, status=200, body=fixture(name))
    found = vendor.provider().get(OWN)
    assert found.details.entry_points == points
    assert found.reference == OWN
    assert_no_secret(frozenset({"meetingOptions"}), found)


def test_a_meeting_that_is_as_asked_is_not_changed(vendor: TeamsVendor) -> None:
    """learn.microsoft.com/graph/api/onlinemeeting-createorget: 200 for one that was there"""
    vendor.faults.add(method="POST", path="/createOrGet$", status=200, body=fixture("meeting_created"))
    made = created(vendor)
    assert (made.reference.ids["id"], made.details.entry_points) == (OWN.ids["id"], (LINK, ROOM, *NUMBERS, PAGE))
    assert vendor.faults.requests(method="PATCH") == []
    assert_no_secret(frozenset({"meetingOptions"}), made)


@pytest.mark.parametrize(
    ("name", "expected", "words"),
    [
        ("validation", Invalid, "BadRequest: The end time"),
        ("token", AuthExpired, None),
        ("permission", PermissionDenied, r"OnlineMeetings\.ReadWrite\.All"),
        ("policy", PermissionDenied, "Grant-CsApplicationAccessPolicy"),
        ("missing", NotFound, "NotFound"),
        ("throttled", RateLimited, "TooManyRequests"),
        ("throttled_without_a_code", RateLimited, None),
        ("unavailable", Temporary, "serviceNotAvailable"),
    ],
)
def test_a_refusal_as_the_pages_show_it(
    vendor: TeamsVendor, name: str, expected: type[Exception], words: str | None
) -> None:
    """learn.microsoft.com/graph/{errors,throttling,cloud-communication-online-meeting-application-access-policy}"""
    vendor.faults.add(method="GET", path=vendor.api, times=2, **fixture("refusals")[name])
    with pytest.raises(expected, match=words) as caught:
        vendor.provider().get(OWN)
    assert type(caught.value) is expected
