"""The parts of `reconcile_conference`: its lease, the steps at the provider, publishing, giving up choices."""
