"""The provider: Graph's calls, and what is sent with them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.errors import Ambiguous, NotConfigured, NotFound, ServiceError
from confsync.domain.solution import Capabilities, OwnRecurrence, Solution
from confsync.domain.telephone import PAUSE, dial
from confsync.domain.text import line
from confsync.providers import Outside, ProviderConfig, Vendor, settings_of
from confsync.providers.access import Access
from confsync.providers.teams import tokens
from confsync.providers.teams.refusals import refusal
from confsync.providers.teams.settings import APPLICATION, MeetingSettings, Settings
from confsync.transport.session import Deadline

API = "https://graph.microsoft.com/v1.0"
LIFETIME = timedelta(days=60)
"""So long after a meeting's end, or its last change, its link opens another meeting, with other dial-in details.

https://learn.microsoft.com/microsoftteams/meeting-expiration
"""
ME = "me"
PREFER = {"Prefer": "include-unknown-enum-members"}
"""Else the newer kinds of lobbies are answered as unknown ones."""
MAX_SUBJECT = 255  # nowhere documented for meetings; what Outlook takes for an event

VENDOR = Vendor(
    name="Microsoft Teams",
    capabilities=Capabilities(recurrence=OwnRecurrence.NONE, all_day=False, lifetime=LIFETIME),
    addresses={"api": API, "token_url": tokens.LOGIN},
    accounts=("the organisation's, by an application with an access policy", "people's own"),
    marker="`externalId`: asking for the meeting again gives the same one",
    series="one meeting for all, kept alive while the series lasts",
    dial_in="yes, with the host's Audio Conferencing licence",
    scopes=APPLICATION,
    limits="2000 new meetings per host and month",
    cannot="a passcode together with the marker: a create whose answer was lost may leave a meeting that nobody sees",
)


class _Audio(msgspec.Struct, frozen=True, rename="camel"):
    toll_number: str | None = None
    toll_numbers: tuple[str, ...] | None = None
    toll_free_number: str | None = None
    toll_free_numbers: tuple[str, ...] | None = None
    conference_id: str | None = None
    dialin_url: str | None = None


class _JoinSettings(msgspec.Struct, frozen=True, rename="camel"):
    join_meeting_id: str | None = None
    passcode: str | None = None


class _Interop(msgspec.Struct, frozen=True, rename="camel"):
    tenant_key: str | None = None
    video_teleconference_id: str | None = None


class _Meeting(msgspec.Struct, frozen=True, rename="camel"):
    """What we read of a meeting. The organizer's link to its options is not among it."""

    id: str
    join_web_url: str
    start_date_time: str
    end_date_time: str
    subject: str | None = None
    audio_conferencing: _Audio | None = None
    join_meeting_id_settings: _JoinSettings | None = None
    cloud_video_interop_info: _Interop | None = None
    lobby_bypass_settings: Any = None
    allowed_presenters: Any = None
    record_automatically: Any = None


class _User(msgspec.Struct, frozen=True):
    id: str


