"""The domain's state: its key, its limits, its rooms and who gets into them."""

import math
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jwt

from playground.vendors.daily.rules import DEFAULTS, ROOM, TOKEN, objection, top
from playground.vendors.keyed import KeyedAccount, KeyedService


@dataclass(frozen=True, kw_only=True)
class Account(KeyedAccount):
    """How the domain behaves. `forbidden`: the key is valid, but may do nothing.

    `longest_name`: 128 on newer copies of the create-room page, 41 less the domain's length on older ones.
    `per_five_seconds`: 20 calls a second, and `slow_per_thirty_seconds`: about 2 deletes a second, in the windows of
    docs/rest-api, which says that GET /recordings is as slow; others say so of lists (`slow_lists`).

    Nowhere documented, so choose: `expired_names_taken`, whether an expired room keeps its name; `past_exp`, where an
    `exp` in the past is taken ("create", "update", "token"; public code saw Daily refuse it in creates);
    `pages_by_position`, whether `starting_after` means further down the list or, as one can read the page, newer rooms;
    `missing_error`, the `error` of a 404; `retry_after`, whether a 429 tells how long to wait.
    """

    api_key: str = "5ec2e70000000000000000000000000000000000000000000000000000da111e"
    domain: str = "example"
    forbidden: bool = False
    longest_name: int = 128
    per_five_seconds: int | None = 100
    slow_per_thirty_seconds: int | None = 50
    slow_lists: bool = True
    expired_names_taken: bool = False
    past_exp: tuple[str, ...] = ()
    pages_by_position: bool = True
    missing_error: str = "not-found"
    retry_after: bool = True


class DailyError(Exception):
    """An answer of `{"error", "info"}` (docs/rest-api/errors)."""

    def __init__(self, status: int, error: str, info: str, **more: Any) -> None:
        super().__init__(info)
        self.status = status
        self.body: dict[str, Any] = {"error": error, "info": info, **more}
        self.headers: dict[str, str] = {}


def _invalid(info: str) -> DailyError:
    return DailyError(400, "invalid-request-error", info)


