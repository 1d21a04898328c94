"""Google's discovery documents as JSON Schemas that allow nothing besides what is declared."""

from functools import cache
from typing import Any

import jsonschema

from playground.google_api import discovery


def check(api: str, kind: str, value: Any) -> None:
    """Raise jsonschema.ValidationError unless the value is a resource of that kind in the API (`calendar.v3`)."""
    schema = {"$ref": f"#/$defs/{kind}", "$defs": _schemas(api)}
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(value)


@cache
def _schemas(api: str) -> dict[str, Any]:
    return {name: _json_schema(schema) for name, schema in discovery.document(api)["schemas"].items()}


def _json_schema(node: Any) -> Any:
    if isinstance(node, list):
        return [_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": f"#/$defs/{node['$ref']}"}
    kept = {key: node[key] for key in ("type", "format", "enum", "pattern") if isinstance(node.get(key), str | list)}
    if kept.get("type") == "any":
        del kept["type"]
    if "items" in node:
        kept["items"] = _json_schema(node["items"])
    if node.get("type") == "object":
        properties = {name: _json_schema(inner) for name, inner in node.get("properties", {}).items()}
        others = _json_schema(node["additionalProperties"]) if "additionalProperties" in node else False
        kept |= {"properties": properties, "additionalProperties": others}
    return kept
