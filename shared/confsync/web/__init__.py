"""Headers and bytes in, values out, and back. No vendor, no Flask, no I/O."""
