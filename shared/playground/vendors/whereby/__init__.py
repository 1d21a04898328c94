"""A Whereby Embedded organisation on loopback: the meetings of https://docs.whereby.com/reference (`/v1/meetings`).

Under `/_playground/`: `GET meetings` shows every meeting that is not deleted, in full, `GET mails` is always empty
(Whereby mails nobody), `PUT settings` changes how the organisation behaves (any field of `Account`), `POST join`
(`{"url"}`) has somebody open a link and tells the outcome ("host", "viewer", "in", "knocking" or "gone"),
`DELETE tokens` revokes the API key. Faults of the connection come from `playground.server`.
"""

from playground.vendors.whereby.app import create_app
from playground.vendors.whereby.service import Account, WherebyService

__all__ = ["Account", "WherebyService", "create_app"]
