"""Pure values and decisions: no I/O, no clock, no Google, no vendor."""
