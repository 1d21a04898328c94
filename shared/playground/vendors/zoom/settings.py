"""What Zoom takes in a meeting's `settings`, and what they are when nobody says.

"Create a meeting" and "Update a meeting" in https://developers.zoom.us/docs/api/meetings/; the form of December 2025
is in SferaDev/openapi-clients, packages/zoom-api-js/src/meeting/components.ts.
"""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from playground.vendors.fields import Check, flag, matching, missing, one_of, text, wrong
from playground.vendors.zoom.account import Account

_ISO = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA
    CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA
    GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS
    MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS
    RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW
    TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_ISO.split())
OF_AN_OCCURRENCE = (
    "host_video",
    "participant_video",
    "join_before_host",
    "mute_upon_entry",
    "waiting_room",
    "watermark",
    "auto_recording",
)
"""Those that a PATCH of a single occurrence supports."""

_email = matching(r"[^@\s;,]+@[^@\s;,]+\.[^@\s;,]+")
_words = text(10_000)  # as long as nobody says how long
_country = one_of(*COUNTRIES)
_domains = matching(r"(\*\.)?[\w-]+(\.[\w-]+)+(,\s*(\*\.)?[\w-]+(\.[\w-]+)+)*|")


def _each(check: Check, *, most: int | None = None) -> Check:
    return lambda value: isinstance(value, list) and len(value) <= (most or len(value)) and all(map(check, value))


def _record(required: tuple[str, ...] = (), /, **checks: Check) -> Check:
    return lambda value: isinstance(value, dict) and not missing(value, required) and not wrong(value, checks)


def _waiting_room(value: Any) -> bool:
    places = ("everyone", "users_not_in_account", "users_not_in_account_or_whitelisted_domains", "users_not_on_invite")
    known = _record(("mode",), mode=one_of("follow_setting", "custom"), who_goes_to_waiting_room=one_of(*places))
    return known(value) and ("who_goes_to_waiting_room" in value or value["mode"] == "follow_setting")


