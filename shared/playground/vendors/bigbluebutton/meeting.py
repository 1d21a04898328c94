"""A meeting: when it is over, and what is told of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any

from playground.vendors.bigbluebutton.account import Account, BigBlueButtonError


@dataclass(kw_only=True, eq=False)
class Meeting:
    """A meeting, `given` all parameters of its `create`."""

    given: dict[str, str]
    born: datetime
    attendee_pw: str
    moderator_pw: str
    voice_bridge: str
    people: list[dict[str, Any]] = field(default_factory=list)
    joined: bool = False
    empty_since: datetime | None = None
    ends: datetime | None = None
    """When it is over by `end`."""

    @property
    def create_time(self) -> int:
        return int(self.born.timestamp() * 1000)

    @property
    def internal_id(self) -> str:
        return f"{sha1(self.given['meetingID'].encode()).hexdigest()}-{self.create_time}"

    @property
    def metadata(self) -> dict[str, str]:
        """Under names in small letters, as the page's example of `getMeetingInfo` shows them."""
        matches = ((re.fullmatch("meta_([A-Za-z][A-Za-z0-9-]*)", name), value) for name, value in self.given.items())
        return {match[1].lower(): value for match, value in matches if match}

    def over(self, account: Account) -> datetime | None:
        """When it is over: by `end`, its duration, since nobody came, or since all have left."""

        def minutes(name: str, default: float) -> timedelta:
            return timedelta(minutes=float(self.given.get(name, default)))

        found = [self.ends] if self.ends else []
        if longest := minutes("duration", 0):
            found.append(self.born + longest)
        if not self.joined:
            found.append(self.born + minutes("meetingExpireIfNoUserJoinedInMinutes", account.unjoined_minutes))
        left = minutes("meetingExpireWhenLastUserLeftInMinutes", account.left_minutes)
        if self.empty_since and left:
            found.append(self.empty_since + left)
        return min(found, default=None)

    def agrees(self, given: Mapping[str, str], account: Account) -> bool:
        """Whether another `create` is this meeting's."""
        if account.compares == "everything":
            return dict(given) == self.given
        passwords = [given.get(name) for name in ("attendeePW", "moderatorPW")]
        if passwords == [None, None]:
            return account.without_passwords == "duplicate"
        return passwords == [self.attendee_pw, self.moderator_pw]

    def role(self, given: Mapping[str, str]) -> str:
        """By `role` if it is a valid one, else by `password`."""
        role = given.get("role", "").upper()
        if role in {"MODERATOR", "VIEWER"}:
            return role
        if not given.get("password"):
            raise BigBlueButtonError(
                "Params required", "You must either send the valid role of the user, or the password."
            )
        # the moderators' comes first, should both be the same
        roles = {self.attendee_pw: "VIEWER", self.moderator_pw: "MODERATOR"}
        if given["password"] not in roles:
            raise BigBlueButtonError("Params required", "You must enter a valid password")
        return roles[given["password"]]

    def created(self, account: Account) -> dict[str, Any]:
        """What `create` answers."""
        return {
            "meetingID": self.given["meetingID"],
            "internalMeetingID": self.internal_id,
            "parentMeetingID": "bbb-none",
            **self._both(account),
            "hasUserJoined": self.joined,
            "duration": int(self.given.get("duration", 0)),
            "hasBeenForciblyEnded": False,
        }

    def info(self, account: Account, now: datetime) -> dict[str, Any]:
        """What `getMeetingInfo` answers."""
        end = self.over(account)
        ended = end is not None and end <= now
        people = [] if ended else self.people
        return {
            "meetingName": self.given["name"],
            "meetingID": self.given["meetingID"],
            "internalMeetingID": self.internal_id,
            **self._both(account),
            "running": bool(people),
            "duration": int(self.given.get("duration", 0)),
            "hasUserJoined": self.joined,
            "recording": self.given.get("record") == "true",
            "hasBeenForciblyEnded": ended,
            "startTime": self.create_time,
            "endTime": int(end.timestamp() * 1000) if end and ended else 0,
            "participantCount": len(people),
            **dict.fromkeys(("listenerCount", "voiceParticipantCount", "videoCount"), 0),
            "maxUsers": int(self.given.get("maxParticipants", 0)),
            "moderatorCount": sum(each["role"] == "MODERATOR" for each in people),
            "attendees": {"attendee": list(_attendees(people))},
            "metadata": self.metadata,
            "isBreakout": False,
        }

    def _both(self, account: Account) -> dict[str, Any]:
        return {
            "attendeePW": self.attendee_pw,
            "moderatorPW": self.moderator_pw,
            "createTime": self.create_time,
            "voiceBridge": self.voice_bridge,
            "dialNumber": self.given.get("dialNumber", account.dial_number),
            "createDate": self.born.astimezone(UTC).strftime("%a %b %d %H:%M:%S UTC %Y"),
        }


def _attendees(people: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    presenter = next((each for each in people if each["role"] == "MODERATOR"), None)
    for each in people:
        yield {
            **{name: each[name] for name in ("userID", "fullName", "role")},
            "isPresenter": each is presenter,
            "isListeningOnly": False,
            "hasJoinedVoice": False,
            "hasVideo": False,
            "clientType": "HTML5",
            "customdata": each["customdata"],
        }
