"""What every test folder may use."""

from tests.emulator import firestore_host, firestore_project

__all__ = ["firestore_host", "firestore_project"]
