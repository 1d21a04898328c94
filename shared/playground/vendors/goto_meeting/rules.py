"""What GoTo accepts in a meeting, and what its answers hold: MeetingReqCreate, MeetingCreated, MeetingById,
MeetingScheduled, UpcomingMeeting, MeetingHistory of the OpenAPI file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from playground.vendors.fields import Check, flag, matching, missing, one_of, text, unknown, wrong
from playground.vendors.goto_meeting.account import Account, GotoError, bad_request

DIALLED = ("PSTN", "Free", "Hybrid")
"""The audio options for which GoTo has the numbers and the access code."""
LONGEST_SUBJECT = 100
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_REQUIRED = ("subject", "starttime", "endtime", "passwordrequired", "conferencecallinfo", "timezonekey", "meetingtype")


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A meeting as it was asked for. `since`: when it was started, if it runs."""

    id: int
    organizer: str
    subject: str
    starts: datetime
    ends: datetime
    kind: str
    audio: str
    password_required: bool
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Held:
    """An instance of a meeting that is over."""

    key: int
    meeting: Meeting
    began: datetime
    ended: datetime


def instant(value: object) -> datetime | None:
    """An ISO 8601 time in UTC, with a Z; None if it is none."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _keys(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(key, str) for key in value)


_FIELDS: Mapping[str, Check] = {
    "subject": text(10 * LONGEST_SUBJECT, shortest=1),
    "starttime": lambda value: instant(value) is not None,
    "endtime": lambda value: instant(value) is not None,
    "passwordrequired": flag,
    "conferencecallinfo": text(255, shortest=1),
    "timezonekey": matching(""),
    "meetingtype": one_of("immediate", "recurring", "scheduled"),
    "coorganizerKeys": _keys,
}


def refusal(body: Mapping[str, Any], account: Account, now: datetime) -> GotoError | None:
    """Why a create or an update, which is as full as a create, is refused."""
    bad = missing(body, _REQUIRED) + wrong(body, _FIELDS)
    if account.unknown_keys == "refused":
        bad += unknown(body, _FIELDS)
    if not bad:
        subject, starts, ends = body["subject"], instant(body["starttime"]), instant(body["endtime"])
        counted = subject if account.counts_escaped else _unescaped(subject)
        if not text(LONGEST_SUBJECT)(counted) or (account.angle_brackets == "refused" and re.search("[<>]", subject)):
            bad.append("subject")
        if account.checks_order and starts and ends and ends <= starts:
            bad.append("endtime")
        if account.past_start == "refused" and body["meetingtype"] == "scheduled" and starts and starts < now:
            bad.append("starttime")
    return bad_request(f"Invalid or missing parameter: {', '.join(bad)}") if bad else None


def asked(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body that is not refused, in the terms of `Meeting`."""
    return {
        "subject": body["subject"],
        "starts": instant(body["starttime"]),
        "ends": instant(body["endtime"]),
        "kind": body["meetingtype"],
        "audio": body["conferencecallinfo"],
        "password_required": body["passwordrequired"],
    }


def created(meeting: Meeting, account: Account) -> dict[str, Any]:
    """MeetingCreated, the only answer with a joinURL."""
    return {
        "joinURL": f"{account.join_base}{meeting.id}",
        "meetingid": meeting.id,
        "maxParticipants": account.max_participants,
        "uniqueMeetingId": meeting.id,
        "conferenceCallInfo": _dial_in(meeting, account),
    }


def by_id(meeting: Meeting, account: Account) -> dict[str, Any]:
    """MeetingById."""
    return {
        **_common(meeting, account),
        "createTime": "",
        "duration": int((meeting.ends - meeting.starts).total_seconds() // 60),
        "maxParticipants": account.max_participants,
        "meetingId": meeting.id,
        "meetingKey": meeting.id,
        "uniqueMeetingId": meeting.id,
    }


def scheduled(meeting: Meeting, account: Account) -> dict[str, Any]:
    """MeetingScheduled; the id is spelled as in MeetingCreated, not as in MeetingById."""
    return {
        **_common(meeting, account),
        "createTime": "",
        "maxParticipants": account.max_participants,
        "meetingid": meeting.id,
        "uniqueMeetingId": meeting.id,
    }


def upcoming(meeting: Meeting, account: Account) -> dict[str, Any]:
    """UpcomingMeeting; its id is text."""
    return {**_common(meeting, account), **_organizer(meeting, account), "meetingId": str(meeting.id)}


def history(held: Held, account: Account) -> dict[str, Any]:
    """MeetingHistory, with its fields kept from older days."""
    person, number, common = _organizer(held.meeting, account), held.meeting.id, _common(held.meeting, account)
    keys = dict.fromkeys(("organizerKey", "organizerkey", "newOrganizerKey"), person["organizerKey"])
    ids = dict.fromkeys(("meetingId", "meetingKey", "uniqueMeetingId"), number)
    empty = dict.fromkeys(("groupName", "passwordRequired", "status"), "")
    began = dict.fromkeys(("date", "startTime"), _time(held.began, account))
    return {
        **keys,
        **ids,
        **empty,
        **began,
        **{name: person[name] for name in ("firstName", "lastName", "email")},
        **{name: common[name] for name in ("subject", "meetingType", "conferenceCallInfo")},
        "endTime": _time(held.ended, account),
        "duration": int((held.ended - held.began).total_seconds() // 60),
        "numAttendees": 2,
        "sessionId": held.key,
        "meetingInstanceKey": held.key,
        "newMeetingId": _grouped(number),
    }


def organizer_key(person: str) -> str:
    """GoTo's number of an organizer."""
    return str(int(sha256(person.lower().encode()).hexdigest()[:15], 16))


def _common(meeting: Meeting, account: Account) -> dict[str, Any]:
    needed = meeting.password_required
    return {
        "subject": meeting.subject if account.escaped_answers else _unescaped(meeting.subject),
        "startTime": _time(meeting.starts, account),
        "endTime": _time(meeting.ends, account),
        "meetingType": meeting.kind,
        "status": "ACTIVE" if meeting.since else "INACTIVE",
        "passwordRequired": str(needed).lower() if account.old_forms else needed,
        "conferenceCallInfo": _dial_in(meeting, account),
    }


def _organizer(meeting: Meeting, account: Account) -> dict[str, str]:
    name, _, domain = meeting.organizer.partition("@")
    return {
        "accountKey": organizer_key(account.client_id),
        "organizerKey": organizer_key(meeting.organizer),
        "email": meeting.organizer,
        "firstName": name.capitalize(),
        "lastName": domain.partition(".")[0].capitalize(),
        "locale": "en_US",
    }


def _dial_in(meeting: Meeting, account: Account) -> str:
    """Lines of text, the last one with the access code, which is the meeting's id; other text is answered as sent."""
    if meeting.audio not in DIALLED:
        return meeting.audio
    numbers = [f"{label}: {number}" for label, number in account.dial_in]
    return "\n".join([*numbers, f"Access Code: {_grouped(meeting.id)}"])


def _grouped(number: int) -> str:
    return re.sub(r"(\d{3})(\d{3})(\d{3})", r"\1-\2-\3", str(number))


def _unescaped(subject: str) -> str:
    return subject.replace("&lt;", "<").replace("&gt;", ">")


def _time(when: datetime, account: Account) -> str:
    plain = when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{plain}.+0000" if account.old_forms else f"{plain}Z"
