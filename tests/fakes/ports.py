"""The ports of `UseCases`, each as a test has it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class FakePorts:
    """What is outside."""

    clock: Any
    store: Any
    calendars: Any
    providers: Any
    queue: Any
    channel_keys: tuple[bytes, ...] = (b"k" * 32,)
    join_keys: tuple[bytes, ...] = (b"j" * 32,)
    sealer: Any = None
    logins: Any = None
    drive: Any = None
