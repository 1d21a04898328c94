"""Errors in the JSON that Google's APIs under www.googleapis.com answer with.

https://developers.google.com/workspace/calendar/api/guides/errors,
https://developers.google.com/workspace/drive/api/guides/handle-errors
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Response


class ApiError(Exception):
    """A request that the API refuses: status, reason and message as on the wire; `extra` stands beside them."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: str = "",
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self._message = message
        self._extra = extra or {}
        self._detail = {"domain": domain, "reason": reason, "message": message}
        if location:
            kind = "header" if location == "Authorization" else "parameter"
            self._detail |= {"locationType": kind, "location": location}

    def body(self) -> dict[str, Any]:
        """The error document."""
        return {"error": {"errors": [self._detail], "code": self.status, "message": self._message, **self._extra}}

    def response(self) -> Response:
        """The answer."""
        body = msgspec.json.encode(self.body())
        return Response(body, status=self.status, content_type="application/json; charset=UTF-8")


def invalid(message: str, *, location: str = "") -> ApiError:
    """400 `invalid`: a value that the API cannot accept."""
    return ApiError(400, "invalid", message, location=location)


def required(message: str) -> ApiError:
    """400 `required`: a value is missing."""
    return ApiError(400, "required", message)


def not_found() -> ApiError:
    """404 `notFound`: it does not exist, or the caller may not know that it does."""
    return ApiError(404, "notFound", "Not Found")
