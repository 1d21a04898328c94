"""Which outside addresses a file may name."""

from collections.abc import Mapping
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1"})


def check_addresses(addresses: Mapping[str, str | None]) -> None:
    """Raises `ValueError`, which names the one that is not safe."""
    for name, address in addresses.items():
        if address is not None and not _safe(address):
            raise ValueError(f"`{name}` is an https address, or one at http://127.0.0.1: {address!r} is neither")


def _safe(address: str) -> bool:
    """Whether nobody in between can read what is sent there."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))
