"""A check looks at one thing, changes nothing, and says how it is and what would mend it."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from threading import Thread

from confsync.domain.errors import ConfsyncError, Unexpected

PATIENCE = 30.0
"""Seconds for all checks together: they run at the same time."""


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"  # for a person to look at; the deployment does its job
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """How something is, and how to mend it."""

    level: Level
    told: str
    mend: str = ""


def ok(told: str) -> Finding:
    """It is as it should be."""
    return Finding(level=Level.OK, told=told)


def warn(told: str, mend: str) -> Finding:
    """Somebody should look at it."""
    return Finding(level=Level.WARN, told=told, mend=mend)


def fail(told: str, mend: str) -> Finding:
    """The deployment can't do its job."""
    return Finding(level=Level.FAIL, told=told, mend=mend)


@dataclass(frozen=True, kw_only=True)
class Check:
    """`look` raises the domain's errors where it can't find out: then `mend` is what to do."""

    name: str
    look: Callable[[], Finding]
    mend: str = ""
    signed_in: bool = False
    """Whether it is by this command's own account at Google that it looks."""


def examined(checks: Sequence[Check], patience: float = PATIENCE) -> Iterator[tuple[str, Finding]]:
    """Names and findings in the order of the checks, which all run at the same time."""
    begun = [(check, _begun(check)) for check in checks]
    deadline = time.monotonic() + patience
    for check, found in begun:
        try:
            yield check.name, found.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            yield check.name, fail(f"no answer within {patience:g} s", check.mend)


def _begun(check: Check) -> "Future[Finding]":
    """What it will find. Its thread holds up no end of the process."""
    found: Future[Finding] = Future()
    Thread(target=lambda: found.set_result(_looked(check)), name=check.name, daemon=True).start()
    return found


def _looked(check: Check) -> Finding:
    try:
        return check.look()
    except ConfsyncError as error:
        return fail(str(error), check.mend)
    except Exception as error:  # noqa: BLE001 - what is wrong with one check is told, and hides no other
        return fail(str(Unexpected.of(error)), check.mend)
