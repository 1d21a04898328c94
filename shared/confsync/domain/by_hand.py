"""How to join a meeting that is none of ours, as a caller tells it: `conferencing.details`.

Short fields are for those who have a link and a few numbers; `entry_points` are all that people see, as it is read of
events. Both may be there, and agree: what was read can be changed and written back.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from confsync.domain.conferencing import Conferencing
from confsync.domain.detection.links import squeezed
from confsync.domain.detection.meeting import number
from confsync.domain.entry_point import (
    CODES,
    MAX_CODE,
    MAX_ENTRY_POINTS,
    MAX_URI,
    ConferenceDetails,
    EntryPoint,
    EntryPointType,
    Feature,
)
from confsync.domain.errors import BadRequest, Invalid
from confsync.domain.given import Given
from confsync.domain.telephone import dial, is_international

DETAILS = frozenset({"url", "meeting_code", "password", "pin", "phone", "sip", "entry_points"})
_POINT = frozenset({"type", "uri", "label", "region_code", "features", *CODES})
_MAX_LABEL = 100

_SCHEMES: Mapping[str, tuple[str, ...]] = {
    "url": ("https://",),
    "sip": ("sip:", "sips:"),
    "video": ("https://", "http://"),
    "more": ("https://", "http://"),
    "phone": ("tel:",),
}
"""By the short field, or the entry point's type."""

_TYPED_AT: Mapping[str, EntryPointType] = {
    "meeting_code": EntryPointType.VIDEO,
    "password": EntryPointType.VIDEO,
    "pin": EntryPointType.PHONE,
}
"""Short fields that are codes, and what each is typed at, if there is such a way to join; else it is said of all."""

_ONE = frozenset({EntryPointType.VIDEO, EntryPointType.SIP, EntryPointType.MORE})
"""Of which a conference has one at most."""


def details(given: Given) -> ConferenceDetails:
    """The details, within Calendar's limits. Raises `BadRequest`, which names the field."""
    points = [_point(Given.of(told, place, _POINT)) for place, told in given.each("entry_points")]
    points = [*_short(given, "url", EntryPointType.VIDEO, points), *points]
    for place, told in given.each("phone"):
        points += _phone(told, points, place)
    points += _short(given, "sip", EntryPointType.SIP, points)
    for name in _TYPED_AT:
        points = _coded(given, name, points)
    try:
        return ConferenceDetails(entry_points=tuple(points))
    except Invalid as error:
        raise BadRequest(str(error), field=given.where) from error


def copied(found: Conferencing) -> ConferenceDetails | None:
    """What another event has, as far as Calendar takes it: anybody may have written it. None if that is nothing."""
    points: list[EntryPoint] = []
    for told in found.json()["details"].get("entry_points", ()):
        with suppress(BadRequest):
            point = _point(Given.of(told, "", _POINT))
            if point.type not in _ONE or all(each.type is not point.type for each in points):
                points.append(point)
    joined = any(each.type is not EntryPointType.MORE for each in points)
    return ConferenceDetails(entry_points=tuple(points[:MAX_ENTRY_POINTS])) if joined else None


# --- entry points ----------------------------------------------------------------------------------------------------


def _point(given: Given) -> EntryPoint:
    kind, uri = given.name("type", needed=True), given.name("uri", needed=True)
    if kind not in set(EntryPointType):
        raise given.wrong("type", f"{kind!r} is none of {', '.join(EntryPointType)}")
    _check_uri(given, "uri", uri, kind)
    texts = {name: given.text(name) or None for name in ("label", "region_code", *CODES)}
    return _made(given.where, type=EntryPointType(kind), uri=uri, features=tuple(_features(given)), **texts)


def _features(given: Given) -> Iterator[Feature]:
    for place, told in given.each("features"):
        if told not in list(Feature):
            raise BadRequest(f"features are {', '.join(Feature)}", field=place)
        yield Feature(told)


def _made(where: str, **fields: Any) -> EntryPoint:
    try:
        return EntryPoint(**fields)
    except Invalid as error:
        raise BadRequest(str(error), field=where) from error


# --- short fields ----------------------------------------------------------------------------------------------------


def _short(given: Given, name: str, kind: EntryPointType, points: Sequence[EntryPoint]) -> list[EntryPoint]:
    """The address as an entry point, unless one of those there has it."""
    uri = given.name(name)
    if not uri or any(point.uri == uri for point in points):
        return []
    _check_uri(given, name, uri, name)
    if any(point.type is kind for point in points):
        raise given.wrong(name, "`entry_points` have another one: change it there, or leave them out")
    return [_made(f"{given.where}.{name}", type=kind, uri=uri, label=re.sub("^[a-z]+:(//)?", "", uri)[:_MAX_LABEL])]


def _phone(told: Any, points: Iterable[EntryPoint], where: str) -> list[EntryPoint]:
    """The number as an entry point, unless one of those there dials it."""
    if isinstance(told, str) and _dials(points, f"tel:{told}"):
        return []
    dialled = dial(told) if isinstance(told, str) and is_international(told) else None
    if dialled is None:
        raise BadRequest("a telephone number has a plus sign and its country code, as +49 30 1234567", field=where)
    uri, label = dialled
    return [] if _dials(points, uri) else [_made(where, type=EntryPointType.PHONE, uri=uri, label=label)]


def _dials(points: Iterable[EntryPoint], uri: str) -> bool:
    """Whether one of them dials this number, and perhaps a code after it."""
    phones = [point.uri for point in points if point.type is EntryPointType.PHONE]
    return any(uri in {phone, f"tel:{number(phone)}"} for phone in phones)


def _coded(given: Given, name: str, points: list[EntryPoint]) -> list[EntryPoint]:
    """The entry points with this code, which one of them has already, or none has another one."""
    code = given.text(name, longest=MAX_CODE)
    there = [word for point in points for word in _codes(point, name) if word]
    same = squeezed if name == "meeting_code" else str
    if not code or same(code) in map(same, there):
        return points
    if there:
        raise given.wrong(name, "`entry_points` have another one: change it there, or leave them out")
    typed_at = [point for point in points if point.type is _TYPED_AT[name]] or points
    said: dict[str, Any] = {name: code}
    return [replace(point, **said) if point in typed_at else point for point in points]


def _codes(point: EntryPoint, name: str) -> Iterator[str | None]:
    """What reads as this code, whatever its vendor calls it (see `detection.native`)."""
    yield getattr(point, name)
    if name == "password":
        yield point.passcode
    if name == "pin" and point.type is EntryPointType.PHONE:
        yield point.access_code


def _check_uri(given: Given, name: str, uri: str, kind: str) -> None:
    scheme = next(filter(uri.startswith, _SCHEMES[kind]), None)
    if scheme is None or uri == scheme or any(map(str.isspace, uri)):
        raise given.wrong(name, f"it is an address that begins with {' or '.join(_SCHEMES[kind])}, without blanks")
    if len(uri) > MAX_URI:
        raise given.wrong(name, f"it is longer than {MAX_URI} characters")
