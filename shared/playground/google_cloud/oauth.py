"""Google's OAuth 2.0 token endpoint: service accounts, domain-wide delegation, people's codes and refresh tokens.

https://developers.google.com/identity/protocols/oauth2/service-account#error-codes ·
https://developers.google.com/identity/protocols/oauth2/web-server
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from playground.accounts import Accounts, RevokedError
from playground.google_cloud.iam_credentials import ServiceAccounts
from playground.google_cloud.keys import read_jwt, verify_jwt

if TYPE_CHECKING:
    from playground.google_cloud.consent import Consents

TOKEN_URL = "https://oauth2.googleapis.com/token"
LIFETIME = 3599  # seconds; what Google answers
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class OAuthError(Exception):
    """A refusal in the shape of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status

    def response(self) -> tuple[Response, int]:
        return jsonify({"error": self.error, "error_description": self.description}), self.status


class TokenEndpoint:
    """`app` answers `POST /token`, and `POST /revoke` for people's `consents`.

    Every service account may impersonate everyone with any scope until `delegate` says which scopes it has. Also over
    HTTP: `PUT /_playground/delegations/<client>` `{"scopes": [...]}`; `PUT /_playground/accounts/<email>` `{"state":
    "active" | "revoked" | "unknown"}`; `DELETE /_playground/consents/<email>`: the person takes back what they allowed.
    """

    def __init__(self, accounts: Accounts, service_accounts: ServiceAccounts, consents: Consents | None = None) -> None:
        self._accounts = accounts
        self._service_accounts = service_accounts
        self._consents = consents
        self._lock = threading.Lock()
        self._delegations: dict[str, frozenset[str]] = {}
        self._refresh_tokens: dict[str, tuple[str, frozenset[str]]] = {}
        self._unknown: set[str] = set()
        self.app = Flask("oauth")
        self.app.register_error_handler(OAuthError, OAuthError.response)
        self.app.add_url_rule("/token", view_func=self._token, methods=["POST"])
        self.app.add_url_rule("/revoke", view_func=self._revoke, methods=["POST"])
        self.app.add_url_rule("/_playground/consents/<email>", view_func=self._withdraw, methods=["DELETE"])
        self.app.add_url_rule("/_playground/delegations/<client>", view_func=self._put_delegation, methods=["PUT"])
        self.app.add_url_rule("/_playground/accounts/<email>", view_func=self._put_account, methods=["PUT"])

    def delegate(self, client: str, scopes: Iterable[str]) -> None:
        """Limit the service account `client` to these scopes when it impersonates; none means no delegation."""
        self._delegations[client] = frozenset(scopes)

    def grant(self, email: str, scopes: Iterable[str]) -> str:
        """Return a refresh token, as if the person had consented to these scopes."""
        token = f"1//{secrets.token_urlsafe(48)}"
        with self._lock:
            self._refresh_tokens[token] = (email, frozenset(scopes))
        return token

    def set_account(self, email: str, state: str) -> None:
        """Make the account active, revoked (refresh tokens die with it) or unknown to Google; else raise ValueError."""
        if state not in {"active", "revoked", "unknown"}:
            raise ValueError(f"an account is active, revoked or unknown, not {state!r}")
        with self._lock:
            (self._unknown.add if state == "unknown" else self._unknown.discard)(email)
            if state != "active":
                self._refresh_tokens = {t: g for t, g in self._refresh_tokens.items() if g[0] != email}
        if state != "active" and self._consents is not None:
            self._consents.withdraw(email)
        (self._accounts.restore if state == "active" else self._accounts.revoke)(email)

    def _token(self) -> dict[str, Any]:
        grant_type = request.form.get("grant_type")
        if self._consents is not None:
            if grant_type == "authorization_code":
                return self._consents.exchange(request.form)
            if grant_type == "refresh_token" and (answer := self._consents.refreshed(request.form)):
                return answer
        if grant_type == _JWT_BEARER:
            email, scopes = self._impersonated(request.form.get("assertion", ""))
        elif grant_type == "refresh_token":
            email, scopes = self._refreshed()
        else:
            raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {grant_type}")
        try:
            token = self._accounts.issue(email, scopes, ttl=LIFETIME)
        except RevokedError:
            raise OAuthError("invalid_grant", "Token has been expired or revoked.") from None
        return {
            "access_token": token,
            "expires_in": LIFETIME,
            "scope": " ".join(sorted(scopes)),
            "token_type": "Bearer",
        }

    def _impersonated(self, assertion: str) -> tuple[str, frozenset[str]]:
        claims = self._verified(assertion)
        client, user = str(claims["iss"]), str(claims.get("sub") or claims["iss"])
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes:
            raise OAuthError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        if user in self._unknown:
            raise OAuthError("invalid_grant", "Invalid email or User ID")
        if user != client and not scopes <= self._delegations.get(client, scopes):
            raise OAuthError(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not authorized for "
                "any of the scopes requested.",
                status=401,
            )
        return user, scopes

    def _verified(self, assertion: str) -> dict[str, Any]:
        try:
            issuer = read_jwt(assertion).get("iss", "")
        except ValueError:
            raise OAuthError("invalid_grant", "Bad Request") from None
        key = self._service_accounts.key(issuer)
        if key is None:
            raise OAuthError("invalid_grant", "Invalid grant: account not found")
        try:
            claims = verify_jwt(assertion, key, [TOKEN_URL, request.base_url])
        except ValueError as error:
            raise OAuthError("invalid_grant", _complaint(str(error))) from None
        if claims["exp"] - claims["iat"] > 3600:
            raise OAuthError("invalid_grant", _complaint("expired"))
        return claims

    def _refreshed(self) -> tuple[str, frozenset[str]]:
        if not request.form.get("client_id"):
            raise OAuthError("invalid_request", "Could not determine client ID from request.")
        grant = self._refresh_tokens.get(request.form.get("refresh_token", ""))
        if grant is None:
            raise OAuthError("invalid_grant", "Token has been expired or revoked.")
        return grant

    def _revoke(self) -> dict[str, Any]:
        if self._consents is None:
            raise OAuthError("invalid_token", "Token expired or revoked")
        self._consents.revoke(request.values.get("token", ""))
        return {}

    def _withdraw(self, email: str) -> tuple[str, int]:
        if self._consents is not None:
            self._consents.withdraw(email)
        return "", 204

    def _put_delegation(self, client: str) -> tuple[str, int]:
        self.delegate(client, request.get_json()["scopes"])
        return "", 204

    def _put_account(self, email: str) -> tuple[str, int]:
        try:
            self.set_account(email, request.get_json()["state"])
        except ValueError as error:
            return str(error), 400
        return "", 204


def _complaint(reason: str) -> str:
    """Return Google's wording for what the library found wrong with an assertion."""
    if "expired" in reason or "early" in reason:
        return (
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat "
            "and exp values in the JWT claim."
        )
    return "Invalid JWT: Failed audience check." if "audience" in reason else "Invalid JWT Signature."
