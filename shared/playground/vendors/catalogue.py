"""The vendors besides Zoom: their simulators, and the solutions that people of the playground choose from."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask

from playground.vendors import teams


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A vendor. Its name is also its server's, its solution's, and its secret's."""

    name: str
    title: str
    """What people see."""
    service: Callable[[], Any]
    app: Callable[[Any], Flask]
    secret: Callable[[Any], str]
    """What stands in Secret Manager, by the service's account."""
    solution: str
    """More of the solution's table; `{url}` is where the simulator is."""
    creates: str = ""
    """The path by which a meeting is made."""
    titled: str | None = None
    """Under which name its meetings have their title, None if they have none."""


def _account(*names: str) -> Callable[[Any], str]:
    """These fields of the account, as a JSON object."""
    return lambda service: json.dumps({name: getattr(service.account, name) for name in names})


CATALOGUE = (
    Entry(
        name="teams",
        title="Microsoft Teams",
        service=teams.TeamsService,
        app=teams.create_app,
        secret=_account("tenant_id", "client_id", "client_secret"),
        solution='provider = "teams"\napi = "{url}/v1.0"\ntoken_url = "{url}"',
        creates="/onlineMeetings",
        titled="subject",
    ),
)
