"""What users choose from, and what a provider can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A configured choice that users see ("Zoom with recording"). `id` is also the add-on manifest's solution id."""

    id: str
    name: str
    provider: str
    icon_uri: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DailyLimit:
    """A vendor takes so many creations and changes of a host's meetings, together, per UTC day.

    Solutions of one `account` share it. `host` hosts all of the solution's meetings; empty: the event's own host does.
    """

    calls: int
    account: str
    host: str = ""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """How a provider keeps meetings.

    `settle`: how long a meeting may take to be found by its marker after a create whose answer was lost.
    `daily`: the vendor's limit of calls, None if it has none.
    """

    settle: timedelta = timedelta(0)
    daily: DailyLimit | None = None
