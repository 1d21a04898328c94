"""When a record is due, as a document keeps it: in `due_at`, or beside a shard.

Firestore takes 500 writes a second to documents of a collection that move in an index ordered by time, which is what
`due_at` has. Over shards it takes as many for each: https://cloud.google.com/firestore/docs/solutions/shard-timestamp

A document has the one or the other, each has its index, and what is due is looked for in both. So it does not matter
who wrote a record, and when: it is found, once, and whatever is saved moves to where its writer keeps it.
deploy/README.md, "Upgrading", says who may use shards.
"""

from collections.abc import Mapping
from typing import Any

from confsync.adapters.records import NEEDED_FIELD
from confsync.domain.keys import part_of

SHARDS = 16
"""As many values as one query asks for at once; it could be 30. What is stored stays where it is, so that this number
may grow, but only in a release after the one that asks for more."""
DUE_AT = "due_at"
SHARD, SHARDED_DUE_AT = "_shard", "_due_at"
FORM_OF_SHARDS = 2
"""Releases that write an older form do not look for a shard: they leave such documents alone."""


def sharded(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The record's document with a shard, and in the index of `due_at` no more; as it is, if it is never due.

    Nothing is a value too, by which those that are never due are found; in the index it is in no order of time.
    """
    if document.get(DUE_AT) is None:
        return dict(document)
    rest = {name: value for name, value in document.items() if name != DUE_AT}
    needed = max(document[NEEDED_FIELD], FORM_OF_SHARDS)
    return {**rest, NEEDED_FIELD: needed, SHARD: part_of(key, SHARDS), SHARDED_DUE_AT: document[DUE_AT]}


def unsharded(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document as the record has it, wherever it keeps when it is due."""
    if SHARD not in document:
        return document
    rest = {name: value for name, value in document.items() if name not in {SHARD, SHARDED_DUE_AT}}
    return {**rest, DUE_AT: document[SHARDED_DUE_AT]}
