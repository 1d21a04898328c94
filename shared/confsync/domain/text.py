"""An event's words in the form that providers take."""

import re
from html.parser import HTMLParser

_BLOCKS = {"p", "li", "div", "ul", "ol"}
_GAP = re.compile(r"\n{3,}")


def cut(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units, which is how most services count, and no half characters."""
    return text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore")


def plain(html: str) -> str:
    """The text of a description, which is HTML as soon as somebody formats a word of it."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    return _GAP.sub("\n\n", "".join(reader.parts)).strip()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "br" or tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
