"""Requests and answers of the HTTP API, held against its contract: deploy/openapi.yaml.

Not by openapi-core, which does not go together with our openapi-spec-validator: schemas of OpenAPI 3.1 are JSON Schema,
and jsonschema takes them as they are.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

PATH = Path(__file__).parents[1] / "deploy" / "openapi.yaml"
CONTRACT: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
METHODS = ("get", "post", "patch", "delete")
AS_SENT = {"integer": int, "boolean": {"true": True, "false": False}.__getitem__}
"""Parameters and headers are text. Raises `ValueError` or `KeyError` for what is none."""


def closed(node: Any) -> Any:
    """The contract, which allows no more fields than it says: one that it does not name is noticed."""
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    told = {name: closed(value) for name, value in node.items()}
    is_schema = told.get("type") in ("object", ["object", "null"]) and "properties" in told
    return {"additionalProperties": False, **told} if is_schema else told


FORMATS = Draft202012Validator.FORMAT_CHECKER
REGISTRY: Registry[Any] = Registry().with_resource(
    "urn:contract", Resource.from_contents(closed(CONTRACT), default_specification=DRAFT202012)
)


def errors_of(schema: Mapping[str, Any], value: Any) -> list[str]:
    """What a schema of the contract has against the value."""
    validator = Draft202012Validator(_absolute(schema), registry=REGISTRY, format_checker=FORMATS)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def check_answer(method: str, path: str, status: int, headers: Mapping[str, str], body: str) -> None:
    """Assert that the contract has this answer. `headers` are found in any case, `path` is as it was sent."""
    if method == "OPTIONS" and status == 204:
        return
    response = _response(method, path, status)
    headers = {name.lower(): value for name, value in headers.items()}
    for name, header in response.get("headers", {}).items():
        _check_text(f"header {name}", resolved(header), headers.get(name.lower()))
    contents = response.get("content", {})
    if method == "HEAD" or not contents:
        assert body == "", f"{status} of {method} {path} has no body, and got {body!r}"
        return
    assert headers.get("content-type") in contents, f"{status} of {method} {path} is one of {list(contents)}"
    kind = headers["content-type"]
    value = json.loads(body) if kind.endswith("json") else body
    found = errors_of(contents[kind]["schema"], value)
    assert found == [], f"{status} of {method} {path}: {found}"


def check_request(
    method: str, path: str, *, query: Iterable[tuple[str, str]] = (), headers: Mapping[str, str], body: Any = None
) -> None:
    """Assert that the contract allows this request. `body`: what its JSON says; None if it has none."""
    route, operation = found_operation(method, path)
    parameters = [resolved(each) for each in (*route.get("parameters", ()), *operation.get("parameters", ()))]
    sent = dict(query)
    unknown = sent.keys() - {each["name"] for each in parameters if each["in"] == "query"}
    assert not unknown, f"{method} {path} has no parameter {unknown}"
    told = {"query": sent, "header": {name.lower(): value for name, value in headers.items()}}
    for each in parameters:
        if each["in"] in told:
            name = each["name"].lower() if each["in"] == "header" else each["name"]
            _check_text(f"{each['in']} {each['name']}", each, told[each["in"]].get(name))
    takes = operation.get("requestBody")
    assert (body is not None) == (takes is not None), f"{method} {path} has {'a' if takes else 'no'} body"
    if takes:
        found = errors_of(takes["content"]["application/json"]["schema"], body)
        assert found == [], f"{method} {path}: {found}"


def found_operation(method: str, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The route at this path, and what it does by this method. Raises `LookupError`."""
    route = _route(path)
    name = "get" if method == "HEAD" else method.lower()
    if name not in route:
        raise LookupError(f"{method} is not taken at {path}")
    return route, route[name]


def resolved(node: Mapping[str, Any]) -> Any:
    """What a reference leads to."""
    while "$ref" in node:
        target: Any = CONTRACT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _response(method: str, path: str, status: int) -> Any:
    """What the contract says of that status there; wherever there is nothing, of the errors that say so."""
    try:
        responses = found_operation(method, path)[1]["responses"]
    except LookupError:
        known = CONTRACT["components"]["responses"]
        responses = {"404": known["NotFound"], "405": known["MethodNotAllowed"]}
    assert str(status) in responses, f"{status} is no answer to {method} {path}"
    return resolved(responses[str(status)])


def _route(path: str) -> Any:
    """The most literal one that matches."""
    routes: list[tuple[int, dict[str, Any]]] = []
    for template, route in CONTRACT["paths"].items():
        literals = re.split(r"\{\w+\}", template)
        if re.fullmatch("[^/]+".join(map(re.escape, literals)), path):
            routes.append((sum(map(len, literals)), route))
    if not routes:
        raise LookupError(f"there is nothing at {path}")
    return max(routes, key=lambda each: each[0])[1]


def _check_text(name: str, told: Mapping[str, Any], text: str | None) -> None:
    """A header or a parameter."""
    if text is None:
        assert not told.get("required"), f"{name} is missing"
        return
    try:
        value = AS_SENT.get(resolved(told["schema"]).get("type"), str)(text)
    except (ValueError, KeyError):
        value = text
    found = errors_of(told["schema"], value)
    assert found == [], f"{name}: {found}"


def _absolute(schema: Mapping[str, Any]) -> Any:
    """A part of the contract on its own: references lead into the whole."""
    return json.loads(json.dumps(schema).replace('"#/', '"urn:contract#/'))
