"""What every test folder may use."""

from hypothesis import HealthCheck, settings

from tests.emulator import firestore_host, firestore_project

__all__ = ["firestore_host", "firestore_project"]

# how long an example takes is the machine's matter
settings.register_profile("confsync", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("confsync")
