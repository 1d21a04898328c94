"""Calendars, conferences and channels as they are on record, and what can be done to one of them by hand.

No command shows a token, a secret, a passcode or a link.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from confsync.cli import answers
from confsync.cli.answers import Say
from confsync.cli.deployment import Deployment, log_to_stderr
from confsync.cli.records.calendars import CALENDARS
from confsync.cli.records.channels import CHANNELS
from confsync.cli.records.conferences import CONFERENCES
from confsync.cli.records.kind import Kind, T
from confsync.domain.errors import BadRequest

KINDS: Mapping[str, Kind[Any]] = {"calendars": CALENDARS, "conferences": CONFERENCES, "channels": CHANNELS}
MOST_DUE = 1000
"""Of those that are due, so many are looked at: the longest due."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which records: in that state, of that account, and only those that are due."""

    state: str | None = None
    owner: str | None = None
    due: bool = False


def listed(deployment: Deployment, kind: Kind[T], asked: Asked, say: Say, *, as_json: bool = False) -> int:
    """A row each. Returns 0."""
    found = (kind.row(each) for each in _found(deployment, kind, asked))
    which = f"there is no {kind.name}" if asked == Asked() else f"there is no such {kind.name}"
    answers.rows(found, say, nothing=which, as_json=as_json)
    return 0


def _found(deployment: Deployment, kind: Kind[T], asked: Asked) -> Iterator[T]:
    having = {"state": asked.state, kind.owner: asked.owner.lower() if asked.owner else None}
    wanted = {field: value for field, value in having.items() if value is not None}
    ports = deployment.adapters
    if not asked.due:
        return ports.store.find(kind.record, **wanted)
    late = ports.store.due(kind.record, ports.clock.now(), limit=MOST_DUE)
    return (each for each in late if all(getattr(each, field) == value for field, value in wanted.items()))


def shown(deployment: Deployment, kind: Kind[T], named: str, say: Say, *, as_json: bool = False) -> int:
    """Everything about one. Returns 0. Raises `BadRequest` if there is none."""
    record = deployment.adapters.store.get(kind.record, kind.key(named))
    if record is None:
        raise BadRequest(f"there is no {kind.name} {named}")
    answers.facts(kind.facts(deployment, record), say, as_json=as_json)
    return 0


def done(deployment: Deployment, kind: Kind[T], action: str, named: str, why: str, say: Say) -> int:
    """Do it to that one, and tell what becomes of it. Returns 0. Raises `BadRequest`, which says why it can't be."""
    log_to_stderr()
    try:
        kind.actions[action](deployment.by_hand, kind.key(named), why)
    except BadRequest as error:
        raise BadRequest(f"{kind.name} {named}: {error}") from error
    say(f"{named}: {kind.outcomes[action]}")
    return 0
