"""What Graph accepts in an online meeting, when one is created, fetched or made, and changed.

learn.microsoft.com/graph/api: application-post-onlinemeetings, onlinemeeting-createorget, onlinemeeting-update.
"""

from collections.abc import Mapping
from typing import Any

from playground.vendors.fields import Check, flag, one_of, text, unknown, wrong
from playground.vendors.teams.account import GraphError, bad_request
from playground.vendors.teams.times import is_time, ticks

LOBBY_SCOPES = (
    "organizer",
    "organization",
    "organizationAndFederated",
    "everyone",
    "invited",
    "organizationExcludingGuests",
)
_ROLES = one_of("attendee", "presenter", "coorganizer", "producer")
_LONG = 32_000  # no length is documented


def _parts(checks: Mapping[str, Check]) -> Check:
    return lambda value: isinstance(value, Mapping) and not unknown(value, checks) and not wrong(value, checks)


def _participants(value: object) -> bool:
    if not isinstance(value, Mapping) or set(value) - {"organizer", "attendees"}:
        return False
    attendees = value.get("attendees", [])
    return isinstance(attendees, list) and all(
        isinstance(a, Mapping) and _ROLES(a.get("role", "attendee")) for a in attendees
    )


_FLAGS = (
    "allowAttendeeToEnableCamera",
    "allowAttendeeToEnableMic",
    "allowBreakoutRooms",
    "allowCopyingAndSharingMeetingContent",
    "allowPowerPointSharing",
    "allowRecording",
    "allowTeamworkReactions",
    "allowTranscription",
    "allowWhiteboard",
    "isEntryExitAnnounced",
    "recordAutomatically",
)
_MARKS = ("isEnabledForContentSharing", "isEnabledForVideo")
_PATCHABLE: Mapping[str, Check] = {
    **dict.fromkeys(_FLAGS, flag),
    "allowedLobbyAdmitters": one_of("organizerAndCoOrganizersAndPresenters", "organizerAndCoOrganizers"),
    "allowedPresenters": one_of("everyone", "organization", "roleIsPresenter", "organizer"),
    "allowLiveShare": one_of("enabled", "disabled"),
    "allowMeetingChat": one_of("enabled", "disabled", "limited"),
    "anonymizeIdentityForRoles": lambda value: value in ([], ["attendee"]),
    "lobbyBypassSettings": _parts({"scope": one_of(*LOBBY_SCOPES), "isDialInBypassEnabled": flag}),
    "participants": _participants,
    "subject": text(_LONG),
    "startDateTime": is_time,
    "endDateTime": is_time,
    "watermarkProtection": _parts(dict.fromkeys(_MARKS, flag)),
}
_CREATABLE: Mapping[str, Check] = {
    **_PATCHABLE,
    "allowParticipantsToChangeName": flag,
    "chatRestrictions": _parts({"allowTextOnly": flag}),
    "isEndToEndEncryptionEnabled": flag,
    "joinMeetingIdSettings": _parts({"isPasscodeRequired": flag}),  # the passcode itself is not ours to choose
    "meetingSpokenLanguageTag": text(35),
    "meetingTemplateId": text(_LONG),
    "sensitivityLabelAssignment": _parts({"sensitivityLabelId": text(_LONG)}),
    "shareMeetingChatHistoryDefault": one_of("all", "none"),
}
_FETCHING: Mapping[str, Check] = {
    "externalId": text(_LONG, shortest=1),
    **{name: _PATCHABLE[name] for name in ("startDateTime", "endDateTime", "subject", "participants")},
}
_READ_ONLY = (
    "attendeeReport",
    "audioConferencing",
    "broadcastSettings",
    "capabilities",
    "chatInfo",
    "cloudVideoInteropInfo",
    "creationDateTime",
    "expiryDateTime",
    "externalId",
    "iCalUid",
    "id",
    "isBroadcast",
    "joinInformation",
    "joinUrl",
    "joinWebUrl",
    "meetingCode",
    "meetingOptionsWebUrl",
    "meetingType",
    "videoTeleconferenceId",
)
SETTINGS = frozenset(_CREATABLE) - set(_FETCHING) - {"joinMeetingIdSettings"}


