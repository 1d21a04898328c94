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
class Capabilities:
    """What a provider's meetings have. `watched` names the spec fields whose change needs a call to the provider.

    `find`: whether a meeting can be found by its marker. `settle`: how long a meeting may take to show up there after a
    create whose answer was lost. `recurrence`: the provider keeps rules of its own.
    """

    watched: frozenset[str]
    find: bool
    settle: timedelta = timedelta(0)
    recurrence: bool = False
