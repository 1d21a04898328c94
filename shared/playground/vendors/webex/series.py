"""A meeting as Webex models it: a series (of one, if it does not recur), its occurrences, and what took place.

The specification's schema of a meeting, and its examples.
"""

import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from playground.vendors.webex.account import Account
from playground.vendors.webex.rules import Times

READY = timedelta(minutes=15)
"""How long before its start an occurrence is "ready"; nowhere documented."""
_OFF = (
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
)
_KEPT_APART = ("start", "end", "timezone", "recurrence", "sendEmail", "hostEmail", "invitees", "integrationTags")


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """A scheduled meeting. `key` is when the rule has it, which stays in its id when it is moved."""

    key: datetime
    start: datetime
    end: datetime
    changes: Mapping[str, Any] | None = None


@dataclass
class Instance:
    """What takes or took place."""

    id: str
    key: datetime
    start: datetime
    end: datetime | None = None


@dataclass
class Series:
    """`facts`: what a meeting says besides its times. `tags`: of each client."""

    id: str
    host: str
    facts: dict[str, Any]
    times: Times
    invitees: list[str]
    tags: dict[str, list[str]] = field(default_factory=dict)
    changed: dict[datetime, Occurrence] = field(default_factory=dict)
    cancelled: set[datetime] = field(default_factory=set)
    instances: list[Instance] = field(default_factory=list)

    def occurrences(self) -> Iterator[Occurrence]:
        """All that were not deleted, by their keys; it may never end."""
        length = self.times.end - self.times.start
        for key in self.times.all():
            if key not in self.cancelled:
                yield self.changed.get(key) or Occurrence(key=key, start=key, end=key + length)

    def between(self, start: datetime, end: datetime) -> list[Occurrence]:
        """Those that overlap that span."""
        regular = takewhile(lambda each: each.key < end, (o for o in self.occurrences() if o.changes is None))
        found = [o for o in (*regular, *self.changed.values()) if o.start < end and o.end > start]
        return sorted(found, key=lambda o: o.start)

    def at(self, key: datetime) -> Occurrence | None:
        """The occurrence that the rule has then."""
        return next((o for o in takewhile(lambda each: each.key <= key, self.occurrences()) if o.key == key), None)

    def current(self, now: datetime) -> Occurrence | None:
        """The one that is on or comes next, else the last."""
        last = None
        for last in self.occurrences():
            if last.end > now and not self._ended(last.key):
                break
        return last

    def instance(self, key: datetime, *, running: bool) -> Instance | None:
        """What takes place at (or took the place of) the occurrence."""
        return next((i for i in self.instances if i.key == key and (i.end is None) == running), None)

    def state(self, now: datetime) -> str:
        if any(i.end is None for i in self.instances):
            return "inProgress"
        current = self.current(now)
        return "active" if current and current.end > now and not self._ended(current.key) else "expired"

    def state_of(self, occurrence: Occurrence, now: datetime) -> str:
        if self.instance(occurrence.key, running=True):
            return "ready"
        if self._ended(occurrence.key):
            return "ended"
        if occurrence.end <= now:
            return "missed"
        return "ready" if occurrence.start - READY <= now else "scheduled"

    def has_ended(self, now: datetime) -> bool:
        """Whether it took place and nothing of it is to come."""
        return bool(self.instances) and self.state(now) == "expired"

    def _ended(self, key: datetime) -> bool:
        return self.instance(key, running=False) is not None


def new_facts(account: Account, body: Mapping[str, Any], host: str, host_key: str) -> dict[str, Any]:
    """What Webex makes of a request, besides the times."""
    site = body.get("siteUrl", account.site)
    person = b64encode(f"ciscospark://us/PEOPLE/{uuid5(NAMESPACE_URL, host)}".encode()).decode().rstrip("=")
    facts = {
        "password": f"aB{secrets.token_hex(4)}",
        "phoneAndVideoSystemPassword": str(10_000_000 + secrets.randbelow(90_000_000)),
        "hostUserId": person,
        "hostDisplayName": host.partition("@")[0].title(),
        "hostEmail": host,
        "hostKey": host_key,
        "siteUrl": site,
        "dialInIpAddress": "192.0.2.100",
        "joinBeforeHostMinutes": 0,
        "reminderTime": 15,
        "unlockedMeetingJoinSecurity": "allowJoinWithLobby",
        "sessionTypeId": 3,
        "automaticLockMinutes": 0,
        "scheduledType": "meeting",
        **dict.fromkeys(_OFF, False),
        "meetingOptions": {"enabledChat": True, "enabledVideo": True, "enabledNote": True, "noteType": "allowAll"},
        "attendeePrivileges": {"enabledShareContent": True, "enabledViewParticipantList": True},
        "audioConnectionOptions": {"audioConnectionType": "webexAudio", "entryAndExitTone": "noTone"},
        **links(site),
    }
    return merged(facts, body)


def links(site: str) -> dict[str, Any]:
    """A number, and the ways in that follow from it."""
    number = str(20_000_000_000 + secrets.randbelow(10**10))
    return {
        "meetingNumber": number,
        "webLink": f"https://{site}/{site.partition('.')[0]}/j.php?MTID=m{secrets.token_hex(16)}",
        "sipAddress": f"{number}@{site}",
    }


def merged(facts: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with what a valid body says besides the times; whether objects are merged is nowhere documented."""
    said = {name: value for name, value in body.items() if name not in _KEPT_APART}
    return {
        **facts,
        **{n: {**facts.get(n, {}), **value} if isinstance(value, dict) else value for n, value in said.items()},
    }


def occurrence_id(series_id: str, key: datetime) -> str:
    return f"{series_id}_{key.astimezone(UTC):%Y%m%dT%H%M%SZ}"
