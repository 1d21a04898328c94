"""What Firestore's errors mean to us, in one place, and which calls may be made again.

https://cloud.google.com/firestore/docs/understand-error-codes
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from google.api_core import exceptions as google
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError

from confsync.adapters.records import conflict
from confsync.domain.errors import ConfsyncError, Invalid, NotConfigured, PermissionDenied, ServiceError, Temporary

TIMEOUT = 10.0  # seconds: of one attempt, and until no other one is begun

NOT_DONE = (google.Aborted, google.ResourceExhausted)
MAYBE_DONE = (  # we cancel nothing ourselves: it is how a call may end that was under way when its connection was cut
    google.Cancelled,
    google.DeadlineExceeded,
    google.InternalServerError,
    google.ServiceUnavailable,
    google.Unknown,
)
CHANGED = (google.AlreadyExists, google.FailedPrecondition, google.NotFound)
"""What a commit answers when a condition of it does not hold."""

RETRY = Retry(if_exception_type(*NOT_DONE, *MAYBE_DONE), initial=0.1, maximum=2.0, timeout=TIMEOUT)
# The client tries nothing again by itself: a query that broke off it would go on with, from where it was, for another
# `limit` documents; and a commit that it makes again it would take for somebody else's.
ONCE: dict[str, Any] = {"retry": Retry(if_exception_type()), "timeout": TIMEOUT}


@contextmanager
def ours(names: Sequence[str] = ()) -> Iterator[None]:
    """A block in which Firestore's errors become those of `domain/errors.py`. `names` are the records it commits."""
    try:
        yield
    except (google.GoogleAPIError, GoogleAuthError) as error:
        raise _ours(_cause(error), names) from error


def _cause(error: Exception) -> Exception:
    return error.cause or error if isinstance(error, google.RetryError) else error


def _ours(error: Exception, names: Sequence[str]) -> ConfsyncError:
    match error:
        case google.AlreadyExists() | google.FailedPrecondition() | google.NotFound() if names:
            return conflict(names)
        case google.NotFound():  # a document that is not there is no error
            return NotConfigured(f"Firestore has no such database: {error}")
        case google.PermissionDenied() | google.Unauthenticated() | GoogleAuthError():
            return PermissionDenied(f"Firestore: {error}", service="firestore")
        case google.InvalidArgument() | google.OutOfRange() | google.FailedPrecondition():
            return Invalid(f"Firestore: {error}", service="firestore")
        case (
            google.ServerError()
            | google.TooManyRequests()
            | google.Aborted()
            | google.Cancelled()
            | google.RetryError()
        ):
            return Temporary(f"Firestore: {error}", service="firestore")
        case _:
            return ServiceError(f"Firestore: {error}", service="firestore")
