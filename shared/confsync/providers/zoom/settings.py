"""What an administrator chooses, and the scopes and credentials of their server-to-server OAuth app."""

from typing import Annotated, Any, Literal

import msgspec

SCOPES = (
    "meeting:write:meeting:admin",
    "meeting:read:meeting:admin",
    "meeting:update:meeting:admin",
    "meeting:delete:meeting:admin",
    "meeting:read:list_meetings:admin",
    "meeting:read:invitation:admin",  # only with the setting `sip`
)


Countries = tuple[Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")], ...]
Table = dict[str, Any]
"""Settings of a setting, passed on as they are."""


class MeetingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Settings of a meeting in Zoom's own names; what is absent stays as the account has it.

    A setting that the account has locked silently wins: https://developers.zoom.us/docs/api/meetings/
    """

    # who comes in, and how
    waiting_room: bool | None = None
    waiting_room_options: Table | None = None
    join_before_host: bool | None = None
    jbh_time: Literal[0, 5, 10, 15] | None = None
    meeting_authentication: bool | None = None
    authentication_option: str | None = None
    authentication_domains: str | None = None
    authentication_exception: tuple[Table, ...] | None = None
    approval_type: Literal[0, 1, 2] | None = None
    registration_type: Literal[1, 2, 3] | None = None
    registrants_confirmation_email: bool | None = None
    registrants_email_notification: bool | None = None
    close_registration: bool | None = None
    approved_or_denied_countries_or_regions: Table | None = None
    internal_meeting: bool | None = None
    private_meeting: bool | None = None
    allow_multiple_devices: bool | None = None
    email_notification: bool | None = None
    # who leads
    alternative_hosts: str | None = None
    alternative_hosts_email_notification: bool | None = None
    alternative_host_update_polls: bool | None = None
    alternative_host_manage_meeting_summary: bool | None = None
    alternative_host_manage_cloud_recording: bool | None = None
    allow_host_control_participant_mute_state: bool | None = None
    # sound and picture
    host_video: bool | None = None
    participant_video: bool | None = None
    disable_participant_video: bool | None = None
    mute_upon_entry: bool | None = None
    request_permission_to_unmute_participants: bool | None = None
    audio: Literal["both", "telephony", "voip", "thirdParty"] | None = None
    audio_conference_info: str | None = None
    global_dial_in_countries: Countries | None = None
    device_testing: bool | None = None
    host_save_video_order: bool | None = None
    focus_mode: bool | None = None
    participant_focused_meeting: bool | None = None
    watermark: bool | None = None
    # recordings, summaries
    auto_recording: Literal["local", "cloud", "none"] | None = None
    auto_add_recording_to_video_management: Table | None = None
    auto_start_meeting_summary: bool | None = None
    who_will_receive_summary: Literal[1, 2, 3, 4] | None = None
    summary_template_id: str | None = None
    auto_start_ai_companion_questions: bool | None = None
    who_can_ask_questions: Literal[1, 2, 3, 4, 5] | None = None
    email_in_attendee_report: bool | None = None
    # the rest
    breakout_room: Table | None = None
    continuous_meeting_chat: Table | None = None
    language_interpretation: Table | None = None
    sign_language_interpretation: Table | None = None
    question_and_answer: Table | None = None
    resources: tuple[Table, ...] | None = None
    custom_keys: tuple[Table, ...] | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    encryption_type: Literal["enhanced_encryption", "e2ee"] | None = None
    additional_data_center_regions: tuple[str, ...] | None = None
    show_share_button: bool | None = None
    show_join_info: bool | None = None


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
