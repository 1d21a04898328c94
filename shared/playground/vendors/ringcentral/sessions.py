"""Logins: JWT credentials, authorization codes, refresh tokens, and the sessions that they open.

https://developers.ringcentral.com/guide/authentication, pages jwt-flow, auth-code-flow, refresh-tokens and tokens.
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from playground.vendors.ringcentral.account import GRANTS, JWT_GRANT, Account, RingCentralError, TokenRefused, invalid
from playground.vendors.tokens import TokenError, Tokens

CODE_LIFE = timedelta(seconds=60)
AFTER_USE = timedelta(seconds=10)
UNUSED = timedelta(minutes=60)


@dataclass(kw_only=True)
class _Session:
    person: str
    issued: dict[str, Any]
    issued_at: datetime
    used_at: datetime | None = None
    """First use of the access token that is current."""


@dataclass(frozen=True, kw_only=True)
class _Code:
    person: str
    redirect_uri: str
    challenge: str
    method: str
    issued_at: datetime


class Sessions:
    """Not locked: the service does that. A session is the `account` of its tokens."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._tokens = Tokens(clock)
        self._sessions: dict[str, _Session] = {}
        self._codes: dict[str, _Code] = {}
        self._before: dict[str, str] = {}
        self.secrets: set[str] = set()
        """Every code and token that was ever issued."""

    def tokens(self) -> list[str]:
        return self._tokens.all()

    def revoke(self, *, refresh: bool = False) -> None:
        self._tokens.revoke(refresh=refresh)
        if refresh:
            for state in (self._sessions, self._codes, self._before):
                state.clear()

    # --- the browser's side ---

    def authorize(self, query: Mapping[str, str], account: Account) -> tuple[str, dict[str, str]]:
        """Where the browser goes, and with what."""
        uri = query.get("redirect_uri", "")
        if query.get("client_id") != account.client_id:
            raise RingCentralError(401, "OAU-120", "Wrong Application ID")
        if uri not in account.redirect_uris:
            raise invalid("redirect_uri")
        state = {"state": query["state"]} if "state" in query else {}
        if query.get("response_type") != "code":
            return uri, {"error": "unsupported_response_type", **state}
        code = secrets.token_urlsafe(32)
        self.secrets.add(code)
        self._codes[code] = _Code(
            person=account.signed_in,
            redirect_uri=uri,
            challenge=query.get("code_challenge", ""),
            method=query.get("code_challenge_method", "plain"),
            issued_at=self._clock(),
        )
        return uri, {"code": code, **state, "expires_in": "60"}

    # --- the application's side ---

    def person(self, form: Mapping[str, str], account: Account) -> str:
        """Who would log in with that, "" if nobody."""
        grant = form.get("grant_type")
        if grant == JWT_GRANT:
            return account.jwts.get(form.get("assertion", ""), "")
        if grant == "refresh_token":
            session = self._sessions.get(self._session_of(form.get("refresh_token", "")))
            return session.person if session else ""
        code = self._codes.get(form.get("code", ""))
        return code.person if code else ""

    def log_in(self, form: Mapping[str, str], account: Account) -> dict[str, Any]:
        """Tokens for what the form brings. Raises TokenRefused."""
        grant = form.get("grant_type", "")
        if grant not in GRANTS:
            raise TokenRefused(400, "unsupported_grant_type", "CMN-101", "Parameter [grant_type] value is invalid")
        if grant not in account.grants:
            text = f"The client is unauthorized for the required grant type: [{grant}]"
            raise TokenRefused(403, "unauthorized_client", "OAU-112", text)
        needed = {"authorization_code": "code", JWT_GRANT: "assertion"}.get(grant, grant)
        if not form.get(needed):
            raise TokenRefused(400, "invalid_request", "CMN-101", f"Parameter [{needed}] value is invalid")
        if grant == "refresh_token":
            return self._refresh(form, account)
        if grant == "authorization_code":
            person = self._redeem(form, account)
        elif form["assertion"] in account.jwts:
            person = account.jwts[form["assertion"]]
        else:
            raise _invalid_grant(account, "OAU-140", "Invalid resource owner credentials")
        if person in account.missing:
            raise _invalid_grant(account, "OAU-136", "Extension not found")
        mine = [key for key, session in self._sessions.items() if session.person == person]
        for oldest in mine[: max(0, len(mine) + 1 - account.max_sessions)]:
            self._end(oldest)
        return self._issue(secrets.token_urlsafe(16), person, form, account)

    def use(self, token: str) -> str:
        """Who calls with that access token. Raises error 401."""
        grant = self._tokens.whose(token)
        if grant is None:
            if not token:
                raise RingCentralError(401, "OAU-134", "Invalid Authorization header")
            if token in self.secrets:
                raise RingCentralError(401, "OAU-128", "Access token expired")
            raise RingCentralError(401, "OAU-129", "Access token corrupted")
        session = self._sessions[grant.account]
        session.used_at = session.used_at or self._clock()
        return session.person

    def end(self, token: str) -> None:
        """The session that has that token, if there is one, is over."""
        if key := self._session_of(token):
            self._end(key)

    def _refresh(self, form: Mapping[str, str], account: Account) -> dict[str, Any]:
        """A new pair. The one before stays good for the same pair again: ten seconds after the new access token is
        first used, and an hour until then."""
        given, now = form["refresh_token"], self._clock()
        key = self._session_of(given)
        session = self._sessions.get(key)
        if session and self._before.get(key) == given and self._tokens.whose(session.issued["access_token"]):
            since, limit = (session.issued_at, UNUSED) if session.used_at is None else (session.used_at, AFTER_USE)
            if now - since < limit:
                elapsed = int((now - session.issued_at).total_seconds())
                return {**session.issued, "expires_in": session.issued["expires_in"] - elapsed}
        try:
            self._tokens.refresh(given)
        except TokenError:
            session = None
        if session is None or session.person in account.missing:
            raise _invalid_grant(account, "OAU-213", "Token not found")  # the code is not in the guide's table
        self._tokens.revoke(key, refresh=True)
        self._before[key] = given
        return self._issue(key, session.person, form, account)

    def _redeem(self, form: Mapping[str, str], account: Account) -> str:
        code = self._codes.pop(form["code"], None)
        if code is None:
            raise _invalid_grant(account, "OAU-106", "Invalid authorization code")
        if self._clock() - code.issued_at >= CODE_LIFE:
            raise _invalid_grant(account, "OAU-108", "Authorization code is expired")
        if form.get("redirect_uri") != code.redirect_uri:
            raise _invalid_grant(account, "OAU-109", "Redirect URIs do not match")
        verifier = form.get("code_verifier", "")
        if code.method == "S256":
            verifier = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        if code.challenge and verifier != code.challenge:
            raise _invalid_grant(account, "OAU-106", "Invalid authorization code")
        return code.person

    def _issue(self, key: str, person: str, form: Mapping[str, str], account: Account) -> dict[str, Any]:
        issued: dict[str, Any] = {
            "access_token": self._tokens.issue(key, account.permissions, ttl=account.token_seconds),
            "token_type": "bearer",
            "expires_in": account.token_seconds,
            "scope": " ".join(account.permissions),
            "owner_id": person,
            "endpoint_id": form.get("endpoint_id") or secrets.token_urlsafe(16),
            "session_id": key,
        }
        if account.refresh_tokens:
            ttl = account.refresh_seconds
            refresh = self._tokens.consent(key, account.permissions, ttl=ttl)
            issued |= {"refresh_token": refresh, "refresh_token_expires_in": ttl}
        self.secrets |= {issued[name] for name in ("access_token", "refresh_token") if name in issued}
        self._sessions[key] = _Session(person=person, issued=issued, issued_at=self._clock())
        return issued

    def _session_of(self, token: str) -> str:
        for key, session in self._sessions.items():
            if token in {session.issued["access_token"], session.issued.get("refresh_token"), self._before.get(key)}:
                return key
        return ""

    def _end(self, key: str) -> None:
        self._tokens.revoke(key, refresh=True)
        self._before.pop(key, None)
        del self._sessions[key]


def _invalid_grant(account: Account, code: str, text: str) -> TokenRefused:
    return TokenRefused(account.grant_status, "invalid_grant", code, text)
