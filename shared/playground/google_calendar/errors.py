"""Calendar API errors, in the JSON that Google answers with.

https://developers.google.com/workspace/calendar/api/guides/errors
"""

from typing import Any


class ApiError(Exception):
    """A request that Calendar refuses: status, reason and message as on the wire."""

    def __init__(self, status: int, reason: str, message: str, *, domain: str = "global", location: str = "") -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self._message = message
        self._detail = {"domain": domain, "reason": reason, "message": message}
        if location:
            self._detail |= {"locationType": "parameter", "location": location}

    def body(self) -> dict[str, Any]:
        """The error document."""
        return {"error": {"errors": [self._detail], "code": self.status, "message": self._message}}


def invalid(message: str, *, location: str = "") -> ApiError:
    """400 `invalid`: a value that Calendar cannot accept."""
    return ApiError(400, "invalid", message, location=location)


def required(message: str) -> ApiError:
    """400 `required`: a value is missing."""
    return ApiError(400, "required", message)


def not_found() -> ApiError:
    """404 `notFound`: it does not exist, or the caller may not know that it does."""
    return ApiError(404, "notFound", "Not Found")


def full_sync_required() -> ApiError:
    """410 `fullSyncRequired`: the sync token has expired."""
    message = "Sync token is no longer valid, a full sync is required."
    return ApiError(410, "fullSyncRequired", message, domain="calendar", location="syncToken")


def condition_not_met() -> ApiError:
    """412 `conditionNotMet`: the `If-Match` etag is not the current one."""
    return ApiError(412, "conditionNotMet", "Precondition Failed")
