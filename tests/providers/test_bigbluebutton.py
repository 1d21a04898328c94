"""BigBlueButton: the contract against the simulator, and how people come in by links of their own."""

import json
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests

from confsync.domain.conference import Reference
from confsync.domain.entry_point import EntryPointType
from confsync.domain.errors import (
    ConfsyncError,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    Temporary,
)
from confsync.domain.solution import Solution
from confsync.ports import ConferenceProvider, PersonalLinks, Visitor
from confsync.providers import ProviderConfig, build
from playground.vendors.bigbluebutton import BigBlueButtonService, create_app
from tests.contracts.provider import MARKER, OTHER_MARKER, SPEC, ProviderContract, assert_no_secret
from tests.fakes.outside import outside
from tests.fakes.secrets import FakeSecrets
from tests.providers.simulated import NOW, NOWHERE, SimulatedVendor, running

REFUSALS: dict[str, str] = json.loads(
    (Path(__file__).parent / "fixtures" / "bigbluebutton" / "refusals.json").read_text(encoding="utf-8")
)
ANN = Visitor(name="Ann", moderator=True)
BOB = Visitor(name="Bob")
MEETING = Reference(ids={"meeting": "m" * 32})
CREATE, END = "/api/create", "/api/end"


class BigBlueButtonVendor(SimulatedVendor):
    """The server, whose clock the tests move."""

    provider_name = "bigbluebutton"
    path = "/bigbluebutton"
    token_path = ""
    service: BigBlueButtonService

    def __init__(self) -> None:
        self.now = NOW
        super().__init__(BigBlueButtonService(lambda: self.now), create_app)

    def secret(self) -> str:
        return self.service.account.secret

    def join(self, visitor: Visitor, *, title: str = SPEC.title, **how: Any) -> str:
        """This person's link."""
        return joined(self.provider(**how), visitor, title)

    @property
    def created(self) -> dict[str, str]:
        """With what the only meeting was made."""
        return dict(self.meeting["parameters"])


def joined(provider: ConferenceProvider, visitor: Visitor, title: str = SPEC.title) -> str:
    reference = provider.create(SPEC, MARKER).reference
    return cast("PersonalLinks", provider).join(reference, replace(SPEC, title=title), visitor)


def opened(link: str) -> str:
    """Where one gets by a link: the client, the room where guests wait, or what is wrong."""
    answer = requests.get(link, timeout=5)
    parts = urlsplit(answer.url)
    if "errors" in parts.query:
        return str(json.loads(parse_qs(parts.query)["errors"][0])[0]["key"])
    assert answer.status_code == 200, answer.text
    return parts.path


@pytest.fixture
def vendor() -> Iterator[SimulatedVendor]:
    yield from running(BigBlueButtonVendor())


class TestBigBlueButtonContract(ProviderContract):
    """Not `RemoteProviderContract`: the server is not asked before somebody comes, so no create can fail there."""

    @pytest.fixture
    def provider(self, vendor: BigBlueButtonVendor) -> ConferenceProvider:
        return vendor.provider()

    @pytest.fixture
    def secrets(self, vendor: BigBlueButtonVendor) -> frozenset[str]:
        return vendor.hidden()

    def test_people_can_join_by_video(self, provider: ConferenceProvider) -> None:
        """By the server's own address, which has http on loopback."""
        (video,) = provider.create(SPEC, MARKER).details.entry_points
        assert (video.type, urlsplit(video.uri).path) == (EntryPointType.VIDEO, "/bigbluebutton/")


# --- who comes in ----------------------------------------------------------------------------------------------------

CLIENT, WAITING = "/html5client/", "/html5client/guestWait"


@pytest.mark.parametrize(
    ("visitor", "policy", "role", "where"),
    [
        (ANN, None, "MODERATOR", CLIENT),
        (BOB, None, "VIEWER", CLIENT),
        (ANN, "ALWAYS_ACCEPT", "MODERATOR", CLIENT),
        (BOB, "ALWAYS_ACCEPT", "VIEWER", CLIENT),
        (ANN, "ASK_MODERATOR", "MODERATOR", CLIENT),
        (BOB, "ASK_MODERATOR", "VIEWER", WAITING),
        (ANN, "ALWAYS_DENY", "MODERATOR", CLIENT),
        (BOB, "ALWAYS_DENY", None, "guestDeniedAccess"),
    ],
)
def test_who_comes_in_as_what(
    vendor: BigBlueButtonVendor, visitor: Visitor, policy: str | None, role: str | None, where: str
) -> None:
    link = vendor.join(visitor, **{"guestPolicy": policy} if policy else {})
    assert opened(link) == where
    came = [(join["fullName"], join["role"], join["waits"]) for join in vendor.service.joins()]
    assert came == ([(visitor.name, role, where == WAITING)] if role else [])


