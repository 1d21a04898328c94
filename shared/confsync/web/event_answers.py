"""What the HTTP API answers, as JSON."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from confsync.usecases.read_events import Offer, Options, Page, Shown
from confsync.web.endpoint import Answer

Json = dict[str, Any]


def told(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with this body. (`endpoint.answer` takes several times as long for a long list.)"""
    return msgspec.json.encode(body).decode(), status, {"Content-Type": "application/json", **(headers or {})}


def event(shown: Shown) -> Json:
    """Calendar's resource as it is, with `conferencing` beside its own fields."""
    return {**shown.event.resource, "conferencing": shown.conferencing.json() if shown.conferencing else None}


def page(page: Page) -> Json:
    told: Json = {
        "kind": "calendar#events",
        "timeZone": page.time_zone,
        "items": [event(each) for each in page.events],
    }
    return told | ({"nextPageToken": page.page_token} if page.page_token else {})


def options(found: Options, connect_url: Callable[[Offer], str | None]) -> Json:
    """What a calendar's events can have. `connect_url`: where the account that an offer lacks is connected."""
    return {
        "conferenceTypes": list(found.types),
        "autoAddHangouts": found.adds_meet,
        "accessRole": found.role,
        "solutions": [_offer(each, connect_url(each) if each.connected is False else None) for each in found.offers],
    }


def _offer(offer: Offer, connect_url: str | None) -> Json:
    solution = offer.solution
    fields = {
        "id": solution.id,
        "name": solution.name,
        "provider": solution.name,
        "vendor": solution.provider,
        "iconUri": solution.icon_uri,
        "personal": solution.personal,
        "connectUrl": connect_url,
    }
    known = {name: value for name, value in fields.items() if value is not None}
    return {**known, "connected": offer.connected, "capabilities": _capabilities(offer)}


def _capabilities(offer: Offer) -> Json | None:
    can = offer.capabilities
    if can is None:
        return None
    minutes = {"minMinutes": can.shortest, "maxMinutes": can.longest}
    return {
        "updates": can.updates,
        "deletes": can.deletes,
        "recurrence": can.recurrence.value,
        "occurrences": can.occurrences,
        "joinRedirect": can.join_redirect,
        **{name: int(length / timedelta(minutes=1)) for name, length in minutes.items() if length is not None},
    }
