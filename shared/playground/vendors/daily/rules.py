"""What Daily takes in a room and in a meeting token.

https://docs.daily.co/reference/rest-api/rooms/config and .../meeting-tokens/config; types and values are those of its
own client (daily-co/daily-ruby, generated from its OpenAPI file). That unknown properties are refused stands nowhere.
"""

from collections.abc import Mapping
from typing import Any

from playground.vendors.fields import Check, between, flag, matching, one_of, text, unknown, wrong

_ON = "enable_screenshare enable_shared_chat_history enable_adaptive_simulcast"
_OFF = """enable_chat start_video_off start_audio_off owner_only_broadcast eject_at_room_exp enable_advanced_chat
    enable_hidden_participants enable_multiparty_adaptive_simulcast enforce_unique_user_ids enable_terse_logging
    enable_transcription_storage disable_rtmp_geo_fallback"""
_OPEN = """enable_knocking enable_people_ui enable_pip_ui enable_emoji_reactions enable_hand_raising enable_prejoin_ui
    enable_live_captions_ui enable_network_ui enable_noise_cancellation_ui enable_breakout_rooms enable_mesh_sfu
    enable_video_processing_ui experimental_optimize_large_calls"""
_LANGUAGES = "da de en es fi fr it jp ka nl no pt pt-BR pl ru sv tr user"
_REGIONS = """af-south-1 ap-northeast-2 ap-southeast-1 ap-southeast-2 ap-south-1 eu-central-1 eu-west-2 sa-east-1
    us-east-1 us-west-2"""
_OF_TOKENS = """is_owner eject_at_token_exp start_cloud_recording close_tab_on_exit auto_start_transcription
    enable_recording_ui enable_screenshare start_video_off start_audio_off enable_prejoin_ui enable_live_captions_ui
    enable_terse_logging"""

DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(_ON.split(), True),
    **dict.fromkeys(_OFF.split(), False),
    "max_participants": 200,
    "lang": "en",
}
_BOTH: Mapping[str, Check] = {
    **dict.fromkeys(("nbf", "exp"), between(0, 2**53)),
    "eject_after_elapsed": between(1, 2**31),
    "enable_recording": one_of("cloud", "local", "raw-tracks"),
    "lang": one_of(*_LANGUAGES.split()),
    "permissions": lambda value: isinstance(value, dict),
}
ROOM: Mapping[str, Check] = {
    **dict.fromkeys(f"{_ON} {_OFF} {_OPEN}".split(), flag),
    **_BOTH,
    "max_participants": between(1, 200),
    "geo": one_of(*_REGIONS.split()),
    "meeting_join_hook": text(255),
}
TOKEN: Mapping[str, Check] = {
    **dict.fromkeys(_OF_TOKENS.split(), flag),
    **_BOTH,
    **dict.fromkeys(("room_name", "user_name", "user_id", "redirect_on_meeting_exit"), text(1024)),
}


def top(*, longest_name: int | None) -> Mapping[str, Check]:
    """What a room's request has besides its properties; the name cannot be changed later."""
    name = {} if longest_name is None else {"name": matching(rf"[A-Za-z0-9_-]{{1,{longest_name}}}")}
    return {**name, "privacy": one_of("public", "private")}


def objection(body: Mapping[str, Any], above: Mapping[str, Check], properties: Mapping[str, Check]) -> str | None:
    """What is wrong with a request, None if nothing is. A property that is null has its default."""
    inner = body.get("properties", {})
    if not isinstance(inner, dict):
        return "properties must be an object"
    given = {name: value for name, value in inner.items() if value is not None}
    outer = {name: value for name, value in body.items() if name != "properties"}
    if strange := [*unknown(outer, above), *unknown(inner, properties)]:
        return f"unknown parameter '{strange[0]}'"
    if bad := [*wrong(outer, above), *wrong(given, properties)]:
        return f"invalid value for '{bad[0]}'"
    return None
