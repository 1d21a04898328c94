"""How people let us use their own Teams account.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow. Microsoft has no way to take back a token.
"""

from datetime import timedelta

import msgspec

from confsync.domain.connection import Account
from confsync.providers.teams.settings import DELEGATED
from confsync.transport.login import Login

_GRAPH = "https://graph.microsoft.com/"


class _User(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    mail: str | None = None
    user_principal_name: str = ""


def _account(body: bytes) -> Account:
    user = msgspec.json.decode(body, type=_User)
    return Account(id=user.id, name=user.mail or user.user_principal_name)


LOGIN = Login(
    authorize_url="https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize",
    token_url="https://login.microsoftonline.com/organizations/oauth2/v2.0/token",  # noqa: S106 - an address
    account_url="https://graph.microsoft.com/v1.0/me",
    account=_account,
    scopes=(*DELEGATED, "User.Read"),
    in_form=True,
    extra={"prompt": "select_account"},
    idle=timedelta(days=90),  # https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-lifetime
    plain_scope=lambda scope: scope.removeprefix(_GRAPH),
)
