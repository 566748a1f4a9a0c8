"""Attributions: source, cue, content and act."""
