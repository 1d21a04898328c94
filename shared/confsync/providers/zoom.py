"""Zoom meetings, made by a server-to-server OAuth app of the organisation's Zoom account.

https://developers.zoom.us/docs/api/meetings/ and https://developers.zoom.us/docs/internal-apps/s2s-oauth/
The app needs `SCOPES`. The secret is a JSON object with account_id, client_id and client_secret.
"""

import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from confsync.domain import description_block
from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import MAX_ENTRY_POINTS, ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.errors import (
    Ambiguous,
    AuthExpired,
    BadRequest,
    Forbidden,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    Temporary,
)
from confsync.domain.passcode import passcode as passcode_of
from confsync.domain.recurrence import SUNDAY, Frequency, SimpleRule, simple_rule
from confsync.domain.solution import CallLimit, Capabilities, Solution
from confsync.domain.telephone import PAUSE, dial
from confsync.domain.text import cut, plain
from confsync.domain.webhook import Challenge, Happening, MeetingEvent
from confsync.ports import Clock, Secrets
from confsync.providers import ProviderConfig, credential, required, settings_of
from confsync.transport.errors import Refusal, safe
from confsync.transport.json_api import JsonApi
from confsync.transport.oauth import Client, Token, TokenCache, fetch_token
from confsync.transport.session import Deadline, Reply, Session

TOKEN_URL = "https://zoom.us/oauth/token"  # noqa: S105 - an address
API = "https://api.zoom.us/v2"
SCOPES = (
    "meeting:write:meeting:admin",
    "meeting:read:meeting:admin",
    "meeting:update:meeting:admin",
    "meeting:delete:meeting:admin",
    "meeting:read:list_meetings:admin",
    "meeting:read:invitation:admin",  # only with the setting `sip`
)

DAILY_CALLS = 100  # to create and update, per host and UTC day: https://developers.zoom.us/docs/api/rate-limits/
MAX_TOPIC = 200
MAX_AGENDA = 2000
MAX_DURATION = timedelta(hours=24)
MIN_DURATION = timedelta(minutes=1)
TIME = "%Y-%m-%dT%H:%M:%S"  # local to the meeting's time zone; in UTC with a Z

LIFETIME = timedelta(days=365)
"""A series that nobody started for a year expires (https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0065196),
and of one without end Zoom keeps some two years of times since its last change (cornellh4i/ithaca-recovery#508)."""

SCHEDULED, NO_FIXED_TIME, FIXED_TIME = 2, 3, 8  # meeting types
PAGE_SIZE = 300

# https://developers.zoom.us/docs/api/references/recurrence-object-definitions/
RECURRENCE_TYPE = {Frequency.DAILY: 1, Frequency.WEEKLY: 2, Frequency.MONTHLY: 3}
MAX_INTERVAL = {Frequency.DAILY: 90, Frequency.WEEKLY: 12, Frequency.MONTHLY: 3}
MAX_OCCURRENCES = 50
FOR_EVER = 0  # nowhere documented: what Zoom's own pages store for "no end" (cornellh4i/ithaca-recovery#506)
LAST_DAY_OF_ALL_MONTHS = 28  # what Zoom does in a month without the day is nowhere written

INVALID_FIELDS = 300

