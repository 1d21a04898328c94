"""Webex Meetings: of an organisation's service app or integration, or of people's own accounts.

https://developer.webex.com/docs/api/v1/meetings
The marker is one of the meeting's `integrationTags`, which only our own application sees. Webex mails people about a
meeting unless each create, change and deletion says otherwise. The host key is never read.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import msgspec

from confsync.domain import description_block
from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.errors import AuthExpired, NotFound, ServiceError, Temporary
from confsync.domain.recurrence import Frequency, SimpleRule, last_end, simple_rule
from confsync.domain.solution import Capabilities, Solution
from confsync.domain.telephone import PAUSE, dial
from confsync.domain.text import cut, line, plain
from confsync.domain.zones import whole_minute, zone
from confsync.providers import Outside, ProviderConfig, Vendor, settings_of
from confsync.providers.access import Access
from confsync.transport.errors import Refusal, safe
from confsync.transport.messages import Reply
from confsync.transport.oauth import Client, Token
from confsync.transport.session import Deadline

API = "https://webexapis.com/v1"
TOKEN_URL = f"{API}/access_token"
SCOPES = ("meeting:schedules_read", "meeting:schedules_write")
ADMIN_SCOPES = ("meeting:admin_schedule_read", "meeting:admin_schedule_write")
SHORTEST, LONGEST = timedelta(minutes=10), timedelta(hours=23, minutes=59)
MAX_TITLE, MAX_AGENDA = 128, 1300
MOST = {Frequency.DAILY: 1826, Frequency.WEEKLY: 261, Frequency.MONTHLY: 60}
"""So many times a series has at most, which is five years."""
PAGE_SIZE = 100
AROUND = timedelta(days=1)
"""How far from its start a meeting is looked for: without a window, Webex lists those of the next seven days."""
MANY = timedelta(days=365)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MINUTE = timedelta(minutes=1)

VENDOR = Vendor(
    name="Webex",
    capabilities=Capabilities(shortest=SHORTEST, longest=LONGEST, all_day=False, past_starts=False),
    accounts=("the organisation's, by a service app or an integration", "people's own"),
    marker="an integration tag",
    series="days, weeks, months for five years; of others, a meeting every day as long as they last",
    dial_in="yes",
    scopes=(*SCOPES, *ADMIN_SCOPES),
    limits="100 meetings per person and day",
)


class MeetingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Settings of a meeting in Webex's own names; what is absent stays as the site has it."""

    siteUrl: str | None = None  # noqa: N815
    enabledJoinBeforeHost: bool | None = None  # noqa: N815
    joinBeforeHostMinutes: Literal[0, 5, 10, 15] | None = None  # noqa: N815
    enableConnectAudioBeforeHost: bool | None = None  # noqa: N815
    unlockedMeetingJoinSecurity: Literal["allowJoin", "allowJoinWithLobby", "blockFromJoin"] | None = None  # noqa: N815
    enabledAutoRecordMeeting: bool | None = None  # noqa: N815
    allowAnyUserToBeCoHost: bool | None = None  # noqa: N815
    allowAuthenticatedDevices: bool | None = None  # noqa: N815
    publicMeeting: bool | None = None  # noqa: N815
    reminderTime: int | None = None  # noqa: N815


class Credentials(msgspec.Struct, frozen=True):
    """The secret, a JSON object."""

    client_id: str
    client_secret: str
    refresh_token: str


class _Number(msgspec.Struct, frozen=True, rename="camel"):
    call_in_number: str
    label: str = ""
    toll_type: str = ""


class _Link(msgspec.Struct, frozen=True):
    rel: str = ""
    href: str = ""


class _Telephony(msgspec.Struct, frozen=True, rename="camel"):
    access_code: str | None = None
    call_in_numbers: tuple[_Number, ...] = ()
    links: tuple[_Link, ...] = ()


class _Meeting(msgspec.Struct, frozen=True, rename="camel"):
    """What we read of a meeting. The host key is not among it."""

    id: str
    web_link: str
    start: str
    end: str
    title: str = ""
    agenda: str | None = None
    recurrence: str | None = None
    meeting_number: str | None = None
    password: str | None = None
    phone_and_video_system_password: str | None = None
    sip_address: str | None = None
    telephony: _Telephony | None = None


class _Page(msgspec.Struct, frozen=True):
    items: tuple[_Meeting, ...]


class _Description(msgspec.Struct, frozen=True):
    description: str = ""


class _Error(msgspec.Struct, frozen=True, rename="camel"):
    message: str = ""
    errors: tuple[_Description, ...] = ()
    tracking_id: str = ""