class DailyService(KeyedService[Account]):
    """The domain's state. Every method is atomic. `clock` tells the time."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(Account, clock)

    def _clear(self) -> None:
        self._rooms: dict[str, dict[str, Any]] = {}
        self._calls: dict[bool, deque[float]] = {False: deque(), True: deque()}

    def meetings(self) -> list[dict[str, Any]]:
        """Every room that has not expired, oldest first, with its defaults."""
        with self._lock:
            return [{**room, "config": {**DEFAULTS, **room["config"]}} for room in deepcopy(self._living())]

    def join(self, **how: str) -> str:
        """With `url` and, perhaps, `token`: "owner", "in", "knocking" or "refused" (rooms/config)."""
        with self._lock:
            room = next((room for room in self._living() if room["url"] == how["url"]), None)
            if room is None or room["config"].get("nbf", 0) > self._now():
                return "refused"
            claims = self._claims(how.get("token", ""))
            if claims is not None and claims.get("r", room["name"]) == room["name"]:
                return "owner" if claims.get("o") else "in"
            if room["privacy"] == "public":
                return "in"
            return "knocking" if room["config"].get("enable_knocking") else "refused"

    # --- the API ---

    def admit(self, authorization: str, *, slow: bool) -> None:
        """Let a call in, or not: the key (docs/rest-api/authentication), then the calls in the window."""
        with self._lock:
            scheme, _, key = authorization.partition(" ")
            if scheme != "Bearer" or not key:
                raise DailyError(400, "authorization-header-error", "bad Authorization header format")
            if key not in self.tokens():
                raise DailyError(401, "authentication-error", "the API key is not valid")
            self._count(slow)
            if self.account.forbidden:
                raise DailyError(403, "forbidden-error", "the API key may not do this")

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._check(body, "create", objection(body, top(longest_name=self.account.longest_name), ROOM))
            name = body.get("name", secrets.token_urlsafe(15))
            if name in self._rooms and (self.account.expired_names_taken or not self._expired(self._rooms[name])):
                raise _invalid(f"a room named {name} already exists")
            self._rooms.pop(name, None)
            self._rooms[name] = {
                "id": str(uuid4()),
                "name": name,
                "api_created": True,
                "privacy": "public",
                "url": f"https://{self.account.domain}.daily.co/{name}",
                "created_at": self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "config": {},
            }
            return self._apply(name, body)

    def get(self, name: str) -> dict[str, Any]:
        with self._lock:
            return deepcopy(self._room(name))

    def update(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Properties that are not named stay as they are, null brings a default back (set-room-config page)."""
        with self._lock:
            self._room(name)
            self._check(body, "update", objection(body, top(longest_name=None), ROOM))
            return self._apply(name, body)

    def delete(self, name: str) -> dict[str, Any]:
        """An expired room is not found, but the answer says that it is now deleted (delete-room page)."""
        with self._lock:
            room = self._rooms.pop(name, None)
            if room is None or self._expired(room):
                raise self._missing(name, **({"deleted": True} if room else {}))
            return {"deleted": True, "name": name}

    def page(self, *, limit: int, after: str, before: str) -> dict[str, Any]:
        """At most 100 rooms, newest first; the count is of all (list-rooms page)."""
        with self._lock:
            rooms = page = self._living()[::-1]
            older, newer = (after, before) if self.account.pages_by_position else (before, after)
            ids = [room["id"] for room in rooms]
            if limit < 1 or not {after, before} <= {*ids, ""}:
                raise _invalid("invalid value for 'limit', 'starting_after' or 'ending_before'")
            limit = min(limit, 100)
            if older:
                page = rooms[ids.index(older) + 1 :]
            elif newer:
                page = rooms[: ids.index(newer)][-limit:]
            return {"total_count": len(rooms), "data": deepcopy(page[:limit])}

    def create_token(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A signed JWT that Daily keeps nowhere; its room need not exist (meeting-tokens page)."""
        with self._lock:
            self._check(body, "token", objection(body, {}, TOKEN))
            names = {"room_name": "r", "is_owner": "o", "user_name": "u", "user_id": "ud"}
            given = body.get("properties", {}).items()
            claims = {names.get(name, name): value for name, value in given if value is not None}
            token = jwt.encode({**claims, "iat": int(self._now())}, self.account.api_key, algorithm="HS256")
            self._hidden.add(token)
            return {"token": token}

    def _now(self) -> float:
        return self.clock().timestamp()

    def _count(self, slow: bool) -> None:
        limit = self.account.slow_per_thirty_seconds if slow else self.account.per_five_seconds
        window, calls, now = 30 if slow else 5, self._calls[slow], self._now()
        while calls and calls[0] <= now - window:
            calls.popleft()
        if limit is not None and len(calls) >= limit:
            error = DailyError(429, "rate-limit-error", "too many requests")
            if self.account.retry_after:
                error.headers["Retry-After"] = str(math.ceil(calls[0] + window - now) if calls else window)
            raise error
        calls.append(now)

    def _check(self, body: Mapping[str, Any], where: str, info: str | None) -> None:
        if info is not None:
            raise _invalid(info)
        exp = body.get("properties", {}).get("exp")
        if exp is not None and exp <= self._now() and where not in self.account.past_exp:
            raise _invalid(f"property 'exp' was {exp}, which is in the past")

    def _apply(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        room = self._rooms[name]
        room["privacy"] = body.get("privacy", room["privacy"])
        config = {**room["config"], **body.get("properties", {})}
        # only what differs from the defaults is ever shown (create-room page)
        room["config"] = {key: value for key, value in config.items() if value not in (None, DEFAULTS.get(key))}
        return deepcopy(room)

    def _expired(self, room: Mapping[str, Any]) -> bool:
        return bool(room["config"].get("exp", math.inf) <= self._now())

    def _living(self) -> list[dict[str, Any]]:
        return [room for room in self._rooms.values() if not self._expired(room)]

    def _room(self, name: str) -> dict[str, Any]:
        """To every endpoint an expired room is a deleted one (delete-room page)."""
        if name not in self._rooms or self._expired(self._rooms[name]):
            raise self._missing(name)
        return self._rooms[name]

    def _missing(self, name: str, **more: Any) -> DailyError:
        return DailyError(404, self.account.missing_error, f"room {name} does not exist", **more)

    def _claims(self, token: str) -> dict[str, Any] | None:
        """What a token says, None if it is not ours or not of this time."""
        try:
            claims = jwt.decode(
                token,
                self.account.api_key,
                algorithms=["HS256"],
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},  # by our own clock
            )
        except jwt.InvalidTokenError:
            return None
        return claims if claims.get("nbf", 0) <= self._now() < claims.get("exp", math.inf) else None
