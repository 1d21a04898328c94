"""What a caller wants of an event's conference, as the API's `conferencing` says it."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from confsync.domain.conferencing import Conferencing
from confsync.domain.entry_point import CODES, ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.errors import BadRequest, Invalid
from confsync.domain.telephone import dial

FIELD = "conferencing"
READ_ONLY = frozenset({"source", "confidence", "status"})
"""What is told of a conference, and asked of none."""

MODULES: Mapping[str, str] = {
    "zoom meeting": "zoom",
    "microsoft teams": "teams",
    "teams for business": "teams",
    "webex": "webex",
    "gotomeeting": "goto_meeting",
    "goto meeting": "goto_meeting",
    "ringcentral": "ringcentral",
    "ringcentral video": "ringcentral",
    "zoho meeting": "zoho",
    "jitsi meet": "jitsi",
    "8x8": "jaas",
}
"""Vendors as Nylas and detection call them, in small letters, and what they are called here."""

_DETAILS = frozenset({"url", "meeting_code", "password", "pin", "phone", "sip", "entry_points"})
_POINT = frozenset({"type", "uri", "label", "region_code", "features", *CODES})


@dataclass(frozen=True, kw_only=True)
class Remove:
    """None."""


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """These details, which the caller knows from elsewhere."""

    provider: str
    details: ConferenceDetails


@dataclass(frozen=True, kw_only=True)
class Autocreate:
    """One that is made for the event."""

    provider: str = ""
    """The vendor's name, or its module's; "": the solution says."""
    solution: str = ""
    """Its id; "": the provider's only one."""
    settings: str | None = None
    """In place of the solution's, as a JSON object with its keys in order."""
    account: str = ""
    """Who is to host it; "": the solution says."""


@dataclass(frozen=True, kw_only=True)
class CopyFrom:
    """The one that another event has."""

    calendar_id: str
    event_id: str


Wish = Remove | ByHand | Autocreate | CopyFrom


def is_kept(told: Any, shown: Conferencing | None) -> bool:
    """Whether this is what the event shows already: what was read can be written back, whatever it is."""
    if shown is None or not isinstance(told, dict):
        return told is None and shown is None
    return _without(told, READ_ONLY) == _without(shown.json(), READ_ONLY)


def wish(told: Any) -> Wish:
    """The value of `conferencing` in a body. Raises `BadRequest`, which names the field."""
    if told is None:
        return Remove()
    fields = _object(told, FIELD)
    forms = [name for name in ("details", "autocreate", "copy_from") if name in fields]
    if len(forms) != 1:
        raise BadRequest("say one of `details`, `autocreate`, `copy_from`, or null for none", field=FIELD)
    if forms == ["copy_from"]:
        _known(fields, {"copy_from"} | READ_ONLY, FIELD)
        return _copy_from(_object(fields["copy_from"], f"{FIELD}.copy_from"))
    _known(fields, {"provider", *forms} | READ_ONLY, FIELD)
    provider = _text(fields, "provider", FIELD)
    if forms == ["autocreate"]:
        return _autocreate(provider, _object(fields["autocreate"], f"{FIELD}.autocreate"))
    return ByHand(provider=provider or "Conference", details=details(_object(fields["details"], f"{FIELD}.details")))


def _copy_from(fields: Mapping[str, Any]) -> CopyFrom:
    where = f"{FIELD}.copy_from"
    _known(fields, {"calendar_id", "event_id"}, where)
    calendar_id, event_id = (_text(fields, name, where, needed=True) for name in ("calendar_id", "event_id"))
    return CopyFrom(calendar_id=calendar_id, event_id=event_id)


def _autocreate(provider: str, fields: Mapping[str, Any]) -> Autocreate:
    where = f"{FIELD}.autocreate"
    _known(fields, {"solution", "settings", "account"}, where)
    settings = fields.get("settings")
    given = json.dumps(_object(settings, f"{where}.settings"), sort_keys=True) if settings is not None else None
    solution, account = _text(fields, "solution", where), _text(fields, "account", where)
    if not provider and not solution:
        raise BadRequest("say which `provider` or, in `autocreate`, which `solution`", field=FIELD)
    return Autocreate(provider=provider, solution=solution, settings=given, account=account.lower())


