"""GoTo Meeting: of one account by a personal access token, or of people's own accounts.

https://developer.goto.com/GoToMeetingV1
A meeting has no field of ours, so its subject ends with a short tag by which it is found. Only the answer to a create
has the link, which is kept with the meeting's id. A token that ended is refused with 403 as well as 401, and limits
come without a word on when to come back.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import phonenumbers

from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.connection import Account
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.errors import Ambiguous, AuthExpired, NotFound, ServiceError, Temporary
from confsync.domain.solution import Capabilities, OwnRecurrence, Solution
from confsync.domain.telephone import PAUSE, dial
from confsync.domain.text import cut, line
from confsync.domain.zones import whole_minute
from confsync.providers import Outside, ProviderConfig, Vendor, settings_of
from confsync.providers.access import SLOW, Access
from confsync.transport.errors import Refusal, safe
from confsync.transport.login import Login
from confsync.transport.messages import Reply
from confsync.transport.oauth import Client, Token
from confsync.transport.session import Deadline

API = "https://api.getgo.com/G2M/rest"
TOKEN_URL = "https://authentication.logmeininc.com/oauth/token"  # noqa: S105 - an address
JOIN = "https://global.gotomeeting.com/join"
MAX_SUBJECT = 100
SHORTEST = timedelta(minutes=1)
TAG = 10  # characters
_TOLL_FREE = re.compile(r"\btoll[- ]?free\b", re.IGNORECASE)
_NORTH_AMERICA = re.compile(r"(United States|US|Canada)\b")

VENDOR = Vendor(
    name="GoTo Meeting",
    capabilities=Capabilities(
        settle=SLOW, recurrence=OwnRecurrence.NONE, all_day=False, past_starts=False, shortest=SHORTEST
    ),
    addresses={"api": API, "token_url": TOKEN_URL},
    accounts=("one account's, by a personal access token", "people's own"),
    marker="a short tag at the end of the subject, among the account's upcoming meetings",
    series="one meeting without fixed times",
    dial_in="yes",
    limits="10 calls a second",
    cannot="passwords, which GoTo never tells; descriptions; other hosts than the account",
)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`conferencecallinfo`: PSTN, Free, Hybrid, Private or VoIP; or own words about how to call, up to 255."""

    conferencecallinfo: str = "Hybrid"


class Credentials(msgspec.Struct, frozen=True):
    """The secret, a JSON object."""

    client_id: str
    client_secret: str
    personal_access_token: str


class _Made(msgspec.Struct, frozen=True):
    joinURL: str  # noqa: N815
    meetingid: int | str


class _Listed(msgspec.Struct, frozen=True):
    meetingId: int | str  # noqa: N815
    subject: str


class _Meeting(msgspec.Struct, frozen=True, rename="camel"):
    subject: str
    start_time: str = ""
    end_time: str = ""
    meeting_type: str = ""
    conference_call_info: str = ""


class _Words(msgspec.Struct, frozen=True):
    message: str = ""


class _Error(msgspec.Struct, frozen=True):
    """Its form is nowhere documented: these are what older APIs of theirs say."""

    errorCode: str = ""  # noqa: N815
    int_err_code: str = ""
    error: str | _Words = ""
    msg: str = ""
    description: str = ""
    message: str = ""


class _Me(msgspec.Struct, frozen=True):
    key: int | str
    email: str


def _account(body: bytes) -> Account:
    me = msgspec.json.decode(body, type=_Me)
    return Account(id=str(me.key), name=me.email)


LOGIN = Login(
    authorize_url="https://authentication.logmeininc.com/oauth/authorize",
    token_url=TOKEN_URL,
    account_url="https://api.getgo.com/admin/rest/v1/me",
    account=_account,
    scopes=("collab:",),
)


