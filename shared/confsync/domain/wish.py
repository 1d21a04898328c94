"""What a caller wants of an event's conference, as the API's `conferencing` says it."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from confsync.domain.by_hand import DETAILS, details
from confsync.domain.conferencing import Conferencing, Status
from confsync.domain.entry_point import ConferenceDetails
from confsync.domain.errors import BadRequest
from confsync.domain.given import Given

FIELD = "conferencing"
READ_ONLY = frozenset({"source", "confidence", "status"})
"""What is told of a conference, and asked of none."""
MAX_PROVIDER = 100

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

_FORMS = ("details", "autocreate", "copy_from")


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
    if isinstance(told, dict) and told.get("status") == Status.PENDING and not told.get("details"):
        return "autocreate" not in told  # what was on its way then
    if shown is None or not isinstance(told, dict):
        return told is None and shown is None
    return _without(told, READ_ONLY) == _without(shown.json(), READ_ONLY)


def wish(told: Any) -> Wish:
    """The value of `conferencing` in a body. Raises `BadRequest`, which names the field."""
    if told is None:
        return Remove()
    given = Given.of(told, FIELD, {"provider", *_FORMS} | READ_ONLY)
    forms = [name for name in _FORMS if name in given.fields]
    if len(forms) != 1:
        raise BadRequest("say one of `details`, `autocreate`, `copy_from`, or null for none", field=FIELD)
    if forms == ["copy_from"]:
        return _copy_from(Given.of(told, FIELD, {"copy_from"}))
    provider = given.name("provider", longest=MAX_PROVIDER)
    if forms == ["autocreate"]:
        return _autocreate(provider, Given.of(told, FIELD, {"provider", "autocreate"}))
    return ByHand(provider=provider or "Conference", details=details(given.object("details", DETAILS)))


def _copy_from(given: Given) -> CopyFrom:
    source = given.object("copy_from", {"calendar_id", "event_id"})
    calendar_id, event_id = (source.name(name, needed=True) for name in ("calendar_id", "event_id"))
    return CopyFrom(calendar_id=calendar_id, event_id=event_id)


def _autocreate(provider: str, given: Given) -> Autocreate:
    asked = given.object("autocreate", {"solution", "settings", "account"})
    solution, account = asked.name("solution"), asked.name("account")
    if not provider and not solution:
        raise BadRequest("say which `provider` or, in `autocreate`, which `solution`", field=FIELD)
    return Autocreate(provider=provider, solution=solution, settings=_settings(asked), account=account.lower())


def _settings(asked: Given) -> str | None:
    if "settings" not in asked.fields:
        return None
    settings = asked.fields["settings"]
    if not isinstance(settings, dict):
        raise asked.wrong("settings", "it is not a JSON object")
    return json.dumps(settings, sort_keys=True)


def _without(fields: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}
