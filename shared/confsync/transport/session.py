"""One HTTP session for all providers: every call has a deadline, no redirects, and a reply of bounded size."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy

import requests
import urllib3
from requests.auth import AuthBase

from confsync.domain.errors import Temporary
from confsync.transport import errors
from confsync.transport.messages import Reply, Request

CONNECT_TIMEOUT = 5.0  # seconds
MAX_REPLY = 4 * 1024 * 1024  # bytes; the largest honest reply, 300 listed meetings, is a tenth of it
_CHUNK = 64 * 1024


class Deadline:
    """The moment by which a provider call, with all its HTTP requests, is over."""

    def __init__(self, allowance: timedelta) -> None:
        self._end = time.monotonic() + allowance.total_seconds()

    @property
    def left(self) -> float:
        """Seconds that remain; negative when it has passed."""
        return self._end - time.monotonic()


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
    """Connections that are kept open, for any number of threads."""

    def __init__(self) -> None:
        self._session = requests.Session()
        # a cookie of one account must never travel with another one's token
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def send(self, request: Request, deadline: Deadline) -> Reply:
        """The reply, whatever its status.

        Raises `Temporary` or `Ambiguous` when none came, and `Invalid` for an impossible address.
        """
        left = deadline.left
        if left <= 0:
            raise Temporary(f"{request.service}: no time left to {request.action}", service=request.service)
        try:
            with self._session.request(
                request.method,
                request.url,
                params=dict(request.query),
                headers=dict(request.headers),
                data=request.body,
                auth=request.auth,
                timeout=(min(CONNECT_TIMEOUT, left), left),
                allow_redirects=False,
                stream=True,
            ) as response:
                return Reply(status=response.status_code, headers=response.headers, body=_read(response, deadline))
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            # not chained: the library's errors hold the request with its token
            raise errors.from_exception(request, error) from None


def _read(response: requests.Response, deadline: Deadline) -> bytes:
    """The body, as it trickles in: a read timeout alone starts anew with every byte."""
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > MAX_REPLY:
            raise requests.exceptions.ContentDecodingError(f"more than {MAX_REPLY} bytes")
        if (left := deadline.left) <= 0:
            raise requests.ReadTimeout("the reply took too long")
        if (connection := response.raw.connection) is not None and connection.sock is not None:
            connection.sock.settimeout(left)
    return bytes(body)
