"""Anybody's own conferencing system, behind our HTTP contract: deploy/custom-provider.yaml.

The server says itself what it can do, and owns accounts and tokens. Every call is a POST, signed as
https://www.standardwebhooks.com/ says. The secret is what signs, or two with a comma between them while it is replaced.
"""

import base64
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Meta, UnsetType
from standardwebhooks import Webhook

from confsync.domain.conference import ConferenceSpec, Occurrence, ProviderConference, Reference
from confsync.domain.entry_point import (
    MAX_CODE,
    MAX_ENTRY_POINTS,
    MAX_LABEL,
    MAX_NOTES,
    MAX_PARAMETER_KEY,
    MAX_PARAMETER_VALUE,
    MAX_PARAMETERS,
    MAX_URI,
    ConferenceDetails,
    EntryPoint,
    EntryPointType,
    Feature,
)
from confsync.domain.errors import (
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    ReauthorizationRequired,
    ServiceError,
    Temporary,
)
from confsync.domain.recurrence import WEEKDAYS, Frequency, SimpleRule, simple_rule
from confsync.domain.solution import CallLimit, Capabilities, LimitWindow, OwnRecurrence, Solution
from confsync.ports import Clock
from confsync.providers import Outside, ProviderConfig, Vendor, credential, of_the_organisation, required, settings_of
from confsync.transport.addresses import LOOPBACK
from confsync.transport.errors import UNREADABLE, Refusal, from_reply, safe, unreadable
from confsync.transport.messages import Reply, Request
from confsync.transport.session import Deadline, NoAuth, Session

CONTRACT = 1
SERVICE = "custom"
MIN_KEY, MAX_KEY = 24, 64  # bytes
MAX_LENGTH = 10**9  # seconds; more than thirty years are for ever
ACTIONS: Mapping[str, str] = {
    "capabilities": "say what it can do",
    "create": "create a meeting",
    "find": "find a meeting",
    "get": "show a meeting",
    "update": "change a meeting",
    "delete": "delete a meeting",
}
"""What each call asks for."""
OF_A_MEETING = frozenset(ACTIONS[each] for each in ("get", "update", "delete"))
"""What can be refused because there is no such meeting: `NotFound` of another call would give a meeting up."""
_UNVERIFIED = "the secret has to be the server's, and its clock right"
_ADDRESS = re.compile(r"https://\S{1,1792}")

VENDOR = Vendor(
    name="a system of your own",
    capabilities=Capabilities(),
    addresses={"api": ""},
    accounts=("your server's",),
    marker="your server keeps it with the meeting",
    series="as your server declares: none, simple ones, any RRULE",
    dial_in="if your server gives numbers",
    limits="as your server declares",
    cannot="what your server does not declare, changes and deletes among it",
)

T = TypeVar("T")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: what there is to choose is the server's matter."""


# --- answers ---------------------------------------------------------------------------------------------------------

# not sent is not null, which the contract has nowhere
Seconds = Annotated[int, Meta(ge=0)] | UnsetType
Code = Annotated[str, Meta(min_length=1, max_length=MAX_CODE)] | UnsetType
Label = Annotated[str, Meta(min_length=1, max_length=MAX_LABEL)] | UnsetType
Web = Annotated[str, Meta(max_length=MAX_URI, pattern=r"\Ahttps?:")]


class DailyLimit(msgspec.Struct, frozen=True, rename="camel"):
    """So many creations and changes of a host's meetings, together, per day."""

    calls: Annotated[int, Meta(ge=1)]
    window: LimitWindow
    counts_refused: bool = True


