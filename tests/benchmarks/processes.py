"""A function as its own functions-framework process, from outside: how soon it answers, how much memory it holds."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from playground.server import reserve_port

PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class Function:
    """What to start, and the request (raw bytes) that it answers with 204."""

    source: Path
    environment: Mapping[str, str]
    request: bytes
    threads: int


@dataclass(frozen=True, kw_only=True)
class Running:
    """A started function. `first_answer`: seconds from the process's start."""

    pid: int
    port: int
    first_answer: float

    def memory(self) -> tuple[int, int]:
        """Bytes: the worker's resident memory, and the proportional share of the whole process tree."""
        master = psutil.Process(self.pid)
        workers = master.children(recursive=True)
        resident = max(each.memory_info().rss for each in workers)
        return resident, sum(each.memory_full_info().pss for each in (master, *workers))

    def files(self) -> set[str]:
        """Shared libraries and other files that the worker has mapped."""
        workers = psutil.Process(self.pid).children(recursive=True)
        return {mapped.path for each in workers for mapped in each.memory_maps()}


@contextmanager
def started(function: Function, directory: Path) -> Iterator[Running]:
    """The function, once it has answered its first request; it ends with the block. Raises `TimeoutError`."""
    reserved = reserve_port()
    port = reserved.getsockname()[1]
    command = [sys.executable, "-m", "functions_framework", "--target=handle", f"--source={function.source}"]
    environment = {**os.environ, **function.environment, "THREADS": str(function.threads), "WORKERS": "1"}
    with (directory / "functions.log").open("ab") as log:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--host=127.0.0.1", f"--port={port}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=directory,
            start_new_session=True,
        )
    try:
        _first_answer(port, function.request, begin + PATIENCE)
        yield Running(pid=process.pid, port=port, first_answer=time.perf_counter() - begin)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reserved.close()


def _first_answer(port: int, request: bytes, deadline: float) -> None:
    while time.perf_counter() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
                connection.sendall(request)
                answer = connection.recv(65536)
        except ConnectionError:
            time.sleep(0.002)
            continue
        if not answer.startswith(b"HTTP/1.1 204"):
            raise AssertionError(f"the first answer was {answer[:300]!r}")
        return
    raise TimeoutError(f"no answer within {PATIENCE} s")
