"""8x8 JaaS, Jitsi as a service: rooms that are there as soon as somebody with a token enters.

https://developer.8x8.com/jaas/docs/api-keys-jwt
The room is derived from the marker. Its address alone lets nobody in: each person needs a token of their own, which
ends, so it is made as they join, and never stands in an invitation.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from confsync.domain import derived
from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.errors import NotConfigured, NotFound
from confsync.domain.solution import Capabilities, Solution
from confsync.ports import Visitor
from confsync.providers import Outside, ProviderConfig, Vendor, credentials, of_the_organisation, required, settings_of

API = "https://8x8.vc"
TOKEN_LASTS = timedelta(hours=4)
"""A token is looked at when somebody enters, not while they stay."""
SKEW = timedelta(seconds=30)


VENDOR = Vendor(
    name="8x8 JaaS",
    capabilities=Capabilities(drifts=False, join_redirect=True),
    accounts=("one JaaS application",),
    marker="the room's name, which follows from it",
    series="one room for all",
    cannot="titles and times: a room has neither; joining by telephone needs a token too",
)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What people may do in the room, by 8x8's names; moderators only, but for what the plan leaves to everybody."""

    recording: bool = False
    livestreaming: bool = False
    transcription: bool = False
    outbound_call: bool = False


Id = Annotated[str, msgspec.Meta(pattern=r"^[\w-]+\Z")]
"""A part of the key's name, which is `AppID/key id`: 8x8 shows the latter with both."""
AppId = Annotated[str, msgspec.Meta(pattern=r"^vpaas-magic-cookie-[\w-]+\Z")]


class Key(msgspec.Struct, frozen=True):
    """The secret, a JSON object: the application's id, and an API key with its private half in PEM."""

    app_id: AppId
    key_id: Id
    private_key: str


class JaaS:
    """Rooms of one JaaS application."""

    capabilities = VENDOR.capabilities

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        of_the_organisation(solution)
        self._settings = settings_of(solution, Settings)
        self._base = (config.api or API).rstrip("/")
        self._secret = required(solution, "secret", config.secret)
        self._outside = outside

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:  # noqa: ARG002 - a room has no title or time
        key, _ = self._key()
        return self._conference(key.app_id, derived.name(key.private_key, marker))

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:  # noqa: ARG002
        return {}

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        """Always the one room: it exists as soon as it can be named."""
        return [self.create(spec, marker)]

    def get(self, reference: Reference) -> ProviderConference:
        return self._conference(*_app_and_room(reference))

    def update(
        self,
        reference: Reference,
        spec: ConferenceSpec,  # noqa: ARG002
        changed: frozenset[str],  # noqa: ARG002
        marker: str,  # noqa: ARG002
    ) -> ProviderConference:
        """Nothing of an event is stored at 8x8."""
        return self.get(reference)

    def delete(self, reference: Reference) -> None:
        """Nothing to do: a room without people does not exist."""

    def join(self, reference: Reference, spec: ConferenceSpec, visitor: Visitor) -> str:  # noqa: ARG002
        """The room's address with a token for this person; 8x8 asks for a name that we don't know."""
        (_, room), (key, private), now = _app_and_room(reference), self._key(), self._outside.clock.now()
        claims = {
            "aud": "jitsi",
            "iss": "chat",
            "sub": key.app_id,
            "room": room,
            "nbf": int((now - SKEW).timestamp()),
            "exp": int((now + TOKEN_LASTS).timestamp()),
            "context": {"user": _user(visitor), "features": self._features()},
        }
        token = jwt.encode(claims, private, algorithm="RS256", headers={"kid": f"{key.app_id}/{key.key_id}"})
        return f"{self._base}/{quote(key.app_id)}/{quote(room)}?jwt={token}"

    def _key(self) -> tuple[Key, RSAPrivateKey]:
        key = credentials(self._outside.secrets, self._secret, Key)
        private = _private(key.private_key)
        if private is None:
            raise NotConfigured(f"the secret {self._secret}: private_key is no RSA private key in PEM")
        return key, private

    def _features(self) -> dict[str, str]:
        return {name: _truth(value) for name, value in msgspec.to_builtins(self._settings).items()}

    def _conference(self, app_id: str, room: str) -> ProviderConference:
        link = f"{self._base}/{quote(app_id)}/{quote(room)}"
        parts = urlsplit(link)
        video = EntryPoint(type=EntryPointType.VIDEO, uri=link, label=f"{parts.netloc}/{room}")
        return ProviderConference(
            reference=Reference(ids={"app": app_id, "room": room}), details=ConferenceDetails(entry_points=(video,))
        )


def _app_and_room(reference: Reference) -> tuple[str, str]:
    if not {"app", "room"} <= set(reference.ids):
        raise NotFound("jaas: this is not a reference to a room", service="jaas")
    return reference.ids["app"], reference.ids["room"]


def _private(pem: str) -> RSAPrivateKey | None:
    """The key, None if it is another kind of key, or none."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPrivateKey) else None


def _truth(value: bool) -> str:
    """8x8's, which is text."""
    return "true" if value else "false"


def _user(visitor: Visitor) -> dict[str, str]:
    """What is known of them."""
    known = {"name": visitor.name, "email": visitor.email, "moderator": _truth(visitor.moderator)}
    return {name: value for name, value in known.items() if value}
