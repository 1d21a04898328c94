"""Seals what is stored, by keys of which the newest comes first.

https://cryptography.io/en/latest/fernet/: AES in CBC mode, and an HMAC. A key is added in front; the old
one stays until `python -m confsync connections reseal` has sealed everything anew.
"""

from collections.abc import Sequence
from contextlib import suppress

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from confsync.domain.errors import NotConfigured

_CLOSED = "no connection key opens what is stored: was one taken away too early?"


class FernetSealer:
    """The `Sealer` port. Raises `NotConfigured` for keys that are none."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        try:
            ring = [Fernet(key) for key in keys]
            self._ring, self._newest = MultiFernet(ring), ring[0]
        except ValueError:
            raise NotConfigured("a connection key is 32 random bytes in URL-safe base64, 44 characters") from None

    def seal(self, text: str) -> str:
        """The text, sealed by the newest key."""
        return self._ring.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text. Raises `NotConfigured` if no key has sealed it."""
        try:
            return self._ring.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise NotConfigured(_CLOSED) from None

    def reseal(self, sealed: str) -> str:
        """The same text, sealed by the newest key; as it is if it was so already. Raises `NotConfigured`, as `open`."""
        with suppress(InvalidToken):
            self._newest.decrypt(sealed.encode())
            return sealed
        try:
            return self._ring.rotate(sealed.encode()).decode()
        except InvalidToken:
            raise NotConfigured(_CLOSED) from None
