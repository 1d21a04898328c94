"""GoTo Meeting on loopback: GoTo's token endpoint, and the meetings of the GoTo Meeting REST API v1.

https://developer.goto.com/GoToMeetingV1; its OpenAPI file is in APIs-guru/openapi-directory (citrixonline.com).

Under `/_playground/`: `GET meetings` shows everything that lives, `GET mails` is always empty (no call on meetings has
a parameter for mails; only a new organizer gets one), `PUT settings` changes how the account behaves (any field of
`Account`), `PUT meetings/<id>/status` has people come ("ACTIVE") and go ("INACTIVE", which makes a past instance),
`POST consents` has a person consent without a browser, `DELETE tokens` revokes every access token (`?refresh=true`: the
refresh tokens too).
"""

from playground.vendors.goto_meeting.account import Account
from playground.vendors.goto_meeting.app import create_app
from playground.vendors.goto_meeting.service import GotoService

__all__ = ["Account", "GotoService", "create_app"]
