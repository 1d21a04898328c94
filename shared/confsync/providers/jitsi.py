"""Self-hosted Jitsi Meet: a conference is nothing but an unguessable room name, so there is no API to call.

The room is derived from the marker, which makes creating it idempotent for free. https://jitsi.github.io/handbook/
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

import msgspec

from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.errors import Invalid, NotConfigured, NotFound
from confsync.domain.solution import Capabilities, Solution
from confsync.domain.telephone import PAUSE, dial, is_international
from confsync.providers import Outside, ProviderConfig, credential, of_the_organisation, required, settings_of

MIN_KEY = 32  # characters
_ROOM_BYTES = 20  # 160 bits, 32 letters in base 32


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

    https://jitsi.github.io/handbook/docs/dev-guide/dev-guide-configuration
    """

    prefix: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{0,40}$")] = ""
    config: dict[Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9.]*$")], bool | int | str] = {}
    dial_in: tuple[DialIn, ...] = ()


class Jitsi:
    """Rooms on the Jitsi Meet at the solution's `api` address."""

    capabilities = Capabilities(drifts=False)  # there is nothing at Jitsi that anybody could change

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        of_the_organisation(solution)
        self._settings = settings_of(solution, Settings)
        self._base = required(solution, "api", config.api).rstrip("/")
        self._secret = required(solution, "secret", config.secret)
        self._secrets = outside.secrets
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
        if "room" not in reference.ids:
            raise NotFound("jitsi: this is not a reference to a room", service="jitsi")
        return self._conference(reference.ids["room"])

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

    def _room(self, marker: str) -> str:
        key = credential(self._secrets, self._secret)
        if len(key) < MIN_KEY:
            raise NotConfigured(f"the secret {self._secret} must have at least {MIN_KEY} characters")
        digest = hmac.new(key.encode(), marker.encode(), hashlib.sha256).digest()
        # base 32: Jitsi treats a room's name without regard to case
        name = base64.b32encode(digest[:_ROOM_BYTES]).decode().lower()
        return f"{self._settings.prefix}-{name}" if self._settings.prefix else name

    def _conference(self, room: str) -> ProviderConference:
        # the reference names the room itself, so that a new key leaves existing conferences as they are
        return ProviderConference(reference=Reference(ids={"room": room}), details=self._details(room))

    def _details(self, room: str) -> ConferenceDetails:
        link = f"{self._base}/{quote(room)}"
        fragment = "&".join(
            f"config.{name}={quote(json.dumps(value))}" for name, value in self._settings.config.items()
        )
        parts = urlsplit(link)
        video = EntryPoint(
            type=EntryPointType.VIDEO,
            uri=f"{link}#{fragment}" if fragment else link,
            label=f"{parts.netloc}{parts.path}",
        )
        return ConferenceDetails(entry_points=(video, *map(_phone, self._settings.dial_in)))


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