def test_nobody_is_a_guest_where_no_policy_asks_for_it(vendor: BigBlueButtonVendor) -> None:
    for visitor in (ANN, BOB):
        opened(vendor.join(visitor))
    assert [join["guest"] for join in vendor.service.joins()] == [False, False]


@pytest.mark.parametrize(
    "name",
    [
        "Ünïcödé 日本語 العربية",
        "👩‍👩‍👧 🎉",
        'O\'Neil "Bob" <b>&amp; \\',
        "100% & ~ * + - _ . ; : / ? # = @ ! $ ( ) [ ] , `",
        "&role=MODERATOR&checksum=0",
        "%26 %C3%BC +",
    ],
)
def test_people_and_meetings_have_their_names(vendor: BigBlueButtonVendor, name: str) -> None:
    """The checksum is over the query as it is sent, and a name does not leave its parameter."""
    assert opened(vendor.join(replace(BOB, name=name), title=name)) == CLIENT
    (join,) = vendor.service.joins()
    assert (join["fullName"], join["role"], vendor.created["name"]) == (name, "VIEWER", name)


def test_long_names_are_cut(vendor: BigBlueButtonVendor) -> None:
    assert opened(vendor.join(replace(BOB, name="🎉" * 200), title="🎉" * 200)) == CLIENT
    (join,) = vendor.service.joins()
    assert (join["fullName"], vendor.created["name"]) == ("🎉" * 127, "🎉" * 32)


@pytest.mark.parametrize("title", ["", " ", "\n", "x"], ids=repr)
def test_a_title_that_is_too_short_becomes_the_solutions_name(vendor: BigBlueButtonVendor, title: str) -> None:
    assert opened(vendor.join(ANN, title=title)) == CLIENT
    assert vendor.created["name"] == "Our meeting"


def test_people_are_to_say_who_they_are(vendor: BigBlueButtonVendor) -> None:
    """The use case asks for a name before: BigBlueButton would refuse."""
    assert opened(vendor.join(Visitor())) == "missingParamFullName"
    assert vendor.service.joins() == []


# --- the meeting is there when somebody comes ------------------------------------------------------------------------


def test_nothing_is_made_before_somebody_comes(vendor: BigBlueButtonVendor) -> None:
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    provider.find(MARKER, SPEC)
    provider.get(reference)
    provider.update(reference, SPEC, frozenset({"title"}), MARKER)
    assert vendor.faults.requests() == []
    link = cast("PersonalLinks", provider).join(reference, SPEC, ANN)
    assert vendor.created == {"meetingID": reference.ids["meeting"], "name": SPEC.title}
    assert link.startswith(f"{vendor.url}/bigbluebutton/api/join?meetingID={reference.ids['meeting']}&")


def test_a_meeting_that_was_dropped_is_made_again(vendor: BigBlueButtonVendor) -> None:
    link = vendor.join(ANN)
    vendor.now += timedelta(minutes=5)
    assert (vendor.service.meetings(), opened(link)) == ([], "invalidMeetingIdentifier")
    assert opened(vendor.join(BOB)) == CLIENT
    assert vendor.meeting["hasUserJoined"]
    assert opened(link) == "mismatchCreateTimeParam"  # a link is for the meeting that it was made for
    assert opened(vendor.join(ANN)) == CLIENT


def test_those_who_come_at_once_are_in_one_meeting(vendor: BigBlueButtonVendor) -> None:
    provider, people = vendor.provider(), 8
    start = Barrier(people)

    def come(number: int) -> str:
        start.wait(timeout=10)
        return opened(joined(provider, Visitor(name=f"Visitor {number}", moderator=number == 0)))

    with ThreadPoolExecutor(people) as pool:
        assert set(pool.map(come, range(people))) == {CLIENT}
    assert vendor.meeting["participantCount"] == people
    assert sorted(join["role"] for join in vendor.service.joins()) == ["MODERATOR", *["VIEWER"] * (people - 1)]


@pytest.mark.parametrize("compares", ["passwords", "everything"])
@pytest.mark.parametrize("without_passwords", ["duplicate", "refused"])
def test_a_meeting_that_was_made_otherwise_is_joined(
    vendor: BigBlueButtonVendor, compares: str, without_passwords: str
) -> None:
    """Its event was renamed since, or the solution has other settings now: a server may refuse such a `create`."""
    vendor.service.configure(compares=compares, without_passwords=without_passwords)
    assert opened(vendor.join(ANN)) == CLIENT
    assert opened(vendor.join(BOB, title="Renamed", muteOnStart=True)) == CLIENT
    assert vendor.meeting["participantCount"] == 2
    assert (vendor.meeting["meetingName"], "muteOnStart" in vendor.created) == (SPEC.title, False)


