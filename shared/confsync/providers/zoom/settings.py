"""What an administrator chooses, and the scopes and credentials of their server-to-server OAuth app."""

from typing import Annotated, Literal

import msgspec

SCOPES = (
    "meeting:write:meeting:admin",
    "meeting:read:meeting:admin",
    "meeting:update:meeting:admin",
    "meeting:delete:meeting:admin",
    "meeting:read:list_meetings:admin",
    "meeting:read:invitation:admin",  # only with the setting `sip`
)


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
    """`sip`: the account has the room connector.

    `passcode_length`: we choose each meeting's passcode, such that every policy is satisfied but "only digits", for
    which there is `passcode_digits`.
    """

    passcode_length: Annotated[int, msgspec.Meta(ge=4, le=10)] | None = None
    passcode_digits: bool = False
    sip: bool = False


class Credentials(msgspec.Struct, frozen=True):
    """The secret, a JSON object."""

    account_id: str
    client_id: str
    client_secret: str