class GoToMeeting:
    """Meetings of one GoTo account, or of people's own."""

    capabilities = VENDOR.capabilities

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        self._solution = solution
        self._settings = settings_of(solution, Settings)
        self._access = Access("goto_meeting", solution, config, outside, api=API, refusal=_refusal, token=_token)

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        api, deadline, body = self._access.of(spec.host), self._access.deadline(), self._body(spec, marker)
        made = api.fetch("create a meeting", "POST", "/meetings", into=tuple[_Made], deadline=deadline, body=body)[0]
        reference = Reference(ids={"id": str(made.meetingid)}, more={"link": made.joinURL}, host=spec.host)
        try:
            return self._read(reference, deadline)
        except ServiceError as error:
            message = f"goto_meeting created meeting {made.meetingid}, but then: {error}"
            raise Ambiguous(message, service="goto_meeting") from error

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        return self._body(spec, "")

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        api, deadline = self._access.of(spec.host), self._access.deadline()
        path = "/upcomingMeetings"
        listed = api.fetch("list meetings", "GET", path, into=tuple[_Listed, ...], deadline=deadline)
        ids = [str(each.meetingId) for each in listed if each.subject.endswith(_tag(marker))]
        found = [Reference(ids={"id": each}, host=spec.host) for each in dict.fromkeys(ids)]
        return [self._read(each, deadline) for each in found]

    def get(self, reference: Reference) -> ProviderConference:
        return self._read(reference, self._access.deadline())

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        """All fields or none: there is no other change."""
        deadline, body = self._access.deadline(), self._body(spec, marker)
        if changed & set(body):
            path = _meeting(reference.ids["id"])
            self._access.of(reference.host).send("update a meeting", "PUT", path, deadline=deadline, body=body)
        return self._read(reference, deadline)

    def delete(self, reference: Reference) -> None:
        self._access.remove("delete a meeting", _meeting(reference.ids["id"]), reference.host)

    def _read(self, reference: Reference, deadline: Deadline) -> ProviderConference:
        api, path = self._access.of(reference.host), _meeting(reference.ids["id"])
        (meeting,) = api.fetch("read a meeting", "GET", path, into=tuple[_Meeting], deadline=deadline)
        return _conference(meeting, reference)

    def _body(self, spec: ConferenceSpec, marker: str) -> dict[str, Any]:
        begins, ends = spec.start.astimezone(UTC), spec.end.astimezone(UTC)
        start = whole_minute(begins)
        return {
            "subject": _subject(spec.title or self._solution.name, marker),
            "starttime": _utc(start),
            "endtime": _utc(start + (ends - begins)),
            "passwordrequired": False,
            "conferencecallinfo": self._settings.conferencecallinfo,
            "timezonekey": "",
            "meetingtype": "recurring" if spec.open_ended else "scheduled",
        }


def _token(access: Access, deadline: Deadline) -> Token:
    app = access.credentials(Credentials)
    grant = {"grant_type": "personal_access_token", "pat": app.personal_access_token}
    return access.token(TOKEN_URL, Client(id=app.client_id, secret=app.client_secret, grant=grant), deadline)


def _meeting(meeting_id: str) -> str:
    return f"/meetings/{quote(meeting_id, safe='')}"


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _tag(marker: str) -> str:
    return f"[{sha256(marker.encode()).hexdigest()[:TAG]}]"


def _subject(title: str, marker: str) -> str:
    """The title, without what GoTo takes for HTML, and the tag."""
    room = MAX_SUBJECT - len(_tag(marker)) - 1
    limit = room
    while cut(escaped := _escaped(line(title, limit)), room) != escaped:
        limit -= 1
    return f"{escaped} {_tag(marker)}"


def _escaped(words: str) -> str:
    return words.replace("<", "&lt;").replace(">", "&gt;")


# --- what GoTo answers -----------------------------------------------------------------------------------------------


def _conference(meeting: _Meeting, reference: Reference) -> ProviderConference:
    meeting_id = reference.ids["id"]
    link = reference.more.get("link", f"{JOIN}/{meeting_id}")
    video = EntryPoint(
        type=EntryPointType.VIDEO, uri=link, label=f"{urlsplit(link).netloc}/{meeting_id}", meeting_code=meeting_id
    )
    kept = (meeting.subject, meeting.start_time, meeting.end_time, meeting.meeting_type)
    return ProviderConference(
        reference=reference,
        details=ConferenceDetails(entry_points=(video, *_phones(meeting.conference_call_info, meeting_id))),
        fingerprint=sha256(msgspec.json.encode(kept)).hexdigest()[:16],
    )


def _phones(text: str, meeting_id: str) -> list[EntryPoint]:
    """The numbers of a text for people: a line each, with a country before it. The access code is the meeting's id."""
    phones = []
    for told in text.splitlines():
        number = _number(told)
        dialled = dial(number, f"{PAUSE}{meeting_id}#") if number and _digits(number) != _digits(meeting_id) else None
        if dialled:
            uri, label = dialled
            cost = Feature.TOLL_FREE if _TOLL_FREE.search(told) else Feature.TOLL
            phones.append(
                EntryPoint(type=EntryPointType.PHONE, uri=uri, label=label, access_code=meeting_id, features=(cost,))
            )
    return list({phone.uri: phone for phone in phones}.values())


def _number(told: str) -> str | None:
    """The line's telephone number, with its country code.

    Those that are free of charge stand as their own country dials them: what India's and Singapore's lines say is
    another's number in America. Only of North America's is the country code known.
    """
    region = "US" if _NORTH_AMERICA.match(told.strip()) else None
    for match in phonenumbers.PhoneNumberMatcher(told, region):
        return phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return None


def _digits(text: str) -> str:
    return "".join(each for each in text if each.isdecimal())


def _refusal(reply: Reply) -> Refusal:
    """What an error body adds to the status."""
    try:
        said = msgspec.json.decode(reply.body, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = None
    told = msgspec.structs.astuple(said) if said else ("no error of GoTo's",)
    words = filter(None, (each.message if isinstance(each, _Words) else each for each in told))
    kinds: Mapping[int, type[ServiceError]] = {
        401: AuthExpired,
        403: AuthExpired,  # a token that ended, too
        404: NotFound if said or not reply.body.strip() else Temporary,  # GoTo's specification gives it no body
    }
    return Refusal(kind=kinds.get(reply.status), detail=safe(": ".join(words)))
