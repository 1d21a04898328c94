"""Daily.co: rooms whose names are ours to choose, and which open and close by their own clock.

https://docs.daily.co/reference/rest-api/rooms
The room's name follows from the marker, so making it twice makes it once. The secret is an API key.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

import msgspec

from confsync.domain import derived
from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.errors import (
    Conflict,
    NotFound,
    ReauthorizationRequired,
    ServiceError,
    Temporary,
)
from confsync.domain.recurrence import last_end
from confsync.domain.solution import Capabilities, OwnRecurrence, Solution
from confsync.providers import (
    Outside,
    ProviderConfig,
    Vendor,
    credential,
    of_the_organisation,
    settings_of,
)
from confsync.providers.access import Access
from confsync.transport.errors import Refusal, safe
from confsync.transport.messages import Reply
from confsync.transport.session import Deadline

API = "https://api.daily.co/v1"
KEPT_AFTER = timedelta(days=14)
"""A room stays open for so long after its event: meetings run late, and events are moved."""
OPEN_AT_LEAST = timedelta(days=1)
"""From now on, whenever its event was: Daily refuses an end in the past, and an expired room is gone for good."""

VENDOR = Vendor(
    name="Daily",
    capabilities=Capabilities(recurrence=OwnRecurrence.RRULE, all_day=False),
    addresses={"api": API},
    accounts=("one Daily domain, by an API key",),
    marker="the room's name, which follows from it",
    series="one room, open until 14 days after the last time",
    limits="20 calls a second; deletions 2 a second",
    cannot="titles; dial-in",
)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Properties of a room, by Daily's names; what is absent stays as the domain has it. (rooms/config)

    Into a private room come only people whom Daily knows, and with `enable_knocking` those whom they let in.
    """

    privacy: Literal["public", "private"] = "public"
    enable_knocking: bool | None = None
    enable_prejoin_ui: bool | None = None
    enable_people_ui: bool | None = None
    enable_pip_ui: bool | None = None
    enable_network_ui: bool | None = None
    enable_chat: bool | None = None
    enable_advanced_chat: bool | None = None
    enable_shared_chat_history: bool | None = None
    enable_emoji_reactions: bool | None = None
    enable_hand_raising: bool | None = None
    enable_live_captions_ui: bool | None = None
    enable_noise_cancellation_ui: bool | None = None
    enable_video_processing_ui: bool | None = None
    enable_breakout_rooms: bool | None = None
    enable_screenshare: bool | None = None
    enable_hidden_participants: bool | None = None
    enable_recording: Literal["cloud", "local", "raw-tracks"] | None = None
    enable_transcription_storage: bool | None = None
    start_video_off: bool | None = None
    start_audio_off: bool | None = None
    owner_only_broadcast: bool | None = None
    eject_at_room_exp: bool | None = None
    max_participants: Annotated[int, msgspec.Meta(ge=1)] | None = None
    lang: str | None = None
    geo: str | None = None


class _Room(msgspec.Struct, frozen=True):
    """`config` names only what is not as by default (rooms/create-room)."""

    name: str
    url: str
    config: dict[str, Any] = msgspec.field(default_factory=dict)
    privacy: str = ""


class _Error(msgspec.Struct, frozen=True):
    error: str = ""
    info: str = ""