def test_deleting_has_those_go_who_are_in_it(vendor: BigBlueButtonVendor) -> None:
    provider = vendor.provider()
    assert opened(joined(provider, ANN)) == CLIENT
    reference = provider.create(SPEC, MARKER).reference
    provider.delete(reference)
    assert vendor.service.meetings() == []
    provider.delete(reference)


def test_each_event_has_a_meeting_of_its_own(vendor: BigBlueButtonVendor) -> None:
    provider = cast("Any", vendor.provider())
    for marker in (MARKER, OTHER_MARKER):
        opened(provider.join(provider.create(SPEC, marker).reference, SPEC, ANN))
    assert len({meeting["meetingID"] for meeting in vendor.service.meetings()}) == 2


# --- the secret, and the checksum ------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_the_checksum_is_of_the_kind_that_the_server_takes(vendor: BigBlueButtonVendor, algorithm: str) -> None:
    vendor.service.configure(algorithms=(algorithm,))
    assert opened(vendor.join(ANN, checksum=algorithm)) == CLIENT
    vendor.service.configure(algorithms=tuple({"sha1", "sha256", "sha384", "sha512"} - {algorithm}))
    with pytest.raises(PermissionDenied, match="checksumError"):
        vendor.join(ANN, checksum=algorithm)


def test_a_wrong_secret_is_for_a_person_to_mend(vendor: BigBlueButtonVendor) -> None:
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    vendor.service.configure(secret="another-secret-of-the-same-server")
    for call in (lambda: joined(provider, ANN), lambda: provider.delete(reference)):
        with pytest.raises(PermissionDenied, match="checksumError") as caught:
            call()
        assert_no_secret(vendor.hidden(), caught.value, caught.value.__cause__, caught.value.__context__)


def test_a_new_secret_leaves_existing_meetings_as_they_are(vendor: BigBlueButtonVendor) -> None:
    reference = vendor.provider().create(SPEC, MARKER).reference
    vendor.service.configure(secret="another-secret-of-the-same-server")
    provider = vendor.provider()
    assert provider.get(reference).reference == reference
    assert opened(cast("PersonalLinks", provider).join(reference, SPEC, ANN)) == CLIENT
    assert vendor.created["meetingID"] == reference.ids["meeting"]


def test_a_link_has_the_secret_in_its_checksum_only(vendor: BigBlueButtonVendor) -> None:
    provider = vendor.provider()
    link = joined(provider, ANN)
    opened(link)
    assert_no_secret(vendor.hidden(), link, unquote(link), provider, vars(provider))


# --- what can go wrong -----------------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
BOMB = f'<!DOCTYPE response [<!ENTITY l0 "ha">{LAUGHS}]><response><returncode>&l9;</returncode></response>'
OUTSIDE = '<!DOCTYPE r [<!ENTITY e SYSTEM "{}">]><response><returncode>SUCCESS</returncode><createTime>&e;</createTime>'
WELL = "<response><returncode>SUCCESS</returncode><createTime>1</createTime></response>"
UNREADABLE = {
    "nothing": "",
    "words": "Bad gateway",
    "JSON": '{"returncode": "SUCCESS"}',
    "half": "<response><returncode>SUCCESS</returncode>",
    "two roots": "<response/><response/>",
    "no returncode": "<response/>",
    "another root": "<html><body>SUCCESS</body></html>",
    "control characters": "<response>\x01</response>",
    "billion laughs": BOMB,
    "external entity": OUTSIDE.format("file:///etc/passwd") + "</response>",
    "an address": OUTSIDE.format("http://127.0.0.1:9/elsewhere") + "</response>",
    "quadratic blow-up": f'<!DOCTYPE r [<!ENTITY a "{"ha" * 30_000}">]><response><message>{"&a;" * 1000}</message>'
    "</response>",
    "a parameter entity": '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/elsewhere"> %p;]><response/>',
    "a declaration": f"<!DOCTYPE response>{WELL}",
    "an unknown encoding": f'<?xml version="1.0" encoding="klingon"?>{WELL}',
    "an encoding that is none": f'<?xml version="1.0" encoding="hex"?>{WELL}',
    "nested without end": "<response>" + "<a>" * 20_000,
    "larger than it could be": WELL.replace("</response>", "<a/>" * 20_000 + "</response>"),
    "an endless key": f"<response><messageKey>{'x' * 10_000}</messageKey></response>",
    "an outside DTD": '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/elsewhere"><response><returncode>FAILED</returncode>'
    "</response>",
}
FAULTS: dict[str, tuple[dict[str, Any], type[ConfsyncError]]] = {
    **{str(status): ({"status": status, "body": "<html>oops</html>"}, Temporary) for status in (500, 502, 503, 504)},
    # of a proxy: they must look neither like a meeting that is gone or there, nor like a token that ended
    **{str(status): ({"status": status, "body": "<html>no</html>"}, Temporary) for status in (404, 409, 410)},
    **{str(status): ({"status": status}, PermissionDenied) for status in (401, 403)},
    "400": ({"status": 400}, Invalid),
    "429": ({"status": 429, "headers": {"Retry-After": "600"}}, RateLimited),
    "a redirect": ({"status": 302, "headers": {"Location": "/elsewhere"}}, Invalid),
    "cut before": ({"cut": "before"}, Temporary),
    "cut after": ({"cut": "after"}, Temporary),
    **{name: ({"status": 200, "body": body}, Temporary) for name, body in UNREADABLE.items()},
}
KINDS: dict[str, type[ConfsyncError]] = {
    "checksumError": PermissionDenied,
    "validationError": Invalid,
    "unsupportedRequest": Invalid,
    "invalidMeetingIdentifier": NotFound,
    "notFound": NotFound,
    "internalError": Temporary,
    "maxConcurrentMeetings": Temporary,
    "listed": Temporary,
}


