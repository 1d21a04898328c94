"""The bytes of an answer -> what a decoder makes of them."""

import re
from typing import TypeVar

import msgspec

T = TypeVar("T")

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|.)", re.DOTALL
)


def decoded(decoder: "msgspec.json.Decoder[T]", content: bytes) -> T:
    """The decoded answer. Half of a surrogate pair, which some clients leave at the end of a title, is no character,
    and would make the whole answer unreadable: it becomes a replacement character. Raises `msgspec.DecodeError`.
    """
    try:
        return decoder.decode(content)
    except msgspec.DecodeError:
        return decoder.decode(_ESCAPE.sub(_whole, content))


def _whole(escape: re.Match[bytes]) -> bytes:
    half = len(escape[0]) == 6  # of the other escapes none is as long
    return rb"\ufffd" if half else escape[0]
