"""Request and response bodies that several routes or commands share."""
