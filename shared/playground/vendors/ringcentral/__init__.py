"""RingCentral Video on loopback: the token endpoint, the bridges of `/rcvideo/v2`, the dial-in numbers.

https://developers.ringcentral.com/guide/video ("guide" below: ringcentral/ringcentral-api-docs, `docs/`), and the API
reference as ringcentral/ringcentral-extensible generates it from RingCentral's OpenAPI file ("spec" below).

A bridge is a room: it has no time, and nobody is invited to it, so `mails()` is always empty. There is no list of
bridges. One is found again by its id, by its web PIN, by either of its phone PINs, or as a person's default bridge;
and the web PIN may be chosen when the bridge is created (spec, BridgePins), so a client that chose it can look
whether a create without an answer took place.

Under `/_playground/`: `GET meetings` shows every living bridge, `GET mails` nothing, `PUT settings` changes how the
account behaves (any field of `Account`), `PUT meetings/<id>/status` has people come ("started") and the last one go
("ended"), `DELETE tokens` revokes every access token (`?refresh=true`: whole sessions).
"""

from playground.vendors.ringcentral.account import Account
from playground.vendors.ringcentral.app import create_app
from playground.vendors.ringcentral.service import RingCentralService

__all__ = ["Account", "RingCentralService", "create_app"]
