"""A Jitsi Meet of one's own, and 8x8's JaaS, on loopback: web pages, for Jitsi has no API.

`GET /{room}` (or `/{tenant}/{room}`) is Jitsi Meet, checked as by prosody's token plugin: lib-jitsi-meet's
doc/tokens.md, jitsi/luajwtjitsi 3.0 (`verify`), jitsi-meet's resources/prosody-plugins/token/util.lib.lua.
`GET /{AppID}/{room}` is JaaS: https://developer.8x8.com/jaas/docs/api-keys-jwt. The page says who comes in as what;
whoever may not come in gets a page with 403. Looking twice is coming twice, but a HEAD request is nobody.

Under `/_playground/`: `GET meetings` shows the rooms with people in them, `DELETE meetings` has everybody leave,
`GET joins` tells who came where as what, `GET mails` is always empty, `PUT settings` changes how the server behaves
(any field of `Account`).
"""

from playground.vendors.jitsi.app import create_app
from playground.vendors.jitsi.service import JitsiService
from playground.vendors.jitsi.token import Account

__all__ = ["Account", "JitsiService", "create_app"]
