"""What an administrator chooses, and the permissions and credentials of their application."""

from typing import Literal

import msgspec

APPLICATION = ("OnlineMeetings.ReadWrite.All", "User.Read.All")
DELEGATED = ("OnlineMeetings.ReadWrite", "offline_access")


class Lobby(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who need not wait in the lobby."""

    scope: (
        Literal[
            "organizer",
            "organization",
            "organizationAndFederated",
            "everyone",
            "invited",
            "organizationExcludingGuests",
        ]
        | None
    ) = None
    isDialInBypassEnabled: bool | None = None  # noqa: N815


class MeetingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Settings of a meeting in Graph's own names; what is absent stays as the tenant's policies have it.

    https://learn.microsoft.com/graph/api/onlinemeeting-update
    """

    lobbyBypassSettings: Lobby | None = None  # noqa: N815
    allowedLobbyAdmitters: Literal["organizerAndCoOrganizersAndPresenters", "organizerAndCoOrganizers"] | None = None  # noqa: N815
    allowedPresenters: Literal["everyone", "organization", "organizer"] | None = None  # noqa: N815
    recordAutomatically: bool | None = None  # noqa: N815
    allowRecording: bool | None = None  # noqa: N815
    allowTranscription: bool | None = None  # noqa: N815
    allowMeetingChat: Literal["enabled", "disabled", "limited"] | None = None  # noqa: N815
    allowTeamworkReactions: bool | None = None  # noqa: N815
    allowAttendeeToEnableCamera: bool | None = None  # noqa: N815
    allowAttendeeToEnableMic: bool | None = None  # noqa: N815
    isEntryExitAnnounced: bool | None = None  # noqa: N815


class Settings(MeetingSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`passcode`: people who join by the meeting's number need one. Such a meeting can't be made with our marker."""

    passcode: bool = False


class Credentials(msgspec.Struct, frozen=True):
    """The secret, a JSON object."""

    tenant_id: str
    client_id: str
    client_secret: str
