"""GoTo's part at authentication.logmeininc.com: consent, codes, tokens.

developer.goto.com: guides/Authentication/03_HOW_accessToken, how-use-refresh-tokens
"""

import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from playground.vendors.goto_meeting.account import Account
from playground.vendors.tokens import Grant, TokenError, Tokens

CODE_LIFE = timedelta(minutes=10)
"""The most that RFC 6749, section 4.1.2, recommends; GoTo tells none."""


@dataclass(frozen=True, kw_only=True)
class _Code:
    person: str
    scopes: frozenset[str]
    redirect_uri: str
    ends: datetime


class Access:
    """Whoever calls holds the lock of `GotoService`. `account` and `clock` are asked anew each time."""

    def __init__(self, account: Callable[[], Account], clock: Callable[[], datetime]) -> None:
        self._account, self._clock = account, clock
        self.tokens = Tokens(clock)
        self._codes: dict[str, _Code] = {}
        self.issued: set[str] = set()

    def reset(self) -> None:
        """Forget every code and token."""
        self.tokens.revoke(refresh=True)
        self._codes.clear()
        self.issued.clear()

    def whose(self, token: str) -> Grant | None:
        """What an access token stands for, as long as there is such an organizer."""
        grant = self.tokens.whose(token)
        return None if grant is None or grant.account in self._account().missing else grant

    def consent(self, person: str, *, scope: str = "", redirect_uri: str = "") -> str:
        """A code, as if the person had clicked Allow just now. No scope asked for: all that the client has."""
        scopes = frozenset(self._account().scopes)
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(
            person=person,
            scopes=scopes & set(scope.split()) if scope else scopes,
            redirect_uri=redirect_uri,
            ends=self._clock() + CODE_LIFE,
        )
        self.issued.add(code)
        return code

    def authorize(self, asked: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Where the browser goes, and with what; the redirect URI may be left out."""
        account = self._account()
        if asked.get("client_id") != account.client_id:
            raise TokenError("invalid_client", "client not found")
        uri = asked.get("redirect_uri", "")
        if uri and uri not in account.redirect_uris:
            raise TokenError("invalid_request", "redirect uri mismatch")
        if asked.get("response_type") != "code":
            raise TokenError("unsupported_response_type", "unsupported response type")
        code = self.consent(account.signed_in, scope=asked.get("scope", ""), redirect_uri=uri)
        return uri or account.redirect_uris[0], {"code": code, **{k: asked[k] for k in ("state",) if k in asked}}

    def issue(self, client: tuple[str, str], form: Mapping[str, str]) -> dict[str, Any]:
        """The token endpoint; the client must be in the header. `client not found` was seen of the real one."""
        account = self._account()
        if client != (account.client_id, account.client_secret):
            raise TokenError("invalid_client", "client not found")
        self.issued |= {account.client_secret, b64encode(":".join(client).encode()).decode()}
        match form.get("grant_type"):
            case "authorization_code":
                answer = self._exchange(form)
            case "refresh_token":
                answer = self._refresh(form.get("refresh_token", ""))
            case "personal_access_token":
                answer = self._exchange_own(form.get("pat", ""))
            case _:
                raise TokenError("unsupported_grant_type", "unsupported grant type")
        self.issued |= {answer[name] for name in ("access_token", "refresh_token") if name in answer}
        return answer

    def _exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.ends <= self._clock() or code.person in self._account().missing:
            raise TokenError("invalid_grant", "the authorization code is invalid or expired")
        if code.redirect_uri and form.get("redirect_uri") != code.redirect_uri:
            raise TokenError("invalid_grant", "redirect uri mismatch")
        granted = self._granted(code.person, code.scopes)
        return {**granted, "token_type": "Bearer", "refresh_token": self._lasting(code.person, code.scopes)}

    def _exchange_own(self, token: str) -> dict[str, Any]:
        account = self._account()
        person = account.personal_access_tokens.get(token)
        if person is None or person in account.missing:
            raise TokenError("invalid_grant", "the personal access token is invalid or expired")
        self.issued.add(token)
        return {**self._granted(person, frozenset(account.scopes)), "token_type": "Bearer"}

    def _refresh(self, token: str) -> dict[str, Any]:
        account = self._account()
        self.tokens.rotates = account.refresh_tokens == "rotated"
        grant, following = self.tokens.refresh(token)
        if grant.account in account.missing:
            raise TokenError("invalid_grant", "the user does not exist")
        answer = self._granted(grant.account, grant.scopes)
        match account.refresh_tokens:
            case "kept":
                return answer
            case "renewed":
                return {**answer, "refresh_token": self._lasting(grant.account, grant.scopes)}
            case "rotated":
                return {**answer, "refresh_token": following}

    def _granted(self, person: str, scopes: frozenset[str]) -> dict[str, Any]:
        seconds = self._account().token_seconds
        return {
            "access_token": self.tokens.issue(person, scopes, ttl=seconds),
            "expires_in": seconds,
            "scope": " ".join(sorted(scopes)),
            "principal": person,
        }

    def _lasting(self, person: str, scopes: frozenset[str]) -> str:
        return self.tokens.consent(person, scopes, ttl=self._account().refresh_seconds)
