"""A person's own account at a vendor, or at Google, as far as they let us use it.

    (nothing) --connected--> ACTIVE --ended--> EXPIRED | REVOKED | LACKS_SCOPES --connected--> ACTIVE
                               `--disconnected--> (nothing)

Tokens are kept sealed, and only together with what they are for. Whoever renews them has the lease; what they got is
stored before it is used. A refresh token that nobody uses ends after a while at most vendors: so it is renewed halfway,
though nobody asks.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from confsync.domain.backoff import renewal_time
from confsync.domain.lease import Lease

GOOGLE = "google"
"""The vendor whose account is the person's own Google account: by it their calendars are reached."""
EARLY = timedelta(seconds=60)
"""A token that ends while its request travels is worthless."""
SEEN = timedelta(hours=1)
"""How exactly it is known when a connection was last used."""
LOOK_AGAIN = timedelta(minutes=1)
"""When to see whether what began with a connection has been done."""
UNKNOWN_LIFE = timedelta(days=30)
"""So long a refresh token is taken to be good unused where nobody says how long, or that it has no end."""
UNTOLD = frozenset({"offline_access"})
"""Scopes that are asked for, and that no answer names: a refresh token shows that it was granted."""


class ConnectionState(StrEnum):
    """Whether it can be used, and if not, why."""

    ACTIVE = "active"
    EXPIRED = "expired"  # the vendor does not take its tokens any more
    REVOKED = "revoked"  # taken back by the person, or by an administrator
    LACKS_SCOPES = "lacks_scopes"  # the person did not allow all that is needed


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a vendor gave. Without a refresh token it can be used until it ends."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    expires_at: datetime

    def usable(self, now: datetime, *, refused: str | None = None) -> bool:
        """Whether the access token is good for a minute. `refused`: one that the vendor does not take."""
        return self.access != refused and self.expires_at - EARLY > now


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whose account it is at the vendor."""

    id: str
    name: str
    """As people know it, most often an address."""


@dataclass(frozen=True, kw_only=True)
class Granted:
    """What a vendor's token endpoint answered."""

    tokens: Tokens
    scopes: tuple[str, ...] | None = None
    """None: it did not tell."""
    idle: timedelta | None = None
    """So long the refresh token is good unused; None: nobody says."""


class Leaving(StrEnum):
    """What becomes of live conferences when their account is disconnected, or replaced by another one."""

    KEEP = "keep"  # they stay as they are, and follow their events no more
    ANEW = "anew"  # they go, and are made by the account that comes next, with new links
    REMOVE = "remove"  # they go, from their events too


@dataclass(frozen=True, kw_only=True)
class Connection:
    """All times are aware UTC."""

    key: str
    owner: str
    """The Google account whose it is, in small letters."""
    vendor: str
    """A provider's name, or `GOOGLE`."""
    account_id: str
    account_name: str
    scopes: tuple[str, ...] = ()
    state: ConnectionState = ConnectionState.ACTIVE
    reason: str | None = None
    """Why it stopped, in words for people."""
    sealed: str = ""
    """The tokens; empty if there are none (any more)."""
    connected_at: datetime
    used_at: datetime | None = None
    ended_at: datetime | None = None
    leaving: Leaving | None = None
    """Set while it is used for nothing but to remove its meetings; then it goes."""
    leaving_since: datetime | None = None
    successor: Account | None = None
    """The account that takes its place: the person has consented, and what becomes of its meetings is asked."""
    successor_sealed: str = ""
    successor_scopes: tuple[str, ...] = ()
    renew_at: datetime | None = None
    """When its tokens should be renewed though nobody needs them: well before they end; None: at the next look."""
    untold: bool = False
    """Whether something waited for it that may not know yet that it goes on."""
    due_at: datetime | None = None
    """When the sweep should look at it: while it is left, whether its meetings are removed; else what is untold, or
    its tokens. None: it can't be used."""
    lease: Lease = field(default_factory=Lease)
    version: str | None = None

    @property
    def usable(self) -> bool:
        """Whether its tokens are worth a try."""
        return self.state is ConnectionState.ACTIVE and bool(self.sealed)

    def idle(self, now: datetime) -> bool:
        """Whether its tokens have been unused for so long that they have to be renewed, to live on."""
        return self.usable and self.leaving is None and (self.renew_at is None or self.renew_at <= now)

    @property
    def over(self) -> bool:
        """Whether there is nothing to leave: that was done, and only whose account it was is known."""
        return self.state is ConnectionState.REVOKED and not self.sealed and self.leaving is None

    @property
    def shown(self) -> str:
        """What a person who decides about it has seen: which account it is, since when, and which one comes next."""
        successor = self.successor.id if self.successor else ""
        return json.dumps([self.account_id, self.connected_at.isoformat(), successor])

    @property
    def grants(self) -> dict[str, str]:
        """Tokens that it holds, sealed, by the account's id: its own and, if one waits, its successor's."""
        held = {self.account_id: self.sealed}
        if self.successor is not None:
            held[self.successor.id] = self.successor_sealed
        return {account: sealed for account, sealed in held.items() if sealed}


