"""Which method of which API a request calls, by Google's discovery documents, and whether both sides keep to them.

Workspace add-ons are not among the documents that come with Google's client: of that API only the paths are known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from playground.google_api import discovery
from tests.deploy.google_rest.every_host import Request
from tests.playground.discovery_schema import check

ADDONS = {
    "GET v1/projects/{id}/authorization": "projects.getAuthorization",
    "GET v1/projects/{id}/deployments": "projects.deployments.list",
    "POST v1/projects/{id}/deployments": "projects.deployments.create",
    "PUT v1/projects/{id}/deployments/{id}": "projects.deployments.replaceDeployment",
    "DELETE v1/projects/{id}/deployments/{id}": "projects.deployments.delete",
}
"""https://developers.google.com/workspace/add-ons/reference/rest"""


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method; `takes` and `gives` are schemas of its document, if there is one."""

    api: str
    name: str
    pattern: re.Pattern[str]
    parameters: frozenset[str] | None = None
    takes: str | None = None
    gives: str | None = None

    def hold(self, request: Request, answer: Any) -> None:
        """Raise unless the request and the answer are as the document has them."""
        if self.parameters is None:
            return
        assert request.query.keys() <= self.parameters, (self.name, request.query.keys() - self.parameters)
        if self.takes and request.body:
            check(self.api, self.takes, request.json)
        if self.gives:
            check(self.api, self.gives, answer)


def method_of(request: Request) -> Method:
    """The method that a request calls. Raises `LookupError` if there is none."""
    api = request.host.removesuffix(".googleapis.com").rpartition("-")[2]
    version = re.search(r"/(v\d)/", request.path)
    call = f"{request.method} {request.path.removeprefix('/')}"
    for method in _methods(api, version[1] if version else ""):
        if method.pattern.fullmatch(call):
            return method
    raise LookupError(f"{request.host} has no method {call}")


@cache
def _methods(api: str, version: str) -> tuple[Method, ...]:
    if api == "gsuiteaddons":
        every = (Method(api=api, name=name, pattern=_pattern(call)) for call, name in ADDONS.items())
        return tuple(every)
    document = discovery.document(f"{api}.{version}")
    return tuple(
        Method(
            api=f"{api}.{version}",
            name=each["id"].partition(".")[2],
            pattern=_pattern(f"{each['httpMethod']} {each.get('flatPath', each['path'])}"),
            parameters=frozenset({*each.get("parameters", {}), *document["parameters"]}),
            takes=each.get("request", {}).get("$ref"),
            gives=each.get("response", {}).get("$ref"),
        )
        for each in _walk(document)
    )


def _walk(node: Any) -> Iterator[Any]:
    yield from node.get("methods", {}).values()
    for each in node.get("resources", {}).values():
        yield from _walk(each)


def _pattern(call: str) -> re.Pattern[str]:
    """Of method and path; an id holds no slash and no colon."""
    return re.compile("[^/:]+".join(re.escape(part) for part in re.split(r"\{\+?\w+\}", call)))
