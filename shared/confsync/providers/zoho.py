"""Zoho Meeting: of one account by a refresh token that does not end, or of people's own accounts.

https://www.zoho.com/meeting/api-integration/meeting-api/create-a-meeting.html
The marker is the first line of the agenda, which lists do not show: a meeting is looked for by its topic and start, and
then read. Errors come with almost any status, and say what they are in the body. The presenter's start link is never
read, and no participants are told, as Zoho would mail them.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from confsync.domain import description_block
from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.connection import Account
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.errors import (
    Ambiguous,
    AuthExpired,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    Temporary,
)
from confsync.domain.solution import Capabilities, OwnRecurrence, Solution
from confsync.domain.text import cut, line, plain
from confsync.domain.zones import whole_minute, zone
from confsync.providers import Outside, ProviderConfig, Vendor, settings_of
from confsync.providers.access import SLOW, Access
from confsync.transport.errors import Refusal, safe
from confsync.transport.json_api import JsonApi
from confsync.transport.login import Login
from confsync.transport.messages import Reply
from confsync.transport.oauth import Client, Token
from confsync.transport.session import Deadline

API = "https://meeting.zoho.com"
TOKEN_URL = "https://accounts.zoho.com/oauth/v2/token"  # noqa: S105 - an address
SCOPES = (
    *(f"ZohoMeeting.meeting.{verb}" for verb in ("CREATE", "READ", "UPDATE", "DELETE")),
    "ZohoMeeting.manageOrg.READ",
)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=24)  # nowhere documented
MAX_TOPIC, MAX_AGENDA = 255, 2000  # nowhere documented
PAGE_SIZE = 100
# English whatever the process' locale is, which strftime's %b and %p are not
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHOWN_ZONE = re.compile(r"(?<=[AP]M) .*$")

VENDOR = Vendor(
    name="Zoho Meeting",
    capabilities=Capabilities(
        settle=SLOW,
        recurrence=OwnRecurrence.NONE,
        all_day=False,
        past_starts=False,
        shortest=SHORTEST,
        longest=LONGEST,
    ),
    addresses={"api": API, "token_url": TOKEN_URL},
    accounts=("one account's, by a refresh token", "people's own"),
    marker="a line in the agenda, of meetings with that topic and start",
    series="one meeting, with the times of one instance",
    dial_in="a page with the numbers",
    scopes=SCOPES,
    limits="10 access tokens in 10 minutes",
    cannot="settings; other presenters than the account",
)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """There are none."""


class Credentials(msgspec.Struct, frozen=True):
    """The secret, a JSON object."""

    client_id: str
    client_secret: str
    refresh_token: str


class _Meeting(msgspec.Struct, frozen=True, rename="camel"):
    """What we read of a meeting. The start link is not among it."""

    meeting_key: int | str
    topic: str
    start_time: str
    join_link: str
    duration: int | str = 0
    timezone: str = ""
    agenda: str | None = None
    pwd: str | None = None
    dialin_url: str | None = None
    access_code: str | None = None


class _Session(msgspec.Struct, frozen=True):
    session: _Meeting


class _Page(msgspec.Struct, frozen=True):
    session: tuple[_Meeting, ...]
    count: int = 0
    """How many there are in all."""


class _Person(msgspec.Struct, frozen=True):
    zsoid: int | str


class _User(msgspec.Struct, frozen=True, rename="camel"):
    user_details: _Person


class _Said(msgspec.Struct, frozen=True, rename="camel"):
    error_code: int | str | None = None
    code: int | str | None = None
    message: str = ""


class _Error(msgspec.Struct, frozen=True):
    error: _Said = _Said()


class _Me(msgspec.Struct, frozen=True, rename="camel"):
    zuid: int | str
    primary_email: str = ""


class _Details(msgspec.Struct, frozen=True, rename="camel"):
    user_details: _Me


def _account(body: bytes) -> Account:
    me = msgspec.json.decode(body, type=_Details).user_details
    return Account(id=str(me.zuid), name=me.primary_email or str(me.zuid))


LOGIN = Login(
    authorize_url="https://accounts.zoho.com/oauth/v2/auth",
    token_url=TOKEN_URL,
    revoke_url="https://accounts.zoho.com/oauth/v2/token/revoke",
    account_url=f"{API}/api/v2/user.json",
    account=_account,
    scopes=SCOPES,
    in_form=True,
    separator=",",
    extra={"access_type": "offline", "prompt": "consent"},
    pkce=False,
    hint=None,
    scheme="Zoho-oauthtoken",
)


class Zoho:
    """Meetings of one account, or of people's own."""

    capabilities = VENDOR.capabilities

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        self._solution = solution
        settings_of(solution, Settings)
        self._access = Access(
            "zoho", solution, config, outside, api=API, refusal=_refusal, token=_token, scheme="Zoho-oauthtoken"
        )
        self._organisations: dict[str, str] = {}

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        deadline, api = self._access.deadline(), self._access.of(spec.host)
        path = f"{self._sessions(spec.host, deadline)}.json"
        body = {"session": self._body(spec, marker)}
        made = api.fetch("create a meeting", "POST", path, into=_Session, deadline=deadline, body=body).session
        reference = _reference(made, spec.host)
        try:
            return self._read(reference, deadline)
        except ServiceError as error:
            raise Ambiguous(f"zoho created meeting {made.meeting_key}, but then: {error}", service="zoho") from error

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        return self._body(spec, "")

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        deadline, api = self._access.deadline(), self._access.of(spec.host)
        sent = self._body(spec, marker)
        found = []
        for listed in self._list(api, spec.host, deadline):
            if listed.topic != sent["topic"] or _shown(listed.start_time) != sent["startTime"]:
                continue
            try:
                meeting = self._fetch(_reference(listed, spec.host), deadline)
            except NotFound:
                continue  # deleted since it was listed
            if (meeting.agenda or "").startswith(_tag(marker)):
                found.append(_conference(meeting, _reference(meeting, spec.host)))
        return sorted(found, key=lambda each: int(each.reference.ids["key"]))

    def get(self, reference: Reference) -> ProviderConference:
        return self._read(reference, self._access.deadline())

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        deadline, body = self._access.deadline(), self._body(spec, marker)
        body = {name: value for name, value in body.items() if name in changed}
        if body.keys() & {"startTime", "timezone"}:  # one without the other may mean another time
            body |= {name: self._body(spec, marker)[name] for name in ("startTime", "timezone")}
        if body:
            path = self._path(reference, deadline)
            api = self._access.of(reference.host)
            api.send("update a meeting", "PUT", path, deadline=deadline, body={"session": body})
        return self._read(reference, deadline)

    def delete(self, reference: Reference) -> None:
        deadline = self._access.deadline()
        path = self._path(reference, deadline)
        self._access.remove("delete a meeting", path, reference.host, deadline=deadline)

    # --- calls ---

    def _sessions(self, host: str, deadline: Deadline) -> str:
        """Where the meetings are: by the organisation's id, which the account tells."""
        if host not in self._organisations:
            api = self._access.of(host)
            user = api.fetch("read the account", "GET", "/api/v2/user.json", into=_User, deadline=deadline)
            self._organisations[host] = str(user.user_details.zsoid)
        return f"/api/v2/{quote(self._organisations[host], safe='')}/sessions"

    def _path(self, reference: Reference, deadline: Deadline) -> str:
        return f"{self._sessions(reference.host, deadline)}/{quote(reference.ids['key'], safe='')}.json"

    def _fetch(self, reference: Reference, deadline: Deadline) -> _Meeting:
        api, path = self._access.of(reference.host), self._path(reference, deadline)
        return api.fetch("read a meeting", "GET", path, into=_Session, deadline=deadline).session

    def _read(self, reference: Reference, deadline: Deadline) -> ProviderConference:
        return _conference(self._fetch(reference, deadline), reference)

    def _list(self, api: JsonApi, host: str, deadline: Deadline) -> Iterator[_Meeting]:
        """All meetings. Whether `index` counts meetings or pages is nowhere written: one, and if it fails the other."""
        path, seen, pages = f"{self._sessions(host, deadline)}.json", set[str](), 0
        while True:
            for index in dict.fromkeys((len(seen) + 1, pages + 1)):
                query = {"listtype": "all", "index": str(index), "count": str(PAGE_SIZE)}
                page = api.fetch("list meetings", "GET", path, into=_Page, deadline=deadline, query=query)
                new = [each for each in page.session if str(each.meeting_key) not in seen]
                if new or len(seen) >= page.count:
                    break
            yield from new
            pages += 1
            seen |= {str(each.meeting_key) for each in new}
            if not new or len(seen) >= page.count:
                return

    # --- our values to Zoho's ---

    def _body(self, spec: ConferenceSpec, marker: str) -> dict[str, Any]:
        begins, ends = spec.start.astimezone(UTC), spec.end.astimezone(UTC)
        start, own = _local(whole_minute(begins), zone(spec.time_zone))
        text = plain(description_block.strip(spec.description))
        return {
            "topic": line(spec.title, MAX_TOPIC) or self._solution.name,
            "agenda": cut(f"{_tag(marker)}\n\n{text}".strip(), MAX_AGENDA),
            "startTime": _text(start),
            "timezone": own.key,
            "duration": int((ends - begins) / timedelta(milliseconds=1)),
        }


