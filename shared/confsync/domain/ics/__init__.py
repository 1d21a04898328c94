"""Events as iCalendar (RFC 5545): what other clients send, and what they take."""

from confsync.domain.ics.reading import MAX_ICS, detect_ics
from confsync.domain.ics.writing import event_ics

__all__ = ["MAX_ICS", "detect_ics", "event_ics"]
