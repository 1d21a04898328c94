"""Times as vendors take them: in a zone of IANA's, in whole minutes."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def zone(name: str) -> ZoneInfo:
    """The zone of that name; UTC for a name that is none."""
    return known(name) or ZoneInfo("UTC")


def known(name: str) -> ZoneInfo | None:
    """The zone of that name, None for a name that is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: "Europe" is a directory
        return None


def whole_minute(at: datetime) -> datetime:
    """The minute, or the next one for a time within it.

    Only the present has seconds; it has passed when a request arrives, and who takes no past start would refuse it.
    """
    minute = at.replace(second=0, microsecond=0)
    return at if at == minute else minute + timedelta(minutes=2 if at.second >= 45 else 1)