def fails(vendor: BigBlueButtonVendor, expected: type[ConfsyncError], fault: dict[str, Any], path: str) -> str:
    """Have the call fail; what is told of it, in which there is no secret."""
    provider = vendor.provider()
    reference = provider.create(SPEC, MARKER).reference
    vendor.faults.add(path=path, **fault)
    with pytest.raises(expected) as caught:
        joined(provider, ANN) if path == CREATE else provider.delete(reference)
    assert type(caught.value) is expected
    assert vendor.faults.requests(path="elsewhere") == []
    told = caught.value, caught.value.__cause__, caught.value.__context__, provider, vars(provider)
    assert_no_secret(vendor.hidden(), *told)
    return str(caught.value)


@pytest.mark.parametrize("path", [CREATE, END])
@pytest.mark.parametrize(("fault", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_server_in_trouble(
    vendor: BigBlueButtonVendor, path: str, fault: dict[str, Any], expected: type[ConfsyncError]
) -> None:
    told = fails(vendor, expected, fault, path)
    assert told.startswith("bigbluebutton ")
    assert ("create a meeting" if path == CREATE else "end a meeting") in told
    assert len(told) < 200
    assert opened(vendor.join(ANN)) == CLIENT  # it was in trouble for once only


@pytest.mark.parametrize(("case", "expected"), KINDS.items(), ids=KINDS)
def test_a_refusal_is_told_by_its_key(vendor: BigBlueButtonVendor, case: str, expected: type[ConfsyncError]) -> None:
    told = fails(vendor, expected, {"status": 200, "body": REFUSALS[case]}, CREATE)
    assert "create a meeting" in told


def test_every_refusal_of_the_fixture_is_tried() -> None:
    assert set(KINDS) | {"idNotUnique"} == set(REFUSALS)


def test_a_refused_create_of_what_is_there_is_no_error(vendor: BigBlueButtonVendor) -> None:
    opened(vendor.join(ANN))
    vendor.faults.add(path=CREATE, status=200, body=REFUSALS["idNotUnique"])
    link = vendor.join(BOB)
    assert ("createTime" in link, opened(link)) == (False, CLIENT)


@pytest.mark.parametrize("words", ["the secret is {}", "https://x.example/?secret={}", "{}"])
def test_a_server_that_tells_its_secret(vendor: BigBlueButtonVendor, words: str) -> None:
    said = words.format(vendor.secret())
    body = f"<response><returncode>FAILED</returncode><messageKey>odd</messageKey><message>{said}</message></response>"
    assert "odd" in fails(vendor, Temporary, {"status": 200, "body": body}, CREATE)


def test_a_limit_says_when_to_come_back(vendor: BigBlueButtonVendor) -> None:
    vendor.faults.add(path=CREATE, status=429, headers={"Retry-After": "600"})
    with pytest.raises(RateLimited) as caught:
        vendor.join(ANN)
    assert caught.value.retry_at is not None
    assert abs(caught.value.retry_at - datetime.now(UTC) - timedelta(seconds=600)) < timedelta(seconds=10)


def test_nobody_is_there(vendor: BigBlueButtonVendor) -> None:
    provider = vendor.provider(url=NOWHERE)
    reference = provider.create(SPEC, MARKER).reference
    for call in (lambda: joined(provider, ANN), lambda: provider.delete(reference)):
        with pytest.raises(Temporary, match="no answer") as caught:
            call()
        assert_no_secret(vendor.hidden(), caught.value, caught.value.__cause__, caught.value.__context__)


def test_a_slow_server_is_not_waited_for(vendor: BigBlueButtonVendor) -> None:
    vendor.faults.add(path=CREATE, latency=2.5)
    with pytest.raises(Temporary, match="no answer"):
        vendor.join(ANN)


def test_another_providers_reference_is_no_meeting(vendor: BigBlueButtonVendor) -> None:
    provider, foreign = cast("Any", vendor.provider()), Reference(ids={"room": "123"})
    for call in (provider.get, provider.delete, lambda reference: provider.join(reference, SPEC, ANN)):
        with pytest.raises(NotFound, match="not a reference"):
            call(foreign)


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        ({}, {}),
        ({"record": True, "autoStartRecording": False}, {"record": "true", "autoStartRecording": "false"}),
        ({"allowStartStopRecording": True, "muteOnStart": True}, {}),
        ({"webcamsOnlyForModerator": False}, {"webcamsOnlyForModerator": "false"}),
        ({"maxParticipants": 0}, {"maxParticipants": "0"}),
        ({"maxParticipants": 12}, {"maxParticipants": "12"}),
        ({"guestPolicy": "ASK_MODERATOR"}, {"guestPolicy": "ASK_MODERATOR"}),
        ({"welcome": "Grüße & <b>🎉</b>"}, {"welcome": "Grüße & <b>🎉</b>"}),
        ({"logoutURL": "https://x.example/?a=1&b=2"}, {"logoutURL": "https://x.example/?a=1&b=2"}),
    ],
    ids=str,
)
def test_settings_are_parameters(
    vendor: BigBlueButtonVendor, settings: dict[str, Any], parameters: dict[str, str]
) -> None:
    expected = {name: "true" for name, value in settings.items() if value is True} | parameters
    vendor.join(ANN, **settings)
    assert {n: v for n, v in vendor.created.items() if n not in {"meetingID", "name"}} == expected


