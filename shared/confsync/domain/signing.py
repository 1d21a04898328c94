"""Texts that prove to be of this deployment: a mac by the first key of a ring, checked against all of them.

So keys rotate: a new one is put in front, and the old one stays until what it signed is over.
"""

import hashlib
import hmac
from collections.abc import Sequence


def mac(keys: Sequence[bytes], *parts: str, digits: int = 64) -> str:
    """The mac of the parts, none of which may hold a line break, in so many hex digits."""
    return _mac(keys[0], parts)[:digits]


def is_signed(keys: Sequence[bytes], signature: str, *parts: str, digits: int = 64) -> bool:
    """Whether any key of the ring made this mac of the parts."""
    # every key is tried, so that the time taken does not tell which one matched
    matches = [hmac.compare_digest(signature.encode(), _mac(key, parts)[:digits].encode()) for key in keys]
    return any(matches)


def _mac(key: bytes, parts: Sequence[str]) -> str:
    return hmac.new(key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()
