"""What users choose from, and what a provider can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A configured choice that users see ("Zoom with recording")."""

    id: str
    """Also the add-on manifest's solution id."""
    name: str
    provider: str
    icon_uri: str | None = None
    personal: bool = False
    """Whether meetings are made with each host's own connected account, not by one of the organisation."""
    hosts: tuple[str, ...] = ()
    """Who hosts its meetings: one of these, who has no other meeting of ours at that time; none: whose event it is."""
    at_once: int = 1
    """How many meetings at a time one of `hosts` may have."""
    settings: Mapping[str, Any] = field(default_factory=dict)


class LimitWindow(StrEnum):
    """Over which time a vendor counts calls."""

    UTC_DAY = "utc_day"
    ROLLING_DAY = "rolling_day"  # the last 24 hours


@dataclass(frozen=True, kw_only=True)
class CallLimit:
    """A vendor takes so many creations and changes of a host's meetings, together, per day."""

    calls: int
    account: str
    """Solutions of one account share the limit."""
    window: LimitWindow = LimitWindow.UTC_DAY
    counts_refused: bool = True
    """Whether a call that the vendor refused counts as well."""


class OwnRecurrence(StrEnum):
    """Which series a vendor keeps as series."""

    NONE = "none"  # one meeting serves a whole series: it is given the times of one instance, and an open end
    LIMITED = "limited"  # its provider says which
    RRULE = "rrule"  # all of RFC 5545


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """How a vendor keeps meetings, as far as the engine has to know. The defaults are those of a vendor without quirks.

    That a link changes with an update needs no mention: what an answer shows is published.
    """

    settle: timedelta = timedelta(0)
    """How long a meeting may take to be found by its marker after a create whose answer was lost."""
    limit: CallLimit | None = None
    recurrence: OwnRecurrence = OwnRecurrence.LIMITED
    occurrences: bool = False
    """Whether single times of a series that it keeps can be cancelled, moved and renamed."""
    updates: bool = True
    """False: a changed meeting is deleted and made anew, and its new link is published."""
    deletes: bool = True
    """False: a meeting that is not wanted any more is left to itself."""
    mails_attendees: bool = False
    """Whether it writes to the attendees that it knows of, whatever it is asked: then it is told of none."""
    join_redirect: bool = False
    """Whether each person needs a link of their own: events show an address of ours, which leads on to it."""
    shortest: timedelta | None = None
    longest: timedelta | None = None
    all_day: bool = True
    """Whether it knows days without times; else a day is sent as its 24 hours."""
    past_starts: bool = True
    """Whether it takes a start in the past; else a meeting that is going on starts now, a series with its next time."""
    lifetime: timedelta | None = None
    """A meeting or its dial-in lapses so long after its last time or change, None if it does not."""
    drifts: bool = True
    """Whether a meeting can be changed or deleted at the vendor, so that it is worth looking at."""
