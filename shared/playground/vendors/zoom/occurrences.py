"""The instances of a series, each of which can be changed or deleted by itself.

"Get a meeting", "Update a meeting" and "Delete a meeting" in https://developers.zoom.us/docs/api/meetings/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from playground.vendors.zoom.account import Account, invalid
from playground.vendors.zoom.rules import FIELDS, SHOWN_OCCURRENCES, instant, times, utc_text
from playground.vendors.zoom.settings import OF_AN_OCCURRENCE, SETTINGS, applied

Changes = dict[int, dict[str, Any]]
"""What was changed, by the millisecond at which the occurrence would take place: `start`, `duration`, `agenda`,
`settings`, or `deleted`."""
_TAKEN = ("agenda", "start_time", "duration", "settings")


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One instance, and the millisecond of its original start."""

    original: int
    occurrence_id: str
    start: datetime
    duration: int
    changed: Mapping[str, Any]

    @property
    def deleted(self) -> bool:
        return "deleted" in self.changed

    def over(self, now: datetime) -> bool:
        """Whether it has ended by then."""
        return self.start + timedelta(minutes=self.duration) <= now

    def listed(self) -> dict[str, Any]:
        """As it is in the meeting's `occurrences`."""
        return {
            "occurrence_id": self.occurrence_id,
            "start_time": utc_text(self.start),
            "duration": self.duration,
            "status": "deleted" if self.deleted else "available",
        }

    def told(self, meeting: Mapping[str, Any], account: Account) -> dict[str, Any]:
        """What a GET of it answers more than that of the meeting."""
        return {
            "start_time": utc_text(self.start),
            "duration": self.duration,
            "agenda": self.changed.get("agenda", meeting["agenda"]),
            "settings": applied(meeting["settings"], self.changed.get("settings", {}), account),
        }


def every(meeting: Mapping[str, Any], changes: Changes, account: Account) -> Iterator[Occurrence]:
    """All of a series, which may be endless, in the order of their original starts."""
    for at in times(meeting) if meeting["type"] == 8 else ():
        original = _millisecond(at)
        changed = changes.get(original, {})
        start = changed.get("start", at)
        yield Occurrence(
            original=original,
            occurrence_id=str(_millisecond(start) if account.moved_ids == "new" else original),
            start=start,
            duration=changed.get("duration", meeting["duration"]),
            changed=changed,
        )


def shown(
    meeting: Mapping[str, Any], changes: Changes, account: Account, *, after: datetime | None = None
) -> list[dict[str, Any]]:
    """The meeting's `occurrences`: those that are not over by then."""
    visible = (
        each
        for each in every(meeting, changes, account)
        if (account.deleted_shown or not each.deleted) and (after is None or not each.over(after))
    )
    return sorted((each.listed() for each in islice(visible, SHOWN_OCCURRENCES)), key=lambda each: each["start_time"])


def past(meeting: Mapping[str, Any], changes: Changes, account: Account, now: datetime) -> list[dict[str, Any]]:
    """Those that are over: what `show_previous_occurrences` adds."""
    found = []
    for each in every(meeting, changes, account):
        if each.original > _millisecond(now):
            break
        if each.over(now) and (account.deleted_shown or not each.deleted):
            found.append(each.listed())
    return sorted(found, key=lambda each: each["start_time"])


def find(meeting: Mapping[str, Any], changes: Changes, account: Account, occurrence_id: str) -> Occurrence | None:
    """The living occurrence of that id."""
    last = max([int(occurrence_id), *changes]) if occurrence_id.isdecimal() and len(occurrence_id) <= 13 else 0
    for each in every(meeting, changes, account):
        if each.original > last:
            return None
        if each.occurrence_id == occurrence_id:
            return None if each.deleted else each
    return None


def to_come(meeting: Mapping[str, Any], changes: Changes, account: Account, now: datetime) -> bool:
    """Whether any is left that is neither deleted nor over."""
    return any(not each.deleted and not each.over(now) for each in every(meeting, changes, account))


def change(meeting: Mapping[str, Any], body: Mapping[str, Any], now: datetime, account: Account) -> dict[str, Any]:
    """What a PATCH changes of one occurrence. A start that is over is ignored, as in one of the meeting."""
    given = body.get("settings") or {}
    extras = [
        *(name for name in body if name in FIELDS and name not in _TAKEN),
        *(f"settings.{name}" for name in given if name in SETTINGS and name not in OF_AN_OCCURRENCE),
    ]
    if extras and account.occurrence_extras == "refused":
        raise invalid(*extras)
    zone = body.get("timezone", meeting["timezone"]) if account.occurrence_zone == "heard" else meeting["timezone"]
    changed = {name: body[name] for name in ("agenda", "duration") if name in body}
    if "start_time" in body and (start := instant(body["start_time"], zone)) > now:
        changed["start"] = start
    return {**changed, "settings": {name: given[name] for name in given if name in OF_AN_OCCURRENCE}}


def left(
    changes: Changes,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    body: Mapping[str, Any],
    account: Account,
    now: datetime,
) -> Changes:
    """The changes that a PATCH of the series leaves: when its recurrence is heard, all occurrences are made anew."""
    heard = "recurrence" in body and "start_time" in body and instant(body["start_time"], after["timezone"]) > now
    if not heard and all(before.get(name) == after.get(name) for name in ("type", "timezone", "start_time")):
        return changes
    kept = account.deletions_survive and after["type"] == 8
    return {original: each for original, each in changes.items() if kept and "deleted" in each}


def _millisecond(when: datetime) -> int:
    return int(when.timestamp() * 1000)
