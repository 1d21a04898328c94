"""Connections that go only where they may, and that nobody can keep busy beyond a call's deadline.

requests and urllib3 resolve a name when they connect, and their time-outs start anew with every byte. Here a name is
resolved once, its addresses are checked, and the connection is made to one that was: there is no second answer that
could differ from the first (DNS rebinding). Each wait ends at the deadline, be it for a name, for a line of a header
or for the next byte.
"""

import http.client
import io
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Thread
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError

from confsync.transport.addresses import Reach, Refused
from confsync.transport.deadline import Deadline

CONNECT_TIMEOUT = 5.0
"""Seconds for one address of a server."""

Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""What `getaddrinfo` says of one address."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Where connections may go, and by when all is over."""

    reach: Reach
    deadline: Deadline


_terms: ContextVar[Terms] = ContextVar("terms")
"""Of the call in this thread: neither requests nor urllib3 would hand them on to where they are needed."""


@contextmanager
def under(terms: Terms) -> Iterator[None]:
    """While it lasts, connections of this thread are made and used under these terms."""
    token = _terms.set(terms)
    try:
        yield
    finally:
        _terms.reset(token)


def _left() -> float:
    """Seconds until the deadline. Raises `TimeoutError` when there are none."""
    left = _terms.get().deadline.left
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


# --- the answer ------------------------------------------------------------------------------------------------------


class _Timed(io.RawIOBase):
    """What a socket receives, each time for no longer than is left."""

    def __init__(self, received: io.RawIOBase, connection: socket.socket) -> None:
        self._received = received
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        # also if there is something to read: a server may never come to an end
        self._connection.settimeout(_left())
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer whose lines and bytes come before the deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock))


# --- the connection --------------------------------------------------------------------------------------------------


class _Plain(HTTPConnection):
    """To a configured address of this machine itself, and to nowhere else."""

    response_class = _Response

    def _new_conn(self) -> socket.socket:
        """A socket that is connected to where calls may go. Raises `Refused`."""
        try:
            return self._connected(self._addresses())
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except UnicodeError:
            raise LocationParseError("the host's name can't be one") from None
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"no connection to {self.host} in time") from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection to {self.host}: {error}") from error

    def send(self, data: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(_left())
        super().send(data)

    def _addresses(self) -> list[Found]:
        if not self._is_own():
            raise Refused("calls go by https, and without it only to an address of this machine itself")
        return _resolved(self.host, self.port)

    def _is_own(self) -> bool:
        return (self.host, self.port) in _terms.get().reach.local

    def _connected(self, addresses: list[Found]) -> socket.socket:
        """To the first that answers. Raises what the last one raised."""
        for number, (family, kind, protocol, _, address) in enumerate(addresses, start=1):
            last = number == len(addresses)
            connection = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    connection.setsockopt(*option)
                connection.settimeout(min(CONNECT_TIMEOUT, _left() if last else _left() / 2))
                connection.connect(address)
                connection.settimeout(_left())  # for TLS to begin
            except OSError:
                connection.close()
                if last:
                    raise
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise OSError("the name has no address")


class _Secure(_Plain, HTTPSConnection):
    """By TLS to a public address, or to wherever else the configuration says that calls may go."""

    def _addresses(self) -> list[Found]:
        if self._is_own():
            return super()._addresses()
        found = _resolved(self._dns_host, self.port)
        allowed = [each for each in found if _terms.get().reach.allows(each[4][0])]
        if found and not allowed:
            raise Refused(
                "its name leads to no public address; if it is in a private network of yours, "
                "the solution has to say `private = true`"
            )
        return allowed


def _resolved(host: str, port: int) -> list[Found]:
    """The addresses of that name, each but once. Raises `TimeoutError` if they don't come in time."""
    answer: Future[list[Found]] = Future()

    def ask() -> None:
        try:
            answer.set_result([*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            answer.set_exception(error)

    # it knows no time-out, and whoever runs the name's servers can keep it waiting: then it ends unheard
    Thread(target=ask, name="resolver", daemon=True).start()
    return answer.result(timeout=_left())


# --- for requests ----------------------------------------------------------------------------------------------------


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002 - they would resolve names themselves, unchecked
    ) -> requests.Response:
        return super().send(request, stream, timeout, verify, cert)


class Requests(requests.Session):
    """requests, by such connections alone, and with no redirects."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """None: also for a redirect that is not followed, requests would read all of the answer to find out whereto.

        https://github.com/psf/requests/issues/4123
        """
        return None
