"""The parts of the contract in words, as HTML."""

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

Node = Mapping[str, Any]
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


def target(node: Node) -> str:
    """The name of what a reference leads to."""
    return str(node["$ref"].rpartition("/")[2])


def words(schema: Node) -> Markup:
    """What a value has to be, in few words."""
    if "$ref" in schema:
        return Markup('<a href="#{0}">{0}</a>').format(target(schema))
    if "oneOf" in schema:
        return Markup(" or ").join(map(words, schema["oneOf"]))
    if choices := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return Markup(" or ").join(Markup("<code>{}</code>").format(each) for each in choices) + _limits(schema)
    kinds = schema.get("type", "object")
    return Markup(" or ").join(_kind(each, schema) for each in ([kinds] if isinstance(kinds, str) else kinds))


def _kind(kind: str, schema: Node) -> Markup:
    if kind == "array":
        return Markup("list of {}").format(words(schema["items"]))
    if kind == "object" and schema.get("additionalProperties") is False and len(schema["properties"]) == 1:
        ((name, each),) = schema["properties"].items()
        return Markup("object with <code>{}</code>: {}").format(name, words(each))
    return Markup("{}{}").format(kind, _limits(schema))


def _limits(schema: Node) -> str:
    told = [
        f"{schema['minimum']} to {schema['maximum']}" if {"minimum", "maximum"} <= schema.keys() else "",
        f"{schema['maxLength']} characters at most" if "maxLength" in schema else "",
        f"{json.dumps(schema['default']).strip(chr(34))} unless given" if "default" in schema else "",
    ]
    return "".join(f", {each}" for each in told if each)


def shown(value: object) -> str:
    """An example, as it is read."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def prose(text: str | None) -> Markup:
    """Markdown of ours as HTML."""
    return Markup(_MARKDOWN.render(text or ""))  # noqa: S704 - it lets no HTML through


def headed(text: str) -> tuple[Markup, list[tuple[str, str]]]:
    """The text, and its headings by the ids that they get."""
    tokens = _MARKDOWN.parse(text)
    headings = []
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open":
            name = "about-" + re.sub(r"\W+", "-", inline.content.lower())
            heading.attrSet("id", name)
            headings.append((name, inline.content))
    return Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})), headings  # noqa: S704 - as above
