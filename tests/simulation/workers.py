"""Functions that run at the same time, each stopped at every call of its own until somebody lets it go on."""

from collections.abc import Callable

from greenlet import greenlet

from confsync.domain.errors import ConfsyncError
from tests.simulation.cloud import Cloud, Functions
from tests.simulation.gate import Call, Crash


class Worker:
    """One invocation of a function. It stands before its first call from the beginning.

    `waits` is the call where it stands, and whether the call's work is done. When it is over, `answered` tells whether
    it answered well; `done` is told that.
    """

    def __init__(
        self,
        cloud: Cloud,
        name: str,
        work: Callable[[Functions], object],
        done: Callable[[bool], object] = lambda _: None,
    ) -> None:
        self.name = name
        self.cloud = cloud
        self.waits: tuple[Call, bool] | None = None
        self.answered = False
        self._work = work
        self._done = done
        self._greenlet = greenlet(self._run)
        self._greenlet.switch()

    @property
    def over(self) -> bool:
        return self._greenlet.dead

    @property
    def in_flight(self) -> bool:
        """Whether a call to the vendor has left and its work is not done: it will be, within the deadline."""
        return self.waits is not None and self.waits[0].port == "vendor" and not self.waits[1]

    def step(self, fate: BaseException | None = None) -> None:
        """Go on to the next stop. `fate` is what the caller sees instead of the call, or of its answer."""
        if fate is None:
            self._greenlet.switch()
        else:
            self._greenlet.throw(fate)

    def finish(self) -> None:
        while not self.over:
            self.step()

    def __str__(self) -> str:
        where = f"{'after' if self.waits[1] else 'before'} {self.waits[0]}" if self.waits else "at its end"
        return f"{self.name}, {where}"

    # --- as the gate of its function

    def before(self, call: Call) -> None:
        self._stop(call, done=False)

    def after(self, call: Call) -> None:
        self._stop(call, done=True)

    def _stop(self, call: Call, *, done: bool) -> None:
        self.waits = (call, done)
        parent = self._greenlet.parent
        assert parent is not None
        parent.switch()

    def _run(self) -> None:
        try:
            self._work(Functions(self.cloud, self))
            self.answered = True
        except (Crash, ConfsyncError):
            pass
        self.waits = None
        self._done(self.answered)
