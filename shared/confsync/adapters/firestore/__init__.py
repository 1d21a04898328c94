"""The store on Firestore: production."""

from confsync.adapters.firestore.store import FirestoreStore

__all__ = ["FirestoreStore"]
