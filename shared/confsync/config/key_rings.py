"""Rings of keys, newest first, which functions have in their environment: secrets, and so in no file."""

import os
from collections.abc import Mapping

from confsync.domain.errors import NotConfigured

KEYS_VARIABLE = "CONFSYNC_CHANNEL_KEYS"
JOIN_KEYS_VARIABLE = "CONFSYNC_JOIN_KEYS"
CONNECTION_KEYS_VARIABLE = "CONFSYNC_CONNECTION_KEYS"


def connection_keys(environ: Mapping[str, str] = os.environ) -> tuple[bytes, ...]:
    """The key ring that seals people's tokens, like that of the channel tokens. Raises `NotConfigured`."""
    return _keys(environ, CONNECTION_KEYS_VARIABLE)


def channel_keys(environ: Mapping[str, str] = os.environ) -> tuple[bytes, ...]:
    """The key ring of the channel tokens, newest first: comma-separated in the environment. Raises `NotConfigured`."""
    return _keys(environ, KEYS_VARIABLE)


def join_keys(environ: Mapping[str, str] = os.environ) -> tuple[bytes, ...]:
    """The key ring of our addresses of meetings, like that of the channel tokens. Raises `NotConfigured`."""
    return _keys(environ, JOIN_KEYS_VARIABLE)


def _keys(environ: Mapping[str, str], variable: str) -> tuple[bytes, ...]:
    ring = tuple(key.strip().encode() for key in environ.get(variable, "").split(",") if key.strip())
    if not ring or any(len(key) < 32 for key in ring):
        raise NotConfigured(f"{variable} holds one or more keys of at least 32 characters, separated by commas")
    return ring
