"""Who is in which room."""

import threading
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from playground.vendors.jitsi.token import Account, Refused, granted_features, is_moderator, verify

JAAS_PREFIX = "vpaas-magic-cookie-"


class JitsiService:
    """The server's state. Every method is atomic. `clock` tells the time."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.account = Account()
        self.clock = clock
        self._lock = threading.RLock()
        self._rooms: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._joins: list[dict[str, Any]] = []
        self._seen: set[str] = set()

    def configure(self, **changes: Any) -> Account:
        """Change fields of the account. Raises TypeError for an unknown one."""
        with self._lock:
            self._seen.add(self.account.app_secret)
            self.account = replace(self.account, **changes)
            return self.account

    def reset(self) -> None:
        """Back to an empty server; what was secret stays so."""
        with self._lock:
            self.configure(**vars(Account()))
            self._rooms.clear()
            self._joins.clear()

    def meetings(self) -> list[dict[str, Any]]:
        """Every room with people in it, by when the first of them came."""
        with self._lock:
            rooms = self._rooms.items()
            return deepcopy([{"tenant": tenant, "room": room, "people": people} for (tenant, room), people in rooms])

    def joins(self) -> list[dict[str, Any]]:
        """Who came where as what, in this order, whether or not they have left."""
        with self._lock:
            return deepcopy(self._joins)

    def mails(self) -> list[str]:
        """None: Jitsi writes to nobody."""
        return []

    def hidden(self) -> frozenset[str]:
        """The shared secret, as it is and was, and every token that somebody came with."""
        with self._lock:
            return frozenset({*self._seen, self.account.app_secret})

    def leave(self) -> None:
        """Everybody goes."""
        with self._lock:
            self._rooms.clear()

    def enter(self, tenant: str, room: str, token: str | None) -> dict[str, Any]:
        """Come into a room, or raise `Refused`. Tenant "": Jitsi Meet's own."""
        with self._lock:
            account, now = self.account, self.clock()
            jaas = account.is_jaas(tenant)
            if tenant.startswith(JAAS_PREFIX) and not jaas:
                raise Refused("there is no such AppID")
            if token:
                self._seen.add(token)
            key = (tenant.lower(), room.lower())
            join: dict[str, Any] = {"tenant": tenant, "room": key[1], "at": now.isoformat(), "role": "guest"}
            join |= {"id": "", "name": "", "email": "", "features": []}
            if not jaas and not account.plugin:
                join["role"] = "guest" if key in self._rooms else "moderator"
            elif token:
                claims = verify(account, tenant, room, token, now.timestamp())
                user = claims.get("context", {}).get("user", {})
                join |= {name: user[name] for name in ("id", "name", "email") if name in user}
                if is_moderator(account, tenant, claims):
                    join |= {"role": "moderator", "features": granted_features(claims)}
            elif not (account.jaas_guests if jaas else account.guests):
                raise Refused("token required")
            self._rooms.setdefault(key, []).append(join)
            self._joins.append(join)
            return deepcopy(join)
