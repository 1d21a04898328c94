"""Whatever a server sends, and however slowly: a call ends at its deadline, and takes no more memory than it may."""

import gzip
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from confsync.domain.errors import Ambiguous, ServiceError, Temporary
from confsync.transport.session import MAX_REPLY
from tests.transport.wire import OK, here, listening, request, seconds

Answer = Callable[[socket.socket], None]
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n"
LIMIT = 0.4
"""Seconds that a call may take, and how much longer than that it takes at most."""
SPARE = 0.6


def dripping(beginning: bytes, drop: bytes, *, every: float = 0.05) -> Answer:
    """Sends the beginning, then a drop at a time, for longer than anybody should wait."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(beginning)
        for _ in range(int(4 / every)):
            connection.sendall(drop)
            time.sleep(every)

    return answer


def pouring(beginning: bytes, drop: bytes) -> Answer:
    """As fast as it can, without end."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(beginning)
        end = time.monotonic() + 8
        while time.monotonic() < end:
            connection.sendall(drop * 1000)

    return answer


SLOW = {
    "status line": dripping(b"HTTP/1.1 ", b"2"),
    "header": dripping(OK + b"X-Long: ", b"a"),
    "headers": dripping(OK, b"X-More: a\r\n"),
    "body": dripping(OK + b"Content-Length: 1000\r\n\r\n", b" "),
    "body without a length": dripping(OK + b"Connection: close\r\n\r\n", b" "),
    "chunks": dripping(CHUNKED, b"1\r\n \r\n"),
    "size of a chunk": dripping(CHUNKED, b"0"),
    "name of a chunk": dripping(CHUNKED + b"5;", b"a"),
    "chunk": dripping(CHUNKED + b"400\r\n", b" "),
    "trailer": dripping(CHUNKED + b"0\r\n", b"X-More: a\r\n"),
    "a redirect's body": dripping(REDIRECT + b"Content-Length: 1000\r\n\r\n", b" "),
    "continue": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "packed nothing": dripping(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"")[:1]),
}
ENDLESS = {
    "continue": pouring(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "trailers": pouring(CHUNKED + b"0\r\n", b"X-More: a\r\n"),
    "packed nothing": pouring(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"")),
}
LARGE = {
    "a length that is no lie": pouring(OK + b"Content-Length: 999999999999\r\n\r\n", b" "),
    "no length": pouring(OK + b"Connection: close\r\n\r\n", b" "),
    "chunks": pouring(CHUNKED, b"400\r\n" + b" " * 1024 + b"\r\n"),
    "a chunk": pouring(CHUNKED + b"ffffffffffff\r\n", b" "),
    "a header": pouring(OK + b"X-Long: ", b"a"),
    "headers": pouring(OK, b"X-More: a\r\n"),
    "a redirect's body": pouring(REDIRECT + b"Connection: close\r\n\r\n", b" "),
    "an error's body": pouring(b"HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n", b" "),
}


@contextmanager
def ends_by(limit: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < limit


def failed(answer: Answer, *, limit: float, repeatable: bool = True) -> ServiceError:
    with listening(answer) as url, pytest.raises(ServiceError) as caught:
        here(url).send(request(url, repeatable=repeatable), seconds(limit))
    return caught.value


@pytest.mark.parametrize("answer", [*SLOW.values(), *ENDLESS.values()], ids=[*SLOW, *(f"endless {e}" for e in ENDLESS)])
def test_nobody_is_waited_for_beyond_the_deadline(answer: Answer) -> None:
    with ends_by(LIMIT + SPARE):
        assert type(failed(answer, limit=LIMIT)) is Temporary


@pytest.mark.parametrize("part", ["status line", "headers", "body", "chunks", "continue"])
def test_what_was_asked_may_be_done_all_the_same(part: str) -> None:
    assert type(failed(SLOW[part], limit=LIMIT, repeatable=False)) is Ambiguous


@pytest.mark.parametrize("answer", LARGE.values(), ids=LARGE)
def test_no_more_is_read_than_an_honest_answer_has(answer: Answer) -> None:
    tracemalloc.start()
    try:
        with ends_by(6):
            assert isinstance(failed(answer, limit=30), Temporary)
        assert tracemalloc.get_traced_memory()[1] < 5 * MAX_REPLY
    finally:
        tracemalloc.stop()


def zeros(size: int) -> bytes:
    """So many zeros, packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


BOMB = zeros(256 << 20)
BOMBS = {
    "gzip": (b"gzip", BOMB),
    "gzip twice": (b"gzip, gzip", gzip.compress(BOMB)),
    "deflate": (b"deflate", zlib.compress(bytes(64 << 20), 9)),
    "many members": (b"gzip", gzip.compress(bytes(1 << 20)) * 64),
}


@pytest.mark.parametrize(("encoding", "body"), BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("head", [OK, REDIRECT, b"HTTP/1.1 404 Not Found\r\n"], ids=["200", "302", "404"])
def test_a_small_answer_does_not_become_a_large_one(encoding: bytes, body: bytes, head: bytes) -> None:
    assert len(body) < MAX_REPLY

    def answer(connection: socket.socket) -> None:
        connection.sendall(head + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body)) + body)

    tracemalloc.start()
    try:
        with ends_by(6):
            assert isinstance(failed(answer, limit=30), Temporary)
        assert tracemalloc.get_traced_memory()[1] < 5 * MAX_REPLY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_an_answer_of_just_that_size_is_read(pack: Callable[[bytes], bytes]) -> None:
    whole = b"x" * MAX_REPLY

    def answer(connection: socket.socket) -> None:
        body = pack(whole)
        kind = b"" if body == whole else b"Content-Encoding: gzip\r\n"
        connection.sendall(OK + kind + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    with listening(answer) as url:
        assert here(url).send(request(url), seconds(10)).body == whole


def test_a_slow_answer_in_time_is_an_answer() -> None:
    def answer(connection: socket.socket) -> None:
        for each in (OK, b"Content-Length: 2\r\n", b"\r\n", b"{", b"}"):
            connection.sendall(each)
            time.sleep(0.1)

    with listening(answer) as url:
        assert here(url).send(request(url), seconds(3)).body == b"{}"
