"""What is told of a kind of record, and what can be done to one by hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from confsync.cli.answers import Facts
from confsync.cli.deployment import Deployment
from confsync.domain.calendar import Calendar
from confsync.domain.channel import Channel
from confsync.domain.conference import Conference
from confsync.usecases.operating.by_hand import ByHand

T = TypeVar("T", Calendar, Channel, Conference)


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[T]):
    """`name` is a single one's."""

    name: str
    record: type[T]
    owner: str
    """The field by which they are asked for with `--owner`."""
    key: Callable[[str], str]
    """A record's key, from what a person calls it."""
    row: Callable[[T], Facts]
    """Of the list."""
    facts: Callable[[Deployment, T], Facts]
    """All that there is to tell of one."""
    actions: Mapping[str, Callable[[ByHand, str, str], object]]
    """By the command's name, with the record's key and why it is done."""
    outcomes: Mapping[str, str]
    """What follows from each action, in words."""
