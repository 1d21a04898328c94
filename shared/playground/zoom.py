"""A Zoom account on loopback: the token endpoint, and the API of https://developers.zoom.us/docs/api/meetings/.

Under `/_playground/`: `GET meetings` shows everything that lives, `PUT settings` changes how the account behaves (any
field of `Account`), `DELETE tokens` revokes every access token. Faults of the connection come from `playground.server`.
"""

import secrets
import threading
from collections import Counter, deque
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from flask import Flask, Response, jsonify, request

from playground.zoom_rules import instant, occurrences, utc_text, wrong_fields

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
    """How the account behaves. `locked` settings win over what a meeting asks for; `missing` users don't exist.

    `per_day` counts creates and updates per host and UTC day; `per_second` counts all calls of the account.
    `list_lag`: seconds until a new meeting shows up in lists.
    """

    account_id: str = "example-account"
    client_id: str = "example-client"
    client_secret: str = "example-client-secret"
    scopes: tuple[str, ...] = SCOPES
    locked: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
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
    """The account's state. Every method is atomic."""

    def __init__(self, account: Account | None = None) -> None:
        self.account = self._made = account or Account()
        self._lock = threading.RLock()
        self._meetings: dict[str, dict[str, Any]] = {}
        self._tokens: dict[str, datetime] = {}
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
        """Back to an empty account as it was made."""
        with self._lock:
            self.account = self._made
            for state in (self._meetings, self._tokens, self._writes, self._calls, self._pages):
                state.clear()

    def tokens(self) -> list[str]:
        """Every access token that was issued and not revoked."""
        with self._lock:
            return list(self._tokens)

    def revoke_tokens(self) -> None:
        with self._lock:
            self._tokens.clear()

    def meetings(self) -> list[dict[str, Any]]:
        """Every living meeting in full, oldest first."""
        with self._lock:
            return deepcopy(list(self._meetings.values()))

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
            token = secrets.token_urlsafe(48)
            self._tokens[token] = _now() + timedelta(seconds=account.token_seconds)
            return {
                "access_token": token,
                "token_type": "bearer",
                "expires_in": account.token_seconds,
                "scope": " ".join(account.scopes),
            }

    def admit(self, token: str, scope: str) -> None:
        """Let a call in, or not: token, scope, and calls per second."""
        with self._lock:
            now = _now()
            if self._tokens.get(token, now) <= now:
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
            _require_valid(body, creating=True)
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
                "created_at": utc_text(_now()),
                "start_url": f"https://zoom.us/s/{meeting_id}?zak={secrets.token_urlsafe(64)}",
                "password": secrets.token_hex(3),
                "pstn_password": str(100_000 + secrets.randbelow(900_000)),
                "settings": {"global_dial_in_countries": ["US", "DE"], "global_dial_in_numbers": list(DIAL_IN)},
            }
            meeting["h323_password"] = meeting["pstn_password"]
            self._apply(meeting, body)
            self._meetings[str(meeting_id)] = meeting
            return deepcopy(meeting)

    def get(self, meeting_id: str) -> dict[str, Any]:
        with self._lock:
            return deepcopy(self._meeting(meeting_id))

    def update(self, meeting_id: str, body: Mapping[str, Any]) -> None:
        with self._lock:
            meeting = self._meeting(meeting_id)
            _require_valid(body, creating=False)
            self._count_write(meeting["host_email"])
            self._apply(meeting, body)

    def delete(self, meeting_id: str) -> None:
        with self._lock:
            self._meeting(meeting_id)
            del self._meetings[meeting_id]

    def list(self, host: str, *, size: int, token: str) -> dict[str, Any]:
        """A page, without passcodes and dial-in numbers, and with the agenda cut."""
        with self._lock:
            self._require_user(host)
            before = utc_text(_now() - timedelta(seconds=self.account.list_lag))
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
        return self._meetings[meeting_id]

    def _require_user(self, host: str) -> None:
        # to a server-to-server app, "me" is nobody whom an event could mean
        if host == "me" or host in self.account.missing:
            raise ZoomError(404, 1001, f"User does not exist: {host}.")

    def _count_write(self, host: str) -> None:
        now = _now()
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

    def _apply(self, meeting: dict[str, Any], body: Mapping[str, Any]) -> None:
        meeting |= {name: body[name] for name in ("topic", "agenda", "type", "password", "duration") if name in body}
        meeting["settings"] |= {**body.get("settings", {}), **self.account.locked}
        if "start_time" in body:
            meeting["timezone"] = body.get("timezone", meeting["timezone"])
            meeting["start_time"] = utc_text(instant(body["start_time"], meeting["timezone"]))
        if meeting["type"] == 8:
            meeting["recurrence"] = body.get("recurrence", meeting.get("recurrence"))
            meeting["occurrences"] = occurrences(meeting)
        else:  # a recurrence on any other type is ignored, without a word
            meeting.pop("recurrence", None)
            meeting.pop("occurrences", None)
        if meeting["type"] == 3:
            meeting.pop("start_time", None)
        hashed = sha256(f"{meeting['id']} {meeting['password']}".encode()).hexdigest()[:32]
        meeting["join_url"] = f"https://us02web.zoom.us/j/{meeting['id']}?pwd={hashed}.1"
        meeting["encrypted_password"] = hashed


