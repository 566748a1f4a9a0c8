"""Stancewire's workers: what reads articles and finds who said what, and where they stand."""
