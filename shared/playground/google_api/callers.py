"""Who calls, and whether their token is good for it.

https://developers.google.com/identity/protocols/oauth2/scopes
"""

from typing import Protocol

from flask import request

from playground.google_api import discovery
from playground.google_api.errors import ApiError


class Whois(Protocol):
    """Knows whose access token it is."""

    def whois(self, token: str) -> str | None:
        """The account's address, None for a token that is not valid."""
        ...

    def scopes(self, token: str) -> frozenset[str]:
        """What the token was issued for; nothing if nobody asked."""
        ...


def bearer() -> str:
    """The request's access token. Raises 401 `required` if there is none."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise ApiError(401, "required", "Login Required.", location="Authorization")
    return token


def caller(accounts: Whois, token: str) -> str:
    """Whose token it is. Raises 401 `authError` for one that is unknown, has expired or was revoked."""
    user = accounts.whois(token)
    if user is None:
        raise ApiError(401, "authError", "Invalid Credentials", location="Authorization")
    return user


def check_scopes(granted: frozenset[str], api: str, method: str, *, service: str, called: str) -> None:
    """Raise 403 unless one of the scopes allows the API's `method`; a token issued without any may do everything.

    `service` and `called` are Google's inner names for the two, as seen in
    https://github.com/analogdotnow/Analog/issues/296 and https://github.com/GeneralTask/task-manager/pull/2160
    """
    if granted and not granted & discovery.scopes(api, method):
        text = "Request had insufficient authentication scopes."
        raise ApiError(403, "insufficientPermissions", text, extra=_insufficient(service, called))


def _insufficient(service: str, called: str) -> dict[str, object]:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": service, "method": called},
    }
    return {"status": "PERMISSION_DENIED", "details": [info]}
