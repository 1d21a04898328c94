"""What every `Queue` does. Subclass, and give a `world` fixture."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from confsync.domain.errors import Temporary
from confsync.ports import Queue

Waiting = tuple[str, str]


class World(Protocol):
    """A queue, and what waits in it: ("sync" or "renew", calendar key) or ("reconcile", conference id)."""

    queue: Queue

    def waiting(self) -> Sequence[Waiting]: ...
    def due(self) -> datetime | None:
        """When the only task is due; None: at once."""
        ...

    def deliver(self) -> None:
        """Have all tasks done, and gone."""
        ...

    def break_down(self) -> None: ...


class QueueContract:
    def test_takes_every_kind_of_work(self, world: World) -> None:
        world.queue.sync_calendar("calendar-1")
        world.queue.sync_calendar("calendar-2", renew=True)
        world.queue.reconcile_conference("confsync-1")
        assert sorted(world.waiting()) == [
            ("reconcile", "confsync-1"),
            ("renew", "calendar-2"),
            ("sync", "calendar-1"),
        ]

    def test_keeps_the_time(self, world: World) -> None:
        at = datetime.now(UTC) + timedelta(hours=1, microseconds=1)
        world.queue.sync_calendar("calendar-1", at=at)
        assert world.due() == at

    def test_a_task_of_the_same_name_absorbs_another(self, world: World) -> None:
        for name in ("bucket-1", "bucket-1", "bucket-2"):
            world.queue.sync_calendar("calendar-1", name=name)
        assert world.waiting() == [("sync", "calendar-1")] * 2

    def test_a_name_stays_used_for_a_while(self, world: World) -> None:
        world.queue.sync_calendar("calendar-1", name="bucket-1")
        world.deliver()
        world.queue.sync_calendar("calendar-1", name="bucket-1")
        assert world.waiting() == []

    def test_without_names_nothing_is_absorbed(self, world: World) -> None:
        world.queue.reconcile_conference("confsync-1")
        world.queue.reconcile_conference("confsync-1")
        assert world.waiting() == [("reconcile", "confsync-1")] * 2

    def test_says_when_it_took_nothing(self, world: World) -> None:
        world.break_down()
        with pytest.raises(Temporary):
            world.queue.sync_calendar("calendar-1", name="bucket-1")
        with pytest.raises(Temporary):
            world.queue.reconcile_conference("confsync-1")
