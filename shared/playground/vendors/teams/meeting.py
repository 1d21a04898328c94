"""One online meeting: what it remembers, and how Graph shows it.

learn.microsoft.com/graph/api/resources/onlinemeeting; ids and links as in answers seen in public, such as in
microsoft-graph-docs#13046 and microsoft-teams-library-js#2844.
"""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from playground.vendors.teams.account import Account
from playground.vendors.teams.invitation import invitation
from playground.vendors.teams.rules import SETTINGS
from playground.vendors.teams.times import SECOND, ticks, time_text

LIFETIME = timedelta(days=60)
TOLL, TOLL_FREE = "+1 206-485-3005", "+1 866-679-9995"
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"
_HIDDEN_SCOPES = {"invited", "organizationExcludingGuests"}
_DEFAULTS: Mapping[str, Any] = {
    "allowAttendeeToEnableCamera": True,
    "allowAttendeeToEnableMic": True,
    "allowBreakoutRooms": True,
    "allowCopyingAndSharingMeetingContent": True,
    "allowedLobbyAdmitters": "organizerAndCoOrganizersAndPresenters",
    "allowedPresenters": "everyone",
    "allowLiveShare": "enabled",
    "allowMeetingChat": "enabled",
    "allowParticipantsToChangeName": False,
    "allowPowerPointSharing": True,
    "allowRecording": True,
    "allowTeamworkReactions": True,
    "allowTranscription": True,
    "allowWhiteboard": True,
    "anonymizeIdentityForRoles": [],
    "chatRestrictions": None,
    "isEndToEndEncryptionEnabled": False,
    "isEntryExitAnnounced": True,
    "lobbyBypassSettings": {"scope": "organization", "isDialInBypassEnabled": False},
    "meetingSpokenLanguageTag": None,
    "meetingTemplateId": None,
    "recordAutomatically": False,
    "sensitivityLabelAssignment": None,
    "shareMeetingChatHistoryDefault": "none",
    "watermarkProtection": None,
}


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who asks, and in which form: the headers Authorization, Accept-Language and Prefer.

    Newer values of an enumeration are answered as `unknownFutureValue` to those who do not ask for them.
    """

    token: str = ""
    language: str = "en-US"
    newer_values: bool = True


def _digits(many: int) -> str:
    return str(10 ** (many - 1) + secrets.randbelow(9 * 10 ** (many - 1)))


def _passcode() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(8))


@dataclass(kw_only=True)
class Meeting:
    """What a meeting remembers. `active`: when it was last made, changed or held."""

    organizer: str
    organizer_id: str
    created: int
    start: int
    end: int
    active: int
    external_id: str | None = None
    passcode: str | None = None
    subject: str | None = None
    short_link: bool = False
    lapsed: bool = False
    attendees: list[Mapping[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    thread: str = field(default_factory=lambda: f"19:meeting_{b64encode(str(uuid4()).encode()).decode()}@thread.v2")
    code: str = field(default_factory=lambda: _digits(13))
    link_key: str = field(default_factory=lambda: secrets.token_urlsafe(16)[:18])
    conference: str = field(default_factory=lambda: _digits(9))
    video: str = field(default_factory=lambda: _digits(10))

    @property
    def id(self) -> str:
        return b64encode(f"1*{self.organizer_id}*0**{self.thread}".encode()).decode()

    @property
    def expiry(self) -> int:
        """60 days after its times or its last activity, whichever is later."""
        return max(self.start, self.end, self.active) + LIFETIME // timedelta(seconds=1) * SECOND

    def lapse(self) -> None:
        """The link now opens another meeting, with other coordinates and the default settings."""
        self.conference, self.video, self.lapsed = _digits(9), _digits(10), True
        self.settings = {}

    def revive(self, now: datetime) -> None:
        """Something happens to it, which prolongs its life."""
        self.active, self.lapsed = ticks(now), False

    def apply(self, body: Mapping[str, Any]) -> None:
        """Take over what a valid request says."""
        self.subject = body.get("subject", self.subject)
        if "startDateTime" in body:
            self.start = ticks(body["startDateTime"])
        if "endDateTime" in body:
            self.end = ticks(body["endDateTime"])
        self.attendees = body.get("participants", {}).get("attendees", self.attendees)
        lobby = {**self.settings.get("lobbyBypassSettings", {}), **body.get("lobbyBypassSettings", {})}
        self.settings |= {name: value for name, value in body.items() if name in SETTINGS}
        self.settings |= {"lobbyBypassSettings": lobby} if lobby else {}
        if body.get("joinMeetingIdSettings", {}).get("isPasscodeRequired"):
            self.passcode = _passcode()

    def invites(self, address: str, object_id: str) -> bool:
        """Whether that person is on the list of attendees."""
        users = [attendee.get("identity", {}).get("user", {}).get("id") for attendee in self.attendees]
        return object_id in users or address in [str(attendee["upn"]).lower() for attendee in self.attendees]

    def link(self, tenant: str) -> str:
        """Where to join."""
        if self.short_link:
            return f"https://teams.microsoft.com/meet/{self.code}?p={self.link_key}"
        thread = self.thread.replace(":", "%3a").replace("@", "%40")
        context = f"%7b%22Tid%22%3a%22{tenant}%22%2c%22Oid%22%3a%22{self.organizer_id}%22%7d"
        return f"https://teams.microsoft.com/l/meetup-join/{thread}/0?context={context}"

    def options_link(self, tenant: str, language: str) -> str:
        """Where the organizer, and nobody else, sets the meeting's options."""
        thread = quote(self.thread.replace(":", "_"), safe="@")
        return (
            f"https://teams.microsoft.com/meetingOptions/?organizerId={self.organizer_id}&tenantId={tenant}"
            f"&threadId={thread}&messageId=0&language={language}"
        )


