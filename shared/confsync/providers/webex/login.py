"""How people let us use their own Webex account. https://developer.webex.com/docs/integrations"""

from datetime import timedelta

import msgspec

from confsync.domain.connection import Account
from confsync.providers.webex.settings import SCOPES
from confsync.transport.login import Login


class _Person(msgspec.Struct, frozen=True):
    id: str
    emails: tuple[str, ...] = ()


def _account(body: bytes) -> Account:
    person = msgspec.json.decode(body, type=_Person)
    return Account(id=person.id, name=next(iter(person.emails), person.id))


LOGIN = Login(
    authorize_url="https://webexapis.com/v1/authorize",
    token_url="https://webexapis.com/v1/access_token",  # noqa: S106 - an address
    account_url="https://webexapis.com/v1/people/me",
    account=_account,
    scopes=(*SCOPES, "spark:people_read"),
    in_form=True,
    idle=timedelta(days=60),  # its answers say; if one does not, this is the shortest that anybody has seen
    refusal=b"refresh token",  # "... provided is expired, revoked, malformed, or invalid": webex/webex-js-sdk#855
)
