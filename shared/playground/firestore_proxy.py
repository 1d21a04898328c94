"""Between confsync and the Firestore emulator: passes every call on as it is, and does to some what their faults say.

It knows no message of Firestore's: bytes go through in both directions, whatever the method. A single answer is a
stream of one. (What has a stream of requests, as Listen, is not passed on: confsync does not use it.)
https://grpc.github.io/grpc/python/grpc.html#grpc.GenericRpcHandler
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

KEPT_CALLS = 20_000
_THREADS = 64  # calls at once; those of streams that wait count too
_NO_LIMITS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_SET_BY_GRPC = ("user-agent", "te", "content-type", "grpc-")


@dataclass(kw_only=True)
class CallFault:
    """What happens to the next `times` calls of a method (None: to all), once `skip` of them were let through.

    `method` is its name ("Commit"); None is any. Each call is hit with this `chance`. A `status` ("UNAVAILABLE") is
    answered instead of doing the work, `latency` (seconds) comes before the work; with `after`, both come when the work
    is done. `messages`: how many messages of a finished answer arrive before the status.
    """

    method: str | None = None
    times: int | None = 1
    skip: int = 0
    chance: float = 1
    status: str | None = None
    latency: float = 0
    after: bool = False
    messages: int = 0

    def __post_init__(self) -> None:
        if self.status is not None and self.status not in grpc.StatusCode.__members__:
            raise ValueError(f"{self.status} is no gRPC status")


@dataclass(frozen=True, kw_only=True)
class LoggedCall:
    """One call: its method, and what `status` the caller saw."""

    method: str
    status: str


@dataclass
class CallFaults:
    """The faults that are left, and the log of the newest calls, oldest first. `seed` decides what chance hits."""

    seed: int = 0
    _left: list[CallFault] = field(default_factory=list)
    _log: deque[LoggedCall] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def add(self, **fault: Any) -> None:
        """Add a fault, with the fields of `CallFault`. Raises TypeError or ValueError for what is none."""
        with self._lock:
            self._left.append(CallFault(**fault))

    def left(self) -> list[CallFault]:
        with self._lock:
            return list(self._left)

    def clear(self) -> None:
        with self._lock:
            self._left.clear()

    def calls(self, method: str | None = None) -> list[LoggedCall]:
        with self._lock:
            return [call for call in self._log if method in {None, call.method}]

    def take(self, method: str) -> CallFault:
        """The fault of this call, or one that does nothing."""
        with self._lock:
            for fault in self._left:
                if fault.method not in {None, method} or self._random.random() >= fault.chance:
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if not fault.times:
                        self._left.remove(fault)
                return fault
        return CallFault()

    def log(self, method: str, status: str) -> None:
        with self._lock:
            self._log.append(LoggedCall(method=method, status=status))


class FirestoreProxy:
    """A proxy on a loopback port of its own. `faults` is what goes wrong there."""

    def __init__(self, emulator: str, *, seed: int = 0) -> None:
        self.faults = CallFaults(seed)
        self.port = 0
        self._channel = grpc.insecure_channel(emulator, options=_NO_LIMITS)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="firestore-proxy")
        self._listen()

    @property
    def host(self) -> str:
        """Its address for `FIRESTORE_EMULATOR_HOST`."""
        return f"127.0.0.1:{self.port}"

    def cut(self) -> None:
        """End every connection, with all that is under way, and take new ones at once.

        Not while somebody connects: such a connection hangs, and the client of an emulator does not find out.
        """
        self._server.stop(None).wait()
        self._listen()

    def stop(self) -> None:
        """End it."""
        self._server.stop(None).wait()
        self._channel.close()
        self._pool.shutdown()

    def _listen(self) -> None:
        self._server = grpc.server(self._pool, handlers=[_PassOn(self._channel, self.faults)], options=_NO_LIMITS)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        self._server.start()


@contextmanager
def firestore_proxy(emulator: str, *, seed: int = 0) -> Iterator[FirestoreProxy]:
    """A proxy in front of the emulator at `host:port`, as long as the block runs."""
    proxy = FirestoreProxy(emulator, seed=seed)
    try:
        yield proxy
    finally:
        proxy.stop()


class _PassOn(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
    """One handler for every method: no serializer stands between, so messages stay bytes."""

    def __init__(self, channel: grpc.Channel, faults: CallFaults) -> None:
        self._channel = channel
        self._faults = faults

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        def answer(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            return self._answer(details.method, request, context)

        return grpc.unary_stream_rpc_method_handler(answer)

    def _answer(self, path: str, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        method = path.rpartition("/")[2]
        fault = self._faults.take(method)
        status = "CANCELLED"  # unless we come to an end of our own
        try:
            yield from self._faulted(fault, path, request, context)
            status = "OK"
        except _Ended as ended:
            status = ended.status
            context.abort(grpc.StatusCode[status], ended.message)
        finally:
            self._faults.log(method, status)

    def _faulted(self, fault: CallFault, path: str, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        if not fault.after:
            _slow(fault)
            yield from self._upstream(path, request, context)
            return
        done = list(self._upstream(path, request, context))
        yield from done[: fault.messages] if fault.status else done
        _slow(fault)

    def _upstream(self, path: str, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        call = self._channel.unary_stream(path)(
            request, timeout=context.time_remaining(), metadata=_passed(context.invocation_metadata())
        )
        context.add_callback(call.cancel)
        try:
            yield from call
        except grpc.RpcError:
            raise _Ended(call.code().name, call.details()) from None


class _Ended(Exception):
    """The call ends with this status."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def _slow(fault: CallFault) -> None:
    """Wait as the fault says, and end with its status if it has one."""
    time.sleep(fault.latency)
    if fault.status is not None:
        raise _Ended(fault.status, "a fault of the playground")


def _passed(metadata: Iterable[tuple[str, str | bytes]]) -> list[tuple[str, str | bytes]]:
    return [(key, value) for key, value in metadata if not key.startswith(_SET_BY_GRPC)]
