"""A queue that only remembers what it was given."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Task:
    """`key` is the calendar key or the conference id."""

    kind: Literal["sync", "reconcile"]
    key: str
    at: datetime | None = None
    name: str | None = None
    renew: bool = False
    notified: bool = False


class FakeQueue:
    """The `Queue` port. `tasks` wait, in the order given; set `error` to have it refuse them."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.error: Exception | None = None
        self._names: set[str] = set()

    def sync_calendar(
        self,
        calendar_key: str,
        *,
        at: datetime | None = None,
        name: str | None = None,
        renew: bool = False,
        notified: bool = False,
    ) -> None:
        self._add(Task(kind="sync", key=calendar_key, at=at, name=name, renew=renew, notified=notified))

    def reconcile_conference(self, conference_id: str, *, at: datetime | None = None) -> None:
        self._add(Task(kind="reconcile", key=conference_id, at=at))

    def take(self) -> list[Task]:
        """All that wait, which leaves none. Their names stay used, as in Cloud Tasks."""
        taken, self.tasks = self.tasks, []
        return taken

    def _add(self, task: Task) -> None:
        if self.error:
            raise self.error
        if task.name is None or task.name not in self._names:
            self.tasks.append(task)
        if task.name is not None:
            self._names.add(task.name)
