"""Registered feeds, their limits and their pauses."""
