"""What an administrator chooses, and the scopes and credentials of their application."""

from typing import Literal

import msgspec

SCOPES = ("meeting:schedules_read", "meeting:schedules_write")
ADMIN_SCOPES = ("meeting:admin_schedule_read", "meeting:admin_schedule_write")


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
