"""One verb per file. A use case is built once with its ports and called with values; it never sees HTTP or a vendor."""
