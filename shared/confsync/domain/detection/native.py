"""`conferenceData` of a Calendar event, whoever wrote it: nothing in it need have the type that it should.

https://developers.google.com/workspace/calendar/api/v3/reference/events (conferenceData)
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from confsync.domain import description_block
from confsync.domain.conference_data import ShownEntryPoint
from confsync.domain.conferencing import Conferencing, Confidence, JoinDetails, Source, Status
from confsync.domain.detection.catalogue import provider
from confsync.domain.detection.finding import find
from confsync.domain.detection.links import Catalogue, Link, squeezed
from confsync.domain.detection.meeting import number
from confsync.domain.detection.url import parse
from confsync.domain.entry_point import MAX_ENTRY_POINTS

_SCHEMES = ("https:", "http:", "tel:", "sip:", "sips:")
"""Of what may stand where people click."""
_WEB = ("https:", "http:")
_GOOGLES = {"hangoutsMeet": "Google Meet", "eventHangout": "Google Hangouts", "eventNamedHangout": "Google Hangouts"}
_STATUS = {"pending": Status.PENDING, "failure": Status.FAILURE}
_MAX_CODE = 10**40


def conference(data: Any, catalogue: Catalogue) -> tuple[Conferencing | None, Link | None]:
    """The conference, and the meeting that its link leads into, if the service is known. None: nobody can join it."""
    fields = mapping(data)
    points = tuple(_points(fields.get("entryPoints")))
    solution = mapping(fields.get("conferenceSolution"))
    if not points:
        return _requested(mapping(fields.get("createRequest")), solution), None
    url = next((p.uri for kind in ("video", "more") for p in points if p.type == kind and p.uri.startswith(_WEB)), "")
    link = next(iter(find(url, catalogue).links), None)
    name = link.service.told if link else _named(solution, url)
    return Conferencing(provider=name, details=_details(points, url, link), source=Source.CONFERENCE_DATA), link


def block(description: Any) -> Conferencing | None:
    """The conference of a block that we wrote, whose link may be of no service that is known."""
    found = description_block.read(text(description))
    if found is None:
        return None
    url = next((point.uri for point in found.entry_points if point.type == "video"), "")
    details = _details(found.entry_points, url, None)
    return Conferencing(provider=found.name, details=details, source=Source.BLOCK, confidence=Confidence.HIGH)


def mapping(value: Any) -> Mapping[str, Any]:
    """The object, or an empty one if it is none."""
    return value if isinstance(value, Mapping) else {}


def text(value: Any) -> str:
    """The text, also of a number, else ""."""
    if isinstance(value, str):
        return value
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_CODE
    return str(value) if is_number else ""


def _points(values: Any) -> Iterator[ShownEntryPoint]:
    """All entry points that somebody could use."""
    for value in map(mapping, values[:MAX_ENTRY_POINTS] if isinstance(values, list) else ()):
        uri = text(value.get("uri")).strip()
        if uri.lower().startswith(_SCHEMES):
            yield ShownEntryPoint(
                type=text(value.get("entryPointType")),
                uri=uri,
                label=_word(value.get("label")),
                meeting_code=_word(value.get("meetingCode")),
                access_code=_word(value.get("accessCode")),
                passcode=_word(value.get("passcode")),
                password=_word(value.get("password")),
                pin=_word(value.get("pin")),
                region_code=_word(value.get("regionCode")),
                features=tuple(filter(None, map(text, _list(value.get("entryPointFeatures"))))),
            )


def _word(value: Any) -> str | None:
    return None if value is None else text(value) or None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _requested(request: Mapping[str, Any], solution: Mapping[str, Any]) -> Conferencing | None:
    """A conference that was asked for, and is not there."""
    status = _STATUS.get(text(mapping(request.get("status")).get("statusCode")))
    if status is None:
        return None
    key = mapping(request.get("conferenceSolutionKey")) or mapping(solution.get("key"))
    name = _GOOGLES.get(text(key.get("type"))) or text(solution.get("name")) or "Google Meet"
    return Conferencing(provider=name, details=JoinDetails(), source=Source.CONFERENCE_DATA, status=status)


def _named(solution: Mapping[str, Any], url: str) -> str:
    """Who made it, of a link that is not in the catalogue: as its maker says, else where the link leads."""
    named = text(solution.get("name")).strip()
    if named:
        return provider(named) or named
    address = parse(url)
    return _GOOGLES.get(text(mapping(solution.get("key")).get("type")), address.host if address else "")


def _details(points: tuple[ShownEntryPoint, ...], url: str, link: Link | None) -> JoinDetails:
    phones = [point for point in points if point.type == "phone"]
    pins = (word for point in phones for word in (point.pin, point.access_code))
    in_order = sorted(points, key=lambda point: point.type != "video")
    code = _first(point.meeting_code for point in in_order) or (link.code if link else "")
    return JoinDetails(
        url=url,
        meeting_code=squeezed(code) if squeezed(code).isdigit() else code,
        password=_first(word for point in in_order for word in (point.passcode, point.password)),
        pin=_first(chain(pins, (point.pin for point in points))),
        phone=tuple(dict.fromkeys(filter(None, (number(point.uri) for point in phones)))),
        sip=_first(point.uri for point in points if point.type == "sip"),
        entry_points=points,
    )


def _first(texts: Iterator[str | None]) -> str:
    return next(filter(None, texts), "")
