"""What Google itself says of its API in a form for machines: the discovery document that comes with its client."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

Json = dict[str, Any]


@cache
def document() -> Json:
    """The whole document."""
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    read: Json = json.loads((folder / "calendar.v3.json").read_text())
    return read


@cache
def scopes(method: str) -> frozenset[str]:
    """Any one of these lets a token call the method (`events.list`)."""
    resource, _, name = method.partition(".")
    return frozenset(document()["resources"][resource]["methods"][name]["scopes"])