def test_a_full_meeting_takes_nobody_else(vendor: BigBlueButtonVendor) -> None:
    went = [opened(vendor.join(visitor, maxParticipants=1)) for visitor in (ANN, BOB)]
    assert went == [CLIENT, "maxParticipantsReached"]


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"recrd": True}, "recrd"),
        ({"meetingID": "mine"}, "meetingID"),
        ({"moderatorPW": "x"}, "moderatorPW"),
        ({"record": "true"}, "record"),
        ({"maxParticipants": -1}, "maxParticipants"),
        ({"maxParticipants": True}, "maxParticipants"),
        ({"guestPolicy": "SOMETIMES"}, "guestPolicy"),
        ({"checksum": "md5"}, "checksum"),
        ({"welcome": 1}, "welcome"),
    ],
    ids=str,
)
def test_wrong_settings_are_refused_at_once(vendor: BigBlueButtonVendor, settings: dict[str, Any], key: str) -> None:
    with pytest.raises(NotConfigured, match=rf"solutions\.bigbluebutton\.settings.*{key}"):
        vendor.provider(**settings)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"api": None}, r"solutions\.bbb\.api"),
        ({"secret": None}, r"solutions\.bbb\.secret"),
        ({"personal": True}, r"solutions\.bbb\.personal"),
        ({}, "no secret forgotten"),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, Any], key: str) -> None:
    given = {"api": "https://bbb.example.com/bigbluebutton", "secret": "forgotten", "personal": False, **changes}
    solution = Solution(id="bbb", name="Ours", provider="bigbluebutton", personal=given.pop("personal"))
    with pytest.raises(NotConfigured, match=key):
        build(solution, ProviderConfig(deadline=timedelta(seconds=1), **given), outside(FakeSecrets())).create(
            SPEC, MARKER
        )


@pytest.mark.parametrize("name", UNREADABLE)
def test_nothing_that_is_sent_takes_long_or_much(vendor: BigBlueButtonVendor, name: str) -> None:
    vendor.join(ANN)
    vendor.faults.add(path=CREATE, status=200, body=UNREADABLE[name])
    told = "x{40}" if name == "an endless key" else "no reason, no answer of BigBlueButton's"
    tracemalloc.start()
    try:
        started = time.monotonic()
        with pytest.raises(Temporary, match=told):
            vendor.join(ANN)
        assert time.monotonic() - started < 1
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
