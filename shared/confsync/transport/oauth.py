"""Access tokens: of an organisation's own application, fetched once and kept till they end, or of people's accounts."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from requests.auth import HTTPBasicAuth

from confsync.domain.errors import ReauthorizationRequired, Temporary
from confsync.ports import Clock, Grants
from confsync.transport import errors
from confsync.transport.errors import Refusal
from confsync.transport.messages import Reply, Request
from confsync.transport.session import Deadline, NoAuth, Session

BUSY = frozenset({"temporarily_unavailable", "server_error", "slow_down", "Access Denied"})
"""Errors of token endpoints that pass; the last is what Zoho says to those who ask too often."""
LONGEST = 366 * 86_400  # seconds
EARLY = timedelta(seconds=60)  # a token that ends while its request travels is worthless


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token. `api_url` is where its issuer says to use it, if it says so."""

    value: str = field(repr=False)
    expires_at: datetime
    api_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Client:
    """An application's own credentials (RFC 6749 section 2.3.1) and the grant it asks with."""

    id: str
    secret: str = field(repr=False)
    grant: Mapping[str, str] = field(repr=False)
    in_form: bool = False
    """Whether the credentials go into the form, beside the grant, for want of the better way."""


class Tokens(Protocol):
    """Where an account's access tokens come from."""

    def get(self, deadline: Deadline) -> Token:
        """One to use now."""
        ...

    def forget(self, token: Token) -> None:
        """Never give this token again."""
        ...


class GrantTokens:
    """Those of a person's own account at a vendor, for one call of a provider."""

    def __init__(self, grants: Grants, owner: str, vendor: str, clock: Clock) -> None:
        self._grants = grants
        self._owner = owner
        self._vendor = vendor
        self._clock = clock
        self._refused: str | None = None

    def get(self, deadline: Deadline) -> Token:  # noqa: ARG002 - how long it takes is the port's matter
        value = self._grants.token(self._owner, self._vendor, refused=self._refused)
        return Token(value=value, expires_at=self._clock.now() + EARLY)

    def forget(self, token: Token) -> None:
        self._refused = token.value


class TokenCache:
    """The current token of one account."""

    def __init__(self, fetch: Callable[[Deadline], Token], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None

    def get(self, deadline: Deadline) -> Token:
        """The token. However many threads need a new one, one fetches it. Raises what fetching raises."""
        with self._lock:
            if self._token is None or self._token.expires_at - EARLY <= self._clock.now():
                self._token = self._fetch(deadline)
            return self._token

    def forget(self, token: Token) -> None:
        """Never give this token again. (Another thread may have replaced it already.)"""
        with self._lock:
            if self._token is token:
                self._token = None


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int = 3600
    api_url: str | None = None


class RefusedToken(msgspec.Struct, frozen=True):
    """A refusal of a token endpoint."""

    error: str = ""
    reason: str = ""
    error_description: str = ""


def fetch_token(session: Session, clock: Clock, *, service: str, url: str, client: Client, deadline: Deadline) -> Token:
    """A fresh token from the token endpoint. Raises `ReauthorizationRequired` when the credentials are refused."""
    request = Request(
        service=service,
        action="issue an access token",
        method="POST",
        url=url,
        repeatable=True,
        auth=NoAuth() if client.in_form else HTTPBasicAuth(client.id, client.secret),
        body={**client.grant, "client_id": client.id, "client_secret": client.secret}
        if client.in_form
        else client.grant,
    )
    asked_at = clock.now()
    reply = session.send(request, deadline)
    if not reply.ok:
        raise errors.from_reply(request, reply, _refusal(reply), asked_at)
    try:
        granted = msgspec.json.decode(reply.body, type=_Granted)
    except errors.UNREADABLE:
        if said_of_token(reply).error:  # Zoho's refusals are answered with 200
            raise errors.from_reply(request, reply, _refusal(reply), asked_at) from None
        raise errors.unreadable(request, reply, "not with a token") from None
    return Token(
        value=granted.access_token,
        expires_at=asked_at + lasting(granted.expires_in),
        api_url=granted.api_url,
    )


def lasting(seconds: int) -> timedelta:
    """How long a token is good for, by what its issuer says; not for ever, whatever that is."""
    return timedelta(seconds=max(0, min(seconds, LONGEST)))


def said_of_token(reply: Reply) -> RefusedToken:
    """What a token endpoint says of a refusal (RFC 6749, section 5.2), whatever its status; nothing: `error` is ""."""
    try:
        return msgspec.json.decode(reply.body, type=RefusedToken)
    except errors.UNREADABLE:
        return RefusedToken()


def _refusal(reply: Reply) -> Refusal:
    said = said_of_token(reply)
    # also a 404, which is a wrong address here: to callers, `NotFound` is a meeting's
    for_good = reply.status < 500 and reply.status not in {408, 425, 429} and said.error not in BUSY
    return Refusal(
        kind=ReauthorizationRequired if for_good else Temporary if said.error in BUSY else None,
        detail=errors.safe(f"{said.error} {said.reason or said.error_description}".strip()),
    )
