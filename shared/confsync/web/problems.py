"""Errors as the HTTP API tells of them: problem details, https://www.rfc-editor.org/rfc/rfc9457.

openapi.yaml describes each `code`. What is the caller's to mend is explained in words; of our own faults there is
nothing but the trace.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from math import ceil

from confsync.domain import errors
from confsync.logs import clean
from confsync.web.endpoint import Answer, HttpError

MEDIA_TYPE = "application/problem+json"
TITLES: Mapping[str, str] = {
    "bad_request": "The request can't be understood",
    "unverified": "The caller is not known",
    "forbidden": "The caller may not do this",
    "permission_denied": "The account may not do this",
    "reauthorization_required": "An account has to be connected",
    "not_found": "There is no such thing",
    "method_not_allowed": "The address does not take this method",
    "conflict": "It is in conflict with what there is",
    "gone": "It is deleted",
    "precondition_failed": "It has changed since it was read",
    "too_large": "The body is too large",
    "unsupported_media_type": "The body is of another kind than expected",
    "unprocessable": "It can't be done as it is",
    "rate_limited": "Too many requests",
    "internal": "Something is wrong here",
    "unavailable": "It can't be done now",
}
"""By code. The same for all problems of a kind, as the RFC has it."""

KINDS: Mapping[type[errors.ConfsyncError], tuple[int, str]] = {
    errors.ConfsyncError: (500, "internal"),
    errors.BadRequest: (400, "bad_request"),
    errors.Unverified: (401, "unverified"),
    errors.Forbidden: (403, "forbidden"),
    errors.PermissionDenied: (403, "permission_denied"),
    errors.ReauthorizationRequired: (403, "reauthorization_required"),
    errors.NotFound: (404, "not_found"),
    errors.Conflict: (409, "conflict"),
    errors.PreconditionFailed: (412, "precondition_failed"),
    errors.Invalid: (422, "unprocessable"),
    errors.RateLimited: (429, "rate_limited"),
    errors.Busy: (503, "unavailable"),
    errors.StoreConflict: (503, "unavailable"),
    errors.Temporary: (503, "unavailable"),
    errors.Ambiguous: (503, "unavailable"),
    errors.Unexpected: (503, "unavailable"),
    errors.AuthExpired: (503, "unavailable"),
}
"""What is not here is as its base is."""

SOON, LATER = 1, 30
"""Seconds to wait where nobody says how long: after what is over in a moment, and after too many calls."""

Fact = str | Sequence[str] | None


def _now() -> datetime:
    return datetime.now(UTC)


def problem(status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Fact) -> Answer:
    """The answer that tells of it. `more`: what else the contract's `Problem` has; what is empty is left out."""
    known = {"type": f"/problems/{code}", "title": TITLES[code], "status": status, "code": code, "detail": detail}
    body = json.dumps(known | {name: value for name, value in more.items() if value})
    return body, status, {"Content-Type": MEDIA_TYPE, **(headers or {})}


def from_error(error: HttpError | errors.ConfsyncError, trace: str, *, now: Callable[[], datetime] = _now) -> Answer:
    """The answer that tells of this error: for `serve(..., refused=from_error)`. `now`: aware UTC."""
    if isinstance(error, HttpError):
        return problem(error.status, error.code, clean(str(error)), headers=error.headers, trace=trace)
    status, code = _kind(error)
    if status == 500:
        return problem(500, code, "internal error; the log has its trace", trace=trace)
    detail = "try again later" if status == 503 else clean(str(error))
    return problem(status, code, detail, headers=_headers(error, status, now), trace=trace, **_facts(error))


def _kind(error: errors.ConfsyncError) -> tuple[int, str]:
    if isinstance(error, errors.NotFound) and error.status == 410:
        return 410, "gone"
    return next(KINDS[kind] for kind in type(error).__mro__ if kind in KINDS)


def _facts(error: errors.ConfsyncError) -> dict[str, Fact]:
    field = error.field if isinstance(error, errors.BadRequest) else None
    others_words = {name: clean(str(error.told[name])) for name in ("reason", "next") if name in error.told}
    return {"field": field, **error.told, **others_words}


def _headers(error: errors.ConfsyncError, status: int, now: Callable[[], datetime]) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}  # https://www.rfc-editor.org/rfc/rfc6750#section-3
    if isinstance(error, errors.RateLimited):
        wait = (error.retry_at - now()).total_seconds() if error.retry_at else LATER
        return {"Retry-After": str(max(SOON, ceil(wait)))}
    return {"Retry-After": str(SOON)} if status == 503 else {}
