"""Anybody's own system: the provider's contract against the example server, and what our HTTP contract says besides."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from dateutil.rrule import rrulestr
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from standardwebhooks import Webhook

from confsync.adapters.system import SystemClock
from confsync.domain.conference import ConferenceSpec, Occurrence, ProviderConference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.errors import (
    Ambiguous,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    Temporary,
)
from confsync.domain.solution import CallLimit, Capabilities, LimitWindow, OwnRecurrence, Solution
from confsync.ports import ConferenceProvider
from confsync.providers import ProviderConfig, build
from confsync.providers.custom import spec_of
from playground.custom_provider import CustomProvider
from playground.faults import Faults
from playground.server import Server, serve
from tests.contracts.provider import MARKER, OTHER_MARKER, SPEC, SPECS, RemoteProviderContract
from tests.fakes.outside import outside
from tests.fakes.secrets import FakeSecrets

NOWHERE = "http://127.0.0.1:9"
ROOT = Path(__file__).parents[2]
CONTRACT: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "custom-provider.yaml").read_text(encoding="utf-8"))
REGISTRY: Registry[Any] = Registry().with_resource(
    "urn:contract", Resource.from_contents(CONTRACT, default_specification=DRAFT202012)
)
FULL = json.loads((Path(__file__).parent / "fixtures" / "custom" / "meeting.json").read_text(encoding="utf-8"))
VIDEO = {"entryPointType": "video", "uri": "https://rooms.example/1"}


def secret_of(text: str) -> str:
    return f"whsec_{base64.b64encode(text.ljust(32, '.').encode()).decode()}"


SECRET, OTHER_SECRET = secret_of("one"), secret_of("other")


class Recorder(CustomProvider):
    """The example server, which keeps what it was sent, and may declare something else."""

    def __init__(self, secret: str = SECRET) -> None:
        super().__init__(secret)
        self.sent: list[tuple[dict[str, str], bytes]] = []
        self.declared: dict[str, Any] = {}

    def take(self, secret: str) -> None:
        """Verify with this secret from now on."""
        self._key = base64.b64decode(secret.removeprefix("whsec_"))

    def specs(self) -> list[dict[str, Any]]:
        """What its meetings are, oldest first."""
        return [room["spec"] for room in self._rooms.values()]

    def capabilities(self, sent: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        status, told = super().capabilities(sent)
        return status, {**told, **self.declared}

    def _verified(self, environ: dict[str, Any], body: bytes) -> bool:
        headers = {name.removeprefix("HTTP_"): value for name, value in environ.items() if name.startswith("HTTP_")}
        self.sent.append(({name.replace("_", "-").lower(): value for name, value in headers.items()}, body))
        return super()._verified(environ, body)


class CustomVendor:
    """The example server, with what the contract asks of it."""

    api = "^/(create|find|get|update|delete)"
    token = "^/capabilities"  # what has to be known before the first call
    deny: Mapping[str, Any] = {"status": 403, "body": {"error": "needs_permission", "message": "Ask your manager."}}
    invalid: Mapping[str, Any] = {"status": 422, "body": {"error": "refused", "message": "Rooms hold 100 people."}}

    def __init__(self, service: Recorder, server: Server) -> None:
        self.service = service
        self.url = server.url
        self.faults = Faults(server.url)
        self.secrets = FakeSecrets({"custom": SECRET})

    def provider(self, *, url: str = "", **solution: Any) -> ConferenceProvider:
        config = ProviderConfig(deadline=timedelta(seconds=2), secret="custom", api=url or self.url)
        told = Solution(id="own", name="Own", provider="custom", **solution)
        return build(told, config, outside(self.secrets, clock=SystemClock()))

    def bodies(self, operation: str) -> list[dict[str, Any]]:
        """What was sent with that call."""
        sent = [json.loads(body) for _, body in self.service.sent]
        return [each for each in sent if each["operation"] == operation]

    def titles(self) -> list[str]:
        return [spec["title"] for spec in self.service.specs()]

    def times(self) -> list[tuple[datetime, timedelta] | None]:
        return [(_at(spec["start"]), _at(spec["end"]) - _at(spec["start"])) for spec in self.service.specs()]

    def occurrences(self) -> list[list[datetime]]:
        """Of weekly series, by the wall clock of their zone."""
        return [_weekly(spec) for spec in self.service.specs()]

    def revoke_tokens(self) -> None:
        """There are none: the secret is replaced, at both ends."""
        self.service.take(OTHER_SECRET)
        self.secrets.put("custom", OTHER_SECRET)

    def refuse_credentials(self) -> None:
        self.service.take(OTHER_SECRET)

    def hidden(self) -> frozenset[str]:
        return frozenset()


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _weekly(spec: dict[str, Any]) -> list[datetime]:
    start = _at(spec["start"]).astimezone(ZoneInfo(spec["timeZone"]))
    return [at.astimezone(UTC) for line in spec["recurrence"] for at in rrulestr(line, dtstart=start)]


@pytest.fixture
def vendor() -> Iterator[CustomVendor]:
    service = Recorder()
    server = serve(service, name="custom")
    yield CustomVendor(service, server)
    server.stop()


class TestCustomContract(RemoteProviderContract):
    @pytest.fixture
    def provider(self, vendor: CustomVendor) -> ConferenceProvider:
        return vendor.provider()

    @pytest.fixture
    def vendor(self, vendor: CustomVendor) -> CustomVendor:
        return vendor

    @pytest.fixture
    def unreachable(self, vendor: CustomVendor) -> ConferenceProvider:
        return vendor.provider(url=NOWHERE)

    @pytest.fixture
    def secrets(self) -> frozenset[str]:
        return frozenset({SECRET, OTHER_SECRET, SECRET.removeprefix("whsec_"), OTHER_SECRET.removeprefix("whsec_")})

    def test_several_meetings_of_one_marker_are_found_oldest_first(
        self, provider: ConferenceProvider, vendor: Any
    ) -> None:
        """A marker has one meeting."""
        made = [provider.create(SPEC, MARKER), provider.create(SPEC, MARKER)]
        assert made[0] == made[1]
        assert provider.find(MARKER, SPEC) == made[:1]

    def test_an_unchanged_meeting_is_not_written(self, provider: ConferenceProvider, vendor: Any) -> None:
        """Every call is a POST. Attendees are among what is kept: a server that does not want them is told of none."""
        created = provider.create(SPEC, MARKER)
        vendor.faults.forget_requests()
        provider.update(created.reference, SPEC, frozenset(), MARKER)
        assert [call.path for call in vendor.faults.requests()] == ["/get"]

    def test_a_strangers_404_is_not_a_deleted_meeting(self, provider: ConferenceProvider, vendor: Any) -> None:
        """What a server can do is asked once: a 404 of that question is met by a process that has not asked yet."""
        reference = provider.create(SPEC, MARKER).reference
        vendor.faults.add(path=vendor.api, status=404, body="<html>Not Found</html>")
        vendor.faults.add(path=vendor.token, status=404, body={"error": "not_found", "message": "No such page."})
        for each in (provider, vendor.provider()):
            with pytest.raises(Temporary):
                each.update(reference, SPEC, frozenset({"title"}), MARKER)
        assert vendor.faults.left() == []


def created(vendor: CustomVendor, spec: ConferenceSpec = SPEC) -> ProviderConference:
    return vendor.provider().create(spec, MARKER)


# --- what is sent ----------------------------------------------------------------------------------------------------


def errors_of(operation: str, body: Any) -> list[str]:
    """What the contract has against that request."""
    pointer = f"/paths/~1{operation}/post/requestBody/content/application~1json/schema"
    validator = Draft202012Validator({"$ref": f"urn:contract#{pointer}"}, registry=REGISTRY)
    return [error.message for error in validator.iter_errors(body)]


@pytest.mark.parametrize("declared", ["none", "simple", "rrule"])
def test_every_request_is_as_the_contract_has_it(vendor: CustomVendor, declared: str) -> None:
    vendor.service.declared = {"recurrence": declared}
    provider = vendor.provider()
    gone = Occurrence(original=SPEC.start)
    moved = Occurrence(original=SPEC.start, start=SPEC.end, end=SPEC.end, title="Later")
    series = replace(SPEC, recurrence=("RRULE:FREQ=WEEKLY;COUNT=4",), occurrences=(gone, moved), attendees=())
    for number, spec in enumerate([*SPECS.values(), series]):
        made = provider.create(spec, f"{MARKER}{number}")
        provider.find(f"{MARKER}{number}", spec)
        provider.update(made.reference, spec, frozenset({"title"}), f"{MARKER}{number}")
        provider.get(made.reference)
        provider.delete(made.reference)
    for _, body in vendor.service.sent:
        told = json.loads(body)
        assert errors_of(told["operation"], told) == []


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("RRULE:FREQ=DAILY;COUNT=5",), "RRULE:FREQ=DAILY;COUNT=5"),
        (("RRULE:FREQ=WEEKLY",), "RRULE:FREQ=WEEKLY;BYDAY=MO"),
        (("RRULE:FREQ=WEEKLY;WKST=SU;INTERVAL=2;BYDAY=WE,MO",), "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU"),
        (("RRULE:FREQ=WEEKLY;UNTIL=20270331T215959Z",), "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=5"),
        (("RRULE:FREQ=MONTHLY;COUNT=3",), "RRULE:FREQ=MONTHLY;BYMONTHDAY=1;COUNT=3"),
        (("RRULE:FREQ=MONTHLY;BYDAY=1MO",), "RRULE:FREQ=MONTHLY;BYDAY=1MO"),
        (
            ("RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Berlin:20270308T100000"),
            "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=4",
        ),
        (("RRULE:FREQ=YEARLY",), None),
        (("RRULE:FREQ=WEEKLY;COUNT=3", "RDATE:20270401T080000Z"), None),
        (("RRULE:FREQ=SOMETIMES",), None),
    ],
)
def test_a_simple_series_is_told_simply_and_any_other_is_one_meeting(lines: tuple[str, ...], told: str | None) -> None:
    asked = spec_of(replace(SPEC, recurrence=lines), OwnRecurrence.LIMITED)
    assert asked["recurrence"] == ([told] if told else [])
    assert asked["openEnded"] is (told is None)


def test_lines_are_passed_on_to_a_server_that_keeps_them() -> None:
    lines = ("RRULE:FREQ=YEARLY", "EXDATE:20280301T090000Z")
    asked = spec_of(replace(SPEC, recurrence=lines), OwnRecurrence.RRULE)
    assert (asked["recurrence"], asked["openEnded"]) == (list(lines), False)


def test_a_meetings_host_stays(vendor: CustomVendor) -> None:
    made, provider = created(vendor), vendor.provider()
    provider.update(made.reference, replace(SPEC, host="bob@example.com"), frozenset({"title"}), MARKER)
    assert [spec["host"] for spec in vendor.service.specs()] == [SPEC.host]
    assert "host" not in provider.kept(SPEC)


# --- the signature ---------------------------------------------------------------------------------------------------


def test_what_is_sent_is_signed_each_time_anew(vendor: CustomVendor) -> None:
    made, provider = created(vendor), vendor.provider()
    provider.get(made.reference)
    provider.get(made.reference)
    for headers, body in vendor.service.sent:
        Webhook(SECRET).verify(body, headers)
    names = [headers["webhook-id"] for headers, _ in vendor.service.sent]
    assert len(set(names)) == len(names)
    assert not any("." in name for name in names)
    assert [headers.get("idempotency-key") for headers, _ in vendor.service.sent].count(MARKER) == 1


def test_while_the_secret_is_replaced_both_sign(vendor: CustomVendor) -> None:
    vendor.secrets.put("custom", f"{OTHER_SECRET}, {SECRET}")
    created(vendor)
    (*_, (headers, body)) = vendor.service.sent
    for secret in (SECRET, OTHER_SECRET):
        Webhook(secret).verify(body, headers)


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_c2hvcnQ=", SECRET[6:], SECRET + "!", f"{SECRET},", "whsec_" + "A" * 88, "whsec_é"]
)
def test_a_secret_that_is_none_is_told_without_it(vendor: CustomVendor, text: str) -> None:
    vendor.secrets.put("custom", text)
    with pytest.raises(NotConfigured, match="secret custom") as caught:
        created(vendor)
    assert SECRET[6:20] not in str(caught.value)
    assert vendor.service.sent == []


def test_a_missing_secret_is_no_missing_meeting(vendor: CustomVendor) -> None:
    made, provider = created(vendor), vendor.provider()
    vendor.secrets.error = NotFound("there is no secret 'custom'")
    with pytest.raises(NotConfigured):
        provider.get(made.reference)


# --- the configuration -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["http://rooms.example", "ftp://rooms.example", "rooms.example", "https://", "https://a/?b", "https://[a"]
)
def test_calls_go_by_https_only(vendor: CustomVendor, url: str) -> None:
    with pytest.raises(NotConfigured, match=r"solutions\.own\.api"):
        vendor.provider(url=url)


def test_what_is_not_its_matter_is_refused(vendor: CustomVendor) -> None:
    with pytest.raises(NotConfigured, match="personal"):
        vendor.provider(personal=True)
    with pytest.raises(NotConfigured, match="record"):
        vendor.provider(settings={"record": True})


# --- capabilities ----------------------------------------------------------------------------------------------------


def test_capabilities_are_asked_once_however_many_want_them(vendor: CustomVendor) -> None:
    provider = vendor.provider()
    assert vendor.service.sent == []
    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(id, pool.map(lambda _: provider.capabilities, range(16))))) == 1
    provider.create(SPEC, MARKER)
    provider.kept(SPEC)
    assert len(vendor.bodies("capabilities")) == 1


def test_a_server_that_was_out_of_reach_is_asked_again(vendor: CustomVendor) -> None:
    provider = vendor.provider()
    for fault in ({"cut": "after"}, {"status": 503}, {"status": 200, "body": {"contract": 1}}):
        vendor.faults.add(path=vendor.token, **fault)
        with pytest.raises(Temporary):
            provider.create(SPEC, MARKER)
    assert vendor.titles() == []
    assert provider.capabilities.updates


EXAMPLES = CONTRACT["paths"]["/capabilities"]["post"]["responses"]["200"]["content"]["application/json"]["examples"]
NOBODY_INVITED = Capabilities(mails_attendees=True)
"""What a server that declares no attendees is told of them: none."""
ALL: dict[str, Any] = {
    "recurrence": "simple",
    "occurrences": True,
    "attendees": True,
    "allDay": False,
    "pastStarts": False,
    "shortestSeconds": 900,
    "longestSeconds": 86400,
    "lifetimeSeconds": 10**30,
    "settleSeconds": 30,
    "drifts": False,
    "dailyLimit": {"calls": 5, "window": "rolling_day", "countsRefused": False},
    "later": {"versions": ["may add fields"]},
}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (EXAMPLES["all"]["value"], replace(NOBODY_INVITED, recurrence=OwnRecurrence.RRULE, occurrences=True)),
        (
            {**EXAMPLES["least"]["value"], "occurrences": False},
            replace(NOBODY_INVITED, updates=False, deletes=False, recurrence=OwnRecurrence.NONE, drifts=False),
        ),
        (
            ALL,
            Capabilities(
                recurrence=OwnRecurrence.LIMITED,
                occurrences=True,
                all_day=False,
                past_starts=False,
                shortest=timedelta(minutes=15),
                longest=timedelta(days=1),
                lifetime=timedelta(seconds=10**9),
                settle=timedelta(seconds=30),
                drifts=False,
                limit=CallLimit(calls=5, account="custom", window=LimitWindow.ROLLING_DAY, counts_refused=False),
            ),
        ),
    ],
)
def test_what_is_declared_is_what_the_engine_knows(
    vendor: CustomVendor, declared: dict[str, Any], expected: Capabilities
) -> None:
    vendor.service.declared = declared
    assert vendor.provider().capabilities == expected


@pytest.mark.parametrize(
    ("declared", "field"),
    [
        ({"contract": 2}, "contract"),
        ({"updates": "yes"}, "updates"),
        ({"recurrence": "RRULE"}, "recurrence"),
        ({"name": ""}, "name"),
        ({"shortestSeconds": None}, "shortestSeconds"),
        ({"longestSeconds": 0}, "longestSeconds"),
        ({"lifetimeSeconds": 60}, "lifetimeSeconds"),
        ({"settleSeconds": 3601}, "settleSeconds"),
        ({"dailyLimit": {"calls": 5}}, "dailyLimit"),
        ({"dailyLimit": {"calls": 5, "window": "hour"}}, "dailyLimit.window"),
    ],
)
def test_a_declaration_that_breaks_the_contract_names_the_field(
    vendor: CustomVendor, declared: dict[str, Any], field: str
) -> None:
    vendor.service.declared = declared
    with pytest.raises(Temporary, match=rf"`{field}`"):
        _ = vendor.provider().capabilities


# --- answers ---------------------------------------------------------------------------------------------------------


def test_all_that_calendar_can_show_is_shown(vendor: CustomVendor) -> None:
    vendor.faults.add(path="/create", status=201, body={**FULL, "later": "a field"})
    made = created(vendor)
    assert made.details == ConferenceDetails(
        entry_points=(
            EntryPoint(
                type=EntryPointType.VIDEO,
                uri="https://rooms.example/88123?k=5k2",
                label="rooms.example/88123",
                passcode="4711",
            ),
            EntryPoint(
                type=EntryPointType.PHONE,
                uri="tel:+46812345678,,88123%23",
                label="+46 8 123 456 78",
                access_code="88123",
                region_code="SE",
                features=(Feature.TOLL,),
            ),
            EntryPoint(type=EntryPointType.SIP, uri="sip:88123@rooms.example", label="88123@rooms.example"),
            EntryPoint(type=EntryPointType.MORE, uri="https://rooms.example/88123/numbers"),
        ),
        notes="This meeting is <b>recorded</b>.",
        parameters={"record": "yes"},
    )
    assert (made.reference.ids, made.reference.host) == ({"id": "alice@example.com/88123"}, SPEC.host)
    assert made.fingerprint == "7f9a2c"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "with space"}, "id"),
        ({"id": "line\n"}, "id"),
        ({"id": 5}, "id"),
        ({"notes": None}, "notes"),
        ({"notes": "x" * 2049}, "notes"),
        ({"parameters": {"record": ""}}, "parameters[...]"),
        ({"fingerprint": ""}, "fingerprint"),
        ({"entryPoints": []}, "entryPoints"),
        ({"entryPoints": [{**VIDEO, "uri": "rooms.example"}]}, "entryPoints[0].uri"),
        ({"entryPoints": [{**VIDEO, "entryPointType": "fax"}]}, "entryPoints[0].entryPointType"),
        ({"entryPoints": [{**VIDEO, "regionCode": "SE"}]}, "regionCode"),
        ({"entryPoints": [VIDEO, VIDEO]}, "entryPoints"),
        ({"entryPoints": [{**VIDEO, "entryPointType": "more"}]}, "entryPoints"),
    ],
)
def test_an_answer_that_breaks_the_contract_names_the_field(
    vendor: CustomVendor, changes: dict[str, Any], field: str
) -> None:
    broken = {"id": "1", "entryPoints": [VIDEO], **changes}
    vendor.faults.add(path="/create", status=201, body=broken)
    with pytest.raises(Ambiguous) as caught:
        created(vendor)
    assert f"`{field}`" in str(caught.value)
    vendor.faults.add(path="/find", status=200, body={"conferences": [broken]})
    with pytest.raises(Temporary):
        vendor.provider().find(MARKER, SPEC)


@pytest.mark.parametrize("body", [{}, {"deleted": False}, {"deleted": None}, []])
def test_a_deletion_that_is_not_confirmed_is_none(vendor: CustomVendor, body: Any) -> None:
    made = created(vendor)
    vendor.faults.add(path="/delete", status=200, body=body)
    with pytest.raises(Temporary):
        vendor.provider().delete(made.reference)


# --- errors ----------------------------------------------------------------------------------------------------------

CONNECT = {"error": "needs_permission", "message": "Connect first.", "address": "https://rooms.example/connect"}
NO_ADDRESS = {**CONNECT, "address": "javascript:alert(1)"}


def said(error: str) -> dict[str, str]:
    return {"error": error, "message": "Words for people."}


HTML = "<html>from a proxy</html>"
CREATE, OTHER, DELETE = "create", "get", "delete"
ERRORS: list[tuple[int, Any, str, type[ServiceError]]] = [
    (422, said("refused"), CREATE, Invalid),
    (422, said("refused"), OTHER, Invalid),
    (422, said("refused"), DELETE, PermissionDenied),
    (422, HTML, DELETE, PermissionDenied),
    (403, said("needs_permission"), CREATE, PermissionDenied),
    (403, CONNECT, CREATE, ReauthorizationRequired),
    (403, CONNECT, DELETE, ReauthorizationRequired),
    (403, NO_ADDRESS, CREATE, PermissionDenied),
    (403, HTML, CREATE, PermissionDenied),
    (429, said("broken"), CREATE, RateLimited),
    (503, said("broken"), CREATE, Temporary),
    (503, said("broken"), OTHER, Temporary),
    (500, said("broken"), CREATE, Ambiguous),
    (502, HTML, CREATE, Ambiguous),
    (504, HTML, CREATE, Ambiguous),
    (500, said("broken"), OTHER, Temporary),
    (504, HTML, DELETE, Temporary),
    (404, said("not_found"), OTHER, NotFound),
    (404, said("not_found"), DELETE, NotFound),
    (404, said("not_found"), CREATE, Temporary),
    (404, said("refused"), OTHER, Temporary),
    (404, HTML, OTHER, Temporary),
    (404, HTML, DELETE, Temporary),
    (410, HTML, OTHER, Temporary),
    (401, said("unverified"), CREATE, ReauthorizationRequired),
    (401, HTML, OTHER, ReauthorizationRequired),
    (400, said("malformed"), CREATE, Invalid),
    (400, said("malformed"), DELETE, PermissionDenied),
]


@pytest.mark.parametrize(("status", "body", "operation", "expected"), ERRORS)
def test_what_an_error_means(
    vendor: CustomVendor, status: int, body: Any, operation: str, expected: type[ServiceError]
) -> None:
    provider, reference = vendor.provider(), created(vendor).reference
    calls: Mapping[str, Callable[[], object]] = {
        CREATE: lambda: provider.create(SPEC, OTHER_MARKER),
        OTHER: lambda: provider.get(reference),
        DELETE: lambda: provider.delete(reference),
    }
    vendor.faults.add(path=f"/{operation}", status=status, body=body)
    with pytest.raises(ServiceError) as caught:
        calls[operation]()
    assert type(caught.value) is expected
    assert caught.value.status == status
    assert ("Words for people." in str(caught.value)) is (isinstance(body, dict) and "Words" in body["message"])


def test_people_are_told_where_to_give_permission(vendor: CustomVendor) -> None:
    with pytest.raises(ReauthorizationRequired, match=r"Open an account.*https://rooms\.example/sign-up"):
        created(vendor, replace(SPEC, host="eve@elsewhere.example"))


def test_a_wait_is_told(vendor: CustomVendor) -> None:
    vendor.faults.add(path="/create", status=503, body=said("broken"), headers={"Retry-After": "600"})
    with pytest.raises(RateLimited) as caught:
        created(vendor)
    assert caught.value.retry_at is not None
    assert abs(caught.value.retry_at - datetime.now(UTC) - timedelta(minutes=10)) < timedelta(seconds=10)
