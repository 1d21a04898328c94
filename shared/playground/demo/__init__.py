"""The main job, told in a terminal: what a person did, what Calendar sent, what our functions did, what Zoom holds."""
