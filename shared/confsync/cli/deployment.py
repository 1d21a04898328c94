"""The deployment that a command looks at: its settings, and the adapters of its functions."""

import os
import sys
from pathlib import Path

import structlog

from confsync import bootstrap, config, ports
from confsync.domain.errors import NotConfigured
from confsync.once import lazy
from confsync.usecases.operating.by_hand import ByHand


class Deployment(bootstrap.Process):
    """What the functions work on, by this file, or by the one that the environment names."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @lazy
    def settings(self) -> config.Settings:
        """Raises `NotConfigured`."""
        return config.load() if self._path is None else config.load({config.CONFIG_VARIABLE: str(self._path)})

    def readable(self) -> None:
        """Raises `NotConfigured` if there is no file with settings."""
        name = self._path or os.environ.get(config.CONFIG_VARIABLE)
        if not name:
            raise NotConfigured(f"{config.CONFIG_VARIABLE} is not set: say --config FILE, the environment's TOML file")
        if not Path(name).is_file():
            raise NotConfigured(f"{name}: there is no such file; say --config FILE")

    @property
    def records_at_google(self) -> bool:
        """Whether one has to be signed in at Google to read them."""
        return self.settings.store.kind == "firestore" and not os.environ.get("FIRESTORE_EMULATOR_HOST")

    @property
    def secrets_at_google(self) -> bool:
        """Whether one has to be signed in at Google to read them."""
        return self.settings.secrets.kind == "secret-manager"

    @lazy
    def stored(self) -> ports.Store:
        """The store for who only looks: it makes none. Raises `NotConfigured` if there is none."""
        store = self.settings.store
        if store.kind == "sqlite" and not Path(config.required("store.path", store.path)).exists():
            raise NotConfigured(f"store.path: there is no file {store.path}: no function has run yet")
        return self.adapters.store

    @lazy
    def by_hand(self) -> ByHand:
        """What operators do to single records."""
        outside = self.adapters
        return ByHand(store=outside.store, queue=outside.queue, clock=outside.clock)

    def needs_keys(self) -> None:
        """Raises `NotConfigured` without keys that can seal tokens."""
        try:
            self.adapters.sealer  # noqa: B018 - it is built of them
        except NotConfigured as error:
            named = "" if config.CONNECTION_KEYS_VARIABLE in str(error) else f"{config.CONNECTION_KEYS_VARIABLE}: "
            raise NotConfigured(f"{named}{error}; give this command the same as the functions") from error


def log_to_stderr() -> None:
    """What use cases log is for whoever runs the command, and no part of its answer; a trace shows no values."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
