"""Names that follow from a marker: whoever makes the same meeting twice makes one, and nobody else can guess it."""

import base64
import hashlib
import hmac

from confsync.domain.errors import NotConfigured

MIN_KEY = 32  # characters
_BYTES = 20  # 160 bits


def name(key: str, marker: str) -> str:
    """32 small letters and digits (base 32, as many vendors know no other case) that the key and the marker give."""
    digest = hmac.new(key.encode(), marker.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:_BYTES]).decode().lower()


def long_enough(key: str, secret: str) -> str:
    """The key. Raises `NotConfigured`, which names the secret, if it can be guessed."""
    if len(key) < MIN_KEY:
        raise NotConfigured(f"the secret {secret} must have at least {MIN_KEY} characters")
    return key
