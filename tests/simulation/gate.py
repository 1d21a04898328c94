"""The gate that every call of a function passes on its way out and back.

There a test counts calls, kills the function, loses an answer, or lets somebody else go first.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from confsync.domain.errors import Ambiguous, ServiceError, Temporary

CALLS = {
    "store": {
        "get",
        "get_many",
        "commit",
        "links_of_calendar",
        "conference_of_meeting",
        "conferences_of_host",
        "connections_of",
        "find",
        "due",
    },
    "queue": {"sync_calendar", "reconcile_conference"},
    "google": {
        "resolve",
        "list_calendars",
        "get_event",
        "list_events",
        "write_conference",
        "write_text",
        "watch",
        "stop",
        "read_event",
        "access",
        "insert_event",
        "patch_event",
        "delete_event",
    },
    "vendor": {"create", "find", "get", "update", "delete"},
    "logins": {"finish", "renew", "account", "revoke"},
    "clock": {"sleep"},
}
WAYS = {"acting_as", "with_token", "provider"}
"""Methods that give another port, and call nobody."""

CHANGES = {"create", "update", "delete"}


class BrokenPromise(BaseException):
    """What must never happen did, in the middle of a call: no use case can catch it."""


@contextmanager
def promised() -> Iterator[None]:
    """What is asserted here is a promise."""
    try:
        yield
    except AssertionError as error:
        raise BrokenPromise(str(error)) from error


class Crash(BaseException):
    """The process is killed: no use case can catch it."""


@dataclass(frozen=True)
class Call:
    """One call of a port, as `vendor.create` in a story."""

    port: str
    method: str
    arguments: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.port}.{self.method}"

    @property
    def told(self) -> str:
        """Its arguments, as far as a line takes them."""
        return str(self.arguments)[:160]

    def lost(self) -> ServiceError:
        """What the caller sees when the answer never comes."""
        if self.port == "vendor" and self.method in CHANGES:
            return Ambiguous(f"no answer to {self}", service="vendor")
        return Temporary(f"no answer to {self}", service=self.port)


class Gate(Protocol):
    """What may happen to a call; both may raise."""

    def before(self, call: Call) -> None:
        """It has not left yet."""
        ...

    def after(self, call: Call) -> None:
        """Its work is done, and the answer has not come."""
        ...


class Open:
    """Nothing happens."""

    def before(self, call: Call) -> None:
        pass

    def after(self, call: Call) -> None:
        pass


class Gated:
    """A port behind a gate. `heard` is told of each answer that came back."""

    def __init__(self, name: str, port: Any, gate: Gate, heard: Callable[[Call, Any], None]) -> None:
        self._name = name
        self._port = port
        self._gate = gate
        self._heard = heard

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._port, name)
        if name in WAYS:
            return lambda *args: Gated(self._name, value(*args), self._gate, self._heard)
        return self._through(name, value) if name in CALLS[self._name] else value

    def _through(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            this = Call(self._name, name, args)
            self._gate.before(this)
            try:
                answer = method(*args, **kwargs)
            except Exception:
                self._gate.after(this)  # a refusal is an answer too
                raise
            if name == "links_of_calendar":
                answer = iter(list(answer))
            self._gate.after(this)
            self._heard(this, answer)
            return answer

        return call
