"""People who let an application use their Google account: the consent page, codes, refresh tokens, revocation.

https://developers.google.com/identity/protocols/oauth2/web-server ·
https://developers.google.com/identity/protocols/oauth2/resources/granular-permissions ·
https://developers.google.com/identity/openid-connect/reference. The id_token that Google adds is left out here.
A refresh token ends when nobody has used it for six months
(https://developers.google.com/identity/protocols/oauth2#expiration).
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlencode

from playground.accounts import Accounts, RevokedError
from playground.google_cloud.oauth import LIFETIME, OAuthError

GOOGLE = "https://accounts.google.com"
CODE_LIFE = 600.0  # seconds; Google says only that codes are short-lived
IDLE_LIFE = 182 * 86_400.0  # seconds: six months
SIGN_IN = {"openid": "openid"} | {
    name: f"https://www.googleapis.com/auth/userinfo.{short}"
    for short in ("email", "profile")
    for name in (short, f"https://www.googleapis.com/auth/userinfo.{short}")
}
"""Scopes that nobody is asked about, by the names under which they are asked for, as they are granted."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """An OAuth client of type "Web application"."""

    id: str
    secret: str
    redirect_uris: tuple[str, ...]


@dataclass(kw_only=True)
class _Grant:
    """What a person allowed a client once."""

    email: str
    client: str
    scopes: frozenset[str]
    refresh: str | None
    used_at: float
    accesses: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class _Code:
    grant: _Grant
    redirect_uri: str
    challenge: str
    method: str
    ends: float


class PageError(Exception):
    """What Google shows to the person, and does not send back to the application."""


class Consents:
    """All clients, and what people allowed them. `Issuer` shows its pages, `TokenEndpoint` hands out its tokens."""

    def __init__(self, accounts: Accounts, clock: Callable[[], float] = time.time) -> None:
        self._accounts = accounts
        self._clock = clock
        self._lock = threading.RLock()
        self._clients: dict[str, Client] = {}
        self._codes: dict[str, _Code] = {}
        self._grants: list[_Grant] = []

    def register(self, client_id: str, client_secret: str, *redirect_uris: str) -> None:
        """Create the client, or give it other redirect URIs."""
        self._clients[client_id] = Client(id=client_id, secret=client_secret, redirect_uris=redirect_uris)

    def withdraw(self, email: str) -> None:
        """The person takes back what they allowed, at https://myaccount.google.com/connections: no token is good."""
        with self._lock:
            for grant in [each for each in self._grants if each.email == email]:
                self._end(grant)

    def expire_access(self, email: str) -> None:
        """No access token of this person's is taken any more; refresh tokens are."""
        with self._lock:
            for grant in self._grants:
                if grant.email == email:
                    self._accounts.void(grant.accesses)

    def secrets(self) -> set[str]:
        """Every refresh token that is good."""
        return {each.refresh for each in self._grants if each.refresh}

    # --- the consent page --------------------------------------------------------------------------------------------

    def page(self, asked: Mapping[str, str], signed_in: str | None) -> tuple[str | None, str]:
        """(where the browser goes at once, the consent page): one of them. Raises `PageError`."""
        uri, _client = self._checked(asked)
        if signed_in is None:
            return _back(uri, asked, error="access_denied"), ""
        hidden = {**asked, "account": signed_in}
        fields = "".join(_input("hidden", name, value) for name, value in hidden.items())
        boxes = "".join(
            f"<p><label>{_input('checkbox', scope, 'allowed')} {escape(scope)}</label></p>"
            for scope in asked["scope"].split()
            if scope not in SIGN_IN
        )
        button = '<button name="decision" value="allow">Continue</button>'
        return None, f'<form method="post">{fields}{boxes}{button}</form>'

    def decide(self, asked: Mapping[str, str]) -> str:
        """Where the browser goes once the person has clicked; scopes whose boxes are empty are not allowed.

        Raises `PageError`.
        """
        uri, client = self._checked(asked)
        if asked.get("decision", "allow") != "allow":
            return _back(uri, asked, error="access_denied")
        scopes = frozenset(
            SIGN_IN.get(each, each) for each in asked["scope"].split() if each in SIGN_IN or asked.get(each)
        )
        with self._lock:
            grant = self._granted(asked["account"].lower(), client, scopes, asked)
            code = f"4/{secrets.token_urlsafe(48)}"
            self._codes[code] = _Code(
                grant=grant,
                redirect_uri=uri,
                challenge=asked.get("code_challenge", ""),
                method=asked.get("code_challenge_method", "plain"),
                ends=self._clock() + CODE_LIFE,
            )
        told = {"code": code, "scope": " ".join(sorted(scopes)), "authuser": "0", "prompt": asked.get("prompt", "none")}
        return _back(uri, asked, **told)

    def _checked(self, asked: Mapping[str, str]) -> tuple[str, Client]:
        client = self._clients.get(asked.get("client_id", ""))
        if client is None:
            raise PageError("Error 401: invalid_client. The OAuth client was not found.")
        uri = asked.get("redirect_uri", "")
        if uri not in client.redirect_uris:
            raise PageError(f"Error 400: redirect_uri_mismatch. redirect_uri={escape(uri)}")
        if missing := [name for name in ("response_type", "scope") if not asked.get(name)]:
            raise PageError(f"Error 400: invalid_request. Missing required parameter: {', '.join(missing)}")
        if asked["response_type"] != "code":
            raise PageError("Error 400: unsupported_response_type")
        return uri, client

    def _granted(self, email: str, client: Client, scopes: frozenset[str], asked: Mapping[str, str]) -> _Grant:
        """A refresh token comes the first time, and then only if the person was asked again."""
        first = not any((each.email, each.client) == (email, client.id) for each in self._grants)
        offline = asked.get("access_type") == "offline" and (first or "consent" in asked.get("prompt", "").split())
        refresh = f"1//{secrets.token_urlsafe(48)}" if offline else None
        grant = _Grant(email=email, client=client.id, scopes=scopes, refresh=refresh, used_at=self._clock())
        self._grants.append(grant)
        return grant

    # --- tokens ------------------------------------------------------------------------------------------------------

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """What the token endpoint answers to a code, which is good once. Raises `OAuthError`."""
        client = self._authenticated(form)
        with self._lock:
            code = self._codes.pop(form.get("code", ""), None)
            if code is None or code.ends < self._clock() or code.grant.client != client.id:
                raise OAuthError("invalid_grant", "Malformed auth code.")
            if form.get("redirect_uri") != code.redirect_uri:
                raise OAuthError("redirect_uri_mismatch", "Bad Request")
            if code.challenge and code.challenge != _challenge(form.get("code_verifier", ""), code.method):
                raise OAuthError("invalid_grant", "Invalid code verifier.")
            refresh = {"refresh_token": code.grant.refresh} if code.grant.refresh else {}
            return self._issued(code.grant) | refresh

    def refreshed(self, form: Mapping[str, str]) -> dict[str, Any] | None:
        """The answer to a refresh token; None if it is none of a person's. Raises `OAuthError`."""
        with self._lock:
            token = form.get("refresh_token")
            grant = next((each for each in self._grants if each.refresh == token), None) if token else None
            if grant is None:
                return None
            if self._authenticated(form).id != grant.client:
                raise OAuthError("unauthorized_client", "Unauthorized")
            if grant.used_at + IDLE_LIFE <= self._clock():
                raise OAuthError("invalid_grant", "Token has been expired or revoked.")
            grant.used_at = self._clock()
            return self._issued(grant)

    def revoke(self, token: str) -> None:
        """End the grant to which an access token or a refresh token belongs, with all of this person's at the client.

        Raises `OAuthError`.
        """
        with self._lock:
            found = next((each for each in self._grants if token == each.refresh or token in each.accesses), None)
            if found is None:
                raise OAuthError("invalid_token", "Token expired or revoked")
            for grant in [each for each in self._grants if (each.email, each.client) == (found.email, found.client)]:
                self._end(grant)

    def user(self, token: str) -> tuple[str, bool] | None:
        """Whose token it is, and whether it lets us tell their address; None for one without `openid`."""
        email, scopes = self._accounts.whois(token), self._accounts.scopes(token)
        return (email, SIGN_IN["email"] in scopes) if email is not None and "openid" in scopes else None

    def _authenticated(self, form: Mapping[str, str]) -> Client:
        client = self._clients.get(form.get("client_id", ""))
        if client is None:
            raise OAuthError("invalid_client", "The OAuth client was not found.", status=401)
        if form.get("client_secret") != client.secret:
            raise OAuthError("invalid_client", "The provided client secret is invalid.", status=401)
        return client

    def _issued(self, grant: _Grant) -> dict[str, Any]:
        try:
            token = self._accounts.issue(grant.email, grant.scopes, ttl=LIFETIME)
        except RevokedError:
            raise OAuthError("invalid_grant", "Token has been expired or revoked.") from None
        grant.accesses.add(token)
        scope = " ".join(sorted(grant.scopes))
        return {"access_token": token, "expires_in": LIFETIME, "scope": scope, "token_type": "Bearer"}

    def _end(self, grant: _Grant) -> None:
        self._grants.remove(grant)
        self._accounts.void(grant.accesses)
        self._codes = {code: each for code, each in self._codes.items() if each.grant is not grant}


def _back(uri: str, asked: Mapping[str, str], **answer: str) -> str:
    state = {"state": asked["state"]} if asked.get("state") else {}
    return f"{uri}?{urlencode({**state, 'iss': GOOGLE, **answer})}"


def _input(kind: str, name: str, value: str) -> str:
    checked = " checked" if kind == "checkbox" else ""
    return f'<input type="{kind}" name="{escape(name)}" value="{escape(value)}"{checked}>'


def _challenge(verifier: str, method: str) -> str:
    if method == "plain":
        return verifier
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