class Webex:
    """Meetings of one Webex organisation, or of people's own accounts."""

    capabilities = VENDOR.capabilities

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        self._solution = solution
        self._settings = settings_of(solution, MeetingSettings)
        self._access = Access("webex", solution, config, outside, api=API, refusal=_refusal, token=_token)

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        body = {
            "title": self._title(spec),
            "agenda": _agenda(spec),
            **_schedule(spec),
            **self._for(spec.host),
            **msgspec.to_builtins(self._settings),
            "integrationTags": [marker],
            "sendEmail": False,
        }
        body = {name: value for name, value in body.items() if value is not None}
        api = self._access.of(spec.host)
        deadline = self._access.deadline()
        made = api.fetch("create a meeting", "POST", "/meetings", into=_Meeting, deadline=deadline, body=body)
        return _conference(made, spec.host)

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        return {"title": self._title(spec), "agenda": _agenda(spec), "schedule": _schedule(spec)}

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        query = {
            "integrationTag": marker,
            "meetingType": "meetingSeries",
            "from": _utc(spec.start - AROUND),
            "to": _utc(spec.end + MANY if spec.recurrence or spec.open_ended else spec.end + AROUND),
            "max": str(PAGE_SIZE),
            **self._for(spec.host),
        }
        api, deadline = self._access.of(spec.host), self._access.deadline()
        page = api.fetch("list meetings", "GET", "/meetings", into=_Page, deadline=deadline, query=query)
        return [self._read(each.id, spec.host, deadline) for each in page.items]

    def get(self, reference: Reference) -> ProviderConference:
        return self._read(reference.ids["id"], reference.host, self._access.deadline())

    def update(
        self,
        reference: Reference,
        spec: ConferenceSpec,
        changed: frozenset[str],
        marker: str,  # noqa: ARG002 - the tag stays
    ) -> ProviderConference:
        deadline = self._access.deadline()
        body = {
            **({"title": self._title(spec)} if "title" in changed else {}),
            **({"agenda": _agenda(spec)} if "agenda" in changed else {}),
            **(_schedule(spec) if "schedule" in changed else {}),
        }
        if not body:
            return self._read(reference.ids["id"], reference.host, deadline)
        api, path = self._access.of(reference.host), _meeting(reference.ids["id"])
        body |= {**self._for(reference.host), "sendEmail": False}
        updated = api.fetch("update a meeting", "PATCH", path, into=_Meeting, deadline=deadline, body=body)
        return _conference(updated, reference.host)

    def delete(self, reference: Reference) -> None:
        quietly = {"sendEmail": "false", **self._for(reference.host)}
        self._access.remove("delete a meeting", _meeting(reference.ids["id"]), reference.host, quietly)

    def _read(self, meeting_id: str, host: str, deadline: Deadline) -> ProviderConference:
        api, path = self._access.of(host), _meeting(meeting_id)
        query = self._for(host)
        return _conference(
            api.fetch("read a meeting", "GET", path, into=_Meeting, deadline=deadline, query=query), host
        )

    def _for(self, host: str) -> dict[str, str]:
        """Whose meeting it is, which only an administrator's application may choose."""
        return {"hostEmail": host} if host and not self._access.personal else {}

    def _title(self, spec: ConferenceSpec) -> str:
        return line(spec.title, MAX_TITLE) or self._solution.name


def _token(access: Access, deadline: Deadline) -> Token:
    app = access.credentials(Credentials)
    grant = {"grant_type": "refresh_token", "refresh_token": app.refresh_token}
    return access.token(
        TOKEN_URL, Client(id=app.client_id, secret=app.client_secret, grant=grant, in_form=True), deadline
    )


def _meeting(meeting_id: str) -> str:
    return f"/meetings/{quote(meeting_id, safe='')}"


def _agenda(spec: ConferenceSpec) -> str | None:
    """None, not an empty text, takes an agenda away."""
    return cut(plain(description_block.strip(spec.description)), MAX_AGENDA) or None


# --- times -----------------------------------------------------------------------------------------------------------


