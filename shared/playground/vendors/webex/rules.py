"""What Webex accepts in a meeting, and when its occurrences are: the specification, POST and PATCH."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr

from playground.vendors.fields import Check, between, flag, matching, missing, one_of, text, wrong
from playground.vendors.webex.account import Account, WebexError, invalid

ZONES = available_timezones()
MOST = {"DAILY": 1826, "WEEKLY": 261, "MONTHLY": 60, "YEARLY": 5}
"""Occurrences of a series that has an end."""
NULLABLE = ("agenda", "recurrence", "trackingCodes", "integrationTags")
_SHORTEST, _LONGEST = timedelta(minutes=10), timedelta(hours=23, minutes=59)
_PARTS = ("FREQ", "UNTIL", "COUNT", "INTERVAL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST")

_FLAGS = (
    "enabledAutoRecordMeeting",
    "allowAnyUserToBeCoHost",
    "enabledJoinBeforeHost",
    "enableConnectAudioBeforeHost",
    "excludePassword",
    "publicMeeting",
    "enableAutomaticLock",
    "allowFirstUserToBeCoHost",
    "allowAuthenticatedDevices",
    "enabledBreakoutSessions",
    "enabledAudioWatermark",
    "enabledVisualWatermark",
    "sendEmail",
)
_address = matching(r"[^@\s]+@[^@\s]+")
_count = between(0, 2**31 - 1)
_invitee: Mapping[str, Check] = {"email": _address, "displayName": text(128), "coHost": flag, "panelist": flag}
_audio: Mapping[str, Check] = {
    "audioConnectionType": one_of("webexAudio", "VoIP", "other", "none"),
    "entryAndExitTone": one_of("beep", "announceName", "noTone"),
    **dict.fromkeys(("enabledTollFreeCallIn", "enabledGlobalCallIn", "allowHostToUnmuteParticipants"), flag),
    **dict.fromkeys(("allowAttendeeToUnmuteSelf", "muteAttendeeUponEntry"), flag),
}


def _objects(value: Any, checks: Mapping[str, Check], required: tuple[str, ...] = ()) -> bool:
    return isinstance(value, dict) and not wrong(value, checks) and not missing(value, required)


FIELDS: Mapping[str, Check] = {
    **dict.fromkeys(_FLAGS, flag),
    **dict.fromkeys(("reminderTime", "automaticLockMinutes", "sessionTypeId"), _count),
    "title": text(128, shortest=1),
    "agenda": text(1300),
    "password": text(32),
    "start": lambda value: moment(value) is not None,
    "end": lambda value: moment(value) is not None,
    "timezone": lambda value: isinstance(value, str) and value in ZONES,
    "recurrence": lambda value: _rule(value) is not None,
    "scheduledType": one_of("meeting"),
    "joinBeforeHostMinutes": one_of(0, 5, 10, 15),
    "unlockedMeetingJoinSecurity": one_of("allowJoin", "allowJoinWithLobby", "blockFromJoin"),
    "visualWatermarkOpacity": between(5, 80),
    "invitees": lambda value: (
        isinstance(value, list) and len(value) <= 1000 and all(_objects(each, _invitee, ("email",)) for each in value)
    ),
    "integrationTags": lambda value: (
        isinstance(value, list) and len(value) <= 3 and all(text(64, shortest=1)(each) for each in value)
    ),
    "hostEmail": _address,
    "siteUrl": text(256, shortest=1),
    "audioConnectionOptions": lambda value: _objects(value, _audio),
    "meetingOptions": lambda value: isinstance(value, dict),
    "attendeePrivileges": lambda value: isinstance(value, dict),
    "trackingCodes": lambda value: isinstance(value, list),
}


def require_valid(body: Mapping[str, Any], account: Account, *, creating: bool) -> None:
    """Raise 400, which names every wrong field. Fields that Webex does not know, it ignores (seen in cal.diy#7651)."""
    nullable = ("recurrence",) if creating else NULLABLE
    given = {name: value for name, value in body.items() if value is not None or name not in nullable}
    found = [*(missing(body, ("title", "start", "end")) if creating else ()), *wrong(given, FIELDS)]
    if given.get("timezone") in account.unknown_zones:
        found.append("timezone")
    if found:
        raise invalid(*(f"Parameter '{name}' is missing or invalid." for name in found))
    if "password" in given and not re.fullmatch(account.password_rule, given["password"]):
        raise invalid("Meeting password validation failed.")


@dataclass(frozen=True, kw_only=True)
class Times:
    """When a meeting is. `zone` is where it was scheduled; no series with an end goes on after `furthest`."""

    start: datetime
    end: datetime
    zone: str
    rule: str | None
    furthest: datetime

    def all(self) -> Iterator[datetime]:
        """When each occurrence starts, by the rule."""
        if self.rule is None:
            yield self.start
            return
        zone, parts = ZoneInfo(self.zone), dict(part.split("=") for part in self.rule.split(";"))
        local = rrulestr(_local(parts, zone), dtstart=self.start.astimezone(zone).replace(tzinfo=None))
        for index, naive in enumerate(local):
            at = naive.replace(tzinfo=zone).astimezone(UTC)
            if parts.keys() & {"UNTIL", "COUNT"} and (index >= MOST[parts["FREQ"]] or at > self.furthest):
                return
            yield at


def schedule(body: Mapping[str, Any], account: Account, now: datetime, old: Times | None = None) -> Times:
    """When the meeting is to be, as a valid body says. Raises 400."""
    zone = body.get("timezone") or (old.zone if old else account.default_timezone)
    start, end = (_given(body, name, zone, account) for name in ("start", "end"))
    if start is not None and start == now.replace(second=0, microsecond=0):
        start += timedelta(minutes=1)
    if any(at is not None and at < now for at in (start, end)):
        raise invalid("Parameter 'start' or 'end' is before current time.")
    rule = old.rule if old else None
    if "recurrence" in body:
        rule = _rule(body["recurrence"])
    if rule and account.too_many == "refused":
        parts = dict(part.split("=") for part in rule.split(";"))
        if int(parts.get("COUNT", 0)) > MOST[parts["FREQ"]]:
            raise invalid("Parameter 'recurrence' has too many occurrences.")
    if old:
        start, end = start or old.start, end or old.end
    assert start is not None
    assert end is not None
    if not _SHORTEST <= end - start <= _LONGEST:
        raise invalid("The duration must be between 10 minutes and 23 hours 59 minutes.")
    if start >= now + relativedelta(years=10):
        raise invalid("Parameter 'start' is 10 years or more in the future.")
    furthest = old.furthest if old and old.rule == rule else now + relativedelta(years=5)
    times = Times(start=start, end=end, zone=zone, rule=rule, furthest=furthest)
    first = next(times.all(), None)
    if first is None:
        raise invalid("Parameter 'recurrence' has no occurrence.")
    return Times(start=first, end=first + (end - start), zone=zone, rule=rule, furthest=furthest)


def _given(body: Mapping[str, Any], name: str, zone: str, account: Account) -> datetime | None:
    """A time of the body in UTC, to the minute. Raises an error if its offset is not its timezone's (cal.diy#7651)."""
    if name not in body:
        return None
    at = moment(body[name])
    assert at is not None
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(zone))
    elif "timezone" in body and at.utcoffset() != at.astimezone(ZoneInfo(zone)).utcoffset():
        message = f"timezone '{zone}' and timezone offset in '{body[name]}' do not match"
        raise WebexError(account.mismatch_status, message)
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def moment(value: object) -> datetime | None:
    """A time in any ISO 8601 form, with or without an offset; None if it is none."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at and 1900 < at.year < 9000 else None


def _local(parts: Mapping[str, str], zone: ZoneInfo) -> str:
    """The rule with its end in local time; a date means all of that day. Raises ValueError."""
    local = dict(parts)
    if "UNTIL" in parts:
        until = datetime.fromisoformat(parts["UNTIL"] if "T" in parts["UNTIL"] else f"{parts['UNTIL']}T235959")
        local["UNTIL"] = f"{until.astimezone(zone) if until.tzinfo else until:%Y%m%dT%H%M%S}"
    return ";".join(f"{name}={value}" for name, value in local.items())


def _rule(value: object) -> str | None:
    """The rule in Webex's order, and with the first only of several days of a month or year; None if it is none."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]+=[^=;\s]+(;[A-Z]+=[^=;\s]+)*", value):
        return None
    parts = dict(part.split("=") for part in value.split(";"))
    if len(parts) <= value.count(";") or not parts.keys() <= set(_PARTS) or {"COUNT", "UNTIL"} <= parts.keys():
        return None
    if parts.get("FREQ") not in MOST or not re.fullmatch(r"[1-9]\d*", parts.get("INTERVAL", "1")):
        return None
    if parts["FREQ"] in {"MONTHLY", "YEARLY"}:
        parts |= {name: parts[name].partition(",")[0] for name in ("BYMONTH", "BYMONTHDAY", "BYDAY") if name in parts}
    try:
        rrulestr(_local(parts, ZoneInfo("UTC")))
    except ValueError:
        return None
    return ";".join(f"{name}={parts[name]}" for name in _PARTS if name in parts)
