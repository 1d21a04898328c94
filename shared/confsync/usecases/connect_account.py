"""People's own accounts at vendors: which are connected, a new one, and what becomes of one that ends."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from confsync.domain import keys
from confsync.domain.conference import Conference
from confsync.domain.connection import (
    GOOGLE,
    Account,
    Connection,
    ConnectionState,
    Granted,
    Leaving,
    declined,
    kept_alive,
    missing,
)
from confsync.domain.errors import BadRequest, ConfsyncError, StoreConflict, Temporary
from confsync.domain.lease import Lease
from confsync.ports import Clock, Logins, Save, Sealer, Store
from confsync.usecases.connecting.dependents import Dependents
from confsync.usecases.connecting.dropped_grants import DroppedGrants
from confsync.usecases.connecting.leave_account import LeaveAccount
from confsync.usecases.connecting.people_tokens import seal
from confsync.usecases.records.change import CONFLICTS, change

log = structlog.get_logger()

TRIES = 3
"""A code is good once: so often the vendor is asked whose account it was for."""
NO_REFRESH = "refresh token"
"""Named among what is missing: every vendor gives one, if the application is set up for it."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A vendor, and the person's account there."""

    vendor: str
    name: str
    connection: Connection | None


@dataclass(frozen=True, kw_only=True)
class Connected:
    """What became of a consent."""

    account: Account
    missing: tuple[str, ...] = ()
    """Scopes that the person did not allow, and `NO_REFRESH`: it can't be used as it is."""
    replaces: str | None = None
    """The account that hosts live conferences, and whose place it is to take: they have to decide about those."""
    resumed: int = 0
    """How many conferences, or calendars, had waited for it."""
    somebody_elses: bool = False
    """It is another Google account than their own, and was not connected: calendars are those of an address."""


