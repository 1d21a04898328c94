"""Errors that only Calendar has.

https://developers.google.com/workspace/calendar/api/guides/errors
"""

from playground.google_api.errors import ApiError


def full_sync_required() -> ApiError:
    """410 `fullSyncRequired`: the sync token has expired."""
    message = "Sync token is no longer valid, a full sync is required."
    return ApiError(410, "fullSyncRequired", message, domain="calendar", location="syncToken")


def condition_not_met() -> ApiError:
    """412 `conditionNotMet`: the `If-Match` etag is not the current one."""
    return ApiError(412, "conditionNotMet", "Precondition Failed")
