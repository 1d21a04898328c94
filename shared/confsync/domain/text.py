"""People's text: in the form that providers take, and whether it shows an address."""

import re
from collections.abc import Iterable
from html import unescape
from html.parser import HTMLParser
from itertools import accumulate
from urllib.parse import unquote, urlsplit

MAX_TEXT = 8_192
"""Characters that are looked at. Calendar takes no more, and a parser may take the square of what it is given."""

_BLOCKS = {"p", "li", "div", "ul", "ol"}
_GAP = re.compile(r"\n{3,}")
_TAG = re.compile(r"<[^<>]*>")
_IGNORED = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]+")
"""White space, soft hyphens and marks without width: what clients put into long addresses."""

_OWN_ROOM = 6
"""A last part of a path with so many characters names a meeting, and not a page like "join"."""


def cut(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units, which is how most services count, and no half characters."""
    return text.encode("utf-16-le", "surrogatepass")[: 2 * limit].decode("utf-16-le", "ignore")


def line(text: str, limit: int) -> str:
    """The text on one line, cut: what vendors take for a title."""
    return cut(" ".join(text.split()), limit)


def plain(html: str) -> str:
    """The text of a description, which is HTML as soon as somebody formats a word of it. Takes any text."""
    reader = _Text()
    reader.feed(html[:MAX_TEXT])
    reader.close()
    return _GAP.sub("\n\n", "".join(reader.parts)).strip()


def shows(text: str, uris: Iterable[str]) -> bool:
    """Whether any of the addresses stands in the text, whatever a client did to it.

    Clients encode characters, put marks and line breaks into long words, wrap links into others of theirs, and drop
    what follows a question mark.
    """
    readings = [_Squeezed(text), _Squeezed(_TAG.sub("", text[:MAX_TEXT]))]
    return any(each.has(address) for uri in uris for address in _addresses(uri) for each in readings)


def _addresses(uri: str) -> list[str]:
    """The address without its scheme; also without its query, where the path alone names the meeting."""
    parts = urlsplit(uri)
    whole = _Squeezed(uri.partition("://")[2] or uri.partition(":")[2] or uri).text
    bare = _Squeezed(f"{parts.netloc}{parts.path}").text
    names_it = bool(parts.netloc) and len(parts.path.rpartition("/")[2]) >= _OWN_ROOM and not parts.fragment
    return [whole, bare] if names_it else [whole]


class _Squeezed:
    """Text without what clients put into it, and where that stood."""

    def __init__(self, text: str) -> None:
        pieces = _IGNORED.split(unquote(unquote(unescape(unescape(text[:MAX_TEXT])))).lower())
        self.text = "".join(pieces)
        self._gaps = set(accumulate(map(len, pieces)))

    def has(self, address: str) -> bool:
        """Whether the address stands in it, and not only a longer one: then it goes on without a gap."""
        at = self.text.find(address)
        while at >= 0:
            end = at + len(address)
            if end in self._gaps or not self.text[end : end + 1].isalnum():
                return True
            at = self.text.find(address, at + 1)
        return False


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

    def parse_marked_section(self, i: int, report: int = 1) -> int:  # noqa: ARG002
        """A marked section (`<![if ...]>`, of mails from Word) is a comment, as in browsers.

        The parser's own reading raises AssertionError for those that it does not know.
        """
        return self.parse_bogus_comment(i)
