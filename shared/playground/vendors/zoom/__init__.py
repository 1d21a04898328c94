"""A Zoom account on loopback: the token endpoint, and the API of https://developers.zoom.us/docs/api/meetings/.

Two applications know it: the account's own (server-to-server), and one to which each person consents, whose tokens
are good for that person's meetings only.

Under `/_playground/`: `GET meetings` shows everything that lives, `GET mails` what Zoom has written to people,
`PUT settings` changes how the account behaves (any field of `Account`), `PUT meetings/<id>/status` has people come
("started"), go ("ended"), and the end over ("waiting"), `POST consents` has a person consent without a browser (of
`person`, `redirect_uri` and `scope`) and answers a `code`, `DELETE tokens` revokes every access token (`?refresh=true`:
the refresh tokens too). Faults of the connection come from `playground.server`.
"""

from playground.vendors.zoom.account import Account
from playground.vendors.zoom.app import create_app
from playground.vendors.zoom.service import ZoomService
from playground.vendors.zoom.webhooks import signed_webhook

__all__ = ["Account", "ZoomService", "create_app", "signed_webhook"]
