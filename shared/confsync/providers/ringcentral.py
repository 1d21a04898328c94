"""RingCentral Video: bridges of one person's account, by a JWT credential, or of people's own accounts.

https://developers.ringcentral.com/guide/video/bridges
A bridge has no times: the calendar is the source of record. Its web PIN is ours to choose and follows from the marker,
and by it a bridge is found again; there is no list. The host's phone PIN is never read.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

import msgspec
import structlog

from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.connection import Account
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.errors import (
    Ambiguous,
    AuthExpired,
    Invalid,
    NotFound,
    PermissionDenied,
    ServiceError,
    Temporary,
)
from confsync.domain.solution import Capabilities, OwnRecurrence, Solution
from confsync.domain.telephone import PAUSE, dial
from confsync.domain.text import line
from confsync.providers import Outside, ProviderConfig, Vendor, settings_of
from confsync.providers.access import SLOW, Access
from confsync.transport.errors import Refusal, safe
from confsync.transport.json_api import JsonApi
from confsync.transport.login import Login
from confsync.transport.messages import Reply
from confsync.transport.oauth import Client, Token
from confsync.transport.session import Deadline

API = "https://platform.ringcentral.com"
TOKEN_URL = f"{API}/restapi/oauth/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = ("Video", "ReadAccounts")
BRIDGES = "/rcvideo/v2/account/~/extension/~/bridges"
NUMBERS = "/restapi/v1.0/account/~/extension/~/conferencing"
MAX_NAME = 255  # nowhere documented
PIN_DIGITS = 12
NUMBERS_KEPT = timedelta(hours=1)
REFUSAL_KEPT = timedelta(minutes=5)
"""So long the telephone numbers, or that there are none for us, are not asked for again."""

log = structlog.get_logger()

VENDOR = Vendor(
    name="RingCentral Video",
    capabilities=Capabilities(settle=SLOW, recurrence=OwnRecurrence.RRULE, all_day=False),
    addresses={"api": API, "token_url": TOKEN_URL},
    accounts=("one person's, by a JWT credential", "people's own"),
    marker="the bridge's web PIN, which follows from it",
    series="one bridge for all",
    dial_in="yes, with the permission ReadAccounts",
    scopes=SCOPES,
    limits="10 creations and 40 other calls a minute and person",
    cannot="times: a bridge has none",
)


class Joining(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How people come in."""

    audioMuted: bool | None = None  # noqa: N815
    videoMuted: bool | None = None  # noqa: N815
    waitingRoomRequired: Literal["Nobody", "Everybody", "GuestsOnly", "OtherAccount"] | None = None  # noqa: N815


class Preferences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bridge's preferences in RingCentral's own names."""

    join: Joining | None = None
    joinBeforeHost: bool | None = None  # noqa: N815
    screenSharing: bool | None = None  # noqa: N815
    musicOnHold: bool | None = None  # noqa: N815
    playTones: Literal["On", "Off", "ExitOnly", "EnterOnly"] | None = None  # noqa: N815
    recordingsMode: Literal["Auto", "ForceAuto", "User"] | None = None  # noqa: N815
    transcriptionsMode: Literal["Auto", "ForceAuto", "User"] | None = None  # noqa: N815


class Security(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who comes in; a password is made up by RingCentral."""

    passwordProtected: bool = True  # noqa: N815
    noGuests: bool | None = None  # noqa: N815
    sameAccount: bool | None = None  # noqa: N815
    e2ee: bool | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Of each new bridge. `dial_in_country`: whose numbers stand first, RingCentral's own id of it."""

    security: Security = Security()
    preferences: Preferences | None = None
    dial_in: bool = True
    dial_in_country: Annotated[str, msgspec.Meta(pattern=r"^\d+$")] | None = None


class Credentials(msgspec.Struct, frozen=True):
    """The secret, a JSON object."""

    client_id: str
    client_secret: str
    jwt: str


class _PhonePins(msgspec.Struct, frozen=True):
    """Not the host's."""

    participant: str | None = None


class _Pins(msgspec.Struct, frozen=True):
    web: str
    pstn: _PhonePins = _PhonePins()


class _Password(msgspec.Struct, frozen=True, rename="camel"):
    plain_text: str | None = None
    pstn: str | None = None


class _Security(msgspec.Struct, frozen=True, rename="camel"):
    password: _Password | None = None
    password_protected: bool | None = None
    no_guests: bool | None = None
    same_account: bool | None = None
    e2ee: bool | None = None


class _Discovery(msgspec.Struct, frozen=True):
    web: str


class _Bridge(msgspec.Struct, frozen=True):
    id: str
    discovery: _Discovery
    pins: _Pins
    name: str = ""
    security: _Security = _Security()
    preferences: Any = None


class _Country(msgspec.Struct, frozen=True, rename="camel"):
    iso_code: str | None = None


class _Number(msgspec.Struct, frozen=True, rename="camel"):
    phone_number: str
    country: _Country | None = None


class _Numbers(msgspec.Struct, frozen=True, rename="camel"):
    phone_numbers: tuple[_Number, ...] = ()


