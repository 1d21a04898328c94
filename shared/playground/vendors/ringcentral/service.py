"""The account's state: who may do what, and the bridges."""

import secrets
import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from playground.vendors.ringcentral.account import (
    Account,
    RingCentralError,
    TokenRefused,
    invalid,
    lacking,
    not_found,
)
from playground.vendors.ringcentral.dial_in import conferencing
from playground.vendors.ringcentral.limits import Limits
from playground.vendors.ringcentral.rules import defaults, merged, new_pin, require_valid, secured, shown
from playground.vendors.ringcentral.sessions import Sessions


class RingCentralService:
    """The account's state. Every method is atomic. `clock` tells the time."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.account = Account()
        self.clock = clock
        self._lock = threading.RLock()
        self._sessions = Sessions(lambda: self.clock())
        self._limits = Limits()
        self._bridges: dict[str, dict[str, Any]] = {}
        self._used: dict[str, datetime] = {}
        self._codes: dict[str, tuple[str, str]] = {}
        self._secrets: set[str] = set()

    # --- control ---

    def configure(self, **changes: Any) -> Account:
        """Change fields of the account. Raises TypeError for an unknown one."""
        with self._lock:
            self._secrets |= {self.account.client_secret, *self.account.jwts}
            self.account = replace(self.account, **changes)
            return self.account

    def reset(self) -> None:
        """Back to an empty account."""
        with self._lock:
            self.configure()
            self.account = Account()
            self._sessions.revoke(refresh=True)
            self._limits.clear()
            for state in (self._bridges, self._used, self._codes):
                state.clear()

    def tokens(self) -> list[str]:
        """Every token that was issued and not revoked."""
        with self._lock:
            return self._sessions.tokens()

    def revoke_tokens(self, *, refresh: bool = False) -> None:
        """End the access tokens; `refresh`: whole sessions."""
        with self._lock:
            self._sessions.revoke(refresh=refresh)

    def meetings(self) -> list[dict[str, Any]]:
        """Every living bridge in full, oldest first. A default bridge is there once somebody has asked for it."""
        with self._lock:
            self._sweep()
            return [deepcopy(shown(bridge, trusted=True)) for bridge in self._bridges.values()]

    def mails(self) -> list[str]:
        """RingCentral mails nobody: a bridge has no guests."""
        return []

    def hidden(self) -> frozenset[str]:
        """Every secret that was ever answered or accepted; not the bridges' passwords, which guests are to have."""
        with self._lock:
            return frozenset({self.account.client_secret, *self.account.jwts, *self._secrets, *self._sessions.secrets})

    def set_status(self, bridge_id: str, status: str) -> None:
        """People come ("started"), or the last one goes ("ended"), which is the end of an Instant bridge (spec)."""
        with self._lock:
            bridge = self._bridge(bridge_id)
            self._used[bridge_id] = self.clock()
            if status == "ended" and bridge["type"] == "Instant":
                self._remove(bridge_id)

    # --- access ---

    def authorize(self, query: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Where the browser goes, and with what."""
        with self._lock:
            return self._sessions.authorize(query, self.account)

    def issue_token(
        self, client: tuple[str, str] | None, form: Mapping[str, str]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """The token endpoint's answer and headers."""
        with self._lock:
            self._require_client(client)
            who = self._sessions.person(form, self.account) or self.account.client_id
            headers = self._limits.count(self.account, who, "Auth", self.clock())
            return self._sessions.log_in(form, self.account), headers

    def revoke_token(self, client: tuple[str, str] | None, form: Mapping[str, str]) -> None:
        """The session of that token is over; one that is not known is as good as revoked (RFC 7009, section 2.2)."""
        with self._lock:
            self._require_client(client)
            self._sessions.end(form.get("token", ""))

    def admit(self, token: str, group: str, permission: str) -> tuple[str, dict[str, str]]:
        """Who calls, and the answer's headers."""
        with self._lock:
            person = self._sessions.use(token)
            if person in self.account.missing:
                raise RingCentralError(401, "OAU-136", "Extension not found")
            headers = self._limits.count(self.account, person, group, self.clock())
            if permission not in self.account.permissions:
                error = lacking("CMN-401", "application", permission)
                error.headers = headers
                raise error
            return person, headers

    def _require_client(self, client: tuple[str, str] | None) -> None:
        if client is None:
            raise TokenRefused(401, "invalid_client", "OAU-123", "Client authentication is required")
        if client != (self.account.client_id, self.account.client_secret):
            raise TokenRefused(401, "invalid_client", "OAU-146", "Invalid client credentials")

    # --- bridges ---

    def create(self, person: str, account_id: str, extension_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            host = self._host(person, account_id, extension_id)
            self._require_trusted(person, host)
            self._require_licence(host)
            asked = require_valid(body, self.account, creating=True)
            if asked.get("type") != "PMI":
                return self._answer(self._new(host, asked), person)
            known = self._default(host)
            if known and self.account.second_pmi == "refused":
                raise invalid("type")
            if known is None:
                return self._answer(self._new(host, asked), person)
            return self.update(person, known["id"], {n: v for n, v in body.items() if n not in {"type", "pins"}})

    def default(self, person: str, account_id: str, extension_id: str) -> dict[str, Any]:
        """A person's personal meeting room, which everybody has (guide, video/api/personal-meetings)."""
        with self._lock:
            host = self._host(person, account_id, extension_id)
            self._require_licence(host)
            return self._answer(self._default(host) or self._new(host, {"type": "PMI"}), person)

    def get(self, person: str, bridge_id: str) -> dict[str, Any]:
        with self._lock:
            return self._answer(self._bridge(bridge_id), person)

    def find(self, person: str, kind: Literal["web", "pstn"], pin: str) -> dict[str, Any]:
        """The bridge with that web PIN or alias, or with that phone PIN of host or participants."""
        with self._lock:
            self._sweep()
            for bridge in self._bridges.values():
                pins = bridge["pins"]
                if pin in ([pins["web"], *pins["aliases"]] if kind == "web" else pins["pstn"].values()):
                    return self._answer(bridge, person)
            raise not_found("pin")

    def update(self, person: str, bridge_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            bridge = self._bridge(bridge_id)
            self._require_trusted(person, bridge["host"]["extensionId"])
            self._apply(bridge, require_valid(body, self.account, creating=False))
            return self._answer(bridge, person)

    def delete(self, person: str, bridge_id: str) -> None:
        """A default bridge ends with its person only (spec, BridgeResponse); the refusal's form is not documented."""
        with self._lock:
            bridge = self._bridge(bridge_id)
            self._require_trusted(person, bridge["host"]["extensionId"])
            if bridge["type"] == "PMI":
                raise invalid("bridgeId", 403)
            self._remove(bridge_id)

    def extension(self, person: str, account_id: str, extension_id: str) -> dict[str, Any]:
        """An extension, as far as it tells who that is (spec, GetExtensionInfoResponse)."""
        with self._lock:
            host = self._host(person, account_id, extension_id)
            contact = {"firstName": "Extension", "lastName": host, "email": f"{host}@example.com"}
            return {"id": int(host), "name": f"Extension {host}", "contact": contact, "status": "Enabled"}

    def conferencing(self, person: str, account_id: str, extension_id: str, country: str) -> dict[str, Any]:
        """Dial-in numbers, those of the country first (spec, GetConferencingInfoResponse)."""
        with self._lock:
            host = self._host(person, account_id, extension_id)
            if person != host and person not in self.account.super_admins:
                raise RingCentralError(403, "CMN-404", "Attempt to access another extension")
            if host in self.account.without_audio:
                raise lacking("CMN-408", "user", "OrganizeConference")
            codes = self._codes.setdefault(host, (new_pin()[:9], new_pin()[:9]))
            self._secrets.add(codes[0])
            return conferencing(self.account.account_id, host, codes, country)

    def _new(self, host: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        kind = asked.get("type", "Instant")
        bridge = {
            "id": f"iad41-c04-ndb{secrets.token_hex(14)}",
            "name": "RingCentral Video Meeting",
            "type": kind,
            "host": {"accountId": self.account.account_id, "extensionId": host},
            "pins": {"pstn": {"host": new_pin(), "participant": new_pin()}, "web": new_pin(), "aliases": []},
            **defaults(kind),
        }
        self._apply(bridge, asked)
        self._secrets.add(bridge["pins"]["pstn"]["host"])
        self._bridges[bridge["id"]] = bridge
        self._used[bridge["id"]] = self.clock()
        return bridge

    def _apply(self, bridge: dict[str, Any], asked: Mapping[str, Any]) -> None:
        account = self.account
        pins = asked.get("pins", {}) if account.chosen_pins else {}
        taken = [other["pins"] for other in self._bridges.values() if other is not bridge]
        if pins.get("web") in {each["web"] for each in taken}:
            raise invalid("pins.web", account.taken_pin_status)
        phone = {pin for each in taken for pin in each["pstn"].values()}
        if phone & set(pins.get("pstn", {}).values()):
            raise invalid("pins.pstn", account.taken_pin_status)
        bridge |= {
            "name": asked.get("name", bridge["name"]),
            "security": secured(bridge["security"], asked.get("security", {}), account, bridge["id"]),
            "pins": merged(bridge["pins"], pins),
            "preferences": merged(
                merged(bridge["preferences"], asked.get("preferences", {})), account.locked.get("preferences", {})
            ),
        }

    def _answer(self, bridge: Mapping[str, Any], person: str) -> dict[str, Any]:
        return deepcopy(shown(bridge, trusted=self._trusted(person, bridge["host"]["extensionId"])))

    def _default(self, host: str) -> dict[str, Any] | None:
        mine = (each for each in self._bridges.values() if each["host"]["extensionId"] == host)
        return next((bridge for bridge in mine if bridge["type"] == "PMI"), None)

    def _bridge(self, bridge_id: str) -> dict[str, Any]:
        self._sweep()
        if bridge_id not in self._bridges:
            raise not_found("bridgeId")
        return self._bridges[bridge_id]

    def _sweep(self) -> None:
        """Delete what has outlived its days, and what belongs to people who are gone."""
        days = {"Instant": self.account.instant_days, "Scheduled": self.account.idle_days, "PMI": None}
        for bridge in list(self._bridges.values()):
            kept = days[bridge["type"]]
            ended = kept is not None and self.clock() - self._used[bridge["id"]] >= timedelta(days=kept)
            if ended or bridge["host"]["extensionId"] in self.account.missing:
                self._remove(bridge["id"])

    def _remove(self, bridge_id: str) -> None:
        del self._bridges[bridge_id], self._used[bridge_id]

    # --- people ---

    def _host(self, person: str, account_id: str, extension_id: str) -> str:
        if account_id not in {"~", self.account.account_id}:
            raise RingCentralError(403, "CMN-404", "Attempt to access another extension")
        host = person if extension_id == "~" else extension_id
        if not host.isdecimal() or host in self.account.missing:
            raise not_found("extensionId")
        return host

    def _trusted(self, person: str, host: str) -> bool:
        """The owner, a delegate, a super admin (spec, createBridge)."""
        return person == host or person in self.account.delegates.get(host, ()) or person in self.account.super_admins

    def _require_trusted(self, person: str, host: str) -> None:
        if not self._trusted(person, host):
            raise RingCentralError(403, "CMN-404", "Attempt to access another extension")

    def _require_licence(self, host: str) -> None:
        if host in self.account.unlicensed:
            raise RingCentralError(403, "CMN-109", "Feature not available")
