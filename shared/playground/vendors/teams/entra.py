"""Microsoft Entra's part: consent, codes, tokens, and what msal asks before it asks for them.

learn.microsoft.com/entra/identity-platform: v2-oauth2-auth-code-flow, v2-oauth2-client-creds-grant-flow,
reference-error-codes. A refresh token stays good when it has been used; each use brings another, for 90 days.
"""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from playground.vendors.teams.account import Account
from playground.vendors.teams.discovery import LOGIN, EntraError, configuration
from playground.vendors.tokens import Grant, TokenError, Tokens

GRAPH = "https://graph.microsoft.com/"
REFRESH_SECONDS = 90 * 24 * 3600
CODE_LIFE = timedelta(minutes=10)
_IDENTITY = ("openid", "profile", "email", "offline_access")


def object_id(tenant: str, address: str) -> str:
    """A person's id in the directory; always the same for the same address."""
    return str(uuid5(NAMESPACE_URL, f"{tenant}/{address.lower()}"))


@dataclass(frozen=True, kw_only=True)
class _Code:
    person: str
    scopes: frozenset[str]
    redirect_uri: str
    challenge: str
    nonce: str
    ends: datetime


class Entra:
    """Whoever calls holds the lock of `TeamsService`. `account` and `clock` are asked anew each time."""

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
        """What an access token stands for."""
        return self.tokens.whose(token)

    def discover(self, tenant: str) -> dict[str, Any]:
        """The tenant's OpenID configuration."""
        self._require_tenant(tenant, "invalid_tenant")
        return configuration(tenant, self._account().tenant_id)

    def authorize(self, tenant: str, asked: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Where the browser goes, and with what, once the person has consented, as they all do at once."""
        self._require_tenant(tenant, "invalid_request")
        account, redirect_uri = self._account(), asked.get("redirect_uri", "")
        if asked.get("client_id") != account.client_id:
            raise _no_application(account, asked.get("client_id", ""))
        if redirect_uri not in account.redirect_uris:
            raise EntraError("invalid_request", 50011, f"The redirect URI '{redirect_uri}' does not match.")
        if asked.get("response_type") != "code":
            raise EntraError("unsupported_response_type", 700054, "response_type is not enabled for the application.")
        person = asked.get("login_hint") or account.signed_in
        code = self.consent(person, asked.get("scope", ""), asked)
        return redirect_uri, {"code": code, "state": asked.get("state", "")}

    def consent(self, person: str, scope: str, asked: Mapping[str, str]) -> str:
        """A code, as if that person had just consented to these scopes."""
        code = secrets.token_urlsafe(48)
        self._codes[code] = _Code(
            person=person.lower(),
            scopes=self._delegated(scope),
            redirect_uri=asked.get("redirect_uri", ""),
            challenge=asked.get("code_challenge", ""),
            nonce=asked.get("nonce", ""),
            ends=self._clock() + CODE_LIFE,
        )
        self.issued.add(code)
        return code

    def issue(self, tenant: str, form: Mapping[str, str], client: tuple[str, str]) -> dict[str, Any]:
        """Answer `POST /{tenant}/oauth2/v2.0/token`."""
        self._require_tenant(tenant, "invalid_request")
        grants = {
            "client_credentials": self._for_itself,
            "authorization_code": self._for_code,
            "refresh_token": self._for_refresh,
        }
        kind = _required(form, "grant_type")
        if kind not in grants:
            raise EntraError("unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{kind}'.")
        self._require_client(form, client)
        answer = grants[kind](form)
        self.issued |= {answer[name] for name in ("access_token", "refresh_token", "id_token") if name in answer}
        return answer

    def _require_tenant(self, tenant: str, error: str) -> None:
        account = self._account()
        if tenant.lower() not in (account.tenant_id, account.domain):
            raise EntraError(
                error, 90002, f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant."
            )

    def _require_client(self, form: Mapping[str, str], client: tuple[str, str]) -> None:
        account = self._account()
        client_id = form.get("client_id") or client[0] or _required(form, "client_id")
        secret = form.get("client_secret") or client[1]
        if client_id != account.client_id:
            raise _no_application(account, client_id)
        if not secret:
            text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            raise EntraError("invalid_client", 7000218, text, status=401)
        if secret != account.client_secret:
            text = f"Invalid client secret provided. Ensure the secret is the value, for app '{client_id}'."
            raise EntraError("invalid_client", 7000215, text, status=401)

    def _for_itself(self, form: Mapping[str, str]) -> dict[str, Any]:
        account, scope = self._account(), _required(form, "scope")
        if scope != f"{GRAPH}.default":
            text = f"The provided value for scope {scope} is not valid. It must be suffixed with /.default."
            raise EntraError("invalid_scope", 1002012, text)
        return self._bearer(account.client_id, frozenset(account.roles))

    def _for_code(self, form: Mapping[str, str]) -> dict[str, Any]:
        code = self._codes.pop(_required(form, "code"), None)
        if code is None:
            raise EntraError("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed or is unknown.")
        if code.ends <= self._clock():
            raise EntraError(
                "invalid_grant", 70008, "The provided authorization code has expired.", suberror="bad_token"
            )
        if code.redirect_uri != form.get("redirect_uri", ""):
            raise EntraError("invalid_grant", 500112, "The reply address does not match the one of the code's request.")
        if code.challenge and code.challenge != _challenge(form.get("code_verifier", "")):
            raise EntraError("invalid_grant", 501481, "The Code_Verifier does not match the code_challenge.")
        return self._for_person(code.person, code.scopes, form, nonce=code.nonce)

    def _for_refresh(self, form: Mapping[str, str]) -> dict[str, Any]:
        given = _required(form, "refresh_token")
        try:
            grant, _ = self.tokens.refresh(given)
        except TokenError as error:
            number = 700082 if given in self.issued else 70000
            raise EntraError("invalid_grant", number, f"{error}.", suberror="bad_token") from None
        if grant.account in self._account().must_sign_in:
            text = "You must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'."
            raise EntraError("interaction_required", 50076, text, suberror="basic_action")
        if grant.account in self._account().missing:
            raise EntraError("invalid_grant", 50034, "The user account does not exist in the directory.")
        scopes = self._delegated(form["scope"]) if form.get("scope") else grant.scopes
        if not scopes <= grant.scopes:
            text = f"The user or administrator has not consented to use the application '{self._account().client_id}'."
            raise EntraError("invalid_grant", 65001, text, suberror="consent_required")
        return self._for_person(grant.account, grant.scopes, form)

    def _for_person(
        self, person: str, scopes: frozenset[str], form: Mapping[str, str], *, nonce: str = ""
    ) -> dict[str, Any]:
        answer = self._bearer(person, scopes)
        answer["scope"] = " ".join(sorted(scopes - {"offline_access"}))
        if "offline_access" in scopes:
            answer["refresh_token"] = self.tokens.consent(person, scopes, ttl=REFRESH_SECONDS)
        if "openid" in scopes:
            answer["id_token"] = self._id_token(person, nonce)
        if form.get("client_info"):
            account = self._account()
            answer["client_info"] = _encoded({"uid": object_id(account.tenant_id, person), "utid": account.tenant_id})
        return answer

    def _bearer(self, owner: str, scopes: frozenset[str]) -> dict[str, Any]:
        seconds = self._account().token_seconds
        token = self.tokens.issue(owner, scopes, ttl=seconds)
        return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}

    def _delegated(self, scope: str) -> frozenset[str]:
        """The scopes by their short names; `.default` is everything that the application is registered for."""
        names = {name.removeprefix(GRAPH) for name in scope.split()}
        allowed = self._account().delegated
        if ".default" in names:
            names = names - {".default"} | set(allowed)
        foreign = names - set(allowed) - set(_IDENTITY)
        if foreign:
            text = f"The application asked for scope '{min(foreign)}' that doesn't exist."
            raise EntraError("invalid_client", 650053, text)
        return frozenset(names)

    def _id_token(self, person: str, nonce: str) -> str:
        account, now = self._account(), int(self._clock().timestamp())
        claims = {
            "aud": account.client_id,
            "iss": f"{LOGIN}/{account.tenant_id}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + 3900,
            "name": person.partition("@")[0].title(),
            **({"nonce": nonce} if nonce else {}),
            "oid": object_id(account.tenant_id, person),
            "preferred_username": account.other_upns.get(person, person),
            "sub": hashlib.sha256(person.encode()).hexdigest()[:43],
            "tid": account.tenant_id,
            "ver": "2.0",
        }
        return f"{_encoded({'typ': 'JWT', 'alg': 'RS256'})}.{_encoded(claims)}.{secrets.token_urlsafe(256)}"


def _required(form: Mapping[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        raise EntraError("invalid_request", 900144, f"The request body must contain the following parameter: '{name}'.")
    return value


def _no_application(account: Account, client_id: str) -> EntraError:
    text = f"Application with identifier '{client_id}' was not found in the directory '{account.domain}'."
    return EntraError("unauthorized_client", 700016, text)


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _encoded(claims: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
