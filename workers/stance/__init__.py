"""Stances: which entity supports or opposes which entity or topic."""
