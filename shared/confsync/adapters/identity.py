"""Google-signed identity tokens -> who is calling.

What has to be checked: https://developers.google.com/workspace/add-ons/guides/alternate-runtimes#validate-requests-from-google
and https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import requests
from cachecontrol import CacheControl
from google.auth import jwt
from google.auth.exceptions import GoogleAuthError

from confsync.domain.caller import Caller
from confsync.domain.errors import Temporary, Unverified
from confsync.ports import Clock

ISSUERS = frozenset({"accounts.google.com", "https://accounts.google.com"})
CLOCK_SKEW = 30
"""Seconds that a token is good for before and after its life."""
TIMEOUT = 5.0
REFETCH_AFTER = timedelta(seconds=60)
"""Tokens with an unknown key make us ask for new certificates, but no more often than this."""


class GoogleIdentity:
    """Verifies identity tokens. `certs_url` serves X.509 certificates by key id; its Cache-Control is honoured."""

    def __init__(self, certs_url: str, *, clock: Clock) -> None:
        self._certs_url = certs_url
        self._clock = clock
        self._session = CacheControl(requests.Session())
        self._lock = threading.Lock()
        self._refetched: datetime | None = None

    def verify(self, token: str, audiences: Sequence[str], nonce: str | None = None) -> Caller:
        """Who the token is from, if it is for one of `audiences` and, if given, was asked for with this nonce.

        Raises `Unverified`, which tells why but not the token, and `Temporary` if Google's certificates can't be had.
        """
        claims = self._claims(token)
        if claims.get("iss") not in ISSUERS:
            raise Unverified(f"the identity token's issuer is {claims.get('iss')!r}, not Google")
        audience = claims.get("aud")
        if audience not in audiences:
            raise Unverified(f"the identity token's audience is {audience!r}, which is not one of the configured")
        if nonce is not None and claims.get("nonce") != nonce:
            raise Unverified("the identity token was not asked for in this browser")
        if not claims.get("email") or claims.get("email_verified") is not True:
            raise Unverified("the identity token has no verified email address")
        # whoever depends on a person's account is found by their address, in which case tells nothing apart at Google
        email = str(claims["email"]).lower()
        return Caller(email=email, hosted_domain=claims.get("hd"), name=str(claims.get("name") or ""))

    def _claims(self, token: str) -> Mapping[str, Any]:
        """The token's claims, its signature and times checked."""
        try:
            key_id = jwt.decode_header(token).get("kid")
            if not isinstance(key_id, str):
                raise Unverified("the identity token does not name its key")
            certificates = self._certificates_for(key_id)
            claims: Mapping[str, Any] = jwt.decode(token, certs=certificates, clock_skew_in_seconds=CLOCK_SKEW)
        except (GoogleAuthError, ValueError) as error:
            raise Unverified(f"the identity token is not good: {_without(token, error)}") from error
        return claims

    def _certificates_for(self, key_id: str) -> Mapping[str, str]:
        certificates = self._fetch({})
        if key_id not in certificates and self._may_refetch():
            return self._fetch({"Cache-Control": "no-cache"})  # Google rotated its keys
        return certificates

    def _may_refetch(self) -> bool:
        now = self._clock.now()
        with self._lock:
            if self._refetched is not None and now - self._refetched < REFETCH_AFTER:
                return False
            self._refetched = now
            return True

    def _fetch(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        try:
            response = self._session.get(self._certs_url, headers=dict(headers), timeout=TIMEOUT)
            response.raise_for_status()
            certificates = response.json()
        except requests.RequestException as error:
            raise Temporary(
                f"Google's certificates at {self._certs_url}: {error}", service="google-identity"
            ) from error
        if not isinstance(certificates, dict):
            raise Temporary(f"Google's certificates at {self._certs_url} are none", service="google-identity")
        return certificates


def _without(token: str, error: Exception) -> str:
    """google-auth quotes the token, or a part of it, in what it can't parse."""
    message = str(error.args[0]) if error.args else type(error).__name__
    parts = [token, *token.split(".")]
    return "it can't be parsed" if any(part and part in message for part in parts) else message
