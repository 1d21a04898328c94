"""What all Google Cloud REST APIs share: error documents, bearer tokens, strict bodies, durations and times."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from playground.accounts import Accounts

Body = dict[str, Any]
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
_DURATION = re.compile(r"\d+(\.\d{1,9})?s")


class GoogleError(Exception):
    """A refusal, as https://cloud.google.com/apis/design/errors#http_mapping writes it: HTTP code, status, message."""

    def __init__(self, code: int, status: str, message: str) -> None:
        super().__init__(message)
        self.code, self.status, self.message = code, status, message

    def response(self) -> Response:
        answer = jsonify({"error": {"code": self.code, "message": self.message, "status": self.status}})
        answer.status_code = self.code
        return answer


def invalid(message: str) -> GoogleError:
    return GoogleError(400, "INVALID_ARGUMENT", message)


def not_found(message: str = "Requested entity was not found.") -> GoogleError:
    return GoogleError(404, "NOT_FOUND", message)


def google_api(name: str, accounts: Accounts) -> Flask:
    """Return an app that answers errors as Google does and knows its caller; `/_playground/` needs no token."""
    app = Flask(name)

    @app.before_request
    def authenticate() -> None:
        if request.path.startswith("/_playground/"):
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        caller = accounts.whois(token) if scheme.lower() == "bearer" else None
        if caller is None:
            raise GoogleError(
                401,
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
                "valid authentication credential.",
            )
        granted = accounts.scopes(token)
        if granted and CLOUD_PLATFORM not in granted:  # a token that was issued without any may do everything
            raise GoogleError(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.")
        g.caller = caller

    app.register_error_handler(GoogleError, GoogleError.response)
    app.register_error_handler(HTTPException, _http_error)
    return app


def _http_error(error: HTTPException) -> Response:
    status = {404: "NOT_FOUND", 405: "UNIMPLEMENTED"}.get(error.code or 500, "INVALID_ARGUMENT")
    return GoogleError(error.code or 500, status, str(error.description)).response()


def caller() -> str:
    """Return the email of the account that makes the current request."""
    return str(g.caller)


def json_body(known: Collection[str] | None = None) -> Body:
    """Return the request's JSON object; raise GoogleError when it is none or has a field outside `known`."""
    value = request.get_json(force=True, silent=True) if request.data else {}
    if not isinstance(value, dict):
        raise invalid("Invalid JSON payload received.")
    if known is not None:
        check_fields(value, known)
    return value


def check_fields(value: Body, known: Collection[str], at: str = "") -> None:
    """Raise GoogleError for a field that the message at `at` does not have: Google never ignores one."""
    for name in value:
        if name not in known:
            where = f" at '{at}'" if at else ""
            raise invalid(f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.')


def parse_duration(text: object, field: str) -> float:
    """Return the seconds of a protobuf Duration such as "3.5s"."""
    if not isinstance(text, str) or not _DURATION.fullmatch(text):
        raise invalid(f"Invalid value at '{field}' (type.googleapis.com/google.protobuf.Duration), {text!r}")
    return float(text[:-1])


def format_duration(seconds: float) -> str:
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def parse_time(text: object, field: str) -> float:
    """Return the epoch seconds of a protobuf Timestamp such as "2026-11-21T03:00:00Z"."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise invalid(f"Invalid value at '{field}' (type.googleapis.com/google.protobuf.Timestamp), {text!r}")
    return moment.timestamp()


def format_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