def _schedule(spec: ConferenceSpec) -> dict[str, Any]:
    """Start, end and recurrence. The offset of the times must be that of the zone at that time (cal.diy#7651)."""
    own = zone(spec.time_zone)
    start = whole_minute(spec.start.astimezone(own))
    length = -(-(spec.end - spec.start) // _MINUTE) * _MINUTE
    end = (start.astimezone(UTC) + length).astimezone(own)
    return {
        "start": start.isoformat(timespec="seconds"),
        "end": end.isoformat(timespec="seconds"),
        "timezone": own.key,
        "recurrence": _recurrence(spec),
    }


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _recurrence(spec: ConferenceSpec) -> str | None:
    """The event's rule; of a series that Webex does not take, one time a day as long as it lasts.

    A series has one link, so whichever of its times people meet at, it is the same.
    """
    if not spec.recurrence:
        return "FREQ=DAILY;INTERVAL=1" if spec.open_ended else None
    rule = None if spec.open_ended else simple_rule(spec)
    if rule is not None and (rule.count or 0) <= MOST[rule.frequency]:
        return _rule(rule)
    ends = None if spec.open_ended else last_end(spec)
    if ends is None:
        return "FREQ=DAILY;INTERVAL=1"
    days = (ends - spec.start) // timedelta(days=1) + 1
    return f"FREQ=DAILY;INTERVAL=1;COUNT={min(days, MOST[Frequency.DAILY])}"


def _rule(rule: SimpleRule) -> str:
    parts = [f"FREQ={rule.frequency.upper()}", f"INTERVAL={rule.interval}"]
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    if rule.frequency is Frequency.WEEKLY:
        parts += [f"WKST={_WEEKDAYS[rule.week_start]}", f"BYDAY={','.join(_WEEKDAYS[day] for day in rule.weekdays)}"]
    elif rule.month_day is not None:
        parts.append(f"BYMONTHDAY={rule.month_day}")
    elif rule.month_week is not None:
        parts.append(f"BYDAY={rule.month_week}{_WEEKDAYS[rule.weekdays[0]]}")
    return ";".join(parts)


# --- what Webex answers ----------------------------------------------------------------------------------------------


def _conference(meeting: _Meeting, host: str) -> ProviderConference:
    # which zone times are answered in depends on the call
    times = [datetime.fromisoformat(at).timestamp() for at in (meeting.start, meeting.end)]
    kept = (meeting.title, meeting.agenda, times, meeting.recurrence)
    return ProviderConference(
        reference=Reference(ids={"id": meeting.id}, host=host),
        details=ConferenceDetails(entry_points=_entry_points(meeting)),
        fingerprint=sha256(msgspec.json.encode(kept)).hexdigest()[:16],
    )


def _entry_points(meeting: _Meeting) -> tuple[EntryPoint, ...]:
    """The link with its password, which those who are not invited are asked for; rooms; telephones."""
    parts = urlsplit(meeting.web_link)
    video = EntryPoint(
        type=EntryPointType.VIDEO,
        uri=meeting.web_link,
        label=parts.netloc,
        meeting_code=meeting.meeting_number,
        password=meeting.password,
    )
    pin = meeting.phone_and_video_system_password
    room = (
        [EntryPoint(type=EntryPointType.SIP, uri=f"sip:{meeting.sip_address}", label=meeting.sip_address, passcode=pin)]
        if meeting.sip_address
        else []
    )
    return (video, *room, *_phones(meeting.telephony or _Telephony(), pin))


def _phones(telephony: _Telephony, pin: str | None) -> list[EntryPoint]:
    code = telephony.access_code
    if code is None:
        return []
    keys = [f"{PAUSE}{code}#", *([f"{PAUSE}{pin}#"] if pin else [])]
    phones = []
    for number in telephony.call_in_numbers:
        dialled = dial(number.call_in_number, *keys)
        if dialled:
            uri, label = dialled
            cost = {"toll": Feature.TOLL, "tollFree": Feature.TOLL_FREE}.get(number.toll_type)
            phones.append(
                EntryPoint(
                    type=EntryPointType.PHONE,
                    uri=uri,
                    label=label,
                    access_code=code,
                    passcode=pin,
                    features=(cost,) if cost else (),
                )
            )
    more = [each.href for each in telephony.links if each.rel == "globalCallinNumbers" and each.href.startswith("http")]
    return [*phones, *(EntryPoint(type=EntryPointType.MORE, uri=href) for href in more[:1] if phones)]


def _refusal(reply: Reply) -> Refusal:
    """What an error body adds to the status. https://developer.webex.com/docs/basics"""
    try:
        said = msgspec.json.decode(reply.body, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Error(message="no error of Webex's")
    words = " ".join(dict.fromkeys([said.message, *(each.description for each in said.errors)]))
    kinds: Mapping[int, type[ServiceError]] = {
        401: AuthExpired,
        404: NotFound if said.tracking_id else Temporary,  # not from a stranger between us
        423: Temporary,  # locked: with Retry-After it is a limit
    }
    hint = f" (scopes: {' '.join(SCOPES)}, and for other hosts {' '.join(ADMIN_SCOPES)})" if reply.status == 403 else ""
    return Refusal(kind=kinds.get(reply.status), detail=safe(words) + hint)
