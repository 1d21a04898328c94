"""Calendar's JSON as people's reads and writes have it: the resource as it is, and its conference as a value. Pure."""

from typing import Any

import msgspec

from confsync.domain.conference_data import ConferenceData, RequestStatus, ShownEntryPoint
from confsync.ports import EventResource, ResourcePage

Json = dict[str, Any]


def resource(content: bytes) -> EventResource:
    """One event. Raises `msgspec.DecodeError`."""
    return _event(msgspec.json.decode(content, type=Json))


def page(content: bytes) -> ResourcePage:
    """A page of events.list. Raises `msgspec.DecodeError`."""
    data = msgspec.json.decode(content, type=Json)
    return ResourcePage(
        events=tuple(_event(item) for item in data.get("items", [])),
        time_zone=data.get("timeZone", "UTC"),
        page_token=data.get("nextPageToken"),
    )


def _event(data: Json) -> EventResource:
    conference = data.get("conferenceData")
    return EventResource(resource=data, conference=conference_data(conference) if conference else None)


def conference_data(data: Json) -> ConferenceData:
    """The value of an event's `conferenceData`."""
    request = data.get("createRequest") or {}
    solution = data.get("conferenceSolution") or {}
    key = solution.get("key") or request.get("conferenceSolutionKey") or {}
    status = (request.get("status") or {}).get("statusCode")
    return ConferenceData(
        conference_id=data.get("conferenceId"),
        solution_type=key.get("type", ""),
        solution_name=solution.get("name"),
        icon_uri=solution.get("iconUri"),
        entry_points=tuple(_entry_point(point) for point in data.get("entryPoints") or ()),
        notes=data.get("notes"),
        parameters=((data.get("parameters") or {}).get("addOnParameters") or {}).get("parameters") or {},
        request_id=request.get("requestId"),
        request_status=RequestStatus(status) if status in set(RequestStatus) else None,
        signature=data.get("signature"),
    )


def _entry_point(point: Json) -> ShownEntryPoint:
    return ShownEntryPoint(
        type=point.get("entryPointType", ""),
        uri=point.get("uri", ""),
        label=point.get("label"),
        meeting_code=point.get("meetingCode"),
        access_code=point.get("accessCode"),
        passcode=point.get("passcode"),
        password=point.get("password"),
        pin=point.get("pin"),
        region_code=point.get("regionCode"),
        features=tuple(point.get("entryPointFeatures") or ()),
    )
