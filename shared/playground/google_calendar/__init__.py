"""Google Calendar API v3 on loopback, in memory, for the unmodified google-api-python-client.

`create_app(CalendarService(accounts))` is a WSGI app; its base URL is `http://127.0.0.1:PORT/calendar/v3/`.
It behaves as https://developers.google.com/workspace/calendar/api describes Calendar; what it can be told to
do besides (shares, expired tokens, lost notifications, quotas) is under `/_playground/` (`control.py`).
"""

from playground.google_calendar.app import create_app
from playground.google_calendar.service import CalendarService
from playground.google_calendar.settings import Settings

__all__ = ["CalendarService", "Settings", "create_app"]