# What the code in an error body means to us, where it tells more than the status. Zoom lists its codes with each
# endpoint (https://developers.zoom.us/docs/api/meetings/: create, get, update, delete, list); [seen] are in no list of
# these, and others met them. What a person can mend, or time, is tried again; a meeting is gone only if Zoom says so of
# the meeting. A code that is not here means what its status says: as to a 400 of a removal, see `Zoom.delete`.
CODES: Mapping[int | str, type[ServiceError]] = {
    124: AuthExpired,  # invalid or expired access token
    200: PermissionDenied,  # only for paid accounts, or an administrator has forbidden it
    1000: PermissionDenied,  # [seen] a user who was invited to the account and has not joined it (moodle-mod_zoom#131)
    1001: PermissionDenied,  # all: no such user. What becomes of their meetings, it does not say
    1010: PermissionDenied,  # get, update, delete, and [seen] create: the host is of another account
    1120: PermissionDenied,  # [seen] like 1000
    3000: PermissionDenied,  # create, update: not this user's to schedule, a blocked domain; else see PHRASES
    3001: NotFound,  # get, update, delete: no such meeting, or one that has expired
    3002: Temporary,  # delete: people are in it
    3003: PermissionDenied,  # update, delete: not its host
    3007: Temporary,  # delete: it has just ended; in the end it expires, which is 3001
    3018: PermissionDenied,  # delete: somebody's personal room
    3037: PermissionDenied,  # delete: somebody's personal audio conference
    3161: PermissionDenied,  # all: the user may not host
    4700: PermissionDenied,  # the token lacks a scope, or is of another kind of app
    4711: PermissionDenied,  # the same, of a server-to-server app
    4735: ReauthorizationRequired,
    4738: ReauthorizationRequired,
    4741: ReauthorizationRequired,
}
DAILY_LIMIT = "meetings can be created/updated for a single user in one day"
PHRASES: Sequence[tuple[int, str, type[ServiceError]]] = (
    (3000, "meetings that have started", Temporary),  # update
    (3000, "Cannot access", Temporary),  # get, update, delete: while it is being made, moved, or turned into a webinar
    (INVALID_FIELDS, DAILY_LIMIT, RateLimited),  # create, update: besides the 429 with its headers
)
"""Codes that mean several things, which Zoom's words tell apart."""
_USER = "add this user to the Zoom account, or set settings.host"
HINTS: Mapping[int, str] = {
    1000: _USER,
    1001: _USER,
    1010: _USER,
    1120: _USER,
    4711: f"the app needs the scopes {', '.join(SCOPES)}",
}
"""What to do about it."""

T = TypeVar("T")


class MeetingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Settings of a meeting in Zoom's own names; what is absent stays as the account has it.

    A setting that the account has locked silently wins: https://developers.zoom.us/docs/api/meetings/
    """

    host_video: bool | None = None
    participant_video: bool | None = None
    join_before_host: bool | None = None
    jbh_time: Literal[0, 5, 10] | None = None
    waiting_room: bool | None = None
    mute_upon_entry: bool | None = None
    audio: Literal["both", "telephony", "voip"] | None = None
    auto_recording: Literal["local", "cloud", "none"] | None = None
    approval_type: Literal[0, 1, 2] | None = None
    meeting_authentication: bool | None = None
    authentication_option: str | None = None
    authentication_domains: str | None = None
    alternative_hosts: str | None = None
    email_notification: bool | None = None
    private_meeting: bool | None = None
    global_dial_in_countries: tuple[Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")], ...] | None = None


class Settings(MeetingSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`host`: the Zoom user who hosts, instead of the event's. `sip`: the account has the room connector.

    `passcode_length`: we choose each meeting's passcode, such that every policy is satisfied but "only digits", for
    which there is `passcode_digits`.
    """

    host: str = ""
    passcode_length: Annotated[int, msgspec.Meta(ge=4, le=10)] | None = None
    passcode_digits: bool = False
    sip: bool = False


class _Credentials(msgspec.Struct, frozen=True):
    account_id: str
    client_id: str
    client_secret: str


class _FieldError(msgspec.Struct, frozen=True):
    field: str = ""
    message: str = ""


