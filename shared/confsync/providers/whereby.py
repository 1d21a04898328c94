"""Whereby: rooms with an end that is chosen as they are made, and can't be moved.

https://docs.whereby.com/reference/whereby-rest-api-reference
A room whose event comes to need it for longer is made anew, and its link changes; any other keeps its room. The secret
is an API key.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

import msgspec

from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.errors import Invalid, NotFound, PermissionDenied, ReauthorizationRequired, Temporary
from confsync.domain.recurrence import last_end
from confsync.domain.solution import Capabilities, OwnRecurrence, Solution
from confsync.providers import Outside, ProviderConfig, Vendor, of_the_organisation, settings_of
from confsync.providers.access import Access
from confsync.transport.errors import Refusal, safe
from confsync.transport.messages import Reply
from confsync.transport.session import Deadline

API = "https://api.whereby.dev/v1"
LIFETIME = timedelta(days=3650)
"""So long after its first time a room lasts at most; one that is needed for longer is made anew before.

How far away an end may be stands nowhere; the pages' examples have 2099.
"""
LASTS = timedelta(days=2920)
"""So long a room has to last yet, to be kept for a series without end. It is more than `TOUCH_AFTER` of its lifetime:
until then nobody looks after it again."""
SLACK = timedelta(days=30)
"""A room ends so long after the year of its event, so that a move within the year does not cost it its link."""
OPEN_AT_LEAST = timedelta(days=1)
"""From now on, whenever its event was: an end in the past is refused (OpenAPI file)."""
PATTERN = r"^[a-z0-9-]{0,6}\Z"
"""Of a prefix's beginning: with what the marker gives it has 39 characters at most, all small ("Name prefixes")."""

VENDOR = Vendor(
    name="Whereby",
    capabilities=Capabilities(
        settle=timedelta(seconds=2),
        recurrence=OwnRecurrence.RRULE,
        all_day=False,
        lifetime=LIFETIME,
    ),
    addresses={"api": API},
    accounts=("one Whereby organisation, by an API key",),
    marker="the beginning of the room's name, in the list of rooms",
    series="one room, until a month after the year of the last time",
    limits="1000 points a minute",
    cannot="titles; dial-in; rooms that last longer than ten years; a later end than the room's, which costs its link",
)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a room is made with, by Whereby's names.

    Into a locked room people come only when a host lets them in, and hosts have their links from Whereby: we read none.
    """

    is_locked: bool | None = None
    room_mode: Literal["normal", "group"] | None = None
    room_name_prefix: Annotated[str, msgspec.Meta(pattern=PATTERN)] = ""


class _Room(msgspec.Struct, frozen=True, rename="camel"):
    """What we read of a room. Its host's address, which makes anyone the host, is not asked for."""

    meeting_id: str
    room_url: str
    start_date: str = ""
    """When it was made (OpenAPI file: "Start time now defaults to time of request")."""
    end_date: str = ""


class _Page(msgspec.Struct, frozen=True, rename="camel"):
    results: tuple[_Room, ...]
    cursor: str | None = None


class _Error(msgspec.Struct, frozen=True):
    error: str = ""
    message: str = ""


