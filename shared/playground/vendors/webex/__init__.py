"""A Webex site on loopback: the token endpoint, and the Meetings API of https://developer.webex.com/docs/api/v1/meetings.

The rules are those of Webex's own OpenAPI file (webex/webex-openapi-specs, public-spec/webex-meeting.json of 2026-05),
here "the specification". Webinars, personal rooms, meetings of spaces, registration and PUT are not simulated.

Under `/_playground/`: `GET meetings` shows everything that lives, `GET mails` whom Webex would have mailed, `PUT
settings` changes how the site behaves (any field of `Account`), `PUT meetings/<id>/state` has people come
("inProgress") and go ("ended"), `POST consents` has a person, or an administrator for a service app, consent without a
browser (`{"email", "scopes"?, "client_id"?}`, answers a refresh token), `DELETE tokens` revokes every access token
(`?refresh=true`: the refresh tokens too). Faults of the connection come from `playground.server`.
"""

from playground.vendors.webex.account import Account
from playground.vendors.webex.app import create_app
from playground.vendors.webex.service import WebexService

__all__ = ["Account", "WebexService", "create_app"]
