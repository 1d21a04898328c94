"""Parts of making a conference while somebody waits, whoever asks: the add-on, or an application."""
