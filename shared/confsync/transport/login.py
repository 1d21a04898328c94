"""Consent at a vendor, as a client of its OAuth 2.0: the authorization code flow with PKCE, renewal, revocation.

RFC 6749, RFC 7636, RFC 7009; the forms of requests are authlib's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from requests.auth import AuthBase, HTTPBasicAuth

from confsync.domain.connection import Account, Granted, Tokens
from confsync.domain.errors import (
    ConfsyncError,
    PermissionDenied,
    ReauthorizationRequired,
    ServiceError,
    Temporary,
)
from confsync.ports import Clock
from confsync.transport import errors
from confsync.transport.errors import Refusal
from confsync.transport.messages import Reply, Request
from confsync.transport.oauth import BUSY, lasting, said_of_token
from confsync.transport.session import Authorization, Deadline, NoAuth, Session

ENDED = frozenset(
    {"invalid_grant", "interaction_required", "consent_required", "login_required", "access_denied", "invalid_code"}
)
"""Errors of token endpoints by which a person's consent has ended: RFC 6749, OpenID Connect; the last is Zoho's."""
UNKNOWN = frozenset({400, 404})
"""By these a vendor does not know the token that it is to forget."""
FORM = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, kw_only=True)
class Login:
    """How a vendor asks people for their consent: what its module says of it."""

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...]
    account_url: str
    """Tells whose account a token is for."""
    account: Callable[[bytes], Account]
    """Reads its answer. Raises `msgspec.DecodeError` for one that it can't read."""
    revoke_url: str | None = None
    revokes: Literal["refresh", "access"] = "refresh"
    """Which of its tokens the vendor wants, to forget both."""
    issuer: str | None = None
    """What the vendor sends back as `iss` (RFC 9207), if it does."""
    in_form: bool = False
    """Whether the client's credentials go into forms."""
    separator: str = " "
    """What stands between scopes."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """More of the consent page's parameters: for a refresh token, most often."""
    pkce: bool = True
    hint: str | None = "login_hint"
    """The parameter that tells the consent page whose account is meant."""
    scheme: str = "Bearer"
    refusal: bytes = b""
    """What stands in a refusal by which a grant has ended, if that names no error of OAuth's."""
    idle: timedelta | None = None
    """So long a refresh token is good unused, where its answer does not say; None: no end is known."""
    plain_scope: Callable[[str], str] = str
    """A scope as it is granted, in the form in which it is asked for."""


