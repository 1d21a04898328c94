"""What operators do by hand to single records."""
