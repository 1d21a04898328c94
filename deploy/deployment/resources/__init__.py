"""Everything that a deployment consists of, in the order in which it is made."""

from deployment.environment import Environment
from deployment.planning import Stage
from deployment.resources.accounts import accounts
from deployment.resources.addon import addon
from deployment.resources.database import database
from deployment.resources.functions import functions, traffic
from deployment.resources.queue import queue
from deployment.resources.roles import doors, policies
from deployment.resources.schedule import schedules
from deployment.resources.secrets import secrets
from deployment.resources.services import services
from deployment.source import Source

BUILDS_AT_ONCE = 4
"""A build takes two or three minutes, nearly all of it waiting."""


def stages(environment: Environment, source: Source) -> list[Stage]:
    """What there should be."""
    told = {
        "APIs": services(environment),
        "service accounts": accounts(environment),
        "database": database(environment),
        "secrets": secrets(environment),
        "queue": queue(environment),
        "roles": policies(environment),
        "functions": functions(environment, source.build),
        "front doors": doors(environment),
        "traffic": traffic(environment),
        "schedule": schedules(environment),
        "add-on": addon(source),
    }
    at_once = {"functions": BUILDS_AT_ONCE}
    return [
        Stage(title=title, resources=tuple(resources), at_once=at_once.get(title, 1))
        for title, resources in told.items()
    ]