class Daily:
    """Rooms of one Daily domain."""

    capabilities = VENDOR.capabilities

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        of_the_organisation(solution)
        settings = settings_of(solution, Settings)
        self._privacy = settings.privacy
        self._properties: dict[str, Any] = msgspec.to_builtins(settings)
        self._properties.pop("privacy", None)
        self._outside = outside
        self._access = Access("daily", solution, config, outside, api=API, refusal=_refusal)
        self._api = self._access.of("")

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        deadline, name = self._access.deadline(), self._name(marker)
        with suppress(Conflict):
            return self._made(name, spec, deadline)
        try:  # an earlier attempt made it
            return self._changed(name, spec, deadline)
        except NotFound:
            # it has expired, and keeps its name until it is collected or deleted (rooms/delete-room)
            with suppress(NotFound):  # what Daily says also of an expired room that it deletes
                self._api.send("delete an expired room", "DELETE", _room(name), deadline=deadline)
            return self._made(name, spec, deadline)

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        return _kept(spec)

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:  # noqa: ARG002 - its name is enough
        try:
            return [self._fetch("read a room", "GET", _room(self._name(marker)), self._access.deadline())]
        except NotFound:
            return []

    def get(self, reference: Reference) -> ProviderConference:
        return self._fetch("read a room", "GET", _room(reference.ids["name"]), self._access.deadline())

    def update(
        self,
        reference: Reference,
        spec: ConferenceSpec,
        changed: frozenset[str],
        marker: str,  # noqa: ARG002 - the name is the marker's
    ) -> ProviderConference:
        if not changed & set(_kept(spec)):
            return self.get(reference)
        return self._changed(reference.ids["name"], spec, self._access.deadline())

    def delete(self, reference: Reference) -> None:
        self._access.remove("delete a room", _room(reference.ids["name"]), reference.host)

    def _made(self, name: str, spec: ConferenceSpec, deadline: Deadline) -> ProviderConference:
        return self._fetch("create a room", "POST", "/rooms", deadline, {"name": name, **self._body(spec)})

    def _changed(self, name: str, spec: ConferenceSpec, deadline: Deadline) -> ProviderConference:
        """With all that we set: somebody may have changed any of it."""
        return self._fetch("update a room", "POST", _room(name), deadline, self._body(spec), repeatable=True)

    def _body(self, spec: ConferenceSpec) -> dict[str, Any]:
        """Null brings a default back, which for `exp` is none. (rooms/update-room)"""
        exp = _kept(spec)["exp"]
        soonest = int((self._outside.clock.now() + OPEN_AT_LEAST).timestamp())
        ends = {"exp": None if exp is None else max(exp, soonest)}
        return {"privacy": self._privacy, "properties": {**self._properties, **ends}}

    def _fetch(
        self,
        action: str,
        method: str,
        path: str,
        deadline: Deadline,
        body: Mapping[str, Any] | None = None,
        *,
        repeatable: bool | None = None,
    ) -> ProviderConference:
        return self._conference(
            self._api.fetch(action, method, path, into=_Room, deadline=deadline, body=body, repeatable=repeatable)
        )

    def _conference(self, room: _Room) -> ProviderConference:
        parts = urlsplit(room.url)
        video = EntryPoint(type=EntryPointType.VIDEO, uri=room.url, label=f"{parts.netloc}{parts.path}")
        ours = [room.privacy, *(room.config.get(name) for name in ("exp", *self._properties))]
        return ProviderConference(
            reference=Reference(ids={"name": room.name}),
            details=ConferenceDetails(entry_points=(video,)),
            fingerprint=sha256(msgspec.json.encode(ours)).hexdigest()[:16],
        )

    def _name(self, marker: str) -> str:
        return derived.name(
            derived.long_enough(credential(self._outside.secrets, self._access.secret), self._access.secret), marker
        )


def _kept(spec: ConferenceSpec) -> dict[str, Any]:
    """When the room closes, in seconds since 1970; none for a series without end."""
    ends = None if spec.open_ended else last_end(spec)
    return {"exp": None if ends is None else int((ends + KEPT_AFTER).timestamp())}


def _room(name: str) -> str:
    return f"/rooms/{quote(name, safe='')}"


_AUTHORIZATION = "authorization-header-error"
"""Of a 400: the header has no key that could be one."""


def _refusal(reply: Reply) -> Refusal:
    """What an error body adds to the status. https://docs.daily.co/reference/rest-api/your-domain/errors

    What the `error` of a missing room is stands nowhere, so its words count too: "room", not `/rooms` in an address.
    """
    try:
        said = msgspec.json.decode(reply.body, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Error(info="no error of Daily's")
    missing = said.error == "not-found" or (bool(said.error) and re.search(r"\broom\b", said.info) is not None)
    kinds: Mapping[int, type[ServiceError]] = {
        401: ReauthorizationRequired,
        404: NotFound if missing else Temporary,
    }
    kind = kinds.get(reply.status)
    if reply.status == 400 and said.error == _AUTHORIZATION:
        kind = ReauthorizationRequired
    elif reply.status == 400 and "already exists" in said.info:
        kind = Conflict
    return Refusal(kind=kind, detail=safe(f"{said.error}: {said.info}" if said.error else said.info))