class _Error(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""
    errors: tuple[_FieldError, ...] | None = None


class _UnknownZone(Invalid):
    """The one thing wrong with the request is a time zone that Zoom does not know."""


class _DialIn(msgspec.Struct, frozen=True):
    number: str | None = None
    country: str | None = None
    type: str | None = None


class _MeetingSettings(msgspec.Struct, frozen=True):
    global_dial_in_numbers: tuple[_DialIn, ...] | None = None


class _Meeting(msgspec.Struct, frozen=True):
    """What we read of a meeting. `start_url`, which makes anyone the host, is not among it."""

    id: int | str
    join_url: str
    topic: str | None = None
    agenda: str | None = None
    type: int | None = None
    start_time: str | None = None
    duration: int | None = None
    timezone: str | None = None
    recurrence: dict[str, Any] | None = None
    password: str | None = None
    pstn_password: str | None = None
    h323_password: str | None = None
    settings: _MeetingSettings | None = None


class _Listed(msgspec.Struct, frozen=True):
    id: int | str
    agenda: str | None = None
    created_at: str | None = None


class _Page(msgspec.Struct, frozen=True):
    meetings: tuple[_Listed, ...]
    next_page_token: str | None = None


class _Invitation(msgspec.Struct, frozen=True):
    sip_links: tuple[str, ...] | None = None


class Zoom:
    """Meetings of one Zoom account."""

    def __init__(self, solution: Solution, config: ProviderConfig, secrets: Secrets, clock: Clock) -> None:
        self._solution = solution
        self._settings = settings_of(solution, Settings)
        self._secret = required(solution, "secret", config.secret)
        self.capabilities = Capabilities(
            settle=timedelta(seconds=5),
            limit=CallLimit(calls=DAILY_CALLS, account=self._secret, host=self._settings.host),
            past_starts=False,
            lifetime=LIFETIME,
        )
        self._config = config
        self._secrets = secrets
        self._clock = clock
        self._session = Session()
        self._api = JsonApi(
            service="zoom",
            session=self._session,
            tokens=TokenCache(self._token, clock),
            clock=clock,
            base=self._base,
            refusal=_refusal,
        )

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        deadline, host = self._deadline(), self._host(spec.host)
        body = {"topic": self._topic(spec), "agenda": _agenda(spec, marker), **_schedule(spec), **self._options()}

        def post(body: dict[str, Any]) -> _Meeting:
            path = _meetings_of(host)
            return self._api.fetch("create a meeting", "POST", path, into=_Meeting, deadline=deadline, body=body)

        meeting = _in_a_known_zone(post, body, spec)
        try:
            return self._conference(meeting, host, deadline)
        except ServiceError as error:
            raise Ambiguous(f"zoom created meeting {meeting.id}, but then: {error}", service="zoom") from error

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:
        return {"topic": self._topic(spec), "agenda": _agenda(spec, ""), "schedule": _schedule(spec)}

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        deadline, host = self._deadline(), self._host(spec.host)
        carriers = [meeting for meeting in self._list(host, deadline) if _tag(marker) in (meeting.agenda or "")]
        found = []
        for listed in sorted(carriers, key=lambda meeting: meeting.created_at or ""):
            try:
                found.append(self._read(str(listed.id), host, deadline))
            except NotFound:
                continue  # deleted since it was listed
        return found

    def get(self, reference: Reference) -> ProviderConference:
        return self._read(reference.ids["id"], reference.host, self._deadline())

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        deadline, body = self._deadline(), self._changes(spec, changed, marker)

        def patch(body: dict[str, Any]) -> None:
            path = _meeting(reference.ids["id"])
            self._api.send("update a meeting", "PATCH", path, deadline=deadline, body=body)

        if body:
            _in_a_known_zone(patch, body, spec)
        # the answer to a PATCH is empty, and a new passcode is a new link
        return self._read(reference.ids["id"], reference.host, deadline)

    def delete(self, reference: Reference) -> None:
        """A refusal is never `Invalid`: as long as the meeting may exist, something has to become of it."""
        try:
            self._delete(reference)
        except Invalid as error:
            raise PermissionDenied(str(error), service=error.service, status=error.status) from error

    def _delete(self, reference: Reference) -> None:
        self._api.send("delete a meeting", "DELETE", _meeting(reference.ids["id"]), deadline=self._deadline())

    # --- access ---

    def _deadline(self) -> Deadline:
        return Deadline(self._config.deadline)

    def _token(self, deadline: Deadline) -> Token:
        try:
            credentials = msgspec.json.decode(credential(self._secrets, self._secret), type=_Credentials)
        except msgspec.ValidationError as error:
            raise NotConfigured(f"the secret {self._secret}: {str(error).replace('$.', '')}") from None
        except msgspec.DecodeError:
            raise NotConfigured(f"the secret {self._secret} is not a JSON object") from None
        grant = {"grant_type": "account_credentials", "account_id": credentials.account_id}
        client = Client(id=credentials.client_id, secret=credentials.client_secret, grant=grant)
        url = self._config.token_url or TOKEN_URL
        return fetch_token(self._session, self._clock, service="zoom", url=url, client=client, deadline=deadline)

    def _base(self, token: Token) -> str:
        if self._config.api:
            return self._config.api.rstrip("/")
        return f"{token.api_url.rstrip('/')}/v2" if token.api_url else API

    def _host(self, asked: str) -> str:
        host = self._settings.host or asked
        if host in {"", "me"}:  # to a server-to-server app, "me" is whoever owns the app
            raise NotConfigured(f"solutions.{self._solution.id}.settings.host: name a Zoom user, {host!r} is none")
        return host

    # --- calls ---

    def _read(self, meeting_id: str, host: str, deadline: Deadline) -> ProviderConference:
        meeting = self._api.fetch("read a meeting", "GET", _meeting(meeting_id), into=_Meeting, deadline=deadline)
        return self._conference(meeting, host, deadline)

    def _list(self, host: str, deadline: Deadline) -> Iterator[_Listed]:
        query = {"type": "scheduled", "page_size": str(PAGE_SIZE)}
        while True:
            page = self._api.fetch(
                "list a host's meetings", "GET", _meetings_of(host), into=_Page, deadline=deadline, query=query
            )
            yield from page.meetings
            if not page.next_page_token:
                return
            query["next_page_token"] = page.next_page_token

    def _sip(self, meeting: _Meeting, deadline: Deadline) -> str | None:
        if not self._settings.sip:
            return None
        path = f"{_meeting(str(meeting.id))}/invitation"
        invitation = self._api.fetch("read an invitation", "GET", path, into=_Invitation, deadline=deadline)
        return next(iter(invitation.sip_links or ()), None)

    # --- our values to Zoom's ---

    def _topic(self, spec: ConferenceSpec) -> str:
        return cut(" ".join(spec.title.split()) or self._solution.name, MAX_TOPIC)

    def _options(self) -> dict[str, Any]:
        names = MeetingSettings.__struct_fields__
        chosen = {name: value for name in names if (value := getattr(self._settings, name)) is not None}
        length = self._settings.passcode_length
        only = self._settings.passcode_digits
        passcode = {"password": passcode_of(length, self._clock.new_id(), digits_only=only)} if length else {}
        return {**passcode, **({"settings": chosen} if chosen else {})}

    def _changes(self, spec: ConferenceSpec, changed: frozenset[str], marker: str) -> dict[str, Any]:
        """The fields to PATCH. The schedule goes as a whole: each of its parts decides the meeting's type."""
        topic = {"topic": self._topic(spec)} if "topic" in changed else {}
        agenda = {"agenda": _agenda(spec, marker)} if "agenda" in changed else {}
        return {**topic, **agenda, **(_schedule(spec) if "schedule" in changed else {})}

    # --- Zoom's values to ours ---

    def _conference(self, meeting: _Meeting, host: str, deadline: Deadline) -> ProviderConference:
        sip = self._sip(meeting, deadline)
        points = [_video(meeting), *([_sip_point(meeting, sip)] if sip else [])]
        numbers = (meeting.settings and meeting.settings.global_dial_in_numbers) or ()
        phones = [phone for number in numbers if (phone := _phone(meeting, number)) is not None]
        return ProviderConference(
            reference=Reference(ids={"id": str(meeting.id)}, host=host),
            details=ConferenceDetails(entry_points=tuple([*points, *phones][:MAX_ENTRY_POINTS])),
            fingerprint=_fingerprint(meeting),
        )


def _fingerprint(meeting: _Meeting) -> str:
    """Changes when somebody changes what we set.

    Of a series, what changes by itself stays out of it: its next time, and the end that Zoom gives it.
    """
    series = meeting.recurrence or {}
    rule = {name: value for name, value in series.items() if name not in {"end_times", "end_date_time"}}
    start = None if series else meeting.start_time
    kept = (meeting.topic, meeting.agenda, meeting.type, start, meeting.duration, meeting.timezone, rule)
    return sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


# --- webhooks --------------------------------------------------------------------------------------------------------

WEBHOOK_AGE = timedelta(minutes=5)  # and as far into the future, for clocks that differ
HAPPENINGS: Mapping[str, Happening] = {
    "meeting.updated": Happening.CHANGED,
    "meeting.deleted": Happening.GONE,
    "meeting.permanently_deleted": Happening.GONE,
    "meeting.recovered": Happening.CHANGED,
    "meeting.converted_to_webinar": Happening.GONE,  # to all calls that are about meetings
    "meeting.started": Happening.STARTED,
    "meeting.ended": Happening.ENDED,
}


class _WebhookMeeting(msgspec.Struct, frozen=True):
    id: int | str | None = None


class _WebhookPayload(msgspec.Struct, frozen=True, rename={"plain_token": "plainToken"}):
    plain_token: str = ""
    object: _WebhookMeeting = _WebhookMeeting()


class _Webhook(msgspec.Struct, frozen=True):
    event: str
    payload: _WebhookPayload = _WebhookPayload()


def parse_webhook(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> MeetingEvent | Challenge | None:
    """What a webhook of Zoom's says (see `webhook.Parse`).

    https://developers.zoom.us/docs/api/webhooks/#verify-webhook-events
    """
    sent, signature = headers.get("x-zm-request-timestamp", ""), headers.get("x-zm-signature", "")
    # every secret is tried, so that the time taken does not tell which one matched
    expected = [f"v0={_hmac(secret, b'v0:' + sent.encode() + b':' + body)}" for secret in secrets]
    matches = [secret for secret, each in zip(secrets, expected, strict=True) if _same(each, signature)]
    if not matches:
        raise Forbidden("zoom: the webhook is not signed with this app's secret token")
    if not sent.isdigit() or abs(now - datetime.fromtimestamp(int(sent), UTC)) > WEBHOOK_AGE:
        raise Forbidden("zoom: the webhook is too old, or this machine's clock is wrong")
    try:
        told = msgspec.json.decode(body, type=_Webhook)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest("zoom: the webhook is no JSON object of an event", field="body") from error
    if told.event == "endpoint.url_validation":
        token = told.payload.plain_token
        return Challenge(answer={"plainToken": token, "encryptedToken": _hmac(matches[0], token.encode())})
    what, meeting = HAPPENINGS.get(told.event), told.payload.object.id
    return MeetingEvent(ids={"id": str(meeting)}, what=what) if what is not None and meeting is not None else None


def _hmac(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, sha256).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


# --- addresses and refusals ------------------------------------------------------------------------------------------


def _meetings_of(host: str) -> str:
    return f"/users/{quote(host, safe='@')}/meetings"


def _meeting(meeting_id: str) -> str:
    return f"/meetings/{quote(meeting_id, safe='')}"


def _refusal(reply: Reply) -> Refusal:
    try:
        said = msgspec.json.decode(reply.body, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Error(message="no error of Zoom's")
    words = "; ".join([said.message, *(f"{e.field}: {e.message}" for e in said.errors or ())])
    hint = f" ({HINTS[said.code]})" if said.code in HINTS else ""
    return Refusal(kind=_kind(said, reply.status), detail=f"code {said.code}: {safe(words)}{hint}")


def _kind(said: _Error, status: int) -> type[ServiceError] | None:
    """None: what the status says."""
    if said.code == INVALID_FIELDS and {error.field for error in said.errors or ()} == {"timezone"}:
        return _UnknownZone
    for code, phrase, kind in PHRASES:
        if said.code == code and phrase in said.message:
            return kind
    # a 404 without Zoom's own code is a wrong address or a proxy's, and must not pass for a deleted meeting
    return CODES.get(said.code, Temporary if status == 404 else None)


# --- an event as Zoom takes it ---------------------------------------------------------------------------------------


def _tag(marker: str) -> str:
    # the brackets keep the marker of generation 1 from being found in that of generation 10
    return f"[{marker}]"


def _agenda(spec: ConferenceSpec, marker: str) -> str:
    """The marker comes first: lists show no more than 250 characters of an agenda."""
    text = plain(description_block.strip(spec.description))
    return cut(f"{_tag(marker)}\n\n{text}".strip(), MAX_AGENDA)


def _schedule(spec: ConferenceSpec) -> dict[str, Any]:
    """Type, time and recurrence: a series that Zoom can't express becomes one meeting without times."""
    if spec.open_ended:
        return {"type": NO_FIXED_TIME}
    if not spec.recurrence:
        return {"type": SCHEDULED, **_timing(spec)}
    rule = simple_rule(spec)
    recurrence = _recurrence(rule) if rule else None
    return {"type": FIXED_TIME, **_timing(spec), "recurrence": recurrence} if recurrence else {"type": NO_FIXED_TIME}


def _timing(spec: ConferenceSpec) -> dict[str, Any]:
    zone = _zone(spec.time_zone)
    start = spec.start.astimezone(zone)
    # of the hour that the clocks repeat, Zoom would take the first
    given = f"{start.astimezone(UTC):{TIME}}Z" if start.fold else f"{start:{TIME}}"
    return {"start_time": given, "timezone": zone.key, "duration": _minutes(spec.end - spec.start)}


def _in_a_known_zone(send: Callable[[dict[str, Any]], T], body: dict[str, Any], spec: ConferenceSpec) -> T:
    """Send it; once more with other times, if Zoom does not know the time zone, as its list lacks some of IANA's.

    A single meeting is given in UTC. A series would move with the clocks of its zone, and not with UTC: it becomes one
    meeting without times.
    """
    try:
        return send(body)
    except _UnknownZone:
        pass
    without = {name: value for name, value in body.items() if name not in {"start_time", "timezone", "duration"}}
    if spec.recurrence:
        without.pop("recurrence", None)
        return send({**without, "type": NO_FIXED_TIME})
    return send({**without, **_timing(replace(spec, time_zone="UTC"))})


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: "Europe" is a directory
        return ZoneInfo("UTC")


def _minutes(duration: timedelta) -> int:
    """Whole minutes, rounded up; Zoom's scheduler knows no meeting without length or of more than a day."""
    clamped = min(max(duration, MIN_DURATION), MAX_DURATION)
    return -(-clamped // timedelta(minutes=1))


def _recurrence(rule: SimpleRule) -> dict[str, Any] | None:
    """Zoom's recurrence object, None where it has none for this rule."""
    if (
        rule.interval > MAX_INTERVAL[rule.frequency]
        or (rule.count or 0) > MAX_OCCURRENCES
        or (rule.month_day or 0) > LAST_DAY_OF_ALL_MONTHS
        or (rule.interval > 1 and _week_start_matters(rule))
    ):
        return None
    end = {"end_times": FOR_EVER if rule.count is None else rule.count}
    return {"type": RECURRENCE_TYPE[rule.frequency], "repeat_interval": rule.interval, **_days(rule), **end}


def _week_start_matters(rule: SimpleRule) -> bool:
    """Whether other days fall into one week if it begins on another day than the rule's.

    Zoom can't be told, and whether its own weeks begin on Sunday or Monday is nowhere written.
    """
    before_start = {day < rule.week_start for day in rule.weekdays}
    return len(rule.weekdays) > 1 and (SUNDAY in rule.weekdays or len(before_start) > 1)


def _days(rule: SimpleRule) -> dict[str, Any]:
    days = [1 if day == SUNDAY else day + 2 for day in rule.weekdays]  # Sunday is 1
    if rule.frequency is Frequency.WEEKLY:
        return {"weekly_days": ",".join(map(str, sorted(days)))}
    if rule.month_week is not None:
        return {"monthly_week": rule.month_week, "monthly_week_day": days[0]}
    return {} if rule.month_day is None else {"monthly_day": rule.month_day}


# --- a meeting's entry points ----------------------------------------------------------------------------------------


def _video(meeting: _Meeting) -> EntryPoint:
    address = urlsplit(meeting.join_url)
    return EntryPoint(
        type=EntryPointType.VIDEO,
        uri=meeting.join_url,
        label=f"{address.netloc}{address.path}",
        meeting_code=str(meeting.id),
        passcode=meeting.password or None,
    )


def _sip_point(meeting: _Meeting, link: str) -> EntryPoint:
    address = link.removeprefix("sip:")
    return EntryPoint(
        type=EntryPointType.SIP,
        uri=f"sip:{address}",
        label=address,
        meeting_code=str(meeting.id),
        passcode=meeting.h323_password or None,
    )


def _phone(meeting: _Meeting, dial_in: _DialIn) -> EntryPoint | None:
    """A number to tap: it dials, waits, enters the meeting id, waits, and enters the numeric passcode.

    None for an entry without a number.
    """
    passcode = meeting.pstn_password
    entered = [f"{PAUSE}{meeting.id}#", *([f"{PAUSE}{PAUSE}*{passcode}#"] if passcode else [])]
    dialled = dial(dial_in.number or "", *entered)
    if dialled is None:
        return None
    uri, label = dialled
    features = {"toll": (Feature.TOLL,), "tollfree": (Feature.TOLL_FREE,)}
    return EntryPoint(
        type=EntryPointType.PHONE,
        uri=uri,
        label=label,
        meeting_code=str(meeting.id),
        passcode=passcode or None,
        region_code=dial_in.country or None,
        features=features.get(dial_in.type or "", ()),
    )
