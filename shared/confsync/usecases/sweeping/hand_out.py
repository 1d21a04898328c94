"""Hand out what is due: the longest due first, many at once, and for one moment after the other."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

import structlog

from confsync.domain.errors import ConfsyncError, ServiceError, StoreConflict
from confsync.ports import Clock, Due, Save, Store

log = structlog.get_logger()

Work = Callable[[Due, datetime | None], object]
"""What is done with one thing, and when that is to begin; None: now."""

PUT_OFF = timedelta(minutes=10)
"""When to look again at something that was handed out, in case nothing came of it."""

RUN_FOR = timedelta(minutes=7)
"""A run that lasts longer hands out no more: it has to end before the next one, and before its function's time does."""

PAGE = 500
"""How many are read at a time, if nobody says otherwise."""


class Fate(Enum):
    """What became of one thing that was due."""

    DONE = "done"
    FAILED = "failed"  # it was put off, and then the work failed
    BUSY = "busy"  # somebody is at it right now
    LEFT = "left"  # it could not even be put off


@dataclass(frozen=True, kw_only=True)
class HandOut:
    """One run's way of handing out. `began`: what is due by then is."""

    store: Store
    clock: Clock
    began: datetime
    per_second: float
    """How many of a kind begin in a second, at most."""
    threads: int = 1
    """One hands out in the caller's own."""
    page: int | None = None
    """How many are read at a time, all of which are begun; None: `PAGE`."""
    _left: set[tuple[type, str]] = field(default_factory=set)
    """What stays due, and is not tried again in this run."""
    _finished: set[type] = field(default_factory=set)
    """The kinds of which all that was due has been tried."""

    def __call__(self, kind: type[Due], work: Work[Due], *, limit: int) -> Iterator[tuple[Due, Fate]]:
        """Each is put off before the work is done with it, so that what fails each time comes after all the others."""
        handed = 0
        with ExitStack() as stack:
            pool = stack.enter_context(ThreadPoolExecutor(self.threads)) if self.threads > 1 else None
            while handed < limit and not self._is_over and kind not in self._finished:
                size = min(self.page or PAGE, limit - handed)
                page = self._page(kind, size)
                begins = [self._begins(handed + index) for index in range(len(page))]
                for record, fate in zip(page, self._fates(pool, page, work, begins), strict=True):
                    if fate in {Fate.BUSY, Fate.LEFT}:
                        self._left.add((kind, record.key))
                    yield record, fate
                handed += len(page)
                if len(page) < size:
                    self._finished.add(kind)

    @property
    def _is_over(self) -> bool:
        return self.clock.now() - self.began >= RUN_FOR

    def more(self, kind: type[Due]) -> bool:
        """Whether some are due that this run has not tried."""
        return kind not in self._finished and bool(self._page(kind, 1))

    def _page(self, kind: type[Due], size: int) -> list[Due]:
        left = {key for of, key in self._left if of is kind}
        found = self.store.due(kind, self.began, limit=size + len(left))
        return [record for record in found if record.key not in left][:size]

    def _begins(self, index: int) -> datetime | None:
        """What fits into the first second may begin at once."""
        return self.began + timedelta(seconds=index / self.per_second) if index >= self.per_second else None

    def _fates(
        self, pool: ThreadPoolExecutor | None, page: list[Due], work: Work[Due], begins: list[datetime | None]
    ) -> Iterable[Fate]:
        def one(record: Due, at: datetime | None) -> Fate:
            return self._one(record, work, at)

        if pool is None:
            return map(one, page, begins)
        contexts = [copy_context() for _ in page]  # which have this request's trace
        return pool.map(lambda context, *each: context.run(one, *each), contexts, page, begins)

    def _one(self, record: Due, work: Work[Due], at: datetime | None) -> Fate:
        try:
            self.store.commit([Save(record=replace(record, due_at=(at or self.clock.now()) + PUT_OFF))])
        except StoreConflict:
            return Fate.BUSY
        except ServiceError as error:
            log.warning("sweep could not put this off; left to the next one", key=record.key, error=str(error))
            return Fate.LEFT
        try:
            work(record, at)
        except ConfsyncError as error:
            log.warning("sweep could not do this; it stays due", key=record.key, error=str(error))
            return Fate.FAILED
        return Fate.DONE
