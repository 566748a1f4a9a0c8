"""Attributed statements: source, cue, content and act."""
