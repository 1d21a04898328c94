"""What Google itself says of its APIs in a form for machines: the discovery documents that come with its client."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

Json = dict[str, Any]


@cache
def document(api: str) -> Json:
    """The whole document of an API (`calendar.v3`)."""
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    read: Json = json.loads((folder / f"{api}.json").read_text())
    return read


@cache
def scopes(api: str, method: str) -> frozenset[str]:
    """Any one of these lets a token call the API's method (`events.list`)."""
    resource, _, name = method.partition(".")
    return frozenset(document(api)["resources"][resource]["methods"][name]["scopes"])
