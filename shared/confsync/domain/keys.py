"""Document ids. Google's ids hold `@ . # /` and may be long, so ours are hashes of them.

https://cloud.google.com/firestore/docs/best-practices#document_ids
"""

import binascii
import hashlib
from collections.abc import Mapping
from typing import TypeGuard

CONFERENCE_PREFIX = "confsync-"
_LENGTH = 40


def _digest(*parts: str) -> str:
    # JSON-free joining needs a separator that no part can contain
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:_LENGTH]


def part_of(key: str, parts: int) -> int:
    """Which of so many parts, from 0 on, the thing of this key belongs to: always the same, and each gets its share."""
    return binascii.crc32(key.encode()) % parts


def calendar_key(calendar_id: str) -> str:
    """Key of a calendar, from its real id ("primary" resolved); 40 hex digits."""
    return _digest("calendar", calendar_id.lower())


def link_key(calendar: str, event_id: str) -> str:
    """Key of the link of an event; `calendar` is a calendar key."""
    return _digest("link", calendar, event_id)


def conference_id(calendar: str, event_id: str, solution: str, variant: str = "") -> str:
    """Our conference id, as it stands in `conferenceData.conferenceId`; the same for the same four."""
    return CONFERENCE_PREFIX + _digest("conference", calendar, event_id, solution, *([variant] if variant else []))


def variant(settings: str | None, account: str) -> str:
    """What tells a conference with settings or a host of its own from one that is as its solution has it: "" then."""
    return _digest("variant", settings or "", account) if settings or account else ""


def by_hand_id(url: str) -> str:
    """A conference id for a meeting that is not ours, and that somebody puts on an event by its address."""
    return f"{CONFERENCE_PREFIX}hand-{_digest('by hand', url)}"


def repeat_key(caller: str, calendar: str, key: str) -> str:
    """Key of a request that its caller may repeat; `calendar` is a calendar key."""
    return _digest("repeat", caller.lower(), calendar, key)


def event_id(repeat: str) -> str:
    """The id of the event that such a request makes, in the characters that Calendar takes (0-9, a-v)."""
    return f"c{repeat}"


def budget_key(provider: str, account: str, host: str) -> str:
    """Key of what a host at a vendor's account has used of the vendor's daily limit."""
    return _digest("budget", provider, account, host.lower())


def host_key(provider: str, account: str) -> str:
    """Key of what an account at a vendor is booked for as a host."""
    return _digest("host", provider, account.lower())


def connection_key(owner: str, vendor: str) -> str:
    """Key of a person's own account at a vendor; `owner` is their Google account."""
    return _digest("connection", owner.lower(), vendor)


def meeting_key(provider: str, ids: Mapping[str, str]) -> str:
    """Key by which a vendor's meeting, known by its ids there, leads to its conference."""
    return _digest("meeting", provider, *(part for item in sorted(ids.items()) for part in item))


def is_conference_id(text: str | None) -> TypeGuard[str]:
    """Whether it has the form of our conference ids, so that other vendors' ids cost no read."""
    return text is not None and text.startswith(CONFERENCE_PREFIX)


def meet_request_id(event_id: str, etag: str) -> str:
    """The id of a request for a Meet: another one for every state of the event without one ("": it is new)."""
    return _digest("meet", event_id, etag)
