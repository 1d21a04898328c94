"""The parts of `write_events`: what becomes of a wish for a conference, how it gets onto the event, files, repeats."""
