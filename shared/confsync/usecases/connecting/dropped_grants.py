"""What people allowed and we do not keep, is given back at its vendor.

Many vendors then end all that the person ever allowed us: so nothing is given back of an account that stays. At Google
that would end what other connections of theirs live by: nothing is given back there unless its person leaves.
"""

from collections.abc import Collection
from dataclasses import dataclass

import structlog

from confsync.domain.connection import GOOGLE, Connection, Tokens
from confsync.domain.errors import ConfsyncError
from confsync.ports import Logins, Sealer
from confsync.usecases.connecting.people_tokens import unsealed

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class DroppedGrants:
    """Give back grants, as far as the vendor answers: none of it stops anybody."""

    logins: Logins
    sealer: Sealer

    def between(self, before: Connection | None, after: Connection) -> None:
        """Those that `before` had and `after`, which is stored, has no more."""
        for account_id, sealed in (before.grants if before is not None else {}).items():
            if account_id not in after.grants:
                self.sealed(after.vendor, sealed)

    def unused(self, vendor: str, account_id: str, tokens: Tokens, *, kept: Collection[str]) -> None:
        """One that was never stored. `kept`: accounts that stay."""
        if account_id not in kept:
            self._revoke(vendor, tokens)

    def unknown(self, vendor: str, tokens: Tokens, *, kept: Collection[str]) -> None:
        """One of nobody knows which account: it may be one that stays, if any does."""
        if not kept:
            self._revoke(vendor, tokens)

    def sealed(self, vendor: str, sealed: str) -> None:
        """One that was stored."""
        try:
            tokens = unsealed(self.sealer, sealed)
        except ConfsyncError as error:
            log.warning("tokens are not taken back at the vendor", vendor=vendor, error=str(error))
        else:
            self._revoke(vendor, tokens)

    def _revoke(self, vendor: str, tokens: Tokens) -> None:
        if vendor == GOOGLE:
            return
        try:
            self.logins.revoke(vendor, tokens)
        except ConfsyncError as error:
            log.warning("tokens are not taken back at the vendor", vendor=vendor, error=str(error))
