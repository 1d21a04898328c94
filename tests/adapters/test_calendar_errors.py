"""Every way a Calendar call can fail, and what it is to us."""

import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httplib2
import msgspec
import pytest
from google.auth.exceptions import RefreshError, TransportError
from googleapiclient.errors import HttpError
from hypothesis import given
from hypothesis import strategies as st

from confsync.adapters.google_calendar.errors import FAILURES, USAGE_LIMIT_PAUSE, domain_error
from confsync.domain import errors
from confsync.domain.errors import RateLimited, ServiceError
from confsync.transport.retry_after import MAX_WAIT

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def refusal(status: int, reason: str = "", *, location: str = "", headers: dict[str, str] | None = None) -> HttpError:
    detail = {"domain": "global", "reason": reason, "message": "Said so", "location": location}
    body = {"error": {"code": status, "message": "Said so", "errors": [detail]}}
    return HttpError(httplib2.Response({"status": status, **(headers or {})}), json.dumps(body).encode())


def translated(error: Exception) -> ServiceError:
    assert isinstance(error, FAILURES)
    return domain_error(error, "calendar.events.list", NOW)


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (400, "invalid", errors.Invalid),
        (400, "pushNotSupportedForRequestedResource", errors.Unwatchable),
        (400, "channelIdNotUnique", errors.Conflict),
        (400, "push.webhookUrlNotHttps", errors.Invalid),
        (401, "authError", errors.AuthExpired),
        (401, "push.webhookUrlUnauthorized", errors.PermissionDenied),
        (403, "forbidden", errors.PermissionDenied),
        (403, "insufficientPermissions", errors.PermissionDenied),
        (403, "forbiddenForNonOrganizer", errors.PermissionDenied),
        (403, "accessNotConfigured", errors.PermissionDenied),
        (403, "notACalendarUser", errors.PermissionDenied),
        (403, "rateLimitExceeded", errors.RateLimited),
        (403, "userRateLimitExceeded", errors.RateLimited),
        (403, "quotaExceeded", errors.RateLimited),
        (404, "notFound", errors.NotFound),
        (408, "", errors.Temporary),
        (409, "duplicate", errors.Conflict),
        (410, "fullSyncRequired", errors.SyncTokenExpired),
        (410, "updatedMinTooLongAgo", errors.SyncTokenExpired),
        (410, "deleted", errors.NotFound),
        (412, "conditionNotMet", errors.PreconditionFailed),
        (413, "", errors.Invalid),
        (429, "rateLimitExceeded", errors.RateLimited),
        (500, "backendError", errors.Temporary),
        (503, "", errors.Temporary),
    ],
)
def test_a_refusal_becomes_exactly_one_error(status: int, reason: str, expected: type[ServiceError]) -> None:
    error = translated(refusal(status, reason))
    assert type(error) is expected
    assert (error.status, error.service) == (status, "google-calendar")
    assert str(error) == f"calendar.events.list: {status} {reason}: Said so"


def test_a_sync_token_that_is_none_needs_a_full_list() -> None:
    assert type(translated(refusal(400, "invalid", location="syncToken"))) is errors.SyncTokenExpired


def test_a_page_token_that_died_is_a_reason_to_begin_the_list_again() -> None:
    assert type(translated(refusal(400, "invalid", location="pageToken"))) is errors.Temporary


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "120"}, NOW + timedelta(minutes=2)),
        ({"retry-after": "Mon, 02 Mar 2026 09:05:00 GMT"}, NOW + timedelta(minutes=5)),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "99999999999999999999"}, NOW + MAX_WAIT),
    ],
)
def test_a_rate_limit_tells_when_to_come_back(headers: dict[str, str], expected: datetime | None) -> None:
    error = translated(refusal(429, "rateLimitExceeded", headers=headers))
    assert isinstance(error, RateLimited)
    assert error.retry_at == expected


def test_a_usage_limit_is_left_alone_for_an_hour() -> None:
    error = translated(refusal(403, "quotaExceeded", headers={"retry-after": "1"}))
    assert isinstance(error, RateLimited)
    assert error.retry_at == NOW + USAGE_LIMIT_PAUSE


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RefreshError("invalid_grant: Token has been expired or revoked."), errors.ReauthorizationRequired),
        (RefreshError("unauthorized_client: Client is unauthorized"), errors.ReauthorizationRequired),
        (RefreshError("internal_failure", retryable=True), errors.Temporary),
        (TransportError("reset"), errors.Temporary),
        (httplib2.ServerNotFoundError("no such host"), errors.Temporary),
        (http.client.IncompleteRead(b""), errors.Temporary),
        (TimeoutError("timed out"), errors.Temporary),
        (ConnectionRefusedError(), errors.Temporary),
        (msgspec.DecodeError("truncated"), errors.Temporary),
    ],
)
def test_what_is_no_answer_is_a_matter_of_time_unless_access_is_gone(error: Exception, expected: Any) -> None:
    assert type(translated(error)) is expected


@given(status=st.integers(300, 599), content=st.binary(max_size=200))
def test_any_answer_at_all_becomes_an_error_of_ours(status: int, content: bytes) -> None:
    error = translated(HttpError(httplib2.Response({"status": status}), content))
    assert isinstance(error, ServiceError)
    assert error.status == status
