"""Microsoft Teams through Microsoft Graph on loopback: Entra's token endpoint, and Graph v1.0's online meetings.

https://learn.microsoft.com/graph/api/resources/onlinemeeting?view=graph-rest-1.0

Under `/_playground/`: `GET meetings` shows everything that lives, `GET lapsed` the ids of those that outlived their 60
days, `GET mails` is always empty (Graph mails nobody), `PUT settings` changes how the account behaves (any field of
`Account`), `PUT meetings/<id>/started` has people meet, `POST consents` has a person consent without a browser,
`DELETE tokens` revokes every access token (`?refresh=true`: the refresh tokens too).
"""

from playground.vendors.teams.account import Account
from playground.vendors.teams.app import create_app
from playground.vendors.teams.service import TeamsService

__all__ = ["Account", "TeamsService", "create_app"]
