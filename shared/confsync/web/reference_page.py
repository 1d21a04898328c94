"""The contract as a page, made here: the bundles that do this (Redoc, Swagger UI, Scalar) are megabytes of script."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from markupsafe import Markup

from confsync.web import rendering
from confsync.web.endpoint import Answer
from confsync.web.reference import CONTRACT
from confsync.web.reference_words import Node, headed, prose, shown, target, words

METHODS = ("get", "post", "put", "patch", "delete")
NOTHING = Markup()


@dataclass(frozen=True, kw_only=True)
class Row:
    """A parameter, a header or a field. `place`: "path", "query" or "header", of a parameter."""

    name: str
    kind: Markup
    text: Markup
    required: bool = False
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A body, or an answer. `reference`: the section that describes it, of an error."""

    text: Markup
    name: str = ""
    reference: str = ""
    kind: Markup = NOTHING
    headers: tuple[str, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One call."""

    id: str
    method: str
    path: str
    title: str
    text: Markup
    is_open: bool
    rows: tuple[Row, ...]
    body: Message | None
    answers: tuple[Message, ...]


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A schema. `bases`: whose fields it has besides; `forms`: exactly one of them holds."""

    name: str
    text: Markup
    kind: Markup
    bases: tuple[str, ...]
    forms: tuple[Row, ...]
    rows: tuple[Row, ...]


@cache
def render(folder: str) -> Answer:
    """The page. `folder`: where the stylesheet and the file are, from the page."""
    book = _Book(yaml.safe_load(CONTRACT.read_text(encoding="utf-8")))
    info = book.root["info"]
    introduction, headings = headed(info["description"])
    return rendering.page(
        "reference.html",
        title=info["title"],
        summary=info["summary"],
        version=info["version"],
        style=f"{folder}{rendering.STYLE}",
        file=f"{folder}openapi.yaml",
        again_in=None,
        introduction=introduction,
        headings=headings,
        tags=[(tag["name"], prose(tag["description"]), book.operations(tag["name"])) for tag in book.root["tags"]],
        errors=[book.message(node, name) for name, node in book.components("responses")],
        headers=[book.row(name, node) for name, node in book.components("headers")],
        schemas=[book.definition(name, node) for name, node in book.components("schemas")],
    )


@dataclass(frozen=True)
class _Book:
    """The contract, and how its parts are shown."""

    root: Node

    def components(self, kind: str) -> Iterable[tuple[str, Node]]:
        found: Mapping[str, Node] = self.root["components"][kind]
        return found.items()

    def operations(self, tag: str) -> list[Operation]:
        return [
            self._operation(path, method, route, route[method])
            for path, route in self.root["paths"].items()
            for method in METHODS
            if method in route and tag in route[method]["tags"]
        ]

    def _operation(self, path: str, method: str, route: Node, node: Node) -> Operation:
        parameters = [self.resolved(each) for each in (*route.get("parameters", ()), *node.get("parameters", ()))]
        return Operation(
            id=node["operationId"],
            method=method.upper(),
            path=path,
            title=node["summary"],
            text=prose(node.get("description")),
            is_open=node.get("security") == [],
            rows=tuple(self.row(each["name"], each, place=each["in"]) for each in parameters),
            body=self.message(node["requestBody"]) if "requestBody" in node else None,
            answers=tuple(self._answer(status, each) for status, each in node["responses"].items()),
        )

    def _answer(self, status: str, node: Node) -> Message:
        if "$ref" in node:
            return Message(name=status, reference=target(node), text=prose(self.resolved(node)["description"]))
        return self.message(node, status)

    def message(self, node: Node, name: str = "") -> Message:
        media, content = self._content(node)
        single = [("Example", content["example"])] if "example" in content else []
        several = [(each.get("summary", name), each["value"]) for name, each in content.get("examples", {}).items()]
        return Message(
            name=name,
            text=prose(node.get("description")),
            kind=Markup("<code>{}</code>, {}").format(media, words(content["schema"])) if media else NOTHING,
            headers=tuple(node.get("headers", ())),
            examples=tuple((title, shown(value)) for title, value in (*single, *several)),
        )

    def _content(self, node: Node) -> tuple[str, Node]:
        """The media type and what there is of it; the contract has one everywhere."""
        found: Mapping[str, Node] = node.get("content", {"": {}})
        return next(iter(found.items()))

    def definition(self, name: str, node: Node) -> Definition:
        parts = node.get("allOf", [node]) if "properties" not in node else [node]
        own = [part for part in parts if "properties" in part]
        return Definition(
            name=name,
            text=prose(node.get("description")),
            kind=NOTHING if own or "oneOf" in node else words(node),
            bases=tuple(target(part) for part in parts if "$ref" in part),
            forms=tuple(self.row("", each) for each in node.get("oneOf", ())),
            rows=tuple(row for part in own for row in self._fields(part)),
        )

    def _fields(self, node: Node, prefix: str = "") -> Iterator[Row]:
        """A row for each field, and for those of objects within."""
        for name, each in node["properties"].items():
            yield self.row(prefix + name, each, required=name in node.get("required", ()))
            if "properties" in each:
                yield from self._fields(each, f"{prefix}{name}.")

    def row(self, name: str, node: Node, *, place: str = "", required: bool = False) -> Row:
        schema = node.get("schema", node)
        text = node.get("description") or self.resolved(schema).get("description")
        must = required or node.get("required") is True
        return Row(name=name, kind=words(schema), text=prose(text), required=must, place=place)

    def resolved(self, node: Node) -> Node:
        """What a reference leads to."""
        if "$ref" not in node:
            return node
        found: Any = self.root
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return self.resolved(found)
