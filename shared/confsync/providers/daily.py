"""Daily.co: rooms whose names are ours to choose, and which open and close by their own clock.

https://docs.daily.co/reference/rest-api/rooms
The room's name follows from the marker, so making it twice makes it once. The secret is an API key.
"""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any
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

VENDOR = Vendor(
    name="Daily",
    capabilities=Capabilities(recurrence=OwnRecurrence.RRULE, all_day=False),
    accounts=("one Daily domain, by an API key",),
    marker="the room's name, which follows from it",
    series="one room, open until 14 days after the last time",
    limits="20 calls a second; deletions 2 a second",
    cannot="titles; dial-in",
)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Properties of a room, by Daily's names; what is absent stays as the domain has it."""

    enable_knocking: bool | None = None
    enable_prejoin_ui: bool | None = None
    enable_chat: bool | None = None
    enable_screenshare: bool | None = None
    start_video_off: bool | None = None
    start_audio_off: bool | None = None
    owner_only_broadcast: bool | None = None
    max_participants: int | None = None
    lang: str | None = None
    geo: str | None = None


class _Config(msgspec.Struct, frozen=True):
    exp: int | None = None


class _Room(msgspec.Struct, frozen=True):
    name: str
    url: str
    config: _Config = _Config()
    privacy: str | None = None


class _Error(msgspec.Struct, frozen=True):
    error: str = ""
    info: str = ""


class Daily:
    """Rooms of one Daily domain."""

    capabilities = VENDOR.capabilities

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        of_the_organisation(solution)
        self._settings = settings_of(solution, Settings)
        self._outside = outside
        self._access = Access("daily", solution, config, outside, api=API, refusal=_refusal)
        self._api = self._access.of("")

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        deadline, name = self._access.deadline(), self._name(marker)
        body = {"name": name, "privacy": "public", "properties": {**msgspec.to_builtins(self._settings), **_kept(spec)}}
        try:
            return _conference(self._fetch("create a room", "POST", "/rooms", deadline, body))
        except Conflict:  # an earlier attempt made it
            return self._changed(name, spec, deadline)

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        return _kept(spec)

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:  # noqa: ARG002 - its name is enough
        try:
            return [_conference(self._fetch("read a room", "GET", _room(self._name(marker)), self._access.deadline()))]
        except NotFound:
            return []

    def get(self, reference: Reference) -> ProviderConference:
        return _conference(self._fetch("read a room", "GET", _room(reference.ids["name"]), self._access.deadline()))

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

    def _changed(self, name: str, spec: ConferenceSpec, deadline: Deadline) -> ProviderConference:
        body = {"properties": _kept(spec)}
        return _conference(self._fetch("update a room", "POST", _room(name), deadline, body, repeatable=True))

    def _fetch(
        self,
        action: str,
        method: str,
        path: str,
        deadline: Deadline,
        body: Mapping[str, Any] | None = None,
        *,
        repeatable: bool | None = None,
    ) -> _Room:
        return self._api.fetch(action, method, path, into=_Room, deadline=deadline, body=body, repeatable=repeatable)

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


def _conference(room: _Room) -> ProviderConference:
    parts = urlsplit(room.url)
    video = EntryPoint(type=EntryPointType.VIDEO, uri=room.url, label=f"{parts.netloc}{parts.path}")
    kept = msgspec.json.encode((room.config.exp, room.privacy))
    return ProviderConference(
        reference=Reference(ids={"name": room.name}),
        details=ConferenceDetails(entry_points=(video,)),
        fingerprint=sha256(kept).hexdigest()[:16],
    )


def _refusal(reply: Reply) -> Refusal:
    """What an error body adds to the status. https://docs.daily.co/reference/rest-api/your-domain/errors"""
    try:
        said = msgspec.json.decode(reply.body, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Error(info="no error of Daily's")
    kinds: Mapping[int, type[ServiceError]] = {
        401: ReauthorizationRequired,
        404: NotFound if said.error == "not-found" else Temporary,
    }
    taken = reply.status == 400 and "already exists" in said.info
    kind = Conflict if taken else kinds.get(reply.status)
    return Refusal(kind=kind, detail=f"{said.error}: {safe(said.info)}")
