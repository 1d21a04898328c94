"""Everything that a deployment consists of, in the order in which it is made."""

from deployment.environment import Environment
from deployment.planning import Stage
from deployment.resources.accounts import accounts
from deployment.resources.addon import addon, caller
from deployment.resources.database import built, composites, database
from deployment.resources.functions import functions, traffic
from deployment.resources.monitoring import addresses, alerts, dashboard, metrics
from deployment.resources.queues import queues
from deployment.resources.roles import doors, policies
from deployment.resources.schedule import schedules
from deployment.resources.secrets import secrets, values
from deployment.resources.services import services
from deployment.source import Source

AT_ONCE = 4
"""A build takes two or three minutes, and a command of gcloud a second or two, nearly all of it waiting."""
IN_ORDER = frozenset({"database", "addresses for alerts", "dashboard and alerts"})
"""Stages in which one thing needs another, or Google wants one change at a time, as of a project's alerts:
https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies/create"""


def stages(environment: Environment, source: Source) -> list[Stage]:
    """What there should be."""
    told = {
        "APIs": services(environment),
        "metrics": metrics(environment),
        "service accounts": accounts(environment),
        "database": database(environment),
        "secrets": secrets(environment),
        "keys and credentials": values(environment),
        "queues": queues(environment),
        "roles": policies(environment),
        "indexes": [*composites(environment), *built(environment)],
        "functions": functions(environment, source.build),
        "front doors": doors(environment),
        "traffic": traffic(environment),
        "schedule": schedules(environment),
        "add-on": [caller(environment), *addon(source)],
        "addresses for alerts": addresses(environment),
        "dashboard and alerts": [*dashboard(environment), *alerts(environment)],
    }
    return [
        Stage(title=title, resources=tuple(resources), at_once=1 if title in IN_ORDER else AT_ONCE)
        for title, resources in told.items()
    ]
