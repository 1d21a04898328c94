"""What has to be done: what there should be, compared with what is there. No I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from deployment.gcloud import Command, Query

State = Mapping[str, str]
"""What a resource is like, in words that people read: property and value."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A property that is not as it should be; None: it is not there, or should not be."""

    name: str
    old: str | None
    new: str | None


Changes = Mapping[str, Change]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One thing in the project.

    `found` gives its state in the query's answer, None if it isn't there; of properties that are not ours it says
    nothing. `wanted` is None for what should not be there. `without` is how what stays is to be once everything else is
    taken down; what has no `delete` of its own goes with another thing, or is left as it is.
    Where gcloud can't do it, `by_hand` says how people do.
    """

    title: str
    why: str
    query: Query
    found: Callable[[Any], State | None] = field(compare=False)
    wanted: State | None
    create: tuple[Command, ...] = ()
    change: Callable[[Changes], tuple[Command, ...]] = field(default=lambda _: (), compare=False)
    delete: tuple[Command, ...] = ()
    without: State | None = None
    by_hand: str = ""
    kept: str = ""
    """Why it is left alone when everything else is taken down."""

    def gone(self) -> "Resource":
        """The same resource, when it is not wanted any more: nothing is made of what isn't there."""
        return replace(self, wanted=None if self.delete else self.without, create=(), by_hand="")

    def left(self) -> "Resource":
        """The same resource, when it is kept and everything else goes."""
        return replace(self, wanted=self.without, create=(), delete=(), by_hand="")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Resources that are seen to in this order, up to so many `at_once`."""

    title: str
    resources: tuple[Resource, ...]
    at_once: int


class Verb(StrEnum):
    """What happens to a resource."""

    CREATE = "+"
    CHANGE = "~"
    DELETE = "-"


@dataclass(frozen=True, kw_only=True)
class Step:
    """What has to be done to one resource: commands, or something that only people can do."""

    verb: Verb
    resource: Resource
    changes: Changes = field(default_factory=dict)
    commands: tuple[Command, ...] = ()

    @property
    def by_hand(self) -> str:
        """What people have to do; empty if the commands do it."""
        return "" if self.commands else self.resource.by_hand


def step(resource: Resource, answer: Any | None) -> Step | None:
    """What has to be done, given the answer to the resource's query; None if it is as it should be."""
    state = None if answer is None else resource.found(answer)
    if state is None:
        comes_by_itself = not (resource.create or resource.by_hand)
        if resource.wanted is None or comes_by_itself:
            return None
        return Step(verb=Verb.CREATE, resource=resource, commands=resource.create)
    if resource.wanted is None:
        goes_with_another = not resource.delete
        return None if goes_with_another else Step(verb=Verb.DELETE, resource=resource, commands=resource.delete)
    changes = differences(state, resource.wanted)
    if not changes:
        return None
    return Step(verb=Verb.CHANGE, resource=resource, changes=changes, commands=resource.change(changes))


def differences(state: State, wanted: State) -> Changes:
    """Each property that differs, in the order in which they are wanted."""
    names = dict.fromkeys([*wanted, *state])
    changes = (Change(name=name, old=state.get(name), new=wanted.get(name)) for name in names)
    return {each.name: each for each in changes if each.old != each.new}


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A stage with its steps."""

    title: str
    steps: tuple[Step, ...]
    at_once: int


def plan(stages: Iterable[Stage], answers: Mapping[Query, Any]) -> list[Planned]:
    """The stages in which something has to be done. A query without an answer is of an API that is not enabled."""
    planned = []
    for stage in stages:
        steps = (step(resource, answers.get(resource.query)) for resource in stage.resources)
        if todo := tuple(each for each in steps if each):
            planned.append(Planned(title=stage.title, steps=todo, at_once=stage.at_once))
    return planned


def demolition(stages: Sequence[Stage], *, everything: bool) -> list[Stage]:
    """The same stages, backwards, with nothing wanted; what is kept is left unless `everything` goes."""
    return [
        Stage(
            title=stage.title,
            at_once=stage.at_once,
            resources=tuple(
                each.left() if each.kept and not everything else each.gone() for each in reversed(stage.resources)
            ),
        )
        for stage in reversed(stages)
    ]
