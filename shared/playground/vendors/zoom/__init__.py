"""A Zoom account on loopback: the token endpoint, and the API of https://developers.zoom.us/docs/api/meetings/.

Under `/_playground/`: `GET meetings` shows everything that lives, `PUT settings` changes how the account behaves (any
field of `Account`), `PUT meetings/<id>/status` has people come ("started"), go ("ended"), and the end over ("waiting"),
`DELETE tokens` revokes every access token. Faults of the connection come from `playground.server`.
"""

from playground.vendors.zoom.app import create_app
from playground.vendors.zoom.service import Account, ZoomService
from playground.vendors.zoom.webhooks import signed_webhook

__all__ = ["Account", "ZoomService", "create_app", "signed_webhook"]