def ended(connection: Connection, state: ConnectionState, reason: str, now: datetime) -> Connection:
    """It can't be used any more. Its tokens stay, sealed: nothing is wiped that might be needed to revoke them."""
    after = replace(connection, state=state, reason=reason, ended_at=now, lease=connection.lease.release())
    return scheduled(replace(after, renew_at=None, untold=False), now)


def declined(connection: Connection) -> Connection:
    """No other account is to take its place."""
    return replace(connection, successor=None, successor_sealed="", successor_scopes=())


def gone(connection: Connection, now: datetime) -> Connection:
    """It was left: its successor's account is in its place, if there is one, else nothing but whose account it was."""
    bare = replace(
        declined(connection),
        leaving=None,
        leaving_since=None,
        renew_at=None,
        untold=False,
        due_at=None,
        used_at=None,
        lease=connection.lease.release(),
    )
    successor = connection.successor
    if successor is None:
        return replace(bare, state=ConnectionState.REVOKED, reason="disconnected", sealed="", scopes=(), ended_at=now)
    after = replace(
        bare,
        account_id=successor.id,
        account_name=successor.name,
        sealed=connection.successor_sealed,
        scopes=connection.successor_scopes,
        state=ConnectionState.ACTIVE,
        reason=None,
        connected_at=now,
        ended_at=None,
        untold=True,
    )
    return scheduled(after, now)  # and renewed soon: how long its tokens have waited nobody noted


def renewed(connection: Connection, sealed: str, idle: timedelta | None, now: datetime) -> Connection:
    """With the tokens that a renewal brought; also if somebody took it for ended meanwhile, which many were told."""
    after = replace(
        connection,
        sealed=sealed,
        state=ConnectionState.ACTIVE,
        reason=None,
        ended_at=None,
        untold=connection.untold or connection.state is not ConnectionState.ACTIVE,
        lease=connection.lease.release(),
    )
    return kept_alive(after, idle, now)


def kept_alive(connection: Connection, idle: timedelta | None, now: datetime) -> Connection:
    """With when its tokens are to be renewed, which are good unused for `idle` from now (None: nobody says)."""
    renew_at = renewal_time(connection.key, now, now + (idle or UNKNOWN_LIFE))
    return scheduled(replace(connection, renew_at=renew_at), now)


def told(connection: Connection, now: datetime) -> Connection:
    """What waited for it goes on."""
    return scheduled(replace(connection, untold=False), now)


def scheduled(connection: Connection, now: datetime) -> Connection:
    """With when the sweep should look at it next. While it is left, that is for whoever has it go."""
    if connection.leaving is not None:
        return connection
    due_at = now + LOOK_AGAIN if connection.untold else connection.renew_at or now
    return replace(connection, due_at=due_at if connection.usable else None)


def missing(needed: Collection[str], granted: Iterable[str] | None) -> tuple[str, ...]:
    """Scopes that are needed and were not granted, in their order; none if the vendor did not tell."""
    if granted is None:
        return ()
    has = UNTOLD.union(each.lower() for each in granted)
    return tuple(each for each in needed if each.lower() not in has)
