"""What of an invitation's text has the shape of a number, a code, an address: no word is read.

One pass, one pattern whose every part is bounded: linear in the text, whatever stands there.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MAX_TEXT = 65_536
"""Characters that are looked at."""

_LABEL = 60
"""Characters around a thing that may tell what it is."""

_NARROW = str.maketrans(
    {wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)}  # full width, as in Japan
    | dict.fromkeys((0x00A0, 0x2007, 0x2009, 0x202F, 0x3000), " ")
    | dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212), "-")
    | dict.fromkeys((0x066B, 0x066C, 0x060C, 0x3001), ",")
    | dict.fromkeys((0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))
    | dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))  # directions of writing
)
_FOREIGN_DIGIT = re.compile(r"(?=[^\x00-\x7f])\d")
_TEL = re.compile(r"\btel:([+%\d][^\s<>\"')\]]{3,120})", re.IGNORECASE)
_PERCENT = {"%2b": "+", "%2c": ",", "%23": "#", "%2a": "*", "%3b": ";", "%20": " "}
_ESCAPE = re.compile("|".join(_PERCENT), re.IGNORECASE)

_ANY = re.compile(r"(?:\d[ ().\-/]{0,3}){3}\d|@")
"""Most texts have neither a number nor an address."""
_WORTH = re.compile(r"[\d:@]")

_TOKEN = re.compile(
    r"""
    (?P<url>https?://[^\s<>"]{1,2000})
  | (?P<address>(?:[Ss][Ii][Pp][Ss]?:)?[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{2,100})
  | (?P<machine>\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}\b|\#\#?[\d*\#]{1,60})?(?![\d.]))
  | (?P<account>[A-Z]{2}\d{2}(?:[ ]?[A-Z\d]{4}){3,7}(?:[ ]?[A-Z\d]{1,3})?\b)
  | (?P<moment>(?:(?:19|20)\d\d[-./]\d\d?[-./]\d\d?|\d\d?[-./]\d\d?[-./](?:19|20)?\d\d|\d\d?[:.h]\d\d)(?![-./:]?\d))
  | (?P<number>(?<![A-Za-z0-9@\#=&%$_.,/+-])
        (?:tel:)?
        (?P<digits>\(?\+?\(?\d(?:[ ().\-/]{0,3}\d){3,60}+)
        (?P<extension>(?:;ext=|[ ]?(?:ext\.?|x)[ ]?)\d{1,7}(?!\d))?
        (?P<then>[ ]?[,;]{1,12}\d{2,9}(?:[ -]\d{2,9}){1,6}\#|[ ]?[,;][\d*\#,;]{2,60})?
        (?P<hash>\#?)
        (?!\w))
  | (?P<mark>[:()\[\]<>|,;"]+|[*_~]+(?=[+(\d]))
  | (?P<word>[^\s:()\[\]<>|,;"]+)
    """,
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """One thing on a line; which line, counting those that are not blank."""

    kind: str
    """`url`, `address`, `number`, or `word`: one that follows a colon."""
    line: int
    text: str
    label: str = ""
    """What stands on the line between the thing before and this."""
    after: str = ""
    """The next characters of the line."""
    extension: str = ""
    then: str = ""
    """Of a number what is dialled after it: pauses, codes, `#` and `*`."""
    hashed: bool = False
    """Of a number whether it ends with `#`, as only what is typed on a telephone does."""

    @property
    def digits(self) -> str:
        """The digits alone."""
        return "".join(filter(str.isdigit, self.text))

    @property
    def is_labelled(self) -> bool:
        """Whether a colon stands right before it."""
        return self.label.rstrip(" (").endswith(":")


def shapes(text: str) -> Iterator[Shape]:
    """All things of such shapes, in order. Digits of any script and width come as ASCII."""
    plain = _plain(text[:MAX_TEXT])
    if not _ANY.search(plain):
        return
    for at, line in enumerate(filter(None, map(str.strip, plain.splitlines()))):
        if _WORTH.search(line):
            yield from _on_line(at, line)


def _plain(text: str) -> str:
    if not text.isascii():
        text = _FOREIGN_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), text.translate(_NARROW))
    if "%" in text:
        text = _TEL.sub(lambda found: _ESCAPE.sub(lambda escape: _PERCENT[escape[0].lower()], found[0]), text)
    return text


def _on_line(at: int, line: str) -> Iterator[Shape]:
    since = 0
    colon = False
    for found in _TOKEN.finditer(line):
        kind = found.lastgroup
        if kind in {"url", "address", "number"} or (kind == "word" and colon):
            yield Shape(
                kind=kind or "",
                line=at,
                text=found["digits"] if kind == "number" else found[0],
                label=line[max(since, found.start() - _LABEL) : found.start()],
                after=line[found.end() : found.end() + _LABEL],
                extension=found["extension"] or "",
                then=(found["then"] or "").strip(),
                hashed=bool(found["hash"]),
            )
        if kind not in {"mark", "word"}:
            since = found.end()
        colon = kind == "mark" and found[0].endswith((":", ":("))
