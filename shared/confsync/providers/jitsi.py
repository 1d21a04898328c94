"""Self-hosted Jitsi Meet: a conference is nothing but an unguessable room name, so there is no API to call.

The room is derived from the marker, which makes creating it idempotent for free. https://jitsi.github.io/handbook/
An installation that asks for tokens gets one for each person, as they join: a token is theirs alone, and ends.
https://github.com/jitsi/lib-jitsi-meet/blob/master/doc/tokens.md
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

import jwt
import msgspec

from confsync.domain import derived
from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.errors import Invalid, NotConfigured, NotFound
from confsync.domain.solution import Capabilities, Solution
from confsync.domain.telephone import PAUSE, dial, is_international
from confsync.ports import Visitor
from confsync.providers import (
    Outside,
    ProviderConfig,
    Vendor,
    credential,
    credentials,
    of_the_organisation,
    required,
    settings_of,
)

TOKEN_LASTS = timedelta(hours=4)
"""A token is looked at when somebody enters, not while they stay."""
SKEW = timedelta(seconds=30)


VENDOR = Vendor(
    name="Jitsi Meet, self-hosted",
    capabilities=Capabilities(drifts=False),
    accounts=("the installation's",),
    marker="the room's name, which follows from it",
    series="one room for all",
    dial_in="by the installation's own bridge",
    cannot="titles and times: a room has neither",
)


class DialIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number of the installation's own telephone bridge and the PIN that it asks for.

    The number is in international form, perhaps with an extension: "+1 613 555 1212 ext. 27777".
    """

    number: str
    pin: Annotated[str, msgspec.Meta(pattern=r"^\d+$")] | None = None
    country: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$")] | None = None
    cost: Literal["toll", "toll_free"] | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`prefix` stands before each room's name. `config` overrides config.js options for everyone who follows the link.

    `app_id`: the installation asks for tokens of this issuer; then the secret is a JSON object. `audience` and `domain`
    are what it expects in them.
    https://jitsi.github.io/handbook/docs/dev-guide/dev-guide-configuration
    """

    prefix: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{0,40}$")] = ""
    config: dict[Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9.]*$")], bool | int | str] = {}
    dial_in: tuple[DialIn, ...] = ()
    app_id: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    audience: str = "jitsi"
    domain: str = "*"


class Keys(msgspec.Struct, frozen=True):
    """The secret of an installation that asks for tokens: rooms are derived from one, tokens signed with the other."""

    room_key: str
    app_secret: str


class Jitsi:
    """Rooms on the Jitsi Meet at the solution's `api` address."""

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        of_the_organisation(solution)
        self._settings = settings_of(solution, Settings)
        # there is nothing at Jitsi that anybody could change
        self.capabilities = replace(VENDOR.capabilities, join_redirect=self._settings.app_id is not None)
        self._solution = solution
        self._base = required(solution, "api", config.api).rstrip("/")
        self._secret = required(solution, "secret", config.secret)
        self._outside = outside
        try:
            self._details("room")
        except Invalid as error:
            raise NotConfigured(f"solutions.{solution.id}: {error}") from error

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:  # noqa: ARG002 - a room has no title or time
        return self._conference(self._room(marker))

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:  # noqa: ARG002
        return {}

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:  # noqa: ARG002 - a room is nobody's
        """Always the one room: it exists as soon as it can be named."""
        return [self._conference(self._room(marker))]

    def get(self, reference: Reference) -> ProviderConference:
        return self._conference(_room(reference))

    def update(
        self,
        reference: Reference,
        spec: ConferenceSpec,  # noqa: ARG002
        changed: frozenset[str],  # noqa: ARG002
        marker: str,  # noqa: ARG002
    ) -> ProviderConference:
        """Nothing of an event is stored at Jitsi."""
        return self.get(reference)

    def delete(self, reference: Reference) -> None:
        """Nothing to do: a room without people does not exist."""

    def join(self, reference: Reference, spec: ConferenceSpec, visitor: Visitor) -> str:  # noqa: ARG002
        """The room's address with a token for this person; Jitsi asks for a name that we don't know."""
        room, now = _room(reference), self._outside.clock.now()
        claims = {
            "iss": self._settings.app_id,
            "aud": self._settings.audience,
            "sub": self._settings.domain,
            "room": room,
            "nbf": int((now - SKEW).timestamp()),
            "exp": int((now + TOKEN_LASTS).timestamp()),
            "context": {"user": _user(visitor)},
        }
        token = jwt.encode(claims, self._keys().app_secret, algorithm="HS256")
        address, _, fragment = self._link(room).partition("#")
        return f"{address}?jwt={token}{'#' if fragment else ''}{fragment}"

    def _keys(self) -> Keys:
        keys = credentials(self._outside.secrets, self._secret, Keys)
        for name, key in msgspec.structs.asdict(keys).items():
            derived.long_enough(key, f"{self._secret}.{name}")
        return keys

    def _room_key(self) -> str:
        if self._settings.app_id is not None:
            return self._keys().room_key
        key = credential(self._outside.secrets, self._secret)
        if _has_tokens(key):
            told = f"the secret {self._secret} has an app_secret, to sign tokens"
            raise NotConfigured(f"{told}: solutions.{self._solution.id}.settings.app_id, their issuer, is missing")
        return derived.long_enough(key, self._secret)

    def _room(self, marker: str) -> str:
        name = derived.name(self._room_key(), marker)
        return f"{self._settings.prefix}-{name}" if self._settings.prefix else name

    def _conference(self, room: str) -> ProviderConference:
        # the reference names the room itself, so that a new key leaves existing conferences as they are
        return ProviderConference(reference=Reference(ids={"room": room}), details=self._details(room))

    def _link(self, room: str) -> str:
        link = f"{self._base}/{quote(room)}"
        fragment = "&".join(
            f"config.{name}={quote(json.dumps(value))}" for name, value in self._settings.config.items()
        )
        return f"{link}#{fragment}" if fragment else link

    def _details(self, room: str) -> ConferenceDetails:
        link = self._link(room)
        parts = urlsplit(link)
        video = EntryPoint(type=EntryPointType.VIDEO, uri=link, label=f"{parts.netloc}{parts.path}")
        return ConferenceDetails(entry_points=(video, *map(_phone, self._settings.dial_in)))


def _has_tokens(secret: str) -> bool:
    """Whether it is that of an installation that asks for tokens."""
    try:
        told = msgspec.json.decode(secret)
    except msgspec.DecodeError:
        return False
    return isinstance(told, dict) and "app_secret" in told


def _room(reference: Reference) -> str:
    if "room" not in reference.ids:
        raise NotFound("jitsi: this is not a reference to a room", service="jitsi")
    return reference.ids["room"]


def _user(visitor: Visitor) -> dict[str, str]:
    """All of them text, the truth of a matter too."""
    known = {"name": visitor.name, "email": visitor.email, "moderator": "true" if visitor.moderator else "false"}
    return {name: value for name, value in known.items() if value}


def _phone(number: DialIn) -> EntryPoint:
    dialled = dial(number.number, *([f"{PAUSE}{number.pin}#"] if number.pin else []))
    if dialled is None or not is_international(number.number):
        raise Invalid(f"settings.dial_in: {number.number!r} is no number in international form, as +49 69 12345678 is")
    uri, label = dialled
    return EntryPoint(
        type=EntryPointType.PHONE,
        uri=uri,
        label=label,
        pin=number.pin,
        region_code=number.country,
        features=(Feature(number.cost),) if number.cost else (),
    )
