"""Who may call: consents, codes and tokens of integrations and service apps.

The flow is that of https://developer.webex.com/docs/authentication; the answer's fields and lifetimes are those of
answers seen in public. That a refresh token does not rotate is our brief's word, not a page's.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from playground.vendors.fields import missing
from playground.vendors.tokens import TokenError, Tokens
from playground.vendors.webex.account import Account, WebexError


@dataclass(frozen=True)
class Caller:
    """Whose token it is, and which application's."""

    client: str
    email: str
    scopes: frozenset[str]


class Access:
    """The tokens. Not locked: `WebexService` is."""

    def __init__(self, account: Callable[[], Account], clock: Callable[[], datetime]) -> None:
        self._account, self._clock = account, clock
        self._codes: dict[str, tuple[str, frozenset[str], str]] = {}
        self._ends: dict[str, datetime] = {}
        self.tokens = Tokens(clock)
        self.issued: set[str] = set()

    def authorize(self, query: Mapping[str, str]) -> str:
        """Where the browser goes after the person consented, or the client's mistake was found."""
        client, uri = query.get("client_id", ""), query.get("redirect_uri", "")
        if client not in self._clients() or uri not in self._account().redirect_uris:
            raise WebexError(400, "The client_id or the redirect_uri is not registered.")
        asked = frozenset(query.get("scope", "").split())
        if query.get("response_type") != "code" or not asked or not asked <= set(self._account().scopes):
            answer = {"error": "invalid_scope" if query.get("response_type") == "code" else "unsupported_response_type"}
        else:
            code = self._remember(secrets.token_urlsafe(32))
            self._codes[code] = (f"{client} {self._account().signed_in}", asked, uri)
            answer = {"code": code}
        return f"{uri}?{urlencode(answer | {name: query[name] for name in ('state',) if name in query})}"

    def consent(self, client: str, email: str, scopes: Iterable[str]) -> str:
        """A refresh token."""
        token = self._remember(self.tokens.consent(f"{client} {email}", scopes))
        self._ends[token] = self._clock() + timedelta(seconds=self._account().refresh_seconds)
        return token

    def issue(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Tokens for a code or a refresh token; which stays the same."""
        absent = missing(form, ("grant_type", "client_id", "client_secret"))
        if absent:
            raise _refused(400, f"missing parameters: {', '.join(absent)}")
        client, secret = form["client_id"], form["client_secret"]
        if self._clients().get(client) != secret:
            raise _refused(self._account().bad_client_status, "client authentication failed")
        self._remember(secret)
        if form["grant_type"] == "authorization_code":
            return self._tokens_of(self._redeem(client, form))
        if form["grant_type"] == "refresh_token":
            return self._tokens_of(self._still_good(client, form.get("refresh_token", "")))
        raise _refused(400, "unsupported grant_type")

    def caller(self, authorization: str) -> Caller:
        """Who calls. Raises 401."""
        kind, _, token = authorization.partition(" ")
        grant = self.tokens.whose(token) if kind.lower() == "bearer" else None
        if grant is None:
            raise WebexError(401, "The request requires a valid access token set in the Authorization request header.")
        client, _, email = grant.account.partition(" ")
        return Caller(client, email, grant.scopes & set(self._account().scopes))

    def _redeem(self, client: str, form: Mapping[str, str]) -> str:
        owner, scopes, uri = self._codes.pop(form.get("code", ""), ("", frozenset(), ""))
        its_client, _, email = owner.partition(" ")
        if its_client != client or form.get("redirect_uri") != uri:
            raise _refused(400, "the code is invalid or was used, or the redirect_uri is another one")
        return self.consent(client, email, scopes)

    def _still_good(self, client: str, token: str) -> str:
        now = self._clock()
        try:
            grant, _ = self.tokens.refresh(token)
        except TokenError as error:
            raise _refused(400, error.description) from error
        if grant.account.partition(" ")[0] != client or self._ends[token] <= now:
            raise _refused(400, "the refresh token is expired or another client's")
        if self._account().refresh_renews:
            self._ends[token] = now + timedelta(seconds=self._account().refresh_seconds)
        return token

    def _tokens_of(self, refresh_token: str) -> dict[str, Any]:
        grant, _ = self.tokens.refresh(refresh_token)
        seconds = self._account().token_seconds
        return {
            "access_token": self._remember(self.tokens.issue(grant.account, grant.scopes, ttl=seconds)),
            "expires_in": seconds,
            "refresh_token": refresh_token,
            "refresh_token_expires_in": int((self._ends[refresh_token] - self._clock()).total_seconds()),
            "token_type": "Bearer",
            "scope": " ".join(sorted(grant.scopes)),
        }

    def _clients(self) -> dict[str, str]:
        account = self._account()
        return {account.client_id: account.client_secret, **account.other_clients}

    def _remember(self, secret: str) -> str:
        self.issued.add(secret)
        return secret


def _refused(status: int, reason: str) -> WebexError:
    """No `error` field as in RFC 6749. The words follow a refusal seen of another call: no page shows one of this."""
    return WebexError(status, f"POST failed: HTTP/1.1 {status} (url = https://idbroker.webex.com, error = '{reason}')")
