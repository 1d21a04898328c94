"""Calendar's JSON as people's reads and writes have it: the resource as it is, and its conference as a value. Pure.

https://developers.google.com/workspace/calendar/api/v3/reference/events#resource-representations
"""

from typing import Any

import msgspec

from confsync.adapters.google_calendar.answers import decoded
from confsync.domain.conference_data import ConferenceData, CreateRequest, RequestStatus, ShownEntryPoint
from confsync.ports import EventResource, ResourcePage

Json = dict[str, Any]


class _Json(msgspec.Struct, rename="camel"):
    """A part of Calendar's JSON. Unknown fields are skipped."""


class _Key(_Json):
    type: str = ""


class _Solution(_Json):
    key: _Key = msgspec.field(default_factory=_Key)
    name: str | None = None
    icon_uri: str | None = None


class _EntryPoint(_Json):
    entry_point_type: str = ""
    uri: str = ""
    label: str | None = None
    meeting_code: str | None = None
    access_code: str | None = None
    passcode: str | None = None
    password: str | None = None
    pin: str | None = None
    region_code: str | None = None
    entry_point_features: tuple[str, ...] = ()


class _Status(_Json):
    status_code: str = ""


class _CreateRequest(_Json):
    request_id: str = ""
    conference_solution_key: _Key = msgspec.field(default_factory=_Key)
    status: _Status = msgspec.field(default_factory=_Status)


class _AddOnParameters(_Json):
    parameters: dict[str, str] = {}


class _Parameters(_Json):
    add_on_parameters: _AddOnParameters = msgspec.field(default_factory=_AddOnParameters)


class _ConferenceData(_Json):
    conference_id: str | None = None
    conference_solution: _Solution | None = None
    entry_points: list[_EntryPoint] = []
    notes: str | None = None
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)
    create_request: _CreateRequest | None = None
    signature: str | None = None


class _Page(_Json):
    items: list[Json] = []
    time_zone: str = "UTC"
    next_page_token: str | None = None


_page = msgspec.json.Decoder(_Page)
_resource = msgspec.json.Decoder(Json)


def resource(content: bytes) -> EventResource:
    """One event. Raises `msgspec.DecodeError`."""
    return _event(decoded(_resource, content))


def page(content: bytes) -> ResourcePage:
    """A page of events.list. Raises `msgspec.DecodeError`."""
    data = decoded(_page, content)
    events = tuple(_event(item) for item in data.items)
    return ResourcePage(events=events, time_zone=data.time_zone, page_token=data.next_page_token)


def _event(data: Json) -> EventResource:
    return EventResource(resource=data, conference=conference(data.get("conferenceData")))


def conference(data: Json | None) -> ConferenceData | None:
    """The value of an event's `conferenceData`, None without any. Raises `msgspec.ValidationError`."""
    if not data:
        return None
    given = msgspec.convert(data, _ConferenceData)
    request = given.create_request
    # a conference that was asked for, and is not there, has no solution yet
    solution = given.conference_solution or _Solution(key=request.conference_solution_key if request else _Key())
    return ConferenceData(
        conference_id=given.conference_id,
        solution_type=solution.key.type,
        solution_name=solution.name,
        icon_uri=solution.icon_uri,
        entry_points=tuple(_entry_point(point) for point in given.entry_points),
        notes=given.notes,
        parameters=given.parameters.add_on_parameters.parameters,
        request=_request(request) if request else None,
        signature=given.signature,
    )


def _request(given: _CreateRequest) -> CreateRequest:
    code = given.status.status_code
    return CreateRequest(
        id=given.request_id,
        solution_type=given.conference_solution_key.type,
        status=RequestStatus(code) if code in set(RequestStatus) else None,
    )


def _entry_point(given: _EntryPoint) -> ShownEntryPoint:
    return ShownEntryPoint(
        type=given.entry_point_type,
        uri=given.uri,
        label=given.label,
        meeting_code=given.meeting_code,
        access_code=given.access_code,
        passcode=given.passcode,
        password=given.password,
        pin=given.pin,
        region_code=given.region_code,
        features=given.entry_point_features,
    )
