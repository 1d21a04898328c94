"""How people let us use their own Google calendars, where no administrator does so for a whole domain.

https://developers.google.com/identity/protocols/oauth2/web-server ·
https://developers.google.com/identity/openid-connect/reference
"""

from datetime import timedelta

import msgspec

from confsync.adapters.google_credentials import CALENDAR_SCOPES
from confsync.domain.connection import Account
from confsync.transport.login import Login

NAME = "Google Calendar"
"""What people call it."""

_LONG = {f"https://www.googleapis.com/auth/userinfo.{short}": short for short in ("email", "profile")}


class _User(msgspec.Struct, frozen=True):
    sub: str
    email: str
    email_verified: bool


def _account(body: bytes) -> Account:
    user = msgspec.json.decode(body, type=_User)
    if not user.email_verified:
        raise ValueError("whoever has this address has not shown that it is theirs")
    return Account(id=user.sub, name=user.email)


def _plain(scope: str) -> str:
    """Google grants `email` by its long name, also if it was asked for by its short one."""
    return _LONG.get(scope, scope)


LOGIN = Login(
    authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
    revoke_url="https://oauth2.googleapis.com/revoke",
    account_url="https://openidconnect.googleapis.com/v1/userinfo",
    account=_account,
    scopes=("openid", "email", *CALENDAR_SCOPES),
    issuer="https://accounts.google.com",
    in_form=True,
    idle=timedelta(days=180),  # six months: https://developers.google.com/identity/protocols/oauth2#expiration
    # a refresh token comes with offline access, and after the first time only if the person is asked again
    extra={"access_type": "offline", "prompt": "consent"},
    plain_scope=_plain,
)