# --- details by hand -------------------------------------------------------------------------------------------------


def details(fields: Mapping[str, Any]) -> ConferenceDetails:
    """The details in a body, within Calendar's limits. Raises `BadRequest`, which names the field."""
    where = f"{FIELD}.details"
    _known(fields, _DETAILS, where)
    points = [_point(each, f"{where}.entry_points[{i}]") for i, each in enumerate(_list(fields, "entry_points", where))]
    known = {point.uri for point in points}
    codes = {name: _text(fields, name, where) or None for name in ("meeting_code", "password", "pin")}
    url, sip = _text(fields, "url", where), _text(fields, "sip", where)
    if url and url not in known:
        video = {name: codes[name] for name in ("meeting_code", "password")}
        points.insert(0, _made(f"{where}.url", type=EntryPointType.VIDEO, uri=url, label=_label(url), **video))
    for i, number in enumerate(_list(fields, "phone", where)):
        points += _phone(number, codes["pin"], points, f"{where}.phone[{i}]")
    if sip and sip not in known:
        uri = sip if sip.startswith(("sip:", "sips:")) else f"sip:{sip}"
        points.append(_made(f"{where}.sip", type=EntryPointType.SIP, uri=uri, label=uri.partition(":")[2]))
    try:
        return ConferenceDetails(entry_points=tuple(points))
    except Invalid as error:
        raise BadRequest(str(error), field=where) from error


def _phone(number: Any, pin: str | None, points: Collection[EntryPoint], where: str) -> list[EntryPoint]:
    """The number as an entry point, unless one of those there has it."""
    if not isinstance(number, str):
        raise BadRequest("a telephone number is a text, as +49 30 1234567", field=where)
    dialled = dial(number)
    if dialled is None:
        raise BadRequest(f"{number!r} is no telephone number; write it as +49 30 1234567", field=where)
    uri, label = dialled
    if any(point.uri.startswith(uri) for point in points):
        return []
    return [_made(where, type=EntryPointType.PHONE, uri=uri, label=label, pin=pin)]


def _point(told: Any, where: str) -> EntryPoint:
    fields = _object(told, where)
    _known(fields, _POINT, where)
    kind, features = _text(fields, "type", where, needed=True), _list(fields, "features", where)
    if kind not in set(EntryPointType):
        raise BadRequest(f"{kind!r} is none of {', '.join(EntryPointType)}", field=f"{where}.type")
    if not set(features) <= set(Feature):
        raise BadRequest(f"features are {', '.join(Feature)}", field=f"{where}.features")
    texts = {name: _text(fields, name, where) or None for name in ("label", "region_code", *CODES)}
    uri = _text(fields, "uri", where, needed=True)
    return _made(where, type=EntryPointType(kind), uri=uri, features=tuple(map(Feature, features)), **texts)


def _made(where: str, **fields: Any) -> EntryPoint:
    try:
        return EntryPoint(**fields)
    except Invalid as error:
        raise BadRequest(str(error), field=where) from error


def _label(url: str) -> str:
    return url.partition("://")[2][:100]


# --- reading JSON ----------------------------------------------------------------------------------------------------


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest("it is not a JSON object", field=where)
    return value


def _list(fields: Mapping[str, Any], name: str, where: str) -> list[Any]:
    value = fields.get(name) or []
    if not isinstance(value, list):
        raise BadRequest("it is not a list", field=f"{where}.{name}")
    return value


def _text(fields: Mapping[str, Any], name: str, where: str, *, needed: bool = False) -> str:
    value = fields.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value):
        raise BadRequest("a text is needed", field=f"{where}.{name}")
    return value


def _known(fields: Mapping[str, Any], names: Collection[str], where: str) -> None:
    for name in fields:
        if name not in names:
            raise BadRequest(f"there is no such field; there are {', '.join(sorted(names))}", field=f"{where}.{name}")


def _without(fields: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}
