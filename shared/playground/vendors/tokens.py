"""Access and refresh tokens of a vendor's accounts: issued, expiring, rotated, revoked. One instance a simulator."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a token stands for: whose account (a person's, or an application's own), and which scopes."""

    account: str
    scopes: frozenset[str]
    expires_at: datetime | None = None
    """None: it does not end by itself."""


class TokenError(Exception):
    """A refusal in the terms of RFC 6749, section 5.2: `invalid_grant`, `invalid_client`, ..."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


class Tokens:
    """Every method is atomic. `rotates`: a refresh token is good for one use, and its answer brings the next one."""

    def __init__(self, clock: Callable[[], datetime], *, rotates: bool = False) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self.rotates = rotates

    def issue(self, account: str, scopes: Iterable[str], *, ttl: float = 3600) -> str:
        """An access token for so many seconds."""
        token = secrets.token_urlsafe(48)
        ends = self._clock() + timedelta(seconds=ttl)
        with self._lock:
            self._access[token] = Grant(account=account, scopes=frozenset(scopes), expires_at=ends)
        return token

    def consent(self, account: str, scopes: Iterable[str], *, ttl: float | None = None) -> str:
        """A refresh token, as if the person had consented to these scopes just now."""
        token = secrets.token_urlsafe(48)
        ends = None if ttl is None else self._clock() + timedelta(seconds=ttl)
        with self._lock:
            self._refresh[token] = Grant(account=account, scopes=frozenset(scopes), expires_at=ends)
        return token

    def refresh(self, token: str) -> tuple[Grant, str]:
        """What the refresh token stands for, and the refresh token to use from now on. Raises `TokenError`."""
        with self._lock:
            grant = self._refresh.get(token)
            if grant is None or self._ended(grant):
                raise TokenError("invalid_grant", "the refresh token is invalid, expired or revoked")
            if not self.rotates:
                return grant, token
            del self._refresh[token]
            successor = secrets.token_urlsafe(48)
            self._refresh[successor] = grant
            return grant, successor

    def whose(self, token: str) -> Grant | None:
        """What an access token stands for, None if it is unknown, expired or revoked."""
        with self._lock:
            grant = self._access.get(token)
        return None if grant is None or self._ended(grant) else grant

    def account_of(self, token: str) -> str | None:
        """Whose access or refresh token it is, None if it is unknown or revoked."""
        with self._lock:
            grant = self._access.get(token) or self._refresh.get(token)
        return grant.account if grant else None

    def narrow(self, scopes: Iterable[str]) -> None:
        """Take all other scopes from everybody, as an administrator can."""
        kept = frozenset(scopes)
        with self._lock:
            for grants in (self._access, self._refresh):
                grants.update({token: replace(grant, scopes=grant.scopes & kept) for token, grant in grants.items()})

    def revoke(self, account: str | None = None, *, refresh: bool = False) -> None:
        """End the access tokens of the account, or of all; `refresh`: its refresh tokens too."""
        with self._lock:
            for grants in (self._access, self._refresh) if refresh else (self._access,):
                for token in [token for token, grant in grants.items() if account in {None, grant.account}]:
                    del grants[token]

    def all(self) -> list[str]:
        """Every token of either kind that is still known: what must never be seen in a log."""
        with self._lock:
            return [*self._access, *self._refresh]

    def _ended(self, grant: Grant) -> bool:
        return grant.expires_at is not None and grant.expires_at <= self._clock()
