"""What vendors have in common that know one API key and no tokens: the controls, and the key with its secrets."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from flask import Flask, Response, jsonify, request

from playground.vendors.controls import add_settings


@dataclass(frozen=True, kw_only=True)
class KeyedAccount:
    """Whatever else the vendor's account has, it has a key."""

    api_key: str


AccountT = TypeVar("AccountT", bound=KeyedAccount)


class KeyedService(Generic[AccountT]):
    """A vendor's state. Every method is atomic. `clock` tells the time."""

    account: AccountT
    _revoked: set[str]
    _hidden: set[str]

    def __init__(
        self, account: Callable[[], AccountT], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.clock = clock
        self._new_account = account
        self._lock = threading.RLock()
        self.reset()

    def configure(self, **changes: Any) -> AccountT:
        """Change fields of the account. Raises TypeError for an unknown one."""
        with self._lock:
            self.account = replace(self.account, **changes)
            self._hidden.add(self.account.api_key)
            return self.account

    def reset(self) -> None:
        """Back to an empty account."""
        with self._lock:
            self.account = self._new_account()
            self._revoked = set()
            self._hidden = {self.account.api_key}
            self._clear()

    def _clear(self) -> None:
        """Forget what the vendor keeps besides its account."""
        raise NotImplementedError

    def meetings(self) -> list[dict[str, Any]]:
        """Every living meeting in full, oldest first."""
        raise NotImplementedError

    def join(self, **how: str) -> str:
        """What becomes of somebody who opens a link."""
        raise NotImplementedError

    def mails(self) -> list[str]:
        """These vendors mail nobody."""
        return []

    def hidden(self) -> frozenset[str]:
        """Every secret that was ever answered or accepted."""
        with self._lock:
            return frozenset(self._hidden)

    def tokens(self) -> list[str]:
        """The API key, unless it is revoked."""
        with self._lock:
            return [key for key in (self.account.api_key,) if key not in self._revoked]

    def revoke_tokens(self, *, refresh: bool = False) -> None:  # noqa: ARG002 - there is nothing to refresh
        """Revoke the API key; `configure` can bring another one."""
        with self._lock:
            self._revoked.add(self.account.api_key)


def add_controls(app: Flask, service: KeyedService[Any]) -> None:
    """`/_playground/...`, as the vendors' docstrings list it."""

    @app.get("/_playground/meetings")
    def meetings() -> Response:
        return jsonify(service.meetings())

    @app.get("/_playground/mails")
    def mails() -> Response:
        return jsonify(service.mails())

    add_settings(app, type(service.account), service.configure)

    @app.post("/_playground/join")
    def join() -> dict[str, str]:
        return {"outcome": service.join(**request.get_json())}

    @app.delete("/_playground/tokens")
    def tokens() -> tuple[str, int]:
        service.revoke_tokens()
        return "", 204
