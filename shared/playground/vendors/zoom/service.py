"""The account's state and rules: tokens, limits, meetings."""

import secrets
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from playground.vendors.tokens import Tokens
from playground.vendors.zoom.rules import occurrences, schedule, utc_text, wrong_fields

SCOPES = (
    "meeting:write:meeting:admin",
    "meeting:read:meeting:admin",
    "meeting:update:meeting:admin",
    "meeting:delete:meeting:admin",
    "meeting:read:list_meetings:admin",
    "meeting:read:invitation:admin",
)
LISTED_AGENDA = 250
DIAL_IN = (
    {"country": "US", "country_name": "US", "city": "Tacoma", "number": "+1 2532050468", "type": "toll"},
    {"country": "US", "country_name": "US", "city": "", "number": "+1 8778535257", "type": "tollfree"},
    {"country": "DE", "country_name": "Germany", "city": "", "number": "+49 69 3807 9883", "type": "toll"},
)


@dataclass(frozen=True, kw_only=True)
class Account:
    """How the account behaves. `locked` settings win over what a meeting asks for; `missing` users don't exist (any
    more), and those `elsewhere` are of another account; `unknown_zones` are IANA's, but not on Zoom's list.

    `per_day` counts creates and updates per host and UTC day; `per_second` counts all calls of the account.
    `list_lag`: seconds until a new meeting shows up in lists.
    """

    account_id: str = "example-account"
    client_id: str = "example-client"
    client_secret: str = "example-client-secret"
    scopes: tuple[str, ...] = SCOPES
    locked: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    unknown_zones: tuple[str, ...] = ()
    per_day: int = 100
    per_second: int | None = None
    list_lag: float = 0
    token_seconds: int = 3600


