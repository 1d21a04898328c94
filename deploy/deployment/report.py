"""A plan in words."""

from collections.abc import Iterable, Iterator, Sequence

from deployment.environment import Environment
from deployment.planning import Planned, Step, Verb
from deployment.resources.accounts import own_accounts
from deployment.resources.database import shared
from deployment.resources.roles import front_doors, grants

VERBS = {Verb.CREATE: "create", Verb.CHANGE: "change", Verb.DELETE: "delete"}


def steps_of(planned: Iterable[Planned]) -> list[Step]:
    """All steps, in order."""
    return [step for stage in planned for step in stage.steps]


def plan_lines(planned: Sequence[Planned], project: str, *, commands: bool = False) -> Iterator[str]:
    """Each step with what changes and why; with its commands, if asked."""
    for stage in planned:
        yield f"\n{stage.title}"
        for step in stage.steps:
            yield f"  {step.verb} {step.resource.title}: {step.resource.why}"
            yield from (
                f"      {each.name}: {each.old or 'nothing'} -> {each.new or 'nothing'}"
                for each in step.changes.values()
            )
            if step.by_hand:
                yield "      by you"
            if commands:
                yield from (f"      {command.shown(project)}" for command in step.commands)
    yield ""
    yield summary(planned)


def summary(planned: Iterable[Planned]) -> str:
    """How many steps of each kind."""
    steps = steps_of(planned)
    counts = {word: sum(step.verb is verb for step in steps) for verb, word in VERBS.items()}
    told = ", ".join(f"{count} to {word}" for word, count in counts.items() if count)
    return told or "Everything is as it should be."


def by_hand_lines(planned: Iterable[Planned]) -> Iterator[str]:
    """What only people can do."""
    steps = [step for step in steps_of(planned) if step.by_hand]
    if steps:
        yield "\nLeft for you:"
    for step in steps:
        yield f"  {step.resource.title}"
        yield from (f"      {line}" for line in step.by_hand.splitlines())


def shared_lines(environment: Environment) -> Iterator[str]:
    """What is used that is not confsync's own."""
    if told := shared(environment):
        yield f"\n{told}"


def role_lines(environment: Environment) -> Iterator[str]:
    """Each service account with its roles."""
    every = [*grants(environment), *front_doors(environment)]
    yield "\nService accounts, and what each may do"
    for email, purpose in own_accounts(environment).items():
        yield f"  {email.partition('@')[0]}: {purpose}"
        own = (each for each in every if each.member == f"serviceAccount:{email}")
        yield from dict.fromkeys(f"      {each.role} on {each.on}" for each in own)
