"""Whatever a Calendar call can end in -> the errors of the domain, in one function.

https://developers.google.com/workspace/calendar/api/guides/errors. The reasons of refused watches are on no page of
Google's; they are what clients met (closeio/sync-engine, webhookdb/webhookdb#624).
"""

import http.client
from datetime import datetime, timedelta

import httplib2
import msgspec
from google.auth.exceptions import GoogleAuthError, RefreshError
from googleapiclient.errors import HttpError

from confsync.domain.errors import (
    AuthExpired,
    Conflict,
    Invalid,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    SyncTokenExpired,
    Temporary,
    Unwatchable,
)
from confsync.transport.errors import safe
from confsync.transport.retry_after import retry_at

SERVICE = "google-calendar"

FAILURES = (
    HttpError,
    GoogleAuthError,
    httplib2.HttpLib2Error,
    http.client.HTTPException,
    OSError,
    msgspec.DecodeError,  # an answer that is no JSON: a proxy's page, or a cut one
)
"""What a call can raise."""

# "Calendar usage limits exceeded" makes the account read-only for hours: https://support.google.com/a/answer/2905486
USAGE_LIMIT_PAUSE = timedelta(hours=1)

_RATE_LIMITS = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_USAGE_LIMITS = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_BY_REASON: dict[tuple[int, str], type[ServiceError]] = {
    (400, "pushNotSupportedForRequestedResource"): Unwatchable,
    (400, "channelIdNotUnique"): Conflict,
    (401, "push.webhookUrlUnauthorized"): PermissionDenied,
    (410, "fullSyncRequired"): SyncTokenExpired,
    (410, "updatedMinTooLongAgo"): SyncTokenExpired,
}
_BY_STATUS: dict[int, type[ServiceError]] = {
    401: AuthExpired,
    403: PermissionDenied,
    404: NotFound,
    408: Temporary,
    409: Conflict,
    410: NotFound,
    412: PreconditionFailed,
}


class _Detail(msgspec.Struct):
    reason: str = ""
    location: str = ""


class _Error(msgspec.Struct):
    message: str = ""
    errors: list[_Detail] = []


class _Body(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


def domain_error(error: Exception, call: str, now: datetime, *, service: str = SERVICE) -> ServiceError:
    """The domain's error for one of `FAILURES`; `call` names the API method. `now` dates a Retry-After."""
    if isinstance(error, HttpError):
        return _refused(error, call, now, service)
    if isinstance(error, RefreshError) and not error.retryable:
        # invalid_grant, unauthorized_client: the person or the administrator took the access back
        return ReauthorizationRequired(f"{call}: no access token: {error.args[0]}", service=SERVICE)
    return Temporary(f"{call}: no answer: {type(error).__name__}: {error}", service=service)


def _refused(error: HttpError, call: str, now: datetime, service: str) -> ServiceError:
    status = int(error.resp.status)
    body = _body(error.content)
    detail = body.errors[0] if body.errors else _Detail()
    message = f"{call}: {status} {detail.reason}: {safe(body.message)}"
    if status == 429 or (status == 403 and detail.reason in _RATE_LIMITS | _USAGE_LIMITS):
        when = now + USAGE_LIMIT_PAUSE if detail.reason in _USAGE_LIMITS else retry_at(_headers(error), now)
        return RateLimited(message, service=service, status=status, retry_at=when)
    return _class_of(status, detail)(message, service=service, status=status)


def _class_of(status: int, detail: _Detail) -> type[ServiceError]:
    if status >= 500:
        return Temporary
    if status == 400 and detail.location == "syncToken":
        return SyncTokenExpired  # not a token at all: a full list heals it like an old one
    if status == 400 and detail.location == "pageToken":
        return Temporary  # pages are kept for a while only: the list has to begin anew, and soon
    return _BY_REASON.get((status, detail.reason)) or _BY_STATUS.get(status, Invalid)


def _body(content: bytes) -> _Error:
    try:
        return msgspec.json.decode(content, type=_Body).error
    except msgspec.DecodeError:
        return _Error(message=content[:200].decode(errors="replace"))


def _headers(error: HttpError) -> dict[str, str]:
    # httplib2 has their names in small letters
    return {name.title(): value for name, value in error.resp.items()}