@dataclass(frozen=True, kw_only=True)
class ConnectAccount:
    """`owner` is always a person's verified Google account."""

    store: Store
    clock: Clock
    sealer: Sealer
    logins: Logins
    dependents: Dependents
    leave: LeaveAccount
    dropped: DroppedGrants

    def overview(self, owner: str) -> Sequence[Row]:
        """Every vendor that can be connected."""
        mine = {each.vendor: each for each in self.store.connections_of(owner)}
        return [
            Row(vendor=vendor, name=name, connection=mine.get(vendor)) for vendor, name in self.logins.vendors().items()
        ]

    def name(self, vendor: str) -> str:
        """What people call the vendor. Raises `BadRequest` if it can't be connected."""
        names = self.logins.vendors()
        if vendor not in names:
            raise BadRequest(f"accounts at {vendor!r} can't be connected here", field="vendor")
        return names[vendor]

    def issuer(self, vendor: str) -> str | None:
        """As `Logins`."""
        return self.logins.issuer(vendor)

    def start(self, vendor: str, *, owner: str, state: str, challenge: str, redirect_uri: str) -> str:
        """The address of the vendor's consent page."""
        self.name(vendor)
        return self.logins.start(vendor, state=state, challenge=challenge, redirect_uri=redirect_uri, hint=owner)

    def complete(self, owner: str, vendor: str, *, code: str, verifier: str, redirect_uri: str) -> Connected:
        """The person has consented. Raises `ReauthorizationRequired` for a code that is no good."""
        granted = self.logins.finish(vendor, code=code, verifier=verifier, redirect_uri=redirect_uri)
        account = self._account(owner, vendor, granted)
        if vendor == GOOGLE and account.name.lower() != owner.lower():
            # the tokens are dropped, not revoked: that would end all that this account's own person has allowed us
            return Connected(account=account, somebody_elses=True)
        lacking = self._lacking(vendor, granted)
        sealed = seal(self.sealer, granted.tokens)
        for _ in range(CONFLICTS):
            before = self.store.get(Connection, keys.connection_key(owner, vendor))
            other = before is not None and before.account_id != account.id
            ask = bool(other and before and before.sealed and vendor != GOOGLE and self._hosts(owner, vendor))
            if lacking and (ask or (before is not None and before.usable)):
                self.dropped.unused(vendor, account.id, granted.tokens, kept=before.grants if before else ())
                return Connected(account=account, missing=lacking)  # what is there is better
            after = self._asking(before, account, sealed, granted) if ask and before else None
            after = after or self._connected(before, owner, vendor, account, sealed, granted, lacking)
            try:
                self.store.commit([Save(record=after)])
            except StoreConflict:
                continue
            self.dropped.between(before, after)
            if ask and before is not None:
                decided = before.leaving is not None
                return Connected(account=account, replaces=None if decided else before.account_name)
            log.info("account connected", owner=owner, vendor=vendor, missing=lacking)
            return Connected(account=account, missing=lacking, resumed=0 if lacking else self.dependents.resume(after))
        raise Temporary(f"the connection of {owner} to {vendor} is being changed by others", service="confsync")

    def conferences(self, owner: str, vendor: str) -> list[Conference]:
        """Those that the person's account hosts."""
        return [each for each in self.dependents.of(owner, vendor) if not each.frozen]

    def disconnect(self, owner: str, vendor: str, then: Leaving, *, shown: str | None = None) -> int:
        """As `LeaveAccount`."""
        self.name(vendor)
        return self.leave(owner, vendor, then, shown=shown)

    def decline(self, owner: str, vendor: str) -> None:
        """All stays as it is: the account that waits to take another one's place does not, and is given back."""
        self.name(vendor)
        before: Connection | None = None

        def decide(connection: Connection) -> Connection:
            nonlocal before
            before = connection
            return declined(connection)

        after = change(self.store, Connection, keys.connection_key(owner, vendor), decide)
        if after is not None:
            self.dropped.between(before, after)

    def revokes(self, vendor: str) -> bool:
        """Whether a disconnected account is given back at its vendor; else its person takes us out there."""
        return self.logins.revokes(vendor)

    def _account(self, owner: str, vendor: str, granted: Granted) -> Account:
        """Whose account it is. Without an answer the code is used up, and what it was good for is given back."""
        try:
            for _ in range(TRIES - 1):
                with suppress(Temporary):
                    return self.logins.account(vendor, granted.tokens.access)
            return self.logins.account(vendor, granted.tokens.access)
        except ConfsyncError:
            before = self.store.get(Connection, keys.connection_key(owner, vendor))
            self.dropped.unknown(vendor, granted.tokens, kept=before.grants if before else ())
            raise

    def _lacking(self, vendor: str, granted: Granted) -> tuple[str, ...]:
        lacking = missing(self.logins.scopes(vendor), granted.scopes)
        if granted.tokens.refresh is not None:
            return lacking
        log.warning("the vendor gives no refresh token: its application has to be set up for it", vendor=vendor)
        return (*lacking, NO_REFRESH)

    def _hosts(self, owner: str, vendor: str) -> bool:
        return any(each.at_vendor and not each.frozen for each in self.dependents.of(owner, vendor))

    def _asking(self, before: Connection, account: Account, sealed: str, granted: Granted) -> Connection:
        return replace(
            before,
            successor=account,
            successor_sealed=sealed,
            successor_scopes=granted.scopes or self.logins.scopes(before.vendor),
        )

    def _connected(
        self,
        before: Connection | None,
        owner: str,
        vendor: str,
        account: Account,
        sealed: str,
        granted: Granted,
        lacking: tuple[str, ...],
    ) -> Connection:
        now = self.clock.now()
        connected = Connection(
            key=keys.connection_key(owner, vendor),
            owner=owner.lower(),
            vendor=vendor,
            account_id=account.id,
            account_name=account.name,
            scopes=granted.scopes or self.logins.scopes(vendor),
            state=ConnectionState.LACKS_SCOPES if lacking else ConnectionState.ACTIVE,
            reason=_why(lacking) if lacking else None,
            sealed=sealed,
            connected_at=now,
            ended_at=now if lacking else None,
            untold=not lacking,
            lease=before.lease.release() if before else Lease(),
            version=before.version if before else None,
        )
        return connected if lacking else kept_alive(connected, granted.idle, now)


def _why(lacking: tuple[str, ...]) -> str:
    scopes = ", ".join(each for each in lacking if each != NO_REFRESH)
    return f"{scopes} was not allowed" if scopes else "the vendor gave no way to renew it"
