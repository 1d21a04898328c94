"""Worker processes for races: started fresh, heard through pipes, and never left running."""

import multiprocessing
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

SPAWN = multiprocessing.get_context("spawn")  # gRPC and SQLite do not survive a fork
PATIENCE = 30.0  # seconds until a silent worker fails its test


@contextmanager
def started(*calls: tuple[Any, ...]) -> Iterator[list[tuple[Connection, BaseProcess]]]:
    """Each call in a process of its own, with a pipe to hear from it; none is left running."""
    running = [_start(*call) for call in calls]
    try:
        yield running
    finally:
        for _, process in running:
            process.join(1)
            process.kill()


def _start(target: Callable[..., None], *args: object) -> tuple[Connection, BaseProcess]:
    ours, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=_run, args=(theirs, target, *args), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def _run(pipe: Connection, target: Callable[..., None], *args: object) -> None:
    """The call; what ends it is told, as nobody sees a worker's own output."""
    try:
        target(pipe, *args)
    except Exception:
        pipe.send(_Failed(traceback.format_exc()))
        raise


class Killed(Exception):
    """A worker was ended by a signal, in the midst of its work: gRPC aborts one now and then on a busy machine."""


def heard(pipe: Connection, process: BaseProcess) -> Any:
    """As `received`; raises `Killed` if a signal ended the worker, and fails the test if it ended otherwise."""
    try:
        return received(pipe)
    except EOFError:
        process.join(PATIENCE)
        assert process.exitcode is not None, "a worker has closed its pipe, and goes on"
        assert process.exitcode < 0, f"a worker ended with {process.exitcode} and said nothing"
        raise Killed(f"by signal {-process.exitcode}") from None


@dataclass(frozen=True)
class _Failed:
    how: str


def received(pipe: Connection) -> Any:
    """What the process says next; fails the test rather than wait for ever."""
    assert pipe.poll(PATIENCE), "a worker says nothing"
    said = pipe.recv()
    assert not isinstance(said, _Failed), said.how
    return said