class _Error(msgspec.Struct, frozen=True, rename="camel"):
    error_code: str = ""
    message: str = ""
    errors: tuple["_Error", ...] = ()


class _Contact(msgspec.Struct, frozen=True):
    email: str = ""


class _Extension(msgspec.Struct, frozen=True):
    id: int | str
    name: str = ""
    contact: _Contact = _Contact()


def _account(body: bytes) -> Account:
    extension = msgspec.json.decode(body, type=_Extension)
    return Account(id=str(extension.id), name=extension.contact.email or extension.name)


LOGIN = Login(
    authorize_url=f"{API}/restapi/oauth/authorize",
    token_url=TOKEN_URL,
    revoke_url=f"{API}/restapi/oauth/revoke",
    account_url=f"{API}/restapi/v1.0/account/~/extension/~",
    account=_account,
    scopes=SCOPES,
    hint=None,
    idle=timedelta(days=7),  # https://developers.ringcentral.com/guide/authentication/refresh-tokens
)


class RingCentral:
    """Bridges of one account, or of people's own."""

    capabilities = VENDOR.capabilities

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        self._solution = solution
        self._settings = settings_of(solution, Settings)
        self._clock = outside.clock
        self._access = Access("ringcentral", solution, config, outside, api=API, refusal=_of_a_bridge, token=_token)
        self._numbers: dict[str, tuple[datetime, tuple[_Number, ...]]] = {}
        """Until when they are good, by whose they are."""

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        deadline = self._access.deadline()
        body = {
            "type": "Scheduled",
            "name": self._name(spec),
            "pins": {"web": self._pin(marker)},
            **self._chosen(),
        }
        api = self._without_bridge(spec.host)
        bridge = api.fetch("create a bridge", "POST", BRIDGES, into=_Bridge, deadline=deadline, body=body)
        try:
            return self._conference(bridge, spec.host, deadline)
        except ServiceError as error:
            message = f"ringcentral created bridge {bridge.id}, but then: {error}"
            raise Ambiguous(message, service="ringcentral") from error

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        return {"name": self._name(spec), "settings": self._chosen()}

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        api, deadline = self._access.of(spec.host), self._access.deadline()
        path = f"/rcvideo/v2/bridges/pin/web/{self._pin(marker)}"
        try:
            bridge = api.fetch("look for a bridge", "GET", path, into=_Bridge, deadline=deadline)
        except NotFound:
            return []
        return [self._conference(bridge, spec.host, deadline)]

    def get(self, reference: Reference) -> ProviderConference:
        deadline = self._access.deadline()
        return self._conference(self._call("read a bridge", "GET", reference, deadline), reference.host, deadline)

    def update(
        self,
        reference: Reference,
        spec: ConferenceSpec,
        changed: frozenset[str],
        marker: str,  # noqa: ARG002 - the PIN stays
    ) -> ProviderConference:
        deadline = self._access.deadline()
        body: dict[str, Any] = {"name": self._name(spec)} if "name" in changed else {}
        bridge = None
        if "settings" in changed or not body:
            bridge = self._call("read a bridge", "GET", reference, deadline)
        if bridge is not None and "settings" in changed:
            body |= self._mended(bridge)
        if body or bridge is None:
            bridge = self._call("update a bridge", "PATCH", reference, deadline, body)
        return self._conference(bridge, reference.host, deadline)

    def delete(self, reference: Reference) -> None:
        self._access.remove("delete a bridge", _bridge(reference), reference.host)

    def _call(
        self,
        action: str,
        method: str,
        reference: Reference,
        deadline: Deadline,
        body: Mapping[str, Any] | None = None,
    ) -> _Bridge:
        api = self._access.of(reference.host)
        return api.fetch(action, method, _bridge(reference), into=_Bridge, deadline=deadline, body=body)

    def _without_bridge(self, host: str) -> JsonApi:
        """The API, for calls about no bridge that there should be."""
        return replace(self._access.of(host), refusal=_refusal)

    def _chosen(self) -> dict[str, Any]:
        """The settings as they are sent."""
        chosen: dict[str, Any] = msgspec.to_builtins(self._settings)
        protected = {"passwordProtected": self._settings.security.passwordProtected}
        preferences = {name: chosen[name] for name in ("preferences",) if name in chosen}
        return {"security": {**protected, **chosen.get("security", {})}, **preferences}

    def _mended(self, bridge: _Bridge) -> dict[str, Any]:
        """Those of the settings that are to be sent, as this bridge has others.

        That it is protected is left out where it is: what becomes of its password then stands nowhere (spec,
        BridgeRequestSecurity), and a new one would be a new link.
        """
        has: Mapping[str, Any] = {
            "security": msgspec.to_builtins(bridge.security),
            "preferences": bridge.preferences,
        }
        chosen = self._chosen()
        if chosen["security"]["passwordProtected"] == bridge.security.password_protected:
            del chosen["security"]["passwordProtected"]
        return {name: each for name, each in chosen.items() if not _is_so(each, has[name])}

    def _name(self, spec: ConferenceSpec) -> str:
        return line(spec.title, MAX_NAME) or self._solution.name

    def _pin(self, marker: str) -> str:
        """Keyed, where there is a key; who guesses it needs the password still."""
        key = "" if self._access.personal else self._access.credentials(Credentials).client_secret
        digest = hmac.new(key.encode(), marker.encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(digest[:8]) % 10**PIN_DIGITS:0{PIN_DIGITS}}"

    def _conference(self, bridge: _Bridge, host: str, deadline: Deadline) -> ProviderConference:
        security = bridge.security
        kept = (
            bridge.name,
            security.password_protected,
            security.no_guests,
            security.same_account,
            security.e2ee,
            bridge.preferences,
        )
        numbers = self._dial_in(host, deadline) if self._settings.dial_in else ()
        return ProviderConference(
            reference=Reference(ids={"id": bridge.id}, host=host),
            details=ConferenceDetails(entry_points=_entry_points(bridge, numbers)),
            fingerprint=hashlib.sha256(msgspec.json.encode(kept, order="deterministic")).hexdigest()[:16],
        )

    def _dial_in(self, host: str, deadline: Deadline) -> tuple[_Number, ...]:
        """The account's numbers, which are the same for all its bridges. None if they are refused: that they can't be
        told says nothing of a bridge."""
        now = self._clock.now()
        until, numbers = self._numbers.get(host, (now, ()))
        if now < until:
            return numbers
        country = self._settings.dial_in_country
        query = {"countryId": country} if country else {}
        api = self._without_bridge(host)
        try:
            told = api.fetch("read the numbers", "GET", NUMBERS, into=_Numbers, deadline=deadline, query=query)
        except ServiceError as error:
            if not isinstance(error, Invalid | NotFound | PermissionDenied) and error.status != 404:
                raise
            wrong = country is not None and not isinstance(error, PermissionDenied)
            setting = f"solutions.{self._solution.id}.settings.{'dial_in_country' if wrong else 'dial_in'}"
            log.warning("bridges have no telephone numbers", setting=setting, reason=str(error))
            self._numbers[host] = now + REFUSAL_KEPT, ()
        else:
            self._numbers[host] = now + NUMBERS_KEPT, told.phone_numbers
        return self._numbers[host][1]


