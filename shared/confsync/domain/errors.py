"""Every error confsync raises on purpose, in one tree.

    ConfsyncError
    |- BadRequest            the caller's input; names the field
    |- Unverified            the caller could not be identified
    |- Forbidden             the caller is known and may not
    |- NotConfigured         the deployment lacks something; names the key
    |- Busy                  somebody else holds the lease; come back
    |- StoreConflict         a record changed since it was read; read again
    |- Unexpected            a fault of our own, while we worked on one thing
    `- ServiceError          a service we called (Google, a provider) said no
       |- AuthExpired            a new token may help; tried once by transport
       |- ReauthorizationRequired  a person must connect the account again
       |- PermissionDenied
       |- NotFound
       |- Conflict               it exists already
       |- PreconditionFailed     If-Match did not hold; read again
       |- SyncTokenExpired       410: list everything
       |- Unwatchable            the calendar can't have a watch channel; poll
       |- RateLimited            with `retry_at`
       |- Temporary              nothing was done; try again
       |- Ambiguous              it may have been done; look before trying again
       `- Invalid                the request can never succeed as it is

A status code becomes one of these in exactly one function per protocol: `adapters/google_calendar/errors.py`
for Google, `transport/errors.py` for providers.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Self


class ConfsyncError(Exception):
    """Root of the tree; the message says what happened, to which thing, and what to do."""

    told: Mapping[str, str | tuple[str, ...]] = MappingProxyType({})
    """What a caller of the HTTP API is told besides: see `telling`."""

    def telling(self, *, allowed: Iterable[str] = (), **facts: str) -> Self:
        """The same error, which tells a caller of the HTTP API this too, wherever it is raised on.

        `field` of the request; `reason`, in Google's or the vendor's words; what would be `allowed`; of a write in
        several steps the `step` that failed and what comes `next`; `connect_url`, where a person connects an account.
        """
        self.told = {**self.told, **facts, **({"allowed": tuple(allowed)} if allowed else {})}
        return self


class BadRequest(ConfsyncError, ValueError):
    """The caller sent something we can't take. `field` is its name as the caller wrote it."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Unverified(ConfsyncError):
    """No token, or one that does not prove who the caller is."""


class Forbidden(ConfsyncError):
    """The caller is known, and may not do this."""


class NotConfigured(ConfsyncError):
    """The deployment's configuration lacks something, or has something unknown; the message names the key."""


class Busy(ConfsyncError):
    """Another worker holds the lease. Not a fault: come back later."""


class StoreConflict(ConfsyncError):
    """A record that was to be written changed since it was read; nothing was written. Read again, decide again."""


_UNEXPECTED = "unexpected "


class Unexpected(ConfsyncError):
    """A fault of our own in the work on one thing: on record there, tried again slowly, and in nobody else's way."""

    @classmethod
    def of(cls, error: Exception) -> "Unexpected":
        """The error as it may be stored and shown: its kind alone, as its words may hold anything."""
        return cls(f"{_UNEXPECTED}{type(error).__name__}; the log has its trace")

    @classmethod
    def told_in(cls, reason: str | None) -> bool:
        """Whether a stored reason is that of such an error."""
        return reason is not None and reason.startswith(_UNEXPECTED)


class ServiceError(ConfsyncError):
    """A service we called answered with an error. `service` names it ("google-calendar", "zoom")."""

    def __init__(self, message: str, *, service: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.service = service
        self.status = status


class AuthExpired(ServiceError):
    """The access token is no longer valid; a fresh one may be."""


class ReauthorizationRequired(ServiceError):
    """The grant itself is gone: a person must connect the account again."""


class PermissionDenied(ServiceError):
    """The account may not do this: a missing scope, licence, policy, or share."""


class NotFound(ServiceError, LookupError):
    """The thing does not exist (any more)."""


class Conflict(ServiceError):
    """The thing exists already."""


class PreconditionFailed(ServiceError):
    """The thing changed since we read it (If-Match)."""


class SyncTokenExpired(ServiceError):
    """Calendar no longer knows the sync token (410 fullSyncRequired)."""


class Unwatchable(ServiceError):
    """This calendar can't have a watch channel (400 pushNotSupportedForRequestedResource)."""


NO_ACCESS = (ReauthorizationRequired, PermissionDenied, NotFound)
"""The account can't reach a calendar: its grant is gone, rights were taken back, or to it there is no such calendar."""


class RateLimited(ServiceError):
    """Too many calls. `retry_at` is when the service said to come back, if it said so (aware UTC)."""

    def __init__(
        self, message: str, *, service: str = "", status: int | None = None, retry_at: datetime | None = None
    ) -> None:
        super().__init__(message, service=service, status=status)
        self.retry_at = retry_at


class Temporary(ServiceError):
    """The service could not do it now, and did nothing."""


class Ambiguous(ServiceError):
    """No answer came after the request was sent: it may or may not have been done."""


class Invalid(ServiceError, ValueError):
    """The service (or our own limits) refuse this request for good."""
