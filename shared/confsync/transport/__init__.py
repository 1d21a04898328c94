"""HTTP for providers: one session with deadlines, errors of our tree, tokens, and a JSON client on top of the three."""
