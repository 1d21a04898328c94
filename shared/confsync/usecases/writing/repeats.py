"""Requests that may be repeated, or race: each makes one event."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from confsync.domain.errors import Conflict, StoreConflict
from confsync.domain.keys import event_id, repeat_key
from confsync.domain.repeat import KEEP, Repeat
from confsync.ports import Clock, Save, Store


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The event that a request makes, and whether the request was seen before."""

    event_id: str
    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """Which event a request makes."""

    store: Store
    clock: Clock

    def claim(
        self,
        caller: str,
        calendar_key: str,
        *,
        key: str | None,
        own_id: str | None,
        asked: Any,
        exists: Callable[[str], bool],
    ) -> Claim:
        """The same event for the same request, known by its key or by the event's own id; else a new one.

        `asked`: all of it, as JSON has it. `exists`: whether there is, or was, an event with this id. Raises `Conflict`
        if the key was used for something else, or the id is an event's that this request did not make.
        """
        if key is None and own_id is None:
            return Claim(event_id=self.clock.new_id())
        record_key = repeat_key(caller, calendar_key, f"key {key}" if key is not None else f"id {own_id}")
        fingerprint = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        made = Repeat(
            key=record_key,
            fingerprint=fingerprint,
            event_id=own_id or event_id(record_key),
            expire_at=self.clock.now() + KEEP,
        )
        stored = self.store.get(Repeat, record_key)
        if stored is None and (own_id is None or not exists(own_id)):
            with suppress(StoreConflict):  # the same request, at the same moment
                self.store.commit([Save(record=made)])
                return Claim(event_id=made.event_id)
        stored = stored or self.store.get(Repeat, record_key)
        if stored is None:
            raise Conflict(f"event id {own_id!r} is another event's: take a new one", service="confsync", status=409)
        if stored.fingerprint != fingerprint:
            told = f"Idempotency-Key {key!r}" if key is not None else f"event id {own_id!r}"
            raise Conflict(f"{told} came with another request before: take a new one", service="confsync", status=409)
        return Claim(event_id=stored.event_id, repeated=True)