def _token(access: Access, deadline: Deadline) -> Token:
    app = access.credentials(Credentials)
    grant = {"grant_type": JWT_BEARER, "assertion": app.jwt}
    return access.token(TOKEN_URL, Client(id=app.client_id, secret=app.client_secret, grant=grant), deadline)


def _bridge(reference: Reference) -> str:
    return f"/rcvideo/v2/bridges/{quote(reference.ids['id'], safe='')}"


def _is_so(asked: Any, has: Any) -> bool:
    """Whether what is asked for is so already, at every depth."""
    if not isinstance(asked, Mapping):
        return bool(asked == has)
    return isinstance(has, Mapping) and all(_is_so(each, has.get(name)) for name, each in asked.items())


def _entry_points(bridge: _Bridge, numbers: tuple[_Number, ...]) -> tuple[EntryPoint, ...]:
    """The link and the numbers; some of them are free of charge, but RingCentral does not tell which."""
    password = bridge.security.password or _Password()
    video = EntryPoint(
        type=EntryPointType.VIDEO,
        uri=bridge.discovery.web,
        label=f"{urlsplit(bridge.discovery.web).netloc}/join/{bridge.pins.web}",
        meeting_code=bridge.pins.web,
        password=password.plain_text,
    )
    pin = bridge.pins.pstn.participant
    if pin is None:
        return (video,)
    keys = [f"{PAUSE}{pin}#", *([f"{PAUSE}{password.pstn}#"] if password.pstn else [])]
    phones = {}
    for number in numbers:
        dialled = dial(number.phone_number, *keys)
        if dialled:
            uri, label = dialled
            phones[uri] = EntryPoint(
                type=EntryPointType.PHONE,
                uri=uri,
                label=label,
                pin=pin,
                passcode=password.pstn,
                region_code=number.country.iso_code if number.country else None,
            )
    return (video, *phones.values())


def _of_a_bridge(reply: Reply) -> Refusal:
    """What a refusal of a call about one bridge means: that there is none, if anything is not there."""
    code, _ = _said(reply)
    refusal = _refusal(reply)
    return replace(refusal, kind=NotFound) if code == "CMN-102" else refusal  # which comes with 400, too


def _refusal(reply: Reply) -> Refusal:
    """What an error body adds to the status. https://developers.ringcentral.com/guide/basics/errors"""
    code, words = _said(reply)
    kinds: Mapping[int, type[ServiceError]] = {
        401: AuthExpired,
        404: Temporary,  # an address that there is not, or a stranger's word
    }
    return Refusal(kind=kinds.get(reply.status), detail=f"{code}: {safe(words)}")


def _said(reply: Reply) -> tuple[str, str]:
    """The code and the words of an error body."""
    try:
        said = msgspec.json.decode(reply.body, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Error(message="no error of RingCentral's")
    first = said.errors[0] if said.errors else said  # often there is nothing but the list
    return first.error_code, said.message or first.message
