"""The parts of `create_event`, `change_event` and `delete_event`: what becomes of a wish for a conference, how it gets
onto the event, files, repeated requests."""
