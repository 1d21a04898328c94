"""What every test folder may use."""

import pytest
from hypothesis import HealthCheck, settings

from tests.emulator import firestore_host, firestore_project

__all__ = ["firestore_host", "firestore_project"]

# how long an example takes is the machine's matter
settings.register_profile("confsync", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("confsync")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have `--dist loadgroup` keep groups together: pytest-xdist 3.8 notes them where pytest 9.2 does not look.

    Without this every worker starts an emulator, and each module's projects, for itself.
    """
    for item in items:
        if grouped := vars(item).get("_nodeid"):
            item._id = type(item.id).parse(grouped)  # type: ignore[attr-defined]
