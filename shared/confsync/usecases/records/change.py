"""Change one record on the condition that nobody else did meanwhile."""

from collections.abc import Callable
from contextlib import suppress

from confsync.domain.errors import StoreConflict
from confsync.ports import R, Save, Store

CONFLICTS = 10
"""How often work that others keep overtaking is begun anew. More in a row mean that something is wrong."""


def change(store: Store, kind: type[R], key: str, decide: Callable[[R], R | None]) -> R | None:
    """Save what `decide` makes of the record as it is now; anew with a fresh one as long as others are faster.

    Returns the record as it was decided (its version is not the stored one's), or None if there is no such record or
    `decide` returned None. One that it leaves as it is costs no write. Raises `StoreConflict` if others keep changing
    it, and what `decide` raises.
    """
    for _ in range(CONFLICTS):
        stored = store.get(kind, key)
        changed = decide(stored) if stored is not None else None
        if changed is None or changed == stored:
            return changed
        with suppress(StoreConflict):
            store.commit([Save(record=changed)])
            return changed
    raise StoreConflict(f"{kind.__name__.lower()} {key} is being changed by others")
