"""What tests of the wire share: a request, a server that does what it is told, and a session that may call it."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from confsync.transport.addresses import Reach
from confsync.transport.messages import Request
from confsync.transport.session import Authorization, Deadline, Session

OK = b"HTTP/1.1 200 OK\r\n"


def here(url: str) -> Session:
    """A session for which that address on loopback is configured."""
    return Session(Reach.configured(url))


def request(url: str = "http://127.0.0.1:9/things?key=private", *, repeatable: bool = True) -> Request:
    return Request(
        service="acme",
        action="make a thing",
        method="GET" if repeatable else "POST",
        url=url,
        repeatable=repeatable,
        auth=Authorization(value="Bearer token-1234"),
    )


def seconds(count: float) -> Deadline:
    return Deadline(timedelta(seconds=count))


def _whole(connection: socket.socket) -> bytes:
    """A request, head and body."""
    sent = b""
    while b"\r\n\r\n" not in sent and (more := connection.recv(65536)):
        sent += more
    head, _, body = sent.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    while length and len(body) < int(length[1]) and (more := connection.recv(65536)):
        sent, body = sent + more, body + more
    return sent


@contextmanager
def listening(answer: Callable[[socket.socket], None], received: list[bytes] | None = None) -> Iterator[str]:
    """A server that reads one request per connection and leaves the rest to `answer`."""
    requests_seen = [] if received is None else received

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection: socket.socket) -> None:
        with connection:
            requests_seen.append(_whole(connection))
            try:
                answer(connection)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=run, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
