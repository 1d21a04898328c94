"""The conferencing vendors: one package each, written from the vendor's own specification and as strict as it is."""
