"""The parts of `renew_channels`: how what is due is handed out."""
