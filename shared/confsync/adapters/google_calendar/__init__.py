"""Google Calendar v3 behind the `Calendar` port. Start reading at `calendars.py`."""

from confsync.adapters.google_calendar.calendars import GoogleCalendars

__all__ = ["GoogleCalendars"]
