"""Whom Google would have mailed, and why.

https://developers.google.com/workspace/calendar/api/v3/reference/events/insert (sendUpdates). Google says that some
mails may be sent whatever was asked for; here none are.
"""

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from playground.google_api.errors import invalid
from playground.google_calendar import copies
from playground.google_calendar.store import Calendar, Store

if TYPE_CHECKING:
    from playground.google_calendar.access import Call

Json = dict[str, Any]
SendUpdates = Literal["all", "externalOnly", "none"]
Reason = Literal["invitation", "update", "cancellation", "answer"]

_OWN_AFFAIRS = ("etag", "updated", "sequence", "reminders", "colorId", "transparency", "extendedProperties")
"""What a guest is not told of when nothing else has changed."""


class Mail(msgspec.Struct, kw_only=True, frozen=True):
    """One mail to one person: an invitation, an update or a cancellation to guests, an answer to the organizer."""

    to: str
    why: Reason
    event_id: str
    calendar_id: str
    summary: str
    send_updates: SendUpdates


class Mailbox:
    """Every mail that Google would have sent, oldest first."""

    def __init__(self, store: Store) -> None:
        self.sent: list[Mail] = []
        self._store = store

    def post(self, call: "Call", calendar: Calendar, new: Json, old: Json | None) -> None:
        """Note whom Google mails about a write, but for who did it and whose calendar it is."""
        if call.send_updates == "none":
            return
        for email, why in sorted(_due(calendar, new, old).items()):
            known = call.send_updates == "externalOnly" and email in self._store.calendars
            if email not in (call.user, calendar.id) and not known:
                mail = Mail(
                    to=email,
                    why=why,
                    event_id=new["id"],
                    calendar_id=calendar.id,
                    summary=new.get("summary", ""),
                    send_updates=call.send_updates,
                )
                self.sent.append(mail)


def asked(send_updates: str | None, send_notifications: str | None) -> SendUpdates:
    """What the two parameters together ask for; the second is deprecated. Raises 400."""
    match send_updates:
        case None:
            return "all" if send_notifications == "true" else "none"
        case "all" | "externalOnly" | "none":
            return send_updates
    raise invalid(f"Invalid value '{send_updates}'. Values must be one of all, externalOnly, none.")


def _due(calendar: Calendar, new: Json, old: Json | None) -> dict[str, Reason]:
    """Who is to be told of a write on that calendar, and why: guests of the organizer's, the organizer of a guest's."""
    if copies.is_organizer(calendar, new):
        return _to_guests(new, old)
    answers = [copies.own_answer(calendar.id, event) for event in (new, old or {})]
    return {new["organizer"]["email"]: "answer"} if answers[0] != answers[1] else {}


def _to_guests(new: Json, old: Json | None) -> dict[str, Reason]:
    before, after = _invited(old or {}), _invited(new)
    changed = old is None or _content(new) != _content(old)
    told: dict[str, Reason] = dict.fromkeys(before - after, "cancellation")
    told |= dict.fromkeys(before & after if changed else (), "update")
    return told | dict.fromkeys(after - before, "invitation")


def _invited(resource: Json) -> set[str]:
    if resource.get("status") == "cancelled":
        return set()
    return {person["email"] for person in resource.get("attendees", ()) if not person.get("resource")}


def _content(resource: Json) -> Json:
    return {key: value for key, value in resource.items() if key not in _OWN_AFFAIRS}
