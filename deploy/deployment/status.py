"""How a deployment is: what differs from what should be, whether each function answers, who gets its requests."""

from collections.abc import Iterator

from deployment import DeployError, delegation
from deployment.applying import answers
from deployment.environment import Environment
from deployment.gcloud import Gcloud
from deployment.resources.functions import find, services_of, serving
from deployment.smoke import smoke_test

Line = tuple[bool, str]
"""Whether it is well, and what."""


def functions(environment: Environment, gcloud: Gcloud) -> Iterator[Line]:
    """Each function's revision and whether it answers."""
    query = services_of(environment)
    services = answers(gcloud, [query]).get(query) or []
    for name, well, words in smoke_test(environment, tries=1):
        there = find(environment.service(name), services)
        if there is None:
            yield False, f"{name}: not deployed"
            continue
        latest = there["status"].get("latestReadyRevisionName", "no revision")
        pinned = serving(there)
        back = f", rolled back from {latest}" if pinned and pinned != latest else ""
        yield well, f"{name}: {pinned or latest}{back}, {words}"


def people(environment: Environment, gcloud: Gcloud, person: str | None) -> Iterator[Line]:
    """Whether calendars can be reached."""
    if environment.settings.google.credentials != "delegation":
        yield True, "calendars: by what each person allows"
        return
    try:
        well, words = delegation.check(environment, gcloud, person or gcloud.account())
    except DeployError as error:
        yield False, f"calendars: could not be tried: {error}"
        return
    yield well, f"calendars: {words}"
    if not well:
        yield False, delegation.instructions(environment, gcloud)