class Whereby:
    """Rooms of one organisation."""

    capabilities = VENDOR.capabilities

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        of_the_organisation(solution)
        self._settings = settings_of(solution, Settings)
        self._outside = outside
        self._access = Access("whereby", solution, config, outside, api=API, refusal=_refusal)
        self._api = self._access.of("")

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        chosen = {"isLocked": self._settings.is_locked, "roomMode": self._settings.room_mode}
        body = {
            "endDate": _text(self._end(spec)),
            "roomNamePrefix": self._prefix(marker),
            "roomNamePattern": "uuid",
            **{name: value for name, value in chosen.items() if value is not None},
        }
        return _conference(
            self._api.fetch(
                "create a room", "POST", "/meetings", into=_Room, deadline=self._access.deadline(), body=body
            )
        )

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        """In which year the room is last needed: within it, a move changes nothing."""
        ends = None if spec.open_ended else last_end(spec)
        return {"until": None if ends is None else ends.astimezone(UTC).year}

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:  # noqa: ARG002 - the list has no times
        """The list is asked for those that begin so, and not trusted to know that ("Name prefixes")."""
        beginning = f"/{self._prefix(marker)}"
        listed = self._list(beginning, self._access.deadline())
        found = [room for room in listed if urlsplit(room.room_url).path.startswith(beginning)]
        return [_conference(room) for room in sorted(found, key=lambda room: room.start_date)]

    def get(self, reference: Reference) -> ProviderConference:
        return _conference(self._read(reference, self._access.deadline()))

    def update(
        self,
        reference: Reference,
        spec: ConferenceSpec,
        changed: frozenset[str],
        marker: str,  # noqa: ARG002 - its name stays
    ) -> ProviderConference:
        """A room can't be changed. One that lasts long enough is left as it is, any other goes and is not found."""
        deadline = self._access.deadline()
        room = self._read(reference, deadline)
        if "until" not in changed or _ends(room) >= self._needed(spec):
            return _conference(room)
        try:
            self._api.send("delete a room", "DELETE", _room(reference), deadline=deadline)
        except Invalid as error:  # as `Access.remove` has it: as long as it may be there, it is not made anew
            raise PermissionDenied(str(error), service=error.service, status=error.status) from error
        raise NotFound("whereby's room would have ended before its event; it was deleted", service="whereby")

    def delete(self, reference: Reference) -> None:
        """Whereby says the same of a room that there is not (OpenAPI file); asking first would change nothing."""
        self._access.remove("delete a room", _room(reference), reference.host)

    def _read(self, reference: Reference, deadline: Deadline) -> _Room:
        return self._api.fetch("read a room", "GET", _room(reference), into=_Room, deadline=deadline)

    def _list(self, beginning: str, deadline: Deadline) -> Iterator[_Room]:
        query = {"roomName[startsWith]": beginning}
        while True:
            page = self._api.fetch("list rooms", "GET", "/meetings", into=_Page, deadline=deadline, query=query)
            yield from page.results
            if not page.cursor:
                return
            query = {**query, "cursor": page.cursor}

    def _end(self, spec: ConferenceSpec) -> datetime:
        """When the room closes: a month after the year in which it is last needed."""
        return max(self._wanted(spec, LIFETIME), self._outside.clock.now() + OPEN_AT_LEAST)

    def _needed(self, spec: ConferenceSpec) -> datetime:
        """How long a room that there is has to last, to be left as it is.

        As long as a new one would: within the year nobody asks again. Where a new one would last `LIFETIME` from now, a
        good part of it has to do, or each day would cost the link.
        """
        return max(self._wanted(spec, LASTS), self._outside.clock.now())

    def _wanted(self, spec: ConferenceSpec, at_most: timedelta) -> datetime:
        latest = max(self._outside.clock.now(), spec.end.astimezone(UTC)) + at_most
        ends = None if spec.open_ended else last_end(spec)
        if ends is None:
            return latest
        following = datetime(ends.astimezone(UTC).year + 1, 1, 1, tzinfo=UTC)
        return min(following + SLACK, latest)

    def _prefix(self, marker: str) -> str:
        return f"{self._settings.room_name_prefix}{sha256(marker.encode()).hexdigest()[:32]}"


def _room(reference: Reference) -> str:
    return f"/meetings/{quote(reference.ids['id'], safe='')}"


def _ends(room: _Room) -> datetime:
    """The past, if that can't be read."""
    try:
        when = datetime.fromisoformat(room.end_date)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _conference(room: _Room) -> ProviderConference:
    parts = urlsplit(room.room_url)
    video = EntryPoint(type=EntryPointType.VIDEO, uri=room.room_url, label=f"{parts.netloc}{parts.path}")
    return ProviderConference(
        reference=Reference(ids={"id": room.meeting_id}),
        details=ConferenceDetails(entry_points=(video,)),
        fingerprint=sha256(room.end_date.encode()).hexdigest()[:16],
    )


def _refusal(reply: Reply) -> Refusal:
    """What an error body adds to the status. Only that of 429 is documented, so any words of a JSON object do."""
    try:
        said = msgspec.json.decode(reply.body, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Error()
    words = said.error or said.message
    kinds = {401: ReauthorizationRequired, 404: NotFound if words else Temporary}
    return Refusal(kind=kinds.get(reply.status), detail=safe(words or "no error of Whereby's"))
