"""Reading and writing our records: what the flows have in common."""
