"""Ports that a test can listen to, or pull the plug of."""

from collections.abc import Callable
from typing import Any

from tests.simulation.gate import CALLS, WAYS, Crash

OUTSIDE = frozenset[str]().union(*CALLS.values())


class Plug:
    """Counts the calls that leave the process, and kills it after some of them."""

    def __init__(self) -> None:
        self.count = 0
        self._at: list[int] = []

    def arm(self, *at: int) -> None:
        """The process dies after the `at[0]`-th call from now, the next one after its `at[1]`-th, and so on."""
        self.count, self._at = 0, list(at)

    @property
    def armed(self) -> bool:
        """Whether a death is still to come."""
        return bool(self._at)

    def passed(self) -> None:
        self.count += 1
        if self._at and self.count == self._at[0]:
            self.count = 0
            del self._at[0]
            raise Crash


class Tapped:
    """Any port, each of whose calls goes past the plug once its work is done."""

    def __init__(self, port: Any, plug: Plug) -> None:
        self._port = port
        self._plug = plug

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._port, name)
        if name in WAYS:
            return lambda *args: Tapped(value(*args), self._plug)
        return self._counted(value) if name in OUTSIDE else value

    def _counted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            self._plug.passed()
            return result

        return call