class Teams:
    """Meetings of one tenant, or of people's own accounts."""

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        self._solution = solution
        self._settings = settings_of(solution, Settings)
        self.capabilities = VENDOR.capabilities
        self._access = Access("teams", solution, config, outside, api=API, refusal=refusal, token=tokens.fetch)
        self._users: dict[str, str] = {}

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        deadline = self._access.deadline()
        user = self._user(spec.host, deadline)
        meeting = self._new(spec, marker, user, deadline)
        try:
            return self._conference(self._brought_to(meeting, spec, user, deadline), spec.host, user)
        except ServiceError as error:
            raise Ambiguous(f"teams created a meeting, but then: {error}", service="teams") from error

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        return {"subject": self._subject(spec), "times": _times(spec), "settings": self._options()}

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        """The meeting of that marker. Asking for it makes it, if there is none: Graph has no other way to look."""
        if self._settings.passcode:
            return []
        deadline = self._access.deadline()
        user = self._user(spec.host, deadline)
        try:
            return [self._conference(self._by_marker(spec, marker, user, deadline), spec.host, user)]
        except NotFound:
            return []  # it was deleted, and its marker with it

    def get(self, reference: Reference) -> ProviderConference:
        return self._conference(self._read(reference, self._access.deadline()), reference.host, reference.ids["user"])

    def update(
        self,
        reference: Reference,
        spec: ConferenceSpec,
        changed: frozenset[str],
        marker: str,  # noqa: ARG002 - what `externalId` once was, it stays
    ) -> ProviderConference:
        deadline, user = self._access.deadline(), reference.ids["user"]
        subject = {"subject": self._subject(spec)} if "subject" in changed else {}
        times = _times(spec) if "times" in changed else {}
        body = {**subject, **times, **(self._options() if "settings" in changed else {})}
        if not body:
            return self._conference(self._read(reference, deadline), reference.host, user)
        meeting = self._changed(_meeting(user, reference.ids["id"]), body, reference.host, deadline)
        return self._conference(meeting, reference.host, user)

    def delete(self, reference: Reference) -> None:
        path = _meeting(reference.ids["user"], reference.ids["id"])
        self._access.remove("delete a meeting", path, reference.host)

    # --- whose -------------------------------------------------------------------------------------------------------

    def _user(self, host: str, deadline: Deadline) -> str:
        """The host's object id, by which alone an application reaches their meetings. It never changes."""
        if self._solution.personal:
            return ME
        if not host:
            raise NotConfigured(f"solutions.{self._solution.id}.hosts: name a user of the tenant")
        if host not in self._users:
            path, only = f"/users/{quote(host, safe='@')}", {"$select": "id"}
            found = self._access.of(host).fetch(
                "look a host up", "GET", path, into=_User, deadline=deadline, query=only
            )
            self._users[host] = found.id
        return self._users[host]

    # --- calls -------------------------------------------------------------------------------------------------------

    def _new(self, spec: ConferenceSpec, marker: str, user: str, deadline: Deadline) -> _Meeting:
        if not self._settings.passcode:
            return self._by_marker(spec, marker, user, deadline)
        body = {
            "subject": self._subject(spec),
            **_times(spec),
            **self._options(),
            "joinMeetingIdSettings": {"isPasscodeRequired": True},
        }
        api = self._access.of(spec.host)
        return api.fetch(
            "create a meeting", "POST", _meetings(user), into=_Meeting, deadline=deadline, body=body, headers=PREFER
        )

    def _by_marker(self, spec: ConferenceSpec, marker: str, user: str, deadline: Deadline) -> _Meeting:
        body = {"externalId": marker, "subject": self._subject(spec), **_times(spec)}
        return self._access.of(spec.host).fetch(
            "create a meeting",
            "POST",
            f"{_meetings(user)}/createOrGet",
            into=_Meeting,
            deadline=deadline,
            body=body,
            headers=PREFER,
        )

    def _brought_to(self, meeting: _Meeting, spec: ConferenceSpec, user: str, deadline: Deadline) -> _Meeting:
        """One that was there already may have had another name, and settings can only be changed."""
        asked = {"subject": self._subject(spec), **_times(spec)}
        has = {"subject": meeting.subject, **_shown_times(meeting)}
        body = ({} if has == asked else asked) | ({} if self._settings.passcode else self._options())
        return self._changed(_meeting(user, meeting.id), body, spec.host, deadline) if body else meeting

    def _changed(self, path: str, body: Mapping[str, Any], host: str, deadline: Deadline) -> _Meeting:
        return self._access.of(host).fetch(
            "update a meeting", "PATCH", path, into=_Meeting, deadline=deadline, body=body, headers=PREFER
        )

    def _read(self, reference: Reference, deadline: Deadline) -> _Meeting:
        path = _meeting(reference.ids["user"], reference.ids["id"])
        return self._ask("read a meeting", "GET", path, reference.host, deadline)

    def _ask(
        self,
        action: str,
        method: str,
        path: str,
        host: str,
        deadline: Deadline,
        body: Mapping[str, Any] | None = None,
    ) -> _Meeting:
        """The meeting that the call answers."""
        api = self._access.of(host)
        return api.fetch(action, method, path, into=_Meeting, deadline=deadline, body=body, headers=PREFER)

    # --- values ------------------------------------------------------------------------------------------------------

    def _subject(self, spec: ConferenceSpec) -> str:
        return line(spec.title, MAX_SUBJECT) or self._solution.name

    def _options(self) -> dict[str, Any]:
        chosen: dict[str, Any] = msgspec.to_builtins(self._settings)
        return {name: chosen[name] for name in MeetingSettings.__struct_fields__ if name in chosen}

    def _conference(self, meeting: _Meeting, host: str, user: str) -> ProviderConference:
        kept = (
            meeting.subject,
            _shown_times(meeting),
            meeting.lobby_bypass_settings,
            meeting.allowed_presenters,
            meeting.record_automatically,
        )
        return ProviderConference(
            reference=Reference(ids={"id": meeting.id, "user": user}, host=host),
            details=ConferenceDetails(entry_points=_entry_points(meeting)),
            fingerprint=sha256(msgspec.json.encode(kept, order="deterministic")).hexdigest()[:16],
        )


