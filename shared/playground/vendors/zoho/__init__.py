"""Zoho Meeting on loopback: the token endpoint of Zoho Accounts, and the meetings of its API v2.

https://www.zoho.com/meeting/api-integration/meeting-api/create-a-meeting.html and its neighbours; which rule rests on
which page, and what is nowhere documented, stands in `account.py`.

Under `/_playground/`: `GET meetings` shows everything that lives, `GET mails` what Zoho would have mailed, `PUT
settings` changes how the account behaves (any field of `Account`), `PUT meetings/<key>/status` has people come
("started"), go ("ended") and the end be over ("notstarted"), `POST consents` has the user make a code for the
application (of `{"redirect_uri"}`, none for a self client), `DELETE tokens` revokes every access token
(`?refresh=true`: the refresh tokens too).
"""

from playground.vendors.zoho.account import Account
from playground.vendors.zoho.app import create_app
from playground.vendors.zoho.service import ZohoService

__all__ = ["Account", "ZohoService", "create_app"]
