"""The outside world behind the ports: Google, stores, secrets, the clock."""
