"""One HTTP request without side effects."""

from datetime import timedelta

from confsync.transport import errors
from confsync.transport.addresses import Reach
from confsync.transport.deadline import Deadline
from confsync.transport.messages import Reply, Request
from confsync.transport.session import Authorization, NoAuth, Session

SECONDS = timedelta(seconds=10)


def ask(
    url: str, *, method: str = "GET", body: bytes | None = None, token: str | None = None, private: bool = True
) -> Reply:
    """The answer, whatever its status; redirects are not followed.

    `private`: it may be in a private network. Raises `ServiceError` if none came, or calls may not go there.
    """
    request = Request(
        service=errors.origin(url) or url,
        action="say that it is there",
        method=method,
        url=url,
        repeatable=True,
        auth=Authorization(value=f"Bearer {token}") if token else NoAuth(),
        headers={"Content-Type": "application/json"} if body is not None else {},
        body=body,
    )
    return Session(Reach.configured(url, private=private)).send(request, Deadline(SECONDS))
