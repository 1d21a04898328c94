"""Which scopes an administrator has not allowed us. No token that is asked for here is used.

https://developers.google.com/identity/protocols/oauth2/service-account#error-codes
"""

from collections.abc import Sequence
from datetime import datetime

from google.auth.exceptions import GoogleAuthError, RefreshError

from confsync.adapters.google_calendar.errors import domain_error
from confsync.adapters.google_credentials import Delegation


def refused(delegation: Delegation, account: str, scopes: Sequence[str], now: datetime) -> tuple[str, ...]:
    """Those of the scopes that are not allowed: for any of them Google gives no token at all.

    Raises `PermissionDenied` if we may not sign as the service account, `ReauthorizationRequired` if the account is
    none that it can act as, and `Temporary`.
    """
    try:
        if _allows(delegation, account, scopes):
            return ()
        return tuple(each for each in scopes if not _allows(delegation, account, [each]))
    except GoogleAuthError as error:
        raise domain_error(error, "a token", now) from error


def _allows(delegation: Delegation, account: str, scopes: Sequence[str]) -> bool:
    try:
        delegation.asking_for(account, scopes).refresh(None)
    except RefreshError as error:
        if "unauthorized_client" in str(error.args[0]):
            return False
        raise
    return True