def _meetings(user: str) -> str:
    return "/me/onlineMeetings" if user == ME else f"/users/{quote(user)}/onlineMeetings"


def _meeting(user: str, meeting_id: str) -> str:
    return f"{_meetings(user)}/{quote(meeting_id, safe='')}"


def _times(spec: ConferenceSpec) -> dict[str, str]:
    """Both of them: Graph takes no other."""
    return {"startDateTime": _text(spec.start), "endDateTime": _text(spec.end)}


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def _shown_times(meeting: _Meeting) -> dict[str, str]:
    """As we would send them: Graph answers up to seven digits of a second."""
    whole = {"startDateTime": meeting.start_date_time, "endDateTime": meeting.end_date_time}
    return {name: f"{each.rstrip('Z').partition('.')[0]}Z" for name, each in whole.items()}


def _entry_points(meeting: _Meeting) -> tuple[EntryPoint, ...]:
    """The link, the address for video rooms, and the telephone numbers, where the host's licences give them."""
    joining = meeting.join_meeting_id_settings or _JoinSettings()
    address = urlsplit(meeting.join_web_url)
    video = EntryPoint(
        type=EntryPointType.VIDEO,
        uri=meeting.join_web_url,
        label=address.netloc,
        meeting_code=joining.join_meeting_id,
        passcode=joining.passcode,
    )
    return (video, *_rooms(meeting), *_phones(meeting.audio_conferencing or _Audio()))


def _rooms(meeting: _Meeting) -> list[EntryPoint]:
    """Where the partner's tenant key is an address: a room can't call the bare id that it may also be."""
    interop = meeting.cloud_video_interop_info or _Interop()
    address = interop.tenant_key or ""
    if "@" not in address or interop.video_teleconference_id is None:
        return []
    return [
        EntryPoint(
            type=EntryPointType.SIP,
            uri=f"sip:{address}",
            label=address,
            meeting_code=interop.video_teleconference_id,
        )
    ]


def _phones(audio: _Audio) -> list[EntryPoint]:
    if audio.conference_id is None:
        return []
    toll = dict.fromkeys([*filter(None, [audio.toll_number]), *(audio.toll_numbers or ())], Feature.TOLL)
    free = dict.fromkeys([*filter(None, [audio.toll_free_number]), *(audio.toll_free_numbers or ())], Feature.TOLL_FREE)
    phones = [
        phone for number, cost in {**toll, **free}.items() if (phone := _phone(number, cost, audio.conference_id))
    ]
    more = [EntryPoint(type=EntryPointType.MORE, uri=audio.dialin_url)] if audio.dialin_url and phones else []
    return [*phones, *more]


def _phone(number: str, cost: Feature, conference_id: str) -> EntryPoint | None:
    """None for a number that can't be dialled."""
    dialled = dial(number, f"{PAUSE}{conference_id}#")
    if dialled is None:
        return None
    uri, label = dialled
    return EntryPoint(type=EntryPointType.PHONE, uri=uri, label=label, access_code=conference_id, features=(cost,))