class ZoomError(Exception):
    """An answer of `{"code", "message"}`."""

    def __init__(
        self, status: int, code: int, message: str, *, fields: Mapping[str, str] | None = None, **headers: str
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"code": code, "message": message}
        if fields:
            self.body["errors"] = [{"field": name, "message": text} for name, text in fields.items()]
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class ZoomService:
    """The account's state. Every method is atomic. `clock` tells the time."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.account = Account()
        self.clock = clock
        self._lock = threading.RLock()
        self._meetings: dict[str, dict[str, Any]] = {}
        self._tokens = Tokens(lambda: self.clock())
        self._writes: Counter[tuple[str, str]] = Counter()
        self._calls: deque[datetime] = deque(maxlen=1000)
        self._pages: dict[str, int] = {}

    # --- control ---

    def configure(self, **changes: Any) -> Account:
        """Change fields of the account. Raises TypeError for an unknown one."""
        with self._lock:
            self.account = replace(self.account, **changes)
            return self.account

    def reset(self) -> None:
        """Back to an empty account."""
        with self._lock:
            self.account = Account()
            self._tokens.revoke(refresh=True)
            for state in (self._meetings, self._writes, self._calls, self._pages):
                state.clear()

    def tokens(self) -> list[str]:
        """Every access token that was issued and not revoked."""
        return self._tokens.all()

    def revoke_tokens(self) -> None:
        self._tokens.revoke()

    def meetings(self) -> list[dict[str, Any]]:
        """Every living meeting in full, oldest first."""
        with self._lock:
            return deepcopy(list(self._meetings.values()))

    def writes(self) -> int:
        """How many creates and updates were counted, of all hosts and days."""
        with self._lock:
            return self._writes.total()

    # --- tokens ---

    def issue_token(self, client: tuple[str, str], form: Mapping[str, str]) -> dict[str, Any]:
        """https://developers.zoom.us/docs/internal-apps/s2s-oauth/"""
        with self._lock:
            account = self.account
            if client != (account.client_id, account.client_secret):
                raise TokenRefused("invalid_client", "Invalid client_id or client_secret")
            if form.get("grant_type") != "account_credentials":
                raise TokenRefused("unsupported_grant_type", "unsupported grant type")
            if form.get("account_id") != account.account_id:
                raise TokenRefused("invalid_request", "Bad request")
            return {
                "access_token": self._tokens.issue(account.account_id, account.scopes, ttl=account.token_seconds),
                "token_type": "bearer",
                "expires_in": account.token_seconds,
                "scope": " ".join(account.scopes),
            }

    def admit(self, token: str, scope: str) -> None:
        """Let a call in, or not: token, scope, and calls per second."""
        with self._lock:
            now = self.clock()
            if self._tokens.whose(token) is None:
                raise ZoomError(401, 124, "Invalid access token.")
            if scope not in self.account.scopes:
                raise ZoomError(400, 4711, f"Invalid access token, does not contain scopes:[{scope}].")
            recent = sum(1 for at in self._calls if now - at < timedelta(seconds=1))
            if self.account.per_second is not None and recent >= self.account.per_second:
                reset = str(int(now.timestamp()) + 1)
                raise ZoomError(
                    429,
                    429,
                    "You have reached the maximum per-second rate limit for this API. Try again later.",
                    X_RateLimit_Type="QPS",
                    X_RateLimit_Limit=str(self.account.per_second),
                    X_RateLimit_Remaining="0",
                    X_RateLimit_Reset=reset,
                )
            self._calls.append(now)

    # --- meetings ---

    def create(self, host: str, body: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._require_user(host)
            self._require_valid(body, creating=True)
            self._count_write(host)
            meeting_id = 10_000_000_000 + secrets.randbelow(90_000_000_000)
            meeting: dict[str, Any] = {
                "uuid": secrets.token_urlsafe(16),
                "id": meeting_id,
                "host_id": sha256(host.encode()).hexdigest()[:22],
                "host_email": host,
                "topic": "Zoom Meeting",
                "type": 2,
                "status": "waiting",
                "timezone": "UTC",
                "duration": 60,
                "agenda": "",
                "created_at": utc_text(self.clock()),
                "start_url": f"https://zoom.us/s/{meeting_id}?zak={secrets.token_urlsafe(64)}",
                "password": secrets.token_hex(3),
                "pstn_password": str(100_000 + secrets.randbelow(900_000)),
                "settings": {"global_dial_in_countries": ["US", "DE"], "global_dial_in_numbers": list(DIAL_IN)},
            }
            meeting["h323_password"] = meeting["pstn_password"]
            self._apply(meeting, body, creating=True)
            self._meetings[str(meeting_id)] = meeting
            return deepcopy(meeting)

    def get(self, meeting_id: str) -> dict[str, Any]:
        """The meeting; of a series, what is still to come."""
        with self._lock:
            meeting = deepcopy(self._meeting(meeting_id))
            if meeting["type"] == 8:
                meeting["occurrences"] = occurrences(meeting, self.clock())
                meeting["start_time"] = next((o["start_time"] for o in meeting["occurrences"]), meeting["start_time"])
            return meeting

    def update(self, meeting_id: str, body: Mapping[str, Any]) -> None:
        with self._lock:
            meeting = self._meeting(meeting_id)
            if meeting["status"] == "started":
                raise ZoomError(400, 3000, "You cannot update or delete meetings that have started using this method.")
            self._require_valid(body, creating=False)
            self._count_write(meeting["host_email"])
            self._apply(meeting, body, creating=False)

    def delete(self, meeting_id: str) -> None:
        with self._lock:
            meeting = self._meeting(meeting_id)
            if meeting["status"] == "started":
                raise ZoomError(400, 3002, "Sorry, you cannot delete this meeting since it is in progress.")
            if meeting["status"] == "ended":
                raise ZoomError(400, 3007, "Sorry, you cannot delete this meeting since it has ended.")
            del self._meetings[meeting_id]

    def set_status(self, meeting_id: str, status: str) -> None:
        """Somebody joins ("started"), the last one leaves ("ended"), Zoom has done with the end of it ("waiting")."""
        with self._lock:
            self._meeting(meeting_id)["status"] = status

    def list(self, host: str, *, size: int, token: str) -> dict[str, Any]:
        """A page, without passcodes and dial-in numbers, and with the agenda cut."""
        with self._lock:
            self._require_user(host)
            before = utc_text(self.clock() - timedelta(seconds=self.account.list_lag))
            mine = [m for m in self._meetings.values() if m["host_email"] == host and m["created_at"] <= before]
            if token and token not in self._pages:
                raise ZoomError(400, 300, "The next page token is invalid or expired.")
            start = self._pages[token] if token else 0
            more = ""
            if start + size < len(mine):
                more = secrets.token_urlsafe(16)
                self._pages[more] = start + size
            page = [_listed(meeting) for meeting in mine[start : start + size]]
            return {"page_size": size, "total_records": len(mine), "next_page_token": more, "meetings": page}

    def _meeting(self, meeting_id: str) -> dict[str, Any]:
        if meeting_id not in self._meetings:
            raise ZoomError(404, 3001, f"Meeting does not exist: {meeting_id}.")
        self._require_user(self._meetings[meeting_id]["host_email"])
        return self._meetings[meeting_id]

    def _require_user(self, host: str) -> None:
        # to a server-to-server app, "me" is nobody whom an event could mean
        if host == "me" or host in self.account.missing:
            raise ZoomError(404, 1001, f"User does not exist: {host}.")
        if host in self.account.elsewhere:
            raise ZoomError(400, 1010, f"User does not belong to this account: {self.account.account_id}.")

    def _require_valid(self, body: Mapping[str, Any], *, creating: bool) -> None:
        """Raise error 300, which names every wrong field."""
        wrong = list(wrong_fields(body, creating=creating))
        if body.get("timezone") in self.account.unknown_zones:
            wrong.append("timezone")
        if wrong:
            raise ZoomError(400, 300, "Validation Failed.", fields=dict.fromkeys(wrong, "Invalid field."))

    def _count_write(self, host: str) -> None:
        now = self.clock()
        today = (host, now.date().isoformat())
        if self._writes[today] >= self.account.per_day:
            midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
            raise ZoomError(
                429,
                429,
                f"You have exceeded the daily rate limit ({self.account.per_day}) of Meeting Create/Update API requests"
                " permitted for this user.",
                Retry_After=utc_text(midnight),
                X_RateLimit_Type="Daily-limit",
            )
        self._writes[today] += 1

    def _apply(self, meeting: dict[str, Any], body: Mapping[str, Any], *, creating: bool) -> None:
        scheduled = schedule(meeting, body, self.clock(), creating=creating)
        for name in ("start_time", "recurrence", "occurrences"):  # a recurrence on any type but 8 is ignored
            meeting.pop(name, None)
        kept = ("topic", "agenda", "password", "duration")
        meeting |= {**{name: body[name] for name in kept if name in body}, **scheduled}
        meeting["settings"] |= {**body.get("settings", {}), **self.account.locked}
        if meeting["type"] == 8:
            meeting["occurrences"] = occurrences(meeting)
        hashed = sha256(f"{meeting['id']} {meeting['password']}".encode()).hexdigest()[:32]
        meeting["join_url"] = f"https://us02web.zoom.us/j/{meeting['id']}?pwd={hashed}.1"
        meeting["encrypted_password"] = hashed


class TokenRefused(Exception):
    """The token endpoint's own form of an error."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.body = {"reason": reason, "error": error}


def _listed(meeting: Mapping[str, Any]) -> dict[str, Any]:
    names = ("uuid", "id", "host_id", "topic", "type", "start_time", "duration", "timezone", "created_at", "join_url")
    listed = {name: meeting[name] for name in names if name in meeting}
    return {**listed, "agenda": meeting["agenda"][:LISTED_AGENDA]} if meeting["agenda"] else listed