def shown(meeting: Meeting, account: Account, asker: Asker) -> dict[str, Any]:
    """The meeting as Graph answers it."""
    link, options = meeting.link(account.tenant_id), meeting.options_link(account.tenant_id, asker.language)
    phone = _phone(meeting, account)
    return {
        "id": meeting.id,
        **_times(meeting, account),
        "joinUrl": link,
        "joinWebUrl": link,
        "meetingCode": meeting.code,
        "subject": meeting.subject,
        "externalId": meeting.external_id,
        "capabilities": [],
        "iCalUid": None,
        "meetingType": "scheduled",
        "meetingOptionsWebUrl": options,
        **_settings(meeting, account, asker),
        "participants": {"organizer": _organizer(meeting, account), "attendees": _attendees(meeting)},
        "audioConferencing": phone,
        "chatInfo": {"threadId": meeting.thread, "messageId": "0", "replyChainMessageId": None},
        "joinMeetingIdSettings": {
            "isPasscodeRequired": meeting.passcode is not None,
            "joinMeetingId": meeting.code,
            "passcode": meeting.passcode,
        },
        **_video(meeting, account),
        "joinInformation": {"content": invitation(asker.language, link, options, phone), "contentType": "html"},
    }


def _times(meeting: Meeting, account: Account) -> dict[str, str]:
    times = {
        "creationDateTime": meeting.created,
        "startDateTime": meeting.start,
        "endDateTime": meeting.end,
        "expiryDateTime": meeting.expiry,
    }
    return {name: time_text(at, seven_digits=account.seven_digits) for name, at in times.items()}


def _settings(meeting: Meeting, account: Account, asker: Asker) -> dict[str, Any]:
    settings = {**_DEFAULTS, **meeting.settings}
    settings |= account.locked
    settings["lobbyBypassSettings"] = {
        **_DEFAULTS["lobbyBypassSettings"],
        **meeting.settings.get("lobbyBypassSettings", {}),
        **account.locked.get("lobbyBypassSettings", {}),
    }
    if not asker.newer_values and settings["lobbyBypassSettings"]["scope"] in _HIDDEN_SCOPES:
        settings["lobbyBypassSettings"] = {**settings["lobbyBypassSettings"], "scope": "unknownFutureValue"}
    return settings


def _phone(meeting: Meeting, account: Account) -> dict[str, Any] | None:
    if meeting.organizer in account.without_audio:
        return None
    return {
        "tollNumber": TOLL,
        "tollFreeNumber": TOLL_FREE,
        "tollNumbers": [TOLL],
        "tollFreeNumbers": [TOLL_FREE],
        "conferenceId": meeting.conference,
        "dialinUrl": f"https://dialin.teams.microsoft.com/{account.tenant_id}?id={meeting.conference}",
    }


def _video(meeting: Meeting, account: Account) -> dict[str, Any]:
    if not account.interop:
        return {"videoTeleconferenceId": None, "cloudVideoInteropInfo": None}
    interop = {
        "tenantKey": "teams@example.interop.vc",
        "videoTeleconferenceId": meeting.video,
        "moreInfoWebUrl": f"https://interop.example.vc/teams/?conf={meeting.video}",
    }
    return {"videoTeleconferenceId": meeting.video, "cloudVideoInteropInfo": interop}


def _organizer(meeting: Meeting, account: Account) -> dict[str, Any]:
    upn = account.other_upns.get(meeting.organizer, meeting.organizer)
    user = {"id": meeting.organizer_id, "displayName": None, "tenantId": account.tenant_id, "identityProvider": "AAD"}
    return {"upn": upn, "role": "presenter", "identity": {"user": user}}


def _attendees(meeting: Meeting) -> list[dict[str, Any]]:
    return [
        {"upn": attendee["upn"], "role": attendee.get("role"), "identity": attendee.get("identity")}
        for attendee in meeting.attendees
    ]
