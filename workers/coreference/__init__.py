"""Which mentions refer to the same entity."""