_FLAGS = """
    allow_host_control_participant_mute_state allow_multiple_devices alternative_host_manage_cloud_recording
    alternative_host_manage_meeting_summary alternative_host_update_polls alternative_hosts_email_notification
    auto_start_ai_companion_questions auto_start_meeting_summary close_registration cn_meeting device_testing
    disable_participant_video email_in_attendee_report email_notification enforce_login focus_mode host_save_video_order
    host_video in_meeting internal_meeting join_before_host meeting_authentication mute_upon_entry
    participant_focused_meeting participant_video private_meeting push_change_to_calendar registrants_confirmation_email
    registrants_email_notification request_permission_to_unmute_participants show_join_info show_share_button use_pmi
    waiting_room watermark
"""
SETTINGS: Mapping[str, Check] = {
    **dict.fromkeys(_FLAGS.split(), flag),
    "additional_data_center_regions": _each(matching("[A-Z]{2}")),  # not all are ISO's: Japan is TY
    "alternative_hosts": _words,
    "approval_type": one_of(0, 1, 2),
    "approved_or_denied_countries_or_regions": _record(
        enable=flag, method=one_of("approve", "deny"), approved_list=_each(_country), denied_list=_each(_country)
    ),
    "audio": one_of("both", "telephony", "voip", "thirdParty"),
    "audio_conference_info": text(2048),
    "authentication_domains": _domains,
    "authentication_exception": _each(_record(email=_email, name=_words)),
    "authentication_name": _words,
    "authentication_option": _words,
    "auto_add_recording_to_video_management": _record(
        ("enable",),
        enable=flag,
        channels=_each(_record(("channel_id",), channel_id=_words, name=_words), most=5),
    ),
    "auto_recording": one_of("local", "cloud", "none"),
    "breakout_room": _record(enable=flag, rooms=_each(_record(name=_words, participants=_each(_email)))),
    "calendar_type": one_of(1, 2),
    "contact_email": _email,
    "contact_name": _words,
    "continuous_meeting_chat": _record(
        enable=flag, auto_add_invited_external_users=flag, auto_add_meeting_participants=flag
    ),
    "custom_keys": _each(_record(key=text(64), value=text(256)), most=10),
    "encryption_type": one_of("enhanced_encryption", "e2ee"),
    "enforce_login_domains": _domains,
    "global_dial_in_countries": _each(_country),
    "jbh_time": one_of(0, 5, 10, 15),
    "language_interpretation": _record(
        enable=flag,
        interpreters=_each(
            _record(
                email=_email,
                languages=matching("(US|CN|JP|DE|FR|RU|PT|ES|KR),(US|CN|JP|DE|FR|RU|PT|ES|KR)"),
                interpreter_languages=matching("[^,]+,[^,]+"),
            )
        ),
    ),
    "meeting_invitees": _each(_record(email=_email)),
    "question_and_answer": _record(
        enable=flag,
        allow_submit_questions=flag,
        allow_anonymous_questions=flag,
        question_visibility=one_of("answered", "all"),
        attendees_can_comment=flag,
        attendees_can_upvote=flag,
    ),
    "registration_type": one_of(1, 2, 3),
    "resources": _each(
        _record(
            resource_type=one_of("whiteboard"),
            resource_id=_words,
            permission_level=one_of("editor", "commenter", "viewer"),
        )
    ),
    "sign_language_interpretation": _record(
        enable=flag, interpreters=_each(_record(email=_email, sign_language=_words), most=20)
    ),
    "summary_template_id": _words,
    "waiting_room_options": _waiting_room,
    "who_can_ask_questions": one_of(1, 2, 3, 4, 5),
    "who_will_receive_summary": one_of(1, 2, 3, 4),
}
DEFAULTS: Mapping[str, Any] = {
    "allow_multiple_devices": False,
    "alternative_hosts": "",
    "alternative_hosts_email_notification": True,
    "approval_type": 2,
    "approved_or_denied_countries_or_regions": {"enable": False},
    "audio": "both",
    "auto_recording": "none",
    "breakout_room": {"enable": False},
    "close_registration": False,
    "cn_meeting": False,
    "device_testing": False,
    "email_notification": True,
    "encryption_type": "enhanced_encryption",
    "focus_mode": False,
    "global_dial_in_countries": ["US", "DE"],
    "host_save_video_order": False,
    "host_video": False,
    "in_meeting": False,
    "internal_meeting": False,
    "jbh_time": 0,
    "join_before_host": False,
    "meeting_authentication": False,
    "mute_upon_entry": False,
    "participant_focused_meeting": False,
    "participant_video": False,
    "private_meeting": False,
    "push_change_to_calendar": False,
    "registrants_confirmation_email": True,
    "registrants_email_notification": True,
    "request_permission_to_unmute_participants": False,
    "show_join_info": False,
    "show_share_button": False,
    "use_pmi": False,
    "waiting_room": False,
    "watermark": False,
}
DIAL_IN = (
    {"country": "US", "country_name": "US", "city": "Tacoma", "number": "+1 2532050468", "type": "toll"},
    {"country": "US", "country_name": "US", "city": "", "number": "+1 8778535257", "type": "tollfree"},
    {"country": "DE", "country_name": "Germany", "city": "", "number": "+49 69 3807 9883", "type": "toll"},
)


def wrong_settings(given: Any, account: Account) -> list[str]:
    """Names of the settings that Zoom would refuse. Those that it does not know, it ignores."""
    if not isinstance(given, dict):
        return ["settings"]
    found = wrong(given, SETTINGS, "settings.")
    both = ("request_permission_to_unmute_participants", "allow_host_control_participant_mute_state")
    if all(given.get(name) is True for name in both):
        found.append(f"settings.{both[1]}")
    if given.get("authentication_option", "") not in ("", *account.authentication_options):
        found.append("settings.authentication_option")
    return found


def alternative_hosts(settings: Mapping[str, Any]) -> list[str]:
    """The addresses, in lower case."""
    return [each.strip().lower() for each in settings.get("alternative_hosts", "").split(";") if each.strip()]


def no_alternative_host(given: Mapping[str, Any], account: Account) -> str | None:
    """Somebody who is named, but is not a licensed user of the account."""
    nobody = {each.lower() for each in chain(account.missing, account.elsewhere, account.unlicensed)}
    return next((each for each in alternative_hosts(given) if each in nobody or not _email(each)), None)


def applied(before: Mapping[str, Any], given: Mapping[str, Any], account: Account) -> dict[str, Any]:
    """The settings after that request: what is unknown, unavailable or locked is silently left out."""
    heard = {name: given[name] for name in given if name in SETTINGS and name not in account.unavailable}
    after = {**(before or {**DEFAULTS, **account.defaults}), **heard, **account.locked}
    if after["waiting_room"]:  # "If this value is `true`, this disables the `join_before_host` setting"
        after["join_before_host"] = False
    if after.get("authentication_option") in account.authentication_options:
        after["authentication_name"] = account.authentication_options[after["authentication_option"]]
    after["global_dial_in_numbers"] = [each for each in DIAL_IN if each["country"] in after["global_dial_in_countries"]]
    return after