class ClientCredentials(msgspec.Struct, frozen=True):
    """Of the application that asks: a secret, a JSON object, which may hold more."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"ClientCredentials(client_id={self.client_id!r})"


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str | None = None
    expires_in: int | str = 3600
    refresh_token_expires_in: object = None
    scope: str | None = None


@dataclass(frozen=True, kw_only=True)
class LoginClient:
    """One application at one vendor. `credentials` are read for each request, so that new ones are used at once."""

    service: str
    login: Login
    credentials: Callable[[], ClientCredentials]
    clock: Clock
    session: Session
    allowance: timedelta

    def start(self, *, state: str, challenge: str, redirect_uri: str, hint: str) -> str:
        """The address of the consent page."""
        login = self.login
        more = {"code_challenge": challenge, "code_challenge_method": "S256"} if login.pkce else {}
        if login.hint is not None and hint:
            more[login.hint] = hint
        scope = login.separator.join(login.scopes)
        uri: str = prepare_grant_uri(
            login.authorize_url,
            self.credentials().client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=scope,
            state=state,
            **more,
            **login.extra,
        )
        return uri

    def finish(self, *, code: str, verifier: str, redirect_uri: str) -> Granted:
        """What the code is good for."""
        more = {"code_verifier": verifier} if self.login.pkce else {}
        asked = {"code": code, "redirect_uri": redirect_uri, **more}
        return self._granted("exchange a code", "authorization_code", asked)

    def renew(self, refresh: str) -> Granted:
        """New tokens for a refresh token."""
        return self._granted("renew a token", "refresh_token", {"refresh_token": refresh})

    def account(self, access: str) -> Account:
        """Whose account the token is for."""
        request = Request(
            service=self.service,
            action="read the account",
            method="GET",
            url=self.login.account_url,
            repeatable=True,
            auth=Authorization(value=f"{self.login.scheme} {access}"),
            headers={"Accept": "application/json"},
        )
        reply = self._sent(request)
        try:
            return self.login.account(reply.body)
        except (*errors.UNREADABLE, ValueError):
            raise errors.unreadable(request, reply, "not with an account") from None

    def revoke(self, tokens: Tokens) -> None:
        """Have the vendor forget them. What it does not know any more is as we want it; any other refusal is raised."""
        if self.login.revoke_url is None:
            return
        try:
            token = self._to_revoke(tokens)
            self._sent(self._form("revoke a token", self.login.revoke_url, {"token": token}))
        except ServiceError as error:
            if error.status not in UNKNOWN:
                raise

    def _to_revoke(self, tokens: Tokens) -> str:
        """The token that the vendor wants, while it still knows it."""
        if self.login.revokes == "refresh":
            return tokens.refresh or tokens.access
        if tokens.refresh is not None and not tokens.usable(self.clock.now()):
            return self.renew(tokens.refresh).tokens.access
        return tokens.access

    def _granted(self, action: str, grant: str, asked: Mapping[str, str]) -> Granted:
        request = self._form(action, self.login.token_url, asked, grant=grant)
        asked_at = self.clock.now()
        reply = self.session.send(request, Deadline(self.allowance))
        if not reply.ok:
            raise self._refused(request, reply)
        try:
            told = msgspec.json.decode(reply.body, type=_Granted)
            lasts = lasting(int(told.expires_in))
        except (*errors.UNREADABLE, ValueError):
            raise self._refused(request, reply) from None
        scopes = None if told.scope is None else tuple(map(self.login.plain_scope, _split(told.scope)))
        tokens = Tokens(access=told.access_token, refresh=told.refresh_token, expires_at=asked_at + lasts)
        return Granted(tokens=tokens, scopes=scopes, idle=_life(told.refresh_token_expires_in) or self.login.idle)

    def _refused(self, request: Request, reply: Reply) -> ConfsyncError:
        """Only the vendor's own word for it ends a grant: a proxy's page, or a refusal of our application, does not."""
        said = said_of_token(reply)
        kind: type[ServiceError] | None = None
        unnamed = self.login.refusal and not said.error and reply.status == 400
        if said.error in ENDED or (unnamed and self.login.refusal in reply.body):
            kind = ReauthorizationRequired
        elif said.error in BUSY or not said.error:
            kind = None if reply.status == 429 else Temporary
        else:
            kind = PermissionDenied
        detail = (
            errors.safe(f"{said.error} {said.reason or said.error_description}".strip()) or "with no error of OAuth's"
        )
        return errors.from_reply(request, reply, Refusal(kind=kind, detail=detail), self.clock.now())

    def _form(self, action: str, url: str, fields: Mapping[str, str], *, grant: str | None = None) -> Request:
        client = self.credentials()
        auth: AuthBase = HTTPBasicAuth(client.client_id, client.client_secret)
        sent = dict(fields)
        if self.login.in_form:
            auth, sent = NoAuth(), {**sent, "client_id": client.client_id, "client_secret": client.client_secret}
        body = prepare_token_request(grant, **sent) if grant else prepare_token_request("", **sent).partition("&")[2]
        return Request(
            service=self.service,
            action=action,
            method="POST",
            url=url,
            repeatable=True,  # without an answer nothing is known to have been made
            auth=auth,
            headers=FORM,
            body=body.encode(),
        )

    def _sent(self, request: Request) -> Reply:
        reply = self.session.send(request, Deadline(self.allowance))
        if not reply.ok:
            refusal = Refusal(kind=Temporary if reply.status == 404 else None)
            raise errors.from_reply(request, reply, refusal, self.clock.now())
        if errors.is_page(reply):
            raise errors.unreadable(request, reply, "with a web page")
        return reply


def _life(seconds: object) -> timedelta | None:
    """What a vendor says of its refresh token's life; None for whatever is no life. No grant fails by it."""
    try:
        return lasting(int(str(seconds))) or None
    except ValueError:
        return None


def _split(scope: str) -> list[str]:
    return scope.replace(",", " ").split()
