"""The HTTP server that every simulator runs on: loopback, threaded, HTTP/1.1 with keep-alive, faults included."""

from __future__ import annotations

import io
import logging
import socket
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

from playground.faults import FaultInjector

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
_POLL = 0.02  # seconds that `stop` may have to wait
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running simulator; `stop` closes its socket and every open connection, as a crash would."""

    name: str
    port: int
    _server: _LoopbackServer = field(repr=False)
    _thread: threading.Thread = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.drop_connections()


def serve(app: WSGIApplication, *, port: int = 0, name: str) -> Server:
    """Serve `app` on loopback (port 0: any free one) until `stop`, with its faults under `/_playground/`.

    Raises OSError when the port is taken.
    """
    _require_free(port)
    server = _LoopbackServer(HOST, port, FaultInjector(app), handler=_Handler)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL,), name=name, daemon=True)
    thread.start()
    return Server(name=name, port=server.port, _server=server, _thread=thread)


def reserve_port() -> socket.socket:
    """A loopback port (`getsockname()[1]`) that nobody else is given until this socket is closed.

    Bound, but not listening: a server that sets SO_REUSEADDR, as they all do, can still be started on it, and again
    after it was killed. Only asked for and let go, the kernel gives the same port to two who ask soon after each other.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((HOST, 0))
    return reserved


def free_port() -> int:
    """A loopback port that nobody listens on, for now."""
    with reserve_port() as reserved:
        port: int = reserved.getsockname()[1]
        return port


def _require_free(port: int) -> None:
    """Raise OSError here, because werkzeug ends the process when it finds a port taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))


class _LoopbackServer(ThreadedWSGIServer):
    request_queue_size = 1024

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about a client that went away: those with short time-outs do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def drop_connections(self) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            hang_up(connection)


class _Handler(WSGIRequestHandler):
    """Reads the whole body first and keeps the connection; werkzeug's own closes it, after 10 ms of draining."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
            self.wfile.flush()
        self.environ = self._environ_with_body()
        try:
            chunks, status, headers = run_wsgi_app(self.server.app, self.environ, buffered=True)
        except ConnectionAbortedError:
            self.close_connection = True
            hang_up(self.connection)
            return
        self._answer(status, list(headers), b"".join(chunks))

    def _environ_with_body(self) -> dict[str, Any]:
        environ = self.make_environ()
        length = -1 if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
        return environ

    def _answer(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        bodyless = self.command == "HEAD" or code in {"204", "304"}
        for name, value in headers:
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if not bodyless:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not bodyless:
            self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the fault injector keeps the request log."""


def hang_up(connection: socket.socket) -> None:
    """End a connection at once, with whatever is still unsent lost."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        log.debug("the connection was closed already")
