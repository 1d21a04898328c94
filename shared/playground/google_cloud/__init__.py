"""The Google Cloud services that confsync uses, as HTTP servers on loopback: one module for each."""
