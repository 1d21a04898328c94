"""Settings: one TOML file per environment, read once into frozen values.

The file's path is in `CONFSYNC_CONFIG`; the channel keys (a secret) are in `CONFSYNC_CHANNEL_KEYS`. The file holds
secret names and outside addresses, never a secret. Unknown keys and missing values raise `NotConfigured`, which names
the key. `sections` describes every key.
"""

from confsync.config.key_rings import (
    CONNECTION_KEYS_VARIABLE,
    JOIN_KEYS_VARIABLE,
    KEYS_VARIABLE,
    channel_keys,
    connection_keys,
    join_keys,
)
from confsync.config.reading import CONFIG_VARIABLE, load, parse, required
from confsync.config.sections import Access, Addon, Callers, Connect, Google, Join, Login, Sweep, Tracing
from confsync.config.settings import Settings, SolutionSettings

__all__ = [
    "CONFIG_VARIABLE",
    "CONNECTION_KEYS_VARIABLE",
    "JOIN_KEYS_VARIABLE",
    "KEYS_VARIABLE",
    "Access",
    "Addon",
    "Callers",
    "Connect",
    "Google",
    "Join",
    "Login",
    "Settings",
    "SolutionSettings",
    "Sweep",
    "Tracing",
    "channel_keys",
    "connection_keys",
    "join_keys",
    "load",
    "parse",
    "required",
]
