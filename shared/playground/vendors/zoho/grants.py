"""Zoho Accounts: codes, refresh tokens and access tokens. https://www.zoho.com/accounts/protocol/oauth/web-apps.html"""

import secrets
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from playground.vendors.tokens import TokenError, Tokens
from playground.vendors.zoho.account import Account, TokenRefused, ZohoError


class Grants:
    """The tokens of one application. Each is named, so that it can end alone: a refresh token `71158042#1`, the access
    tokens from it `71158042#1/4`. The account's own refresh token is `71158042#0`. The caller has the lock.
    """

    def __init__(self, clock: Callable[[], datetime], account: Callable[[], Account]) -> None:
        self._clock, self._account = clock, account
        self._tokens = Tokens(clock)
        self._codes: dict[str, tuple[str, datetime]] = {}
        self._refreshes: deque[str] = deque()
        self._accesses: defaultdict[str, deque[str]] = defaultdict(deque)
        self._issued: defaultdict[str, list[datetime]] = defaultdict(list)
        self._serial = 0
        self.own_token_lives = True

    def consent(self, redirect_uri: str) -> str:
        """A code as the user gets it: good once, for three minutes."""
        code = f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
        self._codes[code] = (redirect_uri, self._clock() + timedelta(seconds=self._account().code_seconds))
        return code

    def issue(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The answer of `POST /oauth/v2/token`. Raises `TokenRefused`."""
        account, kind = self._account(), form.get("grant_type")
        if form.get("client_id") != account.client_id:
            raise self._refused("invalid_client")
        if form.get("client_secret") != account.client_secret:
            raise self._refused("invalid_client_secret")
        if kind == "refresh_token":
            return self._access(*self._named(form.get("refresh_token", "")))
        if kind != "authorization_code":
            raise self._refused("unsupported_grant_type")
        redirect_uri, ends = self._codes.pop(form.get("code", ""), ("", self._clock()))
        if ends <= self._clock():
            raise self._refused("invalid_code")
        if form.get("redirect_uri", "") != redirect_uri:
            raise self._refused("invalid_redirect_uri")
        name, token = self._refresh()
        return {"refresh_token": token, **self._access(name, frozenset(account.scopes))}

    def admit(self, authorization: str, scope: str) -> str:
        """Whose token that is. Raises `ZohoError`."""
        account, prefix = self._account(), "Zoho-oauthtoken "
        token = authorization.removeprefix(prefix) if authorization.startswith(prefix) else ""
        grant = self._tokens.whose(token)
        if grant is None:
            raise ZohoError(account.invalid_token_status, 2000, "INVALID_OAUTHTOKEN")
        if not {scope, f"{scope.rpartition('.')[0]}.ALL"} & grant.scopes:
            raise ZohoError(account.scope_status, 2001, "INVALID_OAUTHSCOPE")
        return grant.account.partition("#")[0]

    def narrow(self) -> None:
        """Take from all tokens the scopes that the account has not."""
        self._tokens.narrow(self._account().scopes)

    def revoke(self, *, refresh: bool) -> None:
        self._tokens.revoke(refresh=refresh)
        self.own_token_lives = self.own_token_lives and not refresh

    def end(self, token: str) -> bool:
        """That refresh token, with the access tokens from it, is over; or that access token. Whether it was known."""
        name = self._tokens.account_of(token)
        for gone in (name, *self._accesses.pop(name, ())) if name else ():
            self._tokens.revoke(gone, refresh=True)
        return name is not None

    def all(self) -> list[str]:
        return [*self._tokens.all(), *([self._account().refresh_token] if self.own_token_lives else [])]

    def _named(self, token: str) -> tuple[str, frozenset[str]]:
        account = self._account()
        if token == account.refresh_token and self.own_token_lives:
            return f"{account.user}#0", frozenset(account.scopes)
        try:
            grant, _ = self._tokens.refresh(token)
        except TokenError as error:
            raise self._refused("invalid_code") from error
        return grant.account, grant.scopes

    def _refresh(self) -> tuple[str, str]:
        account = self._account()
        self._serial += 1
        name = f"{account.user}#{self._serial}"
        self._refreshes.append(name)
        if len(self._refreshes) > account.active_refresh:
            oldest = self._refreshes.popleft()
            for gone in (oldest, *self._accesses.pop(oldest, ())):
                self._tokens.revoke(gone, refresh=True)
        return name, self._tokens.consent(name, account.scopes)

    def _access(self, name: str, scopes: frozenset[str]) -> dict[str, Any]:
        account, now = self._account(), self._clock()
        recent = [at for at in self._issued[name] if now - at < timedelta(minutes=10)]
        if len(recent) >= account.per_ten_minutes:
            raise TokenRefused(
                account.throttled_status,
                "Access Denied",
                error_description="You have made too many requests continuously. Please try again after some time.",
                status="failure",
            )
        self._issued[name] = [*recent, now]
        self._serial += 1
        own = f"{name}/{self._serial}"
        self._accesses[name].append(own)
        if len(self._accesses[name]) > account.active_access:
            self._tokens.revoke(self._accesses[name].popleft())
        return {
            "access_token": self._tokens.issue(own, scopes, ttl=account.token_seconds),
            "api_domain": account.api_domain,
            "token_type": "Bearer",
            "expires_in": account.token_seconds,
        }

    def _refused(self, error: str) -> TokenRefused:
        return TokenRefused(self._account().refused_status, error)
