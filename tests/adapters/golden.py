"""Records as each release wrote them, one file a form: `python -m tests.adapters.golden` adds that of today's form."""

import json
import sys
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from confsync.adapters.records import COLLECTIONS, FORM, document
from confsync.domain.entry_point import EntryPoint, EntryPointType, Feature
from tests.strategies import KINDS

GOLDEN = Path(__file__).with_name("golden")
WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
PHONE = EntryPoint(
    type=EntryPointType.PHONE,
    uri="tel:+41-44-1234567",
    label="+41 44 123 45 67",
    region_code="CH",
    features=(Feature.TOLL,),
    access_code="1",
    meeting_code="2",
    passcode="3",
    password="4",
    pin="5",
)


def filled(hint: Any, name: str = "") -> Any:
    """A value of the type in which every field has something, down to the last."""
    leaves = {datetime: WHEN, str: name, int: 1, bool: True, EntryPoint: PHONE}
    if hint in leaves:
        return leaves[hint]
    if is_dataclass(hint):
        return hint(**{name: filled(each, name) for name, each in get_type_hints(hint).items()})  # type: ignore[operator]
    match get_origin(hint), get_args(hint):
        case (origin, args) if origin is UnionType:
            return filled(next(each for each in args if each is not NoneType), name)
        case (origin, (item, _)) if origin is tuple:
            return (filled(item, name),)
        case (origin, (key, value)) if origin is Mapping:
            return {filled(key, "a name"): filled(value, name)}
    assert issubclass(hint, Enum), f"{name}: {hint}"
    return next(iter(hint))


def documents() -> dict[str, Any]:
    """What this release stores of a record of each kind, by collection, as JSON has it."""
    stored = {COLLECTIONS[kind]: document(filled(kind)) for kind in KINDS}
    return msgspec.json.decode(msgspec.json.encode(stored))  # type: ignore[no-any-return]


def file_of(form: int) -> Path:
    """Where the records of this form are."""
    return GOLDEN / f"form_{form}.json"


if __name__ == "__main__":
    if file_of(FORM).exists():
        sys.exit(
            f"records of form {FORM} are out there: another field takes another form (confsync/adapters/records.py)"
        )
    GOLDEN.mkdir(exist_ok=True)
    file_of(FORM).write_text(json.dumps(documents(), indent=2) + "\n", encoding="utf-8")