class Declared(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a server says that it can do."""

    contract: Literal[1]
    updates: bool
    deletes: bool
    recurrence: Literal["none", "simple", "rrule"]
    name: Annotated[str, Meta(min_length=1, max_length=100)] | UnsetType = UNSET
    occurrences: bool = False
    attendees: bool = False
    all_day: bool = True
    past_starts: bool = True
    shortest_seconds: Seconds = UNSET
    longest_seconds: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    lifetime_seconds: Annotated[int, Meta(ge=86_400)] | UnsetType = UNSET
    settle_seconds: Annotated[int, Meta(ge=0, le=3600)] = 0
    drifts: bool = True
    daily_limit: DailyLimit | UnsetType = UNSET


class _Codes(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    tag_field="entryPointType",
    forbid_unknown_fields=True,
):
    meeting_code: Code = UNSET
    access_code: Code = UNSET
    passcode: Code = UNSET
    password: Code = UNSET
    pin: Code = UNSET


class _Video(_Codes, frozen=True, kw_only=True, tag="video"):
    uri: Web
    label: Label = UNSET


class _Phone(_Codes, frozen=True, kw_only=True, tag="phone"):
    uri: Annotated[str, Meta(max_length=MAX_URI, pattern=r"\Atel:")]
    label: Label = UNSET
    region_code: Annotated[str, Meta(pattern=r"\A[A-Z]{2}\Z")] | UnsetType = UNSET
    features: Annotated[tuple[Feature, ...], Meta(max_length=1)] = msgspec.field(default=(), name="entryPointFeatures")


class _Sip(_Codes, frozen=True, kw_only=True, tag="sip"):
    uri: Annotated[str, Meta(max_length=MAX_URI, pattern=r"\Asips?:")]
    label: Label = UNSET


class _More(_Codes, frozen=True, kw_only=True, tag="more"):
    uri: Web


_Key = Annotated[str, Meta(min_length=1, max_length=MAX_PARAMETER_KEY)]
_Value = Annotated[str, Meta(min_length=1, max_length=MAX_PARAMETER_VALUE)]


class Meeting(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A meeting as a server has it."""

    id: Annotated[str, Meta(pattern=r"\A[!-~]{1,256}\Z")]
    entry_points: Annotated[tuple[_Video | _Phone | _Sip | _More, ...], Meta(min_length=1, max_length=MAX_ENTRY_POINTS)]
    notes: Annotated[str, Meta(min_length=1, max_length=MAX_NOTES)] | UnsetType = UNSET
    parameters: Annotated[dict[_Key, _Value], Meta(max_length=MAX_PARAMETERS)] = {}
    fingerprint: Annotated[str, Meta(min_length=1, max_length=256)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        try:
            self.details()
        except Invalid as error:  # what no field shows alone: two links, or only a page of numbers
            raise ValueError(f"{error}: `entryPoints`") from None

    def details(self) -> ConferenceDetails:
        """All that people need to join it."""
        points = tuple(
            EntryPoint(type=EntryPointType(str(each.__struct_config__.tag)), **_given(each))
            for each in self.entry_points
        )
        return ConferenceDetails(entry_points=points, notes=self.notes or None, parameters=self.parameters)


class Found(msgspec.Struct, frozen=True):
    """The meetings that have a marker."""

    conferences: tuple[Meeting, ...]


class Deleted(msgspec.Struct, frozen=True):
    """A meeting is gone."""

    deleted: bool

    def __post_init__(self) -> None:
        if not self.deleted:
            raise ValueError("`deleted` is not true")


class Refused(msgspec.Struct, frozen=True):
    """An error's body."""

    error: str = ""
    message: str = ""
    address: str = ""


def refused(reply: Reply) -> Refused:
    """What an error's body says; nothing if it is none of the contract's."""
    try:
        return msgspec.json.decode(reply.body, type=Refused)
    except UNREADABLE:
        return Refused()


# --- calls -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Server:
    """The contract's calls, at one address."""

    base: str
    keys: Callable[[], Sequence[Webhook]] = field(repr=False)
    """What requests are signed with, asked for each of them."""
    clock: Clock = field(repr=False)
    session: Session = field(repr=False)

    def ask(self, operation: str, into: type[T], deadline: Deadline, /, **fields: Any) -> T:
        """What is answered. Raises what an answer of another kind means, and what none does."""
        request = self.request(operation, **fields)
        return self.read(request, self.session.send(request, deadline), into)

    def request(self, operation: str, /, **fields: Any) -> Request:
        """The signed request; `fields` may also replace `contract` and `operation`, to try what a server does then."""
        body = msgspec.json.encode({"contract": CONTRACT, "operation": operation, **fields})
        key = {"Idempotency-Key": fields["marker"]} if operation == "create" else {}
        return Request(
            service=SERVICE,
            action=ACTIONS[operation],
            method="POST",
            url=f"{self.base}/{operation}",
            repeatable=operation != "create",
            auth=NoAuth(),
            headers={"Accept": "application/json", "Content-Type": "application/json", **key, **self.signed(body)},
            body=body,
        )

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers that prove that a body is ours."""
        name, at = f"msg_{self.clock.new_id()}", self.clock.now()
        return {
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(key.sign(name, at, body.decode()) for key in self.keys()),
        }

    def read(self, request: Request, reply: Reply, into: type[T]) -> T:
        """The reply's body. Raises what another reply means; of a body that breaks the contract, it names the field."""
        if not reply.ok:
            raise from_reply(request, reply, _refusal(request, reply), self.clock.now())
        try:
            return msgspec.json.decode(reply.body, type=into)
        except UNREADABLE as error:
            reason = str(error) if isinstance(error, msgspec.ValidationError) else "not with JSON"
            raise unreadable(request, reply, safe(reason.replace("$.", ""))) from None


def _refusal(request: Request, reply: Reply) -> Refusal:
    """What an error's body adds to the status. What people may do themselves, at an address, asks them to."""
    said = refused(reply)
    address = said.address if _ADDRESS.fullmatch(said.address) else ""
    kinds: Mapping[int, type[ServiceError]] = {
        401: ReauthorizationRequired,
        403: ReauthorizationRequired if said.error == "needs_permission" and address else PermissionDenied,
        404: NotFound if said.error == "not_found" and request.action in OF_A_MEETING else Temporary,
        410: Temporary,
    }
    words = f"{safe(said.error)}: {safe(said.message)}" if said.error else "no error of the contract's"
    hints = (_UNVERIFIED if reply.status == 401 else "", address)
    hint = "".join(f" ({each})" for each in hints if each)
    return Refusal(kind=kinds.get(reply.status), detail=words + hint)


def address_of(key: str, url: str) -> str:
    """The address without a final slash. Raises `NotConfigured`, which names the key, if calls may not go there."""
    try:
        parts = urlsplit(url)
        safe_there = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        usable = safe_there and parts.hostname and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        usable = False
    if not usable:
        raise NotConfigured(f"{key}: the server's address is https://..., or http://127.0.0.1, without a query")
    return url.rstrip("/")


def keys_of(text: str, name: str) -> tuple[Webhook, ...]:
    """What the secret of that name signs with. Raises `NotConfigured`, which names it, and never shows it."""
    return tuple(_key(each.strip(), name) for each in text.split(","))


def _key(text: str, name: str) -> Webhook:
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not text.startswith("whsec_") or not MIN_KEY <= len(key) <= MAX_KEY:
        raise NotConfigured(f"the secret {name} is not `whsec_` and the base64 of {MIN_KEY} to {MAX_KEY} random bytes")
    return Webhook(key)


# --- the provider ----------------------------------------------------------------------------------------------------


class Custom:
    """Meetings on one server: `api` is the address to which the names of the calls are appended."""

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        of_the_organisation(solution)
        settings_of(solution, Settings)
        self._config = config
        self._secret = required(solution, "secret", config.secret)
        self._server = Server(
            base=address_of(f"solutions.{solution.id}.api", required(solution, "api", config.api)),
            keys=lambda: keys_of(credential(outside.secrets, self._secret), self._secret),
            clock=outside.clock,
            session=config.session(),
        )
        self._capabilities: Capabilities | None = None
        self._lock = threading.Lock()

    @property
    def capabilities(self) -> Capabilities:
        """What the server declares, asked once. Raises what calls raise; then it is asked again next time."""
        return self._declared(self._deadline())

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        deadline = self._deadline()
        asked = self._spec(spec, deadline)
        return _conference(self._server.ask("create", Meeting, deadline, marker=marker, spec=asked), spec.host)

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        """All but the host, whose meeting it is and stays."""
        asked = self._spec(spec, self._deadline())
        del asked["host"]
        return asked

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        deadline = self._deadline()
        asked = self._spec(spec, deadline)
        found = self._server.ask("find", Found, deadline, marker=marker, spec=asked)
        return [_conference(each, spec.host) for each in found.conferences]

    def get(self, reference: Reference) -> ProviderConference:
        return self._get(reference, self._deadline())

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        deadline = self._deadline()
        asked = self._spec(replace(spec, host=reference.host or spec.host), deadline)
        if changed.isdisjoint(asked):
            return self._get(reference, deadline)
        told = self._server.ask("update", Meeting, deadline, id=reference.ids["id"], marker=marker, spec=asked)
        return _conference(told, reference.host)

    def delete(self, reference: Reference) -> None:
        """A refusal is never `Invalid`: as long as the meeting may exist, something has to become of it."""
        try:
            self._server.ask("delete", Deleted, self._deadline(), id=reference.ids["id"])
        except Invalid as error:
            raise PermissionDenied(str(error), service=error.service, status=error.status) from error

    def _get(self, reference: Reference, deadline: Deadline) -> ProviderConference:
        return _conference(self._server.ask("get", Meeting, deadline, id=reference.ids["id"]), reference.host)

    def _declared(self, deadline: Deadline) -> Capabilities:
        with self._lock:  # however many threads need it, one asks
            if self._capabilities is None:
                told = self._server.ask("capabilities", Declared, deadline)
                self._capabilities = capabilities(told, self._secret)
            return self._capabilities

    def _spec(self, spec: ConferenceSpec, deadline: Deadline) -> dict[str, Any]:
        return spec_of(spec, self._declared(deadline).recurrence)

    def _deadline(self) -> Deadline:
        return Deadline(self._config.deadline)


# --- values ----------------------------------------------------------------------------------------------------------


def capabilities(told: Declared, account: str) -> Capabilities:
    """What the server declares, in our words; `account` is whose daily limit it is."""
    limit = None
    if told.daily_limit:
        limit = CallLimit(account=account, **msgspec.structs.asdict(told.daily_limit))
    own = {"none": OwnRecurrence.NONE, "simple": OwnRecurrence.LIMITED, "rrule": OwnRecurrence.RRULE}
    return Capabilities(
        settle=timedelta(seconds=told.settle_seconds),
        limit=limit,
        recurrence=own[told.recurrence],
        occurrences=told.occurrences,
        updates=told.updates,
        deletes=told.deletes,
        mails_attendees=not told.attendees,  # as with those, it is told of nobody
        shortest=_length(told.shortest_seconds),
        longest=_length(told.longest_seconds),
        all_day=told.all_day,
        past_starts=told.past_starts,
        lifetime=_length(told.lifetime_seconds),
        drifts=told.drifts,
    )


def spec_of(spec: ConferenceSpec, recurrence: OwnRecurrence) -> dict[str, Any]:
    """The spec as the contract has it. A series that the server can't keep as one becomes one meeting without end."""
    lines = _lines(spec, recurrence)
    return {
        "title": spec.title,
        "start": _time(spec.start),
        "end": _time(spec.end),
        "timeZone": spec.time_zone,
        "allDay": spec.all_day,
        "openEnded": spec.open_ended or bool(spec.recurrence and not lines),
        "description": spec.description,
        "host": spec.host,
        "attendees": list(spec.attendees),
        "recurrence": lines,
        "occurrences": [_occurrence(each) for each in spec.occurrences] if lines else [],
    }


def _lines(spec: ConferenceSpec, recurrence: OwnRecurrence) -> list[str]:
    if recurrence is OwnRecurrence.RRULE:
        return list(spec.recurrence)
    rule = simple_rule(spec) if recurrence is OwnRecurrence.LIMITED else None
    return [] if rule is None else [_rrule(rule)]


def _rrule(rule: SimpleRule) -> str:
    days = ",".join(WEEKDAYS[day] for day in rule.weekdays)
    parts = {
        "FREQ": rule.frequency.upper(),
        "INTERVAL": rule.interval if rule.interval > 1 else None,
        "BYDAY": f"{rule.month_week or ''}{days}" or None,
        "BYMONTHDAY": rule.month_day,
        "WKST": WEEKDAYS[rule.week_start] if rule.frequency is Frequency.WEEKLY and rule.week_start else None,
        "COUNT": rule.count,
    }
    return "RRULE:" + ";".join(f"{name}={value}" for name, value in parts.items() if value is not None)


def _occurrence(told: Occurrence) -> dict[str, Any]:
    at = {"original": _time(told.original), "cancelled": told.cancelled}
    if told.start is None or told.end is None:
        return at
    return {**at, "start": _time(told.start), "end": _time(told.end), "title": told.title}


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def _length(seconds: int | UnsetType) -> timedelta | None:
    return None if seconds is UNSET else timedelta(seconds=min(seconds, MAX_LENGTH))


def _conference(told: Meeting, host: str) -> ProviderConference:
    return ProviderConference(
        reference=Reference(ids={"id": told.id}, host=host),
        details=told.details(),
        fingerprint=told.fingerprint or "",
    )


def _given(told: msgspec.Struct) -> dict[str, Any]:
    """The fields that were sent."""
    return {name: value for name, value in msgspec.structs.asdict(told).items() if value is not UNSET}
