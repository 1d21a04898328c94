"""A Daily.co domain on loopback: rooms and meeting tokens of https://docs.daily.co/reference/rest-api (`/v1/...`).

Under `/_playground/`: `GET meetings` shows every room that has not expired, in full, `GET mails` is always empty (Daily
mails nobody), `PUT settings` changes how the domain behaves (any field of `Account`), `POST join` (`{"url", "token"?}`)
has somebody open a link and tells the outcome ("owner", "in", "knocking" or "refused"), `DELETE tokens` revokes the
API key. Faults of the connection come from `playground.server`.
"""

from playground.vendors.daily.app import create_app
from playground.vendors.daily.service import Account, DailyService

__all__ = ["Account", "DailyService", "create_app"]
