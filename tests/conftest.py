"""What every test folder may use."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.emulator import firestore_host, firestore_project

__all__ = ["firestore_host", "firestore_project"]

# how long an example takes is the machine's matter
settings.register_profile("confsync", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("confsync")


@pytest.fixture(autouse=True, scope="session")
def no_logger_is_kept() -> Iterator[None]:
    """Else a module's logger keeps the configuration under which it first had something to say, for all later tests."""
    with pytest.MonkeyPatch.context() as patch:
        configure = structlog.configure

        def without_cache(**how: object) -> None:
            configure(**{**how, "cache_logger_on_first_use": False})  # type: ignore[arg-type]

        patch.setattr(structlog, "configure", without_cache)
        yield