def require_creatable(body: Mapping[str, Any]) -> None:
    """Raise what Graph says of a meeting that it will not create.

    `subject` and `endDateTime` are required by the resource's page of July 2026. A start that is over is none of
    Graph's business (microsoft-graph-docs#7803). Read-only fields are refused here too, which is not documented.
    """
    _require_known(body)
    if "externalId" in body:  # msgraph-sdk-dotnet#1121 tells of this refusal, not of its wording
        raise bad_request("externalId is only supported by createOrGet.")
    own = {name: value for name, value in body.items() if not name.startswith("@odata.")}
    if set(own) - set(_CREATABLE):
        raise bad_request("One or more properties are read-only.")
    _require_right(own, _CREATABLE)
    for name in ("subject", "endDateTime"):
        if name not in own:
            raise bad_request(f"Missing required property '{name}'.")


def require_fetchable(body: Mapping[str, Any]) -> None:
    """Raise what createOrGet refuses. A meeting's other fields it ignores: msgraph-sdk-dotnet#1121."""
    _require_known(body)
    if "externalId" not in body:
        raise bad_request("Missing required parameter 'externalId'.")
    if "endDateTime" in body and "startDateTime" not in body:
        raise bad_request("endDateTime cannot be provided without startDateTime.")
    _require_right(body, _FETCHING)


def require_patchable(body: Mapping[str, Any], *, anonymous: bool) -> None:
    """Raise what an update refuses; `anonymous`: attendees' names are hidden already, which cannot be taken back.

    Even "@odata.type" was refused for a time: msgraph-sdk-java#2589, msgraph-sdk-dotnet#3112.
    """
    _require_known(body)
    if "meetingType" in body:
        raise GraphError(400, "InvalidArgument", "Updating meeting type is not supported.")  # msgraph-sdk-java#1937
    participants = body.get("participants")
    if set(body) - set(_PATCHABLE) or (isinstance(participants, Mapping) and "organizer" in participants):
        raise GraphError(
            400,
            "InvalidArgument",
            "One or more properties do not support updating. Please refer to Microsoft Graph documentation for more"
            " information.",
        )
    if ("startDateTime" in body) != ("endDateTime" in body):
        raise bad_request("The startDateTime and endDateTime must appear in pairs.")
    _require_right(body, _PATCHABLE)
    if anonymous and body.get("anonymizeIdentityForRoles") == []:
        raise bad_request("The attendee value of anonymizeIdentityForRoles cannot be removed.")


def _require_known(body: Mapping[str, Any]) -> None:
    for name in body:
        if not name.startswith("@odata.") and name not in _CREATABLE and name not in _READ_ONLY:
            raise bad_request(
                f"The property '{name}' does not exist on type 'microsoft.graph.onlineMeeting'."
                " Make sure to only use property names that are defined by the type."
            )


def _require_right(body: Mapping[str, Any], checks: Mapping[str, Check]) -> None:
    for name in wrong(body, checks):
        if checks[name] is is_time:
            raise bad_request(f"Cannot convert the literal '{body[name]}' to the expected type 'Edm.DateTimeOffset'.")
        raise bad_request(f"Invalid value specified for property '{name}' of resource 'OnlineMeeting'.")
    if {"startDateTime", "endDateTime"} <= set(body) and ticks(body["startDateTime"]) > ticks(body["endDateTime"]):
        raise bad_request("The meeting's startDateTime must not be later than its endDateTime.")
    _require_attendees(body)


def _require_attendees(body: Mapping[str, Any]) -> None:
    attendees = (body.get("participants") or {}).get("attendees", [])
    if any("upn" not in attendee for attendee in attendees):  # microsoft-graph-docs#9483
        raise GraphError(500, "InternalServerError", "Internal Server Error")
    presenters = [attendee for attendee in attendees if attendee.get("role") == "presenter"]
    if body.get("allowedPresenters") == "roleIsPresenter" and not presenters:
        raise bad_request("allowedPresenters roleIsPresenter needs the attendees, with presenters among them.")
