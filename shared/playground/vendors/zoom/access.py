"""Who may call: the server-to-server app, and persons who consented to the other one.

https://developers.zoom.us/docs/internal-apps/s2s-oauth/, https://developers.zoom.us/docs/integrations/oauth/ (PKCE:
zoom/skills, skills/oauth/SKILL.md), https://developers.zoom.us/docs/integrations/oauth-error-messages/
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from playground.vendors.tokens import TokenError, Tokens
from playground.vendors.zoom.account import Account, TokenRefused, ZoomError

CODE_LIFE = timedelta(minutes=5)
"""Error 4733."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whose token it is: a person's, or None for the account's own app."""

    person: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Code:
    person: str
    scopes: frozenset[str]
    redirect_uri: str
    challenge: str
    method: str
    ends: datetime


class Access:
    """Not locked: `ZoomService` is. `account` and `clock` are asked anew each time."""

    def __init__(self, account: Callable[[], Account], clock: Callable[[], datetime]) -> None:
        self._account, self._clock = account, clock
        self._codes: dict[str, _Code] = {}
        self.tokens = Tokens(clock, rotates=True)
        self.issued: set[str] = set()

    def reset(self) -> None:
        """Forget every code and token."""
        self.tokens.revoke(refresh=True)
        self._codes.clear()
        self.issued.clear()

    def authorize(self, asked: Mapping[str, str]) -> tuple[str, dict[str, str]] | None:
        """Where the browser goes at once, and with what: None if the person is to be asked first.

        Which scopes, the app's registration says; no parameter does.
        """
        account, uri = self._account(), asked.get("redirect_uri", "")
        if asked.get("client_id") != account.person_client_id:
            raise ZoomError(400, 4700, f"Invalid client id: {asked.get('client_id', '')}.")
        if uri not in account.redirect_uris:
            raise ZoomError(400, 4700, f"Invalid redirect: {uri}.")
        if asked.get("response_type") != "code":
            return uri, {"error": "unsupported_response_type", **_state(asked)}
        if asked.get("code_challenge_method", "plain") not in ("plain", "S256"):
            return uri, {"error": "invalid_request", **_state(asked)}
        return None

    def decide(self, asked: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Where the browser goes, and with what, once its person has clicked Allow or Decline."""
        if (at_once := self.authorize(asked)) is not None:
            return at_once
        uri = asked["redirect_uri"]
        if asked.get("decision") != "allow":
            return uri, {"error": "access_denied", **_state(asked)}
        challenge, method = asked.get("code_challenge", ""), asked.get("code_challenge_method", "plain")
        person = asked.get("person") or self._account().signed_in
        code = self.consent(person, redirect_uri=uri, challenge=challenge, method=method)
        return uri, {"code": code, **_state(asked)}

    def consent(
        self, person: str, *, scope: str = "", redirect_uri: str = "", challenge: str = "", method: str = "plain"
    ) -> str:
        """A code, as if the person had clicked Allow just now; `scope`: not for all, but for these."""
        scopes = frozenset(self._account().person_scopes)
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(
            person=person.lower(),
            scopes=scopes & set(scope.split()) if scope else scopes,
            redirect_uri=redirect_uri,
            challenge=challenge,
            method=method,
            ends=self._clock() + CODE_LIFE,
        )
        self.issued.add(code)
        return code

    def issue(self, client: tuple[str, str], form: Mapping[str, str]) -> dict[str, Any]:
        """Answer `POST /oauth/token`."""
        account = self._account()
        clients: dict[tuple[str, str], dict[str, Callable[[Mapping[str, str]], dict[str, Any]]]] = {
            (account.client_id, account.client_secret): {"account_credentials": self._for_account},
            (account.person_client_id, account.person_client_secret): {
                "authorization_code": self._for_code,
                "refresh_token": self._for_refresh,
            },
        }
        if client not in clients:
            raise TokenRefused("invalid_client", "Invalid client_id or client_secret", status=account.client_status)
        grants, kind = clients[client], form.get("grant_type", "")
        if kind not in grants:
            raise TokenRefused("unsupported_grant_type", "unsupported grant type")
        answer = grants[kind](form)
        self.issued |= {client[1], *(answer[name] for name in ("access_token", "refresh_token") if name in answer)}
        return answer

    def revoke(self, client: tuple[str, str], form: Mapping[str, str]) -> dict[str, str]:
        """Answer `POST /oauth/revoke`: what the person consented to is over.

        https://developers.zoom.us/docs/integrations/oauth/#revoking-an-access-token
        """
        account = self._account()
        if client != (account.person_client_id, account.person_client_secret):
            raise TokenRefused("invalid_client", "Invalid client_id or client_secret", status=account.client_status)
        person = self.tokens.account_of(form.get("token", ""))
        if person is None:
            raise TokenRefused("invalid_token", "Invalid token")
        self.tokens.revoke(person, refresh=True)
        return {"status": "success"}

    def caller(self, token: str, scope: str) -> Caller:
        """Whose token it is. Raises 124 for no good one, and 4711 for one without that scope."""
        account = self._account()
        grant = self.tokens.whose(token)
        if grant is None or grant.account in account.disabled:
            raise ZoomError(401, 124, "Invalid access token.")
        if grant.account != account.account_id:
            if scope not in grant.scopes:
                raise _without(scope)
            return Caller(person=grant.account)
        if f"{scope}:admin" not in account.scopes:
            raise _without(f"{scope}:admin")
        return Caller()

    def _for_account(self, form: Mapping[str, str]) -> dict[str, Any]:
        account = self._account()
        if form.get("account_id") != account.account_id:
            raise TokenRefused("invalid_request", "Bad request")
        return self._granted(account.account_id, account.scopes)

    def _for_code(self, form: Mapping[str, str]) -> dict[str, Any]:
        account = self._account()
        code = self._codes.pop(form.get("code", ""), None)
        if code is None:
            raise TokenRefused(account.bad_code_error, "Invalid authorization code.")
        if code.ends <= self._clock():
            raise TokenRefused(account.bad_code_error, "Code is expired")
        if form.get("redirect_uri", "") != code.redirect_uri:
            raise TokenRefused("invalid_request", "Redirect URI mismatch.")
        if code.challenge and code.challenge != _hashed(form.get("code_verifier", ""), code.method):
            raise TokenRefused(account.bad_code_error, "Invalid code verifier.")
        self._require_owner(code.person)
        if account.reauthorising_revokes:
            self.tokens.revoke(code.person, refresh=True)
        return self._granted(code.person, code.scopes, lasting=True)

    def _for_refresh(self, form: Mapping[str, str]) -> dict[str, Any]:
        try:
            grant, _ = self.tokens.refresh(form.get("refresh_token", ""))
        except TokenError as error:
            raise TokenRefused("invalid_grant", "Invalid Token!") from error
        self._require_owner(grant.account)
        return self._granted(grant.account, grant.scopes, lasting=True)

    def _require_owner(self, person: str) -> None:
        account = self._account()
        if person in (*account.missing, *account.elsewhere):
            raise TokenRefused("invalid_grant", "The owner of the token does not exist.")
        if person in account.disabled:
            raise TokenRefused("invalid_grant", "The token is disabled by admin.")

    def _granted(self, owner: str, scopes: Iterable[str], *, lasting: bool = False) -> dict[str, Any]:
        account = self._account()
        granted = {
            "access_token": self.tokens.issue(owner, scopes, ttl=account.token_seconds),
            "token_type": "bearer",
            "expires_in": account.token_seconds,
            "scope": " ".join(sorted(scopes)),
        }
        return {**granted, "refresh_token": self._lasting(owner, scopes)} if lasting else granted

    def _lasting(self, owner: str, scopes: Iterable[str]) -> str:
        """A refresh token whose life begins now, unlike that of a rotated one."""
        return self.tokens.consent(owner, scopes, ttl=self._account().refresh_seconds)


def _without(scope: str) -> ZoomError:
    return ZoomError(400, 4711, f"Invalid access token, does not contain scopes:[{scope}].")


def _hashed(verifier: str, method: str) -> str:
    if method == "plain":
        return verifier
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _state(asked: Mapping[str, str]) -> dict[str, str]:
    return {"state": asked["state"]} if "state" in asked else {}
