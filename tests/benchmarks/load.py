"""A client that costs little: keep-alive connections on one thread, requests prepared as bytes, answers of 204."""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence


def requests_per_second(port: int, requests: Sequence[bytes], *, connections: int) -> float:
    """Send every request once, at most one at a time per connection. Raises `AssertionError` for any other answer."""
    left = iter(requests)
    begin = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(next(left))
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(10):
                assert isinstance(key.fileobj, socket.socket)
                _answered(key.fileobj, left, selector)
    return len(requests) / (time.perf_counter() - begin)


def _answered(connection: socket.socket, left: Iterator[bytes], selector: selectors.BaseSelector) -> None:
    answer = connection.recv(65536)
    # a 204 has no body: its headers' end is its end, and it is far smaller than a segment
    assert answer.startswith(b"HTTP/1.1 204"), answer[:300]
    assert answer.endswith(b"\r\n\r\n"), answer[-300:]
    request = next(left, None)
    if request is not None:
        connection.sendall(request)
        return
    selector.unregister(connection)
    connection.close()
