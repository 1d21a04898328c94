"""Access tokens of people's own accounts: the `Grants` port, on records that everybody shares.

One worker at a time renews a connection's tokens, holding its lease, and what it gets is stored before it is used. A
vendor whose refresh tokens are good for one use must never be asked twice with the same; if that happens all the same
(a lost answer, a worker that outlived its lease), the tokens of whoever got some win, whatever was stored meanwhile.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from confsync.domain import keys
from confsync.domain.connection import (
    SEEN,
    Connection,
    ConnectionState,
    Granted,
    Tokens,
    ended,
    kept_alive,
    missing,
    renewed,
    scheduled,
)
from confsync.domain.errors import (
    ConfsyncError,
    NotConfigured,
    ReauthorizationRequired,
    StoreConflict,
    Temporary,
)
from confsync.ports import Clock, Logins, Save, Sealer, Store
from confsync.usecases.connecting.dependents import Dependents
from confsync.usecases.records.change import CONFLICTS

log = structlog.get_logger()

LEASE = timedelta(seconds=30)
"""At least so long a renewal may take: more than twice what any answer of a token endpoint is waited for."""
PATIENCE = timedelta(seconds=10)
"""So long a worker waits for another one that is renewing."""
MOMENT = timedelta(seconds=0.2)


@dataclass(frozen=True, kw_only=True)
class PeopleTokens:
    """The `Grants` port."""

    store: Store
    sealer: Sealer
    logins: Logins
    clock: Clock
    dependents: Dependents
    lease: timedelta = LEASE

    def token(self, owner: str, vendor: str, *, refused: str | None = None) -> str:
        """An access token that is good for a minute. Raises `ReauthorizationRequired`, `Temporary`, `NotConfigured`."""
        until = self.clock.now() + PATIENCE
        for _ in range(CONFLICTS):
            connection = self._connection(owner, vendor)
            tokens = opened(self.sealer, connection)
            now = self.clock.now()
            if tokens.usable(now, refused=refused):
                self._seen(connection, now)
                return tokens.access
            if connection.lease.taken(now):
                self._wait(connection, until)
                continue
            try:
                return self._renewed(replace(connection, used_at=now), tokens)
            except StoreConflict:
                continue
        raise Temporary(f"others are renewing the connection of {owner} to {vendor}", service=vendor)

    def keep(self, key: str) -> bool:
        """Renew what lies idle, before its vendor ends it. Whether that was done: not if somebody else is at it.

        Raises what `token` raises; an end is on record then, and told.
        """
        connection, now = self.store.get(Connection, key), self.clock.now()
        if connection is None or connection.lease.taken(now):
            return False
        try:
            if connection.idle(now) and connection.vendor in self.logins.vendors():
                self._renewed(connection, opened(self.sealer, connection))
                log.info("connection kept alive", owner=connection.owner, vendor=connection.vendor)
                return True
            self._leave_for_later(connection, now)
        except StoreConflict:
            log.info("somebody else has changed the connection", connection=key)
        return False

    def _leave_for_later(self, connection: Connection, now: datetime) -> None:
        """It is not time, or no configured vendor can renew it."""
        later = kept_alive(connection, None, now) if connection.idle(now) else scheduled(connection, now)
        if later != connection and not connection.untold:
            self.store.commit([Save(record=later)])

    def _connection(self, owner: str, vendor: str) -> Connection:
        connection = self.store.get(Connection, keys.connection_key(owner, vendor))
        if connection is None:
            raise ReauthorizationRequired(f"{owner} has not connected their account at {vendor}", service=vendor)
        if not connection.usable:
            why = connection.reason or connection.state.value
            raise ReauthorizationRequired(
                f"{owner} has to connect their account at {vendor} again: {why}", service=vendor
            )
        return connection

    def _wait(self, connection: Connection, until: datetime) -> None:
        """For somebody who is renewing. Raises `Temporary` when that takes too long."""
        while self.clock.now() < until:
            self.clock.sleep(MOMENT.total_seconds())
            found = self.store.get(Connection, connection.key)
            if found is None or found.version != connection.version:
                return
            if not found.lease.taken(self.clock.now()):
                return
        who = f"the connection of {connection.owner} to {connection.vendor}"
        raise Temporary(f"{who} is being renewed by somebody else", service=connection.vendor)

    # --- renewing ----------------------------------------------------------------------------------------------------

    def _renewed(self, connection: Connection, tokens: Tokens) -> str:
        """Raises `StoreConflict` if somebody else was quicker."""
        if tokens.refresh is None:
            raise self._end(connection, ConnectionState.EXPIRED, "the vendor gave no way to renew it")
        now = self.clock.now()
        taken = replace(connection, lease=connection.lease.take(self.clock.new_id(), now, self.lease))
        self.store.commit([Save(record=taken)])
        taken = self._read_back(taken)
        if self.clock.now() - now > self.lease / 2:
            raise StoreConflict(f"connections/{taken.key}: this process stood still with its lease")
        try:
            granted = self.logins.renew(connection.vendor, tokens.refresh)
        except ReauthorizationRequired as error:
            raise self._refused(taken, error) from error
        except ConfsyncError:
            self._release(taken)
            raise
        return self._keep(taken, tokens, granted)

    def _read_back(self, taken: Connection) -> Connection:
        found = self.store.get(Connection, taken.key)
        if found is None or found.lease != taken.lease:
            raise StoreConflict(f"connections/{taken.key} changed since it was read")
        return found

    def _keep(self, taken: Connection, before: Tokens, granted: Granted) -> str:
        """Store what we got, before anybody uses it."""
        tokens = replace(granted.tokens, refresh=granted.tokens.refresh or before.refresh)
        lacking = missing(self.logins.scopes(taken.vendor), granted.scopes)
        after = self._stored(taken, before, replace(granted, tokens=tokens), lacking)
        if lacking:
            raise self._told(after)
        if after.untold and after.leaving is None:  # others took it for ended
            self.dependents.resume(after)
        return tokens.access

    def _stored(self, taken: Connection, before: Tokens, granted: Granted, lacking: Sequence[str]) -> Connection:
        """The connection with what we got; it wins over what others stored of a refusal meanwhile.

        What the vendor gave is too good to be lost: a store that is out of reach is asked again for some seconds.
        Raises `StoreConflict` if somebody has connected the account anew, left it, or renewed it after us.
        """
        current: Connection | None = taken
        sealed = seal(self.sealer, granted.tokens)
        for tried in range(CONFLICTS):
            try:
                if tried:
                    self.clock.sleep(tried * MOMENT.total_seconds())
                    current = self.store.get(Connection, taken.key)
                if current is not None and current.sealed == sealed:  # it was done, and the answer was lost
                    return current
                if current is None or not current.sealed or opened(self.sealer, current) != before:
                    break
                now = self.clock.now()
                after = renewed(current, sealed, granted.idle, now)
                if lacking:
                    told = f"it does not allow {', '.join(lacking)} any more"
                    after = ended(after, ConnectionState.LACKS_SCOPES, told, now)
                self.store.commit([Save(record=after)])
            except (StoreConflict, Temporary):
                continue
            return after
        else:
            raise Temporary(f"the tokens of {taken.owner} at {taken.vendor} can't be stored", service=taken.vendor)
        raise StoreConflict(f"connections/{taken.key} changed since it was read")

    def _refused(self, taken: Connection, error: ReauthorizationRequired) -> ConfsyncError:
        """Believed only of the tokens that are on record now: somebody may have renewed them before us."""
        for _ in range(CONFLICTS):
            current = self.store.get(Connection, taken.key)
            if current is None:
                return error
            if current.sealed != taken.sealed or current.lease != taken.lease:
                break
            with suppress(StoreConflict):
                return self._end(current, ConnectionState.EXPIRED, "the vendor does not accept it any more")
        return StoreConflict(f"connections/{taken.key} changed since it was read")

    def _end(self, connection: Connection, state: ConnectionState, reason: str) -> ConfsyncError:
        """Mark it, and what depends on it. The error to raise. Raises `StoreConflict`."""
        after = ended(connection, state, reason, self.clock.now())
        self.store.commit([Save(record=after)])
        return self._told(after)

    def _told(self, after: Connection) -> ReauthorizationRequired:
        log.warning("connection ended", owner=after.owner, vendor=after.vendor, state=after.state, reason=after.reason)
        self.dependents.mark(after)
        return _again(after)

    def _release(self, taken: Connection) -> None:
        """So that the next one need not wait. If it fails the lease ends by itself."""
        try:
            self.store.commit([Save(record=replace(taken, lease=taken.lease.release()))])
        except (StoreConflict, Temporary):
            log.info("a lease is left to end by itself", connection=taken.key)

    def _seen(self, connection: Connection, now: datetime) -> None:
        """Now and then, when it was last used."""
        if connection.used_at is not None and now - connection.used_at < SEEN:
            return
        try:
            self.store.commit([Save(record=replace(connection, used_at=now))])
        except (StoreConflict, Temporary):
            return


def _again(connection: Connection) -> ReauthorizationRequired:
    why = connection.reason or connection.state.value
    words = f"{connection.owner} has to connect their account at {connection.vendor} again: {why}"
    return ReauthorizationRequired(words, service=connection.vendor)


# --- tokens at rest --------------------------------------------------------------------------------------------------


def seal(sealer: Sealer, tokens: Tokens) -> str:
    """The tokens as they are stored."""
    told = {"access": tokens.access, "refresh": tokens.refresh, "expires_at": tokens.expires_at.isoformat()}
    return sealer.seal(json.dumps(told))


def opened(sealer: Sealer, connection: Connection) -> Tokens:
    """The tokens of a connection that has some. Raises `NotConfigured` if the keys have changed."""
    return unsealed(sealer, connection.sealed, of=f"connections/{connection.key}")


def unsealed(sealer: Sealer, sealed: str, *, of: str = "a connection") -> Tokens:
    """As they were stored. Raises `NotConfigured` if the keys have changed."""
    try:
        told = json.loads(sealer.open(sealed))
        at = datetime.fromisoformat(told["expires_at"]).astimezone(UTC)
        return Tokens(access=told["access"], refresh=told["refresh"], expires_at=at)
    except (ValueError, KeyError, TypeError) as error:
        raise NotConfigured(f"the tokens of {of} can't be read") from error
