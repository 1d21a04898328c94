"""Lead somebody from our own address of a meeting to the link that is theirs alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

import structlog

from confsync.domain.conference import Conference
from confsync.domain.errors import NotFound
from confsync.domain.joining import Doors, conference_of, doors
from confsync.domain.link import Link
from confsync.ports import Clock, PersonalLinks, Providers, Queue, Store, Visitor
from confsync.usecases.records.tasks import queued

log = structlog.get_logger()


class Joining(StrEnum):
    """How it went."""

    READY = "ready"
    NAME_WANTED = "name_wanted"  # by which the others see them
    EARLY = "early"
    OVER = "over"
    GONE = "gone"  # the meeting was removed, or its event was
    PREPARING = "preparing"  # it is being made: in a moment


@dataclass(frozen=True, kw_only=True)
class Joined:
    """What to tell who wants to join."""

    how: Joining
    solution: str = ""
    """Its name, as people know it."""
    url: str | None = None
    """The link for this person alone, if it is ready: a secret."""
    leads: bool = False
    """Whether it is their event."""
    opens_at: datetime | None = None
    time_zone: str = "UTC"
    """The event's."""


@dataclass(frozen=True, kw_only=True)
class JoinConference:
    """`keys`: the ring that signs the addresses."""

    store: Store
    providers: Providers
    queue: Queue
    clock: Clock
    keys: Sequence[bytes]

    def __call__(self, token: str, *, name: str = "", email: str | None = None) -> Joined:
        """`name`: as others are to see them. `email`: only if it is certain that it is theirs.

        Raises `Forbidden` for a token that is not ours, and what providers raise.
        """
        conference = self.store.get(Conference, conference_of(self.keys, token))
        if conference is None or not conference.wanted:
            return Joined(how=Joining.GONE)
        solution = self.providers.solution(conference.solution).name
        links = list(self.store.get_many(Link, conference.links).values())
        when = self._doors(conference, links)
        if not when.open:
            how = Joining.EARLY if when.opens_at else Joining.OVER
            zone = conference.searched_by.time_zone
            return Joined(how=how, solution=solution, opens_at=when.opens_at, time_zone=zone)
        visitor = Visitor(name=name.strip(), moderator=_leads(conference, links, email), email=email)
        return self._led_on(conference, visitor, solution)

    def _doors(self, conference: Conference, links: Sequence[Link]) -> Doors:
        specs = [link.spec for link in links] or [conference.searched_by]
        return doors(specs, self.clock.now())

    def _led_on(self, conference: Conference, visitor: Visitor, solution: str) -> Joined:
        made, provider = conference.applied, self.providers.provider(conference.solution, conference.settings)
        if made.reference is None or made.details is None:
            return self._prepared(conference, solution)
        if not provider.capabilities.join_redirect:
            return Joined(how=Joining.READY, solution=solution, url=made.details.video_uri)
        if not visitor.name:  # on that page they can also say that they are the one who leads
            return Joined(how=Joining.NAME_WANTED, solution=solution, leads=visitor.moderator)
        try:
            url = cast("PersonalLinks", provider).join(
                made.reference, conference.desired.spec or conference.searched_by, visitor
            )
        except NotFound:
            return self._prepared(conference, solution)
        log.info("somebody was led to their link", conference_id=conference.id, moderator=visitor.moderator)
        return Joined(how=Joining.READY, solution=solution, url=url)

    def _prepared(self, conference: Conference, solution: str) -> Joined:
        queued(self.queue.reconcile_conference, conference.id)
        return Joined(how=Joining.PREPARING, solution=solution)


def _leads(conference: Conference, links: Sequence[Link], email: str | None) -> bool:
    """Whether it is their event, or it was made for them."""
    leaders = {conference.host, *(link.organizer or link.owner for link in links)}
    return email is not None and email.lower() in {each.lower() for each in leaders}