def _token(access: Access, deadline: Deadline) -> Token:
    app = access.credentials(Credentials)
    grant = {"grant_type": "refresh_token", "refresh_token": app.refresh_token}
    client = Client(id=app.client_id, secret=app.client_secret, grant=grant, in_form=True)
    return access.token(TOKEN_URL, client, deadline)


def _tag(marker: str) -> str:
    return f"[{marker}]"


def _local(at: datetime, own: ZoneInfo) -> tuple[datetime, ZoneInfo]:
    """The time by the zone's clocks. In an hour that they show twice, its second time can only be told in UTC."""
    local = at.astimezone(own)
    return (at, zone("UTC")) if local.fold else (local, own)


def _text(at: datetime) -> str:
    """`Jun 19, 2020 07:00 PM`"""
    half = "AM" if at.hour < 12 else "PM"
    return f"{_MONTHS[at.month - 1]} {at:%d}, {at.year} {at:%I:%M} {half}"


def _shown(start_time: str) -> str:
    """As we would send it: some answers have the zone's abbreviation after it."""
    return _SHOWN_ZONE.sub("", start_time)


def _reference(meeting: _Meeting, host: str) -> Reference:
    """The page with the numbers and the code for it are kept with the key: later answers may not have them."""
    told = {"dial_in": meeting.dialin_url, "access_code": meeting.access_code}
    kept = {name: value for name, value in told.items() if value}
    return Reference(ids={"key": str(meeting.meeting_key)}, more=kept, host=host)


