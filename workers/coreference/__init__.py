"""Coreference: which mentions refer to the same entity."""
