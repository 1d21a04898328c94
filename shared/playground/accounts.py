"""Who may call the playground's Google APIs: people and service accounts, and the access tokens they hold."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass


class RevokedError(Exception):
    """The account's access was revoked: it gets no token until it is restored."""


@dataclass(frozen=True, kw_only=True)
class _Grant:
    email: str
    scopes: frozenset[str]
    expires: float


class Accounts:
    """Issues access tokens and tells whose they are. Any email is an account; one instance serves all simulators."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._grants: dict[str, _Grant] = {}
        self._revoked: set[str] = set()

    def issue(self, email: str, scopes: Iterable[str] = (), ttl: float = 3600) -> str:
        """Return a new access token, good for `ttl` seconds; raise RevokedError for a revoked account."""
        token = f"ya29.{secrets.token_urlsafe(48)}"
        with self._lock:
            if email in self._revoked:
                raise RevokedError(email)
            self._grants[token] = _Grant(email=email, scopes=frozenset(scopes), expires=time.time() + ttl)
        return token

    def whois(self, token: str) -> str | None:
        """Return the email that holds this token, or None if it is unknown, expired or revoked."""
        grant = self._grant(token)
        return grant.email if grant else None

    def scopes(self, token: str) -> frozenset[str]:
        """Return the scopes that the token was issued with; none for a token that is not good."""
        grant = self._grant(token)
        return grant.scopes if grant else frozenset()

    def void(self, tokens: Iterable[str]) -> None:
        """Take these tokens no more."""
        with self._lock:
            for token in tokens:
                self._grants.pop(token, None)

    def revoke(self, email: str) -> None:
        """Void every token of the account and give it no more."""
        with self._lock:
            self._revoked.add(email)
            self._grants = {token: grant for token, grant in self._grants.items() if grant.email != email}

    def restore(self, email: str) -> None:
        """Let a revoked account get tokens again; the old ones stay void, as at Google."""
        with self._lock:
            self._revoked.discard(email)

    def _grant(self, token: str) -> _Grant | None:
        with self._lock:
            grant = self._grants.get(token)
        return grant if grant and grant.expires > time.time() else None