class TokenRefused(Exception):
    """The token endpoint's own form of an error."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.body = {"reason": reason, "error": error}


def create_app(zoom: ZoomService) -> Flask:
    """The account as a WSGI application: `/oauth/token`, `/v2/...` and `/_playground/...`."""
    app = Flask(__name__)

    @app.errorhandler(ZoomError)
    def refused(error: ZoomError) -> tuple[Response, int, dict[str, str]]:
        return jsonify(error.body), error.status, error.headers

    @app.errorhandler(TokenRefused)
    def token_refused(error: TokenRefused) -> tuple[Response, int]:
        return jsonify(error.body), 400

    @app.post("/oauth/token")
    def token() -> dict[str, Any]:
        given = request.authorization
        client = (given.username or "", given.password or "") if given else ("", "")
        return {**zoom.issue_token(client, request.values), "api_url": request.host_url.rstrip("/")}

    _add_meetings(app, zoom)
    _add_controls(app, zoom)
    return app


def _add_meetings(app: Flask, zoom: ZoomService) -> None:
    def admit(scope: str) -> None:
        zoom.admit(request.headers.get("Authorization", "").removeprefix("Bearer "), f"meeting:{scope}:admin")

    @app.post("/v2/users/<host>/meetings")
    def create(host: str) -> tuple[dict[str, Any], int]:
        admit("write:meeting")
        return zoom.create(host, _body()), 201

    @app.get("/v2/users/<host>/meetings")
    def list_meetings(host: str) -> dict[str, Any]:
        admit("read:list_meetings")
        size = min(int(request.args.get("page_size", 30)), 300)
        return zoom.list(host, size=size, token=request.args.get("next_page_token", ""))

    @app.get("/v2/meetings/<meeting_id>")
    def get(meeting_id: str) -> dict[str, Any]:
        admit("read:meeting")
        return zoom.get(meeting_id)

    @app.patch("/v2/meetings/<meeting_id>")
    def update(meeting_id: str) -> tuple[str, int]:
        admit("update:meeting")
        zoom.update(meeting_id, _body())
        return "", 204

    @app.delete("/v2/meetings/<meeting_id>")
    def delete(meeting_id: str) -> tuple[str, int]:
        admit("delete:meeting")
        zoom.delete(meeting_id)
        return "", 204

    @app.get("/v2/meetings/<meeting_id>/invitation")
    def invitation(meeting_id: str) -> dict[str, Any]:
        admit("read:invitation")
        meeting = zoom.get(meeting_id)
        text = f"{meeting['host_email']} is inviting you to a scheduled Zoom meeting.\r\n{meeting['join_url']}"
        return {"invitation": text, "sip_links": [f"sip:{meeting_id}.{meeting['h323_password']}@zoomcrc.com"]}


def _add_controls(app: Flask, zoom: ZoomService) -> None:
    @app.get("/_playground/meetings")
    def meetings() -> Response:
        return jsonify(zoom.meetings())

    @app.put("/_playground/settings")
    def settings() -> Response:
        changes = request.get_json()
        unknown = set(changes) - {f.name for f in fields(Account)}
        if unknown:
            raise ZoomError(400, 300, f"the account has no {', '.join(sorted(unknown))}")
        return jsonify(asdict(zoom.configure(**changes)))

    @app.delete("/_playground/tokens")
    def tokens() -> tuple[str, int]:
        zoom.revoke_tokens()
        return "", 204


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ZoomError(400, 300, "Request Body should be a valid JSON object.")
    return body


def _require_valid(body: Mapping[str, Any], *, creating: bool) -> None:
    """Raise error 300, which names every wrong field."""
    wrong = wrong_fields(body, creating=creating)
    if wrong:
        raise ZoomError(400, 300, "Validation Failed.", fields=dict.fromkeys(wrong, "Invalid field."))


def _now() -> datetime:
    return datetime.now(UTC)


def _listed(meeting: Mapping[str, Any]) -> dict[str, Any]:
    names = ("uuid", "id", "host_id", "topic", "type", "start_time", "duration", "timezone", "created_at", "join_url")
    listed = {name: meeting[name] for name in names if name in meeting}
    return {**listed, "agenda": meeting["agenda"][:LISTED_AGENDA]} if meeting["agenda"] else listed
