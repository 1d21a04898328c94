"""Our conference -> Calendar's `conferenceData`. Pure.

https://developers.google.com/workspace/calendar/api/v3/reference/events#conferenceData: all third-party data is of
type `addOn` (since 2021-01-11), and `regionCode` is the backend's to fill. Empty fields are left out.
"""

from typing import Any

from confsync.domain.entry_point import ConferenceDetails, EntryPoint
from confsync.domain.solution import Solution
from confsync.ports import ConferenceOnEvent


def conference_data(conference: ConferenceOnEvent) -> dict[str, Any]:
    """The JSON value of an event's `conferenceData` field."""
    details = conference.details
    return _without_empty(
        {
            "conferenceId": conference.conference_id,
            "conferenceSolution": _solution(conference.solution),
            "entryPoints": [_entry_point(point) for point in details.entry_points],
            "notes": details.notes,
            "parameters": _parameters(details),
        }
    )


def _solution(solution: Solution) -> dict[str, Any]:
    return _without_empty({"key": {"type": "addOn"}, "name": solution.name, "iconUri": solution.icon_uri})


def _entry_point(point: EntryPoint) -> dict[str, Any]:
    return _without_empty(
        {
            "entryPointType": point.type.value,
            "uri": point.uri,
            "label": point.label,
            "meetingCode": point.meeting_code,
            "accessCode": point.access_code,
            "passcode": point.passcode,
            "password": point.password,
            "pin": point.pin,
            "entryPointFeatures": [feature.value for feature in point.features],
        }
    )


def _parameters(details: ConferenceDetails) -> dict[str, Any]:
    return {"addOnParameters": {"parameters": dict(details.parameters)}} if details.parameters else {}


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
