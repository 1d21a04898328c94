"""Hypothesis strategies for records with every field filled in every way that its type allows."""

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from uuid import uuid4

from hypothesis import strategies as st

from confsync.domain.budget import Budget
from confsync.domain.calendar import Calendar
from confsync.domain.channel import Channel
from confsync.domain.conference import Conference
from confsync.domain.connection import Connection
from confsync.domain.entry_point import CODES, SCHEMES, ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.host import Host
from confsync.domain.link import Link
from confsync.domain.repeat import Repeat
from confsync.domain.sweep import Sweep
from confsync.ports import Record

T = TypeVar("T")

KINDS: tuple[type[Record], ...] = (Budget, Calendar, Channel, Conference, Connection, Host, Link, Repeat, Sweep)

times = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2199, 1, 1), timezones=st.just(UTC))
text = st.text(max_size=40)
# what vendors name things; dots and backticks mean something in Firestore's field paths
names = st.text("abz_.`~*/[]é-", min_size=1, max_size=12).filter(lambda name: not name.startswith("__"))


@st.composite
def records(draw: st.DrawFn, kind: type[T]) -> T:
    """A record that no store has seen, under a key that no other one has."""
    return with_key(draw(_dataclass(kind)), uuid4().hex)


def with_key(record: T, key: str) -> T:
    """The same record under another key, as if it had never been stored."""
    identity = "id" if isinstance(record, Conference) else "key"
    return replace(record, **{identity: key}, version=None)  # type: ignore[type-var]


@st.composite
def entry_points(draw: st.DrawFn, kind: EntryPointType) -> EntryPoint:
    """One entry point of the kind, within Calendar's rules."""
    phone = kind is EntryPointType.PHONE
    return EntryPoint(
        type=kind,
        uri=SCHEMES[kind][0] + draw(text),
        label=draw(st.none() | text) if kind is not EntryPointType.MORE else None,
        region_code=draw(st.none() | text) if phone else None,
        features=draw(st.lists(st.sampled_from(Feature), max_size=1).map(tuple)) if phone else (),
        **{code: draw(st.none() | text) for code in CODES},
    )


@st.composite
def conference_details(draw: st.DrawFn) -> ConferenceDetails:
    """Details with a phone number, other entry points, notes and parameters."""
    kinds = draw(st.lists(st.sampled_from(EntryPointType), unique=True))
    return ConferenceDetails(
        entry_points=tuple(draw(entry_points(kind)) for kind in [EntryPointType.PHONE, *kinds]),
        notes=draw(st.none() | text),
        parameters=draw(st.dictionaries(names, st.text(min_size=1, max_size=20), max_size=3)),
    )


@cache  # a strategy takes longer to make than to draw from
def _dataclass(kind: type[T]) -> st.SearchStrategy[T]:
    return st.builds(kind, **{name: _of(hint) for name, hint in get_type_hints(kind).items()})


def _of(hint: Any) -> st.SearchStrategy[Any]:
    leaves = {datetime: times, str: text, int: st.integers(0, 2**53), ConferenceDetails: conference_details()}
    if hint in leaves:
        return leaves[hint]
    if is_dataclass(hint):
        return _dataclass(hint)
    match get_origin(hint), get_args(hint):
        case (origin, args) if origin is UnionType:
            return st.one_of(st.none() if each is NoneType else _of(each) for each in args)
        case (origin, (item, _)) if origin is tuple:
            return st.lists(_of(item), max_size=3).map(tuple)
        case (origin, (key, value)) if origin is Mapping:
            return st.dictionaries(names if key is str else _of(key), _of(value), max_size=3)
    return st.from_type(hint)  # enums and booleans
