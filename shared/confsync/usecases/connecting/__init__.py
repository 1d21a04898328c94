"""The parts of people's own accounts: tokens that stay good, and what becomes of what depends on them."""
