"""The last run of the sweep that came to its end: by it, whoever looks knows that sweeps run, and keep up."""

from dataclasses import dataclass
from datetime import datetime

LAST = "last"
"""The key of the one record."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What one run found and left."""

    key: str = LAST
    completed_at: datetime
    calendars_due: int = 0
    channels_silent: int = 0
    """Of the calendars that were due, those whose open channel tells nothing of changes."""
    failed: int = 0
    """Things that could not be handed out, and stay due."""
    late_seconds: int = 0
    """How long the longest due had been waiting."""
    more_due: tuple[str, ...] = ()
    """The kinds of which more were due than one run takes."""
    took_in_at: datetime | None = None
    """When connections were last looked for of which an earlier release had not said when to look at them."""
    version: str | None = None