def _conference(meeting: _Meeting, reference: Reference) -> ProviderConference:
    key, parts = str(meeting.meeting_key), urlsplit(meeting.join_link)
    video = EntryPoint(
        type=EntryPointType.VIDEO,
        uri=meeting.join_link,
        label=parts.netloc,
        meeting_code=key,
        password=meeting.pwd,
    )
    page = reference.more.get("dial_in")
    more = (
        [EntryPoint(type=EntryPointType.MORE, uri=page, access_code=reference.more.get("access_code"))] if page else []
    )
    kept = (meeting.topic, meeting.agenda, _shown(meeting.start_time), int(meeting.duration), meeting.timezone)
    return ProviderConference(
        reference=reference,
        details=ConferenceDetails(entry_points=(video, *more)),
        fingerprint=sha256(msgspec.json.encode(kept)).hexdigest()[:16],
    )


_KINDS: Mapping[str, type[ServiceError]] = {
    "2000": AuthExpired,  # INVALID_OAUTHTOKEN, with status 400
    "2001": PermissionDenied,  # INVALID_OAUTHSCOPE; its number is nowhere documented
    "3001": PermissionDenied,
    "4000": NotFound,  # a key that there is not, with status 400
}


def _refusal(reply: Reply) -> Refusal:
    """What an error is, which the body says and the status does not."""
    try:
        said = msgspec.json.decode(reply.body, type=_Error).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Said(message="no error of Zoho's")
    code = str(said.error_code or said.code or "")
    kind = _KINDS.get(code)
    if kind is None and "OAUTHSCOPE" in said.message:
        kind = PermissionDenied
    if kind is None and reply.status in {401, 404}:
        kind = AuthExpired if reply.status == 401 else Temporary
    if kind is None and reply.status == 429:
        kind = RateLimited
    return Refusal(kind=kind, detail=f"{code}: {safe(said.message)}")
