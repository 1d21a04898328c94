"""What Zoho takes in a meeting, and what it shows of one. Pages: meeting-api/{create-a-meeting,edit-meeting-api,
get-meeting-api,list-of-meeting-api}.html and sdk/schedule-a-session.html under zoho.com/meeting/api-integration/.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from playground.vendors.fields import Check, between, matching, missing, text, unknown, wrong
from playground.vendors.zoho.account import Account, ZohoError, invalid

ZONES = available_timezones()
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME = re.compile(rf"({'|'.join(MONTHS)}) (\d\d?), (\d{{4}}) (0?[1-9]|1[0-2]):([0-5]\d) (AM|PM)")
_EMAIL = matching(r"[^\s@,]+@[^\s@,]+\.[^\s@,]+")
HOUR = 3_600_000
DIAL_IN = "https://help.zoho.com/portal/kb/articles/zoho-meeting-dial-in-numbers"


def clock_time(given: str) -> datetime:
    """`Jun 19, 2020 07:00 PM` without its zone. Raises `ZohoError`."""
    found = _TIME.fullmatch(given)
    try:
        month, day, year, hour, minute, half = found.groups() if found else ("",) * 6
        hours = int(hour) % 12 + 12 * (half == "PM")
        return datetime(int(year), MONTHS.index(month) + 1, int(day), hours, int(minute))  # noqa: DTZ001
    except ValueError as error:
        raise invalid("startTime") from error


def time_text(when: datetime, *, padded: bool = True) -> str:
    """A time as Zoho writes it."""
    day = f"{when.day:02}" if padded else str(when.day)
    return f"{MONTHS[when.month - 1]} {day}, {when.year} {when.strftime('%I:%M')} {'AM' if when.hour < 12 else 'PM'}"


@dataclass(frozen=True, kw_only=True)
class Session:
    """A meeting. `start` is in its zone; `participants` are mail addresses by ID."""

    key: str
    creator: str
    created: datetime
    presenter: str
    start: datetime
    topic: str = ""
    agenda: str = ""
    duration: int = HOUR
    zone: str
    participants: tuple[tuple[str, str], ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    password: str
    link: str
    start_key: str
    sys_id: int
    status: str = "notstarted"

    @property
    def end(self) -> datetime:
        return (self.start.astimezone(UTC) + timedelta(milliseconds=self.duration)).astimezone(self.start.tzinfo)

    @property
    def emails(self) -> tuple[str, ...]:
        return tuple(email for _, email in self.participants)


def new_session(key: str, creator: str, account: Account, now: datetime) -> Session:
    """A meeting of which nothing is known yet."""
    letters = secrets.token_hex(5)
    short = f"https://meet.zoho.com/{letters[:3]}-{letters[3:7]}-{letters[7:]}"
    return Session(
        key=key,
        creator=creator,
        created=now,
        presenter=creator,
        start=now,
        zone=account.timezone,
        password="".join(secrets.choice("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(6)),
        link=short if account.short_links else f"https://meeting.zoho.com/join?key={key}",
        start_key=str(1_000_000_000 + secrets.randbelow(9_000_000_000)),
        sys_id=556_536_000_000_000_000 + secrets.randbelow(1_000_000_000),
    )


def changed(session: Session, body: Any, account: Account, now: datetime, *, creating: bool = False) -> Session:
    """The meeting after that request. Raises `ZohoError`."""
    given = body.get("session") if isinstance(body, Mapping) else None
    if not isinstance(given, Mapping):
        raise invalid("session")
    checks: Mapping[str, Check] = {
        "topic": text(account.longest_topic, shortest=1),
        "agenda": text(account.longest_agenda),
        "presenter": lambda value: type(value) in {int, str} and str(value) in account.users,
        "startTime": lambda value: isinstance(value, str),
        "duration": between(1, account.longest_hours * HOUR),
        "timezone": lambda value: isinstance(value, str) and value in ZONES - set(account.unknown_zones),
        "participants": lambda value: isinstance(value, list) and len(value) <= account.most_participants,
    }
    found = missing(given, ("topic", "startTime"), "session.") if creating else []
    found += unknown(given, checks, "session.") if account.unknown_fields == "refused" else []
    found += wrong(given, checks, "session.")
    for one in found:
        raise invalid(one)
    presenter = str(given.get("presenter", session.presenter))
    if presenter in account.unlicensed:
        raise ZohoError(403, 1021, "The presenter does not have a Zoho Meeting license.", "NO_LICENSE")
    zone = given.get("timezone", session.zone)
    start = session.start.astimezone(ZoneInfo(zone))
    if "startTime" in given:
        start = clock_time(given["startTime"]).replace(tzinfo=ZoneInfo(zone))
    elif account.zone_alone == "clock":
        start = session.start.replace(tzinfo=ZoneInfo(zone))
    if start < now and (creating or start != session.start) and not account.takes_past:
        raise ZohoError(400, 1003, "The start time is in the past.", "INVALID_START_TIME")
    return _with_participants(
        replace(
            session,
            topic=given.get("topic", session.topic),
            agenda=given.get("agenda", session.agenda),
            presenter=presenter,
            start=start,
            duration=given.get("duration", session.duration),
            zone=zone,
        ),
        given.get("participants"),
        account,
    )


def _with_participants(session: Session, given: list[Any] | None, account: Account) -> Session:
    if given is None:
        return replace(session, added=(), removed=())
    if not all(isinstance(one, Mapping) and _EMAIL(one.get("email")) for one in given):
        raise invalid("session.participants.email")
    asked = tuple(dict.fromkeys(one["email"] for one in given))
    kept = tuple(one for one in session.participants if one[1] in asked or account.edited_participants == "more")
    added = tuple(email for email in asked if email not in session.emails)
    new = tuple((str(session.sys_id + 1 + secrets.randbelow(10**9)), email) for email in added)
    removed = tuple(one[1] for one in session.participants if one not in kept)
    return replace(session, participants=kept + new, added=added, removed=removed)


def shown(session: Session, account: Account) -> dict[str, Any]:
    """All that Zoho has ever answered about a meeting: the create page's example and the SDK's."""
    key: int | str = int(session.key) if account.numeric_keys else session.key
    hashed = sha256(f"{session.key} {session.password}".encode()).hexdigest()
    email, abbreviation = account.users.get(session.presenter, ""), session.start.strftime("%Z")
    offset = session.start.utcoffset() or timedelta()
    embed = "https://meeting.zoho.com/meeting/login/embedmeeting.jsp"
    return {
        "meetingKey": key,
        "topic": session.topic,
        "agenda": session.agenda,
        "presenter": int(session.presenter),
        "presenterZuid": int(session.presenter),
        "presenterEmail": email,
        "presenterName": email.partition("@")[0].title(),
        "startTime": f"{time_text(session.start)} {abbreviation}",
        "endTime": f"{time_text(session.end)} {session.end.strftime('%Z')}",
        "startDate": time_text(session.start, padded=False),
        "startTimeMillisec": int(session.start.timestamp() * 1000),
        "endTimeMillisec": int(session.end.timestamp() * 1000),
        "duration": session.duration,
        "timezone": session.zone,
        "offset": int(offset.total_seconds() * 1000),
        "pwd": session.password,
        "encryptPwd": hashed,
        "creatorZuid": int(session.creator),
        "creator": session.creator,
        "joinLink": session.link,
        "startLink": f"https://meeting.zoho.com/meeting-start?key={session.start_key}",
        "meetingEmbedUrl": f"{embed}?meetingKey={session.key}&newWindow=true&t={hashed}",
        "dialinUrl": DIAL_IN,
        "accessCode": f"{session.key[:5]} {session.key[5:]} #",
        "participants": [{"id": one, "email": email} for one, email in session.participants],
        "addedParticipants": f"[{', '.join(session.added)}]",
        "removedParticipants": f"[{', '.join(session.removed)}]",
        "meeting": {"zsoid": account.zsoid},
        "departmentId": "556536000000025015",
        "departmentName": "My Department",
        "webServer": "meeting.zoho.com",
        "source": "Meeting Create page",
        "sessionType": "meeting",
        "isRecurring": False,
        "sys_id": str(session.sys_id),
        "sysId": session.sys_id,
        "UID": session.sys_id,
    }


_EDITED = (
    *("meetingKey", "topic", "agenda", "presenterEmail", "presenter", "presenterName", "startTime", "duration"),
    *("timezone", "joinLink", "startLink", "pwd", "encryptPwd", "meetingEmbedUrl"),
)
_LISTED = (
    *("meetingKey", "topic", "presenterEmail", "presenterZuid", "startTime", "endTime", "duration", "timezone"),
    *("creatorZuid", "joinLink", "meetingEmbedUrl", "pwd", "encryptPwd", "sysId"),
)


def got(session: Session, account: Account) -> dict[str, Any]:
    """What GET answers; the page's example has no participants, its text has."""
    full = shown(session, account)
    return full if account.full_answers else {name: full[name] for name in (*_EDITED, "endTime", "participants")}


def edited(session: Session, account: Account) -> dict[str, Any]:
    """What PUT answers: the start without its zone, and no end."""
    full = shown(session, account)
    return (
        full
        if account.full_answers
        else {name: full[name] for name in _EDITED} | {"startTime": time_text(session.start)}
    )


def listed(session: Session, account: Account) -> dict[str, Any]:
    """What the list has of a meeting: neither agenda nor start link."""
    full = shown(session, account)
    return {name: full[name] for name in _LISTED}
