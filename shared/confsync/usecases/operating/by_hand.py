"""Have one thing done now, leave it alone, or take it up again: by the same transitions as everything else."""

from dataclasses import dataclass, replace
from typing import TypeVar

from confsync.domain.calendar import Calendar, made_due, put_on_hold, taken_off_hold
from confsync.domain.channel import Channel, ChannelState
from confsync.domain.conference import BY_AN_OPERATOR, Conference
from confsync.domain.connection import Connection, scheduled
from confsync.domain.errors import BadRequest
from confsync.domain.transitions import asked_again, left_alone, thawed
from confsync.ports import Clock, Queue, Store
from confsync.usecases.records.change import change
from confsync.usecases.records.tasks import queued

T = TypeVar("T", Calendar, Channel, Conference, Connection)


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """Each returns the record as it is then, and raises `BadRequest`, which says why, if that can't be done to it.

    What the queue does not take is left to the sweep: it is due.
    """

    store: Store
    queue: Queue
    clock: Clock

    def retry_calendar(self, key: str) -> Calendar:
        """Have it read now."""

        def decide(calendar: Calendar) -> Calendar:
            if calendar.on_hold:
                raise BadRequest(f"{calendar.reason}: resume it first")
            return made_due(calendar, self.clock.now())

        return self._read(change(self.store, Calendar, key, decide))

    def pause_calendar(self, key: str, why: str) -> Calendar:
        """Have nobody read it. Its channel ends by itself; its conferences stay as they are."""
        return _found(change(self.store, Calendar, key, lambda calendar: put_on_hold(calendar, why)))

    def resume_calendar(self, key: str) -> Calendar:
        """Have it read again, all of it."""

        def decide(calendar: Calendar) -> Calendar:
            if not calendar.on_hold:
                raise BadRequest("no operator has paused it; what is paused otherwise can be retried")
            return taken_off_hold(calendar, self.clock.now())

        return self._read(change(self.store, Calendar, key, decide))

    def retry_conference(self, conference_id: str) -> Conference:
        """Have it reconciled now, and what was refused tried again. A wait that its vendor asked for is kept."""

        def decide(conference: Conference) -> Conference:
            if conference.frozen:
                then = "resume it first" if conference.kept_by == BY_AN_OPERATOR else "its account was disconnected"
                raise BadRequest(f"its meeting is kept as it is, and nothing is done for it: {then}")
            now = self.clock.now()
            return replace(asked_again(conference, now), due_at=now)

        return self._reconciled(change(self.store, Conference, conference_id, decide))

    def pause_conference(self, conference_id: str) -> Conference:
        """Have its meeting stay as it is, whatever becomes of its events."""

        def decide(conference: Conference) -> Conference:
            if conference.frozen:
                raise BadRequest("its meeting is kept as it is already")
            kept = left_alone(conference, BY_AN_OPERATOR, reachable=True)
            if not kept.frozen:
                raise BadRequest("there is no meeting that could stay as it is")
            return kept

        return _found(change(self.store, Conference, conference_id, decide))

    def resume_conference(self, conference_id: str) -> Conference:
        """Have its meeting follow its events again."""

        def decide(conference: Conference) -> Conference:
            if conference.kept_by != BY_AN_OPERATOR:
                raise BadRequest("no operator has paused it")
            return replace(thawed(conference, self.clock.now()), due_at=self.clock.now())

        return self._reconciled(change(self.store, Conference, conference_id, decide))

    def retry_channel(self, key: str) -> Channel:
        """Have the next sweep replace it or, if its calendar has another one, end it."""

        def decide(channel: Channel) -> Channel:
            if channel.state is ChannelState.RETIRED:
                raise BadRequest(f"it is over; retry its calendar, {channel.calendar_id}")
            return replace(channel, due_at=self.clock.now())

        return _found(change(self.store, Channel, key, decide))

    def retry_connection(self, key: str) -> Connection:
        """Have the next sweep look after it: renew its grant or, if it is being left, go on with that."""

        def decide(connection: Connection) -> Connection:
            now = self.clock.now()
            if connection.leaving is not None:
                return replace(connection, due_at=now)
            if not connection.usable:
                raise BadRequest(f"it has ended ({connection.reason}): its person has to connect it again")
            return scheduled(replace(connection, renew_at=now), now)

        return _found(change(self.store, Connection, key, decide))

    def _read(self, calendar: Calendar | None) -> Calendar:
        found = _found(calendar)
        queued(self.queue.sync_calendar, found.key)
        return found

    def _reconciled(self, conference: Conference | None) -> Conference:
        found = _found(conference)
        queued(self.queue.reconcile_conference, found.id)
        return found


def _found(record: T | None) -> T:
    if record is None:
        raise BadRequest("there is none on record")
    return record
