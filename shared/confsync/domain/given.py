"""JSON as a caller sent it, read into values: what is wrong in it is told with its place, as the caller wrote it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from confsync.domain.errors import BadRequest


@dataclass(frozen=True, kw_only=True)
class Given:
    """An object, and where it stands. Each method raises `BadRequest`."""

    fields: Mapping[str, Any]
    where: str

    @classmethod
    def of(cls, value: Any, where: str, known: Collection[str]) -> "Given":
        """The value, which is an object with no fields but these."""
        if not isinstance(value, dict):
            raise BadRequest("it is not a JSON object", field=where)
        given = cls(fields=value, where=where)
        for name in value:
            if name not in known:
                raise given.wrong(name, f"there is no such field; there are {', '.join(sorted(known))}")
        return given

    def wrong(self, name: str, told: str) -> BadRequest:
        """The error that names this field."""
        return BadRequest(told, field=f"{self.where}.{name}")

    def object(self, name: str, known: Collection[str]) -> "Given":
        """The object of that name."""
        return Given.of(self.fields[name], f"{self.where}.{name}", known)

    def text(self, name: str, *, longest: int | None = None) -> str:
        """The text of that name, "" if it is not there."""
        value = self.fields.get(name, "")
        if not isinstance(value, str):
            raise self.wrong(name, "a text is needed")
        if longest is not None and len(value) > longest:
            raise self.wrong(name, f"it is longer than {longest} characters")
        return value

    def name(self, name: str, *, needed: bool = False, longest: int | None = None) -> str:
        """As `text`, and not empty if it is there."""
        value = self.text(name, longest=longest)
        if not value and (needed or name in self.fields):
            raise self.wrong(name, "a text is needed")
        return value

    def each(self, name: str) -> Iterator[tuple[str, Any]]:
        """What is in the list of that name, with its place; nothing if it is not there."""
        value = self.fields.get(name)
        if name in self.fields and not (isinstance(value, list) and value):
            raise self.wrong(name, "it is not a list with something in it")
        return ((f"{self.where}.{name}[{index}]", each) for index, each in enumerate(value or ()))
