"""Watch channels: open one, replace one before it expires, give one up."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import structlog

from confsync.domain.backoff import renewal_time
from confsync.domain.calendar import Calendar, CalendarState, polling
from confsync.domain.channel import Channel, ChannelState, token
from confsync.domain.errors import (
    Ambiguous,
    Conflict,
    NotFound,
    ReauthorizationRequired,
    ServiceError,
    StoreConflict,
    Temporary,
    Unwatchable,
)
from confsync.ports import Calendars, Clock, Remove, Save, Store, Write
from confsync.usecases.records.took import took

log = structlog.get_logger()

REGISTERING_FOR = timedelta(minutes=10)
"""After this a registration whose outcome we never recorded is done again."""

STOP_AGAIN = timedelta(hours=1)

KEEP_RETIRED = timedelta(days=1)

UNANSWERED = (Temporary, Ambiguous, Conflict)
"""The channel may be open all the same. Its id is unguessable: one that is taken was taken by this very request, sent
twice."""


@dataclass(frozen=True, kw_only=True)
class WatchChannels:
    """Keep exactly one current watch channel per calendar. `ttl` is what we ask for; Google may give less."""

    store: Store
    calendars: Calendars
    clock: Clock
    keys: Sequence[bytes]
    ttl: timedelta

    def open(self, calendar: Calendar) -> Calendar:
        """Open a channel, make it the calendar's current one, then stop the one before; returns the calendar as stored.

        The channel is stored before Google knows it, in one commit with the calendar: of two callers one gets
        `StoreConflict`, so there are never two current ones. While both are open, changes are told twice, never not at
        all. If Google can't watch the calendar, it is polled from now on, with another try once a day.

        Raises what `watch` raises; the channel before is the current one then.
        """
        now = self.clock.now()
        channel = Channel(
            key=self.clock.new_id(),
            calendar_key=calendar.key,
            calendar_id=calendar.calendar_id,
            owner=calendar.owner,
            created_at=now,
            due_at=now + REGISTERING_FOR,
        )
        self.store.commit([Save(record=channel), Save(record=replace(calendar, channel_id=channel.key, unheard=0))])
        try:
            self._register(channel)
        except Unwatchable as error:
            log.info("calendar can't be watched; it is polled", calendar_key=calendar.key, reason=str(error))
            self._poll(calendar.key, channel.key, str(error))
            return self._stored(calendar.key)
        except ServiceError as error:
            if not self._is_open(channel.key):  # else the store took it, and only its answer was lost
                log.warning("channel not opened", calendar_key=calendar.key, ms=took(self.clock, now), error=str(error))
                self._step_back(channel.key, calendar, opened=isinstance(error, UNANSWERED))
                raise
        log.info(
            "channel opened",
            calendar_key=calendar.key,
            channel_id=channel.key,
            ms=took(self.clock, now),
            in_place_of=calendar.channel_id,
        )
        stored = self._stored(calendar.key)
        # this took so long that another worker replaced it meanwhile: then it is this one that goes
        over = calendar.channel_id if stored.channel_id == channel.key else channel.key
        if over and (before := self.store.get(Channel, over)):
            self.retire(before)
        return stored

    def renew(self, channel: Channel) -> str | None:
        """Replace a channel that is due, or end it if it is not current.

        Returns the key of the calendar to sync once.
        """
        calendar = self.store.get(Calendar, channel.calendar_key)
        if calendar is None or calendar.state is not CalendarState.ACTIVE:
            self.retire(channel)
            return None
        serves = channel.is_open(self.clock.now()) and not self._is_open(calendar.channel_id)
        if calendar.channel_id != channel.key and not serves:
            # one that never answered is no reason to open another: that would be two next time
            self.retire(channel)
            return None
        self.open(calendar)
        if calendar.channel_id != channel.key:
            # its replacement never opened, because of a crash: this one served until now
            self.retire(channel)
        return calendar.key

    def worn(self, channel_id: str) -> bool:
        """Whether the channel should be replaced by now. A task may be delivered twice, and tried again after half of
        it was done."""
        channel = self.store.get(Channel, channel_id)
        return channel is None or channel.worn(self.clock.now())

    def _is_open(self, channel_id: str | None) -> bool:
        channel = self.store.get(Channel, channel_id) if channel_id else None
        return channel is not None and channel.is_open(self.clock.now())

    def retire(self, channel: Channel) -> None:
        """Stop a channel as far as Google lets us, and remember that it is over.

        Without a grant we can't: it may come back before the channel lapses.
        """
        resource_id = channel.resource_id or self._shared_resource_id(channel)
        if resource_id is not None:
            try:
                self.calendars.acting_as(channel.owner).stop(channel.key, resource_id)
            except NotFound:
                pass  # expired or stopped before
            except ReauthorizationRequired:
                now = self.clock.now()
                if channel.is_open(now):
                    self._save(channel.key, due_at=now + STOP_AGAIN)
                    return
            except ServiceError as error:
                # it lapses by itself, and its notifications are only hints
                log.warning("channel not stopped", channel_id=channel.key, error=str(error))
        self._save(channel.key, state=ChannelState.RETIRED, due_at=None, expire_at=self.clock.now() + KEEP_RETIRED)

    def _shared_resource_id(self, channel: Channel) -> str | None:
        """For a channel whose answer we never recorded: all of one account's on a calendar have the same resource id.

        https://github.com/googleapis/google-api-nodejs-client/issues/1402
        """
        current = self._stored(channel.calendar_key).channel_id
        sibling = self.store.get(Channel, current) if current else None
        return sibling.resource_id if sibling is not None and sibling.owner == channel.owner else None

    def _register(self, channel: Channel) -> None:
        watch = self.calendars.acting_as(channel.owner).watch(
            channel.calendar_id,
            channel.key,
            token=token(self.keys, channel.key, channel.calendar_key),
            ttl=self.ttl,
        )
        now = self.clock.now()
        self._save(
            channel.key,
            state=ChannelState.ACTIVE,
            resource_id=watch.resource_id,
            expiration=watch.expiration,
            due_at=renewal_time(channel.key, now, watch.expiration),
        )

    def _poll(self, calendar_key: str, channel_id: str, reason: str) -> None:
        """In one commit: a calendar whose current channel is retired would be neither watched nor marked."""
        calendar, channel = self._stored(calendar_key), self.store.get(Channel, channel_id)
        assert channel is not None, "it was stored before Google was asked"
        polled = polling(calendar, reason, self.clock.now())
        self.store.commit([Save(record=polled), Remove(record=channel)])

    def _step_back(self, channel_id: str, before: Calendar, *, opened: bool) -> None:
        """The channel before stays current, and serves until a new one is open or it expires.

        `opened`: this one may be open: its record stays, so that it is stopped when it is due.
        """
        channel, calendar = self.store.get(Channel, channel_id), self._stored(before.key)
        writes: list[Write] = []
        if calendar.channel_id == channel_id:
            old = before.channel_id if self._is_open(before.channel_id) else None
            writes.append(Save(record=replace(calendar, channel_id=old)))
        if channel is not None and not opened:
            writes.append(Remove(record=channel))
        with suppress(StoreConflict):  # then it is given up when it is due
            self.store.commit(writes)

    def _save(self, channel_id: str, **changes: Any) -> None:
        stored = self.store.get(Channel, channel_id)
        if stored is not None:
            self.store.commit([Save(record=replace(stored, **changes))])

    def _stored(self, calendar_key: str) -> Calendar:
        calendar = self.store.get(Calendar, calendar_key)
        assert calendar is not None, "calendars are never removed"
        return calendar
