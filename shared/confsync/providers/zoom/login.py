"""How people let us use their own Zoom account. https://developers.zoom.us/docs/integrations/oauth/"""

from datetime import timedelta

import msgspec

from confsync.domain.connection import Account
from confsync.providers.zoom.settings import SCOPES
from confsync.transport.login import Login


class _User(msgspec.Struct, frozen=True):
    id: str
    email: str


def _account(body: bytes) -> Account:
    user = msgspec.json.decode(body, type=_User)
    return Account(id=user.id, name=user.email)


LOGIN = Login(
    authorize_url="https://zoom.us/oauth/authorize",
    token_url="https://zoom.us/oauth/token",  # noqa: S106 - an address
    revoke_url="https://zoom.us/oauth/revoke",
    revokes="access",  # https://developers.zoom.us/docs/integrations/oauth/#revoking-an-access-token
    account_url="https://api.zoom.us/v2/users/me",
    account=_account,
    scopes=(*(each.removesuffix(":admin") for each in SCOPES), "user:read:user"),
    hint=None,
    idle=timedelta(days=90),  # the shortest that its pages say: zoom/skills, skills/oauth/concepts/token-lifecycle.md
)
