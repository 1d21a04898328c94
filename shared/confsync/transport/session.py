"""One HTTP session for a solution: every call has a deadline, no redirects, and a reply of bounded size."""

from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy

import requests
import urllib3
from requests.auth import AuthBase

from confsync import tracing
from confsync.domain.errors import Temporary
from confsync.transport import errors
from confsync.transport.addresses import Reach, Refused
from confsync.transport.connections import Requests, Terms, under
from confsync.transport.deadline import Deadline
from confsync.transport.messages import Reply, Request

__all__ = ["MAX_REPLY", "Authorization", "Deadline", "NoAuth", "Session"]

MAX_REPLY = 4 * 1024 * 1024  # bytes; the largest honest reply, 300 listed meetings, is a tenth of it
_CHUNK = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Authorization(AuthBase):
    """The Authorization header. Going through requests' own `auth` keeps a stray netrc from replacing it."""

    value: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self.value
        return request


class NoAuth(AuthBase):
    """Nothing: what proves who asks is elsewhere in the request, or there is nothing to prove."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Session:
    """Connections that are kept open, for any number of threads. They go only where `reach` allows it."""

    def __init__(self, reach: Reach | None = None) -> None:
        self._reach = reach or Reach()
        self._session = Requests()
        # a cookie of one account must never travel with another one's token
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def send(self, request: Request, deadline: Deadline) -> Reply:
        """The reply, whatever its status.

        Raises `Temporary` or `Ambiguous` when none came, `Invalid` for an impossible address, and `PermissionDenied`
        for one to which calls may not go.
        """
        left = deadline.left
        if left <= 0:
            raise Temporary(f"{request.service}: no time left to {request.action}", service=request.service)
        try:
            with (
                tracing.call(f"{request.service}: {request.action}") as call,
                under(Terms(reach=self._reach, deadline=deadline)),
                self._session.request(
                    request.method,
                    request.url,
                    params=dict(request.query),
                    headers={**request.headers, **call.headers},
                    data=request.body,
                    auth=request.auth,
                    timeout=left,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                call.status = response.status_code
                return Reply(status=response.status_code, headers=response.headers, body=_read(response))
        except Refused as refused:
            raise errors.out_of_reach(request, refused) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as error:
            # not chained: the library's errors hold the request with its token
            raise errors.from_exception(request, error) from None


def _read(response: requests.Response) -> bytes:
    """The body as it is when it is unpacked, of which a few bytes can make any number."""
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > MAX_REPLY:
            raise requests.exceptions.ContentDecodingError(f"more than {MAX_REPLY} bytes")
    return bytes(body)
